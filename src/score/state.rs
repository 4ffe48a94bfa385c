//! Words that say how something is: what is as good as what the document shows, and what contradicts it.
//!
//! The rule needs no list of failures: a state passes when it is the same one, when both say “done”, or when the document shows something
//! under way and the output shows it finished. Every other word, known or not, contradicts.

/// Words that say that all is well and nothing is left to do (ARM, Kubernetes, Helm, systemd, SQL and job schedulers).
const DONE: [&str; 50] = [
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
];

/// Words that say that something is still under way and do not end in “ing”.
const UNDER_WAY: [&str; 12] = [
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
];

/// What clouds do to things; with “ing” it is under way.
const ACTING: [&str; 14] = [
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
];

/// Parts of words that say that something went wrong, for places where no expected state stands beside them.
const WRONG: [&str; 27] = [
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
];

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
    let (expected, actual) = (words(expected), words(actual));
    if expected == actual || expected.is_empty() {
        return Relation::Same;
    }
    if actual.is_empty() {
        return Relation::Contradicts;
    }
    let (was_done, is_done) = (is_done(&expected), is_done(&actual));
    if is_done && (was_done || is_under_way(&expected)) || is_under_way(&expected) && is_under_way(&actual) {
        Relation::Fine
    } else {
        Relation::Contradicts
    }
}

/// Whether a state says by itself that something went wrong.
pub(super) fn is_wrong(state: &str) -> bool {
    words(state).iter().any(|word| word.starts_with("err") || WRONG.iter().any(|part| word.contains(part)))
}

/// Whether a sentence says that all is well, and another does not say so.
pub(super) fn loses_success(expected: &str, actual: &str) -> bool {
    let printed = words(actual);
    words(expected).iter().any(|word| DONE.contains(&word.as_str()) && !printed.contains(word))
}

/// Whether a word is one that only tells how something is.
pub(super) fn is_state(word: &str) -> bool {
    let words = words(word);
    let acts = |word: &str| ACTING.iter().any(|stem| word.strip_suffix("ing").is_some_and(|own| own == *stem));
    is_done(&words) || words.len() == 1 && (UNDER_WAY.contains(&words[0].as_str()) || is_failing(&words[0]) || acts(&words[0]))
}

/// The words of a state without what varies: `Up 3 minutes` is `up`, `ProvisioningState/succeeded` is `succeeded`.
fn words(state: &str) -> Vec<String> {
    const IDLE: [&str; 22] = [
        "vm", "second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "months", "about", "an",
        "a", "ago", "less", "than", "in", "the", "and",
    ];
    let last = state.rsplit('/').next().unwrap_or(state);
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
    joined
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !word.bytes().any(|byte| byte.is_ascii_digit()) && !IDLE.contains(word))
        .map(str::to_owned)
        .collect()
}

fn is_done(words: &[String]) -> bool {
    !words.is_empty() && words.iter().all(|word| DONE.contains(&word.as_str()))
}

fn is_under_way(words: &[String]) -> bool {
    words
        .iter()
        .any(|word| UNDER_WAY.contains(&word.as_str()) || word.ends_with("ing") && !DONE.contains(&word.as_str()) && !is_failing(word))
}

fn is_failing(word: &str) -> bool {
    WRONG.iter().any(|part| word.contains(part))
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
