//! What must be there before a step is run: asked of the shell that will run it, so that its PATH, functions and clients count.

use std::time::Duration;

use crate::{
    engine::{
        blocked::pasteable,
        result::BlockedBy,
        world::{Observation, World},
    },
    runbook::Requirement,
    shell::{Block, Session, ShellError},
};

/// az may be asked about its extensions, which takes it seconds.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// The first of `requirements` that is not met, in their order.
pub(crate) async fn unmet<S: Session + Send>(
    requirements: impl Iterator<Item = &Requirement>,
    document: &str,
    session: &mut S,
    world: &mut dyn World,
) -> Result<Option<BlockedBy>, ShellError> {
    let requirements: Vec<&Requirement> = requirements.collect();
    if requirements.is_empty() {
        return Ok(None);
    }
    let question = question(&requirements);
    let answer = if question.is_empty() {
        String::new()
    } else {
        let block = Block { script: question, timeout: ANSWER_TIME_MAX, insists: true, ..Block::default() };
        session.run(block).await?.stdout.text().into_owned()
    };
    // What the question itself made the world say is no part of the step.
    let seen = world.observe();
    let variables = session.variables();
    let is_met = |index: usize, requirement: &Requirement| match requirement {
        Requirement::Command(_) | Requirement::Extension(_) => answer.lines().any(|line| line.parse() == Ok(index)),
        Requirement::Variable(name) => {
            variables.get(name).and_then(|variable| variable.value.as_ref()).is_some_and(|value| !value.is_empty())
        }
    };
    let unmet = requirements.iter().enumerate().find(|(index, requirement)| !is_met(*index, requirement));
    Ok(unmet.map(|(_, requirement)| blocked(requirement, document, &seen)))
}

/// A block that prints the numbers of the requirements that are met; empty when no shell need be asked.
fn question(requirements: &[&Requirement]) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut script = String::new();
    for (index, requirement) in requirements.iter().enumerate() {
        let condition = match requirement {
            Requirement::Command(name) => format!("\\builtin command -v -- {}", quoted(name)),
            Requirement::Extension(name) => format!("az extension show --name {}", quoted(name)),
            Requirement::Variable(_) => continue,
        };
        script.push_str(&format!("if {condition} >/dev/null 2>&1; then \\builtin printf '%s\\n' {index}; fi\n"));
    }
    script
}

fn blocked(requirement: &Requirement, document: &str, seen: &[Observation]) -> BlockedBy {
    match requirement {
        Requirement::Command(name) => BlockedBy {
            what: name.clone(),
            kind: "command".to_owned(),
            workaround: format!("install `{name}`, or mark the step with `docent: skip`"),
        },
        Requirement::Extension(name) => {
            let told = seen.iter().find_map(|one| match one {
                Observation::Unsupported { workaround, .. } if !workaround.is_empty() => Some(pasteable(workaround, document)),
                _ => None,
            });
            let workaround = told.unwrap_or_else(|| format!("run `az extension add --name {name}` first"));
            BlockedBy { what: name.clone(), kind: "extension".to_owned(), workaround }
        }
        Requirement::Variable(name) => {
            BlockedBy { what: name.clone(), kind: "variable".to_owned(), workaround: pasteable(&format!("--var {name}=VALUE"), document) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_is_asked_about_commands_and_extensions_only() {
        let all = [
            Requirement::Variable("A".to_owned()),
            Requirement::Command("it's".to_owned()),
            Requirement::Extension("aks-preview".to_owned()),
        ];
        let script = question(&all.iter().collect::<Vec<_>>());
        assert_eq!(
            script,
            "if \\builtin command -v -- 'it'\\''s' >/dev/null 2>&1; then \\builtin printf '%s\\n' 1; fi\n\
             if az extension show --name 'aks-preview' >/dev/null 2>&1; then \\builtin printf '%s\\n' 2; fi\n"
        );
        assert!(question(&[&all[0]]).is_empty());
    }
}
