//! Error texts that name a line of what a command read from standard input, mapped to the document.

use std::sync::LazyLock;

use regex::Regex;

/// `yaml: line 11: did not find expected '-' indicator`, as go-yaml and everything built on it says it.
static YAML_LINE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"yaml: line (\d+): (.+)").expect("the pattern is a constant that the tests compile"));

/// The 1-based line inside a here-document that `stderr` complains about, if it does.
///
/// go-yaml reports parser errors one line too low and scanner errors right (measured with kubectl 1.27 to 1.33).
pub(crate) fn here_document_line(stderr: &str) -> Option<usize> {
    let found = YAML_LINE.captures(stderr)?;
    let line: usize = found[1].parse().ok()?;
    Some(if found[2].starts_with("did not find expected") { line + 1 } else { line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parser_errors_point_one_line_further_than_they_say() {
        assert_eq!(here_document_line("error: yaml: line 11: did not find expected '-' indicator\n"), Some(12));
        assert_eq!(here_document_line("yaml: line 4: found character that cannot start any token"), Some(4));
        assert_eq!(here_document_line("line 4"), None);
    }
}
