//! Every line of the main runbook carries something: take one away, and a step fails, no later than the first that needs it.

use std::{
    fs,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use docent::runbook::{Companions, Runbook, parse};

use crate::support::{root, test_document};

/// Lines whose absence changes nothing that a reader is promised, and why.
const SPARE: [(&str, &str); 14] = [
    ("set -u", "catches what other lines forget; nothing is forgotten while it alone is missing"),
    ("--node-count 1 \\", "three nodes do as well as one"),
    ("--output none", "only keeps a long answer from being printed"),
    ("--generate-ssh-keys \\", "nobody signs in to the nodes"),
    ("echo \"$ISSUER\"", "only prints"),
    ("--location \"$REGION\" \\", "the group's own region is the default"),
    ("--enable-rbac-authorization true \\", "the default of this az"),
    ("--audiences api://AzureADTokenExchange", "the default"),
    ("namespace: $NAMESPACE", "`default` is the default"),
    ("nodeSelector:", "every node runs Linux"),
    ("kubernetes.io/os: linux", "every node runs Linux"),
    ("--assignee-principal-type ServicePrincipal \\", "the directory knows what the principal is"),
    ("--query principalType --output tsv", "only chooses what is printed"),
    (
        "--query \"{name: name, rbac: properties.enableRbacAuthorization, purgeProtection: properties.enablePurgeProtection}\"",
        "only chooses what is printed",
    ),
];

#[test]
fn no_line_can_be_taken_away_unnoticed() {
    let text = fs::read_to_string(root().join("runbooks/aks-workload-identity.md")).expect("the main runbook");
    let (runbook, diagnostics) = parse("document.md", text.as_bytes(), &Companions::default());
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let lines = load_bearing(&runbook);
    for (spare, _) in SPARE {
        assert!(text.lines().any(|line| line.trim() == spare), "`{spare}` is spared, and does not occur");
    }
    assert!(lines.len() > 60, "only {} lines were found to take away", lines.len());

    let (next, unnoticed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(line) = lines.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(complaint) = take_away(&text, &runbook, line) {
                        unnoticed.lock().unwrap().push(complaint);
                    }
                }
            });
        }
    });
    let unnoticed = unnoticed.into_inner().unwrap();
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}

struct Line {
    /// 1-based document line.
    number: usize,
    text: String,
    /// The last step at which its absence must have been noticed.
    needed_by: usize,
}

fn load_bearing(runbook: &Runbook) -> Vec<Line> {
    let mut lines = Vec::new();
    for (index, step) in runbook.steps.iter().enumerate() {
        for (offset, text) in step.script.lines().enumerate() {
            let trimmed = text.trim();
            if trimmed.is_empty() || SPARE.iter().any(|(spare, _)| *spare == trimmed) {
                continue;
            }
            let variable = trimmed.strip_prefix("export ").and_then(|rest| rest.split_once('=')).map(|(name, _)| format!("${name}"));
            // A variable is needed by the first step that uses it; anything else by the end of the document at the latest.
            let needed_by = match &variable {
                Some(name) => (index..runbook.steps.len())
                    .find(|user| {
                        runbook.steps[*user]
                            .script
                            .lines()
                            .enumerate()
                            .any(|(at, line)| (*user, at) != (index, offset) && line.contains(name.as_str()))
                    })
                    .unwrap_or(runbook.steps.len()),
                None => runbook.steps.len(),
            };
            lines.push(Line { number: step.script_line + offset, text: trimmed.to_owned(), needed_by });
        }
    }
    lines
}

/// Runs the document without `line`; a complaint when nothing, or something too late, failed.
fn take_away(text: &str, runbook: &Runbook, line: &Line) -> Option<String> {
    let without: String = text.split_inclusive('\n').enumerate().filter(|(at, _)| at + 1 != line.number).map(|(_, line)| line).collect();
    let ended = test_document(without, &["--quiet"]);
    let described = format!("line {} `{}`", line.number, line.text);
    if ended.code == 3 {
        // An emptied block leaves an expectation without its step: the document cannot be read any more.
        return None;
    }
    if ended.code != 1 {
        return Some(format!("{described}: exit status {} without it\n{}{}", ended.code, ended.stdout, ended.stderr));
    }
    let failed = ended.steps().iter().find(|step| step["status"] == "failed" || step["status"] == "timed-out")?;
    let first = runbook.steps.iter().position(|step| failed["id"] == step.id.as_str())?;
    (first > line.needed_by).then(|| format!("{described}: first noticed by `{}`, after the step that needs it", runbook.steps[first].id))
}
