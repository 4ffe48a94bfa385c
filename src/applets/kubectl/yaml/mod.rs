//! YAML as kubectl reads and writes it: go-yaml 2's scanner and parser with their error texts, then sigs.k8s.io/yaml's conversion to JSON.
//!
//! Sources: the YAML 1.1 production rules as libyaml organises them (tokens, simple keys, indentation stack), and kubectl 1.32/1.33 measured
//! with broken manifests. Absent: UTF-16 input and emission of anything but JSON values.

mod convert;
mod emit;
mod node;
mod parser;
mod resolve;
mod scalar;
mod scanner;
mod token;

#[cfg(test)]
mod tests;

pub(crate) use emit::to_yaml;

use serde_json::Value;

/// Documents nested deeper are refused; go-yaml itself allows 10,000 levels.
const DEPTH_MAX: usize = 400;

/// Why a text is not YAML, or not JSON in YAML's clothes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum YamlError {
    /// go-yaml's own complaint, with its line where it gives one.
    #[error("yaml: {0}")]
    Yaml(String),
    /// The conversion to JSON failed.
    #[error("{0}")]
    Json(String),
}

/// The JSON value of the first YAML document in `text`; `null` when there is none.
///
/// # Errors
/// The text that kubectl prints after `error converting YAML to JSON: `.
pub(crate) fn to_json(text: &[u8]) -> Result<Value, YamlError> {
    let characters = decode(text)?;
    let Some(document) = parser::Parser::new(characters).document()? else { return Ok(Value::Null) };
    convert::convert(&document)
}

/// Bytes to characters under YAML's rules for what a stream may contain.
fn decode(text: &[u8]) -> Result<Vec<char>, YamlError> {
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(fault) => {
            let complaint = match (text.get(fault.valid_up_to()), fault.error_len()) {
                (_, None) => "incomplete UTF-8 octet sequence",
                (Some(0x80..=0xBF | 0xF8..=0xFF), _) => "invalid leading UTF-8 octet",
                _ => "invalid trailing UTF-8 octet",
            };
            return Err(YamlError::Yaml(complaint.to_owned()));
        }
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let allowed = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
            && c != '\u{FEFF}'
    };
    if text.chars().all(allowed) {
        Ok(text.chars().collect())
    } else {
        Err(YamlError::Yaml("control characters are not allowed".to_owned()))
    }
}
