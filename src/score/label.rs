//! `key: value` lines: values that have a name in a text that is no table and no JSON.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasherDefault;

use super::exact;
use super::leaf::{Conflict, Likeness, Role, chooses, compare_as, is_blank, is_choice, name_words, role, swapped, truth};
use super::marks::Lines;
use super::outline;
use super::pairing::{self, Placed};
use super::rules::Rules;
use super::selector::Selection;
use super::slot;
use super::tally::Tally;
use super::unfilled::is_unfilled;
use super::words::{Fnv, Passed, hash};

/// How much the key of a `key: value` line tells.
const KEY_WEIGHT: f64 = 0.8;
/// How many different values of one key are looked at.
const VALUES_MAX: usize = 32;

pub(super) type ByHash<T> = HashMap<u64, T, BuildHasherDefault<Passed>>;

/// A `key: value` line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Label<'a> {
    pub key: &'a str,
    pub value: &'a str,
    /// The key without case.
    pub hash: u64,
}

/// The `key: value` lines of a text, by line.
pub(super) struct Labels<'a> {
    /// With their lines, in order.
    found: Vec<(usize, Label<'a>)>,
    /// Lines whose labels do not count, in order.
    ignored: Vec<usize>,
    roles: ByHash<Role>,
    /// Whether the values of a key, as it is written, are chosen from few.
    choices: HashMap<&'a str, bool, BuildHasherDefault<Fnv>>,
}

impl<'a> Labels<'a> {
    pub(super) fn of(lines: &Lines<'a>, rules: &Rules) -> Self {
        let may_be = lines.iter().enumerate().filter(|(at, _)| lines.marks(*at).may_be_label());
        let mut found: Vec<(usize, Label<'a>)> = may_be.filter_map(|(at, line)| Some((at, label(line)?))).collect();
        let mut ignored = Vec::new();
        if !rules.ignore.is_empty() {
            found.retain(|(at, label)| {
                let is_meant = rules.ignore.names(label.key);
                if is_meant {
                    ignored.push(*at);
                }
                !is_meant
            });
        }
        Self { found, ignored, roles: ByHash::default(), choices: HashMap::default() }
    }

    /// The place of the first line of each key.
    pub(super) fn places(&self) -> ByHash<usize> {
        let mut places = ByHash::default();
        self.found.iter().for_each(|(at, label)| {
            places.entry(label.hash).or_insert(*at);
        });
        places
    }

    /// Where another text has the key of a line, when its value there is another.
    pub(super) fn other(&self, line: usize, printed: &Labels<'_>, places: &ByHash<usize>) -> Option<usize> {
        let of = |labels: &Labels<'a>, line| labels.found.binary_search_by_key(&line, |(at, _)| *at).ok().map(|at| labels.found[at].1);
        let label = of(self, line)?;
        let at = *places.get(&label.hash)?;
        let found = printed.found[printed.found.binary_search_by_key(&at, |(at, _)| *at).ok()?].1;
        (found.value != label.value).then_some(at)
    }

    /// Whether there is a label on a line, also one that does not count.
    pub(super) fn is_on(&self, line: usize) -> bool {
        self.found.binary_search_by_key(&line, |(at, _)| *at).is_ok() || self.is_ignored(line)
    }

    /// Whether a line does not count.
    pub(super) fn is_ignored(&self, line: usize) -> bool {
        self.ignored.binary_search(&line).is_ok()
    }

    /// What the key of a line says about its value; the same few keys come again and again.
    fn role(&mut self, label: Label<'_>) -> Role {
        *self.roles.entry(label.hash).or_insert_with(|| role(label.key, ""))
    }

    /// Whether another value than the one shown can be wrong.
    fn is_firm(&mut self, role: Role, label: Label<'a>) -> bool {
        matches!(role, Role::Type | Role::State)
            || truth(label.value).is_some()
            || *self.choices.entry(label.key).or_insert_with(|| chooses(label.key)) && is_choice(label.key, label.value)
            || counts_none(label)
            || slot::is_word(label.value)
    }

    /// Whether a label's value may be any.
    fn is_free(&mut self, label: Label<'_>) -> bool {
        matches!(self.role(label), Role::Name | Role::Soft | Role::State)
    }
}

/// The values of an output whose keys say that somebody chose them, or that they vary.
pub(super) struct Chosen<'a> {
    values: ByHash<Vec<&'a str>>,
    /// The place of the first label that was not asked for yet.
    next: usize,
}

impl<'a> Chosen<'a> {
    pub(super) fn new(shown: &mut Labels<'_>, printed: &Labels<'a>) -> Self {
        let mut values: ByHash<Vec<&str>> = ByHash::default();
        for at in 0..shown.found.len() {
            let (_, label) = shown.found[at];
            if shown.is_free(label) {
                values.entry(label.hash).or_default();
            }
        }
        if !values.is_empty() {
            for (_, label) in &printed.found {
                if let Some(found) = values.get_mut(&label.hash).filter(|found| found.len() < VALUES_MAX) {
                    found.push(label.value);
                }
            }
        }
        Self { values, next: 0 }
    }

    /// The likeness of a line to the one that has its key; none when it is no such line or the output has no such key left.
    ///
    /// Lines are asked for in order.
    pub(super) fn find(&mut self, shown: &mut Labels<'_>, line: usize) -> Option<Likeness> {
        if self.values.is_empty() {
            return None;
        }
        self.next += shown.found[self.next..].iter().take_while(|(at, _)| *at < line).count();
        let (_, label) = *shown.found.get(self.next).filter(|(at, _)| *at == line)?;
        let found = self.values.get_mut(&label.hash).filter(|found| !found.is_empty())?;
        let at = found.iter().position(|printed| *printed == label.value).unwrap_or(0);
        let likeness = compare_as(shown.role(label), label.key, label.value, Some(found.remove(at)));
        let weight = KEY_WEIGHT + likeness.weight;
        Some(Likeness { weight, credit: (KEY_WEIGHT + likeness.weight * likeness.credit) / weight, conflict: None })
    }
}

/// Finds lines whose key must hold and whose value does not, and values that are not there.
pub(super) fn contradictions(
    (shown, shown_lines): (&mut Labels<'_>, &Lines<'_>),
    (printed, printed_lines): (&Labels<'_>, &Lines<'_>),
    tally: &mut Tally,
) {
    let mut found: ByHash<Vec<&str>> = ByHash::default();
    for (_, label) in &shown.found {
        found.entry(label.hash).or_default();
    }
    if found.is_empty() {
        return;
    }
    // How often each key stands without a value, and with one.
    let mut without_value: ByHash<usize> = ByHash::default();
    let mut with_value: ByHash<usize> = ByHash::default();
    for (_, label) in &printed.found {
        let counts = if is_filled(label.value) { &mut with_value } else { &mut without_value };
        *counts.entry(label.hash).or_default() += 1;
        if let Some(values) = found.get_mut(&label.hash)
            && values.len() < VALUES_MAX
            && !values.contains(&label.value)
        {
            values.push(label.value);
        }
    }
    let headings = printed_lines.iter().enumerate().filter(|(at, _)| printed_lines.marks(*at).may_be_label());
    for key in headings.filter_map(|(_, line)| heading(line)) {
        *without_value.entry(hash(key)).or_default() += 1;
    }
    let mut seen: ByHash<usize> = ByHash::default();
    shown.found.iter().for_each(|(_, label)| *seen.entry(label.hash).or_default() += 1);
    let mut filled: ByHash<usize> = ByHash::default();
    for (_, label) in &shown.found {
        *filled.entry(label.hash).or_default() += usize::from(is_filled(label.value));
    }
    let alone = |label: &Label<'_>| seen[&label.hash] == 1 && found[&label.hash].len() == 1;
    let side_by_side: Vec<(&str, &str, &str)> =
        shown.found.iter().filter(|(_, label)| alone(label)).map(|(_, label)| (label.key, label.value, found[&label.hash][0])).collect();
    if let Some((key, shown, printed)) = swapped(&side_by_side) {
        tally.contradict(Conflict::Value, key, shown, printed);
    }
    for place in 0..shown.found.len() {
        let (at, label) = shown.found[place];
        let path = || format!("{} (line {})", label.key, at + 1);
        let values = &found[&label.hash];
        if values.is_empty() {
            if without_value.remove(&label.hash).is_some() {
                tally.contradict(Conflict::State, &path(), label.value, "");
            }
            continue;
        }
        let lost = || without_value.contains_key(&label.hash) && with_value.get(&label.hash).copied().unwrap_or(0) < filled[&label.hash];
        if is_filled(label.value) && lost() {
            let printed = values.iter().find(|value| !is_filled(value)).copied().unwrap_or_default();
            tally.contradict(Conflict::Value, &path(), label.value, printed);
            without_value.remove(&label.hash);
            continue;
        }
        if values.contains(&label.value) {
            continue;
        }
    }
    clashes((shown, shown_lines), (printed, printed_lines), tally);
}

/// Notes labels that must hold, and where the one that stands for them in the output says otherwise.
fn clashes((shown, shown_lines): (&mut Labels<'_>, &Lines<'_>), (printed, printed_lines): (&Labels<'_>, &Lines<'_>), tally: &mut Tally) {
    let firm: Vec<(usize, Role)> = (0..shown.found.len())
        .filter_map(|place| {
            let label = shown.found[place].1;
            let role = shown.role(label);
            shown.is_firm(role, label).then_some((place, role))
        })
        .collect();
    if firm.is_empty() {
        return;
    }
    let sites = outline::sites(shown_lines, &shown.found);
    let wanted: Vec<Placed<'_>> = firm.iter().map(|(place, _)| (shown.found[*place].1, sites[*place])).collect();
    let keys: HashSet<u64, BuildHasherDefault<Passed>> = wanted.iter().map(|(label, _)| label.hash).collect();
    let sites = outline::sites(printed_lines, &printed.found);
    let found = printed.found.iter().zip(sites).filter(|((_, label), _)| keys.contains(&label.hash));
    let found: Vec<Placed<'_>> = found.map(|((_, label), site)| (*label, site)).collect();
    let clash = |at: usize, partner: usize| conflict(firm[at].1, wanted[at].0, found[partner].0.value);
    let pairs = pairing::pair(&wanted, &found, &|at, partner| clash(at, partner).is_some());
    for (at, partner) in pairs.into_iter().enumerate().filter_map(|(at, partner)| Some((at, partner?))) {
        if let Some(conflict) = clash(at, partner) {
            let (line, label) = shown.found[firm[at].0];
            tally.contradict(conflict, &format!("{} (line {})", label.key, line + 1), label.value, found[partner].0.value);
        }
    }
}

/// Notes the lines whose value must be the same to the letter and is not.
pub(super) fn exact_values(shown: &Labels<'_>, printed: &Labels<'_>, exact: &Selection, tally: &mut Tally) {
    let mut left: ByHash<VecDeque<&str>> = ByHash::default();
    for (_, label) in printed.found.iter().filter(|(_, label)| exact.names(label.key)) {
        left.entry(label.hash).or_default().push_back(label.value);
    }
    for (at, label) in shown.found.iter().filter(|(_, label)| exact.names(label.key)) {
        let values = left.entry(label.hash).or_default();
        match values.iter().take(VALUES_MAX).position(|printed| exact::line(label.value, printed)) {
            Some(found) => {
                values.remove(found);
            }
            None => {
                let printed = values.front().copied().unwrap_or_default();
                tally.contradict(Conflict::Exact, &format!("{} (line {})", label.key, at + 1), label.value, printed);
            }
        }
    }
}

/// Whether a label counts what went wrong, and none did.
fn counts_none(label: Label<'_>) -> bool {
    const COUNTS_OF_WRONG: [&str; 6] = ["exit", "error", "errors", "failed", "failures", "unreachable"];
    label.value == "0" && name_words(label.key).iter().any(|word| COUNTS_OF_WRONG.contains(&word.as_str()))
}

fn conflict(role: Role, label: Label<'_>, actual: &str) -> Option<Conflict> {
    if label.value == actual {
        return None;
    }
    if counts_none(label) {
        return actual.parse::<u64>().is_ok_and(|count| count > 0).then_some(Conflict::State);
    }
    compare_as(role, label.key, label.value, Some(actual)).conflict
}

/// Whether something stands behind a key, but for an author's comment.
fn is_filled(value: &str) -> bool {
    let own = value.split(" #").next().unwrap_or_default().trim();
    !is_blank(own) && !is_unfilled(own)
}

/// The key of a line that has nothing after it: `host:`, `host =`, `export HOST=`.
pub(super) fn heading(line: &str) -> Option<&str> {
    let line = line.trim();
    let key = line.strip_suffix([':', '='])?;
    let key = key.trim_start_matches(['-', '*', '+']).trim();
    Some(key.strip_prefix("export ").unwrap_or(key).trim_matches(['"', '\'']))
}

/// The key and the value of a `key: value` line.
pub(super) fn parts(line: &str) -> Option<(&str, &str)> {
    label(line).map(|label| (label.key, label.value))
}

/// The key of a `key: value` line.
pub(super) fn key(line: &str) -> Option<&str> {
    label(line).map(|label| label.key)
}

/// Where the sign of `export HOME=/home/ana` stands; what shells call variables is written in capitals.
fn variable(line: &str) -> Option<usize> {
    let start = if line.starts_with("export ") { 7 } else { 0 };
    let at = start + line[start..].find('=')?;
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (at >= start + 2 && line[start..at].bytes().all(is_name) && line.as_bytes()[start].is_ascii_uppercase()).then_some(at)
}

/// Where the sign of `enabled=true` stands, as in INI files: nothing else is on the line.
fn setting(line: &str) -> Option<usize> {
    let at = line.find('=')?;
    let (key, value) = (&line[..at], &line[at + 1..]);
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    (is_key && !value.contains(['=', ' ', '&'])).then_some(at)
}

/// `STATUS: deployed`, `  type: LoadBalancer`, `"state": "on",`, `status = ok`.
fn label(line: &str) -> Option<Label<'_>> {
    // The last is what the wide colon of Chinese and Japanese begins with.
    let is_sign = |byte: u8| matches!(byte, b':' | b'=' | 0xEF);
    if !line.bytes().any(is_sign) {
        return None;
    }
    let line = line.trim().trim_start_matches(['-', '*', '+']).trim_start();
    // Of several kinds of signs on a line the one named first here tells; of one kind the first.
    let (mut tabbed, mut spaced, mut wide, mut tight) = (None, None, None, false);
    let mut signs = line.bytes().enumerate().filter(|(_, byte)| is_sign(*byte));
    let colon = signs.find_map(|(at, _)| {
        let rest = &line.as_bytes()[at..];
        match rest {
            [b':', b' ', ..] => return Some((at, 2)),
            [b':', b'\t', ..] => tabbed = tabbed.or(Some((at, 2))),
            [b'=', b' ', ..] if line[..at].ends_with(' ') => spaced = spaced.or(Some((at - 1, 3))),
            [0xEF, ..] if rest.starts_with("：".as_bytes()) => wide = wide.or(Some((at, '：'.len_utf8()))),
            _ => {}
        }
        tight |= rest[0] == b'=';
        None
    });
    let joined = || variable(line).or_else(|| setting(line)).filter(|_| tight).map(|at| (at, 1));
    let (at, length) = colon.or(tabbed).or(spaced).or(wide).or_else(joined)?;
    let key = line[..at].trim();
    let key = key.strip_prefix("export ").unwrap_or(key).trim_matches(['"', '\'']);
    let simple = !key.is_empty()
        && key.len() <= 40
        && key.split_whitespace().count() <= 3
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.'));
    let value = line[at + length..].trim().trim_end_matches(',').trim_matches(['"', '\'']);
    (simple && !value.is_empty() && value.len() <= 80).then(|| Label { key, value, hash: hash(key) })
}
