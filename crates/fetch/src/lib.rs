//! Looking whether something still answers at a URL, and handing something in there, within strict bounds: http and https only, no credentials, only the
//! public internet unless the settings allow more, few redirects, little time, little of what comes.
//!
//! Each hop is resolved once and the connection goes to an address that was judged, so that a name that changes its
//! address in between reaches nothing else. No proxy of the environment is asked.

mod address;
mod post;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, LOCATION, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

pub use post::Posted;

/// How long one look may take with all its redirects.
pub const TIME: Duration = Duration::from_secs(10);
/// How many redirects are followed.
pub const REDIRECTS: usize = 3;
/// How much of the answer's body is read, in bytes; the rest is left unread.
pub const BODY: usize = 64 * 1024;
/// The longest URL, in bytes.
pub const URL_MAX: usize = 2_048;
/// How large the headers of an answer may be, in bytes.
const HEADERS: usize = 32 * 1024;

/// What answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Each place that was asked, the first as it was given.
    pub asked: Vec<String>,
    /// The address that the last one had.
    pub address: IpAddr,
    /// The status of the last answer.
    pub status: u16,
    /// The type of its body, where it says one.
    pub media_type: Option<String>,
    /// The first part of its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether it says that nothing is there any more: not found, or gone.
    pub fn is_gone(&self) -> bool {
        matches!(self.status, 404 | 410)
    }
}

/// Why there is no answer. It says nothing about what is there.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Nothing to look at.
    #[error("{0}")]
    Url(String),
    /// Its name leads nowhere.
    #[error("{0} has no address")]
    NoAddress(String),
    /// It is not on the public internet.
    #[error("{0} has no address of the public internet, and others are not asked")]
    Private(String),
    /// It took too long.
    #[error("no answer within {} seconds", TIME.as_secs())]
    Time,
    /// The connection failed.
    #[error("{place} could not be asked: {source}")]
    Connection {
        /// Where.
        place: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What looks.
#[derive(Clone)]
pub struct Fetcher {
    private: bool,
    hosts: Arc<BTreeMap<String, SocketAddr>>,
    tls: Arc<ClientConfig>,
}

impl Fetcher {
    /// One that asks the public internet only, or with `private` any address. TLS trusts what the machine trusts.
    pub fn new(private: bool) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { private, hosts: Arc::default(), tls: Arc::new(tls) })
    }

    /// The same, but these names are asked for at these addresses, whatever the domain name system says and whichever port
    /// is named: where the machine sees other names than the world does.
    #[must_use]
    pub fn with_hosts(self, hosts: BTreeMap<String, SocketAddr>) -> Self {
        Self { hosts: Arc::new(hosts), ..self }
    }

    /// Asks a place and follows where it leads.
    pub async fn look(&self, place: &str) -> Result<Answer, FetchError> {
        tokio::time::timeout(TIME, self.follow(place)).await.map_err(|_| FetchError::Time)?
    }

    async fn follow(&self, place: &str) -> Result<Answer, FetchError> {
        let mut url = read(place)?;
        let mut asked = vec![place.to_owned()];
        loop {
            let (address, response) = self.ask(&url).await?;
            let leads = leads(&url, &response);
            if let Some(next) = leads.filter(|_| asked.len() <= REDIRECTS) {
                asked.push(next.to_string());
                url = next;
                continue;
            }
            let status = response.status().as_u16();
            let media_type = response.headers().get(hyper::header::CONTENT_TYPE);
            let media_type = media_type.and_then(|v| v.to_str().ok()).map(str::to_owned);
            let body = first_part(response.into_body()).await;
            return Ok(Answer { asked, address, status, media_type, body });
        }
    }

    async fn ask(&self, url: &Url) -> Result<(IpAddr, Response<Incoming>), FetchError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| FetchError::Connection {
            place: url.to_string(),
            source,
        };
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let request = Request::builder()
            .method(Method::GET)
            .uri(path)
            .header(HOST, host)
            .header(USER_AGENT, "Tenure")
            .body(Empty::<Bytes>::new())
            .map_err(|e| failed(e.into()))?;
        self.carry(url, request).await
    }

    /// Carries a request to an address that was judged.
    async fn carry<B>(
        &self,
        url: &Url,
        request: Request<B>,
    ) -> Result<(IpAddr, Response<Incoming>), FetchError>
    where
        B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + 'static,
    {
        let address = self.address(url).await?;
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| FetchError::Connection {
            place: url.to_string(),
            source,
        };
        let stream = TcpStream::connect(address).await.map_err(|e| failed(e.into()))?;
        let response = if url.scheme() == "https" {
            let name = match url.host() {
                Some(Host::Domain(name)) => {
                    ServerName::try_from(name.to_owned()).map_err(|e| failed(e.into()))?
                }
                Some(Host::Ipv4(v4)) => ServerName::from(IpAddr::V4(v4)),
                Some(Host::Ipv6(v6)) => ServerName::from(IpAddr::V6(v6)),
                None => return Err(FetchError::Url(format!("{url} names no host"))),
            };
            let tls = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await;
            exchange(tls.map_err(|e| failed(e.into()))?, request).await
        } else {
            exchange(stream, request).await
        };
        Ok((address.ip(), response.map_err(failed)?))
    }

    /// The first address of a place that may be asked.
    async fn address(&self, url: &Url) -> Result<SocketAddr, FetchError> {
        let none = || FetchError::NoAddress(url.host_str().unwrap_or_default().to_owned());
        if let Some(known) = url.host_str().and_then(|name| self.hosts.get(name)) {
            return Ok(*known);
        }
        let port = url.port_or_known_default().ok_or_else(none)?;
        let found: Vec<SocketAddr> = match url.host().ok_or_else(none)? {
            Host::Ipv4(v4) => vec![SocketAddr::new(IpAddr::V4(v4), port)],
            Host::Ipv6(v6) => vec![SocketAddr::new(IpAddr::V6(v6), port)],
            Host::Domain(name) => tokio::net::lookup_host((name, port)).await.map_err(|_| none())?.collect(),
        };
        if found.is_empty() {
            return Err(none());
        }
        // A name that leads inside and outside at once is meant to lead inside.
        let may = self.private || found.iter().all(|a| address::is_public(a.ip()));
        match found.first() {
            Some(address) if may => Ok(*address),
            _ => Err(FetchError::Private(url.host_str().unwrap_or_default().to_owned())),
        }
    }
}

/// A URL that can be looked at.
pub fn read(place: &str) -> Result<Url, FetchError> {
    let refuse = |why: &str| FetchError::Url(format!("{why}: write an http or https URL"));
    if place.len() > URL_MAX {
        return Err(refuse("the place is too long"));
    }
    let url = Url::parse(place).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("only http and https are asked"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("credentials are sent to nobody"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(refuse("the place names no host"));
    }
    Ok(url)
}

async fn exchange<B>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<B>,
) -> Result<Response<Incoming>, Box<dyn std::error::Error + Send + Sync>>
where
    B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static,
{
    let mut client = hyper::client::conn::http1::Builder::new();
    client.max_buf_size(HEADERS);
    let (mut send, connection) = client.handshake(TokioIo::new(stream)).await?;
    // It ends with the answer that is dropped.
    tokio::spawn(async move { drop(connection.await) });
    Ok(send.send_request(request).await?)
}

/// Where an answer leads, if to a place that can be looked at.
fn leads(url: &Url, response: &Response<Incoming>) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let to = response.headers().get(LOCATION)?.to_str().ok()?;
    read(url.join(to).ok()?.as_str()).ok()
}

async fn first_part(mut body: Incoming) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            let room = BODY - bytes.len();
            bytes.extend_from_slice(&data[..data.len().min(room)]);
            if bytes.len() == BODY {
                break;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
