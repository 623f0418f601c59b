//! What it takes to fire everything that is due, with many accounts: each has a notice that counts as served when three
//! days have passed since it was put into its inbox.

use std::io::Write as _;
use std::time::Instant;

use tenure_access::Role;
use tenure_domain::account::Command;
use tenure_domain::account::command::Starts;
use tenure_domain::account::cure::Verifier;
use tenure_domain::account::event::Asked;
use tenure_domain::name::CaseId;
use tenure_domain::statement::{Fact, Reasons};
use tenure_domain::terms::{Terms, TermsRef};
use tenure_engine::Engine;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Submission};
use tenured::story::TERMS;

use crate::Effort;
use crate::house::{House, PLAN, account, person};
use crate::summary::{Figure, Samples, Unit};

/// How many accounts are prepared at once.
const BATCH: usize = 5_000;

/// The story's terms with the inbox as the one channel: what is measured are deadlines, and no mail.
fn terms() -> String {
    TERMS.replace("\"2020-04\"", "\"2020-04-inbox\"").replace("[email, inbox]", "[inbox]")
}

fn prepare(house: &House, terms: &TermsRef, n: usize) -> anyhow::Result<[Submission; 3]> {
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
    Ok([Submission::new(platform(), Act::Account(id, open)), case, notice])
}

/// Measures the firing of one deadline of each account, all due at once.
pub async fn measure(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let house = House::in_folder(folder.path()).await?;
    let text = terms();
    let (_, reference) = Terms::parse(&text)?;
    house.engine.publish_terms(Engine::bootstrap(), &text, reference.clone()).await?;
    let accounts = effort.of(100_000, 20);
    let mut next = 0;
    while next < accounts {
        let end = accounts.min(next + BATCH);
        let mut rounds: [Vec<Submission>; 3] = Default::default();
        for n in next..end {
            for (round, submission) in rounds.iter_mut().zip(prepare(&house, &reference, n)?) {
                round.push(submission);
            }
        }
        for round in rounds {
            house.submit_all(round).await?;
        }
        house.engine.settle().await?;
        next = end;
        writeln!(std::io::stderr(), "due: {next} of {accounts} accounts have their deadline")?;
    }
    let before = house.engine.now();
    let due = before.checked_add(jiff::SignedDuration::from_hours(72))?;
    let since = Instant::now();
    house.engine.advance_to(due).await?;
    let elapsed = since.elapsed();
    let served =
        house.engine.account(&account(accounts - 1)?).await?.notices.iter().all(|n| n.served_at().is_some());
    anyhow::ensure!(served, "what was due was not fired");
    let (mut all, mut rate) = (Samples::default(), Samples::default());
    all.push_millis(elapsed);
    rate.push(f64::from(u32::try_from(accounts)?) / elapsed.as_secs_f64());
    house.engine.stop().await;
    Ok(vec![
        Figure::new(format!("{accounts} accounts: every deadline due fired"), Unit::Millis, &all),
        Figure::new(format!("{accounts} accounts: deadlines fired in a second"), Unit::PerSecond, &rate),
    ])
}
