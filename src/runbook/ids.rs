//! Ids of steps: unique in a document, stable while its headings are.

use std::collections::{HashMap, HashSet};

use strsim::osa_distance;

use crate::diagnostic::{Diagnostic, SourceFile, Span};

use super::defect::{DUPLICATE_STEP_NAME, UNKNOWN_STEP};
use super::model::{FileDirectives, Step};
use super::region::Around;
use super::said::Said;
use super::slug::slug;

/// How many unknown steps get a suggestion.
pub(super) const HINTS_MAX: usize = 10;

/// The longest unknown name that gets one.
const NAME_BYTES_MAX: usize = 300;

/// A step that has no id yet.
pub(super) struct Named {
    pub(super) step: Step,
    /// What is said of it.
    pub(super) said: Said,
    /// The tabs and zones that it stands in.
    pub(super) around: Around,
    /// Whether it says itself how its outputs are compared.
    pub(super) compares: bool,
    /// What is said of each of its expectations.
    pub(super) comparisons: Vec<Said>,
    /// What its id is made of when it has no name; its heading when none.
    pub(super) base: Option<&'static str>,
    /// The directive that said so, or the fence.
    pub(super) span: Span,
}

/// Gives each step its id: its name, or the slug of its heading, with `.2` and so on for repeats; names come first.
pub(super) fn assign(named: Vec<Named>, file: &FileDirectives, source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) -> Vec<Step> {
    let mut taken: HashMap<String, usize> = HashMap::new();
    for Named { step, said, span, .. } in &named {
        let Some(name) = said.name() else { continue };
        if let Some(line) = taken.get(name) {
            let message = format!("the name `{name}` is taken by the step at line {line}; this one stands at line {}", step.line);
            diagnostics.push(DUPLICATE_STEP_NAME.at(source, *span, message).with_hint("give each step a name of its own"));
        } else {
            taken.insert(name.to_owned(), step.line);
        }
    }
    let mut used: HashSet<String> = taken.into_keys().collect();
    let mut repeats: HashMap<String, usize> = HashMap::new();
    let mut named_before: HashSet<String> = HashSet::new();
    let steps: Vec<Step> = named
        .into_iter()
        .map(|Named { mut step, said, base, .. }| {
            step.id = match said.name().map(str::to_owned) {
                Some(name) if named_before.insert(name.clone()) => name,
                Some(name) => next(name, &mut repeats, &mut used),
                None => {
                    let slug = base.map_or_else(|| slug(&step.heading), str::to_owned);
                    next(if slug.is_empty() { "step".to_owned() } else { slug }, &mut repeats, &mut used)
                }
            };
            step
        })
        .collect();
    let ids: HashSet<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    let unknown = file.expected_failures.iter().filter(|failure| !ids.contains(failure.step.as_str()));
    for (index, failure) in unknown.enumerate() {
        let nearest = (index < HINTS_MAX).then(|| nearest(&failure.step, ids.iter().copied())).flatten();
        let diagnostic = UNKNOWN_STEP.at(source, source.line_span(failure.line), format!("there is no step `{}`", failure.step));
        diagnostics.push(match nearest {
            Some(nearest) => diagnostic.with_hint(format!("did you mean `{nearest}`?")),
            None => diagnostic,
        });
    }
    steps
}

/// The id that an unknown one is most like, when it is like one at all: no more than half of it is different.
pub(super) fn nearest<'a>(unknown: &str, ids: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A distance costs the product of both lengths.
    let ids = ids.filter(|id| unknown.len() <= NAME_BYTES_MAX && id.len() <= NAME_BYTES_MAX);
    let (distance, nearest) = ids.map(|id| (osa_distance(id, unknown), id)).min()?;
    (distance * 2 <= nearest.chars().count().max(unknown.chars().count())).then_some(nearest)
}

/// `base`, or `base.2`, `base.3` and so on: the first that is free.
fn next(base: String, repeats: &mut HashMap<String, usize>, used: &mut HashSet<String>) -> String {
    let count = repeats.entry(base.clone()).or_insert(0);
    loop {
        *count += 1;
        let id = if *count == 1 { base.clone() } else { format!("{base}.{count}") };
        if used.insert(id.clone()) {
            return id;
        }
    }
}
