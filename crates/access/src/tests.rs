use std::fmt::Write as _;

use super::*;

fn person(roles: &[Role]) -> Principal {
    Principal::Person { name: "ines".into(), roles: roles.iter().copied().collect() }
}

fn member(roles: &[Role]) -> Principal {
    Principal::Member { account: "parley".into(), name: "ada".into(), roles: roles.iter().copied().collect() }
}

/// The whole matrix, one line an action, so that a changed policy shows as a changed line.
#[test]
fn the_matrix_of_roles_and_actions_is_as_written_down() {
    let access = Access::new().unwrap();
    let mut matrix = String::new();
    for action in Action::ALL {
        let resource = if action.is_providers() { Resource::Provider } else { Resource::Account("parley") };
        let allowed: Vec<&str> = Role::ALL
            .iter()
            .filter(|role| {
                let principal = if role.is_members() { member(&[**role]) } else { person(&[**role]) };
                access.check(&principal, *action, resource).is_ok()
            })
            .map(|r| r.as_str())
            .collect();
        writeln!(matrix, "{:<18} {}", action.as_str(), allowed.join(" ")).unwrap();
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/matrix.txt");
    let written = std::fs::read_to_string(golden).unwrap_or_default();
    assert!(written == matrix, "policies/matrix.txt is not what the policies say; they say:\n{matrix}");
}

#[test]
fn law_16_a_member_cannot_tell_another_account_from_none() {
    let access = Access::new().unwrap();
    for action in Action::ALL.iter().filter(|a| !a.is_providers()) {
        for role in Role::ALL {
            let denied = access.check(&member(&[*role]), *action, Resource::Account("rival")).unwrap_err();
            assert_eq!(denied, Denied::Hidden, "{action:?} as {role}");
        }
    }
}

#[test]
fn nobody_without_a_role_may_do_anything() {
    let access = Access::new().unwrap();
    for action in Action::ALL {
        let resource = if action.is_providers() { Resource::Provider } else { Resource::Account("parley") };
        assert!(access.check(&person(&[]), *action, resource).is_err(), "{action:?}");
        assert!(access.check(&member(&[]), *action, resource).is_err(), "{action:?}");
    }
}

#[test]
fn odd_names_are_only_names() {
    let access = Access::new().unwrap();
    let odd = Principal::Member {
        account: "a\" || true || \"".into(),
        name: "\\".into(),
        roles: [Role::Owner].into(),
    };
    assert!(access.check(&odd, Action::ReadAccount, Resource::Account("parley")).is_err());
}

/// What is remembered of one caller is the answer for every caller with the same roles.
#[test]
fn the_policies_name_nobody() {
    for kind in ["Person", "Member", "Account", "Provider"] {
        assert!(!POLICIES.contains(&format!("{kind}::\"")), "a policy about one {kind}");
    }
    let access = Access::new().unwrap();
    for role in Role::ALL {
        for action in Action::ALL {
            for name in ["mara", "theo"] {
                let roles = BTreeSet::from([*role]);
                let person = Principal::Person { name: name.into(), roles: roles.clone() };
                let member = Principal::Member { account: name.into(), name: name.into(), roles };
                for (principal, resource) in [
                    (&person, Resource::Provider),
                    (&person, Resource::Account("parley")),
                    (&member, Resource::Provider),
                    (&member, Resource::Account(name)),
                ] {
                    let asked = access.evaluate(principal, *action, resource).unwrap_or(false);
                    let answered = access.check(principal, *action, resource).is_ok();
                    assert_eq!(answered, asked, "{principal} {action:?} {resource:?}");
                }
            }
        }
    }
}
