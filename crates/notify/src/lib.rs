//! Delivery of notices, with proofs.
//!
//! A channel *takes* a letter and gives a proof that it did. Taking is not serving: what makes a notice served is a
//! member who reads or acknowledges it, or the terms' deemed rule, and that is for the domain to decide.

use std::path::{Path, PathBuf};

use mail_builder::MessageBuilder;
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::{BodyPart, MimePart};
use tokio::io::AsyncWriteExt as _;

/// A letter ready to go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// A name that is the same for each attempt at the same letter: a notice's id, or that of a reminder of it.
    pub id: String,
    /// The letter's SHA-256, as the record names it.
    pub blob: String,
    /// Its text.
    pub text: String,
    /// The same as a page, where it has one: then it goes out as mail with both.
    pub page: Option<Page>,
}

/// A letter as a page, and what a mail with it says in its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What the mail is about.
    pub subject: String,
    /// The page: HTML that needs nothing else.
    pub html: String,
    /// When the letter was issued, in seconds since 1970 (UTC).
    pub issued_at: i64,
}

impl Letter {
    /// The file's ending and bytes: a mail (RFC 5322) with text and page as alternatives, or the text alone. The same
    /// letter gives the same bytes. Sender and recipients are for the mail system that takes it.
    fn file(&self) -> Result<(&'static str, Vec<u8>), std::io::Error> {
        let Some(page) = &self.page else { return Ok(("txt", self.text.clone().into_bytes())) };
        let hash = self.blob.trim_start_matches("sha256:");
        let boundary = format!("letter_{}", hash.get(..32).unwrap_or(hash));
        let parts = vec![
            MimePart::new(ContentType::new("text/plain").attribute("charset", "utf-8"), self.text.as_str()),
            MimePart::new(ContentType::new("text/html").attribute("charset", "utf-8"), page.html.as_str()),
        ];
        let kind = ContentType::new("multipart/alternative").attribute("boundary", boundary);
        let mail = MessageBuilder::new()
            .message_id(format!("{}.{}@tenure.invalid", file_name(&self.id), hash.get(..16).unwrap_or(hash)))
            .date(page.issued_at)
            .subject(page.subject.as_str())
            .body(MimePart::new(kind, BodyPart::Multipart(parts)));
        Ok(("eml", mail.write_to_vec()?))
    }
}

/// Why a channel did not take a letter.
#[derive(Debug, thiserror::Error)]
#[error("the letter {letter} could not be written to {path}: {source}")]
pub struct DeliveryError {
    letter: String,
    path: PathBuf,
    source: std::io::Error,
}

impl DeliveryError {
    /// What the channel answered, for the record: without names of files or people.
    pub fn answer(&self) -> String {
        format!("the mail drop does not take it: {}", self.source.kind())
    }
}

/// A mail drop: each letter becomes a file, from which the provider's own mail system takes it.
#[derive(Debug, Clone)]
pub struct FileChannel {
    folder: PathBuf,
}

impl FileChannel {
    /// The drop in this folder, which is made where it does not exist.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts the letter there durably and gives the proof: the file's name and the letter's hash. Doing it again with
    /// the same letter replaces the file by itself.
    pub async fn deliver(&self, letter: &Letter) -> Result<String, DeliveryError> {
        let unfit = |source| DeliveryError { letter: letter.id.clone(), path: self.folder.clone(), source };
        let (ending, bytes) = letter.file().map_err(unfit)?;
        let name = format!("{}.{ending}", file_name(&letter.id));
        let path = self.folder.join(&name);
        let fault = |source| DeliveryError { letter: letter.id.clone(), path: path.clone(), source };
        tokio::fs::create_dir_all(&self.folder).await.map_err(fault)?;
        let part = self.folder.join(format!(".{name}.part"));
        let mut file = tokio::fs::File::create(&part).await.map_err(fault)?;
        file.write_all(&bytes).await.map_err(fault)?;
        file.sync_all().await.map_err(fault)?;
        tokio::fs::rename(&part, &path).await.map_err(fault)?;
        // The rename itself has to outlive a power cut before it may count as a proof.
        let folder = tokio::fs::File::open(&self.folder).await.map_err(fault)?;
        folder.sync_all().await.map_err(fault)?;
        Ok(format!("file {name} {}", letter.blob))
    }
}

/// The proof that the account's inbox holds a letter: it does from the moment the notice is on the record.
pub fn inbox_proof(letter: &Letter) -> String {
    format!("inbox {} {}", letter.id, letter.blob)
}

fn file_name(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(id: &str) -> Letter {
        Letter { id: id.into(), blob: "sha256:00".into(), text: "Dear tenant".into(), page: None }
    }

    #[tokio::test]
    async fn a_letter_delivered_twice_is_one_file_with_one_proof() {
        let folder = tempfile::tempdir().unwrap();
        let channel = FileChannel::new(folder.path().join("mail"));
        let first = channel.deliver(&letter("parley.n1")).await.unwrap();
        let again = channel.deliver(&letter("parley.n1")).await.unwrap();
        assert_eq!(
            (first.as_str(), again.as_str()),
            ("file parley.n1.txt sha256:00", "file parley.n1.txt sha256:00")
        );
        let files: Vec<_> = std::fs::read_dir(channel.folder()).unwrap().collect();
        assert_eq!(files.len(), 1);
        assert_eq!(std::fs::read_to_string(channel.folder().join("parley.n1.txt")).unwrap(), "Dear tenant");
    }

    #[tokio::test]
    async fn a_letter_with_a_page_is_one_mail_with_both_and_the_same_bytes_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let channel = FileChannel::new(folder.path());
        let page = Page {
            subject: "Anzeige eines Verstoßes: parley.n1".into(),
            html: "<!doctype html>\n<p>Liebes Konto — ".to_owned() + &"x".repeat(2_000) + "</p>\n",
            issued_at: 1_610_249_400,
        };
        let letter =
            Letter { page: Some(page.clone()), text: "Liebes Konto\n".into(), ..letter("parley.n1") };
        assert_eq!(channel.deliver(&letter).await.unwrap(), "file parley.n1.eml sha256:00");
        let first = std::fs::read(folder.path().join("parley.n1.eml")).unwrap();
        channel.deliver(&letter).await.unwrap();
        assert_eq!(std::fs::read(folder.path().join("parley.n1.eml")).unwrap(), first);
        assert!(first.split(|b| *b == b'\n').all(|line| line.len() < 999 && line.is_ascii()));

        let mail = mail_parser::MessageParser::default().parse(&first).unwrap();
        assert_eq!(mail.subject(), Some(page.subject.as_str()));
        assert_eq!(mail.date().unwrap().to_timestamp(), page.issued_at);
        assert_eq!(mail.body_text(0).unwrap().trim_end(), "Liebes Konto");
        assert_eq!(mail.body_html(0).unwrap().replace("\r\n", "\n").trim_end(), page.html.trim_end());
        assert_eq!(mail.attachment_count(), 0);
    }

    #[tokio::test]
    async fn a_letter_never_leaves_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let channel = FileChannel::new(folder.path().join("mail"));
        channel.deliver(&letter("../../etc/passwd")).await.unwrap();
        assert!(channel.folder().join(".._.._etc_passwd.txt").exists());
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_an_error_and_no_proof() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = FileChannel::new(file.path()).deliver(&letter("parley.n1")).await.unwrap_err();
        assert!(error.to_string().contains("parley.n1"), "{error}");
    }
}
