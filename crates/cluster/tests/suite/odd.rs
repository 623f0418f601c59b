//! A server that answers oddly to what is asked of one path, and passes everything else on.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is answered in place of the server's own words.
#[derive(Debug, Clone, Copy)]
pub enum Odd {
    /// A status with the server's document of it.
    Status(u16),
    /// Success, with something that is no document.
    Garbage,
    /// Nothing, for as long as anyone waits.
    Nothing,
    /// The refusal of a webhook of somebody else.
    Veto,
    /// The same to deletions alone.
    VetoOnDeletion,
}

impl Odd {
    fn concerns(self, line: &str) -> bool {
        match self {
            Self::VetoOnDeletion => line.starts_with("DELETE"),
            _ => !line.starts_with("GET"),
        }
    }

    fn bytes(self) -> Option<String> {
        let refusal = |code: u16, message: &str| {
            let status = serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
                "message": message, "reason": "Odd", "code": code});
            (code, status.to_string())
        };
        let (status, body) = match self {
            Self::Status(code) => refusal(code, &format!("odd {code}")),
            Self::Veto | Self::VetoOnDeletion => refusal(
                403,
                "admission webhook \"policy.tenant.example\" denied the request: nothing is deleted",
            ),
            Self::Garbage => (200, "<html>".to_owned()),
            Self::Nothing => return None,
        };
        let length = body.len();
        Some(format!(
            "HTTP/1.1 {status} Odd\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        ))
    }
}

/// Listens before a server: what writes to a path with this in it is answered oddly. Gives the address to ask.
pub async fn before(server: String, path: &'static str, odd: Odd) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(one(client, server.clone(), path, odd));
        }
    });
    format!("http://{address}")
}

/// One request of one connection.
async fn one(mut client: TcpStream, server: String, path: &str, odd: Odd) -> Option<()> {
    let mut request = Vec::new();
    let head = loop {
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(request[..head].to_vec()).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    while request.len() < head + 4 + length.unwrap_or(0) {
        if client.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    let line = text.lines().next()?;
    if odd.concerns(line) && line.contains(path) {
        match odd.bytes() {
            Some(answer) => client.write_all(answer.as_bytes()).await.ok()?,
            None => tokio::time::sleep(Duration::from_mins(5)).await,
        }
        return client.shutdown().await.ok();
    }
    let mut upstream = TcpStream::connect(server).await.ok()?;
    upstream.write_all(format!("{text}\r\nconnection: close\r\n\r\n").as_bytes()).await.ok()?;
    upstream.write_all(&request[head + 4..]).await.ok()?;
    tokio::io::copy(&mut upstream, &mut client).await.ok()?;
    client.shutdown().await.ok()
}
