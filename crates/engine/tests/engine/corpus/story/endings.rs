//! A termination that is overturned; a suspension that becomes one in all but name; and a termination to its end.

use tenure_access::Role;
use tenure_domain::account::Command;
use tenure_domain::account::command::{ProposeMeasure, Starts};
use tenure_domain::account::cure::Verifier;
use tenure_domain::account::event::Asked;
use tenure_domain::account::legal::AppealOutcome;
use tenure_domain::account::watch::Lifts;
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::name::{CaseId, EnvironmentId, MeasureId};
use tenure_domain::workload::Plan;

use super::Story;
use crate::office::{ines, member, person, reasons};

/// The account whose end it is.
const ACCOUNT: &str = "harbor";

impl Story {
    async fn notice_under(&mut self, case: &CaseId, power: &str, item: &str) {
        let ask = self.words("Staff the desk.");
        let items = vec![Asked {
            id: item.parse().unwrap(),
            ask,
            report: None,
            invoice: None,
            verifier: Verifier::Review,
        }];
        let (why, letter) =
            (self.words("Nobody answers the reports."), self.blob(&format!("Letter about {item}.")));
        let power = power.parse().unwrap();
        let starts = Starts::Both;
        let command =
            Command::IssueNotice { case: case.clone(), starts, power, why, items, reasons: reasons(letter) };
        self.act(ines(), ACCOUNT, command).await;
        self.office.engine.settle().await.unwrap();
        // Served by the terms' rule, and its periods run.
        self.pass(34 * 24).await;
    }

    async fn take_effect(&mut self, case: &CaseId, power: &str) -> MeasureId {
        let (why, less) = (self.words("Nobody answers the reports."), self.words("Nothing less is left."));
        let proposal = ProposeMeasure {
            case: case.clone(),
            power: power.parse().unwrap(),
            scope: "account".parse().unwrap(),
            effective: None,
            why,
            why_not_less: Some(less),
        };
        let done = self.act(ines(), ACCOUNT, Command::ProposeMeasure(proposal)).await;
        let measure = done.account().unwrap().measures.last().unwrap().id.clone();
        self.approve(&measure, "omar").await;
        self.approve(&measure, "noa").await;
        self.pass(0).await;
        measure
    }

    async fn acknowledge(&mut self, measure: &MeasureId, capability: Capability) {
        let command =
            Command::AcknowledgeEnforcement { measure: measure.clone(), capability, withheld: true };
        self.act(person("pay", Role::Enforcer), ACCOUNT, command).await;
    }

    async fn deletion_hash(&self) -> String {
        let account = self.office.account(ACCOUNT).await;
        account.lifecycle.closing().unwrap().deletion.as_ref().unwrap().command_hash.clone()
    }

    async fn propose_deletion(&mut self) {
        let why = self.words("The time to fetch the data has run.");
        self.act(ines(), ACCOUNT, Command::ProposeDeletion { why }).await;
    }

    /// An environment goes because the account asked: it took that back once.
    async fn environment_deleted(&mut self) {
        let environment: EnvironmentId = "batch".parse().unwrap();
        let plan = Plan { cpu_millis: 10, memory_mib: 16, storage_mib: 16, pods: 1 };
        let create = Command::CreateEnvironment { environment: environment.clone(), plan };
        self.act(member(ACCOUNT, Role::Owner), ACCOUNT, create).await;
        for taken_back in [true, false] {
            let why = self.words("We have moved it.");
            let (confirm, including) = (environment.to_string(), Vec::new());
            let environment = environment.clone();
            let ask =
                Command::AskEnvironmentDeletion { environment: environment.clone(), confirm, why, including };
            self.act(member(ACCOUNT, Role::Owner), ACCOUNT, ask).await;
            if taken_back {
                let end = Command::EndEnvironmentDeletion { environment };
                self.act(member(ACCOUNT, Role::Owner), ACCOUNT, end).await;
            }
        }
        self.pass(25).await;
        self.office.engine.settle().await.unwrap();
    }

    pub(super) async fn endings(&mut self) {
        self.environment_deleted().await;
        let why = self.words("A key was stolen.");
        let scope = "account".parse().unwrap();
        let ask = Command::AskMeasure { preset: Preset::Freeze, scope, ends: None, why };
        self.act(member(ACCOUNT, Role::Owner), ACCOUNT, ask).await;
        let case = self.open_case(ACCOUNT, "material_breach").await;
        self.notice_under(&case, "7.2(b)(i)", "breach").await;
        let overturned = self.take_effect(&case, "7.2(b)(i)").await;
        self.appeal(&overturned, 1, AppealOutcome::Overturned).await;

        let case = self.open_case(ACCOUNT, "process_failure").await;
        self.notice_under(&case, "6.1", "staff").await;
        let suspension = self.take_effect(&case, "6.1").await;
        self.observe(&suspension, false).await;
        self.pass(15 * 24).await;
        let why = self.words("Nothing has changed.");
        let review = Command::ReviewMeasure { measure: suspension.clone(), lift: false, why };
        self.act(person("omar", Role::Approver), ACCOUNT, review).await;
        self.pass(16 * 24).await;
        let why = self.words("It lifts when the desk is staffed.");
        let lifts = Lifts { ends: None, when: ["staff".parse().unwrap()].into() };
        let conditions = Command::SetConditions { measure: suspension, lifts, why };
        self.act(ines(), ACCOUNT, conditions).await;

        self.notice_under(&case, "7.2(b)(i)", "desk").await;
        let termination = self.take_effect(&case, "7.2(b)(i)").await;
        self.acknowledge(&termination, Capability::StorageWrite).await;
        self.observe(&termination, false).await;
        self.acknowledge(&termination, Capability::Payments).await;
        // The notice and its reminders are served by the terms' rule.
        self.pass(40 * 24).await;
        self.propose_deletion().await;
        let (command_hash, why) = (self.deletion_hash().await, self.words("Not today."));
        let deny = Command::DenyDeletion { command_hash, why };
        self.act(person("omar", Role::Approver), ACCOUNT, deny).await;
        self.propose_deletion().await;
        for approver in ["omar", "noa"] {
            let command_hash = self.deletion_hash().await;
            let consent = Command::ConsentToDeletion { command_hash };
            self.act(person(approver, Role::Approver), ACCOUNT, consent).await;
        }
        self.office.engine.settle().await.unwrap();
    }
}
