//! Everything that leaves the engine, without secrets: results, documents, diagnostics.
//!
//! Each type is taken apart by name, so a new member must be thought about here.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{Redactor, names::surety};
use crate::{
    bash::Script,
    diagnostic::Diagnostic,
    engine::{
        access::{Access, Permission, Use},
        result::{BlockedBy, Cause, Check, CommandFailure, Failure, Note, StepResult, Stream, TextDefect},
    },
    runbook::Runbook,
    score::{Cost, Verdict},
};

/// Where a redactor learns what is secret before anything has run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Learnt<'a> {
    /// Names that somebody gave on the command line or beside the documents.
    pub named: &'a [String],
    /// Variables given from outside.
    pub given: &'a [(String, String)],
}

impl<'a> Learnt<'a> {
    /// Variables that somebody has called secret: wherever a directive says so, it holds for all of the run.
    pub(crate) fn names(self, runbook: &'a Runbook) -> Vec<&'a str> {
        let steps = runbook.steps.iter().flat_map(|step| &step.directives.secrets);
        steps.chain(&runbook.directives.secrets).chain(self.named).map(String::as_str).collect()
    }
}

/// Whether a script may give a value to a variable that is secret, by its name or because somebody says so.
fn may_set_secret(script: &str, named: &[&str]) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    script.match_indices('=').any(|(at, _)| {
        let before = script[..at].strip_suffix(['+', ':']).unwrap_or(&script[..at]);
        let start = before.bytes().rposition(|byte| !is_name(byte)).map_or(0, |end| end + 1);
        let name = &before[start..];
        // The name of an array stands before what is asked of it.
        before.ends_with(']') || surety(name).is_some() || named.contains(&name)
    })
}

impl Redactor {
    /// Learns what a document itself gives away: literals that it assigns to variables that are secret, by its directives or by name.
    pub fn learn(&mut self, runbook: &Runbook, from: Learnt<'_>) {
        let named = from.names(runbook);
        // Most scripts set nothing secret, and reading them takes long.
        let steps = runbook.steps.iter().filter(|step| may_set_secret(&step.script, &named));
        let scripts: Vec<Script> = steps.map(|step| Script::parse(&step.script)).collect();
        let assigned = scripts.iter().flat_map(Script::assignments).filter_map(|one| Some((one.name.as_str(), one.literal.as_deref()?)));
        let brought = runbook.variables.iter().map(|variable| (variable.name.as_str(), variable.value.as_str()));
        let given = from.given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let variables: Vec<(&str, &str)> = assigned.chain(brought).chain(given).collect();
        self.add_secrets(variables.iter().filter(|(name, _)| named.contains(name)).map(|(_, value)| (*value).to_owned()));
        self.add_variables(variables);
    }

    /// Learns the values that variables have now.
    pub(crate) fn learn_values(&mut self, runbook: &Runbook, from: Learnt<'_>, values: &BTreeMap<String, String>) {
        let named = from.names(runbook);
        self.add_secrets(named.into_iter().filter_map(|name| values.get(name).cloned()));
        self.add_variables(values.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    }

    /// A document as it may be shown. Where its steps and lines are is no secret.
    pub fn document(&self, runbook: &Arc<Runbook>) -> Arc<Runbook> {
        let mut shown = Runbook::clone(runbook);
        self.mask_in(&mut shown.title);
        shown.properties.values_mut().for_each(|value| self.mask_value(value));
        shown.sections.iter_mut().for_each(|section| self.mask_in(&mut section.title));
        for step in &mut shown.steps {
            self.mask_in(&mut step.heading);
            self.mask_in(&mut step.script);
            step.directives.skip.iter_mut().for_each(|reason| self.mask_in(reason));
            step.expectations.iter_mut().for_each(|expectation| self.mask_in(&mut expectation.text));
        }
        shown.variables.iter_mut().for_each(|variable| self.mask_in(&mut variable.value));
        Arc::new(shown)
    }

    /// Diagnostics as they may be shown.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic]) -> Vec<Diagnostic> {
        let mut shown = diagnostics.to_vec();
        for diagnostic in &mut shown {
            self.clean(&mut diagnostic.message);
            diagnostic.hint.iter_mut().for_each(|hint| self.clean(hint));
        }
        shown
    }

    /// Sentences as they may be shown.
    pub(crate) fn sentences(&self, mut sentences: Vec<String>) -> Vec<String> {
        sentences.iter_mut().for_each(|sentence| self.clean(sentence));
        sentences
    }

    /// A result as it may be shown, with the script that it is of.
    pub(crate) fn result(&self, result: StepResult, script: &str) -> StepResult {
        let StepResult {
            index,
            status,
            script: _,
            exit_code,
            mut stdout,
            mut stderr,
            duration,
            attempts,
            earlier,
            flaky,
            mut checks,
            mut masked,
            mut failures,
            mut notes,
            mut blocked_by,
            mut caused_by,
            mut suggestion,
            background,
            mut accesses,
        } = result;
        self.stream(&mut stdout);
        self.stream(&mut stderr);
        checks.iter_mut().for_each(|check| self.check(check));
        masked.iter_mut().for_each(|failure| self.command(failure));
        failures.iter_mut().for_each(|failure| self.failure(failure));
        for Note { severity: _, code: _, message, line: _ } in &mut notes {
            self.clean(message);
        }
        if let Some(BlockedBy { what, kind: _, workaround }) = &mut blocked_by {
            self.clean(what);
            self.clean(workaround);
        }
        if let Some(Cause { step: _, line: _, variable: _, reason }) = &mut caused_by {
            self.clean(reason);
        }
        suggestion.iter_mut().for_each(|suggestion| self.clean(suggestion));
        for Access { request, status: _, refused: _, caller, checks, uses } in &mut accesses {
            self.clean(request);
            self.clean(caller);
            checks.iter_mut().for_each(|(_, found)| self.clean(found));
            uses.iter_mut().for_each(|used| self.used(used));
        }
        let script = self.mask(script);
        let earlier = earlier.into_iter().map(|attempt| self.result(attempt, "")).collect();
        StepResult {
            index,
            status,
            script,
            exit_code,
            stdout,
            stderr,
            duration,
            attempts,
            earlier,
            flaky,
            checks,
            masked,
            failures,
            notes,
            blocked_by,
            caused_by,
            suggestion,
            background,
            accesses,
        }
    }

    fn used(&self, used: &mut Use) {
        let Use { principal, name, permission } = used;
        let parts = match permission {
            Permission::Action { scope, action, on_data: _ } => vec![scope, action],
            Permission::Rule { cluster, namespace, group, resource, verb } => vec![cluster, namespace, group, resource, verb],
            Permission::Path { cluster, path, verb } => vec![cluster, path, verb],
        };
        parts.into_iter().chain([principal, name]).for_each(|text| self.clean(text));
    }

    fn stream(&self, stream: &mut Stream) {
        let Stream { text, bytes: _, truncated } = stream;
        *text = if *truncated { self.mask_cut(text) } else { self.mask(text) };
    }

    fn check(&self, check: &mut Check) {
        let Check { line: _, criterion: _, judged: _, verdict } = check;
        let Verdict { passed: _, score: _, ie_score: _, reason, veto, costs } = verdict;
        self.clean(reason);
        veto.iter_mut().for_each(|veto| self.clean(veto));
        for Cost { path, expected, actual, cost: _ } in costs {
            [path, expected, actual].into_iter().for_each(|text| self.clean(text));
        }
    }

    fn failure(&self, failure: &mut Failure) {
        match failure {
            Failure::Command(failure) | Failure::Masked(failure) => self.command(failure),
            Failure::Status { expected, actual } => [expected, actual].into_iter().for_each(|text| self.clean(text)),
            Failure::Text(TextDefect { line: _, what }) => self.clean(what),
            Failure::StderrLacks(text) | Failure::NotReady { text, waited: _ } => self.clean(text),
            Failure::Capture { line: _, name: _, reason } => self.clean(reason),
            Failure::Stranger { line: _, name, reason, nearest } => {
                [name, reason].into_iter().chain(nearest).for_each(|text| self.clean(text));
            }
            Failure::Unset { line: _, name: _, nearest: _ }
            | Failure::Expectation(_)
            | Failure::TimedOut(_)
            | Failure::RunTimedOut(_)
            | Failure::Interrupted => {}
        }
    }

    fn command(&self, failure: &mut CommandFailure) {
        let CommandFailure { line: _, command, exit_code: _, hidden_by: _ } = failure;
        self.clean(command);
    }

    fn mask_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.mask_in(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.mask_value(value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.mask_value(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn mask_in(&self, text: &mut String) {
        *text = self.mask(text);
    }

    /// Words of docent's own about the run: fixed names, no secrets.
    fn clean(&self, text: &mut String) {
        *text = self.mask(&self.alias(text));
    }
}

#[cfg(test)]
mod tests {
    use super::may_set_secret;

    #[test]
    fn scripts_are_read_that_may_give_a_secret_its_value() {
        for script in ["export ADMIN_PASSWORD=a", "x\nAPI_TOKEN+=b", ": ${CLIENT_SECRET:=c}", "keys[0]=d", "if true; then MINE=e; fi"] {
            assert!(may_set_secret(script, &["MINE"]), "{script}");
        }
        for script in ["", "az login", "NAME=a", "az vm create --name=a", "[ \"$A\" = b ]", "=", "MINES=e"] {
            assert!(!may_set_secret(script, &["MINE"]), "{script}");
        }
    }
}
