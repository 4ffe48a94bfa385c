//! Runs a plan and tells the story as events. Knows neither which cloud it runs on nor how its events are printed.

mod assess;
mod attempts;
mod beside;
mod blocked;
mod captured;
mod cause;
pub mod cleanup;
pub mod event;
pub mod execute;
mod farewell;
pub mod journal;
pub mod judge;
pub mod leftovers;
mod notes;
pub mod plan;
mod pointer;
mod preflight;
mod program;
mod promise;
pub mod redact;
pub mod result;
mod retry;
mod shown;
mod suggest;
mod undefined;
mod unseen;
pub mod world;
