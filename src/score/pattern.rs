//! Regular expressions that an output must match somewhere.

use regex::RegexBuilder;

/// The most memory that a document's pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 16 << 20;

/// Whether `text` matches `pattern` somewhere.
///
/// # Errors
/// The pattern is not in the `regex` crate's syntax or too large; the parser of the document says so earlier, with its line.
pub(super) fn matches(pattern: &str, text: &str) -> Result<bool, regex::Error> {
    Ok(RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build()?.is_match(text))
}

/// What to write instead when `pattern`, which does not match `text`, would if `^` and `$` meant the ends of a line.
pub(super) fn hint(pattern: &str, text: &str) -> Option<&'static str> {
    let by_line = format!("(?m){pattern}");
    let is_meant = pattern.contains(['^', '$']) && matches(&by_line, text).unwrap_or(false);
    is_meant
        .then_some("; `^` and `$` are the ends of the whole output, its last line end included: put (?m) in front to mean those of a line")
}

#[cfg(test)]
mod tests {
    use super::{hint, matches};

    #[test]
    fn anchors_that_mean_a_line_are_told() {
        assert!(!matches("^linux$", "linux\n").unwrap());
        assert!(hint("^linux$", "linux\n").is_some());
        assert!(hint("^b", "a\nb\n").is_some());
        assert!(hint("^c$", "a\nb\n").is_none());
        assert!(hint("linux", "windows\n").is_none());
    }

    #[test]
    fn a_pattern_is_not_anchored_and_may_be_wrong() {
        assert!(matches("v\\d+", "Terraform v15\n").unwrap());
        assert!(!matches("^v\\d+$", "Terraform v15\n").unwrap());
        assert!(matches("^(?!x)", "").is_err());
    }
}
