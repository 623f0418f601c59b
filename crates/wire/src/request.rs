//! What is asked of the API.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::{Error as _, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use tenure_domain::account::Actor;
use tenure_domain::account::legal::{AppealOutcome, OrderKind};
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::money::Currency;
use tenure_domain::name::{
    AccountId, CaseId, ClusterId, EnvironmentId, Ground, InvoiceId, ItemId, PowerId, ReportId, RuleId,
    TermsId,
};
use tenure_domain::period::Period;
use tenure_domain::scope::Scope;
use tenure_domain::terms::Channel;
use tenure_domain::text::Blob;
use utoipa::{IntoParams, ToSchema};

pub use crate::workload::{RollBack, Scale, SetSecret, Volume, Workload};

use crate::legal::Instead;
use crate::parity::ParityAnswers;
use crate::plan::EnvironmentKindName;
use crate::schema::{
    AskedPresetName, BlobName, CapabilityName, ChannelName, Clause, CurrencyCode, Day, Digest, GroundCode,
    Holder, InvoiceNumber, Length, OrderKindName, OutcomeName, PresetName, ReportName, RoleName, ScopeName,
    Slug, Span, Text,
};

macro_rules! request {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

/// A whole number, also where it is written with a fraction of zero, as JSON Schema has it.
pub(crate) fn whole<'de, D: Deserializer<'de>, N: TryFrom<u64>>(deserializer: D) -> Result<N, D::Error> {
    struct Whole<N>(PhantomData<N>);

    impl<N: TryFrom<u64>> Visitor<'_> for Whole<N> {
        type Value = N;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a whole number that fits {} bytes", size_of::<N>())
        }

        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<N, E> {
            N::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
        }

        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<N, E> {
            if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
                return Err(E::invalid_value(Unexpected::Float(number), &self));
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "looked at on the lines above"
            )]
            self.visit_u64(number as u64)
        }
    }

    deserializer.deserialize_u64(Whole(PhantomData))
}

request!(
    /// What bounds an account or an environment.
    Plan {
        /// Processor time, in thousandths of a core.
        #[serde(deserialize_with = "whole")]
        cpu_millis: u32,
        /// Memory, in MiB.
        #[serde(deserialize_with = "whole")]
        memory_mib: u32,
        /// Storage of all volumes together, in MiB.
        #[serde(deserialize_with = "whole")]
        storage_mib: u32,
        /// Pods at once.
        #[serde(deserialize_with = "whole")]
        pods: u32,
    }
);

impl From<Plan> for tenure_domain::workload::Plan {
    fn from(plan: Plan) -> Self {
        let Plan { cpu_millis, memory_mib, storage_mib, pods } = plan;
        Self { cpu_millis, memory_mib, storage_mib, pods }
    }
}

impl From<tenure_domain::workload::Plan> for Plan {
    fn from(plan: tenure_domain::workload::Plan) -> Self {
        let tenure_domain::workload::Plan { cpu_millis, memory_mib, storage_mib, pods } = plan;
        Self { cpu_millis, memory_mib, storage_mib, pods }
    }
}

request!(
    /// A version of terms, by name.
    TermsVersion {
        /// Which agreement.
        #[schema(value_type = Slug)]
        id: TermsId,
        /// Which version.
        version: String,
    }
);

request!(
    /// Opens an account.
    OpenAccount {
        /// Its slug, which never changes.
        #[schema(value_type = Slug)]
        account: AccountId,
        /// The terms it accepted.
        terms: TermsVersion,
        /// What its plan allows.
        plan: Plan,
    }
);

request!(
    /// Creates an environment.
    CreateEnvironment {
        /// Its slug.
        #[schema(value_type = Slug)]
        environment: EnvironmentId,
        /// Its share of the account's plan.
        plan: Plan,
        /// Who decides what runs in it: Tenure, by what is declared, where it is left out.
        #[serde(default, skip_serializing_if = "EnvironmentKind::is_managed")]
        #[schema(value_type = EnvironmentKindName)]
        kind: EnvironmentKind,
        /// Services of type `LoadBalancer`.
        #[serde(default, deserialize_with = "whole")]
        load_balancers: u32,
        /// Hostnames.
        #[serde(default, deserialize_with = "whole")]
        hostnames: u32,
        /// The cluster that it lives on, one of those that the provider has; where it is left out, `main`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Slug>)]
        cluster: Option<ClusterId>,
    }
);

request!(
    /// Brings a report in.
    FileReport {
        /// About which account.
        #[schema(value_type = Slug)]
        account: AccountId,
        /// The reason code it alleges.
        #[schema(value_type = GroundCode)]
        ground: Ground,
        /// Where the thing is: a URL, a message id.
        #[schema(value_type = Text)]
        locator: String,
        /// What is alleged.
        #[schema(value_type = Text)]
        statement: String,
        /// The evidence, uploaded before: `sha256:…`.
        #[schema(value_type = Vec<BlobName>, max_items = 20)]
        evidence: Vec<Blob>,
        /// When the thing was seen.
        #[serde(default)]
        #[schema(value_type = Option<String>, format = DateTime)]
        observed_at: Option<Timestamp>,
        /// How the reporter can be reached.
        #[serde(default)]
        contact: Option<String>,
        /// The language of the statement, as a language tag (RFC 5646).
        #[serde(default)]
        #[schema(example = "de", min_length = 2, max_length = 35)]
        language: Option<String>,
        /// The reporter's own reference. What the same reporter sends with the same reference is the same report.
        #[serde(default)]
        reference: Option<String>,
    }
);

/// About which account a report in a published format is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AboutQuery {
    /// About which account. What a report names as its source is not looked up: the addresses and host names of
    /// accounts are not registered.
    #[param(value_type = String, example = "parley")]
    pub account: Option<AccountId>,
}

request!(
    /// Answers a report.
    Remediate {
        /// What was done.
        #[schema(value_type = Text)]
        answer: String,
    }
);

request!(
    /// Opens a case.
    OpenCase {
        /// Against which account.
        #[schema(value_type = Slug)]
        account: AccountId,
        /// On which ground.
        #[schema(value_type = GroundCode)]
        ground: Ground,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
        /// The reports it rests on.
        #[serde(default)]
        #[schema(value_type = Vec<ReportName>, max_items = 1000)]
        reports: Vec<ReportId>,
    }
);

/// Which clocks a notice starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Starts {
    /// The cure period: a violation notice.
    Cure,
    /// The notice period: a notice of intent.
    Notice,
    /// Both in one.
    Both,
}

request!(
    /// Issues a notice in a case.
    IssueNotice {
        /// The power that may be used when its periods have run.
        #[schema(value_type = Clause)]
        power: PowerId,
        /// Which clocks it starts when it is served.
        starts: Starts,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
        /// What the account is asked to do.
        #[serde(default)]
        items: Vec<AskItem>,
        /// The reports it rests on, beside those of the case.
        #[serde(default)]
        #[schema(value_type = Vec<ReportName>, max_items = 1000)]
        reports: Vec<ReportId>,
        /// What it rests on that is no report.
        #[serde(default)]
        #[schema(max_items = 100)]
        facts: Vec<SaidFact>,
    }
);

request!(
    /// Something that happened, which a notice rests on. A notice with a fact that lacks id, date or locator is refused.
    SaidFact {
        /// Its id, as the provider calls it.
        #[serde(default)]
        #[schema(max_length = 200, pattern = "^[^\\u0000]*$")]
        id: Option<String>,
        /// When it was seen.
        #[serde(default)]
        #[schema(value_type = Option<String>, format = DateTime)]
        at: Option<Timestamp>,
        /// Where it is or was: a URL, a message id.
        #[serde(default)]
        #[schema(max_length = 2000, pattern = "^[^\\u0000]*$")]
        locator: Option<String>,
        /// What was seen.
        #[serde(default)]
        #[schema(value_type = Option<Text>)]
        what: Option<String>,
        /// The evidence, as it was uploaded.
        #[serde(default)]
        #[schema(value_type = Vec<BlobName>, max_items = 5)]
        evidence: Vec<Blob>,
        /// Whether a machine found it.
        #[serde(default)]
        automated: bool,
    }
);

request!(
    /// Something the account is asked to do.
    AskItem {
        /// Its name within the case.
        #[schema(value_type = Slug)]
        id: ItemId,
        /// What is asked.
        #[schema(value_type = Text)]
        ask: String,
        /// The report it answers.
        #[serde(default)]
        #[schema(value_type = Option<ReportName>)]
        report: Option<ReportId>,
        /// The invoice whose payment it asks for, in a case on `non_payment`: it is met when nothing of it is due.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<InvoiceNumber>)]
        invoice: Option<InvoiceId>,
        /// How it is found to be done; by a person's review where it is left out.
        #[serde(default)]
        verifier: AskVerifier,
    }
);

request!(
    /// Tells an account of a new version of the terms.
    NotifyTerms {
        /// The published version that is to bind.
        terms: TermsVersion,
        /// What changes, for the account to read.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Accepts a version of the terms.
    AcceptTerms {
        /// The SHA-256 of the text that was read: the notice names it.
        #[schema(value_type = Digest)]
        hash: String,
    }
);

request!(
    /// Says where an invoice stands: all of it, each time. Amounts are whole minor units of the currency.
    RecordInvoice {
        /// Its number.
        #[schema(value_type = InvoiceNumber)]
        invoice: InvoiceId,
        /// What was billed. It never changes: what is taken back is credited.
        #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64)]
        #[serde(deserialize_with = "whole")]
        amount: u64,
        /// In which currency.
        #[schema(value_type = CurrencyCode)]
        currency: Currency,
        /// The last day on which it is paid in time, in the zone of the account's terms. It is never brought forward.
        #[schema(value_type = Day)]
        due: Date,
        /// What was paid so far.
        #[schema(maximum = 1_000_000_000_000_000_i64)]
        #[serde(deserialize_with = "whole")]
        paid: u64,
        /// What was credited so far.
        #[schema(maximum = 1_000_000_000_000_000_i64)]
        #[serde(deserialize_with = "whole")]
        credited: u64,
        /// What of the rest the account disputes, and nobody has decided on.
        #[schema(maximum = 1_000_000_000_000_000_i64)]
        #[serde(deserialize_with = "whole")]
        disputed: u64,
        /// The moment for which this holds; later than any that was told before.
        #[schema(value_type = String, format = DateTime)]
        as_of: Timestamp,
    }
);

/// How something that is asked is found to be done. A person's review always can.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "by", deny_unknown_fields)]
pub enum AskVerifier {
    /// A person of the provider.
    #[default]
    Review,
    /// The account's facts: met by itself when this holds of them.
    Fact {
        /// A condition over the facts that rules read.
        #[schema(min_length = 1, max_length = 2048, example = "reports(\"incitement\", \"P7D\").filed < 5")]
        bound: String,
    },
    /// A look at the place, once the account says that it is gone: met when it answers 404 or 410.
    Gone {
        /// An http or https URL.
        #[schema(min_length = 1, max_length = 2048, example = "https://parley.example/post/1")]
        locator: String,
    },
}

request!(
    /// Shows that a channel delivered a notice's letter.
    ProveDelivery {
        /// Which channel. It has taken the letter.
        #[schema(value_type = ChannelName)]
        channel: Channel,
        /// What shows it, as it was uploaded: a delivery status notification, a receipt.
        #[schema(value_type = BlobName)]
        evidence: Blob,
    }
);

request!(
    /// Makes the periods of a notice longer that still run.
    ExtendNotice {
        /// By how much, from where each would end; longer than zero.
        #[schema(value_type = Length)]
        by: Period,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Takes a case back.
    WithdrawCase {
        /// Why.
        #[schema(value_type = Text)]
        why: String,
        /// For how long what it rests on counts as false: nothing is opened on it again, but for reports that come later.
        /// Longer than zero, at most a year. Left out where it was not false.
        #[serde(default)]
        #[schema(value_type = Option<Length>)]
        false_for: Option<Period>,
    }
);

request!(
    /// Says that a signal is false on which no case is open.
    ClearSignal {
        /// On which ground.
        #[schema(value_type = GroundCode)]
        ground: Ground,
        /// The rule that gave it, where one did.
        #[serde(default)]
        #[schema(value_type = Option<Slug>)]
        rule: Option<RuleId>,
        /// Why it is false.
        #[schema(value_type = Text)]
        why: String,
        /// For how long nothing is opened on it again, but for reports that come later. Longer than zero, at most a year.
        #[schema(value_type = Length)]
        false_for: Period,
    }
);

request!(
    /// Says what was done about an item.
    SubmitCure {
        /// Which item.
        #[schema(value_type = Slug)]
        item: ItemId,
        /// What was done.
        #[schema(value_type = Text)]
        remedy: String,
    }
);

request!(
    /// Decides on a cure.
    DecideCure {
        /// Whether it is accepted.
        accept: bool,
        /// Why; required where it is not.
        #[serde(default)]
        #[schema(value_type = Option<Text>)]
        why: Option<String>,
    }
);

request!(
    /// Proposes a measure, or applies one at once under an emergency power.
    ProposeMeasure {
        /// Under which power of the accepted terms.
        #[schema(value_type = Clause)]
        power: PowerId,
        /// From what: `account`, `environment/NAME`, `workload/ENVIRONMENT/NAME` or
        /// `hostname/ENVIRONMENT/WORKLOAD/NAME`.
        #[schema(value_type = ScopeName)]
        scope: Scope,
        /// From when; none for as soon as it is approved.
        #[serde(default)]
        #[schema(value_type = Option<String>, format = DateTime)]
        effective: Option<Timestamp>,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
        /// Why nothing less would do, where something less exists and was not tried.
        #[serde(default)]
        #[schema(value_type = Option<Text>)]
        why_not_less: Option<String>,
        /// Whether it is applied at once, provisionally, under an emergency power.
        #[serde(default)]
        emergency: bool,
        /// When it lifts by itself; none for never. Not for an emergency measure.
        #[serde(default)]
        until: Option<Until>,
        /// What is said of the accounts with which it is compared. A proposal that is harsher than what similarly
        /// situated accounts met with is refused without a reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parity: Option<ParityAnswers>,
        /// The reports that the notice of an emergency measure rests on, beside those of the case.
        #[serde(default)]
        #[schema(value_type = Vec<ReportName>, max_items = 1000)]
        reports: Vec<ReportId>,
        /// What it rests on that is no report.
        #[serde(default)]
        #[schema(max_items = 100)]
        facts: Vec<SaidFact>,
    }
);

request!(
    /// When a measure lifts by itself: at the moment or as soon as all items are met, whichever comes first.
    Until {
        /// The moment.
        #[serde(default)]
        #[schema(value_type = Option<String>, format = DateTime)]
        ends: Option<Timestamp>,
        /// Items of its case.
        #[serde(default)]
        #[schema(value_type = Vec<Slug>, max_items = 200)]
        items: BTreeSet<ItemId>,
    }
);

request!(
    /// Says when a measure that stands lifts by itself. What was set before is never made harder.
    SetConditions {
        /// When.
        until: Until,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Asks that something be withheld from the own account, at once.
    AskMeasure {
        /// What: `freeze`, `withhold_payments`, `isolate` or `suspend`.
        #[schema(value_type = AskedPresetName)]
        preset: Preset,
        /// From what.
        #[schema(value_type = ScopeName)]
        scope: Scope,
        /// When it lifts by itself; none for when the account lifts it.
        #[serde(default)]
        #[schema(value_type = Option<String>, format = DateTime)]
        ends: Option<Timestamp>,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Withholds what an order commands, at once and until it is vacated.
    ApplyOrder {
        /// What: `freeze` for an order to preserve.
        #[schema(value_type = PresetName)]
        preset: Preset,
        /// From what, within the order's scope.
        #[schema(value_type = ScopeName)]
        scope: Scope,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Records that somebody looked at a measure in force again.
    ReviewMeasure {
        /// Whether it is lifted; else it stands.
        lift: bool,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Says what another system does about a measure.
    AcknowledgeEnforcement {
        /// What it enforces: `payments` or `storage.write`.
        #[schema(value_type = CapabilityName)]
        capability: Capability,
        /// Whether it is withheld now; else it is given back.
        withheld: bool,
    }
);

request!(
    /// Denies a deletion that is proposed or has its quorum.
    DenyDeletion {
        /// The deletion's `commandHash`, as read in the standing.
        #[schema(max_length = 64, example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
        command_hash: String,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Consents to exactly one command.
    Consent {
        /// The measure's `commandHash`, as read.
        #[schema(max_length = 64, example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
        command_hash: String,
    }
);

request!(
    /// Names another moment of effect.
    Amend {
        /// The moment.
        #[schema(value_type = String, format = DateTime)]
        effective: Timestamp,
    }
);

request!(
    /// Confirms that the machine's clock is right.
    ConfirmClock {
        /// What the machine's clock read when it was compared: `machine` of the clock, at most ten minutes ago.
        #[schema(value_type = String, format = DateTime)]
        moment: Timestamp,
        /// What it was compared with, and what was found.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Gives a reason.
    Reason {
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Records an order.
    RecordOrder {
        /// About which account.
        #[schema(value_type = Slug)]
        account: AccountId,
        /// What it commands: `stay`, `reinstate`, `preserve`, `remove` or `gag`.
        #[schema(value_type = OrderKindName)]
        kind: OrderKind,
        /// For what.
        #[schema(value_type = ScopeName)]
        scope: Scope,
        /// Who gave it, and under which reference.
        #[schema(value_type = Text)]
        authority: String,
        /// The document, uploaded before: `sha256:…`.
        #[schema(value_type = BlobName)]
        document: Blob,
        /// By when: service is back (`stay`; `reinstate`, which needs it), or the content gone (`remove`; an hour from now without it).
        #[serde(default)]
        #[schema(value_type = Option<String>, format = DateTime)]
        deadline: Option<Timestamp>,
        /// For `remove`, and only there: where exactly in the scope the content is.
        #[serde(default)]
        #[schema(value_type = Option<Text>)]
        locator: Option<String>,
        /// For `remove`, and only there: why nothing smaller than an environment would do.
        #[serde(default)]
        #[schema(value_type = Option<Text>)]
        why_not_less: Option<String>,
        /// For `gag`, and only there: its written end.
        #[serde(default)]
        #[schema(value_type = Option<String>, format = DateTime)]
        until: Option<Timestamp>,
        /// For `gag`, and only there: a case whose notices it covers, whatever they are about.
        #[serde(default)]
        #[schema(value_type = Option<String>, max_length = 39, pattern = "^[a-z0-9](-?[a-z0-9]){0,27}\\.c[1-9][0-9]{0,8}$", example = "parley.c1")]
        case: Option<CaseId>,
    }
);

request!(
    /// Places a hold.
    PlaceHold {
        /// On which account.
        #[schema(value_type = Slug)]
        account: AccountId,
        /// On what of it.
        #[schema(value_type = ScopeName)]
        scope: Scope,
        /// Whether it also preserves what running pods hold in memory and local files.
        running_state: bool,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Challenges a measure.
    FileAppeal {
        /// On what grounds.
        #[schema(value_type = Text)]
        grounds: String,
    }
);

request!(
    /// Decides an appeal.
    DecideAppeal {
        /// `upheld`, `modified` or `overturned`.
        #[schema(value_type = OutcomeName)]
        outcome: AppealOutcome,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
        /// For `modified`, and only there: what takes the measure's place.
        #[serde(default)]
        instead: Option<Instead>,
    }
);

request!(
    /// The roles someone holds from now.
    SetRoles {
        /// Their names.
        #[schema(value_type = Vec<RoleName>, max_items = 20)]
        roles: BTreeSet<String>,
    }
);

/// An actor that can hold a token: rules and the parts of Tenure cannot.
fn holder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Actor, D::Error> {
    match String::deserialize(deserializer)?.parse() {
        Ok(actor @ (Actor::Person(_) | Actor::Member(..))) => Ok(actor),
        Ok(Actor::Rule(_) | Actor::System(_)) | Err(_) => {
            Err(D::Error::custom("no holder of a token: use \"person/NAME\" or \"member/ACCOUNT/NAME\""))
        }
    }
}

request!(
    /// Issues a token.
    IssueToken {
        /// For whom: `person/NAME` or `member/ACCOUNT/NAME`.
        #[serde(deserialize_with = "holder")]
        #[schema(value_type = Holder)]
        subject: Actor,
    }
);

/// Moves the simulated clock: either by a span or to a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveClock {
    /// By how much: an ISO 8601 duration, such as `P3D` or `PT1H`; days are of 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Span>)]
    pub advance: Option<String>,
    /// To which moment.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "moment")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub set: Option<Timestamp>,
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        D::Error::custom(
            "no moment that can be kept: send one such as 2021-02-08T19:00:00Z, before the year 9999",
        )
    })
}

/// Which of what a workload wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogsQuery {
    /// Of which pod; of the youngest without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(max_length = 253, pattern = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
    pub pod: Option<String>,
    /// The last so many lines, 1 to 5000; 100 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 5000)]
    pub lines: Option<u32>,
    /// Only what is younger than so many seconds, 1 to 2592000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 2_592_000)]
    pub since_seconds: Option<u32>,
    /// Whether that of the container before its last start is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<bool>,
    /// Whether what is written from now on is sent too, for up to 10 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<bool>,
}

/// Which page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many, 1 to 200; 50 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub page_size: Option<u32>,
    /// Where to go on: the `nextPageToken` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}
