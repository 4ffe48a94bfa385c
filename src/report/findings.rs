//! What a linter found, for people, for programs, for code scanners and for GitHub's annotations.

use std::{
    io::{self, Write},
    sync::Arc,
};

use serde_json::{Value, json};

#[cfg(feature = "cli")]
use crate::report::style::{GOOD, Painted, TITLE};
use crate::{
    diagnostic::{Diagnostic, Fix, Severity, SourceFile},
    report::{fingerprint::with_fingerprints, json::diagnostic_value},
    runbook::Runbook,
};

/// A document and what was found in it.
#[derive(Debug, Clone)]
pub struct Linted {
    /// The document, mended or not.
    pub runbook: Arc<Runbook>,
    /// What is wrong with it, in document order.
    pub found: Vec<Diagnostic>,
    /// What was wrong with it and has been mended.
    pub fixed: Vec<Diagnostic>,
    /// The version of its source that it was made from, when that was asked for.
    pub origin: Option<Origin>,
}

impl Linted {
    /// A document and what was found in it.
    pub fn new(runbook: Arc<Runbook>, found: Vec<Diagnostic>) -> Self {
        Self { runbook, found, fixed: Vec::new(), origin: None }
    }
}

/// The version of a source that a translation was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The commit.
    pub commit: String,
    /// Its day.
    pub date: String,
    /// The path of the source then.
    pub path: String,
    /// Whether its code is that of the translation, as opposed to only most like it.
    pub is_exact: bool,
    /// How many commits have changed the source since.
    pub commits_behind: usize,
    /// How many of its statements have changed since.
    pub statements_behind: usize,
    /// The day of the newest commit.
    pub newest: String,
}

#[cfg(feature = "cli")]
impl Origin {
    fn sentence(&self) -> String {
        let made = if self.is_exact { "made from" } else { "most like" };
        let commit = self.commit.get(..8).unwrap_or(&self.commit);
        let behind = match (self.commits_behind, self.statements_behind) {
            (0, _) => "the newest version".to_owned(),
            (commits, statements) => {
                format!(
                    "{} behind, the last of {}; {} changed since",
                    counted(commits, "commit"),
                    self.newest,
                    counted(statements, "statement")
                )
            }
        };
        format!("{made} {} as of {} ({commit}): {behind}", self.path, self.date)
    }
}

#[cfg(feature = "cli")]
fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Each finding with its place, and what all amounts to.
///
/// # Errors
/// When `out` cannot be written.
#[cfg(feature = "cli")]
pub fn write_text(out: &mut dyn Write, linted: &[Linted], colour: bool) -> io::Result<()> {
    for Linted { runbook, fixed, .. } in linted {
        for Diagnostic { code, message, line, column, .. } in fixed {
            let code = Painted(GOOD, format_args!("fixed[{code}]"));
            writeln!(out, "{code}: {}:{line}:{column}: {message}", runbook.source.path())?;
        }
    }
    let fixed: usize = linted.iter().map(|linted| linted.fixed.len()).sum();
    if fixed > 0 {
        writeln!(out)?;
    }
    for Linted { runbook, found, origin, .. } in linted {
        if let Some(origin) = origin {
            writeln!(out, "{}\n", Painted(TITLE, format_args!("{}: {}", runbook.source.path(), origin.sentence())))?;
        }
        for diagnostic in found {
            writeln!(out, "{}\n", crate::report::diagnostics::render(&runbook.source, diagnostic, colour))?;
        }
    }
    let found = || linted.iter().flat_map(|linted| &linted.found);
    let number = |severity| found().filter(|diagnostic| diagnostic.severity == severity).count();
    let mut sums = vec![counted(linted.len(), "document")];
    sums.extend((fixed > 0).then(|| format!("{fixed} fixed")));
    sums.extend([
        counted(number(Severity::Error), "error"),
        counted(number(Severity::Warning), "warning"),
        format!("{} advice", number(Severity::Advice)),
    ]);
    let mendable = found().filter(|diagnostic| diagnostic.fix.is_some()).count();
    sums.extend((mendable > 0 && fixed == 0).then(|| format!("{mendable} for --fix")));
    // A clean bill must not be taken for a run.
    writeln!(out, "{}; nothing was run", sums.join(" · "))?;
    let worst = found().map(|diagnostic| diagnostic.severity).max();
    if let Some(first) = found().find(|diagnostic| Some(diagnostic.severity) == worst) {
        writeln!(out, "Try: docent explain {}", first.code)?;
    }
    Ok(())
}

/// `{"schema":"docent/lint/1","runbooks":[{"path","title","findings":[{"severity","code","message","hint","line","column","fingerprint","fix"}],"fixed":[…],"origin"}]}`.
///
/// `origin` is null, or `{"commit","date","path","exact","commits_behind","statements_behind","newest"}`.
/// `fix` is null, or `{"whole_file":"byte-order-mark"|"line-ends"}`, or `{"edits":[{"line","column","end_line","end_column","text"}]}`.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_json(out: &mut dyn Write, linted: &[Linted]) -> io::Result<()> {
    let runbooks: Vec<Value> = linted
        .iter()
        .map(|Linted { runbook, found, fixed, origin }| {
            let findings: Vec<Value> = with_fingerprints(runbook, found)
                .map(|(diagnostic, fingerprint)| {
                    let mut value = diagnostic_value(diagnostic);
                    value["fingerprint"] = fingerprint.into();
                    value["fix"] = diagnostic.fix.as_ref().map(|fix| fix_value(&runbook.source, fix)).into();
                    value
                })
                .collect();
            let fixed: Vec<Value> = fixed.iter().map(diagnostic_value).collect();
            let origin = origin.as_ref().map(origin_value);
            json!({ "path": runbook.source.path(), "title": runbook.title, "findings": findings, "fixed": fixed, "origin": origin })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "schema": "docent/lint/1", "runbooks": runbooks }))?;
    out.write_all(b"\n")
}

fn origin_value(origin: &Origin) -> Value {
    json!({
        "commit": origin.commit,
        "date": origin.date,
        "path": origin.path,
        "exact": origin.is_exact,
        "commits_behind": origin.commits_behind,
        "statements_behind": origin.statements_behind,
        "newest": origin.newest,
    })
}

fn fix_value(source: &SourceFile, fix: &Fix) -> Value {
    match fix {
        Fix::ByteOrderMark => json!({ "whole_file": "byte-order-mark" }),
        Fix::LineEnds => json!({ "whole_file": "line-ends" }),
        Fix::Edits(edits) => {
            let edits = edits.iter().map(|edit| {
                let ((line, column), (end_line, end_column)) = (source.line_column(edit.span.start), source.line_column(edit.span.end));
                json!({ "line": line, "column": column, "end_line": end_line, "end_column": end_column, "text": edit.text })
            });
            json!({ "edits": edits.collect::<Vec<_>>() })
        }
    }
}

/// Workflow commands: GitHub shows them beside the lines of a pull request.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_github(out: &mut dyn Write, linted: &[Linted]) -> io::Result<()> {
    for Linted { runbook, found, .. } in linted {
        for diagnostic in found {
            let level = match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Advice => "notice",
            };
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

pub(super) fn sentence(diagnostic: &Diagnostic) -> String {
    match &diagnostic.hint {
        Some(hint) => format!("{}; {hint}", diagnostic.message),
        None => diagnostic.message.clone(),
    }
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
pub(super) mod tests {
    use super::*;
    use crate::{
        diagnostic::{Edit, Span},
        runbook::{Companions, parse},
    };

    /// A document with a finding at every `echo`.
    pub(in crate::report) fn linted(text: &str) -> Linted {
        let (runbook, _) = parse("a b/x,y.md", text.as_bytes(), &Companions::default());
        let found = text.match_indices("echo").map(|(at, _)| {
            let finding = Diagnostic::new(Severity::Warning, "undefined-variable", &runbook.source, Span::new(at, at + 4), "100% wrong");
            finding.with_hint("mend it").with_fix(Fix::Edits(vec![Edit::new(Span::new(at, at + 4), "true")]))
        });
        let found = found.collect();
        Linted::new(Arc::new(runbook), found)
    }

    pub(in crate::report) fn written(write: fn(&mut dyn Write, &[Linted]) -> io::Result<()>, text: &str) -> String {
        let mut out = Vec::new();
        write(&mut out, &[linted(text)]).expect("a vector can be written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn github_gets_a_command_a_finding_with_its_escapes() {
        let text = written(write_github, "# T\n\n```bash\necho\n```\n");
        assert_eq!(text, "::warning file=a b/x%2Cy.md,line=4,col=1,title=undefined-variable::100%25 wrong; mend it\n");
    }

    #[test]
    fn json_has_the_mend_by_lines_and_columns() {
        let document: Value = serde_json::from_str(&written(write_json, "# T\n\n```bash\né echo\n```\n")).expect("JSON");
        let edit = json!({"line": 4, "column": 3, "end_line": 4, "end_column": 7, "text": "true"});
        assert_eq!(document["runbooks"][0]["findings"][0]["fix"], json!({"edits": [edit]}));
    }
}
