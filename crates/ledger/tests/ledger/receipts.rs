//! What an auditor verifies with the log's public key alone.

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use serde_json::{Value, json};
use tenure_ledger::Hash;
use tenure_ledger::bundle::{ConsistencyStatement, MAX_JSON, Receipt, ReceiptError};
use tenure_ledger::checkpoint::{Checkpoint, CheckpointError};
use tenure_ledger::leaf::{Leaf, LeafFields};
use tenure_ledger::note::{NoteError, VerifierKey};
use tenure_ledger::tree::{ProofError, leaf_hash};

use crate::log::Log;

const ORIGIN: &str = "log.example.com/tenure";

fn signer() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn verifier() -> VerifierKey {
    VerifierKey::new(ORIGIN, signer().verifying_key()).unwrap()
}

fn leaf(n: u64) -> Vec<u8> {
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&n.to_be_bytes());
    let Value::Object(body) = json!({"reports": n}) else { unreachable!() };
    Leaf::encode(&LeafFields {
        nonce,
        stream: "account/parley".into(),
        n,
        at: "2021-01-10T03:00:00Z".into(),
        actor: "person/ines".into(),
        event_type: "report.counted".into(),
        schema: 1,
        body,
    })
    .unwrap()
}

fn log(size: u64) -> Log {
    Log::of(&(0..size).map(|n| leaf_hash(&leaf(n))).collect::<Vec<_>>())
}

fn signed(log: &Log, size: u64) -> String {
    Checkpoint { origin: ORIGIN.into(), size, root: log.root(size) }.sign(&signer()).unwrap()
}

fn receipt(index: u64, size: u64) -> Receipt {
    let log = log(size);
    let proof = log.inclusion(index, size);
    Receipt { leaf: leaf(index), index, size, proof, checkpoint: signed(&log, size) }
}

fn statement(older: u64, newer: u64) -> ConsistencyStatement {
    let log = log(newer);
    let proof = log.consistency(older, newer);
    ConsistencyStatement { older: signed(&log, older), newer: signed(&log, newer), proof }
}

#[test]
fn an_auditor_verifies_a_receipt_and_reads_the_leaf() {
    let verified = receipt(299, 700).verify(&verifier()).unwrap();
    assert_eq!(verified.leaf().fields().n, 299);
    assert_eq!(verified.leaf().bytes(), leaf(299));
    assert_eq!(verified.index(), 299);
    assert_eq!((verified.checkpoint().origin.as_str(), verified.checkpoint().size), (ORIGIN, 700));
}

#[test]
fn a_receipt_has_one_json_form() {
    let receipt = receipt(2, 3);
    let json = serde_json::to_value(&receipt).unwrap();
    let expected = json!({
        "leaf": "eyJhY3RvciI6InBlcnNvbi9pbmVzIiwiYXQiOiIyMDIxLTAxLTEwVDAzOjAwOjAwWiIsImJvZHkiOnsicmVwb3J0cyI6Mn0sIm4iOjIsIm5vbmNlIjoiMDAwMDAwMDAwMDAwMDAwMjAwMDAwMDAwMDAwMDAwMDAiLCJzY2hlbWEiOjEsInN0cmVhbSI6ImFjY291bnQvcGFybGV5IiwidHlwZSI6InJlcG9ydC5jb3VudGVkIiwidiI6MX0=",
        "index": 2,
        "size": 3,
        "proof": [receipt.proof[0].to_base64()],
        "checkpoint": receipt.checkpoint,
    });
    assert_eq!(json, expected);
    assert_eq!(Receipt::from_json(json.to_string().as_bytes()), Ok(receipt));
    for (field, wrong) in [
        ("leaf", json!("e30")),
        ("leaf", json!([1])),
        ("proof", json!(["AAAA"])),
        ("proof", json!([receipt_root_in_hex()])),
        ("index", json!(-1)),
        ("index", json!("2")),
        ("note", json!(1)),
    ] {
        let mut other = json.clone();
        other[field] = wrong;
        assert!(
            matches!(Receipt::from_json(other.to_string().as_bytes()), Err(ReceiptError::Json { .. })),
            "{other}"
        );
    }
    let mut missing = json;
    missing.as_object_mut().unwrap().remove("size");
    assert!(matches!(Receipt::from_json(missing.to_string().as_bytes()), Err(ReceiptError::Json { .. })));
    let long = vec![b' '; MAX_JSON + 1];
    assert_eq!(Receipt::from_json(&long), Err(ReceiptError::TooLong { length: MAX_JSON + 1 }));
}

fn receipt_root_in_hex() -> String {
    leaf_hash(b"").to_string()
}

#[test]
fn a_receipt_is_also_a_tlog_proof() {
    let receipt = receipt(1, 3);
    let text = receipt.to_tlog_proof();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["c2sp.org/tlog-proof@v1", "index 1"]);
    assert_eq!(lines[2..4], [receipt.proof[0].to_base64(), receipt.proof[1].to_base64()]);
    assert_eq!(lines[4..7], ["", ORIGIN, "3"]);
    assert!(text.ends_with(&format!("\n\n{}", receipt.checkpoint)));
}

#[test]
fn a_receipt_for_another_leaf_place_size_or_log_is_refused() {
    let good = receipt(5, 9);
    let refused = |receipt: Receipt| receipt.verify(&verifier()).unwrap_err();
    let error = refused(Receipt { leaf: leaf(6), ..good.clone() });
    assert!(matches!(error, ReceiptError::Proof(ProofError::Root { .. })), "{error}");
    let error = refused(Receipt { index: 4, ..good.clone() });
    assert!(matches!(error, ReceiptError::Proof(ProofError::Root { .. })), "{error}");
    let error = refused(Receipt { index: 9, ..good.clone() });
    assert!(matches!(error, ReceiptError::Proof(ProofError::IndexBeyondTree { .. })), "{error}");
    let error = refused(Receipt { size: 10, ..good.clone() });
    assert_eq!(error, ReceiptError::Size { receipt: 10, checkpoint: 9 });
    let error = refused(Receipt { proof: Vec::new(), ..good.clone() });
    assert!(matches!(error, ReceiptError::Proof(ProofError::Length { found: 0 })), "{error}");
    let other = VerifierKey::new(ORIGIN, SigningKey::from_bytes(&[8; 32]).verifying_key()).unwrap();
    let error = good.verify(&other).unwrap_err();
    assert!(
        matches!(error, ReceiptError::Checkpoint(CheckpointError::Note(NoteError::NotSigned { .. }))),
        "{error}"
    );
}

#[test]
fn a_node_of_the_tree_does_not_pass_for_a_leaf() {
    // The bytes of an inner node hash to another value as a leaf, and are not a leaf anyway.
    let tree = log(2);
    let node: Vec<u8> = [leaf(0), leaf(1)].iter().flat_map(|leaf| *leaf_hash(leaf).as_bytes()).collect();
    let forged = Receipt { leaf: node, index: 0, size: 2, proof: Vec::new(), checkpoint: signed(&tree, 2) };
    assert!(matches!(forged.verify(&verifier()), Err(ReceiptError::Proof(_))));
}

#[test]
fn bytes_that_the_log_holds_but_that_are_no_leaf_are_refused() {
    let log = Log::of(&[leaf_hash(b"{}")]);
    let receipt =
        Receipt { leaf: b"{}".to_vec(), index: 0, size: 1, proof: Vec::new(), checkpoint: signed(&log, 1) };
    assert!(matches!(receipt.verify(&verifier()), Err(ReceiptError::Leaf(_))));
}

#[test]
fn an_auditor_verifies_that_nothing_was_taken_out() {
    let statement = statement(300, 700);
    let json = serde_json::to_vec(&statement).unwrap();
    let verified = ConsistencyStatement::from_json(&json).unwrap().verify(&verifier()).unwrap();
    assert_eq!((verified.older().size, verified.newer().size), (300, 700));
    for (older, newer) in [(0, 5), (5, 5), (4, 8)] {
        self::statement(older, newer).verify(&verifier()).unwrap();
    }
}

#[test]
fn a_rewritten_log_does_not_extend_what_it_was() {
    let mut hashes: Vec<Hash> = (0..700).map(|n| leaf_hash(&leaf(n))).collect();
    let before = log(300);
    hashes[17] = leaf_hash(&leaf(1_000));
    let rewritten = Log::of(&hashes);
    let statement = ConsistencyStatement {
        older: signed(&before, 300),
        newer: signed(&rewritten, 700),
        proof: rewritten.consistency(300, 700),
    };
    assert!(matches!(statement.verify(&verifier()), Err(ReceiptError::Proof(ProofError::Root { .. }))));
    let swapped = ConsistencyStatement {
        older: statement.newer.clone(),
        newer: statement.older.clone(),
        proof: statement.proof.clone(),
    };
    assert!(matches!(
        swapped.verify(&verifier()),
        Err(ReceiptError::Proof(ProofError::SizesReversed { .. }))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_flipped_bit_of_a_leaf_is_noticed(bit in any::<prop::sample::Index>()) {
        let mut receipt = receipt(5, 9);
        let bit = bit.index(receipt.leaf.len() * 8);
        receipt.leaf[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(receipt.verify(&verifier()).is_err());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Receipt::from_json(&bytes).is_err());
        prop_assert!(ConsistencyStatement::from_json(&bytes).is_err());
    }
}
