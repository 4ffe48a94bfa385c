//! What it does outside of this machine to run a command again. Pure.
//!
//! Only the clients of clouds and clusters that documents call are known. What a command does to files and to its own shell is no
//! matter here: a run has a folder and a shell of its own.

use super::Script;
use super::model::{Command, CommandKind, Word};

/// What a command does outside of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It only looks.
    Looks,
    /// Nobody knows: a program of the document's own, or one that is not known here.
    Unknown,
    /// It changes something, and done twice it leaves what doing it once leaves.
    Settles,
    /// Done twice, it makes a second one, or fails because the first is there.
    Adds,
}

/// A command and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deed<'a> {
    /// The command.
    pub command: &'a Command,
    /// What it does.
    pub effect: Effect,
}

impl Script {
    /// The simple commands with what they do, in the order of the text; those in functions too, wherever they are called.
    pub fn deeds(&self) -> impl Iterator<Item = Deed<'_>> {
        let simple = self.commands().iter().filter(|command| command.kind == CommandKind::Simple);
        simple.map(|command| Deed { command, effect: effect(&command.words) })
    }
}

/// Commands that run the command in their words, and the number of words of their own behind options.
const WRAPPERS: [(&str, usize); 9] =
    [("sudo", 0), ("time", 0), ("nohup", 0), ("command", 0), ("exec", 0), ("env", 0), ("xargs", 0), ("nice", 0), ("timeout", 1)];

/// Verbs of az that only look, or change nothing but what this machine knows.
const AZ_LOOKS: &[&str] = &[
    "browse",
    "check",
    "configure",
    "exists",
    "feedback",
    "find",
    "get-access-token",
    "get-credentials",
    "help",
    "install-cli",
    "list",
    "login",
    "logout",
    "query",
    "show",
    "tail",
    "validate",
    "version",
    "wait",
    "what-if",
];

/// Groups of az that are about this machine.
const AZ_LOCAL: &[&str] = &["account", "cloud", "config", "extension"];

/// Verbs of az that do more each time.
const AZ_ADDS: &[&str] = &[
    "add",
    "append",
    "build",
    "execute",
    "import",
    "invoke",
    "push",
    "redeploy",
    "regenerate",
    "renew",
    "reset",
    "restart",
    "rotate",
    "run",
    "send",
    "start",
    "stop",
];

/// Commands of az that make another one each time, although their verb mostly does not.
const AZ_ADDS_BY_NAME: &[&str] =
    &["ad app create", "ad sp create", "ad sp create-for-rbac", "ad user create", "ad group create", "snapshot create"];

/// Verbs of az that leave the same however often they are run.
const AZ_SETTLES: &[&str] = &[
    "approve",
    "assign",
    "attach",
    "create",
    "deallocate",
    "delete",
    "deploy",
    "detach",
    "disable",
    "enable",
    "grant",
    "lock",
    "move",
    "purge",
    "recover",
    "register",
    "remove",
    "revoke",
    "scale",
    "set",
    "set-policy",
    "delete-policy",
    "tag",
    "unregister",
    "up",
    "update",
    "upgrade",
    "upload",
];

fn effect(words: &[Word]) -> Effect {
    let mut words: Vec<&str> = words.iter().map(|word| if word.literal { word.text.as_str() } else { "$" }).collect();
    while let Some((_, own)) = words.first().and_then(|name| WRAPPERS.iter().find(|(wrapper, _)| wrapper == name)) {
        let inner = words.iter().skip(1).position(|word| !word.starts_with('-') && !word.contains('='));
        let Some(inner) = inner else { return Effect::Looks };
        words.drain(..(1 + inner + own).min(words.len()));
    }
    let Some((name, rest)) = words.split_first() else { return Effect::Looks };
    match name.rsplit('/').next().unwrap_or(name) {
        "az" => az(rest),
        "kubectl" | "oc" => kubectl(rest),
        "helm" => helm(rest),
        "terraform" | "tofu" => match names(rest).first() {
            Some(&("apply" | "destroy" | "import")) => Effect::Settles,
            _ => Effect::Looks,
        },
        "azd" => match names(rest).first() {
            Some(&("up" | "down" | "deploy" | "provision" | "publish")) => Effect::Settles,
            _ => Effect::Looks,
        },
        "curl" => curl(rest),
        name if super::word::is_builtin(name) && !matches!(name, "." | "source" | "eval") => Effect::Looks,
        name if LOOKERS.binary_search(&name).is_ok() => Effect::Looks,
        _ => Effect::Unknown,
    }
}

/// Programs that do nothing outside of this machine.
const LOOKERS: &[&str] = &[
    "awk",
    "base64",
    "basename",
    "cat",
    "chmod",
    "cmp",
    "column",
    "comm",
    "cp",
    "cut",
    "date",
    "diff",
    "dig",
    "dirname",
    "egrep",
    "expr",
    "fgrep",
    "file",
    "find",
    "fold",
    "getent",
    "grep",
    "head",
    "host",
    "hostname",
    "id",
    "jq",
    "ln",
    "ls",
    "md5sum",
    "mkdir",
    "mktemp",
    "mv",
    "nc",
    "nl",
    "nslookup",
    "od",
    "openssl",
    "paste",
    "ping",
    "readlink",
    "realpath",
    "rm",
    "sed",
    "seq",
    "sha256sum",
    "sleep",
    "sort",
    "stat",
    "tac",
    "tail",
    "tee",
    "touch",
    "tr",
    "uname",
    "uniq",
    "wc",
    "which",
    "whoami",
    "xxd",
    "yq",
];

/// The words before the first option.
fn names<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words.iter().take_while(|word| !word.starts_with('-')).copied().collect()
}

/// The value of an option, written `--name value` or `--name=value`.
fn value<'a>(words: &[&'a str], names: &[&str]) -> Option<&'a str> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        for name in names {
            match word.strip_prefix(name) {
                Some("") => return words.next().copied(),
                Some(rest) if rest.starts_with('=') => return Some(&rest[1..]),
                // `-XPOST`
                Some(rest) if name.len() == 2 => return Some(rest),
                _ => {}
            }
        }
    }
    None
}

fn az(words: &[&str]) -> Effect {
    let names = names(words);
    if names.is_empty() || words.iter().any(|word| matches!(*word, "--help" | "-h")) || AZ_LOCAL.contains(&names[0]) {
        return Effect::Looks;
    }
    if names[0] == "rest" {
        return method(value(words, &["--method", "-m"]).unwrap_or("get"));
    }
    let whole = names.join(" ");
    if AZ_ADDS_BY_NAME.contains(&whole.as_str()) {
        return Effect::Adds;
    }
    // What follows the verb is what it is about.
    let known = names.iter().rev().find_map(|name| {
        let verb = name.split_once('-').map_or(*name, |(verb, _)| verb);
        let is_in = |list: &[&str]| list.contains(name) || list.contains(&verb);
        if is_in(AZ_LOOKS) || verb == "get" {
            Some(Effect::Looks)
        } else if is_in(AZ_ADDS) {
            Some(Effect::Adds)
        } else if is_in(AZ_SETTLES) {
            Some(Effect::Settles)
        } else {
            None
        }
    });
    known.unwrap_or(Effect::Unknown)
}

fn kubectl(words: &[&str]) -> Effect {
    // Options that stand before the verb, with their values.
    let mut rest = words;
    while let Some((option, others)) = rest.split_first().filter(|(word, _)| word.starts_with('-')) {
        let takes_value =
            matches!(*option, "-n" | "--namespace" | "--context" | "--kubeconfig" | "--cluster" | "--user" | "-s" | "--server");
        rest = others.get(usize::from(takes_value)..).unwrap_or_default();
    }
    if value(words, &["--dry-run"]).is_some_and(|how| how != "none") || words.contains(&"--help") {
        return Effect::Looks;
    }
    match names(rest).as_slice() {
        ["create" | "expose" | "run" | "autoscale", ..] | ["rollout", "restart" | "undo", ..] => Effect::Adds,
        [
            "apply" | "delete" | "patch" | "replace" | "scale" | "set" | "label" | "annotate" | "taint" | "cordon" | "uncordon" | "drain"
            | "edit",
            ..,
        ] => Effect::Settles,
        ["exec" | "cp" | "attach" | "debug", ..] | ["$", ..] => Effect::Unknown,
        _ => Effect::Looks,
    }
}

fn helm(words: &[&str]) -> Effect {
    match names(words).first() {
        Some(&("install" | "rollback" | "push")) => Effect::Adds,
        Some(&("upgrade" | "uninstall" | "delete")) => Effect::Settles,
        _ => Effect::Looks,
    }
}

fn curl(words: &[&str]) -> Effect {
    const BODY: [&str; 8] = ["-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--json", "-F", "--form"];
    // Short options may stand together: `-sSXPOST`.
    let joined = words
        .iter()
        .find_map(|word| word.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?.split_once('X').map(|(_, method)| method));
    let joined = joined.filter(|method| !method.is_empty());
    if let Some(asked) = value(words, &["-X", "--request"]).or(joined) {
        return method(asked);
    }
    if words.iter().any(|word| matches!(*word, "-T" | "--upload-file")) {
        return Effect::Settles;
    }
    let has_body = words.iter().any(|word| {
        BODY.iter()
            .any(|option| word == option || (option.len() > 2 && word.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))))
    });
    if has_body && !words.iter().any(|word| matches!(*word, "-G" | "--get")) { Effect::Adds } else { Effect::Looks }
}

/// What a request does, by what HTTP says of its method (RFC 9110, 9.2).
fn method(name: &str) -> Effect {
    match name.to_ascii_uppercase().as_str() {
        "GET" | "HEAD" | "OPTIONS" | "TRACE" => Effect::Looks,
        "PUT" | "DELETE" => Effect::Settles,
        "POST" | "PATCH" => Effect::Adds,
        _ => Effect::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(script: &str, expected: &[Effect]) {
        let script = Script::parse(script);
        assert_eq!(script.deeds().map(|deed| deed.effect).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn clients_look_settle_or_add() {
        use Effect::{Adds, Looks, Settles, Unknown};
        check(
            "az group show -n a\naz vm list\naz aks get-credentials -g a -n b\naz account set -s x\naz feature show --name list",
            &[Looks; 5],
        );
        check("az group create -n a\naz keyvault secret set -n x\naz role assignment create --role r\naz vm delete --yes", &[Settles; 4]);
        check("az ad sp create-for-rbac\naz vm restart -n x\naz acr build .\naz ad app credential reset", &[Adds; 4]);
        check("az mystery $X\naz \"$GROUP\" show", &[Unknown, Looks]);
        check("az rest --url u\naz rest --method PUT --url u\naz rest -m post --url u", &[Looks, Settles, Adds]);
        check("kubectl get pods\nkubectl -n x describe pod y\nkubectl wait pod/x\nkubectl create ns x --dry-run=client", &[Looks; 4]);
        check("kubectl apply -f x\nkubectl create -f x\nkubectl -n a run y\nkubectl exec x -- ls", &[Settles, Adds, Adds, Unknown]);
        check("helm upgrade --install a b\nhelm install a b\nhelm list", &[Settles, Adds, Looks]);
        check(
            "curl -s u\ncurl -X POST u\ncurl -sSXDELETE u\ncurl -d a=b u\ncurl -G -d a=b u\ncurl --json={} u",
            &[Looks, Adds, Settles, Adds, Looks, Adds],
        );
    }

    #[test]
    fn wrapped_commands_count_and_others_are_local_or_unknown() {
        use Effect::{Adds, Looks, Settles, Unknown};
        check(
            "timeout 30 kubectl create ns x\nsudo -E az vm delete -n x\necho x | xargs -n1 kubectl delete\ntime sleep 1\nenv A=b az group list",
            &[Adds, Settles, Looks, Settles, Looks, Looks],
        );
        check("echo a >>b\n[ -f x ]\ntest -f x\n./check.sh\nrm -rf x\n. ./x", &[Looks, Looks, Unknown, Looks, Unknown]);
        check("f() { kubectl create ns x; }\nX=$(az ad sp create-for-rbac)", &[Adds, Adds]);
        assert!(LOOKERS.is_sorted());
    }
}
