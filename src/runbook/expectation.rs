//! `<!-- expected_similarity=0.3 -->` and `<!-- expected_similarity="regex" -->`: how an expected output is judged.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use strsim::osa_distance;

use super::defect::{
    CONTRADICTORY_DIRECTIVE, EMPTY_REGEX, INVALID_REGEX, NEAR_MISS_EXPECTATION, QUOTED_NUMBER, THRESHOLD_OUT_OF_RANGE, UNKNOWN_DIRECTIVE,
};
use super::model::Criterion;
use super::pairs::{Pairs, Problem};
use super::said::Said;
use super::vocabulary::Place;

const KEY: &str = "expected_similarity";

/// Keys that people write when they mean [`KEY`], without separators.
const OTHER_SPELLINGS: &[&str] = &[
    "expectedresult",
    "expectedresults",
    "expectedoutput",
    "expectedoutputs",
    "expectedregex",
    "expectedscore",
    "expectsimilarity",
    "similarity",
];

const NUMBER_HINT: &str = "write expected_similarity=0.3, with a digit before the dot and no space before `=`";

/// What a comment's body says about an expected output, and how it is compared; none when it speaks of something else.
///
/// Any other comment with a text in quotes is a comment. (Innovation Engine takes it for a regular expression.)
pub(super) fn criterion(body: &str) -> Option<Result<(Criterion, Said), Problem>> {
    let start = body.len() - body.trim_start().len();
    let trimmed = body.trim();
    match trimmed.strip_prefix(KEY).and_then(|rest| rest.strip_prefix('=')) {
        Some(value) => Some(value_of(body, start + KEY.len() + 1, value)),
        None => near_miss(body, start, trimmed).map(Err),
    }
}

fn value_of(body: &str, at: usize, value: &str) -> Result<(Criterion, Said), Problem> {
    // Innovation Engine allows spaces after `=`, so documents may have them.
    let at = at + (value.len() - value.trim_start().len());
    let value = value.trim_start();
    let end = at + value.len();
    if let Some(quoted) = value.strip_prefix('"') {
        let (pattern, rest_at) = pattern(quoted, at + 1, end)?;
        let said = rest(body, rest_at, end, true)?;
        return Ok((regex_criterion(pattern, at..at + pattern.len() + 2)?, said));
    }
    let word_len = value.find(char::is_whitespace).unwrap_or(value.len());
    let word = &value[..word_len];
    let range = at..at + word_len;
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[0-9]+(\.[0-9]*)?$").expect("a pattern of ours that tests compile"));
    if !NUMBER.is_match(word) {
        let hint = if word.starts_with(['\'', '“', '„', '«', '”']) {
            "a regular expression stands in straight double quotes"
        } else {
            NUMBER_HINT
        };
        let message =
            if word.is_empty() { "a threshold or a regular expression is missing".to_owned() } else { format!("`{word}` is not a number") };
        return Err(Problem::new(NEAR_MISS_EXPECTATION, range, message).with_hint(hint));
    }
    let threshold: f64 =
        word.parse().map_err(|_| Problem::new(NEAR_MISS_EXPECTATION, range.clone(), format!("`{word}` is not a number")))?;
    if threshold > 1.0 {
        let problem = Problem::new(THRESHOLD_OUT_OF_RANGE, range, format!("no score reaches {word}"));
        return Err(problem.with_hint("thresholds lie between 0 and 1; 0.3 is customary"));
    }
    Ok((Criterion::Similarity(threshold), rest(body, at + word_len, end, false)?))
}

/// The pattern of a text that starts behind its opening quote, and where the rest of the comment starts.
///
/// Quotes inside the pattern need no escape: it ends at the first quote behind which only keys stand, and at the last one otherwise.
fn pattern(quoted: &str, at: usize, end: usize) -> Result<(&str, usize), Problem> {
    let mut last = None;
    let mut is_escaped = false;
    // Keys that start before this offset are known to end in something that is no key.
    let mut broken_until = 0;
    for (offset, letter) in quoted.char_indices() {
        if letter == '"' {
            last = Some(offset);
            let rest = &quoted[offset + 1..];
            if offset >= broken_until && !is_escaped && rest.starts_with(char::is_whitespace) {
                match Pairs::new(rest, 0).collect::<Result<Vec<_>, _>>() {
                    Ok(pairs) if !pairs.is_empty() => return Ok((&quoted[..offset], at + offset + 1)),
                    Ok(_) => {}
                    Err(problem) => broken_until = offset + 1 + problem.range.start,
                }
            }
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    match last {
        Some(offset) if quoted[offset + 1..].trim().is_empty() => Ok((&quoted[..offset], at + offset + 1)),
        Some(offset) => {
            let rest = quoted[offset + 1..].trim();
            Err(Problem::new(UNKNOWN_DIRECTIVE, at + offset + 1..end, format!("`{rest}` follows the regular expression"))
                .with_hint("remove it"))
        }
        None => Err(Problem::new(INVALID_REGEX, at - 1..end, "the quote is never closed").with_hint("end the pattern with a double quote")),
    }
}

fn regex_criterion(pattern: &str, range: Range<usize>) -> Result<Criterion, Problem> {
    if pattern.is_empty() {
        return Err(Problem::new(EMPTY_REGEX, range, "an empty regular expression matches everything"));
    }
    if pattern.parse::<f64>().is_ok() {
        let problem = Problem::new(QUOTED_NUMBER, range, format!("\"{pattern}\" is a regular expression, not a threshold"));
        return Err(problem.with_hint(format!("write expected_similarity={pattern} without quotes")));
    }
    match Regex::new(pattern) {
        Ok(_) => Ok(Criterion::Regex(pattern.to_owned())),
        Err(error) => {
            let hint = if pattern.contains("(?=") || pattern.contains("(?!") || pattern.contains("(?<=") || pattern.contains("(?<!") {
                "look-around is not supported: say what must be there instead of what must not"
            } else {
                "the syntax is that of https://docs.rs/regex"
            };
            Err(Problem::new(INVALID_REGEX, range, format!("the regular expression is invalid: {}", last_line(&error.to_string())))
                .with_hint(hint))
        }
    }
}

/// The sentence of an error of the regex crate, which ends several lines that draw the place.
fn last_line(message: &str) -> &str {
    let line = message.trim_end().rsplit('\n').next().unwrap_or(message);
    line.strip_prefix("error: ").unwrap_or(line)
}

/// What follows a threshold or a pattern: keys that tune the comparison. The first problem counts.
fn rest(body: &str, at: usize, end: usize, is_pattern: bool) -> Result<Said, Problem> {
    let mut said = Said::default();
    for pair in Pairs::new(&body[..end], at) {
        let pair = pair?;
        said.take(&pair, Place::Expectation, 0).map_err(|problem| {
            let is_unknown = problem.defect == UNKNOWN_DIRECTIVE && problem.hint.as_ref().is_some_and(|hint| !hint.starts_with("did"));
            let hint = "write `expected_similarity=0.3` or `expected_similarity=\"regex\"` alone";
            if is_unknown { problem.with_hint(hint) } else { problem }
        })?;
        if is_pattern && !pair.key.starts_with("stream") {
            let message = format!("`{}` changes nothing where a pattern decides", pair.key);
            return Err(Problem::new(CONTRADICTORY_DIRECTIVE, pair.range, message).with_hint("remove it, or give a threshold instead"));
        }
    }
    Ok(said)
}

/// Comments that other tools ignore without a word, although their authors meant a check.
fn near_miss(body: &str, start: usize, trimmed: &str) -> Option<Problem> {
    static MENTION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\bexpected[\s_-]*similarity\s*=").expect("a pattern of ours that tests compile"));
    static FORGOTTEN_SIGN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?i)^expected[\s_-]*similarity\s+["0-9.]"#).expect("a pattern of ours that tests compile"));
    if let Some(sign) = trimmed.find(['=', ':']) {
        let key = trimmed[..sign].trim_end();
        let squashed: String = key.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect();
        // Bounded before it is measured: a distance costs the product of both lengths.
        let is_near =
            squashed.len() <= 40 && (osa_distance(&squashed, "expectedsimilarity") <= 3 || OTHER_SPELLINGS.contains(&squashed.as_str()));
        if is_near {
            let message = if key == KEY {
                "`expected_similarity` with something between it and its value".to_owned()
            } else {
                format!("`{key}` is not a key")
            };
            let problem = Problem::new(NEAR_MISS_EXPECTATION, start..start + sign + 1, message).with_hint(NUMBER_HINT);
            let is_certain = osa_distance(&squashed, "expectedsimilarity") <= 1;
            return Some(if is_certain { problem.with_fix(start..start + sign + 1, format!("{KEY}=")) } else { problem });
        }
    }
    if let Some(found) = FORGOTTEN_SIGN.find(trimmed) {
        let problem = Problem::new(NEAR_MISS_EXPECTATION, start..start + trimmed.len(), "the sign `=` is missing").with_hint(NUMBER_HINT);
        // The value starts with the last character of the match, which is an ASCII one.
        return Some(problem.with_fix(start..start + found.end() - 1, format!("{KEY}=")));
    }
    if is_key(trimmed) {
        let message = "`expected_similarity` without a threshold or a regular expression";
        return Some(Problem::new(NEAR_MISS_EXPECTATION, start..start + trimmed.len(), message).with_hint(NUMBER_HINT));
    }
    // Over several lines it is a part of the document that was commented out, its checks with it.
    if trimmed.contains('\n') {
        return None;
    }
    MENTION.find(body).map(|found| {
        Problem::new(
            NEAR_MISS_EXPECTATION,
            found.range(),
            "`expected_similarity` is not the first word of its comment, so it has no effect",
        )
        .with_hint("give it a comment of its own")
    })
}

/// Whether a comment consists of the key, in any spelling.
fn is_key(text: &str) -> bool {
    let squashed = text.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).flat_map(char::to_lowercase);
    text.len() <= 40 && squashed.eq("expectedsimilarity".chars())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::model::{Comparison, Exact, Format, StreamChoice};

    #[track_caller]
    fn check(body: &str, expected: Criterion) {
        assert_eq!(criterion(body), Some(Ok((expected, Said::default()))), "{body:?}");
    }

    #[track_caller]
    fn check_wrong(body: &str, code: &str, message: &str) {
        match criterion(body) {
            Some(Err(problem)) => {
                assert_eq!(problem.defect.code, code, "{body:?}: {problem:?}");
                assert!(problem.message.contains(message), "{body:?}: {problem:?}");
                assert!(body.get(problem.range.clone()).is_some(), "{body:?}: {problem:?}");
            }
            other => panic!("{body:?} should be wrong, but is {other:?}"),
        }
    }

    #[test]
    fn thresholds_are_read_as_published_documents_write_them() {
        for (body, threshold) in [
            (" expected_similarity=0.3 ", 0.3),
            ("expected_similarity=0.5", 0.5),
            ("\nexpected_similarity= 1.\n", 1.0),
            ("expected_similarity=0", 0.0),
        ] {
            check(body, Criterion::Similarity(threshold));
        }
    }

    #[test]
    fn patterns_are_read_to_their_last_quote() {
        check(r#" expected_similarity="^v\d+\.\d+$" "#, Criterion::Regex(r"^v\d+\.\d+$".to_owned()));
        check("\nexpected_similarity=\"x+\"\n", Criterion::Regex("x+".to_owned()));
        check(r#"expected_similarity="a" and "b""#, Criterion::Regex(r#"a" and "b"#.to_owned()));
        check_wrong(r#"expected_similarity="a" and "b" unordered"#, "contradictory-directive", "`unordered`");
        check(r#"expected_similarity="\"state\": \"Succeeded\"""#, Criterion::Regex(r#"\"state\": \"Succeeded\""#.to_owned()));
        check("expected_similarity=\"(?m)^成功$\"", Criterion::Regex("(?m)^成功$".to_owned()));
    }

    #[test]
    fn patterns_that_cannot_work_are_errors() {
        check_wrong("expected_similarity=\"(unclosed\"", "invalid-regex", "unclosed group");
        check_wrong("expected_similarity=\"*is registered.yo\"", "invalid-regex", "repetition operator");
        check_wrong("expected_similarity=\"^(?!.*ignored).*\"", "invalid-regex", "look-around");
        check_wrong("expected_similarity=\"never ends", "invalid-regex", "never closed");
        check_wrong("expected_similarity=\"\"", "empty-regex", "matches everything");
        check_wrong("expected_similarity=\"0.5\"", "quoted-number", "not a threshold");
    }

    #[test]
    fn thresholds_that_cannot_work_are_errors() {
        check_wrong("expected_similarity=1.7", "threshold-out-of-range", "1.7");
        check_wrong("expected_similarity=30", "threshold-out-of-range", "30");
        check_wrong("expected_similarity=1.0.0 garbage", "near-miss-expectation", "`1.0.0`");
        check_wrong("expected_similarity=.5", "near-miss-expectation", "`.5`");
        check_wrong("expected_similarity=-0.5", "near-miss-expectation", "`-0.5`");
        check_wrong("expected_similarity=0,3", "near-miss-expectation", "`0,3`");
        check_wrong("expected_similarity=30%", "near-miss-expectation", "`30%`");
        check_wrong("expected_similarity=“x”", "near-miss-expectation", "“x”");
        check_wrong("expected_similarity=", "near-miss-expectation", "missing");
        check_wrong(" expected_similarity ", "near-miss-expectation", "without a threshold");
        check_wrong(" similarity=0.5 ", "near-miss-expectation", "`similarity` is not a key");
    }

    #[test]
    fn keys_that_are_nearly_right_are_errors() {
        for body in [
            "expected-similarity=0.3",
            "expected_results=0.3",
            "expected__similarity=0.3",
            "Expected_Similarity=0.3",
            "expected_similarty=0.3",
            "expectd_similarity=0.3",
            "expected similarity: 0.3",
            "expected_similarity = 0.5",
            "expected_similarity 0.5",
            "note: expected_similarity=0.5",
        ] {
            check_wrong(body, "near-miss-expectation", "");
        }
    }

    #[test]
    fn keys_behind_a_threshold_or_pattern_are_read() {
        let Some(Ok((criterion, said))) = criterion("expected_similarity=0.3 ignore=etag,*.id exact=name unordered\n as=json stream=both")
        else {
            panic!("an expectation was expected")
        };
        assert_eq!(criterion, Criterion::Similarity(0.3));
        let comparison = Comparison {
            ignore: vec!["etag".to_owned(), "*.id".to_owned()],
            exact: Exact::At(vec!["name".to_owned()]),
            unordered: true,
            format: Some(Format::Json),
            stream: StreamChoice::Both,
        };
        assert_eq!(said.comparison(0), (comparison, vec![]));
        let Some(Ok((_, said))) = super::criterion("expected_similarity=\"a b\" stream=stderr") else {
            panic!("an expectation was expected")
        };
        assert_eq!(said.comparison(0).0.stream, StreamChoice::Stderr);
    }

    #[test]
    fn keys_behind_a_threshold_or_pattern_are_checked() {
        check_wrong("expected_similarity=0.3 as=xml", "invalid-directive-value", "`xml` is not one of json, text, table, yaml");
        check_wrong("expected_similarity=0.3 exact exact", "repeated-directive", "`exact`");
        check_wrong("expected_similarity=0.3 timeout=3m", "wrong-directive-place", "`timeout`");
        check_wrong("expected_similarity=0.3 reason=\"flaky\"", "unknown-directive", "`reason`");
        check_wrong("expected_similarity=\"a\" unordered", "contradictory-directive", "`unordered`");
        check_wrong("expected_similarity=\"a\" trailing; words", "unknown-directive", "follows the regular expression");
    }

    #[test]
    fn other_comments_are_comments() {
        for body in [
            "",
            " see \"foo.*bar\" ",
            " TODO: similar outputs expected ",
            " expected: nothing ",
            " markdownlint-disable MD040 ",
            "=",
            " the word expected_similarity alone ",
            "## Later\n```bash\na\n```\n<!-- expected_similarity=0.3 ",
        ] {
            assert_eq!(criterion(body), None, "{body:?}");
        }
    }
}
