//! The cluster half of the promise: render, apply, gate, stop, observe, restore.
