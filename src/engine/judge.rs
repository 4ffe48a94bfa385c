//! A step's expectations against its output. Pure.

use crate::{
    engine::{
        cause::{Values, expand},
        result::{Check, Stream},
    },
    runbook::{Criterion, Expectation, Step},
    score::{Scorer, Verdict, judge_with},
};

/// How outputs are judged.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Judging {
    /// Which judge decides.
    pub scorer: Scorer,
    /// What outputs without a directive are worth.
    pub unmarked: UnmarkedPolicy,
}

/// What outputs without a directive are worth.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum UnmarkedPolicy {
    /// Their score is advice; only a contradiction fails.
    #[default]
    Advise,
    /// They are judged as if they said `expected_similarity=` with this threshold.
    Judge(f64),
    /// They are not looked at.
    Ignore,
}

/// One check an expectation, in document order.
pub(crate) fn checks(step: &Step, stdout: &Stream, judging: &Judging, values: &Values) -> Vec<Check> {
    step.expectations.iter().filter_map(|expectation| check(expectation, stdout, judging, values)).collect()
}

fn check(expectation: &Expectation, stdout: &Stream, judging: &Judging, values: &Values) -> Option<Check> {
    let criterion = match (&expectation.criterion, judging.unmarked) {
        (Criterion::Unmarked, UnmarkedPolicy::Ignore) => return None,
        (Criterion::Unmarked, UnmarkedPolicy::Judge(threshold)) => Criterion::Similarity(threshold),
        (criterion, _) => criterion.clone(),
    };
    let verdict = if stdout.truncated && criterion != Criterion::Unmarked {
        lost(stdout)
    } else {
        // The document may show its own variables by name; they are filled in, as the shell would have done.
        let text = expand(&expectation.text, values);
        let filled = Expectation { criterion: criterion.clone(), text, ..expectation.clone() };
        judge_with(judging.scorer, &filled, stdout.text.as_bytes())
    };
    Some(Check { line: expectation.line, criterion, verdict })
}

/// An output of which bytes were dropped proves nothing.
fn lost(stdout: &Stream) -> Verdict {
    Verdict {
        passed: false,
        score: None,
        ie_score: None,
        reason: format!("the block printed {} bytes, more than are kept, so its output cannot be judged", stdout.bytes),
        veto: None,
        costs: Vec::new(),
    }
}
