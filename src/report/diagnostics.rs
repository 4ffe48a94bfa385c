//! Diagnostics that point at the line, as the Rust compiler prints its own.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Severity, SourceFile};

/// How much of a line is marked: of a paragraph that is one line, the beginning says enough.
const MARKED_CHARS_MAX: usize = 100;

/// One diagnostic as text, with ANSI colours when `colour`; ends without a line end.
pub fn render(source: &SourceFile, diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Advice => Level::NOTE,
    };
    let end = diagnostic.span.end.min(source.text().len());
    let start = diagnostic.span.start.min(end);
    // The renderer reads all that it is given: the lines that are shown, and no others.
    let (first, last) = (source.line(start), source.line(end.saturating_sub(1).max(start)));
    let (from, to) = (source.line_span(first).start, source.line_span(last).end);
    let text = source.text().get(from..to).unwrap_or_default();
    let end = if first == last { start + cut(source.text().get(start..end).unwrap_or_default()) } else { end };
    let marked = start - from..end.min(to) - from;
    let snippet = Snippet::source(text).path(source.path()).line_start(first).annotation(AnnotationKind::Primary.span(marked));
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code)).element(snippet);
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group]).to_string()
}

/// How many bytes of a text are marked.
fn cut(text: &str) -> usize {
    text.char_indices().nth(MARKED_CHARS_MAX).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::diagnostic::{Diagnostic, Severity, SourceFile, Span};

    #[track_caller]
    fn check(text: &str, marked: &str, expected: &[&str]) {
        let source = SourceFile::new("a.md", text);
        let start = text.find(marked).expect("the text holds it");
        let diagnostic = Diagnostic::new(Severity::Warning, "code", &source, Span::new(start, start + marked.len()), "message");
        let rendered = render(&source, &diagnostic, false);
        for part in expected {
            assert!(rendered.contains(part), "{part:?}\n{rendered}");
        }
        assert!(rendered.lines().all(|line| line.chars().count() <= 160), "{rendered}");
    }

    #[test]
    fn a_diagnostic_shows_its_lines_and_where_they_are() {
        check("uno\ndos tres\ncuatro\n", "tres", &["--> a.md:2:5", "2 | dos tres", "    ^^^^"]);
        check("uno\ndos\ntres\n", "dos\ntres", &["--> a.md:2:1", "2 |", "3 |"]);
        check("uno\n\n", "\n", &["--> a.md:1:4"]);
        check(&format!("x\n{}\n", "ñandú ".repeat(200)), &"ñandú ".repeat(200), &["--> a.md:2:1", "ñandú"]);
    }

    #[test]
    fn an_empty_document_and_its_end_can_be_pointed_at() {
        for text in ["", "a", "a\n"] {
            let source = SourceFile::new("a.md", text);
            let diagnostic = Diagnostic::new(Severity::Error, "code", &source, Span::new(9, 12), "message");
            assert!(render(&source, &diagnostic, false).contains("message"));
        }
    }
}
