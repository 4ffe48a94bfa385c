//! The built-in `kubectl`: words to requests, answers to text, with the messages and statuses of kubectl 1.33.
//!
//! A command line is parsed (`command_line`), finds its verb in [`VERBS`], and runs it over a `Session`. What kubectl has and this program has
//! not is refused by name. Deliberately absent: `exec`, `port-forward`, watches without an end, plugins, and everything that needs an editor.

mod command_line;
mod credential;
mod describe;
mod discovery;
mod duration;
mod failure;
#[cfg(test)]
mod fake;
mod jsonpath;
pub(crate) mod kubeconfig;
mod manifest;
mod merge;
mod print;
#[cfg(test)]
mod properties;
mod selection;
mod server;
mod session;
mod tabwriter;
mod target;
mod verbs;
pub(crate) mod yaml;

use command_line::{CommandLine, option_names, subcommands};
use failure::Failure;
use session::Session;
use verbs::{VERBS, Verb};

use super::Program;

/// The version whose behaviour this program copies.
pub(crate) const VERSION: &str = "v1.33.1";

/// Options that every command takes. The others of kubectl's global ones are refused when given.
const GLOBAL_OPTIONS: [&str; 20] = [
    "as",
    "as-group",
    "cache-dir",
    "certificate-authority",
    "client-certificate",
    "client-key",
    "cluster",
    "context",
    "disable-compression",
    "insecure-skip-tls-verify",
    "kubeconfig",
    "log-flush-frequency",
    "namespace",
    "password",
    "request-timeout",
    "server",
    "token",
    "user",
    "username",
    "v",
];

/// Logs of this level or above would hold times and ports.
const VERBOSITY_MAX: i64 = 5;

/// Runs one command line; the exit status.
pub(crate) fn run(program: &mut Program<'_>) -> i32 {
    match CommandLine::parse(&program.args) {
        Ok(line) => perform(&mut Session::new(program, line)),
        Err(failure) => perform_failed(program, &failure),
    }
}

fn perform_failed(program: &mut Program<'_>, failure: &Failure) -> i32 {
    let mut session = Session::new(program, CommandLine::default());
    finish(&mut session, failure)
}

/// Runs the verb of a session's command line, and tells how it ended.
fn perform(session: &mut Session<'_, '_>) -> i32 {
    match dispatch(session) {
        Ok(status) => status,
        Err(failure) => finish(session, &failure),
    }
}

fn finish(session: &mut Session<'_, '_>, failure: &Failure) -> i32 {
    if !failure.text.is_empty() {
        session.err(&failure.text);
    }
    session.report(failure);
    failure.status
}

fn dispatch(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let path = session.line.path.clone();
    let verb = VERBS.iter().find(|verb| verb.path == path);
    if session.line.wants_help || path.is_empty() || path == "options" {
        let text = help(&path, verb);
        session.out(text);
        return Ok(0);
    }
    let Some(verb) = verb else {
        if subcommands(&path).is_empty() {
            return Err(Failure::refused(format!("`kubectl {path}`"), "--cli system"));
        }
        if !session.line.args.is_empty() {
            return Err(Failure::usage(&path, format!("unknown command {:?}", session.line.args.join(" "))));
        }
        let text = help(&path, None);
        session.out(text);
        return Err(Failure::silent());
    };
    let known: Vec<&str> = verb.options.iter().chain(&GLOBAL_OPTIONS).copied().collect();
    if let Some(option) = session.line.first_besides(&known).filter(|option| !is_at_rest(session, option)) {
        return Err(Failure::refused(format!("option --{option} of `kubectl {path}`"), "--cli system"));
    }
    if session.line.integer("v").is_some_and(|level| level > VERBOSITY_MAX) {
        return Err(Failure::refused(format!("logs of level {VERBOSITY_MAX} and above (-v)"), "a lower level"));
    }
    (verb.run)(session)
}

/// Whether a switch that is off unless asked for was turned off by name.
fn is_at_rest(session: &Session<'_, '_>, option: &str) -> bool {
    ["watch", "watch-only", "output-watch-events"].contains(&option) && !session.line.is_on(option, true)
}

/// Our own short help: the commands or options there are, and which of them docent has.
fn help(path: &str, verb: Option<&Verb>) -> String {
    let mut text = format!(
        "docent's built-in kubectl {VERSION}\n\nUsage:\n  kubectl {path}{}[options]\n",
        if path.is_empty() { "COMMAND " } else { " " }
    );
    let commands: Vec<&str> = subcommands(path).into_iter().filter(|name| *name != "alpha").collect();
    if !commands.is_empty() {
        let is_built_in = |name: &str| {
            let path = if path.is_empty() { name.to_owned() } else { format!("{path} {name}") };
            VERBS.iter().any(|verb| verb.path == path || verb.path.starts_with(&format!("{path} ")))
        };
        let (built_in, others): (Vec<&str>, Vec<&str>) = commands.into_iter().partition(|name| is_built_in(name));
        text.push_str(&format!("\nCommands:\n  {}\n", built_in.join("  ")));
        if !others.is_empty() {
            text.push_str(&format!("\nOnly with --cli system:\n  {}\n", others.join("  ")));
        }
    }
    if let Some(verb) = verb {
        let (built_in, others): (Vec<&str>, Vec<&str>) = option_names(path).into_iter().partition(|name| verb.options.contains(name));
        let list = |names: Vec<&str>| names.into_iter().map(|name| format!("--{name}")).collect::<Vec<_>>().join("  ");
        text.push_str(&format!("\nOptions:\n  {}\n", list(built_in)));
        if !others.is_empty() {
            text.push_str(&format!("\nOnly with --cli system:\n  {}\n", list(others)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::fake::kubectl;

    #[test]
    fn real_commands_and_options_that_are_not_built_in_are_refused_by_name() {
        let outcome = kubectl(&["exec", "p", "--", "ls"], "", &[]);
        assert_eq!(
            (outcome.status, outcome.stderr.as_str()),
            (1, "error: docent's built-in kubectl does not emulate `kubectl exec`; try --cli system\n")
        );
        let outcome = kubectl(&["get", "pods", "--watch"], "", &[]);
        assert_eq!(outcome.status, 1);
        assert!(outcome.stderr.contains("does not emulate"), "{}", outcome.stderr);
        assert!(!kubectl(&["get", "pods", "--watch=false"], "", &[]).stderr.contains("does not emulate"));
        assert!(kubectl(&["apply", "--prune", "-f", "-"], "", &[]).stderr.contains("option --prune of `kubectl apply`"));
    }

    #[test]
    fn groups_of_commands_name_an_unknown_one() {
        assert_eq!(
            kubectl(&["config", "foo"], "", &[]).stderr,
            "error: unknown command \"foo\"\nSee 'kubectl config -h' for help and examples\n"
        );
        let outcome = kubectl(&["auth"], "", &[]);
        assert_eq!((outcome.status, outcome.stderr.as_str()), (1, ""));
        assert!(outcome.stdout.contains("can-i"));
    }

    #[test]
    fn every_verb_stands_in_the_table_with_its_options() {
        for verb in super::VERBS {
            let names = super::option_names(verb.path);
            for option in verb.options {
                assert!(names.contains(option), "{} has no --{option}", verb.path);
            }
        }
    }
}
