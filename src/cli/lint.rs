//! `docent lint`.

mod against;
mod history;
mod write;

use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    cli::{
        Problem,
        args::{Colour, LintArgs, LintFormat},
        config::Found,
        exit::Exit,
        explain, stderr, stdout, written,
    },
    diagnostic::{Diagnostic, Severity},
    engine::redact::{Learnt, Redactor},
    lint::{self, Level, Switches},
    report::{
        diff,
        findings::{self, Linted},
        sarif,
    },
    runbook::{self, Runbook},
    suite,
};

pub(super) fn run(args: &LintArgs, colour: Colour) -> Result<Exit, Problem> {
    if let Some(source) = &args.against {
        return against::run(args, source, colour);
    }
    let documents = documents(&args.paths)?;
    let switches = switches(args, &documents)?;
    let mends = args.fix || args.diff;
    let examined = side_by_side(documents, |document| document.examined(&switches, mends));
    let worst = examined.iter().flat_map(|examined| &examined.linted.found).map(|found| found.severity).max();
    let is_worth_failing = worst >= Some(args.fail_on);
    if args.diff {
        let would_change = show(&examined, colour)?;
        return Ok(if would_change || is_worth_failing { Exit::Failed } else { Exit::Passed });
    }
    for Examined { change, .. } in &examined {
        if let Some(change) = change {
            write::replace(change)?;
        }
    }
    let linted: Vec<Linted> = examined.into_iter().map(|examined| examined.linted).collect();
    report(&linted, args.format, colour)?;
    Ok(if is_worth_failing { Exit::Failed } else { Exit::Passed })
}

/// Prints findings in a format.
pub(super) fn report(linted: &[Linted], format: LintFormat, colour: Colour) -> Result<(), Problem> {
    let out = stdout(colour);
    let coloured = !matches!(out.current_choice(), anstream::ColorChoice::Never);
    let mut out = BufWriter::new(out);
    let mut text = Vec::new();
    let result = match format {
        LintFormat::Text => findings::write_text(&mut text, linted, coloured),
        LintFormat::Json => findings::write_json(&mut text, linted),
        LintFormat::Sarif => sarif::write(&mut text, linted, &explain::catalogue()),
        LintFormat::Github => findings::write_github(&mut text, linted),
    };
    written(result)?;
    // Findings quote documents, and end up in the logs of others.
    let mut redactor = Redactor::default();
    linted.iter().for_each(|linted| redactor.learn(&linted.runbook, Learnt::default()));
    written(out.write_all(redactor.mask(&String::from_utf8_lossy(&text)).as_bytes()).and_then(|()| out.flush()))
}

/// Prints what mends would change; whether that is anything.
fn show(examined: &[Examined], colour: Colour) -> Result<bool, Problem> {
    let mut out = stdout(colour);
    let mut files = 0;
    for Examined { change, .. } in examined {
        let Some(change) = change else { continue };
        files += 1;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let name = change.path.display().to_string();
        written(diff::write_unified(&mut out, &name, &text(&change.before), &text(&change.after)))?;
    }
    written(out.flush())?;
    let fixed: usize = examined.iter().map(|examined| examined.linted.fixed.len()).sum();
    let left: usize = examined.iter().map(|examined| examined.linted.found.len()).sum();
    // Standard output is the patch, and nothing but the patch.
    written(writeln!(
        stderr(colour),
        "{fixed} would be fixed in {files} of {} documents, {left} would be left; nothing was changed, nothing was run",
        examined.len()
    ))?;
    Ok(files > 0)
}

/// A document and the bytes that it was parsed from.
pub(super) struct Document {
    path: PathBuf,
    file: suite::File,
    pub(super) runbook: Arc<Runbook>,
    diagnostics: Vec<Diagnostic>,
}

/// What was found in a document, and what is to be written into its file.
struct Examined {
    linted: Linted,
    change: Option<write::Change>,
}

impl Document {
    /// Reads and parses a file.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let name = path.to_string_lossy();
        let file = suite::read(path, &name).map_err(|error| Problem::of(Exit::Unreadable, &error))?;
        let (mut runbook, mut diagnostics) = runbook::parse(&name, &file.bytes, &file.companions);
        diagnostics.extend(suite::include(path, &mut runbook));
        Ok(Self { path: path.to_owned(), file, runbook: Arc::new(runbook), diagnostics })
    }

    /// Whether a document that was found in a folder is a runbook, or was meant to be one.
    fn counts(&self) -> bool {
        let serious = |found: &Diagnostic| found.severity == Severity::Error || found.code == "near-miss-tag";
        !self.runbook.steps.is_empty() || self.diagnostics.iter().any(serious)
    }

    fn examined(self, switches: &Switches, mends: bool) -> Examined {
        if !mends {
            let found = lint::examine(&self.runbook, self.diagnostics, switches);
            return Examined { linted: Linted::new(self.runbook, found), change: None };
        }
        let name = self.runbook.source.path();
        let parse = |bytes: &[u8]| {
            let (mut runbook, mut diagnostics) = runbook::parse(name, bytes, &self.file.companions);
            diagnostics.extend(suite::include(&self.path, &mut runbook));
            (runbook, diagnostics)
        };
        let mended = lint::mend(&self.file.bytes, |bytes| {
            let (runbook, diagnostics) = parse(bytes);
            lint::examine(&runbook, diagnostics, switches)
        });
        let runbook = Arc::new(parse(&mended.bytes).0);
        let is_changed = mended.bytes != self.file.bytes;
        let change = is_changed.then_some(write::Change { path: self.path, before: self.file.bytes, after: mended.bytes });
        Examined { linted: Linted { fixed: mended.fixed, ..Linted::new(runbook, mended.left) }, change }
    }
}

/// The documents behind `paths`; those found in folders only when they are runbooks.
fn documents(paths: &[PathBuf]) -> Result<Vec<Document>, Problem> {
    let found = suite::discover(paths).map_err(|error| Problem::of(Exit::Unreadable, &error))?;
    let read = side_by_side(found, |file| Document::read(&file.path).map(|document| (file.by_search, document)));
    let mut documents = Vec::new();
    for read in read {
        let (by_search, document) = read?;
        if !by_search || document.counts() {
            documents.push(document);
        }
    }
    if documents.is_empty() {
        return Err(Problem::new(Exit::Usage, "no runbook here: no *.md below the given folders has an executable block"));
    }
    Ok(documents)
}

/// What flags and `docent.toml` say about findings; flags win.
fn switches(args: &LintArgs, documents: &[Document]) -> Result<Switches, Problem> {
    let file = match &args.config {
        Some(path) => Found::trusted(path)?,
        None => Found::beside(&documents.iter().map(|document| document.path.as_path()).collect::<Vec<_>>())?,
    };
    let mut switches = file.lint()?;
    let wrong = |flag: &str, why: lint::SwitchError| Problem::new(Exit::Usage, format!("{flag}: {why}\n\nTry: docent explain"));
    for (code, level) in &args.level {
        switches.set(code, *level).map_err(|why| wrong("--level", why))?;
    }
    for code in &args.disable {
        switches.set(code, Level::Off).map_err(|why| wrong("--disable", why))?;
    }
    for code in &args.select {
        switches.select(code).map_err(|why| wrong("--select", why))?;
    }
    Ok(switches)
}

/// `work` for each item, on all processors; results in the order of the items.
fn side_by_side<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let queue = Mutex::new(items.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        let mut done = Vec::new();
        while let Some((position, item)) = next() {
            done.push((position, work(item)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(position, _)| *position);
    done.into_iter().map(|(_, result)| result).collect()
}
