//! Decodes the protobuf bodies that kubectl 1.32 and later send for `create`, `auth` and `create token`. Nothing is ever encoded: a JSON
//! answer is accepted by every client.
//!
//! Envelope and quirks: apimachinery `pkg/runtime/serializer/protobuf` and the `generated.proto` files; gogo-proto writes zero scalars,
//! which the JSON decoder drops afterwards.

use base64::Engine;
use serde_json::{Map, Value, json};

use super::schema::{self, Field, Shape};

/// The first bytes of every Kubernetes protobuf body.
const MAGIC: &[u8] = b"k8s\0";

/// Messages nest no deeper than this (`PodTemplateSpec` needs about ten levels).
const DEPTH_MAX: usize = 32;

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum ProtobufError {
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    NoEnvelope,
    #[error("unexpected EOF")]
    Truncated,
    #[error("proto: illegal wireType {0}")]
    WireType(u64),
    #[error("no kind \"{kind}\" is registered for version \"{api_version}\"")]
    UnknownKind { api_version: String, kind: String },
    #[error("{type_name} has no field with the number {number}")]
    UnknownField { type_name: &'static str, number: u32 },
    #[error("messages are nested too deeply")]
    TooDeep,
    #[error("a text is not UTF-8")]
    NotUtf8,
}

/// A body as the JSON value that means the same; `type_of` maps `(apiVersion, kind)` to the name of its type.
pub(crate) fn decode(body: &[u8], type_of: impl Fn(&str, &str) -> Option<&'static str>) -> Result<Value, ProtobufError> {
    let envelope = body.strip_prefix(MAGIC).ok_or(ProtobufError::NoEnvelope)?;
    let mut api_version = String::new();
    let mut kind = String::new();
    let mut raw: &[u8] = &[];
    let mut reader = Reader { bytes: envelope };
    while let Some((number, wire)) = reader.next()? {
        match (number, wire) {
            (1, Wire::Bytes(type_meta)) => {
                let mut reader = Reader { bytes: type_meta };
                while let Some((number, wire)) = reader.next()? {
                    match (number, wire) {
                        (1, Wire::Bytes(text)) => api_version = utf8(text)?,
                        (2, Wire::Bytes(text)) => kind = utf8(text)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let Some(type_name) = type_of(&api_version, &kind) else {
        return Err(ProtobufError::UnknownKind { api_version, kind });
    };
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), Value::String(api_version));
    object.insert("kind".to_owned(), Value::String(kind));
    message(type_name, raw, &mut object, DEPTH_MAX)?;
    Ok(Value::Object(object))
}

enum Wire<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Fixed,
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<(u32, Wire<'a>)>, ProtobufError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| ProtobufError::Truncated)?;
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Wire::Fixed
            }
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| ProtobufError::Truncated)?;
                Wire::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Wire::Fixed
            }
            other => return Err(ProtobufError::WireType(other)),
        };
        Ok(Some((number, wire)))
    }

    fn varint(&mut self) -> Result<u64, ProtobufError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.bytes.split_first().ok_or(ProtobufError::Truncated)?;
            self.bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ProtobufError::Truncated)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ProtobufError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(ProtobufError::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }
}

fn utf8(bytes: &[u8]) -> Result<String, ProtobufError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| ProtobufError::NotUtf8)
}

fn message(type_name: &'static str, bytes: &[u8], into: &mut Map<String, Value>, depth: usize) -> Result<(), ProtobufError> {
    let depth = depth.checked_sub(1).ok_or(ProtobufError::TooDeep)?;
    let fields = schema::fields(type_name).unwrap_or_default();
    let mut reader = Reader { bytes };
    while let Some((number, wire)) = reader.next()? {
        let Some(field) = fields.iter().find(|field| field.number == number && number != 0) else {
            return Err(ProtobufError::UnknownField { type_name, number });
        };
        match (&field.shape, &wire) {
            (Shape::Struct(inner), Wire::Bytes(bytes)) if field.is_inlined() => message(inner, bytes, into, depth)?,
            (Shape::List(inner), _) => {
                let item = single(inner, &wire, depth)?;
                if let Value::Array(items) = into.entry(field.name).or_insert_with(|| json!([])) {
                    items.push(item);
                }
            }
            (Shape::Map(inner), Wire::Bytes(bytes)) => entry(field, inner, bytes, into, depth)?,
            (shape, _) => {
                into.insert(field.name.to_owned(), single(shape, &wire, depth)?);
            }
        }
    }
    Ok(())
}

fn entry(field: &Field, inner: &Shape, bytes: &[u8], into: &mut Map<String, Value>, depth: usize) -> Result<(), ProtobufError> {
    let mut key = String::new();
    let mut value = Value::Null;
    let mut reader = Reader { bytes };
    while let Some((number, wire)) = reader.next()? {
        match (number, &wire) {
            (1, Wire::Bytes(text)) => key = utf8(text)?,
            (2, _) => value = single(inner, &wire, depth)?,
            _ => {}
        }
    }
    if let Value::Object(entries) = into.entry(field.name).or_insert_with(|| json!({})) {
        entries.insert(key, value);
    }
    Ok(())
}

#[expect(clippy::cast_possible_wrap, reason = "protobuf writes negative numbers as their two's complement")]
fn single(shape: &Shape, wire: &Wire<'_>, depth: usize) -> Result<Value, ProtobufError> {
    Ok(match (shape, wire) {
        (Shape::Bool, Wire::Varint(number)) => Value::Bool(*number != 0),
        (Shape::Int(_), Wire::Varint(number)) => Value::from(*number as i64),
        (Shape::Text(_), Wire::Bytes(bytes)) => Value::String(utf8(bytes)?),
        (Shape::Bytes, Wire::Bytes(bytes)) => Value::String(base64::engine::general_purpose::STANDARD.encode(bytes)),
        (Shape::Struct(inner), Wire::Bytes(bytes)) => {
            let mut object = Map::new();
            message(inner, bytes, &mut object, depth)?;
            Value::Object(object)
        }
        (Shape::Time | Shape::MicroTime, Wire::Bytes(bytes)) => time(bytes)?,
        (Shape::Quantity, Wire::Bytes(bytes)) => first_text(bytes)?.unwrap_or_else(|| Value::from("0")),
        (Shape::IntOrString, Wire::Bytes(bytes)) => int_or_string(bytes)?,
        (Shape::Items, Wire::Bytes(bytes)) => {
            let mut items = Vec::new();
            let mut reader = Reader { bytes };
            while let Some((number, wire)) = reader.next()? {
                if let (1, Wire::Bytes(text)) = (number, wire) {
                    items.push(Value::String(utf8(text)?));
                }
            }
            Value::Array(items)
        }
        // RawExtension and FieldsV1 hold JSON text.
        (Shape::Any, Wire::Bytes(bytes)) => {
            let text = first_text(bytes)?;
            text.and_then(|text| serde_json::from_str(text.as_str().unwrap_or_default()).ok()).unwrap_or(Value::Null)
        }
        (_, Wire::Varint(_)) => return Err(ProtobufError::WireType(0)),
        (_, Wire::Bytes(_)) => return Err(ProtobufError::WireType(2)),
        (_, Wire::Fixed) => return Err(ProtobufError::WireType(1)),
    })
}

fn first_text(bytes: &[u8]) -> Result<Option<Value>, ProtobufError> {
    match (Reader { bytes }).next()? {
        Some((1, Wire::Bytes(text))) => Ok(Some(Value::String(utf8(text)?))),
        _ => Ok(None),
    }
}

#[expect(clippy::cast_possible_wrap, reason = "protobuf writes negative numbers as their two's complement")]
fn time(bytes: &[u8]) -> Result<Value, ProtobufError> {
    let mut seconds = 0;
    let mut reader = Reader { bytes };
    while let Some((number, wire)) = reader.next()? {
        if let (1, Wire::Varint(value)) = (number, wire) {
            seconds = value as i64;
        }
    }
    // A zero Time is written as an empty message and means absent.
    Ok(match jiff::Timestamp::from_second(seconds) {
        Ok(time) if !bytes.is_empty() => Value::String(time.to_string()),
        _ => Value::Null,
    })
}

#[expect(clippy::cast_possible_wrap, reason = "protobuf writes negative numbers as their two's complement")]
fn int_or_string(bytes: &[u8]) -> Result<Value, ProtobufError> {
    let (mut is_text, mut number, mut text) = (false, 0, String::new());
    let mut reader = Reader { bytes };
    while let Some((field, wire)) = reader.next()? {
        match (field, wire) {
            (1, Wire::Varint(kind)) => is_text = kind == 1,
            (2, Wire::Varint(value)) => number = value as i64,
            (3, Wire::Bytes(bytes)) => text = utf8(bytes)?,
            _ => {}
        }
    }
    Ok(if is_text { Value::String(text) } else { Value::from(number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
        let mut encoded = vec![u8::try_from((number << 3) | 2).expect("small numbers"), u8::try_from(bytes.len()).expect("short")];
        encoded.extend_from_slice(bytes);
        encoded
    }

    fn envelope(kind: &str, raw: &[u8]) -> Vec<u8> {
        let type_meta = [field(1, b"v1"), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &type_meta), field(2, raw)].concat()
    }

    fn type_of(_: &str, kind: &str) -> Option<&'static str> {
        ["Secret", "Pod", "ConfigMap"].into_iter().find(|known| *known == kind)
    }

    #[test]
    fn a_secret_keeps_its_bytes_and_its_name() {
        let meta = [field(1, b"s1"), vec![7 << 3, 0], field(8, b"")].concat();
        let data = [field(1, b"a"), field(2, b"b")].concat();
        let raw = [field(1, &meta), field(2, &data), field(3, b"")].concat();
        let decoded = decode(&envelope("Secret", &raw), type_of).expect("decodes");
        assert_eq!(
            decoded,
            json!({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s1","generation":0,"creationTimestamp":null},"data":{"a":"Yg=="},"type":""})
        );
    }

    #[test]
    fn inlined_structures_are_flattened() {
        let volume = [field(1, b"v"), field(2, &field(2, &field(1, b"")))].concat();
        let raw = field(2, &field(1, &volume));
        let decoded = decode(&envelope("Pod", &raw), type_of).expect("decodes");
        assert_eq!(decoded["spec"]["volumes"], json!([{"name":"v","emptyDir":{"medium":""}}]));
    }

    #[test]
    fn broken_bodies_are_errors_and_never_panics() {
        assert_eq!(decode(b"{}", type_of), Err(ProtobufError::NoEnvelope));
        assert!(matches!(decode(&envelope("Nope", b""), type_of), Err(ProtobufError::UnknownKind { .. })));
        assert_eq!(decode(&envelope("Pod", &field(15, b"x")), type_of), Err(ProtobufError::UnknownField { type_name: "Pod", number: 15 }));
        let whole = envelope("Secret", &field(1, &field(1, b"name")));
        for length in 0..whole.len() {
            let _ = decode(&whole[..length], type_of);
        }
        assert_eq!(decode(&whole[..whole.len() - 1], type_of), Err(ProtobufError::Truncated));
    }
}
