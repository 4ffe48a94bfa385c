//! A document and the source that it was translated from → where its code differs. Pure.
//!
//! Prose does not count. Deliberately absent: where an older version of the source comes from (`cli`).

mod align;
mod blocks;
mod codes;
mod essence;
mod expectation;
mod statement;

pub use codes::DRIFTS;
pub use essence::Essence;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::{
    align::{SAME, anywhere, in_order, left_over},
    blocks::Retagged,
    codes::{
        BLOCKS_DIVIDED_OTHERWISE, HERE_DOCUMENT_CHANGED, OTHER_DOCUMENT, STATEMENT_CHANGED, STATEMENT_EXTRA, STATEMENT_MISSING,
        STATEMENT_MOVED,
    },
    statement::{Statement, bare, shown, statements},
};
use crate::{
    diagnostic::{Diagnostic, Severity},
    runbook::{Defect, Runbook, outline},
};

/// With fewer statements on a side nothing is said about the document as a whole, unless they have none in common.
const STATEMENTS_TO_JUDGE_BY: usize = 5;
const STATEMENTS_TO_JUDGE_BY_NONE: usize = 3;
/// Statements that share fewer of their words are two statements, not one that changed.
const SHARED_WORDS_MIN: f64 = 0.5;
/// With more pairs to look at, changed statements are told as missing and extra ones.
const PAIRS_MAX: usize = 250_000;

/// How a document differs from its source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drift {
    /// Each difference, at the line of the document, in document order. The messages name the source's lines.
    pub findings: Vec<Diagnostic>,
    /// How many statements are missing, extra or other ones.
    pub statements: usize,
}

/// Compares a document with its source, each with what the parser found.
pub fn compare(document: (&Runbook, &[Diagnostic]), source: (&Runbook, &[Diagnostic])) -> Drift {
    let here = Side { runbook: document.0, statements: statements(document.0), outline: outline(&document.0.source) };
    let there = Side { runbook: source.0, statements: statements(source.0), outline: outline(&source.0.source) };
    let mut report = Report { here: document.0, source_path: source.0.source.path(), findings: Vec::new() };
    let pairs = Pairs::of(&here.statements, &there.statements);
    if pairs.is_other_document(&here, &there) {
        let shared = pairs.same.len() + pairs.moved.len();
        let message = format!(
            "{shared} of {} statements are those of {}, which has {}: this is another document",
            here.statements.len(),
            report.source_path,
            there.statements.len()
        );
        report.add(OTHER_DOCUMENT, 1, message, Some("compare it with the document that it was made from".to_owned()));
        return Drift { findings: report.findings, statements: here.statements.len().max(there.statements.len()) };
    }
    let steps = pairs.steps(&here.statements, &there.statements);
    let retagged = blocks::compare(&here, &there, &mut report);
    report.structure(document.1, source.1);
    let mut drift = Drift { statements: report.statements(&pairs, &here, &there, &retagged), findings: Vec::new() };
    expectation::compare(&here, &there, &steps, &mut report);
    blocks::directives(&here, &there, &steps, &mut report);
    drift.findings = report.findings;
    drift.findings.sort_by_key(|finding| (finding.span.start, finding.code));
    drift
}

/// One of the two documents.
struct Side<'a> {
    runbook: &'a Runbook,
    statements: Vec<Statement>,
    outline: crate::runbook::Outline,
}

/// Which statements correspond: positions here and in the source.
struct Pairs {
    /// The same, in the same order.
    same: Vec<(usize, usize)>,
    /// The same, in another place of the order.
    moved: Vec<(usize, usize)>,
    /// Alike.
    changed: Vec<(usize, usize)>,
    extra: Vec<usize>,
    missing: Vec<usize>,
}

impl Pairs {
    fn of(here: &[Statement], there: &[Statement]) -> Self {
        let same = in_order(here.len(), there.len(), |one, other| match (&here[one], &there[other]) {
            (one, other) if one.code != other.code => 0,
            (one, other) if one.has_body_of(other) => SAME,
            _ => 2,
        });
        let extra = left_over(here.len(), same.iter().map(|pair| pair.0));
        let missing = left_over(there.len(), same.iter().map(|pair| pair.1));
        let moved = anywhere(
            extra.iter().map(|position| (*position, here[*position].code.as_str())),
            missing.iter().map(|position| (*position, there[*position].code.as_str())),
        );
        let taken = |side: fn(&(usize, usize)) -> usize| same.iter().chain(&moved).map(side).collect::<Vec<_>>();
        let extra = left_over(here.len(), taken(|pair| pair.0).into_iter());
        let missing = left_over(there.len(), taken(|pair| pair.1).into_iter());
        let changed = alike(here, there, &extra, &missing, &same);
        let is_changed_here: BTreeSet<usize> = changed.iter().map(|pair| pair.0).collect();
        let is_changed_there: BTreeSet<usize> = changed.iter().map(|pair| pair.1).collect();
        Self {
            same,
            moved,
            changed,
            extra: extra.into_iter().filter(|position| !is_changed_here.contains(position)).collect(),
            missing: missing.into_iter().filter(|position| !is_changed_there.contains(position)).collect(),
        }
    }

    /// Whether the documents have next to nothing in common.
    fn is_other_document(&self, here: &Side<'_>, there: &Side<'_>) -> bool {
        let fewer = here.statements.len().min(there.statements.len());
        let shared = self.same.len() + self.moved.len();
        let none = shared + self.changed.len() == 0 && fewer >= STATEMENTS_TO_JUDGE_BY_NONE;
        none || fewer >= STATEMENTS_TO_JUDGE_BY && shared * 8 <= fewer && (shared + self.changed.len()) * 3 <= fewer
    }

    /// For each step of the source the step here that has most of its statements.
    fn steps(&self, here: &[Statement], there: &[Statement]) -> BTreeMap<usize, usize> {
        let mut votes: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
        for (one, other) in self.same.iter().chain(&self.moved).chain(&self.changed) {
            *votes.entry(there[*other].step).or_default().entry(here[*one].step).or_default() += 1;
        }
        // Of equals the last: an output stands below the last statement.
        votes.into_iter().filter_map(|(step, votes)| Some((step, votes.into_iter().max_by_key(|(_, number)| *number)?.0))).collect()
    }
}

/// Pairs statements that are not the same but were: the same variable, or the same command with most of its words.
fn alike(here: &[Statement], there: &[Statement], extra: &[usize], missing: &[usize], same: &[(usize, usize)]) -> Vec<(usize, usize)> {
    if extra.len().saturating_mul(missing.len()) > PAIRS_MAX {
        return Vec::new();
    }
    // Between which pairs in order a statement stands.
    let gap_here = |position: usize| same.partition_point(|pair| pair.0 < position);
    let gap_there = |position: usize| same.partition_point(|pair| pair.1 < position);
    let words = |statement: &Statement| {
        let mut words: Vec<String> = statement.code.split_whitespace().take(400).map(str::to_owned).collect();
        words.sort_unstable();
        words
    };
    let words_here: Vec<Vec<String>> = extra.iter().map(|position| words(&here[*position])).collect();
    let words_there: Vec<Vec<String>> = missing.iter().map(|position| words(&there[*position])).collect();
    let mut candidates = Vec::new();
    for (one, position_here) in extra.iter().enumerate() {
        for (other, position_there) in missing.iter().enumerate() {
            let (code_here, code_there) = (&here[*position_here].code, &there[*position_there].code);
            let is_same_variable = assigned(code_here).is_some() && assigned(code_here) == assigned(code_there);
            let shared = if is_same_variable { 1.0 } else { shared_words(&words_here[one], &words_there[other]) };
            if shared >= SHARED_WORDS_MIN && assigned(code_here).is_some() == assigned(code_there).is_some() {
                let apart = gap_here(*position_here).abs_diff(gap_there(*position_there));
                candidates.push(((shared * 1000.0) as u32, apart, *position_here, *position_there));
            }
        }
    }
    // The most alike first; of equals those that stand closest.
    candidates.sort_by_key(|(shared, apart, here, there)| (std::cmp::Reverse(*shared), *apart, *here, *there));
    let (mut taken_here, mut taken_there) = (BTreeSet::new(), BTreeSet::new());
    let mut pairs = Vec::new();
    for (_, _, one, other) in candidates {
        if !taken_here.contains(&one) && !taken_there.contains(&other) {
            taken_here.insert(one);
            taken_there.insert(other);
            pairs.push((one, other));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// The variable that a statement sets, when it does nothing else.
fn assigned(code: &str) -> Option<&str> {
    let (name, _) = code.strip_prefix("export ").unwrap_or(code).split_once('=')?;
    name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()).then_some(name).filter(|name| !name.is_empty())
}

/// Twice the number of common words by that of all; both lists are sorted.
fn shared_words(one: &[String], other: &[String]) -> f64 {
    let (mut left, mut right, mut common) = (0, 0, 0_usize);
    while let (Some(a), Some(b)) = (one.get(left), other.get(right)) {
        match a.cmp(b) {
            std::cmp::Ordering::Less => left += 1,
            std::cmp::Ordering::Greater => right += 1,
            std::cmp::Ordering::Equal => (left, right, common) = (left + 1, right + 1, common + 1),
        }
    }
    2.0 * common as f64 / (one.len() + other.len()).max(1) as f64
}

/// The findings so far.
struct Report<'a> {
    here: &'a Runbook,
    source_path: &'a str,
    findings: Vec<Diagnostic>,
}

impl Report<'_> {
    fn add(&mut self, defect: Defect, line: usize, message: String, hint: Option<String>) {
        self.add_as(defect.severity, defect, line, message, hint);
    }

    fn add_as(&mut self, severity: Severity, defect: Defect, line: usize, message: String, hint: Option<String>) {
        let source = &self.here.source;
        let whole = source.line_span(line);
        let text = source.line_text(line);
        let indentation = text.len() - text.trim_start().len();
        let span = crate::diagnostic::Span::new((whole.start + indentation).min(whole.end), whole.end);
        let finding = Diagnostic::new(severity, defect.code, source, span, message);
        self.findings.push(Diagnostic { hint, ..finding });
    }

    /// Defects of the parser that the source does not have: a fence that was broken here, a directive that was misspelt.
    fn structure(&mut self, here: &[Diagnostic], there: &[Diagnostic]) {
        let number = |found: &[Diagnostic], code: &str| found.iter().filter(|finding| finding.code == code).count();
        let serious = here.iter().filter(|finding| finding.severity > Severity::Advice);
        self.findings.extend(serious.filter(|finding| number(here, finding.code) > number(there, finding.code)).cloned());
    }

    /// Tells the differences between statements; how many statements differ.
    fn statements(&mut self, pairs: &Pairs, here: &Side<'_>, there: &Side<'_>, retagged: &Retagged) -> usize {
        let mut differing = 0;
        for (one, other) in pairs.same.iter().chain(&pairs.moved) {
            let (one, other) = (&here.statements[*one], &there.statements[*other]);
            if !one.has_body_of(other) {
                differing += 1;
                self.here_document(one, other);
            }
        }
        for (one, other) in &pairs.moved {
            let (one, other) = (&here.statements[*one], &there.statements[*other]);
            self.add(
                STATEMENT_MOVED,
                one.line,
                format!("`{}` stands at line {} of the source, in another place of the order", one.shown(), other.line),
                None,
            );
        }
        for (one, other) in &pairs.changed {
            let (one, other) = (&here.statements[*one], &there.statements[*other]);
            differing += 1;
            let message = format!("the source has `{}` (line {})", difference(&other.code, &one.code), other.line);
            self.add(STATEMENT_CHANGED, one.line, message, Some("take over the source's statement".to_owned()));
            if !one.has_body_of(other) {
                self.here_document(one, other);
            }
        }
        for position in &pairs.extra {
            let one = &here.statements[*position];
            if !retagged.here.contains(&here.runbook.steps[one.step].line) {
                differing += 1;
                self.add(STATEMENT_EXTRA, one.line, format!("`{}` is not in the source", one.shown()), None);
            }
        }
        let outside = if pairs.missing.is_empty() { HashMap::new() } else { lines_outside(here.runbook) };
        for position in &pairs.missing {
            let other = &there.statements[*position];
            if retagged.there.contains(&there.runbook.steps[other.step].line) {
                continue;
            }
            differing += 1;
            match outside.get(&other.first) {
                Some(line) => {
                    let message = format!("`{}` (line {} of the source) is in no block that runs", other.shown(), other.line);
                    self.add(STATEMENT_MISSING, *line, message, Some("put it back between its fences".to_owned()));
                }
                None => {
                    let line = place_of_missing(*position, pairs, here);
                    self.add(
                        STATEMENT_MISSING,
                        line,
                        format!("`{}` is missing here (line {} of the source)", other.shown(), other.line),
                        None,
                    );
                }
            }
        }
        self.divisions(pairs, here, there);
        differing
    }

    fn here_document(&mut self, one: &Statement, other: &Statement) {
        let pairs = one.body.iter().zip(&other.body).find(|(one, other)| one.1 != other.1);
        let (line, message) = match pairs {
            Some((one, other)) => (one.0, format!("the source has `{}` (line {})", shown(other.1.trim()), other.0)),
            None if one.body.len() > other.body.len() => {
                let (line, text) = &one.body[other.body.len()];
                (*line, format!("`{}` is not in the source's here-document (line {})", shown(text.trim()), other.line))
            }
            None => match other.body.get(one.body.len()) {
                Some((line, text)) => {
                    (one.line, format!("`{}` is missing from this here-document (line {line} of the source)", shown(text.trim())))
                }
                None => return,
            },
        };
        self.add(HERE_DOCUMENT_CHANGED, line, message, None);
    }

    /// Blocks that hold the statements of several blocks of the source, and blocks of the source that were divided.
    fn divisions(&mut self, pairs: &Pairs, here: &Side<'_>, there: &Side<'_>) {
        let mut joined: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut divided: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (one, other) in &pairs.same {
            let (one, other) = (here.statements[*one].step, there.statements[*other].step);
            joined.entry(one).or_default().insert(other);
            divided.entry(other).or_default().insert(one);
        }
        let lines = |runbook: &Runbook, steps: &BTreeSet<usize>| {
            steps.iter().map(|step| runbook.steps[*step].line.to_string()).collect::<Vec<_>>().join(", ")
        };
        for (one, others) in joined.iter().filter(|(_, others)| others.len() > 1) {
            let message =
                format!("this block holds what the source has in {} blocks (lines {})", others.len(), lines(there.runbook, others));
            self.add(BLOCKS_DIVIDED_OTHERWISE, here.runbook.steps[*one].line, message, None);
        }
        for (other, ones) in divided.iter().filter(|(_, ones)| ones.len() > 1) {
            let Some(first) = ones.first() else { continue };
            let message = format!(
                "one block of the source (line {}) is {} blocks here (lines {})",
                there.runbook.steps[*other].line,
                ones.len(),
                lines(here.runbook, ones)
            );
            self.add(BLOCKS_DIVIDED_OTHERWISE, here.runbook.steps[*first].line, message, None);
        }
    }
}

/// The part of a text around its first difference from another one, for a message.
fn difference(text: &str, other: &str) -> String {
    let common = text.split_inclusive([' ', '\n']).zip(other.split_inclusive([' ', '\n'])).take_while(|(one, other)| one == other);
    let start: usize = common.map(|(one, _)| one.len()).sum();
    // A little of what they share tells where it is.
    if start < 24 { shown(text) } else { format!("… {}", shown(text.get(start..).unwrap_or_default().trim())) }
}

/// Where a statement of the source would stand here: at the one behind which it follows.
fn place_of_missing(position: usize, pairs: &Pairs, here: &Side<'_>) -> usize {
    let next = pairs.same.partition_point(|pair| pair.1 < position);
    let before = next.checked_sub(1).and_then(|at| pairs.same.get(at));
    before.or(pairs.same.get(next)).map_or(1, |pair| here.statements[pair.0].line)
}

/// The lines of a document that are in no block that runs, by their code.
fn lines_outside(runbook: &Runbook) -> HashMap<String, usize> {
    let mut inside = BTreeSet::new();
    for step in &runbook.steps {
        inside.extend(step.line..=step.script_line + step.script.lines().count());
    }
    let lines = (1..).zip(runbook.source.text().lines()).filter(|(line, _)| !inside.contains(line));
    lines.map(|(line, text)| (bare(text), line)).filter(|(text, _)| text.len() > 8).collect()
}

#[cfg(test)]
mod tests;
