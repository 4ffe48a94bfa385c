//! The built-in `kubectl`.

pub(crate) mod yaml;

use super::Program;
use super::client::Client;
use super::run::Run;

/// Runs one command line; the exit status.
pub(crate) fn run(program: &mut Program<'_>) -> i32 {
    let what = format!("kubectl {}", program.args.first().map_or("", String::as_str));
    let _ = writeln!(program.stderr, "error: the built-in kubectl does not have `{}` yet; try --cli system", what.trim_end());
    if let Some(run) = Client::from_environment(&program.variables).ok().and_then(|client| Run::of(client.into(), &program.variables)) {
        run.report_unsupported(what.trim_end(), "command", "--cli system");
    }
    1
}
