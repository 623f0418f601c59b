//! Everything that is measured can be measured.
#![cfg(test)]

use std::process::Command;

#[test]
fn everything_can_be_measured() {
    let ran = Command::new(env!("CARGO_BIN_EXE_bench")).args(["--quick", "--json"]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let document: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert!(document["machine"].as_str().unwrap().contains("build: "));
    let figures = document["figures"].as_array().unwrap();
    for what in [
        "permit",
        "decisions in a second",
        "bytes per case",
        "deadlines fired",
        "folded",
        "holds committed",
        "GET ",
        "receipt",
        "memory at start",
    ] {
        let of: Vec<_> = figures.iter().filter(|f| f["what"].as_str().unwrap().contains(what)).collect();
        assert!(!of.is_empty(), "nothing says {what}");
        for figure in of {
            assert!(figure["median"].as_f64().is_some_and(|median| median > 0.0), "{figure}");
        }
    }
}
