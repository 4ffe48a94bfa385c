//! Whether what is said about the steps of a document goes together.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, SourceFile, Span};

use super::defect::{CONTRADICTORY_DIRECTIVE, UNKNOWN_STEP, UNKNOWN_TAB};
use super::ids;
use super::model::{Role, Step};
use super::said::Said;
use super::view::Choices;
use super::vocabulary::Key;

/// Pairs of which a step may have only one, each with why.
const EXCLUDE: [(Key, Key, &str); 6] = [
    (Key::Setup, Key::Cleanup, "`setup` and `cleanup` are said of one step"),
    (Key::Background, Key::ExpectExit, "a `background` step keeps running, so it has no exit status to expect"),
    (Key::Background, Key::ExpectStderr, "a `background` step keeps running, so its standard error is not judged; `ready` looks at it"),
    (Key::Background, Key::Capture, "a `background` step keeps running, so nothing can be captured from its output"),
    (Key::Background, Key::Interactive, "an `interactive` step is never run, so it cannot run in the background"),
    (Key::Skip, Key::Background, "a step that is skipped cannot run in the background"),
];

/// What is wrong with the keys of one step.
pub(super) fn contradictions(said: &Said, source: &SourceFile, span: Span, diagnostics: &mut Vec<Diagnostic>) {
    let mut report = |message: &str, hint: &str| {
        diagnostics.push(CONTRADICTORY_DIRECTIVE.at(source, span, message).with_hint(hint));
    };
    let views: Vec<_> = std::iter::once(None).chain(said.targets().into_iter().map(Some)).collect();
    for (one, other, message) in EXCLUDE {
        if views.iter().any(|view| said.has(one, *view) && said.has(other, *view)) {
            report(message, "remove one of the two");
        }
    }
    if views.iter().any(|view| said.has(Key::Ready, *view)) && !said.has(Key::Background, None) {
        report("`ready` without `background`", "add `background`, or remove `ready`");
    }
}

/// What is wrong with the tabs and zones that `docent-file:` chooses.
pub(super) fn choices(choices: &Choices, file: &Said, source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) {
    let tabs: Vec<&str> = choices.groups.iter().flat_map(|group| &group.tabs).flat_map(|tab| &tab.ids).map(String::as_str).collect();
    let pivots: Vec<&str> = choices.pivots.iter().map(String::as_str).collect();
    for (key, noun, chosen, known) in [(Key::Tab, "tab", &choices.tabs, tabs), (Key::Zone, "zone", &choices.zones, pivots)] {
        let line = file.line_of(key).unwrap_or(1);
        for name in chosen.iter().filter(|name| !known.contains(&name.as_str())) {
            let diagnostic = UNKNOWN_TAB.at(source, source.line_span(line), format!("the document has no {noun} `{name}`"));
            diagnostics.push(match ids::nearest(name, known.iter().copied()) {
                Some(near) => diagnostic.with_hint(format!("did you mean `{near}`?")),
                None => diagnostic,
            });
        }
    }
}

/// What is wrong with `stop=`: it ends a step in the background that started before. `spans` has a place for each step.
pub(super) fn stops(steps: &[Step], spans: &[Span], source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) {
    let positions: HashMap<&str, usize> = steps.iter().enumerate().map(|(position, step)| (step.id.as_str(), position)).collect();
    let turn = |position: usize| {
        let rank = match steps[position].directives.role {
            Role::Setup => 0,
            Role::Ordinary => 1,
            Role::Cleanup => 2,
        };
        (rank, position)
    };
    let mut unknown = 0;
    for (position, step) in steps.iter().enumerate() {
        for id in &step.directives.stop {
            let span = spans.get(position).copied().unwrap_or_default();
            let diagnostic = match positions.get(id.as_str()) {
                None => {
                    let diagnostic = UNKNOWN_STEP.at(source, span, format!("there is no step `{id}` to stop"));
                    unknown += 1;
                    match (unknown <= ids::HINTS_MAX).then(|| ids::nearest(id, positions.keys().copied())).flatten() {
                        Some(near) => diagnostic.with_hint(format!("did you mean `{near}`?")),
                        None => diagnostic,
                    }
                }
                Some(other) if steps[*other].directives.background.is_none() => CONTRADICTORY_DIRECTIVE
                    .at(source, span, format!("`stop` names `{id}` (line {}), which does not run in the background", steps[*other].line))
                    .with_hint(format!("say `background` before `{id}`")),
                Some(other) if turn(*other) >= turn(position) => CONTRADICTORY_DIRECTIVE
                    .at(source, span, format!("`stop` names `{id}` (line {}), which has not started by then", steps[*other].line))
                    .with_hint("say `stop` at a later step"),
                Some(_) => continue,
            };
            diagnostics.push(diagnostic);
        }
    }
}
