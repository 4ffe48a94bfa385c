//! The command cannot print what the document expects.
//!
//! * JSON is expected after `--output tsv` or `--output table`, or of `kubectl` without `-o json`;
//! * something else than JSON is expected of `az` commands that print nothing else;
//! * something is expected although every command of the step says `--output none`, or all output goes into variables.
//!
//! Such a check fails in every run, or was never made. Change the format, show what really is printed, or remove the expectation.

use crate::{
    bash::{Command, CommandKind, Place, Word},
    lint::{
        az::AzCall,
        document::{Block, Document},
        rule::Finding,
    },
    runbook::{Criterion, Expectation},
};

/// What the commands of a step print together, as far as the text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Printed {
    Nothing(&'static str),
    NoJson(&'static str),
    OnlyJson,
    Unknown,
}

/// Commands of `kubectl` that print lines or tables unless `-o` says otherwise.
const PRINTING_LINES: [&str; 13] =
    ["annotate", "apply", "create", "delete", "describe", "expose", "get", "label", "patch", "replace", "rollout", "scale", "wait"];
/// Verbs of `az` that print what they made or found.
const PRINTING_JSON: [&str; 5] = ["create", "show", "list", "update", "set"];
/// They print text of their own, or nothing.
const PRINTING_TEXT: [&str; 4] = ["account set", "config set", "acr credential-set create", "aks update"];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What `az` prints by itself may be settled elsewhere.
    let has_format =
        ["core.output", "az configure", "az config set", "az init", "az interactive"].iter().any(|words| document.mentions(words));
    for block in &document.blocks {
        let printed = match printed(block) {
            Printed::OnlyJson if has_format => Printed::Unknown,
            printed => printed,
        };
        for expectation in &block.step.expectations {
            let Some(message) = contradiction(printed, expectation) else { continue };
            let span = document.runbook.source.line_span(expectation.line);
            let finding = Finding::new(span, message).with_hint("show what the step prints, or change what it prints");
            findings.push(match expectation.criterion {
                // Nothing is compared, so nothing fails; still a reader is misled.
                Criterion::Unmarked => finding.advice(),
                _ => finding,
            });
        }
    }
    findings
}

fn printed(block: &Block<'_>) -> Printed {
    let commands = block.script.commands();
    // Parts of conditions, loops and functions may or may not run.
    if block.script.statements().is_empty()
        || !block.script.is_valid()
        || commands.iter().any(|command| command.kind == CommandKind::Compound || command.in_function)
    {
        return Printed::Unknown;
    }
    let at_top: Vec<_> = commands.iter().filter(|command| command.place != Place::Capture).collect();
    if at_top.iter().all(|command| matches!(command.kind, CommandKind::Assignment | CommandKind::Declaration)) {
        let prints = at_top.iter().any(|command| {
            command.kind == CommandKind::Declaration
                && command.words.iter().any(|word| word.text.contains('p') && word.text.starts_with('-'))
        });
        return if prints { Printed::Unknown } else { Printed::Nothing("all output of the step goes into variables") };
    }
    let simple: Vec<_> = at_top.iter().filter(|command| command.kind == CommandKind::Simple).collect();
    let mut formats = Vec::new();
    let mut are_of_kubectl = !simple.is_empty();
    for command in &simple {
        let is_plain = command.place == Place::TopLevel && !block.text(command.span).contains('>');
        if !is_plain {
            return Printed::Unknown;
        }
        if prints_lines(command) {
            continue;
        }
        are_of_kubectl = false;
        let Some(call) = AzCall::of(command).filter(|call| !call.is_open()) else { return Printed::Unknown };
        match call.output() {
            Some(format) => formats.push(format.to_lowercase()),
            None if prints_json(&call) => formats.push("json".to_owned()),
            None => return Printed::Unknown,
        }
    }
    let are = |wanted: &[&str]| !formats.is_empty() && formats.iter().all(|format| wanted.contains(&format.as_str()));
    if are_of_kubectl {
        Printed::NoJson("`kubectl` prints lines or a table")
    } else if formats.len() < simple.len() {
        Printed::Unknown
    } else if are(&["none"]) {
        Printed::Nothing("the step's commands say `--output none`")
    } else if are(&["tsv", "table", "none"]) {
        Printed::NoJson("the step's commands print tsv or a table")
    } else if are(&["yaml", "yamlc", "none"]) {
        Printed::NoJson("the step's commands print YAML")
    } else if are(&["json"]) && simple.iter().all(|command| AzCall::of(command).is_some_and(|call| prints_json(&call))) {
        Printed::OnlyJson
    } else {
        Printed::Unknown
    }
}

/// Whether it is a command of `kubectl` that prints no JSON.
fn prints_lines(command: &Command) -> bool {
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    let ["kubectl", verb, rest @ ..] = words.as_slice() else { return false };
    let is_lines = |value: &str| matches!(value.trim_start_matches('='), "wide" | "name");
    let has_format = rest.iter().enumerate().any(|(at, word)| {
        let value = word.strip_prefix("--output").or_else(|| word.strip_prefix("-o"));
        let is_format =
            value.is_some_and(|value| !is_lines(if value.is_empty() { rest.get(at + 1).copied().unwrap_or_default() } else { value }));
        is_format || word.starts_with("--template") || *word == "--raw"
    });
    PRINTING_LINES.contains(verb) && !has_format && !command.words.iter().any(may_be_options)
}

/// `$OPTIONS`: a variable that may stand for anything.
fn may_be_options(word: &Word) -> bool {
    let name = word.text.to_lowercase();
    !word.literal && name.starts_with('$') && ["opt", "arg", "flag", "output", "param"].iter().any(|part| name.contains(part))
}

/// Whether it is a command of `az` that prints the JSON of what it made or found, all of it.
fn prints_json(call: &AzCall<'_>) -> bool {
    let Some(known) = call.known() else { return false };
    let verb = known.name.rsplit(' ').next().unwrap_or_default();
    // A query may select a text, an update may go on in the background.
    let is_whole =
        !call.arguments.iter().any(|word| matches!(word.text.split('=').next(), Some("--query" | "--no-wait" | "--help" | "-h")));
    PRINTING_JSON.contains(&verb) && is_whole && !PRINTING_TEXT.contains(&known.name.as_str())
}

fn contradiction(printed: Printed, expectation: &Expectation) -> Option<String> {
    let text = expectation.text.trim();
    match printed {
        Printed::Nothing(why) if !text.is_empty() && expectation.criterion != Criterion::Unmarked => {
            Some(format!("an output is expected, but {why}"))
        }
        Printed::NoJson(what) if is_json(text) && !matches!(expectation.criterion, Criterion::Regex(_)) => {
            Some(format!("JSON is expected, but {what}"))
        }
        Printed::OnlyJson if is_prose(text) && matches!(expectation.criterion, Criterion::Similarity(_)) => {
            Some("the step's commands print JSON, and something else is expected".to_owned())
        }
        _ => None,
    }
}

/// An object, or a list of several lines: `[1]` may be a value of a table.
fn is_json(text: &str) -> bool {
    let is_object =
        || text.starts_with('{') && serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(text).is_ok_and(|map| !map.is_empty());
    is_object()
        || (text.starts_with("{\n") && text.ends_with('}') || text.starts_with("[\n") && text.ends_with(']')) && text.contains("\": ")
}

/// Several lines without any sign of JSON.
fn is_prose(text: &str) -> bool {
    text.lines().count() > 1 && !text.contains(['{', '}', '[', ']']) && !text.contains("\":")
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[track_caller]
    fn check(script: &str, expected: &str, finding: &[&str]) {
        let text = format!("```bash\n{script}\n```\n\n<!-- expected_similarity=0.3 -->\n```json\n{expected}\n```\n");
        let found = findings("contradicted-expectation", &text);
        assert_eq!(found.len(), finding.len(), "{script}: {found:?}");
        assert!(found.iter().zip(finding).all(|(found, part)| found.contains(part)), "{found:?}");
    }

    #[test]
    fn json_after_another_format_is_found() {
        check("az group show -n a -o tsv", "{\n  \"id\": \"a\"\n}", &["JSON is expected"]);
        check("az group show -n a --output=table", "{\n  \"id\": \"a\"\n}", &["JSON is expected"]);
        check("az group show -n a -o tsv", "{\"id\": \"a\"}", &["JSON is expected"]);
        check("az group show -n a -o yaml", "{\n  \"id\": \"a\"\n}", &["print YAML"]);
        check("az group show -n a -o tsv", "/subscriptions/a", &[]);
        check("az group show -n a", "{\n  \"id\": \"a\"\n}", &[]);
        check("az group show -n a -o tsv\naz group show -n a", "{\n  \"id\": \"a\"\n}", &[]);
    }

    #[test]
    fn json_that_kubectl_does_not_print_is_found() {
        check("kubectl create namespace a", "{\n  \"kind\": \"Namespace\"\n}", &["JSON is expected, but `kubectl`"]);
        check("kubectl get pods -o wide", "{\n  \"kind\": \"List\"\n}", &["JSON is expected, but `kubectl`"]);
        check("kubectl get pods -o=jsonpath={.items}", "{\n  \"kind\": \"List\"\n}", &[]);
        check("kubectl get pods -o json", "{\n  \"kind\": \"List\"\n}", &[]);
        check("kubectl get pods\ncurl -s x", "{\n  \"kind\": \"List\"\n}", &[]);
        check("kubectl get pods $OPTIONS", "{\n  \"kind\": \"List\"\n}", &[]);
    }

    #[test]
    fn text_that_az_does_not_print_is_found() {
        check("az vm create -g a -n b\naz vm show -g a -n b", "Filesystem  Size\n/dev/sda  30G", &["print JSON, and something else"]);
        check("az vm show -g a -n b --query name", "a\nb", &[]);
        check("az aks get-credentials -g a -n b", "Merged a\nas b", &[]);
        check("az vm list -o table", "Name  X\na  b", &[]);
        check("az vm show -g a -n b\ncat x", "a\nb", &[]);
    }

    #[test]
    fn an_output_after_none_is_found() {
        check("az group create -n a -o none", "{\n  \"id\": \"a\"\n}", &["--output none"]);
        check("export A=$(az group list)\nB=1", "{\n  \"id\": \"a\"\n}", &["variables"]);
        check("az group create -n a -o none\necho done", "done", &[]);
        check("A=1 env", "A", &[]);
    }
}
