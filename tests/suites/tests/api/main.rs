//! The HTTP API as strangers, members and the provider's people meet it: a real server, asked over the wire.
#![cfg(test)]

mod answers;
mod ask;
mod bodies;
mod bounds;
mod clients;
mod clock;
mod clusters;
mod connections;
mod conventions;
mod document;
mod documents;
mod evidence;
mod gagged;
mod golden_clocks;
mod golden_deletion;
mod golden_legal;
mod golden_measures;
mod golden_parity;
mod golden_terms;
mod hostnames;
mod house;
mod imports;
mod intake;
mod matrix;
mod notices;
mod once;
mod open;
mod operations;
mod pages;
mod strangers;
mod streams;
mod tokens;
mod webhooks;
mod workloads;
