//! Requests to the Kubernetes API, and what becomes of the answers.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;

use super::credential::{Credential, ask};
use super::failure::{Failure, ServerStatus};
use super::target::Target;
use crate::applets::client::{Client, ClientError, Response, Route, Trust};

/// How long a followed log may stay silent, on the wall.
const STREAM_SILENCE_MAX: Duration = Duration::from_secs(60);

pub(crate) const JSON: &str = "application/json";
/// What `get` asks for, so that the server prints the columns.
pub(crate) const TABLE: &str =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
/// What discovery asks for.
pub(crate) const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// What carries requests: the HTTPS client, or a table of answers in tests.
pub(crate) trait Wire {
    /// The whole answer.
    fn send(&self, request: Request<Bytes>) -> Result<Response, ClientError>;
    /// The answer's head at once, and its body piece by piece when it is a success; otherwise whole, inside the answer.
    fn stream(&self, request: Request<Bytes>, piece: &mut dyn FnMut(&[u8])) -> Result<Response, ClientError>;
}

impl Wire for Client {
    fn send(&self, request: Request<Bytes>) -> Result<Response, ClientError> {
        Client::send(self, request)
    }

    fn stream(&self, request: Request<Bytes>, piece: &mut dyn FnMut(&[u8])) -> Result<Response, ClientError> {
        let mut answer = self.open(request)?;
        let mut body = Vec::new();
        while let Some(bytes) = answer.next(STREAM_SILENCE_MAX)? {
            if answer.status.is_success() {
                piece(&bytes);
            } else {
                body.extend_from_slice(&bytes);
            }
        }
        Ok(Response { status: answer.status, headers: answer.headers.clone(), body: body.into() })
    }
}

/// One request, before it is sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) accept: &'static str,
    pub(crate) body: Option<(&'static str, Value)>,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), query: Vec::new(), accept: JSON, body: None }
    }

    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, path: path.into(), query: Vec::new(), accept: JSON, body: Some((JSON, body)) }
    }

    pub(crate) fn patch(path: impl Into<String>, content_type: &'static str, body: Value) -> Self {
        Self { method: Method::PATCH, path: path.into(), query: Vec::new(), accept: JSON, body: Some((content_type, body)) }
    }

    pub(crate) fn delete(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::DELETE, path: path.into(), query: Vec::new(), accept: JSON, body: Some((JSON, body)) }
    }

    #[must_use]
    pub(crate) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// With a query parameter, unless it is empty.
    #[must_use]
    pub(crate) fn with_some(self, key: &'static str, value: Option<&str>) -> Self {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    #[must_use]
    pub(crate) fn accepting(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    /// Path and query; keys sorted, values form-encoded, as Go's `url.Values` does.
    pub(crate) fn address(&self) -> String {
        let mut query = self.query.clone();
        query.sort_by_key(|(key, _)| *key);
        let query: Vec<String> = query.iter().map(|(key, value)| format!("{key}={}", encode(value, "-_.~", true))).collect();
        if query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, query.join("&")) }
    }
}

/// One segment of a path, escaped.
pub(crate) fn segment(text: &str) -> String {
    encode(text, "-_.~$&+=:@", false)
}

fn encode(text: &str, unreserved: &str, plus_for_space: bool) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match char::from(byte) {
            ' ' if plus_for_space => encoded.push('+'),
            c if c.is_ascii_alphanumeric() || unreserved.contains(c) => encoded.push(c),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CallError {
    /// The server said no.
    Refused(Box<ServerStatus>),
    /// The server was not reached, or could not be asked.
    Failed(Failure),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(status) => (*status).into(),
            CallError::Failed(failure) => failure,
        }
    }
}

impl CallError {
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(status) if status.is_not_found())
    }

    /// The same with what the client was doing before a server's message.
    #[must_use]
    pub(crate) fn while_doing(self, what: &str) -> Self {
        match self {
            Self::Refused(status) => Self::Refused(Box::new(status.while_doing(what))),
            failed => failed,
        }
    }
}

/// The API server of a target.
pub(crate) struct Server {
    target: Target,
    variables: HashMap<String, String>,
    wire: OnceCell<Rc<dyn Wire>>,
    plugin_token: OnceCell<Option<String>>,
    warnings: RefCell<Vec<String>>,
}

impl Server {
    pub(crate) fn new(target: Target, variables: HashMap<String, String>) -> Self {
        Self { target, variables, wire: OnceCell::new(), plugin_token: OnceCell::new(), warnings: RefCell::default() }
    }

    /// A server behind `wire`, whatever the target says.
    #[cfg(test)]
    pub(crate) fn behind(target: Target, wire: Rc<dyn Wire>) -> Self {
        let server = Self::new(target, HashMap::new());
        let _ = server.wire.set(wire);
        server
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Warnings of the server since the last time, oldest first.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.borrow_mut())
    }

    /// The JSON that the server answers with.
    pub(crate) fn json(&self, call: &Call) -> Result<Value, CallError> {
        let answer = self.call(call)?;
        serde_json::from_slice(&answer.body)
            .map_err(|_| CallError::Failed(Failure::error("the server answered with something that is no JSON")))
    }

    /// The server's successful answer.
    pub(crate) fn call(&self, call: &Call) -> Result<Response, CallError> {
        let (wire, request) = self.prepare(call)?;
        let answer = wire.send(request).map_err(|error| CallError::Failed(self.unreachable(&error)))?;
        self.check(answer)
    }

    /// The server's successful answer, its body handed over in pieces.
    pub(crate) fn stream(&self, call: &Call, piece: &mut dyn FnMut(&[u8])) -> Result<(), CallError> {
        let (wire, request) = self.prepare(call)?;
        let answer = wire.stream(request, piece).map_err(|error| CallError::Failed(self.unreachable(&error)))?;
        self.check(answer).map(drop)
    }

    fn check(&self, answer: Response) -> Result<Response, CallError> {
        for warning in answer.headers.get_all("warning").iter().filter_map(|value| value.to_str().ok()) {
            // `299 - "text"`, with quotes and backslashes escaped (RFC 7234 §5.5).
            if let Some(text) =
                warning.strip_prefix("299 ").and_then(|rest| rest.split_once('"')).and_then(|(_, text)| text.rsplit_once('"'))
            {
                self.warnings.borrow_mut().push(text.0.replace("\\\"", "\"").replace("\\\\", "\\"));
            }
        }
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(CallError::Refused(Box::new(ServerStatus::of(answer.status.as_u16(), &answer.body, ""))))
        }
    }

    fn prepare(&self, call: &Call) -> Result<(Rc<dyn Wire>, Request<Bytes>), CallError> {
        let url = format!("{}{}", self.target.server, call.address());
        let wrong = || CallError::Failed(Failure::error(format!("{url:?} is no address")));
        let wire = self.wire().map_err(CallError::Failed)?;
        let mut request = Request::builder().method(call.method.clone()).uri(&url).header("Accept", call.accept);
        if let Some(token) = self.target.token.as_ref().or(self.plugin_token.get().and_then(Option::as_ref)) {
            request = request.header("Authorization", format!("Bearer {token}"));
        } else if let Some((name, password)) = &self.target.basic {
            request = request.header("Authorization", format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))));
        }
        if let Some(name) = &self.target.impersonate {
            request = request.header("Impersonate-User", name);
            for group in &self.target.impersonate_groups {
                request = request.header("Impersonate-Group", group);
            }
        }
        let body = match &call.body {
            Some((content_type, body)) => {
                request = request.header("Content-Type", *content_type);
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        Ok((wire, request.body(body).map_err(|_| wrong())?))
    }

    /// The connection, made when first needed; a credential plugin is asked then.
    fn wire(&self) -> Result<Rc<dyn Wire>, Failure> {
        if let Some(wire) = self.wire.get() {
            return Ok(Rc::clone(wire));
        }
        let mut identity = self.target.identity.clone();
        let mut token = None;
        if let Some(exec) = &self.target.exec {
            match ask(exec, &self.variables)? {
                Credential::Token(plugin) => token = Some(plugin),
                Credential::Certificate(certificate, key) => identity = Some((certificate, key)),
            }
        }
        let _ = self.plugin_token.set(token);
        let trust = match &self.target.authority {
            Some(pem) => Trust::of_pem(pem.clone()),
            None => Trust::from_environment(&self.variables),
        };
        let trust = match identity {
            Some((certificate, key)) => trust.with_identity(certificate, key),
            None => trust,
        };
        let mut route = Route::from_environment(&self.variables);
        if let Some(proxy) = &self.target.proxy {
            route = route.through(proxy).ok_or_else(|| Failure::refused(format!("the proxy-url {proxy}"), "an http:// proxy"))?;
        }
        let client: Rc<dyn Wire> = Rc::new(Client::new(route, trust).map_err(|error| Failure::error(error.to_string()))?);
        Ok(Rc::clone(self.wire.get_or_init(|| client)))
    }

    fn unreachable(&self, error: &ClientError) -> Failure {
        let unable = |why: String| Failure::plain(format!("Unable to connect to the server: {why}"));
        match error {
            ClientError::Connect { source, .. } if source.kind() == std::io::ErrorKind::ConnectionRefused => Failure::plain(format!(
                "The connection to the server {} was refused - did you specify the right host or port?",
                self.target.host()
            )),
            ClientError::Connect { source, .. } if source.to_string().contains("lookup") || source.to_string().contains("resolve") => {
                let host = self.target.host().rsplit_once(':').map_or(self.target.host(), |(host, _)| host);
                unable(format!("dial tcp: lookup {host}: no such host"))
            }
            ClientError::Connect { source, .. } => unable(format!("dial tcp: {source}")),
            ClientError::Tls { source, .. } if source.to_string().contains("UnknownIssuer") => {
                unable("tls: failed to verify certificate: x509: certificate signed by unknown authority".to_owned())
            }
            ClientError::Tls { source, .. } => unable(format!("tls: {source}")),
            ClientError::ProxyRefused { reason, .. } => unable(reason.clone()),
            ClientError::TimedOut { .. } => unable("net/http: TLS handshake timeout".to_owned()),
            other => unable(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_sorted_and_escaped_as_go_does() {
        let call = Call::get("/api/v1/pods").with("limit", "500").with("labelSelector", "a in (b,c),!z").with_some("x", None);
        assert_eq!(call.address(), "/api/v1/pods?labelSelector=a+in+%28b%2Cc%29%2C%21z&limit=500");
        assert_eq!(segment("${NS}"), "$%7BNS%7D");
        assert_eq!(segment("a/b"), "a%2Fb");
    }
}
