//! What a rule is, and what it finds.

use super::document::Document;
use crate::diagnostic::{Edit, Fix, Severity, Span};

/// Something that can be wrong with a document although it parses.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its stable kebab-case name.
    pub code: &'static str,
    /// How much its findings matter, unless one says otherwise.
    pub severity: Severity,
    /// The source file of the rule; its `//!` text is its page.
    pub(super) source: &'static str,
    /// Finds.
    pub(super) check: fn(&Document<'_>) -> Vec<Finding>,
}

impl Rule {
    /// Why it matters and what to do, for a person who has never seen it: Markdown, without a last line end.
    pub fn page(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    }
}

/// One place where a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// Where, in the bytes of the document.
    pub(super) span: Span,
    /// What is wrong, as a sentence fragment without a full stop.
    pub(super) message: String,
    /// What to do about it.
    pub(super) hint: Option<String>,
    /// The mend, where it is certain.
    pub(super) fix: Option<Fix>,
    /// How much it matters, when not as much as the rule says.
    pub(super) severity: Option<Severity>,
}

impl Finding {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), hint: None, fix: None, severity: None }
    }

    #[must_use]
    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same with a mend, when there is one.
    #[must_use]
    pub(super) fn with_edits(self, edits: Vec<Edit>) -> Self {
        Self { fix: (!edits.is_empty()).then_some(Fix::Edits(edits)), ..self }
    }

    #[must_use]
    pub(super) fn advice(self) -> Self {
        Self { severity: Some(Severity::Advice), ..self }
    }
}
