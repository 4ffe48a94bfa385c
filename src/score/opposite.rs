//! Lines that say the opposite of what the document shows: `is not reachable`, `BUILD FAILURE`, `0 added`.
//!
//! A shown line that the output does not have is held against the output's line that has most of its words; what differs decides.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;

use super::leaf::Conflict;
use super::resource::resource;
use super::state::is_wrong;
use super::tally::Tally;
use super::words::{Passed, hash, is_elision};

/// How many shown lines that were not found are looked at.
const SHOWN_MAX: usize = 512;
/// How many lines of the output they are held against.
const PRINTED_MAX: usize = 20_000;
/// How many lines are remembered for a word.
const PLACES_MAX: usize = 16;
/// How many words of a line are read.
const WORDS_MAX: usize = 64;

/// Words that turn a sentence into its opposite.
const NEGATIONS: [&str; 8] = ["not", "no", "never", "cannot", "nothing", "without", "none", "neither"];

/// Words for what went well, and for the opposite.
const OPPOSITES: [(&[&str], &[&str]); 14] = [
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
    (&["synced", "reconciled"], &["stalled", "drifted"]),
    (&["resumed", "resuming"], &["suspended", "paused", "suspending"]),
    (&["attached", "mounted", "bound"], &["detached", "unmounted", "unbound", "released"]),
    (&["reachable", "serving", "responding"], &["unreachable", "unresponsive"]),
    (&["joined", "registered"], &["left", "evicted", "deregistered"]),
    (&["accept", "accepts"], &["reject", "rejects", "drop", "drops"]),
];

/// Words around numbers of which none is better than some.
const BETTER_NONE: [&str; 12] =
    ["restart", "restarts", "retries", "retry", "error", "errors", "warning", "warnings", "failed", "failures", "lost", "skipped"];

type ByHash<T> = HashMap<u64, T, BuildHasherDefault<Passed>>;

/// A line as its words and numbers.
struct Line<'a> {
    text: &'a str,
    words: Vec<u64>,
    spelt: Vec<String>,
    /// Whether each number is more than nothing.
    numbers: Vec<bool>,
}

impl<'a> Line<'a> {
    fn of(text: &'a str) -> Self {
        let mut line = Self { text, words: Vec::new(), spelt: Vec::new(), numbers: Vec::new() };
        let pieces = text.split(|c: char| !(c.is_alphanumeric() || c == '\'')).filter(|piece| !piece.is_empty());
        for piece in pieces.take(WORDS_MAX) {
            if piece.bytes().all(|byte| byte.is_ascii_digit()) {
                line.numbers.push(piece.bytes().any(|byte| byte != b'0'));
            } else if !piece.bytes().any(|byte| byte.is_ascii_digit()) && piece.len() > 1 {
                line.words.push(hash(piece));
                line.spelt.push(piece.to_lowercase());
            }
        }
        line
    }

    /// The words that another line does not have.
    fn without<'b>(&'b self, other: &Line<'_>) -> Vec<&'b str> {
        let pairs = self.words.iter().zip(&self.spelt);
        pairs.filter(|(word, _)| !other.words.contains(word)).map(|(_, spelt)| spelt.as_str()).collect()
    }
}

/// Notes lines of the output that say the opposite of a shown one; `counts` tells which shown lines are looked at.
pub(super) fn contradictions(shown: &[&str], counts: &[bool], printed: &[&str], tally: &mut Tally) {
    let folded = |lines: &[&str]| -> HashSet<u64, BuildHasherDefault<Passed>> { lines.iter().map(|line| hash(line.trim())).collect() };
    let there = folded(printed);
    let is_lost =
        |line: &str| !line.trim().is_empty() && !there.contains(&hash(line.trim())) && !is_elision(line) && resource(line).is_none();
    let lost = shown.iter().zip(counts).enumerate().filter(|(_, (line, counts))| **counts && is_lost(line));
    let lost: Vec<(usize, Line<'_>)> = lost.take(SHOWN_MAX).map(|(at, (line, _))| (at, Line::of(line))).collect();
    if lost.is_empty() {
        return;
    }
    let shown = folded(shown);
    let mut places: ByHash<Vec<usize>> = ByHash::default();
    lost.iter().flat_map(|(_, line)| &line.words).for_each(|word| {
        places.entry(*word).or_default();
    });
    let mut others: Vec<Line<'_>> = Vec::new();
    for line in printed.iter().filter(|line| !line.trim().is_empty() && !shown.contains(&hash(line.trim()))).take(PRINTED_MAX) {
        let line = Line::of(line);
        let mut is_like = false;
        for word in &line.words {
            if let Some(lines) = places.get_mut(word).filter(|lines| lines.len() < PLACES_MAX && lines.last() != Some(&others.len())) {
                lines.push(others.len());
                is_like = true;
            }
        }
        if is_like {
            others.push(line);
        }
    }
    for (at, line) in &lost {
        if let Some(other) = nearest(line, &others, &places)
            && let Some(conflict) = opposite(line, other)
        {
            tally.contradict(conflict, &format!("line {}", at + 1), line.text, other.text);
        }
    }
}

/// The output's line that has most of a line's words, and at least half of them.
fn nearest<'b, 'c>(line: &Line<'_>, others: &'b [Line<'c>], places: &ByHash<Vec<usize>>) -> Option<&'b Line<'c>> {
    let mut shared: HashMap<usize, usize> = HashMap::new();
    let mut words = line.words.clone();
    words.sort_unstable();
    words.dedup();
    for word in &words {
        places.get(word).into_iter().flatten().for_each(|at| *shared.entry(*at).or_default() += 1);
    }
    let best = shared.into_iter().max_by_key(|(at, count)| (*count, std::cmp::Reverse(others[*at].words.len()), std::cmp::Reverse(*at)));
    best.filter(|(_, count)| count * 2 >= words.len()).map(|(at, _)| &others[at])
}

/// What is turned into its opposite: what happened, or only how often.
fn opposite(shown: &Line<'_>, printed: &Line<'_>) -> Option<Conflict> {
    let (lost, new) = (shown.without(printed), printed.without(shown));
    let negates = |words: &[&str]| words.iter().any(|word| NEGATIONS.contains(word) || word.ends_with("n't") || is_wrong(word));
    if negates(&new) && !negates(&lost) || lost.iter().any(|lost| new.iter().any(|new| are_opposites(lost, new))) {
        return Some(Conflict::State);
    }
    let better_none = shown.spelt.iter().any(|word| BETTER_NONE.contains(&word.as_str()));
    let counts = shown.numbers.iter().zip(&printed.numbers);
    let nothing = lost.is_empty()
        && new.is_empty()
        && !better_none
        && shown.numbers.len() == printed.numbers.len()
        && shown.numbers.contains(&true)
        && counts.clone().all(|(shown, printed)| !shown || !printed);
    nothing.then_some(Conflict::Value)
}

fn are_opposites(one: &str, other: &str) -> bool {
    let negated = |word: &str, base: &str| ["un", "in", "dis", "non", "de"].iter().any(|prefix| word.strip_prefix(prefix) == Some(base));
    let listed = |one: &str, other: &str| OPPOSITES.iter().any(|(good, bad)| good.contains(&one) && bad.contains(&other));
    one.len() > 3 && other.len() > 3 && (negated(one, other) || negated(other, one)) || listed(one, other) || listed(other, one)
}

#[cfg(test)]
mod tests {
    use super::contradictions;
    use crate::score::tally::Tally;

    #[track_caller]
    fn check(shown: &str, printed: &str, opposite: bool) {
        let (shown, printed): (Vec<&str>, Vec<&str>) = (shown.lines().collect(), printed.lines().collect());
        let mut tally = Tally::default();
        contradictions(&shown, &vec![true; shown.len()], &printed, &mut tally);
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
        ] {
            check(shown, printed, false);
        }
    }
}
