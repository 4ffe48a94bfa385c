//! `-o custom-columns=HEADER:PATH,…`.

use serde_json::Value;

use super::super::jsonpath::{Template, plain};
use super::super::tabwriter::{TABLE, align};

/// The columns of a specification.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Columns(Vec<(String, Template)>);

impl Columns {
    /// # Errors
    /// kubectl's text for a specification that is none.
    pub(crate) fn parse(specification: &str) -> Result<Self, String> {
        if specification.is_empty() {
            return Err("custom-columns format specified but no custom columns given".to_owned());
        }
        let columns = split(specification).into_iter().map(|part| {
            let (header, path) = part
                .split_once(':')
                .ok_or_else(|| format!("unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"))?;
            Ok((header.to_owned(), Template::parse_relaxed(path)?))
        });
        columns.collect::<Result<_, String>>().map(Self)
    }

    /// The table of these objects.
    pub(crate) fn print(&self, objects: &[&Value], no_headers: bool) -> Result<String, String> {
        let mut text = String::new();
        if !no_headers {
            text.push_str(&self.0.iter().map(|(header, _)| header.as_str()).collect::<Vec<_>>().join("\t"));
            text.push('\n');
        }
        for object in objects {
            let mut cells = Vec::new();
            for (_, template) in &self.0 {
                let values: Vec<String> = template.values(object)?.into_iter().map(go_plain).collect();
                cells.push(if values.is_empty() { "<none>".to_owned() } else { values.join(",") });
            }
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        Ok(align(&text, TABLE))
    }
}

/// Commas inside brackets do not separate columns.
fn split(specification: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_i32;
    for c in specification.chars() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

/// Go's `%v`: maps and lists in its own notation.
fn go_plain(value: &Value) -> String {
    match value {
        Value::Null => "<none>".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_plain).collect::<Vec<_>>().join(" ")),
        Value::Object(object) => {
            let mut entries: Vec<String> = object.iter().map(|(key, value)| format!("{key}:{}", go_plain(value))).collect();
            entries.sort();
            format!("map[{}]", entries.join(" "))
        }
        other => plain(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_printed_with_their_own_headers() {
        let columns = Columns::parse("N:.metadata.name,L:.metadata.labels,X:.x[?(@.a==\"b\")].c").expect("well formed");
        let object = json!({"metadata": {"name": "p", "labels": {"a": "b"}}});
        assert_eq!(columns.print(&[&object], false).as_deref(), Ok("N     L          X\np     map[a:b]   <none>\n"));
        assert_eq!(Columns::parse("N").expect_err("no path"), "unexpected custom-columns spec: N, expected <header>:<json-path-expr>");
    }
}
