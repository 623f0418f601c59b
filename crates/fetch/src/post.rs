//! Handing something in at a URL, under the same bounds as a look: the same judgement of addresses, the same time, as
//! little of the answer. Where it leads is told and not followed: what is handed in is for the place that was named.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request};
use url::{Host, Position};

use crate::{BODY, FetchError, Fetcher, TIME, address, first_part, read};

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The status of the answer.
    pub status: u16,
    /// In how many seconds it asks to be asked again, where it says so in seconds.
    pub retry_after: Option<u64>,
    /// The first part of its body; none where it is longer than is read.
    pub body: Option<Vec<u8>>,
}

impl Fetcher {
    /// Hands bytes in at a place with these headers.
    pub async fn post(
        &self,
        place: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Posted, FetchError> {
        tokio::time::timeout(TIME, self.hand_in(place, headers, body)).await.map_err(|_| FetchError::Time)?
    }

    /// Why nothing may be handed in at a place, as far as its URL tells: its form, an address that is not of the public
    /// internet, and http without TLS, unless the settings allow private addresses.
    pub fn check(&self, place: &str) -> Result<(), FetchError> {
        let url = read(place)?;
        if url.fragment().is_some() {
            return Err(FetchError::Url("a fragment is sent to nobody: leave it out".to_owned()));
        }
        if self.private {
            return Ok(());
        }
        if url.scheme() != "https" {
            return Err(FetchError::Url(
                "only https is spoken to places outside: write an https URL".to_owned(),
            ));
        }
        let public = match url.host() {
            Some(Host::Ipv4(v4)) => address::is_public(v4.into()),
            Some(Host::Ipv6(v6)) => address::is_public(v6.into()),
            Some(Host::Domain(_)) | None => true,
        };
        if public { Ok(()) } else { Err(FetchError::Private(url.host_str().unwrap_or_default().to_owned())) }
    }

    async fn hand_in(
        &self,
        place: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Posted, FetchError> {
        let url = read(place)?;
        let failed =
            |source| FetchError::Connection { place: url[..Position::BeforePath].to_owned(), source };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
            .header(USER_AGENT, "Tenure");
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|e| failed(e.into()))?;
            request = request.header(HeaderName::from_static(name), value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|e| failed(e.into()))?;
        let (_, response) = self.carry(&url, request).await?;
        let seconds = |value: &HeaderValue| value.to_str().ok()?.trim().parse().ok();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
        let status = response.status().as_u16();
        let body = Some(first_part(response.into_body()).await).filter(|body| body.len() < BODY);
        Ok(Posted { status, retry_after, body })
    }
}
