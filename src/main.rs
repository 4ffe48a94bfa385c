//! The `docent` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    docent::reexec::intercept();
    docent::cli::run(std::env::args_os())
}
