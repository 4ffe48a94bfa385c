//! `kubectl config …`: kubeconfig files, never the network. Outputs measured with kubectl 1.33.

use serde_json::{Map, Value, json};

use super::super::failure::Failure;
use super::super::kubeconfig::{Edit, Kubeconfig, STANZAS, Stanzas};
use super::super::print::json::pretty_in_order;
use super::super::print::{Form, Printer};
use super::super::session::Session;
use super::super::tabwriter::{TABLE, align};
use super::super::yaml::to_yaml;

const OMITTED: &str = "DATA+OMITTED";

fn load(session: &Session<'_, '_>) -> Result<Kubeconfig, Failure> {
    Kubeconfig::load_leniently(session.line.text("kubeconfig"), &session.program.variables)
}

fn change(session: &Session<'_, '_>, edit: &Edit) -> Result<(), Failure> {
    load(session)?.apply(edit)
}

/// The only argument of a command; its help and an error otherwise.
fn the_argument(session: &Session<'_, '_>) -> Result<String, Failure> {
    match session.line.args.as_slice() {
        [name] => Ok(name.clone()),
        args => Err(Failure::error(format!("unexpected args: [{}]", args.join(" ")))),
    }
}

pub(super) fn view(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let line = session.line.clone();
    if !line.args.is_empty() {
        return Err(Failure::usage("config view", format!("unexpected arguments: [{}]", line.args.join(" "))));
    }
    let form = Form::of(&line, Printer::Object)?;
    let mut config = load(session)?.merged();
    let given = line.text("context").filter(|name| !name.is_empty());
    if line.is_on("minify", false) {
        config = minified(config, given)?;
    }
    if !line.is_on("raw", false) && !line.is_on("flatten", false) {
        redact(&mut config);
    } else if line.is_on("flatten", false) {
        let has_paths = config
            .entries
            .values()
            .flat_map(|entries| entries.values())
            .any(|body| ["certificate-authority", "client-certificate", "client-key"].iter().any(|key| body.contains_key(*key)));
        if has_paths {
            return Err(Failure::refused("`kubectl config view --flatten` with certificate files", "--cli system"));
        }
    }
    let value = config.to_value();
    let text = match form {
        Form::Human => to_yaml(&value),
        Form::Json => format!("{}\n", pretty_in_order(&ordered(&value), 4)),
        form => form.print(&value, "config/<unknown>")?.unwrap_or_default(),
    };
    session.out(text);
    Ok(0)
}

/// The fields of Go's structs in their order, which is what its JSON keeps.
const FIELDS: &[&str] = &[
    "kind",
    "apiVersion",
    "preferences",
    "clusters",
    "users",
    "contexts",
    "current-context",
    "name",
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "certificate-authority",
    "certificate-authority-data",
    "proxy-url",
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    "token",
    "tokenFile",
    "username",
    "password",
    "exec",
    "command",
    "args",
    "env",
    "installHint",
    "provideClusterInfo",
    "interactiveMode",
    "cluster",
    "user",
    "namespace",
];

fn ordered(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(ordered).collect(),
        Value::Object(object) => {
            let mut entries: Vec<(&String, &Value)> = object.iter().collect();
            // `apiVersion` stands in the middle of an exec stanza, and second in the file.
            let is_exec = object.contains_key("command");
            let place = |key: &str| match key {
                "apiVersion" if is_exec => FIELDS.iter().position(|field| *field == "env"),
                key => FIELDS.iter().position(|field| *field == key),
            };
            entries.sort_by_key(|(key, _)| place(key).unwrap_or(FIELDS.len()));
            if let (true, Some(at)) = (is_exec, entries.iter().position(|(key, _)| *key == "apiVersion")) {
                let version = entries.remove(at);
                let after_env = entries.iter().position(|(key, _)| *key == "env").map_or(entries.len(), |at| at + 1);
                entries.insert(after_env, version);
            }
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), ordered(value))).collect())
        }
        other => other.clone(),
    }
}

/// Only what the current context needs.
fn minified(mut config: Stanzas, given: Option<&str>) -> Result<Stanzas, Failure> {
    if let Some(given) = given {
        config.current_context = given.to_owned();
    }
    let name = config.current_context.clone();
    if name.is_empty() {
        return Err(Failure::error("current-context must exist in order to minify"));
    }
    let Some(context) = config.entry("contexts", &name).cloned() else {
        return Err(Failure::error(format!("cannot locate context {name}")));
    };
    let wanted = |key: &str| context.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let keep = [("contexts", name), ("clusters", wanted("cluster")), ("users", wanted("user"))];
    for ((stanza, kept), what) in keep.iter().zip(["context", "cluster", "user"]) {
        if !kept.is_empty() && config.entry(stanza, kept).is_none() {
            return Err(Failure::error(format!("cannot locate {what} {kept}")));
        }
    }
    for (stanza, kept) in keep {
        config.entries.entry(stanza).or_default().retain(|name, _| *name == kept);
    }
    Ok(config)
}

fn redact(config: &mut Stanzas) {
    for body in config.entries.values_mut().flat_map(|entries| entries.values_mut()) {
        for (key, shown) in [
            ("certificate-authority-data", OMITTED),
            ("client-certificate-data", OMITTED),
            ("client-key-data", OMITTED),
            ("token", "REDACTED"),
            ("password", "REDACTED"),
        ] {
            if let Some(value) = body.get_mut(key) {
                *value = shown.into();
            }
        }
    }
}

pub(super) fn current_context(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let current = load(session)?.merged().current_context;
    if current.is_empty() {
        return Err(Failure::error("current-context is not set"));
    }
    session.out(format!("{current}\n"));
    Ok(0)
}

pub(super) fn get_contexts(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let line = session.line.clone();
    let output = line.text("output").unwrap_or_default();
    if !matches!(output, "" | "name") {
        return Err(Failure::error(format!(
            "--output {output} is not available in kubectl config get-contexts; resetting to default output format"
        )));
    }
    let config = load(session)?.merged();
    let all = config.entries.get("contexts").cloned().unwrap_or_default();
    let mut failures = Vec::new();
    let names: Vec<String> = if line.args.is_empty() { all.keys().cloned().collect() } else { line.args.clone() };
    let mut text = String::new();
    if output.is_empty() && !line.is_on("no-headers", false) {
        text.push_str("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
    }
    for name in names {
        let Some(context) = all.get(&name) else {
            failures.push(Failure::error(format!("context {name} not found")));
            continue;
        };
        if output == "name" {
            text.push_str(&format!("{name}\n"));
            continue;
        }
        let field = |key: &str| context.get(key).and_then(Value::as_str).unwrap_or_default();
        let mark = if name == config.current_context { "*" } else { "" };
        text.push_str(&format!("{mark}\t{name}\t{}\t{}\t{}\n", field("cluster"), field("user"), field("namespace")));
    }
    session.out(align(&text, TABLE));
    Failure::all(failures).map_or(Ok(0), Err)
}

pub(super) fn get_clusters(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    names(session, "clusters")
}

pub(super) fn get_users(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    names(session, "users")
}

fn names(session: &mut Session<'_, '_>, stanza: &str) -> Result<i32, Failure> {
    let config = load(session)?.merged();
    let names: String = config.entries.get(stanza).into_iter().flatten().map(|(name, _)| format!("{name}\n")).collect();
    session.out(format!("NAME\n{names}"));
    Ok(0)
}

pub(super) fn use_context(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let name = match session.line.args.as_slice() {
        [name] => name.clone(),
        args => return Err(Failure::error(format!("Unexpected args: [{}]", args.join(" ")))),
    };
    if name.is_empty() {
        return Err(Failure::error("empty context names are not allowed"));
    }
    if load(session)?.merged().entry("contexts", &name).is_none() {
        return Err(Failure::error(format!("no context exists with the name: {name:?}")));
    }
    change(session, &Edit::CurrentContext(name.clone()))?;
    session.out(format!("Switched to context {name:?}.\n"));
    Ok(0)
}

pub(super) fn set_context(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let line = session.line.clone();
    let config = load(session)?.merged();
    let name = match (line.args.as_slice(), line.is_on("current", false)) {
        ([], false) => return Err(Failure::error("you must specify a non-empty context name or --current")),
        ([_, ..], true) => return Err(Failure::error("you cannot specify both a context name and --current")),
        ([], true) if config.current_context.is_empty() => return Err(Failure::error("no current context is set")),
        ([], true) => config.current_context.clone(),
        ([name], false) => name.clone(),
        (args, false) => return Err(Failure::error(format!("unexpected args: [{}]", args.join(" ")))),
    };
    set(session, &config, "contexts", "Context", name, &["cluster", "user", "namespace"])
}

pub(super) fn set_cluster(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let config = load(session)?.merged();
    let name = the_argument(session)?;
    set(
        session,
        &config,
        "clusters",
        "Cluster",
        name,
        &["server", "certificate-authority", "insecure-skip-tls-verify", "tls-server-name", "proxy-url"],
    )
}

pub(super) fn set_credentials(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let config = load(session)?.merged();
    let name = the_argument(session)?;
    set(session, &config, "users", "User", name, &["token", "username", "password", "client-certificate", "client-key"])
}

fn set(
    session: &mut Session<'_, '_>,
    config: &Stanzas,
    stanza: &'static str,
    what: &str,
    name: String,
    options: &[&str],
) -> Result<i32, Failure> {
    let mut fields = Map::new();
    for option in options {
        if let Some(value) = session.line.text(option) {
            let value = match (*option, value) {
                (_, "") => Value::Null,
                ("insecure-skip-tls-verify", _) => {
                    if session.line.is_on(option, false) {
                        Value::Bool(true)
                    } else {
                        Value::Null
                    }
                }
                (_, value) => value.into(),
            };
            fields.insert((*option).to_owned(), value);
        }
    }
    let is_new = config.entry(stanza, &name).is_none();
    change(session, &Edit::Fields { stanza, name: name.clone(), fields })?;
    session.out(match (stanza, is_new) {
        ("contexts", true) => format!("{what} {name:?} created.\n"),
        ("contexts", false) => format!("{what} {name:?} modified.\n"),
        _ => format!("{what} {name:?} set.\n"),
    });
    Ok(0)
}

pub(super) fn delete_context(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    delete(session, "contexts", "context")
}

pub(super) fn delete_cluster(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    delete(session, "clusters", "cluster")
}

pub(super) fn delete_user(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    delete(session, "users", "user")
}

fn delete(session: &mut Session<'_, '_>, stanza: &'static str, what: &str) -> Result<i32, Failure> {
    let name = the_argument(session)?;
    let kubeconfig = load(session)?;
    let config = kubeconfig.merged();
    let edit = Edit::Remove { stanza, name: name.clone() };
    let place = kubeconfig.place_of(&edit);
    if config.entry(stanza, &name).is_none() {
        return Err(Failure::error(format!("cannot delete {what} {name}, not in {}", place.display())));
    }
    kubeconfig.apply(&edit)?;
    if stanza == "contexts" && config.current_context == name {
        session.err("warning: this removed your active context, use \"kubectl config use-context\" to select a different one");
    }
    session.out(format!("deleted {what} {name} from {}\n", place.display()));
    Ok(0)
}

pub(super) fn rename_context(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let [from, to] = session.line.args.as_slice() else {
        return Err(Failure::error(format!("unexpected args: [{}]", session.line.args.join(" "))));
    };
    let (from, to) = (from.clone(), to.clone());
    let kubeconfig = load(session)?;
    let config = kubeconfig.merged();
    if config.entry("contexts", &from).is_none() {
        let edit = Edit::Rename { stanza: "contexts", from: from.clone(), to };
        return Err(Failure::error(format!("cannot rename the context {from:?}, it's not in {}", kubeconfig.place_of(&edit).display())));
    }
    if config.entry("contexts", &to).is_some() {
        return Err(Failure::error(format!(
            "cannot rename the context {from:?}, the context {to:?} already exists in {}",
            kubeconfig.files.first().map(|file| file.path.display().to_string()).unwrap_or_default()
        )));
    }
    kubeconfig.apply(&Edit::Rename { stanza: "contexts", from: from.clone(), to: to.clone() })?;
    if config.current_context == from {
        change(session, &Edit::CurrentContext(to.clone()))?;
    }
    session.out(format!("Context {from:?} renamed to {to:?}.\n"));
    Ok(0)
}

pub(super) fn unset(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let property = the_argument(session)?;
    let parts: Vec<&str> = property.split('.').collect();
    let stanza_of = |word: &str| STANZAS.iter().map(|(stanza, _)| *stanza).find(|stanza| *stanza == word);
    let edit = match parts.as_slice() {
        ["current-context"] => Edit::CurrentContext(String::new()),
        [stanza, name @ ..] if !name.is_empty() && stanza_of(stanza).is_some() => {
            let stanza = stanza_of(stanza).unwrap_or_default();
            // Names may hold dots: the longest one that exists counts.
            let config = load(session)?.merged();
            let whole = name.join(".");
            match name.split_last().filter(|(_, rest)| config.entry(stanza, &whole).is_none() && !rest.is_empty()) {
                Some((field, rest)) => {
                    Edit::Fields { stanza, name: rest.join("."), fields: json!({*field: null}).as_object().cloned().unwrap_or_default() }
                }
                None => Edit::Remove { stanza, name: whole },
            }
        }
        _ => {
            return Err(Failure::refused(
                format!("`kubectl config unset {property}`"),
                "unsetting current-context or an entry of clusters, contexts or users",
            ));
        }
    };
    change(session, &edit)?;
    session.out(format!("Property {property:?} unset.\n"));
    Ok(0)
}

#[cfg(test)]
mod tests {
    use crate::applets::tests::started;

    const CONFIG: &str = "current-context: b\nclusters: [{name: c1, cluster: {server: 'https://h:1', certificate-authority-data: YQ==}}]\n\
        contexts: [{name: b, context: {cluster: c1, user: u1}}, {name: a, context: {cluster: c1, user: u2, namespace: dev}}]\nusers: [{name: u1, user: {token: abc}}]\n";

    /// Runs the command lines one after the other on one kubeconfig.
    fn outputs(lines: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("config");
        std::fs::write(&path, CONFIG).expect("a scratch file");
        let path = path.to_string_lossy().into_owned();
        let run = |line: &&str| {
            let words: Vec<&str> = line.split(' ').collect();
            let (_, stdout, stderr) = started("kubectl", &words, &[("KUBECONFIG", &path)]);
            format!("{stdout}{stderr}").replace(&path, "FILE")
        };
        lines.iter().map(run).collect()
    }

    #[test]
    fn contexts_are_listed_switched_and_changed() {
        let outputs = outputs(&[
            "config get-contexts",
            "config use-context a",
            "config current-context",
            "config set-context --current --namespace=x",
            "config get-contexts --no-headers",
            "config use-context q",
        ]);
        assert_eq!(
            outputs,
            [
                "CURRENT   NAME   CLUSTER   AUTHINFO   NAMESPACE\n          a      c1        u2         dev\n*         b      c1        u1         \n",
                "Switched to context \"a\".\n",
                "a\n",
                "Context \"a\" modified.\n",
                "*     a     c1    u2    x\n      b     c1    u1    \n",
                "error: no context exists with the name: \"q\"\n",
            ]
        );
    }

    #[test]
    fn a_view_hides_secrets_unless_raw() {
        let outputs = outputs(&[
            "config view --minify",
            "config view --raw -o jsonpath={.users[0].user.token}",
            "--context nope config view --minify",
        ]);
        assert_eq!(
            outputs[0],
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: DATA+OMITTED\n    server: https://h:1\n  name: c1\ncontexts:\n- context:\n    cluster: c1\n    user: u1\n  name: b\n\
             current-context: b\nkind: Config\npreferences: {}\nusers:\n- name: u1\n  user:\n    token: REDACTED\n"
        );
        assert_eq!(outputs[1..], ["abc", "error: cannot locate context nope\n"]);
    }

    #[test]
    fn entries_are_removed_and_renamed_in_their_file() {
        let outputs = outputs(&[
            "config delete-context a",
            "config delete-context a",
            "config rename-context b z",
            "config current-context",
            "config unset users.u1",
            "config get-users",
            "config unset current-context",
            "config current-context",
        ]);
        assert_eq!(
            outputs,
            [
                "deleted context a from FILE\n",
                "error: cannot delete context a, not in FILE\n",
                "Context \"b\" renamed to \"z\".\n",
                "z\n",
                "Property \"users.u1\" unset.\n",
                "NAME\n",
                "Property \"current-context\" unset.\n",
                "error: current-context is not set\n",
            ]
        );
    }
}
