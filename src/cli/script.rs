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
    engine::{
        plan::{Selection, plan},
        redact::is_secret_name,
    },
    report::{diagnostics, wording},
    runbook::{Background, CaptureSource, ExitExpectation, Step, TargetName, View, flatten, resolve},
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
        if is_secret_name(name) {
            // A script is kept and passed on; what it needs is asked for instead.
            script.push_str(&format!("export {name}=\"${{{name}:?is secret, and not written here}}\"\n"));
        } else {
            script.push_str(&format!("export {name}={}\n", quoted(value)));
        }
    }
    let order = plan(runbook, &Selection::default()).map_err(|error| Problem::of(Exit::Usage, &error))?.order;
    for step in order.into_iter().map(|index| &runbook.steps[index]) {
        script.push_str(&format!("\n# {} ({})\n", step.id, wording::place(step, step.line)));
        if let Some(reason) = &step.directives.skip {
            script.push_str(&format!("# skipped{}{}\n", if reason.is_empty() { "" } else { ": " }, one_line(reason)));
            continue;
        }
        let text = args.var.iter().fold(step.script.clone(), |text, (name, value)| {
            let given = if is_secret_name(name) {
                bash::substitute_word(&text, name, &format!("\"${name}\""))
            } else {
                bash::substitute_assignment(&text, name, value)
            };
            given.unwrap_or(text)
        });
        script.push_str(&one(step, &text));
    }
    let mut out = stdout(Colour::Never);
    written(out.write_all(script.as_bytes()).and_then(|()| out.flush()))?;
    Ok(Exit::Passed)
}

/// A step's text, with what its directives ask for in words of bash.
fn one(step: &Step, text: &str) -> String {
    let said = &step.directives;
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let mut script = format!("{text}{end}");
    if said.eventually.is_some() || said.retry.is_some() {
        // A loop around it would be another program: what stops a block does not stop a condition.
        script = format!("# docent tries this step again while it fails\n{script}");
    }
    if let Some(stdin) = &said.stdin {
        script = format!("{{\n{script}}} < <(printf '%s\\n' {})\n", quoted(stdin.strip_suffix('\n').unwrap_or(stdin)));
    }
    if let Some(background) = &said.background {
        script = in_background(&step.id, background, &script);
    }
    if said.expect_exit.is_some_and(|expected| expected != ExitExpectation::Status(0)) {
        script = format!("set +e # this step is expected to fail\n{script}set -e\n");
    }
    for capture in &said.captures {
        let (CaptureSource::Path(place) | CaptureSource::Regex(place)) = &capture.source;
        let name = &capture.name;
        // A script cannot look into what it has printed without running the step in a shell of its own, which would forget what it sets.
        script.push_str(&format!(": \"${{{name}:?docent sets {name} from the output above; set it before}}\" # {}\n", one_line(place)));
    }
    for id in &said.stop {
        script.push_str(&format!("kill \"${}\" 2>/dev/null || true # {id}\n", process_variable(id)));
    }
    if let Some(wait) = said.wait {
        script.push_str(&format!("sleep {}\n", wait.as_secs_f64()));
    }
    script
}

/// Starts a step beside the ones below it, and waits for the text that says that it is ready.
fn in_background(id: &str, background: &Background, script: &str) -> String {
    let process = process_variable(id);
    let end = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n";
    let Some(ready) = &background.ready else {
        return format!("(\n{script}) &\n{process}=$!\n{end}");
    };
    let log = format!("{process}_log");
    format!(
        "{log}=$(mktemp)\n(\n{script}) > \"${log}\" 2>&1 &\n{process}=$!\n{end}until grep -qF -- {} \"${log}\"; do kill -0 \"${process}\"; sleep 0.1; done\n",
        quoted(ready)
    )
}

/// The variable that holds the process of a background step.
fn process_variable(id: &str) -> String {
    let letters = id.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
    format!("background_{}", letters.collect::<String>())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn quoted(value: &str) -> String {
    shlex::try_quote(value).map_or_else(|_| "''".to_owned(), Into::into)
}
