//! The fields of every Kubernetes type that a request may carry: one table for decoding JSON and protobuf, for finding unknown fields,
//! and for merging lists. It knows names, numbers and types; it has no defaults and no validation.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Text; the name of its Go type when that is not `string`.
    Text(Option<&'static str>),
    Bool,
    /// A whole number; its Go type.
    Int(&'static str),
    /// Base64 in JSON.
    Bytes,
    Time,
    MicroTime,
    Quantity,
    IntOrString,
    /// Anything at all, kept as it comes.
    Any,
    /// A list of texts that protobuf wraps in a message.
    Items,
    Struct(&'static str),
    List(Box<Shape>),
    /// Keys are texts.
    Map(Box<Shape>),
}

/// How a strategic merge patch treats a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListMerge {
    Replace,
    /// Elements are matched by this key.
    ByKey(&'static str),
    /// A set of scalars.
    Set,
}

/// One field of a type.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Empty for an inlined structure.
    pub(crate) name: &'static str,
    /// 0 where protobuf has none.
    pub(crate) number: u32,
    pub(crate) shape: Shape,
    pub(crate) merge: ListMerge,
    /// The zero value means absent.
    pub(crate) omit_zero: bool,
}

impl Field {
    /// Whether JSON writes the fields of this structure into its parent.
    pub(crate) fn is_inlined(&self) -> bool {
        self.name.is_empty()
    }
}

static TYPES: LazyLock<HashMap<&'static str, Vec<Field>>> = LazyLock::new(|| parse(include_str!("schema.txt")));

/// The fields of a type in the order of its declaration; `None` for a type that is not in the table.
pub(crate) fn fields(name: &str) -> Option<&'static [Field]> {
    TYPES.get(name).map(Vec::as_slice)
}

/// The field that JSON calls `name`, looked up through inlined structures.
pub(crate) fn field(of: &str, name: &str) -> Option<&'static Field> {
    let fields = fields(of)?;
    fields.iter().find(|field| field.name == name && !field.is_inlined()).or_else(|| {
        fields.iter().filter(|field| field.is_inlined()).find_map(|inlined| match inlined.shape {
            Shape::Struct(inner) => field(inner, name),
            _ => None,
        })
    })
}

impl Shape {
    fn parse(text: &'static str) -> Shape {
        if let Some(inner) = text.strip_prefix("map[]") {
            return Shape::Map(Box::new(Shape::parse(inner)));
        }
        if let Some(inner) = text.strip_prefix("[]") {
            return Shape::List(Box::new(Shape::parse(inner)));
        }
        match text {
            "string" => Shape::Text(None),
            "bool" => Shape::Bool,
            "bytes" => Shape::Bytes,
            "Time" => Shape::Time,
            "MicroTime" => Shape::MicroTime,
            "Quantity" => Shape::Quantity,
            "IntOrString" => Shape::IntOrString,
            "any" => Shape::Any,
            "Items" => Shape::Items,
            "int32" | "int64" | "uint32" => Shape::Int(text),
            _ => match text.split_once('.') {
                Some(("string", name)) => Shape::Text(Some(name)),
                _ => Shape::Struct(text),
            },
        }
    }

    /// The name that a Go decoder prints for this type.
    pub(crate) fn go_name(&self) -> String {
        match self {
            Shape::Text(None) => "string".to_owned(),
            Shape::Text(Some("UID")) => "types.UID".to_owned(),
            Shape::Text(Some(name)) => format!("v1.{name}"),
            Shape::Bool => "bool".to_owned(),
            Shape::Int(name) => (*name).to_owned(),
            Shape::Bytes => "[]uint8".to_owned(),
            Shape::Time => "v1.Time".to_owned(),
            Shape::MicroTime => "v1.MicroTime".to_owned(),
            Shape::Quantity => "resource.Quantity".to_owned(),
            Shape::IntOrString => "intstr.IntOrString".to_owned(),
            Shape::Any => "interface {}".to_owned(),
            Shape::Items => "[]string".to_owned(),
            Shape::Struct(name) => format!("v1.{name}"),
            Shape::List(inner) => format!("[]{}", inner.go_name()),
            Shape::Map(inner) if **inner == Shape::Quantity => "v1.ResourceList".to_owned(),
            Shape::Map(inner) => format!("map[string]{}", inner.go_name()),
        }
    }
}

fn parse(text: &'static str) -> HashMap<&'static str, Vec<Field>> {
    let mut types = HashMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let Some(name) = words.next().filter(|name| !name.is_empty()) else { continue };
        types.insert(name, words.filter_map(parse_field).collect());
    }
    types
}

fn parse_field(word: &'static str) -> Option<Field> {
    let (head, rest) = word.split_once(':')?;
    let (name, number) = match head.strip_prefix('@') {
        Some(number) => ("", number),
        None => head.split_once('=')?,
    };
    let (rest, omit_zero) = rest.strip_suffix('?').map_or((rest, false), |rest| (rest, true));
    // `retainKeys`: the client says it in the patch, `$retainKeys`, so the server has nothing to look up.
    let rest = rest.strip_suffix('!').unwrap_or(rest);
    let (shape, merge) = match rest.split_once('/') {
        Some((shape, "")) => (shape, ListMerge::Set),
        Some((shape, key)) => (shape, ListMerge::ByKey(key)),
        None => (rest, ListMerge::Replace),
    };
    Some(Field { name, number: number.parse().ok()?, shape: Shape::parse(shape), merge, omit_zero })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_structure_is_in_the_table() {
        fn named(shape: &Shape, found: &mut Vec<&'static str>) {
            match shape {
                Shape::Struct(name) => found.push(name),
                Shape::List(inner) | Shape::Map(inner) => named(inner, found),
                _ => {}
            }
        }
        let mut found = Vec::new();
        for fields in TYPES.values() {
            fields.iter().for_each(|field| named(&field.shape, &mut found));
        }
        assert!(found.len() > 300, "the table was read: {}", found.len());
        for name in found {
            assert!(fields(name).is_some(), "{name} is named but not described");
        }
    }

    #[test]
    fn fields_are_found_through_inlined_structures() {
        assert_eq!(field("Volume", "emptyDir").map(|field| field.shape.go_name()), Some("v1.EmptyDirVolumeSource".to_owned()));
        assert_eq!(field("PodSpec", "containers").map(|field| field.merge), Some(ListMerge::ByKey("name")));
        assert_eq!(field("Container", "volumeMounts").map(|field| field.merge), Some(ListMerge::ByKey("mountPath")));
        assert_eq!(field("ObjectMeta", "finalizers").map(|field| field.merge), Some(ListMerge::Set));
        assert!(field("Pod", "labels").is_none());
    }
}
