//! The sentences. Every reporter says the same thing in the same words.

use crate::{
    engine::event::SandboxReport,
    engine::result::{
        BackgroundEnd, BlockedBy, Cause, CommandFailure, Failure, Hider, Leftover, Note, RunbookStatus, StepResult, StepStatus, Totals,
    },
    runbook::{Criterion, Role, Runbook, Step},
};

/// So many different reasons of earlier attempts are shown.
const EARLIER_REASONS_MAX: usize = 3;

/// A step's status as one word, as in the JSON report.
pub fn step_status(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Passed => "passed",
        StepStatus::Failed => "failed",
        StepStatus::TimedOut => "timed-out",
        StepStatus::Unsupported => "unsupported",
        StepStatus::Skipped => "skipped",
        StepStatus::NotRun => "not-run",
    }
}

/// What a sandbox that was to be there leaves open; none when that is nothing, or when none was asked for.
pub fn open_walls(sandbox: &SandboxReport) -> Option<String> {
    let open = match (sandbox.denies_network, sandbox.denies_secrets) {
        _ if sandbox.asked == "off" => return None,
        (true, true) => return None,
        (false, true) => "the network",
        (true, false) => "your files",
        (false, false) => "the network and your files",
    };
    Some(format!("steps can reach {open}: {}. Try: docent doctor", sandbox.summary))
}

/// When a step runs, as one word, as in the JSON report.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Ordinary => "ordinary",
        Role::Setup => "setup",
        Role::Cleanup => "cleanup",
    }
}

/// How a step in the background ended, as one word, as in the JSON report.
pub fn background(end: BackgroundEnd) -> &'static str {
    match end {
        BackgroundEnd::Stopped => "stopped",
        BackgroundEnd::ByItself => "ended",
    }
}

/// A runbook's status as one word, as in the JSON report.
pub fn runbook_status(status: RunbookStatus) -> &'static str {
    match status {
        RunbookStatus::Passed => "passed",
        RunbookStatus::Failed => "failed",
        RunbookStatus::Incomplete => "incomplete",
        RunbookStatus::Unreadable => "unreadable",
    }
}

/// Why a step failed, as one sentence fragment that starts with the place.
pub fn failure(runbook: &Runbook, result: &StepResult, failure: &Failure) -> String {
    let step = &runbook.steps[result.index];
    let (line, what) = match failure {
        Failure::Command(CommandFailure { line, command, exit_code, .. }) => {
            (*line, format!("`{}` ended with {}", first_line(command), exit(*exit_code)))
        }
        Failure::Masked(CommandFailure { line, command, exit_code, hidden_by }) => {
            let why = match hidden_by {
                Some(Hider::Pipeline) => "in a pipeline, of which bash looks at the last part only",
                Some(Hider::List) => "left of `&&`, so that what stands behind it was not run, and bash went on",
                Some(Hider::Wait) => "in the background, and `wait` does not tell",
                Some(Hider::Condition) if *exit_code == 127 => "where its status is only looked at: there is no such command",
                Some(Hider::Condition) => "where its status is only looked at: it could not read its own command line",
                Some(Hider::Capture) | None => "inside a capture, where bash discards it; the variable holds whatever was printed",
            };
            (*line, format!("`{}` ended with {} {why}", first_line(command), exit(*exit_code)))
        }
        Failure::Unset { line, name, nearest } => {
            let hint = nearest.as_ref().map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
            (*line, format!("{name} is used here and set nowhere, so bash puts nothing in its place{hint}"))
        }
        Failure::Text(defect) => (defect.line, defect.what.clone()),
        Failure::Status { expected, actual } => (step.line, format!("the block ended with {actual}, expected {expected}")),
        Failure::Expectation(index) => match result.checks.get(*index) {
            Some(check) => (check.line, check.verdict.reason.clone()),
            None => (step.line, "an expected output could not be judged".to_owned()),
        },
        Failure::StderrLacks(text) => (step.line, format!("standard error does not contain {text:?}")),
        Failure::NotReady { text, waited: Some(waited) } => {
            (step.line, format!("it has not printed {text:?} within {}; it was stopped", duration(*waited)))
        }
        Failure::NotReady { text, waited: None } => (step.line, format!("it ended and had not printed {text:?}")),
        Failure::Stranger { line, name, reason, nearest } => {
            let hint = nearest.as_ref().map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default();
            (*line, format!("nobody is signed in as `{name}`: {reason}{hint}"))
        }
        Failure::Capture { line, name, reason } => (*line, format!("{name} could not be set: {reason}")),
        Failure::Interrupted => (step.line, "interrupted; it and all it had started were stopped".to_owned()),
        Failure::RunTimedOut(limit) => {
            (step.line, format!("still running when the whole run had taken {}, the most that it may; it was stopped", duration(*limit)))
        }
        Failure::TimedOut(limit) => (step.line, format!("still running after {}; it was stopped", duration(*limit))),
    };
    format!("{}: {what}", place(step, line))
}

/// How often a step was tried, when more than once.
pub fn attempts(result: &StepResult) -> Option<String> {
    let attempts = result.attempts;
    match (attempts > 1, result.flaky, result.status) {
        (false, ..) => None,
        (_, true, _) => Some(format!("flaky: passed only at attempt {attempts}")),
        (_, _, StepStatus::Passed) => Some(format!("passed at attempt {attempts}")),
        _ => Some(format!("tried {attempts} times")),
    }
}

/// Why the earlier attempts of a failed step failed, where that was not why the last one did; the first few.
pub fn earlier(runbook: &Runbook, result: &StepResult) -> Vec<String> {
    let reasons = |attempt: &StepResult| attempt.failures.iter().map(|one| failure(runbook, attempt, one)).collect::<Vec<_>>().join("; ");
    let mut known = vec![reasons(result)];
    let mut lines = Vec::new();
    for attempt in &result.earlier {
        let said = reasons(attempt);
        if !known.contains(&said) && lines.len() < EARLIER_REASONS_MAX {
            lines.push(format!("attempt {}: {said}", attempt.attempts));
            known.push(said);
        }
    }
    lines
}

/// Something that a document has not removed, when that is worth a line.
pub fn leftover(runbook: Option<&Runbook>, leftover: &Leftover) -> Option<String> {
    let is_worth_a_line = leftover.is_left() || leftover.is_forgotten && leftover.step.is_some();
    if !is_worth_a_line {
        return None;
    }
    let step = leftover.step.and_then(|index| runbook?.steps.get(index));
    let place = step.zip(leftover.line).map(|(step, line)| format!(" ({})", place(step, line))).unwrap_or_default();
    let more = [&leftover.reason, &leftover.hint].into_iter().flatten().map(|text| format!("; {text}")).collect::<String>();
    Some(format!("{} {}{place}{more}", leftover.kind, leftover.name))
}

/// One line for a reader who comes from Innovation Engine: why it would have let this failure pass; none where it would not.
pub fn incumbent(result: &StepResult, failure: &Failure) -> Option<String> {
    match failure {
        Failure::Masked(_) | Failure::Unset { .. } => {
            Some("Innovation Engine would not have seen this: it looks at the block's own status only".to_owned())
        }
        Failure::Expectation(index) => {
            let check = result.checks.get(*index)?;
            match (&check.criterion, check.verdict.ie_score) {
                (Criterion::Similarity(threshold), Some(score)) if score >= *threshold => {
                    Some(format!("Innovation Engine would have passed this: its score is {score:.2}, and {threshold} is enough for it"))
                }
                (Criterion::Unmarked, _) => {
                    Some("Innovation Engine would have passed this: it does not look at outputs without expected_similarity".to_owned())
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// What was lacking, as one sentence fragment.
pub fn blocked_by(blocked: &BlockedBy) -> String {
    match blocked.kind.as_str() {
        "command" => format!("`{}` is not available here", blocked.what),
        "extension" => format!("az has no extension `{}` here", blocked.what),
        "variable" => format!("the variable {} is not set, and the document does not set it", blocked.what),
        "host" => format!("the host {} is outside the sandbox", blocked.what),
        "option" => format!("the option {} is not emulated", blocked.what),
        "interactive" => format!("it asks a question ({}), and nobody is there to answer", blocked.what),
        _ => format!("{} is not emulated", blocked.what),
    }
}

/// A line of the document that a step stands in: `line 12`, or `other.md:12` in a document that runs before.
pub fn place(step: &Step, line: usize) -> String {
    match &step.document {
        Some(source) => format!("{}:{line}", source.path()),
        None => format!("line {line}"),
    }
}

/// Where a failure comes from, as one sentence fragment.
pub fn cause(runbook: &Runbook, failed: usize, cause: &Cause) -> String {
    if cause.step == failed {
        return cause.reason.clone();
    }
    match runbook.steps.get(cause.step) {
        Some(step) => format!("{} (step `{}`, {})", cause.reason, step.id, place(step, step.line)),
        None => cause.reason.clone(),
    }
}

/// A note about `step`, with its place.
pub fn note(step: &Step, note: &Note) -> String {
    format!("{}: {}", place(step, note.line), note.message)
}

/// How much was checked: `19 steps ran · 2 outputs checked · 4 shown but not checked`.
pub fn checked(totals: &Totals) -> String {
    let ran = totals.steps - totals.steps_skipped - totals.steps_not_run;
    format!(
        "{} ran · {} checked · {} shown but not checked",
        count(ran, "step", "steps"),
        count(totals.outputs_checked, "output", "outputs"),
        totals.outputs_unchecked
    )
}

/// `1 step`, `2 steps`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A duration for people: `0.3 ms`, `42 ms`, `1.5 s`, `3 min 20 s`.
pub fn duration(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.001 {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 120.0 {
        let text = format!("{seconds:.1}");
        format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
    } else {
        format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

fn exit(code: i32) -> String {
    match code {
        126 => "status 126 (found, but it cannot be executed)".to_owned(),
        127 => "status 127 (no such command)".to_owned(),
        129..=159 => format!("status {code} (signal {})", code - 128),
        _ => format!("status {code}"),
    }
}

/// The first line of a command, continuations joined, cut at 120 characters.
pub fn first_line(command: &str) -> String {
    let joined = command.replace("\\\n", " ");
    let line = joined.lines().next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let more = joined.lines().nth(1).is_some();
    match line.char_indices().nth(120) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None if more => format!("{line} …"),
        None => line,
    }
}
