//! Values without names, as `-o tsv` prints them: one alone, or rows of cells between tabs.
//!
//! Deliberately absent: columns by name; those are tables.

use std::collections::HashMap;

use super::leaf::{Conflict, Likeness, Role, compare_as, is_blank, truth};
use super::place::service;
use super::placeholder::{filled, is_placeholder};
use super::shape::{Shape, shape};
use super::slot::is_constant;
use super::state::{Relation, is_state, relate};
use super::tally::Tally;

/// How many words an output may have for one word in it to be no accident.
const WORDS_BESIDE_MAX: usize = 12;
/// The longest lists of rows that are matched by trying each with each.
const PAIRED_MAX: usize = 24;

/// Compares rows of values; none unless both sides are such rows of equally many cells.
pub(super) fn rows(shown: &[&str], printed: &[&str]) -> Option<Tally> {
    let mut full = shown.iter().copied().filter(|line| !line.trim().is_empty());
    let first = full.next()?;
    let columns = first.split('\t').count();
    // Several lines without a tab are no rows.
    if columns < 2 && full.next().is_some() {
        return None;
    }
    let shown: Vec<&str> = shown.iter().copied().filter(|line| !line.trim().is_empty()).collect();
    let fits = |line: &&&str| line.split('\t').count() == columns;
    if !shown.iter().all(|line| fits(&line)) {
        return None;
    }
    let printed: Vec<&str> = printed.iter().copied().filter(|line| !line.trim().is_empty()).collect();
    if columns < 2 {
        let [expected] = shown.as_slice() else { return None };
        return alone(bare(expected), &printed);
    }
    let printed: Vec<&str> = printed.iter().filter(fits).copied().collect();
    if printed.is_empty() {
        return None;
    }
    let mut total = Tally::default();
    let mut used = vec![false; printed.len()];
    let mut memo = Memo::default();
    for (index, line) in shown.iter().enumerate() {
        // Long lists are matched in order, to stay linear.
        let free: Vec<usize> = if shown.len().max(printed.len()) <= PAIRED_MAX {
            (0..printed.len()).filter(|at| !used[*at]).collect()
        } else {
            (index..printed.len().min(index + 1)).collect()
        };
        let best = free.into_iter().map(|at| (at, row(index, line, Some(printed[at]), &mut memo))).max_by(|left, right| {
            let named = |at: usize| first_cell(printed[at]) == first_cell(line);
            named(left.0).cmp(&named(right.0)).then(left.1.rank().total_cmp(&right.1.rank())).then(right.0.cmp(&left.0))
        });
        match best {
            Some((at, tally)) => {
                used[at] = true;
                total.absorb(tally);
            }
            None => total.absorb(row(index, line, None, &mut memo)),
        }
    }
    Some(total)
}

/// What a row is about.
fn first_cell(row: &str) -> &str {
    row.split('\t').next().unwrap_or_default().trim()
}

/// One value alone: another of its kind must stand alone too; none when words must decide.
fn alone(expected: &str, printed: &[&str]) -> Option<Tally> {
    if let Some(state) = other_state(expected, printed) {
        let mut tally = Tally { weight: 1.0, ..Tally::default() };
        tally.contradict(Conflict::State, "the state", expected, state);
        return Some(tally);
    }
    if let (Some(shown), Some(code)) = (answer(expected), lines_of_one(printed).and_then(answer))
        && shown < 400
        && code >= 400
    {
        let mut tally = Tally { weight: 1.0, ..Tally::default() };
        tally.contradict(Conflict::State, "the answer", expected, &code.to_string());
        return Some(tally);
    }
    if is_constant(expected)
        && let Some(other) = lines_of_one(printed).filter(|other| is_constant(other) && *other != expected)
    {
        let mut tally = Tally { weight: 1.0, ..Tally::default() };
        tally.contradict(Conflict::Value, "the constant", expected, other);
        return Some(tally);
    }
    // Several values in one are compared as words.
    if expected.is_empty() || expected.contains(char::is_whitespace) || expected.contains('=') && expected.contains(',') {
        return None;
    }
    let found = |credit: f64| Some(Tally { weight: 1.0, credit, ..Tally::default() });
    let lines = || printed.iter().filter_map(|line| single(line));
    if lines().any(|line| line.eq_ignore_ascii_case(expected)) {
        return found(1.0);
    }
    if is_page(printed) {
        return found(0.1);
    }
    let looks = |text: &str| Some(shape(text)).filter(|shape| *shape != Shape::Placeholder).unwrap_or_else(|| filled(text));
    let wanted = looks(expected);
    if matches!(wanted, Shape::Number | Shape::Word | Shape::Name | Shape::Placeholder) && is_placeholder(expected) {
        return None;
    }
    if wanted == Shape::Name {
        // A name may have become any other.
        let renamed = lines().next_back().is_some_and(is_name);
        return if renamed || !printed.iter().any(|line| line.contains(expected)) { found(if renamed { 0.92 } else { 0.1 }) } else { None };
    }
    if wanted.is_volatile() || wanted == Shape::Number {
        let zero = |text: &str| text.parse::<f64>().is_ok_and(|number| number == 0.0);
        let alike = |line: &&str| match (wanted, looks(line)) {
            (Shape::Number | Shape::Version, Shape::Number | Shape::Version) => zero(expected) == zero(line),
            (Shape::Url, Shape::Url) | (Shape::Host, Shape::Host) => true,
            (wanted, printed) => wanted == printed,
        };
        let credit = match lines().rfind(alike) {
            Some(line) if matches!(wanted, Shape::Url | Shape::Host | Shape::ArmId) => {
                let astray = wanted != Shape::ArmId && is_foreign(expected, line);
                let most = if astray { 0.1 } else { 0.95 };
                most * compare_as(Role::Plain, "", expected, Some(line)).credit
            }
            Some(_) => 0.95,
            None => 0.1,
        };
        return found(credit);
    }
    if is_state(expected)
        && truth(expected).is_none()
        && let Some(state) =
            lines().next_back().filter(|state| shape(state) == Shape::Word && relate(expected, state) == Relation::Contradicts)
    {
        let mut tally = Tally { weight: 1.0, ..Tally::default() };
        tally.contradict(Conflict::State, "the state", expected, state);
        return Some(tally);
    }
    // A word somewhere in a page is an accident.
    (printed.iter().flat_map(|line| line.split_whitespace()).nth(WORDS_BESIDE_MAX).is_some()).then(|| Tally {
        weight: 1.0,
        credit: 0.3,
        ..Tally::default()
    })
}

/// The only line that says something.
fn lines_of_one<'a>(printed: &[&'a str]) -> Option<&'a str> {
    if let [only] = printed { Some(bare(only)) } else { None }
}

/// The status of an answer over HTTP.
fn answer(value: &str) -> Option<u32> {
    (value.len() == 3).then(|| value.parse().ok()).flatten().filter(|code| (100..600).contains(code))
}

/// The state alone on its line that a shown one of two words has become: `VM deallocated` for `VM running`.
fn other_state<'a>(expected: &str, printed: &[&'a str]) -> Option<&'a str> {
    let state = printed.last()?.trim();
    let ((about, _), (other, is)) = (expected.split_once(' ')?, state.split_once(' ')?);
    let fits = about.eq_ignore_ascii_case(other) && !is.contains(' ') && shape(is) == Shape::Word;
    (fits && is_state(expected) && relate(expected, state) == Relation::Contradicts).then_some(state)
}

/// Whether a URL leads to a service of the cloud's, or to a page of help, where the shown one does not.
fn is_foreign(expected: &str, printed: &str) -> bool {
    const OTHERS: [&str; 4] = ["://aka.ms/", "://login.microsoftonline.", "://docs.", "://learn."];
    service(expected).is_none() && service(printed).is_some() && !is_placeholder(expected)
        || OTHERS.iter().any(|other| printed.contains(other) && !expected.contains(other))
}

/// Whether an output is a page, whose tags are no values.
fn is_page(printed: &[&str]) -> bool {
    let starts = |line: &str, mark: &str| line.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark));
    printed.iter().take(3).any(|line| ["<!doctype", "<html", "<?xml"].iter().any(|mark| starts(line.trim_start(), mark)))
}

/// The only word of a line, which a log may have put times before.
fn single(line: &str) -> Option<&str> {
    if !line.trim().contains(char::is_whitespace) {
        return (!line.trim().is_empty()).then(|| bare(line));
    }
    let mut words = line.split_whitespace().filter(|word| !word.contains(':') || shape(word) != Shape::Time);
    let only = words.next()?;
    words.next().is_none().then(|| bare(only))
}

fn bare(value: &str) -> &str {
    value.trim().trim_matches('"')
}

/// Whether a value could be what somebody called something.
fn is_name(value: &str) -> bool {
    !value.contains(char::is_whitespace)
        && matches!(shape(value), Shape::Name | Shape::Word)
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && truth(value).is_none()
        && !is_state(value)
        && !is_blank(value)
}

/// What cells that were seen before are like; lists say the same few things again and again.
#[derive(Default)]
struct Memo<'a>(HashMap<(&'a str, Option<&'a str>), Likeness>);

impl<'a> Memo<'a> {
    /// How many pairs of cells are remembered.
    const PAIRS_MAX: usize = 1024;

    fn likeness(&mut self, expected: &'a str, actual: Option<&'a str>) -> Likeness {
        if let Some(known) = self.0.get(&(expected, actual)) {
            return *known;
        }
        let likeness = likeness(expected, actual);
        if self.0.len() < Self::PAIRS_MAX {
            self.0.insert((expected, actual), likeness);
        }
        likeness
    }
}

fn row<'a>(index: usize, expected: &'a str, actual: Option<&'a str>, memo: &mut Memo<'a>) -> Tally {
    let mut tally = Tally::default();
    let mut printed = actual.map(|line| line.split('\t'));
    for (column, cell) in expected.split('\t').enumerate() {
        let printed = printed.as_mut().and_then(Iterator::next);
        tally.add(
            memo.likeness(cell.trim(), printed),
            || format!("line {}, value {}", index + 1, column + 1),
            cell,
            printed.unwrap_or_default(),
        );
    }
    tally
}

/// Compares values of which nothing says what they are for, but their looks.
pub(super) fn likeness(expected: &str, actual: Option<&str>) -> Likeness {
    let role = if is_state(expected) {
        Role::State
    } else if matches!(shape(expected), Shape::Name) && actual.is_none_or(|actual| is_name(actual.trim()) || is_placeholder(actual)) {
        Role::Name
    } else {
        Role::Plain
    };
    compare_as(role, "", expected, actual)
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[track_caller]
    fn check(expected: &str, actual: &str) -> Option<(f64, usize)> {
        let tally = rows(&expected.lines().collect::<Vec<_>>(), &actual.lines().collect::<Vec<_>>())?;
        Some((tally.coverage(), tally.contradictions.len()))
    }

    #[test]
    fn cells_between_tabs_are_compared_in_their_place() {
        let (coverage, contradictions) = check("eastus\tmyGroup\tSucceeded", "westeurope\tshop\tSucceeded").unwrap();
        assert!(coverage > 0.9 && contradictions == 0, "{coverage}");
        assert_eq!(check("eastus\tmyGroup\tSucceeded", "westeurope\tshop\tFailed").unwrap().1, 1);
        let (coverage, _) = check("a1\tTrue\nb2\tFalse", "x\tFalse\ny\tTrue").unwrap();
        assert!(coverage > 0.9, "{coverage}");
        assert_eq!(check("a\tb", "no tabs at all"), None);
    }

    #[test]
    fn a_name_alone_may_have_become_any_other_name_but_no_other_value() {
        assert!(check("myAKSCluster", "shop").unwrap().0 > 0.9);
        assert!(check("nodepool1", "WARNING: preview\npool").unwrap().0 > 0.9);
        for actual in ["None", "true", "Failed", "Running", "3", "/subscriptions/a/resourceGroups/b", "two words", "https://a.b/"] {
            assert!(check("myAKSCluster", actual).is_none_or(|(coverage, _)| coverage < 0.2), "{actual}");
        }
        assert_eq!(check("Linux", "shop"), None);
    }

    #[test]
    fn the_status_of_an_answer_alone_must_be_a_good_one() {
        assert_eq!(check("200", "404").unwrap().1, 1);
        assert_eq!(check("200", "204").unwrap().1, 0);
        assert_eq!(check("302", "40").unwrap().1, 0);
        assert_eq!(check("HEALTH_OK", "HEALTH_WARN").unwrap().1, 1);
        assert_eq!(check("HEALTH_OK", "HEALTH_OK").unwrap().1, 0);
    }
}
