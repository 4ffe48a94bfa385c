//! Diagnostics that point at the line, as the Rust compiler prints its own.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Severity, SourceFile};

/// One diagnostic as text, with ANSI colours when `colour`; ends without a line end.
pub fn render(source: &SourceFile, diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Advice => Level::NOTE,
    };
    let end = diagnostic.span.end.min(source.text().len());
    let start = diagnostic.span.start.min(end);
    let snippet = Snippet::source(source.text()).path(source.path()).annotation(AnnotationKind::Primary.span(start..end));
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code)).element(snippet);
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group]).to_string()
}
