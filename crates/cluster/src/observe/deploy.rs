//! Seeing how far deploying is withheld: in a managed environment the engine refuses it, in an open one the cluster does.

use tenure_domain::capability::Capability;
use tenure_domain::environment::TenantRole;
use tenure_domain::scope::Scope;

use super::Look;
use crate::inventory::Kind;
use crate::names;

impl Look<'_> {
    pub(super) fn at_deploy(&mut self, scope: &Scope) {
        let by = if self.pass.environment.envelope.kind.is_managed() {
            "the engine refuses deployments, and in a managed environment no one else deploys"
        } else {
            match scope {
                Scope::Account | Scope::Environment(_) => self.at_bindings(),
                Scope::Workload(..) | Scope::Hostname(..) => {
                    let part =
                        format!("nothing withholds deploy from {scope} alone: the environment is open");
                    self.found.missing.push(part);
                }
            }
            "the tenant's roles give its identities what a viewer may and no more (observed)"
        };
        self.found.enforced_by.insert(Capability::Deploy, by.to_owned());
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
        let others =
            "whoever has rights in the whole cluster, or by a binding that is not ours, can still deploy";
        self.found.exceptions.insert(others.to_owned());
    }
}
