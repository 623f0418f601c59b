//! What comes from outside the provider's own will: orders, holds, appeals. And what a breach leaves behind.

use tenure_domain::account::Account;
use tenure_domain::account::legal::{Appeal, Hold, Order};
use tenure_domain::account::measure::Measure;
use tenure_engine::Engine;
use tenure_wire::legal::{EmergencyReviewView, FeeView, StrikeView};
use tenure_wire::view::LegalView;

use super::{name, text};
use crate::problem::Failure;

pub async fn order(
    engine: &Engine,
    account: &Account,
    order: &Order,
    to_member: bool,
) -> Result<LegalView, Failure> {
    let gag = order.gag.as_ref();
    let ended = match (&order.vacated, gag.and_then(|g| g.ended)) {
        (Some(ended), _) => text(engine, &ended.why).await?,
        (None, Some(_)) => Some("it ended as written".to_owned()),
        (None, None) => None,
    };
    let against = account.open_conflicts().filter_map(|c| {
        let (one, other) = &c.between;
        let of = one == &order.id || other == &order.id;
        let against = of.then(|| if one == &order.id { other } else { one })?;
        (!(to_member && account.hides_order(against))).then(|| against.to_string())
    });
    Ok(LegalView {
        id: order.id.to_string(),
        account: account.id.to_string(),
        kind: order.kind.as_str().to_owned(),
        about: order.scope.to_string(),
        active: order.stands(),
        text: text(engine, &order.authority).await?,
        since: order.recorded_at,
        ended,
        due: order.deadline.or(gag.map(|g| g.until)),
        overdue: order.missed.is_some()
            || order.complied.as_ref().is_some_and(|c| c.margin_seconds < 0)
            || gag.is_some_and(|g| g.missed.is_some()),
        followed_at: order.complied.as_ref().map(|c| c.at),
        margin_seconds: order.complied.as_ref().map(|c| c.margin_seconds),
        with: against.collect(),
    })
}

pub async fn hold(engine: &Engine, account: &Account, hold: &Hold) -> Result<LegalView, Failure> {
    Ok(LegalView {
        id: hold.id.to_string(),
        account: account.id.to_string(),
        kind: "hold".to_owned(),
        about: hold.scope.to_string(),
        active: hold.released.is_none(),
        text: text(engine, &hold.why).await?,
        since: hold.placed_at,
        ended: match &hold.released {
            Some(ended) => text(engine, &ended.why).await?,
            None => None,
        },
        due: None,
        overdue: false,
        followed_at: None,
        margin_seconds: None,
        with: Vec::new(),
    })
}

pub async fn appeal(engine: &Engine, account: &Account, appeal: &Appeal) -> Result<LegalView, Failure> {
    Ok(LegalView {
        id: appeal.id.to_string(),
        account: account.id.to_string(),
        kind: "appeal".to_owned(),
        about: appeal.measure.to_string(),
        active: appeal.decided.is_none(),
        text: text(engine, &appeal.grounds).await?,
        since: appeal.filed_at,
        ended: appeal.decided.as_ref().map(|d| name(&d.outcome)),
        due: appeal.decide_by,
        overdue: appeal.overdue.is_some(),
        followed_at: None,
        margin_seconds: None,
        with: appeal.reviewer.iter().map(|r| format!("person/{r}")).collect(),
    })
}

pub async fn emergency_review(
    engine: &Engine,
    measure: &Measure,
) -> Result<Option<EmergencyReviewView>, Failure> {
    let Some(review) = measure.emergency_review() else { return Ok(None) };
    let done = review.done.as_ref();
    let why = match done {
        Some(done) => text(engine, &done.account).await?,
        None => None,
    };
    Ok(Some(EmergencyReviewView {
        due: review.due,
        overdue: review.overdue.is_some(),
        by: done.map(|d| format!("person/{}", d.by)),
        finding: done.map(|d| name(&d.finding)),
        why,
    }))
}

pub fn strikes(account: &Account) -> Vec<StrikeView> {
    let stand = account.strikes.iter().filter(|s| s.removed.is_none());
    stand.map(|s| StrikeView { case: s.case.to_string(), ground: s.ground.to_string(), at: s.at }).collect()
}

pub async fn fees(engine: &Engine, account: &Account) -> Result<Vec<FeeView>, Failure> {
    let mut fees = Vec::new();
    for fee in account.fees.iter().filter(|f| f.reversed.is_none()) {
        fees.push(FeeView {
            id: fee.id.to_string(),
            case: fee.case.to_string(),
            measure: fee.measure.as_ref().map(ToString::to_string),
            minor_units: fee.amount.minor_units,
            currency: fee.amount.currency.clone(),
            why: text(engine, &fee.why).await?,
            at: fee.at,
        });
    }
    Ok(fees)
}
