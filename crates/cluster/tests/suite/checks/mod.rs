//! What the cluster half promises, each told once and run on a simulation and on a real cluster.

mod balancers;
mod deaths;
mod drift;
mod erase;
mod freeze;
mod hostnames;
mod import;
mod kinds;
mod obstacles;
mod open;
mod others;
mod ownership;
mod provision;
mod rehearse;
mod scopes;
mod snapshots;
mod stop;
mod throttle;
mod watched;

pub use balancers::*;
pub use deaths::*;
pub use drift::*;
pub use erase::*;
pub use hostnames::*;
pub use import::*;
pub use kinds::*;
pub use open::*;
pub use others::*;
pub use ownership::*;
pub use provision::*;
pub use rehearse::*;
pub use scopes::*;
pub use snapshots::*;
pub use stop::*;
pub use throttle::*;
pub use watched::*;

use tenure_cluster::Observation;

use crate::world::{Driver, World, page};

async fn provisioned<'w>(world: &'w World, workloads: &[&str]) -> Driver<'w> {
    let mut driver = Driver::new(world);
    for name in workloads {
        driver.tenant.put(name, page(1));
    }
    driver.until_ready().await;
    driver
}

fn repaired(observation: &Observation) -> Vec<String> {
    observation.repairs.iter().map(|repair| format!("{}: {}", repair.object, repair.difference)).collect()
}
