//! How answers of Azure's services are read: addresses, errors in the words of the real client, long-running operations.

use std::time::Duration;

use http::{HeaderMap, Method};
use serde_json::Value;

use super::failure::Failure;
use super::session::{Call, Session, header};
use crate::applets::client::Response;
use crate::applets::render::json;

/// How long `az` waits between two looks at an operation when the service does not say.
const POLL_PAUSE: Duration = Duration::from_secs(30);
/// More looks than this mean an operation without an end; at the usual pause this is more than a day.
const POLLS_MAX: u32 = 3000;

/// One segment of a path: every byte that is not plain is escaped.
pub(crate) fn path_encoded(text: &str) -> String {
    encoded(text, b"-._~")
}

/// The value of a query parameter.
pub(crate) fn query_encoded(text: &str) -> String {
    encoded(text, b"-._~")
}

/// A whole path, whose slashes stay.
pub(crate) fn scope_encoded(text: &str) -> String {
    encoded(text, b"-._~/")
}

fn encoded(text: &str, plain: &[u8]) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() || plain.contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect()
}

/// When the service wants to be asked again. A pause of zero counts as none said (measured).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let milliseconds =
        header(headers, "retry-after-ms").and_then(|text| text.parse::<f64>().ok()).map(|milliseconds| milliseconds / 1000.0);
    let seconds = milliseconds.or_else(|| header(headers, "retry-after")?.parse::<f64>().ok())?;
    Duration::try_from_secs_f64(seconds).ok().filter(|pause| !pause.is_zero())
}

/// Nothing when the answer is a success, else its error as the real client prints it.
pub(crate) fn successful(response: &Response) -> Result<(), Failure> {
    if response.status.is_success() {
        return Ok(());
    }
    let message = response.json().as_ref().and_then(error_text);
    let reason = || format!("Operation returned an invalid status '{}'", response.status.canonical_reason().unwrap_or_default());
    Err(Failure::Service { status: response.status.as_u16(), message: message.unwrap_or_else(reason) })
}

/// `(Code) message`, then each part on its own line; `None` when the body is no error.
///
/// The format is that of azure-core's OData errors with the additions of Resource Manager. AKS answers without the outer `error`.
pub(crate) fn error_text(body: &Value) -> Option<String> {
    let error = body.get("error").unwrap_or(body);
    let field = |name: &str| error.get(name).filter(|value| !value.is_null());
    if field("code").is_none() && field("message").is_none() {
        return None;
    }
    let text_of = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "None".to_owned(),
    };
    let (code, message) = (text_of(field("code")), text_of(field("message")));
    let mut text = format!("({code}) {message}\nCode: {code}\nMessage: {message}");
    if let Some(target) = field("target").and_then(Value::as_str).filter(|target| !target.is_empty()) {
        text.push_str(&format!("\nTarget: {target}"));
    }
    let details: Vec<String> = field("details").and_then(Value::as_array).into_iter().flatten().filter_map(error_text).collect();
    if !details.is_empty() {
        text.push_str("\nException Details:");
        for detail in details {
            let lines: Vec<String> = detail.lines().map(|line| format!("\t{line}")).collect();
            text.push_str(&lines.join("\n"));
        }
    }
    if let Some(inner) = field("innererror").filter(|inner| inner.as_object().is_none_or(|map| !map.is_empty())) {
        text.push_str(&format!("\nInner error: {}", json::details(inner)));
    }
    let additional = field("additionalInfo").and_then(Value::as_array).filter(|list| !list.is_empty());
    if let Some(additional) = additional {
        text.push_str("\nAdditional Information:");
        for info in additional {
            text.push_str(&format!("Type: {}\nInfo: {}", info["type"].as_str().unwrap_or("None"), json::details(&info["info"])));
        }
    }
    Some(text)
}

/// Starts an operation and waits for its end: the resource as it is then, null when there is none.
///
/// `Azure-AsyncOperation` is asked for its status and `Location` for its result; without either, the state in the body counts. The first
/// look comes at once, the others after the pause that the service asks for, or 30 s.
pub(crate) fn operate(session: &mut Session<'_, '_>, call: &Call, no_wait: bool) -> Result<Value, Failure> {
    let first = session.send(call)?;
    successful(&first)?;
    let body = first.json().unwrap_or_default();
    if no_wait {
        return Ok(body);
    }
    let status_url = header(&first.headers, "azure-asyncoperation").or(header(&first.headers, "operation-location"));
    let location = header(&first.headers, "location");
    let look = |url: &str| Call { url: url.to_owned(), headers: Vec::new(), body: None, ..Call { method: Method::GET, ..call.clone() } };
    let mut pause = retry_after(&first.headers);
    if let Some(url) = status_url.filter(|_| !is_finished(&first, &body)) {
        for polls in 0..POLLS_MAX {
            if polls > 0 {
                session.wait(pause.unwrap_or(POLL_PAUSE))?;
            }
            let answer = session.send(&look(url))?;
            successful(&answer)?;
            pause = retry_after(&answer.headers);
            let status = answer.json().unwrap_or_default();
            match ending(status["status"].as_str().unwrap_or_default()) {
                Ending::Running => {}
                Ending::Succeeded if call.method == Method::DELETE => return Ok(Value::Null),
                Ending::Succeeded => return session.fetch(&look(&call.url)),
                Ending::Failed => return Err(failed(&status)),
            }
        }
        return Err(endless(url));
    }
    if let Some(url) = location.filter(|_| first.status == 202) {
        for polls in 0..POLLS_MAX {
            if polls > 0 {
                session.wait(pause.unwrap_or(POLL_PAUSE))?;
            }
            let answer = session.send(&look(url))?;
            successful(&answer)?;
            pause = retry_after(&answer.headers);
            if answer.status != 202 {
                return Ok(answer.json().unwrap_or_default());
            }
        }
        return Err(endless(url));
    }
    let mut resource = body;
    for polls in 0..POLLS_MAX {
        match ending(state_of(&resource)) {
            Ending::Succeeded => return Ok(resource),
            Ending::Failed => return Err(failed(&resource)),
            Ending::Running if polls > 0 => session.wait(pause.unwrap_or(POLL_PAUSE))?,
            Ending::Running => {}
        }
        let answer = session.send(&look(&call.url))?;
        successful(&answer)?;
        pause = retry_after(&answer.headers);
        resource = answer.json().unwrap_or_default();
    }
    Err(endless(&call.url))
}

/// A body that says that all is done ends the operation, whatever the headers say (measured on 200 with a final state).
fn is_finished(first: &Response, body: &Value) -> bool {
    first.status == 204
        || (first.status == 200
            && body["properties"]["provisioningState"].is_string()
            && matches!(ending(state_of(body)), Ending::Succeeded)
            && header(&first.headers, "azure-asyncoperation").is_none())
}

enum Ending {
    Running,
    Succeeded,
    Failed,
}

fn ending(status: &str) -> Ending {
    match status.to_ascii_lowercase().as_str() {
        "" | "succeeded" => Ending::Succeeded,
        "failed" | "canceled" => Ending::Failed,
        _ => Ending::Running,
    }
}

fn state_of(resource: &Value) -> &str {
    resource["properties"]["provisioningState"].as_str().unwrap_or_default()
}

fn failed(status: &Value) -> Failure {
    let text = status.get("error").and_then(|_| error_text(status));
    Failure::Service { status: 0, message: text.unwrap_or_else(|| "Operation returned an invalid status 'OK'".to_owned()) }
}

fn endless(url: &str) -> Failure {
    Failure::Refused(format!("the operation at {url} did not end within {POLLS_MAX} looks"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // extra/N-details.txt and errors/E-secret-forbidden.txt.
    #[test]
    fn errors_are_printed_with_all_their_parts() {
        let body = json!({"error": {"code": "InvalidTemplateDeployment", "message": "outer message", "target": "tgt",
            "details": [{"code": "SkuNotAvailable", "message": "inner one", "target": "sku"}, {"code": "Other", "message": "inner two"}],
            "additionalInfo": [{"type": "PolicyViolation", "info": {"a": 1}}]}});
        let expected = "(InvalidTemplateDeployment) outer message\nCode: InvalidTemplateDeployment\nMessage: outer message\nTarget: tgt\n\
            Exception Details:\t(SkuNotAvailable) inner one\n\tCode: SkuNotAvailable\n\tMessage: inner one\n\tTarget: sku\t(Other) inner two\n\
            \tCode: Other\n\tMessage: inner two\nAdditional Information:Type: PolicyViolation\nInfo: {\n    \"a\": 1\n}";
        assert_eq!(error_text(&body).as_deref(), Some(expected));
        let body = json!({"error": {"code": "Forbidden", "message": "no", "innererror": {"code": "ForbiddenByRbac"}}});
        let text = "(Forbidden) no\nCode: Forbidden\nMessage: no\nInner error: {\n    \"code\": \"ForbiddenByRbac\"\n}";
        assert_eq!(error_text(&body).as_deref(), Some(text));
    }

    #[test]
    fn a_flat_error_is_an_error_and_other_bodies_are_none() {
        assert_eq!(error_text(&json!({"code": "C", "message": "M", "details": null})).as_deref(), Some("(C) M\nCode: C\nMessage: M"));
        assert_eq!(error_text(&json!({"value": []})), None);
        assert_eq!(error_text(&json!("text")), None);
    }

    #[test]
    fn pauses_are_read_from_either_header() {
        let of = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(http::HeaderName::from_static(name), http::HeaderValue::from_static(value))])
        };
        assert_eq!(retry_after(&of("retry-after", "7")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&of("retry-after-ms", "50")), Some(Duration::from_millis(50)));
        assert_eq!(retry_after(&of("retry-after", "0")), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn paths_and_queries_are_escaped() {
        assert_eq!(path_encoded("rg a/b(ü)"), "rg%20a%2Fb%28%C3%BC%29");
        assert_eq!(query_encoded("roleName eq 'Key Vault'"), "roleName%20eq%20%27Key%20Vault%27");
        assert_eq!(scope_encoded("/a b/c"), "/a%20b/c");
    }
}
