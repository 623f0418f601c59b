//! Evidence: what may be uploaded, and who may fetch it.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::house::{House, RIVAL};

#[tokio::test]
async fn evidence_is_fetched_as_it_was_uploaded_and_never_shown_as_a_page() {
    let house = House::open().await;
    let page = b"<script>alert(1)</script>\0\xff".to_vec();
    let analyst = house.caller("analyst");
    let uploaded = analyst
        .send("POST", "/v1/evidence", &[("content-type", "text/html; charset=utf-8")], page.clone())
        .await
        .is(201);
    let id = uploaded.field("id");
    assert_eq!(uploaded.header("location"), format!("/v1/evidence/{id}"));
    let fetched = analyst.get(&format!("/v1/evidence/{id}")).await.is(200);
    assert_eq!(fetched.body, page);
    for (name, value) in [
        ("content-type", "text/html"),
        ("content-disposition", "attachment"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(fetched.header(name), value);
    }
    let again = analyst.send("POST", "/v1/evidence", &[("content-type", "text/html")], page).await.is(201);
    assert_eq!(again.field("id"), id, "the same bytes are the same evidence");
    house.close().await;
}

#[tokio::test]
async fn evidence_without_bytes_or_type_is_refused() {
    let house = House::open().await;
    let analyst = house.caller("analyst");
    let empty =
        analyst.send("POST", "/v1/evidence", &[("content-type", "text/plain")], Vec::new()).await.is(422);
    assert_eq!(empty.kind(), "invalid-request");
    let long = format!("text/{}", "x".repeat(200));
    for media_type in
        ["", "text", "/", "text/", "/plain", "te xt/plain", "text/pl<ain", "text/plain/plain", long.as_str()]
    {
        let answer = analyst
            .send("POST", "/v1/evidence", &[("content-type", media_type)], b"x".to_vec())
            .await
            .is(415);
        assert_eq!(answer.kind(), "media-type", "{media_type:?}");
    }
    house.close().await;
}

#[tokio::test]
async fn evidence_may_have_ten_mebibytes_and_not_a_byte_more() {
    const MOST: usize = 10 * 1024 * 1024;
    let house = House::open().await;
    let analyst = house.caller("analyst");
    let headers = [("content-type", "application/octet-stream")];
    analyst.send("POST", "/v1/evidence", &headers, vec![7; MOST]).await.is(201);
    // Sent without saying how much is to come: cut off at the bound, long before the end.
    let address = house.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/evidence HTTP/1.1\r\nhost: tenure\r\nauthorization: Bearer {}\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n",
        house.token("analyst")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let chunk = [format!("{:x}\r\n", 65_536).into_bytes(), vec![b'x'; 65_536], b"\r\n".to_vec()].concat();
    let mut answer = Vec::new();
    let mut sent = 0_usize;
    let mut buffer = vec![0; 4_096];
    // A client that would go on for ever.
    let ended = async {
        loop {
            tokio::select! {
                read = reader.read(&mut buffer) => match read {
                    Ok(n) if n > 0 => answer.extend_from_slice(&buffer[..n]),
                    Ok(_) | Err(_) => break,
                },
                written = writer.write(&chunk[sent % chunk.len()..]), if answer.is_empty() => match written {
                    Ok(n) => sent += n,
                    Err(_) => break,
                },
            }
        }
    };
    // The server may close without having read all of it, and then the answer can be lost on the way.
    drop(tokio::time::timeout(std::time::Duration::from_secs(20), ended).await);
    assert!(sent > MOST / 2 && sent < 4 * MOST, "{sent} bytes were taken");
    let text = String::from_utf8_lossy(&answer);
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 413 "), "{text}");
    let known = analyst.send("POST", "/v1/evidence", &headers, vec![7; MOST + 1]).await.is(413);
    assert_eq!(known.kind(), "too-large");
    house.close().await;
}

#[tokio::test]
async fn members_fetch_what_their_own_record_names_and_nothing_else() {
    let house = House::furnished().await;
    let analyst = house.caller("analyst");
    let unnamed = analyst
        .send("POST", "/v1/evidence", &[("content-type", "text/plain")], b"not about anyone".to_vec())
        .await
        .is(201);
    let owner = house.caller("parley/owner");
    owner.get(&format!("/v1/evidence/{}", house.evidence)).await.is(200);
    let letter = house.record().await;
    let letter = letter
        .iter()
        .filter(|e| e["eventType"] == "notice.issued")
        .find_map(|e| e["body"]["letter"].as_str())
        .unwrap()
        .to_owned();
    owner.get(&format!("/v1/evidence/{letter}")).await.is(200);
    for id in [unnamed.field("id"), format!("sha256:{}", "0".repeat(64)), "sha256:0".to_owned()] {
        let hidden = owner.get(&format!("/v1/evidence/{id}")).await.is(404);
        assert_eq!(hidden.kind(), "not-found");
    }
    for id in [&house.evidence, &letter] {
        house.caller(&format!("{RIVAL}/owner")).get(&format!("/v1/evidence/{id}")).await.is(404);
        for holder in
            ["parley/viewer", "parley/developer", "reporter", "support", "platform", "administrator"]
        {
            house.caller(holder).get(&format!("/v1/evidence/{id}")).await.is(403);
        }
    }
    house.close().await;
}

#[tokio::test]
async fn evidence_that_was_changed_on_the_way_is_not_kept() {
    let house = House::open().await;
    let analyst = house.caller("analyst");
    // SHA-256 and SHA-512 of `abc`.
    let right = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
    let long =
        "sha-512=:3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==:";
    let both = format!("{right}, {long}");
    let send = async |digest: &str, bytes: &[u8]| {
        let headers = [("content-type", "text/plain"), ("content-digest", digest)];
        analyst.send("POST", "/v1/evidence", &headers, bytes.to_vec()).await
    };
    for digest in [right, long, &both, "unixsum=30637", &format!("md5=:kAFQmDzST7DWlj99KOF/cg==:, {right}")] {
        let id = send(digest, b"abc").await.is(201).field("id");
        let fetched = analyst.get(&format!("/v1/evidence/{id}")).await.is(200);
        assert_eq!(fetched.header("content-digest"), right, "{digest}");
    }
    for (digest, bytes) in [
        (right, &b"abd"[..]),
        (long, b"abd"),
        (&both, b"abd"),
        (&right.replace("ungW", "UngW"), b"abc"),
        ("sha-256=ungWv48Bz", b"abc"),
        ("sha-256=:not base64:", b"abc"),
        ("sha-256", b"abc"),
        ("", b"abc"),
    ] {
        assert_eq!(send(digest, bytes).await.is(400).at(), "Content-Digest", "{digest}");
    }
    house.close().await;
}
