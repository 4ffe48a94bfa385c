//! How each service writes a refusal.

use serde_json::{Map, Value, json};

use super::endpoint::Reply;
use crate::cloud::fault::Fault;

/// The reply that says `fault` as the service behind `host` would.
pub(crate) fn encode(host: &str, fault: &Fault) -> Reply {
    let body = fault.body().cloned().unwrap_or_else(|| error_object(fault));
    let mut reply = Reply::with_status(fault.status(), body);
    // Recorded: the gateway in front of Resource Manager marks its own errors.
    if host == "management.azure.com" && fault.status() == 404 && fault.body().is_none() {
        reply = reply.with_header("x-ms-failure-cause", "gateway");
    }
    reply.headers.extend(fault.headers().iter().cloned());
    reply
}

fn error_object(fault: &Fault) -> Value {
    let mut error = Map::new();
    error.insert("code".to_owned(), json!(fault.code()));
    error.insert("message".to_owned(), json!(fault.message()));
    if let Some(target) = fault.target() {
        error.insert("target".to_owned(), json!(target));
    }
    if !fault.details().is_empty() {
        let details = fault.details().iter().map(|(code, message)| json!({"code": code, "message": message}));
        error.insert("details".to_owned(), details.collect());
    }
    if let Some(code) = fault.inner_code() {
        error.insert("innererror".to_owned(), json!({"code": code}));
    }
    json!({ "error": error })
}
