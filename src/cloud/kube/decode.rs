//! A request's JSON made into the value that a typed API server would keep: known fields in the order of their declaration, zero values
//! left out, unknown fields reported. Defaults and validation come later.
//!
//! Messages follow Go's decoder as the API server wraps them (apiserver `endpoints/handlers/rest.go`, `transformDecodeError`).

use base64::Engine;
use serde_json::{Map, Value};

use super::schema::{self, Field, Shape};

/// A decoded object, and the paths of the fields that its type does not have, in document order.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) value: Value,
    pub(crate) unknown_fields: Vec<String>,
}

/// Reads `value` as the Kubernetes type `kind`.
///
/// # Errors
/// The text that Go's decoder prints when a value has another type than its field.
pub(crate) fn decode(kind: &'static str, value: &Value) -> Result<Decoded, String> {
    let mut walk = Walk { unknown: Vec::new(), go_path: Vec::new(), path: String::new() };
    let value = walk.structure(kind, value)?;
    Ok(Decoded { value, unknown_fields: walk.unknown })
}

struct Walk {
    unknown: Vec<String>,
    /// Field names without indices, as Go's error prints them.
    go_path: Vec<String>,
    /// With indices, as the strict decoder prints them.
    path: String,
}

impl Walk {
    fn structure(&mut self, kind: &'static str, value: &Value) -> Result<Value, String> {
        let Value::Object(object) = value else {
            return Err(format!("json: cannot unmarshal {} into Go value of type v1.{kind}", json_name(value)));
        };
        for name in object.keys() {
            if schema::field(kind, name).is_none() {
                self.unknown.push(join(&self.path, name));
            }
        }
        let mut decoded = Map::new();
        self.fields(kind, kind, object, &mut decoded)?;
        Ok(Value::Object(decoded))
    }

    fn fields(
        &mut self,
        owner: &'static str,
        kind: &'static str,
        object: &Map<String, Value>,
        into: &mut Map<String, Value>,
    ) -> Result<(), String> {
        for field in schema::fields(kind).unwrap_or_default() {
            if field.is_inlined() {
                if let Shape::Struct(inner) = field.shape {
                    self.fields(inner, inner, object, into)?;
                }
                continue;
            }
            let Some(value) = object.get(field.name).filter(|value| !value.is_null()) else { continue };
            let length = self.path.len();
            self.path = join(&self.path, field.name);
            self.go_path.push(field.name.to_owned());
            let decoded = self.value(owner, &field.shape, value)?;
            self.go_path.pop();
            self.path.truncate(length);
            if !(field.omit_zero && is_zero(field, &decoded)) {
                into.insert(field.name.to_owned(), decoded);
            }
        }
        Ok(())
    }

    fn value(&mut self, owner: &'static str, shape: &Shape, value: &Value) -> Result<Value, String> {
        let mismatch = |walk: &Self| {
            let path = walk.go_path.join(".");
            Err(format!("json: cannot unmarshal {} into Go struct field {owner}.{path} of type {}", json_name(value), shape.go_name()))
        };
        match (shape, value) {
            (Shape::Any, _) | (Shape::Text(_), Value::String(_)) | (Shape::Bool, Value::Bool(_)) => Ok(value.clone()),
            (Shape::IntOrString, Value::String(_)) => Ok(value.clone()),
            (Shape::IntOrString, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
            (Shape::Int(_), Value::Number(number)) if number.is_i64() => Ok(value.clone()),
            (Shape::Int(_), Value::Number(number)) => Err(format!(
                "json: cannot unmarshal number {number} into Go struct field {owner}.{} of type {}",
                self.go_path.join("."),
                shape.go_name()
            )),
            (Shape::Time | Shape::MicroTime, Value::String(text)) if text.parse::<jiff::Timestamp>().is_ok() => Ok(value.clone()),
            (Shape::Time | Shape::MicroTime, Value::String(text)) => {
                Err(format!("parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\""))
            }
            (Shape::Quantity, Value::String(text)) => quantity(text),
            (Shape::Quantity, Value::Number(number)) => quantity(&number.to_string()),
            (Shape::Bytes, Value::String(text)) => bytes(text),
            (Shape::Items, Value::Array(_)) => Ok(value.clone()),
            (Shape::Struct(kind), Value::Object(_)) => self.structure(kind, value),
            (Shape::List(inner), Value::Array(items)) => self.list(owner, inner, items),
            (Shape::Map(inner), Value::Object(entries)) => self.map(owner, inner, entries),
            _ => mismatch(self),
        }
    }

    fn list(&mut self, owner: &'static str, inner: &Shape, items: &[Value]) -> Result<Value, String> {
        let mut decoded = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let length = self.path.len();
            self.path.push_str(&format!("[{index}]"));
            let item = if item.is_null() { zero(inner) } else { item.clone() };
            decoded.push(self.value(owner, inner, &item)?);
            self.path.truncate(length);
        }
        Ok(Value::Array(decoded))
    }

    fn map(&mut self, owner: &'static str, inner: &Shape, entries: &Map<String, Value>) -> Result<Value, String> {
        let mut decoded = Map::new();
        for (key, entry) in entries {
            let length = self.path.len();
            self.path = join(&self.path, key);
            let entry = if entry.is_null() { zero(inner) } else { entry.clone() };
            decoded.insert(key.clone(), self.value(owner, inner, &entry)?);
            self.path.truncate(length);
        }
        Ok(Value::Object(decoded))
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// What Go calls a kind of JSON.
pub(super) fn json_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn zero(shape: &Shape) -> Value {
    match shape {
        Shape::Struct(_) | Shape::Map(_) => Value::Object(Map::new()),
        Shape::List(_) | Shape::Items => Value::Array(Vec::new()),
        Shape::Bool => Value::Bool(false),
        Shape::Int(_) => Value::from(0),
        Shape::Quantity => Value::from("0"),
        _ => Value::String(String::new()),
    }
}

fn is_zero(field: &Field, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_i64() == Some(0) && field.shape != Shape::IntOrString,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
    }
}

fn bytes(text: &str) -> Result<Value, String> {
    // Go's decoder ignores line breaks in base64.
    let clean: String = text.chars().filter(|letter| !matches!(letter, '\r' | '\n')).collect();
    let standard = base64::engine::general_purpose::STANDARD;
    match standard.decode(&clean) {
        Ok(_) => Ok(Value::String(clean)),
        Err(error) => {
            let at = match error {
                base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
                _ => clean.len(),
            };
            Err(format!("illegal base64 data at input byte {at}"))
        }
    }
}

/// Checks a resource quantity; the canonical form is Kubernetes' own (`1000m` is `1`).
fn quantity(text: &str) -> Result<Value, String> {
    let digits = text.trim_start_matches(['+', '-']);
    let end = digits.find(|letter: char| !(letter.is_ascii_digit() || letter == '.')).unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    let is_exponent = suffix
        .strip_prefix(['e', 'E'])
        .is_some_and(|power| !power.is_empty() && power.trim_start_matches(['+', '-']).chars().all(|letter| letter.is_ascii_digit()));
    let known = matches!(suffix, "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" | "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei");
    if !number.chars().any(|letter| letter.is_ascii_digit()) || number.matches('.').count() > 1 {
        return Err("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'".to_owned());
    }
    if !known && !is_exponent {
        return Err("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'".to_owned());
    }
    match (suffix, number.parse::<u64>()) {
        ("m", Ok(milli)) if milli % 1000 == 0 => Ok(Value::String((milli / 1000).to_string())),
        _ => Ok(Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn fails(value: Value, expected: &str) {
        assert_eq!(decode("Pod", &value).expect_err("must not decode"), expected);
    }

    #[test]
    fn unknown_fields_are_named_with_their_path_and_dropped() {
        let decoded = decode(
            "Pod",
            &json!({"apiVersion":"v1","kind":"Pod","labels":{"a":"b"},"metadata":{"name":"x"},
                    "spec":{"bogus":1,"containers":[{"name":"a"},{"name":"b","imag":"c"}]}}),
        )
        .expect("decodes");
        assert_eq!(decoded.unknown_fields, ["labels", "spec.bogus", "spec.containers[1].imag"]);
        assert_eq!(decoded.value["spec"], json!({"containers":[{"name":"a"},{"name":"b"}]}));
    }

    #[test]
    fn a_wrong_type_reads_as_in_go() {
        fails(
            json!({"spec":{"containers":[{"env":[{"name":"X","value":5}]}]}}),
            "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
        );
        fails(
            json!({"metadata":{"labels":{"a":true}}}),
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
        );
        fails(
            json!({"spec":{"containers":{"name":"x"}}}),
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        );
    }

    #[test]
    fn nulls_and_zero_values_are_absent() {
        let decoded = decode(
            "Pod",
            &json!({"metadata":{"name":"p","creationTimestamp":null,"generation":0,"labels":{}},"spec":{"hostNetwork":false,"volumes":[{"name":"v","emptyDir":{}}]},"status":{}}),
        )
        .expect("decodes");
        assert_eq!(decoded.value, json!({"metadata":{"name":"p"},"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}));
    }

    #[test]
    fn quantities_are_checked_and_whole_millis_shortened() {
        assert_eq!(quantity("1000m"), Ok(json!("1")));
        assert_eq!(quantity("128Mi"), Ok(json!("128Mi")));
        assert_eq!(quantity("1e3"), Ok(json!("1e3")));
        assert!(quantity("12 MB").is_err());
        assert!(quantity("").is_err());
    }
}
