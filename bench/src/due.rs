//! What it takes to fire everything that is due, with many accounts: each has an order with a written end, or a notice that
//! counts as served when three days have passed since it was put into its inbox.

use std::io::Write as _;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use tenure_access::Role;
use tenure_domain::account::command::Starts;
use tenure_domain::account::cure::Verifier;
use tenure_domain::account::event::Asked;
use tenure_domain::account::{Account, Command};
use tenure_domain::name::CaseId;
use tenure_domain::scope::Scope;
use tenure_domain::statement::{Fact, Reasons};
use tenure_domain::terms::{Terms, TermsRef};
use tenure_engine::Engine;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Submission};
use tenured::story::TERMS;

use crate::Effort;
use crate::house::{House, PLAN, START, account, person};
use crate::summary::{Figure, Samples, Unit};

/// How many accounts are prepared at once.
const BATCH: usize = 5_000;

/// When everything falls due after it began.
const HOURS_72: SignedDuration = SignedDuration::from_hours(72);

/// The story's terms with the inbox as the one channel: what is measured are deadlines, and no mail.
fn terms() -> String {
    TERMS.replace("\"2020-04\"", "\"2020-04-inbox\"").replace("[email, inbox]", "[inbox]")
}

/// An order not to tell, which ends by itself.
fn gagged(house: &House, terms: &TermsRef, n: usize) -> anyhow::Result<Vec<Submission>> {
    let id = account(n)?;
    let open = Command::Open { terms: terms.clone(), plan: PLAN };
    let mut kept = Kept::default();
    let gag = Command::RecordGag {
        scope: Scope::Account,
        case: None,
        authority: house.engine.words(&mut kept, "A court.")?,
        document: kept.blob("text/plain", format!("An order about {id}.").into_bytes()),
        until: START.parse::<Timestamp>()?.checked_add(HOURS_72)?,
    };
    let gag = Submission::new(person("lena", Role::Legal), Act::Account(id.clone(), gag)).keeping(kept);
    Ok(vec![Submission::new(person("pia", Role::Platform), Act::Account(id, open)), gag])
}

/// A case with a notice that nobody reads.
fn noticed(house: &House, terms: &TermsRef, n: usize) -> anyhow::Result<Vec<Submission>> {
    let id = account(n)?;
    let platform = || person("pia", Role::Platform);
    let analyst = || person("ines", Role::Analyst);
    let open = Command::Open { terms: terms.clone(), plan: PLAN };
    let mut kept = Kept::default();
    let why = house.engine.words(&mut kept, "Reports outpace what is taken down.")?;
    let case = Command::OpenCase { ground: "process_failure".parse()?, why, reports: Vec::new() };
    let case = Submission::new(analyst(), Act::Account(id.clone(), case)).keeping(kept);
    let mut kept = Kept::default();
    let notice = Command::IssueNotice {
        case: CaseId::new(id.clone(), 1),
        starts: Starts::Both,
        power: "6.1".parse()?,
        why: house.engine.words(&mut kept, "Reports stay unanswered.")?,
        reasons: Reasons::new(
            "Reports stay unanswered.",
            vec![Fact::finding("f-1", house.engine.now(), format!("https://{id}.example/posts/1"))],
        ),
        items: vec![Asked {
            id: "clean-up".parse()?,
            ask: house.engine.words(&mut kept, "Answer within two business days.")?,
            report: None,
            invoice: None,
            verifier: Verifier::Review,
        }],
    };
    let notice = Submission::new(analyst(), Act::Account(id.clone(), notice)).keeping(kept);
    Ok(vec![Submission::new(platform(), Act::Account(id, open)), case, notice])
}

/// What falls due: its name, how it comes about, and whether it has.
type Deadline =
    (&'static str, fn(&House, &TermsRef, usize) -> anyhow::Result<Vec<Submission>>, fn(&Account) -> bool);

const GAG: Deadline = ("orders that end", gagged, |account| account.orders.iter().all(|o| !o.stands()));
const NOTICE: Deadline = ("notices that count as served", noticed, |account| {
    account.notices.iter().all(|n| n.served_at().is_some())
});

/// Measures the firing of one deadline of each account, all due at once.
pub async fn measure(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let mut figures = fire(effort.of(100_000, 20), GAG).await?;
    figures.extend(fire(effort.of(5_000, 20), NOTICE).await?);
    Ok(figures)
}

async fn fire(accounts: usize, (what, prepare, is_over): Deadline) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let house = House::in_folder(folder.path()).await?;
    let text = terms();
    let (_, reference) = Terms::parse(&text)?;
    house.engine.publish_terms(Engine::bootstrap(), &text, reference.clone()).await?;
    let mut next = 0;
    while next < accounts {
        let end = accounts.min(next + BATCH);
        let mut rounds: Vec<Vec<Submission>> = Vec::new();
        for n in next..end {
            for (round, submission) in prepare(&house, &reference, n)?.into_iter().enumerate() {
                if rounds.len() == round {
                    rounds.push(Vec::new());
                }
                rounds[round].push(submission);
            }
        }
        for round in rounds {
            house.submit_all(round).await?;
        }
        house.engine.settle().await?;
        next = end;
        writeln!(std::io::stderr(), "due: {next} of {accounts} accounts have their deadline")?;
    }
    let due = house.engine.now().checked_add(HOURS_72)?;
    let since = Instant::now();
    house.engine.advance_to(due).await?;
    let elapsed = since.elapsed();
    anyhow::ensure!(
        is_over(&*house.engine.account(&account(accounts - 1)?).await?),
        "what was due was not fired"
    );
    let (mut all, mut rate) = (Samples::default(), Samples::default());
    all.push_millis(elapsed);
    rate.push(f64::from(u32::try_from(accounts)?) / elapsed.as_secs_f64());
    house.engine.stop().await;
    Ok(vec![
        Figure::new(format!("{accounts} accounts, {what}: all deadlines fired"), Unit::Millis, &all),
        Figure::new(
            format!("{accounts} accounts, {what}: deadlines fired in a second"),
            Unit::PerSecond,
            &rate,
        ),
    ])
}
