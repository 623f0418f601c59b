//! The steps of a history in words.

use jiff::Timestamp;
use tenure_domain::account::Command;

/// A moment, to the microsecond.
pub fn short(at: Timestamp) -> String {
    at.to_string().chars().take(26).collect()
}

/// A step in words.
pub fn say(now: Timestamp, who: &str, command: &Command) -> String {
    use Command as C;
    let what = match command {
        C::OpenCase { ground, .. } => format!("open case on {ground}"),
        C::IssueNotice { case, starts, .. } => format!("issue notice in {case} that starts {starts:?}"),
        C::AcknowledgeNotice { notice } => format!("acknowledge {notice}"),
        C::RecordAttempt { notice, .. } => format!("deliver {notice}"),
        C::SubmitCure { case, item, .. } => format!("submit cure of {item} in {case}"),
        C::AcceptCure { case, item } => format!("accept cure of {item} in {case}"),
        C::RejectCure { case, item, .. } => format!("reject cure of {item} in {case}"),
        C::ProposeMeasure(p) => {
            format!("propose in {} from {} on {}", p.case, p.scope, p.effective.map_or("now".into(), short))
        }
        C::ApplyEmergency { case, scope, .. } => format!("apply emergency measure in {case} to {scope}"),
        C::AmendMeasure { measure, effective } => format!("amend {measure} to {}", short(*effective)),
        C::ApproveMeasure { measure, .. } => format!("approve {measure}"),
        C::RatifyMeasure { measure, .. } => format!("ratify {measure}"),
        C::LiftMeasure { measure, .. } => format!("lift {measure}"),
        C::ConfirmInForce { measure, .. } => format!("observe {measure} in force"),
        C::ConfirmRestored { measure, .. } => format!("observe {measure} restored"),
        C::FileAppeal { measure, .. } => format!("appeal against {measure}"),
        C::DecideAppeal { appeal, outcome, .. } => format!("decide {appeal}: {outcome:?}"),
        C::ModifyOnAppeal { appeal, preset, scope, .. } => {
            let (preset, scope) = (preset.map(|p| p.to_string()), scope.as_ref().map(ToString::to_string));
            format!("modify on {appeal} to {} {}", preset.unwrap_or_default(), scope.unwrap_or_default())
        }
        C::RecordOrder { kind, scope, .. } => format!("record an order to {} {scope}", kind.as_str()),
        C::VacateOrder { order, .. } => format!("vacate {order}"),
        C::DecideConflict { order, over, .. } => format!("follow {order} and not {over}"),
        C::PlaceHold { scope, .. } => format!("place a hold on {scope}"),
        C::Fire(key) => format!("{key} fires"),
        other => other.name().to_owned(),
    };
    format!("{}   {who}: {what}", short(now))
}
