//! `kubelogin convert-kubeconfig`: the same users, with another way to their tokens.
//!
//! Source: Azure/kubelogin, docs/book "convert-kubeconfig". Assumed: the order of the arguments behind the mode.

use serde_json::{Map, Value, json};

use super::{Failure, Options};
use crate::applets::Program;
use crate::applets::kubectl::kubeconfig::{Edit, Kubeconfig};

pub(super) fn convert(program: &mut Program<'_>, options: &Options) -> Result<(), Failure> {
    let failed = |text: String| Failure::Error(text.strip_prefix("error: ").unwrap_or(&text).to_owned());
    let config = Kubeconfig::load_leniently(options.typed("--kubeconfig"), &program.variables).map_err(|failure| failed(failure.text))?;
    let merged = config.merged();
    let only = match options.typed("--context") {
        None => None,
        Some(name) => {
            let context =
                merged.entry("contexts", name).ok_or_else(|| Failure::Error(format!("no context exists with the name: \"{name}\"")))?;
            Some(context.get("user").and_then(Value::as_str).unwrap_or_default().to_owned())
        }
    };
    let mode = options.get("--login").unwrap_or("devicecode");
    let mut edits = Vec::new();
    for (name, user) in merged.entries.get("users").into_iter().flatten() {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let Some(exec) = user.get("exec").and_then(Value::as_object).filter(|exec| is_ours(exec)) else { continue };
        let mut changed = exec.clone();
        changed.insert("args".to_owned(), json!(arguments(mode, exec, options)?));
        let fields: Map<String, Value> = [("exec".to_owned(), Value::Object(changed))].into_iter().collect();
        edits.push(Edit::Fields { stanza: "users", name: name.clone(), fields });
    }
    for edit in edits {
        // Each file is read again, because an earlier edit may have changed it.
        let config =
            Kubeconfig::load_leniently(options.typed("--kubeconfig"), &program.variables).map_err(|failure| failed(failure.text))?;
        config.apply(&edit).map_err(|failure| failed(failure.text))?;
    }
    Ok(())
}

fn is_ours(exec: &Map<String, Value>) -> bool {
    let command = exec.get("command").and_then(Value::as_str).unwrap_or_default();
    command.rsplit('/').next().unwrap_or_default() == "kubelogin"
}

/// What `exec` passes to `get-token` in the given mode: what was typed, else what the kubeconfig said.
fn arguments(mode: &str, exec: &Map<String, Value>, options: &Options) -> Result<Vec<String>, Failure> {
    let before: Vec<&str> = exec.get("args").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let kept = |name: &str| before.iter().position(|word| *word == name).and_then(|at| before.get(at + 1)).map(|value| (*value).to_owned());
    let value = |name: &str| options.typed(name).map(str::to_owned).or_else(|| kept(name));
    // Other modes have a client of their own: the one that the kubeconfig names is for people.
    let own = |name: &str| options.typed(name).map(str::to_owned);
    let wanted: Vec<(&str, Option<String>)> = match mode {
        "azurecli" => vec![("--server-id", value("--server-id")), ("--tenant-id", own("--tenant-id"))],
        "devicecode" | "interactive" => vec![
            ("--environment", value("--environment")),
            ("--server-id", value("--server-id")),
            ("--client-id", value("--client-id")),
            ("--tenant-id", value("--tenant-id")),
        ],
        "spn" => vec![
            ("--environment", value("--environment")),
            ("--server-id", value("--server-id")),
            ("--client-id", own("--client-id")),
            ("--client-secret", own("--client-secret")),
            ("--tenant-id", value("--tenant-id")),
        ],
        "msi" => vec![
            ("--server-id", value("--server-id")),
            ("--client-id", own("--client-id")),
            ("--identity-resource-id", own("--identity-resource-id")),
        ],
        "workloadidentity" => vec![
            ("--server-id", value("--server-id")),
            ("--client-id", own("--client-id")),
            ("--tenant-id", own("--tenant-id")),
            ("--federated-token-file", own("--federated-token-file")),
            ("--authority-host", own("--authority-host")),
        ],
        mode @ ("ropc" | "azd" | "azurepipelines" | "chained") => {
            return Err(Failure::Unsupported { what: format!("kubelogin convert-kubeconfig --login {mode}"), kind: "option" });
        }
        other => return Err(Failure::Error(format!("'{other}' is not a supported login method"))),
    };
    let mut all = vec!["get-token".to_owned(), "--login".to_owned(), mode.to_owned()];
    all.extend(wanted.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?])).flatten());
    Ok(all)
}

#[cfg(test)]
mod tests {
    use crate::applets::tests::started;

    const CONFIG: &str = "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: 'https://a'}}]\n\
        contexts: [{name: a, context: {cluster: a, user: u}}, {name: b, context: {cluster: a, user: other}}]\nusers:\n\
        - {name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: kubelogin, args: [get-token, --environment, \
        AzurePublicCloud, --server-id, S, --client-id, C, --tenant-id, T, --login, devicecode]}}}\n- {name: other, user: {token: t}}\n";

    /// The file after a conversion.
    #[track_caller]
    fn written(words: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, CONFIG).unwrap();
        let path = path.to_string_lossy().into_owned();
        let args: Vec<&str> = std::iter::once("convert-kubeconfig").chain(words.iter().copied()).collect();
        let (status, _, text) = started("kubelogin", &args, &[("KUBECONFIG", &path)]);
        assert_eq!((status, text.as_str()), (0, ""));
        std::fs::read_to_string(path).unwrap()
    }

    #[track_caller]
    fn converted(words: &[&str]) -> String {
        let written = written(words);
        assert!(written.contains("token: t"), "other users stay as they are");
        let start = written.find("args:").unwrap();
        let end = written[start..].find("command:").unwrap() + start;
        written[start..end].lines().skip(1).filter_map(|line| line.trim().strip_prefix("- ")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_mode_has_its_arguments() {
        assert_eq!(converted(&["-l", "azurecli"]), "get-token --login azurecli --server-id S");
        assert_eq!(converted(&["--login=workloadidentity"]), "get-token --login workloadidentity --server-id S");
        assert_eq!(converted(&["-l", "msi", "--client-id", "M"]), "get-token --login msi --server-id S --client-id M");
        assert_eq!(
            converted(&["-l", "spn", "--client-id", "P"]),
            "get-token --login spn --environment AzurePublicCloud --server-id S --client-id P --tenant-id T"
        );
        assert_eq!(written(&["-l", "azurecli", "--context", "b"]), CONFIG, "only the users of that context");
    }
}
