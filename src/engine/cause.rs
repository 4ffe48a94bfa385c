//! Why a step failed, when the reason lies before the failing command: a variable that is empty, a resource that was never made. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use regex::Regex;

use crate::{
    bash::Script,
    engine::result::{Cause, CommandFailure, Failure},
    runbook::Runbook,
};

/// What is remembered of a step that ran, for those after it.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    /// Index in the runbook.
    pub(crate) index: usize,
    /// Whether it did what it was meant to do.
    pub(crate) succeeded: bool,
    /// The step where the reason of its failure lies; itself when the reason is its own.
    pub(crate) root: usize,
    /// Its script with the variables' values filled in, lower case.
    pub(crate) expanded: String,
}

/// Values of the shell's variables.
pub(crate) type Values = BTreeMap<String, String>;

/// What the search for a cause may look at.
pub(crate) struct Scene<'a> {
    pub(crate) runbook: &'a Runbook,
    /// One entry a step, in document order.
    pub(crate) scripts: &'a [Script],
    /// The failed step.
    pub(crate) index: usize,
    /// The steps before it, in the order of the run.
    pub(crate) before: &'a [usize],
    /// The shell's variables after it.
    pub(crate) values: &'a Values,
    /// Variables that came from outside the document.
    pub(crate) given: &'a BTreeSet<String>,
    pub(crate) past: &'a [Past],
}

/// A variable that is used although it holds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EmptyUse {
    pub(crate) name: String,
    /// The 1-based document line of the use.
    pub(crate) line: usize,
    /// Where the variable was assigned its nothing: step and 1-based document line; none when it never was.
    pub(crate) assigned: Option<(usize, usize)>,
    /// A variable of the document with a value and a name like this one.
    pub(crate) nearest: Option<String>,
}

impl Scene<'_> {
    fn document_line(&self, step: usize, script_line: usize) -> usize {
        self.runbook.steps[step].script_line + script_line
    }

    /// Unguarded uses of empty or unset variables in the failed step, in order, each name once a statement.
    pub(crate) fn empty_uses(&self) -> Vec<EmptyUse> {
        let script = &self.scripts[self.index];
        let mut found: Vec<EmptyUse> = Vec::new();
        for used in script.uses().iter().filter(|used| !used.guarded && !used.in_function) {
            if self.given.contains(&used.name) || !self.values.get(&used.name).is_none_or(String::is_empty) {
                continue;
            }
            let line = self.document_line(self.index, used.line);
            let assigned = self.last_assignment(&used.name, used.span.start);
            // Set by something that is not an assignment (read, a loop, a function's local): not ours to judge.
            if assigned.is_none() && self.values.contains_key(&used.name) {
                continue;
            }
            if !found.iter().any(|other| other.name == used.name && other.line == line) {
                found.push(EmptyUse { name: used.name.clone(), line, assigned, nearest: self.nearest(&used.name) });
            }
        }
        found
    }

    fn last_assignment(&self, name: &str, before: usize) -> Option<(usize, usize)> {
        let here =
            self.scripts[self.index].assignments().iter().rfind(|one| one.name == name && one.span.start < before && one.gives_value());
        if let Some(one) = here {
            return Some((self.index, self.document_line(self.index, one.line)));
        }
        self.before.iter().rev().find_map(|step| {
            let step = *step;
            if let Some(capture) = self.runbook.steps[step].directives.captures.iter().rfind(|capture| capture.name == name) {
                return Some((step, capture.line));
            }
            let one = self.scripts[step].assignments().iter().rfind(|one| one.name == name && one.gives_value())?;
            Some((step, self.document_line(step, one.line)))
        })
    }

    fn nearest(&self, name: &str) -> Option<String> {
        self.values
            .iter()
            .filter(|(other, value)| *other != name && !value.is_empty() && self.is_the_documents(other))
            .map(|(other, _)| (likeness(name, other), other))
            .filter(|(likeness, _)| *likeness >= 0.6)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, other)| other.clone())
    }

    fn is_the_documents(&self, name: &str) -> bool {
        let captured = |step: usize| self.runbook.steps[step].directives.captures.iter().any(|capture| capture.name == name);
        let assigned = |step: usize| self.scripts[step].assignments().iter().any(|one| one.name == name);
        self.before.iter().chain([&self.index]).any(|step| assigned(*step) || captured(*step))
    }

    /// The cause of a failure, if it lies elsewhere than in the failing command itself.
    pub(crate) fn cause(&self, failing: Option<&CommandFailure>, stderr: &str) -> Option<Cause> {
        self.empty_variable(failing).or_else(|| if is_own_mistake(stderr) { None } else { self.missing_resource(stderr) })
    }

    fn empty_variable(&self, failing: Option<&CommandFailure>) -> Option<Cause> {
        let first = self.runbook.steps[self.index].script_line;
        let statement = self.scripts[self.index].statement_at(failing?.line.checked_sub(first)?)?;
        let lines = self.document_line(self.index, statement.line)..=self.document_line(self.index, statement.last_line);
        let used = self.empty_uses().into_iter().find(|used| lines.contains(&used.line))?;
        Some(match used.assigned {
            Some((step, line)) => {
                Cause { step, line, reason: format!("{} is empty since line {line}", used.name), variable: Some(used.name) }
            }
            None => self.never_set(used.name, used.line, used.nearest.as_deref()),
        })
    }

    /// The first of the variables that fail the step because nobody sets them.
    pub(crate) fn unset(&self, failures: &[Failure]) -> Option<Cause> {
        failures.iter().find_map(|failure| match failure {
            Failure::Unset { line, name, nearest } => Some(self.never_set(name.clone(), *line, nearest.as_deref())),
            _ => None,
        })
    }

    fn never_set(&self, name: String, line: usize, nearest: Option<&str>) -> Cause {
        let hint = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
        Cause { step: self.index, line, reason: format!("{name} is used in line {line} and never set{hint}"), variable: Some(name) }
    }

    /// An earlier step that failed, and whose commands name a resource that the error names.
    fn missing_resource(&self, stderr: &str) -> Option<Cause> {
        let names = resource_names(stderr);
        let own = expand(&self.runbook.steps[self.index].script, self.values).to_lowercase();
        let failed = |past: &&Past| !past.succeeded && past.index != self.index;
        for name in &names {
            // A name that this step's own commands do not use comes from somewhere else in the message.
            if !own.contains(name.as_str()) && !stderr.to_lowercase().contains(&format!("\"{name}\"")) && !is_path_segment(stderr, name) {
                continue;
            }
            if let Some(past) = self.past.iter().rev().filter(failed).find(|past| contains_word(&past.expanded, name)) {
                // A step that failed because of another is no cause of its own: repairing it alone would change nothing.
                let origin = past.root;
                let line = self.line_of(origin, name).unwrap_or(self.runbook.steps[origin].line);
                return Some(Cause {
                    step: origin,
                    line,
                    variable: None,
                    reason: format!("an earlier step that deals with `{name}` failed"),
                });
            }
        }
        None
    }

    fn line_of(&self, step: usize, name: &str) -> Option<usize> {
        let step = &self.runbook.steps[step];
        let script = expand(&step.script, self.values).to_lowercase();
        script.lines().position(|line| contains_word(line, name)).map(|line| step.script_line + line)
    }
}

/// How alike two variable names are, 0 to 1: letters, or a shared tail of words (`KEYVAULT_RESOURCE_GROUP`, `RESOURCE_GROUP`).
fn likeness(a: &str, b: &str) -> f64 {
    let (a, b) = (a.to_ascii_uppercase(), b.to_ascii_uppercase());
    let tail = a.ends_with(&format!("_{b}")) || b.ends_with(&format!("_{a}"));
    let letters = strsim::normalized_damerau_levenshtein(&a, &b);
    if tail { letters.max(0.9) } else { letters }
}

/// `script` with `$NAME` and `${NAME}` replaced by their values; anything more complicated stays.
pub(crate) fn expand(script: &str, values: &Values) -> String {
    let mut expanded = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, taken) = match after.strip_prefix('{') {
            Some(inner) => match inner.find('}') {
                Some(end) => (&inner[..end], end + 2),
                None => ("", 0),
            },
            None => {
                let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        match values.get(name).filter(|_| taken > 0) {
            Some(value) => {
                expanded.push_str(value);
                rest = &after[taken..];
            }
            None => {
                expanded.push('$');
                rest = after;
            }
        }
    }
    expanded.push_str(rest);
    expanded
}

/// Whether the message is the client's own about its words or its input, before anything was asked of a service.
fn is_own_mistake(stderr: &str) -> bool {
    [
        "error parsing ",
        "error converting YAML",
        "unrecognized arguments",
        "the following arguments are required",
        "is misspelled or not recognized",
        "syntax error",
        "unknown flag",
        "unknown command",
    ]
    .iter()
    .any(|text| stderr.contains(text))
}

/// Names of resources in an error message, most specific first, lower case: quoted words, and segments of resource paths.
fn resource_names(stderr: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut add = |name: &str| {
        let name = name.trim().to_lowercase();
        let plausible = name.len() >= 3
            && name.len() <= 128
            && !name.contains(char::is_whitespace)
            && name.chars().any(char::is_alphabetic)
            && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
            && !GENERIC.contains(&name.as_str());
        if plausible && !names.contains(&name) {
            names.push(name);
        }
    };
    for quoted in QUOTED.captures_iter(stderr) {
        let inside = &quoted[1];
        if !inside.contains('/') {
            add(inside);
            continue;
        }
        // Of a path, the last name is the most specific; the resource group and the subscription are everybody's.
        let segments: Vec<&str> = inside.trim_matches('/').split('/').collect();
        for pair in segments.rchunks(2) {
            if let [kind, name] = pair
                && !["resourcegroups", "subscriptions", "providers"].contains(&kind.to_lowercase().as_str())
            {
                add(name);
            }
        }
    }
    names
}

/// A word in quotes; an apostrophe inside a word opens nothing.
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"["']([^"'\s]{3,})["']"#).expect("the pattern is a constant that the tests compile"));

/// Words that stand in quotes in messages without naming anything.
const GENERIC: [&str; 10] = ["default", "pods", "stdin", "null", "true", "false", "none", "error", "secrets", "v1"];

fn is_path_segment(text: &str, name: &str) -> bool {
    text.to_lowercase().contains(&format!("/{name}"))
}

/// Whether `name` stands in `text` as a whole word; both lower case.
pub(crate) fn contains_word(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].chars().next_back().is_some_and(is_word) && !text[at + name.len()..].chars().next().is_some_and(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expansion_fills_in_what_is_known_and_leaves_the_rest() {
        let values = Values::from([("A".to_owned(), "x".to_owned()), ("AB".to_owned(), "y".to_owned())]);
        assert_eq!(expand("$A ${AB}-$AB$C ${A:-d} $", &values), "x y-y$C ${A:-d} $");
    }

    #[test]
    fn names_in_messages_are_most_specific_first_and_groups_are_nobodys() {
        let message = "Resource: '/subscriptions/s-1/resourcegroups/group-one/providers/microsoft.keyvault/vaults/kv-7/secrets/greeting'";
        assert_eq!(resource_names(message), ["greeting", "kv-7"]);
        assert_eq!(resource_names("pods \"sample-pod\" not found in namespace \"default\""), ["sample-pod"]);
    }

    #[test]
    fn a_variable_that_ends_like_another_is_its_nearest() {
        assert!(likeness("KEYVAULT_RESOURCE_GROUP", "RESOURCE_GROUP") > likeness("KEYVAULT_RESOURCE_GROUP", "KEYVAULT_NAME"));
    }
}
