//! `X=$(command | filter)` succeeds even when the command fails.
//!
//! The status of a pipeline is that of its last part, so `jq`, `tr` or `head` succeed on the nothing that a failed `az` printed. The
//! variable is empty and a later command fails instead. `set -o pipefail` at the top makes the first failure count; with `az`, `--query`
//! often makes the filter superfluous.
//!
//! Only captures of programs that talk to a service are listed, all of a document in one finding.

use crate::{
    bash::{CommandKind, Place},
    lint::{document::Document, rule::Finding},
};

const PROGRAMS: [&str; 5] = ["az", "kubectl", "helm", "curl", "terraform"];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for block in &document.blocks {
        let script = &block.script;
        if script
            .commands()
            .iter()
            .any(|command| matches!(command.name(), Some("set" | "shopt")) && block.text(command.span).contains("pipefail"))
        {
            return Vec::new();
        }
        for capture in script.captures().iter().filter(|capture| capture.assigned_to.is_some()) {
            let inside = || {
                script.commands().iter().filter(|command| capture.span.start < command.span.start && command.span.end < capture.span.end)
            };
            let is_pipeline = inside().any(|command| command.kind == CommandKind::Pipeline);
            let mut parts = inside().filter(|command| command.kind == CommandKind::Simple && command.place == Place::Pipeline);
            let Some(first) = parts.next().and_then(|command| command.name()) else { continue };
            if is_pipeline && PROGRAMS.contains(&first) && parts.next().is_some() {
                found.push((block.line(capture.line), block.place(capture.span), first));
            }
        }
    }
    let Some((_, place, program)) = found.first() else { return Vec::new() };
    let lines: Vec<String> = found.iter().map(|(line, ..)| line.to_string()).collect();
    let message = match lines.as_slice() {
        [_] => format!("a failure of `{program}` in this pipeline is lost: the last part decides"),
        _ => format!(
            "failures of the first part of {} pipelines are lost, because the last part decides: lines {}",
            lines.len(),
            lines.join(", ")
        ),
    };
    vec![Finding::new(*place, message).with_hint("put `set -o pipefail` into the first block")]
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "masked-pipeline";

    #[test]
    fn a_service_behind_a_filter_is_found() {
        check(CODE, "A=$(az account show | jq -r .id)", &["a failure of `az`"]);
        check(
            CODE,
            "A=$(az account show | jq -r .id)\nB=\"$(curl -s x | head -1)\"",
            &["2 pipelines are lost, because the last part decides: lines 2, 3"],
        );
    }

    #[test]
    fn pipefail_local_programs_and_plain_pipelines_are_no_finding() {
        check(CODE, "set -euo pipefail\nA=$(az account show | jq -r .id)", &[]);
        check(CODE, "A=$(tr -dc a-z </dev/urandom | head -c 6)\naz group list | jq .\nB=$(az account show)", &[]);
    }
}
