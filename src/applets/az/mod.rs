//! The built-in `az`.

use super::Program;
use super::client::Client;
use super::run::Run;

/// Runs one command line; the exit status.
pub(crate) fn run(program: &mut Program<'_>) -> i32 {
    let words: Vec<&str> = program.args.iter().map(String::as_str).take_while(|word| !word.starts_with('-')).collect();
    let what = format!("az {}", words.join(" "));
    let _ = writeln!(program.stderr, "ERROR: docent's built-in az does not emulate `{}`; try --cli system", what.trim_end());
    if let Some(run) = Client::from_environment(&program.variables).ok().and_then(|client| Run::of(client.into(), &program.variables)) {
        run.report_unsupported(what.trim_end(), "command", "--cli system");
    }
    1
}
