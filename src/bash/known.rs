//! Variables that a document need not set.

/// Set by bash, by a login or by docent.
const KNOWN: [&str; 62] = [
    "ACC_CLOUD",
    "AZURE_CONFIG_DIR",
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "BASH_COMMAND",
    "BASH_LINENO",
    "BASH_REMATCH",
    "BASH_SOURCE",
    "BASH_SUBSHELL",
    "BASH_VERSINFO",
    "BASH_VERSION",
    "COLUMNS",
    "COMP_WORDS",
    "DISPLAY",
    "DIRSTACK",
    "EDITOR",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HISTFILE",
    "HOME",
    "HOSTNAME",
    "HOSTTYPE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "IFS",
    "INTERACTIVE",
    "KUBECONFIG",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "LINENO",
    "LINES",
    "LOGNAME",
    "MACHTYPE",
    "MAIL",
    "MAPFILE",
    "NO_PROXY",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "OSTYPE",
    "PATH",
    "PIPESTATUS",
    "PPID",
    "PS1",
    "PS4",
    "PWD",
    "RANDOM",
    "REPLY",
    "SECONDS",
    "SHELL",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "TERM",
    "TMPDIR",
    "UID",
];
/// Set by CI services for the blocks that are meant for them.
const KNOWN_BEGINNINGS: [&str; 4] = ["GITHUB_", "RUNNER_", "XDG_", "DOCENT_"];

/// Whether bash, a login, a CI service or docent may set this variable.
pub fn is_known_variable(name: &str) -> bool {
    KNOWN.contains(&name)
        || matches!(name, "USER" | "USERNAME" | "_")
        || KNOWN_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_shell_and_the_service_set_is_known_and_names_of_documents_are_not() {
        assert!(["HOME", "RANDOM", "GITHUB_ENV", "_"].iter().all(|name| is_known_variable(name)));
        assert!(!["SUFFIX", "home", "GITHUB"].iter().any(|name| is_known_variable(name)));
    }
}
