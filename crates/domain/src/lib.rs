//! The law of Tenure. Pure: no clock, randomness, I/O or async; time and the actor come in through a
//! [`context`](account::Context).
//!
//! Read in this order: [`law`], the sixteen sentences that everything here keeps; [`terms`], what a provider promised;
//! [`account`], the aggregate with its `decide` and `apply`; [`permit`], the proof without which nothing is restricted.

pub mod account;
pub mod authority;
pub mod balancers;
pub mod book;
pub mod calendar;
pub mod capability;
pub mod cluster;
pub mod document;
pub mod environment;
pub mod hostname;
pub mod import;
pub mod law;
pub mod money;
pub mod name;
pub mod period;
pub mod permit;
pub mod plan;
pub mod refusal;
pub mod report;
pub mod scope;
pub mod statement;
pub mod terms;
pub mod text;
pub mod throttle;
pub mod webhook;
pub mod workload;
