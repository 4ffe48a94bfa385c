//! The run's side channel: clock, random draws, and notes of the built-in clients for the report.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::endpoint::{Query, Reply};
use crate::cloud::clock::whole_seconds;
use crate::cloud::fault::Unsupported;
use crate::cloud::observation::Observation;
use crate::cloud::shared::Shared;

/// How many random bytes one draw gives at most.
const RANDOM_BYTES_MAX: usize = 1 << 20;

/// Answers `what` (the part of path and query behind the token).
pub(crate) fn answer(shared: &Shared, method: &Method, what: &str, body: &[u8]) -> Reply {
    let (path, query) = what.split_once('?').unwrap_or((what, ""));
    match (method.as_str(), path) {
        ("GET", "clock") => now(shared),
        ("POST", "clock") => advance(shared, body),
        ("GET", "random") => random(shared, &Query::parse(query)),
        ("POST", "exit") => note(shared, body, client_exit),
        ("POST", "unsupported") => note(shared, body, unsupported),
        _ => Reply::text(404, "text/plain; charset=utf-8", "the run offers clock, random, exit and unsupported\n"),
    }
}

fn now(shared: &Shared) -> Reply {
    let now = shared.state().now();
    // Whole seconds stay readable; a fraction is kept, because clients measure with it.
    let text = if now.subsec_nanosecond() == 0 { whole_seconds(now) } else { now.to_string() };
    Reply::json(json!({ "now": text }))
}

fn advance(shared: &Shared, body: &[u8]) -> Reply {
    let milliseconds = serde_json::from_slice::<Value>(body).ok().and_then(|body| body["advance_ms"].as_u64());
    let Some(milliseconds) = milliseconds else { return bad_request("advance_ms must be a whole number of milliseconds") };
    shared.advance(Duration::from_millis(milliseconds));
    now(shared)
}

fn random(shared: &Shared, query: &Query) -> Reply {
    let count = query.get("bytes").and_then(|count| count.parse::<usize>().ok()).filter(|count| *count <= RANDOM_BYTES_MAX);
    let Some(count) = count else { return bad_request("bytes must be a number up to 1048576") };
    Reply::json(json!({"hex": shared.state().ids.hex("random", count)}))
}

fn note(shared: &Shared, body: &[u8], read: fn(&Value) -> Option<Observation>) -> Reply {
    let observation = serde_json::from_slice::<Value>(body).ok().and_then(|body| read(&body));
    let Some(observation) = observation else { return bad_request("the note is not of the agreed shape") };
    shared.state().observe(observation);
    Reply::empty(204)
}

fn client_exit(body: &Value) -> Option<Observation> {
    let argv = body["argv"].as_array()?.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<_>>()?;
    let status = i32::try_from(body["status"].as_i64()?).ok()?;
    Some(Observation::ClientExit { argv, status, message: body["message"].as_str()?.to_owned() })
}

fn unsupported(body: &Value) -> Option<Observation> {
    let kind = match body["kind"].as_str()? {
        "host" => "host",
        "operation" => "operation",
        _ => "command",
    };
    let workaround = body["workaround"].as_str().unwrap_or_default().to_owned();
    Some(Observation::Unsupported(Unsupported { what: body["what"].as_str()?.to_owned(), kind, workaround }))
}

fn bad_request(text: &str) -> Reply {
    Reply::text(400, "text/plain; charset=utf-8", format!("{text}\n"))
}
