//! Similarity of JSON: the document's members are looked for in the output, by name.
//!
//! What the output has beyond the document costs nothing, key order and `properties` envelopes do not matter, and list entries are matched
//! by name before place.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::hash::BuildHasherDefault;

use serde_json::{Map, Value};

use super::count::by_name;
use super::exact;
use super::leaf::{Conflict, Likeness, Role, compare_as, compare_truth, counts_things, ids_contradict, role, swapped};
use super::lenient;
use super::place::arm_type;
use super::placeholder::is_placeholder;
use super::rules::Rules;
use super::selector::Step;
use super::shape::shape;
use super::state::is_wrong;
use super::table::stem;
use super::tally::Tally;
use super::unfilled::stands_for;
use super::words::Fnv;

/// How often a place that looks like JSON may turn out not to be, before the search for more stops; keeps the search linear.
const ATTEMPTS_MAX: usize = 64;
/// How many documents of an output a document's JSON is compared with.
const CANDIDATES_MAX: usize = 64;
/// How many values are compared to find the documents that belong together; where there are more, the next is as good as any.
const TRIED_NODES_MAX: usize = 1 << 17;
/// From how many members on one value for all of them is none.
const ALIKE_MIN: usize = 3;
/// How many members are looked at for one whose name varies.
const LIKE_NAMED_MAX: usize = 32;
/// The longest lists whose entries are matched by trying each with each.
const PAIRED_MAX: usize = 12;

/// The JSON documents in a text, and what stands around them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Documents {
    /// The documents, in order.
    pub values: Vec<Value>,
    /// The text without them; blank lines stand in their places.
    pub rest: String,
    /// Whether the last one breaks off.
    pub cut: bool,
    /// Whether something was marked as left out.
    pub elided: bool,
    /// Whether a strict reader would refuse one of them, so that anything may be hidden in it.
    pub lenient: bool,
}

impl Documents {
    /// Documents alone.
    pub(super) fn of(values: Vec<Value>) -> Self {
        Self { values, ..Self::default() }
    }

    /// A text in which none is looked for.
    pub(super) fn text(text: &str) -> Self {
        Self { rest: text.to_owned(), ..Self::default() }
    }
}

/// Reads a document's expected text; none unless all of it is JSON.
pub(super) fn expected(text: &str) -> Option<Documents> {
    let found = find(text);
    (!found.values.is_empty() && found.rest.trim().is_empty() && !is_gap_in_brackets(text)).then_some(found)
}

/// Whether a text is one gap that only looks like a list: `[REDACTED]`.
pub(super) fn is_gap_in_brackets(text: &str) -> bool {
    let text = text.trim();
    text.len() < 60 && text.starts_with('[') && is_placeholder(text) && !text.contains(['"', ',', ':', '.', '{'])
}

/// Finds the JSON objects and lists that start at the start of a line of `text`.
pub(super) fn find(text: &str) -> Documents {
    let bytes = text.as_bytes();
    let mut found = Documents::default();
    let mut failures = 0;
    // Up to where the text was told to be JSON or not, and up to where it was searched.
    let (mut told, mut at) = (0, 0);
    // From where on no line ends, and where the next one does; looked for once a line.
    let mut line = 0..0;
    let mut line_end = |from: usize| {
        if !(line.start..=line.end).contains(&from) || line.is_empty() {
            line = from..text[from..].find('\n').map_or(text.len(), |end| from + end);
        }
        line.end
    };
    while failures < ATTEMPTS_MAX {
        let Some(start) = opening(&bytes[at..]).map(|next| at + next) else { break };
        let indented = bytes[at..start].iter().rev().take_while(|byte| **byte != b'\n').all(u8::is_ascii_whitespace);
        if !indented {
            at = line_end(start);
            continue;
        }
        if let Some(Found { value, end, cut, elided, lenient }) = read_at(&text[start..]) {
            let tail = text[start + end..line_end(start + end)].trim_start();
            let is_comma = tail.strip_prefix(',').is_some_and(|after| after.trim_start().is_empty());
            // `[INFO] started` begins with a list only by accident.
            if tail.is_empty() || is_comma || tail.starts_with(['{', '[']) {
                found.values.push(value);
                found.cut = cut;
                found.elided |= elided;
                found.lenient |= lenient;
                found.rest.push_str(text[told..start].trim_end_matches([' ', '\t']));
                at = start + end + usize::from(is_comma);
                found.rest.extend(text[start..at].matches('\n'));
                told = at;
                continue;
            }
        }
        failures += 1;
        at = line_end(start);
    }
    found.rest.push_str(&text[told..]);
    found
}

/// Where the first opening bracket stands; most texts have none.
fn opening(bytes: &[u8]) -> Option<usize> {
    const LOOKED_AT_BYTES: usize = 256;
    let is_opening = |byte: &u8| matches!(byte, b'{' | b'[');
    let has_any = |part: &[u8]| part.iter().fold(false, |any, byte| any | is_opening(byte));
    let part = bytes.chunks(LOOKED_AT_BYTES).position(has_any)? * LOOKED_AT_BYTES;
    bytes[part..].iter().position(is_opening).map(|at| part + at)
}

struct Found {
    value: Value,
    end: usize,
    cut: bool,
    elided: bool,
    lenient: bool,
}

fn read_at(text: &str) -> Option<Found> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    if let Some(Ok(value)) = stream.next() {
        return Some(Found { value, end: stream.byte_offset(), cut: false, elided: false, lenient: false });
    }
    let read = lenient::read(text)?;
    let tells = match &read.value {
        Value::Object(members) => !members.is_empty() || read.elided,
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    (tells || !read.cut).then_some(Found { value: read.value, end: read.end, cut: read.cut, elided: read.elided, lenient: true })
}

/// Compares all documents that the runbook shows with all that were printed.
pub(super) fn compare_documents(expected: &[Value], actual: &[Value], rules: &Rules) -> Tally {
    let direct = one_by_one(expected, actual, rules);
    // One object a line is a list written otherwise.
    let are_objects = |values: &[Value]| values.len() > 1 && values.iter().all(Value::is_object);
    let listed = match (expected, actual) {
        ([Value::Array(_)], values) if are_objects(values) => Some(one_by_one(expected, &[Value::from(values)], rules)),
        (values, [list @ Value::Array(_)]) if are_objects(values) => {
            Some(one_by_one(&[Value::from(values)], std::slice::from_ref(list), rules))
        }
        _ => None,
    };
    listed.filter(|listed| listed.rank() > direct.rank()).unwrap_or(direct)
}

fn one_by_one(expected: &[Value], actual: &[Value], rules: &Rules) -> Tally {
    let mut total = Tally::default();
    let mut used = vec![false; actual.len()];
    let mut tried = 0;
    for (index, shown) in expected.iter().enumerate() {
        let candidates: Vec<usize> = if actual.len() <= CANDIDATES_MAX {
            (0..actual.len()).filter(|at| !used[*at]).collect()
        } else {
            (index..actual.len().min(index + 1)).collect()
        };
        let mut best: Option<(usize, Tally)> = None;
        let nodes = nodes(shown);
        for at in candidates {
            // What is the same cannot be outdone, and of large documents the first few must do.
            if best.as_ref().is_some_and(|(_, best)| best.rank() >= 1.0 || tried > TRIED_NODES_MAX) {
                break;
            }
            tried += nodes;
            let tally = compare_root(shown, Some(&actual[at]), rules);
            if best.as_ref().is_none_or(|(_, best)| tally.rank().total_cmp(&best.rank()).is_gt()) {
                best = Some((at, tally));
            }
        }
        match best {
            Some((at, tally)) => {
                used[at] = true;
                total.absorb(tally);
            }
            None => total.absorb(compare_root(shown, None, rules)),
        }
    }
    total
}

/// How many values a value consists of.
fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(nodes).sum(),
        Value::Array(items) => items.iter().map(nodes).sum(),
        _ => 0,
    }
}

fn compare_root(expected: &Value, actual: Option<&Value>, rules: &Rules) -> Tally {
    let walk = |expected: &Value, actual: Option<&Value>| {
        let mut walk = Walk::new("", true, rules);
        walk.value(expected, actual, "", "");
        walk.tally
    };
    let direct = walk(expected, actual);
    // A list of one and a `value` envelope stand for what is in them.
    let inner = match (expected, actual) {
        (Value::Object(_), Some(Value::Array(items))) if items.len() <= CANDIDATES_MAX => {
            items.iter().map(|item| walk(expected, Some(item))).max_by(|left, right| left.rank().total_cmp(&right.rank()))
        }
        (Value::Array(items), Some(item @ Value::Object(members))) => {
            let listed = members.get("value").or_else(|| members.get("items")).filter(|value| value.is_array());
            match (listed, items.as_slice()) {
                (Some(listed), _) => Some(walk(expected, Some(listed))),
                (None, [only]) => Some(walk(only, Some(item))),
                _ => None,
            }
        }
        (Value::Object(members), Some(listed @ Value::Array(_))) => {
            members.get("value").filter(|value| value.is_array()).map(|value| walk(value, Some(listed)))
        }
        _ => None,
    };
    match inner {
        Some(inner) if inner.rank() > direct.rank() => inner,
        _ => direct,
    }
}

/// A name without case and punctuation: clients and API versions differ in `osDiskSizeGb` and `osDiskSizeGB`.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

struct Walk<'a> {
    tally: Tally,
    path: String,
    /// Whether list entries may still be matched by trying each with each; only the outermost list may, to stay linear.
    try_pairs: bool,
    roles: HashMap<(&'a str, &'a str), Role, BuildHasherDefault<Fnv>>,
    rules: &'a Rules,
    /// Where the walk is, kept while something must be the same to the letter.
    way: Vec<Step<'a>>,
}

impl<'a> Walk<'a> {
    fn new(path: &str, try_pairs: bool, rules: &'a Rules) -> Self {
        Self { tally: Tally::default(), path: path.to_owned(), try_pairs, roles: HashMap::default(), rules, way: Vec::new() }
    }

    fn value(&mut self, expected: &'a Value, actual: Option<&Value>, name: &'a str, parent: &'a str) {
        match expected {
            Value::Object(members) => self.object(members, actual, name),
            Value::Array(items) => self.list(items, actual, name, parent),
            Value::Null => {
                let credit = match actual {
                    None => 0.8,
                    Some(Value::Null) => 1.0,
                    Some(_) => 0.6,
                };
                self.leaf(Likeness { weight: 0.1, credit, conflict: None }, expected, actual);
            }
            Value::Bool(shown) => {
                let printed = match actual {
                    Some(Value::Bool(printed)) => Some(*printed),
                    Some(Value::String(text)) => super::leaf::truth(text),
                    _ => None,
                };
                self.leaf(compare_truth(parent, *shown, printed), expected, actual);
            }
            Value::Number(_) => self.number(expected, actual, name, parent),
            Value::String(shown) => {
                let role = self.role(name, parent);
                let likeness = match actual {
                    Some(Value::String(printed)) => compare_as(role, name, shown, Some(printed)),
                    Some(Value::Null) => compare_as(role, name, shown, Some("")),
                    Some(value @ (Value::Number(_) | Value::Bool(_))) => compare_as(role, name, shown, Some(&value.to_string())),
                    // `...` stands for anything, every other gap for one value.
                    Some(_) if is_placeholder(shown) => {
                        let credit = if shown.contains("...") || shown.contains('…') { 1.0 } else { 0.2 };
                        Likeness { weight: 1.0, credit, conflict: None }
                    }
                    _ => compare_as(role, name, shown, None),
                };
                self.leaf(likeness, expected, actual);
            }
        }
    }

    /// The role of a member; the same few names come again and again in long lists.
    fn role(&mut self, name: &'a str, parent: &'a str) -> Role {
        *self.roles.entry((name, parent)).or_insert_with(|| role(name, parent))
    }

    /// Goes to a value, and sees whether it must be the same to the letter.
    fn step(&mut self, step: Step<'a>, expected: &Value, actual: Option<&Value>) {
        if self.rules.exact.is_empty() {
            return;
        }
        self.way.push(step);
        if self.rules.exact.has(&self.way)
            && let Some(found) = exact::values(expected, actual, &self.path, self.rules.unordered)
        {
            self.tally.contradict(Conflict::Exact, &found.path, &found.shown, &found.printed);
        }
    }

    fn leaf(&mut self, likeness: Likeness, expected: &Value, actual: Option<&Value>) {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if likeness.credit >= 1.0 && likeness.conflict.is_none() {
            self.tally.add(likeness, String::new, "", "");
        } else {
            let path = &self.path;
            self.tally.add(likeness, || path.clone(), &plain(expected), &actual.map(plain).unwrap_or_default());
        }
    }

    fn number(&mut self, expected: &Value, actual: Option<&Value>, name: &'a str, parent: &'a str) {
        let soft = self.role(name, parent) == Role::Soft;
        let as_number = |value: &Value| {
            value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok())).filter(|number| number.is_finite())
        };
        let (shown, printed) = (as_number(expected), actual.and_then(as_number));
        let exit = plain(name) == "exitcode" && shown == Some(0.0) && printed.is_some_and(|code| code != 0.0);
        let likeness = match printed {
            _ if shown == printed && shown.is_some() => Likeness { weight: 0.8, credit: 1.0, conflict: None },
            Some(0.0) if shown.is_some_and(|shown| shown > 0.0) && counts_things(name) => {
                Likeness { weight: 0.8, credit: 0.0, conflict: Some(Conflict::Value) }
            }
            Some(printed) if by_name(name, shown.unwrap_or(printed), printed).is_some() => {
                Likeness { weight: 0.8, credit: 0.0, conflict: by_name(name, shown.unwrap_or(printed), printed) }
            }
            Some(_) if exit => Likeness { weight: 1.0, credit: 0.0, conflict: Some(Conflict::State) },
            Some(_) => Likeness { weight: 0.8, credit: if soft { 0.9 } else { 0.6 }, conflict: None },
            None if actual.is_some_and(is_no_number) => Likeness { weight: 0.8, credit: 0.0, conflict: Some(Conflict::Value) },
            None if matches!(actual, Some(Value::String(_))) => Likeness { weight: 0.8, credit: 0.4, conflict: None },
            None => Likeness { weight: 0.8, credit: 0.0, conflict: None },
        };
        self.leaf(likeness, expected, actual);
    }

    fn object(&mut self, expected: &'a Map<String, Value>, actual: Option<&Value>, name: &'a str) {
        let printed = actual.and_then(Value::as_object);
        if expected.is_empty() {
            let credit = if printed.is_some() || self.path.is_empty() && actual.is_some_and(Value::is_array) { 1.0 } else { 0.5 };
            self.leaf(Likeness { weight: 0.1, credit, conflict: None }, &Value::Object(Map::new()), actual);
            return;
        }
        if self.path.is_empty() || self.path == "[0]" {
            let string = |members: &Map<String, Value>, key: &str| members.get(key).and_then(Value::as_str).map(str::to_owned);
            if let (Some(shown), Some(found)) = (string(expected, "id"), printed.and_then(|members| string(members, "id")))
                && ids_contradict(&shown, string(expected, "name").as_deref(), &found)
            {
                self.tally.contradict(Conflict::Type, "id", &shown, &found);
            }
        }
        let envelope = printed.and_then(|members| members.get("properties")).and_then(Value::as_object);
        let mut folded: Option<HashMap<String, &Value>> = None;
        let mut texts: Vec<(&str, &str, &str)> = Vec::new();
        for (key, value) in expected {
            let found = printed.and_then(|members| {
                members.get(key).or_else(|| envelope.and_then(|inner| inner.get(key))).or_else(|| {
                    let names = folded.get_or_insert_with(|| {
                        let inner = envelope.into_iter().flatten();
                        inner.chain(members).map(|(key, value)| (plain(key), value)).collect()
                    });
                    names.get(&plain(key)).copied()
                })
            });
            let found = found.or_else(|| printed.and_then(|members| like_named(members, key, expected)));
            // The document shows an envelope that the client flattens away.
            let found = if key == "properties" && found.is_none() { actual.filter(|value| value.is_object()) } else { found };
            if let (Some(shown), Some(printed)) = (value.as_str(), found.and_then(Value::as_str))
                && shown != printed
            {
                texts.push((key, shown, printed));
            }
            let length = self.path.len();
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(key);
            self.step(Step::Member(key), value, found);
            self.value(value, found, key, name);
            self.way.pop();
            self.path.truncate(length);
        }
        // An object without any of the members that say what it is, is likely another thing.
        let says = |members: &Map<String, Value>| ["id", "name", "type"].iter().filter(|key| members.contains_key(**key)).count();
        if self.path.is_empty() && says(expected) >= 2 && printed.is_some_and(|members| says(members) == 0) {
            self.tally.credit *= 0.8;
        }
        // One value for everything is a form that nobody filled in.
        if texts.len() >= ALIKE_MIN && texts.iter().all(|(_, _, printed)| *printed == texts[0].2) && are_different(&texts) {
            self.tally.contradict(Conflict::Value, texts[0].0, texts[0].1, texts[0].2);
        }
        if let Some((key, shown, printed)) = swapped(&texts) {
            let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
            self.tally.contradict(Conflict::Value, &path, shown, printed);
        }
    }

    fn list(&mut self, expected: &'a [Value], actual: Option<&Value>, name: &'a str, parent: &'a str) {
        let Some(printed) = actual.and_then(Value::as_array) else {
            if expected.is_empty() {
                let credit = if actual.is_none_or(Value::is_null) { 0.8 } else { 0.2 };
                return self.leaf(Likeness { weight: 0.1, credit, conflict: None }, &Value::Array(Vec::new()), actual);
            }
            for (index, value) in expected.iter().enumerate() {
                self.entry(index, value, None, name, parent);
            }
            return;
        };
        if expected.is_empty() {
            let weight = if self.path.is_empty() { 1.0 } else { 0.1 };
            let credit = if printed.is_empty() {
                1.0
            } else if self.path.is_empty() {
                0.0
            } else {
                0.6
            };
            return self.leaf(Likeness { weight, credit, conflict: None }, &Value::Array(Vec::new()), actual);
        }
        if printed.is_empty() && !self.path.is_empty() && self.role(name, parent) != Role::Soft {
            self.tally.contradict(Conflict::Value, &self.path.clone(), &Value::from(expected).to_string(), "[]");
        }
        let partners = self.partners(expected, printed, name);
        // A missing replica is told by its sibling; where none is missing nobody asks.
        let present: HashMap<String, usize> = if partners.contains(&None) {
            expected.iter().zip(&partners).filter_map(|(value, partner)| Some((sibling(value)?, (*partner)?))).collect()
        } else {
            HashMap::new()
        };
        self.sick_extras(expected, printed, &partners);
        for (index, (value, partner)) in expected.iter().zip(partners).enumerate() {
            // How many replicas there are is the run's business: one that is missing is told by its sibling, half.
            let alike = if partner.is_none() { sibling(value).and_then(|stem| present.get(&stem)) } else { None };
            let credit = self.tally.credit;
            self.entry(index, value, partner.as_ref().or(alike).map(|at| &printed[*at]), name, parent);
            if alike.is_some() {
                self.tally.credit = credit + (self.tally.credit - credit) * 0.5;
            }
        }
    }

    /// Entries beyond the document's that report a failure where all that the document shows are well.
    fn sick_extras(&mut self, expected: &[Value], printed: &[Value], partners: &[Option<usize>]) {
        if printed.len() <= expected.len() || expected.iter().any(|entry| sickness(entry).is_some()) {
            return;
        }
        let mut seen = vec![false; printed.len()];
        partners.iter().flatten().for_each(|at| seen[*at] = true);
        let has_member = |name: &str| expected.iter().any(|entry| entry.get(name).is_some());
        for (at, entry) in printed.iter().enumerate().filter(|(at, _)| !seen[*at]) {
            if let Some((name, state)) = sickness(entry).filter(|(name, _)| has_member(name)) {
                let path = format!("{}[{at}].{name}", self.path);
                self.tally.contradict(Conflict::State, &path, "", state);
            }
        }
    }

    fn entry(&mut self, index: usize, expected: &'a Value, actual: Option<&Value>, name: &'a str, parent: &'a str) {
        let length = self.path.len();
        let _ = write!(self.path, "[{index}]");
        self.step(Step::Entry(index), expected, actual);
        // An entry's members have the list as their parent; a plain entry is called what the list is called.
        self.value(expected, actual, name, if expected.is_object() { name } else { parent });
        self.way.pop();
        self.path.truncate(length);
    }

    /// For each expected entry the place of its partner: equal ones and ones of the same name first, then the most alike, then by order.
    fn partners(&mut self, expected: &'a [Value], actual: &[Value], name: &'a str) -> Vec<Option<usize>> {
        let mut by_identity: HashMap<Identity<'_>, Vec<usize>, BuildHasherDefault<Fnv>> = HashMap::default();
        for (at, value) in actual.iter().enumerate().rev() {
            if let Some(identity) = identity(value) {
                by_identity.entry(identity).or_default().push(at);
            }
        }
        let mut used = vec![false; actual.len()];
        let mut partners: Vec<Option<usize>> = expected
            .iter()
            .map(|value| {
                let at = by_identity.get_mut(&identity(value)?)?.pop()?;
                used[at] = true;
                Some(at)
            })
            .collect();
        if self.rules.unordered && partners.contains(&None) {
            same_entries(expected, actual, &mut partners, &mut used);
        }
        let open: Vec<usize> = (0..expected.len()).filter(|index| partners[*index].is_none()).collect();
        let free: Vec<usize> = (0..actual.len()).filter(|at| !used[*at]).collect();
        if self.try_pairs && open.len() <= PAIRED_MAX && free.len() <= PAIRED_MAX && expected.iter().any(Value::is_object) {
            let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
            for index in &open {
                for at in &free {
                    let mut walk = Walk::new("[]", false, self.rules);
                    walk.value(&expected[*index], Some(&actual[*at]), name, name);
                    pairs.push((walk.tally.rank(), *index, *at));
                }
            }
            pairs.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)).then(left.2.cmp(&right.2)));
            for (_, index, at) in pairs {
                if partners[index].is_none() && !used[at] {
                    partners[index] = Some(at);
                    used[at] = true;
                }
            }
        } else {
            for (index, at) in open.into_iter().zip(free) {
                partners[index] = Some(at);
            }
        }
        self.try_pairs = false;
        partners
    }
}

/// Finds for entries without a partner one that is the same, wherever it stands.
fn same_entries(expected: &[Value], actual: &[Value], partners: &mut [Option<usize>], used: &mut [bool]) {
    let mut by_text: HashMap<String, Vec<usize>> = HashMap::new();
    for at in (0..actual.len()).rev().filter(|at| !used[*at]) {
        by_text.entry(actual[at].to_string()).or_default().push(at);
    }
    for (value, partner) in expected.iter().zip(partners).filter(|(_, partner)| partner.is_none()) {
        *partner = by_text.get_mut(&value.to_string()).and_then(Vec::pop);
        partner.iter().for_each(|at| used[*at] = true);
    }
}

/// Whether a value is none where a number stands.
fn is_no_number(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| stands_for("1", text, |_| false))
}

/// Whether no two of the document's values are the same, or there are many.
fn are_different(texts: &[(&str, &str, &str)]) -> bool {
    let shown: HashSet<&str> = texts.iter().map(|(_, shown, _)| *shown).collect();
    shown.len() == texts.len() || shown.len() > 1 && texts.len() > ALIKE_MIN + 1
}

/// The first member whose name varies as `key` does: a map by resource id, version or client id has other names in each run.
fn like_named<'a>(members: &'a Map<String, Value>, key: &str, expected: &Map<String, Value>) -> Option<&'a Value> {
    let wanted = shape(key);
    if !is_placeholder(key) && !wanted.is_volatile() {
        return None;
    }
    let alike = |name: &str| match arm_type(key) {
        Some(kind) => arm_type(name) == Some(kind),
        None => is_placeholder(key) || shape(name) == wanted,
    };
    members.iter().take(LIKE_NAMED_MAX).find(|(name, _)| !expected.contains_key(*name) && alike(name)).map(|(_, value)| value)
}

/// The state of an entry that says that something went wrong, and its name.
fn sickness(entry: &Value) -> Option<(&str, &str)> {
    let states = entry.as_object()?.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    states.into_iter().find(|(name, state)| is_wrong(state) && role(name, "") == Role::State)
}

/// What an entry shares with others of its kind: its name without what was generated, or the looks of a plain value that varies.
fn sibling(entry: &Value) -> Option<String> {
    match entry {
        Value::Object(members) => {
            let name = ["name", "Name"].iter().find_map(|key| members.get(*key)?.as_str())?;
            let stem = stem(name);
            (stem != name).then_some(stem)
        }
        Value::String(text) => Some(shape(text)).filter(|shape| shape.is_volatile()).map(|shape| format!("{shape:?}")),
        _ => None,
    }
}

/// What tells an entry from its neighbours: its name, or itself when it is plain.
fn identity(entry: &Value) -> Option<Identity<'_>> {
    match entry {
        Value::Object(members) => ["name", "Name", "id", "key", "displayName", "type"]
            .iter()
            .find_map(|key| Some(Identity::Member(key, members.get(*key)?.as_str()?))),
        Value::Array(_) | Value::Null => None,
        Value::String(text) => Some(Identity::Text(text)),
        plain => Some(Identity::Other(plain.to_string())),
    }
}

/// What tells an entry of a list from its neighbours.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Identity<'a> {
    Member(&'a str, &'a str),
    Text(&'a str),
    Other(String),
}

/// A string, a number, `true`, `false` or `null` that is the whole text: what `az … --query id` prints.
pub(super) fn value_alone(text: &str) -> Option<Documents> {
    let value: Value = serde_json::from_str(text.trim()).ok()?;
    (!value.is_object() && !value.is_array()).then(|| Documents::of(vec![value]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{compare_documents, find};
    use crate::score::leaf::Conflict;

    #[track_caller]
    fn check(expected: &serde_json::Value, actual: &serde_json::Value) -> super::Tally {
        compare_documents(std::slice::from_ref(expected), std::slice::from_ref(actual), &super::Rules::default())
    }

    #[test]
    fn order_case_envelopes_and_additions_cost_nothing() {
        let expected = json!({"name": "a", "osDiskSizeGB": 30, "properties": {"provisioningState": "Succeeded"}});
        let actual = json!({"extra": [1], "provisioningState": "Succeeded", "osDiskSizeGb": 30, "name": "a"});
        assert_eq!(check(&expected, &actual).coverage(), 1.0);
        assert_eq!(check(&json!({"state": "x"}), &json!({"properties": {"state": "x"}})).coverage(), 1.0);
    }

    #[test]
    fn entries_are_matched_by_name_and_then_by_likeness() {
        let expected = json!([{"Name": "$edgeAgent", "Status": "running"}, {"Name": "hub", "Status": "stopped"}]);
        let tally = check(&expected, &json!([{"Name": "x", "Status": "stopped"}, {"Name": "$edgeAgent", "Status": "running"}]));
        assert!(tally.contradictions.is_empty() && tally.coverage() > 0.95, "{tally:?}");
        let tally = check(&expected, &json!([{"Name": "hub", "Status": "stopped"}, {"Name": "$edgeAgent", "Status": "failed"}]));
        assert_eq!(tally.contradictions[0].conflict, Conflict::State);
        assert_eq!(tally.contradictions[0].path, "[0].Status");
    }

    #[test]
    fn another_resource_is_told_by_its_id() {
        let expected =
            json!({"id": "/subscriptions/x/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v", "location": "eastus"});
        let actual =
            json!({"id": "/subscriptions/x/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/v", "location": "eastus"});
        assert_eq!(check(&expected, &actual).contradictions[0].conflict, Conflict::Type);
    }

    #[test]
    fn documents_are_found_between_other_lines() {
        let found = find("WARNING: preview\n{\n \"a\": 1\n}\n[INFO] x\n[{\"b\": 2}]\n");
        assert_eq!(found.values, [json!({"a": 1}), json!([{"b": 2}])]);
        assert_eq!(found.rest, "WARNING: preview\n\n\n\n[INFO] x\n\n");
        assert!(!found.cut);
        assert!(find("{\"a\": {\"b\": 1,").cut);
    }

    #[test]
    fn many_lines_that_only_look_like_json_are_read_in_linear_time() {
        let text = "[[[[\n".repeat(20_000);
        let started = std::time::Instant::now();
        assert!(find(&text).values.len() <= 1);
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
