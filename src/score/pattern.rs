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

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_is_not_anchored_and_may_be_wrong() {
        assert!(matches("v\\d+", "Terraform v15\n").unwrap());
        assert!(!matches("^v\\d+$", "Terraform v15\n").unwrap());
        assert!(matches("^(?!x)", "").is_err());
    }
}
