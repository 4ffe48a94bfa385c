//! `export X=$(command)` succeeds even when the command fails.
//!
//! bash takes the status of `export` (or `declare`, `local`, `readonly`) for that of the whole line, so a failure inside `$(…)` is lost,
//! under `set -e` too. The variable is empty and a later command fails for a reason that has nothing to do with it.
//!
//! docent itself notices such failures and fails the step (`--masked`). Readers who paste the block, and other tools, do not. On two lines
//! the failure counts:
//!
//! ```sh
//! X=$(az account show --query id --output tsv)
//! export X
//! ```
//!
//! Only captures of programs that talk to a service are listed, all of a document in one finding.

use crate::{
    bash::{Assignment, AssignmentKind, CommandKind},
    lint::{
        document::{Block, Document},
        rule::Finding,
    },
};

/// Programs whose failures are worth noticing.
const PROGRAMS: [&str; 7] = ["az", "kubectl", "helm", "curl", "terraform", "gh", "azd"];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for block in &document.blocks {
        let script = &block.script;
        for assignment in
            script.assignments().iter().filter(|assignment| assignment.kind == AssignmentKind::Declaration && assignment.is_capture)
        {
            let Some(value) = assignment.value else { continue };
            let calls_a_service = script
                .captures()
                .iter()
                .filter(|capture| value.start <= capture.span.start && capture.span.end <= value.end)
                .any(|capture| {
                    capture.commands.iter().filter_map(|index| script.commands().get(*index)?.name()).any(|name| PROGRAMS.contains(&name))
                });
            if calls_a_service {
                found.push((
                    block.line(assignment.line),
                    block.place(assignment.span),
                    assignment.name.as_str(),
                    declaring(block, assignment),
                ));
            }
        }
    }
    let Some((_, place, name, by)) = found.first() else { return Vec::new() };
    let lines: Vec<String> = found.iter().map(|(line, ..)| line.to_string()).collect();
    let message = match lines.as_slice() {
        [_] => format!("a failure inside this capture is lost, because `{by}` succeeds whatever `{name}` is given"),
        _ => format!(
            "failures inside {} captures are lost, because `{by}` succeeds whatever it is given: lines {}",
            lines.len(),
            lines.join(", ")
        ),
    };
    let hint = format!("assign first and declare afterwards: `{name}=$(…)`, then `{by} {name}`");
    let hint = if *by == "export" { hint.replace("declare afterwards", "export afterwards") } else { hint };
    vec![Finding::new(*place, message).with_hint(hint)]
}

/// The command that takes the status: `export`, `local`, `readonly`, `declare`.
fn declaring<'b>(block: &'b Block<'_>, assignment: &Assignment) -> &'b str {
    let mut around = block.script.commands().iter().filter(|command| {
        command.kind == CommandKind::Declaration && command.span.start <= assignment.span.start && assignment.span.end <= command.span.end
    });
    around.next_back().and_then(|command| block.text(command.span).split_whitespace().next()).unwrap_or("export")
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "masked-capture";

    #[test]
    fn captures_of_a_document_are_one_finding() {
        check(
            CODE,
            "export A=$(az account show)\necho\nexport B=\"$(kubectl get pods)\"",
            &["1: failures inside 2 captures are lost, because `export` succeeds whatever it is given: lines 2, 4"],
        );
        check(CODE, "export A=\"$(az account show | jq -r .id)\"", &["a failure inside this capture"]);
        check(CODE, "readonly A=$(az account show)", &["because `readonly` succeeds"]);
    }

    #[test]
    fn what_is_not_lost_or_cannot_fail_is_no_finding() {
        check(CODE, "A=$(az account show)\nexport A\nexport B=$(openssl rand -hex 3)\nexport C=\"x$A\"", &[]);
    }
}
