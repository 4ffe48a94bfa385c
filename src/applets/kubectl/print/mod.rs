//! Objects to text, in the form that `-o` asks for.

pub(crate) mod columns;
pub(crate) mod json;
pub(crate) mod table;

use serde_json::{Value, json};

use self::columns::Columns;
use super::command_line::CommandLine;
use super::failure::Failure;
use super::jsonpath::Template;
use super::yaml::to_yaml;

/// Every form that kubectl has for `get`, as its error lists them.
const FORMS: &str = "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml";
/// The same for commands that print one object.
const OBJECT_FORMS: &str = "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,yaml";

/// What `-o` asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    /// Nothing: the command's own text.
    Human,
    Wide,
    Name,
    Json,
    Yaml,
    JsonPath(Template),
    Columns(Columns),
}

/// Which commands may print tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Printer {
    Get,
    Object,
}

impl Form {
    /// Reads `-o` and `--template`.
    pub(crate) fn of(line: &CommandLine, printer: Printer) -> Result<Self, Failure> {
        let output = line.text("output").unwrap_or_default();
        let template = line.text("template").filter(|template| !template.is_empty());
        let (name, inline) = output.split_once('=').map_or((output, None), |(name, rest)| (name, Some(rest)));
        let argument = inline.or(template);
        let read = |path: &str| {
            std::fs::read_to_string(path).map_err(|fault| {
                Failure::error(format!("error reading --template {path}, open {path}: {}", super::kubeconfig::plain_io(&fault)))
            })
        };
        match name {
            "" if template.is_none() => Ok(Self::Human),
            "wide" if printer == Printer::Get => Ok(Self::Wide),
            "name" => Ok(Self::Name),
            "json" => Ok(Self::Json),
            "yaml" => Ok(Self::Yaml),
            "jsonpath" | "jsonpath-file" => {
                let Some(argument) = argument.filter(|argument| !argument.is_empty()) else {
                    return Err(Failure::error("template format specified but no template given"));
                };
                let text = if name == "jsonpath" { argument.to_owned() } else { read(argument)? };
                Template::parse(&text)
                    .map(Self::JsonPath)
                    .map_err(|problem| Failure::error(format!("error parsing jsonpath {text}, {problem}")))
            }
            "custom-columns" if printer == Printer::Get => {
                Columns::parse(argument.unwrap_or_default()).map(Self::Columns).map_err(Failure::error)
            }
            "custom-columns-file" if printer == Printer::Get => Err(Failure::refused("-o custom-columns-file", "-o custom-columns")),
            "go-template" | "go-template-file" | "template" | "templatefile" | "jsonpath-as-json" | "" => {
                Err(Failure::refused(format!("-o {}", if name.is_empty() { "go-template" } else { name }), "-o jsonpath"))
            }
            _ => {
                let forms = if printer == Printer::Get { FORMS } else { OBJECT_FORMS };
                Err(Failure::error(format!(
                    "unable to match a printer suitable for the output format {name:?}, allowed formats are: {forms}"
                )))
            }
        }
    }

    /// The text of one object; `label` is its `kind/name`. `None` for the forms that are the command's own.
    pub(crate) fn print(&self, object: &Value, label: &str) -> Result<Option<String>, Failure> {
        Ok(Some(match self {
            Self::Human | Self::Wide => return Ok(None),
            Self::Name => format!("{label}\n"),
            Self::Json => format!("{}\n", json::pretty(object, 4)),
            Self::Yaml => to_yaml(object),
            Self::JsonPath(template) => template.render(object).map_err(Failure::error)?,
            Self::Columns(columns) => columns.print(&[object], false).map_err(Failure::error)?,
        }))
    }
}

/// Several objects as one `List`, as `get` prints them.
pub(crate) fn as_list(items: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}

/// Leaves out `metadata.managedFields`, which is shown only on demand.
pub(crate) fn without_managed_fields(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}
