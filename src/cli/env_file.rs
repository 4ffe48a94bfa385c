//! `--env-file`: variables of a run, a line `NAME=VALUE` each.
//!
//! Nothing is expanded: `$` and backquotes are letters like others, but for escapes in double quotes. Messages do not repeat what a line
//! says, which may be a secret.

use std::{fs, path::Path};

use crate::cli::{Problem, args::variable_name, exit::Exit};

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The variables of a file, in order.
pub(super) fn read(path: &Path) -> Result<Vec<(String, String)>, Problem> {
    let wrong = |why: &str| Problem::new(Exit::Usage, format!("cannot read {}: {why}", path.display()));
    let bytes = fs::metadata(path).map_err(|error| wrong(&error.to_string()))?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(wrong(&format!("it has {bytes} bytes, and {FILE_BYTES_MAX} are the most")));
    }
    let bytes = fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
    parse(&text).map_err(|(line, why)| Problem::new(Exit::Usage, format!("{}:{line}: {why}", path.display())))
}

/// What a line is wrong with, and which.
type Wrong = (usize, String);

fn parse(text: &str) -> Result<Vec<(String, String)>, Wrong> {
    let mut variables = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while !rest.is_empty() {
        let start = text.len() - rest.len();
        let line = || text[..start].matches('\n').count() + 1;
        let (first, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let trimmed = first.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            rest = after;
            continue;
        }
        let named = trimmed.strip_prefix("export ").map_or(trimmed, str::trim_start);
        let (name, _) = named.split_once('=').ok_or_else(|| (line(), "expected NAME=VALUE".to_owned()))?;
        // What stands before `=` may be a value that was meant to be quoted.
        let name =
            variable_name(name.trim_end()).map_err(|_| (line(), "expected NAME=VALUE, and this is no name of a variable".to_owned()))?;
        let at = first.find('=').map_or(first.len(), |at| at + 1);
        let (value, left) = value(rest[at..].trim_start_matches([' ', '\t'])).map_err(|why| (line(), format!("{name}: {why}")))?;
        variables.push((name, value));
        rest = left;
    }
    Ok(variables)
}

/// A value, and what stands behind its line.
fn value(text: &str) -> Result<(String, &str), String> {
    let line = |text: &'_ str| text.find('\n').unwrap_or(text.len());
    let Some(quote @ ('"' | '\'')) = text.chars().next() else {
        let (written, rest) = text.split_at(line(text));
        let end =
            written.find(" #").or_else(|| written.find("\t#")).or_else(|| written.starts_with('#').then_some(0)).unwrap_or(written.len());
        return without_zero(written[..end].trim().to_owned()).map(|value| (value, rest.strip_prefix('\n').unwrap_or(rest)));
    };
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            let behind = &text[at + 1..];
            let (left, rest) = behind.split_at(line(behind));
            let left = left.trim();
            if !left.is_empty() && !left.starts_with('#') {
                return Err("something stands behind the closing quote".to_owned());
            }
            return without_zero(value).map(|value| (value, rest.strip_prefix('\n').unwrap_or(rest)));
        }
        if letter != '\\' || quote == '\'' {
            value.push(letter);
            continue;
        }
        match letters.next() {
            Some((_, 'n')) => value.push('\n'),
            Some((_, 't')) => value.push('\t'),
            Some((_, 'r')) => value.push('\r'),
            Some((_, escaped @ ('"' | '\\' | '$' | '`'))) => value.push(escaped),
            Some((_, '\n')) => {}
            Some((_, other)) => value.extend(['\\', other]),
            None => break,
        }
    }
    Err("the quote is never closed".to_owned())
}

fn without_zero(value: String) -> Result<String, String> {
    if value.contains('\0') { Err("a variable cannot hold a zero byte".to_owned()) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = parse(text).unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn lines_give_variables_and_nothing_is_expanded() {
        check("A=1\nexport B = two words  # a comment\n\n# C=3\nD=\r\nE=a#b", &[("A", "1"), ("B", "two words"), ("D", ""), ("E", "a#b")]);
    }

    #[test]
    fn quotes_keep_blanks_and_may_go_over_lines() {
        check(
            "A=' $x \\n # ' # comment\nB=\"a\\n\\\"b\\\" \\$c \\q\"\nC=\"-----BEGIN\nkey\n\"\nD='contraseña 密码'\n",
            &[("A", " $x \\n # "), ("B", "a\n\"b\" $c \\q"), ("C", "-----BEGIN\nkey\n"), ("D", "contraseña 密码")],
        );
    }

    #[test]
    fn a_bad_line_is_named_without_what_it_says() {
        for (text, line, why) in [
            ("A=1\nhunter2\n", 2, "expected NAME=VALUE"),
            ("hunter 2=3", 1, "no name of a variable"),
            ("A='1\n\nB=2\n", 1, "A: the quote is never closed"),
            ("\nA=\"1\" 2", 2, "A: something stands behind"),
            ("A=a\0b", 1, "zero byte"),
        ] {
            let (found, message) = parse(text).unwrap_err();
            assert_eq!(found, line, "{text}");
            assert!(message.contains(why) && !message.contains("hunter"), "{message}");
        }
    }
}
