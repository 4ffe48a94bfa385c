//! The contract between the pipeline and the services: request, reply, endpoint, access.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use serde_json::Value;

use crate::cloud::fault::Fault;
use crate::cloud::identity::caller::Caller;
use crate::cloud::profile::Profile;
use crate::cloud::state::State;

/// A request, decoded as far as every service needs it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Lower case, without a port.
    pub(crate) host: String,
    /// The raw path, as sent, without the query.
    pub(crate) path: String,
    /// The path's segments, percent-decoded, empty ones kept in the middle and at the end (`/a//b/` is `["a", "", "b", ""]`).
    pub(crate) segments: Vec<String>,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The certificate that the client proved to own, DER; already checked to be issued by the run's authority.
    pub(crate) client_certificate: Option<Vec<u8>>,
}

impl Request {
    /// A request as a client would send it to `host`. `target` is path and query.
    pub(crate) fn new(method: Method, host: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method,
            host: host.to_ascii_lowercase(),
            path: path.to_owned(),
            segments: path.strip_prefix('/').unwrap_or(path).split('/').map(percent_decode).collect(),
            query: Query::parse(query),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            client_certificate: None,
        }
    }

    /// The same with a JSON body.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn with_json(mut self, body: &Value) -> Self {
        self.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        self.body = Bytes::from(body.to_string());
        self
    }

    /// The same with a form body.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn with_form(mut self, fields: &[(&str, &str)]) -> Self {
        self.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/x-www-form-urlencoded"));
        let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value))).collect();
        self.body = Bytes::from(pairs.join("&"));
        self
    }

    /// The same with a bearer token.
    #[must_use]
    pub(crate) fn with_bearer(mut self, token: &str) -> Self {
        if let Ok(value) = http::HeaderValue::try_from(format!("Bearer {token}")) {
            self.headers.insert(http::header::AUTHORIZATION, value);
        }
        self
    }

    /// The segments as borrowed texts, for slice patterns.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// A header's text; none when it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of `Authorization: Bearer …`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// ARM's answer to a body that is not JSON.
    pub(crate) fn json(&self) -> Result<Value, Fault> {
        // Assumed: the text that follows the first sentence; public reports quote parser messages that vary by service.
        serde_json::from_slice(&self.body).map_err(|error| {
            Fault::new(400, "InvalidRequestContent", format!("The request content was invalid and could not be deserialized: '{error}'."))
        })
    }

    /// The body as form fields.
    pub(crate) fn form(&self) -> Query {
        Query::parse(&String::from_utf8_lossy(&self.body))
    }

    /// `api-version`, empty when absent.
    pub(crate) fn api_version(&self) -> &str {
        self.query.get("api-version").unwrap_or_default()
    }
}

/// Decoded `name=value` pairs, in order; names are looked up without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=b&c=d`, percent-encoded, `+` for a space.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(&name.replace('+', " ")), percent_decode(&value.replace('+', " ")))
        });
        Self(pairs.collect())
    }

    /// The first value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Undoes `%41`; what is not valid stays as it is, bytes that are not UTF-8 become U+FFFD.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = if bytes[at] == b'%' { text.get(at + 1..at + 3) } else { None };
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Encodes everything but RFC 3986 unreserved characters.
pub(crate) fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// What an operation answers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: ReplyBody,
    /// Set by a read of something unfinished: when it will be finished. The HTTP layer lets time pass for a client that polls; the
    /// read itself changes nothing.
    pub(crate) pending_until: Option<Timestamp>,
}

/// The body of a reply.
pub(crate) enum ReplyBody {
    /// Nothing.
    Empty,
    /// JSON, written compactly.
    Json(Value),
    /// Text of a given media type.
    Text {
        /// The `Content-Type`.
        content_type: &'static str,
        /// The text.
        text: String,
    },
    /// Bytes of a given media type.
    Bytes {
        /// The `Content-Type`.
        content_type: &'static str,
        /// The bytes.
        bytes: Bytes,
    },
    /// A body that goes on: watches, followed logs.
    Stream {
        /// The `Content-Type`.
        content_type: &'static str,
        /// Where the chunks come from.
        source: Box<dyn StreamSource>,
    },
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Json(value) => write!(f, "Json({value})"),
            Self::Text { text, .. } => write!(f, "Text({text:?})"),
            Self::Bytes { bytes, .. } => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Stream { content_type, .. } => write!(f, "Stream({content_type})"),
        }
    }
}

/// The supplier of a streamed body. It is asked again whenever the state changed or time passed.
pub(crate) trait StreamSource: Send {
    /// What comes next, read from the state as it is.
    fn next(&mut self, state: &State, now: Timestamp) -> StreamStep;
}

/// What a stream has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamStep {
    /// Send this, then ask again at once.
    Chunk(Bytes),
    /// Nothing now. With `until`, an idle HTTP layer lets virtual time pass up to that instant; without, it waits for a change.
    Wait {
        /// The stream's own time-out.
        until: Option<Timestamp>,
    },
    /// The stream is over.
    End,
}

impl Reply {
    /// 200 with JSON.
    pub(crate) fn json(body: Value) -> Self {
        Self::with_status(200, body)
    }

    /// JSON with a status.
    pub(crate) fn with_status(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: ReplyBody::Json(body), pending_until: None }
    }

    /// No body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: ReplyBody::Empty, pending_until: None }
    }

    /// Text of a media type.
    pub(crate) fn text(status: u16, content_type: &'static str, text: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: ReplyBody::Text { content_type, text: text.into() }, pending_until: None }
    }

    /// Bytes of a media type.
    pub(crate) fn bytes(status: u16, content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), body: ReplyBody::Bytes { content_type, bytes: bytes.into() }, pending_until: None }
    }

    /// 200 with a streamed body.
    pub(crate) fn stream(content_type: &'static str, source: impl StreamSource + 'static) -> Self {
        Self { status: 200, headers: Vec::new(), body: ReplyBody::Stream { content_type, source: Box::new(source) }, pending_until: None }
    }

    /// The same with a header.
    #[must_use]
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same, saying that what was read will be finished at `until`.
    #[must_use]
    pub(crate) fn pending_until(mut self, until: Timestamp) -> Self {
        self.pending_until = Some(until);
        self
    }

    /// The JSON body; none when it is something else.
    #[cfg(test)]
    pub(crate) fn as_json(&self) -> Option<&Value> {
        match &self.body {
            ReplyBody::Json(value) => Some(value),
            _ => None,
        }
    }

    /// The first header of that name.
    #[cfg(test)]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Names that a route found in the path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(&'static str, String)>);

impl Params {
    /// None.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// These.
    pub(crate) fn of(pairs: &[(&'static str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    }

    /// The value of `name`; empty when the route does not have it.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str())
    }
}

/// An operation that a route found: who may call it, and what it does.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// Stable name of the operation, `groups.put`: what a debugger and `{:?}` show of a function pointer says nothing.
    #[cfg_attr(not(test), expect(dead_code, reason = "read through Debug only"))]
    pub(crate) name: &'static str,
    /// Who may.
    pub(crate) access: Access,
    /// What the path said.
    pub(crate) params: Params,
    /// What it does. A write is what a method other than GET and HEAD does.
    pub(crate) run: Run,
}

/// An operation behind a route.
pub(crate) type Run = fn(&mut Context<'_>) -> Result<Reply, Fault>;

/// Who may call an endpoint. There is no default: each route says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody, for the given reason.
    Public(&'static str),
    /// Who has `action` at `scope` by Azure RBAC, with a token for Resource Manager.
    Arm {
        /// `Microsoft.Resources/subscriptions/resourceGroups/write`.
        action: String,
        /// The id of the resource, as in the path.
        scope: String,
    },
    /// Who has the data action in the vault that the host names. `keyvault::authorize` finds the vault and knows its mode.
    VaultData {
        /// `Microsoft.KeyVault/vaults/secrets/getSecret/action`.
        action: String,
        /// Below the vault: `secrets/NAME`.
        scope: String,
    },
    /// Who has a token for Microsoft Graph.
    Graph,
    /// Who has a token for Resource Manager; no action is needed (listing one's own subscriptions).
    SignedIn,
    /// Who the Kubernetes API server of the host's cluster lets. `kube::authenticate` and `kube::authorize` decide.
    Kube(KubeAttributes),
}

/// What Kubernetes authorization looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KubeAttributes {
    /// `get`, `list`, `create`, …
    pub(crate) verb: String,
    /// API group, empty for core.
    pub(crate) group: String,
    /// Plural name; empty for a non-resource request.
    pub(crate) resource: String,
    /// `log`, `status`, …; may be empty.
    pub(crate) subresource: String,
    /// Empty at the cluster scope.
    pub(crate) namespace: String,
    /// Empty for collections.
    pub(crate) name: String,
    /// The path of a non-resource request.
    pub(crate) path: String,
}

/// What an operation may look at and change.
pub(crate) struct Context<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) caller: &'a Caller,
    pub(crate) now: Timestamp,
    pub(crate) request: &'a Request,
    pub(crate) params: &'a Params,
    pub(crate) profile: &'a Profile,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_and_empty_ones_are_kept() {
        let request = Request::new(Method::GET, "Management.Azure.COM", "/resourceGroups//a%2Fb/?api-version=1&%24filter=x%20eq+'y'");
        assert_eq!(request.host, "management.azure.com");
        assert_eq!(request.parts(), ["resourceGroups", "", "a/b", ""]);
        assert_eq!(request.query.get("$Filter"), Some("x eq 'y'"));
        assert_eq!(request.api_version(), "1");
    }

    #[test]
    fn broken_percent_signs_stay_as_they_are() {
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%é%4"), "%é%4");
        assert_eq!(percent_decode("%C3%A9"), "é");
        assert_eq!(percent_decode(&percent_encode("a b/ñ?")), "a b/ñ?");
    }

    #[test]
    fn a_form_goes_in_and_comes_out() {
        let request = Request::new(Method::POST, "x", "/").with_form(&[("scope", "a b+c"), ("claims", "{\"x\":1}")]);
        assert_eq!(request.form().get("scope"), Some("a b+c"));
        assert_eq!(request.form().get("claims"), Some("{\"x\":1}"));
    }
}
