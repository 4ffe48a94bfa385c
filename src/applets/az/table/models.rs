//! What `az` makes of a service's answer: names in its own spelling, every field that the service left out as null, and no field that the
//! packages below `az` do not know. Pure.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The models of the packages.
const MODELS: &str = include_str!("models.txt");

/// One field of a model.
struct Field {
    printed: &'static str,
    wire: &'static str,
    kind: Kind,
    read_only: bool,
}

enum Kind {
    /// Printed as it comes.
    Plain,
    /// A time, printed in Python's notation.
    Time,
    /// Another model.
    Model(&'static str),
    /// A list of a model.
    List(&'static str),
    /// Names with a model each.
    Map(&'static str),
}

fn model(name: &str) -> Option<(bool, Vec<Field>)> {
    let mut lines = MODELS.lines();
    let head = lines.by_ref().find_map(|line| line.strip_prefix("= ").filter(|head| head.split(' ').next() == Some(name)))?;
    Some((head.ends_with(" flat"), lines.take_while(|line| !line.starts_with('=')).map(field).collect()))
}

fn field(line: &'static str) -> Field {
    let mut words = line.split(' ');
    let names = words.next().unwrap_or_default();
    let (printed, wire) = names.split_once('=').unwrap_or((names, names));
    let mut field = Field { printed, wire, kind: Kind::Plain, read_only: false };
    for word in words {
        match (word, word.strip_prefix(':')) {
            ("time", _) => field.kind = Kind::Time,
            ("r", _) => field.read_only = true,
            (_, Some(model)) => {
                field.kind = match (model.strip_suffix("[]"), model.strip_suffix("{}")) {
                    (Some(model), _) => Kind::List(model),
                    (_, Some(model)) => Kind::Map(model),
                    _ => Kind::Model(model),
                }
            }
            _ => {}
        }
    }
    field
}

/// An answer as `az` prints it.
pub(crate) fn printed(name: &str, wire: &Value) -> Value {
    let (Some((flat, fields)), Value::Object(map)) = (model(name), wire) else { return wire.clone() };
    let mut out = Map::new();
    for field in fields {
        let value = map.get(field.wire).unwrap_or(&Value::Null);
        if flat && field.printed == "properties" {
            if let Kind::Model(inner) = field.kind {
                let empty = Value::Object(Map::new());
                if let Value::Object(inner) = printed(inner, if value.is_null() { &empty } else { value }) {
                    out.extend(inner);
                }
            }
            continue;
        }
        out.insert(field.printed.to_owned(), printed_field(&field.kind, value));
    }
    Value::Object(out)
}

fn printed_field(kind: &Kind, value: &Value) -> Value {
    match (kind, value) {
        (_, Value::Null) | (Kind::Plain, _) => value.clone(),
        (Kind::Time, Value::String(text)) => Value::String(time(text)),
        (Kind::Model(model), Value::Object(_)) => printed(model, value),
        (Kind::List(model), Value::Array(items)) => items.iter().map(|item| printed(model, item)).collect(),
        (Kind::Map(model), Value::Object(map)) => {
            map.iter().map(|(key, item)| (key.clone(), printed(model, item))).collect::<Map<_, _>>().into()
        }
        _ => value.clone(),
    }
}

/// An answer as it is sent back to change something: without what is the service's own and without nulls.
pub(crate) fn writable(name: &str, wire: &Value) -> Value {
    let (Some((_, fields)), Value::Object(map)) = (model(name), wire) else { return wire.clone() };
    let mut out = Map::new();
    // In the order in which the service told it.
    for (key, value) in map {
        let Some(field) = fields.iter().find(|field| field.wire == key).filter(|field| !field.read_only && !value.is_null()) else {
            continue;
        };
        let value = match (&field.kind, value) {
            (Kind::Model(model), Value::Object(_)) => writable(model, value),
            (Kind::List(model), Value::Array(items)) => items.iter().map(|item| writable(model, item)).collect(),
            (Kind::Map(model), Value::Object(map)) => {
                map.iter().map(|(key, item)| (key.clone(), writable(model, item))).collect::<Map<_, _>>().into()
            }
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    Value::Object(out)
}

/// A time as Python's `isoformat` writes it: `2026-11-21T20:06:56+00:00`, with six digits of a fraction when there is one.
pub(crate) fn time(text: &str) -> String {
    let Ok(timestamp) = text.parse::<Timestamp>() else { return text.to_owned() };
    let whole = timestamp.strftime("%Y-%m-%dT%H:%M:%S");
    match timestamp.subsec_nanosecond() / 1000 {
        0 => format!("{whole}+00:00"),
        microseconds => format!("{whole}.{microseconds:06}+00:00"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_change_and_missing_fields_are_null() {
        let wire = json!({"id": "x", "properties": {"enableRBAC": true, "oidcIssuerProfile": {"enabled": true, "issuerURL": "u", "issuerUrl": "no"}}});
        let printed = printed("ManagedCluster", &wire);
        assert_eq!(printed["enableRbac"], json!(true));
        assert_eq!(printed["oidcIssuerProfile"], json!({"issuerUrl": "u", "enabled": true}));
        assert_eq!(printed["fqdn"], Value::Null);
        assert!(printed.get("properties").is_none() && printed.get("fqdn").is_some());
    }

    #[test]
    fn what_is_the_services_own_is_not_sent_back() {
        let wire = json!({"id": "x", "tags": null, "location": "l", "identity": {"type": "SystemAssigned", "principalId": "p"},
            "properties": {"fqdn": "f", "oidcIssuerProfile": {"enabled": true, "issuerURL": "u"}, "agentPoolProfiles": [{"name": "n", "currentOrchestratorVersion": "1"}]}});
        let expected = json!({"location": "l", "identity": {"type": "SystemAssigned"},
            "properties": {"oidcIssuerProfile": {"enabled": true}, "agentPoolProfiles": [{"name": "n"}]}});
        assert_eq!(writable("ManagedCluster", &wire).to_string(), expected.to_string());
    }

    #[test]
    fn times_are_written_as_python_writes_them() {
        assert_eq!(time("2026-11-21T20:06:56.0000000Z"), "2026-11-21T20:06:56+00:00");
        assert_eq!(time("2026-01-01T00:00:00.123Z"), "2026-01-01T00:00:00.123000+00:00");
        assert_eq!(time("2020-05-19T17:52:47.2349241Z"), "2020-05-19T17:52:47.234924+00:00");
        assert_eq!(time("soon"), "soon");
    }

    #[test]
    fn every_model_that_is_named_is_there() {
        for line in MODELS.lines().filter(|line| !line.starts_with('#')) {
            for word in line.split(' ').filter_map(|word| word.strip_prefix(':')) {
                let name = word.trim_end_matches("[]").trim_end_matches("{}");
                assert!(model(name).is_some_and(|(_, fields)| !fields.is_empty()), "{name} in {line}");
            }
        }
    }
}
