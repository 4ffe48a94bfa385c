//! Counts of things: none and some are two states, whatever some is.
//!
//! What a number counts is told by the words beside it. Times, sizes, ages and numbers of places count nothing; what a second run finds done
//! already may be none; of what went wrong there must be none where none is shown.

use super::leaf::{Conflict, name_words};
use super::state::is_wrong;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// What went wrong.
    Trouble,
    /// How a program ended, 0 when well.
    Code,
    /// Things of which there are some or none.
    Things,
    /// What depends on what was done before: `0 changed`, `2 restarts`, `3m`.
    Free,
}

/// Parts of words for what went wrong, beside those of states.
const TROUBLE: [&str; 34] = [
    "vulnerab",
    "issue",
    "problem",
    "violation",
    "infect",
    "critical",
    "severe",
    "fatal",
    "drift",
    "drop",
    "missing",
    "dead",
    "orphan",
    "bug",
    "defect",
    "leak",
    "alert",
    "alarm",
    "incident",
    "unprocess",
    "block",
    "malware",
    "threat",
    "diverg",
    "panic",
    "throttl",
    "timeout",
    "unknownhost",
    "discrepan",
    "exception",
    "collision",
    "overdue",
    "unassigned",
    "unmatched",
];
const CODES: [&str; 8] = ["exit", "rc", "returncode", "exitcode", "errorlevel", "exitstatus", "errno", "retcode"];
/// What another run may do more or less of.
const WORK: [&str; 46] = [
    "upgraded",
    "upgrade",
    "installed",
    "install",
    "changed",
    "change",
    "changes",
    "added",
    "add",
    "updated",
    "update",
    "updates",
    "unchanged",
    "modified",
    "skipped",
    "ignored",
    "cached",
    "reused",
    "downloaded",
    "download",
    "removed",
    "remove",
    "deleted",
    "destroyed",
    "destroy",
    "created",
    "create",
    "configured",
    "replaced",
    "restart",
    "restarts",
    "retry",
    "retries",
    "retried",
    "attempt",
    "attempts",
    "warning",
    "warnings",
    "filtered",
    "measured",
    "deprecated",
    "funding",
    "copied",
    "insertions",
    "deletions",
    "hits",
];
/// What numbers measure or point at.
const MEASURES: [&str; 86] = [
    "second",
    "seconds",
    "sec",
    "secs",
    "minute",
    "minutes",
    "min",
    "mins",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "ms",
    "us",
    "ns",
    "ago",
    "byte",
    "bytes",
    "bit",
    "bits",
    "kb",
    "mb",
    "gb",
    "percent",
    "points",
    "cores",
    "core",
    "users",
    "user",
    "time",
    "age",
    "uptime",
    "elapsed",
    "duration",
    "latency",
    "delay",
    "offset",
    "port",
    "ports",
    "id",
    "ids",
    "pid",
    "uid",
    "gid",
    "size",
    "cpu",
    "memory",
    "load",
    "usage",
    "rate",
    "ratio",
    "priority",
    "weight",
    "order",
    "index",
    "level",
    "depth",
    "step",
    "epoch",
    "iteration",
    "revision",
    "generation",
    "version",
    "seed",
    "progress",
    "ttl",
    "timeout",
    "interval",
    "threshold",
    "limit",
    "window",
    "seq",
    "sequence",
    "number",
    "line",
    "column",
    "row",
    "flags",
    "padding",
    "total",
];

/// What a number counts, by the words that tell, the nearest first.
pub(super) fn counted<'a>(words: impl IntoIterator<Item = &'a str>) -> Counted {
    let words: Vec<String> = words.into_iter().map(str::to_lowercase).collect();
    let Some(first) = words.first().map(String::as_str) else { return Counted::Free };
    let is_among = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if is_among(&CODES) {
        return Counted::Code;
    }
    if MEASURES.contains(&first) {
        return Counted::Free;
    }
    if is_among(&["unavailable", "warning", "warnings"]) {
        return Counted::Free;
    }
    if is_among(&["high"]) || words.iter().any(|word| is_wrong(word) || TROUBLE.iter().any(|part| word.contains(part))) {
        return Counted::Trouble;
    }
    if is_among(&WORK) {
        return Counted::Free;
    }
    let is_plural = first.len() > 3 && first.ends_with('s') && !first.ends_with("ss");
    let happened = first.len() > 4 && first.ends_with("ed");
    let is_some = words.get(1).is_some_and(|next| next == "s") || is_plural || happened;
    if is_some || matches!(first, "count" | "ready" | "healthy" | "available" | "running" | "online" | "up") {
        Counted::Things
    } else {
        Counted::Free
    }
}

/// What it means that a count is none where some are shown, or the other way round.
pub(super) fn turned(counted: Counted, none_shown: bool) -> Option<Conflict> {
    match (counted, none_shown) {
        (Counted::Trouble | Counted::Code, true) => Some(Conflict::State),
        (Counted::Things, false) => Some(Conflict::Value),
        _ => None,
    }
}

/// What a number called so contradicts that is none where the other is some.
pub(super) fn by_name(name: &str, shown: f64, printed: f64) -> Option<Conflict> {
    if (shown == 0.0) == (printed == 0.0) {
        return None;
    }
    let words = name_words(name);
    turned(counted(words.iter().rev().map(String::as_str)), shown == 0.0)
}

#[cfg(test)]
mod tests {
    use super::{Counted, counted};

    #[track_caller]
    fn check(expected: Counted, texts: &[&str]) {
        for text in texts {
            assert_eq!(counted(text.split(' ')), expected, "{text}");
        }
    }

    #[test]
    fn the_words_beside_a_number_tell_what_it_counts() {
        check(Counted::Trouble, &["vulnerabilities", "dead letters", "chart s failed", "HIGH CRITICAL", "refused", "Infected files"]);
        check(Counted::Code, &["rc", "exit code"]);
        check(Counted::Things, &["nodes", "packets received", "item s found", "pods"]);
        check(Counted::Free, &["seconds", "restarts", "packages upgraded", "to add", "bytes", "port", "warnings", ""]);
    }
}
