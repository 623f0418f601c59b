//! Plans, the environments that divide them, requests for more, and credentials for open environments.

use super::declared::{MOST, needed};
use super::{Draft, all_met, not_by, wrong_state};
use crate::account::actor::Actor;
use crate::account::closing::Lifecycle;
use crate::account::event::Event;
use crate::account::provision::{ACCESS_LEAST, ACCESS_MOST, Provision};
use crate::capability::Capability;
use crate::cluster::MAIN;
use crate::environment::{EnvironmentKind, TenantRole};
use crate::import::Imported;
use crate::name::{ClusterId, EnvironmentId, PersonId, QuotaRequestId};
use crate::plan::{Allowances, Share};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::text::Words;

/// A guard for each amount of which more is asked than is left.
pub(super) fn within(asked: Share, left: &Share, of_what: &str) -> Vec<Unmet> {
    let over = asked.over(left).into_iter().map(|over| {
        Unmet::new(
            Guard::WithinPlan,
            format!("{}: {} asked, {} left of {of_what}", over.what, over.asked, over.left),
            "ask for less, or for a larger plan",
        )
    });
    over.collect()
}

impl Draft<'_> {
    pub(super) fn provision(&mut self, command: Provision) -> Result<(), Rejected> {
        match command {
            Provision::CreateEnvironment { environment, cluster, kind, share } => {
                self.create_environment(environment, cluster, kind, share)
            }
            Provision::ImportEnvironment { environment, namespace, uid, share, accepted, survey } => {
                let imported = Imported { namespace, uid, adopted: None };
                self.import_environment(environment, imported, share, &accepted, *survey)
            }
            Provision::ConfirmAdopted { environment, receipt } => self.confirm_adopted(environment, receipt),
            Provision::EndImport { environment, why } => self.end_import(environment, why),
            Provision::ChangeEnvironment { environment, share } => {
                self.change_environment(environment, share)
            }
            Provision::SetPlan { share, allowances } => self.set_plan(share, allowances),
            Provision::RequestQuota { share, why } => self.request_quota(share, why),
            Provision::GrantQuota { request } => self.decide_quota(request, None),
            Provision::DenyQuota { request, why } => self.decide_quota(request, Some(why)),
            Provision::GrantAccess { environment, role, seconds } => {
                self.grant_access(environment, role, seconds)
            }
            Provision::ClaimHostname { hostname, token } => self.claim_hostname(hostname, token),
            Provision::ProveHostname { hostname, token, answered, evidence } => {
                self.prove_hostname(hostname, &token, &answered, evidence)
            }
            Provision::ReleaseHostname { hostname } => self.release_hostname(hostname),
            Provision::MoveEnvironment { environment, cluster, why } => {
                self.move_environment(environment, cluster, why)
            }
            Provision::CancelMove { environment } => self.cancel_move(environment),
            Provision::ConfirmMoved { environment, receipt } => self.confirm_moved(environment, receipt),
            Provision::EndMove { environment, certificate } => self.end_move(environment, certificate),
        }
    }

    pub(super) fn create_environment(
        &mut self,
        environment: EnvironmentId,
        cluster: ClusterId,
        kind: EnvironmentKind,
        share: Share,
    ) -> Result<(), Rejected> {
        let mut guards = self.new_environment(&environment, share)?;
        guards.extend(self.on_cluster(&cluster));
        all_met(guards)?;
        let Share { plan, exposure } = share;
        self.emit(Event::EnvironmentCreated { environment, plan, kind, exposure, cluster })
    }

    /// What keeps an environment from being put on a cluster: nobody would ever make it there.
    pub(super) fn on_cluster(&self, cluster: &ClusterId) -> Option<Unmet> {
        let book = self.context.book;
        if book.is_named(cluster) {
            return None;
        }
        let named: Vec<&str> = book.named().map(ClusterId::as_str).collect();
        let named = if named.is_empty() { MAIN.to_owned() } else { named.join(", ") };
        Some(Unmet::new(
            Guard::Supported,
            format!("there is no cluster {cluster}"),
            format!("use one of these: {named}"),
        ))
    }

    /// What keeps an environment of this name and share from being added.
    pub(super) fn new_environment(
        &self,
        environment: &EnvironmentId,
        share: Share,
    ) -> Result<Vec<Unmet>, Rejected> {
        let have = &self.account.environments;
        if have.contains_key(environment) {
            return Err(Unmet::new(
                Guard::NameFree,
                format!("the environment {environment} exists"),
                "choose another name",
            )
            .into());
        }
        let mut guards = self.fits(share, None);
        if have.len() >= MOST {
            guards.push(Unmet::new(
                Guard::WithinPlan,
                format!("{MOST} environments exist"),
                "delete one first",
            ));
        }
        guards.extend(self.deploy_guard(&Scope::Environment(environment.clone())));
        Ok(guards)
    }

    fn change_environment(&mut self, environment: EnvironmentId, share: Share) -> Result<(), Rejected> {
        let have = self.account.environment(&environment)?;
        if have.share() == share {
            return Ok(());
        }
        let mut guards = self.fits(share, Some(&environment));
        let needed = needed(have.workloads.values());
        guards.extend(needed.over(&share).into_iter().map(|over| {
            Unmet::new(
                Guard::WithinPlan,
                format!(
                    "{}: what runs in {environment} needs {}, {} asked",
                    over.what, over.asked, over.left
                ),
                "ask for more, or declare less first",
            )
        }));
        guards.extend(self.deploy_guard(&Scope::Environment(environment.clone())));
        all_met(guards)?;
        let Share { plan, exposure } = share;
        self.emit(Event::EnvironmentChanged { environment, plan, exposure })
    }

    /// Whether the account's plan has that much besides what its other environments have.
    fn fits(&self, share: Share, instead_of: Option<&EnvironmentId>) -> Vec<Unmet> {
        let left = self.account.allowed().without(self.account.divided(instead_of));
        within(share, &left, &format!("the plan of {}", self.account.id))
    }

    fn set_plan(&mut self, share: Share, allowances: Box<Allowances>) -> Result<(), Rejected> {
        self.by_person()?;
        if let Some(fault) = allowances.faults().into_iter().next() {
            let pointer = format!("/allowances{}", fault.pointer);
            return Err(Rejected::Invalid { pointer, detail: fault.detail });
        }
        if self.account.allowances.as_ref() == Some(&allowances) && self.account.allowed() == share {
            return Ok(());
        }
        self.covers_divided(share)?;
        self.covers_claims(share)?;
        let Share { plan, exposure } = share;
        self.emit(Event::PlanSet { plan, exposure, allowances: Some(allowances), request: None })
    }

    /// Refuses a plan that is less than what the environments were given of it.
    fn covers_divided(&self, share: Share) -> Result<(), Rejected> {
        let divided = self.account.divided(None);
        all_met(
            divided
                .over(&share)
                .into_iter()
                .map(|over| {
                    Unmet::new(
                        Guard::WithinPlan,
                        format!("{}: the environments have {}, {} asked", over.what, over.asked, over.left),
                        "give the environments less first",
                    )
                })
                .collect(),
        )
    }

    /// Refuses a plan with fewer hostnames than were claimed.
    fn covers_claims(&self, share: Share) -> Result<(), Rejected> {
        let (claimed, asked) = (self.account.claims(), share.exposure.hostnames);
        if claimed <= asked {
            return Ok(());
        }
        let detail = format!("hostnames: the account has claimed {claimed}, {asked} asked");
        Err(Unmet::new(Guard::WithinPlan, detail, "have it release some first").into())
    }

    fn request_quota(&mut self, share: Share, why: Words) -> Result<(), Rejected> {
        if !matches!(self.context.actor, Actor::Member(..)) {
            return Err(not_by(self.context.actor, "a member of the account asks for a larger plan"));
        }
        self.is_active("asks for a larger plan")?;
        if let Some(open) = self.account.quota_requests.iter().find(|request| request.decided.is_none()) {
            return Err(wrong_state(format!("{} is not decided yet", open.id), "wait for its decision"));
        }
        if share.over(&self.account.allowed()).is_empty() {
            return Err(wrong_state("the plan allows that already", "ask for more than it allows"));
        }
        let request = self.account.next(self.account.quota_requests.len(), QuotaRequestId::new);
        let Share { plan, exposure } = share;
        self.emit(Event::QuotaRequested { request, plan, exposure, why })
    }

    fn decide_quota(&mut self, id: QuotaRequestId, denied: Option<Words>) -> Result<(), Rejected> {
        let by = self.by_person()?;
        let request = self.account.quota_request(&id)?;
        if let Some(decided) = &request.decided {
            let how = if decided.denied.is_some() { "denied" } else { "granted" };
            return Err(wrong_state(format!("{id} was {how} on {}", decided.at), "nothing: it is decided"));
        }
        let (asked, is_granted) = (request.asked, denied.is_none());
        if is_granted {
            self.is_active("gets a larger plan")?;
            self.covers_divided(asked)?;
            self.covers_claims(asked)?;
        }
        self.emit(Event::QuotaDecided { request: id.clone(), by, denied })?;
        if is_granted {
            let Share { plan, exposure } = asked;
            self.emit(Event::PlanSet { plan, exposure, allowances: None, request: Some(id) })?;
        }
        Ok(())
    }

    fn grant_access(
        &mut self,
        environment: EnvironmentId,
        role: TenantRole,
        seconds: u32,
    ) -> Result<(), Rejected> {
        if !matches!(self.context.actor, Actor::Member(..)) {
            return Err(not_by(self.context.actor, "a member of the account gets credentials for it"));
        }
        if !(ACCESS_LEAST..=ACCESS_MOST).contains(&seconds) {
            let detail = format!("from {ACCESS_LEAST} to {ACCESS_MOST} seconds");
            return Err(Rejected::Invalid { pointer: "/lastsSeconds".to_owned(), detail });
        }
        let declared = self.account.environment(&environment)?;
        if declared.kind.is_managed() {
            return Err(wrong_state(
                format!("{environment} is managed: nobody enters it"),
                "declare workloads there, or use an open environment",
            ));
        }
        let scope = Scope::Environment(environment.clone());
        let mut guards: Vec<Unmet> = self.withheld_guard(&scope, Capability::Compute).into_iter().collect();
        if role.changes() {
            guards.extend(self.deploy_guard(&scope));
        }
        all_met(guards)?;
        let now = self.context.now;
        let until = now.checked_add(jiff::SignedDuration::from_secs(seconds.into())).unwrap_or(now);
        self.emit(Event::AccessGranted { environment, role, seconds, until })
    }

    pub(super) fn by_person(&self) -> Result<PersonId, Rejected> {
        match self.context.actor {
            Actor::Person(person) => Ok(person.clone()),
            other => Err(not_by(other, "a person of the provider decides about plans")),
        }
    }

    pub(super) fn is_active(&self, what: &str) -> Result<(), Rejected> {
        if matches!(self.account.lifecycle, Lifecycle::Active) {
            return Ok(());
        }
        let detail = format!("{} is {}", self.account.id, self.account.lifecycle.name());
        Err(wrong_state(detail, format!("nothing: only an active account {what}")))
    }
}
