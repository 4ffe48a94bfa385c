//! `docent list`.

use std::io::Write;

use crate::{
    cli::{
        Problem,
        args::{Colour, ListArgs, ListFormat},
        exit::Exit,
        stderr, stdout, written,
    },
    report::{diagnostics, list},
    suite::{self, Document},
};

pub(super) fn run(args: &ListArgs, colour: Colour) -> Result<Exit, Problem> {
    let documents = documents(&args.paths)?;
    let unreadable = documents.iter().any(Document::is_unreadable);
    let listed: Vec<list::Listed> = documents.into_iter().map(|document| ((*document.runbook).clone(), document.diagnostics)).collect();
    let mut out = stdout(colour);
    let result = match args.format {
        ListFormat::Json => list::write_json(&mut out, &listed),
        ListFormat::Table => list::write_table(&mut out, &listed).and_then(|()| {
            let mut error = stderr(colour);
            let coloured = !matches!(error.current_choice(), anstream::ColorChoice::Never);
            for (runbook, found) in &listed {
                for diagnostic in found {
                    writeln!(error, "\n{}", diagnostics::render(&runbook.source, diagnostic, coloured))?;
                }
            }
            Ok(())
        }),
    };
    written(result)?;
    Ok(if unreadable { Exit::Unreadable } else { Exit::Passed })
}

/// The documents behind `paths`; those found in folders only when they have an executable block or something wrong with them.
pub(super) fn documents(paths: &[std::path::PathBuf]) -> Result<Vec<Document>, Problem> {
    let found = suite::discover(paths).map_err(|error| Problem::of(Exit::Unreadable, &error))?;
    let mut documents = Vec::new();
    for file in &found {
        let name = file.path.to_string_lossy();
        let document = suite::load(&file.path, &name).map_err(|error| Problem::of(Exit::Unreadable, &error))?;
        if !file.by_search || !document.runbook.steps.is_empty() || document.is_unreadable() {
            documents.push(document);
        }
    }
    if documents.is_empty() {
        return Err(Problem::new(Exit::Usage, "no runbook here: no *.md below the given folders has an executable block"));
    }
    Ok(documents)
}
