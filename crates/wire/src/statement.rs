//! A notice's statement of reasons, as the API shows it: the names of the record's canonical JSON.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! part {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

part!(
    /// Why a notice was issued, and what it means: the record of which letters are renderings. The answer is the canonical
    /// JSON (RFC 8785) whose SHA-256 the notice's event names.
    StatementView {
        /// The version of its form.
        form: u32,
        /// The notice.
        notice: String,
        /// What the notice says: `kind`, with the power, measure, notice or appeal that it names.
        kind: StatedKind,
        /// To which account.
        account: String,
        /// In which case.
        case: String,
        /// On which ground.
        ground: String,
        /// When it was issued.
        #[schema(value_type = String, format = DateTime)]
        issued_at: Timestamp,
        /// The time zone of the terms.
        time_zone: String,
        /// The measure, or the one intended.
        measure: StatedMeasure,
        /// From when it holds, or how long.
        lasts: StatedTime,
        /// What it rests on.
        facts: Vec<StatedFact>,
        /// The clause, from the accepted terms.
        clause: StatedClause,
        /// Why, in the words of whoever decided; empty where the record says it without words.
        why: String,
        /// Why nothing less would do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why_not_less: Option<String>,
        /// What was tried before that withholds less.
        tried: Vec<StatedTrial>,
        /// What machines did.
        automation: StatedAutomation,
        /// What happens to the account's data.
        data: StatedData,
        /// How it is put right.
        cure: StatedCure,
        /// How it is challenged.
        appeal: StatedAppeal,
        /// Who answers questions.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        contacts: Vec<String>,
    }
);

part!(
    /// What a notice says.
    StatedKind {
        /// `violation`, `intent`, `violationAndIntent`, `emergency`, `suspension`, `termination`, `extension`, `lift` or
        /// `appealOutcome`.
        kind: String,
        /// The power that it announces.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        power: Option<String>,
        /// The measure that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        measure: Option<String>,
        /// The notice whose period is extended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<String>,
        /// The appeal that was decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        appeal: Option<String>,
    }
);

part!(
    /// A measure, or one that is intended.
    StatedMeasure {
        /// Which; none where it is only intended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Its kind.
        preset: String,
        /// What it withholds.
        withholds: BTreeSet<String>,
        /// How much computing time it leaves, in percent of what is declared, where it is throttling.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        throttle: Option<u8>,
        /// `released` where load balancers give up their addresses meanwhile, which may be others afterwards.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        load_balancers: Option<String>,
        /// From what; none where it is only intended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
        /// From which kinds of scope the power permits it.
        scopes: BTreeSet<String>,
    }
);

part!(
    /// From when a measure holds, or how long.
    StatedTime {
        /// `notBefore`, `provisional`, `untilCleared`, `final`, `over`, `appealed` or `extended`.
        is: String,
        /// Of `notBefore`: the notice period, counted from service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        notice: Option<String>,
        /// Of `notBefore`: the time to put it right, counted from service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cure: Option<String>,
        /// Of `provisional`: it lifts by itself unless another person ratifies it before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        ratify_by: Option<Timestamp>,
        /// Of `untilCleared` and `final`: since when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        since: Option<Timestamp>,
        /// Of `over`: the reason's name in the record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
        /// Of `over`: whether it ever took effect.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        took_effect: Option<bool>,
        /// Of `appealed`: the appeal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        appeal: Option<String>,
        /// Of `appealed`: the outcome's name in the record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<String>,
        /// Of `appealed`: whether the measure stands after it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stands: Option<bool>,
        /// Of `extended`: when the period ends now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        until: Option<Timestamp>,
    }
);

part!(
    /// Something that happened.
    StatedFact {
        /// Its id: a report's, a notice's, a rule's, or one that the provider gave it.
        id: String,
        /// When it was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        at: Option<Timestamp>,
        /// Where it is or was.
        locator: String,
        /// What was seen or alleged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        what: Option<String>,
        /// The evidence, by its SHA-256.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        evidence: BTreeSet<String>,
        /// `report`, `rule`, `notice` or `finding`.
        source: String,
        /// Whether a machine found it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        automated: bool,
    }
);

part!(
    /// One exact text of terms.
    StatedTerms {
        /// Which agreement.
        id: String,
        /// Which version of it.
        version: String,
        /// The SHA-256 of the document's bytes.
        hash: String,
    }
);

part!(
    /// A clause as the accepted terms have it.
    StatedClause {
        /// Which terms.
        terms: StatedTerms,
        /// Its number.
        id: String,
        /// Its words, where the terms print them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// The measure it permits.
        permits: String,
        /// On which grounds.
        grounds: BTreeSet<String>,
        /// Its notice period; none for an emergency power.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<String>,
        /// Its cure period; none for an emergency power.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cure: Option<String>,
    }
);

part!(
    /// Something that was tried before: a notice that was served, or a lesser measure.
    StatedTrial {
        /// `notice` or `measure`.
        was: String,
        /// Which notice.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<String>,
        /// When it was served.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        served_at: Option<Timestamp>,
        /// Which measure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        measure: Option<String>,
        /// Its kind.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        preset: Option<String>,
        /// When it took effect.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        since: Option<Timestamp>,
    }
);

part!(
    /// What machines did.
    StatedAutomation {
        /// Whether a machine found what the notice rests on.
        detection: bool,
        /// The rule that opened the case.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
        /// `not`, `partially` or `fully`.
        decision: String,
    }
);

part!(
    /// What happens to the account's data.
    StatedData {
        /// `untouched`, `kept` or `retrieval`.
        is: String,
        /// Of `retrieval`: how long it can be fetched after the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        period: Option<String>,
    }
);

part!(
    /// How a case is put right.
    StatedCure {
        /// What is still to be done.
        items: Vec<StatedItem>,
        /// Where it is handed in.
        at: String,
    }
);

part!(
    /// Something to be done.
    StatedItem {
        /// Its name within the case.
        id: String,
        /// What is asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ask: Option<String>,
        /// The report it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        report: Option<String>,
    }
);

part!(
    /// How a measure is challenged.
    StatedAppeal {
        /// How long after it took effect.
        window: String,
        /// Within what time it is decided.
        decided_within: String,
        /// Where.
        at: String,
    }
);
