//! Variables that a document brings along: ```` ```variables ```` in a comment, and the `.ini` file beside it.
//!
//! Values are taken literally, without expansion; what is not `NAME=value` is reported, never dropped in silence.

use std::ops::Range;

use super::defect::{BROKEN_VARIABLE, UNEXPANDED_VARIABLE};
use super::pairs::Problem;
use super::value::is_variable_name;

/// A name, its value and the byte where its line starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) at: usize,
}

/// Assignments, and what is wrong with the lines that are none.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Assignments {
    pub(super) found: Vec<Assignment>,
    pub(super) problems: Vec<Problem>,
}

/// The range of each ```` ```variables ```` block in a comment's body, without its fences.
pub(super) fn comment_blocks(body: &str) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let mut open = None;
    for (at, line) in lines(body) {
        match (open, line.trim()) {
            (None, "```variables") => open = Some(at + line.len() + 1),
            (Some(start), closing) if closing.starts_with("```") => {
                blocks.push(start..at.max(start));
                open = None;
            }
            _ => {}
        }
    }
    if let Some(start) = open {
        blocks.push(start.min(body.len())..body.len());
    }
    blocks
}

/// Lines `export NAME=value` or `NAME=value` of a block, as shell words.
pub(super) fn shell_lines(body: &str, block: Range<usize>) -> Assignments {
    let mut assignments = Assignments::default();
    for (at, line) in lines(&body[block.clone()]) {
        let at = block.start + at;
        let range = at..at + line.len();
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match shell_line(line) {
            Ok(pairs) => {
                if pairs.iter().any(|(_, value)| value.contains(['$', '`'])) && has_expansion(line) {
                    assignments.problems.push(unexpanded(range));
                }
                assignments.found.extend(pairs.into_iter().map(|(name, value)| Assignment { name, value, at }));
            }
            Err(why) => assignments
                .problems
                .push(Problem::new(BROKEN_VARIABLE, range, format!("ignored: {why}")).with_hint("write export NAME=\"value\"")),
        }
    }
    assignments
}

fn shell_line(line: &str) -> Result<Vec<(String, String)>, String> {
    if has_operator(line) {
        return Err("more than assignments on the line".to_owned());
    }
    let words = shlex::split(line).ok_or("a quote is never closed")?;
    let words = match words.split_first() {
        Some((first, rest)) if first == "export" => rest,
        _ => &words[..],
    };
    if words.is_empty() {
        return Err("no assignment".to_owned());
    }
    words
        .iter()
        .map(|word| match word.split_once('=') {
            Some((name, value)) if is_variable_name(name) => Ok((name.to_owned(), value.to_owned())),
            Some((name, _)) => Err(format!("`{name}` is not the name of a variable")),
            None => Err(format!("`{word}` has no value")),
        })
        .collect()
}

/// Letters of a line with the quote they stand in; escaped ones are left out.
fn quoted_letters(line: &str) -> impl Iterator<Item = (char, Option<char>)> {
    let mut quote = None;
    let mut is_escaped = false;
    line.chars().filter_map(move |letter| {
        if std::mem::take(&mut is_escaped) {
            return None;
        }
        match (letter, quote) {
            ('\\', None | Some('"')) => is_escaped = true,
            ('\'' | '"', None) => quote = Some(letter),
            (_, Some(open)) if open == letter => quote = None,
            _ => return Some((letter, quote)),
        }
        None
    })
}

fn has_operator(line: &str) -> bool {
    quoted_letters(line).any(|(letter, quote)| quote.is_none() && matches!(letter, ';' | '&' | '|' | '<' | '>' | '(' | ')'))
        && !line.contains("$(")
}

fn has_expansion(line: &str) -> bool {
    quoted_letters(line).any(|(letter, quote)| quote != Some('\'') && matches!(letter, '$' | '`'))
}

fn unexpanded(range: Range<usize>) -> Problem {
    Problem::new(UNEXPANDED_VARIABLE, range, "the value is taken literally; nothing in it is expanded")
        .with_hint("set the variable in a step instead")
}

/// Lines `name = value` of an `.ini` file. Sections do not matter; a later line wins.
///
/// As in go-ini, which Innovation Engine uses: `#` and `;` start comments, within a line behind a space; quotes around a value go.
pub(super) fn ini_lines(text: &str) -> Assignments {
    let mut assignments = Assignments::default();
    for (at, line) in lines(text) {
        let range = at..at + line.len();
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) || (trimmed.starts_with('[') && trimmed.ends_with(']')) {
            continue;
        }
        let Some((name, value)) = trimmed.split_once(['=', ':']) else {
            assignments
                .problems
                .push(Problem::new(BROKEN_VARIABLE, range, format!("ignored: `{trimmed}` has no value")).with_hint("write NAME = value"));
            continue;
        };
        let name = name.trim();
        if !is_variable_name(name) {
            assignments.problems.push(Problem::new(BROKEN_VARIABLE, range, format!("ignored: `{name}` is not the name of a variable")));
            continue;
        }
        let (value, is_literal) = ini_value(value.trim());
        if !is_literal && value.contains(['$', '`']) {
            assignments.problems.push(unexpanded(range));
        }
        assignments.found.push(Assignment { name: name.to_owned(), value, at });
    }
    assignments
}

/// The value, and whether single quotes say that its `$` is meant.
fn ini_value(text: &str) -> (String, bool) {
    for quote in ['"', '\'', '`'] {
        if let Some((value, rest)) = text.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            let rest = rest.trim_start();
            if rest.is_empty() || rest.starts_with(['#', ';']) {
                return (value.to_owned(), quote != '"');
            }
        }
    }
    let end = text.find(" #").into_iter().chain(text.find(" ;")).min().unwrap_or(text.len());
    (text[..end].trim_end().to_owned(), false)
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(assignments: &Assignments, expected: &[(&str, &str)], problems: &[&str]) {
        let found: Vec<_> = assignments.found.iter().map(|found| (found.name.as_str(), found.value.as_str())).collect();
        assert_eq!(found, expected);
        let messages: Vec<_> = assignments.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages, problems);
    }

    #[track_caller]
    fn check_shell(text: &str, expected: &[(&str, &str)], problems: &[&str]) {
        check(&shell_lines(text, 0..text.len()), expected, problems);
    }

    #[track_caller]
    fn check_ini(text: &str, expected: &[(&str, &str)], problems: &[&str]) {
        check(&ini_lines(text), expected, problems);
    }

    #[test]
    fn blocks_are_found_in_comments() {
        let body = "\n```variables\nexport A=1\n```\ntext\n ```variables\nexport B=2\n``` ";
        let blocks: Vec<_> = comment_blocks(body).into_iter().map(|block| &body[block]).collect();
        assert_eq!(blocks, ["export A=1\n", "export B=2\n"]);
        assert_eq!(comment_blocks(" ```variables\nA=1"), vec![Range { start: 14, end: 17 }]);
        assert_eq!(comment_blocks("```variables"), vec![Range { start: 12, end: 12 }]);
        assert!(comment_blocks("```bash\nexport A=1\n```").is_empty());
    }

    #[test]
    fn values_are_shell_words() {
        check_shell(
            "export A=1\nexport B=\"two words\"\n  export C='$x'\nD=a=b # why\n\n# E=1\nexport F=ñ\\ o G=\n",
            &[("A", "1"), ("B", "two words"), ("C", "$x"), ("D", "a=b"), ("F", "ñ o"), ("G", "")],
            &[],
        );
    }

    #[test]
    fn lines_that_are_no_assignments_are_reported() {
        check_shell(
            "export E\nexport 1A=2\necho hi\nexport Q=\"open\nA=1; B=2\nexport",
            &[],
            &[
                "ignored: `E` has no value",
                "ignored: `1A` is not the name of a variable",
                "ignored: `echo` has no value",
                "ignored: a quote is never closed",
                "ignored: more than assignments on the line",
                "ignored: no assignment",
            ],
        );
    }

    #[test]
    fn expansions_stay_literal_and_are_reported() {
        let literal = "the value is taken literally; nothing in it is expanded";
        check_shell(
            "A=$HOME\nB='$HOME'\nC=\\$5\nD=\"$(date)\"",
            &[("A", "$HOME"), ("B", "$HOME"), ("C", "$5"), ("D", "$(date)")],
            &[literal, literal],
        );
    }

    #[test]
    fn ini_files_are_flattened_and_quotes_go() {
        check_ini(
            "# c\n; c\nA = 1\n[seccion]\nB: two words\nC=\"x # y\" ; z\nD = a # b\nE='$5'\nA=2\n",
            &[("A", "1"), ("B", "two words"), ("C", "x # y"), ("D", "a"), ("E", "$5"), ("A", "2")],
            &[],
        );
        check_ini(
            "word\n2x=1\nA=$B\n",
            &[("A", "$B")],
            &[
                "ignored: `word` has no value",
                "ignored: `2x` is not the name of a variable",
                "the value is taken literally; nothing in it is expanded",
            ],
        );
    }
}
