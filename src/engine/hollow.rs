//! Captures that asked a client for a part of its answer and got nothing, although the document uses it. Pure.
//!
//! `ID=$(az identity show … --query clientID)` succeeds and leaves the variable empty, because no field is called so. What then uses it fails
//! in words of its own, or does not fail at all; the mistake is here.

use crate::{
    bash::{Assignment, CommandKind, Script, Use},
    engine::{cause::Scene, result::Failure},
};

/// What asks for a part of an answer.
const SELECTORS: [&str; 4] = ["--query", "jsonpath", "go-template", "custom-columns"];

impl Scene<'_> {
    /// The captures of the step that hold nothing and are used in commands, in order.
    pub(crate) fn hollow_captures(&self) -> Vec<Failure> {
        let script = &self.scripts[self.index];
        let is_last = |one: &Assignment| {
            script.assignments().iter().rfind(|other| other.name == one.name).is_some_and(|other| other.span == one.span)
        };
        let is_hollow = |one: &&Assignment| {
            one.is_capture
                && one.is_lasting()
                && !one.in_function
                && is_last(one)
                && self.values.get(&one.name).is_some_and(String::is_empty)
        };
        script.assignments().iter().filter(is_hollow).filter_map(|one| self.hollow(one)).collect()
    }

    fn hollow(&self, one: &Assignment) -> Option<Failure> {
        let step = &self.runbook.steps[self.index];
        let text = step.script.get(one.span.start..one.span.end)?;
        let selector = SELECTORS.iter().find(|selector| text.contains(**selector))?;
        // A filter may find nothing: `[?name=='x']`.
        if text.contains("[?") || text.contains("||") || text.contains("2>/dev/null") {
            return None;
        }
        if self.scripts.iter().enumerate().any(|(index, script)| self.is_asked_about_in(index, script, &one.name)) {
            return None;
        }
        let used = self.scripts.iter().enumerate().skip(self.index).find_map(|(index, script)| {
            let is_behind = |used: &&Use| index > self.index || used.span.start > one.span.end;
            let mut uses = script.uses().iter().filter(|used| used.name == one.name);
            let again = script.assignments().iter().any(|other| index > self.index && other.name == one.name && other.gives_value());
            if again {
                return None;
            }
            uses.find(is_behind).map(|used| self.runbook.steps[index].script_line + used.line)
        })?;
        let reason = format!("what it asks for with {selector} is empty or not there, and line {used} uses it");
        Some(Failure::Capture { line: step.script_line + one.line, name: one.name.clone(), reason })
    }

    /// Whether the document thinks of its being empty anywhere.
    fn is_asked_about_in(&self, index: usize, script: &Script, name: &str) -> bool {
        let text = &self.runbook.steps[index].script;
        script.uses().iter().filter(|used| used.name == name).any(|used| {
            let command = used.command.and_then(|command| script.commands().get(command));
            let is_tested = command.is_some_and(|command| {
                let text = text.get(command.span.start..command.span.end).unwrap_or_default();
                (command.kind == CommandKind::Test || command.name() == Some("test"))
                    && (text.contains("-z ") || text.contains("-n ") || text.contains("\"\""))
            });
            used.guarded || is_tested
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::runbook::{Companions, parse};

    #[track_caller]
    fn check(blocks: &[&str], expected: &[&str]) {
        let text: String = blocks.iter().map(|block| format!("```bash\n{block}\n```\n\n")).collect();
        let (runbook, _) = parse("d.md", text.as_bytes(), &Companions::default());
        let scripts: Vec<Script> = runbook.steps.iter().map(|step| Script::parse(&step.script)).collect();
        let values = BTreeMap::from([("ID".to_owned(), String::new())]);
        let scene =
            Scene { runbook: &runbook, scripts: &scripts, index: 0, before: &[], values: &values, given: &BTreeSet::new(), past: &[] };
        let found = scene.hollow_captures();
        let found: Vec<String> = found
            .iter()
            .filter_map(|failure| match failure {
                Failure::Capture { line, reason, .. } => Some(format!("{line} {reason}")),
                _ => None,
            })
            .collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(found, expected)| found.contains(expected)), "{found:?}");
    }

    #[test]
    fn a_field_that_is_not_there_fails_where_it_is_asked_for() {
        check(
            &["ID=$(az identity show --query clientID -o tsv)\necho \"$ID\""],
            &["2 what it asks for with --query is empty or not there, and line 3"],
        );
        check(&["ID=$(kubectl get cm a -o jsonpath='{.data.X}')", "az x --id $ID"], &["line 6 uses it"]);
    }

    #[test]
    fn what_may_be_empty_may_be_empty() {
        check(&["ID=$(az x show --query y)"], &[]);
        check(&["ID=$(az x list --query \"[?name=='a'].id\")\necho $ID"], &[]);
        check(&["ID=$(az x show --query y)\nif [ -z \"$ID\" ]; then :; fi\necho $ID"], &[]);
        check(&["ID=$(az x show --query y)\necho ${ID:-none}"], &[]);
        check(&["ID=$(cat f)\necho $ID"], &[]);
        check(&["ID=$(az x show --query y)", "ID=1\necho $ID"], &[]);
    }
}
