//! The run as a person reads it: a line a step, failures with the place, the reason and the next step.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::Arc,
};

use unicode_width::UnicodeWidthStr;

use crate::{
    diagnostic::Severity,
    engine::{
        access::Access,
        event::{Event, Listener, RunHeader},
        result::{BackgroundEnd, BlockedBy, Check, Failure, RunbookResult, RunbookStatus, StepResult, StepStatus, Totals},
    },
    report::{
        style::{BAD, DOUBT, GOOD, NEXT, Painted, QUIET, TITLE},
        wording,
    },
    runbook::{Criterion, Role, Runbook},
    score::Cost,
};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Failures and the last line only.
    Quiet,
    /// A line a step.
    Normal,
    /// Also what each block printed, and why requests were refused.
    Verbose,
    /// Also who decided about every other request.
    Requests,
}

/// How many requests of one step are explained.
const ACCESSES_MAX: usize = 100;

/// How many lines of a failed block's output are shown.
const OUTPUT_LINES_MAX: usize = 12;

/// Writes to a terminal, or plain text to anything else.
pub struct Terminal<W> {
    out: W,
    verbosity: Verbosity,
    /// Whether a line may be overwritten: the step that is running now is shown.
    live: bool,
    documents: BTreeMap<usize, Document>,
    running: Option<String>,
    error: Option<io::Error>,
}

struct Document {
    runbook: Arc<Runbook>,
    width: usize,
    folded: BTreeMap<usize, Vec<usize>>,
    /// What the last step lacked.
    lacking: Option<BlockedBy>,
}

impl<W: Write + Send> Terminal<W> {
    /// A reporter to `out`; `live` when `out` is a terminal on which the running step may be shown and overwritten.
    pub fn new(out: W, verbosity: Verbosity, live: bool) -> Self {
        Self { out, verbosity, live, documents: BTreeMap::new(), running: None, error: None }
    }

    /// What went wrong while writing, if anything did.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Gives the writer back.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn take(&mut self, event: &Event) -> io::Result<()> {
        self.clear_running()?;
        match event {
            Event::RunStarted(header) => self.header(header),
            Event::RunbookStarted { runbook, document, target, because, sandbox, .. } => {
                let width = document.steps.iter().map(|step| step.id.width()).max().unwrap_or(0).min(60);
                if self.verbosity > Verbosity::Quiet {
                    writeln!(self.out)?;
                    writeln!(self.out, "{}  {}", Painted(TITLE, document.source.path()), document.title)?;
                    writeln!(self.out, "{}", Painted(QUIET, format!("target {target}: {because}")))?;
                    if self.verbosity >= Verbosity::Verbose {
                        writeln!(self.out, "{}", Painted(QUIET, format!("sandbox {}: {}", sandbox.asked, sandbox.summary)))?;
                    } else if let Some(open) = wording::open_walls(sandbox) {
                        writeln!(self.out, "{}", Painted(DOUBT, open))?;
                    }
                }
                self.documents.insert(*runbook, Document { runbook: Arc::clone(document), width, folded: BTreeMap::new(), lacking: None });
                Ok(())
            }
            Event::StepStarted { runbook, step } => self.show_running(*runbook, *step),
            Event::StepTriedAgain { runbook, step, attempt } => self.show_attempt(*runbook, *step, *attempt),
            Event::StepInBackground { runbook, step } => self.in_background(*runbook, *step),
            Event::StepFinished { runbook, result } => self.step(*runbook, result),
            Event::RunbookFinished { runbook, path, result } => self.runbook(*runbook, path, result),
            Event::RunFinished { totals, interrupted } => self.summary(totals, *interrupted),
        }
    }

    fn header(&mut self, header: &RunHeader) -> io::Result<()> {
        for loosened in &header.loosened {
            writeln!(self.out, "{}", Painted(DOUBT, format!("this run checks less than it could: {loosened}")))?;
        }
        if self.verbosity == Verbosity::Quiet {
            return Ok(());
        }
        let azure = header.azure.as_ref().map(|profile| format!(" · Azure as of {profile}")).unwrap_or_default();
        writeln!(self.out, "{}", Painted(QUIET, format!("docent {}{azure} · seed {}", header.version, header.seed)))
    }

    fn show_running(&mut self, runbook: usize, step: usize) -> io::Result<()> {
        self.show_attempt(runbook, step, 1)
    }

    fn show_attempt(&mut self, runbook: usize, step: usize, attempt: u32) -> io::Result<()> {
        let Some(document) = self.documents.get(&runbook).filter(|_| self.live) else { return Ok(()) };
        let step = &document.runbook.steps[step];
        let which = if attempt > 1 { format!("  attempt {attempt}") } else { String::new() };
        let text = format!("  … {}  {}{which}", step.id, wording::place(step, step.line));
        write!(self.out, "{}", Painted(QUIET, &text))?;
        self.out.flush()?;
        self.running = Some(text);
        Ok(())
    }

    fn in_background(&mut self, runbook: usize, step: usize) -> io::Result<()> {
        let Some(document) = self.documents.get(&runbook).filter(|_| self.verbosity > Verbosity::Quiet) else { return Ok(()) };
        let step = &document.runbook.steps[step];
        let pad = " ".repeat(document.width.saturating_sub(step.id.width()));
        let place = wording::place(step, step.line);
        let line = format!("{place:<9} {:>8}   goes on in the background", "");
        writeln!(self.out, "  {} {}{pad}  {}", Painted(QUIET, "&"), step.id, Painted(QUIET, line))
    }

    fn clear_running(&mut self) -> io::Result<()> {
        if self.running.take().is_some() {
            write!(self.out, "\r\x1b[K")?;
        }
        Ok(())
    }

    fn step(&mut self, position: usize, result: &StepResult) -> io::Result<()> {
        let Some(document) = self.documents.get_mut(&position) else { return Ok(()) };
        let step = &document.runbook.steps[result.index];
        let (style, mark) = match result.status {
            StepStatus::Passed if result.flaky => (DOUBT, "✓"),
            StepStatus::Passed => (GOOD, "✓"),
            StepStatus::Failed | StepStatus::TimedOut => (BAD, "✗"),
            StepStatus::Unsupported => (DOUBT, "?"),
            StepStatus::Skipped | StepStatus::NotRun => (QUIET, "-"),
        };
        let is_failure = matches!(result.status, StepStatus::Failed | StepStatus::TimedOut);
        if self.verbosity == Verbosity::Quiet && !is_failure {
            return Ok(());
        }
        let place = if self.verbosity == Verbosity::Quiet {
            format!("{}:{}", document.runbook.source_of(step).path(), step.line)
        } else {
            wording::place(step, step.line)
        };
        let pad = " ".repeat(document.width.saturating_sub(step.id.width()));
        let time = if result.attempts == 0 { String::new() } else { wording::duration(result.duration) };
        let summary = one_line(&document.runbook, result);
        let line = format!("{:<9} {:>8}   {summary}", place, time);
        writeln!(self.out, "  {} {}{pad}  {}", Painted(style, mark), step.id, Painted(QUIET, line.trim_end()))?;
        if let Some(origin) = result.caused_by.as_ref().map(|cause| cause.step).filter(|origin| is_failure && *origin != result.index) {
            document.folded.entry(origin).or_default().push(result.index);
        }
        let runbook = Arc::clone(&document.runbook);
        if is_failure {
            self.failure(&runbook, result)?;
        } else {
            if self.verbosity >= Verbosity::Verbose {
                self.output(&result.stdout.text, usize::MAX)?;
                self.output(&result.stderr.text, usize::MAX)?;
            }
            self.accesses(result)?;
            self.notes(&runbook, result)?;
        }
        let document = self.documents.get_mut(&position);
        // What the whole document lacks is said once.
        let is_known = document.is_some_and(|document| {
            result.attempts == 0 && std::mem::replace(&mut document.lacking, result.blocked_by.clone()) == result.blocked_by
        });
        if let Some(blocked) = result.blocked_by.as_ref().filter(|_| !is_known) {
            writeln!(self.out, "      {}", wording::blocked_by(blocked))?;
            // A command can be pasted; anything else is advice.
            if blocked.workaround.is_empty() || blocked.workaround.starts_with("docent ") {
                self.next(Some(&blocked.workaround).filter(|text| !text.is_empty()).map(String::as_str))?;
            } else {
                writeln!(self.out, "      {}", blocked.workaround)?;
            }
        }
        Ok(())
    }

    fn failure(&mut self, runbook: &Runbook, result: &StepResult) -> io::Result<()> {
        for failure in &result.failures {
            writeln!(self.out, "      {}", wording::failure(runbook, result, failure))?;
            if let Failure::Expectation(index) = failure
                && let Some(check) = result.checks.get(*index)
            {
                self.costs(check)?;
            }
        }
        let (output, both) = if result.stderr.text.trim().is_empty() { (&result.stdout.text, false) } else { (&result.stderr.text, true) };
        if self.verbosity >= Verbosity::Verbose && both {
            self.output(&result.stdout.text, usize::MAX)?;
        }
        let lines = if self.verbosity >= Verbosity::Verbose { usize::MAX } else { OUTPUT_LINES_MAX };
        self.output(output, lines)?;
        self.accesses(result)?;
        for line in wording::earlier(runbook, result) {
            writeln!(self.out, "      {}", Painted(QUIET, line))?;
        }
        if let Some(cause) = &result.caused_by {
            writeln!(self.out, "      {} {}", Painted(TITLE, "because"), wording::cause(runbook, result.index, cause))?;
        }
        self.notes(runbook, result)?;
        for line in result.failures.iter().filter_map(|failure| wording::incumbent(result, failure)).take(1) {
            writeln!(self.out, "      {}", Painted(QUIET, line))?;
        }
        self.next(result.suggestion.as_deref())
    }

    fn costs(&mut self, check: &Check) -> io::Result<()> {
        let reason = &check.verdict.reason;
        // What the sentence above says already.
        let is_said = |cost: &Cost| !cost.actual.is_empty() && reason.contains(&cost.actual) && reason.contains(&cost.expected);
        for cost in check.verdict.costs.iter().filter(|cost| cost.cost > 0.0 && !is_said(cost)).take(4) {
            let (expected, actual) = (wording::first_line(&cost.expected), wording::first_line(&cost.actual));
            let actual = if actual.is_empty() { "nothing".to_owned() } else { actual };
            writeln!(self.out, "      {}", Painted(QUIET, format!("  {}: {expected} → {actual}", cost.path)))?;
        }
        Ok(())
    }

    fn notes(&mut self, runbook: &Runbook, result: &StepResult) -> io::Result<()> {
        let step = &runbook.steps[result.index];
        for note in &result.notes {
            writeln!(self.out, "      {} {}", Painted(DOUBT, note.severity), wording::note(step, note))?;
        }
        Ok(())
    }

    /// Who decided about requests and why: about those that were refused, or about all.
    fn accesses(&mut self, result: &StepResult) -> io::Result<()> {
        if self.verbosity < Verbosity::Verbose {
            return Ok(());
        }
        let is_shown = |access: &&Access| access.refused || self.verbosity == Verbosity::Requests;
        let (shown, more): (Vec<&Access>, usize) = {
            let all: Vec<&Access> = result.accesses.iter().filter(is_shown).collect();
            let more = all.len().saturating_sub(ACCESSES_MAX);
            (all.into_iter().take(ACCESSES_MAX).collect(), more)
        };
        for access in shown {
            let caller = if access.caller.is_empty() { "nobody who is known" } else { &access.caller };
            writeln!(
                self.out,
                "      {} {}",
                Painted(QUIET, "request"),
                Painted(QUIET, format!("{} → {}, by {caller}", access.request, access.status))
            )?;
            for (name, found) in &access.checks {
                writeln!(self.out, "        {}", Painted(QUIET, format!("{name}: {}", printable(found))))?;
            }
        }
        if more > 0 {
            writeln!(self.out, "      {}", Painted(QUIET, format!("… {}", wording::count(more, "more request", "more requests"))))?;
        }
        Ok(())
    }

    /// Shows a block's output; of a long one the beginning, where clients say what is wrong, and the end, where programs do.
    fn output(&mut self, text: &str, lines_max: usize) -> io::Result<()> {
        let total = text.lines().count();
        let hidden = total.saturating_sub(lines_max);
        let head = if hidden > 0 { lines_max / 2 } else { total };
        for (number, line) in text.lines().enumerate() {
            if number < head || number >= head + hidden {
                writeln!(self.out, "      {} {}", Painted(QUIET, "│"), printable(line))?;
            } else if number == head {
                let more = format!("│ … {} more; -v shows all", wording::count(hidden, "line", "lines"));
                writeln!(self.out, "      {}", Painted(QUIET, more))?;
            }
        }
        Ok(())
    }

    fn next(&mut self, suggestion: Option<&str>) -> io::Result<()> {
        match suggestion {
            Some(command) => writeln!(self.out, "      {} {command}", Painted(NEXT, "Try:")),
            None => writeln!(self.out, "      {}", Painted(QUIET, "No suggestion for this one.")),
        }
    }

    fn runbook(&mut self, runbook: usize, path: &str, result: &RunbookResult) -> io::Result<()> {
        if let Some(document) = self.documents.get(&runbook) {
            for (origin, followers) in &document.folded {
                let step = &document.runbook.steps[*origin];
                writeln!(
                    self.out,
                    "  {} failed because of `{}` (line {})",
                    wording::count(followers.len(), "later step", "later steps"),
                    step.id,
                    step.line
                )?;
            }
        }
        for leftover in &result.leftovers {
            let document = self.documents.get(&runbook).map(|document| Arc::clone(&document.runbook));
            let Some(line) = wording::leftover(document.as_deref(), leftover) else { continue };
            if leftover.is_left() {
                writeln!(self.out, "  {} {line}", Painted(BAD, "left behind:"))?;
            } else if self.verbosity > Verbosity::Quiet {
                writeln!(self.out, "  {} left behind: {line}", Painted(DOUBT, Severity::Advice))?;
            }
        }
        for reason in &result.reasons {
            let style = if result.status == RunbookStatus::Passed { QUIET } else { BAD };
            writeln!(self.out, "  {} {reason}", Painted(style, format!("{path}:")))?;
        }
        Ok(())
    }

    fn summary(&mut self, totals: &Totals, interrupted: bool) -> io::Result<()> {
        let mut parts = Vec::new();
        let mut part = |number: usize, word: &str, style| {
            if number > 0 {
                parts.push(Painted(style, format!("{number} {word}")).to_string());
            }
        };
        part(totals.steps_passed, "passed", GOOD);
        // No runbook failed, so what failed was promised to.
        if totals.failed == 0 {
            part(totals.steps_failed, "failed as promised", QUIET);
        } else {
            part(totals.steps_failed, "failed", BAD);
        }
        part(totals.steps_flaky, "of them flaky", DOUBT);
        part(totals.steps_timed_out, "timed out", BAD);
        part(totals.steps_unsupported, "unsupported", DOUBT);
        part(totals.steps_skipped, "skipped", QUIET);
        part(totals.steps_not_run, "not run", QUIET);
        writeln!(self.out)?;
        if interrupted {
            writeln!(self.out, "{}", Painted(BAD, "interrupted"))?;
        }
        writeln!(self.out, "steps     {}", if parts.is_empty() { "none".to_owned() } else { parts.join(", ") })?;
        let mut books = Vec::new();
        let mut book = |number: usize, word: &str, style| {
            if number > 0 {
                books.push(Painted(style, format!("{number} {word}")).to_string());
            }
        };
        book(totals.passed, "passed", GOOD);
        book(totals.failed, "failed", BAD);
        book(totals.incomplete, "incomplete", DOUBT);
        book(totals.unreadable, "unreadable", BAD);
        writeln!(self.out, "runbooks  {}", if books.is_empty() { "none".to_owned() } else { books.join(", ") })?;
        writeln!(self.out, "{}", Painted(QUIET, wording::checked(totals)))?;
        self.out.flush()
    }
}

impl<W: Write + Send> Listener for Terminal<W> {
    fn hear(&mut self, event: &Event) {
        // A terminal that cannot be written must not end the run: the other reports still want it.
        if let Err(error) = self.take(event) {
            self.error.get_or_insert(error);
        }
    }
}

/// One step as plain text, for test frameworks that print messages themselves.
pub fn plain_step(runbook: &Arc<Runbook>, result: &StepResult) -> String {
    let mut terminal = Terminal::new(Vec::new(), Verbosity::Normal, false);
    terminal.documents.insert(0, Document { runbook: Arc::clone(runbook), width: 0, folded: BTreeMap::new(), lacking: None });
    // Writing to memory cannot fail.
    let _ = terminal.step(0, result);
    anstream::adapter::strip_str(&String::from_utf8_lossy(&terminal.out)).to_string()
}

/// What stands behind a step's id.
fn one_line(runbook: &Runbook, result: &StepResult) -> String {
    let step = &runbook.steps[result.index];
    match result.status {
        StepStatus::Skipped => step.directives.skip.clone().unwrap_or_default(),
        StepStatus::NotRun => match &result.caused_by {
            Some(cause) => format!("not run: {}", wording::cause(runbook, result.index, cause)),
            None if result.attempts > 0 => "interrupted".to_owned(),
            None => "not run".to_owned(),
        },
        _ => {
            let mut parts = Vec::new();
            parts.extend(wording::attempts(result));
            match step.directives.role {
                Role::Ordinary => {}
                Role::Setup => parts.push("sets up".to_owned()),
                Role::Cleanup => parts.push("cleans up".to_owned()),
            }
            parts.extend(result.background.filter(|_| result.status == StepStatus::Passed).map(|end| match end {
                BackgroundEnd::Stopped => "ran in the background until it was stopped".to_owned(),
                BackgroundEnd::ByItself => "ran in the background and ended by itself".to_owned(),
            }));
            for check in result.checks.iter().filter(|check| check.judged) {
                parts.push(match (&check.criterion, check.verdict.score, check.verdict.passed) {
                    (Criterion::Similarity(threshold), Some(score), true) => format!("output {score:.2} alike, {threshold} asked"),
                    (Criterion::Regex(_), _, true) => "output matches".to_owned(),
                    (Criterion::Unmarked, Some(score), true) => format!("output {score:.2} alike, not checked"),
                    (Criterion::Unmarked, None, true) => "output not checked".to_owned(),
                    _ => "output differs".to_owned(),
                });
            }
            parts.join(" · ")
        }
    }
}

/// A line that cannot move the cursor or change colours: control characters become their pictures.
fn printable(line: &str) -> String {
    line.chars()
        .map(|c| match c {
            '\t' => '\t',
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}'..='\u{9f}' => '\u{fffd}',
            _ => c,
        })
        .collect()
}
