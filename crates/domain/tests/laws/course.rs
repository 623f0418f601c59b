//! The natural course of a case, so that histories reach its far end.

use jiff::SignedDuration;
use tenure_domain::account::Command;
use tenure_domain::account::case::{Item, ItemState};
use tenure_domain::account::command::{ProposeMeasure, Starts};
use tenure_domain::account::legal::{AppealOutcome, OrderKind};
use tenure_domain::account::measure::{Measure, MeasureState};
use tenure_domain::account::timer::TimerKey;
use tenure_domain::capability::Preset;
use tenure_domain::name::CaseId;
use tenure_domain::scope::Scope;
use tenure_domain::terms::{Channel, Power, Process};

use crate::history::{GROUNDS, History, PEOPLE, SCOPES, pick};
use crate::world::{blob, reasons, words};

impl History {
    /// Does what comes next in the course of a case, so that histories reach its far end.
    pub fn next(&mut self, a: u8, b: u8, c: u8) {
        let open: Vec<CaseId> =
            self.account().cases.iter().filter(|x| !x.is_closed()).map(|x| x.id.clone()).collect();
        let Some(case) = pick(&open, a / 16).filter(|_| open.len() > 1 || c < 240) else {
            return self.run("person/ines", crate::world::open_case(pick(&GROUNDS, a).unwrap()));
        };
        let scheduled = |m: &&Measure| {
            m.proposal.case.as_ref() == Some(&case) && matches!(m.state, MeasureState::Scheduled { .. })
        };
        if let Some(measure) = self.account().measures.iter().find(scheduled).cloned() {
            return self.next_of_measure(&measure, b, c);
        }
        self.fire_due();
        let mine = |m: &&Measure| m.proposal.case.as_ref() == Some(&case) && !m.is_over();
        let measures: Vec<_> = self.account().measures.iter().filter(mine).cloned().collect();
        if let Some(measure) = pick(&measures, b) {
            return self.next_of_measure(&measure, b, c);
        }
        let ground = self.account().case(&case).unwrap().ground.clone();
        if ground.as_str() == "threat" {
            let scope: Scope = pick(&SCOPES[..3], c).unwrap().parse().unwrap();
            let person = format!("person/{}", pick(&PEOPLE, b).unwrap());
            let power = "1.4".parse().unwrap();
            let command = Command::ApplyEmergency {
                case,
                power,
                scope,
                why: words(),
                why_not_less: Some(words()),
                reasons: reasons(),
            };
            return self.run(&person, command);
        }
        let notices: Vec<_> = self.account().notices_of(&case).cloned().collect();
        if let Some(unserved) = notices.iter().find(|n| n.served_at().is_none()) {
            let notice = unserved.id.clone();
            if !b.is_multiple_of(3) {
                return self.run("member/parley/ada", Command::AcknowledgeNotice { notice });
            }
            let attempt = Command::RecordAttempt { notice, channel: Channel::Inbox, proof: "kept".into() };
            self.run("system/delivery", attempt);
            self.world.now += SignedDuration::from_hours(72);
            return self.fire_due();
        }
        let used = notices
            .iter()
            .find_map(|n| n.kind.starts_cure().filter(|p| n.kind.starts_notice() == Some(*p)).cloned());
        let Some(power) = used else {
            let fits = |p: &&Power| {
                p.grounds.contains(&ground)
                    && p.permits.is_supported()
                    // A termination takes its own, longer course.
                    && p.permits != Preset::Terminate
                    && matches!(p.process, Process::Noticed { .. })
            };
            let powers: Vec<_> = self.world.terms.powers.iter().filter(fits).map(|p| p.id.clone()).collect();
            let power = pick(&powers, b).unwrap();
            let items = self.fresh_items(&case, 1 + c % 2);
            let starts = Starts::Both;
            let command =
                Command::IssueNotice { case, starts, power, why: words(), items, reasons: reasons() };
            return self.run("person/ines", command);
        };
        let run_out = notices.iter().filter_map(|n| n.cure_ends().max(n.notice_ends())).max();
        let running = run_out.filter(|ends| *ends > self.world.now);
        if let Some(ends) = running.filter(|_| c % 4 < 2) {
            self.world.now = ends;
            return self.fire_due();
        }
        let items = self.account().case(&case).unwrap().items.clone();
        if c % 16 == 5 {
            let items = self.fresh_items(&case, 1);
            let starts = Starts::Cure;
            let command =
                Command::IssueNotice { case, starts, power, why: words(), items, reasons: reasons() };
            return self.run("person/ines", command);
        }
        if c % 16 == 7 && items.len() > 1 {
            return self.cure(&case, &items[..1]);
        }
        if let Some(waiting) = items.iter().find(|i| matches!(i.state, ItemState::Submitted { .. })) {
            let item = waiting.id.clone();
            let command = if c.is_multiple_of(3) {
                Command::AcceptCure { case, item }
            } else {
                Command::RejectCure { case, item, why: words() }
            };
            return self.run("person/ines", command);
        }
        let scopes: &[&str] = match power.as_str() {
            "1.3" => &SCOPES[..5],
            _ => &SCOPES[..4],
        };
        let scope = pick(scopes, c).unwrap().parse().unwrap();
        let later =
            b.is_multiple_of(4).then(|| self.world.now + SignedDuration::from_hours(i64::from(c % 50)));
        let effective = running.filter(|_| b.is_multiple_of(2)).or(later);
        let proposal =
            ProposeMeasure { case, power, scope, effective, why: words(), why_not_less: Some(words()) };
        self.run("person/ines", Command::ProposeMeasure(proposal));
    }

    fn next_of_measure(&mut self, measure: &Measure, b: u8, c: u8) {
        let id = measure.id.clone();
        let command_hash = measure.command_hash.clone();
        match &measure.state {
            MeasureState::Proposed | MeasureState::Scheduled { .. } if c % 16 == 2 => {
                self.run("person/ines", Command::LiftMeasure { measure: id, why: words() });
            }
            MeasureState::Stayed { .. } if b.is_multiple_of(3) && measure.awaits_restoration() => {
                self.run("system/cluster", Command::ConfirmRestored { measure: id, receipt: blob() });
            }
            MeasureState::Proposed => {
                let by = format!("person/{}", ["omar", "noa", "ruth"][usize::from(c) % 3]);
                self.run(&by, Command::ApproveMeasure { measure: id, command_hash });
            }
            MeasureState::Approved { .. } => {
                match self.account().holds.iter().find(|h| h.released.is_none()) {
                    Some(hold) => {
                        let hold = hold.id.clone();
                        self.run("person/lena", Command::ReleaseHold { hold, why: words() });
                    }
                    None => self
                        .run("person/ines", Command::AmendMeasure { measure: id, effective: self.world.now }),
                }
            }
            MeasureState::Scheduled { at } if c.is_multiple_of(8) => {
                let at = *at;
                let scope = measure.proposal.scope.clone();
                self.run("person/lena", Command::PlaceHold { scope, running_state: true, why: words() });
                self.world.now = self.world.now.max(at);
                self.fire_due();
            }
            MeasureState::Scheduled { at } if c % 8 == 3 => {
                self.world.now = self.world.now.max(*at);
                self.run("system/timer", Command::Fire(TimerKey::Apply(id)));
            }
            MeasureState::Scheduled { at } if c % 8 == 1 => {
                let effective = *at + SignedDuration::from_hours(1);
                self.run(&measure.proposed_by.to_string(), Command::AmendMeasure { measure: id, effective });
            }
            MeasureState::Scheduled { at } => {
                self.world.now = self.world.now.max(*at);
                self.fire_due();
            }
            MeasureState::Applying { .. } | MeasureState::InForce { .. }
                if measure.emergency.as_ref().is_some_and(|e| e.ratified.is_none())
                    && b.is_multiple_of(3) =>
            {
                self.run("person/omar", Command::RatifyMeasure { measure: id, command_hash });
            }
            MeasureState::Applying { .. } => {
                self.run("system/cluster", Command::ConfirmInForce { measure: id, receipt: blob() });
            }
            MeasureState::InForce { .. } => self.end_or_challenge(measure, b, c),
            MeasureState::Stayed { .. } if b % 5 == 1 && self.account().orders.len() < 6 => {
                let (kind, scope) = (OrderKind::Stay, Scope::Account);
                self.run(
                    "person/lena",
                    Command::RecordOrder { kind, scope, authority: words(), document: blob() },
                );
            }
            MeasureState::Stayed { order, .. } => {
                let order = order.clone();
                self.run("person/lena", Command::VacateOrder { order, why: words() });
                self.fire_due();
            }
            MeasureState::Lifting { .. } => {
                self.run("system/cluster", Command::ConfirmRestored { measure: id, receipt: blob() });
            }
            MeasureState::Lifted { .. } | MeasureState::Withdrawn { .. } => {}
        }
    }

    fn end_or_challenge(&mut self, measure: &Measure, b: u8, c: u8) {
        let (id, case) = (measure.id.clone(), measure.proposal.case.clone().unwrap());
        let items = self.account().case(&case).unwrap().items.clone();
        match b % 6 {
            0 => self.run("person/omar", Command::LiftMeasure { measure: id, why: words() }),
            1 => {
                let kind = if c.is_multiple_of(2) { OrderKind::Reinstate } else { OrderKind::Stay };
                let scope = measure.proposal.scope.clone();
                self.run(
                    "person/lena",
                    Command::RecordOrder { kind, scope, authority: words(), document: blob() },
                );
            }
            2 => {
                self.run("member/parley/ada", Command::FileAppeal { measure: id, grounds: words() });
                if let Some(appeal) =
                    self.account().appeals.iter().find(|a| a.decided.is_none()).map(|a| a.id.clone())
                {
                    let outcome =
                        if c.is_multiple_of(2) { AppealOutcome::Upheld } else { AppealOutcome::Overturned };
                    let reviewer = format!("person/{}", pick(&PEOPLE, b / 6).unwrap());
                    self.run(
                        &reviewer,
                        Command::DecideAppeal { appeal, outcome, why: words(), reports: None },
                    );
                }
            }
            3 => self.world.now += SignedDuration::from_hours(i64::from(c)),
            _ => {
                self.cure(&case, &items);
            }
        }
    }

    /// Remedies that are handed in and accepted.
    fn cure(&mut self, case: &CaseId, items: &[Item]) {
        for item in items {
            let (case, item) = (case.clone(), item.id.clone());
            let submit = Command::SubmitCure { case: case.clone(), item: item.clone(), remedy: words() };
            self.run("member/parley/ada", submit);
            self.run("person/ines", Command::AcceptCure { case, item });
        }
    }
}
