//! Watches.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::runtime::watcher::{self, Event};
use serde_json::json;

use crate::lab::Lab;

/// The next few events as `VERB name`, bookmarks left out.
async fn events(lab: &Lab, params: &WatchParams, version: &str, count: usize) -> Result<Vec<String>> {
    let maps = lab.api::<ConfigMap>();
    let mut stream = std::pin::pin!(maps.watch(params, version).await?);
    let mut seen = Vec::new();
    while seen.len() < count {
        let event = tokio::time::timeout(Duration::from_mins(1), stream.next()).await?;
        match event {
            Some(Ok(WatchEvent::Added(o))) => seen.push(format!("added {}", o.name_any())),
            Some(Ok(WatchEvent::Modified(o))) => seen.push(format!("modified {}", o.name_any())),
            Some(Ok(WatchEvent::Deleted(o))) => seen.push(format!("deleted {}", o.name_any())),
            Some(Ok(WatchEvent::Bookmark(_))) => {}
            other => bail!("after {seen:?}: {other:?}"),
        }
    }
    Ok(seen)
}

pub async fn a_watch_sees_what_came_after_the_list(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    lab.config_map("old", json!({})).await?;
    let list = maps.list(&ListParams::default()).await?;
    let version = list.metadata.resource_version.unwrap_or_default();
    lab.config_map("new", json!({"a": "1"})).await?;
    maps.patch("new", &PatchParams::default(), &Patch::Merge(json!({"data": {"a": "2"}}))).await?;
    maps.delete("old", &DeleteParams::default()).await?;
    let by_name = WatchParams::default().fields("metadata.name!=kube-root-ca.crt");
    let seen = events(lab, &by_name, &version, 3).await?;
    ensure!(seen == ["added new", "modified new", "deleted old"], "{seen:?}");
    Ok(())
}

pub async fn a_watch_by_label_sees_objects_come_and_go(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    let version = maps.list(&ListParams::default()).await?.metadata.resource_version.unwrap_or_default();
    lab.config_map("m", json!({})).await?;
    for color in ["blue", "red", "blue"] {
        let paint = Patch::Merge(json!({"metadata": {"labels": {"color": color}}}));
        maps.patch("m", &PatchParams::default(), &paint).await?;
    }
    let seen = events(lab, &WatchParams::default().labels("color=blue"), &version, 3).await?;
    ensure!(seen == ["added m", "deleted m", "added m"], "{seen:?}");
    Ok(())
}

pub async fn an_idle_watch_ends_in_time(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    let version = maps.list(&ListParams::default()).await?.metadata.resource_version.unwrap_or_default();
    let params = WatchParams::default().labels("nothing=here").timeout(2);
    let mut stream = std::pin::pin!(maps.watch(&params, &version).await?);
    loop {
        match tokio::time::timeout(Duration::from_mins(1), stream.next()).await? {
            None => return Ok(()),
            Some(Ok(WatchEvent::Bookmark(bookmark))) => {
                let at: u64 = bookmark.metadata.resource_version.parse()?;
                ensure!(at >= version.parse()?, "a bookmark never goes back");
            }
            other => bail!("{other:?}"),
        }
    }
}

pub async fn the_clients_own_watcher_follows(lab: &Lab) -> Result<()> {
    lab.config_map("first", json!({})).await?;
    let config = watcher::Config::default().fields("metadata.name!=kube-root-ca.crt");
    let mut stream = std::pin::pin!(watcher::watcher(lab.api::<ConfigMap>(), config));
    let mut seen = Vec::new();
    while !seen.iter().any(|s| s == "second") {
        let event = tokio::time::timeout(Duration::from_mins(1), stream.next()).await?;
        match event {
            Some(Ok(Event::InitApply(o) | Event::Apply(o))) => seen.push(o.name_any()),
            Some(Ok(Event::InitDone)) => {
                lab.config_map("second", json!({})).await?;
            }
            Some(Ok(Event::Init | Event::Delete(_))) => {}
            other => bail!("{other:?}"),
        }
    }
    ensure!(seen == ["first", "second"], "{seen:?}");
    Ok(())
}
