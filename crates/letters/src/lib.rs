//! Letters: renderings of a notice's statement of reasons, as text and as HTML, in the words of a locale.
//!
//! Two templates say in which order a letter tells what; the words are those of a locale. A provider puts others over
//! either in a folder: `letter.txt`, `letter.html`, `LOCALE/letter.txt`, `LOCALE/letter.html`, `LOCALE/words.json`, and
//! `reasons/*.txt`, the texts of its own that give no reason. Letters without a statement (`brief.rs`) have a template of
//! their own, `brief.txt`. What does not compile or does not render is refused when
//! the folder is read, and not when a letter is due.

pub mod brief;
mod sample;
mod tell;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use tenure_domain::statement::{Statement, Stationery};

use brief::Brief;
use words::Words;

pub use words::FALLBACK;

const TEXT: &str = "letter.txt";
const HTML: &str = "letter.html";
const BRIEF: &str = "brief.txt";

/// The longest file of a provider's, in bytes.
const FILE_MAX: u64 = 1024 * 1024;

/// Why letters cannot be written as the provider wants them.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    /// A file or folder cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not do what letters need.
    #[error("{path}: {detail}")]
    Unfit {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A letter could not be rendered.
    #[error("a letter could not be rendered: {0}")]
    Render(String),
}

/// How letters are written.
#[derive(Clone)]
pub struct Letters {
    environment: Arc<Environment<'static>>,
    words: Arc<Words>,
    locale: String,
    templates: Vec<String>,
    contacts: Vec<String>,
}

impl std::fmt::Debug for Letters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letters").field("locale", &self.locale).finish_non_exhaustive()
    }
}

impl Letters {
    /// As Tenure writes them by itself, in English.
    pub fn built_in() -> Result<Self, LettersError> {
        Self::load(None, FALLBACK)
    }

    /// In this locale, and as the folder says.
    pub fn load(folder: Option<&Path>, locale: &str) -> Result<Self, LettersError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_recursion_limit(50);
        environment.set_auto_escape_callback(|name| {
            if Path::new(name).extension().is_some_and(|e| e == "html") {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        let unfit = |path: &Path, detail: String| LettersError::Unfit { path: path.to_owned(), detail };
        for (name, text) in [
            (TEXT, include_str!("../templates/letter.txt")),
            (HTML, include_str!("../templates/letter.html")),
            (BRIEF, include_str!("../templates/brief.txt")),
        ] {
            environment.add_template(name, text).map_err(|e| unfit(Path::new(name), e.to_string()))?;
        }
        let mut words = Words::built_in().map_err(|e| unfit(Path::new("words.json"), e))?;
        let mut templates = Vec::new();
        let mut sources = Vec::new();
        if let Some(folder) = folder {
            for (path, name) in files(folder)? {
                let text = read(&path)?;
                match name.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                    [TEXT | HTML | BRIEF] | [_, TEXT | HTML | BRIEF] => {
                        let name = name.join("/");
                        environment
                            .add_template_owned(name.clone(), text)
                            .map_err(|e| unfit(&path, told(&e)))?;
                        sources.push((name, path));
                    }
                    ["reasons", file] if Path::new(file).extension().is_some_and(|e| e == "txt") => {
                        templates.push(text);
                    }
                    [locale, "words.json"] => words.put(locale, &text).map_err(|e| unfit(&path, e))?,
                    _ => {
                        let detail = "no letter is made of this: letter.txt, letter.html, brief.txt, these in LOCALE/, LOCALE/words.json and reasons/*.txt are";
                        return Err(unfit(&path, detail.to_owned()));
                    }
                }
            }
        }
        let letters = Self {
            environment: Arc::new(environment),
            words: Arc::new(words),
            locale: locale.to_owned(),
            templates,
            contacts: Vec::new(),
        };
        if !letters.words.locales().any(|l| l == locale || Some(l) == locale.split('-').next()) {
            let known: Vec<&str> = letters.words.locales().collect();
            let detail = format!("there are no words in {locale:?}: name one of {}", known.join(", "));
            return Err(unfit(folder.unwrap_or(Path::new("words.json")), detail));
        }
        letters.check(&sources)?;
        Ok(letters)
    }

    /// Every kind of letter renders in every locale.
    fn check(&self, sources: &[(String, PathBuf)]) -> Result<(), LettersError> {
        let locales: Vec<String> = self.words.locales().map(str::to_owned).collect();
        let own = sources.iter().filter_map(|(name, _)| name.split_once('/').map(|(l, _)| l.to_owned()));
        let blame = |name: &str, locale: &str, error: LettersError| {
            let used = self.named(name, locale);
            match sources.iter().find(|(name, _)| *name == used) {
                Some((_, path)) => LettersError::Unfit { path: path.clone(), detail: error.to_string() },
                None => error,
            }
        };
        let sample = sample::Names::new().map_err(LettersError::Render)?;
        for locale in locales.into_iter().chain(own) {
            for statement in sample::all().map_err(LettersError::Render)? {
                for name in [TEXT, HTML] {
                    self.render(name, &statement, &locale).map_err(|e| blame(name, &locale, e))?;
                }
            }
            for brief in sample.briefs() {
                self.brief(&brief, &locale).map_err(|e| blame(BRIEF, &locale, e))?;
            }
        }
        Ok(())
    }

    /// The locale in which letters are written where nobody asks for another.
    pub fn locale(&self) -> &str {
        &self.locale
    }

    /// The same, naming these as those who answer questions.
    #[must_use]
    pub fn answered_by(mut self, contacts: Vec<String>) -> Self {
        self.contacts = contacts;
        self
    }

    /// The texts of the provider's own that give no reason.
    pub fn templates(&self) -> &[String] {
        &self.templates
    }

    /// What the provider says the same in every statement.
    pub fn stationery(&self) -> Stationery {
        Stationery::new(self.contacts.clone(), &self.templates)
    }

    /// The locale that fits best what a reader asks for with `Accept-Language` (RFC 9110); the letters' own where none
    /// does.
    pub fn locale_for(&self, accept: Option<&str>) -> String {
        let mut wanted: Vec<(f32, &str)> = accept
            .unwrap_or_default()
            .split(',')
            .filter_map(|part| {
                let mut fields = part.split(';').map(str::trim);
                let tag = fields.next().filter(|tag| !tag.is_empty())?;
                let weight = fields.find_map(|f| f.strip_prefix("q=")).map_or(Ok(1.0), str::parse);
                Some((weight.unwrap_or(0.0), tag))
            })
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        wanted.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let known = |tag: &str| {
            let language = tag.split('-').next().unwrap_or_default();
            [tag, language]
                .into_iter()
                .find_map(|t| self.words.locales().find(|l| l.eq_ignore_ascii_case(t)))
                .map(str::to_owned)
        };
        wanted.into_iter().find_map(|(_, tag)| known(tag)).unwrap_or_else(|| self.locale.clone())
    }

    /// The letter as text.
    pub fn text(&self, statement: &Statement, locale: &str) -> Result<String, LettersError> {
        self.render(TEXT, statement, locale)
    }

    /// The letter as a page that needs nothing else: no script, no other file.
    pub fn html(&self, statement: &Statement, locale: &str) -> Result<String, LettersError> {
        self.render(HTML, statement, locale)
    }

    /// A letter without a statement of reasons, as text.
    pub fn brief(&self, brief: &Brief<'_>, locale: &str) -> Result<String, LettersError> {
        let context = brief::context(&self.words, brief, locale).map_err(LettersError::Render)?;
        self.fill(BRIEF, context, locale)
    }

    /// What a mail with the letter is about.
    pub fn subject(&self, statement: &Statement, locale: &str) -> Result<String, LettersError> {
        tell::subject(&self.words, statement, locale).map_err(LettersError::Render)
    }

    /// The template of this name for a locale: the locale's own, or its language's, or else the common one.
    fn named(&self, name: &str, locale: &str) -> String {
        let language = locale.split('-').next().unwrap_or_default();
        [format!("{locale}/{name}"), format!("{language}/{name}")]
            .into_iter()
            .find(|n| self.environment.get_template(n).is_ok())
            .unwrap_or_else(|| name.to_owned())
    }

    fn render(&self, name: &str, statement: &Statement, locale: &str) -> Result<String, LettersError> {
        let context = tell::context(&self.words, statement, locale).map_err(LettersError::Render)?;
        self.fill(name, context, locale)
    }

    fn fill(&self, name: &str, context: minijinja::Value, locale: &str) -> Result<String, LettersError> {
        let template = self
            .environment
            .get_template(&self.named(name, locale))
            .map_err(|e| LettersError::Render(told(&e)))?;
        let mut text = template.render(context).map_err(|e| LettersError::Render(told(&e)))?;
        text.truncate(text.trim_end().len());
        text.push('\n');
        Ok(text)
    }
}

/// What went wrong in a template and where.
fn told(error: &minijinja::Error) -> String {
    let place = error.line().map_or_else(String::new, |line| format!(" on line {line}"));
    format!("{error}{place}")
}

fn read(path: &Path) -> Result<String, LettersError> {
    let fault = |source| LettersError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(fault)?.len() > FILE_MAX {
        let detail = format!("at most {FILE_MAX} bytes");
        return Err(LettersError::Unfit { path: path.to_owned(), detail });
    }
    std::fs::read_to_string(path).map_err(fault)
}

/// The files of a folder and of its folders, by their names below it, in order.
fn files(folder: &Path) -> Result<Vec<(PathBuf, Vec<String>)>, LettersError> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        let name = name_of(&path);
        if path.is_dir() {
            for inner in entries(&path)? {
                let names = vec![name.clone(), name_of(&inner)];
                found.push((inner, names));
            }
        } else {
            found.push((path, vec![name]));
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, LettersError> {
    let fault = |source| LettersError::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if !name_of(&path).starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
