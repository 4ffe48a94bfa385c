//! Command lines that nobody could read, and names that nothing has, where the document does not look at why something failed. Pure.
//!
//! `kubectl gte pods || true` is meant to bear that there are no pods, and not that there is no such command. Programs say of themselves
//! when they could not read their words; where the document shows that message, it is meant.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    bash::{Command, CommandKind, Script},
    engine::{
        program::is_slip,
        result::{CommandFailure, Hider},
        world::Observation,
    },
    runbook::Step,
};

/// What the libraries that read options say of one that they do not know. Source: getopt of glibc, curl, git, cobra.
static UNKNOWN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?m)^(?:.*/)?([\w.-]+): (?:unrecognized option|unrecognised option|invalid option|unknown option|option) (?:-- )?['‘`]?([\w-]+)['’`:]?",
    )
    .expect("a constant that the tests compile")
});

/// What shells say of a name that nothing has, in a script file or a function: bash, then dash.
static NOT_FOUND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^\S.*?: (?:line (\d+): (\S+): command not found|(\d+): (\S+): not found)$").expect("a constant that the tests compile")
});

/// What a step that went well otherwise has said and been told.
#[derive(Clone, Copy)]
pub(super) struct Heard<'a> {
    pub(super) step: &'a Step,
    pub(super) script: &'a Script,
    pub(super) seen: &'a [Observation],
    pub(super) stderr: &'a str,
    /// All of the document: functions are defined anywhere.
    pub(super) scripts: &'a [Script],
    /// What the shell itself has told of.
    pub(super) known: &'a [crate::shell::CommandFailure],
}

impl Heard<'_> {
    /// The failures that the document cannot have meant.
    pub(super) fn misused(&self) -> Vec<CommandFailure> {
        let mut found: Vec<CommandFailure> = Vec::new();
        let mut add = |failure: CommandFailure| {
            if !found.iter().any(|other| other.command == failure.command) {
                found.push(failure);
            }
        };
        for one in self.seen {
            if let Observation::ClientFailed { argv, status, message } = one
                && is_misuse(argv, *status, message)
                && !self.shows(message)
            {
                let at = self.command_like(argv);
                let command = at.map_or_else(|| argv.join(" "), |at| self.text(at).to_owned());
                add(self.failure(at, command, *status));
            }
        }
        for words in UNKNOWN.captures_iter(self.stderr) {
            let (name, option) = (&words[1], &words[2]);
            let uses = |command: &&Command| command.kind == CommandKind::Simple && command.name() == Some(name);
            let at = self.script.commands().iter().filter(uses).find(|command| self.text(command).contains(option));
            if let Some(at) = at.filter(|_| !self.shows(words[0].trim())) {
                add(self.failure(Some(at), self.text(at).to_owned(), 2));
            }
        }
        for words in NOT_FOUND.captures_iter(self.stderr) {
            let Some(name) = words.get(2).or_else(|| words.get(4)).map(|name| name.as_str()) else { continue };
            let own = self.scripts.iter().flat_map(|script| script.functions().keys()).map(String::as_str);
            let is_known = self.known.iter().any(|failure| failure.command.split_whitespace().next() == Some(name));
            if !is_known && is_slip(name, "", own) && !self.shows(name) {
                let at = self.script.commands().iter().find(|command| command.name() == Some(name));
                add(self.failure(at, name.to_owned(), 127));
            }
        }
        found
    }

    /// The document shows the message, so it is meant.
    fn shows(&self, message: &str) -> bool {
        let promised = self.step.directives.expect_exit.is_some() || self.step.directives.expect_stderr.is_some();
        promised || self.step.expectations.iter().any(|expectation| expectation.text.contains(message))
    }

    fn failure(&self, at: Option<&Command>, command: String, exit_code: i32) -> CommandFailure {
        let line = at.map_or(self.step.script_line, |at| self.step.script_line + at.line);
        CommandFailure { line, command, exit_code, hidden_by: Some(Hider::Condition) }
    }

    fn text(&self, command: &Command) -> &str {
        self.step.script.get(command.span.start..command.span.end).unwrap_or_default()
    }

    /// The command whose words are those that the client was given.
    fn command_like(&self, argv: &[String]) -> Option<&Command> {
        let fits = |command: &&Command| {
            command.name().is_some_and(|name| Some(name) == argv.first().map(String::as_str))
                && command.words.iter().filter(|word| word.literal).all(|word| argv.contains(&word.text))
        };
        self.script.commands().iter().filter(fits).max_by_key(|command| command.words.iter().filter(|word| word.literal).count())
    }
}

/// Whether a client says that it could not read its words.
fn is_misuse(argv: &[String], status: i32, message: &str) -> bool {
    match argv.first().map(String::as_str) {
        // Source: azure-cli's exit codes: 2 is for a command line that it cannot read.
        Some("az") => status == 2,
        Some("kubectl") => ["unknown command", "unknown flag", "unknown shorthand flag"].iter().any(|text| message.contains(text)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::{Companions, parse};

    #[track_caller]
    fn check(text: &str, seen: &[(&str, i32, &str)], stderr: &str, expected: &[&str]) {
        let (runbook, _) = parse("d.md", text.as_bytes(), &Companions::default());
        let scripts: Vec<Script> = runbook.steps.iter().map(|step| Script::parse(&step.script)).collect();
        let seen: Vec<Observation> = seen
            .iter()
            .map(|(words, status, message)| Observation::ClientFailed {
                argv: words.split(' ').map(str::to_owned).collect(),
                status: *status,
                message: (*message).to_owned(),
            })
            .collect();
        let heard = Heard { step: &runbook.steps[0], script: &scripts[0], seen: &seen, stderr, scripts: &scripts, known: &[] };
        let found: Vec<String> = heard.misused().into_iter().map(|failure| format!("{} {}", failure.line, failure.command)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_client_that_cannot_read_its_words_is_not_meant() {
        let text = "```bash\naz group show -n x || true\nkubectl atuh can-i get pods || true\n```\n";
        let unknown = "error: unknown command \"atuh\" for \"kubectl\"";
        check(text, &[("kubectl atuh can-i get pods", 1, unknown)], "", &["3 kubectl atuh can-i get pods"]);
        check(text, &[("az group show -n x", 2, "unrecognized arguments")], "", &["2 az group show -n x"]);
        check(text, &[("az group show -n x", 3, "not found"), ("kubectl get pod", 1, "NotFound")], "", &[]);
        let shown = format!("{text}\n```output\n{unknown}\n```\n");
        check(&shown, &[("kubectl atuh can-i get pods", 1, unknown)], "", &[]);
    }

    #[test]
    fn an_option_that_a_program_does_not_know_is_not_meant() {
        let text = "```bash\nif curl --ouptut x http://h; then :; fi\ngrep --colour-me x || true\n```\n";
        check(text, &[], "curl: option --ouptut: is unknown\n", &["2 curl --ouptut x http://h"]);
        check(text, &[], "grep: unrecognized option '--colour-me'\nUsage: grep\n", &["3 grep --colour-me x"]);
        check(text, &[], "tool: unrecognized option '--other'\n", &[]);
    }

    #[test]
    fn a_misspelt_name_in_a_file_is_not_meant() {
        let text = "```bash\n./a.sh\n```\n";
        check(text, &[], "./a.sh: line 2: ste: command not found\n", &["2 ste"]);
        check(text, &[], "a.sh: 3: exot: not found\n", &["2 exot"]);
        check(text, &[], "./a.sh: line 2: frobctl: command not found\n", &[]);
    }
}
