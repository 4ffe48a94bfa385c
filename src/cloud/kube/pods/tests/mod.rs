//! Pods through the pipeline: their lives, their webhook, and the chain from a label to a secret.

mod chain;
mod links;
mod lives;
mod tokens;
mod webhook;
