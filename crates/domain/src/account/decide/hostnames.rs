//! Hostnames: claimed, proved by what answers under them, lapsed and released; and which of them workloads may declare.

use super::consequences::days_from;
use super::{Draft, all_met, wrong_state};
use crate::account::Environment;
use crate::account::event::Event;
use crate::capability::Capability;
use crate::hostname::{
    Answered, Claim, ClaimState, LAPSE_DAYS, MOST_CLAIMS, challenge_text, challenge_url, unclaimable,
};
use crate::name::{ChallengeToken, EnvironmentId, Hostname, WorkloadId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::text::Blob;
use crate::workload::Workload;

impl Draft<'_> {
    /// Claimed again, a name that has lapsed gets a new challenge; one that stands keeps its own.
    pub(super) fn claim_hostname(
        &mut self,
        hostname: Hostname,
        token: ChallengeToken,
    ) -> Result<(), Rejected> {
        if let Some(detail) = unclaimable(&hostname) {
            return Err(Rejected::Invalid { pointer: "/hostname".to_owned(), detail });
        }
        let known = &self.account.hostnames;
        if known.get(&hostname).is_some_and(Claim::stands) {
            return Ok(());
        }
        self.is_active("claims hostnames")?;
        let (standing, allowed) = (self.account.claims(), self.account.allowed().exposure.hostnames);
        let mut guards = Vec::new();
        if standing >= allowed {
            guards.push(Unmet::new(
                Guard::WithinPlan,
                format!(
                    "hostnames: {standing} are claimed, and the plan of {} has {allowed}",
                    self.account.id
                ),
                "release one, or ask for a larger plan",
            ));
        }
        if known.len() >= MOST_CLAIMS && !known.contains_key(&hostname) {
            let most = format!("{MOST_CLAIMS} hostnames are claimed or have lapsed");
            guards.push(Unmet::new(Guard::WithinPlan, most, "release one first"));
        }
        all_met(guards)?;
        let lapses = days_from(self.context.now, LAPSE_DAYS);
        self.emit(Event::HostnameClaimed { hostname, token, lapses })
    }

    /// What was seen proves the name if it is the text that this account was told with this claim, and nothing besides.
    pub(super) fn prove_hostname(
        &mut self,
        hostname: Hostname,
        token: &ChallengeToken,
        answered: &Answered,
        evidence: Blob,
    ) -> Result<(), Rejected> {
        let claim = self.account.hostname(&hostname)?;
        match &claim.state {
            ClaimState::Proved { .. } => return Ok(()),
            ClaimState::Lapsed { at } => {
                return Err(wrong_state(
                    format!("the claim of {hostname} lapsed on {at}"),
                    "claim it again, and put the new text there",
                ));
            }
            ClaimState::Claimed { .. } if &claim.token != token => {
                return Err(wrong_state(
                    format!("{hostname} was claimed anew while it was looked at"),
                    "ask for the proof again",
                ));
            }
            ClaimState::Claimed { .. } => {}
        }
        let wanted = challenge_text(&self.account.id, &hostname, token);
        let detail = match answered {
            // White space at the end is the editor's and not the owner's (RFC 8555, section 8.3).
            Answered::With { status: 200, text } if text.trim_ascii_end() == wanted => {
                return self.emit(Event::HostnameProved { hostname, evidence });
            }
            Answered::With { status: 200, .. } => "it answered with another text".to_owned(),
            Answered::With { status, .. } => format!("it answered with the status {status}"),
            Answered::Nothing { why } => why.clone(),
        };
        let url = challenge_url(&hostname, token);
        Err(Unmet::new(
            Guard::ChallengeAnswered,
            format!("{url}: {detail}"),
            format!("have it answer with the status 200 and the text {wanted}, and ask for the proof again"),
        )
        .into())
    }

    /// Gives a name up, so that others can have it.
    pub(super) fn release_hostname(&mut self, hostname: Hostname) -> Result<(), Rejected> {
        self.account.hostname(&hostname)?;
        if let Some((environment, workload)) = self.account.declares(&hostname) {
            return Err(wrong_state(
                format!("{workload} in {environment} is reached under {hostname}"),
                "declare the workload without it first",
            ));
        }
        all_met(self.withheld_name_guard(&hostname).into_iter().collect())?;
        self.emit(Event::HostnameReleased { hostname })
    }

    /// What keeps a workload from being reached under the names that it has not been reached under yet: they are claimed
    /// and no other workload's, and the class of its entry is one of the plan's.
    pub(super) fn entry_guards(
        &self,
        env: &Environment,
        environment: &EnvironmentId,
        workload: &WorkloadId,
        spec: &Workload,
    ) -> Vec<Unmet> {
        let mut guards = Vec::new();
        let before = env.workloads.get(workload);
        let is_new = |name: &&Hostname| !before.is_some_and(|before| before.hostnames.contains(*name));
        for name in spec.hostnames.iter().filter(is_new) {
            guards.extend(self.withheld_name_guard(name));
            if !self.account.hostnames.get(name).is_some_and(Claim::stands) {
                guards.push(Unmet::new(
                    Guard::Known,
                    format!("{} has not claimed {name}", self.account.id),
                    "claim the hostname first, and prove it: until then it leads nowhere",
                ));
            }
            let other = self.account.declares(name);
            if let Some((e, w)) = other.filter(|(e, w)| (*e, *w) != (environment, workload)) {
                guards.push(Unmet::new(
                    Guard::NameFree,
                    format!("{w} in {e} is reached under {name}"),
                    "declare that workload without it first",
                ));
            }
        }
        // What is withheld under a name stays so: the name leads nowhere else meanwhile.
        let dropped = before.iter().flat_map(|before| before.hostnames.difference(&spec.hostnames));
        guards.extend(dropped.filter_map(|name| {
            let scope = Scope::Hostname(environment.clone(), workload.clone(), name.clone());
            self.withheld_guard(&scope, Capability::Ingress)
        }));
        guards.extend(self.class_guard(before, spec));
        guards
    }

    /// Whether visitors are kept from a hostname by itself, wherever it leads.
    fn withheld_name_guard(&self, hostname: &Hostname) -> Option<Unmet> {
        let mut effective = self.account.effective_measures();
        let by = effective.find(|m| {
            let is_of_name = matches!(&m.proposal.scope, Scope::Hostname(_, _, name) if name == hostname);
            is_of_name && m.proposal.withholds.contains(&Capability::Ingress)
        })?;
        Some(Unmet::new(
            Guard::NotWithheld,
            format!("{} ({}) withholds ingress from {}", by.id, by.proposal.preset, by.proposal.scope),
            "see the account's standing for what clears it",
        ))
    }

    /// Where the plan names classes of ingresses, a workload takes one of them.
    fn class_guard(&self, before: Option<&Workload>, spec: &Workload) -> Option<Unmet> {
        let allowed = &self.account.allowances.as_ref()?.ingress_classes;
        let same = before.is_some_and(|before| before.entry == spec.entry && !before.hostnames.is_empty());
        if spec.hostnames.is_empty() || allowed.is_empty() || same {
            return None;
        }
        let detail = match spec.entry.as_ref().and_then(|entry| entry.class.as_ref()) {
            Some(class) if allowed.contains(class) => return None,
            Some(class) => format!("the plan allows no ingress of the class {class}"),
            None if allowed.len() == 1 => return None,
            None => "the plan allows several classes of ingresses, and none is named".to_owned(),
        };
        let classes = allowed.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        Some(Unmet::new(Guard::WithinPlan, detail, format!("name one of these as `entry.class`: {classes}")))
    }
}
