//! From reports of failed commands to what they mean for a block. Pure.

use std::collections::BTreeMap;

use super::report::{FailedCommand, FailedJob, FailedParts};
use crate::bash::{Located, Part, Script, Watch, WatchKind};

pub use crate::bash::Place;

/// Failures kept for a block.
pub(super) const FAILURES_MAX: usize = 256;

/// Commands whose status 1 is an answer, not a failure.
const ANSWERS: [&str; 11] = ["grep", "egrep", "fgrep", "pgrep", "zgrep", "diff", "cmp", "test", "[", "[[", "expr"];
/// Commands that ask whether another is there.
const LOOK_UPS: [&str; 3] = ["which", "type", "hash"];
/// Commands that stop reading before the end of their input, and so can make the command before them fail.
const EARLY_READERS: [&str; 6] = ["head", "grep", "sed", "awk", "read", "less"];
/// What programs end with when nobody reads on: a caught error, curl, Python at its end. Source: curl's manual (23, write error), measured
/// with CPython 3.11 (1 in the middle of writing, 120 when the last flush fails).
const UNREAD: [i32; 3] = [1, 23, 120];
/// SIGPIPE as a status.
const SIGPIPE: i32 = 141;
/// What somebody has stopped ends with: SIGINT, SIGKILL, SIGPIPE, SIGTERM.
const STOPPED: [i32; 4] = [130, 137, SIGPIPE, 143];

/// A command of a block that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandFailure {
    /// The 0-based line of the script on which the command starts. For a command in a function of an earlier block, the line of
    /// the call.
    pub line: usize,
    /// The 0-based line of the script that called the function which holds the command; none when it stands in no function.
    pub called_from: Option<usize>,
    /// The command as bash prints it, its first 400 characters.
    pub command: String,
    /// Its status, 1 to 255.
    pub status: i32,
    /// Where it ran. `TopLevel` among the masked ones: the document had said `set +e`.
    pub place: Place,
    /// The document had said `set +e`, or stopping at failures was switched off.
    pub tolerated: bool,
    /// Status 1 of `grep`, `diff`, `test`, `command -v` and the like: an answer rather than a failure.
    pub is_answer: bool,
}

impl CommandFailure {
    /// Whether a capture hid a real failure: the statement around it went on with whatever it had printed.
    pub fn is_hidden_by_capture(&self) -> bool {
        self.place == Place::Capture && !self.is_answer
    }
}

/// Where a block left itself before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// The 0-based line of the script.
    pub line: usize,
    /// The command, `exit 0`.
    pub command: String,
    /// Statements stand behind it that were not run.
    pub skips: bool,
}

/// What is wrong with a block as a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Defect {
    /// bash could not read it; the 0-based line where that became clear. What stands before it may have run.
    Syntax {
        /// The line.
        line: usize,
    },
    /// bash could not compute an expression, gave up the command that holds it, and went on with the next. It fires no trap and
    /// leaves no status.
    Expression {
        /// The 0-based line of the script, as far as bash tells.
        line: usize,
        /// What bash says of it: `1/0: division by 0`.
        message: String,
    },
    /// It made the shell a restricted one, or took builtins away that the driver needs: that shell can run no other block.
    Restricted,
    /// A here-document never ends, so it swallowed the rest of the block. bash only warns.
    OpenHereDocument {
        /// The 0-based line of its `<<`.
        line: usize,
        /// The line that would end it.
        delimiter: String,
    },
}

/// The first here-document that bash warns about: `FILE: line 10: warning: here-document at line 3 delimited by end-of-file (wanted `EOF')`.
pub(super) fn open_here_document(path: &str, stderr: &str) -> Option<Defect> {
    stderr.lines().find_map(|line| {
        let (_, rest) = line.strip_prefix(path)?.split_once(": warning: here-document at line ")?;
        let (number, rest) = rest.split_once(" delimited by end-of-file (wanted `")?;
        let line = number.parse::<usize>().ok()?.checked_sub(1)?;
        Some(Defect::OpenHereDocument { line, delimiter: rest.strip_suffix("')")?.to_owned() })
    })
}

/// What the reports of one block come to.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub stopped_at: Option<CommandFailure>,
    pub masked: Vec<CommandFailure>,
}

/// Blocks that define functions, by the paths of their texts.
pub(super) type Earlier = BTreeMap<String, (Script, String)>;

/// Weighs the reports of one block, in the order in which they came. `file` is the path of the block's text in `source` fields.
pub(super) fn judge(script: &Script, text: &str, file: &str, reports: &[FailedCommand], earlier: &Earlier) -> Judgement {
    let placed: Vec<(Located, CommandFailure, &FailedCommand)> =
        reports.iter().map(|report| place(script, text, file, report, earlier)).collect();
    // The first that stops is the innermost; its callers stop one after the other.
    let stop = placed.iter().find(|(_, _, report)| report.stops);
    let outermost = placed.iter().rev().find(|(_, _, report)| report.stops);
    let stopped_at = stop.map(|(located, failure, report)| {
        let call = outermost.filter(|_| report.depth > BLOCK_DEPTH).map(|(outer, _, _)| outer.line);
        CommandFailure { called_from: call.filter(|line| *line != located.line), place: Place::TopLevel, ..failure.clone() }
    });
    // A failure inside the command that stopped the block was not masked.
    let stops: Vec<Located> = placed.iter().filter(|(_, _, report)| report.stops).map(|(located, _, _)| *located).collect();
    let seen = |located: &Located| stops.iter().any(|stop| stop.span.start <= located.span.start && located.span.end <= stop.span.end);
    let masked = placed
        .iter()
        .filter(|(located, failure, report)| !report.stops && (failure.place == Place::Background || !seen(located)))
        .map(|(_, failure, _)| failure.clone())
        .collect();
    Judgement { stopped_at, masked }
}

/// The command for which bash ended the shell without an ERR trap: an unset variable under `set -u`, a readonly variable, `${X:?}`.
/// They are known by the last line of standard error alone, `FILE: line 3: X: unbound variable`.
pub(super) fn last_words(script: &Script, text: &str, file: &str, stderr: &str) -> Option<CommandFailure> {
    let message = stderr.lines().next_back()?.strip_prefix(file)?.strip_prefix(": ")?;
    let digits: String = message.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    let line = digits.parse::<usize>().ok()?.checked_sub(1)?;
    let located = script.locate(text, line, "");
    let command = located.and_then(|located| text.get(located.span.start..located.span.end)).unwrap_or_default();
    Some(CommandFailure {
        line: located.map_or(line, |located| located.line),
        called_from: None,
        command: command.chars().take(400).collect(),
        // Source: measured with bash 5.2, `set -u` ends a shell with 1; `exit` gives no message.
        status: 1,
        place: Place::TopLevel,
        tolerated: false,
        is_answer: false,
    })
}

/// Script and block: a command of the block itself.
const BLOCK_DEPTH: usize = 2;

fn place<'a>(
    script: &Script,
    text: &str,
    file: &str,
    report: &'a FailedCommand,
    earlier: &Earlier,
) -> (Located, CommandFailure, &'a FailedCommand) {
    let here = report.source == file;
    let line = if here || report.depth <= BLOCK_DEPTH { report.line } else { report.block_line }.saturating_sub(1);
    let fallback = Located { span: crate::diagnostic::Span::new(text.len(), text.len()), line, place: Place::Subshell };
    let located = script.locate(text, line, if here { &report.command } else { "" }).unwrap_or(fallback);
    let place = match (report.subshell, located.place) {
        (0, _) => Place::TopLevel,
        // A subshell that the text does not show at that line: around a call of the function that holds it.
        (_, Place::TopLevel) => {
            let defined = earlier.get(&report.source).filter(|_| !here);
            let own = defined.and_then(|(script, text)| script.locate(text, report.line.saturating_sub(1), &report.command));
            match own.map(|own| own.place).filter(|place| *place != Place::TopLevel) {
                Some(place) => place,
                None => {
                    let elsewhere = defined.map(|(script, _)| script).into_iter();
                    calling_place(script, elsewhere, line, report.block_line, &report.calls)
                }
            }
        }
        (_, place) => place,
    };
    let call = (here && report.depth > BLOCK_DEPTH).then(|| report.block_line.saturating_sub(1));
    let failure = CommandFailure {
        line: located.line,
        called_from: call.filter(|call| *call != located.line),
        command: report.command.clone(),
        status: report.status,
        place,
        tolerated: report.subshell == 0 && !report.stops,
        is_answer: is_answer(&report.command, report.status),
    };
    (located, failure, report)
}

/// The parts of a pipeline that failed although the pipeline did not. `watches` are those of the block that holds it, `here` when
/// that is the block itself.
pub(super) fn unseen_parts(script: &Script, report: &FailedParts, watch: &Watch, here: bool) -> Vec<CommandFailure> {
    let call = report.block_line.saturating_sub(1);
    let place = match (report.subshell, watch.place) {
        (0, _) => Place::Pipeline,
        (_, Place::TopLevel) => match calling_place(script, std::iter::empty(), call, report.block_line, &report.calls) {
            Place::Capture => Place::Capture,
            _ => Place::Pipeline,
        },
        (_, place) => place,
    };
    if watch.kind == WatchKind::AndList {
        return cut_list(report, watch, if here { watch.parts[0].line } else { call }).into_iter().collect();
    }
    if watch.kind == WatchKind::Unseen || report.statuses.len() != watch.parts.len() {
        // A part that is a pipeline itself, by the grammar's reading: which command it was cannot be told.
        return Vec::new();
    }
    let failed = watch.parts.iter().zip(&report.statuses).enumerate().filter(|(_, (_, status))| **status != 0);
    failed
        .map(|(index, (part, status))| {
            let behind = &watch.parts[index + 1..];
            let is_unread = UNREAD.contains(status) && !(part.text.starts_with("curl ") && *status == 1);
            let unread = STOPPED.contains(status) || is_unread && behind.iter().any(|part| reads_early(&part.text));
            CommandFailure {
                line: if here { part.line } else { call },
                called_from: (here && report.depth > BLOCK_DEPTH && call != part.line).then_some(call),
                command: part.text.chars().take(400).collect(),
                status: *status,
                place,
                tolerated: report.tolerated,
                is_answer: unread || is_answer(&part.text, *status),
            }
        })
        .collect()
}

/// What ended `a && b` before its last part. Which of several it was cannot be told.
fn cut_list(report: &FailedParts, watch: &Watch, line: usize) -> Option<CommandFailure> {
    let status = *report.statuses.first().filter(|status| **status != 0)?;
    let before = watch.parts.split_last()?.1;
    let command = match before {
        [one] => one.text.clone(),
        several => several.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(" && "),
    };
    let is_answer = before.iter().any(|part| is_answer(&part.text, status) || part.text.starts_with('!'));
    let place = if watch.place == Place::TopLevel { Place::BeforeAnd } else { watch.place };
    let command = command.chars().take(400).collect();
    Some(CommandFailure { line, called_from: None, command, status, place, tolerated: report.tolerated, is_answer })
}

/// A job that a `wait` without words waited for, at the line that started it, or else that waited.
pub(super) fn awaited(script: &Script, text: &str, job: &FailedJob, watch: &Watch) -> CommandFailure {
    let bare = |text: &str| text.chars().filter(|character| !character.is_whitespace() && *character != ';').collect::<String>();
    let command = bare(&job.command);
    let started = script.commands().iter().find(|candidate| {
        let written = bare(text.get(candidate.span.start..candidate.span.end).unwrap_or_default());
        candidate.place == Place::Background && !written.is_empty() && written == command
    });
    CommandFailure {
        line: started.map_or(watch.parts[0].line, |started| started.line),
        called_from: None,
        command: job.command.chars().take(400).collect(),
        status: job.status,
        place: Place::Awaited,
        tolerated: false,
        // Somebody killed it, most likely the document.
        is_answer: STOPPED.contains(&job.status) || is_answer(&job.command, job.status),
    }
}

/// Whether status 1 of each of these commands would be an answer.
pub(super) fn all_ask(parts: &[Part]) -> bool {
    parts.iter().all(|part| is_answer(&part.text, 1) || part.text.starts_with('!'))
}

fn reads_early(command: &str) -> bool {
    let mut words = command.split_whitespace();
    let name = words.next().unwrap_or_default();
    let letters = |word: &str, letter: char| word.starts_with('-') && !word.starts_with("--") && word.contains(letter);
    match name {
        "grep" => words
            .any(|word| letters(word, 'q') || letters(word, 'm') || letters(word, 'l') || word.starts_with("--max") || word == "--quiet"),
        "sed" => command.contains('q'),
        "awk" => command.contains("exit"),
        name => EARLY_READERS.contains(&name),
    }
}

/// Commands that bash did not find, by its own messages, where no status tells: `nosuchcommand || true`.
pub(super) fn missing_commands(script: &Script, text: &str, file: &str, stderr: &str, known: &[CommandFailure]) -> Vec<CommandFailure> {
    let own = stderr.lines().filter_map(|line| line.strip_prefix(file)?.strip_prefix(": line ")?.strip_suffix(": command not found"));
    let named = own.filter_map(|message| {
        let (line, name) = message.split_once(": ")?;
        Some((line.parse::<usize>().ok()?.checked_sub(1)?, name))
    });
    let mut found: Vec<CommandFailure> = Vec::new();
    for (line, name) in named {
        if known.iter().chain(&found).any(|failure| failure.status == 127 && failure.command.split_whitespace().next() == Some(name)) {
            continue;
        }
        let line = script.locate(text, line, name).map_or(line, |located| located.line);
        let command = name.to_owned();
        found.push(CommandFailure {
            line,
            called_from: None,
            command,
            status: 127,
            place: Place::TopLevel,
            tolerated: false,
            is_answer: false,
        });
    }
    found
}

/// An expression that bash could not compute, by its own message. Those of `((`, `let` and `[[` have a status, which tells.
/// `directory` holds the texts of all blocks, `file` that of this one.
pub(super) fn expression(directory: &str, file: &str, stderr: &str) -> Option<Defect> {
    // Source: expr.c of bash ends each of its messages so; the language is that of the run's own environment.
    let own = stderr.lines().find(|line| line.starts_with(directory) && line.contains(" (error token is \""))?;
    let (place, message) = own.split_once(": line ").and_then(|(path, rest)| Some((path, rest.split_once(": ")?)))?;
    let (line, message) = (message.0.parse::<usize>().ok()?.checked_sub(1)?, message.1);
    if ["((:", "let:", "[[:", "declare:"].iter().any(|builtin| message.starts_with(builtin)) {
        return None;
    }
    let message = message.split(" (error token is").next().unwrap_or_default().trim().to_owned();
    Some(Defect::Expression { line: if place == file { line } else { 0 }, message })
}

/// The subshell around a function's call: the call in the block first, then the calls between functions of one text.
fn calling_place<'a>(
    script: &'a Script,
    elsewhere: impl Iterator<Item = &'a Script>,
    line: usize,
    block_line: usize,
    calls: &[usize],
) -> Place {
    let lines = [line, block_line.saturating_sub(1)].into_iter();
    // The last two are the driver's.
    let between = || calls.iter().take(calls.len().saturating_sub(2)).map(|call| call.saturating_sub(1));
    let here = lines.chain(between()).map(|line| enclosing_place(script, line));
    let there: Vec<Place> = elsewhere.flat_map(|script| between().map(|line| enclosing_place(script, line))).collect();
    let all: Vec<Place> = here.chain(there).collect();
    if all.contains(&Place::Capture) { Place::Capture } else { all.first().copied().unwrap_or(Place::Subshell) }
}

/// The subshell that a line shows, a capture before all others, because it matters most.
fn enclosing_place(script: &Script, line: usize) -> Place {
    let on_line = script.commands().iter().filter(|command| (command.line..=command.last_line).contains(&line));
    let places: Vec<Place> = on_line.map(|command| command.place).filter(|place| *place != Place::TopLevel).collect();
    // A call in a capture over several lines is reported at its last.
    let in_capture = script.captures().iter().any(|capture| (capture.line..=capture.last_line).contains(&line));
    let capture = in_capture.then_some(&Place::Capture);
    capture.or(places.first()).copied().unwrap_or(Place::Subshell)
}

fn is_answer(command: &str, status: i32) -> bool {
    if status != 1 {
        return false;
    }
    let mut words = command.split_whitespace().skip_while(|word| *word == "!" || is_assignment(word));
    let name = words.next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    // Source: kubectl's reference: `auth can-i` and `diff` answer by their status.
    if name == "kubectl" && words.clone().any(|word| matches!(word, "can-i" | "diff")) {
        return true;
    }
    let looks_up = LOOK_UPS.contains(&name) || name == "command" && words.next().is_some_and(|option| matches!(option, "-v" | "-V"));
    ANSWERS.contains(&name) || looks_up || name.starts_with("((")
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_one_of_a_question_is_an_answer() {
        for command in ["grep -c x f", "/bin/grep x", "command -v y", "[ -f x ]", "LC_ALL=C diff a b", "which z"] {
            assert!(is_answer(command, 1), "{command}");
        }
        for (command, status) in [("grep x f", 2), ("command az", 1), ("az grep", 1), ("", 1)] {
            assert!(!is_answer(command, status), "{command}");
        }
    }

    #[test]
    fn an_open_here_document_is_read_from_the_warning_of_bash() {
        let warning = "/c/b8: line 10: warning: here-document at line 3 delimited by end-of-file (wanted `EOF')\n";
        assert_eq!(open_here_document("/c/b8", warning), Some(Defect::OpenHereDocument { line: 2, delimiter: "EOF".to_owned() }));
        assert_eq!(open_here_document("/c/b9", warning), None);
    }
}
