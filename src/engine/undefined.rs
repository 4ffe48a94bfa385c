//! Variables that nobody sets, where that changes what a step makes although no command fails. Pure.
//!
//! bash puts nothing in the place of an unset variable and goes on: `rg-$SUFFIX` becomes `rg-`, a manifest loses a value. That fails the
//! step when the variable is a part of a longer text, or a misspelling of one that the document sets. A word that is nothing but an unset
//! variable is only noted: commands say themselves whether they need it.

use crate::{
    bash::{CommandKind, Use, is_known_variable},
    engine::{
        cause::{EmptyUse, Scene},
        result::Failure,
    },
};

impl Scene<'_> {
    /// The uses that change what the step makes, in order, each name once.
    pub(crate) fn lost_parts(&self) -> Vec<Failure> {
        let mut found: Vec<Failure> = Vec::new();
        for used in self.empty_uses().into_iter().filter(|used| used.assigned.is_none() && !is_known_variable(&used.name)) {
            let meant = used.nearest.as_deref().filter(|nearest| is_misspelling(&used.name, nearest));
            let again = found.iter().any(|other| matches!(other, Failure::Unset { name, .. } if *name == used.name));
            if !again && self.changes_something(&used, meant.is_some()) {
                found.push(Failure::Unset { line: used.line, name: used.name.clone(), nearest: meant.map(str::to_owned) });
            }
        }
        found
    }

    fn changes_something(&self, empty: &EmptyUse, is_misspelt: bool) -> bool {
        let script = &self.scripts[self.index];
        let first = self.runbook.steps[self.index].script_line;
        let here = |used: &&Use| used.name == empty.name && first + used.line == empty.line && !used.guarded && !used.in_function;
        script.uses().iter().filter(here).any(|used| {
            !self.is_asked_about(used, is_misspelt)
                && !self.may_not_run(used)
                && !self.may_be_set_elsewhere(used)
                && (is_misspelt || self.is_part(used))
        })
    }

    /// `[ -n "$X" ]`: that it may be empty is thought of; of a misspelling that is compared with something, nothing is.
    fn is_asked_about(&self, used: &Use, is_misspelt: bool) -> bool {
        let command = used.command.and_then(|index| self.scripts[self.index].commands().get(index));
        command.is_some_and(|command| {
            let text = self.text(command.span.start, command.span.end);
            let compares =
                || [" = ", " == ", " != ", " -eq ", " -ne ", " -lt ", " -gt ", " -le ", " -ge "].iter().any(|sign| text.contains(sign));
            let is_test = command.kind == CommandKind::Test || command.name() == Some("test");
            is_test && !(is_misspelt && compares()) || command.name() == Some("unset")
        })
    }

    /// In a branch, or behind `||`.
    fn may_not_run(&self, used: &Use) -> bool {
        let Some(statement) = self.scripts[self.index].statement_at(used.line) else { return true };
        let text = self.text(statement.span.start, statement.span.end);
        let is_branch = ["if", "case", "while", "until", "select"].iter().any(|word| text.split_whitespace().next() == Some(word));
        is_branch || !used.in_here_document && text.contains("||")
    }

    /// In a subshell, where sourced text may set what is gone afterwards.
    fn may_be_set_elsewhere(&self, used: &Use) -> bool {
        let commands = self.scripts[self.index].commands();
        let sources = commands.iter().filter(|command| command.span.start < used.span.start);
        sources.into_iter().any(|command| matches!(command.name(), Some("source" | "." | "eval")))
    }

    /// Whether other text stands beside it in its word, its value or its line of a here-document.
    fn is_part(&self, used: &Use) -> bool {
        let script = &self.scripts[self.index];
        if used.in_here_document {
            // `$host` and `"$schema"` belong to the languages of other programs.
            return !used.name.chars().any(|letter| letter.is_ascii_lowercase());
        }
        let holds = |start: usize, end: usize| start <= used.span.start && used.span.end <= end;
        let words = script.commands().iter().flat_map(|command| &command.words).map(|word| word.span);
        let values = script.assignments().iter().filter_map(|one| one.value);
        let around = words.chain(values).filter(|span| holds(span.start, span.end)).min_by_key(|span| span.end - span.start);
        around.is_some_and(|span| {
            let before = self.text(span.start, used.span.start);
            let after = self.text(used.span.end, span.end);
            // The value of `--name=$X` is nothing but the variable.
            let before = before.rsplit_once('=').map_or(before, |(option, value)| if option.starts_with('-') { value } else { before });
            !before.trim_matches('"').is_empty() || !after.trim_matches('"').is_empty()
        })
    }

    fn text(&self, start: usize, end: usize) -> &str {
        self.runbook.steps[self.index].script.get(start..end).unwrap_or_default()
    }
}

/// Whether `name` is `other` with a slip of the fingers in it. Names that differ in digits are siblings.
fn is_misspelling(name: &str, other: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    let most = if name.chars().count() >= 8 { 2 } else { 1 };
    name.len() > 2 && other.len() > 2 && letters(name) != letters(other) && strsim::osa_distance(name, other) <= most
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        bash::Script,
        runbook::{Companions, Runbook, parse},
    };

    /// The names that fail the last of these blocks.
    #[track_caller]
    fn check(blocks: &[&str], set: &[&str], expected: &[(&str, Option<&str>)]) {
        let text: String = blocks.iter().map(|block| format!("```bash\n{block}\n```\n\n")).collect();
        let (runbook, _): (Runbook, _) = parse("d.md", text.as_bytes(), &Companions::default());
        let scripts: Vec<Script> = runbook.steps.iter().map(|step| Script::parse(&step.script)).collect();
        let values: BTreeMap<String, String> = set.iter().map(|name| ((*name).to_owned(), "value".to_owned())).collect();
        let before: Vec<usize> = (0..runbook.steps.len() - 1).collect();
        let index = runbook.steps.len() - 1;
        let scene =
            Scene { runbook: &runbook, scripts: &scripts, index, before: &before, values: &values, given: &BTreeSet::new(), past: &[] };
        let found = scene.lost_parts();
        let found: Vec<(&str, Option<&str>)> = found
            .iter()
            .filter_map(|failure| match failure {
                Failure::Unset { name, nearest, .. } => Some((name.as_str(), nearest.as_deref())),
                _ => None,
            })
            .collect();
        assert_eq!(found, expected, "{blocks:?}");
    }

    #[test]
    fn a_part_of_a_word_of_a_value_or_of_a_here_document_fails() {
        check(&["export GROUP=\"rg-$SUFFIX\""], &["GROUP"], &[("SUFFIX", None)]);
        check(&["GROUP=\"rg-$SUFFIX\""], &["GROUP"], &[("SUFFIX", None)]);
        check(&["az x --subject repo:$ORG/$REPO"], &[], &[("ORG", None), ("REPO", None)]);
        check(&["cat <<E\nnamespace: ${SPACE}\nE"], &[], &[("SPACE", None)]);
        check(&["curl http://$HOST:$PORT/ | head"], &["PORT"], &[("HOST", None)]);
    }

    #[test]
    fn a_misspelling_fails_wherever_it_stands_and_a_sibling_is_none() {
        check(&["SUFFIX=1", "echo $SUFFIXX"], &["SUFFIX"], &[("SUFFIXX", Some("SUFFIX"))]);
        check(&["NAME1=1", "echo $NAME2"], &["NAME1"], &[]);
        check(&["WANTED=1\nGOT=2", "[ \"$WNTED\" != \"$GOT\" ]"], &["WANTED", "GOT"], &[("WNTED", Some("WANTED"))]);
        check(&["WANTED=1", "[ -z \"$WNTED\" ]"], &["WANTED"], &[]);
        check(&["RESOURCE_GROUP=x", "az x -g \"$KEYVAULT_RESOURCE_GROUP\""], &["RESOURCE_GROUP"], &[]);
    }

    #[test]
    fn what_is_thought_of_known_or_set_elsewhere_is_left_alone() {
        for script in [
            "az x -g \"$GROUP\" --name=$NAME",
            "echo a${X:-b}",
            "PATH=$PATH:$GITHUB_PATH",
            "if [ \"x$X\" = x ]; then echo a$X; fi",
            "[ \"x$X\" = x ] && echo no",
            "( . ./env; echo a$X )",
            "f() { echo a$X; }",
            "true || echo a$X",
            "cat <<E\n{\"$schema\": \"x\"}\nproxy_pass $host;\nE",
            "cat <<'E'\na: $X\nE",
            "ls | while read -r line; do echo \"- $line\"; done",
            "for i in 1; do echo a$i; done",
        ] {
            check(&[script], &[], &[]);
        }
    }
}
