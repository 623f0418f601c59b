//! What is counted of questions: how many there were, how many were refused, and how long answers took.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The instruments of one listener. Cheap to clone: clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub(crate) reviews: Counter,
    pub(crate) refused: Counter,
    pub(crate) seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = Histogram::new(exponential_buckets(0.000_25, 2.0, 14));
        Self { reviews: Counter::default(), refused: Counter::default(), seconds }
    }
}

impl Metrics {
    /// Adds the instruments to a registry.
    pub fn register(&self, registry: &mut Registry) {
        let of = registry.sub_registry_with_prefix("tenure_freeze");
        of.register("reviews", "Questions about changes that the cluster asked", self.reviews.clone());
        of.register("refused", "Changes that were refused", self.refused.clone());
        of.register_with_unit(
            "review",
            "How long an answer took, from its question on",
            Unit::Seconds,
            self.seconds.clone(),
        );
    }
}
