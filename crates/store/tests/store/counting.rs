use crate::Shop;

#[tokio::test]
async fn a_shared_number_is_raised_with_its_transaction_or_not_at_all() {
    let shop = Shop::open().await;
    let mut write = shop.write().await;
    assert_eq!(write.count("rule/q/18636", 1).await.unwrap(), 1);
    assert_eq!(write.count("rule/q/18636", 2).await.unwrap(), 3);
    assert_eq!(write.count("rule/q/18637", 1).await.unwrap(), 1);
    write.commit().await.unwrap();

    let mut dropped = shop.write().await;
    assert_eq!(dropped.count("rule/q/18636", 1).await.unwrap(), 4);
    drop(dropped);

    let mut write = shop.write().await;
    assert_eq!(write.count("rule/q/18636", -1).await.unwrap(), 2);
}

#[tokio::test]
async fn something_to_be_done_is_on_the_list_once() {
    let shop = Shop::open().await;
    let mut write = shop.write().await;
    for subject in ["parley", "quince", "parley"] {
        write.enqueue("evaluate", subject).await.unwrap();
    }
    write.enqueue("deliver", "parley").await.unwrap();
    write.commit().await.unwrap();

    let jobs = shop.store.jobs(10).await.unwrap();
    let listed: Vec<_> = jobs.iter().map(|j| (j.kind.as_str(), j.subject.as_str())).collect();
    assert_eq!(listed, [("evaluate", "quince"), ("evaluate", "parley"), ("deliver", "parley")]);
    let after = shop.store.jobs_after(jobs[0].id, 1).await.unwrap();
    assert_eq!(after, jobs[1..2]);
}

#[tokio::test]
async fn what_is_asked_for_while_it_is_being_done_is_done_again() {
    let shop = Shop::open().await;
    let mut write = shop.write().await;
    write.enqueue("evaluate", "parley").await.unwrap();
    write.commit().await.unwrap();
    let at_work = shop.store.jobs(1).await.unwrap().remove(0);

    let mut write = shop.write().await;
    write.tried(at_work.id).await.unwrap();
    write.enqueue("evaluate", "parley").await.unwrap();
    write.finish(at_work.id).await.unwrap();
    write.commit().await.unwrap();

    let left = shop.store.jobs(10).await.unwrap();
    assert_eq!(left.iter().map(|j| (j.subject.as_str(), j.attempts)).collect::<Vec<_>>(), [("parley", 0)]);
}
