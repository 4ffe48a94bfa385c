//! The names and options of all commands of `az`, read from text once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

const OPTIONS: &str = include_str!("options.txt");

/// The options that every command has.
const GLOBAL: [&str; 9] = ["--subscription", "--help", "-h", "--output", "-o", "--query", "--debug", "--verbose", "--only-show-errors"];

/// A command that `az` has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lint) struct Known {
    /// Its name in full.
    pub(in crate::lint) name: String,
    /// How many words the name has.
    pub(in crate::lint) words: usize,
    /// Its options in every spelling, those that all commands have included.
    pub(in crate::lint) options: Vec<&'static str>,
    /// The options that it cannot do without, each with its spellings.
    pub(in crate::lint) required: Vec<Vec<&'static str>>,
}

impl Known {
    /// Whether it takes this option; a beginning that fits at least one long option is one.
    pub(in crate::lint) fn accepts(&self, option: &str) -> bool {
        self.options.iter().any(|known| *known == option || option.len() > 3 && option.starts_with("--") && known.starts_with(option))
    }
}

/// A name that `az` does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lint) struct Unknown {
    /// How many words lead to a group that exists.
    pub(in crate::lint) words: usize,
    /// What stands below that group.
    pub(in crate::lint) members: Vec<&'static str>,
}

struct Table {
    spellings: Vec<&'static str>,
    /// The options of a command by its name in full.
    commands: BTreeMap<String, &'static str>,
    /// The words below a group by its name in full; the root is empty.
    groups: BTreeMap<String, BTreeSet<&'static str>>,
}

/// Finds the command that a call's first words name.
pub(in crate::lint) fn find(names: &[&str]) -> Result<Known, Unknown> {
    let table = table();
    let mut path = String::new();
    for (at, name) in names.iter().enumerate() {
        let Some(members) = table.groups.get(&path) else { break };
        if !members.contains(name) {
            return Err(Unknown { words: at, members: members.iter().copied().collect() });
        }
        if at > 0 {
            path.push(' ');
        }
        path.push_str(name);
        if let Some(positions) = table.commands.get(&path) {
            let mut known = Known { name: path, words: at + 1, options: GLOBAL.to_vec(), required: Vec::new() };
            for position in positions.split_ascii_whitespace() {
                let Some(spellings) = number(position.trim_end_matches('!')).and_then(|at| table.spellings.get(at)) else { continue };
                known.options.extend(spellings.split(','));
                if position.ends_with('!') {
                    known.required.push(spellings.split(',').collect());
                }
            }
            return Ok(known);
        }
    }
    let members = table.groups.get(&path).map(|members| members.iter().copied().collect()).unwrap_or_default();
    Err(Unknown { words: names.len(), members })
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut lines = OPTIONS.lines().skip_while(|line| line.starts_with('#'));
        let spellings = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let mut table = Table { spellings, commands: BTreeMap::new(), groups: BTreeMap::new() };
        let mut path: Vec<&str> = Vec::new();
        for line in lines {
            let depth = line.len() - line.trim_start().len();
            let (word, options) =
                line.trim_start().split_once(':').map_or((line.trim_start(), None), |(word, options)| (word, Some(options)));
            path.truncate(depth);
            table.groups.entry(path.join(" ")).or_default().insert(word);
            path.push(word);
            if let Some(options) = options {
                table.commands.insert(path.join(" "), options);
            }
        }
        table
    })
}

/// A number in base 62.
fn number(text: &str) -> Option<usize> {
    text.bytes().try_fold(0_usize, |sum, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'z' => digit - b'a' + 10,
            b'A'..=b'Z' => digit - b'A' + 36,
            _ => return None,
        };
        sum.checked_mul(62)?.checked_add(usize::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_with_their_options() {
        let known = find(&["aks", "nodepool", "add"]).expect("az has it");
        assert_eq!((known.name.as_str(), known.words), ("aks nodepool add", 3));
        assert!(known.accepts("--node-count") && known.accepts("-g") && known.accepts("--query") && known.accepts("--resource-g"));
        assert!(!known.accepts("--yes") && !known.accepts("--node-cuont"));
        assert_eq!(known.required, [vec!["--cluster-name"], vec!["--nodepool-name", "--name", "-n"], vec!["--resource-group", "-g"]]);
        assert!(find(&["group", "delete", "rg"]).expect("what follows is an argument").accepts("--yes"));
    }

    #[test]
    fn what_az_lacks_is_unknown_below_the_group_that_it_has() {
        assert_eq!(find(&["aks", "shwo"]).map_err(|unknown| (unknown.words, unknown.members.contains(&"show"))), Err((1, true)));
        assert_eq!(find(&["grafana", "create"]).map_err(|unknown| unknown.words), Err(0));
        assert_eq!(find(&["aks", "nodepool"]).map_err(|unknown| unknown.words), Err(2));
    }

    #[test]
    fn the_table_is_whole() {
        let table = table();
        assert_eq!(table.commands.len(), 6105);
        assert!(
            table
                .commands
                .values()
                .flat_map(|positions| positions.split(' '))
                .filter(|word| !word.is_empty())
                .all(|word| number(word.trim_end_matches('!')).is_some_and(|at| at < table.spellings.len()))
        );
    }
}
