//! Law 1: what the cluster was found unable to withhold is not proposed.

use std::collections::BTreeSet;

use super::measure::Proposal;
use super::{Account, Book};
use crate::capability::Capability;
use crate::environment::{Environment, EnvironmentKind};
use crate::name::{ClusterId, EnvironmentId};
use crate::refusal::{Guard, Unmet};
use crate::scope::{Scope, ScopeKind};
use crate::throttle::Throttle;

impl Account {
    /// The guard that names the first ability that the cluster lacks for a proposal. While nothing was found out about the
    /// cluster, it is taken to have them all.
    ///
    /// It holds for what is still to take effect. What is in effect stays, also where the cluster is found to enforce it no
    /// more: a measure that is enforced in part is not given back because of the rest, and its receipts say what is missing.
    pub(super) fn ability_guard(&self, proposal: &Proposal, book: &Book) -> Option<Unmet> {
        let open = |(_, environment): &(&EnvironmentId, &Environment)| !environment.kind.is_managed();
        if proposal.throttle.is_some()
            && let Some((id, _)) = self.concerned(&proposal.scope).find(open)
        {
            return Some(Unmet::new(
                Guard::Supported,
                format!(
                    "the environment {id} is open: its pods are the tenant's own, and nothing there throttles them"
                ),
                "throttle managed environments or their workloads, one by one, or use another power",
            ));
        }
        let (id, cluster, capability, lacks) =
            self.concerned(&proposal.scope).find_map(|(id, environment)| {
                // Also where it is being moved to: a move lets nobody escape.
                self.clusters_of(id, environment).find_map(|cluster| {
                    let (kind, on) = (environment.kind, proposal.scope.kind());
                    let (capability, lacks) = lacking(book, &proposal.withholds, kind, cluster, on)?;
                    Some((id, cluster, capability, lacks))
                })
            })?;
        Some(Unmet::new(
            Guard::Supported,
            format!(
                "{capability} cannot be withheld in the environment {id}, which lives on the cluster {cluster}: {lacks}"
            ),
            "use a power that stops what runs there or leaves that out, or have the cluster brought to do it; GET /v1/clusters tells \
             what it was found to be able to",
        ))
    }

    /// Whether this can be withheld on a scope of this kind within a scope, as far as the cluster's abilities go: in every
    /// environment for the whole account, else in some.
    pub(super) fn is_within_ability(
        &self,
        book: &Book,
        (withholds, throttle): (&BTreeSet<Capability>, Option<Throttle>),
        on: ScopeKind,
        within: &Scope,
    ) -> bool {
        let can = |(id, environment): (&EnvironmentId, &Environment)| {
            (throttle.is_none() || environment.kind.is_managed())
                && self
                    .clusters_of(id, environment)
                    .all(|cluster| lacking(book, withholds, environment.kind, cluster, on).is_none())
        };
        let mut concerned = self.concerned(within).peekable();
        match on {
            ScopeKind::Account => concerned.all(can),
            _ => concerned.peek().is_none() || concerned.any(can),
        }
    }

    /// The environments that a scope is about.
    fn concerned<'a>(
        &'a self,
        scope: &'a Scope,
    ) -> impl Iterator<Item = (&'a EnvironmentId, &'a Environment)> {
        let only = scope.environment();
        self.environments.iter().filter(move |(id, _)| only.is_none_or(|only| only == *id))
    }
}

/// The first capability that cannot be withheld in an environment of this kind on a cluster, with the ability that is missing.
pub(super) fn lacking(
    book: &Book,
    withholds: &BTreeSet<Capability>,
    kind: EnvironmentKind,
    cluster: &ClusterId,
    on: ScopeKind,
) -> Option<(Capability, &'static str)> {
    let probed = book.cluster(cluster)?;
    withholds
        .iter()
        .find_map(|capability| Some((*capability, probed.found.missing(*capability, withholds, kind, on)?)))
}
