//! What was typed, what the environment says and what `docent.toml` says, resolved in this one place: flags beat variables beat the file.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    cli::{Problem, args, args::TestArgs, config::Found, env_file, exit::Exit},
    engine::{
        cleanup::CleanupPolicy,
        execute::{MaskedPolicy, RunOptions},
        judge::{Judging, UnmarkedPolicy},
        plan::Selection,
    },
    score::Scorer,
    shell::{self, Helper},
    suite::{Document, Options},
    target::Target,
};

/// Wall time of a step that says nothing itself.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Where commands are looked for when the caller has no search path.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Resolved options of `docent test`.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) suite: Options,
}

pub(super) fn resolve(args: &TestArgs, documents: &[&Document]) -> Result<Resolved, Problem> {
    let file = match &args.config {
        Some(path) => Found::trusted(path)?,
        None => Found::beside(&documents.iter().map(|document| Path::new(document.runbook.source.path())).collect::<Vec<_>>())?,
    };
    let judging = Judging {
        scorer: scorer(args.scorer.or(file.scorer()?).unwrap_or(args::Scorer::Structural)),
        unmarked: match args.unmarked.or(file.unmarked()?) {
            None | Some(args::Unmarked::Advise) => UnmarkedPolicy::Advise,
            Some(args::Unmarked::Ignore) => UnmarkedPolicy::Ignore,
            Some(args::Unmarked::Judge(threshold)) => UnmarkedPolicy::Judge(threshold),
        },
    };
    let mut variables = Vec::new();
    for file in &args.env_file {
        variables.extend(env_file::read(file)?);
    }
    // Later ones win.
    variables.extend(args.var.iter().cloned());
    let run = RunOptions {
        timeout: args.timeout.or(file.timeout()?).unwrap_or(TIMEOUT),
        run_timeout: args.run_timeout.or(file.run_timeout()?).unwrap_or(RunOptions::RUN_TIMEOUT),
        cleanup_timeout: args.cleanup_timeout.unwrap_or(RunOptions::CLEANUP_TIMEOUT),
        masked: match args.masked.or(file.masked()?) {
            None | Some(args::Masked::Fail) => MaskedPolicy::Fail,
            Some(args::Masked::Warn) => MaskedPolicy::Warn,
            Some(args::Masked::Ignore) => MaskedPolicy::Ignore,
        },
        judging,
        cleanup: match args.cleanup.or(file.cleanup()?) {
            None | Some(args::Cleanup::Always) => CleanupPolicy::Always,
            Some(args::Cleanup::OnSuccess) => CleanupPolicy::OnSuccess,
            Some(args::Cleanup::Never) => CleanupPolicy::Never,
        },
        fail_fast: args.fail_fast || (!args.no_fail_fast && file.config.fail_fast.unwrap_or(false)),
        fail_on_flaky: args.fail_on_flaky || file.config.fail_on_flaky.unwrap_or(false),
        variables,
        secrets: args.secret.iter().cloned().chain(file.secrets()?).collect(),
    };
    // Without the embedded Azure there is no clock to set, but a mistake in the file is still said.
    #[cfg(not(feature = "embedded"))]
    file.clock()?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let suite = Options {
        target: match args.target.or(file.target()?) {
            None | Some(args::Target::Auto) => Target::Auto,
            Some(args::Target::Embedded) => Target::Embedded,
            Some(args::Target::None) => Target::None,
        },
        tabs: args.view.tab.clone(),
        zones: args.view.zone.clone(),
        run,
        selection: Selection { filter: args.filter.clone(), from: args.from.clone(), to: args.to.clone() },
        loosened: file.loosened(args)?,
        seed: args.seed.or(file.config.seed).unwrap_or(0),
        jobs: args.jobs.or(file.config.jobs).map_or(processors, usize::from).max(1),
        errexit: args.errexit.or(file.errexit()?).unwrap_or(args::Switch::On) == args::Switch::On,
        sandbox: sandbox(args.sandbox, &file)?,
        readable: shell::programs(&search_path(), std::env::var_os("HOME").map(PathBuf::from).as_deref()),
        helper: helper()?,
        bash: bash()?,
        search_path: search_path(),
        path_first: Vec::new(),
        journal: None,
        #[cfg(feature = "embedded")]
        embedded: embedded(args.cli.unwrap_or(args::Clients::Builtin), args.clock.or(file.clock()?)),
    };
    Ok(Resolved { suite })
}

/// A flag or variable decides; the file beside the documents may ask for more than is usual here and never for less.
fn sandbox(asked: Option<args::Sandbox>, file: &Found) -> Result<shell::Sandbox, Problem> {
    let usual = match shell::Sandbox::usual(std::env::var_os("CI").as_deref()) {
        shell::Sandbox::Require => args::Sandbox::Require,
        _ => args::Sandbox::BestEffort,
    };
    let filed = file.sandbox(usual)?;
    Ok(match asked.or(filed).unwrap_or(usual) {
        args::Sandbox::Require => shell::Sandbox::Require,
        args::Sandbox::BestEffort => shell::Sandbox::BestEffort,
        args::Sandbox::Off => shell::Sandbox::Off,
    })
}

pub(super) fn scorer(scorer: args::Scorer) -> Scorer {
    match scorer {
        args::Scorer::Structural => Scorer::Structural,
        args::Scorer::Ie => Scorer::Ie,
    }
}

#[cfg(feature = "embedded")]
pub(super) fn embedded(clients: args::Clients, clock: Option<args::Clock>) -> crate::target::embedded::Setup {
    use crate::target::embedded::{Clients, Setup};
    Setup {
        clients: match clients {
            args::Clients::Builtin => Clients::Builtin,
            args::Clients::System => Clients::System,
        },
        start: match clock {
            Some(args::Clock::At(start)) => Some(start),
            _ => None,
        },
        follows_wall: clock == Some(args::Clock::Now),
    }
}

/// This very program: it serves as the shell's helper and as the applets.
pub(super) fn helper() -> Result<Helper, Problem> {
    Helper::this_program().map_err(|error| Problem::new(Exit::Broken, format!("cannot find docent's own executable: {error}")))
}

/// The first bash on the caller's search path.
pub(super) fn bash() -> Result<PathBuf, Problem> {
    find("bash")
        .ok_or_else(|| Problem::new(Exit::Broken, "bash is not on PATH; docent needs bash 4.4 or newer\n\nTry: apt-get install bash"))
}

/// The first executable called `name` on the caller's search path.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    std::env::split_paths(&search_path())
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0))
}

/// Where runs keep their journals: private to the user, and not in a place that anybody can write to.
pub(super) fn journals() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local").join("state")))?;
    Some(state.join("docent").join("runs"))
}

pub(super) fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").filter(|path| !path.is_empty()).unwrap_or_else(|| SEARCH_PATH.into())
}
