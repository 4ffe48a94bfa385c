//! YAML as values, for outputs that the author calls so.

use serde_json::Value;
use serde_saphyr::{DuplicateKeyPolicy, Options};

/// Reads all documents of a text.
///
/// # Errors
/// What is wrong, and in which line, as a sentence fragment.
pub(super) fn read(text: &str) -> Result<Vec<Value>, String> {
    let mut options = Options::default();
    options.duplicate_keys = DuplicateKeyPolicy::LastWins;
    options.with_snippet = false;
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let why = error.without_snippet().to_string();
        let why = why.lines().next().unwrap_or_default();
        let why = why.split(" at line ").next().unwrap_or_default().trim().to_owned();
        let line = error.location().map_or(1, |location| location.line().max(1));
        format!("line {line}: {why}")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn documents_are_read_and_mistakes_have_their_line() {
        assert_eq!(read("a: 1\n---\n- b\n").unwrap(), [json!({"a": 1}), json!(["b"])]);
        let why = read("a: 1\nb: [2\nc: 3\n").unwrap_err();
        assert!(why.starts_with("line "), "{why}");
    }
}
