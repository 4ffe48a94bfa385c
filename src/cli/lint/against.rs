//! `docent lint --against SOURCE`: how a translation differs from its source, and from which version of it it was made.

use std::{io::Write, path::Path, sync::Arc};

use super::{Document, history::History, report, side_by_side, switches};
use crate::{
    cli::{
        Problem,
        args::{Colour, LintArgs},
        exit::Exit,
        stderr, written,
    },
    lint::{self, Essence, Switches},
    report::findings::{Linted, Origin},
    runbook::{self, Companions, Runbook},
};

pub(super) fn run(args: &LintArgs, source: &Path, colour: Colour) -> Result<Exit, Problem> {
    if let Some(folder) = args.paths.iter().find(|path| path.is_dir()) {
        return Err(Problem::new(
            Exit::Usage,
            format!(
                "{} is a folder; --against compares documents with their source\n\nTry: docent lint --against SOURCE.md FILE.md",
                folder.display()
            ),
        ));
    }
    let documents = args.paths.iter().map(|path| Document::read(path)).collect::<Result<Vec<_>, _>>()?;
    let switches = switches(args, &documents)?;
    let (source, versions) = if args.git {
        let history = History::of(source)?;
        if !history.is_followed {
            let told = writeln!(
                stderr(colour),
                "note: objects are missing from this git repository, so renames of {} are not followed",
                source.display()
            );
            written(told)?;
        }
        let versions = side_by_side(history.versions, Version::of);
        let today = match (source.exists(), versions.first()) {
            (false, Some(newest)) => Source::of(&format!("{} (deleted)", source.display()), &newest.bytes, &Companions::default()),
            _ => Source::read(source)?,
        };
        (today, versions)
    } else {
        (Source::read(source)?, Vec::new())
    };
    let linted = side_by_side(documents, |document| compared(document, &source, &versions, &switches));
    report(&linted, args.format, colour)?;
    let worst = linted.iter().flat_map(|linted| &linted.found).map(|found| found.severity).max();
    Ok(if worst >= Some(args.fail_on) { Exit::Failed } else { Exit::Passed })
}

fn compared(document: Document, source: &Source, versions: &[Version], switches: &Switches) -> Linted {
    let (here, there) = ((&*document.runbook, document.diagnostics.as_slice()), (&*source.runbook, source.diagnostics.as_slice()));
    let found = lint::wanted(&document.runbook, lint::compare(here, there).findings, switches);
    let origin = origin(&document.runbook, source, versions);
    Linted { origin, ..Linted::new(document.runbook, found) }
}

/// The version that a document was made from: the one that it is most like, of equals the newest.
fn origin(document: &Runbook, source: &Source, versions: &[Version]) -> Option<Origin> {
    let essence = Essence::of(document);
    let (newer, version) = versions.iter().enumerate().min_by_key(|(age, version)| (essence.distance(&version.essence), *age))?;
    let made_from = Source::of(&version.name, &version.bytes, &Companions::default());
    let since = lint::compare((&made_from.runbook, &made_from.diagnostics), (&source.runbook, &source.diagnostics));
    Some(Origin {
        commit: version.commit.clone(),
        date: version.date.clone(),
        path: version.name.clone(),
        is_exact: essence.distance(&version.essence) == 0,
        commits_behind: newer,
        statements_behind: since.statements,
        newest: versions.first().map(|newest| newest.date.clone()).unwrap_or_default(),
    })
}

/// A source as it is today.
struct Source {
    runbook: Arc<Runbook>,
    diagnostics: Vec<crate::diagnostic::Diagnostic>,
}

impl Source {
    fn read(path: &Path) -> Result<Self, Problem> {
        let document = Document::read(path)?;
        Ok(Self { runbook: document.runbook, diagnostics: document.diagnostics })
    }

    fn of(name: &str, bytes: &[u8], companions: &Companions) -> Self {
        let (runbook, diagnostics) = runbook::parse(name, bytes, companions);
        Self { runbook: Arc::new(runbook), diagnostics }
    }
}

/// A source as it was.
struct Version {
    commit: String,
    date: String,
    name: String,
    bytes: Vec<u8>,
    essence: Essence,
}

impl Version {
    fn of(version: super::history::Version) -> Self {
        let (runbook, _) = runbook::parse(&version.path, &version.bytes, &Companions::default());
        let essence = Essence::of(&runbook);
        Self { commit: version.commit, date: version.date, name: version.path, bytes: version.bytes, essence }
    }
}
