//! Runbook + selection → which steps run, and which of them are reported. Pure.

use crate::runbook::Runbook;

/// Which steps the user asked for; empty means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// A substring of `path::step-id` or of the heading.
    pub filter: Option<String>,
    /// The id of the first step to report; earlier ones run as prerequisites.
    pub from: Option<String>,
    /// The id of the last step to run.
    pub to: Option<String>,
}

/// What becomes of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It runs and is reported.
    Run,
    /// It runs because a later step may need it; reported only if it does not pass.
    Prerequisite,
    /// It is reported as skipped, because its directive says so.
    Skip,
    /// It neither runs nor is reported.
    Leave,
}

/// The fate of each step, in document order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One entry a step.
    pub fates: Vec<Fate>,
}

impl Plan {
    /// The number of steps that are reported if all goes well.
    pub fn reported(&self) -> usize {
        self.fates.iter().filter(|fate| matches!(fate, Fate::Run | Fate::Skip)).count()
    }
}

/// A selection that names a step which the runbook does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no step is called `{id}`{}", nearest.as_ref().map(|id| format!("; did you mean `{id}`?")).unwrap_or_default())]
pub struct UnknownStep {
    /// The id that was asked for.
    pub id: String,
    /// The nearest id that exists.
    pub nearest: Option<String>,
}

/// Decides the fate of each step of `runbook`. A plan that reports nothing is a valid answer: the filter matched elsewhere, or nowhere.
///
/// # Errors
/// When `from` or `to` name no step of this runbook.
pub fn plan(runbook: &Runbook, selection: &Selection) -> Result<Plan, UnknownStep> {
    let first = selection.from.as_deref().map(|id| position(runbook, id)).transpose()?.unwrap_or(0);
    let last = selection.to.as_deref().map(|id| position(runbook, id)).transpose()?.unwrap_or(usize::MAX);
    let chosen = |index: usize| {
        let step = &runbook.steps[index];
        let named = selection.filter.as_ref().is_none_or(|filter| {
            format!("{}::{}", runbook.source.path(), step.id).contains(filter.as_str()) || step.heading.contains(filter.as_str())
        });
        named && index >= first && index <= last
    };
    let end = (0..runbook.steps.len()).rev().find(|index| chosen(*index));
    let fates = (0..runbook.steps.len())
        .map(|index| match (chosen(index), runbook.steps[index].directives.skip.is_some()) {
            (true, true) => Fate::Skip,
            (true, false) => Fate::Run,
            (false, false) if end.is_some_and(|end| index < end) => Fate::Prerequisite,
            (false, _) => Fate::Leave,
        })
        .collect();
    Ok(Plan { fates })
}

fn position(runbook: &Runbook, id: &str) -> Result<usize, UnknownStep> {
    runbook.steps.iter().position(|step| step.id == id).ok_or_else(|| UnknownStep {
        id: id.to_owned(),
        nearest: runbook
            .steps
            .iter()
            .map(|step| (strsim::damerau_levenshtein(&step.id, id), &step.id))
            .filter(|(distance, _)| *distance <= id.len() / 2)
            .min()
            .map(|(_, id)| id.clone()),
    })
}
