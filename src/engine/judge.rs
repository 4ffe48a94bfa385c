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

/// The same for a step whose commands failed: nothing was judged.
pub(crate) fn unjudged(step: &Step, judging: &Judging) -> Vec<Check> {
    let verdict = Verdict {
        passed: false,
        score: None,
        ie_score: None,
        reason: "not judged, because the step failed before".to_owned(),
        veto: None,
        costs: Vec::new(),
    };
    let wanted = step.expectations.iter().filter_map(|expectation| Some((expectation.line, criterion(expectation, judging)?)));
    wanted.map(|(line, criterion)| Check { line, criterion, judged: false, verdict: verdict.clone() }).collect()
}

/// How an expectation is judged under a policy; none when it is not looked at.
fn criterion(expectation: &Expectation, judging: &Judging) -> Option<Criterion> {
    match (&expectation.criterion, judging.unmarked) {
        (Criterion::Unmarked, UnmarkedPolicy::Ignore) => None,
        (Criterion::Unmarked, UnmarkedPolicy::Judge(threshold)) => Some(Criterion::Similarity(threshold)),
        (criterion, _) => Some(criterion.clone()),
    }
}

fn check(expectation: &Expectation, stdout: &Stream, judging: &Judging, values: &Values) -> Option<Check> {
    let criterion = criterion(expectation, judging)?;
    let verdict = if stdout.truncated && criterion != Criterion::Unmarked {
        lost(stdout)
    } else {
        // The document may show its own variables by name; they are filled in, as the shell would have done.
        let text = expand(&expectation.text, values);
        let filled = Expectation { criterion: criterion.clone(), text, ..expectation.clone() };
        judge_with(judging.scorer, &filled, stdout.text.as_bytes())
    };
    Some(Check { line: expectation.line, criterion, judged: true, verdict })
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
