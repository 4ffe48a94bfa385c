//! Lines that say the opposite of what the document shows: `is not reachable`, `BUILD FAILURE`, `0 added`.
//!
//! A shown line is held against the one that stands in its place; what differs decides.

use super::leaf::{Conflict, is_blank};
use super::lines::{Pair, pieces};
use super::resource::resource;
use super::shape::shape;
use super::state::{is_state, is_wrong};
use super::tally::Tally;
use super::unfilled::is_unfilled;

/// Words that turn a sentence into its opposite.
const NEGATIONS: [&str; 8] = ["not", "no", "never", "cannot", "nothing", "without", "none", "neither"];

/// Words for what went well, and for the opposite.
const OPPOSITES: [(&[&str], &[&str]); 18] = [
    (
        &[
            "success",
            "succeeded",
            "successful",
            "successfully",
            "passed",
            "pass",
            "passing",
            "ok",
            "complete",
            "completed",
            "done",
            "finished",
        ],
        &[
            "failure",
            "failed",
            "fail",
            "failing",
            "failures",
            "error",
            "unsuccessful",
            "aborted",
            "incomplete",
            "rejected",
            "canceled",
            "cancelled",
        ],
    ),
    (
        &["active", "running", "started", "alive", "starting"],
        &["inactive", "dead", "stopped", "exited", "terminated", "killed", "stopping", "crashed"],
    ),
    (
        &["created", "added", "installed", "deployed", "applied", "create", "add", "install", "apply", "creating", "installing"],
        &[
            "deleted",
            "removed",
            "destroyed",
            "uninstalled",
            "delete",
            "remove",
            "uninstall",
            "destroy",
            "deleting",
            "destroying",
            "uninstalling",
        ],
    ),
    (&["up", "online", "open", "connected", "listening"], &["down", "offline", "closed", "disconnected", "refused", "unreachable"]),
    (
        &["allow", "allowed", "accepted", "granted", "permitted", "authorized", "approved"],
        &["deny", "denied", "rejected", "refused", "forbidden"],
    ),
    (&["true", "yes", "on"], &["false", "no", "off"]),
    (&["ready", "available"], &["pending", "waiting", "unavailable", "unready"]),
    (&["present", "found", "exists", "exist"], &["absent", "missing", "lost"]),
    (&["synced", "sync", "reconciled", "current"], &["stalled", "drifted", "lagging", "behind", "stale", "outofsync", "out"]),
    (&["enabled", "enforcing", "enforced"], &["disabled", "permissive", "unenforced"]),
    (&["ok"], &["ko", "ng"]),
    (&["resumed", "resuming"], &["suspended", "paused", "suspending"]),
    (&["attached", "mounted", "bound"], &["detached", "unmounted", "unbound", "released"]),
    (&["reachable", "serving", "responding"], &["unreachable", "unresponsive"]),
    (&["joined", "registered"], &["left", "evicted", "deregistered"]),
    (&["accept", "accepts"], &["reject", "rejects", "drop", "drops"]),
    (&["in"], &["out"]),
    (&["good", "fine", "well"], &["bad", "poor", "badly"]),
];

/// Words around numbers of which none is better than some.
const BETTER_NONE: [&str; 15] = [
    "restart",
    "restarts",
    "retries",
    "retry",
    "error",
    "errors",
    "warning",
    "warnings",
    "failed",
    "failures",
    "lost",
    "skipped",
    "problems",
    "issues",
    "vulnerabilities",
];
/// Words around numbers of which there must be none where none are shown.
const NONE_WANTED: [&str; 13] = [
    "error",
    "errors",
    "failed",
    "failures",
    "problem",
    "problems",
    "issues",
    "vulnerabilities",
    "conflicts",
    "unreachable",
    "exit",
    "status",
    "code",
];

/// Words around numbers of which there must be some where some are shown.
const SOME_WANTED: [&str; 14] = [
    "received",
    "passed",
    "succeeded",
    "successful",
    "ready",
    "available",
    "running",
    "healthy",
    "online",
    "connected",
    "uploaded",
    "copied",
    "transferred",
    "imported",
];

/// What a line says: its words of letters in lower case, and its numbers.
struct Said {
    words: Vec<String>,
    numbers: Vec<u64>,
    /// Whether each number stands beside a word of which there must be none.
    is_bad: Vec<bool>,
    /// Whether each number is followed by a word of which there must be some.
    is_good: Vec<bool>,
    /// The numbers of `3 of 5`.
    shares: Vec<(u64, u64)>,
}

impl Said {
    fn of(text: &str) -> Self {
        let mut said = Self { words: Vec::new(), numbers: Vec::new(), is_bad: Vec::new(), is_good: Vec::new(), shares: Vec::new() };
        let all: Vec<&str> = pieces(text).collect();
        for (at, piece) in all.iter().enumerate() {
            if let Ok(number) = piece.parse() {
                let beside = [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|at| all.get(at));
                said.is_bad.push(beside.into_iter().any(|word| NONE_WANTED.iter().any(|bad| word.eq_ignore_ascii_case(bad))));
                said.is_good.push(all.get(at + 1).is_some_and(|word| SOME_WANTED.iter().any(|good| word.eq_ignore_ascii_case(good))));
                said.numbers.push(number);
                if let Some(whole) = all.get(at + 2).and_then(|whole| whole.parse().ok()).filter(|_| all[at + 1] == "of") {
                    said.shares.push((number, whole));
                }
            } else if !piece.bytes().any(|byte| byte.is_ascii_digit()) && piece.len() > 1 {
                said.words.push(piece.to_lowercase());
            }
        }
        said
    }

    /// The words that another line does not have.
    fn without<'b>(&'b self, other: &Self) -> Vec<&'b str> {
        self.words.iter().filter(|word| !other.words.contains(word)).map(String::as_str).collect()
    }

    fn has(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }
}

/// Notes lines of the output that say the opposite of a shown one.
pub(super) fn contradictions(pairs: &[Pair<'_>], tally: &mut Tally) {
    for pair in pairs.iter().filter(|pair| pair.is_like && resource(pair.shown).is_none()) {
        if let Some(conflict) = opposite(pair.shown, pair.printed) {
            tally.contradict(conflict, &format!("line {}", pair.at + 1), pair.shown, pair.printed);
        }
    }
}

/// Whether a sentence ends before the value that it is there to tell: `Your address is` and nothing, or `null`.
fn lost_value(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (shown.trim(), printed.trim());
    let Some((said, value)) = shown.rsplit_once(' ') else { return false };
    let told = said.split_whitespace().next_back().is_some_and(|last| matches!(last, "is" | "are" | "at" | "to"));
    let left = printed.strip_prefix(said.trim_end()).map(str::trim);
    told && shape(value).is_volatile() && left.is_some_and(|left| left.is_empty() || is_blank(left) || is_unfilled(left))
}

/// What is turned into its opposite: what happened, or only how often.
fn opposite(shown: &str, printed: &str) -> Option<Conflict> {
    if lost_value(shown, printed) {
        return Some(Conflict::Value);
    }
    let (shown, printed) = (Said::of(shown), Said::of(printed));
    let (lost, new) = (shown.without(&printed), printed.without(&shown));
    let is_negation = |word: &&str| NEGATIONS.contains(word) || word.ends_with("n't");
    let negates = |words: &[&str]| words.iter().any(|word| is_negation(word) || is_wrong(word));
    let only_negates = |words: &[&str], others: &[&str]| !words.is_empty() && words.iter().all(is_negation) && others.is_empty();
    // `no problems` is what `0 problems` is.
    let said_none = shown.numbers.contains(&0)
        && !printed.numbers.contains(&0)
        && printed.has(&NEGATIONS)
        && printed.numbers.iter().all(|number| *number == 0);
    if negates(&new) && !negates(&lost) && !said_none
        || only_negates(&lost, &new)
        || lost.iter().any(|lost| new.iter().any(|new| are_opposites(lost, new)))
        || lost.contains(&"all") && new.contains(&"of")
        || matches!((lost.as_slice(), new.as_slice()), ([lost], [new]) if is_good(lost) && is_bad(new))
    {
        return Some(Conflict::State);
    }
    let is_whole = |(part, whole): &(u64, u64)| part >= whole;
    if shown.shares.iter().any(is_whole) && printed.shares.iter().any(|share| !is_whole(share)) {
        return Some(Conflict::State);
    }
    if !lost.is_empty() || !new.is_empty() || shown.numbers.len() != printed.numbers.len() {
        return None;
    }
    let counts = || shown.numbers.iter().zip(&printed.numbers);
    let went_wrong = counts().zip(&shown.is_bad).any(|((shown, printed), is_bad)| *is_bad && *shown == 0 && *printed > 0);
    let some = shown.numbers.iter().any(|number| *number > 0);
    let nothing = some && !shown.has(&BETTER_NONE) && counts().all(|(shown, printed)| *shown == 0 || *printed == 0);
    let none_good = counts().zip(&shown.is_good).any(|((shown, printed), is_good)| *is_good && *shown > 0 && *printed == 0);
    (went_wrong || none_good || nothing).then_some(Conflict::Value)
}

fn is_good(word: &str) -> bool {
    OPPOSITES.iter().any(|(good, _)| good.contains(&word)) || is_state(word) && !is_wrong(word)
}

fn is_bad(word: &str) -> bool {
    OPPOSITES.iter().any(|(_, bad)| bad.contains(&word)) || is_wrong(word)
}

/// Whether a word in lower case says how something is, or that it is not.
pub(super) fn says_how(word: &str) -> bool {
    NEGATIONS.contains(&word) || OPPOSITES.iter().any(|(good, bad)| good.contains(&word) || bad.contains(&word))
}

/// Whether one of two words in lower case is the opposite of the other.
pub(super) fn are_opposites(one: &str, other: &str) -> bool {
    let negated = |word: &str, base: &str| ["un", "in", "dis", "non", "de"].iter().any(|prefix| word.strip_prefix(prefix) == Some(base));
    let listed = |one: &str, other: &str| OPPOSITES.iter().any(|(good, bad)| good.contains(&one) && bad.contains(&other));
    one.len() > 3 && other.len() > 3 && (negated(one, other) || negated(other, one)) || listed(one, other) || listed(other, one)
}

#[cfg(test)]
mod tests {
    use super::contradictions;
    use crate::score::lines::pairs;
    use crate::score::tally::Tally;

    #[track_caller]
    fn check(shown: &str, printed: &str, opposite: bool) {
        let (shown, printed): (Vec<&str>, Vec<&str>) = (shown.lines().collect(), printed.lines().collect());
        let mut tally = Tally::default();
        contradictions(&pairs(&shown, &vec![true; shown.len()], &printed), &mut tally);
        assert_eq!(!tally.contradictions.is_empty(), opposite, "{shown:?} / {printed:?}: {tally:?}");
    }

    #[test]
    fn a_negation_or_an_antonym_says_the_opposite() {
        for (shown, printed) in [
            ("Control plane is running at https://a:443", "Control plane is not reachable at https://b:443"),
            ("[INFO] BUILD SUCCESS", "[INFO] BUILD FAILURE"),
            ("Active: active (running) since Tue", "Active: inactive (dead) since Wed"),
            ("Apply complete! Resources: 2 added, 0 changed", "Destroy complete! Resources: 2 destroyed, 0 changed"),
            ("Plan: 1 to add, 0 to change, 0 to destroy.", "Plan: 0 to add, 0 to change, 7 to destroy."),
            ("3 packets received", "0 packets received"),
            ("Successfully installed x", "Successfully uninstalled x"),
            ("Certificate will not expire", "Certificate will expire"),
            ("eth0   UP     10.0.0.4/24", "eth0   DOWN   10.0.0.4/24"),
            ("All 14 tests passed", "9 of 14 tests passed"),
            ("Uploaded 5 of 5 files", "Uploaded 3 of 5 files"),
            ("Process exited with status 0", "Process exited with status 1"),
            ("0 problems were found", "3 problems were found"),
            ("No vulnerabilities were found", "12 vulnerabilities were found"),
        ] {
            check(shown, printed, true);
        }
    }

    #[test]
    fn other_names_counts_and_lines_are_no_opposite() {
        for (shown, printed) in [
            ("Created group shop in eastus", "Created group store in westus"),
            ("2 restarts so far", "0 restarts so far"),
            ("3 upgraded, 5 newly installed", "0 upgraded, 5 newly installed"),
            ("server started on port 80", "server started on port 8080\nserver stopped listening on the old port"),
            ("Waiting for the deployment", "No news"),
            ("0 packages upgraded", "4 packages upgraded"),
            ("scan: 0 problems", "scan: no problems or errors seen"),
        ] {
            check(shown, printed, false);
        }
    }
}
