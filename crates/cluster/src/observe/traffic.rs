//! Seeing how far traffic is withheld: services and their addresses are looked at, network policies only as stored.

use serde_json::Value;
use tenure_domain::capability::Capability;
use tenure_domain::cluster::NetworkPolicies;
use tenure_domain::name::{Hostname, WorkloadId};
use tenure_domain::scope::Scope;

use super::Look;
use crate::balancers;
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{text, workload_of};
use crate::names;
use crate::render::open;

/// What is said of withheld traffic where no workload is declared.
const NOTHING_TO_CLOSE: &str = "no workload is declared there, so nothing of one was looked at; the policy \
                                default-deny opens nothing (stored)";

/// What is said of every ingress.
const FOLLOWED: &str = "whether the cluster's ingress controller or gateway follows what it is told was not asked, and connections \
                        that exist may last";

/// What is said where a single hostname is withheld.
const BESIDE: &str = "the workload is reached as before under its other hostnames and its own addresses";

/// What is said of withheld traffic in an open environment.
const OPEN_CLOSED: &str = "the network policies of the environment open nothing (stored)";

/// What could lead visitors to a workload by a hostname.
fn entries(workload: &WorkloadId, name: &Hostname) -> [(Kind, String); 2] {
    [(Kind::Ingress, names::ingress(workload)), (Kind::HttpRoute, names::route(name))]
}

impl Look<'_> {
    pub(super) async fn at_ingress(&mut self, scope: &Scope) -> Result<(), ClusterError> {
        let workloads = self.workloads_of(scope);
        let listening: Vec<&WorkloadId> = workloads.iter().filter(|id| self.listens(id)).collect();
        for id in listening {
            let service = names::service(id);
            self.at_object(Kind::Service, &service, Some(id));
            self.at_object(Kind::NetworkPolicy, &names::ingress_policy(id), Some(id));
            self.at_entry(id);
            let path = format!("/api/v1/namespaces/{}/endpoints/{service}", self.pass.requests.namespace());
            let endpoints = self.pass.requests.document(&path).await?.unwrap_or_default();
            let subsets = endpoints.get("subsets").and_then(Value::as_array);
            let is_served = subsets.into_iter().flatten().any(|subset| {
                ["addresses", "notReadyAddresses"]
                    .iter()
                    .any(|field| subset.get(field).is_some_and(|a| !a.is_null()))
            });
            if is_served {
                self.found.missing.push(format!("Service/{service} still has addresses"));
            }
        }
        if let (Scope::Workload(_, id), []) = (scope, workloads.as_slice()) {
            let objects = [
                (Kind::Service, names::service(id)),
                (Kind::NetworkPolicy, names::ingress_policy(id)),
                (Kind::Ingress, names::ingress(id)),
            ];
            self.at_removed(id, &objects);
        }
        let by = if self.is_open(scope) {
            for name in open::inwards(self.pass.environment) {
                self.at_object(Kind::NetworkPolicy, name, None);
            }
            OPEN_CLOSED
        } else if workloads.is_empty() {
            self.at_pods_of_none(scope);
            NOTHING_TO_CLOSE
        } else {
            let own = "the pods' own addresses are closed by the network policies alone";
            self.found.exceptions.insert(own.to_owned());
            "the services select no pod and have no addresses (observed), and the network policies open nothing \
             (stored)"
        };
        self.found.enforced_by.insert(Capability::Ingress, by.to_owned());
        self.at_network(Kind::Service);
        Ok(())
    }

    /// What leads visitors to a workload by its hostnames, where it has one that is proved.
    fn at_entry(&mut self, workload: &WorkloadId) {
        let entry = self.entry_of(workload);
        if entry.is_empty() {
            return;
        }
        for key in entry {
            self.at_object(key.kind, &key.name, Some(workload));
        }
        self.at_object(Kind::Service, names::SUSPENDED_PAGE, None);
        self.found.exceptions.insert(FOLLOWED.to_owned());
    }

    /// The objects by which visitors come to a workload.
    fn entry_of(&self, workload: &WorkloadId) -> Vec<ObjectKey> {
        let is_entry = |kind| matches!(kind, Kind::Ingress | Kind::HttpRoute);
        let wanted = self.pass.wanted.iter();
        let entry = wanted.filter(|w| is_entry(w.key.kind) && w.workload.as_ref() == Some(workload));
        entry.map(|wanted| wanted.key.clone()).collect()
    }

    /// One hostname of a workload, which is reached as before under its others.
    pub(super) fn at_hostname(&mut self, workload: &WorkloadId, name: &Hostname) {
        let environment = self.pass.environment;
        let by = match environment.workloads.get(workload) {
            Some(declared)
                if declared.hostnames.contains(name) && environment.envelope.proved.contains(name) =>
            {
                self.at_entry(workload);
                self.found.exceptions.insert(BESIDE.to_owned());
                "what leads visitors there leads the hostname to what stands for the suspended (stored)"
            }
            Some(_) => {
                self.at_entry_without(workload, name);
                "nothing leads visitors to the workload by the hostname (stored)"
            }
            None => {
                self.at_removed(workload, &entries(workload, name));
                "nothing of the workload is declared that could lead there"
            }
        };
        self.found.enforced_by.insert(Capability::Ingress, by.to_owned());
    }

    /// What leads visitors to a workload without this hostname, where anything does.
    fn at_entry_without(&mut self, workload: &WorkloadId, name: &Hostname) {
        let entry = self.entry_of(workload);
        for key in &entry {
            self.at_object(key.kind, &key.name, Some(workload));
        }
        if entry.is_empty() {
            self.at_removed(workload, &entries(workload, name));
        }
    }

    /// Whether a declared workload can be reached at all; what does not listen has nothing that could be closed, and
    /// default-deny closes its pods.
    fn listens(&self, workload: &WorkloadId) -> bool {
        self.pass.environment.workloads.get(workload).is_none_or(|declared| declared.kind.listens())
    }

    pub(super) fn at_egress(&mut self, scope: &Scope) {
        let workloads = self.workloads_of(scope);
        for id in &workloads {
            self.at_object(Kind::NetworkPolicy, &names::egress_policy(id), Some(id));
        }
        if let (Scope::Workload(_, id), []) = (scope, workloads.as_slice()) {
            self.at_removed(id, &[(Kind::NetworkPolicy, names::egress_policy(id))]);
        }
        let by = if self.is_open(scope) {
            for name in open::OUTWARDS {
                self.at_object(Kind::NetworkPolicy, name, None);
            }
            OPEN_CLOSED
        } else if workloads.is_empty() {
            self.at_pods_of_none(scope);
            NOTHING_TO_CLOSE
        } else {
            "the network policies open nothing (stored)"
        };
        self.found.enforced_by.insert(Capability::Egress, by.to_owned());
        self.at_network(Kind::NetworkPolicy);
    }

    /// Whether it is the whole of an open environment, whose openings are its own and not its workloads'.
    fn is_open(&self, scope: &Scope) -> bool {
        let whole = matches!(scope, Scope::Account | Scope::Environment(_));
        whole && !self.pass.environment.envelope.kind.is_managed()
    }

    /// What holds for everything that network policies withhold.
    fn at_network(&mut self, also: Kind) {
        self.at_object(Kind::NetworkPolicy, names::DEFAULT_DENY, None);
        let unseen = match self.pass.requests.said().network_policies {
            NetworkPolicies::Enforced => {
                "the provider says that the cluster's network plugin enforces policies: that was not observed, and \
                 connections that exist may last"
            }
            NetworkPolicies::Ignored => {
                "the provider says that the cluster's network plugin does not enforce policies: they are stored and \
                 close nothing"
            }
            NetworkPolicies::Unknown => {
                "the cluster's network plugin was not probed: policies are stored, their enforcement was not \
                 verified, and connections that exist may last"
            }
        };
        self.found.exceptions.insert(unseen.to_owned());
        for key in self.pass.live.objects.keys() {
            let is_network = key.kind == Kind::NetworkPolicy || key.kind == also && also == Kind::Service;
            let is_left = !self.pass.wanted.iter().any(|wanted| &wanted.key == key)
                && !balancers::is_released(self.pass, key);
            if is_network && is_left {
                self.found.exceptions.insert(format!("{key} is not ours and was left as it is"));
            }
        }
    }

    /// Pods within the scope where no workload is declared: such as are still ending, or are not ours.
    fn at_pods_of_none(&mut self, scope: &Scope) {
        let concerns = |pod: &&Value| match scope {
            Scope::Workload(_, id) | Scope::Hostname(_, id, _) => workload_of(pod) == Some(id.as_str()),
            Scope::Account | Scope::Environment(_) => true,
        };
        for pod in self.pods.iter().filter(concerns).filter(|pod| !crate::running::is_over(pod)) {
            let name = text(pod, "/metadata/name");
            let left = format!("Pod/{name} of no declared workload was there: only default-deny closes it");
            self.found.exceptions.insert(left);
        }
    }
}
