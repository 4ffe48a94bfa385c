//! Nodes to JSON values: merge keys, aliases, explicit tags, and keys that are not text, as go-yaml 2 decodes and sigs.k8s.io/yaml converts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::YamlError;
use super::node::{Document, Node};
use super::resolve::{Plain, float_to_json, resolve};

/// Nodes that aliases may expand to before the document counts as a bomb.
const NODES_MAX: usize = 400_000;

pub(super) fn convert(document: &Document) -> Result<Value, YamlError> {
    let mut converter = Converter { document, open: vec![false; document.anchored.len()], nodes: 0 };
    let decoded = converter.decode(&document.root)?;
    decoded.into_json()
}

/// go-yaml's generic value: keys keep their type until the conversion to JSON.
#[derive(Debug, Clone, PartialEq)]
enum Decoded {
    Null,
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Sequence(Vec<Decoded>),
    Mapping(Vec<(Decoded, Decoded)>),
}

struct Converter<'a> {
    document: &'a Document,
    /// Which anchors are being expanded.
    open: Vec<bool>,
    nodes: usize,
}

impl Converter<'_> {
    fn decode(&mut self, node: &Node) -> Result<Decoded, YamlError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(yaml("document contains excessive aliasing"));
        }
        match node {
            Node::Scalar { tag, implicit, value } => decode_scalar(tag, *implicit, value),
            Node::Sequence(items) => Ok(Decoded::Sequence(items.iter().map(|item| self.decode(item)).collect::<Result<_, _>>()?)),
            Node::Mapping(entries) => {
                let mut decoded = Vec::new();
                self.decode_entries(entries, &mut decoded)?;
                Ok(Decoded::Mapping(decoded))
            }
            Node::Alias(index) => self.expand(*index, Self::decode),
        }
    }

    fn expand<T>(&mut self, index: usize, then: impl FnOnce(&mut Self, &Node) -> Result<T, YamlError>) -> Result<T, YamlError> {
        let document = self.document;
        let Some(node) = document.anchored[index].as_ref().filter(|_| !self.open[index]) else {
            return Err(yaml(&format!("anchor '{}' value contains itself", document.names[index])));
        };
        self.open[index] = true;
        let result = then(self, node);
        self.open[index] = false;
        result
    }

    fn decode_entries(&mut self, entries: &[(Node, Node)], into: &mut Vec<(Decoded, Decoded)>) -> Result<(), YamlError> {
        for (key, value) in entries {
            if is_merge(key) {
                self.merge(value, into)?;
                continue;
            }
            let key = self.decode(key)?;
            if matches!(key, Decoded::Sequence(_) | Decoded::Mapping(_)) {
                return Err(yaml(&format!("invalid map key: {}", key.go_syntax())));
            }
            let value = self.decode(value)?;
            match into.iter_mut().find(|(known, _)| *known == key) {
                Some(entry) => entry.1 = value,
                None => into.push((key, value)),
            }
        }
        Ok(())
    }

    fn merge(&mut self, value: &Node, into: &mut Vec<(Decoded, Decoded)>) -> Result<(), YamlError> {
        match value {
            Node::Mapping(entries) => self.decode_entries(entries, into),
            Node::Alias(index) => self.expand(*index, |converter, node| match node {
                Node::Mapping(entries) => converter.decode_entries(entries, into),
                _ => Err(wrong_merge()),
            }),
            // The first of several wins, so it is written last.
            Node::Sequence(items) => items.iter().rev().try_for_each(|item| match item {
                Node::Sequence(_) | Node::Scalar { .. } => Err(wrong_merge()),
                item => self.merge(item, into),
            }),
            Node::Scalar { .. } => Err(wrong_merge()),
        }
    }
}

fn is_merge(key: &Node) -> bool {
    matches!(key, Node::Scalar { tag, implicit, value } if value == "<<" && (*implicit || tag == "tag:yaml.org,2002:merge"))
}

fn wrong_merge() -> YamlError {
    yaml("map merge requires map or sequence of maps as the value")
}

fn yaml(problem: &str) -> YamlError {
    YamlError::Yaml(problem.to_owned())
}

fn decode_scalar(tag: &str, implicit: bool, value: &str) -> Result<Decoded, YamlError> {
    let text = || Decoded::Text(value.to_owned());
    let tag = tag.strip_prefix("tag:yaml.org,2002:").unwrap_or(tag);
    if tag.is_empty() && !implicit {
        return Ok(text());
    }
    let plain = resolve(value);
    let found = match plain {
        Plain::Null => "!!null",
        Plain::Bool(_) => "!!bool",
        Plain::Integer(_) | Plain::Unsigned(_) => "!!int",
        Plain::Float(_) => "!!float",
        Plain::Timestamp => "!!timestamp",
        Plain::Text => "!!str",
    };
    match tag {
        "str" => return Ok(text()),
        "binary" => {
            let bytes =
                STANDARD.decode(value.replace(['\n', '\r'], "")).map_err(|_| yaml("!!binary value contains invalid base64 data"))?;
            return Ok(Decoded::Text(String::from_utf8_lossy(&bytes).into_owned()));
        }
        "bool" | "int" | "float" | "null" | "timestamp" => {
            let widened = match plain {
                #[expect(clippy::cast_precision_loss, reason = "what !!float asks for")]
                Plain::Integer(integer) if tag == "float" => Some(Decoded::Float(integer as f64)),
                _ => None,
            };
            if let Some(widened) = widened {
                return Ok(widened);
            }
            if found != format!("!!{tag}") {
                return Err(yaml(&format!("cannot decode {found} `{value}` as a !!{tag}")));
            }
        }
        "" => {}
        // Local tags say nothing to JSON.
        _ => return Ok(text()),
    }
    Ok(match plain {
        Plain::Null => Decoded::Null,
        Plain::Bool(bool) => Decoded::Bool(bool),
        Plain::Integer(integer) => Decoded::Integer(integer),
        Plain::Unsigned(unsigned) => Decoded::Unsigned(unsigned),
        Plain::Float(float) => Decoded::Float(float),
        Plain::Timestamp | Plain::Text => text(),
    })
}

impl Decoded {
    fn into_json(self) -> Result<Value, YamlError> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(bool) => bool.into(),
            Self::Integer(integer) => integer.into(),
            Self::Unsigned(unsigned) => unsigned.into(),
            Self::Float(float) => {
                let name = if float.is_nan() {
                    "NaN"
                } else if float > 0.0 {
                    "+Inf"
                } else {
                    "-Inf"
                };
                float_to_json(float).ok_or_else(|| YamlError::Json(format!("json: unsupported value: {name}")))?
            }
            Self::Text(text) => text.into(),
            Self::Sequence(items) => Value::Array(items.into_iter().map(Self::into_json).collect::<Result<_, _>>()?),
            Self::Mapping(entries) => {
                let mut object = Map::new();
                for (key, value) in entries {
                    let name = match &key {
                        Self::Text(text) => text.clone(),
                        Self::Integer(integer) => integer.to_string(),
                        Self::Unsigned(unsigned) => unsigned.to_string(),
                        Self::Bool(bool) => bool.to_string(),
                        Self::Float(float) => float.to_string(),
                        Self::Null | Self::Sequence(_) | Self::Mapping(_) => {
                            let value = value.go_syntax();
                            return Err(YamlError::Json(format!("unsupported map key of type: %!s(<nil>), key: <nil>, value: {value}")));
                        }
                    };
                    object.insert(name, value.into_json()?);
                }
                Value::Object(object)
            }
        })
    }

    /// The value as Go's `%#v` prints it inside an `interface{}`.
    fn go_syntax(&self) -> String {
        match self {
            Self::Null => "interface {}(nil)".to_owned(),
            Self::Bool(bool) => bool.to_string(),
            Self::Integer(integer) => integer.to_string(),
            Self::Unsigned(unsigned) => format!("{unsigned:#x}"),
            Self::Float(float) => float.to_string(),
            Self::Text(text) => format!("{text:?}"),
            Self::Sequence(items) => {
                format!("[]interface {{}}{{{}}}", items.iter().map(Self::go_syntax).collect::<Vec<_>>().join(", "))
            }
            Self::Mapping(entries) => {
                let mut entries: Vec<String> =
                    entries.iter().map(|(key, value)| format!("{}:{}", key.go_syntax(), value.go_syntax())).collect();
                entries.sort();
                format!("map[interface {{}}]interface {{}}{{{}}}", entries.join(", "))
            }
        }
    }
}
