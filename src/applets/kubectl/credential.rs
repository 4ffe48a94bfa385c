//! Credential plugins: the program that a kubeconfig's `exec` stanza names is asked for a token.
//!
//! Source: client.authentication.k8s.io/v1 and v1beta1; messages measured with kubectl 1.32.

use std::collections::HashMap;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use super::failure::Failure;

/// What a plugin answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    Token(String),
    /// Certificate and key in PEM.
    Certificate(Vec<u8>, Vec<u8>),
}

/// Runs the plugin and reads its answer.
pub(crate) fn ask(exec: &Map<String, Value>, variables: &HashMap<String, String>) -> Result<Credential, Failure> {
    let text = |key: &str| exec.get(key).and_then(Value::as_str).unwrap_or_default();
    let command = text("command");
    let version = text("apiVersion");
    let unable = |why: String| Failure::plain(format!("Unable to connect to the server: getting credentials: {why}"));
    let info = json!({"kind": "ExecCredential", "apiVersion": version, "spec": {"interactive": false}});
    let args = exec.get("args").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut process = Command::new(command);
    process
        .args(args)
        .env_clear()
        .envs(variables)
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    for variable in exec.get("env").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(name), Some(value)) = (variable["name"].as_str(), variable["value"].as_str()) {
            process.env(name, value);
        }
    }
    let output = match process.output() {
        Ok(output) => output,
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => {
            let hint = text("installHint");
            let hint = if hint.is_empty() { String::new() } else { format!("\n\n{}", hint.trim_end_matches('\n')) };
            return Err(unable(format!(
                "exec: executable {command} not found\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.\n\n\
                 To learn more about this feature, consult the documentation available at:\n      \
                 https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins{hint}"
            )));
        }
        Err(fault) => return Err(unable(format!("exec: {fault}"))),
    };
    if !output.status.success() {
        return Err(unable(format!("exec: executable {command} failed with exit code {}", output.status.code().unwrap_or(-1))));
    }
    let answer: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| unable("decoding stdout: couldn't get version/kind; json parse error".to_owned()))?;
    if answer["kind"] != "ExecCredential" || answer["apiVersion"] != version {
        let kind = format!("{}, Kind={}", answer["apiVersion"].as_str().unwrap_or_default(), answer["kind"].as_str().unwrap_or_default());
        return Err(unable(format!("exec plugin is configured to use API version {version}, plugin returned version {kind}")));
    }
    let status = &answer["status"];
    if let (Some(certificate), Some(key)) = (status["clientCertificateData"].as_str(), status["clientKeyData"].as_str()) {
        return Ok(Credential::Certificate(certificate.as_bytes().to_vec(), key.as_bytes().to_vec()));
    }
    match status["token"].as_str().filter(|token| !token.is_empty()) {
        Some(token) => Ok(Credential::Token(token.to_owned())),
        None if status.is_object() => Err(unable("exec plugin didn't return a token or cert/key pair".to_owned())),
        None => Err(unable("exec plugin didn't return a status field".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(exec: Value) -> Result<Credential, Failure> {
        let variables = HashMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        ask(exec.as_object().expect("an object"), &variables)
    }

    #[test]
    fn the_token_of_a_plugin_is_read() {
        let script = r#"echo '{"kind":"ExecCredential","apiVersion":"v1beta1","status":{"token":"t"}}'"#;
        assert_eq!(asked(json!({"apiVersion": "v1beta1", "command": "sh", "args": ["-c", script]})), Ok(Credential::Token("t".to_owned())));
    }

    #[test]
    fn a_plugin_that_is_not_installed_is_named_with_its_hint() {
        let failure = asked(json!({"apiVersion": "v1beta1", "command": "no-such-plugin", "installHint": "get it\n"})).expect_err("absent");
        assert!(
            failure
                .text
                .starts_with("Unable to connect to the server: getting credentials: exec: executable no-such-plugin not found\n\nIt looks")
        );
        assert!(failure.text.ends_with("#client-go-credential-plugins\n\nget it"), "{}", failure.text);
    }

    #[test]
    fn a_plugin_that_fails_is_named_with_its_status() {
        let failure = asked(json!({"apiVersion": "v1beta1", "command": "sh", "args": ["-c", "exit 3"]})).expect_err("fails");
        assert_eq!(failure.text, "Unable to connect to the server: getting credentials: exec: executable sh failed with exit code 3");
    }
}
