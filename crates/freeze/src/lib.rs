//! The freeze webhook: a small listener of its own that the API server asks about changes in frozen environments.
//!
//! It answers from memory ([`Freezes`]), and asks its process where no pass of that knows what is frozen. Its certificate comes from an authority of ours, and both are
//! replaced long before they end: the cluster trusts the next authority before the next certificate serves. The
//! configuration by which the API server asks is kept as it should be, whoever changes it. It selects namespaces by a
//! label that only frozen ones carry, and guards that label, so that an outage hinders nobody else.

mod certificate;
mod configuration;
mod kinds;
mod listener;
mod metrics;
mod review;
mod rotation;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use rustls::crypto::CryptoProvider;
use serde_json::{Value, json};
use tenure_cluster::{Freezes, names};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use certificate::{CertificateError, Issued, issue};
pub use configuration::{Reached, UnreachableError};
pub use metrics::Metrics;
pub use rotation::{Periods, Rotation};

use crate::listener::{Answering, Serving};

/// How often the configuration is looked at. Operating time.
const LOOK: Duration = Duration::from_secs(1);

/// After how many of these looks the cluster's API groups are asked for again.
const LOOKS: u32 = 30;

/// How long one request to the cluster may take. Operating time.
const LIMIT: Duration = Duration::from_secs(5);

/// Where the cluster says who we are; before Kubernetes 1.28 nowhere, and a trial tells.
const WHO: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// The machine's clock.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A webhook that is ready to serve.
pub struct Webhook {
    listener: TcpListener,
    reached: Reached,
    freezes: Freezes,
    client: Client,
    now: Now,
    periods: Periods,
    provider: Arc<CryptoProvider>,
    rotation: Rotation,
    serving: Arc<Serving>,
    metrics: Metrics,
}

impl Webhook {
    /// Makes the first certificate. `reached` is where the API server finds what `listener` listens to.
    pub fn new(
        listener: TcpListener,
        reached: Reached,
        freezes: Freezes,
        client: Client,
        now: Now,
        periods: Periods,
    ) -> Result<Self, CertificateError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let first = issue(&reached.host(), now(), periods.life, &provider)?;
        let serving = Arc::new(Serving::new(Arc::clone(&first.key)));
        let rotation = Rotation::new(periods, first);
        let metrics = Metrics::default();
        Ok(Self { listener, reached, freezes, client, now, periods, provider, rotation, serving, metrics })
    }

    /// The same, counting with these instruments.
    #[must_use]
    pub fn counting(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves and keeps the configuration until `stopping`. The configuration stays: what is frozen stays frozen while
    /// nobody answers.
    pub async fn run(self, stopping: CancellationToken) -> Result<(), CertificateError> {
        let acceptor = listener::acceptor(Arc::clone(&self.serving), Arc::clone(&self.provider))?;
        let answering = Answering { freezes: self.freezes.clone(), metrics: self.metrics };
        let served = listener::serve(self.listener, acceptor, answering, stopping.clone());
        let keeper = Keeper {
            reached: self.reached,
            freezes: self.freezes,
            client: self.client,
            now: self.now,
            periods: self.periods,
            provider: self.provider,
            rotation: self.rotation,
            serving: self.serving,
            is_known: false,
            groups: Vec::new(),
            groups_hold: 0,
            failed: false,
        };
        let kept = async {
            tokio::select! {
                () = keeper.run() => {}
                () = stopping.cancelled() => {}
            }
        };
        tokio::join!(served, kept);
        Ok(())
    }
}

struct Keeper {
    reached: Reached,
    freezes: Freezes,
    client: Client,
    now: Now,
    periods: Periods,
    provider: Arc<CryptoProvider>,
    rotation: Rotation,
    serving: Arc<Serving>,
    /// Whether the cluster said who we are, or that it does not say that.
    is_known: bool,
    /// The API groups of operators' own kinds, and for how many looks they hold.
    groups: Vec<String>,
    groups_hold: u32,
    failed: bool,
}

impl Keeper {
    async fn run(mut self) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let now = (self.now)();
        if self.rotation.is_due(now) {
            match issue(&self.reached.host(), now, self.periods.life, &self.provider) {
                Ok(next) => self.rotation.follow(next),
                Err(error) => tracing::warn!(%error, "the freeze webhook goes on with its certificate"),
            }
        }
        match tokio::time::timeout(LIMIT, self.keep(now)).await {
            Ok(Ok(())) => self.failed = false,
            Ok(Err(error)) => self.say(&error),
            Err(_) => self.say(&"no answer in time"),
        }
        if self.rotation.take_over(now) {
            self.serving.change(Arc::clone(&self.rotation.serving().key));
            tracing::info!(until = %self.rotation.serving().until, "the freeze webhook serves by its next certificate");
        }
    }

    /// Told once, until it works again.
    fn say(&mut self, error: &dyn std::fmt::Display) {
        if !std::mem::replace(&mut self.failed, true) {
            let configuration = names::FREEZE;
            tracing::warn!(%error, configuration, "the freeze webhook's configuration cannot be kept");
        }
    }

    async fn keep(&mut self, now: Timestamp) -> kube::Result<()> {
        if !self.is_known {
            if let Some(user) = who_we_are(&self.client).await? {
                self.freezes.we_are(&user);
            }
            self.is_known = true;
        }
        if self.groups_hold == 0 {
            self.groups = kinds::look(&self.client).await?;
            self.groups_hold = LOOKS;
        }
        self.groups_hold -= 1;
        let ours = self.rotation.all().cloned().collect();
        match configuration::keep(&self.client, &self.reached, &self.groups, ours, now).await {
            // Seen by a look that did not write it, so that the overlap counts from then.
            Ok(false) => self.rotation.known(now),
            Ok(true) => {
                self.rotation.written();
                let configuration = names::FREEZE;
                tracing::info!(configuration, "the freeze webhook's configuration was written");
            }
            // Another process wrote at the same time.
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Our name in the cluster, where it tells.
async fn who_we_are(client: &Client) -> kube::Result<Option<String>> {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let request = http::Request::post(WHO).header("content-type", "application/json");
    let request = request.body(review.to_string().into_bytes()).map_err(kube::Error::HttpError)?;
    match client.request::<Value>(request).await {
        Ok(said) => {
            let name = said.pointer("/status/userInfo/username").and_then(Value::as_str);
            Ok(name.filter(|name| !name.is_empty()).map(str::to_owned))
        }
        Err(kube::Error::Api(status)) if matches!(status.code, 403..=405) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
