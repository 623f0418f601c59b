//! A process that dies at any point loses nothing.

use crate::faults::Faults;
use crate::world::{Driver, World, objects, page, page_on_volume};

/// Every pass but the last dies right after its first write was carried out, and knows nothing of it.
pub async fn passes_that_die_after_each_write_come_to_the_same_end(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    driver.tenant.put("media", page_on_volume());
    let mut deaths = die_after_each_write(&driver).await;
    driver.until_ready().await;
    let before = objects(&driver).await;
    let content = driver.content("media").await;

    let measure = driver.tenant.restrict("suspend", "environment/web");
    deaths += die_after_each_write(&driver).await;
    let report = driver.until_confirmed(&measure).await;
    assert_eq!(report.pods_gone.len(), 2);

    driver.tenant.lift(&measure);
    deaths += die_after_each_write(&driver).await;
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(objects(&driver).await, before);
    assert_eq!(driver.content("media").await, content);
    assert!(deaths >= 30, "{deaths}");
    driver.clean().await;
}

pub(super) async fn die_after_each_write(driver: &Driver<'_>) -> u32 {
    for deaths in 0..100 {
        if driver.pass_over(&driver.world.breakable(&Faults::at_first_write())).await.is_ok() {
            return deaths;
        }
    }
    panic!("no end after 100 passes")
}

/// One run for each request that a pass sends: there the process dies, and another one goes on.
pub async fn a_death_between_any_two_requests_changes_nothing(world: World) {
    let mut deaths = 0;
    let mut expected: Option<(Vec<String>, Vec<String>)> = None;
    for requests in 0.. {
        let mut driver = Driver::new(&world);
        driver.tenant.put("feed", page_on_volume());
        let mut died = false;
        for _ in 0..2 {
            let faults = Faults::after_requests(requests);
            died |= driver.pass_over(&world.breakable(&faults)).await.is_err();
        }
        driver.until_ready().await;
        let measure = driver.tenant.restrict("suspend", "environment/web");
        for _ in 0..2 {
            let faults = Faults::after_requests(requests);
            died |= driver.pass_over(&world.breakable(&faults)).await.is_err();
        }
        let report = driver.until_confirmed(&measure).await;
        assert_eq!(report.pods_gone.len(), 1, "dying after {requests} requests");
        let stopped = objects(&driver).await;
        driver.tenant.lift(&measure);
        for _ in 0..2 {
            let faults = Faults::after_requests(requests);
            died |= driver.pass_over(&world.breakable(&faults)).await.is_err();
        }
        let restored = driver.until_restored().await;
        assert!(restored.equal, "dying after {requests} requests: {:?}", restored.differences);
        let now = (stopped, objects(&driver).await);
        assert_eq!(expected.get_or_insert(now.clone()), &now, "dying after {requests} requests");
        driver.clean().await;
        if !died {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 20, "{deaths}");
}
