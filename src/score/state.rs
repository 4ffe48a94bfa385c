//! Words that say how something is: what is as good as what the document shows, and what contradicts it.
//!
//! The rule needs no list of failures: a state passes when it is the same one, when both say “done”, or when the document shows something
//! under way and the output shows it finished. Every other word, known or not, contradicts.

use std::borrow::Cow;

use super::among::{Among, Parts};

/// Words that say that all is well and nothing is left to do (ARM, Kubernetes, Helm, systemd, SQL and job schedulers).
static DONE: Among<50> = Among::new([
    "succeeded",
    "success",
    "successful",
    "successfully",
    "running",
    "ready",
    "active",
    "available",
    "bound",
    "completed",
    "complete",
    "created",
    "registered",
    "enabled",
    "online",
    "healthy",
    "ok",
    "up",
    "deployed",
    "connected",
    "established",
    "finished",
    "done",
    "passed",
    "pass",
    "provisioned",
    "synced",
    "insync",
    "compliant",
    "normal",
    "true",
    "listening",
    "started",
    "open",
    "updated",
    "live",
    "approved",
    "authorized",
    "valid",
    "attached",
    "mounted",
    "installed",
    "serving",
    "exposed",
    "configured",
    "unchanged",
    "good",
    "yes",
    "programmed",
    "reconciled",
]);

/// Words that say that something is still under way and do not end in “ing”.
static UNDER_WAY: Among<12> = Among::new([
    "queued",
    "accepted",
    "notstarted",
    "inprogress",
    "progress",
    "scheduled",
    "init",
    "requested",
    "submitted",
    "new",
    "initialized",
    "podinitializing",
]);

/// What clouds do to things; with “ing” it is under way.
static ACTING: Among<14> = Among::new([
    "creat",
    "updat",
    "delet",
    "provision",
    "register",
    "start",
    "stopp",
    "scal",
    "upgrad",
    "terminat",
    "allocat",
    "deallocat",
    "install",
    "wait",
]);

/// Parts of words that say that something went wrong, for places where no expected state stands beside them.
static WRONG: Parts<43> = Parts::new([
    "backoff",
    "fail",
    "error",
    "crash",
    "evict",
    "oomkill",
    "unhealthy",
    "notready",
    "degraded",
    "denied",
    "invalid",
    "unreachable",
    "imagepull",
    "lost",
    "abort",
    "cancel",
    "timedout",
    "deadline",
    "exited",
    "killed",
    "rejected",
    "conflict",
    "faulted",
    "unavailable",
    "offline",
    "broken",
    "expired",
    "corrupt",
    "inconsist",
    "incomplet",
    "unresponsive",
    "unsuccess",
    "explicitdeny",
    "implicitdeny",
    "refus",
    "forbid",
    "unauthori",
    "stalled",
    "mismatch",
    "malform",
    "violat",
    "infect",
    "unschedulable",
]);

/// Words that only say since when, or of what.
static IDLE: Among<22> = Among::new([
    "vm", "second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "months", "about", "an", "a",
    "ago", "less", "than", "in", "the", "and",
]);

/// How an output's state stands to the document's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// The same state.
    Same,
    /// Another word that is as good.
    Fine,
    /// What the document shows did not happen.
    Contradicts,
}

/// Compares two states.
pub(super) fn relate(expected: &str, actual: &str) -> Relation {
    let (expected, actual) = (Words::of(expected), Words::of(actual));
    if expected == actual || expected.is_empty() {
        return Relation::Same;
    }
    if actual.is_empty() {
        return Relation::Contradicts;
    }
    let (was_done, is_done) = (expected.are_done(), actual.are_done());
    if is_done && (was_done || expected.are_under_way())
        || expected.are_under_way() && actual.are_under_way()
        || is_finished(&expected, &actual)
    {
        Relation::Fine
    } else {
        Relation::Contradicts
    }
}

/// Whether what was being done has been done: `associated` for `associating`, `UPDATE_COMPLETE` for `UPDATE_IN_PROGRESS`.
fn is_finished(expected: &Words, actual: &Words) -> bool {
    let done = actual.0.rsplit_once(' ').filter(|(_, last)| DONE.has(last)).map(|(what, _)| what);
    if done.is_some() && expected.0.strip_suffix(" inprogress") == done {
        return true;
    }
    let (Some(shown), Some(printed)) = (expected.alone(), actual.alone()) else { return false };
    shown.len() > 5 && shown.strip_suffix("ing").is_some_and(|stem| printed.strip_prefix(stem) == Some("ed")) && !WRONG.are_in(printed)
}

/// Whether a state says by itself that something went wrong.
pub(super) fn is_wrong(state: &str) -> bool {
    Words::of(state).iter().any(|word| word.starts_with("err") || WRONG.are_in(word))
}

/// Whether a sentence says that all is well, and another does not say so.
pub(super) fn loses_success(expected: &str, actual: &str) -> bool {
    let printed = Words::of(actual);
    Words::of(expected).iter().any(|word| DONE.has(word) && !printed.iter().any(|other| other == word))
}

/// Whether a word is one that only tells how something is.
pub(super) fn is_state(word: &str) -> bool {
    let words = Words::of(word);
    let acts = |word: &str| word.strip_suffix("ing").is_some_and(|own| ACTING.has(own));
    let is_alone = |word: &str| UNDER_WAY.has(word) || WRONG.are_in(word) || acts(word);
    words.are_done() || words.alone().is_some_and(is_alone)
}

/// The words of a state in lower case without what varies, a blank between them: `Up 3 minutes` is `up`, `ProvisioningState/succeeded` is
/// `succeeded`.
#[derive(PartialEq)]
struct Words<'a>(Cow<'a, str>);

impl<'a> Words<'a> {
    fn of(state: &'a str) -> Self {
        let last = state.rsplit('/').next().unwrap_or(state);
        let tells = |word: &str| !word.is_empty() && !word.bytes().any(|byte| byte.is_ascii_digit()) && !IDLE.has(word);
        // Most states are one word.
        if last.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            let has_capital = last.bytes().any(|byte| byte.is_ascii_uppercase());
            return Self(match (tells(last), has_capital) {
                (false, _) => Cow::Borrowed(""),
                (true, false) => Cow::Borrowed(last),
                (true, true) => Cow::Owned(last.to_ascii_lowercase()),
            });
        }
        let mut joined = last.to_lowercase();
        // `Not Ready`, `not-ready` and `NotReady` are one word; so are the two of `in progress`.
        for (apart, together) in [
            ("not ", "not"),
            ("not-", "not"),
            ("not_", "not"),
            ("in progress", "inprogress"),
            ("in-progress", "inprogress"),
            ("in_progress", "inprogress"),
        ] {
            if joined.contains(apart) {
                joined = joined.replace(apart, together);
            }
        }
        let mut words = String::with_capacity(joined.len());
        for word in joined.split(|c: char| !c.is_alphanumeric()).filter(|word| tells(word)) {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        Self(Cow::Owned(words))
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|word| !word.is_empty())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The only word.
    fn alone(&self) -> Option<&str> {
        (!self.is_empty() && !self.0.contains(' ')).then_some(&self.0)
    }

    fn are_done(&self) -> bool {
        !self.is_empty() && self.iter().all(|word| DONE.has(word))
    }

    fn are_under_way(&self) -> bool {
        self.iter().any(|word| UNDER_WAY.has(word) || word.ends_with("ing") && !DONE.has(word) && !WRONG.are_in(word))
    }
}

#[cfg(test)]
mod tests {
    use super::{Relation, is_wrong, relate};

    #[track_caller]
    fn check(expected: &str, actual: &str, relation: Relation) {
        assert_eq!(relate(expected, actual), relation, "{expected} / {actual}");
    }

    #[test]
    fn spelling_and_durations_do_not_matter() {
        check("VM running", "vm Running", Relation::Same);
        check("Up 3 minutes", "Up About an hour", Relation::Same);
        check("ProvisioningState/succeeded", "Succeeded", Relation::Same);
        check("In Progress", "InProgress", Relation::Same);
    }

    #[test]
    fn words_for_done_are_as_good_as_each_other_and_as_what_was_under_way() {
        check("Running", "Completed", Relation::Fine);
        check("Creating", "Succeeded", Relation::Fine);
        check("Pending", "ContainerCreating", Relation::Fine);
        check("Registering", "Registered", Relation::Fine);
        check("associating", "associated", Relation::Fine);
        check("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", Relation::Fine);
        check("UPDATE_IN_PROGRESS", "ROLLBACK_COMPLETE", Relation::Contradicts);
        check("UPDATE_IN_PROGRESS", "UPDATE_FAILED", Relation::Contradicts);
        check("associating", "disassociated", Relation::Contradicts);
        check("rejecting", "rejected", Relation::Contradicts);
    }

    #[test]
    fn every_other_word_contradicts_even_one_never_seen() {
        for actual in
            ["Failed", "CrashLoopBackOff", "NotReady", "Ready,SchedulingDisabled", "Pending", "Wedged", "Deallocated", "Not Ready", ""]
        {
            check("Ready", actual, Relation::Contradicts);
        }
        check("VM running", "VM deallocated", Relation::Contradicts);
        check("Stopped", "Running", Relation::Contradicts);
        check("Disabled", "Enabled", Relation::Contradicts);
        check("active (running)", "failed (Result: exit-code)", Relation::Contradicts);
        check("Creating", "Failing", Relation::Contradicts);
    }

    #[test]
    fn failure_is_recognised_without_a_document_beside_it() {
        for state in ["Init:CrashLoopBackOff", "ErrImagePull", "OOMKilled", "NotReady", "Failed", "not ready"] {
            assert!(is_wrong(state), "{state}");
        }
        for state in ["Running", "Completed", "Ready", "Pending", "ContainerCreating", "Bound"] {
            assert!(!is_wrong(state), "{state}");
        }
    }
}
