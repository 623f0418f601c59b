//! An authority of ours and one certificate of it. The authority's key is used once and kept nowhere.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The certificate or its authority.
    #[error("no certificate for the freeze webhook can be made: {0}")]
    Made(#[from] rcgen::Error),
    /// Its key.
    #[error("the certificate of the freeze webhook cannot be used: {0}")]
    Used(#[from] rustls::Error),
    /// Its time.
    #[error("the certificate of the freeze webhook would end at no moment that can be told: {0}")]
    Time(#[from] jiff::Error),
}

/// A certificate with its key, and by what it is known.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The authority's certificate (PEM).
    pub authority: String,
    /// From when on it is used, UTC.
    pub from: Timestamp,
    /// Until when it may be used, UTC. It is valid for up to a day more on either side, for clocks that differ.
    pub until: Timestamp,
    pub(crate) key: Arc<CertifiedKey>,
}

/// Makes an authority, and a certificate of it for this name or address.
pub fn issue(
    host: &str,
    now: Timestamp,
    life: Duration,
    provider: &CryptoProvider,
) -> Result<Issued, CertificateError> {
    let until = now.checked_add(life)?;
    let mut authority = params(Vec::new(), "Tenure freeze webhook authority", now, until)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut leaf = params(vec![host.to_owned()], "Tenure freeze webhook", now, until)?;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let pair = KeyPair::generate()?;
    let certificate = leaf.signed_by(&pair, &authority)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
    let key = CertifiedKey::from_der(vec![certificate.der().clone()], key, provider)?;
    Ok(Issued { authority: pem(authority.der()), from: now, until, key: Arc::new(key) })
}

fn params(
    names: Vec<String>,
    called: &str,
    from: Timestamp,
    until: Timestamp,
) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, called);
    let day = |moment: Timestamp| -> Date { moment.to_zoned(TimeZone::UTC).date() };
    let part = |number: i8| u8::try_from(number).unwrap_or(1);
    let midnight =
        |date: Date| rcgen::date_time_ymd(i32::from(date.year()), part(date.month()), part(date.day()));
    params.not_before = midnight(day(from).checked_sub(1.day())?);
    params.not_after = midnight(day(until).checked_add(1.day())?);
    Ok(params)
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    // Base64 is ASCII, so that every index is a boundary.
    for start in (0..text.len()).step_by(64) {
        pem.push_str(text.get(start..text.len().min(start + 64)).unwrap_or_default());
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
