//! How a command line ends when it does not succeed, and the text and status of each end. Pure.

use super::parse::python_text;

/// A command line that did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// The words are not what the parser takes: status 2.
    Usage {
        /// The first line, without `ERROR: `.
        message: String,
        /// Lines below it, as “Did you mean”.
        recommendations: Vec<String>,
        /// Whether the pointer to the reference closes the text; a bad `--query` has its own.
        reference: bool,
    },
    /// `az` itself refuses, before or between requests: status 1.
    Refused(String),
    /// A service refused: status 3 when something was not found, else 1.
    Service {
        /// The HTTP status; 0 for the end of a long-running operation.
        status: u16,
        /// What is printed after `ERROR: `.
        message: String,
    },
    /// A real command, option or service operation that docent does not emulate.
    Unsupported {
        /// What: `az vm create`.
        what: String,
        /// `command` or `option`.
        kind: &'static str,
    },
    /// Nothing went wrong, and nothing more is to be done: help was printed.
    Finished,
}

impl Failure {
    /// A parser error with the usual end.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::Usage { message: message.into(), recommendations: Vec::new(), reference: true }
    }

    /// An option that exists, with a value or at all, that docent does not emulate.
    pub(crate) fn unsupported_option(command: &str, option: &str) -> Failure {
        Failure::Unsupported { what: format!("az {command} {option}"), kind: "option" }
    }

    /// The exit status.
    pub(crate) fn status(&self) -> i32 {
        match self {
            Failure::Usage { .. } => 2,
            Failure::Service { status: 404, .. } => 3,
            Failure::Refused(_) | Failure::Service { .. } | Failure::Unsupported { .. } => 1,
            Failure::Finished => 0,
        }
    }

    /// The text for standard error; empty when there is nothing to say.
    pub(crate) fn text(&self) -> String {
        match self {
            Failure::Usage { message, recommendations, reference } => {
                let mut text = format!("ERROR: {message}\n");
                for line in recommendations {
                    text.push_str(&format!("{line}\n"));
                }
                // The real az shows examples of its help here, which are not ours to repeat.
                if *reference {
                    text.push_str("\nhttps://aka.ms/cli_ref\nRead more about the command in reference docs\n");
                }
                text
            }
            Failure::Refused(message) | Failure::Service { message, .. } => format!("ERROR: {message}\n"),
            Failure::Unsupported { what, .. } => {
                format!("ERROR: docent's built-in az does not emulate `{what}`.\nTry `--cli system` to use the az that is installed.\n")
            }
            Failure::Finished => String::new(),
        }
    }

    /// The parser's complaint about the value of one option.
    pub(crate) fn invalid_value(names: &[&str], kind: &str, value: &str) -> Failure {
        Failure::usage(format!("argument {}: invalid {kind} value: {}", names.join("/"), python_text(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_text_and_status() {
        let usage = Failure::Usage {
            message: "'craete' is misspelled or not recognized by the system.".to_owned(),
            recommendations: vec!["Did you mean 'create' ?".to_owned()],
            reference: true,
        };
        let text = "ERROR: 'craete' is misspelled or not recognized by the system.\nDid you mean 'create' ?\n\n\
                    https://aka.ms/cli_ref\nRead more about the command in reference docs\n";
        assert_eq!((usage.text().as_str(), usage.status()), (text, 2));
        let missing = Failure::Service { status: 404, message: "(C) M\nCode: C\nMessage: M".to_owned() };
        assert_eq!((missing.text().as_str(), missing.status()), ("ERROR: (C) M\nCode: C\nMessage: M\n", 3));
        assert_eq!(Failure::Service { status: 409, message: String::new() }.status(), 1);
        assert!(Failure::unsupported_option("aks create", "--enable-keda").text().contains("`az aks create --enable-keda`"));
    }
}
