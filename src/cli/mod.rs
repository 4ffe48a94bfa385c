//! Arguments in, exit code out.

mod args;
mod clean;
#[cfg(feature = "embedded")]
mod cloud;
mod config;
mod doctor;
mod env_file;
mod exit;
mod explain;
mod lint;
mod list;
mod options;
mod resume;
mod score;
mod script;
mod test;

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use anstream::{AutoStream, ColorChoice};
use clap::{CommandFactory, Parser};

use self::{
    args::{Cli, Colour, Command},
    exit::Exit,
};

/// Commands of the design that are not there yet; naming one must not be mistaken for a path.
const PLANNED: [&str; 3] = ["walk", "update", "bless"];

/// Runs the program on its words, the first being its name.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words = with_default_command(words.into_iter().collect());
    let mut error = io::stderr().lock();
    if let Some(planned) = words.get(1).and_then(|word| word.to_str()).filter(|word| PLANNED.contains(word)) {
        let _ = writeln!(error, "error: `docent {planned}` is not there yet\n\nTry: docent --help");
        return Exit::Usage.into();
    }
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(problem) => {
            let code = problem.exit_code();
            // A closed terminal is no reason for another code.
            let _ = problem.print();
            return if code == 0 { Exit::Passed } else { Exit::Usage }.into();
        }
    };
    drop(error);
    let exit = dispatch(cli).unwrap_or_else(|problem| {
        let mut error = stderr(Colour::Auto);
        let _ = writeln!(error, "error: {problem:#}");
        problem.exit
    });
    exit.into()
}

fn dispatch(cli: Cli) -> Result<Exit, Problem> {
    match cli.command {
        Command::Test(args) => test::run(*args, cli.color),
        Command::List(args) => list::run(&args, cli.color),
        Command::Lint(args) => lint::run(&args, cli.color),
        Command::Explain(args) => explain::run(&args, cli.color),
        Command::Score(args) => score::run(&args),
        Command::Script(args) => script::run(&args, cli.color),
        #[cfg(feature = "embedded")]
        Command::Cloud(args) => cloud::run(args),
        #[cfg(not(feature = "embedded"))]
        Command::Cloud(_) => Err(Problem::new(Exit::Usage, "this docent was built without the embedded Azure (feature `embedded`)")),
        Command::Clean(args) => clean::run(&args),
        Command::Doctor => doctor::run(),
    }
}

/// Puts `test` before words that begin with a path or an option of it.
fn with_default_command(mut words: Vec<OsString>) -> Vec<OsString> {
    let known: Vec<String> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let Some(first) = words.get(1).map(|word| word.to_string_lossy().into_owned()) else { return words };
    let is_global = ["-h", "--help", "-V", "--version"].contains(&first.as_str());
    let later_command =
        first.starts_with("--color") && words.iter().skip(2).take(2).any(|word| known.iter().any(|name| word == name.as_str()));
    if !is_global && !later_command && !known.contains(&first) && !PLANNED.contains(&first.as_str()) {
        words.insert(1, "test".into());
    }
    words
}

/// An error with the code that it ends the program with.
#[derive(Debug)]
pub(crate) struct Problem {
    exit: Exit,
    message: String,
}

impl Problem {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// `error` and its causes, each once.
    fn of(exit: Exit, error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = cause.source();
        }
        Self { exit, message }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// The end of a command that only prints: a reader that went away (`docent list | head -1`) is no failure.
fn written(result: io::Result<()>) -> Result<(), Problem> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::new(Exit::Broken, format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

fn colour_choice(colour: Colour, is_terminal: bool) -> ColorChoice {
    match colour {
        Colour::Always => ColorChoice::Always,
        Colour::Never => ColorChoice::Never,
        Colour::Auto if is_terminal => ColorChoice::Auto,
        Colour::Auto => ColorChoice::Never,
    }
}

fn stdout(colour: Colour) -> AutoStream<io::Stdout> {
    AutoStream::new(io::stdout(), colour_choice(colour, io::stdout().is_terminal()))
}

fn stderr(colour: Colour) -> AutoStream<io::Stderr> {
    AutoStream::new(io::stderr(), colour_choice(colour, io::stderr().is_terminal()))
}
