//! The words of a locale: what letters say, by key, with gaps in braces.

use std::collections::{BTreeMap, BTreeSet};

/// The locale in which every key has words.
pub const FALLBACK: &str = "en";

/// Keys and their words.
pub type Table = BTreeMap<String, String>;

/// The locales that come with Tenure.
const BUILT_IN: [(&str, &str); 2] =
    [("en", include_str!("../templates/en/words.json")), ("de", include_str!("../templates/de/words.json"))];

/// The words of all locales.
#[derive(Debug, Clone)]
pub struct Words {
    locales: BTreeMap<String, Table>,
}

impl Words {
    /// Those that come with Tenure.
    pub fn built_in() -> Result<Self, String> {
        let mut locales = BTreeMap::new();
        for (locale, text) in BUILT_IN {
            locales.insert(locale.to_owned(), read(text)?);
        }
        Ok(Self { locales })
    }

    /// Puts a provider's words of a locale over those that are there. Each has to be a word that letters use, with no
    /// gap that they do not fill.
    pub fn put(&mut self, locale: &str, text: &str) -> Result<(), String> {
        let table = read(text)?;
        let known = self.locales.get(FALLBACK).cloned().unwrap_or_default();
        for (key, words) in &table {
            let Some(like) = known.get(key) else { return Err(format!("no letter says {key:?}")) };
            if let Some(gap) = gaps(words).difference(&gaps(like)).next() {
                return Err(format!("{key:?} has the gap {{{gap}}}, which nothing fills"));
            }
        }
        self.locales.entry(locale.to_owned()).or_default().extend(table);
        Ok(())
    }

    /// The locales.
    pub fn locales(&self) -> impl Iterator<Item = &str> {
        self.locales.keys().map(String::as_str)
    }

    /// What a locale says for a key, or else its language without region, or else English.
    pub fn find(&self, locale: &str, key: &str) -> Option<&str> {
        let language = locale.split('-').next().unwrap_or_default();
        [locale, language, FALLBACK]
            .into_iter()
            .find_map(|l| self.locales.get(l)?.get(key))
            .map(String::as_str)
    }

    /// The same with its gaps filled; none where no locale has the key.
    pub fn say(&self, locale: &str, key: &str, fill: &[(&str, &str)]) -> Option<String> {
        self.find(locale, key).map(|words| filled(words, fill))
    }
}

/// Words with their gaps filled, each once: what is filled in is not looked through for gaps.
fn filled(words: &str, fill: &[(&str, &str)]) -> String {
    let mut said = String::new();
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('{') {
        said.push_str(before);
        let Some((gap, after)) = after.split_once('}') else { break };
        said.push_str(fill.iter().find(|(name, _)| *name == gap).map_or("", |(_, value)| value));
        rest = after;
    }
    said.push_str(rest);
    said
}

fn gaps(words: &str) -> BTreeSet<&str> {
    words.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(gap, _)| gap).collect()
}

fn read(text: &str) -> Result<Table, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_locale_says_nothing_that_english_does_not_and_fills_the_same_gaps() {
        let words = Words::built_in().unwrap();
        let mut again = words.clone();
        for (locale, text) in BUILT_IN {
            again.put(locale, text).unwrap();
            for (key, said) in &words.locales[locale] {
                assert_eq!(gaps(said), gaps(&words.locales[FALLBACK][key]), "{locale} {key}");
            }
        }
        assert_eq!(words.find("de-AT", "date"), Some("Datum"));
        assert_eq!(words.find("de", "outcome.other"), Some("{name}"), "what German lacks is said in English");
        assert_eq!(words.find("fr", "date"), Some("Date"));
        assert_eq!(words.find("en", "nothing"), None);
    }

    #[test]
    fn what_fills_a_gap_opens_none() {
        assert_eq!(filled("{a} and {b}", &[("a", "{b}"), ("b", "x")]), "{b} and x");
        assert_eq!(filled("{a", &[("a", "x")]), "{a", "what no brace closes is no gap");
    }
}
