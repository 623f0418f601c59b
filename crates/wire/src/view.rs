//! What the API shows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::erasing::{DeletingView, EnvironmentDeletionView, Included};
use crate::import::ImportedView;
use crate::legal::{EmergencyReviewView, FeeView, StrikeView};
use crate::moving::MovingView;
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
        /// What is withheld anywhere, by whom it is enforced, and who blocks it: the highest authority first.
        blocked: Vec<BlockedView>,
        /// The time between the end of the account and its deletion, while it runs.
        closing: Option<ClosingView>,
        /// The certificate of the deletion of a closed account, as evidence: `sha256:…`.
        certificate: Option<String>,
        /// What the account is asked to do.
        requirements: Vec<RequirementView>,
        /// The orders that stand.
        orders: Vec<String>,
        /// What the terms count against it and stands.
        strikes: Vec<StrikeView>,
        /// What it was charged and stands.
        fees: Vec<FeeView>,
        /// What can happen next in its cases: first what has a moment, the earliest first.
        next: Vec<NextView>,
        /// Why measures that are under way have not taken effect, and why none can be proposed yet.
        why_not_yet: Vec<WhyNotYetView>,
        /// The open cases whose clocks stand still, by whom and why, and what is left of them.
        paused: Vec<PausedView>,
        /// The notices that reach nobody.
        undeliverable: Vec<String>,
    }
);

view!(
    /// The clocks of a case stand still.
    PausedView {
        /// Of which case.
        case: String,
        /// Since when.
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
        /// Why, the oldest reason first; they go on when the last has ended.
        pauses: Vec<PauseView>,
        /// What is left of each clock.
        left: Vec<LeftView>,
    }
);

view!(
    /// One reason for which clocks stand still.
    PauseView {
        /// `operator`, `appeal`, `dispute` or `order`.
        because: String,
        /// The appeal or the order.
        subject: Option<String>,
        /// Who acted.
        by: String,
        /// Since when.
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
        /// Why, where a person decided it.
        why: Option<String>,
    }
);

view!(
    /// What is left of a clock that stands still.
    LeftView {
        /// Of which notice.
        notice: String,
        /// `notice`, `cure` or `deemed`.
        clock: String,
        /// How long, exactly, as an ISO 8601 duration.
        left: String,
    }
);

view!(
    /// A capability that is withheld somewhere.
    BlockedView {
        /// Which.
        capability: String,
        /// Who enforces it: `cluster`, `declared` (another system, which acknowledges) or `none`.
        enforcer: String,
        /// The measures that withhold it. Lifting one leaves the others.
        by: Vec<BlockerView>,
    }
);

view!(
    /// A measure that withholds a capability.
    BlockerView {
        /// Which.
        measure: String,
        /// From what.
        scope: String,
        /// In whose name: `order`, `legal`, `abuse`, `billing`, `operator` or `account_holder`.
        authority: String,
        /// Its state.
        state: String,
        /// What ends it, in words.
        cleared_by: Vec<String>,
        /// Who may lift it.
        lifted_by: String,
    }
);

view!(
    /// The end of an account: the time to fetch its data, the reminders, the deletion.
    ClosingView {
        /// The termination.
        measure: String,
        /// Since when.
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
        /// The notice whose service begins the time to fetch the data.
        notice: Option<String>,
        /// When that was served.
        #[schema(value_type = Option<String>, format = DateTime)]
        retrieve_from: Option<Timestamp>,
        /// Until when the data can be fetched at the least; none where the notice is not served, or its end is not known.
        #[schema(value_type = Option<String>, format = DateTime)]
        retrieve_until: Option<Timestamp>,
        /// The reminders that were issued.
        reminders: Vec<String>,
        /// The deletion that is proposed or has its quorum.
        deletion: Option<DeletionView>,
        /// Everything but the quorum that stands between the account and its deletion.
        why_not_deleted: Vec<GuardView>,
    }
);

view!(
    /// A deletion that is proposed, or has its quorum.
    DeletionView {
        /// Who proposed it.
        proposed_by: String,
        /// Why.
        why: Option<String>,
        /// What a consent is bound to.
        command_hash: String,
        /// Who consented.
        consents: Vec<String>,
        /// How many have to.
        needed: u8,
        /// Whether enough did.
        approved: bool,
        /// What is in the environments and none of Tenure's, and goes with them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        including: Vec<Included>,
        /// When it was begun: from then on something may be gone.
        #[schema(value_type = Option<String>, format = DateTime)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        begun: Option<Timestamp>,
        /// How far it is in each environment that is left, once it was begun.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        deleting: BTreeMap<String, DeletingView>,
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
        /// The power it rests on; none where its basis is another.
        power: Option<String>,
        /// Why it may exist: `power`, `order` or `account_holder`.
        basis: String,
        /// In whose name it stands.
        authority: String,
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
        /// How it is found to be done: `review`, `fact` or `gone`.
        verifier: String,
        /// The condition over the account's facts that meets it.
        bound: Option<String>,
        /// The place where nothing may be found any more.
        locator: Option<String>,
        /// What met it, where no person decided it.
        found: Option<FoundView>,
    }
);

view!(
    /// What a verifier found.
    FoundView {
        /// The facts that it read, with their values.
        facts: BTreeMap<String, String>,
        /// The status that the place answered.
        status: Option<u16>,
        /// The answer as it came: evidence by its SHA-256.
        evidence: Option<String>,
    }
);

view!(
    /// Something that can happen next.
    NextView {
        /// In which case; none for what concerns the account as a whole, such as new terms, an order by itself, or a
        /// measure that rests on no power.
        case: Option<String>,
        /// What: `deemed`, `remind`, `lapse`, `apply`, `retry`, `undeliverable`, `check`, `lift_unratified`, `bind_terms`,
        /// `approval_expires`, `emergency_review_overdue`, `appeal_overdue`, `order_missed`, `recheck_missed`, `gag_ends`,
        /// `expire`, `raise_review`, `raise_constructive_termination`, `lift_constructive_termination`, `remind_retrieval`
        /// `lapse_deletion` and `delete_environment` come due by themselves; `deliver`, `enforce`, `restore`, `follow_order` and `delete` are
        /// under way; `reach`, `resume`, `issue_notice`, `acknowledge`, `hand_in`, `decide_cure`, `decide_dispute`,
        /// `accept_terms`, `propose`, `approve`, `amend`, `ratify`, `emergency_review`, `assign_appeal`, `decide_appeal`,
        /// `recheck_gag`, `decide_conflict`, `vacate_order`, `confirm`, `review`, `review_overdue`,
        /// `resolve_constructive_termination`, `retrieve`, `propose_deletion` and `consent_to_deletion` are for somebody
        /// to do.
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
        /// The cluster that it lives on.
        cluster: String,
        /// Why nothing is looked at or changed there at present, as this server sees it; absent where the cluster answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        out_of_reach: Option<String>,
        /// Its namespace in the cluster.
        namespace: String,
        /// `managed` or `open`: whether Tenure or the tenant's own tools decide what runs in it.
        kind: String,
        /// Its share of the plan.
        plan: Plan,
        /// Its share of services of type `LoadBalancer`.
        load_balancers: u32,
        /// Its share of hostnames.
        hostnames: u32,
        /// Its workloads.
        workloads: Vec<String>,
        /// What is withheld from it.
        withheld: BTreeSet<String>,
        /// Where it comes from, where its namespace was there before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        imported: Option<ImportedView>,
        /// What keeps it from being as it should: which writes webhooks of others refuse; where only it is read.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        obstacles: Vec<String>,
        /// The deletion of it that the account asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deletion: Option<EnvironmentDeletionView>,
        /// Its move to another cluster, while something of it is on two.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        moving: Option<MovingView>,
        /// How far its deletion is, once that was begun; where only it is read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deleting: Option<DeletingView>,
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
        /// How it is doing, in one word: `ready`, `progressing`, `failing`, `refused`, `stopped`, and of jobs and cron jobs
        /// `working`, `waiting`, `succeeded`, `failed`. Nothing before it was first looked at.
        #[serde(default)]
        phase: Option<String>,
        /// The pods of the version declared last, of what goes on running.
        #[serde(default)]
        updated: Option<u32>,
        /// How far the work is, of a job or a cron job's last run.
        #[serde(default)]
        work: Option<WorkView>,
        /// When its pods were last to start anew.
        #[serde(default)]
        #[schema(value_type = Option<String>, format = DateTime)]
        restarted_at: Option<Timestamp>,
        /// What is withheld from it.
        withheld: BTreeSet<String>,
    }
);

view!(
    /// How far the work of a job is.
    WorkView {
        /// The pods that work.
        active: u32,
        /// The pods that have succeeded.
        succeeded: u32,
        /// The pods that have failed.
        failed: u32,
        /// When it began last, as the cluster says it.
        began: Option<String>,
    }
);

view!(
    /// A secret, without its values.
    SecretView {
        /// Its slug.
        id: String,
        /// What its values are called.
        keys: BTreeSet<String>,
        /// When they were set.
        #[schema(value_type = String, format = DateTime)]
        set_at: Timestamp,
        /// The workloads that read it.
        readers: BTreeSet<String>,
    }
);

view!(
    /// One declaration of a workload.
    RevisionView {
        /// The number of the event that made it.
        revision: u64,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
        /// Who.
        by: String,
        /// What was declared.
        spec: Workload,
        /// Whether it is the one that holds.
        current: bool,
    }
);

view!(
    /// One pod of a workload.
    PodView {
        /// Its name.
        name: String,
        /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
        phase: String,
        /// Whether it is ready.
        ready: bool,
        /// How often its container was started anew.
        restarts: u32,
        /// When it was made, as the cluster says it.
        made_at: String,
    }
);

view!(
    /// Something that the cluster says happened to a workload or to one of its pods.
    ClusterEventView {
        /// When it happened last, as the cluster says it.
        at: String,
        /// To what, such as `Pod/feed-0`.
        object: String,
        /// Whether it is a warning.
        warning: bool,
        /// In one word.
        reason: String,
        /// In more.
        message: String,
        /// How often.
        count: u32,
    }
);

view!(
    /// What the cluster tells of a workload now.
    ActivityView {
        /// Its pods, the youngest first.
        pods: Vec<PodView>,
        /// What happened, the latest first: at most 200. Clusters forget it after an hour or so.
        events: Vec<ClusterEventView>,
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
        /// The version of the terms that governs it: the one that bound the account when it was opened.
        terms: TermsView,
        /// Since when the account disputes what it is asked to pay: meanwhile no stage is gone through.
        #[schema(value_type = Option<String>, format = DateTime)]
        disputed_since: Option<Timestamp>,
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
        /// That its clocks stand still, where they do.
        paused: Option<PausedView>,
        /// Why it was withdrawn.
        withdrawn_because: Option<String>,
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
        /// `issued`, `undeliverable` or `served`.
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
        /// What was tried and failed: it starts no clock.
        failed: Vec<FailedAttemptView>,
        /// When it is tried again on the channels that refused it.
        #[schema(value_type = Option<String>, format = DateTime)]
        retry_at: Option<Timestamp>,
        /// Since when it reaches nobody.
        #[schema(value_type = Option<String>, format = DateTime)]
        undeliverable_since: Option<Timestamp>,
        /// What served it: `acknowledged`, `read`, `delivered` or `deemed`.
        served_by: Option<String>,
        /// The reminders that went out.
        reminded: Vec<String>,
    }
);

view!(
    /// The notice of a new version of the terms.
    TermsNoticeView {
        /// Its id.
        id: String,
        /// The version that is to bind. A member accepts it with its hash.
        terms: TermsView,
        /// The text of that version, as it was published.
        document: Option<String>,
        /// What changes.
        why: Option<String>,
        /// The letter.
        letter: Option<String>,
        /// When it was issued.
        #[schema(value_type = String, format = DateTime)]
        issued_at: Timestamp,
        /// `issued`, `served`, `bound`, `accepted`, or `overtaken` by another version that binds.
        state: String,
        /// When the version binds by itself; none while the notice is not served, and where it binds by acceptance only.
        #[schema(value_type = Option<String>, format = DateTime)]
        binds: Option<Timestamp>,
        /// What was tried to deliver it: channel and proof.
        attempts: Vec<AttemptView>,
    }
);

view!(
    /// An invoice, as the billing system told of it. Amounts are whole minor units of the currency.
    InvoiceView {
        /// Its number.
        id: String,
        /// What was billed.
        amount: u64,
        /// In which currency.
        currency: String,
        /// The last day on which it is paid in time.
        due: String,
        /// From when what is outstanding is overdue.
        #[schema(value_type = String, format = DateTime)]
        overdue_from: Timestamp,
        /// What was paid.
        paid: u64,
        /// What was credited.
        credited: u64,
        /// What the account disputes.
        disputed: u64,
        /// What is neither paid nor credited.
        outstanding: u64,
        /// What of it is due now.
        due_now: u64,
        /// The moment for which this holds.
        #[schema(value_type = String, format = DateTime)]
        as_of: Timestamp,
        /// When it was recorded.
        #[schema(value_type = String, format = DateTime)]
        recorded_at: Timestamp,
    }
);

view!(
    /// An attempt to deliver that failed.
    FailedAttemptView {
        /// The channel.
        channel: String,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
        /// What the channel answered.
        why: String,
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
        /// Its case; none where its basis is no power.
        case: Option<String>,
        /// The terms it rests on.
        terms: TermsView,
        /// The power; none where its basis is another.
        power: Option<String>,
        /// Why it may exist: `power`, `order` or `account_holder`.
        basis: String,
        /// The order it rests on.
        order: Option<String>,
        /// In whose name it stands: `order`, `legal`, `abuse`, `billing`, `operator` or `account_holder`.
        authority: String,
        /// The moment at which it lifts by itself.
        #[schema(value_type = Option<String>, format = DateTime)]
        ends: Option<Timestamp>,
        /// The items of its case that lift it by themselves once all are met.
        lifts_when: Vec<String>,
        /// What other systems have still to say in its present state.
        unacknowledged: Vec<String>,
        /// When somebody has to look at it again, at the latest; in the past where that is overdue.
        #[schema(value_type = Option<String>, format = DateTime)]
        review_due: Option<Timestamp>,
        /// Until when it can last without becoming a termination in all but name.
        #[schema(value_type = Option<String>, format = DateTime)]
        bound: Option<Timestamp>,
        /// When it lifts by itself because it has lasted past that and nothing was done.
        #[schema(value_type = Option<String>, format = DateTime)]
        constructive_termination_lifts: Option<Timestamp>,
        /// The preset.
        preset: String,
        /// What it withholds.
        withholds: BTreeSet<String>,
        /// How much of the declared computing time it leaves, in percent, where it is throttling.
        throttle_percent: Option<u8>,
        /// `released` where load balancers give up their addresses meanwhile, which may be others afterwards; else `kept`.
        load_balancers: String,
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
        /// The review that it owes or got, where it was an emergency measure that is provisional no more.
        emergency_review: Option<EmergencyReviewView>,
        /// The roles that are among those who consent, where the power names them.
        approver_roles: Vec<String>,
        /// The measure in whose place an appeal put this one.
        replaces: Option<String>,
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
        /// What is lost by it: persistent data is never among it.
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
        /// By when it is to be followed or decided, or when it ends as written.
        #[schema(value_type = Option<String>, format = DateTime)]
        due: Option<Timestamp>,
        /// Whether that has passed without it.
        overdue: bool,
        /// When it was observed to be followed.
        #[schema(value_type = Option<String>, format = DateTime)]
        followed_at: Option<Timestamp>,
        /// The seconds that were left until the deadline then; negative where it was missed by so much.
        margin_seconds: Option<i64>,
        /// For an appeal: who is to decide it. For orders that contradict each other: the others.
        with: Vec<String>,
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
        /// How many of its matches went on the record.
        matched: u64,
        /// How many cases it opened.
        opened: u64,
        /// How many of those an appeal overturned.
        overturned: u64,
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
