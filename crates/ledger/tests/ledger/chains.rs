//! A log whose key was replaced: whoever holds one key follows to the others.

use ed25519_dalek::SigningKey;
use serde_json::{Map, Value, json};
use tenure_ledger::bundle::{ConsistencyStatement, Receipt};
use tenure_ledger::chain::{ChainError, KeyChain, KeysBySize as _, ROTATED, STREAM};
use tenure_ledger::checkpoint::Checkpoint;
use tenure_ledger::leaf::{Leaf, LeafFields};
use tenure_ledger::note::{self, VerifierKey};
use tenure_ledger::tree::leaf_hash;

use crate::log::Log;

const ORIGIN: &str = "log.example.com/tenure";

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn verifier(n: u8) -> VerifierKey {
    VerifierKey::new(ORIGIN, key(n).verifying_key()).unwrap()
}

fn leaf(stream: &str, n: u64, event_type: &str, body: Map<String, Value>) -> Vec<u8> {
    Leaf::encode(&LeafFields {
        nonce: [3; 16],
        stream: stream.into(),
        n,
        at: "2021-01-10T03:00:00Z".into(),
        actor: "system/keeper".into(),
        event_type: event_type.into(),
        schema: 1,
        body,
    })
    .unwrap()
}

fn rotation(from: u8, to: u8) -> Vec<u8> {
    let Value::Object(body) = json!({"from": verifier(from).to_string(), "to": verifier(to).to_string()})
    else {
        unreachable!()
    };
    leaf(STREAM, 1, ROTATED, body)
}

/// Ordinary leaves, with the rotation from key 1 to 2 at index 4 and that from 2 to 3 at index 9.
fn leaves() -> Vec<Vec<u8>> {
    (0..14)
        .map(|n| match n {
            4 => rotation(1, 2),
            9 => rotation(2, 3),
            n => leaf("account/parley", n + 1, "report.counted", Map::new()),
        })
        .collect()
}

fn log_of(leaves: &[Vec<u8>]) -> Log {
    Log::of(&leaves.iter().map(|leaf| leaf_hash(leaf)).collect::<Vec<_>>())
}

fn signed(log: &Log, size: u64, keys: &[u8]) -> String {
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root: log.root(size) };
    let mut note = checkpoint.sign(&key(keys[0])).unwrap();
    for other in &keys[1..] {
        note = note::sign_too(&note, ORIGIN, &key(*other)).unwrap();
    }
    note
}

fn receipt(leaves: &[Vec<u8>], index: u64, size: u64, keys: &[u8]) -> Receipt {
    let log = log_of(leaves);
    let leaf = leaves[usize::try_from(index).unwrap()].clone();
    let proof = log.inclusion(index, size);
    Receipt { leaf, index, size, proof, checkpoint: signed(&log, size, keys) }
}

fn transitions() -> [Receipt; 2] {
    [receipt(&leaves(), 4, 6, &[1, 2]), receipt(&leaves(), 9, 10, &[2, 3])]
}

#[test]
fn whoever_holds_the_first_key_is_led_to_the_present_one() {
    let chain = KeyChain::follow(verifier(1), &transitions()).unwrap();
    assert_eq!(chain.present(), &verifier(3));
    for (size, signer) in [(1, 1), (6, 1), (7, 2), (10, 2), (11, 3), (99, 3)] {
        assert_eq!(chain.key_at(size), &verifier(signer), "size {size}");
    }
    assert_eq!((chain.replaced_at(&verifier(1)), chain.replaced_at(&verifier(2))), (Some(6), Some(10)));
    assert_eq!(chain.replaced_at(&verifier(3)), None);
}

#[test]
fn any_one_key_of_the_chain_leads_to_all_others() {
    let expected = KeyChain::follow(verifier(1), &transitions()).unwrap();
    for trusted in [1, 2, 3] {
        assert_eq!(KeyChain::through(&verifier(trusted), &transitions()).unwrap(), expected);
    }
    let stranger = KeyChain::through(&verifier(8), &transitions());
    assert_eq!(stranger, Err(ChainError::Unknown { key: verifier(8).to_string() }));
    assert_eq!(KeyChain::through(&verifier(8), &[]).unwrap().present(), &verifier(8));
}

#[test]
fn receipts_and_statements_verify_by_the_key_of_their_size() {
    let chain = KeyChain::follow(verifier(1), &transitions()).unwrap();
    for (size, signer) in [(5, 1), (6, 1), (8, 2), (12, 3)] {
        receipt(&leaves(), 2, size, &[signer]).verify(&chain).unwrap();
    }
    // An old receipt goes on verifying with the old key alone.
    receipt(&leaves(), 2, 5, &[1]).verify(&verifier(1)).unwrap();
    // A key that was replaced signs nothing any more, and a new one nothing that is older than it.
    for (size, signer) in [(7, 1), (12, 1), (12, 2), (5, 2), (10, 3)] {
        assert!(receipt(&leaves(), 2, size, &[signer]).verify(&chain).is_err(), "{size} by {signer}");
    }
    let log = log_of(&leaves());
    let across = ConsistencyStatement {
        older: signed(&log, 5, &[1]),
        newer: signed(&log, 12, &[3]),
        proof: log.consistency(5, 12),
    };
    across.verify(&chain).unwrap();
    assert!(across.verify(&verifier(1)).is_err());
}

#[test]
fn transitions_out_of_order_or_with_one_missing_are_refused() {
    let [first, second] = transitions();
    let swapped = KeyChain::follow(verifier(1), &[second.clone(), first.clone()]);
    assert!(matches!(swapped, Err(ChainError::OtherKey { number: 1, .. })), "{swapped:?}");
    let missing = KeyChain::follow(verifier(1), std::slice::from_ref(&second));
    assert!(matches!(missing, Err(ChainError::OtherKey { number: 1, .. })), "{missing:?}");
    let twice = KeyChain::follow(verifier(1), &[first.clone(), first.clone()]);
    assert!(matches!(twice, Err(ChainError::OtherKey { number: 2, .. })), "{twice:?}");
    let unknown = KeyChain::follow(verifier(9), &[first, second]);
    assert!(matches!(unknown, Err(ChainError::OtherKey { number: 1, .. })), "{unknown:?}");
}

#[test]
fn a_transition_that_only_one_of_both_keys_signed_is_refused() {
    let old_alone = KeyChain::follow(verifier(1), &[receipt(&leaves(), 4, 6, &[1])]);
    assert_eq!(old_alone, Err(ChainError::NotSignedByNew { number: 1, key: verifier(2).to_string() }));
    // A thief of nothing but a key of his own announces himself.
    let new_alone = KeyChain::follow(verifier(1), &[receipt(&leaves(), 4, 6, &[2])]);
    assert!(matches!(new_alone, Err(ChainError::Receipt { number: 1, .. })), "{new_alone:?}");
    let through = KeyChain::through(&verifier(2), &[receipt(&leaves(), 4, 6, &[2])]);
    assert!(matches!(through, Err(ChainError::Receipt { number: 1, .. })), "{through:?}");
}

#[test]
fn a_forged_leaf_a_forged_proof_and_another_kind_of_leaf_are_refused() {
    let [first, _] = transitions();
    let forged = Receipt { leaf: rotation(1, 7), ..first.clone() };
    let found = KeyChain::follow(verifier(1), &[forged]);
    assert!(matches!(found, Err(ChainError::Receipt { number: 1, .. })), "{found:?}");
    let elsewhere = Receipt { index: 3, ..first };
    let found = KeyChain::follow(verifier(1), &[elsewhere]);
    assert!(matches!(found, Err(ChainError::Receipt { number: 1, .. })), "{found:?}");
    let ordinary = KeyChain::follow(verifier(1), &[receipt(&leaves(), 2, 6, &[1, 2])]);
    assert_eq!(ordinary, Err(ChainError::NotARotation { number: 1 }));
    // An account's own event may say whatever it likes.
    let Value::Object(body) = json!({"from": verifier(1).to_string(), "to": verifier(2).to_string()}) else {
        unreachable!()
    };
    let mut other = leaves();
    other[4] = leaf("account/parley", 5, ROTATED, body);
    let found = KeyChain::follow(verifier(1), &[receipt(&other, 4, 6, &[1, 2])]);
    assert_eq!(found, Err(ChainError::NotARotation { number: 1 }));
}

#[test]
fn a_key_does_not_come_back_and_no_event_of_another_reign_is_reused() {
    let mut back = leaves();
    back[9] = rotation(2, 1);
    let found =
        KeyChain::follow(verifier(1), &[receipt(&back, 4, 6, &[1, 2]), receipt(&back, 9, 10, &[2, 1])]);
    assert_eq!(found, Err(ChainError::NotNew { number: 2, key: verifier(1).to_string() }));
    // Key 2 had its end announced before it reigned.
    let mut early = leaves();
    early[3] = rotation(2, 3);
    let found =
        KeyChain::follow(verifier(1), &[receipt(&early, 4, 6, &[1, 2]), receipt(&early, 3, 10, &[2, 3])]);
    assert_eq!(found, Err(ChainError::OutOfOrder { number: 2, size: 10 }));
}

#[test]
fn a_second_signature_is_added_to_the_same_text() {
    let note = signed(&log_of(&leaves()), 6, &[1, 2]);
    assert_eq!(note::open(&note, &verifier(1)), note::open(&note, &verifier(2)));
    assert_eq!(note::text(&note).unwrap(), note::open(&note, &verifier(1)).unwrap());
    assert_eq!(note.lines().filter(|line| line.starts_with('—')).count(), 2);
    assert!(note::sign_too("no note", ORIGIN, &key(2)).is_err());
}
