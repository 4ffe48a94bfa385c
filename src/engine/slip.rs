//! Slips of the pen: what is shown and what was printed are the same but for a little, and the little cannot be chance. Pure.

use serde_json::Value;

/// Longer outputs are left alone.
const LINES_MAX: usize = 400;

/// Two outputs that are compared word by word.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) shown: &'a [&'a str],
    pub(super) printed: &'a [&'a str],
}

impl Pair<'_> {
    fn is_comparable(&self) -> bool {
        self.shown.len() == self.printed.len() && self.shown.len() <= LINES_MAX
    }

    /// A word that is shown otherwise than it was printed by a slip of the pen, where all else is alike letter by letter. `is_spelled`
    /// tells which words the document itself writes somewhere, `is_said` those that are words of this very step.
    pub(super) fn misspelt(&self, is_spelled: &dyn Fn(&str) -> bool, is_said: &dyn Fn(&str) -> bool) -> Option<String> {
        if !self.is_comparable() {
            return None;
        }
        let mut found = None;
        for (shown, printed) in self.shown.iter().zip(self.printed) {
            let (left, right): (Vec<&str>, Vec<&str>) = (shown.split_whitespace().collect(), printed.split_whitespace().collect());
            if left.len() != right.len() {
                return None;
            }
            for (left, right) in left.iter().zip(&right).filter(|(left, right)| left != right) {
                let is_other_digit = || is_said(right) && !is_spelled(left) && strsim::osa_distance(left, right) == 1;
                if !is_slip(left, right, is_spelled) && !is_other_digit() {
                    return None;
                }
                found.get_or_insert((*left, *right));
            }
        }
        found.map(|(shown, printed)| format!("the document shows `{shown}`, and `{printed}` was printed; all else is the same"))
    }

    /// A word that the document shows, and a client's JSON in its place: `--output tsv` is lost.
    pub(super) fn is_json_now(&self) -> Option<String> {
        let whole = |lines: &[&str]| lines.concat();
        let shows_json = self.shown.first()?.trim_start().starts_with(['[', '{', '"']);
        let printed: Option<Value> = serde_json::from_str(&whole(self.printed)).ok();
        let is_composed = printed.is_some_and(|value| value.is_object() || value.is_array()) && !shows_json;
        let is_quoted = self.is_comparable()
            && self.shown.iter().zip(self.printed).any(|(shown, printed)| format!("\"{}\"", shown.trim()) == printed.trim());
        (is_composed && self.shown.len() <= self.printed.len() || is_quoted)
            .then(|| format!("the document shows plain text (`{}`), and JSON was printed", self.shown[0].trim()))
    }

    /// A number that is shown on a line of its own, and something in its place that is no number.
    pub(super) fn is_number_no_more(&self) -> Option<String> {
        let is_number = |line: &str| !line.trim().is_empty() && line.trim().bytes().all(|letter| letter.is_ascii_digit());
        let (shown, printed) = self
            .shown
            .iter()
            .zip(self.printed)
            .filter(|_| self.is_comparable())
            .find(|(shown, printed)| is_number(shown) && printed.chars().any(char::is_alphabetic))?;
        Some(format!("the document shows the number {}, and `{}` was printed", shown.trim(), printed.trim()))
    }

    /// A count that is shown on a line of its own, and another in its place.
    pub(super) fn is_other_count(&self) -> Option<String> {
        let count = |line: &str| line.trim().parse::<u16>().ok();
        let (shown, printed) = self
            .shown
            .iter()
            .zip(self.printed)
            .filter(|_| self.is_comparable())
            .find_map(|(shown, printed)| Some((count(shown)?, count(printed)?)).filter(|(shown, printed)| shown != printed))?;
        Some(format!("the document counts {shown}, and {printed} was printed"))
    }
}

/// The difference between two JSON texts, if it is one slip of the pen or, where everything must be the same, any.
pub(super) fn json(shown: &str, printed: &str, is_settled: bool, is_spelled: &dyn Fn(&str) -> bool) -> Option<String> {
    let (shown, printed): (Value, Value) = (serde_json::from_str(shown).ok()?, serde_json::from_str(printed).ok()?);
    let mut differences = Vec::new();
    compare("", &shown, &printed, &mut differences, 0)?;
    let counts = |difference: &(String, Value, Value)| match (&difference.1, &difference.2) {
        (Value::String(shown), Value::String(printed)) => is_settled || is_slip(shown, printed, is_spelled),
        _ => is_settled,
    };
    let (path, shown, printed) = differences.first().filter(|_| differences.iter().all(counts))?;
    Some(format!("the document shows {shown} at {path}, and {printed} was printed"))
}

/// Collects leaves that differ; none when the two are not built alike, or nested deeply.
fn compare(path: &str, shown: &Value, printed: &Value, found: &mut Vec<(String, Value, Value)>, depth: usize) -> Option<()> {
    if depth > 64 {
        return None;
    }
    match (shown, printed) {
        (Value::Object(shown), Value::Object(printed)) => {
            for (key, value) in shown {
                compare(&format!("{path}.{key}"), value, printed.get(key)?, found, depth + 1)?;
            }
        }
        (Value::Array(shown), Value::Array(printed)) if shown.len() == printed.len() => {
            for (index, (shown, printed)) in shown.iter().zip(printed).enumerate() {
                compare(&format!("{path}[{index}]"), shown, printed, found, depth + 1)?;
            }
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => return None,
        (Value::Number(shown), Value::Number(printed)) if shown.as_f64() == printed.as_f64() => {}
        (shown, printed) if shown != printed => found.push((path.to_owned(), shown.clone(), printed.clone())),
        _ => {}
    }
    Some(())
}

/// Whether two neighbouring letters are exchanged; or one letter of a word that the document writes itself is another, lost, or too many.
fn is_slip(shown: &str, printed: &str, is_spelled: &dyn Fn(&str) -> bool) -> bool {
    has_exchanged_letters(shown, printed) || has_other_letter(shown, printed) && is_spelled(printed) && !is_spelled(shown)
}

/// Digits and cases differ for other reasons.
fn has_exchanged_letters(shown: &str, printed: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (shown.chars().collect(), printed.chars().collect());
    let Some(at) = left.iter().zip(&right).position(|(left, right)| left != right).filter(|_| left.len() == right.len()) else {
        return false;
    };
    let is_exchange = at + 1 < left.len() && left[at] == right[at + 1] && left[at + 1] == right[at] && left[at + 2..] == right[at + 2..];
    // Identifiers drawn at random could be anything.
    is_exchange
        && left.len() > 3
        && left[at].is_alphabetic()
        && left[at + 1].is_alphabetic()
        && left[at].is_lowercase() == left[at + 1].is_lowercase()
}

fn has_other_letter(shown: &str, printed: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|letter| letter.is_alphabetic()).collect::<String>().to_lowercase();
    shown.chars().count() > 4 && letters(shown) != letters(printed) && strsim::osa_distance(shown, printed) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<&str> {
        text.lines().collect()
    }

    #[track_caller]
    fn check(shown: &str, printed: &str, expected: Option<&str>) {
        let (shown, printed) = (lines(shown), lines(printed));
        let found =
            Pair { shown: &shown, printed: &printed }.misspelt(&|word| ["vaults/read", "1.4"].contains(&word), &|word| word == "1.4");
        assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
        assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()));
    }

    #[test]
    fn a_slip_of_the_pen_is_seen_where_all_else_is_the_same() {
        check("Best seller: plums", "Best selelr: plums", Some("`seller:`"));
        check("Best seller: plums", "Best selelr: 5", None);
        check("color red", "colour red", None);
        check("id a1b2", "id a2b1", None);
        check("vaults/raed", "vaults/read", Some("`vaults/raed`"));
        check("vaults/resd", "vaults/read", Some("`vaults/resd`"));
        check("vaults/read1", "vaults/read", None);
        check("vault/readers", "vaults/read", None);
        check("entered 2.4", "entered 1.4", Some("`2.4`"));
        check("entered 1.4", "entered 2.4", None);
    }

    #[test]
    fn plain_text_and_numbers_do_not_become_something_else() {
        let json = |shown: &str, printed: &str| Pair { shown: &lines(shown), printed: &lines(printed) }.is_json_now().is_some();
        assert!(json("a/b", "[\n  \"a/b\"\n]"));
        assert!(json("one\ntwo", "one\n\"two\""));
        assert!(!json("{\"a\": 1}", "{\"a\": 2}"));
        assert!(!json("2", "2"));
        let number = |shown: &str, printed: &str| Pair { shown: &lines(shown), printed: &lines(printed) }.is_number_no_more().is_some();
        assert!(number("1", "app   1/1   Running"));
        assert!(!number("1", "2"));
        assert!(!number("1 pod", "a b"));
        let count = |shown: &str, printed: &str| Pair { shown: &lines(shown), printed: &lines(printed) }.is_other_count().is_some();
        assert!(count("a\n2", "a\n3"));
        assert!(!count("a\n2", "a\n2"));
        assert!(!count("v1", "v2"));
    }

    #[test]
    fn json_may_show_less_and_other_values_but_no_slip() {
        let found = |shown: &str, printed: &str, settled| json(shown, printed, settled, &|word| word == "Vault Lister").is_some();
        assert!(found(r#"{"name": "Vault Listrr"}"#, r#"{"name": "Vault Lister", "x": 1}"#, false));
        assert!(!found(r#"{"name": "other"}"#, r#"{"name": "Vault Lister"}"#, false));
        assert!(found(r#"{"name": "other"}"#, r#"{"name": "Vault Lister"}"#, true));
        assert!(!found(r#"{"n": 2.0}"#, r#"{"n": 2}"#, true));
        assert!(!found("[1]", "[1, 2]", true));
        assert!(!found("{...}", "{}", true));
    }
}
