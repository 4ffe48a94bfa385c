//! What kept a step from working that is not the document's fault. Pure.

use crate::engine::{
    result::{BlockedBy, CommandFailure},
    world::Observation,
};

/// `read` without a redirection waits for somebody to type; a step's standard input is empty.
fn is_question_to_a_person(command: &str) -> bool {
    (command == "read" || command.starts_with("read ")) && !command.contains('<')
}

/// What was lacking: what the world refused by name, or a command that this machine does not have.
pub(crate) fn blocked_by(seen: &[Observation], failing: Option<&CommandFailure>, stderr: &str) -> Option<BlockedBy> {
    for observation in seen {
        if let Observation::Unsupported { what, kind, workaround } = observation {
            return Some(BlockedBy { what: what.clone(), kind: kind.clone(), workaround: workaround.clone() });
        }
    }
    if let Some(asks) = failing.filter(|failure| is_question_to_a_person(&failure.command)) {
        let workaround = "mark the step with `docent: skip`, or let the document set the variable".to_owned();
        return Some(BlockedBy { what: asks.command.clone(), kind: "interactive".to_owned(), workaround });
    }
    let line = stderr.lines().find(|line| line.ends_with(": command not found"))?;
    failing.filter(|failure| failure.exit_code == 127)?;
    let what = line.trim_end_matches(": command not found").rsplit(": ").next()?.to_owned();
    // `--query` on a line of its own is a broken continuation, not a program that somebody could install.
    if !what.starts_with(|c: char| c.is_alphanumeric() || "./_~".contains(c)) {
        return None;
    }
    Some(BlockedBy { workaround: format!("install `{what}`, or mark the step with `docent: skip`"), kind: "command".to_owned(), what })
}
