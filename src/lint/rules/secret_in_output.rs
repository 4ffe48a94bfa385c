//! An expected output shows what looks like a real secret.
//!
//! A token, a private key, a storage key or a signed address in a document is public as soon as the document is. Replace it by a
//! placeholder such as `<storage-key>` (docent lets placeholders differ), and revoke the secret if it was real.
//!
//! Looked for are shapes with hardly a second meaning: JSON web tokens, PEM private keys, `AccountKey=` and `sig=` with a full value,
//! keys of storage accounts and databases (86 characters of base64 and `==`), secrets of applications in Entra ID (`…8Q~…`), and tokens
//! whose first letters say whose they are (`ghp_…`).

use std::sync::OnceLock;

use regex::Regex;

use crate::lint::{document::Document, rule::Finding};

/// What it is, and how it looks.
const SHAPES: [(&str, &str); 8] = [
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}"),
    ("a private key", r"-----BEGIN (?:RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\s*[A-Za-z0-9+/]{40,}"),
    ("the key of an account", r"AccountKey=[A-Za-z0-9+/]{40,}={0,2}"),
    ("a signed address", r"[?&]sig=[A-Za-z0-9%]{40,}"),
    ("the key of a storage account", r"(?:^|[^A-Za-z0-9+/])[A-Za-z0-9+/]{86}=="),
    ("the secret of an application", r"(?:^|[^A-Za-z0-9_~.-])[A-Za-z0-9_-]{3}[78]Q~[A-Za-z0-9_~.-]{34}"),
    ("a token of GitHub", r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})"),
    ("a token of npm, PyPI, Slack or another service", r"\b(?:npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{60,}|xox[abp]-[A-Za-z0-9-]{30,})"),
];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    static PATTERNS: OnceLock<Vec<(&str, Regex)>> = OnceLock::new();
    let patterns = PATTERNS.get_or_init(|| SHAPES.iter().filter_map(|(what, shape)| Some((*what, Regex::new(shape).ok()?))).collect());
    let mut findings = Vec::new();
    for step in &document.runbook.steps {
        for expectation in &step.expectations {
            let found = patterns.iter().find_map(|(what, pattern)| {
                let hit = pattern.find_iter(&expectation.text).find(|hit| is_varied(hit.as_str()))?;
                Some((*what, expectation.text.get(..hit.start()).map_or(0, |before| before.matches('\n').count())))
            });
            let Some((what, line)) = found else { continue };
            let span = document.runbook.source.line_span(expectation.fence_line + 1 + line);
            findings.push(
                Finding::new(span, format!("the expected output shows {what}"))
                    .with_hint("put a placeholder in its place; if it was real, revoke it"),
            );
        }
    }
    findings
}

/// `xxxx…` and `AAAA…` stand for a secret and are none.
fn is_varied(text: &str) -> bool {
    let mut seen: Vec<char> = text.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len() >= 20
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[track_caller]
    fn check(output: &str, expected: usize) {
        let text = format!("```bash\naz storage account keys list -n a\n```\n\n```output\nfirst\n{output}\n```\n");
        let found = findings("secret-in-output", &text);
        assert_eq!(found.len(), expected, "{found:?}");
        assert!(found.iter().all(|found| found.starts_with("7: ")), "{found:?}");
    }

    #[test]
    fn secrets_are_found_and_placeholders_are_not() {
        let letters: String = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain("wordsAndMoreWords0123456".chars()).collect();
        assert_eq!(letters.len(), 86);
        check(&format!("\"value\": \"{letters}==\""), 1);
        check(&format!("AccountKey={letters}=="), 1);
        check(&format!("{{\"keys\": [{{\"keyName\": \"key1\", \"value\": \"{letters}==\"}}]}}"), 1);
        check(&format!("\"password\": \"aB38Q~{}\"", &letters[20..54]), 1);
        check(&format!("ghp_{}", &letters[10..46]), 1);
        check(&format!("ghp_{}\naB38Q~{}", "x".repeat(36), "x".repeat(34)), 0);
        check(&format!("eyJ{0}.eyJ{0}.{0}", &letters[..40]), 1);
        check(&format!("\"value\": \"{}==\"", "x".repeat(86)), 0);
        check(
            "AccountKey=<key>\neyJ...\n/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/a/providers/Microsoft.Storage/storageAccounts/b",
            0,
        );
    }
}
