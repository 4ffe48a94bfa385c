//! YAML as a tree whose keys know their lines.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

use super::here_document::yaml_options;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    /// A scalar as text; null is empty.
    Scalar(String),
    List(Vec<Tree>),
    Map(Vec<(Key, Tree)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: String,
    /// Its line, from 1.
    pub(super) line: usize,
}

/// The documents of a text; none when it is no YAML.
pub(super) fn documents(text: &str) -> Vec<Tree> {
    serde_saphyr::from_multiple_with_options(text, yaml_options()).unwrap_or_default()
}

impl Tree {
    /// The member of a mapping.
    pub(super) fn get(&self, name: &str) -> Option<&Tree> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(key, _)| key.name == name).map(|(_, value)| value)
    }

    /// The text of a member that is a scalar; empty when there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Self::Scalar(text)) => text,
            _ => "",
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(String::new()))
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(String::new()))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = members.next_key::<Spanned<Tree>>()? {
            let line = usize::try_from(key.referenced.line()).unwrap_or_default();
            let name = match key.value {
                Tree::Scalar(name) => name,
                _ => String::new(),
            };
            map.push((Key { name, line }, members.next_value()?));
        }
        Ok(Tree::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::{Tree, documents};

    fn keys(tree: &Tree, found: &mut Vec<String>) {
        match tree {
            Tree::Scalar(_) => {}
            Tree::List(items) => items.iter().for_each(|item| keys(item, found)),
            Tree::Map(members) => {
                for (key, value) in members {
                    found.push(format!("{}@{}", key.name, key.line));
                    keys(value, found);
                }
            }
        }
    }

    #[test]
    fn keys_know_their_lines() {
        let text = "a: 1\nb:\n- c: |\n    d: x\n  e: {f: 2,\n    \"g\": ~}\n80: yes\n---\n# none\nh: ñ\n";
        let mut found = Vec::new();
        let documents = documents(text);
        documents.iter().for_each(|tree| keys(tree, &mut found));
        assert_eq!(found, ["a@1", "b@2", "c@3", "e@5", "f@5", "g@6", "80@7", "h@10"]);
        assert_eq!((documents[0].text("a"), documents[0].text("b"), documents[1].text("h")), ("1", "", "ñ"));
    }

    #[test]
    fn what_is_no_yaml_has_no_documents() {
        assert!(documents("a: [\n").is_empty());
    }
}
