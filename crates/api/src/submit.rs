//! Writing: a submission to the engine, answered the same way everywhere.

use std::collections::BTreeMap;

use axum::body::Body as ResponseBody;
use axum::http::{StatusCode, header};
use axum::response::Response;
use tenure_domain::account::Account;
use tenure_domain::account::provision::Provision;
use tenure_domain::book::Entry;
use tenure_domain::name::Hostname;
use tenure_domain::text::Words;
use tenure_engine::EngineError;
use tenure_engine::imports::Import;
use tenure_engine::kept::Kept;
use tenure_engine::parity::Answers;
use tenure_engine::submission::{Act, After, Done, Once, Outcome, Submission};
use tenure_rules::parity::Answer;
use tenure_store::Answer as Given;
use tenure_wire::parity::{ParityAnswer, ParityAnswers};
use tenure_wire::view::{EventRef, Written};

use crate::call::{Call, etag};
use crate::limits;
use crate::problem::Failure;

/// A write in the making.
pub struct Writing<'a> {
    call: &'a Call,
    hash: String,
    kept: Kept,
    if_version: Option<u64>,
    parity: Answers,
}

impl<'a> Writing<'a> {
    /// A write whose request body has this hash.
    pub fn new(call: &'a Call, hash: impl Into<String>) -> Self {
        Self { call, hash: hash.into(), kept: Kept::default(), if_version: None, parity: Answers::default() }
    }

    /// The answer that this very request got before, where it was sent under the same key. Asked before conditions
    /// that its own success may have changed.
    pub async fn repeated(&self) -> Result<Option<Response>, Failure> {
        let Some(key) = &self.call.key else { return Ok(None) };
        match self.call.engine.answer_given(&self.call.principal, key).await? {
            Some(kept) if kept.request == self.request() => respond(&kept, true).map(Some),
            Some(_) => Err(EngineError::KeyReused.into()),
            None => Ok(None),
        }
    }

    fn request(&self) -> String {
        format!("{} {}", self.call.target, self.hash)
    }

    /// Only if the aggregate is at this version.
    pub fn only_at(&mut self, version: u64) {
        self.if_version = Some(version);
    }

    /// Words at a place of the body.
    pub fn words(&mut self, pointer: &str, text: &str) -> Result<Words, Failure> {
        Ok(self.call.engine.words(&mut self.kept, said(pointer, text)?)?)
    }

    /// What a proposal says of the accounts with which it is compared.
    pub fn compared_with(&mut self, parity: Option<ParityAnswers>) -> Result<(), Failure> {
        let Some(ParityAnswers { answers, deviation }) = parity else { return Ok(()) };
        if answers.len() > limits::ANSWERS {
            let detail = format!("at most {} answers", limits::ANSWERS);
            return Err(Failure::invalid("/parity/answers", detail));
        }
        for (n, answer) in answers.into_iter().enumerate() {
            let why = said(&format!("/parity/answers/{n}/why"), &answer.why)?.to_owned();
            let ParityAnswer { account, same_service, same_content_locus, .. } = answer;
            self.parity.answers.push(Answer { account, same_service, same_content_locus, why });
        }
        self.parity.deviation =
            deviation.as_deref().map(|why| said("/parity/deviation", why).map(str::to_owned)).transpose()?;
        Ok(())
    }

    /// The same for words that may be left out.
    pub fn maybe_words(&mut self, pointer: &str, text: Option<&str>) -> Result<Option<Words>, Failure> {
        text.map(|text| self.words(pointer, text)).transpose()
    }

    /// The values of a secret, which nobody reads again.
    pub fn secret(&mut self, values: &BTreeMap<String, String>) -> Result<Words, Failure> {
        Ok(self.call.engine.secret_values(&mut self.kept, values)?)
    }

    /// Bytes to be kept with it.
    pub fn blob(&mut self, media_type: &str, bytes: Vec<u8>) -> tenure_domain::text::Blob {
        self.kept.blob(media_type, bytes)
    }

    /// The command that imports a namespace, with what is seen there now.
    pub async fn import(&mut self, account: &Account, asked: Import) -> Result<Provision, Failure> {
        Ok(self.call.engine.import(account, asked, &mut self.kept).await?)
    }

    /// The command that proves a hostname, with what answers there now.
    pub async fn prove(&mut self, account: &Account, hostname: Hostname) -> Result<Provision, Failure> {
        Ok(self.call.engine.prove_hostname(account, hostname, &mut self.kept).await?)
    }

    /// Carries it out. `made` gives the id and the path of what was made or changed; `created` whether it is new, unless
    /// nothing came of it.
    pub async fn submit(
        self,
        act: Act,
        created: bool,
        made: impl Fn(&Done) -> (String, String) + Send + Sync + 'static,
    ) -> Result<Response, Failure> {
        let answer = move |done: &Done| -> Given {
            // What the book already says is not made again.
            let said_before = done.events.is_empty() && matches!(done.after, After::Book(_));
            let created = created && !said_before && !done.joined();
            let status = if created { StatusCode::CREATED } else { StatusCode::OK };
            let (id, href) = made(done);
            let written = written(done, id, href);
            let mut headers = vec![(header::ETAG.to_string(), etag(written.version))];
            if created {
                headers.push((header::LOCATION.to_string(), written.href.clone()));
            }
            Given {
                request: String::new(),
                status: status.as_u16(),
                headers: serde_json::to_string(&headers).unwrap_or_default(),
                body: serde_json::to_string(&written).unwrap_or_default(),
            }
        };
        let call = self.call;
        let anew = matches!(act, Act::FileReport(..) | Act::Keep | Act::Book(Entry::Delivering(_), _));
        if anew && (call.if_match.is_some() || call.if_none) {
            let detail = "this makes something new whenever it is sent: leave it out";
            return Err(Failure::parameter(if call.if_none { "If-None-Match" } else { "If-Match" }, detail));
        }
        // What must not exist yet is at version 0.
        let must_not_exist = (call.if_none && matches!(act, Act::Book(..))).then_some(0);
        let request = self.request();
        let mut submission = Submission::new(call.caller(), act).keeping(self.kept);
        submission.parity = self.parity;
        submission.if_version = self.if_version.or(call.if_match).or(must_not_exist);
        match &call.key {
            Some(key) => {
                let named = request.clone();
                submission.once = Some(Once {
                    key: key.clone(),
                    request,
                    respond: Box::new(move |done| Given { request: named, ..answer(done) }),
                });
                match call.engine.submit(submission).await? {
                    Outcome::Done(_, Some(kept)) => respond(&kept, false),
                    Outcome::Repeated(kept) => respond(&kept, true),
                    Outcome::Done(_, None) => Err(Failure::not_found()),
                }
            }
            None => match call.engine.submit(submission).await? {
                Outcome::Done(done, _) => respond(&answer(&done), false),
                Outcome::Repeated(kept) => respond(&kept, true),
            },
        }
    }
}

/// A text that says something and is not too long.
fn said<'a>(pointer: &str, text: &'a str) -> Result<&'a str, Failure> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.chars().count() > limits::WORDS || trimmed.contains('\0') {
        return Err(Failure::invalid(
            pointer,
            format!("say it in 1 to {} characters, without NUL", limits::WORDS),
        ));
    }
    Ok(trimmed)
}

fn written(done: &Done, id: String, href: String) -> Written {
    let version = match &done.after {
        After::Account(account) => account.version,
        After::Report(report) => report.version,
        After::Book(state) => state.version,
        After::Kept => 0,
    };
    let events =
        (done.before + 1..).zip(&done.events).map(|(n, t)| EventRef { n, event_type: t.clone() }).collect();
    Written { id, href, stream: done.stream.clone(), version, events, joined: done.joined() }
}

fn respond(answer: &Given, repeated: bool) -> Result<Response, Failure> {
    let defect = |e: &dyn std::fmt::Display| {
        Failure::from(tenure_engine::EngineError::Defect {
            what: "kept answer".into(),
            detail: e.to_string(),
        })
    };
    let headers: Vec<(String, String)> = serde_json::from_str(&answer.headers).map_err(|e| defect(&e))?;
    let mut response =
        Response::builder().status(answer.status).header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    if repeated {
        response = response.header("idempotency-replayed", "true");
    }
    response.body(ResponseBody::from(answer.body.clone())).map_err(|e| defect(&e))
}
