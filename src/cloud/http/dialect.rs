//! How each service writes a refusal.

use serde_json::{Map, Value, json};

use super::endpoint::{Reply, Request};
use super::hosts;
use crate::cloud::fault::Fault;
use crate::cloud::state::State;

/// The reply that says `fault` as the service which was asked would.
pub(crate) fn encode(state: &mut State, request: &Request, fault: &Fault) -> Reply {
    let own = fault.body().cloned();
    let is_own = own.is_some();
    let body = own.unwrap_or_else(|| match request.host.as_str() {
        hosts::GRAPH => graph(state, request, fault),
        // OAuth's own shape (RFC 6749, 5.2).
        hosts::LOGIN => json!({"error": "not_emulated", "error_description": fault.message(), "error_codes": [fault.status()]}),
        _ => json!({ "error": error_object(fault) }),
    });
    let mut reply = Reply::with_status(fault.status(), body);
    // Recorded for what is not found; Assumed for the refusals of authorization.
    if request.host == hosts::RESOURCE_MANAGER && matches!(fault.status(), 403 | 404) && !is_own {
        reply = reply.with_header("x-ms-failure-cause", "gateway");
    }
    reply.headers.extend(fault.headers().iter().cloned());
    reply
}

fn error_object(fault: &Fault) -> Map<String, Value> {
    let mut error = Map::new();
    error.insert("code".to_owned(), json!(fault.code()));
    error.insert("message".to_owned(), json!(fault.message()));
    if let Some(code) = fault.inner_code() {
        error.insert("innererror".to_owned(), json!({ "code": code }));
    }
    error
}

/// Public report: the inner error has a date without a zone, and the client's own request id, or the service's when it sent none.
fn graph(state: &mut State, request: &Request, fault: &Fault) -> Value {
    let id = state.ids.guid("graph request");
    let client = request.header("client-request-id").unwrap_or(&id).to_owned();
    let date = state.now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let mut error = error_object(fault);
    error.insert("innerError".to_owned(), json!({"date": date, "request-id": id, "client-request-id": client}));
    json!({ "error": error })
}
