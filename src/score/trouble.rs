//! JSON documents, members and labelled lines that tell of a failure by their own names.

use serde_json::Value;

use super::label;
use super::leaf::{is_blank, name_words};
use super::state::is_wrong;
use super::veto;

/// What went wrong, as members and labels are called.
const WRONGS: [&str; 14] = [
    "error",
    "errors",
    "failure",
    "failures",
    "fault",
    "faults",
    "exception",
    "exceptions",
    "failed",
    "errored",
    "unprocessed",
    "rejected",
    "lasterror",
    "functionerror",
];
/// What tells of it, behind its word.
const TELLS: [&str; 18] = [
    "code",
    "message",
    "msg",
    "details",
    "detail",
    "reason",
    "type",
    "text",
    "description",
    "info",
    "string",
    "items",
    "entries",
    "records",
    "keys",
    "objects",
    "count",
    "total",
];
/// Words of names that only say what to do when something goes wrong, or how often it may.
const SETTINGS: [&str; 17] = [
    "on", "max", "min", "allow", "allowed", "ignore", "ignored", "stop", "retry", "custom", "handle", "default", "page", "inject", "if",
    "no", "domain",
];

/// Whether a name is one of what went wrong: `FunctionError`, `errorMessage`, `UnprocessedItems`.
fn is_named_so(name: &str) -> bool {
    let may_be =
        |part: &str| name.len() >= part.len() && name.as_bytes().windows(part.len()).any(|own| own.eq_ignore_ascii_case(part.as_bytes()));
    if name.len() > 40 || !["err", "fail", "fault", "exception", "unproc", "rejected"].iter().any(|part| may_be(part)) {
        return false;
    }
    let words = name_words(name);
    let is_wrong = |word: &String| WRONGS.contains(&word.as_str());
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return false };
    if words.iter().any(|word| SETTINGS.contains(&word.as_str())) {
        return false;
    }
    let told_behind = words.len() > 1 && TELLS.contains(&last.as_str()) && words.iter().any(is_wrong);
    is_wrong(last) || told_behind || is_wrong(first) && words.len() == 2 && last.ends_with('s') && !last.ends_with("ss")
}

/// Whether a value says that something did go wrong.
fn tells(value: &Value) -> bool {
    match value {
        Value::String(text) => is_telling(text),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Number(number) => number.as_f64().is_some_and(|number| number > 0.0),
        Value::Bool(truth) => *truth,
        Value::Null => false,
    }
}

fn is_telling(text: &str) -> bool {
    const NONE: [&str; 8] = ["none", "no", "false", "ok", "nothing", "never", "[]", "{}"];
    let text = text.trim();
    let number = text.split_whitespace().next().unwrap_or_default().trim_end_matches('%');
    !is_blank(text) && !NONE.iter().any(|none| text.eq_ignore_ascii_case(none)) && !number.parse::<f64>().is_ok_and(|number| number == 0.0)
}

/// Whether a line has a label of what went wrong, and behind it that something did: `lastError: disk is full`.
pub(super) fn is_label(line: &str) -> bool {
    label::parts(line).is_some_and(|(key, value)| is_named_so(key) && is_telling(value))
}

/// A member within a document that tells of an error and which `shown`, the document's values, do not have: its name and what it says.
pub(super) fn complaint(document: &Value, shown: &[Value]) -> Option<(String, String)> {
    match document {
        Value::Array(items) => items.iter().find_map(|item| complaint(item, shown)),
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            if is_named_so(name) && tells(value) && !shown.iter().any(|shown| has_told(shown, name)) {
                return Some((name.clone(), told(value)));
            }
            complaint(value, shown)
        }),
        _ => None,
    }
}

/// Whether a document has a member of that name that tells of something.
fn has_told(document: &Value, wanted: &str) -> bool {
    match document {
        Value::Array(items) => items.iter().any(|item| has_told(item, wanted)),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.eq_ignore_ascii_case(wanted) && tells(value) || has_told(value, wanted))
        }
        _ => false,
    }
}

/// What an error says, in a few words: its code and message, or those of the first of several.
fn told(value: &Value) -> String {
    let text = match value {
        Value::String(text) => return text.clone(),
        Value::Array(items) if !items.is_empty() => return told(&items[0]),
        Value::Object(inner) => ["code", "message"].iter().filter_map(|key| inner.get(*key)?.as_str()).collect::<Vec<_>>().join(": "),
        _ => String::new(),
    };
    if text.is_empty() { value.to_string() } else { text }
}

/// The member of an object that says that all is not well, and what it says.
pub(super) fn bad_health(document: &Value) -> Option<(String, String)> {
    let members = document.as_object()?;
    members.iter().find_map(|(name, value)| {
        let is_state = ["status", "state", "health", "phase"].iter().any(|known| name.eq_ignore_ascii_case(known));
        let state = value.as_str().filter(|state| state.eq_ignore_ascii_case("down") || is_wrong(state))?;
        is_state.then(|| (name.clone(), state.to_owned()))
    })
}

/// The failure that a JSON document is, the member that tells of it and what it says; none when it is a result.
///
/// Shapes: ARM and Graph `{"error": {"code", "message"}}`, OAuth `{"error", "error_description"}`, Kubernetes `Status`/`Failure`, problem
/// details (RFC 9457), `{"code", "message"}`, `{"errors": […]}`, `{"message": "…"}` alone.
pub(super) fn failure(document: &Value) -> Option<(String, String)> {
    let members = document.as_object()?;
    let text = |name: &str| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let tells = |value: &&Value| {
        !matches!(value, Value::Null | Value::Bool(false))
            && value.as_str() != Some("")
            && value.as_array().is_none_or(|items| !items.is_empty())
            && value.as_object().is_none_or(|inner| !inner.is_empty())
            && value.as_u64() != Some(0)
    };
    for name in ["error", "errors", "fault", "exception", "odata.error", "error_description", "errorMessage", "errorCode", "error_code"] {
        if let Some(value) = text(name).filter(tells) {
            return Some((name.to_owned(), told(value)));
        }
    }
    let string = |name: &str| text(name).and_then(Value::as_str);
    if text("success") == Some(&Value::Bool(false)) {
        let why = string("reason").or(string("message")).or(string("detail"));
        return Some(("success".to_owned(), why.unwrap_or("success is false").to_owned()));
    }
    if string("kind") == Some("Status") && string("status") == Some("Failure") {
        return Some(("message".to_owned(), string("message").unwrap_or("Failure").to_owned()));
    }
    let code = ["status", "statusCode", "code"].iter().find_map(|name| text(name)?.as_u64()).filter(|code| (400..600).contains(code));
    if let (Some(code), Some(about)) = (code, string("title").or(string("message")).or(string("detail"))) {
        return Some(("status".to_owned(), format!("{code} {about}")));
    }
    if let (Some(code), Some(message)) = (string("code"), string("message"))
        && members.len() <= 6
    {
        return Some(("code".to_owned(), format!("{code}: {message}")));
    }
    match string("message").or(string("detail")) {
        Some(message) if members.len() <= 2 => {
            let alarms = veto::alarms(message, |_| false);
            (alarms.strong.is_some() || alarms.weak.is_some()).then(|| ("message".to_owned(), message.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{complaint, failure, is_label};

    #[test]
    fn error_objects_of_every_dialect_are_told() {
        for value in [
            json!({"error": {"code": "NotFound", "message": "m"}}),
            json!({"error": "invalid_client", "error_description": "AADSTS7000215"}),
            json!({"kind": "Status", "status": "Failure", "message": "pods \"x\" not found", "code": 404}),
            json!({"type": "about:blank", "title": "Forbidden", "status": 403}),
            json!({"code": "ResourceNotFound", "message": "m"}),
            json!({"errors": [{"message": "m"}]}),
            json!({"message": "Access denied"}),
        ] {
            assert!(failure(&value).is_some(), "{value}");
        }
        for value in [
            json!({"error": null, "status": "completed"}),
            json!({"message": "hello"}),
            json!({"code": 200}),
            json!([1]),
            json!({"errors": []}),
        ] {
            assert_eq!(failure(&value), None, "{value}");
        }
    }

    #[test]
    fn members_and_labels_of_what_went_wrong_tell_of_it() {
        let shown = [json!({"StatusCode": 200, "unprocessedItems": {}, "errorCode": "E1"})];
        for (value, expected) in [
            (json!({"StatusCode": 200, "FunctionError": "Unhandled"}), true),
            (json!({"UnprocessedItems": {"orders": [1]}}), true),
            (json!({"run": {"failed": 3}}), true),
            (json!({"FailedEntryCount": 1}), true),
            (json!({"status": {"lastError": {"code": 7}}}), true),
            (json!({"errorCode": "E1"}), false),
            (json!({"errors": [], "failed": 0, "lastError": null, "error": "none"}), false),
            (json!({"failurePolicy": "Fail", "maxErrors": 3, "onFailure": "stop", "platformFaultDomainCount": 2}), false),
        ] {
            assert_eq!(complaint(&value, &shown).is_some(), expected, "{value}");
        }
        for line in ["lastError: disk is full", "  failures: 3", "Error message: no", "Failed jobs: 2"] {
            assert_eq!(is_label(line), !line.ends_with("no"), "{line}");
        }
        for line in ["errors: none", "failed: 0", "failurePolicy: Fail", "Failed jobs: 0 of 9", "Name: error-pages"] {
            assert!(!is_label(line), "{line}");
        }
    }
}
