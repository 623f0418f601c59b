//! The syntax of a cron job's schedule, as the cluster reads it.

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// It has not five fields.
    #[error(
        "a schedule has five fields (minute, hour, day of the month, month, day of the week), this has {0}"
    )]
    Fields(usize),
    /// A field cannot be read.
    #[error("the {field} {text:?} is not {form}")]
    Field {
        /// Which field, in words.
        field: &'static str,
        /// What was given.
        text: String,
        /// What would be right.
        form: String,
    },
    /// The day never comes.
    #[error("no month that is named has such a day: it would never begin")]
    Never,
}

struct Field {
    name: &'static str,
    least: u8,
    most: u8,
    words: &'static [&'static str],
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// The days of each month in a leap year.
const LENGTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, words: &[] },
    Field { name: "hour", least: 0, most: 23, words: &[] },
    Field { name: "day of the month", least: 1, most: 31, words: &[] },
    Field { name: "month", least: 1, most: 12, words: &MONTHS },
    Field { name: "day of the week", least: 0, most: 6, words: &DAYS },
];

impl Field {
    fn number(&self, text: &str) -> Option<u8> {
        let word = self.words.iter().position(|word| text.eq_ignore_ascii_case(word));
        if let Some(at) = word.and_then(|at| u8::try_from(at).ok()) {
            return Some(at + self.least);
        }
        let digits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
        let number: u8 = digits.then(|| text.parse().ok())??;
        (self.least..=self.most).contains(&number).then_some(number)
    }

    /// The values of one field; none where it is malformed.
    fn values(&self, text: &str) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => {
                    let fits = step.len() <= 2 && step.bytes().all(|b| b.is_ascii_digit());
                    (range, fits.then(|| step.parse::<u8>().ok())?.filter(|step| *step > 0)?)
                }
                None => (part, 1),
            };
            let (from, to) = if range == "*" {
                (self.least, self.most)
            } else if let Some((from, to)) = range.split_once('-') {
                (self.number(from)?, self.number(to)?)
            } else {
                let from = self.number(range)?;
                (from, if part.contains('/') { self.most } else { from })
            };
            if from > to {
                return None;
            }
            all.extend((from..=to).step_by(step.into()));
        }
        Some(all)
    }

    fn form(&self) -> String {
        let words = match self.words {
            [first, .., last] => format!(" or {first} to {last}"),
            _ => String::new(),
        };
        format!(
            "\"*\", numbers from {} to {}{words}, ranges, lists and steps of them, such as \"*/{}\"",
            self.least,
            self.most,
            if self.most > 20 { 15 } else { 2 }
        )
    }
}

/// Checks a schedule: five fields of `*`, numbers, names of months and days, ranges, lists and steps. Not all that some
/// crons understand: no `@daily`, no `L`, `W`, `#` or `?`, and no day 7.
pub fn check_cron(text: &str) -> Result<(), CronError> {
    let fields: Vec<&str> = text.split(' ').collect();
    if fields.len() != FIELDS.len() {
        return Err(CronError::Fields(fields.len()));
    }
    let mut values = Vec::with_capacity(FIELDS.len());
    for (field, text) in FIELDS.iter().zip(&fields) {
        let wrong = || CronError::Field {
            field: field.name,
            text: text.chars().take(40).collect(),
            form: field.form(),
        };
        values.push(field.values(text).ok_or_else(wrong)?);
    }
    // Where both days are named, either is enough; so only the day of the month alone can fail to come.
    let [_, _, days, months, _] = values.as_slice() else { return Err(CronError::Fields(values.len())) };
    let any_weekday = fields.get(4).is_some_and(|text| text.starts_with('*'));
    let comes = months.iter().any(|month| {
        let length = LENGTHS.get(usize::from(*month).saturating_sub(1)).copied().unwrap_or(31);
        days.iter().any(|day| *day <= length)
    });
    if any_weekday && !comes { Err(CronError::Never) } else { Ok(()) }
}
