//! The built-in `az`: the commands that documents use most, with the requests, the output and the errors of azure-cli 2.91. What it lacks it
//! refuses by name.
//!
//! A command line goes through these files in order: [`table`] knows what exists, [`parse`] reads the words, [`command`] makes requests in a
//! [`session`], [`output`] prints. Rules of the real client are marked with the transcript or the source that they were measured from.

use std::collections::HashMap;
use std::rc::Rc;

use super::Program;
use super::client::{Client, Wire};
use super::run::Run;
use failure::Failure;
use output::Output;
use session::Session;
use table::Named;

mod closest;
mod command;
mod credential;
mod failure;
mod help;
mod output;
mod parse;
mod profile;
mod service;
mod session;
mod table;
mod token_cache;

/// What to do about something that is not emulated.
const WORKAROUND: &str = "--cli system";

/// Runs one command line; the exit status.
pub(crate) fn run(program: &mut Program<'_>) -> i32 {
    run_over(program, None)
}

/// The same over a recorded wire, when there is one.
fn run_over(program: &mut Program<'_>, recorded: Option<Rc<dyn Wire>>) -> i32 {
    let Err(failure) = executed(program, recorded) else { return 0 };
    let text = failure.text();
    let _ = program.stdout.flush();
    let _ = write!(program.stderr, "{text}");
    tell(program, &failure, &text);
    failure.status()
}

/// Tells the run how this ended, for its report.
fn tell(program: &Program<'_>, failure: &Failure, text: &str) {
    if failure.status() == 0 {
        return;
    }
    let Some(run) = Client::from_environment(&program.variables).ok().and_then(|client| Run::of(Rc::new(client), &program.variables))
    else {
        return;
    };
    if let Failure::Unsupported { what, kind } = failure {
        run.report_unsupported(what, kind, WORKAROUND);
    }
    let argv: Vec<String> = std::iter::once("az".to_owned()).chain(program.args.iter().cloned()).collect();
    run.report_exit(&argv, failure.status(), text.lines().next().unwrap_or_default());
}

fn executed(program: &mut Program<'_>, recorded: Option<Rc<dyn Wire>>) -> Result<(), Failure> {
    let words: Vec<String> = std::mem::take(&mut program.args).into_iter().map(|word| expanded(program, word)).collect();
    program.args = words.clone();
    let first_option = words.iter().position(|word| word.starts_with('-')).unwrap_or(words.len());
    let asks_for_help = words.iter().any(|word| word == "-h" || word == "--help");
    if first_option == 0 {
        return without_command(program, &words);
    }
    let names: Vec<&str> = words[..first_option].iter().map(String::as_str).collect();
    let length = match table::find(&names) {
        Named::Command(length) => length,
        Named::Group if asks_for_help => return help::of_group(program, &names),
        Named::Group => return Err(Failure::usage("the following arguments are required: _subcommand")),
        Named::Unknown { at: 0, siblings } => return Err(with_extension_pointer(program, unknown(names[0], 0, &siblings))),
        Named::Unknown { at, siblings } => return Err(unknown(names[at], at, &siblings)),
    };
    let name = names[..length].join(" ");
    let Some(command) = command::find(&name) else {
        return Err(Failure::Unsupported { what: format!("az {name}"), kind: "command" });
    };
    let mut options = table::options_of(&name).unwrap_or_default();
    let defaults = configured_defaults(&program.variables);
    for option in &mut options {
        option.required &= !defaults.iter().any(|(key, _)| option.key() == *key);
    }
    let mut arguments = match parse::parse(&name, &words[length..], &options) {
        Err(Failure::Finished) => return help::of_command(program, command, &options),
        other => other?,
    };
    for (key, value) in &defaults {
        if options.iter().any(|option| option.key() == *key) {
            arguments.fill(key, value);
        }
    }
    let known = |key: &&str| command.options.contains(key) || help::GLOBAL.contains(key) || *key == "--subscription";
    if let Some(option) = arguments.keys().into_iter().find(|key| !known(key)) {
        return Err(Failure::unsupported_option(&name, option));
    }
    let client = Client::from_environment(&program.variables).map_err(|error| Failure::Refused(credential::chain(&error)))?;
    let client = Rc::new(client);
    let run = Run::of(Rc::clone(&client), &program.variables);
    let format = arguments.get("--output").or_else(|| program.variable("AZURE_CORE_OUTPUT")).unwrap_or("json").to_ascii_lowercase();
    let output = Output { format, query: arguments.get("--query").map(str::to_owned), table: command.table };
    let wire = recorded.unwrap_or(client);
    let mut session = Session::new(program, wire, run, command.name);
    session.typed = session::typed_options(&words);
    session.quiet = arguments.has("--only-show-errors");
    session.debug = arguments.has("--debug");
    if !command.options.contains(&"--subscription") {
        session.selector = arguments.get("--subscription").map(str::to_owned);
    }
    let mut value = (command.run)(&mut session, &arguments)?;
    output::with_resource_groups(&mut value);
    let text = output.text(&value)?;
    let _ = program.stdout.write_all(text.as_bytes());
    Ok(())
}

/// `az`, `az --help`, `az --version`, and options before any command.
fn without_command(program: &mut Program<'_>, words: &[String]) -> Result<(), Failure> {
    match words.first().map(String::as_str) {
        None | Some("-h" | "--help") => help::of_group(program, &[]),
        Some("-v" | "--version") => help::version(program),
        Some(_) => {
            // Assumed from one measurement: az does not look for a command behind options, and stumbles over a later word.
            let later: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
            Err(match later.last() {
                Some(word) => unknown(word, 0, &[]),
                None => Failure::usage("the following arguments are required: _command_package"),
            })
        }
    }
}

/// A word that names nothing; az suggests another only below the top (measured).
fn unknown(word: &str, depth: usize, siblings: &[&str]) -> Failure {
    let suggestion = closest::closest(word, siblings).filter(|_| depth > 0).map(|close| format!("Did you mean '{close}' ?"));
    Failure::Usage {
        message: format!("'{word}' is misspelled or not recognized by the system."),
        recommendations: suggestion.into_iter().collect(),
        reference: true,
    }
}

/// Where extensions are never installed by themselves, az adds that a word which names no group may come from one (measured).
fn with_extension_pointer(program: &Program<'_>, failure: Failure) -> Failure {
    let setting = program.variable("AZURE_EXTENSION_USE_DYNAMIC_INSTALL").unwrap_or_default();
    match failure {
        Failure::Usage { message, recommendations, reference } if recommendations.is_empty() && setting.eq_ignore_ascii_case("no") => {
            let pointer = "If the command is from an extension, please make sure the corresponding extension is installed. To learn more \
                           about extensions, please visit 'https://learn.microsoft.com/cli/azure/azure-cli-extensions-overview'";
            Failure::Usage { message, recommendations: vec![pointer.to_owned()], reference }
        }
        other => other,
    }
}

/// Options that the environment gives when the command line does not.
fn configured_defaults(variables: &HashMap<String, String>) -> Vec<(&'static str, String)> {
    let of = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
    [("--resource-group", "AZURE_DEFAULTS_GROUP"), ("--location", "AZURE_DEFAULTS_LOCATION")]
        .into_iter()
        .filter_map(|(key, name)| Some((key, of(name)?)))
        .collect()
}

/// `@file` and `--option=@file` stand for what is in the file, without its last line end; what names no file stays as it is.
fn expanded(program: &mut Program<'_>, word: String) -> String {
    let Some(at) = word.find('@').filter(|at| *at == 0 || word[..*at].ends_with('=')) else { return word };
    let (before, file) = (&word[..at], &word[at + 1..]);
    let content = match file {
        "" => return word,
        "-" => {
            let mut text = String::new();
            program.stdin.read_to_string(&mut text).ok().map(|_| text)
        }
        path => std::fs::read_to_string(path).ok(),
    };
    match content {
        Some(text) => {
            format!("{before}{}", text.trim_start_matches('\u{feff}').strip_suffix('\n').unwrap_or(text.trim_start_matches('\u{feff}')))
        }
        None => word,
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod transcripts;
