//! What the driver told of a block, and what that says about it.

use super::capture::Captured;
use super::driver;
use super::failure::{self, Defect, Departure, FAILURES_MAX, Judgement};
use super::persistent::{Bash, Wait};
use super::report::{FailedCommand, FailedJob, FailedParts, Report, WatchName};
use super::session::{Block, Ending};
use crate::bash::Script;

/// What the driver told of a block.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) failed: Vec<FailedCommand>,
    pub(super) parts: Vec<FailedParts>,
    pub(super) jobs: Vec<FailedJob>,
    pub(super) left_by: Option<WatchName>,
}

impl Told {
    pub(super) fn hear(&mut self, report: Report, number: usize) {
        match report {
            // Those that stop a block are few, and come last.
            Report::Failed(report) if report.block == number && (report.stops || self.failed.len() < FAILURES_MAX) => {
                self.failed.push(report);
            }
            Report::Parts(report) if report.block == number && self.parts.len() < FAILURES_MAX => self.parts.push(report),
            Report::Job(report) if report.block == number && self.jobs.len() < FAILURES_MAX => self.jobs.push(report),
            Report::Leaving { block, subshell: 0, watch } if block == number => self.left_by = Some(watch),
            _ => {}
        }
    }
}

impl Bash {
    /// Functions outlive the text that defines them: later reports speak of it.
    pub(super) fn remember_functions(&mut self, number: usize, name: &str, text: &str) {
        let script = Some(text).filter(|text| text.contains("()") || text.contains("function ")).map(Script::parse);
        match script.filter(|script| !script.functions().is_empty()) {
            Some(script) => {
                let path = self.control.file(name).to_string_lossy().into_owned();
                self.earlier.insert(path, (script, text.to_owned()));
            }
            None => drop(self.watches.remove(&number)),
        }
    }

    pub(super) fn departure(&self, block: &Block, number: usize, name: WatchName) -> Option<Departure> {
        let part = self.watches.get(&name.block)?.get(name.index)?.parts.first()?;
        let here = name.block == number;
        let script = Script::parse(&block.script);
        let last = script.statements().last().map_or(0, |statement| statement.line);
        let in_function = self.watches.get(&name.block)?.get(name.index)?.in_function;
        Some(Departure {
            line: if here { part.line } else { 0 },
            command: part.text.clone(),
            skips: !here || in_function || part.line < last,
        })
    }

    pub(super) fn judge(&self, block: &Block, name: &str, wait: Wait, told: &Told, stderr: &Captured) -> (Judgement, Option<Defect>) {
        let failed = &told.failed;
        // Under `-e` bash ends the shell at text that it cannot read, otherwise only the block.
        let status = match wait {
            Wait::Done(status) | Wait::ShellEnded(Ending::Exited(status)) => Some(status),
            _ => None,
        };
        let may_be_syntax = matches!(status, Some(1 | 2)) && !failed.iter().any(|report| report.stops);
        let may_be_open = block.script.contains("<<");
        let ended = matches!(wait, Wait::ShellEnded(_));
        if failed.is_empty()
            && told.parts.is_empty()
            && told.jobs.is_empty()
            && stderr.total == 0
            && !may_be_syntax
            && !may_be_open
            && !ended
        {
            return (Judgement::default(), None);
        }
        let script = Script::parse(&block.script);
        let path = self.control.file(name);
        let path = path.to_string_lossy();
        let open = script.here_documents().iter().find(|document| !document.closed);
        let open = open.map(|document| Defect::OpenHereDocument { line: document.line, delimiter: document.delimiter.clone() });
        // What the grammar could not make out, bash still warns about.
        let open = open.or_else(|| failure::open_here_document(&path, &stderr.text()));
        let syntax = || {
            let line = syntax_line(stderr, &path, script.is_valid()).filter(|_| may_be_syntax)?;
            Some(Defect::Syntax { line })
        };
        let mut judgement = failure::judge(&script, &block.script, &path, failed, &self.earlier);
        for report in &told.parts {
            let watch = self.watches.get(&report.watch.block).and_then(|watches| watches.get(report.watch.index));
            let here = name.strip_prefix('b') == Some(report.watch.block.to_string().as_str());
            for part in watch.iter().flat_map(|watch| failure::unseen_parts(&script, report, watch, here)) {
                // A part that is made of commands has had its own report.
                let lines = part.line..=part.line + part.command.matches('\n').count();
                let known = |failure: &failure::CommandFailure| failure.status == part.status && lines.contains(&failure.line);
                let stop = judgement.stopped_at.as_ref().and_then(|stop| script.statement_at(stop.line));
                let stopped = stop.is_some_and(|statement| (statement.line..=statement.last_line).contains(&part.line));
                if !stopped && !judgement.masked.iter().any(known) {
                    judgement.masked.push(part);
                }
            }
        }
        for job in told.jobs.iter().filter(|job| job.subshell == 0) {
            let watch = self.watches.get(&job.watch.block).and_then(|watches| watches.get(job.watch.index));
            if let Some(awaited) = watch.map(|watch| failure::awaited(&script, &block.script, job, watch)) {
                // Its own report says less.
                let same = |known: &failure::CommandFailure| known.line == awaited.line && known.status == awaited.status;
                judgement.masked.retain(|known| !same(known));
                judgement.masked.push(awaited);
            }
        }
        let text = stderr.text();
        if judgement.stopped_at.is_none() && text.contains(": command not found") {
            judgement.masked.extend(failure::missing_commands(&script, &block.script, &path, &text, &judgement.masked));
        }
        let expression = || failure::expression(self.control.text(), &path, &text);
        if ended && judgement.stopped_at.is_none() && matches!(status, Some(1 | 127)) {
            judgement.stopped_at = failure::last_words(&script, &block.script, &path, &stderr.text());
        }
        let restricted = || {
            let is_restricted = wait == Wait::ShellEnded(Ending::Signaled(driver::RESTRICTED));
            // Without its builtins the driver comes to no end, and says nothing.
            let is_robbed = ended && judgement.stopped_at.is_none() && told.left_by.is_none() && block.script.contains("enable -n");
            (is_restricted || is_robbed).then_some(Defect::Restricted)
        };
        let defect = open.or_else(syntax).or_else(expression).or_else(restricted);
        (judgement, defect)
    }
}

/// The 0-based line of bash's own message about a block that it could not read: `FILE: line 3: …`. In another language than English
/// the grammar must agree that the text is wrong.
fn syntax_line(stderr: &Captured, path: &str, is_valid: bool) -> Option<usize> {
    let text = stderr.text();
    let mut messages = text.lines().filter_map(|line| line.strip_prefix(path)?.strip_prefix(": "));
    // Source: the messages of bash's parser in English.
    let message = messages.find(|message| !is_valid || message.contains("syntax error") || message.contains("unexpected EOF"))?;
    let digits: String = message.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse::<usize>().ok()?.checked_sub(1)
}
