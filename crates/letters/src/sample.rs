//! A statement and a letter of every kind, by which it is tried whether templates render.

use jiff::Timestamp;
use serde_json::{Value, json};
use tenure_domain::name::{AccountId, CaseId, MeasureId, NoticeId};
use tenure_domain::period::Period;
use tenure_domain::scope::Scope;
use tenure_domain::statement::Statement;
use tenure_domain::terms::TermsRef;

use crate::brief::{Brief, Ends, Tells, Time};

/// One of each kind.
pub fn all() -> Result<Vec<Statement>, String> {
    let measure = json!({"kind": "suspension", "measure": "sample.m1"});
    let power = |kind: &str| json!({"kind": kind, "power": "6.1"});
    let about = |kind: &str| json!({"kind": kind, "measure": "sample.m1"});
    let at = "2026-03-29T01:30:00Z";
    let before = json!({"is": "notBefore", "notice": "P14D", "cure": "2bd"});
    let cases = [
        (power("violation"), json!({"is": "notBefore", "cure": "P1D"})),
        (power("intent"), json!({"is": "notBefore", "notice": "PT0S"})),
        (power("violationAndIntent"), before),
        (about("emergency"), json!({"is": "provisional", "ratifyBy": at})),
        (measure, json!({"is": "untilCleared", "since": at})),
        (about("termination"), json!({"is": "final", "since": at})),
        (
            json!({"kind": "extension", "notice": "sample.n1"}),
            json!({"is": "extended", "notice": "sample.n1", "until": at}),
        ),
        (about("lift"), json!({"is": "over", "because": "cured", "tookEffect": true})),
        (about("lift"), json!({"is": "over", "because": "withdrawn", "tookEffect": false})),
        (
            json!({"kind": "appealOutcome", "appeal": "sample.a1"}),
            json!({"is": "appealed", "appeal": "sample.a1", "outcome": "upheld", "stands": true}),
        ),
    ];
    let full = cases.iter().map(|(kind, lasts)| statement(kind, lasts, true));
    let bare = cases.iter().map(|(kind, lasts)| statement(kind, lasts, false));
    full.chain(bare).map(|value| serde_json::from_value(value).map_err(|e| e.to_string())).collect()
}

/// A statement with everything that one can have, or with nothing that one can lack.
fn statement(kind: &Value, lasts: &Value, full: bool) -> Value {
    let at = "2026-03-29T01:30:00Z";
    let hash = "0".repeat(64);
    let mut value = json!({
        "form": 1, "notice": "sample.n2", "kind": kind, "account": "sample", "case": "sample.c1", "ground": "incitement",
        "issuedAt": at, "timeZone": "Europe/Berlin",
        "measure": {"preset": "suspend", "withholds": ["compute"], "scopes": ["account"]},
        "lasts": lasts, "facts": [],
        "clause": {"terms": {"id": "sample", "version": "1", "hash": hash}, "id": "6.1", "permits": "suspend", "grounds": ["incitement"]},
        "why": "", "tried": [], "automation": {"detection": false, "decision": "not"}, "data": {"is": "untouched"},
        "cure": {"items": [], "at": "/v1/cases/sample.c1/cures"},
        "appeal": {"window": "P6M", "decidedWithin": "P7D", "at": "/v1/measures/sample.m1/appeals"},
    });
    if full {
        value["measure"]["id"] = json!("sample.m1");
        value["measure"]["scope"] = json!("workload/web/feed");
        value["clause"]["text"] = json!("The provider may suspend.");
        value["clause"]["notice"] = json!("P14D");
        value["clause"]["cure"] = json!("PT1H30M");
        value["why"] = json!("Posts <b>stay</b> up");
        value["whyNotLess"] = json!("Nothing less reaches them");
        value["facts"] = json!([
            {"id": "sample.r1", "at": at, "locator": "https://sample.example/1", "what": "It calls for violence", "evidence": [format!("sha256:{hash}")], "source": "report"},
            {"id": "f-2", "at": at, "locator": "a mail", "source": "finding", "automated": true},
        ]);
        value["tried"] = json!([
            {"was": "notice", "notice": "sample.n1", "servedAt": at},
            {"was": "measure", "measure": "sample.m1", "preset": "freeze", "since": at},
        ]);
        value["automation"] = json!({"detection": true, "rule": "many-reports", "decision": "fully"});
        value["data"] = json!({"is": "retrieval", "period": "P30D"});
        value["cure"]["items"] =
            json!([{"id": "post-1", "ask": "Remove it", "report": "sample.r1"}, {"id": "plan"}]);
        value["contacts"] = json!(["abuse@sample.example"]);
    }
    value
}

/// What letters without a statement are about.
pub struct Names {
    account: AccountId,
    notice: NoticeId,
    case: CaseId,
    measure: MeasureId,
    terms: TermsRef,
}

impl Names {
    /// The names of an account that is only an example.
    pub fn new() -> Result<Self, String> {
        let account: AccountId = "sample".parse().map_err(|e| format!("{e}"))?;
        let terms = json!({"id": "sample", "version": "1", "hash": "0".repeat(64)});
        Ok(Self {
            notice: NoticeId::new(account.clone(), 1),
            case: CaseId::new(account.clone(), 1),
            measure: MeasureId::new(account.clone(), 1),
            terms: serde_json::from_value(terms).map_err(|e| e.to_string())?,
            account,
        })
    }

    /// One letter of every kind.
    pub fn briefs(&self) -> Vec<Brief<'_>> {
        let at = Timestamp::UNIX_EPOCH;
        let reminder = |kind, ends| Tells::Reminder { notice: &self.notice, kind, case: &self.case, ends };
        let retrieval = |number, time| Tells::Retrieval {
            at,
            terms: &self.terms,
            measure: &self.measure,
            since: at,
            number,
            reminders: 3,
            time,
            quorum: 3,
        };
        let new_terms = |after| Tells::Terms { at, bind: &self.terms, new: &self.terms, why: "", after };
        let days = Period::Days(30);
        let tells = vec![
            reminder("violation", Some(Ends::Cure(at))),
            reminder("intent", Some(Ends::Notice(at))),
            reminder("violationAndIntent", None),
            Tells::Removal {
                at,
                terms: &self.terms,
                scope: &Scope::Account,
                authority: "a court",
                locator: "a page",
            },
            retrieval(0, Some(Time::For { promised: days, least: days })),
            retrieval(1, Some(Time::Until(at))),
            retrieval(2, None),
            new_terms(Some(days)),
            new_terms(None),
        ];
        let brief = |tells| Brief { account: &self.account, zone: "Europe/Berlin", tells };
        tells.into_iter().map(brief).collect()
    }
}
