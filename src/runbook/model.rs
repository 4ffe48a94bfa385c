//! The nouns of a document: runbook, section, step, expectation.

use std::time::Duration;

use crate::diagnostic::SourceFile;

/// A parsed document.
#[derive(Debug, Clone, PartialEq)]
pub struct Runbook {
    /// The document that it came from.
    pub source: SourceFile,
    /// The first level-one heading, or the file's name.
    pub title: String,
    /// Front matter as JSON; empty when there is none or when it is not a mapping.
    pub properties: serde_json::Map<String, serde_json::Value>,
    /// Every heading, in document order.
    pub sections: Vec<Section>,
    /// Every executable block, in document order.
    pub steps: Vec<Step>,
    /// Variables that the document brings along (`X.ini`, `variables` comments), in order of precedence: later wins.
    pub variables: Vec<Variable>,
    /// What `docent-file:` said.
    pub directives: FileDirectives,
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// 1 to 6.
    pub level: u8,
    /// Its text, without markup.
    pub title: String,
    /// Its 1-based document line.
    pub line: usize,
}

/// One executable block.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique in the document: `name=` or a slug of the heading, `.2` and so on for repeats.
    pub id: String,
    /// The text of the nearest heading above; empty above the first.
    pub heading: String,
    /// The 1-based document line of the opening fence.
    pub line: usize,
    /// The 1-based document line of the script's first line; the script's line `n` (from 0) stands at `script_line + n`.
    pub script_line: usize,
    /// The fence's tag as written.
    pub language: String,
    /// The code, container indentation removed, `\n` line ends.
    pub script: String,
    /// What directives said about it.
    pub directives: StepDirectives,
    /// Expected outputs that bind to it, in document order; all must hold.
    pub expectations: Vec<Expectation>,
}

/// What directives say about one step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepDirectives {
    /// `skip` or `skip="reason"`: listed, never run. The reason is empty when none was given.
    pub skip: Option<String>,
    /// `timeout=20m`: wall time.
    pub timeout: Option<Duration>,
    /// `expect-exit=1`, `expect-exit=any`.
    pub expect_exit: Option<ExitExpectation>,
    /// `expect-stderr="text"`: text that standard error must contain.
    pub expect_stderr: Option<String>,
    /// `secret=NAME,…`: variables whose values are masked from here on.
    pub secrets: Vec<String>,
}

/// The exit status that a step must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitExpectation {
    /// Exactly this status, 0 to 255.
    Status(u8),
    /// Whatever it is.
    Any,
}

/// What `docent-file:` says about the whole document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileDirectives {
    /// `timeout=`: for each step that says nothing of its own.
    pub timeout: Option<Duration>,
    /// `expect-failure="STEP: TEXT"`: the failures that the document promises; empty for a document that must pass.
    pub expected_failures: Vec<ExpectedFailure>,
    /// `secret=NAME,…`: variables whose values are masked.
    pub secrets: Vec<String>,
}

/// A failure that a document promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedFailure {
    /// The id of the step that must fail.
    pub step: String,
    /// Text that the failure's message, output or standard error must contain.
    pub text: String,
    /// The directive's 1-based document line.
    pub line: usize,
}

/// An expected output.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The 1-based document line of its directive, or of its fence when unmarked.
    pub line: usize,
    /// The 1-based document line of its opening fence.
    pub fence_line: usize,
    /// The fence's tag as written; may be empty.
    pub language: String,
    /// How it is judged.
    pub criterion: Criterion,
    /// The expected output, `\n` line ends.
    pub text: String,
}

/// How an expectation is judged.
#[derive(Debug, Clone, PartialEq)]
pub enum Criterion {
    /// `expected_similarity=0.3`: the least score that passes, 0 to 1.
    Similarity(f64),
    /// `expected_similarity="regex"`: a pattern that standard output must match somewhere. Valid in the `regex` crate's syntax.
    Regex(String),
    /// No directive: the score is advice, only a veto fails.
    Unmarked,
}

/// A variable that a document brings along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, unquoted.
    pub value: String,
    /// Where it was said: `X.ini`, or the document itself.
    pub origin: String,
    /// The 1-based line there.
    pub line: usize,
}
