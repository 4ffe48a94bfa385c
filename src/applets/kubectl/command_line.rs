//! Words to a command with its options, as cobra and pflag split them: options anywhere, `--`, joined short options, and their error texts.

use std::time::Duration;

use super::duration::parse_duration;
use super::failure::Failure;

/// Every command and option that kubectl has; see the head of the file.
const TABLE: &str = include_str!("commands.txt");

/// Options that may stand without a value, and what they then mean.
const OPTIONAL_VALUES: [(&str, &str); 3] = [("dry-run", "unchanged"), ("validate", "strict"), ("cascade", "background")];

/// What an option's value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Text,
    List,
    Repeated,
    Integer,
    Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flag {
    short: &'static str,
    long: &'static str,
    kind: Kind,
}

/// A parsed command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// The command's words, aliases resolved: `create namespace`; empty for `kubectl` alone.
    pub(crate) path: String,
    /// The words that are neither command nor option.
    pub(crate) args: Vec<String>,
    /// How many of `args` stand before `--`; all of them without it.
    pub(crate) args_before_dashes: usize,
    pub(crate) wants_help: bool,
    given: Vec<(&'static str, String)>,
}

impl CommandLine {
    /// # Errors
    /// cobra's text for an unknown command or option, and for a value that does not fit.
    pub(crate) fn parse(words: &[String]) -> Result<Self, Failure> {
        let (path, rest) = find_command(words);
        if let Some(word) = first_argument(&rest).filter(|_| path.is_empty()) {
            return Err(unknown_command(&word));
        }
        let mut line = Self { path, ..Self::default() };
        line.read(&rest)?;
        Ok(line)
    }

    fn read(&mut self, words: &[String]) -> Result<(), Failure> {
        let flags = flags_of(&self.path);
        let usage = |message: String| {
            let command = if self.path.is_empty() { "kubectl".to_owned() } else { format!("kubectl {}", self.path) };
            Failure::error(format!("{message}\nSee '{command} --help' for usage."))
        };
        let mut given = Vec::new();
        let mut words = words.iter();
        let mut before_dashes = None;
        while let Some(word) = words.next() {
            if before_dashes.is_some() || !word.starts_with('-') || word == "-" {
                self.args.push(word.clone());
            } else if word == "--" {
                before_dashes = Some(self.args.len());
            } else if let Some(long) = word.strip_prefix("--") {
                let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value.to_owned())));
                if name.is_empty() || name.starts_with('-') {
                    return Err(usage(format!("bad flag syntax: {word}")));
                }
                let Some(flag) = flags.iter().find(|flag| flag.long == name) else {
                    if name == "help" {
                        self.wants_help = true;
                        continue;
                    }
                    return Err(usage(format!("unknown flag: --{name}")));
                };
                let value = match value.or_else(|| flag.value_when_bare()) {
                    Some(value) => value,
                    None => words.next().cloned().ok_or_else(|| usage(format!("flag needs an argument: --{name}")))?,
                };
                flag.check(&value).map_err(&usage)?;
                given.push((flag.long, value));
            } else {
                let mut rest = &word[1..];
                while let Some(letter) = rest.chars().next() {
                    let after = &rest[letter.len_utf8()..];
                    let Some(flag) = flags.iter().find(|flag| flag.short.starts_with(letter)) else {
                        if letter == 'h' {
                            self.wants_help = true;
                            rest = after;
                            continue;
                        }
                        return Err(usage(format!("unknown shorthand flag: '{letter}' in -{rest}")));
                    };
                    let joined = after.strip_prefix('=').filter(|_| after.len() > 1);
                    let (value, remaining) = match (joined, flag.value_when_bare()) {
                        (Some(value), _) => (value.to_owned(), ""),
                        (None, Some(bare)) => (bare, after),
                        (None, None) if !after.is_empty() => (after.to_owned(), ""),
                        (None, None) => {
                            (words.next().cloned().ok_or_else(|| usage(format!("flag needs an argument: '{letter}' in -{rest}")))?, "")
                        }
                    };
                    flag.check(&value).map_err(&usage)?;
                    given.push((flag.long, value));
                    rest = remaining;
                }
            }
        }
        self.args_before_dashes = before_dashes.unwrap_or(self.args.len());
        self.given = given;
        Ok(())
    }

    /// The last value given to option `name`.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// Whether the boolean option `name` is on; `default` when it was not given.
    pub(crate) fn is_on(&self, name: &str, default: bool) -> bool {
        self.text(name).map_or(default, |value| parse_bool(value).unwrap_or(default))
    }

    /// All values of option `name`, comma-separated ones taken apart.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        self.repeated(name).iter().flat_map(|value| value.split(',').map(str::to_owned)).collect()
    }

    /// All values of option `name`, as they are.
    pub(crate) fn repeated(&self, name: &str) -> Vec<String> {
        self.given.iter().filter(|(given, _)| *given == name).map(|(_, value)| value.clone()).collect()
    }

    /// The number given to option `name`.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.text(name).and_then(|value| value.parse().ok())
    }

    /// The time given to option `name`; negative ones are `None` inside `Some`.
    pub(crate) fn duration(&self, name: &str) -> Option<Option<Duration>> {
        self.text(name).map(|value| parse_duration(value).ok().flatten())
    }

    /// The first given option that is not among `known`.
    pub(crate) fn first_besides(&self, known: &[&str]) -> Option<&'static str> {
        self.given.iter().map(|(name, _)| *name).find(|name| !known.contains(name))
    }
}

impl Flag {
    fn parse(text: &'static str) -> Option<Self> {
        let (names, kind) = text.rsplit_once(':')?;
        let (short, long) = names.split_once('/')?;
        let kind = match kind {
            "b" => Kind::Bool,
            "l" => Kind::List,
            "a" => Kind::Repeated,
            "i" => Kind::Integer,
            "d" => Kind::Duration,
            _ => Kind::Text,
        };
        Some(Self { short, long, kind })
    }

    fn value_when_bare(&self) -> Option<String> {
        if self.kind == Kind::Bool {
            return Some("true".to_owned());
        }
        OPTIONAL_VALUES.iter().find(|(name, _)| *name == self.long).map(|(_, value)| (*value).to_owned())
    }

    fn check(&self, value: &str) -> Result<(), String> {
        let fault = match self.kind {
            Kind::Bool => parse_bool(value).is_none().then(|| format!("strconv.ParseBool: parsing {value:?}: invalid syntax")),
            Kind::Integer => value.parse::<i64>().is_err().then(|| format!("strconv.ParseInt: parsing {value:?}: invalid syntax")),
            Kind::Duration => parse_duration(value).err(),
            Kind::Text | Kind::List | Kind::Repeated => None,
        };
        let name = if self.short.is_empty() { format!("--{}", self.long) } else { format!("-{}, --{}", self.short, self.long) };
        fault.map_or(Ok(()), |fault| Err(format!("invalid argument {value:?} for {name:?} flag: {fault}")))
    }
}

fn parse_bool(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// The lines of the table: path, aliases, options.
fn commands() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (path, rest) = line.split_once('|')?;
        let (aliases, flags) = rest.split_once('|')?;
        Some((path, aliases, flags))
    })
}

/// The commands directly under `path`, in kubectl's own order.
pub(crate) fn subcommands(path: &str) -> Vec<&'static str> {
    commands()
        .filter_map(|(known, _, _)| known.strip_prefix(path)?.strip_prefix(if path.is_empty() { "" } else { " " }))
        .filter(|name| !name.contains(' ') && *name != "*")
        .collect()
}

/// The long names of the options of `path`, without the global ones.
pub(crate) fn option_names(path: &str) -> Vec<&'static str> {
    commands()
        .filter(|(known, _, _)| *known == path)
        .flat_map(|(_, _, flags)| flags.split(' '))
        .filter_map(Flag::parse)
        .map(|flag| flag.long)
        .collect()
}

fn flags_of(path: &str) -> Vec<Flag> {
    commands()
        .filter(|(known, _, _)| *known == path || *known == "*")
        .flat_map(|(_, _, flags)| flags.split(' '))
        .filter_map(Flag::parse)
        .collect()
}

/// Descends into commands as far as the words name them; the command and the words left.
fn find_command(words: &[String]) -> (String, Vec<String>) {
    let mut path = String::new();
    let mut rest = words.to_vec();
    while let Some(index) = first_argument_index(&path, &rest) {
        let wanted = if path.is_empty() { rest[index].clone() } else { format!("{path} {}", rest[index]) };
        let found = commands().find(|(known, aliases, _)| {
            *known == wanted
                || known.rsplit_once(' ').map_or(path.is_empty(), |(parent, _)| parent == path)
                    && aliases.split(',').any(|alias| !alias.is_empty() && alias == rest[index])
        });
        let Some((known, _, _)) = found.filter(|(known, _, _)| *known != "*") else { break };
        path = known.to_owned();
        rest.remove(index);
    }
    (path, rest)
}

/// cobra's look for the next word that is no option: an option without `=` takes the next word along, unless it needs none.
fn first_argument_index(path: &str, words: &[String]) -> Option<usize> {
    let flags = flags_of(path);
    let mut index = 0;
    while let Some(word) = words.get(index) {
        let flag = if word == "--" {
            return None;
        } else if let Some(long) = word.strip_prefix("--") {
            if long.contains('=') {
                index += 1;
                continue;
            }
            flags.iter().find(|flag| flag.long == long)
        } else if word.starts_with('-') && word.len() == 2 {
            flags.iter().find(|flag| !flag.short.is_empty() && word.ends_with(flag.short))
        } else if word.starts_with('-') && word.len() > 2 {
            index += 1;
            continue;
        } else {
            return Some(index);
        };
        let takes_next = flag.is_none_or(|flag| flag.value_when_bare().is_none()) && !matches!(word.as_str(), "--help" | "-h");
        index += if takes_next { 2 } else { 1 };
    }
    None
}

fn first_argument(words: &[String]) -> Option<String> {
    first_argument_index("", words).map(|index| words[index].clone())
}

/// cobra suggests what is two edits away or begins the same.
fn unknown_command(word: &str) -> Failure {
    let lower = word.to_lowercase();
    let near: Vec<&str> =
        subcommands("").into_iter().filter(|known| strsim::levenshtein(known, &lower) <= 2 || known.starts_with(&lower)).collect();
    let mut text = format!("unknown command {word:?} for \"kubectl\"");
    if !near.is_empty() {
        text.push_str("\n\nDid you mean this?");
        near.iter().for_each(|known| text.push_str(&format!("\n\t{known}")));
    }
    Failure::error(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[track_caller]
    fn fails(line: &str, text: &str) {
        assert_eq!(CommandLine::parse(&words(line)).expect_err(line).text, text, "for {line}");
    }

    #[track_caller]
    fn parsed(line: &str) -> CommandLine {
        CommandLine::parse(&words(line)).unwrap_or_else(|failure| panic!("{line}: {failure}"))
    }

    #[test]
    fn options_stand_anywhere_and_join_their_values() {
        let line = parsed("-n dev get pods -ojson --selector=a=b -A web -- -x");
        assert_eq!((line.path.as_str(), line.args.as_slice()), ("get", words("pods web -x").as_slice()));
        assert_eq!(line.args_before_dashes, 2);
        assert_eq!((line.text("namespace"), line.text("output"), line.text("selector")), (Some("dev"), Some("json"), Some("a=b")));
        assert!(line.is_on("all-namespaces", false));
        assert_eq!(parsed("apply -f=a.yaml,b.yaml -f -").list("filename"), ["a.yaml", "b.yaml", "-"]);
        assert_eq!(parsed("create ns x --dry-run").text("dry-run"), Some("unchanged"));
        assert_eq!(parsed("config use x").path, "config use-context");
        assert_eq!(parsed("get no").args, ["no"]);
    }

    // Measured with kubectl 1.33.
    #[test]
    fn wrong_lines_have_the_texts_of_cobra() {
        fails("foo", "error: unknown command \"foo\" for \"kubectl\"\n\nDid you mean this?\n\ttop");
        fails("gett", "error: unknown command \"gett\" for \"kubectl\"\n\nDid you mean this?\n\tset\n\tget");
        fails("get --foo", "error: unknown flag: --foo\nSee 'kubectl get --help' for usage.");
        fails("get -Z", "error: unknown shorthand flag: 'Z' in -Z\nSee 'kubectl get --help' for usage.");
        fails("get -o", "error: flag needs an argument: 'o' in -o\nSee 'kubectl get --help' for usage.");
        fails("get --output", "error: flag needs an argument: --output\nSee 'kubectl get --help' for usage.");
        fails("--bar get", "error: unknown flag: --bar\nSee 'kubectl --help' for usage.");
        fails(
            "get --all-namespaces=x",
            "error: invalid argument \"x\" for \"-A, --all-namespaces\" flag: strconv.ParseBool: parsing \"x\": invalid syntax\nSee 'kubectl get --help' for usage.",
        );
        fails(
            "logs --tail=x p",
            "error: invalid argument \"x\" for \"--tail\" flag: strconv.ParseInt: parsing \"x\": invalid syntax\nSee 'kubectl logs --help' for usage.",
        );
        fails(
            "wait --timeout=5 pod/x",
            "error: invalid argument \"5\" for \"--timeout\" flag: time: missing unit in duration \"5\"\nSee 'kubectl wait --help' for usage.",
        );
    }
}
