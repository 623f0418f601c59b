//! Rules: CEL conditions over typed facts, their modes and caps, without I/O.
