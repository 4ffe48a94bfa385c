//! Markdown text → [`Runbook`]. Pure, and never fails: what is wrong with a document comes back as diagnostics beside it.

mod agreement;
mod annotation;
mod companions;
mod defect;
mod expectation;
mod front_matter;
mod ids;
mod include;
mod markdown;
pub mod model;
mod order;
mod outline;
mod pairs;
mod parse;
mod range;
mod region;
mod resolve;
mod said;
mod session;
mod setting;
mod shown;
mod slug;
mod tag;
mod text;
mod value;
mod variables;
mod view;
mod vocabulary;

#[cfg(test)]
mod tests;

pub use companions::{Companion, Companions};
pub use defect::{DEFECTS, Defect, defect, is_loosening};
pub use include::{Loaded, Loader, Refusal, flatten, include, is_about_prerequisites};
pub use model::{
    Background, Backoff, Capture, CaptureSource, Comparison, Criterion, Exact, ExitExpectation, Expectation, ExpectedFailure,
    FileDirectives, Format, Prerequisite, Principal, Requirement, Role, Runbook, Section, Step, StepDirectives, StreamChoice, Tenant,
    Variable,
};
pub use order::order;
pub use outline::{Directive, Fenced, Outline, outline};
pub use parse::{parse, parse_with};
pub use resolve::resolve;
pub use slug::slug;
pub use tag::ExecutableTags;
pub use view::{Choices, Conditions, Tab, TabGroup, TabPlace, TargetName, View};
