//! `docent test`.

use std::{
    fs::File,
    io::{self, IsTerminal, Write},
    sync::Arc,
};

use crate::{
    cli::{
        Problem,
        args::{Colour, Prerequisites, ReportKind, TestArgs},
        exit::Exit,
        options, resume, stderr, stdout, written,
    },
    engine::{
        event::{Event, Listener},
        execute::RunOptions,
        journal::Journal,
        redact::Redactor,
        result::{Leftover, RunbookStatus},
    },
    report::{
        diagnostics,
        json::JsonReport,
        permissions::PermissionsReport,
        terminal::{Terminal, Verbosity},
    },
    runbook::{Role, is_loosening},
    shell::{Interrupt, ShellError},
    suite::{self, Conclusion, Entry},
};

pub(super) fn run(mut args: TestArgs, colour: Colour) -> Result<Exit, Problem> {
    let resumed = args.resume.clone().map(|run| resume::resume(&run, &mut args, colour)).transpose()?;
    let entries = entries(&args)?;
    let documents: Vec<_> =
        entries.iter().filter_map(|entry| if let Entry::Document(document) = entry { Some(document) } else { None }).collect();
    let mut resolved = options::resolve(&args, &documents)?;
    if let Some(unknown) = suite::unknown_choice(&resolved.suite, documents.iter().copied()) {
        let known = if unknown.known.is_empty() { "there are none".to_owned() } else { format!("there are: {}", unknown.known.join(", ")) };
        return Err(Problem::new(Exit::Usage, format!("--{}: no document has a {0} `{}`; {known}", unknown.noun, unknown.name)));
    }
    show_diagnostics(&entries, &resolved.suite.run, colour, args.quiet);
    if let Some(document) = documents.iter().find(|document| document.diagnostics.iter().any(is_loosening)) {
        let path = document.runbook.source.path();
        let message =
            format!("{path} loosens what only whoever runs docent may loosen; nothing was run\n\nTry: docent explain loosening-directive");
        return Err(Problem::new(Exit::Usage, message));
    }
    let mut listeners = listeners(&args, colour)?;
    let cleans_up = documents.iter().any(|document| document.runbook.steps.iter().any(|step| step.directives.role == Role::Cleanup));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(resolved.suite.jobs.clamp(1, 4))
        .enable_all()
        .build()
        .map_err(|error| Problem::of(Exit::Broken, &error))?;
    // Without a place for it there is no journal; the run itself needs none.
    let roots = vec![std::env::temp_dir(), "/dev/shm".into()];
    resolved.suite.journal = options::journals()
        .and_then(|directory| Journal::begin(&directory, roots, resume::asked(&args, &resolved.suite.run.variables)).ok())
        .map(Arc::new);
    if let Some(resumed) = resumed {
        // The new run's journal has taken its place.
        let _ = std::fs::remove_file(resumed.path);
    }
    let interrupt = Interrupt::new();
    let conclusion = runtime.block_on(async {
        let raised = interrupt.clone();
        let watcher = tokio::spawn(on_requests_to_stop(move || {
            if raised.is_raised_again() {
                // The lifeline is cut with the program, so nothing of the run outlives it.
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
            if cleans_up && !raised.is_raised() {
                let _ = writeln!(stderr(colour), "\nstopping; steps that clean up still run, unless you ask again");
            }
            raised.raise();
        }));
        let conclusion = suite::run(entries, &resolved.suite, &mut listeners, &interrupt).await;
        watcher.abort();
        conclusion
    });
    if let Some(journal) = &resolved.suite.journal {
        if conclusion.interrupted {
            let _ = writeln!(stderr(colour), "\nTry: docent test --resume {}", journal.run());
        } else {
            journal.remove();
        }
    }
    listeners.finish()?;
    let mut error = stderr(colour);
    for problem in &conclusion.errors {
        let _ = writeln!(error, "error: {}", Redactor::default().mask(&Problem::of(Exit::Broken, problem).to_string()));
        if let suite::SuiteError::Shell { source: ShellError::WallsMissing { layer, .. }, .. } = problem {
            let mend = layer.remedy().map(|remedy| format!("{remedy}, or ")).unwrap_or_default();
            let _ = writeln!(error, "\nTry: {mend}--sandbox best-effort for documents that you trust; `docent doctor` shows every layer");
        }
    }
    if conclusion.nothing_selected && conclusion.errors.is_empty() {
        return Err(Problem::new(Exit::Usage, "no step matches the selection\n\nTry: docent list PATH"));
    }
    Ok(exit(&conclusion, args.allow_incomplete))
}

/// Calls `act` at each Ctrl-C, and whenever whoever runs docent asks it politely to end.
async fn on_requests_to_stop(mut act: impl FnMut()) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    loop {
        tokio::select! {
            asked = interrupt.recv() => asked,
            asked = terminate.recv() => asked,
        }
        .map_or_else(|| Err(io::Error::other("signals are not told any more")), Ok)?;
        act();
    }
}

/// Precedence: interrupted, docent's own failure, unreadable, failed, left behind, incomplete.
fn exit(conclusion: &Conclusion, allow_incomplete: bool) -> Exit {
    let selection_only =
        !conclusion.errors.is_empty() && conclusion.errors.iter().all(|error| matches!(error, suite::SuiteError::Selection { .. }));
    if conclusion.interrupted {
        return Exit::Interrupted;
    }
    if selection_only {
        return Exit::Usage;
    }
    if !conclusion.errors.is_empty() {
        return Exit::Broken;
    }
    match suite::worst(&conclusion.totals) {
        RunbookStatus::Unreadable => Exit::Unreadable,
        RunbookStatus::Failed => Exit::Failed,
        _ if conclusion.results.iter().flatten().any(|result| result.leftovers.iter().any(Leftover::is_left)) => Exit::LeftBehind,
        RunbookStatus::Incomplete if !allow_incomplete => Exit::Incomplete,
        RunbookStatus::Incomplete | RunbookStatus::Passed => Exit::Passed,
    }
}

fn entries(args: &TestArgs) -> Result<Vec<Entry>, Problem> {
    let found = suite::discover(&args.paths).map_err(|error| Problem::of(Exit::Unreadable, &error))?;
    let mut entries = Vec::new();
    for file in found {
        let name = file.path.to_string_lossy().into_owned();
        let document = suite::load(&file.path, &name).map(|document| match args.view.prerequisites {
            Prerequisites::Run => document,
            Prerequisites::Skip => document.without_prerequisites(),
        });
        match document {
            Ok(document) if file.by_search && document.runbook.steps.is_empty() && !document.is_unreadable() => {}
            Ok(document) if document.runbook.steps.is_empty() && !document.is_unreadable() => {
                entries
                    .push(Entry::Unreadable { path: name, reason: "it has no executable block, so there is nothing to test".to_owned() });
            }
            Ok(document) => entries.push(Entry::Document(document)),
            Err(error) => entries.push(Entry::Unreadable { path: name, reason: Problem::of(Exit::Unreadable, &error).to_string() }),
        }
    }
    if entries.is_empty() {
        return Err(Problem::new(Exit::Usage, "no runbook here: no *.md below the given folders has an executable block"));
    }
    Ok(entries)
}

fn show_diagnostics(entries: &[Entry], options: &RunOptions, colour: Colour, quiet: bool) {
    let mut error = stderr(colour);
    let coloured = !matches!(error.current_choice(), anstream::ColorChoice::Never);
    for entry in entries {
        let Entry::Document(document) = entry else { continue };
        let redactor = suite::redactor(document, options, Vec::new());
        for diagnostic in &document.diagnostics {
            if !quiet || document.is_unreadable() {
                let text = redactor.mask(&diagnostics::render(&document.runbook.source, diagnostic, coloured));
                let _ = writeln!(error, "{text}\n");
            }
        }
    }
}

/// The terminal, and every report asked for.
struct Listeners {
    terminal: Terminal<Box<dyn Write + Send>>,
    reports: Vec<(String, Report)>,
}

/// One of the reports that were asked for.
enum Report {
    Json(JsonReport<Box<dyn Write + Send>>),
    Permissions(PermissionsReport<Box<dyn Write + Send>>),
}

impl Listener for Listeners {
    fn hear(&mut self, event: &Event) {
        self.terminal.hear(event);
        for (_, report) in &mut self.reports {
            match report {
                Report::Json(report) => report.hear(event),
                Report::Permissions(report) => report.hear(event),
            }
        }
    }
}

impl Listeners {
    fn finish(&mut self) -> Result<(), Problem> {
        if let Some(error) = self.terminal.take_error() {
            written(Err(error))?;
        }
        for (path, report) in &mut self.reports {
            let error = match report {
                Report::Json(report) => report.take_error(),
                Report::Permissions(report) => report.take_error(),
            };
            if let Some(error) = error {
                return Err(Problem::new(Exit::Broken, format!("cannot write the report {path}: {error}")));
            }
        }
        Ok(())
    }
}

fn listeners(args: &TestArgs, colour: Colour) -> Result<Listeners, Problem> {
    let mut reports: Vec<(String, Report)> = Vec::new();
    let mut stdout_taken = false;
    for report in &args.report {
        let path = report.path.display().to_string();
        let out: Box<dyn Write + Send> = if path == "-" {
            stdout_taken = true;
            Box::new(io::stdout())
        } else {
            let file = File::create(&report.path)
                .map_err(|error| Problem::new(Exit::Usage, format!("cannot write the report {path}: {error}")))?;
            Box::new(io::BufWriter::new(file))
        };
        let made = match report.kind {
            ReportKind::Json => Report::Json(JsonReport::new(out)),
            ReportKind::Permissions => Report::Permissions(PermissionsReport::new(out)),
        };
        reports.push((path, made));
    }
    let verbosity = match (args.quiet, args.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, 0) => Verbosity::Normal,
        (_, 1) => Verbosity::Verbose,
        _ => Verbosity::Requests,
    };
    // The report on standard output stays alone there; people read the other stream.
    let (out, live): (Box<dyn Write + Send>, bool) = if stdout_taken {
        (Box::new(stderr(colour)), io::stderr().is_terminal())
    } else {
        (Box::new(stdout(colour)), io::stdout().is_terminal())
    };
    Ok(Listeners { terminal: Terminal::new(out, verbosity, live && colour != Colour::Never), reports })
}
