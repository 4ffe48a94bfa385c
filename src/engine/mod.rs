//! Runs a plan and tells the story as events.
