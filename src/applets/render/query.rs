//! `--query`: JMESPath as Python's jmespath evaluates it.

use std::borrow::Cow;

use jpx_core::{ErrorReason, Expression, JmespathError, RuntimeError};
use serde_json::{Map, Number, Value};

/// A query that can be evaluated.
pub(crate) struct Query(Expression<'static>);

impl Query {
    /// Reads a query.
    pub(crate) fn parse(text: &str) -> Result<Query, JmespathError> {
        let text = with_literals(text);
        if brackets(&text) > BRACKETS_MAX {
            let why = format!("Expression has more than {BRACKETS_MAX} brackets");
            return Err(JmespathError::new(&text, 0, ErrorReason::Parse(why)));
        }
        jpx_core::compile(&text).map(Query)
    }

    /// What the query selects; null when nothing.
    pub(crate) fn select(&self, value: &Value) -> Result<Value, JmespathError> {
        self.0.search(value).map(integral)
    }
}

/// A query with more would exhaust the stack: the library does not count calls within calls.
const BRACKETS_MAX: usize = 256;

/// How many brackets of any kind open outside of quotes.
fn brackets(text: &str) -> usize {
    let (mut found, mut rest) = (0, text);
    while let Some(at) = rest.find(['(', '[', '{', '`', '\'', '"']) {
        let (sign, inside) = (rest.as_bytes()[at] as char, &rest[at + 1..]);
        rest = inside;
        match sign {
            '(' | '[' | '{' => found += 1,
            _ => rest = closing(inside, sign).map_or("", |end| &inside[end + 1..]),
        }
    }
    found
}

/// The query with every literal in backticks as JSON. Python's jmespath takes a word that is no JSON for text, and documents count on it:
/// ``[?name==`foo`]``.
fn with_literals(text: &str) -> Cow<'_, str> {
    if !text.contains('`') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(start) = rest.find(['`', '\'', '"']) {
        let quote = rest.as_bytes()[start] as char;
        let inside = &rest[start + 1..];
        let Some(end) = closing(inside, quote) else { break };
        let literal = &inside[..end];
        out.push_str(&rest[..=start]);
        let quoted = format!("\"{}\"", literal.replace("\\`", "`").trim_start());
        let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
        if quote == '`' && !is_json(&literal.replace("\\`", "`")) && is_json(&quoted) {
            out.push_str(&quoted.replace('`', "\\`"));
        } else {
            out.push_str(literal);
        }
        out.push(quote);
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Where a quote ends, over escaped ones.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, letter)| {
        let ends = letter == quote && !escaped;
        escaped = letter == '\\' && !escaped;
        ends.then_some(at)
    })
}

/// Why a query could not be evaluated: in the words of Python's jmespath where they are known, else in our library's.
pub(crate) fn reason_of(error: &JmespathError) -> String {
    match &error.reason {
        ErrorReason::Runtime(RuntimeError::UnknownFunction(name)) => format!("Unknown function: {name}()"),
        ErrorReason::Runtime(other) => other.to_string(),
        other => other.to_string(),
    }
}

/// Numbers that a function made floating (`sum`, `abs`, `floor`), as the integers that Python keeps.
fn integral(value: Value) -> Value {
    /// Beyond this a float no longer tells neighbouring integers apart.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => {
            match number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT_MAX) {
                Some(float) => Value::Number(Number::from(float as i64)),
                None => Value::Number(number),
            }
        }
        Value::Array(items) => items.into_iter().map(integral).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, integral(value))).collect::<Map<_, _>>().into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &Value) {
        let data = json!({"name": "c", "list": [{"b": 3, "a": 1}, {"b": 4, "a": 2}], "none": null, "a-b": 1, "on": true});
        let selected = Query::parse(query).expect("a query").select(&data).expect("a value");
        assert_eq!(selected.to_string(), expected.to_string(), "{query}");
    }

    #[test]
    fn queries_select_as_jmespath_does() {
        check("name", &json!("c"));
        check("list[].{z:b, a:a}", &json!([{"z": 3, "a": 1}, {"z": 4, "a": 2}]));
        check("list[?a==`2`].b | [0]", &json!(4));
        check("list[?a=='2']", &json!([]));
        check("sum(list[].b)", &json!(7));
        check("\"a-b\"", &json!(1));
        check("[]", &Value::Null);
        check("nosuch", &Value::Null);
        check("length(list)", &json!(2));
        check("list[*].[a,b][]", &json!([1, 3, 2, 4]));
        check("name || 'x'", &json!("c"));
        check("contains(name, 'c') && on", &json!(true));
        check("sort_by(list, &b)[-1].a", &json!(2));
        // Measured with Python's jmespath 1.0.
        check("join(`,`, ['a', 'b'])", &json!("a,b"));
        check("list[?a==`1`].b | [0]", &json!(3));
        check("[name][?@==`c`] | [0]", &json!("c"));
        check("[name][?@=='`c`']", &json!([]));
        check("` x y `", &json!("x y "));
        check(r"`a\`b`", &json!("a`b"));
        check("`01`", &json!("01"));
    }

    #[test]
    fn an_unknown_function_is_named_when_it_is_called() {
        let error = Query::parse("foo(@)").expect("a query").select(&json!(1)).expect_err("no such function");
        assert_eq!(reason_of(&error), "Unknown function: foo()");
    }

    #[test]
    fn what_is_no_query_is_refused() {
        assert!(Query::parse("[?name").is_err());
        assert!(Query::parse("a b").is_err());
        assert!(Query::parse("`\"x`").is_err());
        assert!(Query::parse("`open").is_err());
    }
}
