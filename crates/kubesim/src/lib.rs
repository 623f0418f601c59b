//! A small simulated Kubernetes API server, for development without a cluster and for fast tests.
