//! Similarity of prose, logs, tables and markup: the document's words are looked for in the output, with their neighbours.
//!
//! Order of lines and white space do not matter; what differs from run to run counts by its shape; `kind/name verb` lines count by kind.

use std::cell::OnceCell;
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
use super::marks::Lines;
use super::opposite;
use super::resource::{Resources, resource};
use super::rules::Rules;
use super::selector::Selection;
use super::table::{self, Heads, Table};
use super::tally::Tally;
use super::value;
use super::words::{Word, each_word, is_elision, is_markup, words};

/// How long a word and what stands behind it are at least, as a rule.
const WORD_BYTES: usize = 4;
/// How many different headers of an output's tables are told apart.
const HEADERS_MAX: usize = 64;
/// The share of a table's columns that another must have to stand for it.
const SHARE_MIN: f64 = 0.5;

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
pub(super) fn names<'a>(lines: &Lines<'a>) -> Vec<&'a str> {
    let tables = table::find(lines).into_iter().chain(table::forced(lines));
    let mut names: Vec<&str> = tables.flat_map(|table| table.header).collect();
    names.extend(lines.iter().filter_map(|line| label::key(line)));
    names
}

/// The rows of a text's tables as objects, in order.
pub(super) fn rows(lines: &Lines<'_>, ignore: &Selection) -> Value {
    tables(lines, ignore, true).iter().flat_map(|table| table.objects()).collect()
}

/// The lines of a text that count.
pub(super) fn counted<'a>(lines: &[&'a str], rules: &Rules) -> Vec<&'a str> {
    let is_ignored = |line: &&&str| label::key(line).is_some_and(|key| rules.ignore.names(key));
    lines.iter().filter(|line| rules.ignore.is_empty() || !is_ignored(line)).copied().collect()
}

/// The tables of a text without the columns that are ignored; `as_table` reads one where none can be seen.
fn tables<'a>(lines: &Lines<'a>, ignore: &Selection, as_table: bool) -> Vec<Table<'a>> {
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
    let (shown, printed) = (Lines::of(expected), Lines::of(actual));
    if !as_table && let Some(mut rows) = value::rows(&shown, &printed) {
        rows.absorb(turned(expected, &shown, &vec![true; shown.len()], &printed));
        return Comparison { tally: rows, ..Comparison::default() };
    }
    let markup = is_markup(expected) || is_markup(actual);
    let pairs = paired_tables(&shown, &printed, &rules.ignore, as_table);
    let (printed_labels, mut labels) =
        aside::both(expected.len() + actual.len(), || Labels::of(&printed, rules), || Labels::of(&shown, rules));
    if pairs.is_empty() {
        let notes = notes(&shown, &labels);
        let counts: Vec<bool> = (0..shown.len()).map(|line| !labels.is_ignored(line) && !notes[line]).collect();
        let (opposites, (mut tally, words)) = aside::both(
            expected.len() + actual.len(),
            || turned(expected, &shown, &counts, &printed),
            || prose((expected, &shown, &mut labels), &counts, (actual, &printed, &printed_labels), markup, rules.unordered),
        );
        if words == 0 && tally.weight > 0.0 {
            let tally = Tally { weight: tally.weight.max(1.0), credit: 0.0, ..tally };
            return Comparison { tally, ..Comparison::default() };
        }
        http_status(expected, &shown, &printed, &mut tally);
        tally.absorb(opposites);
        labelled((&mut labels, &shown), (&printed_labels, &printed), rules, &mut tally);
        let only_gaps = tally.weight == 0.0;
        return Comparison { tally, only_gaps, ..Comparison::default() };
    }
    let mut outside: Vec<bool> = (0..shown.len()).map(|line| !labels.is_ignored(line)).collect();
    pairs.iter().for_each(|(shown, _)| outside[shown.lines.0..shown.lines.1].fill(false));
    let says_more = shown.iter().zip(&outside).any(|(line, outside)| *outside && !line.trim().is_empty());
    let mut tabled = if says_more {
        prose((expected, &shown, &mut labels), &outside, (actual, &printed, &printed_labels), markup, rules.unordered).0
    } else {
        Tally::default()
    };
    let mut no_rows = false;
    let mut heads: Option<Heads<'_>> = None;
    for (shown, printed) in &pairs {
        no_rows |= !shown.rows.is_empty() && printed.rows.is_empty();
        let own = heads.take().filter(|heads| heads.are_of(shown, printed)).unwrap_or_else(|| Heads::of(shown, printed));
        tabled.absorb(table::compare_tables(shown, printed, &own, &rules.exact));
        heads = Some(own);
    }
    // A table that a terminal wrapped is better read as words; the better reading counts unless cells contradict.
    let read = pairs.iter().all(|(shown, printed)| table::is_read(shown) && table::is_read(printed));
    let plain = (!read && tabled.contradictions.is_empty()).then(|| {
        prose((expected, &shown, &mut labels), &vec![true; shown.len()], (actual, &printed, &printed_labels), markup, rules.unordered).0
    });
    let mut tally = plain.filter(|plain| plain.coverage() > tabled.coverage()).unwrap_or(tabled);
    http_status(expected, &shown, &printed, &mut tally);
    tally.absorb(turned(expected, &shown, &outside, &printed));
    labelled((&mut labels, &shown), (&printed_labels, &printed), rules, &mut tally);
    Comparison { tally, no_rows, only_gaps: false, has_table: true }
}

/// Which lines are an author's notes: comments in a text of labels.
fn notes(lines: &Lines<'_>, labels: &Labels<'_>) -> Vec<bool> {
    let is_note = |at: usize| lines.marks(at).may_be_prompt() && lines[at].trim_start().starts_with("# ");
    let mut notes: Vec<bool> = (0..lines.len()).map(is_note).collect();
    if notes.contains(&true) {
        let (mut told, mut labelled) = (0, 0);
        for (at, line) in lines.told().filter(|(at, _)| !notes[*at]) {
            told += 1;
            labelled += usize::from(labels.is_on(at) || label::heading(line).is_some());
        }
        if labelled * 5 < told * 3 || labelled < 2 {
            notes.fill(false);
        }
    }
    notes
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
fn labelled(
    (shown, shown_lines): (&mut Labels<'_>, &Lines<'_>),
    (printed, printed_lines): (&Labels<'_>, &Lines<'_>),
    rules: &Rules,
    tally: &mut Tally,
) {
    label::contradictions((shown, shown_lines), (printed, printed_lines), tally);
    if !rules.exact.is_empty() {
        label::exact_values(shown, printed, &rules.exact, tally);
    }
}

/// Whether a document shows nothing but marks of what was left out.
pub(super) fn only_gaps(expected: &str) -> bool {
    expected.lines().filter(|line| !is_elision(line)).all(|line| words(line, false).iter().all(Word::is_gap))
}

/// Tables of the document, each with the output's first free table of those that have most of its columns, and at least half.
fn paired_tables<'a>(shown: &Lines<'a>, printed: &Lines<'a>, ignore: &Selection, as_table: bool) -> Vec<(Table<'a>, Table<'a>)> {
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
    let first = alike.iter().map(|group| group.front().and_then(|at| free[*at].as_ref()));
    let columns: Vec<Vec<u64>> = first.map(|table| table.map_or_else(Vec::new, table::columns)).collect();
    // For each header of the document those of the output that may stand for it.
    let mut fitting: HashMap<Vec<&str>, Vec<(f64, usize)>> = HashMap::new();
    let mut pairs = Vec::new();
    for shown in expected {
        let fitting = fitting.entry(shown.header.clone()).or_insert_with(|| {
            let own = table::columns(&shown);
            let shares = columns.iter().enumerate().map(|(group, columns)| (table::shared(&own, columns), group));
            shares.filter(|(share, _)| *share >= SHARE_MIN).collect()
        });
        let best = fitting.iter().filter_map(|(share, group)| Some((*share, *alike[*group].front()?, *group)));
        let best = best.max_by(|left, right| left.0.total_cmp(&right.0).then(right.1.cmp(&left.1)));
        if let Some((_, at, group)) = best
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
    (expected, lines, labels): (&str, &Lines<'_>, &mut Labels<'_>),
    counts: &[bool],
    (actual, printed_lines, printed_labels): (&str, &Lines<'_>, &Labels<'_>),
    markup: bool,
    unordered: bool,
) -> (Tally, usize) {
    let may_have_happened = lines.iter().enumerate().filter(|(at, _)| lines.marks(*at).may_be_resource());
    let happened: Vec<(usize, (&str, &str))> = may_have_happened.filter_map(|(at, line)| Some((at, resource(line)?))).collect();
    let mut resources = Resources::new(actual, !happened.is_empty());
    let mut happened = happened.into_iter().peekable();
    let mut chosen = Chosen::new(labels, printed_labels);
    let places = OnceCell::new();
    // What the output has under the same label.
    let said = |labels: &Labels<'_>, line| {
        let at = labels.other(line, printed_labels, places.get_or_init(|| printed_labels.places()));
        at.and_then(|at| printed_lines.get(at)).map_or("", |line| line.trim())
    };
    let mut tally = Tally::default();
    let judged_as_words: Vec<bool> = lines
        .iter()
        .zip(counts)
        .enumerate()
        .map(|(at, (line, counts))| {
            let marks = lines.marks(at);
            let happened = happened.next_if(|(line, _)| *line == at);
            if !counts || marks.may_be_elision() && is_elision(line) || marks.may_be_prompt() && is_prompt(line) {
                return false;
            }
            if let Some((_, (kind, verb))) = happened {
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
            let (mut found, mut times) = (Vec::with_capacity(expected.len() / WORD_BYTES), Vec::new());
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
    let (mut apart, mut read) = (0, 0);
    let mut apart_up_to = |line: usize| {
        for at in read..=line {
            apart += usize::from(judged_as_words.get(at) == Some(&false) && !lines.marks(at).is_blank());
        }
        read = read.max(line + 1);
        apart
    };
    let mut before = found.first().map(|word| apart_up_to(word.line));
    let judged_pairs: Vec<bool> = found
        .windows(2)
        .map(|pair| {
            let own = Some(apart_up_to(pair[1].line));
            let are_beside = std::mem::replace(&mut before, own) == own;
            are_beside && !pair[0].is_gap() && !pair[1].is_gap()
        })
        .collect();
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
    let mut sums = LineSums::default();
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
        sums.add(word.line, word.weight, word.weight * present * (0.4 + 0.6 * context));
    }
    if !times.is_empty() {
        let mut all = LineSums::default();
        let mut words = sums.0.into_iter().peekable();
        for word in &times {
            while let Some((line, weight, credit)) = words.next_if(|(line, ..)| *line <= word.line) {
                all.add(line, weight, credit);
            }
            all.add(word.line, word.weight, if bag.take_alike(word) { word.weight } else { 0.0 });
        }
        all.0.extend(words);
        sums = all;
    }
    let order = order(&found, &judged_pairs, &linked);
    // A few words in a sea of others are an accident.
    let judged_words = found.len().max(1);
    let sea = ((judged_words * 6 + 30) as f64 / bag.count.max(1) as f64).clamp(0.5, 1.0);
    for (line, weight, credit) in sums.0.into_iter().filter(|(_, weight, _)| *weight > 0.0) {
        let told = if is_under_way(lines[line]) { 0.1 } else { 1.0 };
        let likeness = Likeness { weight: weight * told, credit: credit / weight * sea * order, conflict: None };
        let printed = if tally.keeps(&likeness) { said(labels, line) } else { "" };
        tally.add(likeness, || format!("line {}", line + 1), lines[line], printed);
    }
    (tally, bag.count)
}

/// What each line tells, and what of it was found; lines without words are not there.
#[derive(Debug, Default)]
struct LineSums(Vec<(usize, f64, f64)>);

impl LineSums {
    /// Adds to the last line, or to one behind it.
    fn add(&mut self, line: usize, weight: f64, credit: f64) {
        match self.0.last_mut().filter(|(last, ..)| *last == line) {
            Some((_, weights, credits)) => {
                *weights += weight;
                *credits += credit;
            }
            None => self.0.push((line, weight, credit)),
        }
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
    let (mut pairs, mut kept) = (0, 0);
    for at in (0..judged.len()).filter(inside) {
        pairs += 1;
        kept += usize::from(linked[at]);
    }
    if pairs < JUDGED_MIN {
        return 1.0;
    }
    let kept = kept as f64 / pairs as f64;
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
