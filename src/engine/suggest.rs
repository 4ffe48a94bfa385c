//! The next step for a failure, as a line that can be pasted. Pure.

use crate::{
    engine::{
        cause::Scene,
        result::{Failure, StepResult},
    },
    runbook::Step,
};

/// A command or an assignment to try next.
pub(crate) fn next(scene: &Scene<'_>, step: &Step, result: &StepResult) -> Option<String> {
    if let Some(cause) = &result.caused_by {
        if let Some(variable) = &cause.variable {
            let script = &scene.scripts[cause.step];
            let origin = &scene.runbook.steps[cause.step];
            let capture = script
                .assignments()
                .iter()
                .find(|one| one.name == *variable && one.is_capture && origin.script_line + one.line == cause.line)
                .and_then(|one| one.value)
                .and_then(|span| origin.script.get(span.start..span.end));
            if let Some(capture) = capture {
                return Some(unfiltered(capture));
            }
            let nearest = scene.empty_uses().into_iter().find(|used| used.name == *variable).and_then(|used| used.nearest);
            return nearest.map(|nearest| format!("export {variable}=\"${nearest}\""));
        }
        let origin = &scene.runbook.steps[cause.step];
        return Some(again(scene, &origin.id));
    }
    if result.failures.iter().any(|failure| matches!(failure, Failure::TimedOut(_))) {
        // The option is for steps that say nothing themselves.
        let own = step.directives.timeout.or(scene.runbook.directives.timeout);
        return Some(match own {
            Some(_) => format!("a longer `timeout=` in the comment for the block of line {}", step.line),
            None => format!("{} --timeout 30m", again(scene, &step.id)),
        });
    }
    Some(again(scene, &step.id))
}

fn again(scene: &Scene<'_>, id: &str) -> String {
    let path = scene.runbook.source.path();
    let path = shlex::try_quote(path).map_or_else(|_| path.to_owned(), Into::into);
    format!("docent test {path} --filter {id} -v")
}

/// The command of a capture without what picks a part of its output, so that the author sees all of it.
fn unfiltered(capture: &str) -> String {
    let inside = capture.trim().trim_matches('"').trim_start_matches("$(").trim_end_matches(')').trim_matches('`');
    let joined = inside.replace("\\\n", " ");
    let mut words: Vec<&str> = Vec::new();
    let mut skip = false;
    for word in joined.split_whitespace() {
        if std::mem::take(&mut skip) {
            continue;
        }
        match word {
            "--query" | "--output" | "-o" => skip = true,
            "|" => break,
            _ if word.starts_with("--query=")
                || word.starts_with("--output=")
                || (word.starts_with("-o") && word.len() > 2 && !word.starts_with("--")) => {}
            _ => words.push(word),
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::unfiltered;

    #[test]
    fn a_filtered_capture_is_suggested_whole() {
        assert_eq!(unfiltered("\"$(az ad signed-in-user show --query objectId -o tsv)\""), "az ad signed-in-user show");
        assert_eq!(unfiltered("$(az group list -otsv \\\n  --query=[0].id | head -1)"), "az group list");
    }
}
