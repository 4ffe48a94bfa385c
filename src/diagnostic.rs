//! What is wrong with a document, and exactly where.
//!
//! Deliberately absent: what a runbook is, and how a diagnostic is drawn (`report::diagnostics`).

use std::fmt;

/// A half-open range of bytes in a source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset one past the last byte; never below `start`.
    pub end: usize,
}

impl Span {
    /// The range `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// A document as it was read: its name and its text, with the starts of its lines.
///
/// The text is UTF-8 with `\n` line ends; whoever reads the file normalises a byte order mark and CRLF first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    path: String,
    text: String,
    line_starts: Vec<usize>,
}

impl SourceFile {
    /// Wraps `text`, to be called `path` in messages.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        Self { path: path.into(), text, line_starts }
    }

    /// The name used in messages, as the caller gave it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The 1-based line of a byte offset; offsets past the end belong to the last line.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// The 1-based line and column (in characters) of a byte offset.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let start = self.line_starts[line - 1];
        let end = offset.min(self.text.len());
        let column = self.text.get(start..end).map_or(end - start, |before| before.chars().count());
        (line, column + 1)
    }

    /// The bytes of a 1-based line, without its line end; empty when there is no such line.
    pub fn line_span(&self, line: usize) -> Span {
        let Some(start) = line.checked_sub(1).and_then(|index| self.line_starts.get(index)) else {
            return Span::new(self.text.len(), self.text.len());
        };
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        Span::new(*start, end)
    }

    /// The text of a 1-based line, without its line end; empty when there is no such line.
    pub fn line_text(&self, line: usize) -> &str {
        let span = self.line_span(line);
        &self.text[span.start..span.end]
    }
}

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; changes nothing.
    Advice,
    /// Probably not what the author meant; the runbook still runs.
    Warning,
    /// The runbook cannot be trusted and is not run.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// How a document is mended without a doubt about what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// Parts of the text are replaced; they do not overlap.
    Edits(Vec<Edit>),
    /// The byte order mark goes.
    ByteOrderMark,
    /// Every line ends with LF.
    LineEnds,
}

impl Fix {
    /// One part of the text is replaced.
    pub fn edit(span: Span, text: impl Into<String>) -> Self {
        Self::Edits(vec![Edit::new(span, text)])
    }
}

/// A part of a text and what is to stand in its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What goes; empty where something is only added.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Edit {
    /// `text` in the place of `span`.
    pub fn new(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }
}

/// One finding about a document: what, where, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// A stable kebab-case name, such as `unknown-directive`.
    pub code: &'static str,
    /// What is wrong, as a sentence fragment without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The mend, where it is certain.
    pub fix: Option<Fix>,
    /// Where, in the bytes of the document.
    pub span: Span,
    /// The 1-based line of `span.start`.
    pub line: usize,
    /// The 1-based column of `span.start`, in characters.
    pub column: usize,
}

impl Diagnostic {
    /// A diagnostic about `span` of `source`.
    pub fn new(severity: Severity, code: &'static str, source: &SourceFile, span: Span, message: impl Into<String>) -> Self {
        let (line, column) = source.line_column(span.start);
        Self { severity, code, message: message.into(), hint: None, fix: None, span, line, column }
    }

    /// The same with a next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with a mend.
    #[must_use]
    pub fn with_fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let source = SourceFile::new("a.md", "uno\nñandú x\n");
        assert_eq!(source.line_column(0), (1, 1));
        assert_eq!(source.line_column(4), (2, 1));
        assert_eq!(source.line_column(source.text().find('x').unwrap()), (2, 7));
        assert_eq!(source.line_text(2), "ñandú x");
        assert_eq!(source.line_text(9), "");
        assert_eq!(source.line(999), 3);
    }
}
