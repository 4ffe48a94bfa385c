//! The only place that starts processes for a step: one persistent bash whose state carries from block to block.
//!
//! docent → room (docent again, re-executed, in a session without a terminal; with namespaces, a second process inside them) → helper
//! (sub-reaper, holder of a shell's lifeline) → bash, behind the walls of the sandbox.
//! bash reads its own script from a FIFO, so its standard input stays free; docent sends one driver line a block. A block stops
//! at its first failing command by a `return` in the ERR trap, which leaves the shell and its state alive; after each block the
//! state is written to a checkpoint, from which a killed shell is brought back. A block in the background has a shell and a helper of
//! its own in the same room, brought up from the same checkpoint.
//!
//! Deliberately absent: what a runbook is, what a failure means for a step, and how paths are displayed.
//! Not carried over a restart: open descriptors, jobs and `$!`, `$$`, limits, coprocesses.

mod background;
mod bound;
mod capture;
mod channel;
mod checkpoint;
mod control;
mod declaration;
mod driver;
mod error;
mod failure;
pub mod helper;
mod interrupt;
mod launch;
mod lifeline;
mod lookout;
mod persistent;
mod process_tree;
mod report;
mod rewind;
mod session;
mod told;
mod walls;
mod warden;

pub use background::{Background, Readiness};
pub use bound::Bound;
pub use capture::Captured;
pub use declaration::{Shape, Variable, Variables};
pub use error::ShellError;
pub use failure::{CommandFailure, Defect, Departure, Place};
pub use interrupt::Interrupt;
pub use launch::{Helper, Launch};
pub use persistent::{Bash, LateOutput};
pub use rewind::Mark;
pub use session::{Block, Ending, Farewell, Outcome, Session};
pub use walls::{Layer, LayerState, Layers, Plan, Room, Sandbox, evict, programs};

#[cfg(test)]
mod tests;
