//! Damaged documents, run, and what became of each.

use std::fs;

use docent::runbook::Runbook;
use serde_json::Value;

use super::damage::Damage;
use crate::support::docent_in;

/// What became of a damaged document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It failed at the damaged step, at one that uses what was damaged, or at one that names the damaged step as its cause.
    Noticed,
    /// It cannot be read any more, and says so.
    Unreadable,
    /// It failed first at a step that has nothing to do with it.
    Misplaced(String),
    /// Nothing failed, but something could not be run.
    Incomplete(String),
    /// Nothing failed.
    Survived,
}

/// Runs the documents of all damages, in one process.
pub(super) fn outcomes(runbook: &Runbook, damages: &[&Damage], arguments: &[&str]) -> Vec<Outcome> {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let text = runbook.source.text();
    for (index, damage) in damages.iter().enumerate() {
        fs::write(folder.path().join(format!("{index:05}.md")), damage.apply(text)).expect("a scratch file");
    }
    let mut words = vec!["test", ".", "--report", "json=report.json", "--quiet", "--timeout", "20s", "--fail-fast", "--color", "never"];
    words.extend(arguments);
    let ended = docent_in(folder.path(), &words);
    let reports = ended.report["runbooks"].as_array().unwrap_or_else(|| panic!("no report:\n{}{}", ended.stdout, ended.stderr));
    let mut outcomes = vec![Outcome::Unreadable; damages.len()];
    for report in reports {
        let name = report["path"].as_str().unwrap_or_default().trim_start_matches("./").trim_end_matches(".md");
        let index: usize = name.parse().expect("the number of a damage");
        outcomes[index] = outcome(runbook, damages[index], report);
    }
    outcomes
}

fn outcome(runbook: &Runbook, damage: &Damage, report: &Value) -> Outcome {
    if report["status"] == "unreadable" {
        return Outcome::Unreadable;
    }
    let steps = report["steps"].as_array().map_or(&[][..], Vec::as_slice);
    let Some(at) = steps.iter().position(|step| step["status"] == "failed" || step["status"] == "timed-out") else {
        let blocked = steps.iter().find(|step| step["status"] == "unsupported").map(|step| step["blocked_by"]["what"].to_string());
        return blocked.map_or(Outcome::Survived, Outcome::Incomplete);
    };
    let names_it = runbook.steps.get(damage.step).is_some_and(|step| steps[at]["caused_by"]["step"] == step.id.as_str());
    if at == damage.step || damage.consumers.contains(&at) || names_it {
        return Outcome::Noticed;
    }
    Outcome::Misplaced(runbook.steps.get(at).map_or_else(|| at.to_string(), |step| step.id.clone()))
}
