//! What a linter found, for people, for programs, for code scanners and for GitHub's annotations.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::Arc,
};

use serde_json::{Value, json};

use crate::{
    diagnostic::{Diagnostic, Severity},
    report::json::diagnostic_value,
    runbook::Runbook,
};

/// A document and what was found in it, in document order.
pub type Linted = (Arc<Runbook>, Vec<Diagnostic>);

/// Each finding with its place, and what all amounts to.
///
/// # Errors
/// When `out` cannot be written.
#[cfg(feature = "cli")]
pub fn write_text(out: &mut dyn Write, linted: &[Linted], colour: bool) -> io::Result<()> {
    for (runbook, found) in linted {
        for diagnostic in found {
            writeln!(out, "{}\n", crate::report::diagnostics::render(&runbook.source, diagnostic, colour))?;
        }
    }
    let number = |severity| linted.iter().flat_map(|(_, found)| found).filter(|diagnostic| diagnostic.severity == severity).count();
    let counted = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let sums = [
        counted(linted.len(), "document"),
        counted(number(Severity::Error), "error"),
        counted(number(Severity::Warning), "warning"),
        format!("{} advice", number(Severity::Advice)),
    ];
    // A clean bill must not be taken for a run.
    writeln!(out, "{}; nothing was run", sums.join(" · "))?;
    let first = linted.iter().flat_map(|(_, found)| found).max_by_key(|diagnostic| diagnostic.severity);
    if let Some(first) = first {
        writeln!(out, "Try: docent explain {}", first.code)?;
    }
    Ok(())
}

/// `{"schema":"docent/lint/1","runbooks":[{"path","title","findings":[{"severity","code","message","hint","line","column","fingerprint"}]}]}`.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_json(out: &mut dyn Write, linted: &[Linted]) -> io::Result<()> {
    let runbooks: Vec<Value> = linted
        .iter()
        .map(|(runbook, found)| {
            let findings: Vec<Value> = with_fingerprints(runbook, found)
                .map(|(diagnostic, fingerprint)| {
                    let mut value = diagnostic_value(diagnostic);
                    value["fingerprint"] = fingerprint.into();
                    value
                })
                .collect();
            json!({ "path": runbook.source.path(), "title": runbook.title, "findings": findings })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "schema": "docent/lint/1", "runbooks": runbooks }))?;
    out.write_all(b"\n")
}

/// SARIF 2.1.0, as code scanners read it.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_sarif(out: &mut dyn Write, linted: &[Linted]) -> io::Result<()> {
    let mut codes: BTreeMap<&str, &Diagnostic> = BTreeMap::new();
    let mut results = Vec::new();
    for (runbook, found) in linted {
        for (diagnostic, fingerprint) in with_fingerprints(runbook, found) {
            codes.entry(diagnostic.code).or_insert(diagnostic);
            let (end_line, end_column) = runbook.source.line_column(diagnostic.span.end.max(diagnostic.span.start));
            results.push(json!({
                "ruleId": diagnostic.code,
                "level": level(diagnostic.severity),
                "message": { "text": sentence(diagnostic) },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": uri(runbook.source.path()) },
                    "region": { "startLine": diagnostic.line, "startColumn": diagnostic.column, "endLine": end_line, "endColumn": end_column },
                } }],
                "partialFingerprints": { "docent/1": fingerprint },
            }));
        }
    }
    let rules: Vec<Value> = codes.keys().map(|code| json!({ "id": code, "help": { "text": format!("docent explain {code}") } })).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "docent", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// Workflow commands: GitHub shows them beside the lines of a pull request.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_github(out: &mut dyn Write, linted: &[Linted]) -> io::Result<()> {
    for (runbook, found) in linted {
        for diagnostic in found {
            let level = if diagnostic.severity == Severity::Advice { "notice" } else { level(diagnostic.severity) };
            let (file, title) = (property(runbook.source.path()), property(diagnostic.code));
            let (line, column) = (diagnostic.line, diagnostic.column);
            writeln!(out, "::{level} file={file},line={line},col={column},title={title}::{}", data(&sentence(diagnostic)))?;
        }
    }
    Ok(())
}

/// A line a code: its name, how much it matters, the first sentence of its page.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_codes(out: &mut dyn Write, codes: &[(&str, Severity, String)]) -> io::Result<()> {
    let width = codes.iter().map(|(code, ..)| code.len()).max().unwrap_or(0);
    for (code, severity, page) in codes {
        let paragraph = page.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        let sentence = paragraph.split_once(". ").map_or(paragraph.trim_end_matches('.'), |(sentence, _)| sentence);
        writeln!(out, "{code:width$}  {:<7}  {sentence}", severity.to_string())?;
    }
    Ok(())
}

fn sentence(diagnostic: &Diagnostic) -> String {
    match &diagnostic.hint {
        Some(hint) => format!("{}; {hint}", diagnostic.message),
        None => diagnostic.message.clone(),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

/// A finding keeps its fingerprint while lines move: it is made of the path, the code, the text of the line, and how many like it come before.
fn with_fingerprints<'a>(runbook: &'a Runbook, found: &'a [Diagnostic]) -> impl Iterator<Item = (&'a Diagnostic, String)> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    found.iter().map(move |diagnostic| {
        let text = runbook.source.line_text(diagnostic.line).trim();
        let number = seen.entry((diagnostic.code, text)).or_default();
        *number += 1;
        let whole = format!("{}\0{}\0{text}\0{number}", runbook.source.path(), diagnostic.code);
        (diagnostic, format!("{:016x}", fnv(whole.as_bytes())))
    })
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A path as a relative reference: what is no unreserved character or slash is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// Source: the escapes of GitHub's `actions/toolkit`, for the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same for a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnostic::{Severity, Span},
        runbook::{Companions, parse},
    };

    fn linted(text: &str) -> Linted {
        let (runbook, _) = parse("a b/x,y.md", text.as_bytes(), &Companions::default());
        let at = text.find("echo").expect("the text has an echo");
        let finding =
            Diagnostic::new(Severity::Warning, "some-code", &runbook.source, Span::new(at, at + 4), "100% wrong").with_hint("mend it");
        (Arc::new(runbook), vec![finding])
    }

    fn written(write: fn(&mut dyn Write, &[Linted]) -> io::Result<()>, text: &str) -> String {
        let mut out = Vec::new();
        write(&mut out, &[linted(text)]).expect("a vector can be written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn github_gets_a_command_a_finding_with_its_escapes() {
        let text = written(write_github, "# T\n\n```bash\necho\n```\n");
        assert_eq!(text, "::warning file=a b/x%2Cy.md,line=4,col=1,title=some-code::100%25 wrong; mend it\n");
    }

    #[test]
    fn sarif_has_the_rule_the_place_and_a_fingerprint() {
        let text = written(write_sarif, "# T\n\n```bash\necho\n```\n");
        let sarif: Value = serde_json::from_str(&text).expect("JSON");
        let run = &sarif["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "some-code");
        let result = &run["results"][0];
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/x%2Cy.md");
        assert_eq!(place["region"], json!({"startLine": 4, "startColumn": 1, "endLine": 4, "endColumn": 5}));
        assert_eq!(result["partialFingerprints"]["docent/1"].as_str().map(str::len), Some(16));
    }

    #[test]
    fn a_fingerprint_stays_when_lines_move_and_not_when_the_line_changes() {
        let fingerprint = |text: &str| {
            let document: Value = serde_json::from_str(&written(write_json, text)).expect("JSON");
            document["runbooks"][0]["findings"][0]["fingerprint"].clone()
        };
        let before = fingerprint("# T\n\n```bash\necho\n```\n");
        assert_eq!(before, fingerprint("# T\n\nMore.\n\n```bash\necho\n```\n"));
        assert_ne!(before, fingerprint("# T\n\n```bash\necho b\n```\n"));
    }
}
