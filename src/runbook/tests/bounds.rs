//! Whatever comes in, parsing ends, soon, and says where.

use std::time::Instant;

use proptest::prelude::{ProptestConfig, Strategy, prop, proptest};

use super::read;
use crate::diagnostic::Diagnostic;
use crate::runbook::{Companion, Companions, Runbook, parse};

/// Pieces that documents are made of, so that random documents reach the branches that random letters never would.
const PIECES: &[&str] = &[
    "# T\n",
    "```bash\n",
    "```\n",
    "````sh\n",
    "~~~\n",
    "```output\n",
    "```json\n",
    "echo 'ñ 日本'\n",
    "<!--",
    "-->",
    "\n",
    "\n\n",
    "    ",
    "\t",
    "> ",
    "- ",
    "1. ",
    "<!-- expected_similarity=0.3 -->\n",
    "<!-- expected_similarity=\"a.*\" -->\n",
    "expected_similarity=",
    "<!-- docent: skip -->\n",
    "<!-- docent: name=a timeout=3m -->\n",
    "docent:",
    "docent-file: expect-failure=\"t: x\"",
    "```variables\nexport A=1\n",
    "---\n",
    "a: [1\n",
    "\r\n",
    "\r",
    "\u{feff}",
    "\0",
    "<details>\n",
    "=",
    "\"",
    "\\",
    "| a |\n|---|\n",
    "إ",
    "[!INCLUDE [x](y)]\n",
];

fn documents() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

/// What holds for every document.
fn assert_sound(runbook: &Runbook, diagnostics: &[Diagnostic]) {
    let text = runbook.source.text();
    for diagnostic in diagnostics {
        assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some(), "{diagnostic:?} does not point into the text");
        assert_eq!(diagnostic.line, runbook.source.line(diagnostic.span.start), "{diagnostic:?}");
        assert!(crate::runbook::defect(diagnostic.code).is_some(), "{} has no page", diagnostic.code);
    }
    let mut ids = std::collections::HashSet::new();
    for step in &runbook.steps {
        assert!(ids.insert(&step.id), "two steps are called {}", step.id);
        assert_eq!(step.script_line, step.line + 1);
        for (offset, line) in step.script.lines().enumerate() {
            let document_line = runbook.source.line_text(step.script_line + offset);
            let (line, document_line) = (line.trim_start(), document_line.trim_start());
            assert!(document_line.ends_with(line), "{line:?} should stand in {document_line:?}");
        }
        for expectation in &step.expectations {
            assert!(step.line < expectation.line && expectation.line <= expectation.fence_line, "{step:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_row_of_pieces_is_read_without_panic(text in documents()) {
        let (runbook, diagnostics) = read(&text);
        assert_sound(&runbook, &diagnostics);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let (runbook, diagnostics) = parse("a.md", &bytes, &Companions::default());
        assert_sound(&runbook, &diagnostics);
    }

    #[test]
    fn any_text_is_read_without_panic_as_document_and_companion(text in ".{0,200}") {
        let companions = Companions { ini: Some(Companion { path: "a.ini".to_owned(), text: text.clone() }) };
        let (runbook, diagnostics) = parse("a.md", text.as_bytes(), &companions);
        assert_sound(&runbook, &diagnostics);
    }
}

/// Documents of two sizes whose times must not grow much faster than the sizes. The slack is wide: it catches squares, not noise.
#[track_caller]
fn check_linear(name: &str, document: impl Fn(usize) -> String) {
    let time = |size: usize| {
        let text = document(size);
        let start = Instant::now();
        let (runbook, _) = read(&text);
        let elapsed = start.elapsed();
        assert!(!runbook.source.text().is_empty());
        elapsed
    };
    let (small, large) = (time(20_000), time(320_000));
    let bound = small * 16 * 6 + std::time::Duration::from_millis(100);
    assert!(large <= bound, "{name}: {small:?} for 20 kB, {large:?} for 320 kB");
}

#[test]
fn time_grows_with_the_size_of_the_document() {
    check_linear("steps", |size| {
        "# Título\n\ntexto\n\n```bash\necho a\n```\n<!-- expected_similarity=0.3 -->\n```output\na\n```\n".repeat(size / 90)
    });
    check_linear("same headings", |size| "# A\n```sh\n```\n".repeat(size / 14));
    check_linear("one long line", |size| "a".repeat(size));
    check_linear("quotes", |size| format!("<!-- expected_similarity=\"{} -->", "\" ".repeat(size / 2)));
    check_linear("keys behind a pattern", |size| format!("<!-- expected_similarity=\"x\" {} ! -->", "a=\"\" ".repeat(size / 5)));
    check_linear("a long word in a comment", |size| format!("<!-- {} -->", "a".repeat(size)));
    check_linear("a long key", |size| format!("<!-- docent: {} -->", "a".repeat(size)));
    check_linear("a long tag", |size| format!("```{}\n```\n", "a".repeat(size)));
    check_linear("failures that are not there", |size| {
        format!("<!-- docent-file: {} -->\n{}", "expect-failure=\"x: y\" ".repeat(size / 50), "```sh\n```\n".repeat(size / 20))
    });
    check_linear("comments", |size| format!("<div>\n{}", "<!-- a -->\n".repeat(size / 11)));
    check_linear("openings of comments", |size| "<!--".repeat(size / 4));
    check_linear("brackets", |size| "[".repeat(size));
    check_linear("backquotes", |size| {
        (1..)
            .map(|width| "`".repeat(width) + " ")
            .scan(0, |total, run| {
                *total += run.len();
                (*total < size).then_some(run)
            })
            .collect()
    });
    check_linear("directives", |size| format!("<!-- docent: {} -->", "secret=A ".repeat(size / 9)));
    check_linear("variables", |size| format!("<!--\n```variables\n{}```\n-->", "export A=1\n".repeat(size / 11)));
    check_linear("front matter", |size| format!("---\n{}---\n", (0..size / 9).map(|n| format!("k{n}: 1\n")).collect::<String>()));
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    for piece in ["> ", "- ", "* > ", "[", "**", "<div>", "`` ` "] {
        let (runbook, _) = read(&format!("{}```bash\necho a\n", piece.repeat(20_000)));
        assert!(runbook.steps.len() <= 1);
    }
}
