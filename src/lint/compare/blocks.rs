//! Code blocks that do not run, tags, and directives.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Report, Side,
    align::{SAME, anywhere, in_order, left_over},
    codes::{BLOCK_CHANGED, BLOCK_MISSING, DIRECTIVE_CHANGED, TAG_CHANGED},
    statement::{normalised, shown},
};
use crate::{
    diagnostic::Severity,
    runbook::{Directive, Fenced, Runbook},
};

/// Tags of blocks whose text may be prose.
const PROSE_TAGS: [&str; 6] = ["", "text", "txt", "output", "console", "markdown"];

/// The lines of steps that have lost or got their executable tag, here and in the source.
#[derive(Debug, Default)]
pub(super) struct Retagged {
    pub(super) here: BTreeSet<usize>,
    pub(super) there: BTreeSet<usize>,
}

/// Compares tags, and the blocks that are neither steps nor expected outputs.
pub(super) fn compare(here: &Side<'_>, there: &Side<'_>, report: &mut Report<'_>) -> Retagged {
    let (fences_here, fences_there) = (&here.outline.fences, &there.outline.fences);
    let keys_here: Vec<String> = fences_here.iter().map(|fence| normalised(&fence.content)).collect();
    let keys_there: Vec<String> = fences_there.iter().map(|fence| normalised(&fence.content)).collect();
    let same = in_order(fences_here.len(), fences_there.len(), |one, other| match keys_here[one] == keys_there[other] {
        true if fences_here[one].tag.eq_ignore_ascii_case(&fences_there[other].tag) => SAME,
        true if !keys_here[one].is_empty() => 2,
        _ => 0,
    });
    let (kinds_here, kinds_there) = (Kinds::of(here.runbook), Kinds::of(there.runbook));
    let mut retagged = Retagged::default();
    for (one, other) in &same {
        let (one, other) = (&fences_here[*one], &fences_there[*other]);
        if one.tag.eq_ignore_ascii_case(&other.tag) {
            continue;
        }
        let (runs, ran) = (kinds_here.steps.contains(&one.line), kinds_there.steps.contains(&other.line));
        let (severity, effect) = match (runs, ran) {
            (false, true) => (TAG_CHANGED.severity, ", so this block does not run"),
            (true, false) => (TAG_CHANGED.severity, ", which does not run"),
            _ => (Severity::Advice, ""),
        };
        if runs != ran {
            retagged.here.insert(one.line);
            retagged.there.insert(other.line);
        }
        let message = format!("the tag is `{}`; the source has `{}` (line {}){effect}", one.tag, other.tag, other.line);
        report.add_as(severity, TAG_CHANGED, one.line, message, Some(format!("write `{}`", other.tag)));
    }
    let shown_only = |kinds: &Kinds, fences: &[Fenced], position: &usize| {
        fences.get(*position).is_some_and(|fence| !kinds.steps.contains(&fence.line) && !kinds.outputs.contains(&fence.line))
    };
    let extra: Vec<usize> = left_over(fences_here.len(), same.iter().map(|pair| pair.0));
    let extra: Vec<usize> = extra.into_iter().filter(|position| shown_only(&kinds_here, fences_here, position)).collect();
    let missing: Vec<usize> = left_over(fences_there.len(), same.iter().map(|pair| pair.1));
    let missing: Vec<usize> = missing.into_iter().filter(|position| shown_only(&kinds_there, fences_there, position)).collect();
    let tags = |fences: &[Fenced], position: usize| fences[position].tag.to_lowercase();
    let changed = anywhere(
        extra.iter().map(|position| (*position, tags(fences_here, *position))),
        missing.iter().map(|position| (*position, tags(fences_there, *position))),
    );
    for (one, other) in &changed {
        let (one, other) = (&fences_here[*one], &fences_there[*other]);
        if PROSE_TAGS.contains(&one.tag.to_lowercase().as_str()) {
            continue;
        }
        let (offset, expected) = first_difference(&one.content, &other.content);
        let message = if expected.trim().is_empty() {
            format!("the source has nothing here in this block (line {})", other.line)
        } else {
            format!("the source has `{}` in this block (line {})", shown(expected.trim()), other.line)
        };
        report.add(BLOCK_CHANGED, one.line + 1 + offset, message, None);
    }
    for position in extra.iter().filter(|position| changed.iter().all(|pair| pair.0 != **position)) {
        let fence = &fences_here[*position];
        report.add(BLOCK_MISSING, fence.line, format!("a block{} that the source does not have", tagged(fence)), None);
    }
    for position in missing.iter().filter(|position| changed.iter().all(|pair| pair.1 != **position)) {
        let fence = &fences_there[*position];
        let before = same.iter().take_while(|pair| pair.1 < *position).last();
        let line = before.map_or(1, |pair| fences_here[pair.0].line);
        report.add(BLOCK_MISSING, line, format!("a block{} of the source (line {}) is missing below", tagged(fence), fence.line), None);
    }
    retagged
}

fn tagged(fence: &Fenced) -> String {
    if fence.tag.is_empty() { String::new() } else { format!(" tagged `{}`", fence.tag) }
}

/// The first line that differs, counted from 0, and what the other text has there; nothing when it has ended.
pub(super) fn first_difference<'a>(text: &str, other: &'a str) -> (usize, &'a str) {
    let mut others = other.lines();
    let mut number = 0;
    for line in text.lines() {
        match others.next() {
            Some(expected) if expected.trim_end() == line.trim_end() => number += 1,
            Some(expected) => return (number, expected),
            None => return (number, ""),
        }
    }
    (number.saturating_sub(1), others.next().unwrap_or_default())
}

/// Which fences are steps and which are expected outputs, by their lines.
struct Kinds {
    steps: BTreeSet<usize>,
    outputs: BTreeSet<usize>,
}

impl Kinds {
    fn of(runbook: &Runbook) -> Self {
        let outputs = runbook.steps.iter().flat_map(|step| &step.expectations).map(|expectation| expectation.fence_line);
        Self { steps: runbook.steps.iter().map(|step| step.line).collect(), outputs: outputs.collect() }
    }
}

/// Compares the comments that speak to docent, each by what it says and the step that it stands before.
pub(super) fn directives(here: &Side<'_>, there: &Side<'_>, steps: &BTreeMap<usize, usize>, report: &mut Report<'_>) {
    let (all_here, all_there) = (&here.outline.directives, &there.outline.directives);
    let step_here = |directive: &Directive| next_step(here.runbook, directive);
    let step_there = |directive: &Directive| next_step(there.runbook, directive).and_then(|step| steps.get(&step).copied());
    let mut pairs = anywhere(
        all_here.iter().enumerate().map(|(position, directive)| (position, (step_here(directive), directive.text.as_str()))),
        all_there.iter().enumerate().map(|(position, directive)| (position, (step_there(directive), directive.text.as_str()))),
    );
    let open = |pairs: &[(usize, usize)]| {
        (left_over(all_here.len(), pairs.iter().map(|pair| pair.0)), left_over(all_there.len(), pairs.iter().map(|pair| pair.1)))
    };
    let (extra, missing) = open(&pairs);
    let moved = anywhere(
        extra.into_iter().map(|position| (position, all_here[position].text.as_str())),
        missing.into_iter().map(|position| (position, all_there[position].text.as_str())),
    );
    for (one, other) in &moved {
        let (one, other) = (&all_here[*one], &all_there[*other]);
        // A step that is missing has its own finding.
        if step_there(other).is_some() {
            let message = format!("`{}` stands before another step than in the source (line {})", shown(&one.text), other.line);
            report.add(DIRECTIVE_CHANGED, one.line, message, None);
        }
    }
    pairs.extend(moved);
    let (extra, missing) = open(&pairs);
    let scope = |directive: &Directive| directive.text.split(':').next().unwrap_or_default().to_owned();
    let changed = anywhere(
        extra.iter().map(|position| (*position, (step_here(&all_here[*position]), scope(&all_here[*position])))),
        missing.iter().map(|position| (*position, (step_there(&all_there[*position]), scope(&all_there[*position])))),
    );
    for (one, other) in &changed {
        let (one, other) = (&all_here[*one], &all_there[*other]);
        report.add(DIRECTIVE_CHANGED, one.line, format!("the source says `{}` (line {})", shown(&other.text), other.line), None);
    }
    pairs.extend(changed);
    let (extra, missing) = open(&pairs);
    for directive in extra.into_iter().map(|position| &all_here[position]) {
        report.add(DIRECTIVE_CHANGED, directive.line, format!("`{}` is not in the source", shown(&directive.text)), None);
    }
    for directive in missing.into_iter().map(|position| &all_there[position]) {
        let line = step_there(directive).map_or(1, |step| here.runbook.steps[step].line);
        let message = format!("`{}` is missing here (line {} of the source)", shown(&directive.text), directive.line);
        report.add(DIRECTIVE_CHANGED, line, message, Some("take over the comment as it is".to_owned()));
    }
}

/// The step that a comment stands before, by position; none for one that speaks of the whole document.
fn next_step(runbook: &Runbook, directive: &Directive) -> Option<usize> {
    if directive.text.starts_with("docent-file") {
        return None;
    }
    let next = runbook.steps.partition_point(|step| step.line < directive.line);
    (next < runbook.steps.len()).then_some(next)
}
