//! The names and options of all commands of `az`, read from text once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

const OPTIONS: &str = include_str!("options.txt");

/// The options that every command has.
const GLOBAL: [&str; 7] = [
    "--subscription",
    "--help,-h 0",
    "--output,-o =json|jsonc|yaml|yamlc|table|tsv|none",
    "--query",
    "--debug 0",
    "--verbose 0",
    "--only-show-errors 0",
];

/// A command that `az` has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lint) struct Known {
    /// Its name in full.
    pub(in crate::lint) name: String,
    /// How many words the name has.
    pub(in crate::lint) words: usize,
    /// Its options, those that all commands have included.
    pub(in crate::lint) options: Vec<AzOption>,
}

/// An option, or an argument without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lint) struct AzOption {
    /// How it is spelled; empty for an argument without a name.
    pub(in crate::lint) spellings: Vec<&'static str>,
    pub(in crate::lint) values: Values,
    /// The values that it takes; empty when there is no list of them.
    pub(in crate::lint) choices: Vec<&'static str>,
    /// The command cannot do without it.
    pub(in crate::lint) required: bool,
}

/// How many values an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lint) enum Values {
    None,
    AtMostOne,
    One,
    Any,
    AtLeastOne,
}

impl Known {
    /// Whether it takes this option; a beginning that fits at least one long option is one.
    pub(in crate::lint) fn accepts(&self, option: &str) -> bool {
        !self.options_like(option).is_empty()
    }

    /// The options that a spelling may mean: the one that is spelled so, or else those that begin so.
    pub(in crate::lint) fn options_like(&self, option: &str) -> Vec<&AzOption> {
        if let Some(exact) = self.options.iter().find(|known| known.spellings.contains(&option)) {
            return vec![exact];
        }
        if option.len() <= 3 || !option.starts_with("--") {
            return Vec::new();
        }
        self.options.iter().filter(|known| known.spellings.iter().any(|spelling| spelling.starts_with(option))).collect()
    }

    /// Every spelling of every option.
    pub(in crate::lint) fn spellings(&self) -> impl Iterator<Item = &'static str> {
        self.options.iter().flat_map(|option| option.spellings.iter().copied())
    }

    /// Whether it takes arguments without names.
    pub(in crate::lint) fn takes_positionals(&self) -> bool {
        self.options.iter().any(|option| option.spellings.is_empty())
    }
}

impl AzOption {
    /// Reads a line of the table's first part.
    fn read(line: &'static str, required: bool) -> Self {
        let (line, choices) = line.split_once(" =").map_or((line, ""), |(line, choices)| (line, choices));
        let (spellings, values) = line.split_once(' ').unwrap_or((line, ""));
        let values = match values {
            "0" => Values::None,
            "?" => Values::AtMostOne,
            "*" => Values::Any,
            "+" => Values::AtLeastOne,
            _ => Values::One,
        };
        let spellings = if spellings == "@" { Vec::new() } else { spellings.split(',').collect() };
        let choices = if choices.is_empty() { Vec::new() } else { choices.split('|').collect() };
        Self { spellings, values, choices, required }
    }

    /// The spelling that documents use: `--name` where there is one, else the first.
    pub(in crate::lint) fn usual(&self) -> &'static str {
        self.spellings.iter().find(|spelling| **spelling == "--name").or(self.spellings.first()).copied().unwrap_or_default()
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
    /// The lines of the first part.
    lines: Vec<&'static str>,
    /// The options of a command by its name in full: as they stand in the table, and as they were read when they were first asked for.
    commands: BTreeMap<String, (&'static str, OnceLock<Known>)>,
    /// The words below a group by its name in full; the root is empty.
    groups: BTreeMap<String, BTreeSet<&'static str>>,
}

/// Finds the command that a call's first words name.
pub(in crate::lint) fn find(names: &[&str]) -> Result<&'static Known, Unknown> {
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
        if let Some((positions, known)) = table.commands.get(&path) {
            return Ok(known.get_or_init(|| table.read(path, at + 1, positions)));
        }
    }
    let members = table.groups.get(&path).map(|members| members.iter().copied().collect()).unwrap_or_default();
    Err(Unknown { words: names.len(), members })
}

impl Table {
    fn read(&self, name: String, words: usize, positions: &str) -> Known {
        let mut options: Vec<AzOption> = GLOBAL.iter().map(|line| AzOption::read(line, false)).collect();
        options.extend(positions.split_ascii_whitespace().filter_map(|position| {
            let line = number(position.trim_end_matches('!')).and_then(|at| self.lines.get(at))?;
            Some(AzOption::read(line, position.ends_with('!')))
        }));
        Known { name, words, options }
    }
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut lines = OPTIONS.lines().skip_while(|line| line.starts_with('#'));
        let first = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let mut table = Table { lines: first, commands: BTreeMap::new(), groups: BTreeMap::new() };
        let mut path: Vec<&str> = Vec::new();
        for line in lines {
            let depth = line.len() - line.trim_start().len();
            let (word, options) =
                line.trim_start().split_once(':').map_or((line.trim_start(), None), |(word, options)| (word, Some(options)));
            path.truncate(depth);
            table.groups.entry(path.join(" ")).or_default().insert(word);
            path.push(word);
            if let Some(options) = options {
                table.commands.insert(path.join(" "), (options, OnceLock::new()));
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
        let required: Vec<&str> = known.options.iter().filter(|option| option.required).map(AzOption::usual).collect();
        assert_eq!(required, ["--cluster-name", "--name", "--resource-group"]);
        assert!(find(&["group", "delete", "rg"]).expect("what follows is an argument").accepts("--yes"));
    }

    #[test]
    fn options_know_how_many_values_they_take_and_which() {
        let known = find(&["vm", "create"]).expect("az has it");
        let option = |name| known.options_like(name).first().copied().cloned().expect("it has the option");
        assert_eq!((option("--generate-ssh-keys").values, option("--admin-username").values), (Values::None, Values::One));
        assert_eq!((option("--enable-vtpm").values, option("--tags").values), (Values::AtMostOne, Values::Any));
        assert_eq!(option("--authentication-type").choices, ["ssh", "password", "all"]);
        assert_eq!(known.options_like("--enable-v").len(), 1);
        assert!(known.options_like("--enable").len() > 3 && !known.takes_positionals());
        assert!(find(&["acr", "build"]).expect("az has it").takes_positionals());
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
                .flat_map(|(positions, _)| positions.split(' '))
                .filter(|word| !word.is_empty())
                .all(|word| number(word.trim_end_matches('!')).is_some_and(|at| at < table.lines.len()))
        );
    }
}
