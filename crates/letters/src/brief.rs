//! Letters without a statement of reasons: reminders, and what tells of an order, of the end of an account and of new
//! terms.

use jiff::Timestamp;
use minijinja::context;
use minijinja::value::Value;
use tenure_domain::name::{AccountId, CaseId, MeasureId, NoticeId};
use tenure_domain::period::Period;
use tenure_domain::scope::Scope;
use tenure_domain::terms::TermsRef;

use crate::tell::{local, period, say, scope};
use crate::words::Words;

/// A letter without a statement of reasons.
#[derive(Debug, Clone)]
pub struct Brief<'a> {
    /// Whom it is to.
    pub account: &'a AccountId,
    /// The zone in which its moments are told: that of the terms.
    pub zone: &'a str,
    /// What it tells.
    pub tells: Tells<'a>,
}

/// What a letter without a statement of reasons tells.
#[derive(Debug, Clone)]
pub enum Tells<'a> {
    /// A period of a notice runs.
    Reminder {
        /// The notice.
        notice: &'a NoticeId,
        /// The name of its kind, as the statement's JSON has it.
        kind: &'a str,
        /// Its case.
        case: &'a CaseId,
        /// What ends, and when.
        ends: Option<Ends>,
    },
    /// Something has to go because an order says so.
    Removal {
        /// The date of the letter.
        at: Timestamp,
        /// The terms that bind.
        terms: &'a TermsRef,
        /// What the measure applies to.
        scope: &'a Scope,
        /// Who gave the order.
        authority: &'a str,
        /// What has to go.
        locator: &'a str,
    },
    /// The account has ended, and its data can be fetched.
    Retrieval {
        /// The date of the letter.
        at: Timestamp,
        /// The terms under which it ended.
        terms: &'a TermsRef,
        /// The termination.
        measure: &'a MeasureId,
        /// When that took effect.
        since: Timestamp,
        /// 0 for the notice that begins the time, else which of its reminders.
        number: u8,
        /// How many reminders there are.
        reminders: u8,
        /// For how long.
        time: Option<Time>,
        /// How many people have to consent before anything is deleted.
        quorum: u8,
    },
    /// A version of the terms was published.
    Terms {
        /// The date of the letter.
        at: Timestamp,
        /// The terms that bind.
        bind: &'a TermsRef,
        /// The new ones.
        new: &'a TermsRef,
        /// What changes.
        why: &'a str,
        /// How long after its service they bind; nothing where only acceptance binds.
        after: Option<Period>,
    },
}

/// What ends for a notice.
#[derive(Debug, Clone, Copy)]
pub enum Ends {
    /// The time to put things right.
    Cure(Timestamp),
    /// The time of the notice.
    Notice(Timestamp),
}

/// For how long data can be fetched.
#[derive(Debug, Clone, Copy)]
pub enum Time {
    /// Until then.
    Until(Timestamp),
    /// For so long from the service of the letter.
    For {
        /// What the terms promise.
        promised: Period,
        /// What they promise at least.
        least: Period,
    },
}

/// The variables of a template: `title`, `rows` (`label` and `value`), `lines`, `always`, `requests` and `locale`.
pub(crate) fn context(words: &Words, brief: &Brief<'_>, locale: &str) -> Result<Value, String> {
    let teller = Teller { words, locale, zone: brief.zone };
    let said = teller.tell(brief)?;
    let rows: Vec<Value> = said
        .rows
        .into_iter()
        .map(|(label, value)| Ok(context! { label => teller.say(label, &[])?, value }))
        .collect::<Result<_, String>>()?;
    let always = teller.say("contacts.always", &[])?;
    Ok(context! { locale, title => said.title, rows, lines => said.lines, always, requests => said.requests })
}

struct Said {
    title: String,
    rows: Vec<(&'static str, String)>,
    lines: Vec<String>,
    requests: Vec<String>,
}

struct Teller<'a> {
    words: &'a Words,
    locale: &'a str,
    zone: &'a str,
}

impl Teller<'_> {
    fn say(&self, key: &str, fill: &[(&str, &str)]) -> Result<String, String> {
        say(self.words, self.locale, key, fill)
    }

    fn when(&self, at: Timestamp) -> String {
        local(self.zone, at)
    }

    fn period(&self, length: Period) -> Result<String, String> {
        period(self.words, self.locale, length)
    }

    fn tell(&self, brief: &Brief<'_>) -> Result<Said, String> {
        let account = brief.account;
        let mut rows = vec![("to", account.to_string())];
        let named = |terms: &TermsRef| format!("{terms} (SHA-256 {})", terms.hash);
        let (title, lines, requests) = match &brief.tells {
            Tells::Reminder { notice, kind, case, ends } => {
                rows.push(("case", case.to_string()));
                let kind = self.say(&format!("title.{kind}"), &[])?;
                let title =
                    self.say("title.reminder", &[("notice", &notice.to_string()), ("kind", &kind)])?;
                let line = match *ends {
                    Some(Ends::Cure(at)) => Some(self.say("reminder.cure", &[("when", &self.when(at))])?),
                    Some(Ends::Notice(at)) => Some(self.say("reminder.notice", &[("when", &self.when(at))])?),
                    None => None,
                };
                let requests = vec![
                    format!("GET /v1/accounts/{account}/standing"),
                    format!("GET /v1/accounts/{account}/notices/{notice}"),
                    format!("POST /v1/cases/{case}/cures"),
                ];
                (title, line.into_iter().collect(), requests)
            }
            Tells::Removal { at, terms, scope: what, authority, locator } => {
                rows.push(("date", self.when(*at)));
                rows.push(("terms", named(terms)));
                rows.push(("applied_to", scope(self.words, self.locale, what)?));
                rows.push(("ordered_by", (*authority).to_owned()));
                let lines =
                    vec![self.say("removal.what", &[("locator", locator)])?, self.say("removal.who", &[])?];
                (self.say("title.removal", &[])?, lines, answers(account))
            }
            Tells::Retrieval { at, terms, measure, since, number, reminders, time, quorum } => {
                rows.push(("date", self.when(*at)));
                rows.push(("terms", named(terms)));
                rows.push(("measure", measure.to_string()));
                let (number, reminders) = (number.to_string(), reminders.to_string());
                let title = if number == "0" {
                    self.say("title.retrieval", &[])?
                } else {
                    self.say("title.retrieval.reminder", &[("number", &number), ("reminders", &reminders)])?
                };
                let fill = [("measure", measure.to_string()), ("when", self.when(*since))];
                let mut lines =
                    vec![self.say("retrieval.ended", &fill.each_ref().map(|(n, v)| (*n, v.as_str())))?];
                match *time {
                    Some(Time::Until(at)) => {
                        lines.push(self.say("retrieval.until", &[("when", &self.when(at))])?);
                    }
                    Some(Time::For { promised, least }) => {
                        let (promised, least) = (self.period(promised)?, self.period(least)?);
                        lines.push(self.say("retrieval.for", &[("period", &promised), ("least", &least)])?);
                    }
                    None => {}
                }
                let fill = [("quorum", quorum.to_string()), ("reminders", reminders)];
                lines.push(self.say("retrieval.after", &fill.each_ref().map(|(n, v)| (*n, v.as_str())))?);
                (title, lines, answers(account))
            }
            Tells::Terms { at, bind, new, why, after } => {
                rows.push(("date", self.when(*at)));
                rows.push(("terms.bind", named(bind)));
                rows.push(("terms.new", named(new)));
                let mut lines = vec![self.say("terms.changes", &[("why", why)])?];
                lines.push(match *after {
                    Some(after) => self.say("terms.after", &[("period", &self.period(after)?)])?,
                    None => self.say("terms.accepted", &[])?,
                });
                lines.push(self.say("terms.until", &[("terms", &bind.to_string())])?);
                let path = format!("/v1/accounts/{account}/terms-notices");
                let requests = vec![
                    format!("GET {path}"),
                    format!("POST {path}/…/acknowledgement"),
                    format!("POST {path}/…/acceptance"),
                ];
                (self.say("title.terms", &[])?, lines, requests)
            }
        };
        Ok(Said { title, rows, lines, requests })
    }
}

/// What an account can always do, whatever it is told.
fn answers(account: &AccountId) -> Vec<String> {
    vec![
        format!("GET /v1/accounts/{account}/standing"),
        format!("POST /v1/accounts/{account}/notices/…/acknowledgement"),
        "POST /v1/cases/…/cures".to_owned(),
        "POST /v1/measures/…/appeals".to_owned(),
    ]
}
