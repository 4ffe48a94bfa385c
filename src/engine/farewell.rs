//! What the document's own EXIT trap came to, when the shell ended after the last step. Pure.

use crate::{
    bash::Script,
    runbook::Runbook,
    shell::{Ending, Outcome},
};

/// A sentence about an EXIT trap that failed or complained; none when it did neither. bash discards its status, so it fails nothing.
pub(super) fn sentence(runbook: &Runbook, scripts: &[Script], outcome: &Outcome) -> Option<String> {
    let how = match outcome.ending {
        Ending::Exited(0) => String::new(),
        Ending::Exited(status) => format!(" with status {status}"),
        Ending::Signaled(signal) => format!(" with signal {signal}"),
        Ending::TimedOut => " when its time was up".to_owned(),
        Ending::Interrupted | Ending::Stopped => return None,
    };
    let stderr = outcome.stderr.text();
    let said = stderr.lines().map(str::trim).find(|line| !line.is_empty());
    if how.is_empty() && said.is_none() {
        return None;
    }
    let place = last_trap(runbook, scripts).map(|line| format!("line {line}: ")).unwrap_or_default();
    let said = said.map(|line| format!(": {line}")).unwrap_or_default();
    Some(format!("{place}the EXIT trap, which ran after all steps, ended{how}{said}"))
}

/// The document line of the last `trap … EXIT`.
fn last_trap(runbook: &Runbook, scripts: &[Script]) -> Option<usize> {
    let steps = runbook.steps.iter().zip(scripts);
    let traps = steps.flat_map(|(step, script)| {
        let sets = script.commands().iter().filter(|command| {
            command.name() == Some("trap") && command.words.iter().skip(2).any(|word| matches!(word.text.as_str(), "EXIT" | "0"))
        });
        sets.map(|command| step.script_line + command.line)
    });
    traps.last()
}
