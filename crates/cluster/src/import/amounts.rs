//! What pods, claims and services use, as the quota of an environment counts it.

use serde_json::Value;
use tenure_domain::plan::{Exposure, Plan, Share};

use super::{Used, has_ended};
use crate::contents::array;
use crate::live::text;

/// The bytes of one MiB.
const MIB: u128 = 1 << 20;

/// A quantity of the API in thousandths, rounded up; nothing where it is none.
pub(crate) fn millis(quantity: &str) -> Option<u128> {
    let split = quantity.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(quantity.len());
    let (number, suffix) = quantity.split_at(split);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<u128>().ok() };
    let binary = |power: u32| Some((1u128 << (10 * power), 0));
    // What one is worth: a factor, and a power of ten that may be negative.
    let (factor, exponent): (u128, i32) = match suffix {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => binary(1)?,
        "Mi" => binary(2)?,
        "Gi" => binary(3)?,
        "Ti" => binary(4)?,
        "Pi" => binary(5)?,
        "Ei" => binary(6)?,
        other => (1, other.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    let places = u32::try_from(fraction.len()).ok()?;
    let value = digits(whole)?.checked_mul(10u128.checked_pow(places)?)?.checked_add(digits(fraction)?)?;
    let value = value.checked_mul(factor)?;
    let exponent = exponent.checked_add(3)?.checked_sub(i32::try_from(places).ok()?)?;
    let power = 10u128.checked_pow(exponent.unsigned_abs())?;
    if exponent < 0 { Some(value.div_ceil(power)) } else { value.checked_mul(power) }
}

/// What a container without amounts of its own is given, in thousandths.
pub(super) struct Defaults {
    pub cpu: u128,
    pub memory: u128,
}

/// The more of what a container asks for and of what it may take at most, in thousandths: the plan's quota counts both.
fn of_container(container: &Value, resource: &str, default: u128) -> u128 {
    let amount = |field: &str| millis(text(container, &format!("/resources/{field}/{resource}")));
    let (request, limit) = (amount("requests"), amount("limits"));
    let limit = limit.unwrap_or(default);
    request.unwrap_or(limit).max(limit)
}

/// The most that any of a pod's containers needs, and what the pod as a whole does.
fn of_pod(pod: &Value, resource: &str, default: u128) -> u128 {
    let each = |list| array(pod, list).map(|container| of_container(container, resource, default));
    let first = each("/spec/initContainers").max().unwrap_or(0);
    each("/spec/containers").sum::<u128>().max(first)
}

/// What is used now, rounded up, with what the limits of this share would fill in.
pub(super) fn used(pods: &[Value], claims: &[Value], services: &[Value], share: &Share) -> Used {
    // As the limits say that are made in the environment: `render::quota::limits`.
    let defaults = Defaults {
        cpu: share.plan.cpu_millis.min(100).into(),
        memory: u128::from(share.plan.memory_mib.min(128)) * MIB * 1_000,
    };
    let live = || pods.iter().filter(|pod| !has_ended(pod));
    let small = |amount: u128| u32::try_from(amount).unwrap_or(u32::MAX);
    let mebibytes = |thousandths: u128| small(thousandths.div_ceil(MIB * 1_000));
    let claimed = claims.iter().filter_map(|claim| millis(text(claim, "/spec/resources/requests/storage")));
    let of_type = |kind: &str| {
        u32::try_from(services.iter().filter(|service| text(service, "/spec/type") == kind).count())
            .unwrap_or(u32::MAX)
    };
    Used {
        cpu_millis: small(live().map(|pod| of_pod(pod, "cpu", defaults.cpu)).sum()),
        memory_mib: mebibytes(live().map(|pod| of_pod(pod, "memory", defaults.memory)).sum()),
        storage_mib: mebibytes(claimed.sum()),
        pods: u32::try_from(live().count()).unwrap_or(u32::MAX),
        load_balancers: of_type("LoadBalancer"),
        node_ports: of_type("NodePort"),
    }
}

/// What is more than the share, in words.
pub(super) fn over(used: &Used, pods: &[Value], share: &Share) -> Vec<String> {
    let Used { cpu_millis, memory_mib, storage_mib, pods: number, load_balancers, node_ports } = *used;
    let needed = Share {
        plan: Plan { cpu_millis, memory_mib, storage_mib, pods: number },
        exposure: Exposure { load_balancers, hostnames: 0 },
    };
    let over = needed.over(share).into_iter();
    let mut all: Vec<String> =
        over.map(|o| format!("{}: {} are used, the share is {}", o.what, o.asked, o.left)).collect();
    if node_ports > 0 {
        all.push(format!("{node_ports} services take ports of nodes, and an environment has none"));
    }
    let most = [
        ("cpu", u128::from(share.plan.cpu_millis)),
        ("memory", u128::from(share.plan.memory_mib) * MIB * 1_000),
    ];
    for pod in pods.iter().filter(|pod| !has_ended(pod)) {
        for container in array(pod, "/spec/initContainers").chain(array(pod, "/spec/containers")) {
            for (resource, most) in most {
                if of_container(container, resource, 0) > most {
                    let (name, of) = (text(container, "/name"), text(pod, "/metadata/name"));
                    all.push(format!("container {name} of Pod/{of} may take more {resource} than the share"));
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quantities_are_read_as_the_api_writes_them() {
        for (quantity, expected) in [
            ("250m", Some(250)),
            ("2", Some(2_000)),
            ("0.5", Some(500)),
            (".5", Some(500)),
            ("1k", Some(1_000_000)),
            ("1Ki", Some(1_024_000)),
            ("1.5Gi", Some(1_610_612_736_000)),
            ("2e3", Some(2_000_000)),
            ("100n", Some(1)),
            ("1e-3", Some(1)),
            ("", None),
            ("two", None),
            ("1X", None),
            ("1e999", None),
        ] {
            assert_eq!(millis(quantity), expected, "{quantity}");
        }
    }

    fn pod(name: &str, resources: &Value, phase: &str) -> Value {
        json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "resources": resources}]},
            "status": {"phase": phase}})
    }

    fn share(cpu_millis: u32, memory_mib: u32) -> Share {
        let plan = Plan { cpu_millis, memory_mib, storage_mib: 10, pods: 2 };
        Share { plan, exposure: Exposure::default() }
    }

    #[test]
    fn what_is_used_is_what_the_quota_will_count() {
        let pods = [
            pod(
                "a",
                &json!({"requests": {"cpu": "100m", "memory": "10Mi"}, "limits": {"cpu": "1", "memory": "20Mi"}}),
                "Running",
            ),
            pod("bare", &json!({}), "Pending"),
            pod("done", &json!({"limits": {"cpu": "9"}}), "Succeeded"),
        ];
        let claims = [json!({"spec": {"resources": {"requests": {"storage": "1Gi"}}}})];
        let services = [json!({"spec": {"type": "LoadBalancer"}}), json!({"spec": {"type": "ClusterIP"}})];
        let share = share(500, 1_000);
        let seen = used(&pods, &claims, &services, &share);
        let expected = Used {
            cpu_millis: 1_100,
            memory_mib: 148,
            storage_mib: 1_024,
            pods: 2,
            load_balancers: 1,
            node_ports: 0,
        };
        assert_eq!(seen, expected);
        let over = over(&seen, &pods, &share).join("\n");
        for part in ["1100", "1024", "container c of Pod/a may take more cpu"] {
            assert!(over.contains(part), "{part} is missing in {over}");
        }
        assert!(!over.contains("memory"), "{over}");
    }
}
