//! Holding an agreement to the figures of the regulations that it says it follows.

use super::super::regulation::{
    CHANGE_NOTICE, COMPLAINTS, RETRIEVAL, SWITCHING_NOTICE, SWITCHING_TRANSITION, TERMINATION_NOTICE,
};
use super::super::{Process, Regulation, Terms};
use super::POWERS_MAX;
use crate::capability::Preset;
use crate::document::{Faults, Fields, Item};
use crate::name::PowerId;

/// Whatever the named regulations and the terms contradict each other in, each at its own line. Also that what the
/// floors except exists.
pub(super) fn check(root: &Item<'_>, terms: &Terms, faults: &mut Faults) {
    let Some(fields) = root.mapping() else { return };
    // The fields were read once already, so that reading them again records no fault.
    let part = |name: &str| fields.optional(name, &mut Faults::default())?.mapping();
    if let Some(floors) = part("floors") {
        for id in &terms.floors.retrieval_except {
            if terms.power(id).is_none_or(|p| p.permits != Preset::Terminate) {
                faults.about(
                    &floors,
                    "retrievalExcept",
                    format!("{id} is no power here that permits terminate"),
                );
            }
        }
        if terms.regulations.contains(&Regulation::DigitalServices)
            && !terms.floors.appeal_window.is_at_least(&COMPLAINTS)
        {
            let detail = format!(
                "{} may be shorter than six months, for which Article 20(1) of Regulation (EU) 2022/2065 has complaints taken: write {COMPLAINTS}, or leave 2022/2065 out of regulations",
                terms.floors.appeal_window
            );
            faults.about(&floors, "appealWindow", detail);
        }
        if terms.regulations.contains(&Regulation::Data) {
            retrieval(&floors, terms, faults);
        }
    }
    if terms.regulations.contains(&Regulation::Data) {
        switching(&fields, part("switching").as_ref(), terms, faults);
    }
    if terms.regulations.contains(&Regulation::PlatformToBusiness) {
        if let (Some(changes), Some(part)) = (&terms.changes, part("changes"))
            && !changes.notice.is_at_least(&CHANGE_NOTICE)
        {
            let detail = format!(
                "{} may be shorter than 15 days, which Article 3(2) of Regulation (EU) 2019/1150 gives before changed terms bind: write {CHANGE_NOTICE} or longer",
                changes.notice
            );
            faults.about(&part, "notice", detail);
        }
        terminations(&fields, terms, faults);
    }
}

fn retrieval(floors: &Fields<'_>, terms: &Terms, faults: &mut Faults) {
    if !terms.floors.retrieval.is_at_least(&RETRIEVAL) {
        let detail = format!(
            "{} may be shorter than 30 days, which Article 25(2)(g) of Regulation (EU) 2023/2854 gives for retrieval: write {RETRIEVAL} or longer",
            terms.floors.retrieval
        );
        faults.about(floors, "retrieval", detail);
    }
    let short = |id: &&PowerId| {
        terms.power(id).and_then(|p| p.retrieval).is_some_and(|period| !period.is_at_least(&RETRIEVAL))
    };
    if let Some(id) = terms.floors.retrieval_except.iter().find(short) {
        let detail = format!(
            "power {id} gives less than the 30 days of Article 25(2)(g) of Regulation (EU) 2023/2854: leave it out here, or leave 2023/2854 out of regulations"
        );
        faults.about(floors, "retrievalExcept", detail);
    }
}

fn switching(root: &Fields<'_>, part: Option<&Fields<'_>>, terms: &Terms, faults: &mut Faults) {
    let (Some(switching), Some(part)) = (&terms.switching, part) else {
        let detail = "this field is missing: Article 25 of Regulation (EU) 2023/2854 has the agreement say how an account leaves; write {notice: P2M, transition: P30D} or shorter";
        faults.about(root, "switching", detail);
        return;
    };
    if !SWITCHING_NOTICE.is_at_least(&switching.notice) {
        let detail = format!(
            "{} may be longer than the two months of Article 25(2)(d) of Regulation (EU) 2023/2854: write {SWITCHING_NOTICE} or shorter",
            switching.notice
        );
        faults.about(part, "notice", detail);
    }
    if !SWITCHING_TRANSITION.is_at_least(&switching.transition) {
        let detail = format!(
            "{} may be longer than the 30 days of Article 25(2)(a) of Regulation (EU) 2023/2854: write {SWITCHING_TRANSITION} or shorter",
            switching.transition
        );
        faults.about(part, "transition", detail);
    }
}

fn terminations(root: &Fields<'_>, terms: &Terms, faults: &mut Faults) {
    let mut read = Faults::default();
    let items = root.optional("powers", &mut read).and_then(|item| item.list(POWERS_MAX, &mut read));
    for (item, power) in items.unwrap_or_default().iter().zip(&terms.powers) {
        let Process::Noticed { notice, .. } = &power.process else { continue };
        if power.permits == Preset::Terminate
            && power.exception.is_none()
            && !notice.is_at_least(&TERMINATION_NOTICE)
            && let Some(fields) = item.mapping()
        {
            let detail = format!(
                "{notice} may be shorter than the 30 days that Article 4(2) of Regulation (EU) 2019/1150 puts before a termination: write {TERMINATION_NOTICE} or longer, or name in exception which case of Article 4(4) the power rests on"
            );
            faults.about(&fields, "notice", detail);
        }
    }
}
