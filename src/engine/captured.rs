//! Values that a step hands on: taken from what it printed, given to the shell. Pure.

use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::runbook::CaptureSource;

/// The value that `source` finds in `output`.
///
/// # Errors
/// When there is none, or not one that a variable can hold: why, as a sentence fragment.
pub(crate) fn value(source: &CaptureSource, output: &str) -> Result<String, String> {
    let value = match source {
        CaptureSource::Path(path) => at_path(path, output)?,
        CaptureSource::Regex(pattern) => matched(pattern, output)?,
    };
    if value.is_empty() {
        return Err(format!("what {} finds in the output is empty", shown(source)));
    }
    if value.contains('\0') {
        return Err(format!("what {} finds in the output holds a zero byte, and a variable cannot", shown(source)));
    }
    Ok(value)
}

/// The block that gives a variable a value, as the document's own `export` would.
pub(crate) fn export(name: &str, value: &str) -> String {
    format!("\\builtin export {name}='{}'", value.replace('\'', r"'\''"))
}

fn at_path(path: &str, output: &str) -> Result<String, String> {
    let parsed = JsonPath::parse(path).map_err(|error| format!("`{path}` is no JSONPath: {error}"))?;
    if output.trim().is_empty() {
        return Err(format!("it printed nothing in which `{path}` could be looked for"));
    }
    let document: Value =
        serde_json::from_str(output).map_err(|error| format!("its output is not JSON ({error}), so `{path}` cannot be looked for"))?;
    let found = parsed.query(&document).all();
    match found.as_slice() {
        [] => Err(format!("its output has nothing at `{path}`")),
        [Value::Null] => Err(format!("its output has null at `{path}`")),
        [Value::String(text)] => Ok(text.clone()),
        [other] => Ok(other.to_string()),
        many => Err(format!("its output has {} values at `{path}`, and a variable takes one", many.len())),
    }
}

fn matched(pattern: &str, output: &str) -> Result<String, String> {
    let parsed = Regex::new(pattern).map_err(|_| format!("`/{pattern}/` is no regular expression"))?;
    let found = parsed.captures(output).ok_or_else(|| format!("nothing in its output matches `/{pattern}/`"))?;
    let part = found.get(usize::from(parsed.captures_len() > 1));
    part.map(|part| part.as_str().to_owned()).ok_or_else(|| format!("the group of `/{pattern}/` took no part in the match"))
}

fn shown(source: &CaptureSource) -> String {
    match source {
        CaptureSource::Path(path) => format!("`{path}`"),
        CaptureSource::Regex(pattern) => format!("`/{pattern}/`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_path(path: &str, output: &str, expected: Result<&str, &str>) {
        let found = value(&CaptureSource::Path(path.to_owned()), output);
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
            _ => panic!("{path} in {output}: {found:?}"),
        }
    }

    #[track_caller]
    fn check_regex(pattern: &str, output: &str, expected: Result<&str, &str>) {
        let found = value(&CaptureSource::Regex(pattern.to_owned()), output);
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
            _ => panic!("{pattern} in {output}: {found:?}"),
        }
    }

    #[test]
    fn a_path_gives_exactly_one_value() {
        let output = r#"{"ip": "10.0.0.4", "n": 17, "on": false, "tags": {"a": ["x", "y"]}, "none": null, "dirección": "calle", "e": ""}"#;
        check_path("$.ip", output, Ok("10.0.0.4"));
        check_path("$.n", output, Ok("17"));
        check_path("$.on", output, Ok("false"));
        check_path("$.tags.a[-1]", output, Ok("y"));
        check_path("$.tags", output, Ok(r#"{"a":["x","y"]}"#));
        check_path("$['dirección']", output, Ok("calle"));
        check_path("$.tags.a[*]", output, Err("2 values"));
        check_path("$.nothing", output, Err("nothing at `$.nothing`"));
        check_path("$.none", output, Err("null at"));
        check_path("$.e", output, Err("is empty"));
        check_path("$.ip", "ip: 10.0.0.4", Err("is not JSON"));
        check_path("$.ip", "\n", Err("printed nothing"));
        check_path("$.ip[", output, Err("no JSONPath"));
        check_path("$", r#""a\u0000b""#, Err("zero byte"));
    }

    #[test]
    fn a_pattern_gives_its_first_group_or_all_of_its_match() {
        check_regex(r"https://\S+", "listening on https://localhost:8443 now", Ok("https://localhost:8443"));
        check_regex(r"port (\d+), (\w+)", "port 80, open\nport 90, shut", Ok("80"));
        check_regex(r"(?m)^名前: (.+)$", "番号: 3\n名前: テスト\n", Ok("テスト"));
        check_regex(r"port (\d+)", "no such", Err("matches `/port"));
        check_regex(r"a|(b)", "a", Err("took no part"));
        check_regex(r"x*", "y", Err("is empty"));
    }

    #[test]
    fn a_value_stays_one_word_of_the_shell() {
        assert_eq!(export("A", "it's $HOME; `x`\n\"y\""), "\\builtin export A='it'\\''s $HOME; `x`\n\"y\"'");
    }
}
