//! A key with its text → what it sets. Strict: a value that is misread in silence is a check that nobody makes.

use std::time::Duration;

use serde_json_path::JsonPath;
use strsim::osa_distance;

use super::defect::INVALID_DIRECTIVE_VALUE;
use super::include::is_document;
use super::model::{
    Backoff, Capture, CaptureSource, Exact, ExitExpectation, ExpectedFailure, Format, Principal, Requirement, Role, StreamChoice, Tenant,
};
use super::pairs::{Pair, Problem};
use super::setting::Setting;
use super::slug::is_name_char;
use super::view::TargetName;
use super::vocabulary::{Key, Place};

/// The longest time that a document may ask for.
const TIME_MAX: Duration = Duration::from_hours(24);

/// The longest path or pattern of a capture: both are compiled.
const CAPTURE_BYTES_MAX: usize = 500;

/// How often a step may be tried again.
const RETRIES_MAX: u32 = 100;

/// The longest list of one key.
const LIST_MAX: usize = 200;

/// The longest name of somebody who acts.
const PRINCIPAL_BYTES_MAX: usize = 256;

/// Reads a value; `line` is the document's line of the pair.
pub(super) fn setting(key: Key, pair: &Pair, place: Place, line: usize) -> Result<Setting, Problem> {
    Ok(match key {
        Key::Skip => Setting::Skip(skip_reason(pair)?),
        Key::Timeout => Setting::Timeout(time(pair)?),
        Key::Wait => Setting::Wait(time(pair)?),
        Key::Eventually => Setting::Eventually(time(pair)?),
        Key::Every => Setting::Every(time(pair)?),
        Key::Retry => Setting::Retry(times(pair)?),
        Key::Backoff => Setting::Backoff(backoff(pair)?),
        Key::Needs => Setting::Needs(list(pair, "ids of steps")?),
        Key::After => Setting::After(list(pair, "ids of steps")?),
        Key::ExpectExit => Setting::ExpectExit(exit(pair)?),
        Key::ExpectStderr => Setting::ExpectStderr(required(pair, "the text that standard error must contain")?.to_owned()),
        Key::ExpectFailure => Setting::ExpectFailure(expected_failure(pair, line)?),
        Key::Name => Setting::Name(name(pair)?),
        Key::Secret => Setting::Secrets(variables(pair)?),
        Key::Only => Setting::Only(targets(pair)?),
        Key::Interactive => flag(pair, Setting::Interactive)?,
        Key::Setup => flag(pair, Setting::Role(Role::Setup))?,
        Key::Cleanup => flag(pair, Setting::Role(Role::Cleanup))?,
        Key::Background => flag(pair, Setting::Background)?,
        Key::Ready => Setting::Ready(required(pair, "the text that it prints when it is ready")?.to_owned()),
        Key::Stop => Setting::Stop(list(pair, "ids of background steps")?),
        Key::Stdin => Setting::Stdin(typed(required(pair, "what the step reads on standard input")?)),
        Key::Capture => Setting::Capture(capture(pair, line)?),
        Key::Requires => requirements(pair)?,
        Key::LintDisable => Setting::LintDisable(list(pair, "names of lint rules")?),
        Key::Tab => Setting::Tabs(lower(list(pair, "ids of tabs")?)),
        Key::Zone => Setting::Zones(lower(list(pair, "pivots of zones")?)),
        Key::Ignore => Setting::Ignore(list(pair, "JSON paths, columns or labels")?),
        Key::Exact if pair.value.is_none() => Setting::Exact(Exact::Everything),
        Key::Exact => Setting::Exact(Exact::At(list(pair, "JSON paths, columns or labels")?)),
        Key::Unordered => flag(pair, Setting::Unordered)?,
        Key::As | Key::Principal => said_as(pair, place, line)?,
        Key::Tenant => Setting::Tenant(choice(pair, &[("no-mfa", Tenant::NoSecondFactor)])?),
        Key::Stream => Setting::Stream(choice(
            pair,
            &[("stdout", StreamChoice::Stdout), ("stderr", StreamChoice::Stderr), ("both", StreamChoice::Both)],
        )?),
    })
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

/// What somebody would type: `\n` ends a line.
fn typed(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t")
}

/// A key that is there or not.
fn flag(pair: &Pair, setting: Setting) -> Result<Setting, Problem> {
    match &pair.value {
        None => Ok(setting),
        Some(_) => {
            let key = &pair.key;
            Err(invalid(pair, format!("`{key}` takes no value")).with_hint(format!("write `{key}` alone, or remove it")))
        }
    }
}

fn list(pair: &Pair, what: &str) -> Result<Vec<String>, Problem> {
    let value = required(pair, &format!("{what}, separated by commas"))?;
    let items: Vec<String> = value.split(',').map(|item| item.trim().to_owned()).collect();
    if items.len() > LIST_MAX {
        return Err(invalid(pair, format!("`{}` has more than {LIST_MAX} entries", pair.key)));
    }
    if items.iter().any(String::is_empty) {
        return Err(invalid(pair, format!("`{value}` has an empty entry")).with_hint("one comma between two entries, none at the end"));
    }
    Ok(items)
}

/// Tabs and zones are named without regard to case.
fn lower(names: Vec<String>) -> Vec<String> {
    names.iter().map(|name| name.to_lowercase()).collect()
}

fn choice<T: Copy>(pair: &Pair, known: &[(&str, T)]) -> Result<T, Problem> {
    let names = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let value = required(pair, &names)?;
    match known.iter().find(|(name, _)| *name == value) {
        Some((_, choice)) => Ok(*choice),
        None => Err(invalid(pair, format!("`{value}` is not one of {names}"))),
    }
}

/// `as=json` says what an output is; `as=ada` before a step says who runs it.
fn said_as(pair: &Pair, place: Place, line: usize) -> Result<Setting, Problem> {
    const FORMATS: [(&str, Format); 4] = [("json", Format::Json), ("text", Format::Text), ("table", Format::Table), ("yaml", Format::Yaml)];
    let value = pair.value.as_deref().unwrap_or_default().trim();
    let is_format = FORMATS.iter().any(|(name, _)| *name == value);
    if value.is_empty() || is_format || place == Place::Expectation {
        return choice(pair, &FORMATS).map(Setting::Format);
    }
    if value.len() > PRINCIPAL_BYTES_MAX || value.chars().any(char::is_control) {
        return Err(invalid(pair, "`as` names nobody: the name is too long, or has control characters"));
    }
    Ok(Setting::Principal(Principal { name: value.to_owned(), line }))
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

fn time(pair: &Pair) -> Result<Duration, Problem> {
    let value = required(pair, "a time such as 90s or 20m")?;
    let duration = duration(value).ok_or_else(|| invalid(pair, format!("`{value}` is not a time")).with_hint("write 90s, 20m or 1h30m"))?;
    if duration.is_zero() || duration > TIME_MAX {
        return Err(invalid(pair, format!("a time of {value} is outside of the range")).with_hint("between 1ms and 24h"));
    }
    Ok(duration)
}

fn times(pair: &Pair) -> Result<u32, Problem> {
    let value = required(pair, "how often it may be tried again")?;
    let times = value.parse().ok().filter(|times| (1..=RETRIES_MAX).contains(times));
    times.ok_or_else(|| invalid(pair, format!("`{value}` is not a number of times")).with_hint(format!("between 1 and {RETRIES_MAX}")))
}

fn backoff(pair: &Pair) -> Result<Backoff, Problem> {
    const HINT: &str = "write backoff=10s, backoff=exponential or backoff=exponential:10s";
    let value = required(pair, "a time, `exponential` or `exponential:TIME`")?;
    let time = |text: &str| duration(text).filter(|time| !time.is_zero() && *time <= TIME_MAX);
    let backoff = match value.strip_prefix("exponential") {
        None => time(value).map(Backoff::Constant),
        Some("") => Some(Backoff::Exponential(Backoff::FIRST)),
        Some(rest) => rest.strip_prefix(':').and_then(time).map(Backoff::Exponential),
    };
    backoff.ok_or_else(|| invalid(pair, format!("`{value}` does not say how long to wait")).with_hint(HINT))
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

fn variables(pair: &Pair) -> Result<Vec<String>, Problem> {
    let names = list(pair, "names of variables")?;
    match names.iter().find(|name| !is_variable_name(name)) {
        Some(name) => Err(no_variable(pair, name)),
        None => Ok(names),
    }
}

fn no_variable(pair: &Pair, name: &str) -> Problem {
    let problem = invalid(pair, format!("`{name}` is not the name of a variable"));
    if name.starts_with('$') { problem.with_hint("write the name without `$`") } else { problem }
}

fn targets(pair: &Pair) -> Result<Vec<TargetName>, Problem> {
    let known = TargetName::list();
    let names = list(pair, &format!("targets ({known})"))?;
    let target = |name: &String| {
        TargetName::parse(name).ok_or_else(|| {
            let problem = invalid(pair, format!("`{name}` is not a target"));
            match TargetName::nearest(name) {
                Some(near) => problem.with_hint(format!("did you mean `{near}`?")),
                None => problem.with_hint(format!("targets are {known}")),
            }
        })
    };
    names.iter().map(target).collect()
}

fn expected_failure(pair: &Pair, line: usize) -> Result<ExpectedFailure, Problem> {
    let value = required(pair, "STEP: TEXT")?;
    match value.split_once(':').map(|(step, text)| (step.trim(), text.trim())) {
        Some((step, text)) if !step.is_empty() && !text.is_empty() => {
            Ok(ExpectedFailure { step: step.to_owned(), text: text.to_owned(), line })
        }
        _ => Err(invalid(pair, format!("`{value}` does not name a step and a text"))
            .with_hint("write expect-failure=\"step-id: text of the failure\"")),
    }
}

fn capture(pair: &Pair, line: usize) -> Result<Capture, Problem> {
    const HINT: &str = "write capture=NAME:$.path for JSON, or capture=\"NAME:/regex/\"";
    let value = required(pair, "NAME:$.path or NAME:/regex/")?;
    let Some((name, source)) = value.split_once(':') else {
        return Err(invalid(pair, format!("`{value}` does not name a variable and a place in the output")).with_hint(HINT));
    };
    if !is_variable_name(name) {
        return Err(no_variable(pair, name));
    }
    if source.len() > CAPTURE_BYTES_MAX {
        return Err(invalid(pair, format!("the path or pattern is longer than {CAPTURE_BYTES_MAX} bytes")));
    }
    let source = if let Some(pattern) = source.strip_prefix('/') {
        let Some(pattern) = pattern.strip_suffix('/').filter(|pattern| !pattern.is_empty()) else {
            return Err(invalid(pair, "the pattern is empty, or has no `/` at its end").with_hint(HINT));
        };
        regex::Regex::new(pattern).map_err(|error| {
            let error = error.to_string();
            let reason = error.trim_end().rsplit('\n').next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            invalid(pair, format!("the pattern of `{name}` is invalid: {reason}")).with_hint("the syntax is that of https://docs.rs/regex")
        })?;
        CaptureSource::Regex(pattern.to_owned())
    } else if source.starts_with('$') {
        JsonPath::parse(source)
            .map_err(|_| invalid(pair, format!("`{source}` is not a JSONPath")).with_hint("such as $.id, $.items[0].name or $['a key']"))?;
        CaptureSource::Path(source.to_owned())
    } else {
        return Err(invalid(pair, format!("`{source}` is neither a path nor a pattern")).with_hint(HINT));
    };
    Ok(Capture { name: name.to_owned(), source, line })
}

fn requirements(pair: &Pair) -> Result<Setting, Problem> {
    const HINT: &str = "a command, extension:NAME, var:NAME or doc:FILE.md";
    let mut requirements = Vec::new();
    let mut documents = Vec::new();
    for item in list(pair, HINT)? {
        match item.split_once(':') {
            Some(("doc", path)) if is_document(path) => documents.push(path.to_owned()),
            Some(("doc", path)) => {
                return Err(
                    invalid(pair, format!("`{path}` is not a document")).with_hint("write requires=doc:FILE.md, relative to this document")
                );
            }
            Some(("var", name)) if is_variable_name(name) => requirements.push(Requirement::Variable(name.to_owned())),
            Some(("var", name)) => return Err(no_variable(pair, name)),
            Some(("extension", name)) if is_command_name(name) => requirements.push(Requirement::Extension(name.to_owned())),
            Some(("extension", _)) => return Err(invalid(pair, format!("`{item}` is not the name of an extension")).with_hint(HINT)),
            Some((kind, _)) => {
                let near = ["doc", "var", "extension"].into_iter().find(|known| osa_distance(&clipped(kind), known) <= 2);
                let hint = near.map_or_else(|| HINT.to_owned(), |near| format!("did you mean `{near}:`?"));
                return Err(invalid(pair, format!("`{item}` is not something that can be required")).with_hint(hint));
            }
            None if item.ends_with(".md") => {
                let problem = invalid(pair, format!("`{item}` is a document, not a command"));
                return Err(problem.with_hint(format!("write requires=doc:{item}")));
            }
            None if is_command_name(&item) => requirements.push(Requirement::Command(item)),
            None => return Err(invalid(pair, format!("`{item}` is not the name of a command")).with_hint(HINT)),
        }
    }
    Ok(Setting::Requires(requirements, documents))
}

/// The start of a word: a distance costs the product of both lengths.
fn clipped(word: &str) -> String {
    word.chars().take(20).collect()
}

fn is_command_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "._+-".contains(letter))
}

/// Whether a text can be the name of a shell variable.
pub(super) fn is_variable_name(name: &str) -> bool {
    name.bytes().enumerate().all(|(at, byte)| byte == b'_' || byte.is_ascii_alphabetic() || (at > 0 && byte.is_ascii_digit()))
        && !name.is_empty()
}
