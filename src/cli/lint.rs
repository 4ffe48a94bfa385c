//! `docent lint`.

use std::{collections::BTreeSet, path::Path};

use crate::{
    cli::{
        Problem,
        args::{Colour, LintArgs, LintFormat},
        config::Found,
        exit::Exit,
        list, stdout,
    },
    diagnostic::Severity,
    lint,
    report::findings::{self, Linted},
    suite::Document,
};

pub(super) fn run(args: &LintArgs, colour: Colour) -> Result<Exit, Problem> {
    let documents = list::documents(&args.paths)?;
    let off = switched_off(args, &documents)?;
    let linted: Vec<Linted> = documents
        .into_iter()
        .map(|document| {
            let mut found = document.diagnostics;
            found.retain(|diagnostic| diagnostic.severity == Severity::Error || !off.contains(diagnostic.code));
            found.extend(lint::lint(&document.runbook, |code| off.contains(code)));
            found.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.code));
            (document.runbook, found)
        })
        .collect();
    let mut out = stdout(colour);
    let coloured = !matches!(out.current_choice(), anstream::ColorChoice::Never);
    let written = match args.format {
        LintFormat::Text => findings::write_text(&mut out, &linted, coloured),
        LintFormat::Json => findings::write_json(&mut out, &linted),
        LintFormat::Sarif => findings::write_sarif(&mut out, &linted),
        LintFormat::Github => findings::write_github(&mut out, &linted),
    };
    written.map_err(|error| Problem::of(Exit::Broken, &error))?;
    let counts = linted.iter().flat_map(|(_, found)| found).any(|diagnostic| diagnostic.severity > Severity::Advice);
    Ok(if counts { Exit::Failed } else { Exit::Passed })
}

/// The codes that flags and `docent.toml` switch off. Errors of the parser stay: such a document cannot run.
fn switched_off(args: &LintArgs, documents: &[Document]) -> Result<BTreeSet<String>, Problem> {
    let file = match &args.config {
        Some(path) => Found::trusted(path)?,
        None => Found::beside(&documents.iter().map(|document| Path::new(document.runbook.source.path())).collect::<Vec<_>>())?,
    };
    let mut off = BTreeSet::new();
    for (code, origin) in file
        .lint_disable()
        .iter()
        .map(|code| (code, "docent.toml: lint.disable"))
        .chain(args.disable.iter().map(|code| (code, "--disable")))
    {
        if lint::rule(code).is_none() && crate::runbook::defect(code).is_none() {
            let near = lint::nearest_code(code).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(Problem::new(Exit::Usage, format!("{origin}: there is no rule `{code}`{near}")));
        }
        off.insert(code.clone());
    }
    Ok(off)
}
