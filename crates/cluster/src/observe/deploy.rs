//! Seeing how far deploying is withheld: in a managed environment the engine refuses it, in an open one the cluster does.

use tenure_domain::capability::Capability;
use tenure_domain::environment::TenantRole;
use tenure_domain::name::WorkloadId;
use tenure_domain::scope::Scope;

use super::Look;
use crate::inventory::Kind;
use crate::names;

impl Look<'_> {
    pub(super) fn at_deploy(&mut self, scope: &Scope) {
        let has_webhook = self.pass.requests.freezes().is_some();
        let by = if self.pass.environment.envelope.kind.is_managed() {
            "the engine refuses deployments, and in a managed environment no one else deploys"
        } else {
            match scope {
                Scope::Account | Scope::Environment(_) if has_webhook => {
                    self.at_bindings();
                    self.at_freeze(None);
                    "the tenant's roles give its identities what a viewer may and no more (observed), and the freeze \
                     webhook refuses changes by everybody else (tried)"
                }
                Scope::Account | Scope::Environment(_) => {
                    self.at_bindings();
                    let others = "whoever has rights in the whole cluster, or by a binding that is not ours, can still deploy";
                    self.found.exceptions.insert(others.to_owned());
                    "the tenant's roles give its identities what a viewer may and no more (observed)"
                }
                Scope::Workload(_, workload) if has_webhook => {
                    self.at_freeze(Some(workload));
                    let others = format!(
                        "what is neither called nor labelled {workload}, nor belongs to what is, can still be deployed"
                    );
                    self.found.exceptions.insert(others);
                    "the freeze webhook refuses changes of the workload by everybody (tried)"
                }
                Scope::Workload(..) | Scope::Hostname(..) => {
                    let part =
                        format!("nothing withholds deploy from {scope} alone: the environment is open");
                    self.found.missing.push(part);
                    "nothing"
                }
            }
        };
        self.found.enforced_by.insert(Capability::Deploy, by.to_owned());
    }

    /// That the webhook refuses a change, as it was tried.
    fn at_freeze(&mut self, workload: Option<&WorkloadId>) {
        match self.pass.freeze.seen(workload) {
            Ok(refusal) => self.found.freeze = Some(refusal.to_owned()),
            Err(missing) => self.found.missing.push(missing),
        }
        let kinds = "objects of kinds that the freeze webhook is not asked about, such as an operator's own, can still be changed";
        let admin = format!(
            "whoever has cluster-admin rights can take the label {} or the configuration {} away; that is then repaired",
            names::FROZEN,
            names::FREEZE
        );
        self.found.exceptions.extend([kinds.to_owned(), admin]);
    }

    fn at_bindings(&mut self) {
        for role in TenantRole::ALL {
            let name = names::role(role);
            self.at_object(Kind::Role, &name, None);
            self.at_object(Kind::RoleBinding, &name, None);
        }
        for key in self.pass.live.objects.keys().filter(|key| key.kind == Kind::RoleBinding) {
            if !self.pass.wanted.iter().any(|wanted| &wanted.key == key) {
                self.found.exceptions.insert(format!("{key} is not ours and was left as it is"));
            }
        }
    }
}
