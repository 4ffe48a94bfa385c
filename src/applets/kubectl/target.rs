//! Which server a command line talks to, as whom, and in which namespace: the context of the kubeconfig under the options given.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::command_line::CommandLine;
use super::failure::Failure;
use super::kubeconfig::{Kubeconfig, plain_io};

/// Where requests go and what they carry.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Target {
    /// Scheme, host and port, without a slash at the end.
    pub(crate) server: String,
    /// Trusted certificates in PEM; those of the environment when `None`.
    pub(crate) authority: Option<Vec<u8>>,
    /// Client certificate and key in PEM.
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) token: Option<String>,
    pub(crate) basic: Option<(String, String)>,
    /// The `exec` stanza of the user.
    pub(crate) exec: Option<Map<String, Value>>,
    pub(crate) proxy: Option<String>,
    pub(crate) namespace: String,
    /// The namespace came from `-n` or the kubeconfig's context by name.
    pub(crate) namespace_is_explicit: bool,
    pub(crate) impersonate: Option<String>,
    pub(crate) impersonate_groups: Vec<String>,
}

impl Target {
    pub(crate) fn resolve(line: &CommandLine, variables: &HashMap<String, String>) -> Result<Self, Failure> {
        let config = Kubeconfig::load(line.text("kubeconfig"), variables)?.merged();
        let context_name = line.text("context").filter(|name| !name.is_empty()).unwrap_or(&config.current_context);
        let context = config.entry("contexts", context_name);
        if context.is_none() && !context_name.is_empty() {
            return Err(Failure::plain(format!("Error in configuration: context was not found for specified context: {context_name}")));
        }
        let field = |body: Option<&Map<String, Value>>, key: &str| {
            body.and_then(|body| body.get(key)?.as_str()).map(str::to_owned).filter(|text| !text.is_empty())
        };
        let given = |name: &str| line.text(name).filter(|text| !text.is_empty()).map(str::to_owned);

        let cluster_name = given("cluster").or_else(|| field(context, "cluster"));
        let cluster = cluster_name.as_deref().and_then(|name| config.entry("clusters", name));
        if let (Some(name), None) = (&cluster_name, cluster) {
            return Err(Failure::error(format!("cluster {name:?} does not exist")));
        }
        // The commands that make bindings have an option of the same name, which hides the global one.
        let chosen = given("user").filter(|_| !line.path.ends_with("rolebinding"));
        let user_name = chosen.clone().or_else(|| field(context, "user"));
        let user = user_name.as_deref().and_then(|name| config.entry("users", name));
        if let (Some(name), None) = (chosen, user) {
            return Err(Failure::error(format!("auth info {name:?} does not exist")));
        }
        if user.is_some_and(|user| user.contains_key("auth-provider")) {
            return Err(Failure::refused("the kubeconfig field auth-provider", "an exec plugin or a token"));
        }

        let server = given("server").or_else(|| field(cluster, "server")).unwrap_or_else(|| "http://localhost:8080".to_owned());
        let server = if server.contains("://") { server } else { format!("http://{server}") };
        // Nothing that identifies the caller travels over plain HTTP (kubernetes-wire A1, measured).
        let is_secure = server.starts_with("https://");
        let is_insecure = line.is_on(
            "insecure-skip-tls-verify",
            cluster.is_some_and(|cluster| cluster.get("insecure-skip-tls-verify") == Some(&Value::Bool(true))),
        );
        let authority = match (is_insecure, given("certificate-authority")) {
            (true, _) => None,
            (false, Some(path)) => Some(read(&path, "certificate-authority")?),
            (false, None) => material(cluster, "certificate-authority")?,
        };
        let identity = match (given("client-certificate"), given("client-key")) {
            (Some(certificate), Some(key)) => Some((read(&certificate, "client-cert")?, read(&key, "client-key")?)),
            _ => material(user, "client-certificate")?.zip(material(user, "client-key")?),
        };
        let token_file =
            || field(user, "tokenFile").and_then(|path| std::fs::read_to_string(path).ok()).map(|token| token.trim().to_owned());
        let token = given("token").or_else(token_file).or_else(|| field(user, "token"));
        let basic = given("username")
            .or_else(|| field(user, "username"))
            .map(|name| (name, given("password").or_else(|| field(user, "password")).unwrap_or_default()));
        let exec = user.and_then(|user| user.get("exec")?.as_object().cloned()).filter(|_| token.is_none());
        let namespace = given("namespace").or_else(|| field(context, "namespace"));
        Ok(Self {
            server: server.trim_end_matches('/').to_owned(),
            authority,
            identity: identity.filter(|_| is_secure),
            token: token.filter(|_| is_secure),
            basic: basic.filter(|_| is_secure),
            exec: exec.filter(|_| is_secure),
            proxy: field(cluster, "proxy-url"),
            namespace_is_explicit: given("namespace").is_some(),
            namespace: namespace.unwrap_or_else(|| "default".to_owned()),
            impersonate: given("as"),
            impersonate_groups: line.repeated("as-group"),
        })
    }

    /// Host and port, as messages name the server.
    pub(crate) fn host(&self) -> &str {
        self.server.split_once("://").map_or(self.server.as_str(), |(_, host)| host)
    }
}

/// `<key>-data` in base64, else the file that `<key>` names.
fn material(body: Option<&Map<String, Value>>, key: &str) -> Result<Option<Vec<u8>>, Failure> {
    let Some(body) = body else { return Ok(None) };
    if let Some(data) = body.get(&format!("{key}-data")).and_then(Value::as_str) {
        let bytes = STANDARD
            .decode(data.replace(['\n', ' '], ""))
            .map_err(|_| Failure::error(format!("{key}-data of the kubeconfig is no base64")))?;
        return Ok(Some(bytes));
    }
    body.get(key).and_then(Value::as_str).map(|path| read(path, key)).transpose()
}

fn read(path: &str, what: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(Path::new(path))
        .map_err(|fault| Failure::error(format!("unable to read {what} {path}: open {path}: {}", plain_io(&fault))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(words: &str, config: &str) -> Result<Target, Failure> {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("config");
        std::fs::write(&path, config).expect("a scratch file");
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let variables = HashMap::from([("KUBECONFIG".to_owned(), path.to_string_lossy().into_owned())]);
        Target::resolve(&CommandLine::parse(&words)?, &variables)
    }

    const CONFIG: &str = "current-context: a\nclusters: [{name: c, cluster: {server: 'https://h:1/', certificate-authority-data: YQ==}}]\n\
        contexts: [{name: a, context: {cluster: c, user: u, namespace: dev}}, {name: b, context: {cluster: c, user: v}}]\n\
        users: [{name: u, user: {token: t, client-certificate-data: Yg==, client-key-data: Yw==}}, {name: v, user: {exec: {command: x}}}]\n";

    #[test]
    fn a_context_gives_server_credentials_and_namespace() {
        let target = resolved("get pods", CONFIG).expect("complete");
        assert_eq!((target.host(), target.namespace.as_str(), target.token.as_deref()), ("h:1", "dev", Some("t")));
        assert_eq!((target.authority, target.identity), (Some(b"a".to_vec()), Some((b"b".to_vec(), b"c".to_vec()))));
    }

    #[test]
    fn options_win_over_the_context() {
        let target = resolved("get pods --context b -n x --as bob --as-group g", CONFIG).expect("complete");
        assert_eq!((target.namespace.as_str(), target.namespace_is_explicit, target.exec.is_some()), ("x", true, true));
        assert_eq!((target.impersonate.as_deref(), target.impersonate_groups), (Some("bob"), vec!["g".to_owned()]));
        assert!(resolved("get pods --context b --token q", CONFIG).expect("complete").exec.is_none());
    }

    #[test]
    fn plain_http_carries_no_credentials() {
        let target = resolved("get pods --server http://h:2 --token q", CONFIG).expect("complete");
        assert_eq!((target.token, target.identity, target.server.as_str()), (None, None, "http://h:2"));
    }

    #[test]
    fn an_unknown_context_is_named_and_none_at_all_means_localhost() {
        assert_eq!(
            resolved("get pods --context q", CONFIG).expect_err("unknown").text,
            "Error in configuration: context was not found for specified context: q"
        );
        assert_eq!(resolved("get pods", "").expect("empty").server, "http://localhost:8080");
    }
}
