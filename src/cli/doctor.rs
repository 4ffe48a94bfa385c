//! `docent doctor`: what this machine offers, and the next step for what is missing.

use std::{io::Write, path::Path, process::Command};

use crate::{
    cli::{Problem, args::Colour, exit::Exit, options, stdout, written},
    shell,
};

pub(super) fn run() -> Result<Exit, Problem> {
    let mut lines = vec![bash()];
    lines.push(client("az", "2.91", &["version", "--output", "tsv"], "docent brings its own; `pip install azure-cli` for --cli system"));
    lines.push(client("kubectl", "1.27", &["version", "--client"], "docent brings its own; install kubectl for --cli system"));
    lines.push(Line {
        name: "sandbox".to_owned(),
        state: State::Missing,
        text: "private HOME, TMPDIR and work directory, an environment of allowed variables, no terminal; a step can still read your files"
            .to_owned(),
        next: Some("run documents you do not trust in a container".to_owned()),
    });
    lines.push(Line { name: "credentials".to_owned(), state: State::Good, text: "none needed: Azure is embedded".to_owned(), next: None });
    let mut out = stdout(Colour::Auto);
    let mut write = || -> std::io::Result<()> {
        for line in &lines {
            let mark = match line.state {
                State::Good => "✓",
                State::Missing => "-",
                State::Bad => "✗",
            };
            writeln!(out, "{mark} {:<12} {}", line.name, line.text)?;
            if let Some(next) = &line.next {
                writeln!(out, "  {:<12} Try: {next}", "")?;
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
