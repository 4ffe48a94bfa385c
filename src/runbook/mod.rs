//! Markdown text → [`Runbook`]. Pure, and never fails: what is wrong with a document comes back as diagnostics beside it.

mod annotation;
mod companions;
mod defect;
mod expectation;
mod front_matter;
mod ids;
mod markdown;
pub mod model;
mod pairs;
mod parse;
mod slug;
mod tag;
mod text;
mod variables;
mod vocabulary;

#[cfg(test)]
mod tests;

pub use companions::{Companion, Companions};
pub use defect::{DEFECTS, Defect, defect};
pub use model::{
    Background, Capture, CaptureSource, Comparison, Criterion, Exact, ExitExpectation, Expectation, ExpectedFailure, FileDirectives,
    Format, Requirement, Role, Runbook, Section, Step, StepDirectives, StreamChoice, Variable,
};
pub use parse::{parse, parse_with};
pub use slug::slug;
pub use tag::ExecutableTags;
