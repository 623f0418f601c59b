//! The server under faults, on either kind of database: killed, paused, cut off, without disk or database. Nothing that
//! was acknowledged is lost or doubled, and afterwards everything agrees.

mod disk;
mod kills;
mod load;
mod postgres;
