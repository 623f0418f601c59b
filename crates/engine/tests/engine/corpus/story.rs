//! A real run in which every type of event happens, to be frozen: see `CONTRIBUTING.md`.

mod day_two;
mod endings;
mod hooks;

use std::collections::BTreeSet;

use tenure_access::Role;
use tenure_domain::account::command::{Clears, Starts};
use tenure_domain::account::cure::{Found, Verifier};
use tenure_domain::account::event::Asked;
use tenure_domain::account::invoice::InvoiceFacts;
use tenure_domain::account::legal::{AppealOutcome, OrderKind};
use tenure_domain::account::{Actor, Command, System};
use tenure_domain::book;
use tenure_domain::name::{CaseId, ItemId, MeasureId, NoticeId, TermsNoticeId};
use tenure_domain::report;
use tenure_domain::scope::Scope;
use tenure_domain::terms::Terms;
use tenure_domain::text::{Blob, Words};
use tenure_domain::workload::{Plan, Volume, Workload};
use tenure_engine::entropy::Entropy;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Caller, Done, Once};
use tenure_engine::{LogKey, adopt, keys};
use tenure_store::Answer;

use crate::clock::Machine;
use crate::office::{Office, hours, ines, member, person, reasons, slug};

/// A rule that three reports satisfy.
const RULE: &str = "kind: Rule
id: many-reports
ground: process_failure
mode: notify
when: >
  reports(\"incitement\", \"P28D\").filed >= 3
caps: {perDay: 10, shareOfAccounts: 1.0}
";

pub(super) struct Story {
    pub(super) office: Office,
    pub(super) kept: Kept,
}

impl Story {
    pub(super) fn words(&mut self, text: &str) -> Words {
        self.office.engine.words(&mut self.kept, text).unwrap()
    }

    pub(super) fn blob(&mut self, text: &str) -> Blob {
        self.kept.blob("text/plain", text.as_bytes().to_vec())
    }

    pub(super) async fn act(&mut self, caller: Caller, account: &str, command: Command) -> Done {
        let kept = std::mem::take(&mut self.kept);
        let name = command.name();
        let act = Act::Account(slug(account), command);
        self.office.submit_keeping(caller, act, kept).await.unwrap_or_else(|e| panic!("{name}: {e:?}"))
    }

    pub(super) async fn book(&mut self, entry: book::Entry, event: book::Event) {
        self.office.submit(person("otto", Role::Administrator), Act::Book(entry, event)).await.unwrap();
    }

    pub(super) async fn pass(&self, time: i64) {
        self.office.engine.advance_to(self.office.engine.now() + hours(time)).await.unwrap();
    }

    async fn open_case(&mut self, account: &str, ground: &str) -> CaseId {
        let why = self.words("Reports outpace what is taken down.");
        let reports = Vec::new();
        let command = Command::OpenCase { ground: ground.parse().unwrap(), why, reports };
        let done = self.act(ines(), account, command).await;
        done.account().unwrap().cases.last().unwrap().id.clone()
    }

    /// A notice under power 6.1 that asks for one thing.
    async fn notice(&mut self, case: &CaseId, starts: Starts, item: &str) {
        let items = vec![Asked {
            id: item.parse().unwrap(),
            ask: self.words("Answer reports within two business days."),
            report: None,
            invoice: None,
            verifier: Verifier::Review,
        }];
        let why = self.words("Too many reports stay unanswered.");
        let letter = self.blob(&format!("Letter about {item}."));
        let power = "6.1".parse().unwrap();
        let command =
            Command::IssueNotice { case: case.clone(), starts, power, why, items, reasons: reasons(letter) };
        self.act(ines(), case.account().as_str(), command).await;
        self.office.engine.settle().await.unwrap();
    }

    async fn propose(&mut self, case: &CaseId) -> MeasureId {
        let mut submission = self.office.proposal(case);
        submission.if_version = None;
        let done = crate::office::done(self.office.engine.submit(submission).await.unwrap());
        done.account().unwrap().measures.last().unwrap().id.clone()
    }

    pub(super) async fn approve(&mut self, measure: &MeasureId, by: &str) {
        let account = self.office.account(measure.account().as_str()).await;
        let command_hash = account.measure(measure).unwrap().command_hash.clone();
        let command = Command::ApproveMeasure { measure: measure.clone(), command_hash };
        self.act(person(by, Role::Approver), measure.account().as_str(), command).await;
    }

    pub(super) async fn observe(&mut self, measure: &MeasureId, restored: bool) {
        let receipt = self.blob(if restored { "a receipt: all is back" } else { "a receipt: nothing runs" });
        let measure = measure.clone();
        let account = measure.account().to_string();
        let command = if restored {
            Command::ConfirmRestored { measure, receipt }
        } else {
            Command::ConfirmInForce { measure, receipt }
        };
        self.act(Caller::System(System::Cluster), &account, command).await;
    }

    async fn order(&mut self, kind: OrderKind) {
        let (authority, document) = (self.words("A court, 21-cv-31"), self.blob("An order."));
        let command = Command::RecordOrder { kind, scope: Scope::Account, authority, document };
        self.act(person("lena", Role::Legal), "parley", command).await;
    }

    async fn vacate(&mut self, number: u32) {
        let why = self.words("It was set aside.");
        let order = format!("parley.o{number}").parse().unwrap();
        self.act(person("lena", Role::Legal), "parley", Command::VacateOrder { order, why }).await;
    }

    async fn appeal(&mut self, measure: &MeasureId, number: u32, outcome: AppealOutcome) {
        let account = measure.account().to_string();
        let grounds = self.words("It was satire.");
        let command = Command::FileAppeal { measure: measure.clone(), grounds };
        self.act(member(&account, Role::Owner), &account, command).await;
        let why = self.words("It was read again.");
        let appeal = format!("{account}.a{number}").parse().unwrap();
        self.act(
            person("ruth", Role::Approver),
            &account,
            Command::DecideAppeal { appeal, outcome, why, reports: None },
        )
        .await;
    }

    async fn hand_in(&mut self, case: &CaseId, item: &str, accept: bool) {
        let (case, item) = (case.clone(), item.parse::<tenure_domain::name::ItemId>().unwrap());
        let account = case.account().to_string();
        let remedy = self.words("It is answered.");
        let submit = Command::SubmitCure { case: case.clone(), item: item.clone(), remedy };
        self.act(member(&account, Role::Owner), &account, submit).await;
        let decide = if accept {
            Command::AcceptCure { case, item }
        } else {
            let why = self.words("Not all of it.");
            Command::RejectCure { case, item, why }
        };
        self.act(ines(), &account, decide).await;
    }

    async fn emergency(&mut self, case: &CaseId, by: &str) -> MeasureId {
        let (why, letter) = (self.words("It names the hour."), self.blob("Letter of an emergency."));
        let command = Command::ApplyEmergency {
            case: case.clone(),
            power: "6.1-emergency".parse().unwrap(),
            scope: "workload/web/site".parse().unwrap(),
            why,
            why_not_less: None,
            reasons: reasons(letter),
        };
        let done = self.act(person(by, Role::Analyst), case.account().as_str(), command).await;
        done.account().unwrap().measures.last().unwrap().id.clone()
    }

    /// A request under an idempotency key.
    async fn answer_once(&mut self) {
        let mut submission = self.office.hold("parley", "Another hearing.");
        let answer = Answer { request: "hold".into(), status: 201, headers: "[]".into(), body: "{}".into() };
        submission.once =
            Some(Once { key: "hold-1".into(), request: "hold".into(), respond: Box::new(move |_| answer) });
        self.office.engine.submit(submission).await.unwrap();
    }

    async fn book_and_declarations(&mut self) {
        let roles = |name: &str| BTreeSet::from([name.to_owned()]);
        let ruth = "ruth".parse().unwrap();
        let event = book::Event::PersonSet { person: ruth, roles: roles("approver") };
        self.book(book::Entry::Person("ruth".parse().unwrap()), event).await;
        let digest = "c0ffee".repeat(11).chars().take(64).collect::<String>();
        let entry = || book::Entry::Token(digest.chars().take(16).collect());
        let subject: Actor = "person/ruth".parse().unwrap();
        self.book(entry(), book::Event::TokenIssued { subject, digest: digest.clone() }).await;
        self.book(entry(), book::Event::TokenRevoked { digest: digest.clone() }).await;
        for account in ["parley", "quince"] {
            let plan = Plan { cpu_millis: 1_000, memory_mib: 512, storage_mib: 128, pods: 10 };
            let environment = "web".parse().unwrap();
            let platform = person("pia", Role::Platform);
            self.act(platform, account, Command::CreateEnvironment { environment, plan }).await;
            if account == "quince" {
                self.provisions(account, plan).await;
            }
            for name in ["site", "feed"] {
                let spec = Workload {
                    image: "registry.example/site:1".to_owned(),
                    command: vec!["httpd".to_owned()],
                    replicas: 2,
                    port: 8080,
                    cpu_millis: 50,
                    memory_mib: 32,
                    volume: Some(Volume { path: "/www".to_owned(), size_mib: 8, from: None }),
                    ..Workload::default()
                };
                let command = Command::PutWorkload {
                    environment: "web".parse().unwrap(),
                    workload: name.parse().unwrap(),
                    spec,
                };
                self.act(member(account, Role::Owner), account, command).await;
            }
        }
        self.day_two().await;
        let command = Command::RemoveWorkload {
            environment: "web".parse().unwrap(),
            workload: "feed".parse().unwrap(),
        };
        self.act(member("parley", Role::Owner), "parley", command).await;
    }

    async fn reports(&mut self) {
        self.office.publish_rule(RULE).await;
        self.office.file_reports("parley", "incitement", 3).await;
        // The same again, with all that an allegation can say.
        let mut again = self.office.report("parley", "incitement", "1-0");
        let contact = self.office.engine.words(&mut again.kept, "A reader, by mail.").unwrap();
        let reference = self.office.engine.words(&mut again.kept, "rex-98").unwrap();
        if let Act::FileReport(_, allegation) = &mut again.act {
            allegation.observed_at = Some(self.office.engine.now());
            allegation.contact = Some(contact);
            allegation.language = Some("en".parse().unwrap());
            allegation.reference = Some(reference);
        }
        self.office.engine.submit(again).await.unwrap();
        let answer = self.words("Taken down.");
        let act = Act::Report("parley.r1".parse().unwrap(), report::Command::Remediate { answer });
        let kept = std::mem::take(&mut self.kept);
        self.office.submit_keeping(member("parley", Role::Owner), act, kept).await.unwrap();
    }

    /// From a notice to a suspension that is stayed, blocked, stopped by an order, upheld and cured.
    async fn suspension(&mut self) {
        // The rule opened it.
        let case: CaseId = "parley.c1".parse().unwrap();
        self.notice(&case, Starts::Both, "staff").await;
        self.office.engine.submit(self.office.proposal(&case)).await.unwrap_err();
        self.pass(72).await;
        self.hand_in(&case, "staff", false).await;
        self.pass(31 * 24).await;
        let measure = self.propose(&case).await;
        let effective = self.office.engine.now() + hours(48);
        let amend = Command::AmendMeasure { measure: measure.clone(), effective };
        self.act(ines(), "parley", amend).await;
        self.approve(&measure, "omar").await;
        self.approve(&measure, "noa").await;
        self.order(OrderKind::Stay).await;
        self.vacate(1).await;
        let why = self.words("A hearing.");
        let hold = Command::PlaceHold { scope: Scope::Account, running_state: true, why };
        self.act(person("lena", Role::Legal), "parley", hold).await;
        self.pass(48).await;
        let why = self.words("The hearing is over.");
        let release = Command::ReleaseHold { hold: "parley.h1".parse().unwrap(), why };
        self.act(person("lena", Role::Legal), "parley", release).await;
        self.pass(0).await;
        self.observe(&measure, false).await;
        let objects = vec!["Deployment web/site: replicas 2 instead of 0".to_owned()];
        let repairs = Command::RecordRepairs { environment: "web".parse().unwrap(), objects };
        self.act(Caller::System(System::Cluster), "parley", repairs).await;
        self.appeal(&measure, 1, AppealOutcome::Upheld).await;
        self.order(OrderKind::Reinstate).await;
        self.observe(&measure, true).await;
        self.order(OrderKind::Preserve).await;
        self.vacate(2).await;
        self.pass(1).await;
        self.observe(&measure, false).await;
        self.hand_in(&case, "staff", true).await;
        self.observe(&measure, true).await;
    }

    /// An account is told of new terms twice, and binds itself once; an invoice is disputed, paid in part, and paid.
    async fn terms_and_invoices(&mut self) {
        let legal = || person("lena", Role::Legal);
        let owner = || member("quince", Role::Owner);
        let next = |version: &str| {
            let text = crate::office::TERMS.replace("\"2020-04\"", &format!("\"{version}\""));
            format!("{text}changes: {{notice: P30D}}\n")
        };
        for (number, version) in [(1, "2021-02"), (2, "2021-03")] {
            let terms = self.office.publish(&next(version)).await;
            let (why, letter) = (self.words("It says how it changes."), self.blob("Letter about new terms."));
            let hash = terms.hash.clone();
            self.act(legal(), "quince", Command::NotifyTerms { terms, why, letter }).await;
            self.office.engine.settle().await.unwrap();
            let notice: TermsNoticeId = format!("quince.t{number}").parse().unwrap();
            let acknowledge = Command::AcknowledgeTerms { notice: notice.clone() };
            self.act(owner(), "quince", acknowledge).await;
            if number == 1 {
                self.act(owner(), "quince", Command::AcceptTerms { notice, hash }).await;
            } else {
                self.pass(31 * 24).await;
            }
        }
        let case = self.open_case("quince", "non_payment").await;
        for (paid, disputed) in [(0, 0), (4_000, 0), (4_000, 8_000), (4_000, 0), (12_000, 0)] {
            self.pass(24).await;
            let facts = InvoiceFacts {
                amount: 12_000,
                currency: "USD".parse().unwrap(),
                due: "2021-01-04".parse().unwrap(),
                paid,
                credited: 0,
                disputed,
                as_of: self.office.engine.now(),
            };
            let command = Command::RecordInvoice { invoice: "2021-0117".parse().unwrap(), facts };
            self.act(person("bela", Role::Billing), "quince", command).await;
            if paid == 0 {
                self.notice(&case, Starts::Both, "bill").await;
                let notice = self.newest_of(&case).await;
                self.act(owner(), "quince", Command::AcknowledgeNotice { notice }).await;
            }
        }
    }

    /// The newest notice of a case: others of its account come in between by themselves.
    async fn newest_of(&self, case: &CaseId) -> NoticeId {
        self.office.account(case.account().as_str()).await.notices_of(case).last().unwrap().id.clone()
    }

    /// Clocks that stand still and are made longer, delivery that fails, items that verify themselves, a signal that is
    /// cleared.
    async fn clocks(&mut self) {
        let case = self.open_case("quince", "non_payment").await;
        self.notice(&case, Starts::Both, "dues").await;
        let notice = self.newest_of(&case).await;
        let owner = || member("quince", Role::Owner);
        self.act(owner(), "quince", Command::ReadNotice { notice: notice.clone() }).await;
        let why = self.words("They asked for it.");
        self.act(ines(), "quince", Command::ExtendNotice { notice, by: "P2D".parse().unwrap(), why }).await;
        let why = self.words("We look at it again.");
        self.act(ines(), "quince", Command::PauseCase { case: case.clone(), why }).await;
        self.pass(50).await;
        let why = self.words("We have looked.");
        self.act(ines(), "quince", Command::ResumeCase { case: case.clone(), why }).await;

        let items = [
            ("few", Verifier::Fact { bound: "reports(\"spam\", \"P7D\").filed > 1000".into() }),
            ("page", Verifier::Gone { locator: self.words("http://127.0.0.1:1/page") }),
        ];
        let items = items.map(|(id, verifier)| Asked {
            id: id.parse().unwrap(),
            ask: self.words("Put it right."),
            report: None,
            invoice: None,
            verifier,
        });
        let (why, letter, power) =
            (self.words("It goes on."), self.blob("Another letter."), "6.1".parse().unwrap());
        let issue = Command::IssueNotice {
            case: case.clone(),
            starts: Starts::Cure,
            power,
            why,
            items: items.to_vec(),
            reasons: reasons(letter),
        };
        self.act(ines(), "quince", issue).await;
        let notice = self.newest_of(&case).await;
        self.act(owner(), "quince", Command::AcknowledgeNotice { notice }).await;
        self.pass(25).await;
        for (found, why) in [
            (
                Found::There { status: 200, evidence: self.blob("it answers") },
                Some(self.words("It answers.")),
            ),
            (Found::Gone { status: 404, evidence: self.blob("nothing") }, None),
        ] {
            let item: ItemId = "page".parse().unwrap();
            let remedy = self.words("It is gone.");
            self.act(
                owner(),
                "quince",
                Command::SubmitCure { case: case.clone(), item: item.clone(), remedy },
            )
            .await;
            let check = Command::RecordCheck { case: case.clone(), item, found, why };
            self.act(Caller::System(System::Verifier), "quince", check).await;
        }
        let why = self.words("It was a mistake.");
        let clears = Some(Clears { within: "P1D".parse().unwrap(), reports: 1 });
        self.act(ines(), "quince", Command::WithdrawCase { case, why, clears }).await;
        self.pass(26).await;
    }

    /// Terms that serve by mail alone, and a mail drop that takes nothing for four days.
    async fn delivery(&mut self) {
        let text = crate::office::TERMS
            .replace("version: \"2020-04\"", "version: \"2020-05\"")
            .replace("channels: [email, inbox]", "channels: [email]");
        let (_, terms) = Terms::parse(&text).unwrap();
        let otto = person("otto", Role::Administrator);
        self.office.engine.publish_terms(otto, &text, terms.clone()).await.unwrap();
        let plan = Plan { cpu_millis: 1_000, memory_mib: 1_024, storage_mib: 1_024, pods: 10 };
        self.act(person("pia", Role::Platform), "rook", Command::Open { terms, plan }).await;
        let case = self.open_case("rook", "process_failure").await;
        let (drop, aside) = (self.office.mail.clone(), self.office.mail.with_extension("aside"));
        std::fs::rename(&drop, &aside).unwrap();
        std::fs::write(&drop, "").unwrap();
        self.notice(&case, Starts::Both, "mail").await;
        // Here the inbox takes the letter.
        self.office.open_account("wren").await;
        let inbox = self.open_case("wren", "process_failure").await;
        self.notice(&inbox, Starts::Both, "inbox").await;
        self.pass(96).await;
        std::fs::remove_file(&drop).unwrap();
        std::fs::rename(&aside, &drop).unwrap();
        self.pass(24).await;
    }

    /// Emergencies: ratified and lifted, not ratified, overturned; and a case that is taken back.
    async fn emergencies(&mut self) {
        let case = self.open_case("quince", "imminent_violence").await;
        let first = self.emergency(&case, "ines").await;
        self.observe(&first, false).await;
        let command_hash = self.office.account("quince").await.measure(&first).unwrap().command_hash.clone();
        let ratify = Command::RatifyMeasure { measure: first.clone(), command_hash };
        self.act(person("omar", Role::Approver), "quince", ratify).await;
        let why = self.words("It is over.");
        self.act(ines(), "quince", Command::LiftMeasure { measure: first.clone(), why }).await;
        self.observe(&first, true).await;
        let second = self.emergency(&case, "iris").await;
        self.pass(25).await;
        self.observe(&second, true).await;
        let third = self.emergency(&case, "ivan").await;
        self.appeal(&third, 1, AppealOutcome::Overturned).await;
        let other = self.open_case("quince", "process_failure").await;
        self.notice(&other, Starts::Cure, "desk").await;
        self.notice(&other, Starts::Notice, "hours").await;
        // What happened to measures has brought notices of its own meanwhile.
        let told = self.office.account("quince").await;
        let asked: Vec<_> = told.notices_of(&other).map(|notice| notice.id.clone()).collect();
        assert_eq!(asked.len(), 2);
        for notice in asked {
            let acknowledge = Command::AcknowledgeNotice { notice };
            self.act(member("quince", Role::Owner), "quince", acknowledge).await;
        }
        self.pass(31 * 24).await;
        self.propose(&other).await;
        let why = self.words("It was read again.");
        self.act(ines(), "quince", Command::WithdrawCase { case: other, why, clears: None }).await;
        self.clocks().await;
        self.delivery().await;
        self.terms_and_invoices().await;
        // Something still runs.
        let open = self.open_case("quince", "non_payment").await;
        self.notice(&open, Starts::Both, "bill").await;
    }
}

impl Story {
    /// A rule opens a case, and what it began is undone.
    async fn undoing(&mut self) {
        self.office.open_account("rowan").await;
        let from = self.office.engine.now();
        self.office.file_reports("rowan", "incitement", 3).await;
        let rule: tenure_domain::name::RuleId = "many-reports".parse().unwrap();
        let why = self.words("Three reports are no pattern.");
        let event = book::Event::RuleUndone { rule: rule.clone(), from, until: None, why };
        let kept = std::mem::take(&mut self.kept);
        let act = Act::Book(book::Entry::Undoing(rule), event);
        self.office.submit_keeping(ines(), act, kept).await.unwrap();
        self.office.engine.settle().await.unwrap();
        assert_eq!(self.office.times_of("rowan", "case.undone").await.len(), 1);
    }
}

impl Story {
    /// The reconciler asked the cluster what it can do.
    async fn probed(&mut self) {
        let found = tenure_domain::cluster::Found {
            version: "v1.33.2".to_owned(),
            supported: true,
            simulation: false,
            holds_jobs: true,
            cron_jobs: "batch/v1".to_owned(),
            asks_nodes: true,
            webhooks: true,
            freeze: true,
            network_policies: tenure_domain::cluster::NetworkPolicies::Enforced,
            load_balancers: tenure_domain::cluster::LoadBalancers::Unknown,
            ingress_classes: Some(BTreeSet::from(["nginx".to_owned()])),
            gateways: false,
        };
        let cluster = tenure_domain::name::ClusterId::main();
        let event = book::Event::ClusterProbed { cluster: cluster.clone(), found };
        let act = Act::Book(book::Entry::Cluster(cluster), event);
        self.office.submit(Caller::System(System::Cluster), act).await.unwrap();
    }
}

/// What a reconciler keeps, and a job that a process which died had not done.
async fn leave_work_undone(office: &Office) {
    let store = office.database.open().await;
    let mut write = store.write().await.unwrap();
    let observed = serde_json::to_string(&tenure_engine::Observed::default()).unwrap();
    write.put_memory("parley", "web", "{}").await.unwrap();
    write.put_observed("parley", "web", &observed).await.unwrap();
    write.enqueue("evaluate", "parley").await.unwrap();
    write.commit().await.unwrap();
    store.close().await;
}

/// The anchor is lost, and somebody says that the log goes on; then the key is replaced.
async fn change_key(office: &Office) {
    let store = office.database.open().await;
    let [old, new] = [8, 7].map(|n| LogKey::new("log.provider.example", &[n; 32]).unwrap());
    std::fs::remove_file(office.mail.with_file_name("log.anchor")).unwrap();
    adopt(&store, &old, &office.anchor(), "The disk with the anchor is gone.", &Entropy::seeded(8))
        .await
        .unwrap();
    keys::rotate(&store, &old, &new, &office.anchor(), &Entropy::seeded(9)).await.unwrap();
    store.close().await;
}

/// Plays it; what is left is a stopped office whose folder holds the database.
pub async fn play() -> Office {
    let office = Office::signed_with([8; 32]).await;
    office.publish_terms().await;
    office.open_account("parley").await;
    office.open_account("quince").await;
    office.open_account("harbor").await;
    let mut story = Story { office, kept: Kept::default() };
    story.book_and_declarations().await;
    story.endings().await;
    story.reports().await;
    story.suspension().await;
    story.emergencies().await;
    story.undoing().await;
    story.probed().await;
    story.courts().await;
    story.answer_once().await;
    story.hooks().await;
    let office = story.office;
    // A case that has just begun: its deadlines are still ahead.
    office.open_account("rill").await;
    let case = office.open_case("rill").await;
    office.issue_notice(&case).await;
    office.engine.settle().await.unwrap();
    let now = office.engine.now();
    office.engine.stop().await;
    change_key(&office).await;
    // The machine's clock jumps, and somebody looks.
    let machine = Machine::boot(office, now).await;
    machine.step(hours(1));
    machine.until_said(1).await;
    machine.confirm(person("otto", Role::Administrator), machine.wall()).await.unwrap();
    machine.engine.stop().await;
    super::moves::play(&machine.office).await;
    leave_work_undone(&machine.office).await;
    machine.office
}
