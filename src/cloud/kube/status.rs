//! Refusals in the words of the Kubernetes API server: apimachinery `pkg/api/errors` and apiserver `responsewriters/errors.go`.

use serde_json::{Map, Value, json};

use super::resources::Resource;

/// A request that the API server answers with a `Status` of failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) code: u16,
    /// Empty for a webhook's refusal, which kubectl prints without a reason.
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) details: Option<Box<Value>>,
    /// What docent does not emulate, when that is why.
    pub(crate) unsupported: Option<String>,
}

/// One reason why an object is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    reason: &'static str,
    field: String,
    message: String,
}

impl Cause {
    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Cause {
        let message = if detail.is_empty() { "Required value".to_owned() } else { format!("Required value: {detail}") };
        Cause { reason: "FieldValueRequired", field: field.into(), message }
    }

    /// `value` as Go prints it: texts in quotes.
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Cause {
        Cause { reason: "FieldValueInvalid", field: field.into(), message: format!("Invalid value: {}: {detail}", go_value(value)) }
    }

    pub(crate) fn unsupported(field: impl Into<String>, value: &Value, supported: &[&str]) -> Cause {
        let list: Vec<String> = supported.iter().map(|value| format!("\"{value}\"")).collect();
        let message = format!("Unsupported value: {}: supported values: {}", go_value(value), list.join(", "));
        Cause { reason: "FieldValueNotSupported", field: field.into(), message }
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Cause {
        Cause { reason: "FieldValueDuplicate", field: field.into(), message: format!("Duplicate value: {}", go_value(value)) }
    }

    pub(crate) fn not_found(field: impl Into<String>, value: &Value) -> Cause {
        Cause { reason: "FieldValueNotFound", field: field.into(), message: format!("Not found: {}", go_value(value)) }
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: &str) -> Cause {
        Cause { reason: "FieldValueForbidden", field: field.into(), message: format!("Forbidden: {detail}") }
    }

    fn text(&self) -> String {
        format!("{}: {}", self.field, self.message)
    }
}

fn go_value(value: &Value) -> String {
    value.to_string()
}

impl Status {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Status {
        Status { code, reason, message: message.into(), details: None, unsupported: None }
    }

    fn about(mut self, resource: &Resource, name: &str) -> Status {
        self.details = Some(Box::new(details(name, resource.group, resource.plural)));
        self
    }

    pub(crate) fn not_found(resource: &Resource, name: &str) -> Status {
        Status::new(404, "NotFound", format!("{} \"{name}\" not found", resource.qualified())).about(resource, name)
    }

    /// A path that no resource serves.
    pub(crate) fn no_such_path() -> Status {
        let mut status = Status::new(404, "NotFound", "the server could not find the requested resource");
        status.details = Some(Box::new(json!({})));
        status
    }

    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Status {
        Status::new(409, "AlreadyExists", format!("{} \"{name}\" already exists", resource.qualified())).about(resource, name)
    }

    pub(crate) fn conflict(resource: &Resource, name: &str, why: &str) -> Status {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource.qualified());
        Status::new(409, "Conflict", message).about(resource, name)
    }

    /// Another writer was faster.
    pub(crate) fn stale(resource: &Resource, name: &str) -> Status {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Status::conflict(resource, name, why)
    }

    /// Server-side apply met fields that another manager applied.
    pub(crate) fn apply_conflict(conflicts: &[(String, String)]) -> Status {
        let plural = if conflicts.len() == 1 { "" } else { "s" };
        let lines: Vec<String> = conflicts.iter().map(|(manager, field)| format!("conflict with \"{manager}\": {field}")).collect();
        let message = format!("Apply failed with {} conflict{plural}: {}", conflicts.len(), lines.join("\n"));
        let causes: Vec<Value> = conflicts
            .iter()
            .map(|(manager, field)| json!({"reason":"FieldManagerConflict","message":format!("conflict with \"{manager}\""),"field":field}))
            .collect();
        let mut status = Status::new(409, "Conflict", message);
        status.details = Some(Box::new(json!({ "causes": causes })));
        status
    }

    pub(crate) fn invalid(resource: &Resource, name: &str, causes: &[Cause]) -> Status {
        Status::invalid_kind(resource.group, resource.kind, name, causes)
    }

    pub(crate) fn invalid_kind(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Status {
        let texts: Vec<String> = causes.iter().map(Cause::text).collect();
        let text = if let [only] = texts.as_slice() { only.clone() } else { format!("[{}]", texts.join(", ")) };
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut status = Status::new(422, "Invalid", format!("{qualified} \"{name}\" is invalid: {text}"));
        let mut all = details(name, group, kind);
        all["causes"] =
            causes.iter().map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field})).collect();
        status.details = Some(Box::new(all));
        status
    }

    /// `why` is the admission plugin's or the authorizer's sentence.
    pub(crate) fn forbidden(resource: &Resource, name: &str, why: &str) -> Status {
        let subject = if name.is_empty() { resource.qualified() } else { format!("{} \"{name}\"", resource.qualified()) };
        Status::new(403, "Forbidden", format!("{subject} is forbidden: {why}")).about(resource, name)
    }

    /// A refusal about a resource that has no kind here (`users`, `groups`), or that is known by name only.
    pub(crate) fn forbidden_words(resource: &str, name: &str, why: &str, reason: &str) -> Status {
        let subject = if name.is_empty() { resource.to_owned() } else { format!("{resource} \"{name}\"") };
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        // The API server escapes these three in what a user may have typed.
        let message = format!("{subject} is forbidden: {why}{reason}").replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let mut status = Status::new(403, "Forbidden", message);
        let (kind, group) = resource.split_once('.').unwrap_or((resource, ""));
        status.details = Some(Box::new(details(name, group, kind)));
        status
    }

    /// A path outside the resources.
    pub(crate) fn forbidden_path(message: String) -> Status {
        let mut status = Status::new(403, "Forbidden", message);
        status.details = Some(Box::new(json!({})));
        status
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Status {
        Status::new(400, "BadRequest", message)
    }

    /// A JSON patch that does not fit: apiserver `patch.go` answers 422 without causes.
    pub(crate) fn invalid_patch(why: &str) -> Status {
        let mut status = Status::new(422, "Invalid", format!("the server rejected our request due to an error in our request: {why}"));
        // kubectl prints this sentence alone, without the library's.
        status.message = "the server rejected our request due to an error in our request".to_owned();
        status.details = Some(Box::new(json!({})));
        status
    }

    /// A webhook's refusal: apiserver `admission/plugin/webhook/errors` leaves the reason empty.
    pub(crate) fn denied_by_webhook(webhook: &str, code: u16, why: &str) -> Status {
        Status::new(code, "", format!("admission webhook \"{webhook}\" denied the request: {why}"))
    }

    pub(crate) fn unauthorized() -> Status {
        Status::new(401, "Unauthorized", "Unauthorized")
    }

    pub(crate) fn method_not_allowed() -> Status {
        let mut status = Status::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
        status.details = Some(Box::new(json!({})));
        status
    }

    pub(crate) fn unsupported_media_type(accepted: &str) -> Status {
        let message = format!("the body of the request was in an unknown format - accepted media types include: {accepted}");
        Status::new(415, "UnsupportedMediaType", message)
    }

    /// A watch asked for events that are no longer kept.
    pub(crate) fn expired(asked: u64, oldest: u64) -> Status {
        Status::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    /// Docent refuses what it does not emulate, and says so; a real cluster has no such answer.
    pub(crate) fn not_emulated(what: &str) -> Status {
        let message = format!("{what} is not emulated by docent's embedded cluster");
        let mut status = Status::new(501, "NotImplemented", message);
        status.unsupported = Some(what.to_owned());
        status
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("kind".to_owned(), json!("Status"));
        body.insert("apiVersion".to_owned(), json!("v1"));
        body.insert("metadata".to_owned(), json!({}));
        body.insert("status".to_owned(), json!("Failure"));
        body.insert("message".to_owned(), json!(self.message));
        if !self.reason.is_empty() {
            body.insert("reason".to_owned(), json!(self.reason));
        }
        if let Some(details) = &self.details {
            body.insert("details".to_owned(), (**details).clone());
        }
        body.insert("code".to_owned(), json!(self.code));
        Value::Object(body)
    }
}

/// The answer to a deletion that left nothing behind.
pub(crate) fn deleted(resource: &Resource, name: &str, uid: &str) -> Value {
    let mut details = details(name, resource.group, resource.plural);
    details["uid"] = json!(uid);
    json!({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":details})
}

fn details(name: &str, group: &str, kind: &str) -> Value {
    let mut details = Map::new();
    if !name.is_empty() {
        details.insert("name".to_owned(), json!(name));
    }
    if !group.is_empty() {
        details.insert("group".to_owned(), json!(group));
    }
    details.insert("kind".to_owned(), json!(kind));
    Value::Object(details)
}

#[cfg(test)]
mod tests {
    use super::super::resources;
    use super::*;

    fn pods() -> &'static Resource {
        resources::find("", "v1", "pods").expect("pods are known")
    }

    #[test]
    fn one_cause_stands_alone_and_several_in_brackets() {
        let one = Status::invalid(pods(), "x3", &[Cause::required("spec.containers", "")]);
        assert_eq!(one.message, "Pod \"x3\" is invalid: spec.containers: Required value");
        let two = Status::invalid(
            pods(),
            "x",
            &[Cause::required("a", ""), Cause::unsupported("spec.restartPolicy", &json!("Often"), &["Always", "Never"])],
        );
        assert_eq!(
            two.message,
            "Pod \"x\" is invalid: [a: Required value, spec.restartPolicy: Unsupported value: \"Often\": supported values: \"Always\", \"Never\"]"
        );
        assert_eq!(two.body()["details"]["kind"], "Pod");
        assert_eq!(two.body()["details"]["causes"][1]["reason"], "FieldValueNotSupported");
    }

    #[test]
    fn groups_qualify_the_resource() {
        let roles = resources::find("rbac.authorization.k8s.io", "v1", "roles").expect("roles are known");
        assert_eq!(Status::not_found(roles, "r").message, "roles.rbac.authorization.k8s.io \"r\" not found");
        assert_eq!(Status::not_found(pods(), "p").body()["details"], json!({"name":"p","kind":"pods"}));
    }

    #[test]
    fn a_webhook_refusal_has_no_reason() {
        assert_eq!(Status::denied_by_webhook("w", 400, "no").body().get("reason"), None);
    }
}
