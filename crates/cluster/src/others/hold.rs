//! Holding jobs and cron jobs while nothing may run, and telling what was seen of all that is not ours.

use serde_json::json;

use super::Other;
use crate::error::ClusterError;
use crate::live::text;
use crate::memory::{OtherBefore, Suspended};
use crate::pass::Pass;
use crate::report::OtherSeen;
use crate::restriction::Withholding;

/// Holds the jobs and cron jobs that were there when the stop began, each once: whoever lets one go again is told in
/// the receipt and not fought. How it was is in the kept memory. Only called behind a closed gate.
pub(crate) async fn hold(pass: &mut Pass<'_>, _withheld: &Withholding) -> Result<(), ClusterError> {
    let Some(before) = &pass.memory.before else { return Ok(()) };
    let not_held = |other: &OtherBefore| {
        !other.finished && other.suspended.is_some_and(|is| is.before != Some(true) && is.by_us.is_none())
    };
    let uids: Vec<String> =
        before.others.iter().filter(|(_, other)| not_held(other)).map(|(uid, _)| uid.clone()).collect();
    for uid in uids {
        let Some(other) = pass.others.get(&uid).cloned() else { continue };
        let patch = json!({"spec": {"suspend": true}});
        let changed = match pass.requests.merge_of(&other.resource, (other.name(), &uid), patch, false).await
        {
            Ok(changed) => changed,
            Err(error) if matches!(error.code(), Some(404 | 409)) => continue,
            Err(error) => {
                pass.veto(&other.key(), error)?;
                continue;
            }
        };
        let held = Other { resource: other.resource, object: changed };
        // A server that does not know the field drops it.
        let by_us = Some(held.is_suspended());
        if let Some(noted) = pass.memory.before.as_mut().and_then(|before| before.others.get_mut(&uid)) {
            noted.suspended = noted.suspended.map(|suspended| Suspended { by_us, ..suspended });
        }
        pass.others.0.retain(|other| other.uid() != uid);
        pass.others.0.push(held);
    }
    Ok(())
}

/// What is said of everything that makes pods and is not ours, and what of it could not be as it should.
pub(crate) fn seen(pass: &Pass<'_>) -> (Vec<OtherSeen>, Vec<String>) {
    let Some(before) = &pass.memory.before else { return (Vec::new(), Vec::new()) };
    let (mut all, mut exceptions) = (Vec::new(), Vec::new());
    for (uid, noted) in &before.others {
        let key = noted.key();
        let Some(found) = pass.others.get(uid) else {
            if !noted.finished {
                exceptions.push(format!("{key} was deleted by someone else meanwhile"));
            }
            continue;
        };
        if !noted.finished {
            if noted.suspended.is_some_and(Suspended::is_held) && !found.is_suspended() {
                exceptions.push(format!("{key} was let go again by someone else: the gate refuses its pods"));
            }
            if noted.suspended.is_some_and(|suspended| suspended.by_us == Some(false)) {
                exceptions.push(format!(
                    "{key} could not be held: this cluster's jobs have no field `suspend`. The gate refuses its pods; \
                     its deadline and its count of failures go on"
                ));
            }
        }
        all.push(OtherSeen {
            object: key,
            uid: uid.clone(),
            resource_version: text(&found.object, "/metadata/resourceVersion").to_owned(),
            ready_before: noted.ready,
            suspended: found.is_job().then(|| found.is_suspended()),
        });
    }
    let made = pass.others.0.iter().filter(|other| !before.others.contains_key(other.uid()));
    exceptions
        .extend(made.map(|other| format!("{} was made meanwhile: the gate refuses its pods", other.key())));
    all.sort_by(|a, b| a.object.cmp(&b.object));
    (all, exceptions)
}
