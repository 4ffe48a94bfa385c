//! The built-in `kubelogin`: gets tokens for clusters with Entra integration, and rewrites kubeconfigs so that kubectl asks it.
//!
//! Source: Azure/kubelogin, docs/book (command line, login modes, environment variables). Emulated: the modes azurecli, spn, msi
//! and workloadidentity. The other modes need a person, and are refused by name.

mod convert;
mod token;

use std::collections::HashMap;

use super::Program;
use super::client::Client;
use super::run::Run;

/// The options that take a value, with the variables that stand in for them, the first that is set wins.
const OPTIONS: &[(&str, &[&str])] = &[
    ("--login", &["AAD_LOGIN_METHOD"]),
    ("--server-id", &[]),
    ("--client-id", &["AAD_SERVICE_PRINCIPAL_CLIENT_ID", "AZURE_CLIENT_ID"]),
    ("--client-secret", &["AAD_SERVICE_PRINCIPAL_CLIENT_SECRET", "AZURE_CLIENT_SECRET"]),
    ("--tenant-id", &["AZURE_TENANT_ID"]),
    ("--federated-token-file", &["AZURE_FEDERATED_TOKEN_FILE"]),
    ("--authority-host", &["AZURE_AUTHORITY_HOST"]),
    ("--environment", &[]),
    ("--token-cache-dir", &[]),
    ("--kubeconfig", &[]),
    ("--context", &[]),
    ("--azure-config-dir", &[]),
    ("--identity-resource-id", &[]),
];

/// Why a command line did not succeed.
enum Failure {
    /// kubelogin itself or a service says no.
    Error(String),
    /// A mode or option that is not emulated.
    Unsupported { what: String, kind: &'static str },
}

/// The options of a command line, those of the environment included.
struct Options {
    typed: HashMap<&'static str, String>,
    variables: HashMap<String, String>,
}

impl Options {
    /// An option that was typed.
    fn typed(&self, name: &str) -> Option<&str> {
        self.typed.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// An option, typed or from the environment.
    fn get(&self, name: &str) -> Option<&str> {
        let variables = OPTIONS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, variables)| *variables);
        let of_environment =
            || variables.iter().find_map(|name| self.variables.get(*name)).map(String::as_str).filter(|value| !value.is_empty());
        self.typed(name).or_else(of_environment)
    }
}

/// Runs one command line; the exit status.
pub(crate) fn run(program: &mut Program<'_>) -> i32 {
    let Err(failure) = executed(program) else { return 0 };
    let run = Client::from_environment(&program.variables).ok().and_then(|client| Run::of(client.into(), &program.variables));
    let text = match &failure {
        Failure::Error(text) => format!("Error: {text}"),
        Failure::Unsupported { what, kind } => {
            if let Some(run) = &run {
                run.report_unsupported(what, kind, "kubelogin convert-kubeconfig -l azurecli");
            }
            format!("Error: {what} is not emulated by docent's kubelogin")
        }
    };
    let _ = writeln!(program.stderr, "{text}");
    if let Some(run) = &run {
        let argv: Vec<String> = std::iter::once("kubelogin".to_owned()).chain(program.args.iter().cloned()).collect();
        run.report_exit(&argv, 1, text.lines().next().unwrap_or_default());
    }
    1
}

fn executed(program: &mut Program<'_>) -> Result<(), Failure> {
    let words = program.args.clone();
    let Some((command, rest)) = words.split_first() else { return help(program) };
    match command.as_str() {
        "get-token" => token::get(program, &options(program, rest)?),
        "convert-kubeconfig" => convert::convert(program, &options(program, rest)?),
        "--version" | "version" => {
            let _ = writeln!(program.stdout, "kubelogin version\ngit hash: docent");
            Ok(())
        }
        "-h" | "--help" | "help" => help(program),
        "remove-tokens" | "remove-cache-dir" | "completion" => {
            Err(Failure::Unsupported { what: format!("kubelogin {command}"), kind: "command" })
        }
        other => Err(Failure::Error(format!("unknown command \"{other}\" for \"kubelogin\"\nRun 'kubelogin --help' for usage."))),
    }
}

fn help(program: &mut Program<'_>) -> Result<(), Failure> {
    let text = "Gets tokens of Microsoft Entra ID for kubectl.\n\nUsage:\n  kubelogin [command]\n\nCommands:\n  \
                convert-kubeconfig   rewrite a kubeconfig so that kubectl asks kubelogin\n  get-token            print a token as an ExecCredential\n";
    let _ = program.stdout.write_all(text.as_bytes());
    Ok(())
}

fn options(program: &Program<'_>, words: &[String]) -> Result<Options, Failure> {
    let mut typed = HashMap::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, inline) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value.to_owned())));
        let name = match name {
            "-l" => "--login",
            "-t" => "--tenant-id",
            name => name,
        };
        let Some((known, _)) = OPTIONS.iter().find(|(known, _)| *known == name) else {
            return Err(if name.starts_with("--") && REAL.contains(&name) {
                Failure::Unsupported { what: format!("kubelogin {name}"), kind: "option" }
            } else {
                Failure::Error(format!("unknown flag: {name}"))
            });
        };
        let value = inline.or_else(|| words.next().cloned()).ok_or_else(|| Failure::Error(format!("flag needs an argument: {name}")))?;
        typed.insert(*known, value);
    }
    Ok(Options { typed, variables: program.variables.clone() })
}

/// Options of the real program that are not emulated.
const REAL: &[&str] = &[
    "--client-certificate",
    "--client-certificate-password",
    "--username",
    "--password",
    "--legacy",
    "--use-azurerm-env-vars",
    "--pop-enabled",
    "--pop-claims",
    "--redirect-url",
    "--login-hint",
    "--timeout",
    "--disable-environment-override",
    "--disable-instance-discovery",
];

#[cfg(test)]
mod tests {
    use crate::applets::tests::started;

    #[test]
    fn what_is_not_known_or_not_emulated_is_told() {
        assert_eq!(started("kubelogin", &["get-token", "--magic", "x"], &[]).2, "Error: unknown flag: --magic\n");
        assert_eq!(started("kubelogin", &["get-token", "--server-id"], &[]).2, "Error: flag needs an argument: --server-id\n");
        let (status, _, text) = started("kubelogin", &["get-token", "--server-id", "s"], &[]);
        assert_eq!((status, text.as_str()), (1, "Error: kubelogin --login devicecode is not emulated by docent's kubelogin\n"));
        assert_eq!(started("kubelogin", &["get-token", "-l", "azurecli"], &[]).2, "Error: --server-id is required\n");
        assert_eq!(
            started("kubelogin", &["get-token", "-l", "x", "--server-id", "s"], &[]).2,
            "Error: 'x' is not a supported login method\n"
        );
        let (_, _, text) = started("kubelogin", &["get-token", "--server-id", "s"], &[("AAD_LOGIN_METHOD", "spn")]);
        assert_eq!(text, "Error: --client-id is required\n", "the environment chooses the mode");
    }
}
