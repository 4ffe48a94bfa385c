//! Expected outputs: which are there, how they are judged, what they say.

use std::collections::BTreeMap;

use super::{
    Report, Side,
    align::{SAME, anywhere, in_order, left_over},
    blocks::first_difference,
    codes::{EXPECTATION_CHANGED, EXPECTATION_MISSING},
    statement::shown,
};
use crate::runbook::{Criterion, Expectation, Runbook};

/// Compares the expected outputs of steps; `steps` says which step here a step of the source is.
pub(super) fn compare(here: &Side<'_>, there: &Side<'_>, steps: &BTreeMap<usize, usize>, report: &mut Report<'_>) {
    let (all_here, all_there) = (all(here.runbook), all(there.runbook));
    let mut pairs = in_order(all_here.len(), all_there.len(), |one, other| {
        let (one, other) = (&all_here[one], &all_there[other]);
        match same_lines(&one.1.text, &other.1.text) {
            true if one.1.criterion == other.1.criterion => SAME,
            true => 2,
            false => 0,
        }
    });
    let extra = left_over(all_here.len(), pairs.iter().map(|pair| pair.0));
    let missing = left_over(all_there.len(), pairs.iter().map(|pair| pair.1));
    pairs.extend(anywhere(
        extra.into_iter().map(|position| (position, Some(all_here[position].0))),
        missing.into_iter().map(|position| (position, steps.get(&all_there[position].0).copied())),
    ));
    for (one, other) in &pairs {
        differences(all_here[*one].1, all_there[*other].1, report);
    }
    for (step, expectation) in left_over(all_here.len(), pairs.iter().map(|pair| pair.0)).into_iter().map(|position| all_here[position]) {
        // A step that is not in the source has its own findings.
        if steps.values().any(|known| *known == step) {
            report.add(EXPECTATION_MISSING, expectation.line, "the source expects no output here".to_owned(), None);
        }
    }
    for (step, expectation) in left_over(all_there.len(), pairs.iter().map(|pair| pair.1)).into_iter().map(|position| all_there[position]) {
        // The output may stand there still, without what made it one.
        let is_judged = |line: usize| all_here.iter().any(|(_, expectation)| expectation.fence_line == line);
        let mut fences = here.outline.fences.iter();
        let bare = fences.find(|fence| same_lines(&fence.content, &expectation.text) && !is_judged(fence.line));
        if let Some(fence) = bare.filter(|_| !expectation.text.trim().is_empty()) {
            let (message, hint) = if expectation.criterion == Criterion::Unmarked {
                let message = format!("this is no output of a step here; in the source it is (line {})", expectation.fence_line);
                (message, "take over its tag, and the text between it and the block")
            } else {
                let had = judged(expectation);
                let message = format!("this output has lost its directive: the source has `{had}` (line {})", expectation.line);
                (message, "take over the comment as it is")
            };
            report.add(EXPECTATION_MISSING, fence.line, message, Some(hint.to_owned()));
        } else if let Some(step) = steps.get(&step).and_then(|step| here.runbook.steps.get(*step)) {
            let message = format!("the source expects an output of this block ({}, line {})", judged(expectation), expectation.line);
            report.add(EXPECTATION_MISSING, step.line, message, Some("take over the comment and the output".to_owned()));
        }
    }
}

fn all(runbook: &Runbook) -> Vec<(usize, &Expectation)> {
    let steps = runbook.steps.iter().enumerate();
    steps.flat_map(|(step, found)| found.expectations.iter().map(move |expectation| (step, expectation))).collect()
}

/// Whether two outputs are the same but for blanks at the ends of lines and blank lines at the end.
fn same_lines(one: &str, other: &str) -> bool {
    one.trim_end().lines().map(str::trim_end).eq(other.trim_end().lines().map(str::trim_end))
}

fn differences(one: &Expectation, other: &Expectation, report: &mut Report<'_>) {
    if one.criterion != other.criterion {
        let (here, there) = (judged(one), judged(other));
        let message = if one.criterion == Criterion::Unmarked {
            format!("this output has lost its directive: the source has `{there}` (line {})", other.line)
        } else {
            format!("`{here}` is `{there}` in the source (line {})", other.line)
        };
        report.add(EXPECTATION_CHANGED, one.line, message, Some("take over the comment as it is".to_owned()));
    } else if one.comparison != other.comparison {
        let message = format!("this output is compared in another way than in the source (line {})", other.line);
        report.add(EXPECTATION_CHANGED, one.line, message, Some("take over the comment as it is".to_owned()));
    }
    if !same_lines(&one.text, &other.text) {
        let (offset, expected) = first_difference(&one.text, &other.text);
        let message = if expected.trim().is_empty() {
            format!("the source expects nothing more here (line {})", other.fence_line)
        } else {
            format!("the source expects `{}` (line {})", shown(expected.trim()), other.fence_line)
        };
        report.add(EXPECTATION_CHANGED, one.fence_line + 1 + offset, message, None);
    }
}

/// How an output is judged, as it is written.
fn judged(expectation: &Expectation) -> String {
    match &expectation.criterion {
        Criterion::Similarity(threshold) => format!("expected_similarity={threshold}"),
        Criterion::Regex(pattern) => format!("expected_similarity=\"{}\"", shown(pattern)),
        Criterion::Unmarked => "no directive".to_owned(),
    }
}
