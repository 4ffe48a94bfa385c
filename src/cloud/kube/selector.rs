//! Label and field selectors of lists, watches and deletions.
//!
//! Grammar: apimachinery `pkg/labels/selector.go` and `pkg/fields/selector.go`.

use serde_json::Value;

use super::resources::Resource;
use super::status::Status;

/// One requirement on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
enum LabelRule {
    Exists(String),
    Missing(String),
    In(String, Vec<String>),
    /// Also true when the label is missing.
    NotIn(String, Vec<String>),
}

/// One requirement on a field: path, value, and whether it must be equal.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldRule {
    path: String,
    value: String,
    equal: bool,
}

/// What a request selects; the default selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<LabelRule>,
    fields: Vec<FieldRule>,
}

impl Selector {
    /// Reads the query parameters `labelSelector` and `fieldSelector`.
    pub(crate) fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Selector, Status> {
        Ok(Selector { labels: parse_labels(labels)?, fields: parse_fields(resource, fields)? })
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| object["metadata"]["labels"].get(key).and_then(Value::as_str);
        self.labels.iter().all(|rule| match rule {
            LabelRule::Exists(key) => label(key).is_some(),
            LabelRule::Missing(key) => label(key).is_none(),
            LabelRule::In(key, values) => label(key).is_some_and(|value| values.iter().any(|one| one == value)),
            LabelRule::NotIn(key, values) => label(key).is_none_or(|value| values.iter().all(|one| one != value)),
        }) && self.fields.iter().all(|rule| (field_value(object, &rule.path) == rule.value) == rule.equal)
    }
}

/// Whether an object's labels fit a `LabelSelector`: apimachinery `pkg/apis/meta/v1/helpers.go`. One that is empty fits everything.
pub(crate) fn label_selector_matches(selector: &Value, object: &Value) -> bool {
    let label = |key: &str| object["metadata"]["labels"].get(key).and_then(Value::as_str);
    let mut wanted = selector["matchLabels"].as_object().into_iter().flatten();
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    wanted.all(|(key, value)| label(key) == value.as_str())
        && expressions.into_iter().all(|expression| {
            let found = label(expression["key"].as_str().unwrap_or_default());
            let is_listed = || expression["values"].as_array().into_iter().flatten().any(|value| value.as_str() == found);
            match expression["operator"].as_str() {
                Some("In") => found.is_some() && is_listed(),
                Some("NotIn") => found.is_none() || !is_listed(),
                Some("Exists") => found.is_some(),
                Some("DoesNotExist") => found.is_none(),
                _ => false,
            }
        })
}

fn field_value(object: &Value, path: &str) -> String {
    match path.split('.').try_fold(object, |value, name| value.get(name)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(set)) => set.to_string(),
        _ => String::new(),
    }
}

/// The field labels of a kind besides metadata: kubernetes `pkg/apis/core/v1/conversion.go` and each registry's `GetAttrs`.
fn known_fields(resource: &Resource) -> &'static [&'static str] {
    match (resource.group, resource.plural) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "namespaces") => &["status.phase"],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "secrets") => &["type"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("apps", "replicasets") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        _ => &[],
    }
}

fn parse_fields(resource: &Resource, text: &str) -> Result<Vec<FieldRule>, Status> {
    let mut rules = Vec::new();
    for term in text.split(',').filter(|term| !term.is_empty()) {
        let (path, value, equal) = if let Some((path, value)) = term.split_once("!=") {
            (path, value, false)
        } else if let Some((path, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
            (path, value, true)
        } else {
            return Err(Status::bad_request(format!("invalid selector: '{text}'; can't understand '{term}'")));
        };
        let is_metadata = path == "metadata.name" || path == "metadata.namespace";
        if !is_metadata && !known_fields(resource).contains(&path) {
            // `metadata.namespace` of a cluster-scoped kind and unknown paths get the same words.
            return Err(Status::bad_request(format!("field label not supported: {path}")));
        }
        rules.push(FieldRule { path: path.to_owned(), value: value.replace("\\,", ",").replace("\\=", "="), equal });
    }
    Ok(rules)
}

fn parse_labels(text: &str) -> Result<Vec<LabelRule>, Status> {
    let fail = |why: String| Status::bad_request(format!("unable to parse requirement: {why}"));
    let mut rules = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (term, after) = split_term(rest);
        rest = after.trim_start();
        let term = term.trim();
        if let Some(key) = term.strip_prefix('!') {
            rules.push(LabelRule::Missing(check_key(key.trim()).map_err(fail)?));
        } else if let Some((key, values)) = set_term(term, " notin ").or_else(|| set_term(term, " notin(")) {
            rules.push(LabelRule::NotIn(check_key(key).map_err(fail)?, values));
        } else if let Some((key, values)) = set_term(term, " in ").or_else(|| set_term(term, " in(")) {
            rules.push(LabelRule::In(check_key(key).map_err(fail)?, values));
        } else if let Some((key, value)) = term.split_once("!=") {
            rules.push(LabelRule::NotIn(check_key(key.trim()).map_err(fail)?, vec![value.trim().to_owned()]));
        } else if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
            rules.push(LabelRule::In(check_key(key.trim()).map_err(fail)?, vec![value.trim().to_owned()]));
        } else {
            rules.push(LabelRule::Exists(check_key(term).map_err(fail)?));
        }
    }
    Ok(rules)
}

fn check_key(key: &str) -> Result<String, String> {
    let fine = !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter));
    if fine { Ok(key.to_owned()) } else { Err(format!("found '{key}', expected: identifier")) }
}

/// Splits at the first comma outside parentheses.
fn split_term(text: &str) -> (&str, &str) {
    let mut depth = 0_i32;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

fn set_term<'a>(term: &'a str, word: &str) -> Option<(&'a str, Vec<String>)> {
    let (key, values) = term.split_once(word)?;
    let values = values.trim().trim_start_matches('(').strip_suffix(')')?;
    Some((key.trim(), values.split(',').map(|value| value.trim().to_owned()).collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::resources;
    use super::*;

    fn pods() -> &'static Resource {
        resources::find("", "v1", "pods").expect("pods are known")
    }

    #[track_caller]
    fn check(labels: &str, fields: &str, expected: bool) {
        let object = json!({"metadata":{"name":"p1","labels":{"a":"b","tier":"web"}},"status":{"phase":"Running"}});
        let selector = Selector::parse(pods(), labels, fields).expect("parses");
        assert_eq!(selector.matches(&object), expected, "{labels} {fields}");
    }

    #[test]
    fn labels_select_by_equality_sets_and_existence() {
        check("", "", true);
        check("a=b,tier!=db", "", true);
        check("a == c", "", false);
        check("a in (b,c),!z", "", true);
        check("a notin (b,c)", "", false);
        check("missing notin (b)", "", true);
        check("tier,!a", "", false);
    }

    #[test]
    fn fields_select_by_equality() {
        check("", "metadata.name=p1,status.phase!=Failed", true);
        check("", "status.phase==Pending", false);
        check("", "spec.nodeName=", true);
    }

    #[test]
    fn an_unknown_field_label_is_refused() {
        let refusal = Selector::parse(pods(), "", "spec.image=x").expect_err("not supported");
        assert_eq!(refusal.message, "field label not supported: spec.image");
    }
}
