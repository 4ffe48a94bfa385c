//! The only place that starts processes for a step: one persistent bash whose state carries from block to block.
