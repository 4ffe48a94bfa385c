//! Lines of JSON that name a document's output and a run's: what a line asks, and the line that answers it.
//!
//! A line that is not understood is refused, never judged without the part that was not: in a check, silence is a pass.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value, json};
use strsim::osa_distance;

use crate::{
    runbook::{Comparison, Criterion, Exact, Expectation, Format},
    score::{Scorer, judge_with},
};

/// What a line may have.
const KEYS: [&str; 10] = ["id", "language", "threshold", "regex", "expected", "actual", "ignore", "exact", "unordered", "as"];
/// The shortest key that can be taken for a misspelling, in bytes.
const KEY_BYTES_MIN: usize = 5;
/// The longest unknown key for which a nearest one is looked for, in bytes.
const KEY_BYTES_MAX: usize = 40;

/// Why a line was not judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The line's id as far as it could be read, else null.
    pub id: Value,
    /// Why, as a sentence fragment for a person.
    pub why: String,
}

/// Judges one line `{id,language,threshold,expected,actual}`; `regex` instead of a threshold makes it a pattern, neither leaves it unmarked;
/// `ignore`, `exact`, `unordered` and `as` mean what they mean in a document.
///
/// # Errors
/// When the line is not such an object.
pub fn judge_line(line: &[u8], scorer: Scorer) -> Result<Value, Refusal> {
    let mut members = Members::default();
    let read = members.read(line);
    let id = members.values.remove("id").unwrap_or_default();
    let refuse = |why| Refusal { id: id.clone(), why };
    read.map_err(refuse)?;
    let (expectation, actual) = members.pair().map_err(refuse)?;
    let threshold = match expectation.criterion {
        Criterion::Similarity(threshold) => Some(threshold),
        _ => None,
    };
    let verdict = judge_with(scorer, &expectation, actual.as_bytes());
    Ok(json!({
        "id": id,
        "passed": verdict.passed,
        "score": verdict.score,
        "ie_score": verdict.ie_score,
        "threshold": threshold,
        "reason": verdict.reason,
        "costs": verdict.costs.iter().map(|cost| json!({
            "path": cost.path, "expected": cost.expected, "actual": cost.actual, "cost": cost.cost,
        })).collect::<Vec<_>>(),
    }))
}

/// The answer to a line that could not be judged; `line` counts from 1.
pub fn refusal(line: usize, refusal: &Refusal) -> Value {
    json!({ "id": refusal.id, "error": refusal.why, "line": line })
}

/// The members of a line as far as they were read.
#[derive(Debug, Default)]
struct Members {
    values: Map<String, Value>,
    /// A key that stands twice.
    twice: Option<String>,
}

impl Members {
    fn read(&mut self, line: &[u8]) -> Result<(), String> {
        let what = match line.trim_ascii_start().first() {
            Some(b'{') => None,
            Some(b'[') => Some("an array"),
            Some(b'"') => Some("a string"),
            Some(b'0'..=b'9' | b'-') => Some("a number"),
            _ => Some("no JSON"),
        };
        if let Some(what) = what {
            return Err(format!("the line is {what}, not an object {{\"expected\": …, \"actual\": …}}"));
        }
        let mut reader = serde_json::Deserializer::from_slice(line);
        let read = DeserializeSeed::deserialize(&mut *self, &mut reader).and_then(|()| reader.end());
        match (read, self.twice.take()) {
            (Err(error), _) if error.is_eof() => Err("the JSON of the line breaks off before it is complete".to_owned()),
            (Err(error), _) => Err(format!("the line is no JSON from column {} on", error.column())),
            (Ok(()), Some(key)) => Err(format!("“{key}” stands twice")),
            (Ok(()), None) => Ok(()),
        }
    }

    /// What is compared with what.
    fn pair(mut self) -> Result<(Expectation, String), String> {
        // Lines come out of other tools with members of their own; only one that is nearly ours was meant for us.
        let misspelt = self.values.keys().filter(|key| !KEYS.contains(&key.as_str())).find_map(|key| Some((key, nearest(key)?)));
        if let Some((key, nearest)) = misspelt {
            return Err(format!("a line has no “{key}”; did you mean “{nearest}”?"));
        }
        let expected = self.text("expected")?.ok_or("no “expected”")?;
        let actual = self.text("actual")?.ok_or("no “actual”")?;
        let language = self.text("language")?.unwrap_or_default();
        let threshold = match self.take("threshold") {
            None => None,
            Some(value) => Some(value.as_f64().ok_or_else(|| other_kind("threshold", "a number", &value))?),
        };
        if let Some(threshold) = threshold.filter(|threshold| !(0.0..=1.0).contains(threshold)) {
            return Err(format!("threshold {threshold} is not between 0 and 1"));
        }
        let criterion = match (self.text("regex")?, threshold) {
            // As in a document: a pattern is not also measured.
            (Some(pattern), None | Some(_)) if !pattern.is_empty() => {
                regex::Regex::new(&pattern)
                    .map_err(|error| format!("the regex is invalid: {}", error.to_string().lines().last().unwrap_or_default()))?;
                Criterion::Regex(pattern)
            }
            (_, Some(threshold)) => Criterion::Similarity(threshold),
            (Some(_), None) => return Err("“regex” is empty, and would match anything".to_owned()),
            (None, None) => Criterion::Unmarked,
        };
        let comparison = self.comparison()?;
        Ok((Expectation { line: 1, fence_line: 1, language, criterion, text: expected, comparison }, actual))
    }

    fn comparison(&mut self) -> Result<Comparison, String> {
        let names = |key: &str, value: &Value| match value {
            Value::String(text) => {
                Ok(text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect::<Vec<_>>())
            }
            Value::Array(list) => {
                list.iter().map(|name| name.as_str().map(str::to_owned).ok_or_else(|| other_kind(key, "a list of names", name))).collect()
            }
            other => Err(other_kind(key, "names", other)),
        };
        let exact = match self.take("exact") {
            None | Some(Value::Bool(false)) => Exact::Nothing,
            Some(Value::Bool(true)) => Exact::Everything,
            Some(value) => match names("exact", &value)? {
                none if none.is_empty() => Exact::Nothing,
                names => Exact::At(names),
            },
        };
        let ignore = self.take("ignore").filter(|value| *value != Value::Bool(false));
        let unordered = match self.take("unordered") {
            None => false,
            Some(value) => value.as_bool().ok_or_else(|| other_kind("unordered", "true or false", &value))?,
        };
        Ok(Comparison {
            ignore: ignore.map(|value| names("ignore", &value)).transpose()?.unwrap_or_default(),
            exact,
            unordered,
            format: self.text("as")?.as_deref().map(format).transpose()?,
            ..Comparison::default()
        })
    }

    /// A member that is there and not null.
    fn take(&mut self, key: &str) -> Option<Value> {
        self.values.remove(key).filter(|value| !value.is_null())
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(other_kind(key, "a string", &other)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Members {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

/// Keeps what was read when the rest of the line cannot be.
impl<'de> Visitor<'de> for &mut Members {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if self.values.insert(key.clone(), value).is_some() {
                self.twice.get_or_insert(key);
            }
        }
        Ok(())
    }
}

fn other_kind(key: &str, wanted: &str, value: &Value) -> String {
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    format!("“{key}” is {wanted}, but the line has {is}")
}

/// The key that an unknown one is a misspelling of; none when it is like none. Of short ones nobody can tell.
fn nearest(key: &str) -> Option<&'static str> {
    // A distance costs the product of both lengths.
    if !(KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&key.len()) {
        return None;
    }
    let key = key.to_lowercase();
    KEYS.iter()
        .filter(|known| known.len() >= KEY_BYTES_MIN)
        .map(|known| (osa_distance(known, &key), *known))
        .min()
        .filter(|(distance, known)| *distance <= 1.max(known.len() / 3))
        .map(|(_, known)| known)
}

fn format(name: &str) -> Result<Format, String> {
    Ok(match name {
        "json" => Format::Json,
        "text" => Format::Text,
        "table" => Format::Table,
        "yaml" => Format::Yaml,
        _ => return Err(format!("“as” is “{name}”, which is not one of json, text, table, yaml")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::judge_line;
    use crate::score::Scorer;

    #[track_caller]
    fn refused(line: &str, id: &Value, why: &str) {
        let refusal = judge_line(line.as_bytes(), Scorer::Structural).expect_err(line);
        assert_eq!((&refusal.id, refusal.why.as_str()), (id, why), "{line}");
    }

    #[test]
    fn a_misspelt_key_is_refused_with_the_nearest() {
        let line = r#"{"id": 7, "treshold": 0.8, "expected": "a", "actual": "b"}"#;
        refused(line, &json!(7), "a line has no “treshold”; did you mean “threshold”?");
        refused(r#"{"expected": "a", "actual": "b", "actual": "a"}"#, &json!(null), "“actual” stands twice");
    }

    #[test]
    fn what_is_no_such_object_is_refused_in_plain_words() {
        let object = "not an object {\"expected\": …, \"actual\": …}";
        refused(r#"["a", "json", 0.3, null, "x", "y"]"#, &json!(null), &format!("the line is an array, {object}"));
        refused("hola", &json!(null), &format!("the line is no JSON, {object}"));
        refused(r#"{"id": 3, "actual": "b"}"#, &json!(3), "no “expected”");
        refused(r#"{"id": 3, "regex": "", "expected": "b", "actual": "b"}"#, &json!(3), "“regex” is empty, and would match anything");
        refused(r#"{"id": 3, "expected": "b", "actual": null}"#, &json!(3), "no “actual”");
        refused(r#"{"id": 3, "expected": 1, "actual": "b"}"#, &json!(3), "“expected” is a string, but the line has a number");
        refused(
            r#"{"threshold": "0.3", "expected": "b", "actual": "b"}"#,
            &json!(null),
            "“threshold” is a number, but the line has a string",
        );
        refused(
            r#"{"ignore": [1], "expected": "b", "actual": "b"}"#,
            &json!(null),
            "“ignore” is a list of names, but the line has a number",
        );
    }

    #[test]
    fn the_id_is_kept_when_the_rest_cannot_be_read() {
        refused(r#"{"id": "é", "expected": "a"#, &json!("é"), "the JSON of the line breaks off before it is complete");
        refused(r#"{"id": [1], "expected": x}"#, &json!([1]), "the line is no JSON from column 25 on");
        refused(r#"{"id": 1, "expected": "a", "actual": "a"} }"#, &json!(1), "the line is no JSON from column 43 on");
    }

    #[test]
    fn a_line_is_judged_as_a_document_would_be() {
        let judged = |line: &str| judge_line(line.as_bytes(), Scorer::Structural).expect(line);
        let answer = judged(r#"{"id": null, "threshold": 0.5, "expected": "a b", "actual": "a b", "ignore": null}"#);
        assert_eq!((&answer["passed"], &answer["threshold"]), (&json!(true), &json!(0.5)));
        assert_eq!(judged(r#"{"regex": "v\\d", "expected": "", "actual": "v2"}"#)["passed"], json!(true));
        assert_eq!(judged(r#"{"regex": "v\\d", "threshold": 0.9, "expected": "", "actual": "x v2"}"#)["passed"], json!(true));
        assert_eq!(judged(r#"{"regex": "", "threshold": 0.9, "expected": "a", "actual": "b"}"#)["passed"], json!(false));
        let foreign =
            r#"{"kind": "x", "src": "a.md#1", "right": true, "pass": 1, "score": 2, "threshold": 0.3, "expected": "a", "actual": "a"}"#;
        assert_eq!(judged(foreign)["passed"], json!(true));
        assert_eq!(judged(r#"{"exact": true, "threshold": 0.3, "expected": "a-1", "actual": "a-2"}"#)["passed"], json!(false));
    }
}
