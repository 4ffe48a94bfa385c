//! Directives in comments: `<!-- docent: key=value -->` before a step, `<!-- docent-file: key=value -->` for the document.
//!
//! The grammar is strict. A directive that is misread in silence is a check that nobody makes.

use std::time::Duration;

use strsim::osa_distance;

use super::defect::{
    INVALID_DIRECTIVE_VALUE, NEAR_MISS_DIRECTIVE, REPEATED_DIRECTIVE, UNKNOWN_DIRECTIVE, UNSUPPORTED_DIRECTIVE, WRONG_DIRECTIVE_PLACE,
};
use super::model::{ExitExpectation, ExpectedFailure, FileDirectives, StepDirectives};
use super::pairs::{Pair, Pairs, Problem};
use super::slug::is_name_char;
use super::vocabulary::{Entry, Key, Place, built_keys, is_known, is_misspelling, look_up};

/// The words that directives start with, no two of them a letter apart.
const DIRECTIVES: [&str; 4] = ["docent", "docent-file", "docent-begin", "docent-end"];

/// The longest time-out that a document may ask for.
const TIMEOUT_MAX: Duration = Duration::from_hours(24);

/// What a comment that speaks to docent is about; `at` is where its keys start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Step {
        at: usize,
    },
    File {
        at: usize,
    },
    /// `docent-begin:` and `docent-end:`, which are not supported yet.
    Range {
        end: usize,
    },
    /// Nearly one of these.
    NearMiss {
        end: usize,
    },
}

/// Whether a comment speaks to docent; none for all other comments.
pub(super) fn scope(body: &str) -> Option<Scope> {
    let start = body.len() - body.trim_start().len();
    let rest = &body[start..];
    let word_len = rest.find(|letter: char| letter == ':' || letter.is_whitespace()).unwrap_or(rest.len());
    let (word, after) = rest.split_at(word_len);
    let end = start + word_len;
    if after.starts_with(':') {
        return match word {
            "docent" => Some(Scope::Step { at: end + 1 }),
            "docent-file" => Some(Scope::File { at: end + 1 }),
            "docent-begin" | "docent-end" => Some(Scope::Range { end }),
            _ => is_nearly_docent(word).then_some(Scope::NearMiss { end }),
        };
    }
    match word {
        "docent-begin" | "docent-end" => Some(Scope::Range { end }),
        _ if !is_nearly_docent(word) => None,
        // Without the colon it may be prose; a key behind it, or a colon apart from it, says that it is not.
        _ => {
            let after = after.trim_start();
            let next = after.split(|letter: char| letter == '=' || letter.is_whitespace()).next().unwrap_or("");
            let is_meant = after.starts_with(':')
                || (is_known(next) && (after[next.len()..].starts_with('=') || after.trim_end() == next))
                || word != "docent" && word.starts_with("docent-");
            is_meant.then_some(Scope::NearMiss { end })
        }
    }
}

/// The problem of a comment that is nearly a directive.
pub(super) fn near_miss(body: &str, end: usize) -> Problem {
    let start = body.len() - body.trim_start().len();
    let problem = Problem::new(NEAR_MISS_DIRECTIVE, start..end, format!("`{}` is not a directive", &body[start..end]))
        .with_hint("write `docent:` for the step below or `docent-file:` for the document");
    let word = body[start..end].to_lowercase();
    let behind = body[end..].trim_start();
    let colon = if behind.starts_with(':') { body.len() - behind.len() + 1 } else { end };
    match DIRECTIVES.iter().find(|known| osa_distance(&word, known) <= 1) {
        Some(meant) => problem.with_fix(start..colon, format!("{meant}:")),
        None => problem,
    }
}

/// The problem of a directive for a range.
pub(super) fn range_is_planned(body: &str, end: usize) -> Problem {
    let start = body.len() - body.trim_start().len();
    Problem::new(UNSUPPORTED_DIRECTIVE, start..end, format!("`{}` is not supported yet", &body[start..end]))
        .with_hint("put a `docent:` comment before each step instead")
}

fn is_nearly_docent(word: &str) -> bool {
    // Bounded before it is measured: a distance costs the product of both lengths.
    if word.len() > 20 {
        return false;
    }
    let lower = word.to_lowercase();
    DIRECTIVES.iter().any(|known| osa_distance(&lower, known) <= 1)
}

/// What the comments before a step said so far.
#[derive(Debug, Default)]
pub(super) struct StepDraft {
    pub(super) directives: StepDirectives,
    pub(super) name: Option<String>,
    seen: Vec<String>,
}

impl StepDraft {
    /// Takes in the keys of a comment's body from `at` on.
    pub(super) fn read(&mut self, body: &str, at: usize, problems: &mut Vec<Problem>) {
        read(body, at, Place::Step, &mut self.seen, problems, |key, pair| {
            match key {
                Key::Skip => self.directives.skip = Some(skip_reason(pair)?),
                Key::Timeout => self.directives.timeout = Some(timeout(pair)?),
                Key::ExpectExit => self.directives.expect_exit = Some(exit(pair)?),
                Key::ExpectStderr => {
                    self.directives.expect_stderr = Some(required(pair, "the text that standard error must contain")?.to_owned())
                }
                Key::Name => self.name = Some(name(pair)?),
                Key::Secret => self.directives.secrets.extend(secrets(pair)?),
                Key::ExpectFailure => {}
            }
            Ok(())
        });
    }
}

/// What the comments about the document said so far.
#[derive(Debug, Default)]
pub(super) struct FileDraft {
    pub(super) directives: FileDirectives,
    seen: Vec<String>,
}

impl FileDraft {
    /// Takes in the keys of a comment's body from `at` on; `line_of` maps a range of it to a line of the document.
    pub(super) fn read(&mut self, body: &str, at: usize, line_of: impl Fn(&Pair) -> usize, problems: &mut Vec<Problem>) {
        read(body, at, Place::File, &mut self.seen, problems, |key, pair| {
            match key {
                Key::Timeout => self.directives.timeout = Some(timeout(pair)?),
                Key::Secret => self.directives.secrets.extend(secrets(pair)?),
                Key::ExpectFailure => {
                    let (step, text) = expected_failure(pair)?;
                    self.directives.expected_failures.push(ExpectedFailure { step, text, line: line_of(pair) });
                }
                Key::Skip | Key::ExpectExit | Key::ExpectStderr | Key::Name => {}
            }
            Ok(())
        });
    }
}

/// Reads the keys of one comment and hands those that are built to `apply`.
fn read(
    body: &str,
    at: usize,
    place: Place,
    seen: &mut Vec<String>,
    problems: &mut Vec<Problem>,
    mut apply: impl FnMut(Key, &Pair) -> Result<(), Problem>,
) {
    let mut is_empty = true;
    for pair in Pairs::new(body, at) {
        is_empty = false;
        let pair = match pair {
            Ok(pair) => pair,
            Err(problem) => {
                problems.push(problem);
                return;
            }
        };
        match look_up(&pair.key, place) {
            Entry::Built(key) => {
                let may_repeat = matches!(key, Key::Secret | Key::ExpectFailure);
                if !may_repeat && seen.contains(&pair.key) {
                    problems.push(Problem::new(REPEATED_DIRECTIVE, pair.range.clone(), format!("`{}` is said twice", pair.key)));
                } else if let Err(problem) = apply(key, &pair) {
                    problems.push(problem);
                }
                seen.push(pair.key);
            }
            entry => {
                problems.push(misfit(&pair, entry, place));
                // The rest of such a comment is a script, not keys.
                if matches!(pair.key.as_str(), "setup" | "cleanup") {
                    return;
                }
            }
        }
    }
    if is_empty {
        let problem = Problem::new(super::defect::BROKEN_DIRECTIVE, 0..at, "a directive without a key");
        problems.push(problem.with_hint(format!("known keys here: {}", built_keys(place))));
    }
}

/// The problem of a key that is not built for a place.
pub(super) fn misfit(pair: &Pair, entry: Entry, place: Place) -> Problem {
    let key = &pair.key;
    let range = pair.range.clone();
    match entry {
        Entry::Planned => Problem::new(UNSUPPORTED_DIRECTIVE, range, format!("`{key}` is not supported yet")),
        Entry::Elsewhere(places) => {
            let right = match places.first() {
                Some(Place::File) => "write it into a `docent-file:` comment",
                Some(Place::Expectation) => "write it beside `expected_similarity`",
                _ => "write it into a `docent:` comment before the step",
            };
            let here = match place {
                Place::Step => "`docent:`",
                Place::File => "`docent-file:`",
                Place::Expectation => "`expected_similarity`",
            };
            Problem::new(WRONG_DIRECTIVE_PLACE, range, format!("`{key}` does not belong to {here}")).with_hint(right)
        }
        Entry::Unknown(near) => {
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if place == Place::Expectation => {
                    "write `expected_similarity=0.3` or `expected_similarity=\"regex\"` alone".to_owned()
                }
                None => format!("known keys here: {}", built_keys(place)),
            };
            let written = key.split('@').next().unwrap_or_default();
            let start = range.start;
            let problem = Problem::new(UNKNOWN_DIRECTIVE, range, format!("unknown key `{key}`")).with_hint(hint);
            match near.filter(|near| is_misspelling(written, near)) {
                Some(near) => problem.with_fix(start..start + written.len(), near),
                None => problem,
            }
        }
        Entry::Built(_) => Problem::new(UNKNOWN_DIRECTIVE, range, format!("`{key}` is not understood here")),
    }
}

fn invalid(pair: &Pair, message: impl Into<String>) -> Problem {
    Problem::new(INVALID_DIRECTIVE_VALUE, pair.range.clone(), message)
}

fn required<'a>(pair: &'a Pair, what: &str) -> Result<&'a str, Problem> {
    match pair.value.as_deref() {
        Some(value) if !value.trim().is_empty() => Ok(value),
        _ => Err(invalid(pair, format!("`{}` needs a value: {what}", pair.key))),
    }
}

fn skip_reason(pair: &Pair) -> Result<String, Problem> {
    match pair.value.as_deref() {
        None => Ok(String::new()),
        // `skip=false` would skip.
        Some("true" | "false" | "yes" | "no" | "0" | "1") => {
            Err(invalid(pair, "`skip` takes a reason, not a truth value").with_hint("write `skip` or `skip=\"reason\"`, or remove it"))
        }
        Some(reason) => Ok(reason.trim().to_owned()),
    }
}

fn timeout(pair: &Pair) -> Result<Duration, Problem> {
    let value = required(pair, "a time such as 90s or 20m")?;
    let duration = duration(value).ok_or_else(|| invalid(pair, format!("`{value}` is not a time")).with_hint("write 90s, 20m or 1h30m"))?;
    if duration.is_zero() || duration > TIMEOUT_MAX {
        return Err(invalid(pair, format!("a time-out of {value} is outside of the range")).with_hint("between 1ms and 24h"));
    }
    Ok(duration)
}

/// `1h30m`, `90s`, `500ms`: units from long to short, each at most once.
fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut total_ms: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let amount: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_len = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        let (_, unit_ms) = units.find(|(unit, _)| *unit == &rest[..unit_len])?;
        total_ms = total_ms.checked_add(amount.checked_mul(*unit_ms)?)?;
        rest = &rest[unit_len..];
    }
    (!text.is_empty()).then(|| Duration::from_millis(total_ms))
}

fn exit(pair: &Pair) -> Result<ExitExpectation, Problem> {
    let value = required(pair, "a status from 0 to 255, or `any`")?;
    if value == "any" {
        return Ok(ExitExpectation::Any);
    }
    let status = value.parse().map_err(|_| invalid(pair, format!("`{value}` is not an exit status")).with_hint("0 to 255, or `any`"))?;
    Ok(ExitExpectation::Status(status))
}

fn name(pair: &Pair) -> Result<String, Problem> {
    let value = required(pair, "a name for the step")?;
    if value.chars().all(|letter| is_name_char(letter) || matches!(letter, '-' | '.')) {
        return Ok(value.to_owned());
    }
    Err(invalid(pair, format!("`{value}` cannot be a name")).with_hint("letters, digits, `-`, `_` and `.`"))
}

fn secrets(pair: &Pair) -> Result<Vec<String>, Problem> {
    let value = required(pair, "names of variables, separated by commas")?;
    let names: Vec<String> = value.split(',').map(|name| name.trim().to_owned()).collect();
    match names.iter().find(|name| !is_variable_name(name)) {
        Some(name) => {
            let problem = invalid(pair, format!("`{name}` is not the name of a variable"));
            Err(if name.starts_with('$') { problem.with_hint("write the name without `$`") } else { problem })
        }
        None => Ok(names),
    }
}

fn expected_failure(pair: &Pair) -> Result<(String, String), Problem> {
    let value = required(pair, "STEP: TEXT")?;
    match value.split_once(':').map(|(step, text)| (step.trim(), text.trim())) {
        Some((step, text)) if !step.is_empty() && !text.is_empty() => Ok((step.to_owned(), text.to_owned())),
        _ => Err(invalid(pair, format!("`{value}` does not name a step and a text"))
            .with_hint("write expect-failure=\"step-id: text of the failure\"")),
    }
}

/// Whether a text can be the name of a shell variable.
pub(super) fn is_variable_name(name: &str) -> bool {
    name.bytes().enumerate().all(|(at, byte)| byte == b'_' || byte.is_ascii_alphabetic() || (at > 0 && byte.is_ascii_digit()))
        && !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_scope(body: &str, expected: Option<Scope>) {
        assert_eq!(scope(body), expected, "{body:?}");
    }

    fn read_step(keys: &str) -> (StepDraft, Vec<Problem>) {
        let mut draft = StepDraft::default();
        let mut problems = Vec::new();
        draft.read(keys, 0, &mut problems);
        (draft, problems)
    }

    fn read_file(keys: &str) -> (FileDraft, Vec<Problem>) {
        let mut draft = FileDraft::default();
        let mut problems = Vec::new();
        draft.read(keys, 0, |_| 7, &mut problems);
        (draft, problems)
    }

    /// The codes and messages of what is wrong with the keys of a step.
    #[track_caller]
    fn check_problems(keys: &str, expected: &[(&str, &str)]) {
        let (_, problems) = read_step(keys);
        let found: Vec<_> = problems.iter().map(|problem| (problem.defect.code, problem.message.as_str())).collect();
        assert_eq!(found, expected, "{keys:?}");
    }

    #[test]
    fn comments_to_docent_are_told_from_all_others() {
        check_scope(" docent: skip ", Some(Scope::Step { at: 8 }));
        check_scope("docent-file:timeout=1m", Some(Scope::File { at: 12 }));
        check_scope(" docent-begin: skip ", Some(Scope::Range { end: 13 }));
        check_scope(" docent-end ", Some(Scope::Range { end: 11 }));
        check_scope(" Docent: skip ", Some(Scope::NearMiss { end: 7 }));
        check_scope(" docnet: skip ", Some(Scope::NearMiss { end: 7 }));
        check_scope(" docent : skip ", Some(Scope::NearMiss { end: 7 }));
        check_scope(" docent skip ", Some(Scope::NearMiss { end: 7 }));
        check_scope(" docent timeout=3m name=x ", Some(Scope::NearMiss { end: 7 }));
        check_scope(" docent-flie: timeout=3m ", Some(Scope::NearMiss { end: 12 }));
        check_scope(" docent runs this in CI ", None);
        check_scope(" docent skip this file in the sidebar ", None);
        check_scope(" documentation: none ", None);
        check_scope("", None);
    }

    #[test]
    fn the_keys_of_a_step_are_read() {
        let (draft, problems) = read_step(
            "skip=\"cuota de GPU\" timeout=1h30m expect-exit=3 expect-stderr=\"(ResourceNotFound)\" name=crear.clúster secret=A,_b2 secret=C",
        );
        assert_eq!(problems, []);
        assert_eq!(draft.name.as_deref(), Some("crear.clúster"));
        assert_eq!(
            draft.directives,
            StepDirectives {
                skip: Some("cuota de GPU".to_owned()),
                timeout: Some(Duration::from_mins(90)),
                expect_exit: Some(ExitExpectation::Status(3)),
                expect_stderr: Some("(ResourceNotFound)".to_owned()),
                secrets: vec!["A".to_owned(), "_b2".to_owned(), "C".to_owned()],
                ..StepDirectives::default()
            }
        );
        let (draft, problems) = read_step("skip expect-exit=any timeout=500ms");
        assert_eq!(problems, []);
        assert_eq!(draft.directives.skip.as_deref(), Some(""));
        assert_eq!(draft.directives.expect_exit, Some(ExitExpectation::Any));
        assert_eq!(draft.directives.timeout, Some(Duration::from_millis(500)));
    }

    #[test]
    fn the_keys_of_a_document_are_read() {
        let (draft, problems) =
            read_file("timeout=20m secret=PW expect-failure=\"leer-secreto: (Forbidden) no: nunca\" expect-failure=\"b: c\"");
        assert_eq!(problems, []);
        assert_eq!(draft.directives.timeout, Some(Duration::from_mins(20)));
        assert_eq!(draft.directives.secrets, ["PW"]);
        let first = ExpectedFailure { step: "leer-secreto".to_owned(), text: "(Forbidden) no: nunca".to_owned(), line: 7 };
        assert_eq!(draft.directives.expected_failures.first(), Some(&first));
        assert_eq!(draft.directives.expected_failures.len(), 2);
    }

    #[test]
    fn values_that_do_not_fit_are_errors() {
        check_problems("timeout=20", &[("invalid-directive-value", "`20` is not a time")]);
        check_problems("timeout=5m5h", &[("invalid-directive-value", "`5m5h` is not a time")]);
        check_problems("timeout=0s", &[("invalid-directive-value", "a time-out of 0s is outside of the range")]);
        check_problems("timeout=25h", &[("invalid-directive-value", "a time-out of 25h is outside of the range")]);
        check_problems("timeout=99999999999999999999h", &[("invalid-directive-value", "`99999999999999999999h` is not a time")]);
        check_problems("timeout", &[("invalid-directive-value", "`timeout` needs a value: a time such as 90s or 20m")]);
        check_problems("expect-exit=256", &[("invalid-directive-value", "`256` is not an exit status")]);
        check_problems(
            "expect-stderr=\"\"",
            &[("invalid-directive-value", "`expect-stderr` needs a value: the text that standard error must contain")],
        );
        check_problems("skip=false", &[("invalid-directive-value", "`skip` takes a reason, not a truth value")]);
        check_problems("name=\"a b\"", &[("invalid-directive-value", "`a b` cannot be a name")]);
        check_problems("secret=$PW", &[("invalid-directive-value", "`$PW` is not the name of a variable")]);
        let (_, problems) = read_file("expect-failure=\"no-text\"");
        assert_eq!(problems[0].message, "`no-text` does not name a step and a text");
    }

    #[test]
    fn keys_that_cannot_be_taken_are_errors_that_say_why() {
        check_problems("timout=3m", &[("unknown-directive", "unknown key `timout`")]);
        check_problems(
            "retry=3 backoff=10s",
            &[("unsupported-directive", "`retry` is not supported yet"), ("unsupported-directive", "`backoff` is not supported yet")],
        );
        check_problems("timeout@live=40m", &[("unsupported-directive", "`timeout@live` is not supported yet")]);
        check_problems("setup\n```bash\nx=1\n```", &[("unsupported-directive", "`setup` is not supported yet")]);
        check_problems("expect-failure=\"a: b\"", &[("wrong-directive-place", "`expect-failure` does not belong to `docent:`")]);
        check_problems("skip skip", &[("repeated-directive", "`skip` is said twice")]);
        check_problems("  ", &[("broken-directive", "a directive without a key")]);
        let (_, problems) = read_step("timout=3m");
        assert_eq!(problems[0].hint.as_deref(), Some("did you mean `timeout`?"));
    }
}
