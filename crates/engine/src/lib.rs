//! The application: commands, queries, time, reconcilers.
