//! Delivery of notices: the inbox and the file channel, with proofs of delivery.
