//! `docent.toml`: what a repository says about its runbooks. It travels with a pull request, so it may only tighten.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use crate::{
    cli::{
        Problem,
        args::{self, Cleanup, Clock, Masked, Scorer, Switch, Target, TestArgs, Unmarked, wall_time},
        exit::Exit,
    },
    lint::{Level, Switches},
};

/// What the file may say, all of it optional.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Config {
    target: Option<String>,
    timeout: Option<String>,
    masked: Option<String>,
    unmarked: Option<String>,
    scorer: Option<String>,
    errexit: Option<String>,
    run_timeout: Option<String>,
    pub(super) fail_fast: Option<bool>,
    pub(super) fail_on_flaky: Option<bool>,
    pub(super) seed: Option<u64>,
    pub(super) jobs: Option<u16>,
    clock: Option<String>,
    cleanup: Option<String>,
    sandbox: Option<String>,
    #[serde(default)]
    secret: Vec<String>,
    #[serde(default)]
    lint: BTreeMap<String, Lint>,
}

/// An entry of `[lint]`: `disable = ["rule"]`, or `rule = "level"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected `disable = [\"rule\", …]` or `rule = \"error|warning|advice|off\"`")]
enum Lint {
    Level(String),
    Disable(Vec<String>),
}

/// A configuration and the file it stands in.
#[derive(Debug, Default, Clone)]
pub(super) struct Found {
    path: PathBuf,
    /// It was named by whoever runs docent, rather than found beside documents that anybody may have sent.
    is_trusted: bool,
    pub(super) config: Config,
}

impl Found {
    /// The file given by `--config`.
    pub(super) fn trusted(path: &Path) -> Result<Self, Problem> {
        read(path).map(|found| Self { is_trusted: true, ..found })
    }

    /// The nearest `docent.toml` above each document; they must be one and the same.
    pub(super) fn beside(documents: &[&Path]) -> Result<Self, Problem> {
        let mut found: Option<PathBuf> = None;
        for document in documents {
            let Some(file) = nearest(document) else { continue };
            match &found {
                Some(other) if *other != file => {
                    return Err(Problem::new(
                        Exit::Usage,
                        format!(
                            "{} and {} both apply; run their documents apart, or say which with --config",
                            other.display(),
                            file.display()
                        ),
                    ));
                }
                _ => found = Some(file),
            }
        }
        found.map_or_else(|| Ok(Self::default()), |file| read(&file))
    }

    fn wrong(&self, key: &str, why: &str) -> Problem {
        Problem::new(Exit::Usage, format!("{}: {key}: {why}", self.path.display()))
    }

    /// What `[lint]` says about which findings are worth what.
    pub(super) fn lint(&self) -> Result<Switches, Problem> {
        let mut switches = Switches::default();
        let mut set =
            |key: &str, code: &str, level| switches.set(code, level).map_err(|why| self.wrong(&format!("lint.{key}"), &why.to_string()));
        for (key, entry) in &self.config.lint {
            match entry {
                Lint::Disable(codes) if key == "disable" => {
                    codes.iter().try_for_each(|code| set(key, code, Level::Off))?;
                }
                Lint::Level(level) if key != "disable" => {
                    let level = args::level(level).map_err(|why| self.wrong(&format!("lint.{key}"), &why))?;
                    set(key, key, level)?;
                }
                _ => return Err(self.wrong(&format!("lint.{key}"), "a rule has a level; only `disable` has a list")),
            }
        }
        Ok(switches)
    }

    /// Variables whose values are masked: more of them is stricter.
    pub(super) fn secrets(&self) -> Result<Vec<String>, Problem> {
        let names = self.config.secret.iter().map(|name| args::variable_name(name));
        names.collect::<Result<_, _>>().map_err(|why| self.wrong("secret", &why))
    }

    pub(super) fn target(&self) -> Result<Option<Target>, Problem> {
        self.choice(
            "target",
            self.config.target.as_deref(),
            &[("auto", Target::Auto), ("embedded", Target::Embedded), ("none", Target::None)],
        )
    }

    pub(super) fn masked(&self) -> Result<Option<Masked>, Problem> {
        self.choice("masked", self.config.masked.as_deref(), &[("fail", Masked::Fail), ("warn", Masked::Warn), ("ignore", Masked::Ignore)])
    }

    pub(super) fn scorer(&self) -> Result<Option<Scorer>, Problem> {
        self.choice("scorer", self.config.scorer.as_deref(), &[("structural", Scorer::Structural), ("ie", Scorer::Ie)])
    }

    pub(super) fn errexit(&self) -> Result<Option<Switch>, Problem> {
        self.choice("errexit", self.config.errexit.as_deref(), &[("on", Switch::On), ("off", Switch::Off)])
    }

    /// A file beside the documents may not keep docent from cleaning up.
    pub(super) fn cleanup(&self) -> Result<Option<Cleanup>, Problem> {
        let known = [("always", Cleanup::Always), ("on-success", Cleanup::OnSuccess), ("never", Cleanup::Never)];
        match self.choice("cleanup", self.config.cleanup.as_deref(), &known)? {
            Some(Cleanup::OnSuccess | Cleanup::Never) if !self.is_trusted => Err(self.wrong(
                "cleanup",
                "a file beside the documents may not leave things behind; that takes --cleanup, DOCENT_CLEANUP or --config",
            )),
            asked => Ok(asked),
        }
    }

    /// A file beside the documents may not ask for less than `usual`.
    pub(super) fn sandbox(&self, usual: args::Sandbox) -> Result<Option<args::Sandbox>, Problem> {
        let known = [("require", args::Sandbox::Require), ("best-effort", args::Sandbox::BestEffort), ("off", args::Sandbox::Off)];
        let asked = self.choice("sandbox", self.config.sandbox.as_deref(), &known)?;
        match asked {
            Some(asked) if asked > usual && !self.is_trusted => {
                let why = "a file beside the documents may not loosen the sandbox; that takes --sandbox, DOCENT_SANDBOX or --config";
                Err(self.wrong("sandbox", why))
            }
            asked => Ok(asked),
        }
    }

    pub(super) fn timeout(&self) -> Result<Option<Duration>, Problem> {
        self.config.timeout.as_deref().map(wall_time).transpose().map_err(|why| self.wrong("timeout", &why))
    }

    pub(super) fn run_timeout(&self) -> Result<Option<Duration>, Problem> {
        self.config.run_timeout.as_deref().map(wall_time).transpose().map_err(|why| self.wrong("run-timeout", &why))
    }

    pub(super) fn unmarked(&self) -> Result<Option<Unmarked>, Problem> {
        self.config.unmarked.as_deref().map(args::unmarked).transpose().map_err(|why| self.wrong("unmarked", &why))
    }

    pub(super) fn clock(&self) -> Result<Option<Clock>, Problem> {
        self.config.clock.as_deref().map(args::clock).transpose().map_err(|why| self.wrong("clock", &why))
    }

    /// What of the file makes this run check less than it would without it, as it stands there. Flags and variables win, so what they say does not count.
    pub(super) fn loosened(&self, args: &TestArgs) -> Result<Vec<String>, Problem> {
        let said = [
            ("masked", &self.config.masked, args.masked.is_none() && matches!(self.masked()?, Some(Masked::Warn | Masked::Ignore))),
            ("unmarked", &self.config.unmarked, args.unmarked.is_none() && self.unmarked()? == Some(Unmarked::Ignore)),
            ("scorer", &self.config.scorer, args.scorer.is_none() && self.scorer()? == Some(Scorer::Ie)),
            ("errexit", &self.config.errexit, args.errexit.is_none() && self.errexit()? == Some(Switch::Off)),
        ];
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let lines = said.into_iter().filter(|(.., loosens)| *loosens);
        Ok(lines.map(|(key, value, _)| format!("{file}: {key} = {:?}", value.as_deref().unwrap_or_default())).collect())
    }

    fn choice<T: Copy>(&self, key: &str, value: Option<&str>, known: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some(value) = value else { return Ok(None) };
        match known.iter().find(|(name, _)| *name == value) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => {
                let names = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                Err(self.wrong(key, &format!("{value:?} is not one of {names}; what loosens needs a flag or --config")))
            }
        }
    }
}

fn nearest(document: &Path) -> Option<PathBuf> {
    let folder = fs::canonicalize(document).ok()?;
    folder.ancestors().skip(1).map(|folder| folder.join("docent.toml")).find(|file| file.is_file())
}

fn read(path: &Path) -> Result<Found, Problem> {
    let text = fs::read_to_string(path).map_err(|error| Problem::new(Exit::Usage, format!("cannot read {}: {error}", path.display())))?;
    let config = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        Problem::new(Exit::Usage, format!("{}:{line}: {}", path.display(), error.message()))
    })?;
    Ok(Found { path: path.to_owned(), is_trusted: false, config })
}
