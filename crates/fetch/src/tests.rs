use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A server that gives the next of these answers on each connection; its address.
async fn serve(answers: Vec<String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            drop(stream.read(&mut request).await);
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    address
}

fn answer(status: &str, more: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn not_found_and_gone_are_gone_and_nothing_else_is() {
    for (status, gone) in [
        ("404 Not Found", true),
        ("410 Gone", true),
        ("200 OK", false),
        ("403 Forbidden", false),
        ("503 Busy", false),
    ] {
        let address = serve(vec![answer(status, "content-type: text/plain\r\n", "a post")]).await;
        let found = Fetcher::new(true).unwrap().look(&format!("http://{address}/post")).await.unwrap();
        assert_eq!(found.is_gone(), gone, "{status}");
        assert_eq!(
            (found.body.as_slice(), found.media_type.as_deref()),
            (&b"a post"[..], Some("text/plain"))
        );
    }
}

#[tokio::test]
async fn private_addresses_are_not_asked_by_name_number_or_redirect() {
    let address = serve(vec![answer("200 OK", "", "secret")]).await;
    let public = Fetcher::new(false).unwrap();
    let port = address.port();
    for place in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://0x7f000001:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://127.1:{port}/"),
    ] {
        let error = public.look(&place).await.unwrap_err();
        assert!(matches!(error, FetchError::Private(_)), "{place}: {error}");
    }
}

#[tokio::test]
async fn redirects_are_followed_so_far_and_no_further() {
    let to = |n: u8| answer("302 Found", &format!("location: /{n}\r\n"), "");
    let address = serve(vec![to(1), to(2), answer("410 Gone", "", "")]).await;
    let fetcher = Fetcher::new(true).unwrap();
    let found = fetcher.look(&format!("http://{address}/0")).await.unwrap();
    assert!(found.is_gone());
    assert_eq!(found.asked.len(), 3);

    let address = serve(vec![to(1), to(2), to(3), to(4), answer("410 Gone", "", "")]).await;
    let found = fetcher.look(&format!("http://{address}/0")).await.unwrap();
    assert_eq!((found.status, found.asked.len()), (302, 4), "who leads on and on still answers");

    let address = serve(vec![answer("302 Found", "location: file:///etc/passwd\r\n", "")]).await;
    assert_eq!(fetcher.look(&format!("http://{address}/0")).await.unwrap().status, 302);
}

#[tokio::test]
async fn a_long_answer_is_read_in_part() {
    let address = serve(vec![answer("200 OK", "", &"x".repeat(3 * BODY))]).await;
    let found = Fetcher::new(true).unwrap().look(&format!("http://{address}/")).await.unwrap();
    assert_eq!(found.body.len(), BODY);
}

#[tokio::test(start_paused = true)]
async fn who_never_answers_is_waited_for_so_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("http://{}/", listener.local_addr().unwrap());
    let error = Fetcher::new(true).unwrap().look(&place).await.unwrap_err();
    assert!(matches!(error, FetchError::Time), "{error}");
}

#[tokio::test]
async fn what_is_no_place_of_the_web_is_refused() {
    for place in [
        "ftp://a.example/",
        "file:///etc/passwd",
        "https://ann:pw@a.example/",
        "here",
        "",
        "http://",
        "data:,x",
    ] {
        assert!(matches!(read(place), Err(FetchError::Url(_))), "{place}");
    }
    assert!(read(&format!("http://a.example/{}", "x".repeat(URL_MAX))).is_err());
    assert!(read("https://a.example:8443/post?n=1").is_ok());
}
