//! What a document shows without a directive, and the block did not print. Pure.
//!
//! Such outputs are not judged, because most differ from a run in names and numbers. They tell nevertheless when a command is gone: nothing
//! was printed, all of it is there, letter by letter, but for some lines or a slip of the pen, a word of the script itself is another, or
//! the step prints the same wherever it runs.

use std::collections::BTreeMap;

use crate::{
    bash::{Command, CommandKind, Place, Script},
    engine::{
        cause::{Values, expand},
        judge::Printed,
        slip::{self, Pair},
        spelled,
    },
    runbook::{Expectation, Runbook, Step},
};

/// Commands that succeed without a word.
const SILENT: [&str; 27] = [
    ".", ":", "cd", "chmod", "chown", "cp", "curl", "eval", "exec", "exit", "false", "gunzip", "gzip", "ln", "mkdir", "mv", "read",
    "return", "rm", "set", "sleep", "source", "tar", "touch", "trap", "true", "wait",
];

/// Longer outputs are left alone.
const LINES_MAX: usize = 400;

/// What there is to know about a step beside its output.
#[derive(Clone, Copy)]
pub(crate) struct Author<'a> {
    pub(crate) runbook: &'a Runbook,
    /// The step prints the same wherever it runs.
    pub(crate) is_settled: bool,
}

impl Author<'_> {
    /// Whether the document itself writes a word somewhere in its scripts.
    fn spells(&self, word: &str) -> bool {
        let word = word.trim_matches(['"', '\'', ',', ':', ';']);
        !word.is_empty() && self.runbook.steps.iter().any(|step| step.script.contains(word))
    }
}

/// What contradicts what the document shows, as a sentence fragment; none when that cannot be told.
pub(super) fn lack(step: &Step, expectation: &Expectation, printed: Printed<'_>, values: &Values, author: Author<'_>) -> Option<String> {
    if printed.stdout.truncated || printed.stderr.truncated || expectation.text.trim().is_empty() {
        return None;
    }
    let is_output = expectation.language.eq_ignore_ascii_case("output");
    let is_json = expectation.language.eq_ignore_ascii_case("json");
    let script = Script::parse(&step.script);
    let only_warns = printed.stderr.text.lines().all(|line| line.trim().is_empty() || line.starts_with("WARNING: "));
    if printed.stdout.text.trim().is_empty() && only_warns {
        let prints = || script.commands().iter().any(|command| prints(step, command));
        let asks_for_a_field = || script.commands().iter().any(|command| prints_field(step, command));
        let is_missing = script.commands().is_empty()
            || is_output && (prints() || !is_explained(step, &script, expectation, values))
            || is_json && asks_for_a_field();
        return is_missing.then(|| "the document shows an output, but nothing was printed".to_owned());
    }
    let expected = expand(&expectation.text, values);
    let spells = |word: &str| author.spells(word);
    let says = |word: &str| step.script.split_whitespace().any(|other| other.trim_matches(['"', '\'']) == word);
    if is_json {
        return slip::json(&expected, &printed.stdout.text, author.is_settled, &spells);
    }
    if !is_output {
        return None;
    }
    let shown: Vec<&str> = lines(&expected).collect();
    let actual: Vec<&str> = lines(&printed.stdout.text).collect();
    let pair = Pair { shown: &shown, printed: &actual };
    let is_loose = shown.iter().any(|line| is_loose(line));
    let settled = || not_printed(&shown, printed).filter(|_| author.is_settled && !actual.is_empty() && !is_loose);
    let spelled = || spelled::broken(step, &script, &shown, &actual).filter(|_| !actual.is_empty() && !is_loose);
    let exact = || pair.is_json_now().or_else(|| pair.is_number_no_more()).filter(|_| !is_loose);
    let count = || pair.is_other_count().filter(|_| counts_its_own(step));
    settled()
        .or_else(spelled)
        .or_else(exact)
        .or_else(count)
        .or_else(|| missing_lines(&expected, printed))
        .or_else(|| pair.misspelt(&spells, &says))
}

/// Whether the step counts things that the document has made, rather than all that there are.
fn counts_its_own(step: &Step) -> bool {
    let counts = ["length(", "wc -l", "grep -c", "--count"].iter().any(|word| step.script.contains(word));
    let takes_all = ["-A", "--all", "kube-system", "/proc", "/etc", "ps "].iter().any(|word| step.script.contains(word));
    counts && !takes_all
}

/// A line that is shown and was not printed, where the step prints the same wherever it runs.
fn not_printed(shown: &[&str], printed: Printed<'_>) -> Option<String> {
    let mut actual: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines(&printed.stdout.text).chain(lines(&printed.stderr.text)) {
        *actual.entry(plain(line)).or_default() += 1;
    }
    // Broken into lines in another way, as authors and formatters do with JSON, it is the same.
    let squeezed = |lines: &mut dyn Iterator<Item = &str>| lines.flat_map(str::split_whitespace).collect::<String>();
    if squeezed(&mut lines(&printed.stdout.text)).contains(&squeezed(&mut shown.iter().copied())) {
        return None;
    }
    let lost = shown.iter().find(|line| match actual.get_mut(&plain(line)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        // On a terminal `ls` prints in columns what is a line each elsewhere.
        _ => line.split_whitespace().nth(1).is_none() || !line.split_whitespace().all(|word| actual.contains_key(word)),
    })?;
    Some(format!("the document shows `{}`, which was not printed, and these commands print the same wherever they run", lost.trim()))
}

/// A line without what may differ between two versions of a program: blanks, how a number is written, digests.
fn plain(line: &str) -> String {
    let word = |word: &str| {
        let is_digest =
            word.len() >= 7 && word.bytes().all(|letter| letter.is_ascii_hexdigit()) && word.bytes().any(|letter| letter.is_ascii_digit());
        match word.parse::<f64>() {
            Ok(number) if number.is_finite() && word.len() < 16 && !word.starts_with('+') => number.to_string(),
            _ if is_digest => "#".to_owned(),
            _ => word.to_owned(),
        }
    };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
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

/// Whether a client is asked for a part of its answer, to be printed.
fn prints_field(step: &Step, command: &Command) -> bool {
    prints(step, command) && command.words.iter().any(|word| word.text == "--query")
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
        check_author(script, language, shown, actual, false, expected);
    }

    #[track_caller]
    fn check_author(script: &str, language: &str, shown: &str, actual: &str, is_settled: bool, expected: Option<&str>) {
        let text = format!("```bash\n{script}\n```\n\n```{language}\n{shown}\n```\n");
        let (runbook, _) = parse("d.md", text.as_bytes(), &Companions::default());
        let step = &runbook.steps[0];
        let stream = |text: &str| Stream { text: text.to_owned(), bytes: text.len() as u64, truncated: false };
        let (stdout, stderr) = (stream(actual), stream(""));
        let author = Author { runbook: &runbook, is_settled };
        let found = lack(step, &step.expectations[0], Printed { stdout: &stdout, stderr: &stderr }, &Values::new(), author);
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
    fn what_is_the_same_everywhere_may_be_broken_into_other_lines() {
        let json = "{\n  \"tags\": [\n    \"a\",\n    \"b\"\n  ]\n}\n";
        check_author("python3 a.py", "output", "{\n  \"tags\": [\"a\", \"b\"]\n}", json, true, None);
        check_author("python3 a.py", "output", "{\n  \"tags\": [\"a\", \"c\"]\n}", json, true, Some("which was not printed"));
        check_author("ls", "output", "app  app.py", "app\napp.py\n", true, None);
        check_author("ls", "output", "app  app.pi", "app\napp.py\n", true, Some("`app  app.pi`, which was not printed"));
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
    fn a_step_that_prints_the_same_everywhere_prints_what_is_shown() {
        let check = |shown, actual, expected| check_author("sort f", "output", shown, actual, true, expected);
        check("a 1\nb 2", "a 1\nb 3\n", Some("`b 2`, which was not printed"));
        check("b 2\na 1", "a   1\nb 2.0\nc 3\n", None);
        check("4d5e6f7 x", "1a2b3c4 x\n", None);
        check("a\n...", "b\n", None);
        check("a\na", "a\nb\n", Some("`a`"));
    }

    #[test]
    fn a_field_that_is_asked_for_is_there() {
        check("az x create --query name", "json", "{\"a\": 1}", "", Some("nothing was printed"));
        check("X=$(az x create --query name)", "json", "{\"a\": 1}", "", None);
    }

    #[test]
    fn counts_of_the_documents_own_things_are_the_same() {
        check("az x list --query 'length(@)'", "output", "2", "3\n", Some("counts 2"));
        check("kubectl get pods -A | wc -l", "output", "2", "3\n", None);
        check("az x show --query count", "output", "2", "3\n", None);
    }
}
