//! The engine on a real database of either kind, with simulated legal time and seeded randomness, without a cluster.
// Marks helpers as test code too, so that they may unwrap as tests do.
#![cfg(test)]

mod access;
mod anchor;
mod caps;
mod clock;
mod clusters;
mod corpus;
mod deadlines;
mod enforce;
mod evidence;
mod failures;
mod frozen;
mod health;
mod hostnames;
mod imports;
mod intake;
mod log;
mod looks;
mod moves;
mod notices;
mod office;
mod once;
mod parity;
mod probes;
mod refusals;
mod replicas;
mod rotation;
mod rules;
mod states;
mod stopping;
mod stuck;
mod time;
mod undo;
mod upgrade;
mod verifying;
mod webhooks;
mod writing;
