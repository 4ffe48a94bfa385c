//! `docent doctor`: what this machine offers, and the next step for what is missing.

use std::{io::Write, path::Path, process::Command};

use crate::{
    cli::{Problem, args::Colour, exit::Exit, options, stdout, written},
    shell::{self, Plan, Room, Sandbox},
};

pub(super) fn run() -> Result<Exit, Problem> {
    let mut lines = vec![bash()];
    lines.push(client("az", "2.91", &["version", "--output", "tsv"], "docent brings its own; `pip install azure-cli` for --cli system"));
    lines.push(client("kubectl", "1.27", &["version", "--client"], "docent brings its own; install kubectl for --cli system"));
    lines.extend(sandbox()?);
    lines.push(Line { name: "credentials".to_owned(), state: State::Good, text: "none needed: Azure is embedded".to_owned(), next: None });
    let mut out = stdout(Colour::Auto);
    let mut write = || -> std::io::Result<()> {
        for line in &lines {
            let mark = match line.state {
                State::Good => "✓",
                State::Missing => "-",
                State::Bad => "✗",
            };
            writeln!(out, "{mark} {:<13} {}", line.name, line.text)?;
            if let Some(next) = &line.next {
                writeln!(out, "  {:<13} Try: {next}", "")?;
            }
        }
        out.flush()
    };
    written(write())?;
    Ok(if lines.iter().any(|line| line.state == State::Bad) { Exit::Broken } else { Exit::Passed })
}

struct Line {
    name: String,
    state: State,
    text: String,
    next: Option<String>,
}

#[derive(PartialEq)]
enum State {
    Good,
    Missing,
    Bad,
}

/// A room like that of a run, and what holds in it.
fn sandbox() -> Result<Vec<Line>, Problem> {
    let broken = |error: &dyn std::error::Error| Problem::of(Exit::Broken, error);
    let directory = tempfile::Builder::new().prefix("docent-").tempdir().map_err(|error| broken(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| broken(&error))?;
    let mut plan = Plan::new(options::helper()?, Sandbox::BestEffort, directory.path());
    plan.has_listener = true;
    let layers = runtime.block_on(async {
        let room = Room::open(plan).await?;
        let layers = room.layers().clone();
        room.close().await;
        Ok::<_, shell::ShellError>(layers)
    });
    let layers = layers.map_err(|error| broken(&error))?;
    let verdict = match (layers.denies_network(), layers.denies_secrets()) {
        (true, true) => "steps reach the embedded Azure and their own files, and nothing else",
        (false, true) => "steps can reach the network",
        (true, false) => "steps can read your files",
        (false, false) => "steps can reach the network and read your files",
    };
    let state = if layers.lacking().is_none() { State::Good } else { State::Missing };
    let next = (state == State::Missing).then(|| "run documents you do not trust in a virtual machine, or mend a layer below".to_owned());
    let mut lines = vec![Line { name: "sandbox".to_owned(), state, text: verdict.to_owned(), next }];
    lines.extend(layers.states().iter().map(|layer| Line {
        name: format!("  {}", layer.layer.as_str()),
        state: if layer.holds { State::Good } else { State::Missing },
        text: layer.detail.clone(),
        next: layer.layer.remedy().filter(|_| !layer.holds).map(str::to_owned),
    }));
    Ok(lines)
}

fn bash() -> Line {
    let name = "bash".to_owned();
    let oldest = shell::ShellError::OLDEST_BASH;
    let Some(path) = options::find("bash") else {
        return Line { name, state: State::Bad, text: "not on PATH".to_owned(), next: Some("apt-get install bash".to_owned()) };
    };
    match version(&path, &["--version"]).as_deref().and_then(|line| line.strip_prefix("GNU bash, version ")) {
        Some(version) if is_new_enough(version, oldest) => {
            Line { name, state: State::Good, text: format!("{version} at {}", path.display()), next: None }
        }
        Some(version) => {
            Line { name, state: State::Bad, text: format!("{version} is too old"), next: Some(format!("install bash {oldest} or newer")) }
        }
        None => Line {
            name,
            state: State::Bad,
            text: format!("{} is not bash", path.display()),
            next: Some(format!("install bash {oldest} or newer")),
        },
    }
}

/// Whether `5.2.15(1)-release` is at least `4.4`.
fn is_new_enough(version: &str, oldest: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> { text.split(['.', '(']).take(2).filter_map(|part| part.parse().ok()).collect() };
    numbers(version) >= numbers(oldest)
}

fn client(name: &str, wanted: &str, words: &[&str], next: &str) -> Line {
    let name_line = name.to_owned();
    let Some(path) = options::find(name) else {
        return Line {
            name: name_line,
            state: State::Missing,
            text: format!("not on PATH ({wanted} or newer)"),
            next: Some(next.to_owned()),
        };
    };
    let version = version(&path, words).unwrap_or_else(|| "gives no version".to_owned());
    Line { name: name_line, state: State::Good, text: format!("{version} at {}", path.display()), next: None }
}

fn version(path: &Path, words: &[&str]) -> Option<String> {
    let output = Command::new(path).args(words).stdin(std::process::Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let first = text.lines().next()?.split('\t').next()?.trim();
    (!first.is_empty()).then(|| first.to_owned())
}
