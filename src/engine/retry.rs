//! When a failed step is tried again, and how long to wait before. Pure.
//!
//! A block that only looks may be run as often as one likes. One that changes something may be half done when it fails: it runs again only
//! when its author says `retry=`, and not when the failed attempt has made something that a second one would make twice.

use std::time::Duration;

use crate::{
    bash::{CommandKind, Deed, Effect, Script},
    engine::result::{CommandFailure, Failure, StepResult, StepStatus},
    runbook::{Backoff, Step, StepDirectives},
};

/// Between two looks, unless the step says otherwise.
const EVERY: Duration = Duration::from_secs(10);

/// No wait between two attempts is longer, however often the last one was doubled.
const BACKOFF_MAX: Duration = Duration::from_secs(600);

/// No step is tried more often, whatever a clock that costs nothing would allow.
const ATTEMPTS_MAX: u32 = 1000;

/// An attempt gets at least this long, even when the time for all of them is nearly over.
const ATTEMPT_TIME_MIN: Duration = Duration::from_secs(1);

/// How patient a step asks to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// `eventually=5m every=10s`.
    Eventually { within: Duration, every: Duration },
    /// `retry=3 backoff=10s`.
    Retry { times: u32, backoff: Backoff },
}

/// What the attempts so far have cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Spent {
    /// How many there were.
    pub(crate) attempts: u32,
    /// Time on the clock of the run.
    pub(crate) clock: Duration,
    /// Time on the wall.
    pub(crate) wall: Duration,
}

impl Patience {
    /// What the directives of a step ask for.
    pub(crate) fn of(directives: &StepDirectives) -> Option<Self> {
        if let Some(within) = directives.eventually {
            return Some(Self::Eventually { within, every: directives.every.unwrap_or(EVERY.min(within)) });
        }
        let backoff = directives.backoff.unwrap_or(Backoff::Constant(Backoff::FIRST));
        directives.retry.map(|times| Self::Retry { times, backoff })
    }

    /// How long to wait before the next attempt; none when it is over.
    pub(crate) fn pause(self, spent: Spent) -> Option<Duration> {
        if spent.attempts >= ATTEMPTS_MAX {
            return None;
        }
        match self {
            Self::Eventually { within, every } => {
                let begins = spent.clock.max(spent.wall).checked_add(every)?;
                (begins <= within).then_some(every)
            }
            Self::Retry { times, backoff } => (spent.attempts <= times).then(|| match backoff {
                Backoff::Constant(time) => time,
                Backoff::Exponential(first) => {
                    let doubled = first.saturating_mul(1 << (spent.attempts.max(1) - 1).min(20));
                    doubled.min(BACKOFF_MAX.max(first))
                }
            }),
        }
    }

    /// How long the next attempt may take, where the time for all of them bounds it.
    pub(crate) fn attempt_time_max(self, spent: Spent) -> Option<Duration> {
        match self {
            Self::Eventually { within, .. } => Some(within.saturating_sub(spent.wall).max(ATTEMPT_TIME_MIN)),
            Self::Retry { .. } => None,
        }
    }

    /// Whether passing after a failure is a sign of luck, rather than what was waited for.
    pub(crate) fn makes_flaky(self) -> bool {
        matches!(self, Self::Retry { .. })
    }

    /// Whether the next attempt could end otherwise than this one, and is safe.
    pub(crate) fn verdict(self, step: &Step, script: &Script, result: &StepResult) -> Again {
        let is_hopeless = !matches!(result.status, StepStatus::Failed | StepStatus::TimedOut)
            || result.failures.iter().any(|failure| matches!(failure, Failure::Text(_) | Failure::RunTimedOut(_)))
            // What an earlier step left empty stays empty.
            || result.caused_by.as_ref().is_some_and(|cause| cause.variable.is_some());
        if is_hopeless {
            return Again::Hopeless;
        }
        let text = |deed: &Deed<'_>| step.script.get(deed.command.span.start..deed.command.span.end).unwrap_or_default();
        let shown = |deed: &Deed<'_>| first_line(text(deed));
        let line = |deed: &Deed<'_>| step.script_line + deed.command.line;
        match self {
            Self::Eventually { .. } => match script.deeds().find(|deed| deed.effect >= Effect::Settles) {
                Some(deed) => Again::Unsafe(format!(
                    "not tried again: `{}` (line {}) changes something, and `eventually` is for blocks that only look; `retry=` says that a block \
                     may run again",
                    shown(&deed),
                    line(&deed)
                )),
                None => Again::Safe,
            },
            Self::Retry { .. } => match half_done(step, script, result) {
                Some(deed) => Again::Unsafe(format!(
                    "not tried again: `{}` (line {}) has been done, and would be done a second time; put it into a step of its own",
                    shown(&deed),
                    line(&deed)
                )),
                None => Again::Safe,
            },
        }
    }
}

/// Whether a failed step is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Again {
    /// It may be, when there is time.
    Safe,
    /// Another attempt would end like this one.
    Hopeless,
    /// It could do harm; why, as a sentence fragment.
    Unsafe(String),
}

/// A command that has made something in this attempt, and would make it again.
fn half_done<'a>(step: &Step, script: &'a Script, result: &StepResult) -> Option<Deed<'a>> {
    let adds = |deed: &Deed<'_>| deed.effect == Effect::Adds;
    let failing = result.failures.iter().find_map(|failure| match failure {
        Failure::Command(failure) => Some(failure),
        _ => None,
    });
    // Without a failing command the block came to its end, or nobody knows how far.
    let Some(CommandFailure { line, command, .. }) = failing else { return script.deeds().find(adds) };
    let text = |deed: &Deed<'_>| first_line(step.script.get(deed.command.span.start..deed.command.span.end).unwrap_or_default());
    let Some(statement) = line.checked_sub(step.script_line).and_then(|line| script.statement_at(line)) else {
        return script.deeds().find(adds);
    };
    let inside = |deed: &Deed<'_>| statement.span.start <= deed.command.span.start && deed.command.span.end <= statement.span.end;
    let failed_at = script.deeds().filter(inside).find(|deed| text(deed) == first_line(command)).map(|deed| deed.command.span.start);
    script.deeds().filter(adds).find(|deed| {
        let start = deed.command.span.start;
        start < statement.span.start || inside(deed) && (failed_at.is_some_and(|at| start < at) || repeats(step, script, deed))
    })
}

/// Whether a command stands in a loop: then it may have been done before it failed.
fn repeats(step: &Step, script: &Script, deed: &Deed<'_>) -> bool {
    script.commands().iter().filter(|command| command.kind == CommandKind::Compound).any(|command| {
        let around = command.span.start < deed.command.span.start && deed.command.span.end <= command.span.end;
        let text = step.script.get(command.span.start..command.span.end).unwrap_or_default();
        around && ["for", "while", "until"].iter().any(|word| text.starts_with(word))
    })
}

/// The first line of a command, without what continues it.
fn first_line(command: &str) -> String {
    let line = command.trim().lines().next().unwrap_or_default();
    line.trim_end_matches('\\').split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::{Companions, parse};

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn step(keys: &str, script: &str) -> Step {
        let text = format!("<!-- docent: {keys} -->\n```bash\n{script}\n```\n");
        parse("x.md", text.as_bytes(), &Companions::default()).0.steps.remove(0)
    }

    /// The waits of a step that fails at once each time, on a clock that moves by them.
    #[track_caller]
    fn check_waits(keys: &str, expected: &[u64]) {
        let patience = Patience::of(&step(keys, ":").directives).expect("it is patient");
        let mut spent = Spent { attempts: 1, ..Spent::default() };
        let mut waits = Vec::new();
        while let Some(wait) = patience.pause(spent).filter(|_| waits.len() < 2 * expected.len() + 1) {
            waits.push(wait.as_secs());
            spent = Spent { attempts: spent.attempts + 1, clock: spent.clock + wait, wall: spent.wall };
        }
        assert_eq!(waits, expected, "{keys}");
    }

    #[test]
    fn attempts_end_with_their_number_or_with_the_time() {
        check_waits("eventually=30s every=10s", &[10, 10, 10]);
        check_waits("eventually=25s", &[10, 10]);
        check_waits("eventually=5s", &[5]);
        check_waits("retry=3", &[1, 1, 1]);
        check_waits("retry=2 backoff=10s", &[10, 10]);
        check_waits("retry=4 backoff=exponential", &[1, 2, 4, 8]);
        check_waits("retry=5 backoff=exponential:100s", &[100, 200, 400, 600, 600]);
        check_waits("retry=2 backoff=exponential:1h", &[3600, 3600]);
        assert_eq!(Patience::of(&step("skip", ":").directives), None);
        let often = Patience::of(&step("eventually=24h every=1ms", ":").directives).expect("it is patient");
        assert_eq!(often.pause(Spent { attempts: ATTEMPTS_MAX, ..Spent::default() }), None);
    }

    #[test]
    fn what_has_taken_its_time_on_the_wall_is_over_too() {
        let patience = Patience::Eventually { within: seconds(60), every: seconds(10) };
        let spent = Spent { attempts: 2, clock: seconds(10), wall: seconds(55) };
        assert_eq!((patience.pause(spent), patience.attempt_time_max(spent)), (None, Some(seconds(5))));
        assert_eq!(patience.attempt_time_max(Spent { wall: seconds(70), ..spent }), Some(ATTEMPT_TIME_MIN));
    }

    /// `safe`, `hopeless`, or why it is unsafe, for a step that failed with `failure`.
    #[track_caller]
    fn check(keys: &str, script: &str, failure: Failure, expected: &str) {
        let step = step(keys, script);
        let patience = Patience::of(&step.directives).expect("it is patient");
        let status = if matches!(failure, Failure::TimedOut(_)) { StepStatus::TimedOut } else { StepStatus::Failed };
        let result = StepResult { status, failures: vec![failure], ..StepResult::not_run(0, status) };
        let found = match patience.verdict(&step, &Script::parse(script), &result) {
            Again::Safe => "safe".to_owned(),
            Again::Hopeless => "hopeless".to_owned(),
            Again::Unsafe(why) => why,
        };
        assert!(found.contains(expected), "{script:?}: {found}");
    }

    fn at(line: usize, command: &str) -> Failure {
        Failure::Command(CommandFailure { line: 2 + line, command: command.to_owned(), exit_code: 1, hidden_by: None })
    }

    #[test]
    fn eventually_is_for_blocks_that_only_look() {
        check("eventually=1m", "az group show -n a\ntest -s out >log", at(1, "az group show -n a"), "safe");
        check("eventually=1m", "./check.sh", at(1, "./check.sh"), "safe");
        check(
            "eventually=1m",
            "az group create -n a\naz group show",
            at(2, "az group show"),
            "`az group create -n a` (line 3) changes something",
        );
        check("eventually=1m", "X=$(kubectl create ns x)", Failure::TimedOut(seconds(1)), "`kubectl create ns x`");
    }

    #[test]
    fn retry_runs_a_block_again_unless_it_would_make_something_twice() {
        check("retry=1", "az group create -n a\naz group show", at(2, "az group show"), "safe");
        check("retry=1", "kubectl create ns a\nkubectl get ns", at(1, "kubectl create ns a"), "safe");
        check("retry=1", "kubectl create ns a\nkubectl get ns", at(2, "kubectl get ns"), "`kubectl create ns a` (line 3) has been done");
        check("retry=1", "kubectl create ns a && kubectl get ns", at(1, "kubectl get ns"), "has been done");
        check("retry=1", "for i in a b; do kubectl create ns $i; done", at(1, "kubectl create ns $i"), "has been done");
        check("retry=1", "kubectl create ns a", Failure::Expectation(0), "has been done");
        check("retry=1", "kubectl create ns a", Failure::TimedOut(seconds(1)), "has been done");
        check("retry=1", "echo x >>tries; test -f y", at(1, "test -f y"), "safe");
    }

    #[test]
    fn what_cannot_get_better_is_left_at_that() {
        let defect = crate::engine::result::TextDefect { line: 3, what: String::new() };
        check("retry=1", "if", Failure::Text(defect), "hopeless");
        check("eventually=1h", "true", Failure::RunTimedOut(seconds(1)), "hopeless");
    }
}
