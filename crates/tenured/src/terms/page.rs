//! The page that `check-terms` prints.

use std::fmt::Write as _;

use tenure_domain::calendar::{CalendarError, Deadline};
use tenure_domain::terms::explain::{Course, Explanation, Finding, Grade, Touch, Way};
use tenure_domain::terms::{Terms, TermsRef};

use super::words::{counted, known, listed, measure, periods, scopes, short, touched, week};

/// How wide the page is, in characters.
pub const WIDTH: usize = 100;
/// What is said of a power that gives load balancers up.
const RELEASED: &str = "Load balancers give up their addresses meanwhile, and may have others afterwards.";
/// How far what belongs to a power is indented.
const DEEP: usize = 6;

/// Adds words, broken at blanks to the page's width, each line indented.
pub fn wrapped(out: &mut String, indent: usize, words: &str) {
    let mut column = 0;
    for word in words.split_whitespace() {
        let long = word.chars().count();
        if column > 0 && column + 1 + long > WIDTH {
            out.push('\n');
            column = 0;
        }
        if column == 0 {
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += long;
    }
    out.push('\n');
}

fn heading(out: &mut String, title: &str) {
    let _ = writeln!(out, "\n{title}\n{}", "─".repeat(WIDTH));
}

/// The whole page.
pub fn page(terms: &Terms, reference: &TermsRef, explanation: &Explanation) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}, version {}", reference.id, reference.version);
    let _ = writeln!(out, "SHA-256 {}", reference.hash);
    verdict(&mut out, explanation);
    heading(&mut out, "WHAT HOLDS FOR ALL OF IT");
    frame(&mut out, terms);
    heading(&mut out, "WHAT MAY HAPPEN, AND HOW SOON");
    let served = terms.calendar.in_words(explanation.example);
    wrapped(
        &mut out,
        2,
        &format!(
            "For example, every notice is served on {served}, and nothing is put right. Nothing takes effect before the moment named; later is always allowed. Where nobody confirms a notice, the moment beside \"unconfirmed\" counts."
        ),
    );
    for (ground, ways) in &explanation.grounds {
        let _ = writeln!(out, "\n  On the ground {ground}");
        for way in ways {
            one_way(&mut out, terms, explanation, way);
        }
    }
    heading(&mut out, "WHAT IT TOUCHES");
    for finding in &explanation.findings {
        one_finding(&mut out, terms, finding);
    }
    let _ = writeln!(out);
    wrapped(
        &mut out,
        0,
        "This says which figures the document has and which the regulations name. Whether a regulation applies, and whether a reason holds, is not known here: this is no legal advice.",
    );
    out
}

fn verdict(out: &mut String, explanation: &Explanation) {
    let of = |grade| explanation.findings.iter().filter(|f| f.grade == grade).count();
    let (warnings, fine) = (of(Grade::Warning), of(Grade::Fine));
    let _ = match warnings {
        0 => writeln!(out, "It reads. Nothing calls for a look; {} fine.", counted(fine, "finding")),
        n => writeln!(out, "It reads, with {}; {} fine.", counted(n, "warning"), counted(fine, "finding")),
    };
}

fn frame(out: &mut String, terms: &Terms) {
    let calendar = &terms.calendar;
    wrapped(
        out,
        2,
        &format!(
            "Days are counted in {}. Business days are {} without {}, which are known until {}.",
            calendar.time_zone,
            week(&calendar.business_days),
            counted(calendar.holidays.len(), "holiday"),
            calendar.covers_until
        ),
    );
    let channels: Vec<String> = terms.service.channels.iter().map(ToString::to_string).collect();
    let deemed = match &terms.service.deemed_after {
        Some(after) => format!(" or, where nobody does, {} after the first attempt", after.in_words()),
        None => " and never without that".to_owned(),
    };
    wrapped(
        out,
        2,
        &format!(
            "Notices go out by {}. They are served when a member of the account confirms them{deemed}.",
            listed(&channels, "and")
        ),
    );
    let changes = match &terms.changes {
        Some(changes) if changes.notice.is_zero() => {
            "as soon as its notice is served on the account".to_owned()
        }
        Some(changes) => {
            format!(
                "{} after its notice is served on the account, or when the account accepts it before",
                changes.notice.in_words()
            )
        }
        None => "only when the account accepts it: the document does not say how it changes".to_owned(),
    };
    wrapped(out, 2, &format!("A new version binds {changes}. Cases that are open then stay under this one."));
    let floors = &terms.floors;
    wrapped(
        out,
        2,
        &format!(
            "Whatever a power says: data can be fetched for {} after the end; appeals are taken for {} and decided within {}; evidence is kept for {}.",
            floors.retrieval.in_words(),
            floors.appeal_window.in_words(),
            floors.appeal_decision.in_words(),
            floors.evidence_retention.in_words()
        ),
    );
    if !terms.regulations.is_empty() {
        let numbers: Vec<&str> = terms.regulations.iter().map(|r| r.number()).collect();
        wrapped(
            out,
            2,
            &format!(
                "It says itself that it follows Regulation (EU) {}: Tenure refuses it where its figures say otherwise.",
                listed(&numbers, "and")
            ),
        );
    }
}

fn one_way(out: &mut String, terms: &Terms, explanation: &Explanation, way: &Way) {
    let _ = writeln!(out, "\n    {}  {}", way.power, way.permits.to_string().to_uppercase());
    wrapped(
        out,
        DEEP,
        &format!("{}: {}.", scopes(&way.scopes), measure(way.permits, way.throttle, &way.listed)),
    );
    if way.load_balancers.is_released() {
        wrapped(out, DEEP, RELEASED);
    }
    match &way.course {
        Course::Noticed { notice, cure, approvals, earliest, deemed } => {
            moment(out, terms, "not before", earliest);
            if let Some(deemed) = deemed {
                moment(out, terms, "unconfirmed", deemed);
            }
            wrapped(out, DEEP, &periods(*notice, *cure, *approvals));
        }
        Course::Emergency { notice_by, lifts_at } => {
            let _ = writeln!(
                out,
                "{}at once       in an emergency, by one person, provisionally",
                " ".repeat(DEEP)
            );
            moment(out, terms, "notice by", notice_by);
            moment(out, terms, "lifts on", lifts_at);
            wrapped(out, DEEP, "It lasts longer only where another person ratifies it before that.");
        }
    }
    if let Some(after) = way.after {
        wrapped(
            out,
            DEEP,
            &format!(
                "Only while a measure that permits {after} is in force in the same case: the moment counts that one in."
            ),
        );
    }
    if let Some(lesser) = &way.lesser {
        wrapped(
            out,
            DEEP,
            &format!("{lesser} is less and comes first, or the record says why it would not do."),
        );
    }
    if let Some(period) = way.constructive_termination_after {
        wrapped(
            out,
            DEEP,
            &format!("After {} without an end it counts as a termination.", period.in_words()),
        );
    }
    if let Some(period) = way.retrieval {
        wrapped(out, DEEP, &format!("The data can be fetched for {} afterwards.", period.in_words()));
    }
    let touches: Vec<String> = explanation
        .findings
        .iter()
        .filter(|f| f.powers.contains(&way.power) || f.touches == Touch::Reasons)
        .map(|f| match f.grade {
            Grade::Warning => format!("{} (WARNING)", short(f.touches)),
            Grade::Fine => short(f.touches).to_owned(),
        })
        .collect();
    wrapped(out, DEEP, &format!("Touches {}.", listed(&touches, "and")));
}

fn moment(out: &mut String, terms: &Terms, label: &str, at: &Result<Deadline, CalendarError>) {
    let said = match at {
        Ok(deadline) => terms.calendar.in_words(deadline.at),
        Err(CalendarError::CalendarEnds { covers_until, .. }) => {
            format!("not known: it lies past {covers_until}, until when the holidays are known")
        }
        Err(error) => error.to_string(),
    };
    let _ = writeln!(out, "{}{label:<14}{said}", " ".repeat(DEEP));
}

fn one_finding(out: &mut String, terms: &Terms, finding: &Finding) {
    let grade = match finding.grade {
        Grade::Warning => "WARNING",
        Grade::Fine => "fine   ",
    };
    let named = match (finding.named, finding.touches.regulation()) {
        (true, _) => " (the document names it)",
        (false, Some(_)) => " (if it applies to you)",
        (false, None) => "",
    };
    let mut heading = String::new();
    wrapped(&mut heading, 11, &format!("{}{named}", touched(finding.touches)));
    let _ = write!(out, "\n  {grade}  {}", heading.trim_start());
    wrapped(out, 11, &known(finding, terms));
}
