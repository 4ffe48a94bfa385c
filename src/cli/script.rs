//! `docent script`: the runbook as one bash script.

use std::io::Write;

use crate::{
    bash,
    cli::{
        Problem,
        args::{Colour, Prerequisites, ScriptArgs},
        exit::Exit,
        list::documents,
        stderr, stdout, written,
    },
    engine::plan::{Selection, plan},
    report::{diagnostics, wording},
    runbook::{ExitExpectation, TargetName, View, flatten, resolve},
};

pub(super) fn run(args: &ScriptArgs, colour: Colour) -> Result<Exit, Problem> {
    let mut documents = documents(std::slice::from_ref(&args.file))?;
    let document = match (documents.pop(), documents.is_empty()) {
        (Some(document), true) => document,
        _ => return Err(Problem::new(Exit::Usage, "`docent script` takes one runbook")),
    };
    let document = match args.view.prerequisites {
        Prerequisites::Run => document,
        Prerequisites::Skip => document.without_prerequisites(),
    };
    // A script is for a shell of the reader's own.
    let runbook = &flatten(&resolve(
        &document.runbook,
        &View { target: TargetName::Live, tabs: args.view.tab.clone(), zones: args.view.zone.clone() },
    ));
    if document.is_unreadable() {
        let mut error = stderr(colour);
        let coloured = !matches!(error.current_choice(), anstream::ColorChoice::Never);
        for diagnostic in &document.diagnostics {
            let _ = writeln!(error, "{}\n", diagnostics::render(&runbook.source, diagnostic, coloured));
        }
        return Ok(Exit::Unreadable);
    }
    let mut script = format!("#!/usr/bin/env bash\n# {}, from {}\nset -e\n", one_line(&runbook.title), runbook.source.path());
    for variable in &runbook.variables {
        script.push_str(&format!("export {}={}\n", variable.name, quoted(&variable.value)));
    }
    for (name, value) in &args.var {
        script.push_str(&format!("export {name}={}\n", quoted(value)));
    }
    let order = plan(runbook, &Selection::default()).map_err(|error| Problem::of(Exit::Usage, &error))?.order;
    for step in order.into_iter().map(|index| &runbook.steps[index]) {
        script.push_str(&format!("\n# {} ({})\n", step.id, wording::place(step, step.line)));
        if let Some(reason) = &step.directives.skip {
            script.push_str(&format!("# skipped{}{}\n", if reason.is_empty() { "" } else { ": " }, one_line(reason)));
            continue;
        }
        let text = args
            .var
            .iter()
            .fold(step.script.clone(), |text, (name, value)| bash::substitute_assignment(&text, name, value).unwrap_or(text));
        let may_fail = step.directives.expect_exit.is_some_and(|expected| expected != ExitExpectation::Status(0));
        if may_fail {
            script.push_str("set +e # this step is expected to fail\n");
        }
        script.push_str(&text);
        if !text.ends_with('\n') {
            script.push('\n');
        }
        if may_fail {
            script.push_str("set -e\n");
        }
    }
    let mut out = stdout(Colour::Never);
    written(out.write_all(script.as_bytes()).and_then(|()| out.flush()))?;
    Ok(Exit::Passed)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn quoted(value: &str) -> String {
    shlex::try_quote(value).map_or_else(|_| "''".to_owned(), Into::into)
}
