//! One runbook in an ordinary `#[test]`.

use std::path::{Path, PathBuf};

use crate::{
    engine::result::RunbookStatus,
    harness::surroundings,
    report::terminal::{Terminal, Verbosity},
    shell::Interrupt,
    suite::{self, Entry},
    target::Target,
};

/// A runbook to check, with what it should be run with.
#[derive(Debug, Clone)]
#[must_use = "nothing runs until `check` is called"]
pub struct Check {
    path: PathBuf,
    variables: Vec<(String, String)>,
    secrets: Vec<String>,
    target: Target,
    seed: u64,
    tabs: Vec<String>,
    zones: Vec<String>,
}

/// The runbook at `path`, relative to the package under test (`CARGO_MANIFEST_DIR` at run time).
///
/// The package's own programs come first on the steps' `PATH`.
pub fn runbook(path: impl AsRef<Path>) -> Check {
    Check {
        path: path.as_ref().to_owned(),
        variables: Vec::new(),
        secrets: Vec::new(),
        target: Target::Auto,
        seed: 0,
        tabs: Vec::new(),
        zones: Vec::new(),
    }
}

impl Check {
    /// Gives a variable a value, whatever the document assigns to it.
    pub fn var(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Masks the value of a variable in the report, as `docent: secret=NAME` does.
    pub fn secret(mut self, name: impl Into<String>) -> Self {
        self.secrets.push(name.into());
        self
    }

    /// Where its steps run; by default where the document needs.
    pub fn target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// Where ids and random draws come from; 0 by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs the tab of this id (`#tab/ID`) where the document has tabs, and not the first. Once for each group of tabs.
    pub fn tab(mut self, id: impl Into<String>) -> Self {
        self.tabs.push(id.into());
        self
    }

    /// Runs the zones of this pivot where the document has zones, and not those of the first. Once for each group of zones.
    pub fn zone(mut self, pivot: impl Into<String>) -> Self {
        self.zones.push(pivot.into());
        self
    }

    /// Runs it.
    ///
    /// # Panics
    /// When a step fails or cannot be run, when the document cannot be read, and when docent cannot do its work; the message is the
    /// report, with document lines.
    #[track_caller]
    pub fn check(self) {
        let path = self.path.display().to_string();
        match self.run() {
            Ok((RunbookStatus::Passed, _)) => {}
            Ok((_, report)) => panic!("the runbook {path} does not work\n{report}"),
            Err(error) => panic!("docent could not check {path}: {error:#}"),
        }
    }

    fn run(self) -> anyhow::Result<(RunbookStatus, String)> {
        let mut options = surroundings::options()?;
        options.target = self.target;
        options.seed = self.seed;
        options.run.variables = self.variables;
        options.tabs = self.tabs;
        options.zones = self.zones;
        options.run.secrets = self.secrets;
        let document = suite::load(&surroundings::root().join(&self.path), &self.path.to_string_lossy())?;
        anyhow::ensure!(
            document.is_unreadable() || !document.runbook.steps.is_empty(),
            "it has no executable block, so there is nothing to test"
        );
        if let Some(unknown) = suite::unknown_choice(&options, std::iter::once(&document)) {
            let known = if unknown.known.is_empty() { "none".to_owned() } else { unknown.known.join(", ") };
            anyhow::bail!("it has no {} `{}`; there are {known}", unknown.noun, unknown.name);
        }
        let mut text = String::new();
        for diagnostic in &document.diagnostics {
            text.push_str(&format!("{}:{}: {}: {}\n", self.path.display(), diagnostic.line, diagnostic.severity, diagnostic.message));
        }
        let mut terminal = Terminal::new(Vec::new(), Verbosity::Normal, false);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let conclusion = runtime.block_on(suite::run(vec![Entry::Document(document)], &options, &mut terminal, &Interrupt::new()));
        if let Some(error) = conclusion.errors.into_iter().next() {
            return Err(error.into());
        }
        text.push_str(&anstream::adapter::strip_str(&String::from_utf8_lossy(&terminal.into_inner())).to_string());
        Ok((suite::worst(&conclusion.totals), text))
    }
}
