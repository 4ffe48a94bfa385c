//! Documents in, events out: loads runbooks, gives each a place of its own, and runs them side by side.
//!
//! What the program and the `cargo test` harness share. Reads no environment variable and no current directory: all of it is in [`Options`].

mod discover;
mod load;
mod place;
mod prerequisites;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

pub use self::{
    discover::{DiscoverError, Found, discover},
    load::{Document, File, LoadError, load, read},
    prerequisites::include,
};
use crate::{
    engine::{
        event::{Event, Listener, RunHeader},
        execute::{self, Job, RunOptions},
        journal::Journal,
        plan::{Selection, UnknownStep, plan},
        redact::Redactor,
        result::{RunbookResult, RunbookStatus, Totals},
        world::World,
    },
    runbook::{self, View},
    shell::{Bash, Helper, Interrupt, Launch, Room, Sandbox, ShellError},
    target::{self, Choice, Target, none::Plain},
};

/// Everything a run needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where steps run.
    pub target: Target,
    /// Tabs that were asked for, in lower case; each group opens the first that it has.
    pub tabs: Vec<String>,
    /// The same for the pivots of zones.
    pub zones: Vec<String>,
    /// What holds for every step.
    pub run: RunOptions,
    /// Which steps run.
    pub selection: Selection,
    /// Where ids and random draws come from.
    pub seed: u64,
    /// What a file beside the documents loosens, for the report; empty when nothing.
    pub loosened: Vec<String>,
    /// Where it is written down what is about to happen; none when nobody will read it.
    pub journal: Option<Arc<Journal>>,
    /// How many runbooks run side by side, at least 1.
    pub jobs: usize,
    /// Whether a block stops at its first failing command.
    pub errexit: bool,
    /// The executable that serves as the shell's helper and as the applets.
    pub helper: Helper,
    /// bash.
    pub bash: PathBuf,
    /// The caller's search path, behind what docent puts first.
    pub search_path: OsString,
    /// How much of a sandbox steps get.
    pub sandbox: Sandbox,
    /// What steps may read besides the system: where programs are.
    pub readable: Vec<PathBuf>,
    /// Directories that come before everything else on the steps' search path.
    pub path_first: Vec<PathBuf>,
    /// How the embedded Azure is set up.
    #[cfg(feature = "embedded")]
    pub embedded: target::embedded::Setup,
}

/// One document of a run, or why there is none.
#[derive(Debug)]
pub enum Entry {
    /// A parsed document.
    Document(Document),
    /// A file that could not be read, with the message.
    Unreadable {
        /// Its path as given.
        path: String,
        /// Why.
        reason: String,
    },
}

/// docent could not run a runbook.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// The shell.
    #[error("the shell of {path} failed")]
    Shell {
        /// The runbook.
        path: String,
        /// Why.
        #[source]
        source: ShellError,
    },
    /// The scratch directory.
    #[error("cannot make a private directory for {path}")]
    Scratch {
        /// The runbook.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The embedded Azure.
    #[cfg(feature = "embedded")]
    #[error("the embedded Azure of {path} failed")]
    Embedded {
        /// The runbook.
        path: String,
        /// Why.
        #[source]
        source: target::embedded::EmbeddedError,
    },
    /// The selection names a step that is not there.
    #[error("{path}: {source}")]
    Selection {
        /// The runbook.
        path: String,
        /// Which.
        source: UnknownStep,
    },
    /// A task ended by itself: a defect of docent.
    #[error("running a runbook ended unexpectedly")]
    Task(#[from] tokio::task::JoinError),
}

/// How a run ended.
#[derive(Debug, Default)]
pub struct Conclusion {
    /// Sums.
    pub totals: Totals,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// What docent could not do; empty when all is well.
    pub errors: Vec<SuiteError>,
    /// No step matched the selection.
    pub nothing_selected: bool,
    /// Each runbook's result, by position; none when docent failed at it.
    pub results: Vec<Option<Arc<RunbookResult>>>,
}

/// Runs `entries` and tells `listener`, runbook after runbook in their order, whatever order they end in.
pub async fn run(entries: Vec<Entry>, options: &Options, listener: &mut dyn Listener, interrupt: &Interrupt) -> Conclusion {
    let header = RunHeader {
        version: env!("CARGO_PKG_VERSION"),
        target: match options.target {
            Target::Auto => "auto",
            Target::Embedded => "embedded",
            Target::None => "none",
        }
        .to_owned(),
        azure: target::profile().filter(|_| options.target != Target::None),
        seed: options.seed,
        started: jiff::Timestamp::now().to_string(),
        loosened: options.loosened.clone(),
    };
    listener.hear(&Event::RunStarted(header));
    let mut conclusion = Conclusion::default();
    let mut queue = Queue { listener, front: 0, waiting: BTreeMap::new(), totals: Totals::default() };
    let (sender, mut receiver) = mpsc::unbounded_channel::<(usize, Told)>();
    let permits = Arc::new(Semaphore::new(options.jobs.max(1)));
    let mut tasks = JoinSet::new();
    conclusion.results.resize_with(entries.len(), || None);
    let mut selected = 0;
    let ends = Instant::now() + options.run.run_timeout;
    for (position, entry) in entries.into_iter().enumerate() {
        let mut teller = Teller { position, sender: sender.clone(), journal: options.journal.clone() };
        let document = match entry {
            Entry::Unreadable { path, reason } => {
                execute::unreadable(position, &path, Vec::new(), vec![reason], &Redactor::default(), &mut teller);
                continue;
            }
            Entry::Document(document) if document.is_unreadable() => {
                let redactor = redactor(&document, &options.run, Vec::new());
                execute::unreadable(position, document.runbook.source.path(), document.diagnostics, Vec::new(), &redactor, &mut teller);
                continue;
            }
            Entry::Document(document) => document,
        };
        let (document, choice) = seen(document, options);
        let plan = match plan(&document.runbook, &options.selection) {
            Ok(plan) => plan,
            Err(source) => {
                conclusion.errors.push(SuiteError::Selection { path: document.runbook.source.path().to_owned(), source });
                teller.done();
                continue;
            }
        };
        if plan.reported() == 0 && !document.runbook.steps.is_empty() {
            teller.done();
            continue;
        }
        selected += 1;
        let (options, interrupt, permits) = (options.clone(), interrupt.clone(), Arc::clone(&permits));
        tasks.spawn(async move {
            let _permit = permits.acquire_owned().await;
            let ended = one(document, &choice, plan, &options, (&interrupt, ends), &mut teller).await;
            teller.done();
            (position, ended)
        });
    }
    drop(sender);
    while let Some((position, told)) = receiver.recv().await {
        queue.take(position, told);
    }
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok((position, Ok(result))) => conclusion.results[position] = Some(result),
            Ok((_, Err(error))) => conclusion.errors.push(error),
            Err(error) => conclusion.errors.push(error.into()),
        }
    }
    conclusion.totals = queue.totals;
    conclusion.interrupted = interrupt.is_raised();
    conclusion.nothing_selected = selected == 0 && options.selection != Selection::default();
    let finished = Event::RunFinished { totals: conclusion.totals, interrupted: conclusion.interrupted };
    if let Some(journal) = &options.journal {
        journal.hear(&finished);
    }
    listener.hear(&finished);
    conclusion
}

/// Tabs and zones of `options` that none of `documents` has, with what they have, sorted.
pub fn unknown_choice<'d>(options: &Options, documents: impl Iterator<Item = &'d Document> + Clone) -> Option<UnknownChoice> {
    let choices = documents.map(|document| &document.runbook.choices);
    let tabs: BTreeSet<&str> = choices
        .clone()
        .flat_map(|choices| &choices.groups)
        .flat_map(|group| &group.tabs)
        .flat_map(|tab| &tab.ids)
        .map(String::as_str)
        .collect();
    let pivots: BTreeSet<&str> = choices.flat_map(|choices| &choices.pivots).map(String::as_str).collect();
    [("tab", &options.tabs, tabs), ("zone", &options.zones, pivots)].into_iter().find_map(|(noun, asked, known)| {
        let name = asked.iter().find(|name| !known.contains(name.as_str()))?.clone();
        Some(UnknownChoice { noun, name, known: known.into_iter().map(str::to_owned).collect() })
    })
}

/// A tab or zone that was asked for and that no document has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownChoice {
    /// `tab` or `zone`.
    pub noun: &'static str,
    /// What was asked for.
    pub name: String,
    /// What there is.
    pub known: Vec<String>,
}

/// A document as a run of it sees it, and where that is: what is said about one target is settled, what runs before it comes first.
pub fn seen(document: Document, options: &Options) -> (Document, Choice) {
    let choice = target::choose(options.target, &runbook::flatten(&document.runbook));
    let view = View { target: choice.target(), tabs: options.tabs.clone(), zones: options.zones.clone() };
    let runbook = runbook::flatten(&runbook::resolve(&document.runbook, &view));
    (Document { runbook: Arc::new(runbook), ..document }, choice)
}

async fn one(
    document: Document,
    choice: &Choice,
    plan: crate::engine::plan::Plan,
    options: &Options,
    (interrupt, ends): (&Interrupt, Instant),
    teller: &mut Teller,
) -> Result<Arc<RunbookResult>, SuiteError> {
    let path = document.runbook.source.path().to_owned();
    // The journal knows this name already, so a directory that is made in the last moment is found too.
    let scratch_name = options.journal.as_ref().map_or_else(|| "docent-".to_owned(), |journal| journal.prefix());
    let scratch =
        tempfile::Builder::new().prefix(&scratch_name).tempdir().map_err(|source| SuiteError::Scratch { path: path.clone(), source })?;
    let shell_failed = |source| SuiteError::Shell { path: path.clone(), source };
    let room = place::open(options, scratch.path(), choice.embedded).await.map_err(shell_failed)?;
    let mut world = world(choice, options, scratch.path(), &path, &room, document.runbook.directives.tenant).await?;
    let mut launch = Launch::new(options.helper.clone(), &options.bash, scratch.path());
    let aliases = vec![
        (launch.home().display().to_string(), "/docent/home".to_owned()),
        (launch.temporary().display().to_string(), "/docent/tmp".to_owned()),
        (launch.work().display().to_string(), "/docent/work".to_owned()),
        (scratch.path().display().to_string(), "/docent".to_owned()),
    ];
    let mut redactor = redactor(&document, &options.run, aliases);
    teller.hear(&Event::RunbookStarted {
        runbook: teller.position,
        document: redactor.document(&document.runbook),
        target: choice.name().to_owned(),
        because: redactor.mask(&choice.because),
        steps: plan.reported(),
        sandbox: place::report(options, &room),
    });
    launch.errexit = options.errexit;
    launch.seed = Some(u32::try_from(options.seed % u64::from(u32::MAX)).unwrap_or(0));
    launch.interrupt = interrupt.clone();
    launch.environment = environment(&launch, world.as_ref(), &document, options);
    launch.room = Some(Arc::clone(&room));
    if let Some(journal) = &options.journal {
        journal.place(room.control_directory());
        room.user().into_iter().for_each(|user| journal.user(user));
    }
    let mut session = Bash::start(launch).await.map_err(shell_failed)?;
    redactor.add_aliases([(session.control_directory().display().to_string(), "/docent/control".to_owned())]);
    let job = Job {
        position: teller.position,
        runbook: document.runbook,
        diagnostics: document.diagnostics,
        plan,
        options: &options.run,
        redactor,
        interrupt: interrupt.clone(),
        ends,
    };
    let result = execute::run(job, world.as_mut(), &mut session, teller).await.map_err(shell_failed);
    drop(session);
    room.close().await;
    result
}

/// What a document's run is told with: fixed names for `aliases`, no secrets.
pub fn redactor(document: &Document, options: &RunOptions, aliases: Vec<(String, String)>) -> Redactor {
    let mut redactor = Redactor::new(aliases);
    redactor.learn(&document.runbook, execute::learnt(options));
    redactor
}

#[cfg(feature = "embedded")]
async fn world(
    choice: &Choice,
    options: &Options,
    scratch: &Path,
    path: &str,
    room: &Room,
    tenant: runbook::Tenant,
) -> Result<Box<dyn World>, SuiteError> {
    if choice.embedded {
        let applets = place::applets(options, room, scratch).map_err(|source| SuiteError::Scratch { path: path.to_owned(), source })?;
        let world = target::embedded::Embedded::start(&options.embedded, options.seed, &applets, scratch, room.take_listener())
            .await
            .map_err(|source| SuiteError::Embedded { path: path.to_owned(), source })?;
        if tenant == runbook::Tenant::NoSecondFactor {
            world.cloud().without_second_factor();
        }
        return Ok(Box::new(world));
    }
    Ok(Box::new(Plain::default()))
}

#[cfg(not(feature = "embedded"))]
async fn world(
    _choice: &Choice,
    _options: &Options,
    _scratch: &Path,
    _path: &str,
    _room: &Room,
    _tenant: runbook::Tenant,
) -> Result<Box<dyn World>, SuiteError> {
    Ok(Box::new(Plain::default()))
}

/// The exact environment of the steps: what a login shell would have, what the world adds, what the document brings and what was given.
fn environment(launch: &Launch, world: &dyn World, document: &Document, options: &Options) -> BTreeMap<OsString, OsString> {
    let mut search: Vec<PathBuf> = options.path_first.clone();
    search.extend(world.path_prefix());
    search.extend(std::env::split_paths(&options.search_path).filter(|path| path.is_absolute()));
    let path = std::env::join_paths(search).unwrap_or_else(|_| options.search_path.clone());
    let mut environment: BTreeMap<OsString, OsString> = BTreeMap::new();
    let mut set = |name: &str, value: OsString| environment.insert(name.into(), value);
    set("PATH", path);
    set("HOME", launch.home().into());
    set("TMPDIR", launch.temporary().into());
    set("LANG", "C.UTF-8".into());
    set("LC_ALL", "C.UTF-8".into());
    set("TZ", "UTC".into());
    set("TERM", "dumb".into());
    set("USER", "docent".into());
    set("LOGNAME", "docent".into());
    set("SHELL", options.bash.clone().into());
    for (name, value) in world.environment() {
        set(&name, value.into());
    }
    for variable in &document.runbook.variables {
        set(&variable.name, variable.value.clone().into());
    }
    for (name, value) in &options.run.variables {
        set(name, value.into());
    }
    environment
}

/// What a runbook's task tells: an event, or that there will be no more.
enum Told {
    Event(Event),
    Done,
}

struct Teller {
    position: usize,
    sender: mpsc::UnboundedSender<(usize, Told)>,
    journal: Option<Arc<Journal>>,
}

impl Teller {
    fn done(&mut self) {
        // The receiver goes away only when the whole run does.
        let _ = self.sender.send((self.position, Told::Done));
    }
}

impl Listener for Teller {
    fn hear(&mut self, event: &Event) {
        // Before anybody can act on it.
        if let Some(journal) = &self.journal {
            journal.hear(event);
        }
        let finished = matches!(event, Event::RunbookFinished { .. });
        let _ = self.sender.send((self.position, Told::Event(event.clone())));
        if finished {
            self.done();
        }
    }
}

/// Lets one runbook speak at a time: the first that has not ended.
struct Queue<'a> {
    listener: &'a mut dyn Listener,
    front: usize,
    waiting: BTreeMap<usize, Vec<Told>>,
    totals: Totals,
}

impl Queue<'_> {
    fn take(&mut self, position: usize, told: Told) {
        if position < self.front {
            return;
        }
        self.waiting.entry(position).or_default().push(told);
        while let Some(told) = self.waiting.get_mut(&self.front).map(std::mem::take) {
            let done = told.iter().any(|told| matches!(told, Told::Done));
            for event in told {
                if let Told::Event(event) = event {
                    self.count(&event);
                    self.listener.hear(&event);
                }
            }
            if !done {
                break;
            }
            self.waiting.remove(&self.front);
            self.front += 1;
        }
    }

    fn count(&mut self, event: &Event) {
        match event {
            Event::StepFinished { result, .. } => self.totals.add_step(result),
            Event::RunbookFinished { result, .. } => self.totals.add_runbook(result.status),
            _ => {}
        }
    }
}

/// Whether any runbook of `totals` failed, could not be read, or is incomplete, in that order of weight.
pub fn worst(totals: &Totals) -> RunbookStatus {
    if totals.unreadable > 0 {
        RunbookStatus::Unreadable
    } else if totals.failed > 0 {
        RunbookStatus::Failed
    } else if totals.incomplete > 0 {
        RunbookStatus::Incomplete
    } else {
        RunbookStatus::Passed
    }
}
