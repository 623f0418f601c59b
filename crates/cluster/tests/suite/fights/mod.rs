//! Fights: someone works against a suspension, on a real cluster. What happens is watched, not sampled: nobody below
//! cluster-admin gets a pod to run, and what a cluster-admin undoes is repaired and told.

mod admin;
mod alone;
mod arena;
mod freeze;
mod keeper;
mod observer;
mod others;
mod tenant;
mod webhook;
