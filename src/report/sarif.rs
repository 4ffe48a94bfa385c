//! What a linter found, as SARIF 2.1.0, which code scanners read.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::{
    diagnostic::{Diagnostic, Fix, Severity, SourceFile, Span},
    report::{
        findings::{Linted, sentence},
        fingerprint::with_fingerprints,
    },
};

/// One rule of the catalogue: its code, what its findings are worth, its page.
pub type Code = (&'static str, Severity, String);

/// A log with one run. `catalogue` has the pages of the codes; only those that were found are written.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, linted: &[Linted], catalogue: &[Code]) -> io::Result<()> {
    let mut codes: Vec<&str> = linted.iter().flat_map(|linted| &linted.found).map(|found| found.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code, catalogue)).collect();
    let mut results = Vec::new();
    for Linted { runbook, found, .. } in linted {
        for (diagnostic, fingerprint) in with_fingerprints(runbook, found) {
            let artifact = json!({ "uri": uri(runbook.source.path()) });
            let mut result = json!({
                "ruleId": diagnostic.code,
                "ruleIndex": codes.binary_search(&diagnostic.code).unwrap_or_default(),
                "level": level(diagnostic.severity),
                "message": { "text": sentence(diagnostic) },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": artifact,
                    "region": region(&runbook.source, diagnostic.span),
                } }],
                "partialFingerprints": { "docent/1": fingerprint },
            });
            if let Some(Fix::Edits(edits)) = &diagnostic.fix {
                let replacements = edits
                    .iter()
                    .map(|edit| json!({ "deletedRegion": region(&runbook.source, edit.span), "insertedContent": { "text": edit.text } }));
                let changes = json!([{ "artifactLocation": artifact, "replacements": replacements.collect::<Vec<_>>() }]);
                result["fixes"] = json!([{ "description": { "text": mend(diagnostic) }, "artifactChanges": changes }]);
            }
            results.push(result);
        }
    }
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

fn rule(code: &str, catalogue: &[Code]) -> Value {
    let Some((_, severity, page)) = catalogue.iter().find(|(known, ..)| *known == code) else { return json!({ "id": code }) };
    let first = page.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    json!({
        "id": code,
        "shortDescription": { "text": first },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": level(*severity) },
    })
}

fn mend(diagnostic: &Diagnostic) -> String {
    diagnostic.hint.clone().unwrap_or_else(|| format!("mend `{}`", diagnostic.code))
}

fn region(source: &SourceFile, span: Span) -> Value {
    let ((line, column), (end_line, end_column)) = (source.line_column(span.start), source.line_column(span.end.max(span.start)));
    json!({ "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

/// A path as a reference: what is no unreserved character or slash is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::findings::tests::linted;

    fn log(text: &str) -> Value {
        let mut out = Vec::new();
        let catalogue = [("undefined-variable", Severity::Advice, "One.\nTwo.\n\nThree.".to_owned())];
        write(&mut out, &[linted(text)], &catalogue).expect("a vector can be written");
        serde_json::from_slice(&out).expect("JSON")
    }

    #[test]
    fn a_result_has_its_rule_its_place_and_a_fingerprint() {
        let log = log("# T\n\n```bash\necho\n```\n");
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let rule = &run["tool"]["driver"]["rules"][0];
        assert_eq!(rule["id"], "undefined-variable");
        assert_eq!(rule["shortDescription"]["text"], "One. Two.");
        assert_eq!(rule["defaultConfiguration"]["level"], "note");
        let result = &run["results"][0];
        assert_eq!(
            (&result["ruleId"], &result["ruleIndex"], &result["level"]),
            (&json!("undefined-variable"), &json!(0), &json!("warning"))
        );
        assert_eq!(result["message"]["text"], "100% wrong; mend it");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/x%2Cy.md");
        assert_eq!(place["region"], json!({"startLine": 4, "startColumn": 1, "endLine": 4, "endColumn": 5}));
        assert_eq!(result["partialFingerprints"]["docent/1"].as_str().map(str::len), Some(16));
        let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
        assert_eq!(replacement["insertedContent"]["text"], "true");
        assert_eq!(replacement["deletedRegion"], place["region"]);
    }

    #[test]
    fn the_log_has_the_members_that_the_format_requires_and_no_others_that_it_does_not_know() {
        // Source: sections 3.13 to 3.57 of the SARIF 2.1.0 standard.
        let log = log("# T\n\n```bash\necho\necho\n```\n");
        let keys = |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        assert_eq!(keys(&log), ["$schema", "version", "runs"]);
        let run = &log["runs"][0];
        assert_eq!(keys(run), ["tool", "columnKind", "results"]);
        assert_eq!(keys(&run["tool"]["driver"]), ["name", "version", "rules"]);
        let results = run["results"].as_array().expect("results");
        assert_eq!(results.len(), 2);
        for result in results {
            assert_eq!(keys(result), ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "fixes"]);
            assert_eq!(run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize]["id"], result["ruleId"]);
        }
        assert_ne!(results[0]["partialFingerprints"], results[1]["partialFingerprints"]);
    }

    #[test]
    fn a_document_without_findings_is_a_log_without_results() {
        assert_eq!(log("# T\n")["runs"][0]["results"], json!([]));
    }

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("docs/ñ.md"), "docs/%C3%B1.md");
        assert_eq!(uri("/srv/a.md"), "file:///srv/a.md");
    }
}
