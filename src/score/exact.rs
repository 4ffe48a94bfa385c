//! The same to the letter, but for the gaps that the document leaves.

use std::collections::HashMap;

use serde_json::Value;

use super::placeholder::{Piece, is_placeholder, pieces};
use super::words::is_elision;

/// How many lines may be tried for lines that were left out; keeps the search linear.
const TRIES_MAX: usize = 1 << 20;
/// How many lines are tried for a line with a gap when lines may come in any order.
const LINES_TRIED_MAX: usize = 256;

/// The first place where two outputs are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub path: String,
    pub shown: String,
    pub printed: String,
}

impl Difference {
    fn new(path: &str, shown: &str, printed: &str) -> Self {
        Self { path: path.to_owned(), shown: shown.to_owned(), printed: printed.to_owned() }
    }
}

/// Compares two values: members in any order, entries in theirs unless `unordered`.
pub(super) fn values(shown: &Value, printed: Option<&Value>, path: &str, unordered: bool) -> Option<Difference> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let Some(printed) = printed else { return Some(Difference::new(path, &plain(shown), "")) };
    match (shown, printed) {
        (Value::Object(members), Value::Object(others)) => {
            let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            let lost = members.iter().find_map(|(name, value)| values(value, others.get(name), &inside(name), unordered));
            let added = || others.iter().find(|(name, _)| !members.contains_key(*name));
            lost.or_else(|| added().map(|(name, value)| Difference::new(&inside(name), "", &plain(value))))
        }
        (Value::Array(items), Value::Array(others)) => {
            let inside = |at: usize| format!("{path}[{at}]");
            if unordered {
                let mut left: HashMap<String, usize> = HashMap::new();
                others.iter().for_each(|value| *left.entry(sorted(value)).or_default() += 1);
                let mut take = |value: &Value| left.get_mut(&sorted(value)).filter(|count| **count > 0).map(|count| *count -= 1).is_some();
                let lost = items.iter().enumerate().find(|(_, value)| !take(value));
                return match lost {
                    Some((at, value)) => Some(Difference::new(&inside(at), &plain(value), "")),
                    None if others.len() > items.len() => {
                        Some(Difference::new(path, &format!("{} entries", items.len()), &format!("{} entries", others.len())))
                    }
                    None => None,
                };
            }
            let lost = items.iter().enumerate().find_map(|(at, value)| values(value, others.get(at), &inside(at), unordered));
            lost.or_else(|| others.get(items.len()).map(|value| Difference::new(&inside(items.len()), "", &plain(value))))
        }
        (Value::String(text), _) if is_placeholder(text) && !printed.is_null() => {
            let printed = plain(printed);
            (!line(text, &printed)).then(|| Difference::new(path, text, &printed))
        }
        _ => (shown != printed).then(|| Difference::new(path, &plain(shown), &plain(printed))),
    }
}

/// A value with the members of its objects, and the entries of its lists, in one order.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut all: Vec<String> = members.iter().map(|(name, value)| format!("{name:?}:{}", sorted(value))).collect();
            all.sort();
            format!("{{{}}}", all.join(","))
        }
        Value::Array(items) => {
            let mut all: Vec<String> = items.iter().map(sorted).collect();
            all.sort();
            format!("[{}]", all.join(","))
        }
        plain => plain.to_string(),
    }
}

/// Compares two texts line by line; `...` stands for any lines, white space at the ends of lines and blank lines at the end for nothing.
pub(super) fn lines(shown: &[&str], printed: &[&str], unordered: bool) -> Option<Difference> {
    let (shown, printed) = (without_end(shown), without_end(printed));
    if unordered { any_order(shown, printed) } else { in_order(shown, printed) }
}

fn without_end<'a, 'b>(lines: &'a [&'b str]) -> &'a [&'b str] {
    let end = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
    &lines[..end]
}

fn in_order(shown: &[&str], printed: &[&str]) -> Option<Difference> {
    let (mut at, mut from, mut tries) = (0, 0, 0);
    // Where the last `...` stands, and the line up to which it was taken to reach.
    let mut gap: Option<(usize, usize)> = None;
    while at < printed.len() || from < shown.len() {
        tries += 1;
        if shown.get(from).is_some_and(|line| is_elision(line)) {
            gap = Some((from, at));
            from += 1;
            continue;
        }
        if let (Some(wanted), Some(found)) = (shown.get(from), printed.get(at))
            && line(wanted, found)
        {
            (from, at) = (from + 1, at + 1);
            continue;
        }
        match gap {
            Some((start, reach)) if reach < printed.len() && tries < TRIES_MAX => {
                gap = Some((start, reach + 1));
                (from, at) = (start + 1, reach + 1);
            }
            _ => {
                let place = if from < shown.len() { from } else { at };
                let text = |lines: &[&str], at: usize| lines.get(at).copied().unwrap_or_default().trim_end().to_owned();
                let printed = if gap.is_some() { String::new() } else { text(printed, at) };
                return Some(Difference { path: format!("line {}", place + 1), shown: text(shown, from), printed });
            }
        }
    }
    None
}

fn any_order(shown: &[&str], printed: &[&str]) -> Option<Difference> {
    let mut left: HashMap<&str, usize> = HashMap::new();
    printed.iter().for_each(|line| *left.entry(line.trim_end()).or_default() += 1);
    let mut with_gaps = Vec::new();
    let mut take = |text: &str| left.get_mut(text).filter(|count| **count > 0).map(|count| *count -= 1).is_some();
    for (at, line) in shown.iter().enumerate().filter(|(_, line)| !is_elision(line)) {
        if !take(line.trim_end()) {
            with_gaps.push((at, line.trim_end()));
        }
    }
    let mut rest: Vec<&str> = printed.iter().map(|line| line.trim_end()).filter(|line| take(line)).collect();
    for (at, wanted) in with_gaps {
        let found = rest.iter().take(LINES_TRIED_MAX).position(|printed| line(wanted, printed));
        let Some(found) = found else { return Some(Difference::new(&format!("line {}", at + 1), wanted, "")) };
        rest.swap_remove(found);
    }
    let elided = shown.iter().any(|line| is_elision(line));
    rest.first().filter(|_| !elided).map(|line| Difference::new("a line", "", line))
}

/// Whether a line or value is the one shown, each gap filled with something of the same run of characters.
pub(super) fn line(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (shown.trim_end(), printed.trim_end());
    if shown == printed {
        return true;
    }
    if !is_placeholder(shown) {
        return false;
    }
    let (mut wanted, mut found) = (shown.split_whitespace(), printed.split_whitespace());
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == found || is_placeholder(wanted) && fills(wanted, found) => {}
            _ => return false,
        }
    }
}

/// Whether what stands around and between the gaps of a word is there, in order.
fn fills(shown: &str, printed: &str) -> bool {
    let mut rest = printed;
    let mut after_gap = false;
    let mut gaps = 0;
    for piece in pieces(shown) {
        match piece {
            Piece::Gap => {
                after_gap = true;
                gaps += 1;
            }
            Piece::Text(text) if after_gap => {
                let Some(at) = rest.find(text).filter(|at| *at > 0) else { return false };
                rest = &rest[at + text.len()..];
                after_gap = false;
            }
            Piece::Text(text) => match rest.strip_prefix(text) {
                Some(after) => rest = after,
                // `REDACTED`: a gap all of it.
                None => return gaps == 0 && pieces(shown).all(|piece| piece != Piece::Gap),
            },
        }
    }
    if after_gap { !rest.is_empty() } else { rest.is_empty() || gaps == 0 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{line, lines, values};

    #[track_caller]
    fn check(shown: &str, printed: &str, unordered: bool, place: Option<&str>) {
        let split = |text: &'static str| text.lines().collect::<Vec<_>>();
        let (shown, printed) = (split(shown.to_owned().leak()), split(printed.to_owned().leak()));
        let found = lines(&shown, &printed, unordered);
        assert_eq!(found.as_ref().map(|found| found.path.as_str()), place, "{shown:?} {printed:?} {found:?}");
    }

    #[test]
    fn gaps_are_filled_and_the_rest_is_the_same() {
        assert!(line("app-<id>.example.com is up", "app-7f.example.com is up"));
        assert!(line("password REDACTED", "password hunter2"));
        for printed in ["app-.example.com is up", "web-7f.example.com is up", "app-7f.example.org is up", "app-7f.example.com is  up now"] {
            assert!(!line("app-<id>.example.com is up", printed), "{printed}");
        }
        assert!(!line("same", "Same"));
    }

    #[test]
    fn lines_that_were_left_out_may_be_any() {
        check("a\n...\nd", "a\nb\nc\nd\n\n", false, None);
        check("a\n...\nd\ne", "a\nd\nb\nd\ne", false, None);
        check("...\nd", "a\nd\nx", false, Some("line 2"));
        check("a\nb", "a\nc", false, Some("line 2"));
        check("a\nb", "a\nb\nc", false, Some("line 3"));
    }

    #[test]
    fn any_order_takes_each_line_once() {
        check("a\nb\nid <n>", "id 7\nb\na", true, None);
        check("a\na", "a\nb", true, Some("line 2"));
        check("a", "a\nb", true, Some("a line"));
    }

    #[test]
    fn values_are_compared_member_by_member() {
        let shown = json!({"a": 1, "b": ["x", "<id>"], "c": null});
        assert_eq!(values(&shown, Some(&json!({"c": null, "b": ["x", "77"], "a": 1})), "", false), None);
        let place = |printed| values(&shown, Some(&printed), "", false).map(|found| found.path);
        assert_eq!(place(json!({"a": 2, "b": ["x", "y"], "c": null})).as_deref(), Some("a"));
        assert_eq!(place(json!({"a": 1, "b": ["x", "y", "z"], "c": null})).as_deref(), Some("b[2]"));
        assert_eq!(place(json!({"a": 1, "b": ["x", "y"], "c": null, "d": 1})).as_deref(), Some("d"));
        assert_eq!(values(&json!([1, 2]), Some(&json!([2, 1])), "", true), None);
        assert!(values(&json!([1, 2]), Some(&json!([2, 1])), "", false).is_some());
    }
}
