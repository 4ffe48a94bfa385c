//! The nouns of a document: runbook, section, step, expectation.

use std::sync::Arc;
use std::time::Duration;

use super::view::{Choices, Conditions};
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
    /// What it said about some views only.
    pub choices: Choices,
    /// Links to documents that come before it, in document order.
    pub prerequisites: Vec<Prerequisite>,
    /// The documents that run before it, in the order in which they run; `include` finds them, `flatten` puts their steps first.
    pub before: Vec<Arc<Runbook>>,
}

impl Runbook {
    /// The document in which a step stands.
    pub fn source_of<'a>(&'a self, step: &'a Step) -> &'a SourceFile {
        step.document.as_deref().unwrap_or(&self.source)
    }
}

/// A link to a document that comes before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prerequisite {
    /// As it is written: relative to the document.
    pub path: String,
    /// The link's 1-based document line.
    pub line: usize,
    /// Whether a directive asks for it, rather than a link.
    pub is_required: bool,
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
    /// The document in which it stands; none for the runbook's own.
    pub document: Option<Arc<SourceFile>>,
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
    /// What they said about some views only.
    pub conditions: Conditions,
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
    /// `secret=NAME,…`: variables whose values are masked.
    pub secrets: Vec<String>,
    /// `as=NAME`: who runs it; whoever is signed in when none is named.
    pub principal: Option<Principal>,
    /// `wait=30s`: time that passes after the step, before the next one; on a virtual clock it costs nothing.
    pub wait: Option<Duration>,
    /// `eventually=5m`: while it fails it is tried again for so long; the time passes on the clock of the run.
    pub eventually: Option<Duration>,
    /// `every=10s`: how long to wait before it is tried again.
    pub every: Option<Duration>,
    /// `retry=3`: how often it is tried again when it fails.
    pub retry: Option<u32>,
    /// `backoff=10s`: how long to wait before that.
    pub backoff: Option<Backoff>,
    /// `needs=NAME,…`: ids of steps that must have passed, or it is not run.
    pub needs: Vec<String>,
    /// `after=NAME,…`: ids of steps that come before it in the run, wherever they stand.
    pub after: Vec<String>,
    /// `setup`, `cleanup`: whether its place in the run is not its place in the document.
    pub role: Role,
    /// `background`: it keeps running beside the steps below.
    pub background: Option<Background>,
    /// `stop=NAME,…`: ids of background steps that end when this step has ended.
    pub stop: Vec<String>,
    /// `stdin="y"`: what the step reads on standard input; none is an empty one.
    pub stdin: Option<String>,
    /// `capture=IP:$.publicIpAddress`: variables that are set from what it printed.
    pub captures: Vec<Capture>,
    /// `requires=…`: what must be there, or it cannot be run.
    pub requires: Vec<Requirement>,
    /// `lint-disable=RULE,…`: findings that are not reported about this step.
    pub lint_disable: Vec<String>,
}

/// Somebody who runs a step in place of whoever is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// A user, an application or a managed identity, by any of its names.
    pub name: String,
    /// The directive's 1-based document line.
    pub line: usize,
}

/// What a document asks of the tenant that it runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tenant {
    /// As Azure is: every user needs a second factor.
    #[default]
    Ordinary,
    /// `tenant=no-mfa`: a password is enough.
    NoSecondFactor,
}

/// How long to wait before a failed step is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// The same time each time.
    Constant(Duration),
    /// This time, and each time twice as long as before.
    Exponential(Duration),
}

impl Backoff {
    /// Where a backoff begins that does not say so.
    pub const FIRST: Duration = Duration::from_secs(1);
}

/// When a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// In document order.
    #[default]
    Ordinary,
    /// Before the ordinary ones; when it fails, they are not run.
    Setup,
    /// After all others, whatever became of them.
    Cleanup,
}

/// A step that keeps running beside those below it, until one says `stop=`, or the document ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Background {
    /// `ready="Forwarding from"`: the next step starts when this text was printed on either stream; at once when none was given.
    pub ready: Option<String>,
}

/// A variable that is set from a step's standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The variable; it is exported.
    pub name: String,
    /// Where its value is in the output.
    pub source: CaptureSource,
    /// The directive's 1-based document line.
    pub line: usize,
}

/// Where a captured value is in an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureSource {
    /// A JSONPath (RFC 9535) that must select exactly one value: `$.publicIpAddress`.
    Path(String),
    /// A regular expression of the `regex` crate; its first group, or all of it.
    Regex(String),
}

/// Something that must be there before a step, or a document, can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// `kubectl`: a command on the steps' `PATH`.
    Command(String),
    /// `extension:aks-preview`: an extension of az.
    Extension(String),
    /// `var:CLUSTER_NAME`: a variable that is set and not empty.
    Variable(String),
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
    /// `requires=…`: what must be there before its first step.
    pub requires: Vec<Requirement>,
    /// `tenant=no-mfa`: what the tenant is like.
    pub tenant: Tenant,
    /// `lint-disable=RULE,…`: findings that are not reported about this document.
    pub lint_disable: Vec<String>,
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
    /// How the two texts are compared.
    pub comparison: Comparison,
}

/// How an output is compared with the document's text: `ignore= exact= unordered as= stream=`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// `ignore=etag,*.id`: JSON paths, table columns or labels whose values do not count, nor whether they are there.
    pub ignore: Vec<String>,
    /// `exact`, `exact=type,name`: what must be the same to the letter.
    pub exact: Exact,
    /// `unordered`: lists, rows and lines may come in any order, and cost nothing for it.
    pub unordered: bool,
    /// `as=json`: what both sides are read as; guessed from their text when none.
    pub format: Option<Format>,
    /// `stream=stderr`: which stream is compared.
    pub stream: StreamChoice,
}

/// What must be the same to the letter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Exact {
    /// Nothing in particular.
    #[default]
    Nothing,
    /// The values at these JSON paths, columns or labels.
    At(Vec<String>),
    /// All of it, but for blank lines at the end.
    Everything,
}

/// What an output is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One or several JSON documents.
    Json,
    /// Lines of words.
    Text,
    /// A header and rows.
    Table,
    /// One or several YAML documents.
    Yaml,
}

/// Which stream is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamChoice {
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
    /// Standard output, and below it standard error.
    Both,
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
