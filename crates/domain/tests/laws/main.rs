//! Each law of the house, and tests that try to break it.
//!
//! [`history`] makes arbitrary histories of one account, run through the real `decide`, `apply` and `permit`;
//! [`chronicle`] is what the events alone say, and the laws are judged by it and not by the code under test.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking, and so do their helpers")]

mod abilities;
mod after_a_stay;
mod appeals;
mod bad_input;
mod bad_input_beyond;
mod calendar;
mod catch_up;
mod chronicle;
mod cleared;
mod clusters;
mod consent;
mod course;
mod day_two;
mod enforcers;
mod history;
mod world;

mod closing;
mod measures;

mod balancers;
mod gagged;
mod law_basis;
mod law_clocks;
mod law_data;
mod law_emergency;
mod law_explicit;
mod law_ladder;
mod law_observed;
mod law_orders;
mod law_periods;
mod law_privacy;
mod law_reading;
mod law_reasons;
mod law_record;
mod law_separation;
mod law_stacking;
mod law_terms;
mod law_undoing;
mod moves;
mod non_payment;
mod orders;
mod outlook;
mod preserved;
mod provision;
mod reminders;
mod replaced;
mod throttle;

mod depth;
mod erasure;
mod hostnames;
mod import;
mod snapshots;
mod story;
mod ways_around;
