//! The file form of a signing key.

use ed25519_dalek::SigningKey;
use tenure_ledger::note::VerifierKey;
use tenure_ledger::secret::{self, SecretError};

/// The example of Go's package note.
const PETER: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER_VERIFIES: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

#[test]
fn the_published_key_is_read_and_written_alike() {
    let (name, key) = secret::decode(PETER).unwrap();
    assert_eq!(name, "PeterNeumann");
    assert_eq!(VerifierKey::new(&name, key.verifying_key()).unwrap().to_string(), PETER_VERIFIES);
    assert_eq!(secret::encode(&name, &key).unwrap().reveal(), PETER);
    assert_eq!(secret::decode(&format!("{PETER}\n")).unwrap().0, "PeterNeumann");
}

#[test]
fn an_altered_key_is_refused_and_nothing_of_it_is_repeated() {
    for at in 0..PETER.len() {
        let mut bytes = PETER.as_bytes().to_vec();
        bytes[at] ^= 1;
        let Err(error) = secret::decode(std::str::from_utf8(&bytes).unwrap()) else {
            panic!("byte {at} was altered and nobody noticed")
        };
        assert!(!error.to_string().contains("AYEK"), "{error}");
    }
    for end in 0..PETER.len() {
        assert!(secret::decode(&PETER[..end]).is_err(), "{end}");
    }
    let not_a_key = secret::decode("tenure.dev/log");
    assert!(matches!(not_a_key, Err(SecretError::Malformed { reason }) if reason.contains("PRIVATE+KEY+")));
}

#[test]
fn a_secret_is_not_shown_by_accident() {
    let text = secret::encode("log.example", &SigningKey::from_bytes(&[7; 32])).unwrap();
    assert_eq!(format!("{text:?}"), "SecretText(…)");
}
