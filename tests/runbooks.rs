//! Runs `runbooks/` as test cases, with docent's own harness.

fn main() -> std::process::ExitCode {
    docent::harness::main("runbooks")
}
