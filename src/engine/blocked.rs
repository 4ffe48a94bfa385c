//! What kept a step from working that is not the document's fault, and which later steps that concerns. Pure.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use crate::{
    bash::Script,
    engine::{
        cause::{Past, Values, contains_word, expand},
        program::is_slip,
        result::{BlockedBy, Cause, CommandFailure, Failure, StepResult},
        world::Observation,
    },
    runbook::{Runbook, Step},
};

/// Words that make something.
static MAKES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:create|apply|add|install|deploy|run|new|import|upload|init|register|enable|set)\b")
        .expect("a constant that the tests compile")
});

/// Names that a command or a manifest gives to something: `--name web`, `name: web`.
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?m)(?:--name|-n)[ =]+["']?([a-z0-9][a-z0-9_.-]+)|^\s*(?:-\s+)?name:\s*["']?([a-z0-9][a-z0-9_.-]+)"#)
        .expect("a constant that the tests compile")
});

/// What is known when a step is about to run after one that could not be run.
pub(crate) struct Lacking<'a> {
    pub(crate) runbook: &'a Runbook,
    pub(crate) scripts: &'a [Script],
    /// The steps before it, in the order of the run.
    pub(crate) before: &'a [usize],
    pub(crate) past: &'a [Past],
    /// The shell's variables now.
    pub(crate) values: &'a Values,
}

impl Lacking<'_> {
    /// What the step of `result` would have set or made, and the step at `index` needs; none when it needs nothing of it.
    pub(crate) fn cause(&self, result: &StepResult, index: usize) -> Option<Cause> {
        let step = &self.runbook.steps[result.index];
        let from = result.failures.iter().find_map(|failure| match failure {
            Failure::Command(failure) | Failure::Masked(failure) => Some(failure.line),
            _ => None,
        });
        // What stands above the command that could not be run did happen.
        let from = from.unwrap_or(step.script_line).saturating_sub(step.script_line);
        let used: BTreeSet<&str> = self.scripts[index].uses().iter().map(|used| used.name.as_str()).collect();
        let unset = self.scripts[result.index]
            .assignments()
            .iter()
            .find(|one| one.line >= from && used.contains(one.name.as_str()) && self.values.get(&one.name).is_none_or(String::is_empty));
        if let Some(one) = unset {
            return Some(Cause {
                step: result.index,
                line: step.script_line + one.line,
                variable: Some(one.name.clone()),
                reason: format!("{} would have been set by a step that could not be run", one.name),
            });
        }
        let captured = step
            .directives
            .captures
            .iter()
            .find(|capture| used.contains(capture.name.as_str()) && self.values.get(&capture.name).is_none_or(String::is_empty));
        if let Some(capture) = captured {
            return Some(Cause {
                step: result.index,
                line: capture.line,
                variable: Some(capture.name.clone()),
                reason: format!("{} would have been set by a step that could not be run", capture.name),
            });
        }
        let name = self.would_have_made(result.index, from).into_iter().find(|name| contains_word(&self.text(index), name))?;
        Some(Cause {
            step: result.index,
            line: step.script_line + from,
            variable: None,
            reason: format!("`{name}` would have been made by a step that could not be run"),
        })
    }

    fn text(&self, index: usize) -> String {
        expand(&self.runbook.steps[index].script, self.values).to_lowercase()
    }

    /// Names that the step gives to something from script line `from` on, and that no step before it which worked has named.
    fn would_have_made(&self, index: usize, from: usize) -> Vec<String> {
        let text = self.text(index);
        let rest: String = text.split_inclusive('\n').skip(from).collect();
        // A manifest that is written in one command and applied in the next stands above the command that failed.
        let given = if rest.contains(" -f ") { &text } else { &rest };
        if !MAKES.is_match(&rest) {
            return Vec::new();
        }
        let earlier: BTreeSet<usize> = self.before.iter().copied().take_while(|other| *other != index).collect();
        let known = |name: &str| {
            self.past.iter().any(|past| earlier.contains(&past.index) && past.succeeded && contains_word(&past.expanded, name))
        };
        let names = NAMES.captures_iter(given).filter_map(|found| found.get(1).or_else(|| found.get(2)));
        names.map(|name| name.as_str().to_owned()).filter(|name| !known(name)).collect()
    }
}

/// `read` without a redirection waits for somebody to type; a step's standard input is empty.
fn is_question_to_a_person(command: &str) -> bool {
    (command == "read" || command.starts_with("read ")) && !command.contains('<')
}

/// A workaround that is an option only, as a command that can be pasted.
pub(crate) fn pasteable(workaround: &str, document: &str) -> String {
    if !workaround.starts_with("--") {
        return workaround.to_owned();
    }
    let document = shlex::try_quote(document).map_or_else(|_| document.to_owned(), Into::into);
    format!("docent test {document} {workaround}")
}

/// The program by which a command wants to be somebody else.
fn asks_for_power(command: &str) -> Option<&'static str> {
    let first = command.split_whitespace().next()?;
    let name = first.rsplit('/').next()?;
    ["sudo", "su", "doas", "pkexec"].into_iter().find(|power| name == *power)
}

/// Whether that program itself, and not what it was to run, has the last word: `sudo: …`, or bash about it.
fn refuses(stderr: &str, power: &str) -> bool {
    let own = format!("{power}: ");
    stderr.lines().any(|line| line.starts_with(&own) || line.ends_with(&format!(" {power}: command not found")))
}

/// What was lacking: what the world refused by name, or a command that this machine does not have.
pub(crate) fn blocked_by(
    seen: &[Observation],
    failing: Option<&CommandFailure>,
    stderr: &str,
    step: &Step,
    scripts: &[Script],
) -> Option<BlockedBy> {
    for observation in seen {
        if let Observation::Unsupported { what, kind, workaround } = observation {
            return Some(BlockedBy { what: what.clone(), kind: kind.clone(), workaround: workaround.clone() });
        }
    }
    if let Some(asks) = failing.filter(|failure| step.directives.stdin.is_none() && is_question_to_a_person(&failure.command)) {
        let workaround = "answer it with `docent: stdin=\"…\"`, or let the document set the variable".to_owned();
        return Some(BlockedBy { what: asks.command.clone(), kind: "interactive".to_owned(), workaround });
    }
    if let Some(what) = failing.and_then(|failure| asks_for_power(&failure.command)).filter(|what| refuses(stderr, what)) {
        let workaround = "steps never run as root: let the document do without it, or mark the step with `docent: skip`".to_owned();
        return Some(BlockedBy { what: what.to_owned(), kind: "privilege".to_owned(), workaround });
    }
    let line = stderr.lines().find(|line| line.ends_with(": command not found"))?;
    failing.filter(|failure| failure.exit_code == 127)?;
    let what = line.trim_end_matches(": command not found").rsplit(": ").next()?.to_owned();
    // `--query` on a line of its own is a broken continuation, not a program that somebody could install.
    let own = scripts.iter().flat_map(|script| script.functions().keys()).map(String::as_str);
    if !what.starts_with(|c: char| c.is_alphanumeric() || "./_~".contains(c)) || is_slip(&what, &step.script, own) {
        return None;
    }
    Some(BlockedBy { workaround: format!("install `{what}`, or mark the step with `docent: skip`"), kind: "command".to_owned(), what })
}
