//! `key`, `key=value` and `key="a value"`, separated by white space: the grammar of every directive.

use std::ops::Range;

use super::defect::{BROKEN_DIRECTIVE, Defect};

/// What is wrong with a comment, by byte ranges of its body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    pub(super) defect: Defect,
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// The mend, where it is certain: a range of the body and what is to stand there.
    pub(super) fix: Option<Box<(Range<usize>, String)>>,
}

impl Problem {
    pub(super) fn new(defect: Defect, range: Range<usize>, message: impl Into<String>) -> Self {
        Self { defect, range, message: message.into(), hint: None, fix: None }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn with_fix(mut self, range: Range<usize>, text: impl Into<String>) -> Self {
        self.fix = Some(Box::new((range, text.into())));
        self
    }
}

/// One key, with its value when it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) value: Option<String>,
    /// The whole of it, in the body of the comment.
    pub(super) range: Range<usize>,
}

/// Reads pairs one after the other; stops for good at the first one that cannot be read.
pub(super) struct Pairs<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Pairs<'a> {
    /// Reads from byte `start` of `text` on.
    pub(super) fn new(text: &'a str, start: usize) -> Self {
        Self { text, at: start }
    }

    fn broken(&mut self, range: Range<usize>, message: &str, hint: &str) -> Problem {
        self.at = self.text.len();
        Problem::new(BROKEN_DIRECTIVE, range, message).with_hint(hint)
    }

    fn read(&mut self) -> Result<Pair, Problem> {
        let start = self.at;
        let rest = &self.text[start..];
        let word_end = start + rest.find(char::is_whitespace).unwrap_or(rest.len());
        let key_len = rest.find(|letter: char| !is_key_char(letter)).unwrap_or(rest.len());
        let key = rest[..key_len].to_owned();
        let after = rest[key_len..].chars().next();
        if key.is_empty() {
            return Err(match after {
                Some('=') => self.broken(start..word_end, "a value without its key", "write key=value, without spaces around `=`"),
                _ => self.broken(start..word_end, "a key was expected here", "put values with spaces into double quotes: key=\"a value\""),
            });
        }
        match after {
            None => self.finish(key, None, start, start + key_len),
            Some('=') => self.read_value(key, start, start + key_len + 1, word_end),
            Some(letter) if letter.is_whitespace() => self.finish(key, None, start, start + key_len),
            Some(_) => Err(self.broken(start..word_end, "a key consists of letters, digits and hyphens", "write key=value")),
        }
    }

    fn read_value(&mut self, key: String, start: usize, value_start: usize, word_end: usize) -> Result<Pair, Problem> {
        let rest = &self.text[value_start..];
        match rest.chars().next() {
            Some('"') => self.read_quoted(key, start, value_start),
            None => Err(self.broken(start..value_start, "a value was expected after `=`", "write key=value")),
            Some(letter) if letter.is_whitespace() => {
                Err(self.broken(start..value_start, "a value was expected after `=`", "write key=value, without spaces around `=`"))
            }
            Some(_) => {
                let value = &self.text[value_start..word_end];
                if value.contains(['"', '\'', '“', '”', '„', '«', '»', '‘', '’', '`']) {
                    return Err(self.broken(
                        start..word_end,
                        "a value with an odd quote",
                        "use straight double quotes around the whole value",
                    ));
                }
                let value = value.to_owned();
                self.finish(key, Some(value), start, word_end)
            }
        }
    }

    fn read_quoted(&mut self, key: String, start: usize, value_start: usize) -> Result<Pair, Problem> {
        let mut value = String::new();
        let mut letters = self.text[value_start + 1..].char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' if letters.peek().is_some_and(|(_, next)| matches!(next, '"' | '\\')) => {
                    value.extend(letters.next().map(|(_, next)| next))
                }
                '"' => {
                    let end = value_start + 1 + at + 1;
                    let rest = &self.text[end..];
                    if rest.chars().next().is_some_and(|next| !next.is_whitespace()) {
                        return Err(self.broken(start..end, "something follows the closing quote", "write \\\" for a quote within quotes"));
                    }
                    return self.finish(key, Some(value), start, end);
                }
                _ => value.push(letter),
            }
        }
        Err(self.broken(start..self.text.len(), "the quote is never closed", "end the value with a double quote"))
    }

    fn finish(&mut self, key: String, value: Option<String>, start: usize, end: usize) -> Result<Pair, Problem> {
        self.at = end;
        Ok(Pair { key, value, range: start..end })
    }
}

impl Iterator for Pairs<'_> {
    type Item = Result<Pair, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        (self.at < self.text.len()).then(|| self.read())
    }
}

fn is_key_char(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '@' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, Option<&str>)]) {
        let pairs: Vec<Pair> = Pairs::new(text, 0).collect::<Result<_, _>>().expect("the text has the grammar");
        let found: Vec<_> = pairs.iter().map(|pair| (pair.key.as_str(), pair.value.as_deref())).collect();
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn check_broken(text: &str, message: &str) {
        let problems: Vec<_> = Pairs::new(text, 0).filter_map(Result::err).collect();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].message.contains(message), "{problems:?}");
    }

    #[test]
    fn keys_stand_alone_or_have_bare_or_quoted_values() {
        check(" skip timeout=20m\n secret=A,B ", &[("skip", None), ("timeout", Some("20m")), ("secret", Some("A,B"))]);
        check(
            r#"skip="necesita una cuota de GPU" timeout@live=1h"#,
            &[("skip", Some("necesita una cuota de GPU")), ("timeout@live", Some("1h"))],
        );
    }

    #[test]
    fn quotes_and_backslashes_are_escaped_inside_quotes() {
        check(r#"a="say \"hi\" \\ \n""#, &[("a", Some(r#"say "hi" \ \n"#))]);
        check(r#"a="" b"#, &[("a", Some("")), ("b", None)]);
    }

    #[test]
    fn what_is_not_a_pair_is_reported_once() {
        check_broken("key = value", "a value without its key");
        check_broken("key= value", "a value was expected");
        check_broken("key=\"open", "never closed");
        check_broken("key='x'", "odd quote");
        check_broken("key=“x”", "odd quote");
        check_broken("key=\"a\"b", "follows the closing quote");
        check_broken("ключ=1", "a key was expected");
        check_broken("a,b", "letters, digits and hyphens");
    }
}
