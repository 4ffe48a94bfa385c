//! The program of `ghcr.io/azure/azure-workload-identity/msal-go`: it exchanges its service-account token for one of Microsoft Entra ID,
//! reads one secret, says so, and does it again every minute.
//!
//! The exchange is made by `azure_identity`, the rest as the original's libraries do it; what it writes is rendered from the answers.
//! Source: Azure/azure-workload-identity `examples/msal-go/main.go`, with azcore 1.16, azsecrets 0.12 and MSAL for Go 1.3.2.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::TokenCredential as _;
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_identity::{ClientAssertionCredentialOptions, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions};
use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::klog::{self, Severity};
use super::run::Session;
use super::transport::{self, Conversation, Heard};
use crate::cloud::clock::later;
use crate::cloud::exchange::Exchange;
use crate::cloud::http::endpoint::{Request, percent_encode};
use crate::cloud::observation::Observation;

/// The pause between two readings.
const PAUSE: Duration = Duration::from_secs(60);
/// What `os.Exit(1)` and klog's `Fatal` end with.
const FAILED: i32 = 1;
const FATAL: i32 = 255;
/// azcore gets a new token this long before the old one ends.
const RENEWAL: Duration = Duration::from_secs(300);
/// The api-version of azsecrets 0.12.
const API_VERSION: &str = "7.4";

/// The variables that it must have, in its order, with the lines where it gives up.
const REQUIRED: [(&str, u32); 6] = [
    ("KEYVAULT_URL", 15),
    ("SECRET_NAME", 19),
    ("AZURE_CLIENT_ID", 34),
    ("AZURE_TENANT_ID", 37),
    ("AZURE_FEDERATED_TOKEN_FILE", 40),
    ("AZURE_AUTHORITY_HOST", 43),
];

/// What a turn of the program starts from.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) environment: BTreeMap<String, String>,
    /// What is in the file that `AZURE_FEDERATED_TOKEN_FILE` names; none when there is no such file.
    pub(crate) token: Option<String>,
    pub(crate) session: Option<Session>,
    /// The instant, to the microsecond.
    pub(crate) at: Timestamp,
}

impl Turn {
    /// A variable of the environment, empty when it is not set.
    pub(crate) fn variable(&self, name: &str) -> &str {
        self.environment.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) lines: Vec<String>,
    pub(crate) exit: Option<i32>,
    pub(crate) again: Duration,
    pub(crate) session: Option<Session>,
    pub(crate) problem: Option<Problem>,
    pub(crate) observations: Vec<Observation>,
}

/// What it failed at, for whoever explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A variable is not set.
    Variable(&'static str),
    /// The token's file is not there.
    TokenFile(String),
    /// The token endpoint said no, with these codes.
    Token(Vec<i64>),
    /// The vault said no: host, status, code.
    Vault { host: String, status: u16, code: String },
    /// A host that nobody has.
    Host(String),
    /// Something else, which the log says.
    Other,
}

/// A failure: what the program prints as its error, and what it was.
struct Failure {
    text: String,
    problem: Problem,
}

fn failure(text: impl Into<String>, problem: Problem) -> Failure {
    Failure { text: text.into(), problem }
}

/// One turn: from the check of its environment to the line in its log.
pub(crate) fn act(turn: &Turn, exchange: &dyn Exchange) -> Outcome {
    let mut outcome =
        Outcome { lines: Vec::new(), exit: None, again: PAUSE, session: turn.session.clone(), problem: None, observations: Vec::new() };
    if let Some((name, line)) = REQUIRED.into_iter().find(|(name, _)| turn.variable(name).is_empty()) {
        // klog adds the stacks of all goroutines, with addresses that nobody can know. Left out.
        let header = klog::header(Severity::Fatal, turn.at, &format!("main.go:{line}"));
        outcome.lines = vec![format!("{header}{name} environment variable is not set")];
        outcome.exit = Some(FATAL);
        outcome.problem = Some(Problem::Variable(name));
        return outcome;
    }
    let mut conversation = Conversation::default();
    match read_secret(turn, exchange, &mut conversation, &mut outcome.session) {
        Ok(secret) => {
            outcome.lines = klog::structured(Severity::Info, turn.at, "main.go:63", "successfully got secret", &[("secret", &secret)]);
        }
        Err(Failure { text, problem }) => {
            let pairs = [("err", text.as_str()), ("keyvault", turn.variable("KEYVAULT_URL")), ("secretName", turn.variable("SECRET_NAME"))];
            outcome.lines = klog::structured(Severity::Error, turn.at, "main.go:60", "failed to get secret from keyvault", &pairs);
            outcome.exit = Some(FAILED);
            outcome.problem = Some(problem);
        }
    }
    outcome.observations = conversation.observations;
    outcome
}

/// Asks the vault: first without a token, to hear what token it wants.
fn read_secret(
    turn: &Turn,
    exchange: &dyn Exchange,
    conversation: &mut Conversation,
    session: &mut Option<Session>,
) -> Result<String, Failure> {
    let (base, name) = (turn.variable("KEYVAULT_URL"), turn.variable("SECRET_NAME"));
    let (host, prefix) = vault_host(base)?;
    let path = format!("{prefix}/secrets/{}/", percent_encode(name));
    let target = format!("{path}?api-version={API_VERSION}");
    let shown = format!("https://{host}{prefix}/secrets/{name}/");
    let nobody = || {
        // Go's resolver, asking the cluster's.
        let text = format!("Get \"https://{host}{target}\": dial tcp: lookup {host} on 10.0.0.10:53: no such host");
        failure(text, Problem::Host(host.clone()))
    };
    let is_fresh = |session: &Session| session.expires > later(turn.at, RENEWAL);
    if !session.as_ref().is_some_and(is_fresh) {
        let challenge = conversation.ask(exchange, &Request::new(Method::GET, &host, &target)).ok_or_else(nobody)?;
        let resource = challenge.header("www-authenticate").and_then(wanted_resource);
        let Some(resource) = resource.filter(|_| challenge.status == 401) else {
            return Err(refused(&shown, &host, &challenge));
        };
        *session = Some(token(turn, exchange, conversation, &format!("{}/.default", resource.trim_end_matches('/')))?);
    }
    let access_token = session.as_ref().map(|session| session.access_token.clone()).unwrap_or_default();
    let request = Request::new(Method::GET, &host, &target).with_bearer(&access_token);
    let heard = conversation.ask(exchange, &request).ok_or_else(nobody)?;
    let body: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    match body["value"].as_str().filter(|_| heard.status == 200) {
        Some(value) => Ok(value.to_owned()),
        None => Err(refused(&shown, &host, &heard)),
    }
}

/// Host and path of the vault's URL, with azcore's refusals of others.
fn vault_host(base: &str) -> Result<(String, String), Failure> {
    let (scheme, rest) = base.split_once("://").unwrap_or(("", base));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if scheme.is_empty() || host.is_empty() {
        return Err(failure("no Host in request URL", Problem::Other));
    }
    match scheme.to_ascii_lowercase().as_str() {
        "https" => {}
        "http" => return Err(failure("authenticated requests are not permitted for non TLS protected (https) endpoints", Problem::Other)),
        other => return Err(failure(format!("unsupported protocol scheme {other}"), Problem::Other)),
    }
    let host = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
    let path = path.trim_end_matches('/');
    Ok((host, if path.is_empty() { String::new() } else { format!("/{path}") }))
}

/// `resource` of `Bearer authorization="…", resource="…"`.
fn wanted_resource(challenge: &str) -> Option<String> {
    let parameters = challenge.strip_prefix("Bearer ")?.split(',');
    let found = parameters.filter_map(|parameter| parameter.trim().split_once('='));
    found.into_iter().find(|(name, _)| matches!(*name, "resource" | "scope")).map(|(_, value)| value.trim_matches('"').to_owned())
}

/// azcore's `ResponseError`.
fn refused(url: &str, host: &str, heard: &Heard) -> Failure {
    let rule = "-".repeat(80);
    let body: Option<Value> = serde_json::from_slice(&heard.body).ok();
    let code = body.as_ref().and_then(|body| body["error"]["code"].as_str()).unwrap_or_default().to_owned();
    let reason = http::StatusCode::from_u16(heard.status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let shown_code = if code.is_empty() { "ERROR CODE UNAVAILABLE".to_owned() } else { format!("ERROR CODE: {code}") };
    let shown_body = match &body {
        Some(body) => serde_json::to_string_pretty(body).unwrap_or_default(),
        None if heard.body.is_empty() => "Response contained no body".to_owned(),
        None => heard.text(),
    };
    let text = format!("GET {url}\n{rule}\nRESPONSE {0}: {0} {reason}\n{shown_code}\n{rule}\n{shown_body}\n{rule}\n", heard.status);
    failure(text, Problem::Vault { host: host.to_owned(), status: heard.status, code })
}

/// Exchanges the service-account token, by the library that real workloads use.
fn token(turn: &Turn, exchange: &dyn Exchange, conversation: &mut Conversation, scope: &str) -> Result<Session, Failure> {
    let variable = |name: &str| turn.variable(name).to_owned();
    let (authority, tenant, client_id) = (variable("AZURE_AUTHORITY_HOST"), variable("AZURE_TENANT_ID"), variable("AZURE_CLIENT_ID"));
    let Some(assertion) = &turn.token else {
        let path = variable("AZURE_FEDERATED_TOKEN_FILE");
        return Err(failure(format!("open {path}: no such file or directory"), Problem::TokenFile(path)));
    };
    let other = |error: &dyn std::fmt::Display| failure(error.to_string(), Problem::Other);
    // The credential reads a path; only its owner may read the file, and it goes away with this function.
    let mut file = tempfile::NamedTempFile::new().map_err(|error| other(&error))?;
    file.write_all(assertion.as_bytes()).map_err(|error| other(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|error| other(&error))?;
    let (client, requests) = transport::channel();
    let mut custom = CustomConfiguration::default();
    custom.authority_host.clone_from(&authority);
    let client_options = ClientOptions {
        cloud: Some(Arc::new(CloudConfiguration::Custom(custom))),
        retry: RetryOptions::none(),
        transport: Some(Transport::new(Arc::new(client))),
        ..ClientOptions::default()
    };
    let options = WorkloadIdentityCredentialOptions {
        credential_options: ClientAssertionCredentialOptions { client_options },
        client_id: Some(client_id),
        tenant_id: Some(tenant.clone()),
        token_file_path: Some(file.path().to_owned()),
    };
    let credential = WorkloadIdentityCredential::new(Some(options)).map_err(|error| other(&error))?;
    let granted = runtime.block_on(async {
        let asking = async move {
            let granted = credential.get_token(&[scope], None).await;
            // The channel closes with its only client.
            drop(credential);
            granted
        };
        let (granted, ()) = tokio::join!(asking, transport::serve(requests, exchange, conversation));
        granted
    });
    let url = format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/'));
    match (granted, &conversation.last) {
        (Ok(granted), heard) => {
            let body: Value = heard.as_ref().and_then(|heard| serde_json::from_slice(&heard.body).ok()).unwrap_or_default();
            let life = Duration::from_secs(body["expires_in"].as_u64().unwrap_or_default());
            Ok(Session { access_token: granted.token.secret().to_owned(), expires: later(turn.at, life) })
        }
        // MSAL's `errors.CallErr`.
        (Err(_), Some(heard)) => {
            let body: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
            let codes = body["error_codes"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
            let text = format!("http call({url})(POST) error: reply status code was {}:\n{}", heard.status, heard.text());
            Err(failure(text, Problem::Token(codes)))
        }
        (Err(_), None) => {
            let host = authority.trim_start_matches("https://").split('/').next().unwrap_or_default().to_owned();
            let text = format!("http call({url})(POST) error: Post \"{url}\": dial tcp: lookup {host} on 10.0.0.10:53: no such host");
            Err(failure(text, Problem::Host(host)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_names_the_resource() {
        let header = "Bearer authorization=\"https://login.microsoftonline.com/t\", resource=\"https://vault.azure.net\"";
        assert_eq!(wanted_resource(header).as_deref(), Some("https://vault.azure.net"));
        assert_eq!(wanted_resource("Basic realm=\"x\""), None);
    }

    #[test]
    fn only_urls_with_tls_are_asked() {
        let host = |url: &str| vault_host(url).map_err(|failure| failure.text);
        assert_eq!(host("https://KV.vault.azure.net/"), Ok(("kv.vault.azure.net".to_owned(), String::new())));
        assert_eq!(host("kv"), Err("no Host in request URL".to_owned()));
        let plain = "authenticated requests are not permitted for non TLS protected (https) endpoints";
        assert_eq!(host("http://kv.vault.azure.net"), Err(plain.to_owned()));
    }
}
