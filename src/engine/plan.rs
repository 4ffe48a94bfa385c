//! Runbook + selection → which steps run, in which order, and which of them are reported. Pure.

use crate::runbook::{Role, Runbook, order};

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

/// The fate of each step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One entry a step, in document order.
    pub fates: Vec<Fate>,
    /// Indices of all steps, in the order of the run: setup, the ordinary ones, clean-up.
    pub order: Vec<usize>,
}

impl Plan {
    /// The number of steps that are reported if all goes well.
    pub fn reported(&self) -> usize {
        self.fates.iter().filter(|fate| matches!(fate, Fate::Run | Fate::Skip)).count()
    }

    /// Whether the whole document was asked for.
    pub(super) fn is_whole(&self) -> bool {
        self.reported() == self.fates.len()
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
/// Setup and clean-up belong to every selection that is not empty.
///
/// # Errors
/// When `from` or `to` name no step of this runbook.
pub fn plan(runbook: &Runbook, selection: &Selection) -> Result<Plan, UnknownStep> {
    let order = order(runbook);
    // Where each step stands in the run.
    let mut places = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, index)| places[*index] = place);
    let place = |id: &str| position(runbook, id).map(|index| places[index]);
    let first = selection.from.as_deref().map(place).transpose()?.unwrap_or(0);
    let last = selection.to.as_deref().map(place).transpose()?.unwrap_or(usize::MAX);
    let chosen = |index: usize| {
        let step = &runbook.steps[index];
        let named = selection.filter.as_ref().is_none_or(|filter| {
            format!("{}::{}", runbook.source_of(step).path(), step.id).contains(filter.as_str()) || step.heading.contains(filter.as_str())
        });
        named && places[index] >= first && places[index] <= last
    };
    let end = order.iter().rposition(|index| chosen(*index));
    let fates = (0..runbook.steps.len())
        .map(|index| {
            let directives = &runbook.steps[index].directives;
            match (chosen(index), directives.skip.is_some()) {
                (true, true) => Fate::Skip,
                (true, false) => Fate::Run,
                (false, false) if end.is_some() && directives.role != Role::Ordinary => Fate::Run,
                (false, false) if end.is_some_and(|end| places[index] < end) => Fate::Prerequisite,
                (false, _) => Fate::Leave,
            }
        })
        .collect();
    Ok(Plan { fates, order })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::{Companions, parse};

    /// Steps `a` to `e` in document order; `b` cleans up, `d` sets up.
    fn runbook() -> Runbook {
        let text: String = ["a", "b", "c", "d", "e"].map(|id| format!("<!-- docent: name={id} -->\n```bash\n:\n```\n\n")).concat();
        let (mut runbook, found) = parse("x.md", format!("# X\n\n{text}").as_bytes(), &Companions::default());
        assert!(found.is_empty(), "{found:?}");
        runbook.steps[1].directives.role = Role::Cleanup;
        runbook.steps[3].directives.role = Role::Setup;
        runbook
    }

    /// Each step in the order of the run, with the first letter of its fate.
    #[track_caller]
    fn check(selection: Selection, expected: &str) {
        let runbook = runbook();
        let plan = plan(&runbook, &selection).expect("its steps exist");
        let shown: Vec<String> =
            plan.order.iter().map(|index| format!("{}{}", runbook.steps[*index].id, &format!("{:?}", plan.fates[*index])[..1])).collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn setup_runs_first_and_clean_up_last() {
        check(Selection::default(), "dR aR cR eR bR");
    }

    #[test]
    fn setup_and_clean_up_belong_to_every_selection_but_the_empty_one() {
        let filter = |text: &str| Selection { filter: Some(format!("::{text}")), ..Selection::default() };
        check(filter("c"), "dR aP cR eL bR");
        check(filter("d"), "dR aL cL eL bR");
        check(filter("nowhere"), "dL aL cL eL bL");
        check(Selection { from: Some("c".to_owned()), ..Selection::default() }, "dR aP cR eR bR");
        check(Selection { to: Some("a".to_owned()), ..Selection::default() }, "dR aR cL eL bR");
    }
}
