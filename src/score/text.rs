//! Similarity of prose, logs, tables and markup: the document's words are looked for in the output, with their neighbours.
//!
//! Order of lines and white space do not matter; what differs from run to run counts by its shape; `kind/name verb` lines count by kind.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::aside;
use super::bag::Bag;
use super::change;
use super::label::{self, Chosen, Labels};
use super::leaf::{Conflict, Likeness};
use super::lines::{self, is_under_way};
use super::opposite;
use super::resource::{Resources, resource};
use super::rules::Rules;
use super::selector::Selection;
use super::table::{self, Table};
use super::tally::Tally;
use super::value;
use super::words::{Word, each_word, is_elision, is_markup, words};

/// How many different headers of an output's tables are told apart.
const HEADERS_MAX: usize = 256;

/// The comparison of two texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Comparison {
    pub tally: Tally,
    /// Whether the document shows rows under a header and the output only the header.
    pub no_rows: bool,
    /// Whether the document shows nothing but marks of what was left out.
    pub only_gaps: bool,
    /// Whether a table of the output was found for one of the document.
    pub has_table: bool,
}

/// The names by which a text's values can be called: columns of its tables, labels of its lines.
pub(super) fn names<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let tables = table::find(lines).into_iter().chain(table::forced(lines));
    let mut names: Vec<&str> = tables.flat_map(|table| table.header).collect();
    names.extend(lines.iter().filter_map(|line| label::key(line)));
    names
}

/// The rows of a text's tables as objects, in order.
pub(super) fn rows(lines: &[&str], ignore: &Selection) -> Value {
    tables(lines, ignore, true).iter().flat_map(|table| table.objects()).collect()
}

/// The lines of a text that count.
pub(super) fn counted<'a>(lines: &[&'a str], rules: &Rules) -> Vec<&'a str> {
    let is_ignored = |line: &&&str| label::key(line).is_some_and(|key| rules.ignore.names(key));
    lines.iter().filter(|line| rules.ignore.is_empty() || !is_ignored(line)).copied().collect()
}

/// The tables of a text without the columns that are ignored; `as_table` reads one where none can be seen.
fn tables<'a>(lines: &[&'a str], ignore: &Selection, as_table: bool) -> Vec<Table<'a>> {
    let mut tables = table::find(lines);
    if as_table && tables.is_empty() {
        tables.extend(table::forced(lines));
    }
    if !ignore.is_empty() {
        tables.iter_mut().for_each(|table| table.forget(ignore));
    }
    tables
}

/// Compares an expected text with an output, both readable.
pub(super) fn compare_texts(expected: &str, actual: &str, rules: &Rules, as_table: bool) -> Comparison {
    let shown: Vec<&str> = expected.lines().collect();
    let printed: Vec<&str> = actual.lines().collect();
    if !as_table && let Some(mut rows) = value::rows(&shown, &printed) {
        rows.absorb(turned(expected, &shown, &vec![true; shown.len()], &printed));
        return Comparison { tally: rows, ..Comparison::default() };
    }
    let markup = is_markup(expected) || is_markup(actual);
    let pairs = paired_tables(&shown, &printed, &rules.ignore, as_table);
    let (printed_labels, mut labels) =
        aside::both(expected.len() + actual.len(), || Labels::of(&printed, rules), || Labels::of(&shown, rules));
    if pairs.is_empty() {
        let notes = notes(&shown);
        let counts: Vec<bool> = (0..shown.len()).map(|line| !labels.is_ignored(line) && !notes[line]).collect();
        let (opposites, (mut tally, words)) = aside::both(
            expected.len() + actual.len(),
            || turned(expected, &shown, &counts, &printed),
            || prose(expected, &shown, &counts, (&mut labels, &printed_labels), actual, markup, rules.unordered),
        );
        if words == 0 && tally.weight > 0.0 {
            let tally = Tally { weight: tally.weight.max(1.0), credit: 0.0, ..tally };
            return Comparison { tally, ..Comparison::default() };
        }
        http_status(expected, &shown, &printed, &mut tally);
        tally.absorb(opposites);
        labelled((&mut labels, &printed_labels), &printed, rules, &mut tally);
        let only_gaps = tally.weight == 0.0;
        return Comparison { tally, only_gaps, ..Comparison::default() };
    }
    let mut outside: Vec<bool> = (0..shown.len()).map(|line| !labels.is_ignored(line)).collect();
    pairs.iter().for_each(|(shown, _)| outside[shown.lines.0..shown.lines.1].fill(false));
    let says_more = shown.iter().zip(&outside).any(|(line, outside)| *outside && !line.trim().is_empty());
    let mut tabled = if says_more {
        prose(expected, &shown, &outside, (&mut labels, &printed_labels), actual, markup, rules.unordered).0
    } else {
        Tally::default()
    };
    let mut no_rows = false;
    for (shown, printed) in &pairs {
        no_rows |= !shown.rows.is_empty() && printed.rows.is_empty();
        tabled.absorb(table::compare_tables(shown, printed, &rules.exact));
    }
    // A table that a terminal wrapped is better read as words; the better reading counts unless cells contradict.
    let read = pairs.iter().all(|(shown, printed)| table::is_read(shown) && table::is_read(printed));
    let plain = (!read && tabled.contradictions.is_empty())
        .then(|| prose(expected, &shown, &vec![true; shown.len()], (&mut labels, &printed_labels), actual, markup, rules.unordered).0);
    let mut tally = plain.filter(|plain| plain.coverage() > tabled.coverage()).unwrap_or(tabled);
    http_status(expected, &shown, &printed, &mut tally);
    tally.absorb(turned(expected, &shown, &outside, &printed));
    labelled((&mut labels, &printed_labels), &printed, rules, &mut tally);
    Comparison { tally, no_rows, only_gaps: false, has_table: true }
}

/// Which lines are an author's notes: comments in a text of labels.
fn notes(lines: &[&str]) -> Vec<bool> {
    let is_note = |line: &&str| line.trim_start().starts_with("# ");
    let (mut told, mut labelled) = (0, 0);
    for line in lines.iter().filter(|line| !line.trim().is_empty() && !is_note(line)) {
        told += 1;
        labelled += usize::from(label::key(line).is_some() || label::heading(line).is_some());
    }
    lines.iter().map(|line| labelled * 5 >= told * 3 && labelled > 1 && is_note(line)).collect()
}

/// What lines contradict that stand in the place of shown ones.
fn turned(expected: &str, shown: &[&str], counts: &[bool], printed: &[&str]) -> Tally {
    let mut tally = Tally::default();
    let pairs = lines::pairs(shown, counts, printed);
    opposite::contradictions(&pairs, &mut tally);
    change::contradictions(&pairs, expected, &mut tally);
    tally
}

/// What the labels of lines contradict.
fn labelled((shown, printed): (&mut Labels<'_>, &Labels<'_>), lines: &[&str], rules: &Rules, tally: &mut Tally) {
    label::contradictions(shown, printed, lines, tally);
    if !rules.exact.is_empty() {
        label::exact_values(shown, printed, &rules.exact, tally);
    }
}

/// Whether a document shows nothing but marks of what was left out.
pub(super) fn only_gaps(expected: &str) -> bool {
    expected.lines().filter(|line| !is_elision(line)).all(|line| words(line, false).iter().all(Word::is_gap))
}

/// Tables of the document, each with the output's first free table of those that have most of its columns, and at least half.
fn paired_tables<'a>(shown: &[&'a str], printed: &[&'a str], ignore: &Selection, as_table: bool) -> Vec<(Table<'a>, Table<'a>)> {
    let expected = tables(shown, ignore, as_table);
    if expected.is_empty() {
        return Vec::new();
    }
    let mut free: Vec<Option<Table<'a>>> = tables(printed, ignore, as_table).into_iter().map(Some).collect();
    // Tables of one header are as good as each other, so only the first of them is looked at.
    let mut alike: Vec<VecDeque<usize>> = Vec::new();
    let mut headers: HashMap<Vec<&str>, usize> = HashMap::new();
    for (at, table) in free.iter().enumerate() {
        let Some(table) = table else { continue };
        let group = *headers.entry(table.header.clone()).or_insert(alike.len());
        if group == alike.len() && group < HEADERS_MAX {
            alike.push(VecDeque::new());
        }
        if let Some(group) = alike.get_mut(group) {
            group.push_back(at);
        }
    }
    let mut shares: HashMap<Vec<&str>, Vec<f64>> = HashMap::new();
    let mut pairs = Vec::new();
    for shown in expected {
        let shares = shares.entry(shown.header.clone()).or_insert_with(|| {
            let first = alike.iter().map(|group| group.front().and_then(|at| free[*at].as_ref()));
            first.map(|table| table.map_or(0.0, |table| table::shared_columns(&shown, table))).collect()
        });
        let best = alike.iter().zip(shares).enumerate().filter_map(|(group, (places, share))| Some((*share, *places.front()?, group)));
        let best = best.max_by(|left, right| left.0.total_cmp(&right.0).then(right.1.cmp(&left.1)));
        if let Some((share, at, group)) = best
            && share >= 0.5
            && let Some(printed) = free[at].take()
        {
            alike[group].pop_front();
            pairs.push((shown, printed));
        }
    }
    pairs
}

/// Compares by their words the lines that count; with it, how many words the output has.
fn prose(
    expected: &str,
    lines: &[&str],
    counts: &[bool],
    labels: (&mut Labels<'_>, &Labels<'_>),
    actual: &str,
    markup: bool,
    unordered: bool,
) -> (Tally, usize) {
    let marks: Vec<Marks> = lines.iter().map(|line| Marks::of(line)).collect();
    let happened: Vec<Option<(&str, &str)>> =
        lines.iter().zip(&marks).map(|(line, marks)| if marks.resource { resource(line) } else { None }).collect();
    let mut resources = Resources::new(actual, happened.iter().any(Option::is_some));
    let (labels, printed_labels) = labels;
    let mut chosen = Chosen::new(labels, printed_labels);
    let places = printed_labels.places();
    let printed_lines: Vec<&str> = if places.is_empty() { Vec::new() } else { actual.lines().collect() };
    // What the output has under the same label.
    let said = |labels: &Labels<'_>, line| {
        labels.other(line, printed_labels, &places).and_then(|at| printed_lines.get(at)).map_or("", |line| line.trim())
    };
    // What each line tells, and what of it was found.
    let mut line_sums: Vec<(f64, f64)> = vec![(0.0, 0.0); lines.len() + 1];
    let mut tally = Tally::default();
    let judged_as_words: Vec<bool> = lines
        .iter()
        .zip(counts)
        .enumerate()
        .map(|(at, (line, counts))| {
            let marks = marks[at];
            if !counts || marks.elision && is_elision(line) || marks.prompt && is_prompt(line) {
                return false;
            }
            if let Some((kind, verb)) = happened[at] {
                tally.add(resources.find(kind, verb), || format!("line {}", at + 1), line.trim(), "");
                return false;
            }
            if let Some(likeness) = chosen.find(labels, at) {
                let printed = if tally.keeps(&likeness) { said(labels, at) } else { "" };
                tally.add(likeness, || format!("line {}", at + 1), line.trim(), printed);
                return false;
            }
            true
        })
        .collect();
    let bytes = actual.len().min(expected.len());
    let (printed, (found, times)) = aside::both(
        bytes,
        || aside::is_worth(bytes).then(|| words(actual, markup)),
        || {
            let (mut found, mut times) = (Vec::new(), Vec::new());
            each_word(expected, markup, |word| {
                if judged_as_words.get(word.line).copied().unwrap_or(false) {
                    if word.is_time() { times.push(word) } else { found.push(word) }
                }
            });
            (found, times)
        },
    );
    let mut bag = match printed {
        Some(printed) => Bag::new(&found, |found| printed.into_iter().for_each(found)),
        None => Bag::new(&found, |found| each_word(actual, markup, found)),
    };
    let mut linked = bag.take_pairs();
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
    let judged_pairs: Vec<bool> = found.windows(2).map(|pair| !pair[0].is_gap() && !pair[1].is_gap() && beside(pair)).collect();
    let mut renamed = vec![false; found.len()];
    for index in (0..found.len()).filter(|index| found[*index].is_name()) {
        let sides = [index.checked_sub(1), (index + 1 < found.len()).then_some(index)];
        let lost = sides.iter().flatten().any(|at| judged_pairs[*at] && !linked[*at]) || sides == [None, None];
        if lost && bag.take_hole(&found, index) {
            renamed[index] = true;
            sides.into_iter().flatten().for_each(|at| linked[at] = true);
        }
    }
    let zero_alone = found.len() == 1 && is_zero(actual) && !is_zero(expected);
    for (index, word) in found.iter().enumerate() {
        if word.is_gap() {
            continue;
        }
        let present = if zero_alone {
            0.0
        } else if bag.take(index) {
            1.0
        } else if word.is_free() && bag.take_alike(word) {
            // An id of another type or a URL of another service is there, but not what is shown.
            if bag.take_about(word) { 0.95 } else { 0.2 }
        } else if renamed[index] {
            0.95
        } else {
            0.0
        };
        let sides = [index.checked_sub(1), Some(index)].into_iter().flatten().filter(|at| judged_pairs.get(*at).copied().unwrap_or(false));
        let (mut near, mut of) = (0.0, 0.0);
        for at in sides {
            // Lines may come between two lines.
            let tells = if found[at].line == found[at + 1].line {
                1.0
            } else if unordered {
                0.0
            } else {
                0.2
            };
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
        sums.1 += if bag.take_alike(word) { word.weight } else { 0.0 };
    }
    let order = order(&found, &judged_pairs, &linked);
    // A few words in a sea of others are an accident.
    let judged_words = found.len().max(1);
    let sea = ((judged_words * 6 + 30) as f64 / bag.count.max(1) as f64).clamp(0.5, 1.0);
    for (line, (weight, credit)) in line_sums.into_iter().enumerate().filter(|(_, (weight, _))| *weight > 0.0) {
        let told = if is_under_way(lines[line]) { 0.1 } else { 1.0 };
        let likeness = Likeness { weight: weight * told, credit: credit / weight * sea * order, conflict: None };
        let printed = if tally.keeps(&likeness) { said(labels, line) } else { "" };
        tally.add(likeness, || format!("line {}", line + 1), lines[line], printed);
    }
    (tally, bag.count)
}

/// Which marks a line has, without which it cannot be some things.
#[derive(Debug, Clone, Copy)]
struct Marks {
    /// Of lines that say what happened to a resource.
    resource: bool,
    /// Of prompts of a shell.
    prompt: bool,
    /// Of lines that were left out.
    elision: bool,
}

impl Marks {
    fn of(line: &str) -> Self {
        const RESOURCE: u8 = 1;
        const PROMPT: u8 = 2;
        const ELISION: u8 = 4;
        static MARKS: [u8; 256] = {
            let mut marks = [0; 256];
            marks[b'/' as usize] = RESOURCE | ELISION;
            marks[b'"' as usize] = RESOURCE;
            marks[b'$' as usize] = PROMPT;
            marks[b'#' as usize] = PROMPT | ELISION;
            marks[b'.' as usize] = ELISION;
            marks[b'<' as usize] = ELISION;
            marks[b'[' as usize] = ELISION;
            marks[b'(' as usize] = ELISION;
            marks[b'-' as usize] = ELISION;
            marks[b'*' as usize] = ELISION;
            marks[b'=' as usize] = ELISION;
            marks[b'~' as usize] = ELISION;
            marks[b':' as usize] = ELISION;
            // The first byte of `…`.
            marks[0xE2] = ELISION;
            marks
        };
        let found = line.bytes().fold(0, |found, byte| found | MARKS[usize::from(byte)]);
        Self { resource: found & RESOURCE != 0, prompt: found & PROMPT != 0, elision: found & ELISION != 0 }
    }
}

/// How much words count that stand beside others than in the document, 0 to 1: words in another order say something else.
fn order(found: &[Word], judged: &[bool], linked: &[bool]) -> f64 {
    // Below this share of neighbours that are found, order is lost, and words lose what they tell.
    const KEPT_MIN: f64 = 0.45;
    const JUDGED_MIN: usize = 6;
    let inside = |at: &usize| {
        let (left, right) = (&found[*at], &found[*at + 1]);
        judged[*at] && left.line == right.line && right.starts && (left.is_plain() || right.is_plain())
    };
    let pairs: Vec<usize> = (0..judged.len()).filter(inside).collect();
    if pairs.len() < JUDGED_MIN {
        return 1.0;
    }
    let kept = pairs.iter().filter(|at| linked[**at]).count() as f64 / pairs.len() as f64;
    (kept / KEPT_MIN).min(1.0)
}

/// A count of nothing.
fn is_zero(text: &str) -> bool {
    text.trim().trim_matches('"') == "0"
}

/// A shell prompt with the command behind it, copied into the expected output.
fn is_prompt(line: &str) -> bool {
    static PROMPT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\s*(?:[\w.-]+@[\w.-]+:?[^$#]*[$#]\s|\$\s+\w)").ok());
    PROMPT.as_ref().is_some_and(|prompt| prompt.is_match(line))
}

/// `HTTP/2 302` where the document shows `HTTP/1.1 200 OK`.
fn http_status(expected: &str, shown: &[&str], printed: &[&str], tally: &mut Tally) {
    if !expected.contains("HTTP/") {
        return;
    }
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

#[cfg(test)]
mod tests {
    use super::Rules;

    fn compare_texts(expected: &str, actual: &str) -> super::Comparison {
        super::compare_texts(expected, actual, &Rules::default(), false)
    }
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
            assert!(!found.tally.contradictions.is_empty(), "{expected}: {found:?}");
        }
        let yaml = "metadata:\n  name: web\nspec:\n  type: LoadBalancer";
        assert!(compare_texts(yaml, yaml).tally.contradictions.is_empty());
    }

    #[test]
    fn each_table_is_held_against_the_first_that_is_free_of_those_with_most_of_its_columns() {
        let pod = |name: &str, status: &str| format!("NAME   STATUS    AGE\n{name}  {status}   3m\n\n");
        let shown = pod("web-a", "Running") + &pod("web-b", "Running");
        let other = "NAME   TYPE\nweb-a  ClusterIP\n\n";
        assert!(compare_texts(&shown, &(other.to_owned() + &shown)).tally.contradictions.is_empty());
        let fallen = pod("web-a", "Running") + other + &pod("web-b", "Pending");
        assert_eq!(compare_texts(&shown, &fallen).tally.contradictions[0].path, "STATUS of web-b");
    }

    #[test]
    fn a_document_of_gaps_says_so() {
        assert!(compare_texts("... (redacted for brevity) ...", "some log").only_gaps);
    }
}
