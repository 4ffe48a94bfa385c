//! Similarity of prose, logs, tables and markup: the document's words are looked for in the output, with their neighbours.
//!
//! Order of lines and white space do not matter; what differs from run to run counts by its shape; `kind/name verb` lines count by kind.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::leaf::{Conflict, Likeness, Role, compare, name_words, role, truth};
use super::table::{self, Table};
use super::tally::Tally;
use super::value;
use super::words::{ABOUT_OTHER, Counts, Word, is_elision, is_gap, is_markup, words};

/// How much the key of a `key: value` line tells.
const KEY_WEIGHT: f64 = 0.8;
/// How many different values of one key are looked at.
const VALUES_MAX: usize = 32;

/// The comparison of two texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Comparison {
    pub tally: Tally,
    /// Whether the document shows rows under a header and the output only the header.
    pub no_rows: bool,
    /// Whether the document shows nothing but marks of what was left out.
    pub only_gaps: bool,
}

/// Compares an expected text with an output, both readable.
pub(super) fn compare_texts(expected: &str, actual: &str) -> Comparison {
    let shown: Vec<&str> = expected.lines().collect();
    let printed: Vec<&str> = actual.lines().collect();
    if let Some(rows) = value::rows(&shown, &printed) {
        return Comparison { tally: rows, ..Comparison::default() };
    }
    let markup = is_markup(expected) || is_markup(actual);
    let pairs = paired_tables(&shown, &printed);
    if pairs.is_empty() {
        let bag = Bag::new(actual, markup);
        let is_empty = bag.count == 0;
        let mut tally = prose(expected, &shown, &vec![true; shown.len()], bag, actual);
        if is_empty && tally.weight > 0.0 {
            let tally = Tally { weight: tally.weight.max(1.0), credit: 0.0, ..tally };
            return Comparison { tally, ..Comparison::default() };
        }
        contradictions(&shown, &printed, &mut tally);
        let only_gaps = tally.weight == 0.0;
        return Comparison { tally, no_rows: false, only_gaps };
    }
    let mut outside = vec![true; shown.len()];
    pairs.iter().for_each(|(shown, _)| outside[shown.lines.0..shown.lines.1].fill(false));
    let says_more = shown.iter().zip(&outside).any(|(line, outside)| *outside && !line.trim().is_empty());
    let mut tabled = if says_more { prose(expected, &shown, &outside, Bag::new(actual, markup), actual) } else { Tally::default() };
    let mut no_rows = false;
    for (shown, printed) in &pairs {
        no_rows |= !shown.rows.is_empty() && printed.rows.is_empty();
        tabled.absorb(table::compare_tables(shown, printed));
    }
    // A table that a terminal wrapped is better read as words; the better reading counts unless cells contradict.
    let read = pairs.iter().all(|(shown, printed)| table::is_read(shown) && table::is_read(printed));
    let plain =
        (!read && tabled.contradictions.is_empty()).then(|| prose(expected, &shown, &vec![true; shown.len()], Bag::new(actual, markup), actual));
    let mut tally = plain.filter(|plain| plain.coverage() > tabled.coverage()).unwrap_or(tabled);
    contradictions(&shown, &printed, &mut tally);
    Comparison { tally, no_rows, only_gaps: false }
}

/// Whether a document shows nothing but marks of what was left out.
pub(super) fn only_gaps(expected: &str) -> bool {
    expected.lines().filter(|line| !is_elision(line)).all(|line| words(line, false).iter().all(is_gap))
}

/// Tables of the document, each with the output's table that has most of its columns, and at least half.
fn paired_tables<'a>(shown: &[&'a str], printed: &[&'a str]) -> Vec<(Table<'a>, Table<'a>)> {
    let expected = table::find(shown);
    if expected.is_empty() {
        return Vec::new();
    }
    let mut free = table::find(printed);
    let mut pairs = Vec::new();
    for shown in expected {
        let best = free.iter().enumerate().map(|(at, printed)| (table::shared_columns(&shown, printed), at));
        let best = best.max_by(|left, right| left.0.total_cmp(&right.0).then(right.1.cmp(&left.1)));
        if let Some((share, at)) = best
            && share >= 0.5
        {
            pairs.push((shown, free.remove(at)));
        }
    }
    pairs
}

/// The words of an output, how often each and each pair of neighbours occurs.
struct Bag {
    exact: Counts,
    symbols: Counts,
    neighbours: Counts,
    /// What ids and URLs are about.
    about: Counts,
    /// The neighbours on both sides of each word within its line, where a name that somebody chose may have stood.
    holes: Counts,
    count: usize,
}

impl Bag {
    fn new(text: &str, markup: bool) -> Self {
        let found = words(text, markup);
        let mut bag = Self {
            exact: Counts::default(),
            symbols: Counts::default(),
            neighbours: Counts::default(),
            about: Counts::default(),
            holes: Counts::default(),
            count: found.len(),
        };
        for word in &found {
            *bag.exact.entry(word.exact).or_default() += 1;
            if word.free {
                *bag.symbols.entry(word.symbol).or_default() += 1;
                // One that does not tell what it is about may be about anything.
                *bag.about.entry(word.about).or_default() += 1;
            }
        }
        let mut chain = found;
        chain.retain(|word| !word.time);
        for pair in chain.windows(2) {
            *bag.neighbours.entry(neighbours(&pair[0], &pair[1])).or_default() += 1;
        }
        for at in (0..chain.len()).filter(|at| chain[*at].name || chain[*at].plain) {
            if let Some(hole) = hole(&chain, at) {
                *bag.holes.entry(hole).or_default() += 1;
            }
        }
        bag
    }
}

fn neighbours(left: &Word, right: &Word) -> u64 {
    left.symbol.rotate_left(23).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ right.symbol
}

/// The neighbours of a word within its line; none unless one of them is a word that must be found.
fn hole(chain: &[Word], at: usize) -> Option<u64> {
    let line = chain[at].line;
    let beside = |at: Option<usize>| at.and_then(|at| chain.get(at)).filter(|word| word.line == line);
    let (left, right) = (beside(at.checked_sub(1)), beside(Some(at + 1)));
    let anchored = left.is_some_and(|word| word.plain) || right.is_some_and(|word| word.plain);
    let side = |word: Option<&Word>| word.map_or(1, |word| word.symbol);
    anchored.then(|| side(left).rotate_left(31).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ side(right))
}

fn take(counts: &mut Counts, key: u64) -> bool {
    match counts.get_mut(&key) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    }
}

/// Compares by their words the lines that count; takes from the bag what it finds.
fn prose(expected: &str, lines: &[&str], counts: &[bool], bag: Bag, actual: &str) -> Tally {
    let mut resources = Resources::new(actual, lines.iter().any(|line| resource(line).is_some()));
    let mut chosen = Chosen::new(actual, lines);
    // What each line tells, and what of it was found.
    let mut line_sums: Vec<(f64, f64)> = vec![(0.0, 0.0); lines.len() + 1];
    let mut tally = Tally::default();
    let judged_as_words: Vec<bool> = lines
        .iter()
        .zip(counts)
        .enumerate()
        .map(|(at, (line, counts))| {
            if !counts || is_elision(line) || is_prompt(line) {
                return false;
            }
            if let Some((kind, verb)) = resource(line) {
                tally.add(resources.find(kind, verb), || format!("line {}", at + 1), line.trim(), "");
                return false;
            }
            if let Some(likeness) = chosen.find(line) {
                tally.add(likeness, || format!("line {}", at + 1), line.trim(), "");
                return false;
            }
            true
        })
        .collect();
    let mut found = words(expected, is_markup(expected) || is_markup(actual));
    found.retain(|word| judged_as_words.get(word.line).copied().unwrap_or(false));
    let times: Vec<Word> = found.iter().filter(|word| word.time).copied().collect();
    found.retain(|word| !word.time);
    let Bag { mut exact, mut symbols, neighbours: mut pairs, mut about, mut holes, count } = bag;
    let mut linked: Vec<bool> =
        found.windows(2).map(|pair| !is_gap(&pair[0]) && !is_gap(&pair[1]) && take(&mut pairs, neighbours(&pair[0], &pair[1]))).collect();
    // Lines that are judged otherwise or not at all leave no neighbours.
    let apart: Vec<usize> = judged_as_words
        .iter()
        .zip(lines)
        .scan(0, |apart, (words, line)| {
            *apart += usize::from(!words && !line.trim().is_empty());
            Some(*apart)
        })
        .collect();
    let beside = |pair: &[Word]| apart.get(pair[0].line) == apart.get(pair[1].line);
    let judged_pairs: Vec<bool> = found.windows(2).map(|pair| !is_gap(&pair[0]) && !is_gap(&pair[1]) && beside(pair)).collect();
    let mut renamed = vec![false; found.len()];
    for index in (0..found.len()).filter(|index| found[*index].name) {
        let sides = [index.checked_sub(1), (index + 1 < found.len()).then_some(index)];
        let lost = sides.iter().flatten().any(|at| judged_pairs[*at] && !linked[*at]) || sides == [None, None];
        if lost && hole(&found, index).is_some_and(|hole| take(&mut holes, hole)) {
            renamed[index] = true;
            sides.into_iter().flatten().for_each(|at| linked[at] = true);
        }
    }
    let zero_alone = found.len() == 1 && is_zero(actual) && !is_zero(expected);
    for (index, word) in found.iter().enumerate() {
        if is_gap(word) {
            continue;
        }
        let present = if zero_alone {
            0.0
        } else if take(&mut exact, word.exact) {
            1.0
        } else if word.free && take(&mut symbols, word.symbol) {
            // An id of another type or a URL of another service is there, but not what is shown.
            let told = word.about <= ABOUT_OTHER || take(&mut about, word.about) || take(&mut about, 0);
            if told { 0.95 } else { 0.2 }
        } else if renamed[index] {
            0.95
        } else {
            0.0
        };
        let sides = [index.checked_sub(1), Some(index)].into_iter().flatten().filter(|at| judged_pairs.get(*at).copied().unwrap_or(false));
        let (mut near, mut of) = (0.0, 0.0);
        for at in sides {
            // Lines may come between two lines.
            let tells = if found[at].line == found[at + 1].line { 1.0 } else { 0.2 };
            of += tells;
            near += if linked[at] { tells } else { 0.0 };
        }
        // A word alone on its line has only such neighbours.
        let context = if of == 0.0 {
            1.0
        } else if of < 1.0 {
            0.5 + 0.5 * near / of
        } else {
            near / of
        };
        let sums = &mut line_sums[word.line];
        sums.0 += word.weight;
        sums.1 += word.weight * present * (0.4 + 0.6 * context);
    }
    for word in &times {
        let sums = &mut line_sums[word.line];
        sums.0 += word.weight;
        sums.1 += if take(&mut symbols, word.symbol) { word.weight } else { 0.0 };
    }
    // A few words in a sea of others are an accident.
    let judged_words = found.len().max(1);
    let sea = ((judged_words * 6 + 30) as f64 / count.max(1) as f64).clamp(0.5, 1.0);
    for (line, (weight, credit)) in line_sums.into_iter().enumerate().filter(|(_, (weight, _))| *weight > 0.0) {
        let share = credit / weight * sea;
        tally.add(Likeness { weight, credit: share, conflict: None }, || format!("line {}", line + 1), lines[line].trim(), "");
    }
    tally
}

/// The `key: value` lines of an output whose keys say that somebody chose the value, or that it varies.
struct Chosen<'a> {
    values: HashMap<String, Vec<&'a str>>,
}

impl<'a> Chosen<'a> {
    fn new(actual: &'a str, shown: &[&str]) -> Self {
        let mut values: HashMap<String, Vec<&str>> = HashMap::new();
        for (key, _) in shown.iter().filter_map(|line| free_pair(line)) {
            values.entry(key.to_lowercase()).or_default();
        }
        if !values.is_empty() {
            for (key, value) in actual.lines().filter_map(pair) {
                if let Some(found) = values.get_mut(&key.to_lowercase()).filter(|found| found.len() < VALUES_MAX) {
                    found.push(value);
                }
            }
        }
        Self { values }
    }

    /// The likeness of a line to the one that has its key; none when it is no such line or the output has no such key left.
    fn find(&mut self, line: &str) -> Option<Likeness> {
        let (key, value) = free_pair(line)?;
        let found = self.values.get_mut(&key.to_lowercase()).filter(|found| !found.is_empty())?;
        let at = found.iter().position(|printed| *printed == value).unwrap_or(0);
        let likeness = compare(key, "", value, Some(found.remove(at)));
        let weight = KEY_WEIGHT + likeness.weight;
        Some(Likeness { weight, credit: (KEY_WEIGHT + likeness.weight * likeness.credit) / weight, conflict: None })
    }
}

fn free_pair(line: &str) -> Option<(&str, &str)> {
    pair(line).filter(|(key, _)| matches!(role(key, ""), Role::Name | Role::Soft))
}

/// A count of nothing.
fn is_zero(text: &str) -> bool {
    text.trim().trim_matches('"') == "0"
}

/// A shell prompt with the command behind it, copied into the expected output.
fn is_prompt(line: &str) -> bool {
    static PROMPT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\s*(?:[\w.-]+@[\w.-]+:?[^$#]*[$#]\s|\$\s+\w)").ok());
    line.bytes().any(|byte| matches!(byte, b'$' | b'#')) && PROMPT.as_ref().is_some_and(|prompt| prompt.is_match(line))
}

/// `deployment.apps/web created`, `namespace "x" deleted`: kind without its group, and what happened to it.
fn resource(line: &str) -> Option<(&str, &str)> {
    if !line.bytes().any(|byte| matches!(byte, b'/' | b'"')) {
        return None;
    }
    let mut words = line.split_whitespace();
    let first: [Option<&str>; 6] = std::array::from_fn(|_| words.next());
    let words: Vec<&str> = first.into_iter().flatten().collect();
    if words.len() > 5 { None } else { resource_words(&words) }
}

fn resource_words<'a>(words: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let (first, second) = (*words.first()?, *words.get(1)?);
    let (kind, verb) = match first.split_once('/') {
        Some((kind, name)) if !name.is_empty() && !name.contains('/') => (kind, second),
        None if second.starts_with('"') && second.ends_with('"') => (first, *words.get(2)?),
        _ => return None,
    };
    let lower = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
    };
    // `example.com/name: value` is a label, not a verb.
    let is_verb = verb.len() >= 3 && verb.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') && !verb.starts_with('-');
    (lower(kind) && is_verb && !first.ends_with(':')).then(|| (kind.split('.').next().unwrap_or(kind), verb))
}

/// The `kind/name verb` lines of an output: how often each verb happened to each kind.
struct Resources<'a> {
    verbs: HashMap<&'a str, BTreeMap<&'a str, usize>>,
}

impl<'a> Resources<'a> {
    fn new(text: &'a str, wanted: bool) -> Self {
        let mut verbs: HashMap<&str, BTreeMap<&str, usize>> = HashMap::new();
        if wanted {
            // By words, not by lines: terminals wrap long names, and logs put times before them.
            let words: Vec<&str> = text.split_whitespace().collect();
            for at in 0..words.len() {
                if let Some((kind, verb)) = resource_words(&words[at..words.len().min(at + 3)]) {
                    *verbs.entry(kind).or_default().entry(verb).or_default() += 1;
                }
            }
        }
        Self { verbs }
    }

    fn find(&mut self, kind: &str, verb: &str) -> Likeness {
        // kubectl apply says created, configured or unchanged, depending on what was there before.
        const MADE: [&str; 9] =
            ["created", "configured", "unchanged", "patched", "serverside-applied", "exposed", "labeled", "annotated", "replaced"];
        let nothing = Likeness { weight: 2.0, credit: 0.0, conflict: None };
        let Some(verbs) = self.verbs.get_mut(kind) else { return nothing };
        let likewise = |printed: &&str| MADE.contains(&verb) && MADE.contains(printed);
        let found = if verbs.contains_key(verb) {
            Some(verb)
        } else {
            verbs.keys().copied().find(likewise).or_else(|| verbs.keys().next().copied())
        };
        let Some(printed) = found else { return nothing };
        if let Some(count) = verbs.get_mut(printed) {
            *count -= 1;
            if *count == 0 {
                verbs.remove(printed);
            }
        }
        if printed == verb {
            Likeness { credit: 1.0, ..nothing }
        } else if likewise(&printed) {
            Likeness { credit: 0.9, ..nothing }
        } else {
            Likeness { conflict: Some(Conflict::State), ..nothing }
        }
    }
}

/// Finds `key: value` lines whose key must hold and whose value does not, values that are not there, and other classes of HTTP status.
fn contradictions(shown: &[&str], printed: &[&str], tally: &mut Tally) {
    http_status(shown, printed, tally);
    let wanted: Vec<(usize, &str, &str)> =
        shown.iter().enumerate().filter_map(|(at, line)| pair(line).map(|(key, value)| (at, key, value))).collect();
    if wanted.is_empty() {
        return;
    }
    let mut found: HashMap<String, Vec<&str>> = HashMap::new();
    let mut without_value: HashSet<String> = HashSet::new();
    for line in printed {
        if let Some((key, value)) = pair(line) {
            let values = found.entry(key.to_lowercase()).or_default();
            if values.len() < VALUES_MAX && !values.contains(&value) {
                values.push(value);
            }
        } else if let Some(key) = line.trim().strip_suffix(':') {
            without_value.insert(key.to_lowercase());
        }
    }
    let mut judged = HashSet::new();
    for (at, key, value) in wanted {
        if !judged.insert((key, value)) {
            continue;
        }
        let path = || format!("{key} (line {})", at + 1);
        let name = key.to_lowercase();
        match found.get(&name) {
            None if without_value.contains(&name) => tally.contradict(Conflict::State, &path(), value, ""),
            None => {}
            Some(values) => {
                let conflicts: Vec<_> = values.iter().filter_map(|printed| pair_conflict(key, value, printed)).collect();
                if let (Some(conflict), true) = (conflicts.first(), conflicts.len() == values.len()) {
                    tally.contradict(*conflict, &path(), value, values[0]);
                }
            }
        }
    }
}

fn pair_conflict(key: &str, expected: &str, actual: &str) -> Option<Conflict> {
    const COUNTS_OF_WRONG: [&str; 6] = ["exit", "error", "errors", "failed", "failures", "unreachable"];
    let must_hold = matches!(role(key, ""), Role::Type | Role::State) || truth(expected).is_some();
    if must_hold {
        return compare(key, "", expected, Some(actual)).conflict;
    }
    let none_shown = expected == "0" && actual.parse::<u64>().is_ok_and(|count| count > 0);
    (none_shown && name_words(key).iter().any(|word| COUNTS_OF_WRONG.contains(&word.as_str()))).then_some(Conflict::State)
}

/// `HTTP/2 302` where the document shows `HTTP/1.1 200 OK`.
fn http_status(shown: &[&str], printed: &[&str], tally: &mut Tally) {
    let status = |line: &&str| {
        let rest = line.trim().trim_start_matches("< ").strip_prefix("HTTP/")?;
        rest.split_whitespace().nth(1)?.get(..3)?.parse::<u32>().ok()
    };
    let Some(expected) = shown.iter().find_map(status) else { return };
    // Redirections and interim answers may come before the last one.
    let Some(actual) = printed.iter().rev().find_map(status) else { return };
    if expected / 100 != actual / 100 {
        tally.contradict(Conflict::State, "HTTP status", &expected.to_string(), &actual.to_string());
    }
}

/// `STATUS: deployed`, `  type: LoadBalancer`, `"state": "on",`, `status = ok`.
fn pair(line: &str) -> Option<(&str, &str)> {
    if !line.bytes().any(|byte| matches!(byte, b':' | b'=')) {
        return None;
    }
    let line = line.trim().trim_start_matches(['-', '*', '+']).trim_start();
    let (key, value) = line.split_once(": ").or_else(|| line.split_once(":\t")).or_else(|| line.split_once(" = "))?;
    let key = key.trim().trim_matches(['"', '\'']);
    let value = value.trim().trim_end_matches(',').trim_matches(['"', '\'']);
    let simple = !key.is_empty()
        && key.len() <= 40
        && key.split_whitespace().count() <= 3
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.'));
    (simple && !value.is_empty() && value.len() <= 80).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::{compare_texts, resource};
    use crate::score::leaf::Conflict;

    #[track_caller]
    fn check(expected: &str, actual: &str, low: f64, high: f64) {
        let found = compare_texts(expected, actual);
        let coverage = found.tally.coverage();
        assert!((low..=high).contains(&coverage), "{coverage}: {found:?}");
    }

    #[test]
    fn names_times_and_white_space_may_differ() {
        check(
            "Merged \"MyAKSClusterxxx\" as current context in /home/user/.kube/config",
            "Merged \"prod7\" as  current context\nin /home/u/.kube/config",
            0.9,
            1.0,
        );
        check("Terraform v1.5.0\n", "Terraform v1.9.8\non linux_amd64\n", 0.9, 1.0);
        check("External IP: xx.xx.xx.xx", "External IP: 20.1.2.3", 0.99, 1.0);
    }

    #[test]
    fn other_text_is_not_there() {
        check("Success! The configuration is valid.", "Hello world from the enclave", 0.0, 0.1);
        check("namespace/airflow created", "deployment.apps/web created", 0.0, 0.05);
        check("Hello world from the enclave\n", "world the Hello enclave from", 0.2, 0.6);
    }

    #[test]
    fn kubectl_lines_count_by_kind_and_verb() {
        assert_eq!(resource("deployment.apps/web created (dry run)"), Some(("deployment", "created")));
        assert_eq!(resource("namespace \"x\" deleted"), Some(("namespace", "deleted")));
        assert_eq!(resource("see a/b for more about the whole thing"), None);
        check("namespace/airflow created", "namespace/other configured", 0.85, 1.0);
        let found = compare_texts("namespace/airflow created", "namespace/airflow deleted");
        assert_eq!(found.tally.contradictions[0].conflict, Conflict::State);
    }

    #[test]
    fn a_line_with_another_state_contradicts() {
        let found = compare_texts("NAME: x\nSTATUS: deployed\n", "NAME: x\nSTATUS: pending-install\n");
        assert_eq!(found.tally.contradictions[0].path, "STATUS (line 2)");
        assert!(compare_texts("STATUS: deployed", "STATUS: deployed").tally.contradictions.is_empty());
    }

    #[test]
    fn a_value_that_is_not_there_and_another_class_of_answer_contradict() {
        for (expected, actual) in [
            ("External IP: xx.xx.xx.xx", "External IP: "),
            ("HTTP/1.1 200 OK\nserver: nginx\ndate: x", "HTTP/1.1 302 Found\nserver: nginx\ndate: y"),
            ("Passed: 4\nFailed: 0", "Passed: 3\nFailed: 1"),
        ] {
            let found = compare_texts(expected, actual);
            assert_eq!(found.tally.contradictions.len(), 1, "{expected}: {found:?}");
        }
        let yaml = "metadata:\n  name: web\nspec:\n  type: LoadBalancer";
        assert!(compare_texts(yaml, yaml).tally.contradictions.is_empty());
    }

    #[test]
    fn a_document_of_gaps_says_so() {
        assert!(compare_texts("... (redacted for brevity) ...", "some log").only_gaps);
    }
}
