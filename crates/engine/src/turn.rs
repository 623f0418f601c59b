//! One submission's turn in a transaction: decided on the state as it stands there, and written with everything that
//! follows from it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use tenure_access::Role;
use tenure_domain::account::cure::Verifier;
use tenure_domain::account::event::Event;
use tenure_domain::account::notice::NoticeState;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{self, Account, Actor, Context};
use tenure_domain::book;
use tenure_domain::name::{AccountId, PersonId, ReportId};
use tenure_domain::refusal::{Guard, Refusal, Rejected, Unmet};
use tenure_domain::report::{self, Allegation, Report};
use tenure_domain::statement::{Reasons, lint};
use tenure_domain::text::{Blob, Words};
use tenure_domain::webhook;
use tenure_store::{
    Answer, Brought, NewEvent, ReportKey, ReportRow, StoreError, UndeliverableRow, WebhookSecret, Write,
};

use crate::caps::{self, Begun};
use crate::clock::{Doubt, NotConfirmed};
use crate::inner::Inner;
use crate::intake::{BYTES_PER_DAY, Keys, REPORTS_PER_DAY};
use crate::kept::{Kept, blob_id};
use crate::parity::{Answers, Compared};
use crate::state::{self, States};
use crate::submission::{Act, After, Done, Outcome, Submission};
use crate::workloads;
use crate::{EngineError, check, closing, hostnames, imports, jobs, moves, sequencer, stream, tally};

/// The seconds of a day of UTC.
const DAY: i64 = 86_400;

/// One submission's turn in the transaction.
pub(crate) struct Turn<'a> {
    pub inner: &'a Inner,
    pub write: &'a mut Write,
    pub states: &'a mut States,
    pub actor: Actor,
}

impl Turn<'_> {
    /// Keeps what was written since the mark, or takes it back where it ended in an error.
    pub async fn end<T>(
        &mut self,
        result: Result<T, EngineError>,
    ) -> Result<Result<T, EngineError>, StoreError> {
        match result {
            Err(EngineError::Store(error)) if !error.spares_the_rest() => Err(error),
            Err(error) => {
                self.states.undo();
                self.write.undo().await?;
                Ok(Err(error))
            }
            Ok(done) => {
                self.states.keep();
                self.write.keep().await?;
                Ok(Ok(done))
            }
        }
    }

    /// Carries it out. What it wrote before an error is for [`end`](Self::end) to take back.
    pub async fn take(&mut self, submission: Submission) -> Result<Outcome, EngineError> {
        let Submission { caller: _, act, kept, once, if_version, caps: counted, secret, parity } = submission;
        let principal = self.actor.to_string();
        if let Some(once) = &once
            && let Some(answer) = self.write.answer(&principal, &once.key).await?
        {
            return if answer.request == once.request {
                Ok(Outcome::Repeated(answer))
            } else {
                Err(EngineError::KeyReused)
            };
        }
        let at = self.inner.clock.now().as_microsecond();
        let brought = kept.blob_ids();
        let comes_in = match &act {
            Act::FileReport(..) => Some(1),
            Act::Keep => Some(0),
            Act::Account(..) | Act::Report(..) | Act::Book(..) => None,
        };
        let begun = Begun::of(self.actor.person(), &act, self.inner.clock.now());
        let reached = match &begun {
            Some(begun) => begun.reached(self.write, &self.inner.caps).await?,
            None => Vec::new(),
        };
        let decided = match act {
            Act::Account(id, command) => self.account(id, command, if_version, &kept, parity).await,
            Act::FileReport(id, allegation) => self.file_report(id, allegation, &kept).await,
            Act::Report(id, command) => self.report(id, command, if_version, &kept).await,
            Act::Book(entry, event) => self.book(&entry, event, if_version, &brought, secret.as_ref()).await,
            Act::Keep => {
                Ok(Done { stream: String::new(), before: 0, events: Vec::new(), after: After::Kept })
            }
        };
        let done = caps::within(decided, reached)?;
        if !done.events.is_empty() {
            self.count(&counted).await?;
            if let Some(begun) = begun {
                begun.count(self.write).await?;
            }
        }
        if let Some(reports) = comes_in {
            self.bound(&principal, Brought { reports, bytes: kept.size() }).await?;
        }
        for (id, salt, text) in &kept.words {
            self.write.put_words(id.as_str(), *salt, text).await?;
        }
        for (id, media_type, bytes) in &kept.blobs {
            self.write.put_blob(id.as_str(), media_type, bytes, at).await?;
        }
        let answer: Option<Answer> = match once {
            Some(once) => {
                let answer = (once.respond)(&done);
                self.write.put_answer(&principal, &once.key, &answer, at).await?;
                Some(answer)
            }
            None => None,
        };
        Ok(Outcome::Done(done, answer))
    }

    /// Law 12: what is capped is counted with what it did; past the cap, both are undone.
    async fn count(&mut self, caps: &[(String, i64)]) -> Result<(), EngineError> {
        for (name, limit) in caps {
            if self.write.count(name, 1).await? > *limit {
                return Err(Rejected::from(Unmet::new(
                    Guard::WithinCap,
                    format!("{name} has reached {limit}"),
                    "look at what was opened so far, then raise the cap or wait for the next window",
                ))
                .into());
            }
        }
        Ok(())
    }

    /// Puts a refused decision about an account on the record, where it is not one too many of its actor in the hour.
    pub async fn record_refusal(
        &mut self,
        id: &AccountId,
        command: &'static str,
        refusal: &Refusal,
    ) -> Result<(), EngineError> {
        let Some(account) = self.states.take(self.inner, self.write, id).await? else { return Ok(()) };
        let book = self.inner.shelf();
        let actor = self.actor.clone();
        let context = Context { now: self.inner.clock.now(), actor: &actor, book: &book.terms };
        let events = account.record_refusal(command, refusal, &context);
        self.append_account(&stream::account(id), Some(account), &events).await?;
        Ok(())
    }

    async fn account(
        &mut self,
        id: AccountId,
        command: account::Command,
        if_version: Option<u64>,
        kept: &Kept,
        parity: Answers,
    ) -> Result<Done, EngineError> {
        let state = self.states.take(self.inner, self.write, &id).await?;
        let decided = self.decide(&id, state.as_deref(), command, if_version, kept, parity).await;
        match decided {
            Ok((events, compared)) => {
                let done = self.append_account(&stream::account(&id), state, &events).await?;
                if let (Some(compared), Some(account)) = (compared, done.account()) {
                    self.keep_parity(account, compared).await?;
                }
                Ok(done)
            }
            Err(error) => {
                if let Some(unchanged) = state {
                    self.states.put_back(unchanged);
                }
                Err(error)
            }
        }
    }

    async fn decide(
        &mut self,
        id: &AccountId,
        state: Option<&Account>,
        mut command: account::Command,
        if_version: Option<u64>,
        kept: &Kept,
        parity: Answers,
    ) -> Result<(Vec<account::Recorded>, Option<Compared>), EngineError> {
        still_at(if_version, state.map_or(0, |a| a.version))?;
        if let Some(document) = document(&command) {
            self.need_blob(document.as_str(), &kept.blob_ids()).await?;
        }
        if let account::Command::PutWorkload { spec, .. } = &command {
            for file in spec.kept_files() {
                self.need_blob(file.as_str(), &kept.blob_ids()).await?;
            }
        }
        for evidence in command.reasons().into_iter().flat_map(Reasons::found) {
            self.need_blob(evidence.as_str(), &kept.blob_ids()).await?;
        }
        let book = self.inner.shelf();
        let actor = self.actor.clone();
        let look = self.inner.clock.look();
        if let Some(doubt) = look.doubt.filter(|_| command.is_timed()) {
            return Err(in_doubt(&doubt).into());
        }
        let context = Context { now: look.now, actor: &actor, book: &book.terms };
        let takes_effect = matches!(command, account::Command::Fire(TimerKey::Apply(_)));
        if (command.is_privileged() || takes_effect) && sequencer::is_behind(self.inner) {
            return Err(behind(self.inner.most_behind).into());
        }
        let judged = command.gives_reasons().and_then(|why| kept.text(why)).and_then(|why| {
            lint::words(why, context.book.stationery())
                .or_else(|| state.and_then(|account| account.repeats_clause(&command, why, context.book)))
        });
        let judged = match judged {
            None => match imports::taken(self.write, state, &command).await? {
                None => hostnames::taken(self.write, state, &command).await?,
                said => said,
            },
            said => said,
        };
        let in_emergency = matches!(command, account::Command::ApplyEmergency { .. });
        self.write_letter(id, state, &mut command, &context).await?;
        let (command, compared) = self.with_parity(state, command, parity, look.now).await?;
        let decided = Account::decide_and_say(id, state, command, &context);
        let (events, said) = match (decided, judged) {
            (Ok(_), Some(unmet)) => return Err(Rejected::from(unmet).into()),
            (Err(rejected), Some(unmet)) => return Err(rejected.and(unmet).into()),
            (decided, None) => decided?,
        };
        if in_emergency && let Some(person) = actor.person() {
            tally::owes_no_review(self.write, person).await?;
        }
        for statement in said {
            self.keep_bytes(statement.blob().as_str(), "application/json", &statement.bytes()).await?;
        }
        Ok((events, compared))
    }

    /// The letter of the notice that the command issues, rendered from the statement that it will have, where the command
    /// brings none along. What the statement lacks is told by the decision itself.
    async fn write_letter(
        &mut self,
        id: &AccountId,
        state: Option<&Account>,
        command: &mut account::Command,
        context: &Context<'_>,
    ) -> Result<(), EngineError> {
        if command.reasons().is_none_or(|reasons| reasons.letter.is_some()) {
            return Ok(());
        }
        let Ok((_, said)) = Account::decide_and_say(id, state, command.clone(), context) else {
            return Ok(());
        };
        let (Some(statement), Some(reasons)) = (said.first(), command.reasons_mut()) else { return Ok(()) };
        let letters = &self.inner.letters;
        let text = letters
            .text(statement, letters.locale())
            .map_err(|e| EngineError::defect(&statement.notice.to_string(), &e))?;
        let letter = blob_id(text.as_bytes());
        reasons.letter = Some(letter.clone());
        self.keep_bytes(letter.as_str(), "text/plain; charset=utf-8", text.as_bytes()).await
    }

    async fn keep_bytes(&mut self, id: &str, media_type: &str, bytes: &[u8]) -> Result<(), EngineError> {
        let at = self.inner.clock.now().as_microsecond();
        Ok(self.write.put_blob(id, media_type, bytes, at).await?)
    }

    /// Writes what was decided on an account, with all that follows from it.
    async fn append_account(
        &mut self,
        name: &str,
        state: Option<Arc<Account>>,
        events: &[account::Recorded],
    ) -> Result<Done, EngineError> {
        let before = state.as_ref().map_or(0, |a| a.version);
        let id: AccountId = match &state {
            Some(account) => account.id.clone(),
            None => name
                .strip_prefix("account/")
                .and_then(|slug| slug.parse().ok())
                .ok_or_else(|| EngineError::defect(name, &"not an account's stream"))?,
        };
        let timers_before = state.as_ref().map_or_else(Vec::new, |account| timer_rows(account));
        let raised_before = undeliverable(state.as_deref());
        let told = self.inner.shelf().terms.webhooks().next().is_some();
        let was = state.clone().filter(|_| told);
        let secrets_before = workloads::values_of(state.as_deref());
        let places_before = imports::of(state.as_deref());
        let hostnames_before = hostnames::of(state.as_deref());
        let mut after = state;
        let mut rows = Vec::with_capacity(events.len());
        for (n, recorded) in (before + 1..).zip(events) {
            rows.push(self.leaf(name, n, recorded.at, &recorded.actor, &recorded.event)?);
            let applied = Account::apply(&id, after.map(Arc::unwrap_or_clone), recorded);
            after = Some(Arc::new(applied.map_err(|e| EngineError::defect(name, &e))?));
        }
        let Some(after) = after else { return Err(EngineError::defect(name, &"no events open the account")) };
        if rows.is_empty() {
            self.states.put_back(Arc::clone(&after));
        } else {
            self.write_account(name, before, &rows, &after).await?;
            self.states.change(Arc::clone(&after));
            self.note_cases(&after, events).await?;
            let timers = timer_rows(&after);
            if timers != timers_before {
                self.write.set_timers(name, &timers).await?;
            }
            let raised = undeliverable(Some(&after));
            // First what goes: of a notice that is raised for another reason now there is one row.
            for row in raised_before.difference(&raised) {
                self.write.forget_undeliverable(&row.account, row.number).await?;
            }
            for row in raised.difference(&raised_before) {
                self.write.put_undeliverable(row).await?;
            }
            if told {
                self.tell(was.as_deref(), &after, events).await?;
            }
            // The values of a secret that was set anew or removed are not needed any more.
            for values in secrets_before.difference(&workloads::values_of(Some(&after))) {
                self.write.erase_words(values.as_str()).await?;
            }
            imports::count(self.write, &places_before, &imports::of(Some(&after))).await?;
            hostnames::count(self.write, &hostnames_before, &hostnames::of(Some(&after))).await?;
            for (n, recorded) in (before + 1..).zip(events) {
                self.enqueue(&after, &recorded.event).await?;
                tally::count(self.write, recorded).await?;
                if after.called_for(recorded).is_some() {
                    self.write.enqueue(jobs::CALLED, &jobs::called_subject(&id, n)).await?;
                }
                for blob in recorded.event.blobs() {
                    self.write.put_blob_ref(id.as_str(), blob.as_str()).await?;
                }
            }
        }
        let events = rows.into_iter().map(|row| row.event_type).collect();
        Ok(Done { stream: name.to_owned(), before, events, after: After::Account(after) })
    }

    /// The events, and the state they lead to where it is kept again.
    async fn write_account(
        &mut self,
        name: &str,
        before: u64,
        rows: &[NewEvent],
        after: &Account,
    ) -> Result<(), EngineError> {
        let kept = self.write.version(name).await?.map_or(0, |(_, kept)| kept);
        if kept > 0 && !state::is_kept(after.version, kept) {
            return Ok(self.write.append_events(name, before, rows).await?);
        }
        let json = serde_json::to_string(after).map_err(|e| EngineError::defect(name, &e))?;
        Ok(self.write.append("account", name, before, rows, &json).await?)
    }

    async fn enqueue(&mut self, account: &Account, event: &Event) -> Result<(), EngineError> {
        match event {
            Event::NoticeIssued { notice, items, .. } => {
                self.write.enqueue(jobs::DELIVER, &notice.to_string()).await?;
                if items.iter().any(|asked| matches!(asked.verifier, Verifier::Fact { .. })) {
                    self.write.enqueue(jobs::EVALUATE, account.id.as_str()).await?;
                }
            }
            Event::NoticeRetried { notice } | Event::NoticeReleased { notice } => {
                self.write.enqueue(jobs::DELIVER, &notice.to_string()).await?;
            }
            Event::CaseChecked { case } => {
                self.write.enqueue(jobs::EVALUATE, account.id.as_str()).await?;
                for item in account.case(case)?.items.iter().filter(|item| item.awaits_look()) {
                    self.write.enqueue(jobs::LOOK, &check::subject(case, &item.id)).await?;
                }
            }
            Event::CureSubmitted { case, item, .. } => {
                let asked = account.case(case).ok().and_then(|c| c.item(item));
                match asked.map(|asked| &asked.verifier) {
                    Some(Verifier::Gone { .. }) => {
                        self.write.enqueue(jobs::LOOK, &check::subject(case, item)).await?;
                    }
                    Some(Verifier::Fact { .. }) => {
                        self.write.enqueue(jobs::EVALUATE, account.id.as_str()).await?;
                    }
                    Some(Verifier::Review) | None => {}
                }
            }
            Event::TermsNotified { notice, .. } => {
                self.write.enqueue(jobs::DELIVER_TERMS, &notice.to_string()).await?;
            }
            Event::NoticeReminded { notice, reminder } => {
                self.write.enqueue(jobs::REMIND, &jobs::reminder_subject(notice, *reminder)).await?;
            }
            Event::AccountClosing { measure, .. } => {
                self.write.enqueue(jobs::RETRIEVE, &closing::subject(measure, 0)).await?;
            }
            Event::RetrievalReminderDue { measure, number } => {
                self.write.enqueue(jobs::RETRIEVE, &closing::subject(measure, *number)).await?;
            }
            Event::EnvironmentDeletionBegun { .. } if !self.inner.has_cluster => {
                self.write.enqueue(jobs::DELETE, account.id.as_str()).await?;
            }
            Event::EnvironmentMoveEnded { environment, cluster, .. } => {
                let row = moves::row(account.environment(environment)?, environment, cluster);
                self.write.forget_memory_at(account.id.as_str(), &row).await?;
            }
            // Nothing is left that it could be about: an environment of this name begins anew.
            Event::EnvironmentDeleted { environment, .. }
            | Event::EnvironmentImportEnded { environment, .. } => {
                self.write.forget_memory(account.id.as_str(), environment.as_str()).await?;
            }
            Event::DeletionApproved { .. } => self.write.enqueue(jobs::DELETE, account.id.as_str()).await?,
            _ => {}
        }
        Ok(())
    }

    fn leaf(
        &self,
        stream: &str,
        n: u64,
        at: jiff::Timestamp,
        actor: &Actor,
        event: &impl Serialize,
    ) -> Result<NewEvent, EngineError> {
        stream::encode(stream, n, at, actor, event, self.inner.entropy.draw_16()?)
    }

    async fn need_blob(&mut self, id: &str, brought: &[String]) -> Result<(), EngineError> {
        if brought.iter().any(|b| b == id) || self.write.has_blob(id).await? {
            Ok(())
        } else {
            Err(Rejected::not_found("evidence", id).into())
        }
    }

    /// Counts what comes in; past what is taken from one reporter within a day, it is undone.
    async fn bound(&mut self, reporter: &str, more: Brought) -> Result<(), EngineError> {
        let now = self.inner.clock.now();
        let day = now.as_second().div_euclid(DAY);
        let brought = self.write.bring(reporter, day, more).await?;
        let (what, most) = if brought.reports > REPORTS_PER_DAY {
            ("reports", REPORTS_PER_DAY)
        } else if brought.bytes > BYTES_PER_DAY {
            ("bytes of evidence", BYTES_PER_DAY)
        } else {
            return Ok(());
        };
        let until = jiff::Timestamp::from_second((day + 1) * DAY)
            .map_err(|e| EngineError::defect("legal time", &e))?;
        let seconds = u64::try_from(until.as_second() - now.as_second()).unwrap_or_default();
        Err(EngineError::TooMuch { what, most, until, seconds })
    }

    async fn file_report(
        &mut self,
        account: AccountId,
        allegation: Allegation,
        kept: &Kept,
    ) -> Result<Done, EngineError> {
        if self.write.version(&stream::account(&account)).await?.is_none() {
            return Err(Rejected::not_found("account", account).into());
        }
        // Adding nothing takes the row: reports about one account that come in at once go on one after the other.
        let counter = format!("reports/{account}");
        self.write.count(&counter, 0).await?;
        let keys = self.keys(&account, &allegation, kept);
        if let Some(id) = self.says_the_same(&keys).await? {
            return self.report(id, report::Command::Join(allegation), None, kept).await;
        }
        let number = self.write.count(&counter, 1).await?;
        let number = u32::try_from(number).map_err(|e| EngineError::defect("reports", &e))?;
        self.report(ReportId::new(account, number), report::Command::File(allegation), None, kept).await
    }

    /// The keys of an allegation whose words come with it.
    fn keys(&self, account: &AccountId, allegation: &Allegation, kept: &Kept) -> Keys {
        let read = |words: &Words| kept.text(words).map(str::to_owned);
        Keys::new(&self.inner.salt, account, &self.actor, allegation, read)
    }

    /// The report that says the same and takes in what does.
    async fn says_the_same(&mut self, keys: &Keys) -> Result<Option<ReportId>, EngineError> {
        for key in keys.iter() {
            let Some(row) = self.write.report_key(key).await? else { continue };
            let account = row.account.parse().map_err(|e| EngineError::defect(key, &e))?;
            let id = ReportId::new(account, row.number);
            if let Some(report) = self.load_report(&id).await?
                && report.takes_in(self.inner.clock.now())
            {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    async fn load_report(&mut self, id: &ReportId) -> Result<Option<Report>, EngineError> {
        let name = stream::report(id);
        let row = self.write.aggregate(&name).await?;
        row.map(|row| serde_json::from_str(&row.state).map_err(|e| EngineError::defect(&name, &e)))
            .transpose()
    }

    async fn report(
        &mut self,
        id: ReportId,
        command: report::Command,
        if_version: Option<u64>,
        kept: &Kept,
    ) -> Result<Done, EngineError> {
        let name = stream::report(&id);
        let mut state = self.load_report(&id).await?;
        still_at(if_version, state.as_ref().map_or(0, |r| r.version))?;
        let book = self.inner.shelf();
        let actor = self.actor.clone();
        let context = Context { now: self.inner.clock.now(), actor: &actor, book: &book.terms };
        let events = Report::decide(&id, state.as_ref(), command, &context)?;
        let before = state.as_ref().map_or(0, |r| r.version);
        let mut rows = Vec::new();
        for (n, recorded) in (before + 1..).zip(&events) {
            rows.push(self.leaf(&name, n, recorded.at, &recorded.actor, &recorded.event)?);
            state = Report::apply(&id, state, recorded);
            self.note(&id, &recorded.event, kept).await?;
        }
        let state = state.ok_or_else(|| EngineError::defect(&name, &"an event does not fit"))?;
        let json = serde_json::to_string(&state).map_err(|e| EngineError::defect(&name, &e))?;
        self.write.append("report", &name, before, &rows, &json).await?;
        self.write.put_report(&report_row(&state)).await?;
        // What was joined changes nothing that rules count.
        if !events.iter().any(|e| matches!(e.event, report::Event::Joined(_))) {
            self.write.enqueue(jobs::EVALUATE, id.account().as_str()).await?;
        }
        let events = rows.into_iter().map(|row| row.event_type).collect();
        Ok(Done { stream: name, before, events, after: After::Report(Arc::new(state)) })
    }

    /// What follows from an event of a report beside its state: whose bytes its evidence is, and by what it is found
    /// when the same is said again.
    async fn note(&mut self, id: &ReportId, event: &report::Event, kept: &Kept) -> Result<(), EngineError> {
        let account = id.account().as_str();
        let Some(allegation) = event.allegation() else {
            return Ok(self.write.forget_report_keys(account, id.number()).await?);
        };
        for blob in allegation.evidence.keys() {
            self.need_blob(blob.as_str(), &kept.blob_ids()).await?;
            self.write.put_blob_ref(account, blob.as_str()).await?;
        }
        for key in self.keys(id.account(), allegation, kept).found_by(event) {
            let row = ReportKey { key, account: account.to_owned(), number: id.number() };
            self.write.put_report_key(&row).await?;
        }
        Ok(())
    }

    async fn book(
        &mut self,
        entry: &book::Entry,
        event: book::Event,
        if_version: Option<u64>,
        brought: &[String],
        secret: Option<&WebhookSecret>,
    ) -> Result<Done, EngineError> {
        let name = entry.to_string();
        let kind = name.split('/').next().unwrap_or_default().to_owned();
        if let book::Event::TermsPublished { document, .. } | book::Event::RulePublished { document, .. } =
            &event
        {
            self.need_blob(document.as_str(), brought).await?;
        }
        if let book::Event::MemberSet { account, .. } = &event
            && self.write.version(&stream::account(account)).await?.is_none()
        {
            return Err(Rejected::not_found("account", account).into());
        }
        let row = self.write.aggregate(&name).await?;
        let mut state: Option<book::State> = row
            .map(|row| serde_json::from_str(&row.state).map_err(|e| EngineError::defect(&name, &e)))
            .transpose()?;
        still_at(if_version, state.as_ref().map_or(0, |s| s.version))?;
        if let book::Event::PersonSet { person, roles } = &event {
            self.keep_an_administrator(person, roles)?;
        }
        self.check_clock(&event)?;
        self.check_webhook(&event).await?;
        let endpoint =
            state.as_ref().and_then(|s| webhook::endpoint(&s.latest.event)).map(|(_, e)| e.clone());
        let book = self.inner.shelf();
        let actor = self.actor.clone();
        let context = Context { now: self.inner.clock.now(), actor: &actor, book: &book.terms };
        let events = book::State::decide(state.as_ref(), event, &context)?;
        let before = state.as_ref().map_or(0, |s| s.version);
        let mut rows = Vec::new();
        for (n, recorded) in (before + 1..).zip(&events) {
            rows.push(self.leaf(&name, n, recorded.at, &recorded.actor, &recorded.event)?);
            state = Some(book::State::apply(state, recorded));
        }
        let state = state.ok_or_else(|| EngineError::defect(&name, &"an entry without events"))?;
        if !rows.is_empty() {
            let json = serde_json::to_string(&state).map_err(|e| EngineError::defect(&name, &e))?;
            self.write.append(&kind, &name, before, &rows, &json).await?;
            self.follow_webhook(endpoint.as_ref(), &state.latest.event, secret).await?;
            if let book::Event::RulePublished { rule, .. } = &state.latest.event {
                self.write.enqueue(jobs::EVALUATE_ALL, rule.as_str()).await?;
            }
            if let book::Event::RuleUndone { rule, .. } = &state.latest.event {
                self.write.enqueue(jobs::UNDO, &format!("{rule}/{}", state.version)).await?;
            }
        }
        let events = rows.into_iter().map(|row| row.event_type).collect();
        Ok(Done { stream: name, before, events, after: After::Book(state) })
    }
}

/// Refuses what was decided on an older version than the present one.
fn still_at(expected: Option<u64>, actual: u64) -> Result<(), EngineError> {
    match expected {
        Some(expected) if expected != actual => Err(EngineError::Stale { expected, actual }),
        Some(_) | None => Ok(()),
    }
}

impl Turn<'_> {
    /// What is said of the clock has to be true when it is written down.
    fn check_clock(&self, event: &book::Event) -> Result<(), EngineError> {
        match event {
            book::Event::ClockDoubted { .. } if self.inner.clock.look().doubt.is_none() => {
                Err(Rejected::from(trusted_already()).into())
            }
            book::Event::ClockConfirmed { moment, .. } => match self.inner.clock.check(*moment) {
                Ok(()) => Ok(()),
                Err(NotConfirmed::Trusted) => Err(Rejected::from(trusted_already()).into()),
                Err(error @ NotConfirmed::Another { .. }) => Err(Rejected::from(Unmet::new(
                    Guard::Moment,
                    error.to_string(),
                    "read GET /v1/clock again, compare its `machine` with a clock that you trust, and confirm that",
                ))
                .into()),
            },
            _ => Ok(()),
        }
    }

    /// Refuses to leave the provider without anyone who can set roles.
    fn keep_an_administrator(&self, person: &PersonId, roles: &BTreeSet<String>) -> Result<(), EngineError> {
        let role = Role::Administrator;
        let book = self.inner.shelf();
        let mut holders = book.people().filter(|(_, held)| held.contains(&role)).map(|(id, _)| id);
        let (first, more) = (holders.next(), holders.next());
        if first == Some(person) && more.is_none() && !roles.contains(role.as_str()) {
            return Err(Rejected::from(Unmet::new(
                Guard::InState,
                format!("{person} is the only administrator"),
                "give somebody else the role first",
            ))
            .into());
        }
        Ok(())
    }
}

/// The rows of an account's deadlines: key and due moment.
pub(crate) fn timer_rows(account: &Account) -> Vec<(String, i64)> {
    account.timers().into_iter().map(|t| (t.key.to_string(), t.due.as_microsecond())).collect()
}

/// The rows of an account's notices that reach nobody, or that one channel refuses though another took them, while
/// somebody waits for them.
pub(crate) fn undeliverable(account: Option<&Account>) -> BTreeSet<UndeliverableRow> {
    account
        .iter()
        .flat_map(|account| account.notices.iter().map(move |notice| (account, notice)))
        .filter_map(|(account, notice)| {
            let since = match notice.state {
                NoticeState::Undeliverable { since } => since,
                NoticeState::Issued => notice.refused?.since,
                NoticeState::Served { .. } => return None,
            };
            let row = UndeliverableRow {
                since: since.as_microsecond(),
                account: account.id.to_string(),
                number: notice.id.number(),
            };
            account.case(&notice.case).is_ok_and(|c| !notice.is_moot(c)).then_some(row)
        })
        .collect()
}

/// The kept bytes that a command refers to.
fn document(command: &account::Command) -> Option<&Blob> {
    use account::Command as C;
    match command {
        C::RecordOrder { document, .. }
        | C::RecordTimedOrder { document, .. }
        | C::RecordGag { document, .. } => Some(document),
        C::RecordRemoval(removal) => Some(&removal.document),
        C::RenewGag { document, .. } => document.as_ref(),
        C::IssueNotice { reasons, .. }
        | C::IssueCalled { reasons, .. }
        | C::ApplyEmergency { reasons, .. } => reasons.letter.as_ref(),
        C::IssueRetrievalNotice { letter, .. } | C::NotifyTerms { letter, .. } => Some(letter),
        C::RecordCheck { found, .. } => found.evidence(),
        C::ProveDelivery { evidence, .. } | C::Provision(Provision::ProveHostname { evidence, .. }) => {
            Some(evidence)
        }
        C::ConfirmDeletion { certificate } | C::ConfirmEnvironmentDeleted { certificate, .. } => {
            Some(certificate)
        }
        C::Provision(Provision::ImportEnvironment { survey, .. }) => Some(&survey.document),
        C::Provision(Provision::EndMove { certificate, .. }) => Some(certificate),
        C::Provision(Provision::ConfirmAdopted { receipt, .. } | Provision::ConfirmMoved { receipt, .. })
        | C::ConfirmInForce { receipt, .. }
        | C::ConfirmRestored { receipt, .. } => Some(receipt),
        _ => None,
    }
}

/// A report's row for lists and rules.
pub(crate) fn report_row(report: &Report) -> ReportRow {
    ReportRow {
        account: report.id.account().to_string(),
        number: report.id.number(),
        ground: report.allegation.ground.to_string(),
        filed_at: report.filed_at.as_microsecond(),
        remediated_at: report.remediation.as_ref().map(|r| r.at.as_microsecond()),
    }
}

fn trusted_already() -> Unmet {
    Unmet::new(Guard::InState, "the clock is not in doubt", "nothing: the clock is trusted")
}

fn in_doubt(doubt: &Doubt) -> Rejected {
    Rejected::Refused(Refusal::one(Unmet::new(
        Guard::ClockTrusted,
        format!("the machine's clock read {}, and {} was expected", doubt.machine, doubt.expected),
        "an administrator confirms the clock (GET /v1/clock, then POST /v1/clock/confirmation); no period begins or ends until then",
    )))
}

fn behind(most: u64) -> Rejected {
    Rejected::Refused(Refusal::one(Unmet::new(
        Guard::RecordKept,
        format!("{most} events or more wait to be integrated into the log"),
        "find out why the sequencer stands still; lifting and reading go on meanwhile",
    )))
}
