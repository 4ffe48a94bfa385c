//! The tokens between scanner and parser, and the errors both report.

use super::YamlError;

/// A place in the text: characters, lines and columns from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    pub(super) index: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
    Block,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    StreamEnd,
    VersionDirective { major: u32, minor: u32 },
    TagDirective { handle: String, prefix: String },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag { handle: String, suffix: String },
    Scalar { value: String, style: Style },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: Mark,
}

/// go-yaml prints a scanner's line from one and a parser's from zero, and no line at all when it is the first (measured, kubectl 1.32).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reporter {
    Scanner,
    Parser,
}

/// The error `problem` met at `at`, while working on what began at `context`.
pub(super) fn fault(reporter: Reporter, context: Mark, problem: &str, at: Mark) -> YamlError {
    let line = match (at.line, reporter) {
        (0, _) => context.line,
        (line, Reporter::Scanner) => line + 1,
        (line, Reporter::Parser) => line,
    };
    YamlError::Yaml(if line == 0 { problem.to_owned() } else { format!("line {line}: {problem}") })
}
