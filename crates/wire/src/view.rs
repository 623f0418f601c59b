//! What the API shows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::{ConditionView, GuardView};
use crate::request::{Plan, Workload};

macro_rules! view {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

view!(
    /// What a write did. The thing itself is at `href`.
    Written {
        /// The id of what was made or changed.
        id: String,
        /// Where it is.
        href: String,
        /// The stream that was written to.
        stream: String,
        /// The version that the stream is at: for accounts, the `ETag`.
        version: u64,
        /// The events, in order; none where nothing had to change.
        events: Vec<EventRef>,
        /// Whether it was a report that says what another says already: it was joined to that one, whose id this is.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        joined: bool,
    }
);

view!(
    /// An event, by name.
    EventRef {
        /// Its number in the stream, from 1.
        n: u64,
        /// Its type.
        event_type: String,
    }
);

view!(
    /// An account.
    AccountView {
        /// Its slug.
        id: String,
        /// Its version.
        version: u64,
        /// `active`, `closing` or `closed`.
        lifecycle: String,
        /// `clear`, `limited` or `suspended`.
        standing: String,
        /// The terms it accepted.
        terms: TermsView,
        /// What its plan allows.
        plan: Plan,
        /// Its environments.
        environments: Vec<String>,
        /// When it was opened.
        #[schema(value_type = String, format = DateTime)]
        opened_at: Timestamp,
    }
);

view!(
    /// A version of terms.
    TermsView {
        /// Which agreement.
        id: String,
        /// Which version.
        version: String,
        /// SHA-256 of the document, in hexadecimal digits.
        hash: String,
    }
);

view!(
    /// Where an account stands, why, and what comes next.
    StandingView {
        /// The account.
        account: String,
        /// `active`, `closing` or `closed`.
        lifecycle: String,
        /// `clear`, `limited` or `suspended`.
        standing: String,
        /// What is withheld from each scope by all measures together.
        withheld: BTreeMap<String, BTreeSet<String>>,
        /// The measures that are not over.
        measures: Vec<MeasureLine>,
        /// What the account is asked to do.
        requirements: Vec<RequirementView>,
        /// The orders that stand.
        orders: Vec<String>,
        /// What can happen next in its cases: first what has a moment, the earliest first.
        next: Vec<NextView>,
        /// Why measures that are under way have not taken effect, and why none can be proposed yet.
        why_not_yet: Vec<WhyNotYetView>,
    }
);

view!(
    /// A measure in short.
    MeasureLine {
        /// Its id.
        id: String,
        /// Its preset.
        preset: String,
        /// Its scope.
        scope: String,
        /// Its state.
        state: String,
        /// The power it rests on.
        power: String,
        /// What is still pending, where it is being applied or undone.
        pending: Option<String>,
        /// Who may lift it, and what clears it.
        cleared_by: String,
    }
);

view!(
    /// Something the account is asked to do.
    RequirementView {
        /// In which case.
        case: String,
        /// Its name.
        item: String,
        /// What is asked.
        ask: Option<String>,
        /// `due`, `submitted` or `met`.
        state: String,
        /// By when, where a cure period runs.
        #[schema(value_type = Option<String>, format = DateTime)]
        due: Option<Timestamp>,
    }
);

view!(
    /// Something that can happen next.
    NextView {
        /// In which case.
        case: String,
        /// What: `deemed`, `remind`, `lapse`, `apply` and `lift_unratified` come due by themselves; `deliver`, `enforce` and
        /// `restore` are under way; `issue_notice`, `acknowledge`, `hand_in`, `decide_cure`, `propose`, `approve`, `amend`,
        /// `ratify`, `decide_appeal` and `vacate_order` are for somebody to do.
        kind: String,
        /// The same in words.
        what: String,
        /// About what.
        subject: String,
        /// Whose turn it is: `tenure`, `account`, `provider` or `authority`.
        turn: String,
        /// When it comes due, or by when it is to be done; none where no deadline runs.
        #[schema(value_type = Option<String>, format = DateTime)]
        at: Option<Timestamp>,
        /// The same in the calendar of the accepted terms.
        local: Option<String>,
    }
);

view!(
    /// Why a measure has not taken effect yet, or why none can be proposed.
    WhyNotYetView {
        /// In which case.
        case: String,
        /// Under which power.
        power: String,
        /// Which measure; none where none is proposed.
        measure: Option<String>,
        /// Every guard that is not met now; never empty.
        guards: Vec<GuardView>,
    }
);

view!(
    /// An environment.
    EnvironmentView {
        /// Its account.
        account: String,
        /// Its slug.
        id: String,
        /// Its namespace in the cluster.
        namespace: String,
        /// Its share of the plan.
        plan: Plan,
        /// Its workloads.
        workloads: Vec<String>,
        /// What is withheld from it.
        withheld: BTreeSet<String>,
    }
);

view!(
    /// A workload, declared and observed.
    WorkloadView {
        /// Its slug.
        id: String,
        /// What is declared.
        spec: Workload,
        /// The pods wanted.
        wanted: u32,
        /// The pods observed ready.
        ready: u32,
        /// Why it is not as declared, where that is known.
        message: Option<String>,
        /// What is withheld from it.
        withheld: BTreeSet<String>,
    }
);

view!(
    /// A report.
    ReportView {
        /// Its id.
        id: String,
        /// About which account.
        account: String,
        /// The reason code.
        ground: String,
        /// Where the thing is.
        locator: Option<String>,
        /// What is alleged.
        statement: Option<String>,
        /// The evidence: id and media type.
        evidence: BTreeMap<String, String>,
        /// When it came in.
        #[schema(value_type = String, format = DateTime)]
        filed_at: Timestamp,
        /// Who brought it in; not shown to members.
        filed_by: Option<String>,
        /// When the account answered.
        #[schema(value_type = Option<String>, format = DateTime)]
        remediated_at: Option<Timestamp>,
        /// What it answered.
        answer: Option<String>,
        /// When the thing was seen, as the reporter says.
        #[schema(value_type = Option<String>, format = DateTime)]
        observed_at: Option<Timestamp>,
        /// The language of the statement.
        language: Option<String>,
        /// The published format and type in which it came, such as `xarf:content/phishing`; none for Tenure's own form.
        format: Option<String>,
        /// How the reporter can be reached; not shown to members.
        contact: Option<String>,
        /// The reporter's own reference; not shown to members.
        reference: Option<String>,
        /// How many others said the same and were joined to it.
        joined: u64,
    }
);

view!(
    /// What says the same as a report, and was joined to it.
    JoinedView {
        /// The number of its event in the report's stream.
        n: u64,
        /// When it came in.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
        /// Who brought it in; not shown to members.
        by: Option<String>,
        /// The reason code.
        ground: String,
        /// Where the thing is.
        locator: Option<String>,
        /// What is alleged.
        statement: Option<String>,
        /// The evidence: id and media type.
        evidence: BTreeMap<String, String>,
        /// When the thing was seen, as the reporter says.
        #[schema(value_type = Option<String>, format = DateTime)]
        observed_at: Option<Timestamp>,
        /// The language of the statement.
        language: Option<String>,
        /// The published format and type in which it came.
        format: Option<String>,
        /// How the reporter can be reached; not shown to members.
        contact: Option<String>,
        /// The reporter's own reference; not shown to members.
        reference: Option<String>,
    }
);

view!(
    /// A case.
    CaseView {
        /// Its id.
        id: String,
        /// Its account.
        account: String,
        /// The reason code.
        ground: String,
        /// `open`, `notified`, `lapsed` or `closed`.
        state: String,
        /// How it ended.
        outcome: Option<String>,
        /// When it was opened.
        #[schema(value_type = String, format = DateTime)]
        opened_at: Timestamp,
        /// Who or what opened it.
        opened_by: String,
        /// Why.
        why: Option<String>,
        /// The reports it rests on.
        reports: Vec<String>,
        /// What the account is asked to do.
        items: Vec<RequirementView>,
        /// Its notices.
        notices: Vec<String>,
        /// Its measures.
        measures: Vec<String>,
        /// What can happen next in it: first what has a moment, the earliest first.
        next: Vec<NextView>,
        /// Why its measures have not taken effect, and why none can be proposed yet.
        why_not_yet: Vec<WhyNotYetView>,
    }
);

view!(
    /// A notice.
    NoticeView {
        /// Its id.
        id: String,
        /// Its case.
        case: String,
        /// What it is, in words.
        title: String,
        /// The power it names.
        power: Option<String>,
        /// The measure it is about.
        measure: Option<String>,
        /// Why.
        why: Option<String>,
        /// The appeal it is about.
        appeal: Option<String>,
        /// The letter, as it was issued.
        letter: Option<String>,
        /// The statement of reasons, by its SHA-256; none where it was issued before statements were kept.
        statement: Option<String>,
        /// The number of the account's event that called for it; none where a person or a rule issued it.
        called_by: Option<u64>,
        /// When it was issued.
        #[schema(value_type = String, format = DateTime)]
        issued_at: Timestamp,
        /// `issued` or `served`.
        state: String,
        /// When it was served.
        #[schema(value_type = Option<String>, format = DateTime)]
        served_at: Option<Timestamp>,
        /// When its notice period ends.
        #[schema(value_type = Option<String>, format = DateTime)]
        notice_ends: Option<Timestamp>,
        /// When its cure period ends.
        #[schema(value_type = Option<String>, format = DateTime)]
        cure_ends: Option<Timestamp>,
        /// What was tried to deliver it: channel and proof.
        attempts: Vec<AttemptView>,
        /// The reminders that went out.
        reminded: Vec<String>,
    }
);

view!(
    /// An attempt to deliver.
    AttemptView {
        /// The channel.
        channel: String,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
        /// What the channel gave as proof that it took the letter.
        proof: String,
    }
);

view!(
    /// A measure.
    MeasureView {
        /// Its id.
        id: String,
        /// Its case.
        case: String,
        /// The terms it rests on.
        terms: TermsView,
        /// The power.
        power: String,
        /// The preset.
        preset: String,
        /// What it withholds.
        withholds: BTreeSet<String>,
        /// From what.
        scope: String,
        /// `proposed`, `approved`, `scheduled`, `applying`, `in_force`, `stayed`, `lifting`, `lifted` or `withdrawn`.
        state: String,
        /// Since when, or for when where it is scheduled.
        #[schema(value_type = Option<String>, format = DateTime)]
        state_at: Option<Timestamp>,
        /// From when it is to take effect.
        #[schema(value_type = String, format = DateTime)]
        effective: Timestamp,
        /// Why.
        why: Option<String>,
        /// Why nothing less would do.
        why_not_less: Option<String>,
        /// Who proposed it.
        proposed_by: String,
        /// What an approval is bound to.
        command_hash: String,
        /// How many approvals it needs.
        approvals_needed: u8,
        /// Who approved.
        approvals: Vec<String>,
        /// For an emergency measure: it lifts by itself unless ratified before this moment.
        #[schema(value_type = Option<String>, format = DateTime)]
        ratify_by: Option<Timestamp>,
        /// Who ratified it.
        ratified_by: Option<String>,
        /// Why it ended.
        ended_because: Option<String>,
        /// The signed receipt of its present state, as evidence: `sha256:…`.
        receipt: Option<String>,
    }
);

view!(
    /// What a measure would do, and why it cannot yet.
    PreviewView {
        /// The measure.
        measure: String,
        /// What is withheld, by whom enforced.
        withholds: BTreeMap<String, String>,
        /// The workloads it reaches.
        workloads: Vec<String>,
        /// What a stop loses: persistent data is never among it.
        losses: Vec<String>,
        /// Every guard that is not met now.
        guards: Vec<GuardView>,
        /// The earliest moment at which all guards could be met, where that is known.
        #[schema(value_type = Option<String>, format = DateTime)]
        earliest: Option<Timestamp>,
    }
);

view!(
    /// An order, a hold or an appeal.
    LegalView {
        /// Its id.
        id: String,
        /// Its account.
        account: String,
        /// What it is: an order's kind, `hold`, or `appeal`.
        kind: String,
        /// What it is about: a scope, or a measure.
        about: String,
        /// Whether it stands, or is still to be decided.
        active: bool,
        /// In words: the authority, the reason, the grounds.
        text: Option<String>,
        /// Since when.
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
        /// How it ended.
        ended: Option<String>,
    }
);

view!(
    /// An event.
    EventView {
        /// Its place in the order of commits.
        position: i64,
        /// Its stream.
        stream: String,
        /// Its number in the stream, from 1.
        n: u64,
        /// Its index in the log, once it is there.
        index: Option<u64>,
        /// The legal moment.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
        /// Who acted.
        actor: String,
        /// Its type.
        event_type: String,
        /// Its body.
        #[schema(value_type = Object)]
        body: serde_json::Map<String, serde_json::Value>,
    }
);

view!(
    /// The proof that an event is in the log; verifies offline.
    ReceiptView {
        /// The leaf's exact bytes, base64.
        leaf: String,
        /// The leaf's place in the log, from 0.
        index: u64,
        /// The size of the log that the proof is for.
        size: u64,
        /// The hashes from the leaf's sibling up, base64.
        proof: Vec<String>,
        /// The signed checkpoint (C2SP signed note).
        checkpoint: String,
    }
);

view!(
    /// The proof that the present log extends an older one.
    ConsistencyView {
        /// The size of the older log.
        older: u64,
        /// The size of the present log.
        newer: u64,
        /// The hashes of the proof (RFC 9162, section 2.1.4), base64.
        proof: Vec<String>,
        /// The signed checkpoint of the present log.
        checkpoint: String,
    }
);

view!(
    /// Kept bytes.
    EvidenceView {
        /// Their id: `sha256:…`.
        id: String,
        /// How many.
        size: u64,
    }
);

view!(
    /// A person of the provider, or a member of an account.
    PersonView {
        /// The name.
        id: String,
        /// The roles.
        roles: BTreeSet<String>,
    }
);

view!(
    /// A token. The secret is shown this once.
    TokenView {
        /// Its name, by which it can be revoked.
        id: String,
        /// The secret.
        token: String,
        /// For whom it speaks.
        subject: String,
    }
);

view!(
    /// A rule.
    RuleView {
        /// Its slug.
        id: String,
        /// The ground of the cases it opens.
        ground: String,
        /// `off`, `shadow`, `notify` or `enforce`.
        mode: String,
        /// SHA-256 of its text, in hexadecimal digits.
        hash: String,
    }
);

view!(
    /// The legal clock.
    ClockView {
        /// The legal moment.
        #[schema(value_type = String, format = DateTime)]
        now: Timestamp,
        /// `real` or `simulated`.
        kind: String,
    }
);

view!(
    /// The legal clock and the machine's.
    ClockState {
        /// `real` or `simulated`.
        kind: String,
        /// The legal moment.
        #[schema(value_type = String, format = DateTime)]
        now: Timestamp,
        /// What the machine's clock reads: the moment to confirm, where it is right.
        #[schema(value_type = String, format = DateTime)]
        machine: Timestamp,
        /// Why the machine's clock is not believed; none while it is.
        doubt: Option<DoubtView>,
    }
);

view!(
    /// Why the machine's clock is not believed. Nothing is fired meanwhile, and no period begins.
    DoubtView {
        /// `forwards` or `backwards` against the monotonic clock; `before_record` or `long_gap` at a start.
        jump: String,
        /// What the machine's clock read then.
        #[schema(value_type = String, format = DateTime)]
        machine: Timestamp,
        /// What it should have read.
        #[schema(value_type = String, format = DateTime)]
        expected: Timestamp,
    }
);

view!(
    /// Whether the server can do its work.
    HealthView {
        /// `ok`, or `degraded` while a condition is.
        status: String,
        /// Every condition.
        conditions: Vec<ConditionView>,
    }
);

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where to go on; none on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}
