//! Runs a plan and tells the story as events. Knows neither which cloud it runs on nor how its events are printed.

mod blocked;
mod cause;
pub mod event;
pub mod execute;
pub mod judge;
mod notes;
pub mod plan;
mod pointer;
mod promise;
mod redact;
pub mod result;
mod suggest;
pub mod world;
