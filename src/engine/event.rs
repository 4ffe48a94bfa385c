//! The story of a run, as the one interface between the engine and every reporter.

use std::sync::Arc;

use crate::{
    engine::result::{RunbookResult, StepResult, Totals},
    runbook::Runbook,
};

/// Something that happened. Runbooks may run side by side; `runbook` tells them apart by their position on the command line.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run begins.
    RunStarted(RunHeader),
    /// A runbook begins: where it runs and why there.
    RunbookStarted {
        /// Its position.
        runbook: usize,
        /// The document.
        document: Arc<Runbook>,
        /// `embedded`, `none`.
        target: String,
        /// Why this target, as a sentence fragment.
        because: String,
        /// How many steps will be reported.
        steps: usize,
        /// What keeps its steps from doing harm.
        sandbox: SandboxReport,
    },
    /// A step begins.
    StepStarted {
        /// Position of its runbook.
        runbook: usize,
        /// Index of the step.
        step: usize,
    },
    /// A step failed and is tried again.
    StepTriedAgain {
        /// Position of its runbook.
        runbook: usize,
        /// Index of the step.
        step: usize,
        /// Which attempt begins, from 2.
        attempt: u32,
    },
    /// A step is ready and goes on beside the others; its end is told like that of any other.
    StepInBackground {
        /// Position of its runbook.
        runbook: usize,
        /// Index of the step.
        step: usize,
    },
    /// A step ended, was skipped or will not be run.
    StepFinished {
        /// Position of its runbook.
        runbook: usize,
        /// What was found.
        result: Arc<StepResult>,
    },
    /// A runbook ended.
    RunbookFinished {
        /// Its position.
        runbook: usize,
        /// Its path as given.
        path: String,
        /// What was found.
        result: Arc<RunbookResult>,
    },
    /// The run ended.
    RunFinished {
        /// Sums over all runbooks.
        totals: Totals,
        /// Whether it was interrupted.
        interrupted: bool,
    },
}

/// What holds for the whole run.
#[derive(Debug, Clone)]
pub struct RunHeader {
    /// docent's version.
    pub version: &'static str,
    /// The target asked for: `auto`, `embedded`, `none`.
    pub target: String,
    /// The embedded Azure's profile, such as `2026-11`; none when no runbook can use it.
    pub azure: Option<String>,
    /// The seed.
    pub seed: u64,
    /// Wall time at the start, RFC 3339.
    pub started: String,
    /// What a file beside the documents loosens, as it stands there: `docent.toml: masked = "warn"`. Readers of a green report should know.
    pub loosened: Vec<String>,
}

/// What keeps the steps of a runbook from doing harm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SandboxReport {
    /// What was asked for: `require`, `best-effort`, `off`.
    pub asked: &'static str,
    /// Its layers; empty when there is none.
    pub layers: Vec<SandboxLayer>,
    /// All of them in a line.
    pub summary: String,
    /// Whether steps reach no network but the embedded Azure.
    pub denies_network: bool,
    /// Whether the caller's files are out of reach.
    pub denies_secrets: bool,
}

/// One layer of the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxLayer {
    /// Its name.
    pub name: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// How, or why not.
    pub detail: String,
}

/// Whoever listens. Called in order, from one task at a time.
pub trait Listener: Send {
    /// Takes note of `event`.
    fn hear(&mut self, event: &Event);
}
