//! The YAML between two `---` lines at the very top of a document.

use serde_json::{Map, Value};
use serde_saphyr::{DuplicateKeyPolicy, Options};

use crate::diagnostic::{Diagnostic, SourceFile, Span};

use super::defect::BROKEN_FRONT_MATTER;

/// Front matter, and where the Markdown below it starts.
#[derive(Debug, Default, PartialEq)]
pub(super) struct FrontMatter {
    pub(super) properties: Map<String, Value>,
    pub(super) body_start: usize,
}

/// Reads the front matter of a document; none is the same as an empty one.
///
/// A pair of rules with Markdown between them is not front matter: when the text between them is no mapping and holds a code block, it stays part of the document.
pub(super) fn front_matter(source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) -> FrontMatter {
    let Some((yaml, body_start)) = extent(source.text()) else { return FrontMatter::default() };
    let text = &source.text()[yaml.start..yaml.end];
    match read(text, DuplicateKeyPolicy::Error) {
        Ok(properties) => FrontMatter { properties, body_start },
        Err(_) if has_fence(text) => FrontMatter::default(),
        Err(broken) => {
            let line = source.line(yaml.start) + broken.line.saturating_sub(1);
            let line = line.min(source.line(yaml.end.saturating_sub(1).max(yaml.start)));
            let span = source.line_span(line);
            diagnostics.push(BROKEN_FRONT_MATTER.at(source, span, format!("the front matter cannot be read: {}", broken.message)));
            FrontMatter { properties: read(text, DuplicateKeyPolicy::LastWins).unwrap_or_default(), body_start }
        }
    }
}

/// Where the YAML stands, and where the text below its closing line starts.
fn extent(text: &str) -> Option<(Span, usize)> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next()?;
    if first.trim_end() != "---" {
        return None;
    }
    let start = first.len();
    let mut at = start;
    for line in lines {
        if matches!(line.trim_end(), "---" | "...") {
            return Some((Span::new(start, at), at + line.len()));
        }
        at += line.len();
    }
    None
}

/// What is wrong with YAML, and in which of its lines.
struct Broken {
    line: usize,
    message: String,
}

fn read(yaml: &str, duplicate_keys: DuplicateKeyPolicy) -> Result<Map<String, Value>, Broken> {
    let mut options = Options::default();
    options.duplicate_keys = duplicate_keys;
    options.with_snippet = false;
    match serde_saphyr::from_str_with_options(yaml, options) {
        Ok(Value::Object(properties)) => Ok(properties),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(Broken { line: 1, message: "it is not a mapping of keys to values".to_owned() }),
        Err(error) => {
            let line = error.location().map_or(1, |location| usize::try_from(location.line()).unwrap_or(1));
            let message = error.without_snippet().to_string();
            Err(Broken { line, message: message.lines().next().unwrap_or("it is not YAML").trim().to_owned() })
        }
    }
}

fn has_fence(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, properties: Value, rest: &str, broken_line: Option<usize>) {
        let source = SourceFile::new("a.md", text);
        let mut diagnostics = Vec::new();
        let found = front_matter(&source, &mut diagnostics);
        assert_eq!(Value::Object(found.properties), properties);
        assert_eq!(&text[found.body_start..], rest);
        assert_eq!(diagnostics.first().map(|diagnostic| diagnostic.line), broken_line, "{diagnostics:?}");
    }

    #[test]
    fn mappings_are_read_with_their_types() {
        check(
            "---\ntitle: 'Guía: uno'\nms.date: 05/28/2024\ntags: [a, b]\ndate: 2024-01-01\nn: 3\nx: {y: true}\n---\n# T\n",
            json!({"title": "Guía: uno", "ms.date": "05/28/2024", "tags": ["a", "b"], "date": "2024-01-01", "n": 3, "x": {"y": true}}),
            "# T\n",
            None,
        );
        check("---\n---\n# T\n", json!({}), "# T\n", None);
        check("---\na: 1\n...\n# T", json!({"a": 1}), "# T", None);
    }

    #[test]
    fn documents_without_front_matter_lose_nothing() {
        check("# T\n---\na: 1\n---\n", json!({}), "# T\n---\na: 1\n---\n", None);
        check("---\nnever closed\n", json!({}), "---\nnever closed\n", None);
        check("", json!({}), "", None);
        check("---\n\n```bash\necho a\n```\n\n---\n", json!({}), "---\n\n```bash\necho a\n```\n\n---\n", None);
    }

    #[test]
    fn broken_yaml_is_reported_with_its_line_and_never_read_as_text() {
        check("---\ntitle: ok\nfoo: [a\nbar: b\n---\n# T\n", json!({}), "# T\n", Some(4));
        check("---\ntitle: \"x\nfoo: : bar\n---\n# T\n", json!({}), "# T\n", Some(3));
        check("---\njust words\n---\n# T\n", json!({}), "# T\n", Some(2));
    }

    #[test]
    fn a_key_that_stands_twice_is_reported_and_the_last_one_holds() {
        check("---\na: 1\nb: 2\na: 3\n---\n", json!({"a": 3, "b": 2}), "", Some(4));
    }

    #[test]
    fn deep_nesting_is_refused_instead_of_followed() {
        let text = format!("---\na: {}\n---\n", "[".repeat(100_000));
        check(&text, json!({}), "", Some(2));
    }
}
