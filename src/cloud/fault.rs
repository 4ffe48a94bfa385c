//! What an operation answers when it says no, before any wire dialect.
//!
//! Deliberately absent: JSON. `http::dialect` writes a fault the way the service that was asked writes it.

use serde_json::Value;

/// A refusal: status, code and message, with what some dialects add.
///
/// Boxed inside, so that `Result<_, Fault>` stays small.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault(Box<Parts>);

#[derive(Debug, Clone, PartialEq)]
struct Parts {
    status: u16,
    code: String,
    message: String,
    inner_code: Option<String>,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
    unsupported: Option<Unsupported>,
}

/// What docent lacks, and what the reader can do instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// The thing by name: `Microsoft.Compute/virtualMachines`, `keys/create`, `example.com`.
    pub what: String,
    /// `operation`, `host` or `command`.
    pub kind: &'static str,
    /// A sentence for the reader; empty when there is none.
    pub workaround: String,
}

impl Fault {
    /// A refusal with an HTTP status, the service's code and its exact message.
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            code: code.into(),
            message: message.into(),
            inner_code: None,
            headers: Vec::new(),
            body: None,
            unsupported: None,
        }))
    }

    /// Something that Azure does and docent does not: 501, named, and recorded as an observation by the pipeline.
    pub(crate) fn unsupported(what: impl Into<String>, workaround: impl Into<String>) -> Self {
        let what = what.into();
        let mut fault = Self::new(501, "NotEmulated", format!("docent's embedded Azure does not emulate {what}"));
        fault.0.unsupported = Some(Unsupported { what, kind: "operation", workaround: workaround.into() });
        fault
    }

    /// The same with an `innererror` code, as Key Vault and Graph write it.
    #[must_use]
    pub(crate) fn with_inner_code(mut self, code: impl Into<String>) -> Self {
        self.0.inner_code = Some(code.into());
        self
    }

    /// The same with a response header.
    #[must_use]
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    /// The same with the whole JSON body given, for dialects of their own (Kubernetes `Status`, OAuth, flat AKS errors).
    #[must_use]
    pub(crate) fn with_body(mut self, body: Value) -> Self {
        self.0.body = Some(body);
        self
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.0.status
    }

    /// The service's error code.
    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    /// The service's message.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// The code of `innererror`.
    pub(crate) fn inner_code(&self) -> Option<&str> {
        self.0.inner_code.as_deref()
    }

    /// Headers of the response.
    pub(crate) fn headers(&self) -> &[(&'static str, String)] {
        &self.0.headers
    }

    /// The body to send instead of the dialect's own.
    pub(crate) fn body(&self) -> Option<&Value> {
        self.0.body.as_ref()
    }

    /// Set when docent, not Azure, says no.
    pub(crate) fn as_unsupported(&self) -> Option<&Unsupported> {
        self.0.unsupported.as_ref()
    }
}
