//! Failures that bash walks over: which of them a document cannot have meant. Pure.
//!
//! The line is drawn where no document that works crosses it: answers (`grep`, `diff`, `[`), readers that stop early, time limits,
//! messages that the document itself throws away, and what it has said `set +e` for are left to a note.

use std::collections::BTreeSet;

use crate::{
    bash::Script,
    engine::{program::is_slip, result::Hider, world::Observation},
    shell::{CommandFailure, Place},
};

/// What is known beside the failure itself.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) seen: &'a [Observation],
    /// What the block wrote to standard error.
    pub(crate) stderr: &'a str,
    /// All of the document: functions are defined anywhere.
    pub(crate) scripts: &'a [Script],
}

impl Around<'_> {
    /// What hid a failure that the document cannot have meant; none when it may have.
    pub(crate) fn hider(&self, failure: &CommandFailure) -> Option<Hider> {
        match failure.place {
            Place::Capture => (!failure.is_answer || self.client_failed(failure)).then_some(Hider::Capture),
            Place::Pipeline => self.fails(failure).then_some(Hider::Pipeline),
            Place::BeforeAnd => self.fails(failure).then_some(Hider::List),
            Place::Awaited => (!failure.is_answer).then_some(Hider::Wait),
            // The document looks at the status itself, and cannot have meant a name that nothing has.
            Place::TopLevel => self.is_misspelt(failure).then_some(Hider::Condition),
            _ => None,
        }
    }

    /// Whether a failure that does not fail the step is worth a word.
    pub(crate) fn is_notable(&self, failure: &CommandFailure) -> bool {
        let name = failure.command.split_whitespace().next().unwrap_or_default();
        let has_spoken = failure.place == Place::Pipeline && self.is_made_of_commands(name);
        !failure.is_answer && !is_quieted(&failure.command) && !has_spoken && self.hider(failure).is_none()
    }

    fn is_misspelt(&self, failure: &CommandFailure) -> bool {
        let own = self.scripts.iter().flat_map(|script| script.functions().keys()).map(String::as_str);
        let name = failure.command.split_whitespace().next().unwrap_or_default();
        failure.status == 127 && is_slip(name, "", own)
    }

    fn fails(&self, failure: &CommandFailure) -> bool {
        // Whatever was meant, a command that is not there was not.
        if failure.status == 127 {
            return true;
        }
        let name = failure.command.split_whitespace().next().unwrap_or_default();
        if failure.tolerated || self.is_made_of_commands(name) {
            return false;
        }
        if failure.is_answer {
            return self.client_failed(failure);
        }
        if is_quieted(&failure.command) {
            // Source: azure-cli's exit codes: 2 is for a command line that it cannot read.
            return name == "az" && failure.status == 2;
        }
        let asks_for_time = name == "timeout" && failure.status == 124;
        // A program that says nothing of a failure has given an answer.
        let is_silent = name != "curl" && failure.status == 1 && self.stderr.trim().is_empty() && !failure.command.contains("2>&1");
        let is_walk = matches!(name, "find" | "du" | "ls" | "grep" | "tar") && self.stderr.contains("Permission denied");
        !(asks_for_time || is_silent || is_walk || answers(&failure.command, failure.status))
    }

    /// Compound commands and functions: what fails in them is reported by itself.
    fn is_made_of_commands(&self, name: &str) -> bool {
        let compound = ["{", "(", "((", "[", "[[", "for", "while", "until", "if", "case", "select", "!"];
        compound.contains(&name) || name.starts_with('(') || self.scripts.iter().any(|script| script.functions().contains_key(name))
    }

    /// Whether the client itself says that it failed: then the status does not come from a reader that stopped early.
    fn client_failed(&self, failure: &CommandFailure) -> bool {
        let name = failure.command.split_whitespace().next().unwrap_or_default();
        self.seen.iter().any(|one| {
            matches!(one, Observation::ClientFailed { argv, status, .. }
                if *status == failure.status && argv.first().is_some_and(|first| first == name) && !is_question(argv))
        })
    }
}

/// Whether the client asks a question that is answered by its status.
pub(crate) fn is_question(argv: &[String]) -> bool {
    argv.iter().any(|word| word == "can-i" || word == "exists" || word == "diff")
}

/// Whether the document throws away what the command says of a failure.
fn is_quieted(command: &str) -> bool {
    let text: String = command.chars().filter(|character| !character.is_whitespace()).collect();
    ["2>/dev/null", "2>>/dev/null", "2>&-", "&>/dev/null", ">&/dev/null"].iter().any(|redirection| text.contains(redirection))
        || text.contains(">/dev/null") && text.contains("2>&1")
}

/// Programs that answer by their status. Source: their manuals.
fn answers(command: &str, status: i32) -> bool {
    let words: BTreeSet<&str> = command.split_whitespace().collect();
    let has = |names: &[&str]| names.iter().any(|name| words.contains(name));
    let is_one = status == 1;
    match command.split_whitespace().next().unwrap_or_default() {
        "git" => is_one && has(&["diff", "grep", "merge-base", "ls-files", "show-ref", "check-ignore", "config"]),
        "jq" => {
            matches!(status, 1 | 4)
                && (words.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('e'))
                    || has(&["--exit-status"]))
        }
        "systemctl" | "service" | "rc-service" => status <= 4,
        "npm" | "yarn" | "pnpm" => is_one && has(&["outdated", "audit", "ls", "list"]),
        "ps" | "pidof" | "lsof" | "getent" | "dpkg" | "rpm" | "mountpoint" | "nc" | "ping" | "host" | "id" | "shellcheck" | "yamllint" => {
            status <= 2
        }
        "terraform" | "tofu" => status == 2 && has(&["plan"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(command: &str, status: i32, place: Place) -> CommandFailure {
        CommandFailure { line: 0, called_from: None, command: command.to_owned(), status, place, tolerated: false, is_answer: false }
    }

    #[track_caller]
    fn check(command: &str, status: i32, stderr: &str, expected: bool) {
        let scripts = [Script::parse("fetch() { curl -f x; }")];
        let around = Around { seen: &[], stderr, scripts: &scripts };
        for place in [Place::Pipeline, Place::BeforeAnd] {
            assert_eq!(around.hider(&failure(command, status, place)).is_some(), expected, "{command} in {place:?}");
        }
    }

    #[test]
    fn a_part_of_a_pipeline_that_fails_aloud_or_with_another_status_than_1_was_not_meant() {
        check("cat missing", 1, "cat: missing: No such file or directory", true);
        check("curl -sf http://localhost:1", 7, "", true);
        check("kubectl get pdo 2>&1", 1, "", true);
        check("nosuchcommand 2>/dev/null", 127, "", true);
        check("az grup list 2>/dev/null", 2, "", true);
        check("git log --onelien", 129, "", true);
    }

    #[test]
    fn answers_limits_and_what_the_document_does_not_want_to_hear_of_are_left_alone() {
        check("az group show -n x 2>/dev/null", 3, "", false);
        check("kubectl get ns x >/dev/null 2>&1", 1, "", false);
        check("timeout 5 tail -f log", 124, "", false);
        check("some-check", 1, "", false);
        check("fetch x", 22, "curl: (22)", false);
        check("for i in 1 2; do false; done", 1, "x", false);
        check("git diff --quiet", 1, "x", false);
        check("jq -e .x f", 4, "x", false);
        check("find / -name x", 1, "find: '/proc/1/fd': Permission denied", false);
    }

    #[test]
    fn under_set_plus_e_failures_are_the_documents_own_business() {
        let around = Around { seen: &[], stderr: "x", scripts: &[] };
        assert_eq!(around.hider(&CommandFailure { tolerated: true, ..failure("cat missing", 1, Place::Pipeline) }), None);
        assert_eq!(around.hider(&failure("cat missing", 1, Place::Awaited)), Some(Hider::Wait));
        assert_eq!(around.hider(&failure("cat missing", 1, Place::TopLevel)), None);
        assert_eq!(around.hider(&failure("red -r line", 127, Place::TopLevel)), Some(Hider::Condition));
    }
}
