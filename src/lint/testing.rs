//! How the rules are tested: documents in, lines and messages out.

use super::{lint, rule};
use crate::runbook::{Companions, Runbook, parse};

pub(super) fn parsed(text: &str) -> Runbook {
    parse("document.md", text.as_bytes(), &Companions::default()).0
}

/// What the rule `code` finds in a document: each finding as `line: message`.
pub(super) fn findings(code: &'static str, text: &str) -> Vec<String> {
    assert!(rule(code).is_some(), "there is no rule {code}");
    let found = lint(&parsed(text), |other| other != code);
    found.iter().map(|found| format!("{}: {}", found.line, found.message)).collect()
}

/// The rule finds exactly this in a document that consists of one block of bash; lines count from the block's first.
#[track_caller]
pub(super) fn check(code: &'static str, script: &str, expected: &[&str]) {
    let text = format!("```bash\n{script}\n```\n");
    let found: Vec<String> = findings(code, &text)
        .into_iter()
        .map(|found| {
            let (line, message) = found.split_once(": ").expect("a line and a message");
            format!("{}: {message}", line.parse::<usize>().expect("a line") - 1)
        })
        .collect();
    assert_eq!(found.len(), expected.len(), "{script}\n{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{script}\n{found:?} lacks {expected:?}");
    }
}
