//! What `az` accepts: the names of all its commands, and the options of those that are emulated. Pure.
//!
//! Both are text, read only as far as one command line needs: a program that starts for every line of a document parses no tables.

pub(crate) mod models;

/// The options of the emulated commands.
const COMMANDS: &str = include_str!("commands.txt");
/// Every group and command.
const NAMES: &str = include_str!("names.txt");

/// How many values an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arity {
    /// None: `--yes`.
    Flag,
    /// Exactly one.
    One,
    /// None or one: `--enable-purge-protection [true|false]`.
    Optional,
    /// Any number.
    Any,
    /// One or more.
    Many,
}

/// One option of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    /// Its spellings, in the order in which messages list them.
    pub(crate) names: Vec<&'static str>,
    /// Whether the command cannot do without.
    pub(crate) required: bool,
    /// How many values it takes.
    pub(crate) arity: Arity,
    /// Whether the value is a whole number.
    pub(crate) integer: bool,
    /// The allowed values, in any case; all when empty.
    pub(crate) choices: Vec<&'static str>,
}

impl Declared {
    /// The name by which the program asks for it: the first long one.
    pub(crate) fn key(&self) -> &'static str {
        self.names.iter().copied().find(|name| name.starts_with("--")).unwrap_or(self.names[0])
    }
}

/// The options that every command has, in the order in which the parser declares them.
fn global() -> Vec<Declared> {
    let of = |names: &[&'static str], arity, choices: &[&'static str]| Declared {
        names: names.to_vec(),
        required: false,
        arity,
        integer: false,
        choices: choices.to_vec(),
    };
    vec![
        of(&["-h", "--help"], Arity::Flag, &[]),
        of(&["--verbose"], Arity::Flag, &[]),
        of(&["--debug"], Arity::Flag, &[]),
        of(&["--only-show-errors"], Arity::Flag, &[]),
        of(&["--output", "-o"], Arity::One, &["json", "jsonc", "yaml", "yamlc", "table", "tsv", "none"]),
        of(&["--query"], Arity::One, &[]),
    ]
}

/// The options of an emulated command, the global ones first; `None` when the command is not emulated.
pub(crate) fn options_of(command: &str) -> Option<Vec<Declared>> {
    let mut lines = COMMANDS.lines().skip_while(|line| line.strip_prefix("= ") != Some(command));
    lines.next()?;
    Some(global().into_iter().chain(lines.take_while(|line| !line.starts_with('=')).map(declared)).collect())
}

fn declared(line: &'static str) -> Declared {
    let mut fields = line.split('\t');
    let names = fields.next().unwrap_or_default().split(' ').collect();
    let mut option = Declared { names, required: false, arity: Arity::One, integer: false, choices: Vec::new() };
    for field in fields {
        match field {
            "!" => option.required = true,
            "0" => option.arity = Arity::Flag,
            "?" => option.arity = Arity::Optional,
            "*" => option.arity = Arity::Any,
            "+" => option.arity = Arity::Many,
            "int" => option.integer = true,
            choices => option.choices = choices.trim_start_matches('=').split('|').collect(),
        }
    }
    option
}

/// What a list of words is in the tree of names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// The first so many words are a command; the rest is not its name.
    Command(usize),
    /// All words are the name of a group.
    Group,
    /// The word at this place is not known below the words before it, where these are.
    Unknown { at: usize, siblings: Vec<&'static str> },
}

/// Finds the command that the words begin with.
pub(crate) fn find(words: &[&str]) -> Named {
    let mut lines = NAMES.lines().filter(|line| !line.starts_with('#')).peekable();
    for (depth, word) in words.iter().enumerate() {
        let mut siblings = Vec::new();
        let mut found = false;
        while let Some(line) = lines.peek() {
            let indent = line.len() - line.trim_start_matches(' ').len();
            if indent < depth {
                break;
            }
            let name = &line[indent..];
            lines.next();
            if indent == depth {
                siblings.push(name);
                if name == *word {
                    found = true;
                    break;
                }
            }
        }
        if !found {
            siblings.extend(children(&words[..depth]).into_iter().filter(|name| !siblings.contains(name)).collect::<Vec<_>>());
            return Named::Unknown { at: depth, siblings };
        }
        let next_indent = lines.peek().map_or(0, |line| line.len() - line.trim_start_matches(' ').len());
        if next_indent <= depth {
            return Named::Command(depth + 1);
        }
    }
    Named::Group
}

/// The names directly below a group, in alphabetical order; those of the top for no words.
pub(crate) fn children(group: &[&str]) -> Vec<&'static str> {
    let mut lines = NAMES.lines().filter(|line| !line.starts_with('#'));
    for (depth, word) in group.iter().enumerate() {
        let wanted = format!("{}{word}", " ".repeat(depth));
        if !lines.by_ref().any(|line| line == wanted) {
            return Vec::new();
        }
    }
    let indent_of = |line: &str| line.len() - line.trim_start_matches(' ').len();
    lines
        .take_while(|line| indent_of(line) >= group.len())
        .filter(|line| indent_of(line) == group.len())
        .map(|line| &line[group.len()..])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, expected: &Named) {
        let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
        assert_eq!(&find(&words), expected, "{words:?}");
    }

    #[test]
    fn words_are_told_to_be_a_command_a_group_or_unknown() {
        check("group create", &Named::Command(2));
        check("group create x", &Named::Command(2));
        check("version", &Named::Command(1));
        check("identity federated-credential create", &Named::Command(3));
        check("keyvault secret", &Named::Group);
        check("", &Named::Group);
        let Named::Unknown { at: 1, siblings } = find(&["aks", "craete"]) else { panic!("aks has no craete") };
        assert!(siblings.contains(&"create") && siblings.contains(&"update") && !siblings.contains(&"set"), "{siblings:?}");
    }

    #[test]
    fn every_emulated_command_is_a_command_of_az() {
        let commands: Vec<&str> = COMMANDS.lines().filter_map(|line| line.strip_prefix("= ")).collect();
        assert!(commands.len() > 30);
        for command in commands {
            let words: Vec<&str> = command.split(' ').collect();
            check(command, &Named::Command(words.len()));
            assert!(options_of(command).is_some_and(|options| options.len() >= 6), "{command}");
        }
    }

    #[test]
    fn options_are_read_with_all_that_is_said_of_them() {
        let options = options_of("keyvault create").expect("emulated");
        let of = |key: &str| options.iter().find(|option| option.key() == key).expect("declared");
        assert!(of("--resource-group").required);
        assert_eq!(of("--enable-purge-protection").arity, Arity::Optional);
        assert_eq!(of("--default-action").choices, ["Allow", "Deny"]);
        assert_eq!(of("--tags").arity, Arity::Any);
        assert!(options_of("keyvault").is_none());
        assert!(options_of("aks create").expect("emulated").iter().any(|option| option.names == ["--node-count", "-c"] && option.integer));
    }
}
