//! Runbooks as libtest-mimic trials: one a step under `cargo test`, one a runbook under nextest, which would start a process for each step.

use std::{
    collections::BTreeMap,
    path::Path,
    process::ExitCode,
    sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError},
};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::{
    engine::{
        event::{Event, Listener},
        result::{RunbookResult, RunbookStatus, StepResult, StepStatus},
    },
    harness::surroundings,
    report::{terminal, wording},
    runbook::Runbook,
    shell::Interrupt,
    suite::{self, Document, Entry, Options},
};

/// The `main` of a test program that runs every runbook below `folder` (or the one file), relative to the package under test.
///
/// Understands what `cargo test` and nextest pass: a filter, `--exact`, `--skip`, `--list`, `--test-threads` and so on.
/// `DOCENT_TRIALS=step|document` overrides the layout.
pub fn main(folder: impl AsRef<Path>) -> ExitCode {
    crate::reexec::intercept();
    let arguments = Arguments::from_args();
    let layout = match std::env::var("DOCENT_TRIALS").as_deref() {
        Ok("document") => Layout::Document,
        Ok("step") => Layout::Step,
        _ if std::env::var_os("NEXTEST").is_some() => Layout::Document,
        _ => Layout::Step,
    };
    let trials = match trials(folder.as_ref(), layout, &arguments) {
        Ok(trials) => trials,
        Err(error) => {
            let message = format!("{error:#}");
            vec![Trial::test(format!("{}::find", folder.as_ref().display()), move || Err(message.into())).with_kind("runbook")]
        }
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Step,
    Document,
}

fn trials(folder: &Path, layout: Layout, arguments: &Arguments) -> anyhow::Result<Vec<Trial>> {
    let root = surroundings::root();
    let options = surroundings::options()?;
    let mut trials = Vec::new();
    let mut books = Vec::new();
    for file in suite::discover(&[root.join(folder)])? {
        let name = file.path.strip_prefix(&root).unwrap_or(&file.path).to_string_lossy().into_owned();
        let document = match suite::load(&file.path, &name) {
            Ok(document) => document,
            Err(error) => {
                let message = format!("{:#}", anyhow::Error::from(error));
                trials.push(Trial::test(format!("{name}::parse"), move || Err(message.into())).with_kind("runbook"));
                continue;
            }
        };
        if document.is_unreadable() {
            let message = unreadable(&name, &document);
            trials.push(Trial::test(format!("{name}::parse"), move || Err(message.into())).with_kind("runbook"));
            continue;
        }
        if document.runbook.steps.is_empty() {
            continue;
        }
        let (document, _) = suite::seen(document, &options);
        let book = Arc::new(Book::new(document, options.clone()));
        // What a document promises to fail is judged as a whole.
        if layout == Layout::Document || !book.runbook.directives.expected_failures.is_empty() {
            let this = Arc::clone(&book);
            trials.push(Trial::test(name, move || this.whole()).with_kind("runbook"));
        } else {
            for (index, step) in book.runbook.steps.iter().enumerate() {
                let this = Arc::clone(&book);
                let skipped = step.directives.skip.is_some();
                let trial = Trial::ignorable_test(format!("{name}::{}", step.id), move || this.step(index))
                    .with_kind("step")
                    .with_ignored_flag(skipped);
                book.select(index, !arguments.is_filtered_out(&trial) && !skipped);
                trials.push(trial);
            }
        }
        books.push(book);
    }
    let shelf =
        Arc::new(Shelf { books: books.clone(), workers: arguments.test_threads.unwrap_or_else(processors).max(1), started: Once::new() });
    for book in &books {
        *book.shelf.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&shelf));
    }
    Ok(trials)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn unreadable(name: &str, document: &Document) -> String {
    let lines: Vec<String> = document
        .diagnostics
        .iter()
        .map(|found| {
            let hint = found.hint.as_ref().map(|hint| format!("\n    {hint}")).unwrap_or_default();
            format!("{name}:{}:{}: {}: {}{hint}", found.line, found.column, found.severity, found.message)
        })
        .collect();
    lines.join("\n")
}

/// All documents of the program; their runs start together, in order, as many side by side as there are test threads.
struct Shelf {
    books: Vec<Arc<Book>>,
    workers: usize,
    started: Once,
}

impl Shelf {
    fn start(&self) {
        self.started.call_once(|| {
            let queue =
                Arc::new(Mutex::new(self.books.iter().filter(|book| book.is_wanted()).cloned().collect::<std::collections::VecDeque<_>>()));
            for _ in 0..self.workers {
                let queue = Arc::clone(&queue);
                std::thread::spawn(move || {
                    loop {
                        let book = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                        match book {
                            Some(book) => book.run(),
                            None => return,
                        }
                    }
                });
            }
        });
    }
}

/// One document: its steps' results as they come in.
struct Book {
    runbook: Arc<Runbook>,
    document: Mutex<Option<Document>>,
    options: Options,
    shelf: Mutex<Option<Arc<Shelf>>>,
    selected: Mutex<Vec<bool>>,
    progress: Mutex<Progress>,
    news: Condvar,
}

#[derive(Default)]
struct Progress {
    claimed: bool,
    steps: BTreeMap<usize, Arc<StepResult>>,
    result: Option<Arc<RunbookResult>>,
    ended: Option<Option<String>>,
}

impl Book {
    fn new(document: Document, options: Options) -> Self {
        let runbook = Arc::clone(&document.runbook);
        Self {
            selected: Mutex::new(vec![false; runbook.steps.len()]),
            runbook,
            document: Mutex::new(Some(document)),
            options,
            shelf: Mutex::new(None),
            progress: Mutex::new(Progress::default()),
            news: Condvar::new(),
        }
    }

    fn select(&self, index: usize, selected: bool) {
        self.selected.lock().unwrap_or_else(PoisonError::into_inner)[index] = selected;
    }

    fn is_selected(&self, index: usize) -> bool {
        self.selected.lock().unwrap_or_else(PoisonError::into_inner)[index]
    }

    fn is_wanted(&self) -> bool {
        self.selected.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|selected| *selected)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the document once, up to its last selected step; a second call returns at once.
    fn run(self: &Arc<Self>) {
        if std::mem::replace(&mut self.progress().claimed, true) {
            return;
        }
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.run_steps()));
        let trouble = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("docent could not run it: {error:#}")),
            Err(_) => Some("docent panicked; that is a defect of docent".to_owned()),
        };
        self.progress().ended = Some(trouble);
        self.news.notify_all();
    }

    fn run_steps(self: &Arc<Self>) -> anyhow::Result<()> {
        let Some(document) = self.document.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        let mut options = self.options.clone();
        let last = self.selected.lock().unwrap_or_else(PoisonError::into_inner).iter().rposition(|selected| *selected);
        options.selection.to = last.and_then(|last| self.runbook.steps.get(last)).map(|step| step.id.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let mut reader = Reader(Arc::clone(self));
        let conclusion = runtime.block_on(suite::run(vec![Entry::Document(document)], &options, &mut reader, &Interrupt::new()));
        conclusion.errors.into_iter().next().map_or(Ok(()), |error| Err(error.into()))
    }

    /// The trial of one step: waits for its result.
    fn step(self: &Arc<Self>, index: usize) -> Result<Completion, Failed> {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(shelf) = shelf {
            shelf.start();
        }
        let mut progress = self.progress();
        let result = loop {
            if let Some(result) = progress.steps.get(&index) {
                break Arc::clone(result);
            }
            if let Some(trouble) = &progress.ended {
                return Err(trouble.clone().unwrap_or_else(|| "it was not run".to_owned()).into());
            }
            progress = self.news.wait(progress).unwrap_or_else(PoisonError::into_inner);
        };
        drop(progress);
        match result.status {
            StepStatus::Passed => Ok(Completion::Completed),
            StepStatus::Skipped => Ok(Completion::ignored_with("the document says not to run it")),
            // The cause is red already; saying it once is enough. When the cause was not selected, this is the only place to say it.
            _ if self.selected_cause(&result).is_some() => {
                let id = self.selected_cause(&result).unwrap_or_default();
                Ok(Completion::ignored_with(format!("not judged: `{id}` failed")))
            }
            _ => Err(self.message(&result).into()),
        }
    }

    fn selected_cause(&self, result: &StepResult) -> Option<String> {
        let cause = result.caused_by.as_ref()?.step;
        (cause != result.index && self.is_selected(cause)).then(|| self.runbook.steps[cause].id.clone())
    }

    fn message(&self, result: &StepResult) -> String {
        let step = &self.runbook.steps[result.index];
        format!("{}:{}\n{}", self.runbook.source_of(step).path(), step.line, terminal::plain_step(&self.runbook, result))
    }

    /// The trial of the whole document.
    fn whole(self: &Arc<Self>) -> Result<(), Failed> {
        self.run();
        let progress = self.progress();
        if let Some(Some(trouble)) = &progress.ended {
            return Err(trouble.clone().into());
        }
        let status = progress.result.as_ref().map_or(RunbookStatus::Incomplete, |result| result.status);
        if status == RunbookStatus::Passed {
            return Ok(());
        }
        let mut lines: Vec<String> = progress.result.iter().flat_map(|result| result.reasons.clone()).collect();
        let passed = progress.steps.values().filter(|result| result.status == StepStatus::Passed).count();
        let not_run = progress.steps.values().filter(|result| result.status == StepStatus::NotRun).count();
        for result in progress.steps.values() {
            if !matches!(result.status, StepStatus::Passed | StepStatus::Skipped) {
                let step = &self.runbook.steps[result.index];
                lines.push(format!("step {} of {}: `{}`", result.index + 1, self.runbook.steps.len(), step.id));
                lines.push(self.message(result));
            }
        }
        lines.push(format!("{}: {passed} passed, {not_run} not run", wording::runbook_status(status)));
        Err(lines.join("\n").into())
    }
}

struct Reader(Arc<Book>);

impl Listener for Reader {
    fn hear(&mut self, event: &Event) {
        let mut progress = self.0.progress();
        match event {
            Event::StepFinished { result, .. } => {
                progress.steps.insert(result.index, Arc::clone(result));
            }
            Event::RunbookFinished { result, .. } => progress.result = Some(Arc::clone(result)),
            _ => return,
        }
        drop(progress);
        self.0.news.notify_all();
    }
}
