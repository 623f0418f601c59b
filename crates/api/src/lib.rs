//! REST and OpenAPI over the engine.
