//! A step's expectations against its output. Pure.

use crate::{
    engine::{
        cause::{Values, expand},
        result::{Check, Stream},
        shown::{Author, lack},
    },
    runbook::{Criterion, Expectation, Step, StreamChoice},
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

/// What a step printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printed<'a> {
    pub(crate) stdout: &'a Stream,
    pub(crate) stderr: &'a Stream,
}

impl Printed<'_> {
    /// The text that an expectation is about.
    fn of(&self, choice: StreamChoice) -> Stream {
        match choice {
            StreamChoice::Stdout => self.stdout.clone(),
            StreamChoice::Stderr => self.stderr.clone(),
            StreamChoice::Both => {
                let between = if self.stdout.text.is_empty() || self.stdout.text.ends_with('\n') { "" } else { "\n" };
                Stream {
                    text: format!("{}{between}{}", self.stdout.text, self.stderr.text),
                    bytes: self.stdout.bytes + self.stderr.bytes,
                    truncated: self.stdout.truncated || self.stderr.truncated,
                }
            }
        }
    }
}

/// One check an expectation, in document order.
pub(crate) fn checks(step: &Step, printed: Printed<'_>, judging: &Judging, values: &Values, author: Author<'_>) -> Vec<Check> {
    step.expectations
        .iter()
        .filter_map(|expectation| {
            let mut check = check(expectation, printed, judging, values)?;
            if check.criterion == Criterion::Unmarked
                && check.verdict.passed
                && let Some(reason) = lack(step, expectation, printed, values, author)
            {
                check.verdict = Verdict { passed: false, veto: Some(reason.clone()), reason, ..check.verdict };
            }
            Some(check)
        })
        .collect()
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

fn check(expectation: &Expectation, printed: Printed<'_>, judging: &Judging, values: &Values) -> Option<Check> {
    let criterion = criterion(expectation, judging)?;
    let output = printed.of(expectation.comparison.stream);
    let verdict = if output.truncated && criterion != Criterion::Unmarked {
        lost(&output)
    } else {
        // The document may show its own variables by name; they are filled in, as the shell would have done.
        let text = expand(&expectation.text, values);
        let filled = Expectation { criterion: criterion.clone(), text, ..expectation.clone() };
        judge_with(judging.scorer, &filled, output.text.as_bytes())
    };
    Some(Check { line: expectation.line, criterion, judged: true, verdict })
}

/// An output of which bytes were dropped proves nothing.
fn lost(output: &Stream) -> Verdict {
    Verdict {
        passed: false,
        score: None,
        ie_score: None,
        reason: format!("the block printed {} bytes, more than are kept, so its output cannot be judged", output.bytes),
        veto: None,
        costs: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(text: &str) -> Stream {
        Stream { text: text.to_owned(), bytes: text.len() as u64, truncated: false }
    }

    #[test]
    fn standard_error_stands_below_standard_output_on_a_line_of_its_own() {
        let (stdout, stderr) = (stream("out"), stream("err\n"));
        let printed = Printed { stdout: &stdout, stderr: &stderr };
        let text = |choice| printed.of(choice).text;
        assert_eq!([StreamChoice::Stdout, StreamChoice::Stderr, StreamChoice::Both].map(text), ["out", "err\n", "out\nerr\n"]);
        let (stdout, stderr) = (stream(""), Stream { truncated: true, ..stream("err") });
        let both = Printed { stdout: &stdout, stderr: &stderr }.of(StreamChoice::Both);
        assert_eq!((&*both.text, both.bytes, both.truncated), ("err", 3, true));
    }
}
