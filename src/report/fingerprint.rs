//! What makes a finding the same finding in another version of its document.

use std::collections::BTreeMap;

use crate::{diagnostic::Diagnostic, runbook::Runbook};

/// Each finding with its fingerprint, which stays while lines move: it is made of the path, the code, the text of the line, and how many
/// like it come before.
pub(super) fn with_fingerprints<'a>(runbook: &'a Runbook, found: &'a [Diagnostic]) -> impl Iterator<Item = (&'a Diagnostic, String)> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    // `docs/a.md` and `./docs/a.md` are one document.
    let path = runbook.source.path().trim_start_matches("./");
    found.iter().map(move |diagnostic| {
        let text = runbook.source.line_text(diagnostic.line).trim();
        let number = seen.entry((diagnostic.code, text)).or_default();
        *number += 1;
        let whole = format!("{path}\0{}\0{text}\0{number}", diagnostic.code);
        (diagnostic, format!("{:016x}", fnv(whole.as_bytes())))
    })
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::findings::tests::linted;

    fn fingerprints(text: &str) -> Vec<String> {
        let linted = linted(text);
        with_fingerprints(&linted.runbook, &linted.found).map(|(_, fingerprint)| fingerprint).collect()
    }

    #[test]
    fn a_fingerprint_stays_when_lines_move_and_not_when_the_line_changes() {
        let before = fingerprints("# T\n\n```bash\necho\n```\n");
        assert_eq!(before, fingerprints("# T\n\nMore.\n\n```bash\necho\n```\n"));
        assert_ne!(before, fingerprints("# T\n\n```bash\necho b\n```\n"));
        // It is written into other people's databases: a change here makes every finding a new one.
        assert_eq!(before, ["a8497097ead9491a"]);
    }

    #[test]
    fn two_equal_findings_have_two_fingerprints() {
        let found = fingerprints("# T\n\n```bash\necho\necho\n```\n");
        assert_eq!(found.len(), 2);
        assert_ne!(found[0], found[1]);
    }
}
