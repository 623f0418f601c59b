//! Runs a simulated Kubernetes API server until interrupted: `cargo run -p tenure-kubesim --example kubesim -- PORT [STATE]`.

use std::net::{Ipv4Addr, SocketAddr};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let port: u16 = args.next().unwrap_or_default().parse().unwrap_or(0);
    let options = tenure_kubesim::Options {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        state: args.next().map(Into::into),
        ..tenure_kubesim::Options::default()
    };
    let simulation = tenure_kubesim::start(options).await?;
    std::fs::write("kubesim.kubeconfig", simulation.kubeconfig())?;
    tokio::signal::ctrl_c().await?;
    simulation.stop().await;
    Ok(())
}
