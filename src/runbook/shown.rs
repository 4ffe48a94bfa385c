//! Which tabs and zones of a document a reader has open.

use std::collections::HashSet;

use super::model::Runbook;
use super::view::{Choices, Conditions, TabGroup, View};

/// One tab of each group, and one pivot.
#[derive(Debug)]
pub(super) struct Shown {
    /// The position of the open tab of each group.
    tabs: Vec<usize>,
    /// None when no zone has a step.
    pivot: Option<String>,
}

impl Shown {
    /// What was asked for, else what the document asks for, else the first that has something to run.
    pub(super) fn of(runbook: &Runbook, view: &View) -> Self {
        Self { tabs: tabs(runbook, view), pivot: pivot(runbook, view) }
    }

    /// Why a step is not shown; none when it is.
    pub(super) fn hides(&self, conditions: &Conditions, choices: &Choices) -> Option<String> {
        for place in &conditions.tabs {
            let (Some(group), Some(open)) = (choices.groups.get(place.group), self.tabs.get(place.group)) else { continue };
            if place.tab != *open {
                let (own, open) = (group.tabs[place.tab].ids.join("+"), group.tabs[*open].ids.join("+"));
                let flag = &group.tabs[place.tab].ids[0];
                return Some(format!("in the tab {own}, and {open} is open; --tab {flag} runs it"));
            }
        }
        let hidden = conditions.zones.iter().find(|pivots| self.pivot.as_ref().is_some_and(|open| !pivots.contains(open)))?;
        let open = self.pivot.as_deref().unwrap_or_default();
        Some(format!("in the zone {}, and {open} is open; --zone {} runs it", hidden.join(", "), hidden[0]))
    }
}

fn tabs(runbook: &Runbook, view: &View) -> Vec<usize> {
    let choices = &runbook.choices;
    let mut has_step: Vec<Vec<bool>> = choices.groups.iter().map(|group| vec![false; group.tabs.len()]).collect();
    for step in runbook.steps.iter().filter(|step| step.directives.skip.is_none()) {
        for place in &step.conditions.tabs {
            has_step[place.group][place.tab] = true;
        }
    }
    let wanted: HashSet<&str> = view.tabs.iter().chain(&choices.tabs).map(String::as_str).collect();
    // What a reader opens in one group is open in all that have it.
    let mut opened: HashSet<&str> = HashSet::new();
    let mut open = Vec::with_capacity(choices.groups.len());
    for (group, has_step) in choices.groups.iter().zip(&has_step) {
        let goes = |tab: usize| {
            let condition = group.tabs[tab].condition.as_deref();
            condition.is_none_or(|condition| opened.contains(condition) || wanted.contains(condition))
        };
        let named = |name: &String| (0..group.tabs.len()).find(|tab| group.tabs[*tab].ids.contains(name) && goes(*tab));
        let asked = view.tabs.iter().chain(&choices.tabs).find_map(named);
        let with_step = |also: &dyn Fn(usize) -> bool| (0..group.tabs.len()).find(|tab| has_step[*tab] && goes(*tab) && also(*tab));
        let chosen = asked
            .or_else(|| with_step(&|tab| group.tabs[tab].ids.iter().any(|id| opened.contains(id.as_str()))))
            .or_else(|| with_step(&|_| true))
            .unwrap_or(0);
        if is_shown(group, &open) {
            opened.extend(group.tabs[chosen].ids.iter().map(String::as_str));
        }
        open.push(chosen);
    }
    open
}

/// Whether the tabs around a group are open; they come before it.
fn is_shown(group: &TabGroup, open: &[usize]) -> bool {
    group.parents.iter().all(|parent| open.get(parent.group) == Some(&parent.tab))
}

fn pivot(runbook: &Runbook, view: &View) -> Option<String> {
    let choices = &runbook.choices;
    let asked = view.zones.iter().chain(&choices.zones).find(|zone| choices.pivots.contains(zone));
    asked.cloned().or_else(|| {
        let running = runbook.steps.iter().filter(|step| step.directives.skip.is_none());
        running.flat_map(|step| step.conditions.zones.first()).find_map(|pivots| pivots.first().cloned())
    })
}
