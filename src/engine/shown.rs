//! What a document shows without a directive, and the block did not print. Pure.
//!
//! Such outputs are not judged, because most differ from a run in names and numbers. They tell nevertheless when a command is gone: nothing
//! was printed, nothing of what was printed is alike, or all of it is there, letter by letter, but for some lines or a slip of the pen.

use crate::{
    bash::{Command, CommandKind, Place, Script},
    engine::{
        cause::{Values, expand},
        judge::Printed,
    },
    runbook::{Expectation, Step},
};

/// Commands that succeed without a word.
const SILENT: [&str; 27] = [
    ".", ":", "cd", "chmod", "chown", "cp", "curl", "eval", "exec", "exit", "false", "gunzip", "gzip", "ln", "mkdir", "mv", "read",
    "return", "rm", "set", "sleep", "source", "tar", "touch", "trap", "true", "wait",
];

/// Longer outputs are left alone.
const LINES_MAX: usize = 400;

/// What the output lacks of what the document shows, as a sentence fragment; none when that cannot be told.
pub(super) fn lack(step: &Step, expectation: &Expectation, printed: Printed<'_>, values: &Values) -> Option<String> {
    if printed.stdout.truncated || printed.stderr.truncated || expectation.text.trim().is_empty() {
        return None;
    }
    let is_output = expectation.language.eq_ignore_ascii_case("output");
    let script = Script::parse(&step.script);
    if printed.stdout.text.trim().is_empty() && printed.stderr.text.trim().is_empty() {
        let is_missing = script.commands().is_empty()
            || is_output
                && (script.commands().iter().any(|command| prints(step, command)) || !is_explained(step, &script, expectation, values));
        return is_missing.then(|| "the document shows an output, but nothing was printed".to_owned());
    }
    if !is_output {
        return None;
    }
    let expected = expand(&expectation.text, values);
    missing_lines(&expected, printed).or_else(|| slip(&expected, &printed.stdout.text))
}

/// Whether a command prints something when it works. Many blocks only store a value, and the document shows it below: those are not meant.
fn prints(step: &Step, command: &Command) -> bool {
    let text = step.script.get(command.span.start..command.span.end).unwrap_or_default();
    let is_muted =
        text.contains('>') || text.contains("none") || text.contains(" -q") || text.contains("--quiet") || text.contains("--no-wait");
    command.kind == CommandKind::Simple
        && matches!(command.place, Place::TopLevel | Place::Pipeline)
        && !is_muted
        && command.name().is_some_and(|name| !SILENT.contains(&name))
}

/// Whether what is shown can be what the block keeps: a value, or the text of a file.
fn is_explained(step: &Step, script: &Script, expectation: &Expectation, values: &Values) -> bool {
    let keeps = script.captures().iter().any(|capture| capture.assigned_to.is_some())
        || script.commands().iter().any(|command| {
            let text = step.script.get(command.span.start..command.span.end).unwrap_or_default();
            let writes = text.contains('>') && command.kind == CommandKind::Simple;
            writes && !matches!(command.name(), Some("echo" | "printf" | "cat"))
        })
        || script.assignments().iter().any(|one| one.value.is_none());
    let known = words(&step.script);
    let in_script = |line: &str| {
        let words = words(line);
        let here = words.iter().filter(|word| known.contains(word)).count();
        here * 2 >= words.len().max(1)
    };
    let in_values = |line: &str| values.values().any(|value| value.trim() == line.trim());
    keeps || expectation.text.lines().filter(|line| !line.trim().is_empty()).any(|line| in_script(line) || in_values(line))
}

fn words(text: &str) -> Vec<&str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

/// Lines that are shown and were not printed, where all that was printed is shown letter by letter.
fn missing_lines(expected: &str, printed: Printed<'_>) -> Option<String> {
    let shown: Vec<&str> = lines(expected).collect();
    let actual: Vec<&str> = lines(&printed.stdout.text).filter(|line| !matches!(*line, "null" | "None")).collect();
    if actual.is_empty()
        || actual.len() >= shown.len()
        || shown.len() > LINES_MAX
        || shown.iter().any(|line| is_loose(line))
        || is_table(&shown)
    {
        return None;
    }
    let mut missing = Vec::new();
    let mut rest = actual.iter().copied().peekable();
    for line in &shown {
        if rest.next_if_eq(line).is_none() {
            missing.push(*line);
        }
    }
    let is_aside = |line: &&&str| {
        let lower = line.to_lowercase();
        printed.stderr.text.contains(**line)
            || ["warning", "note", "merged", "info", "hint", "+ "].iter().any(|word| lower.starts_with(word))
    };
    let first = missing.iter().find(|line| !is_aside(line)).filter(|_| rest.next().is_none())?;
    Some(format!("the document shows {} lines, of which only {} were printed: `{first}` is missing", shown.len(), actual.len()))
}

/// A word that is shown otherwise than it was printed by a slip of the pen, where all else is alike letter by letter.
fn slip(expected: &str, actual: &str) -> Option<String> {
    let (shown, printed): (Vec<&str>, Vec<&str>) = (lines(expected).collect(), lines(actual).collect());
    if shown.len() != printed.len() || shown.len() > LINES_MAX {
        return None;
    }
    let mut found = None;
    for (shown, printed) in shown.iter().zip(&printed) {
        let (left, right): (Vec<&str>, Vec<&str>) = (shown.split_whitespace().collect(), printed.split_whitespace().collect());
        if left.len() != right.len() {
            return None;
        }
        for (left, right) in left.iter().zip(&right).filter(|(left, right)| left != right) {
            if !has_exchanged_letters(left, right) {
                return None;
            }
            found.get_or_insert((*left, *right));
        }
    }
    found.map(|(shown, printed)| format!("the document shows `{shown}`, and `{printed}` was printed; all else is the same"))
}

/// Whether two neighbouring letters are exchanged, and nothing else. Digits and cases differ for other reasons.
fn has_exchanged_letters(shown: &str, printed: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (shown.chars().collect(), printed.chars().collect());
    let Some(at) = left.iter().zip(&right).position(|(left, right)| left != right).filter(|_| left.len() == right.len()) else {
        return false;
    };
    let is_exchange = at + 1 < left.len() && left[at] == right[at + 1] && left[at + 1] == right[at] && left[at + 2..] == right[at + 2..];
    // Identifiers drawn at random could be anything.
    is_exchange
        && left.len() > 3
        && left[at].is_alphabetic()
        && left[at + 1].is_alphabetic()
        && left[at].is_lowercase() == left[at + 1].is_lowercase()
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty())
}

/// A line that stands for others, or is no output.
fn is_loose(line: &str) -> bool {
    line.contains("...") || line.contains('…') || line.contains('<') || line.starts_with("$ ") || line.starts_with("# ")
}

/// Rows come and go.
fn is_table(shown: &[&str]) -> bool {
    let is_header = |line: &str| line.contains("  ") && line.chars().filter(|letter| letter.is_alphabetic()).all(char::is_uppercase);
    shown.first().is_some_and(|line| is_header(line)) || shown.get(1).is_some_and(|line| line.starts_with("---"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::result::Stream,
        runbook::{Companions, parse},
    };

    #[track_caller]
    fn check(script: &str, language: &str, shown: &str, actual: &str, expected: Option<&str>) {
        let text = format!("```bash\n{script}\n```\n\n```{language}\n{shown}\n```\n");
        let (runbook, _) = parse("d.md", text.as_bytes(), &Companions::default());
        let step = &runbook.steps[0];
        let stream = |text: &str| Stream { text: text.to_owned(), bytes: text.len() as u64, truncated: false };
        let (stdout, stderr) = (stream(actual), stream(""));
        let found = lack(step, &step.expectations[0], Printed { stdout: &stdout, stderr: &stderr }, &Values::new());
        assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
        assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()));
    }

    #[test]
    fn a_block_that_prints_nothing_lacks_what_it_does_not_keep() {
        check("# gone", "json", "{}", "", Some("nothing was printed"));
        check("mv a b\ntar xf c", "output", "no difference", "", Some("nothing was printed"));
        check("mkdir a\necho x > a/f", "output", "a/f\nb/g", "", None);
        check("printf 'Bild %d\\n' 1 > daten", "output", "bilder\ntexte", "", Some("nothing was printed"));
        check("ID=$(az x)", "output", "1234", "", None);
        check("sed s/a/b/ f > g", "output", "whatever", "", None);
        check("az group create -o none", "json", "{}", "", None);
    }

    #[test]
    fn lines_that_are_gone_are_seen_where_the_others_are_the_same() {
        check("a\nb", "output", "one\ntwo three\n4", "one\n4\n", Some("`two three` is missing"));
        check("a\nb", "output", "one\ntwo\n4", "one\n\nnull\n4\n", Some("`two` is missing"));
        check("a\nb", "output", "one\ntwo\n4", "one\n5\n", None);
        check("a\nb", "output", "one\n...\n4", "one\n", None);
        check("a\nb", "output", "NAME  AGE\na     1m\nb     1m", "NAME  AGE\na     1m\n", None);
        check("a\nb", "output", "WARNING: x\none", "one\n", None);
    }

    #[test]
    fn a_slip_of_the_pen_is_seen_where_all_else_is_the_same() {
        check("a", "output", "Best seller: plums", "Best selelr: plums\n", Some("`seller:`"));
        check("a", "output", "Best seller: plums", "Best selelr: 5\n", None);
        check("a", "output", "color red", "colour red\n", None);
        check("a", "output", "id a1b2", "id a2b1\n", None);
    }
}
