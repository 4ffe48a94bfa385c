//! kubectl's JSONPath templates: text with `{…}` in it, `range`/`end`, filters, slices, unions and recursive descent.
//!
//! Source: client-go `util/jsonpath`; messages measured with kubectl 1.33. It is no RFC 9535: roots may be left out, `\.` escapes a dot, and results
//! are printed side by side with blanks.

mod parse;
mod walk;

use serde_json::Value;

use self::parse::Parser;
use self::walk::walk;

use super::print::json::compact;

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Path(Vec<Step>),
    Range(Vec<Step>, Vec<Part>),
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    Wildcard,
    Recursive,
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: Option<i64>,
        is_index: bool,
    },
    Union(Vec<Vec<Step>>),
    Filter {
        left: Operand,
        operator: Option<&'static str>,
        right: Option<Operand>,
    },
    /// A number or a boolean standing alone.
    Literal(Value),
    /// A word that means nothing; kubectl notices only when it gets there.
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Literal(Value),
    Path(Vec<Step>),
}

impl Template {
    /// # Errors
    /// The text after `error parsing jsonpath …, `.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser::new(text);
        let (parts, ended) = parser.parts()?;
        if ended {
            return Err("not in range, nothing to end".to_owned());
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// What `-o custom-columns`, `--sort-by` and `wait` take: the braces and the first dot may be left out.
    ///
    /// # Errors
    /// The text of kubectl for a path that is none.
    pub(crate) fn parse_relaxed(text: &str) -> Result<Self, String> {
        let inner = text.strip_prefix('{').map_or(Some(text), |inner| inner.strip_suffix('}'));
        let Some(inner) = inner.filter(|inner| !inner.contains(['{', '}'])) else {
            return Err(
                "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'".to_owned()
            );
        };
        Self::parse(&format!("{{.{}}}", inner.strip_prefix('.').unwrap_or(inner)))
    }

    /// The text that the template makes of `value`.
    ///
    /// # Errors
    /// What kubectl prints after `error: `.
    pub(crate) fn render(&self, value: &Value) -> Result<String, String> {
        let mut out = String::new();
        render(&self.parts, value, &mut out).map_err(|problem| {
            format!(
                "error executing jsonpath {:?}: Error executing template: {problem}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{}\n\tobject given to jsonpath engine was:\n\t\t{}\n\n",
                self.text,
                self.text,
                go_syntax(value)
            )
        })?;
        Ok(out)
    }

    /// The values that the template's only path selects.
    pub(crate) fn values<'v>(&self, value: &'v Value) -> Result<Vec<&'v Value>, String> {
        let mut found = Vec::new();
        for part in &self.parts {
            if let Part::Path(steps) = part {
                found.extend(walk(steps, vec![value])?);
            }
        }
        Ok(found)
    }
}

fn render(parts: &[Part], value: &Value, out: &mut String) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Path(steps) => {
                if let [Step::Literal(literal)] = steps.as_slice() {
                    out.push_str(&plain(literal));
                    continue;
                }
                let found = walk(steps, vec![value])?;
                out.push_str(&found.into_iter().map(plain).collect::<Vec<_>>().join(" "));
            }
            Part::Range(steps, body) => {
                for item in walk(steps, vec![value])? {
                    render(body, item, out)?;
                }
            }
        }
    }
    Ok(())
}

/// A value as the template prints it.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "null".to_owned(),
        Value::Array(_) | Value::Object(_) => compact(value),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// The value as Go's `%#v` prints it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => format!("[]interface {{}}{{{}}}", items.iter().map(go_syntax).collect::<Vec<_>>().join(", ")),
        Value::Object(object) => {
            let mut entries: Vec<String> = object.iter().map(|(key, value)| format!("{key:?}:{}", go_syntax(value))).collect();
            entries.sort();
            format!("map[string]interface {{}}{{{}}}", entries.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Value {
        json!({
            "kind": "List",
            "items": [
                {"metadata": {"name": "a", "labels": {"x.y/z": "1"}}, "status": {"phase": "Running", "n": 1, "addresses": [{"type": "A", "address": "1.1"}, {"type": "B", "address": "2.2"}]}},
                {"metadata": {"name": "b"}, "status": {"phase": "Pending", "n": 2, "addresses": []}},
            ],
        })
    }

    #[track_caller]
    fn check(template: &str, text: &str) {
        let parsed = Template::parse(template).unwrap_or_else(|error| panic!("{template}: {error}"));
        assert_eq!(parsed.render(&sample()).unwrap_or_else(|error| panic!("{template}: {error}")), text, "for {template}");
    }

    #[test]
    fn templates_print_what_kubectl_prints() {
        check("{.kind}", "List");
        check("{.items[*].metadata.name}", "a b");
        check("{range .items[*]}{.metadata.name}{\"\\t\"}{.status.phase}{\"\\n\"}{end}", "a\tRunning\nb\tPending\n");
        check("{.items[0].metadata.labels.x\\.y/z}", "1");
        check("{.items[0].metadata.labels['x\\.y/z']}", "1");
        check("{.items[?(@.status.phase==\"Running\")].metadata.name}", "a");
        check("{.items[?(@.status.n>1)].metadata.name}", "b");
        check("{.items[0].status.addresses[?(@.type=='B')].address}", "2.2");
        check("{.items[-1].metadata.name}", "b");
        check("{.items[0:1].metadata.name}", "a");
        check("{..name}", "a b");
        check("{.items[*]['metadata.name','status.n']}", "a 1 b 2");
        check("{.items[*].status['phase','n']}", "Running 1 Pending 2");
        check("{.items[0].metadata}", "{\"labels\":{\"x.y/z\":\"1\"},\"name\":\"a\"}");
        check("{$.kind} and {.missing.x}!", "List and !");
        check("{.items[1].status.addresses}", "[]");
    }

    #[test]
    fn an_index_past_the_end_explains_itself() {
        let error = Template::parse("{.items[0].x}").expect("well formed").render(&json!({"items": []})).expect_err("empty");
        assert_eq!(
            error,
            "error executing jsonpath \"{.items[0].x}\": Error executing template: array index out of bounds: index 0, length 0. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{.items[0].x}\n\tobject given to jsonpath engine was:\n\t\tmap[string]interface {}{\"items\":[]interface {}{}}\n\n"
        );
    }

    #[test]
    fn broken_templates_are_refused() {
        assert_eq!(Template::parse("{.a"), Err("unclosed action".to_owned()));
        assert_eq!(Template::parse("{.a[}"), Err("unterminated array".to_owned()));
        assert_eq!(Template::parse("{end}"), Err("not in range, nothing to end".to_owned()));
        assert_eq!(Template::parse("{.a[\"x\"]}"), Err("invalid array index \"x\"".to_owned()));
        assert_eq!(Template::parse("{.a[?(@.x==1]}"), Err("unterminated filter".to_owned()));
        assert!(Template::parse_relaxed("{.a}{.b}").is_err());
        assert_eq!(Template::parse_relaxed("kind").expect("well formed").render(&sample()).as_deref(), Ok("List"));
    }
}
