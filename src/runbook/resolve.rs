//! A runbook, looked at from one side: what holds for one target is settled, and what is out says why.

use std::sync::Arc;

use super::model::{Runbook, Step};
use super::shown::Shown;
use super::view::{Choices, Conditions, TargetName, View};

/// The runbook as `view` sees it. Steps keep their number and order; those that are out of view have `skip` with the reason.
///
/// What is said about this target beats what is said in general. Nothing conditional is left, so resolving twice changes nothing.
///
/// ```
/// use docent::runbook::{TargetName, View, parse, resolve};
/// let text = b"<!-- docent: only=live -->\n```bash\naz account show\n```\n";
/// let (runbook, _) = parse("a.md", text, &Default::default());
/// let resolved = resolve(&runbook, &View::of(TargetName::Embedded));
/// assert_eq!(resolved.steps[0].directives.skip.as_deref(), Some("only for the target live, and this is embedded"));
/// ```
pub fn resolve(runbook: &Runbook, view: &View) -> Runbook {
    let mut resolved = runbook.clone();
    let choices = std::mem::take(&mut resolved.choices);
    let shown = Shown::of(runbook, view);
    for targeted in choices.targeted.iter().filter(|targeted| targeted.target == view.target) {
        targeted.setting.apply_to_file(&mut resolved.directives);
    }
    for before in &mut resolved.before {
        *before = Arc::new(resolve(before, view));
    }
    for step in &mut resolved.steps {
        settle(step, view, &choices, &shown);
    }
    resolved
}

fn settle(step: &mut Step, view: &View, choices: &Choices, shown: &Shown) {
    let conditions = std::mem::take(&mut step.conditions);
    for targeted in conditions.targeted.iter().filter(|targeted| targeted.target == view.target) {
        match targeted.expectation {
            None => targeted.setting.apply_to_step(&mut step.directives),
            Some(position) => {
                if let Some(expectation) = step.expectations.get_mut(position) {
                    targeted.setting.apply_to_comparison(&mut expectation.comparison);
                }
            }
        }
    }
    if step.directives.skip.is_none() {
        step.directives.skip = out_of_view(&conditions, view).or_else(|| shown.hides(&conditions, choices));
    }
}

/// Why a step is out of view; none when it is in.
fn out_of_view(conditions: &Conditions, view: &View) -> Option<String> {
    if !conditions.only.is_empty() && !conditions.only.contains(&view.target) {
        let names: Vec<&str> = conditions.only.iter().copied().map(TargetName::as_str).collect();
        let noun = if names.len() == 1 { "target" } else { "targets" };
        return Some(format!("only for the {noun} {}, and this is {}", names.join(", "), view.target.as_str()));
    }
    conditions.interactive.then(|| "interactive: it needs somebody at the keyboard".to_owned())
}
