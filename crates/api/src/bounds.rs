//! What is bounded over all requests: how often each principal asks, how many requests and streams there are at once.
//! In memory, for this replica alone.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tenure_access::Principal;
use tenure_wire::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{Limits, Rate};
use crate::problem::Failure;

/// How many callers are remembered before those that did not ask lately are forgotten.
const REMEMBERED: usize = 10_000;

/// Where a request's connection comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The bounds over all requests.
pub struct Bounds {
    /// What they are.
    pub limits: Limits,
    principals: DefaultKeyedRateLimiter<String>,
    strangers: DefaultKeyedRateLimiter<IpAddr>,
    seats: Arc<Semaphore>,
    streams: Arc<Mutex<HashMap<String, usize>>>,
}

fn limiter<K: Clone + Eq + Hash>(rate: Rate) -> DefaultKeyedRateLimiter<K> {
    RateLimiter::keyed(Quota::per_second(rate.per_second).allow_burst(rate.burst))
}

fn asks<K: Clone + Eq + Hash>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
    what: &str,
) -> Result<(), Failure> {
    if limiter.len() > REMEMBERED {
        limiter.retain_recent();
    }
    limiter.check_key(key).map_err(|wait| {
        let wait = wait.wait_time_from(DefaultClock::default().now());
        Failure::too_many(whole_seconds(wait), format!("{what} Wait as long as Retry-After says."))
    })
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

impl Bounds {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            principals: limiter(limits.asks),
            strangers: limiter(limits.failed_tokens),
            seats: Arc::new(Semaphore::new(limits.requests)),
            streams: Arc::default(),
        }
    }

    /// A seat among the requests that are served at once.
    pub fn seat(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.seats).try_acquire_owned().map_err(|_| {
            Problem::new("busy", "Too many requests at once", 503)
                .detail("Nothing was done. Try again in a moment.")
                .into()
        })
    }

    /// Counts a request of a principal.
    pub fn principal(&self, principal: &Principal) -> Result<(), Failure> {
        asks(&self.principals, &principal.to_string(), "You ask more often than is allowed.")
    }

    /// Counts a request without a token that speaks for anyone.
    pub fn stranger(&self, peer: Option<Peer>) -> Result<(), Failure> {
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        asks(&self.strangers, &address, "Too many requests without a valid token come from your address.")
    }

    /// A seat among a principal's event streams.
    pub fn stream(&self, principal: &Principal) -> Result<StreamSeat, Failure> {
        let holder = principal.to_string();
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let open = streams.entry(holder.clone()).or_default();
        if *open >= self.limits.streams {
            let detail =
                format!("You have {open} event streams open, the most there may be: close one first.");
            return Err(Failure::too_many(1, detail));
        }
        *open += 1;
        Ok(StreamSeat { holder, streams: Arc::clone(&self.streams) })
    }
}

/// A seat among a principal's event streams; given back when it is dropped.
#[derive(Debug)]
pub struct StreamSeat {
    holder: String,
    streams: Arc<Mutex<HashMap<String, usize>>>,
}

impl Drop for StreamSeat {
    fn drop(&mut self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = streams.get_mut(&self.holder) {
            *open -= 1;
            if *open == 0 {
                streams.remove(&self.holder);
            }
        }
    }
}
