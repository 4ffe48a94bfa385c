//! Whether what is said about the steps of a document goes together.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, SourceFile, Span};

use super::defect::{CONTRADICTORY_DIRECTIVE, UNKNOWN_STEP, UNKNOWN_TAB};
use super::ids;
use super::model::{Role, Step};
use super::order::{arrange, rank};
use super::said::Said;
use super::view::Choices;
use super::vocabulary::Key;

/// With more steps than these a hint does not list them.
const LISTED_MAX: usize = 8;
/// Pairs of which a step may have only one, each with why.
const EXCLUDE: [(Key, Key, &str); 16] = [
    (Key::Setup, Key::Cleanup, "`setup` and `cleanup` are said of one step"),
    (Key::Background, Key::ExpectExit, "a `background` step keeps running, so it has no exit status to expect"),
    (Key::Background, Key::ExpectStderr, "a `background` step keeps running, so its standard error is not judged; `ready` looks at it"),
    (Key::Background, Key::Capture, "a `background` step keeps running, so nothing can be captured from its output"),
    (Key::Background, Key::Interactive, "an `interactive` step is never run, so it cannot run in the background"),
    (Key::Skip, Key::Background, "a step that is skipped cannot run in the background"),
    (Key::Eventually, Key::Retry, "`eventually` says for how long a step is tried again, `retry` how often"),
    (Key::Eventually, Key::Background, "a `background` step is judged when it is stopped, so it cannot be tried again"),
    (Key::Retry, Key::Background, "a `background` step is judged when it is stopped, so it cannot be tried again"),
    (Key::Eventually, Key::Interactive, "an `interactive` step is never run, so it cannot be tried again"),
    (Key::Retry, Key::Interactive, "an `interactive` step is never run, so it cannot be tried again"),
    (Key::Skip, Key::Eventually, "a step that is skipped cannot be tried again"),
    (Key::Skip, Key::Retry, "a step that is skipped cannot be tried again"),
    (Key::Principal, Key::Background, "a `background` step outlives the time for which somebody else is signed in"),
    (Key::Principal, Key::Interactive, "an `interactive` step is never run, so nobody can run it"),
    (Key::Cleanup, Key::Needs, "a `cleanup` step runs whatever became of the others, so it cannot need one of them"),
];

/// Keys that only say more about others, each with the one that it needs.
const DEPEND: [(Key, &str, Key, &str); 3] = [
    (Key::Ready, "ready", Key::Background, "background"),
    (Key::Every, "every", Key::Eventually, "eventually"),
    (Key::Backoff, "backoff", Key::Retry, "retry"),
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
    for (key, name, needed, other) in DEPEND {
        if views.iter().any(|view| said.has(key, *view) && !said.has(needed, *view)) {
            report(&format!("`{name}` without `{other}`"), &format!("add `{other}`, or remove `{name}`"));
        }
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
    if steps.iter().all(|step| step.directives.stop.is_empty()) {
        return;
    }
    let positions = positions(steps);
    // Steps that wait for each other are reported; where they are the order is a guess.
    let mut turns = vec![0; steps.len()];
    let order = arrange(steps).unwrap_or_else(|_| (0..steps.len()).collect());
    order.into_iter().enumerate().for_each(|(turn, position)| turns[position] = turn);
    let turn = |position: usize| (rank(steps[position].directives.role), turns[position]);
    let mut unknown = 0;
    for (position, step) in steps.iter().enumerate() {
        for id in &step.directives.stop {
            let span = spans.get(position).copied().unwrap_or_default();
            let diagnostic = match positions.get(id.as_str()) {
                None => {
                    unknown += 1;
                    let known = (unknown <= ids::HINTS_MAX).then_some(&positions);
                    no_such_step(UNKNOWN_STEP.at(source, span, format!("there is no step `{id}` to stop")), id, known)
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

/// What is wrong with `needs=` and `after=`: they name other steps, none of which comes later by its role or waits for this one.
pub(super) fn turns(steps: &[Step], spans: &[Span], source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) {
    if steps.iter().all(|step| step.directives.needs.is_empty() && step.directives.after.is_empty()) {
        return;
    }
    let positions = positions(steps);
    let span = |position: usize| spans.get(position).copied().unwrap_or_default();
    let mut unknown = 0;
    for (position, step) in steps.iter().enumerate() {
        let said = [("needs", &step.directives.needs), ("after", &step.directives.after)];
        for (key, id) in said.into_iter().flat_map(|(key, ids)| ids.iter().map(move |id| (key, id))) {
            match positions.get(id.as_str()) {
                None => {
                    unknown += 1;
                    let known = (unknown <= ids::HINTS_MAX).then_some(&positions);
                    let diagnostic = UNKNOWN_STEP.at(source, span(position), format!("`{key}` names `{id}`, and there is no such step"));
                    diagnostics.push(no_such_step(diagnostic, id, known));
                }
                Some(other) if rank(steps[*other].directives.role) > rank(step.directives.role) => {
                    let role = if steps[*other].directives.role == Role::Cleanup { "cleans up" } else { "is no setup" };
                    let message = format!("`{key}` names `{id}` (line {}), which {role} and so runs later", steps[*other].line);
                    diagnostics
                        .push(CONTRADICTORY_DIRECTIVE.at(source, span(position), message).with_hint(format!("remove `{id}` from `{key}`")));
                }
                Some(_) => {}
            }
        }
    }
    if let Err(circle) = arrange(steps)
        && let Some(first) = circle.first()
    {
        let names: Vec<String> = circle.iter().chain([first]).map(|position| format!("`{}`", steps[*position].id)).collect();
        let message = match circle.as_slice() {
            [one] => format!("`{}` can only run after itself", steps[*one].id),
            _ => format!("these steps each come after the next one: {}", names.join(", ")),
        };
        diagnostics.push(CONTRADICTORY_DIRECTIVE.at(source, span(*first), message).with_hint("remove one `after` or `needs`"));
    }
}

fn positions(steps: &[Step]) -> HashMap<&str, usize> {
    steps.iter().enumerate().map(|(position, step)| (step.id.as_str(), position)).collect()
}

/// The same with the id that was perhaps meant; not looked for when there is nothing to look in.
fn no_such_step(diagnostic: Diagnostic, id: &str, known: Option<&HashMap<&str, usize>>) -> Diagnostic {
    match known.and_then(|known| ids::nearest(id, known.keys().copied())) {
        Some(near) => diagnostic.with_hint(format!("did you mean `{near}`?")),
        None => match known.filter(|known| (1..=LISTED_MAX).contains(&known.len())) {
            Some(known) => {
                let mut ids: Vec<&str> = known.keys().copied().collect();
                ids.sort_unstable_by_key(|id| known.get(id));
                diagnostic.with_hint(format!("steps of this document are `{}`", ids.join("`, `")))
            }
            None => diagnostic,
        },
    }
}
