//! The disk is full.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::StatusCode;

use super::load::{Cast, Work, all_there, http};
use crate::house::{House, PATIENCE, said};

/// A small disk of its own; only the superuser can make one.
struct Disk(PathBuf);

impl Disk {
    fn new(at: &Path) -> Option<Self> {
        std::fs::create_dir(at).unwrap();
        let made =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs"]).arg(at).output();
        made.is_ok_and(|made| made.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).output());
    }
}

/// Fills what is left.
fn fill(ballast: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(ballast).unwrap();
    for size in [65_536, 4_096, 512] {
        let piece = vec![0_u8; size];
        while file.write_all(&piece).is_ok() {}
    }
}

async fn ready(api: &str) -> StatusCode {
    http().get(format!("{api}/readyz")).send().await.unwrap().status()
}

mod sqlite {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_full_disk_acknowledges_nothing_that_it_does_not_keep_and_goes_on_when_there_is_room() {
        let mut house = House::new("cluster: {kind: none}");
        let at = house.folder.path().join("disk");
        let Some(_disk) = Disk::new(&at) else {
            // Nowhere else can a test fill a disk. CI runs as the superuser.
            return;
        };
        house.keep_data_in(&at.join("data"));
        let administrator = house.bootstrap();
        let mut server = house.serve();
        let cast = Cast::gather(&server.api, &administrator).await;
        let work = Work::begin(&cast, std::slice::from_ref(&server.api), 0);
        work.goes_on(20).await;

        let ballast = at.join("ballast");
        fill(&ballast);
        // The log that SQLite writes has room for a while that it used before.
        let since = Instant::now();
        let mut through = work.through();
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = work.through();
            if now == through {
                break;
            }
            through = now;
            assert!(since.elapsed() < PATIENCE, "the disk is not full");
            fill(&ballast);
        }
        let read = http().get(format!("{}/v1/accounts/parley", server.api));
        let read = read.bearer_auth(&cast.administrator).send().await.unwrap();
        assert_eq!(read.status(), StatusCode::OK, "what is there can be read");

        std::fs::remove_file(&ballast).unwrap();
        work.goes_on(20).await;
        let acknowledged = work.end().await;
        assert_eq!(ready(&server.api).await, StatusCode::OK);
        all_there(&server.api, &cast, &acknowledged).await;
        server.signal("-TERM");
        assert_eq!(server.ended(), Some(0));
        let verified = house.run(&["verify"]);
        assert!(verified.status.success(), "{}", said(&verified));
    }
}
