//! What templates are given: the statement as it is, and its parts in the words of a locale.

use std::sync::Arc;

use jiff::Timestamp;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{Error, ErrorKind, context};
use tenure_domain::balancers::Balancers;
use tenure_domain::calendar;
use tenure_domain::period::Period;
use tenure_domain::scope::Scope;
use tenure_domain::statement::{Automated, Data, Lasts, Statement, Tried};

use crate::words::Words;

/// Tells a statement's parts in a locale.
struct Teller<'a> {
    words: &'a Words,
    statement: &'a Statement,
    locale: &'a str,
}

/// The variables and functions of a template.
///
/// `statement` is the record with the names of its JSON; `say(key, gap=…)` the locale's words, `when(moment)` a moment in
/// the terms' zone. `what`, `why`, `clause`, `tried`, `automation`, `data` and `appeal` are its parts in words.
pub fn context(words: &Arc<Words>, statement: &Statement, locale: &str) -> Result<Value, String> {
    let teller = Teller { words, statement, locale };
    let say = {
        let (words, locale) = (Arc::clone(words), locale.to_owned());
        move |key: String, fill: Kwargs| -> Result<String, Error> {
            let mut gaps = Vec::new();
            for name in fill.args() {
                gaps.push((name.to_owned(), fill.get::<Value>(name)?.to_string()));
            }
            let gaps: Vec<(&str, &str)> = gaps.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            words.say(&locale, &key, &gaps).ok_or_else(|| {
                Error::new(ErrorKind::InvalidOperation, format!("there are no words for {key:?}"))
            })
        }
    };
    let when = {
        let zone = statement.time_zone.clone();
        move |at: Option<String>| -> Result<String, Error> {
            let Some(at) = at else { return Ok(String::new()) };
            let at: Timestamp = at
                .parse()
                .map_err(|_| Error::new(ErrorKind::InvalidOperation, format!("{at:?} is no moment")))?;
            Ok(local(&zone, at))
        }
    };
    let lasts = &statement.lasts;
    Ok(context! {
        locale,
        statement => Value::from(Serde(statement)),
        say => Value::from_function(say),
        when => Value::from_function(when),
        what => teller.what()?,
        why => teller.why()?,
        clause => teller.clause()?,
        tried => teller.tried()?,
        automation => teller.automation()?,
        data => teller.data()?,
        appeal => teller.appeal()?,
        heals => matches!(lasts, Lasts::NotBefore { .. } | Lasts::Provisional { .. } | Lasts::UntilCleared { .. }),
    })
}

/// What a mail with the letter is about: the notice's title and id.
pub fn subject(words: &Words, statement: &Statement, locale: &str) -> Result<String, String> {
    let kind = serde_json::to_value(&statement.kind).unwrap_or_default();
    let kind = kind.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
    let teller = Teller { words, statement, locale };
    Ok(format!("{}: {}", teller.say(&format!("title.{kind}"), &[])?, statement.notice))
}

/// A moment as people in a zone read it, with the zone's name and UTC.
pub(crate) fn local(zone: &str, at: Timestamp) -> String {
    let Ok(tz) = calendar::zone(zone) else { return at.to_string() };
    let local = at.to_zoned(tz).strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
    format!("{local} ({at})")
}

/// What a locale says for a key, its gaps filled.
pub(crate) fn say(words: &Words, locale: &str, key: &str, fill: &[(&str, &str)]) -> Result<String, String> {
    words.say(locale, key, fill).ok_or_else(|| format!("there are no words for {key:?}"))
}

/// What something applies to, in words.
pub(crate) fn scope(words: &Words, locale: &str, scope: &Scope) -> Result<String, String> {
    let text = scope.to_string();
    let (kind, name) = text.split_once('/').unwrap_or((&text, ""));
    words
        .say(locale, &format!("scope.{kind}"), &[("name", name)])
        .or_else(|| words.say(locale, "scope.other", &[("name", &text)]))
        .ok_or_else(|| format!("there are no words for {text:?}"))
}

/// A period in words.
pub(crate) fn period(words: &Words, locale: &str, period: Period) -> Result<String, String> {
    let counted = |n: u32, unit: &str| {
        let key = format!("{unit}.{}", if n == 1 { "one" } else { "many" });
        say(words, locale, &key, &[("n", &n.to_string())])
    };
    match period {
        Period::Days(n) => counted(n, "day"),
        Period::Months(n) => counted(n, "month"),
        Period::BusinessDays(n) => counted(n, "business_day"),
        Period::Seconds(0) => say(words, locale, "no_time", &[]),
        Period::Seconds(n) => {
            let parts = [(n / 3_600, "hour"), (n / 60 % 60, "minute"), (n % 60, "second")];
            let parts: Result<Vec<String>, String> =
                parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, unit)| counted(n, unit)).collect();
            Ok(parts?.join(" "))
        }
    }
}

impl Teller<'_> {
    fn say(&self, key: &str, fill: &[(&str, &str)]) -> Result<String, String> {
        say(self.words, self.locale, key, fill)
    }

    /// The words of a key, or of `KIND.other` with the name where there are none for it.
    fn named(&self, kind: &str, name: &str) -> Result<String, String> {
        match self.words.say(self.locale, &format!("{kind}.{name}"), &[]) {
            Some(said) => Ok(said),
            None => self.say(&format!("{kind}.other"), &[("name", name)]),
        }
    }

    fn when(&self, at: Timestamp) -> String {
        local(&self.statement.time_zone, at)
    }

    fn preset(&self) -> Result<String, String> {
        let preset = match self.statement.measure.throttle {
            Some(throttle) => {
                self.say("preset.throttled", &[("percent", throttle.percent().to_string().as_str())])?
            }
            None => self.say(&format!("preset.{}", self.statement.measure.preset), &[])?,
        };
        match self.statement.measure.load_balancers {
            Balancers::Kept => Ok(preset),
            Balancers::Released => self.say("preset.released", &[("preset", preset.as_str())]),
        }
    }

    fn scope(&self) -> Result<String, String> {
        let whole = &Scope::Account;
        scope(self.words, self.locale, self.statement.measure.scope.as_ref().unwrap_or(whole))
    }

    fn period(&self, length: Period) -> Result<String, String> {
        period(self.words, self.locale, length)
    }

    fn what(&self) -> Result<Vec<String>, String> {
        let (preset, scope) = (self.preset()?, self.scope()?);
        let measure = self.statement.measure.id.as_ref().map(ToString::to_string).unwrap_or_default();
        let said = [("preset", preset.as_str()), ("scope", &scope), ("measure", &measure)];
        let with = |more: (&'static str, &str), key: &str| {
            let mut fill: Vec<(&str, &str)> = said.to_vec();
            fill.push(more);
            self.say(key, &fill)
        };
        Ok(match &self.statement.lasts {
            Lasts::NotBefore { notice, cure } => {
                let mut lines = vec![with(("clause", self.statement.clause.id.as_str()), "what.intended")?];
                if let Some(cure) = cure {
                    lines.push(with(("period", &self.period(*cure)?), "what.cure")?);
                }
                if let Some(notice) = notice {
                    lines.push(with(("period", &self.period(*notice)?), "what.notice")?);
                }
                lines
            }
            Lasts::Provisional { ratify_by } => {
                vec![with(("when", &self.when(*ratify_by)), "what.provisional")?]
            }
            Lasts::UntilCleared { since } => vec![with(("when", &self.when(*since)), "what.untilCleared")?],
            Lasts::Final { since } => vec![with(("when", &self.when(*since)), "what.final")?],
            Lasts::Over { because, took_effect } => {
                let key = if *took_effect { "what.over" } else { "what.never" };
                vec![self.say(key, &said)?, self.named("over", because)?]
            }
            Lasts::Appealed { appeal, outcome, stands } => {
                let outcome = self.named("outcome", outcome)?;
                let mut fill = said.to_vec();
                let appeal = appeal.to_string();
                fill.extend([("appeal", appeal.as_str()), ("outcome", &outcome)]);
                let after = if *stands { "what.stands" } else { "what.undone" };
                vec![self.say("what.appealed", &fill)?, self.say(after, &[])?]
            }
            Lasts::Extended { notice, until } => {
                let mut lines = vec![with(("notice", &notice.to_string()), "what.extended")?];
                if let Some(until) = until {
                    lines.push(with(("when", &self.when(*until)), "what.until")?);
                }
                lines
            }
        })
    }

    fn why(&self) -> Result<String, String> {
        match (self.statement.why.trim(), &self.statement.lasts) {
            ("", Lasts::Over { because, .. }) => self.named("over", because),
            ("", _) => self.say("why.typed", &[]),
            (why, _) => Ok(why.to_owned()),
        }
    }

    fn clause(&self) -> Result<String, String> {
        let clause = &self.statement.clause;
        let grounds: Vec<&str> = clause.grounds.iter().map(tenure_domain::name::Ground::as_str).collect();
        let permits = self.say(&format!("preset.{}", clause.permits), &[])?;
        let fill = [("clause", clause.id.as_str()), ("preset", &permits), ("grounds", &grounds.join(", "))];
        let mut said = self.say("clause.permits", &fill)?;
        if let (Some(notice), Some(cure)) = (&clause.notice, &clause.cure) {
            let (notice, cure) = (self.period(*notice)?, self.period(*cure)?);
            said.push(' ');
            said.push_str(&self.say("clause.periods", &[("notice", &notice), ("cure", &cure)])?);
        }
        Ok(said)
    }

    fn tried(&self) -> Result<Vec<String>, String> {
        let one = |tried: &Tried| match tried {
            Tried::Notice { notice, served_at } => {
                let fill = [("notice", notice.to_string()), ("when", self.when(*served_at))];
                self.say("tried.notice", &fill.each_ref().map(|(n, v)| (*n, v.as_str())))
            }
            Tried::Measure { measure, preset, since } => {
                let preset = self.say(&format!("preset.{preset}"), &[])?;
                let fill =
                    [("measure", measure.to_string()), ("when", self.when(*since)), ("preset", preset)];
                self.say("tried.measure", &fill.each_ref().map(|(n, v)| (*n, v.as_str())))
            }
        };
        self.statement.tried.iter().map(one).collect()
    }

    fn automation(&self) -> Result<String, String> {
        let automation = &self.statement.automation;
        let found = match (&automation.rule, automation.detection) {
            (Some(rule), _) => self.say("automation.rule", &[("rule", rule.as_str())])?,
            (None, true) => self.say("automation.detected", &[])?,
            (None, false) => self.say("automation.not_detected", &[])?,
        };
        let decided = match automation.decision {
            Automated::Not => "automation.not",
            Automated::Partially => "automation.partially",
            Automated::Fully => "automation.fully",
        };
        Ok(format!("{found} {}", self.say(decided, &[])?))
    }

    fn data(&self) -> Result<String, String> {
        match &self.statement.data {
            Data::Untouched => self.say("data.untouched", &[]),
            Data::Kept => self.say("data.kept", &[]),
            Data::Retrieval { period } => self.say("data.retrieval", &[("period", &self.period(*period)?)]),
        }
    }

    fn appeal(&self) -> Result<String, String> {
        let appeal = &self.statement.appeal;
        let (window, decision) = (self.period(appeal.window)?, self.period(appeal.decided_within)?);
        self.say("appeal.how", &[("window", &window), ("decision", &decision)])
    }
}
