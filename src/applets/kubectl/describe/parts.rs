//! What many descriptions share: labels, annotations, times, events.

use jiff::Timestamp;
use serde_json::Value;

use super::super::discovery::{list, text};
use super::super::duration::age;
use super::Writer;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Annotations longer than this stand below their key, cut.
const ANNOTATION_LENGTH_MAX: usize = 140;

/// `<none>` for nothing.
pub(super) fn or_none(text: String) -> String {
    if text.is_empty() { "<none>".to_owned() } else { text }
}

/// The time as RFC 1123 with a numeric zone; `<unset>`-like text stays as it is.
pub(super) fn time(value: &Value) -> String {
    let given = text(value);
    given.parse::<Timestamp>().map_or(given, |time| time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
}

/// `key=value` lines under a title, sorted.
pub(super) fn labels(writer: &mut Writer, title: &str, labels: &Value) {
    pairs(writer, title, labels, "=");
}

pub(super) fn pairs(writer: &mut Writer, title: &str, entries: &Value, sign: &str) {
    let mut entries: Vec<String> =
        entries.as_object().into_iter().flatten().map(|(key, value)| format!("{key}{sign}{}", text(value))).collect();
    entries.sort();
    column(writer, title, &entries);
}

/// Lines in the value column of `title`.
pub(super) fn column(writer: &mut Writer, title: &str, lines: &[String]) {
    if lines.is_empty() {
        writer.field(0, title, "<none>");
    }
    for (index, line) in lines.iter().enumerate() {
        if index == 0 { writer.field(0, title, line) } else { writer.line(0, format!("\t{line}")) }
    }
}

pub(super) fn annotations(writer: &mut Writer, annotations: &Value) {
    let mut entries: Vec<(&String, String)> = annotations
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != LAST_APPLIED)
        .map(|(key, value)| (key, text(value)))
        .collect();
    entries.sort();
    let mut lines = Vec::new();
    for (key, value) in entries {
        let value = value.strip_suffix('\n').unwrap_or(&value);
        if value.len() + key.len() + 2 > ANNOTATION_LENGTH_MAX || value.contains('\n') {
            lines.push(format!("{key}:"));
            lines.extend(value.split('\n').map(|line| format!("  {}", shortened(line, ANNOTATION_LENGTH_MAX - 2))));
        } else {
            lines.push(format!("{key}: {value}"));
        }
    }
    column(writer, "Annotations", &lines);
}

fn shortened(text: &str, length_max: usize) -> String {
    if text.len() <= length_max {
        return text.to_owned();
    }
    let end = (0..=length_max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}...", &text[..end])
}

/// Name, namespace if any, labels and annotations.
pub(super) fn header(writer: &mut Writer, object: &Value) {
    let metadata = &object["metadata"];
    writer.field(0, "Name", text(&metadata["name"]));
    let namespace = text(&metadata["namespace"]);
    if !namespace.is_empty() {
        writer.field(0, "Namespace", namespace);
    }
    labels(writer, "Labels", &metadata["labels"]);
    annotations(writer, &metadata["annotations"]);
}

pub(super) fn events(writer: &mut Writer, events: Option<&[Value]>, now: Timestamp) {
    let Some(events) = events else { return };
    if events.is_empty() {
        writer.field(0, "Events", "<none>");
        return;
    }
    writer.flush();
    writer.line(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage");
    writer.line(1, "----\t------\t----\t----\t-------");
    for event in events {
        let since = |value: &Value| {
            let time = text(value);
            if time.is_empty() { "<unknown>".to_owned() } else { age(&time, now) }
        };
        let first = if text(&event["eventTime"]).is_empty() { since(&event["firstTimestamp"]) } else { since(&event["eventTime"]) };
        let series = &event["series"];
        let interval = if series.is_object() {
            format!("{} (x{} over {first})", since(&series["lastObservedTime"]), series["count"].as_i64().unwrap_or(0))
        } else if event["count"].as_i64().is_some_and(|count| count > 1) {
            format!("{} (x{} over {first})", since(&event["lastTimestamp"]), event["count"])
        } else {
            first
        };
        let component = text(&event["source"]["component"]);
        let source = if component.is_empty() { text(&event["reportingComponent"]) } else { component };
        writer.line(
            1,
            format!("{}\t{}\t{interval}\t{source}\t{}", text(&event["type"]), text(&event["reason"]), text(&event["message"]).trim()),
        );
    }
}

/// `True` or `False`.
pub(super) fn truth(value: &Value) -> &'static str {
    if *value == true { "True" } else { "False" }
}

/// A number or a text, as it is.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Names of a list of references, joined.
pub(super) fn names(value: &Value) -> Vec<String> {
    list(value).iter().map(|reference| text(&reference["name"])).collect()
}
