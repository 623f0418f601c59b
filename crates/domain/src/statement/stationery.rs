//! What a provider writes again and again: whom to ask, and the texts that stand for any case and so give no reason for
//! one.

/// Texts that say the same of every case, whoever the provider is. `{…}` stands for any words.
const STOCK: [&str; 14] = [
    "You have violated our terms of service",
    "You have violated our {} policy",
    "Violation of our terms of service",
    "Violation of the terms",
    "Your account violates our policies",
    "Your account has been suspended for violating our terms of service",
    "We have decided to suspend your account",
    "We found a violation of our terms in your account",
    "Your appeal has been denied",
    "Your appeal was reviewed and denied",
    "We have reviewed your appeal and our decision stands",
    "The decision stands",
    "After careful review we cannot reinstate your account",
    "For security reasons we cannot tell you more",
];

/// The fewest letters and digits that can say something.
const FEWEST_LETTERS: usize = 8;

/// The fewest words that can say something, in a script that parts words by blanks.
const FEWEST_WORDS: usize = 3;

/// What a provider says the same in every statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stationery {
    contacts: Vec<String>,
    templates: Vec<Template>,
}

impl Default for Stationery {
    fn default() -> Self {
        Self::new(Vec::new(), &[])
    }
}

impl Stationery {
    /// These contacts; and, beside the texts that are known to be templates, these.
    pub fn new(contacts: Vec<String>, templates: &[String]) -> Self {
        let all = STOCK.iter().copied().chain(templates.iter().map(String::as_str));
        Self { contacts, templates: all.map(Template::read).filter(|t| !t.words.is_empty()).collect() }
    }

    /// Whom to ask.
    pub fn contacts(&self) -> &[String] {
        &self.contacts
    }

    /// The template that these words are, where they are one.
    pub fn template_of(&self, text: &str) -> Option<&str> {
        let words = normal(text);
        self.templates.iter().find(|t| fits(&t.words, &words)).map(|t| t.text.as_str())
    }
}

/// A text of which any part in braces stands for any words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Template {
    text: String,
    /// Its words; none for what stands for any.
    words: Vec<Option<String>>,
}

impl Template {
    fn read(text: &str) -> Self {
        let mut words = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            words.extend(normal(before).into_iter().map(Some));
            words.push(None);
            rest = after.split_once('}').map_or("", |(_, after)| after);
        }
        words.extend(normal(rest).into_iter().map(Some));
        // What is nothing but blanks to fill would be every text.
        if words.iter().all(Option::is_none) {
            words.clear();
        }
        Self { text: text.trim().to_owned(), words }
    }
}

/// A text's words in lower case, without punctuation and white space.
pub fn normal(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().flat_map(char::to_lowercase).collect())
        .collect()
}

/// Whether a text is too short to say anything.
pub fn says_nothing(text: &str) -> bool {
    let words = normal(text);
    let letters: usize = words.iter().map(|w| w.chars().count()).sum();
    // Scripts such as Chinese part no words, and say more with each letter.
    let parts_words = text.is_ascii() || words.len() > 1;
    letters < if parts_words { FEWEST_LETTERS } else { FEWEST_LETTERS / 2 }
        || (parts_words && words.len() < FEWEST_WORDS)
}

/// Whether words are those of a template, each gap of which takes any number of them.
fn fits(template: &[Option<String>], words: &[String]) -> bool {
    // `reached[n]`: what was read of the template so far can be the first n words.
    let mut reached = vec![false; words.len() + 1];
    reached[0] = true;
    for part in template {
        let mut next = vec![false; words.len() + 1];
        let mut open = false;
        for n in 0..=words.len() {
            match part {
                None => {
                    open |= reached[n];
                    next[n] = open;
                }
                Some(word) => next[n] = n > 0 && reached[n - 1] && &words[n - 1] == word,
            }
        }
        reached = next;
    }
    reached[words.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_known_in_any_dress() {
        let house =
            Stationery::new(Vec::new(), &["Dear {name}, your {thing} was reported to us.".to_owned()]);
        for text in [
            "You have violated our Terms of Service.",
            "  you HAVE violated\tour terms -- of service!!!",
            "You have violated our acceptable use policy",
            "dear Ada Lovelace, your web site was reported to us",
            "The decision stands.",
        ] {
            assert!(house.template_of(text).is_some(), "{text}");
        }
        for text in [
            "98 reports of incitement in eight weeks, answered ever slower",
            "Dear Ada, your site was reported to us by three people on Monday, and the posts are still up",
            "",
        ] {
            assert_eq!(house.template_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_template_that_is_nothing_but_a_gap_is_none() {
        let house = Stationery::new(Vec::new(), &["{}".to_owned(), "  ".to_owned(), "{a} … {b".to_owned()]);
        assert_eq!(house.template_of("The posts call for violence."), None);
    }

    #[test]
    fn what_is_too_short_says_nothing() {
        for text in ["", "   ", "abuse", "no", "see above", "ToS.", "a b c", "……………………………", "违规"]
        {
            assert!(says_nothing(text), "{text}");
        }
        for text in ["It stays up", "It was not", "该网站发布暴力内容"] {
            assert!(!says_nothing(text), "{text}");
        }
    }
}
