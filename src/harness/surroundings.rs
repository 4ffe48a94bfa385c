//! What a test program can know of itself: its package, its commands, its search path. The one place of the harness that asks.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;

use crate::{
    engine::{
        cleanup::CleanupPolicy,
        execute::{MaskedPolicy, RunOptions},
        judge::Judging,
        plan::Selection,
    },
    shell::{self, Helper, Sandbox},
    suite::Options,
    target::Target,
};

/// Wall time of a step that says nothing itself.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The package under test, or the current directory outside cargo.
pub(super) fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).or_else(|| std::env::current_dir().ok()).unwrap_or_default()
}

/// Options for running a document of this package.
pub(super) fn options() -> anyhow::Result<Options> {
    let search_path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    let bash = std::env::split_paths(&search_path)
        .map(|folder| folder.join("bash"))
        .find(|file| file.is_file())
        .context("bash is not on PATH; docent needs bash 4.4 or newer")?;
    Ok(Options {
        loosened: Vec::new(),
        target: Target::Auto,
        tabs: Vec::new(),
        zones: Vec::new(),
        run: RunOptions {
            timeout: TIMEOUT,
            run_timeout: RunOptions::RUN_TIMEOUT,
            cleanup_timeout: RunOptions::CLEANUP_TIMEOUT,
            masked: MaskedPolicy::Fail,
            judging: Judging::default(),
            cleanup: CleanupPolicy::Always,
            fail_fast: false,
            fail_on_flaky: false,
            variables: Vec::new(),
            secrets: Vec::new(),
        },
        selection: Selection::default(),
        seed: 0,
        jobs: 1,
        errexit: true,
        journal: None,
        helper: Helper::this_program().context("cannot find this test's own executable")?,
        bash,
        path_first: own_commands(std::env::vars_os(), std::env::current_exe().ok().as_deref()),
        sandbox: sandbox()?,
        readable: shell::programs(&search_path, std::env::var_os("HOME").map(PathBuf::from).as_deref()),
        search_path,
        #[cfg(feature = "embedded")]
        embedded: crate::target::embedded::Setup::default(),
    })
}

/// As for the program: `DOCENT_SANDBOX`, or all that is needed on a build server, or what can be had.
fn sandbox() -> anyhow::Result<Sandbox> {
    match std::env::var("DOCENT_SANDBOX") {
        Ok(name) => Sandbox::named(&name).with_context(|| format!("DOCENT_SANDBOX: `{name}` is none of require, best-effort, off")),
        Err(_) => Ok(Sandbox::usual(std::env::var_os("CI").as_deref())),
    }
}

/// Where the package's own programs are: the folders of `CARGO_BIN_EXE_*`, and, for a cargo that sets those at compile time only, the
/// folder above the test program's `deps`.
fn own_commands(variables: impl Iterator<Item = (OsString, OsString)>, program: Option<&Path>) -> Vec<PathBuf> {
    let mut folders: BTreeSet<PathBuf> = variables
        .filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_BIN_EXE_"))
        .filter_map(|(_, path)| Some(Path::new(&path).parent()?.to_owned()))
        .collect();
    if folders.is_empty()
        && let Some(deps) = program.and_then(Path::parent).filter(|folder| folder.ends_with("deps"))
    {
        folders.extend(deps.parent().map(Path::to_owned));
    }
    folders.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packages_own_programs_are_found_with_and_without_cargos_variables() {
        let program = Path::new("/p/target/debug/deps/t-1");
        let variable = ("CARGO_BIN_EXE_tool".into(), "/q/bin/tool".into());
        assert_eq!(own_commands([variable].into_iter(), Some(program)), [PathBuf::from("/q/bin")]);
        assert_eq!(own_commands(std::iter::empty(), Some(program)), [PathBuf::from("/p/target/debug")]);
        assert!(own_commands(std::iter::empty(), Some(Path::new("/usr/bin/t"))).is_empty());
    }
}
