//! Markdown text → [`Runbook`]. Pure, and never fails: what is wrong with a document comes back as diagnostics beside it.

pub mod model;

pub use model::{
    Criterion, ExitExpectation, Expectation, ExpectedFailure, FileDirectives, Runbook, Section, Step, StepDirectives, Variable,
};
