//! The members of all kinds, read from text once.

use std::{collections::BTreeMap, sync::OnceLock};

const FIELDS: &str = include_str!("fields.txt");

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: &'static str,
    /// The type of its value, or of its items, when that has members itself.
    pub(super) of: Option<&'static str>,
    /// Its own members have names that the author chooses, and values of that type.
    pub(super) is_named: bool,
}

pub(super) struct Table {
    /// The type of an object by its apiVersion and kind.
    pub(super) kinds: BTreeMap<(&'static str, &'static str), &'static str>,
    types: BTreeMap<&'static str, Vec<Member>>,
}

impl Table {
    /// The members of a type; empty for an unknown one.
    pub(super) fn members(&self, of: &str) -> &[Member] {
        self.types.get(of).map_or(&[], Vec::as_slice)
    }
}

pub(super) fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut lines = FIELDS.lines().skip_while(|line| line.starts_with('#'));
        let kinds = lines.by_ref().take_while(|line| !line.is_empty()).filter_map(|line| {
            let mut words = line.split(' ');
            Some(((words.next()?, words.next()?), words.next()?))
        });
        let kinds = kinds.collect();
        let lines: Vec<&'static str> = lines.collect();
        // A member whose type has its own name leaves it out.
        let names: BTreeMap<String, &'static str> = lines
            .iter()
            .filter_map(|line| line.split(' ').next())
            .filter_map(|name| Some((name.get(..1)?.to_lowercase() + name.get(1..)?, name)))
            .collect();
        let types = lines.iter().filter_map(|line| {
            let mut words = line.split(' ');
            let name = words.next()?;
            let members = words.map(|word| {
                let (name, of) = word.split_once(':').map_or((word, None), |(name, of)| (name, Some(of)));
                let is_named = of.is_some_and(|of| of.starts_with('*'));
                let of = of.map(|of| of.trim_start_matches('*'));
                Member { name, of: of.and_then(|of| if of.is_empty() { names.get(name).copied() } else { Some(of) }), is_named }
            });
            Some((name, members.collect()))
        });
        Table { kinds, types: types.collect() }
    })
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn the_table_is_whole() {
        let table = table();
        assert_eq!((table.kinds.len(), table.types.len()), (55, 394));
        for (name, members) in &table.types {
            assert!(!members.is_empty() || *name == "VolumeNodeResources" || name.len() > 3, "{name}");
            for member in members {
                assert!(member.of.is_none_or(|of| table.types.contains_key(of)), "{name}.{}", member.name);
            }
        }
        assert!(table.kinds.values().all(|of| table.types.contains_key(of)));
        let container = table.members("Container");
        assert!(container.iter().any(|member| member.name == "securityContext" && member.of == Some("SecurityContext")));
        assert!(container.iter().any(|member| member.name == "image" && member.of.is_none()));
    }
}
