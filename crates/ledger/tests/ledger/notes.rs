//! Signed notes and checkpoints, against the vectors that Go's `golang.org/x/mod/sumdb/note` publishes in its tests.

use ed25519_dalek::{SigningKey, VerifyingKey};
use proptest::prelude::*;
use tenure_ledger::checkpoint::{Checkpoint, CheckpointError};
use tenure_ledger::note::{self, NoteError, VerifierKey};
use tenure_ledger::tree::{empty_root, leaf_hash};

const PETER_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
/// The seed in Go's published `PRIVATE+KEY+PeterNeumann+c74f20a3+AYEK…`.
const PETER_SEED: &str = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";
const ENOCH_KEY: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn peter() -> VerifierKey {
    PETER_KEY.parse().unwrap()
}

fn peter_signs() -> SigningKey {
    let mut seed = [0; 32];
    hex::decode_to_slice(PETER_SEED, &mut seed).unwrap();
    SigningKey::from_bytes(&seed)
}

fn log_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn log_verifier() -> VerifierKey {
    VerifierKey::new("log.example.com/tenure", log_key().verifying_key()).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: "log.example.com/tenure".into(), size: 70_000, root: leaf_hash(b"") }
}

#[test]
fn the_published_note_verifies_and_is_signed_alike() {
    let published = format!("{TEXT}\n{PETER}");
    assert_eq!(note::open(&published, &peter()), Ok(TEXT));
    assert_eq!(note::sign(TEXT, "PeterNeumann", &peter_signs()).unwrap(), published);
    assert_eq!(VerifierKey::new("PeterNeumann", peter_signs().verifying_key()).unwrap(), peter());
    assert_eq!(peter().to_string(), PETER_KEY);
}

#[test]
fn a_mangled_verifier_key_is_refused() {
    for from in 0..PETER_KEY.len() {
        for to in from..=PETER_KEY.len() {
            if to - from < PETER_KEY.len() {
                assert!(PETER_KEY[from..to].parse::<VerifierKey>().is_err(), "{}", &PETER_KEY[from..to]);
            }
        }
    }
    for at in 0..PETER_KEY.len() {
        let mut bytes = PETER_KEY.as_bytes().to_vec();
        bytes[at] += 1;
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.parse::<VerifierKey>().is_err(), "{text}");
    }
    // A key that is too long, and one of an unknown type, each with the id that belongs to it.
    for text in [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        &PETER_KEY.replace("c74f20a3", "C74F20A3"),
    ] {
        assert!(matches!(text.parse::<VerifierKey>(), Err(NoteError::Key { .. })), "{text}");
    }
}

#[test]
fn a_key_of_small_order_is_refused() {
    let neutral: [u8; 32] = std::array::from_fn(|at| u8::from(at == 0));
    let weak = VerifyingKey::from_bytes(&neutral).unwrap();
    assert!(matches!(VerifierKey::new("log", weak), Err(NoteError::Key { .. })));
}

#[test]
fn signatures_of_unknown_keys_are_ignored() {
    let both = format!("{TEXT}\n{ENOCH}{PETER}");
    assert_eq!(note::open(&both, &peter()), Ok(TEXT));
    assert_eq!(note::open(&both, &ENOCH_KEY.parse().unwrap()), Ok(TEXT));
    let only_enoch = format!("{TEXT}\n{ENOCH}");
    assert_eq!(
        note::open(&only_enoch, &peter()),
        Err(NoteError::NotSigned { key: "PeterNeumann+c74f20a3".into() })
    );
    // The same name with another id is another key.
    let renamed = format!("{TEXT}\n{}", ENOCH.replace("EnochRoot", "PeterNeumann"));
    assert!(matches!(note::open(&renamed, &peter()), Err(NoteError::NotSigned { .. })));
}

#[test]
fn one_bad_signature_of_the_key_spoils_the_note() {
    let bad = PETER.replace("go/ZJ", "go/ZK");
    for signatures in [bad.clone(), format!("{PETER}{bad}"), format!("{bad}{PETER}")] {
        let error = note::open(&format!("{TEXT}\n{signatures}"), &peter()).unwrap_err();
        assert_eq!(error, NoteError::BadSignature { key: "PeterNeumann+c74f20a3".into() });
    }
    let longer = format!("{TEXT}\n{}ABCD{}", &PETER[..62], &PETER[62..]);
    assert!(matches!(note::open(&longer, &peter()), Err(NoteError::BadSignature { .. })));
    let altered = format!("{}\n{PETER}", TEXT.replace("answer", "Answer"));
    assert!(matches!(note::open(&altered, &peter()), Err(NoteError::BadSignature { .. })));
}

#[test]
fn a_malformed_note_is_refused() {
    let signature = PETER.trim_end();
    for text in [
        String::new(),
        TEXT.to_owned(),
        format!("{TEXT}\n"),
        format!("{TEXT}\n{signature}"),
        format!("{TEXT}{PETER}"),
        format!("\u{1}{TEXT}\n{PETER}"),
        format!("{TEXT}\n{}", PETER.replace('\n', "\r\n")),
        format!("{TEXT}\n{PETER}Unexpected line.\n"),
        format!("{TEXT}\n{PETER}\n"),
        format!("{TEXT}\n{}", PETER.replace("PeterNeumann", "Bad Name")),
        format!("{TEXT}\n{}", PETER.replace("PeterNeumann", "Bad+Name")),
        format!("{TEXT}\n{}", PETER.replace("PeterNeumann", "Bad\u{a0}Name")),
        format!("{TEXT}\n{}", PETER.replace("— ", "- ")),
        format!("{TEXT}\n{}", PETER.replace("nAM=", "nAM")),
        format!("{TEXT}\n{}", PETER.replace("nAM=", "nAN=")),
        format!("{TEXT}\n{PETER}— EnochRoot AAAA\n"),
        format!("{TEXT}\n{}", PETER.repeat(101)),
        format!("{}\n{PETER}", "x\n".repeat(note::MAX_BYTES)),
    ] {
        let opened = note::open(&text, &peter());
        assert!(matches!(opened, Err(NoteError::Malformed { .. })), "{opened:?}");
    }
    assert_eq!(note::open(&format!("{TEXT}\n{}", PETER.repeat(100)), &peter()), Ok(TEXT));
}

#[test]
fn only_a_text_that_can_be_opened_is_signed() {
    for text in ["", "no newline", "tab\t\n", &"x\n".repeat(note::MAX_BYTES)] {
        assert_eq!(note::sign(text, "log", &log_key()), Err(NoteError::Text));
    }
    for name in ["", "a b", "a+b", "a\u{2003}b", "a\nb", &"x".repeat(256)] {
        assert_eq!(note::sign("text\n", name, &log_key()), Err(NoteError::Name), "{name}");
    }
}

#[test]
fn a_checkpoint_has_the_text_of_the_specification() {
    let text = "log.example.com/tenure\n70000\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n";
    assert_eq!(checkpoint().text(), text);
    assert_eq!(Checkpoint::parse(text), Ok(checkpoint()));
    let signed = checkpoint().sign(&log_key()).unwrap();
    assert!(signed.starts_with(&format!("{text}\n— log.example.com/tenure ")));
    assert_eq!(Checkpoint::open(&signed, &log_verifier()), Ok(checkpoint()));
}

#[test]
fn the_specification_s_example_reads() {
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let checkpoint = Checkpoint::parse(text).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(checkpoint.text(), text);
}

#[test]
fn a_malformed_checkpoint_is_refused() {
    let root = empty_root().to_base64();
    for text in [
        String::new(),
        "log\n0\n".to_owned(),
        format!("log\n0\n{root}"),
        format!("\n0\n{root}\n"),
        format!("log\n00\n{root}\n"),
        format!("log\n01\n{root}\n"),
        format!("log\n+1\n{root}\n"),
        format!("log\n-1\n{root}\n"),
        format!("log\n1 \n{root}\n"),
        format!("log\n18446744073709551616\n{root}\n"),
        format!("log\n1\n{root}=\n"),
        format!("log\n1\n{}\n", &root[..40]),
        format!("log\n1\n{root}\nextension\n"),
        format!("log\n1\n{root}\n\n"),
        format!("log\n0\n{}\n", leaf_hash(b"").to_base64()),
    ] {
        assert!(matches!(Checkpoint::parse(&text), Err(CheckpointError::Malformed { .. })), "{text}");
    }
    Checkpoint::parse(&format!("log\n0\n{root}\n")).unwrap();
}

#[test]
fn a_key_of_one_log_does_not_speak_for_another() {
    let other = Checkpoint { origin: "other.example.com".into(), ..checkpoint() };
    let signed = note::sign(&other.text(), "log.example.com/tenure", &log_key()).unwrap();
    assert!(matches!(Checkpoint::open(&signed, &log_verifier()), Err(CheckpointError::OtherLog { .. })));
    let spaced = Checkpoint { origin: "go.sum database tree".into(), ..checkpoint() };
    assert_eq!(spaced.sign(&log_key()), Err(CheckpointError::Note(NoteError::Name)));
}

proptest! {
    #[test]
    fn any_flipped_bit_of_a_signed_checkpoint_is_noticed(bit in any::<prop::sample::Index>()) {
        let mut bytes = checkpoint().sign(&log_key()).unwrap().into_bytes();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert!(Checkpoint::open(&text, &log_verifier()).is_err(), "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "(\\PC|\n|— |\\+){0,80}") {
        prop_assert!(note::open(&text, &log_verifier()).is_err());
        prop_assert!(text.parse::<VerifierKey>().is_err());
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.text(), text);
        }
    }
}
