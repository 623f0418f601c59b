//! What courts, reviewers and appeals bring about, at an account whose terms count strikes.

use tenure_access::Role;
use tenure_domain::account::Command;
use tenure_domain::account::command::{ProposeMeasure, RecordRemoval, Starts};
use tenure_domain::account::cure::Verifier;
use tenure_domain::account::event::Asked;
use tenure_domain::account::legal::{AppealOutcome, OrderKind};
use tenure_domain::account::measure::Finding;
use tenure_domain::account::strike::Amount;
use tenure_domain::book;
use tenure_domain::name::{CaseId, MeasureId, PersonId};
use tenure_domain::scope::Scope;
use tenure_domain::terms::Terms;
use tenure_domain::workload::Plan;
use tenure_engine::Engine;
use tenure_engine::submission::Act;

use super::story::Story;
use crate::office::{hours, ines, member, person, reasons, slug};

const TERMS: &str = "kind: Terms
id: counted-agreement
version: \"1\"
calendar: {timeZone: America/Los_Angeles, businessDays: [mon, tue, wed, thu, fri], holidays: [], coversUntil: \"2022-12-31\"}
service: {channels: [inbox], deemedAfter: never}
powers:
  - {id: \"3.1\", permits: isolate, scopes: [workload, environment], grounds: [process_failure], notice: PT0S, cure: P1D, approvals: 1}
  - {id: \"3.2\", permits: suspend, scopes: [environment], grounds: [process_failure], notice: PT0S, cure: P1D, approvals: 2, approverRoles: [approver, legal], strikes: {atLeast: 1, byCure: kept}, podGrace: PT60S, constructiveTerminationAfter: P30D}
floors: {retrieval: P30D, appealWindow: P6M, appealDecision: P7D, evidenceRetention: P180D}
";

impl Story {
    async fn legal(&mut self, command: Command) {
        self.act(person("lena", Role::Legal), "tally", command).await;
    }

    async fn owner(&mut self, command: Command) {
        self.act(member("tally", Role::Owner), "tally", command).await;
    }

    async fn moved_in(&mut self) {
        for (name, role) in [("omar", "approver"), ("lena", "legal")] {
            let person: PersonId = name.parse().unwrap();
            let roles = [role.to_owned()].into();
            let event = book::Event::PersonSet { person: person.clone(), roles };
            self.book(book::Entry::Person(person), event).await;
        }
        let (_, terms) = Terms::parse(TERMS).unwrap();
        self.office.engine.publish_terms(Engine::bootstrap(), TERMS, terms.clone()).await.unwrap();
        let plan = Plan { cpu_millis: 1_000, memory_mib: 512, storage_mib: 128, pods: 10 };
        let platform = || person("pia", Role::Platform);
        let open = Act::Account(slug("tally"), Command::Open { terms, plan });
        self.office.submit(platform(), open).await.unwrap();
        let environment = "web".parse().unwrap();
        self.act(platform(), "tally", Command::CreateEnvironment { environment, plan }).await;
    }

    async fn ask(&mut self, case: &CaseId, power: &str, item: &str) {
        let items = vec![Asked {
            id: item.parse().unwrap(),
            ask: self.words("Answer within a day."),
            report: None,
            invoice: None,
            verifier: Verifier::Review,
        }];
        let (why, letter) = (self.words("Too slow."), self.blob(&format!("Letter about {item} in {case}.")));
        let (case, power) = (case.clone(), power.parse().unwrap());
        let command =
            Command::IssueNotice { case, starts: Starts::Both, power, why, items, reasons: reasons(letter) };
        self.act(ines(), "tally", command).await;
        self.office.engine.settle().await.unwrap();
    }

    async fn read(&mut self, notice: u32) {
        let notice = format!("tally.n{notice}").parse().unwrap();
        self.owner(Command::AcknowledgeNotice { notice }).await;
    }

    async fn want(&mut self, case: &CaseId, power: &str) -> MeasureId {
        let (why, less) = (self.words("It goes on."), self.words("Less was tried."));
        let command = Command::ProposeMeasure(ProposeMeasure {
            case: case.clone(),
            power: power.parse().unwrap(),
            scope: "environment/web".parse().unwrap(),
            effective: None,
            why,
            why_not_less: Some(less),
        });
        let done = self.act(ines(), "tally", command).await;
        done.account().unwrap().measures.last().unwrap().id.clone()
    }

    /// Of the emergencies at `quince` one is reviewed in time and others are not.
    async fn reviews(&mut self) {
        let account = self.words("It was what it looked like.");
        let measure = "quince.m1".parse().unwrap();
        let command = Command::ReviewEmergency { measure, finding: Finding::Right, account };
        self.act(person("ruth", Role::Approver), "quince", command).await;
    }

    /// A notice under a gag that is renewed, then forgotten, then ends.
    async fn gag(&mut self, case: &CaseId) {
        let (authority, document) = (self.words("A grand jury."), self.blob("A gag."));
        let until = self.office.engine.now() + hours(20 * 24);
        let (scope, named) = (Scope::Account, Some(case.clone()));
        self.legal(Command::RecordGag { scope, case: named, authority, document, until }).await;
        self.ask(case, "3.1", "desk").await;
        let (why, document) = (self.words("They still look for him."), Some(self.blob("A prolonged gag.")));
        let (order, until) = ("tally.o1".parse().unwrap(), Some(until + hours(20 * 24)));
        self.legal(Command::RenewGag { order, until, document, why }).await;
        self.pass(41 * 24).await;
        self.read(1).await;
        self.ask(case, "3.2", "hours").await;
        self.read(2).await;
        self.pass(30).await;
    }

    /// A removal that is late, and a stay that contradicts it.
    async fn conflict(&mut self) {
        let (authority, document) = (self.words("A regulator."), self.blob("A removal order."));
        let (locator, less) = (self.words("/posts/7"), self.words("It is everywhere."));
        let letter = self.blob("Letter of a removal.");
        let removal = RecordRemoval {
            scope: "environment/web".parse().unwrap(),
            locator,
            authority,
            document,
            deadline: None,
            why_not_less: Some(less),
            letter,
        };
        self.legal(Command::RecordRemoval(removal)).await;
        let measure: MeasureId = self.office.account("tally").await.measures.last().unwrap().id.clone();
        self.pass(2).await;
        self.observe(&measure, false).await;
        let (authority, document) = (self.words("A court."), self.blob("A stay."));
        let deadline = self.office.engine.now() + hours(1);
        let (kind, scope) = (OrderKind::Stay, Scope::Account);
        self.legal(Command::RecordTimedOrder { kind, scope, authority, document, deadline }).await;
        let why = self.words("It is the later one.");
        let (order, over) = ("tally.o3".parse().unwrap(), "tally.o2".parse().unwrap());
        self.legal(Command::DecideConflict { order, over, why }).await;
        self.observe(&measure, true).await;
        for order in ["tally.o2", "tally.o3"] {
            let (order, why) = (order.parse().unwrap(), self.words("Set aside."));
            self.legal(Command::VacateOrder { order, why }).await;
        }
    }

    /// Consent that expires, is denied, and is given; a fee; an appeal that nobody decides in time and that undoes all.
    async fn appeals(&mut self, case: &CaseId) {
        let denied = self.want(case, "3.2").await;
        self.approve(&denied, "omar").await;
        self.pass(25).await;
        let account = self.office.account("tally").await;
        let command_hash = account.measure(&denied).unwrap().command_hash.clone();
        let why = self.words("A suspension is too much.");
        let command = Command::DenyMeasure { measure: denied, command_hash, why };
        self.act(person("omar", Role::Approver), "tally", command).await;
        let measure = self.want(case, "3.1").await;
        self.approve(&measure, "omar").await;
        self.pass(1).await;
        self.observe(&measure, false).await;
        let amount = Amount { minor_units: 5_000, currency: "USD".to_owned() };
        let (case, why) = (case.clone(), self.words("Three hours of work."));
        self.act(ines(), "tally", Command::ChargeFee { case, measure: None, amount, why }).await;
        let grounds = self.words("Nobody asked us.");
        self.owner(Command::FileAppeal { measure: measure.clone(), grounds }).await;
        let (appeal, reviewer) = ("tally.a1".parse().unwrap(), "ruth".parse().unwrap());
        self.legal(Command::AssignAppeal { appeal, reviewer }).await;
        self.pass(8 * 24).await;
        let (why, scope) = (self.words("A fraction of it."), None);
        let (appeal, preset) = ("tally.a1".parse().unwrap(), Some(tenure_domain::capability::Preset::Warn));
        let command = Command::ModifyOnAppeal { appeal, preset, scope, why };
        self.act(person("ruth", Role::Approver), "tally", command).await;
        let grounds = self.words("Not even that.");
        let lesser = self.office.account("tally").await.measures.last().unwrap().id.clone();
        self.owner(Command::FileAppeal { measure: lesser, grounds }).await;
        let (appeal, why) = ("tally.a2".parse().unwrap(), self.words("It was answered in time."));
        let command =
            Command::DecideAppeal { appeal, outcome: AppealOutcome::Overturned, why, reports: None };
        self.act(person("rhea", Role::Approver), "tally", command).await;
    }

    pub(super) async fn courts(&mut self) {
        self.reviews().await;
        self.moved_in().await;
        self.office.file_reports("tally", "incitement", 3).await;
        // The rule opened it.
        let case: CaseId = "tally.c1".parse().unwrap();
        self.gag(&case).await;
        self.appeals(&case).await;
        self.conflict().await;
    }
}
