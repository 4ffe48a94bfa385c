//! A step that somebody else runs: who is signed in is changed before it and changed back after it.

use std::time::Duration;

use crate::{
    engine::{
        captured::export,
        execute::Run,
        result::{Failure, StepResult, StepStatus},
        world::{Guise, World},
    },
    runbook::{Principal, Role},
    shell::{Block, Session, ShellError},
};

/// Writing some small files takes no longer.
const CHANGE_TIME_MAX: Duration = Duration::from_secs(30);

/// What the variables of a guise were before it was put on; none for those that were not set.
pub(super) struct Before(Vec<(String, Option<String>)>);

impl Run<'_> {
    /// Signs `principal` in, in the shell too. The failure of the step when that cannot be.
    pub(super) async fn disguise<S: Session + Send>(
        &mut self,
        index: usize,
        principal: &Principal,
        world: &mut dyn World,
        session: &mut S,
    ) -> Result<Result<Before, StepResult>, ShellError> {
        let insists = self.job.runbook.steps[index].directives.role == Role::Cleanup;
        let failed = |reason: String, nearest: Option<String>| StepResult {
            failures: vec![Failure::Stranger { line: principal.line, name: principal.name.clone(), reason, nearest }],
            attempts: 1,
            ..StepResult::not_run(index, StepStatus::Failed)
        };
        let guise = match world.act_as(&principal.name) {
            Ok(guise) => guise,
            Err(stranger) => return Ok(Err(failed(stranger.reason, stranger.nearest))),
        };
        self.redactor.add_possible_secrets(world.secrets());
        let variables = session.variables();
        let value = |name: &str| variables.get(name).and_then(|variable| variable.value.clone());
        let before = Before(guise.variables.iter().map(|(name, _)| (name.clone(), value(name))).collect());
        let block = Block { script: put_on(&guise), timeout: CHANGE_TIME_MAX, insists, ..Block::default() };
        let changed = session.run(block).await?;
        if changed.is_success() {
            return Ok(Ok(before));
        }
        self.undisguise(index, before, world, session).await?;
        Ok(Err(failed("the shell could not sign them in".to_owned(), None)))
    }

    /// Whoever was signed in is again.
    pub(super) async fn undisguise<S: Session + Send>(
        &mut self,
        index: usize,
        before: Before,
        world: &mut dyn World,
        session: &mut S,
    ) -> Result<(), ShellError> {
        let insists = self.job.runbook.steps[index].directives.role == Role::Cleanup;
        world.act_as_before();
        let lines = before.0.iter().map(|(name, value)| match value {
            Some(value) => export(name, value),
            None => format!("\\builtin unset {name}"),
        });
        let script = lines.collect::<Vec<_>>().join("\n");
        let block = Block { script, timeout: CHANGE_TIME_MAX, insists, ..Block::default() };
        // A shell that is about to stop has nothing to change back.
        session.run(block).await.map(|_| ())
    }
}

/// The block that writes the files of a guise, for nobody else to read, and sets its variables.
fn put_on(guise: &Guise) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut lines = Vec::new();
    for (path, text) in &guise.files {
        let path = path.to_string_lossy();
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        lines.push(format!(
            "( \\builtin umask 077; \\command -p mkdir -p -- {} && \\builtin printf '%s' {} > {} )",
            quoted(folder),
            quoted(text),
            quoted(&path)
        ));
    }
    lines.extend(guise.variables.iter().map(|(name, value)| export(name, value)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_before_the_variables_that_name_them() {
        let guise = Guise {
            files: vec![("/d/it's/f".into(), "{\"a\": 'b'}".to_owned())],
            variables: vec![("AZURE_CONFIG_DIR".to_owned(), "/d/it's".to_owned())],
        };
        assert_eq!(
            put_on(&guise),
            "( \\builtin umask 077; \\command -p mkdir -p -- '/d/it'\\''s' && \\builtin printf '%s' '{\"a\": '\\''b'\\''}' > '/d/it'\\''s/f' )\n\
             \\builtin export AZURE_CONFIG_DIR='/d/it'\\''s'"
        );
    }
}
