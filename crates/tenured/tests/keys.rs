//! The log's key in its file: made, refused when others can read it, and replaced.
#![cfg(test)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;
use tenure_engine::LogKey;
use tenure_engine::anchor::Anchor as _;
use tenure_store::Store;
use tenured::keys;

const NAME: &str = "log.provider.example";

fn private() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    chmod(folder.path(), 0o700);
    folder
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_new_key_is_for_its_owner_alone_and_never_replaces_one() {
    let folder = private();
    let path = folder.path().join("log.key");
    let key = keys::generate(&path, NAME).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(keys::read(&path, "other").unwrap().verifier, key.verifier, "the file knows its own name");
    assert!(fs::read_to_string(&path).unwrap().starts_with("PRIVATE+KEY+log.provider.example+"));
    let before = fs::read(&path).unwrap();
    let error = keys::generate(&path, NAME).unwrap_err();
    assert!(error.to_string().contains("never replaced"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(
        keys::generate(&folder.path().join("b.key"), "a name")
            .unwrap_err()
            .to_string()
            .contains("name a log")
    );
}

#[test]
fn a_key_is_not_made_where_others_can_look() {
    let folder = private();
    for mode in [0o755, 0o750, 0o770, 0o701] {
        chmod(folder.path(), mode);
        let made = keys::generate(&folder.path().join("log.key"), NAME);
        match mode {
            0o750 | 0o755 | 0o770 | 0o701 => {
                let error = made.unwrap_err().to_string();
                assert!(error.contains("chmod 700"), "{mode:o}: {error}");
            }
            _ => unreachable!(),
        }
    }
    assert!(!folder.path().join("log.key").exists());
}

#[test]
fn a_key_that_others_can_read_or_replace_is_refused_with_what_to_run() {
    let folder = private();
    let path = folder.path().join("log.key");
    keys::generate(&path, NAME).unwrap();
    for mode in [0o640, 0o604, 0o660, 0o644] {
        chmod(&path, mode);
        let error = keys::read(&path, NAME).unwrap_err().to_string();
        assert!(error.contains("chmod 600") && !error.contains("PRIVATE"), "{mode:o}: {error}");
    }
    chmod(&path, 0o400);
    keys::read(&path, NAME).unwrap();
    // Through a link, what counts is where it leads.
    std::os::unix::fs::symlink(&path, folder.path().join("link.key")).unwrap();
    keys::read(&folder.path().join("link.key"), NAME).unwrap();
    chmod(folder.path(), 0o777);
    let error = keys::read(&path, NAME).unwrap_err().to_string();
    assert!(error.contains("chmod go-w"), "{error}");
    chmod(folder.path(), 0o700);
    assert!(keys::read(folder.path(), NAME).unwrap_err().to_string().contains("is no file"));
    fs::remove_file(&path).unwrap();
    fs::write(&path, "not a key").unwrap();
    chmod(&path, 0o600);
    let error = format!("{:#}", keys::read(&path, NAME).unwrap_err());
    assert!(error.contains("PRIVATE+KEY+") && !error.contains("not a key\n"), "{error}");
}

#[tokio::test]
async fn a_bare_key_of_the_first_kind_keeps_its_name_and_gets_its_anchor() {
    let folder = private();
    let path = folder.path().join("log.key");
    fs::write(&path, hex::encode([7; 32])).unwrap();
    chmod(&path, 0o600);
    let store = Store::open_file(&folder.path().join("tenure.db")).await.unwrap();
    let mut write = store.write().await.unwrap();
    write.put_head(0, 3, "the head that was signed").await.unwrap();
    write.commit().await.unwrap();
    let expected = LogKey::new(NAME, &[7; 32]).unwrap().verifier;
    let key = keys::open(&store, &path, NAME).await.unwrap();
    assert_eq!(key.verifier, expected);
    let held = keys::anchor(&path).read().await.unwrap();
    assert_eq!(held.as_deref(), Some("the head that was signed"));
    assert!(fs::read_to_string(&path).unwrap().starts_with("PRIVATE+KEY+"));
    // From here on a lost anchor is a lost anchor.
    fs::remove_file(keys::anchor(&path).path()).unwrap();
    assert_eq!(keys::open(&store, &path, NAME).await.unwrap().verifier, expected);
    assert_eq!(keys::anchor(&path).read().await.unwrap(), None);
}
