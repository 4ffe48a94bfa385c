//! Runs a plan and tells the story as events.

pub mod event;
pub mod plan;
pub mod result;
pub mod world;
