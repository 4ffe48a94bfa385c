//! Words → options with values, by the rules of Python's argparse, on which `az` is built: unique prefixes of long options, `--option=value`,
//! `-nVALUE`, repeated options (the last counts), and its messages to the letter. Pure.

use std::collections::HashMap;

use super::failure::Failure;
use super::table::{Arity, Declared};

/// The options of one command line.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Arguments {
    values: HashMap<&'static str, Vec<String>>,
}

impl Arguments {
    /// Whether an option was given at all.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The value of an option, empty ones included; `None` when it was not given or given without a value.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key)?.first().map(String::as_str)
    }

    /// The value of a required option.
    pub(crate) fn required(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }

    /// All values of an option.
    pub(crate) fn all(&self, key: &str) -> &[String] {
        self.values.get(key).map_or(&[], Vec::as_slice)
    }

    /// The truth of an option that may stand alone: `--x`, `--x true`, `--x false`.
    pub(crate) fn truth(&self, key: &str) -> Option<bool> {
        self.has(key).then(|| !self.get(key).is_some_and(|value| value.eq_ignore_ascii_case("false")))
    }

    /// A whole number, which the parser has checked.
    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        self.get(key)?.trim().replace('_', "").parse().ok()
    }

    /// The keys of all options that were given, in alphabetical order.
    pub(crate) fn keys(&self) -> Vec<&'static str> {
        let mut keys: Vec<_> = self.values.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    /// Gives an option that was not given a value, as a default from the environment does.
    pub(crate) fn fill(&mut self, key: &'static str, value: &str) {
        self.values.entry(key).or_insert_with(|| vec![value.to_owned()]);
    }
}

/// What a word is to the parser.
enum Word {
    /// A value.
    Value,
    /// An option, as it was spelled out, with the value joined to it.
    Option { index: usize, spelled: String, joined: Option<String> },
    /// It looks like an option and is none.
    Unknown,
}

/// Reads the words after the name of a command.
///
/// # Errors
/// [`Failure::Usage`] in the words of the real parser; [`Failure::Finished`] where help is asked for before anything is wrong.
pub(crate) fn parse(command: &str, words: &[String], options: &[Declared]) -> Result<Arguments, Failure> {
    let mut kinds = Vec::with_capacity(words.len());
    let mut only_values = false;
    for word in words {
        if only_values {
            kinds.push(Word::Value);
        } else if word == "--" {
            only_values = true;
            kinds.push(Word::Value);
        } else {
            kinds.push(kind_of(word, options)?);
        }
    }
    let mut arguments = Arguments::default();
    let mut extras: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match &kinds[at] {
            Word::Value => {
                extras.push(&words[at]);
                at += 1;
            }
            Word::Unknown => {
                extras.push(&words[at]);
                at += 1;
            }
            Word::Option { index, spelled, joined } => {
                let following = kinds[at + 1..].iter().zip(&words[at + 1..]).take_while(|(kind, _)| matches!(kind, Word::Value));
                let following: Vec<&String> = following.map(|(_, word)| word).filter(|word| *word != "--").collect();
                at += 1 + take(command, options, *index, spelled, joined.as_deref(), &following, &mut arguments)?;
            }
        }
    }
    let missing: Vec<String> =
        options.iter().filter(|option| option.required && !arguments.has(option.key())).map(|option| option.names.join("/")).collect();
    if !missing.is_empty() {
        return Err(Failure::usage(format!("the following arguments are required: {}", missing.join(", "))));
    }
    if !extras.is_empty() {
        return Err(Failure::usage(format!("unrecognized arguments: {}", extras.join(" "))));
    }
    Ok(arguments)
}

/// Stores one option with its values; how many of the following words it took.
fn take(
    command: &str,
    options: &[Declared],
    index: usize,
    spelled: &str,
    joined: Option<&str>,
    following: &[&String],
    arguments: &mut Arguments,
) -> Result<usize, Failure> {
    let option = &options[index];
    let expected = |what: &str| {
        let message = format!("argument {}: expected {what}", option.names.join("/"));
        if option.key() == "--query" { query_failure(message) } else { Failure::usage(message) }
    };
    if let Some(value) = joined {
        if option.arity != Arity::Flag {
            arguments.values.insert(option.key(), vec![checked(command, option, value)?]);
            return Ok(0);
        }
        // `-yo tsv`: more short options joined to a flag.
        let next = value.chars().next().map(|letter| format!("-{letter}"));
        let next = next.filter(|_| !spelled.starts_with("--")).and_then(|name| position(&name, options).map(|index| (name, index)));
        let Some((name, next)) = next else {
            return Err(Failure::usage(format!("argument {}: ignored explicit argument {}", option.names.join("/"), python_text(value))));
        };
        set_flag(option, arguments)?;
        let rest = &value[name.len() - 1..];
        return take(command, options, next, &name, Some(rest).filter(|rest| !rest.is_empty()), following, arguments);
    }
    let count = match option.arity {
        Arity::Flag => 0,
        Arity::One if following.is_empty() => return Err(expected("one argument")),
        Arity::Many if following.is_empty() => return Err(expected("at least one argument")),
        Arity::One => 1,
        Arity::Optional => following.len().min(1),
        Arity::Any | Arity::Many => following.len(),
    };
    if option.arity == Arity::Flag {
        set_flag(option, arguments)?;
        return Ok(0);
    }
    let values = following[..count].iter().map(|value| checked(command, option, value)).collect::<Result<Vec<_>, _>>()?;
    arguments.values.insert(option.key(), values);
    Ok(count)
}

/// What is wrong with `--query` ends with its own pointer instead of the usual one.
fn query_failure(message: String) -> Failure {
    let pointer = "To learn more about --query, please visit: 'https://learn.microsoft.com/cli/azure/query-azure-cli'";
    Failure::Usage { message, recommendations: vec![pointer.to_owned()], reference: false }
}

fn set_flag(option: &Declared, arguments: &mut Arguments) -> Result<(), Failure> {
    if option.key() == "--help" {
        return Err(Failure::Finished);
    }
    arguments.values.insert(option.key(), Vec::new());
    Ok(())
}

fn position(name: &str, options: &[Declared]) -> Option<usize> {
    options.iter().position(|option| option.names.contains(&name))
}

fn kind_of(word: &str, options: &[Declared]) -> Result<Word, Failure> {
    if !word.starts_with('-') || word.len() == 1 {
        return Ok(Word::Value);
    }
    let found =
        |index, spelled: &str, joined: Option<&str>| Word::Option { index, spelled: spelled.to_owned(), joined: joined.map(str::to_owned) };
    if let Some(index) = position(word, options) {
        return Ok(found(index, word, None));
    }
    let (name, joined) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    if let Some(index) = position(name, options).filter(|_| joined.is_some()) {
        return Ok(found(index, name, joined));
    }
    let spellings = || options.iter().enumerate().flat_map(|(index, option)| option.names.iter().map(move |name| (index, *name)));
    let mut matches: Vec<(usize, &str, Option<&str>)> = Vec::new();
    if word.starts_with("--") {
        matches.extend(spellings().filter(|(_, spelling)| spelling.starts_with(name)).map(|(index, spelling)| (index, spelling, joined)));
    } else {
        let short_end = word.char_indices().nth(2).map_or(word.len(), |(at, _)| at);
        let (short, rest) = word.split_at(short_end);
        for (index, spelling) in spellings() {
            if spelling == short {
                matches.push((index, spelling, Some(rest)));
            } else if spelling.starts_with(word) {
                matches.push((index, spelling, None));
            }
        }
    }
    match matches.as_slice() {
        [(index, spelling, joined)] => return Ok(found(*index, spelling, *joined)),
        [] => {}
        several => {
            let names: Vec<&str> = several.iter().map(|(_, spelling, _)| *spelling).collect();
            return Err(Failure::usage(format!("ambiguous option: {word} could match {}", names.join(", "))));
        }
    }
    let number = word[1..].strip_prefix('.').unwrap_or(&word[1..]);
    let negative = number.starts_with(|digit: char| digit.is_ascii_digit()) && word[1..].parse::<f64>().is_ok();
    Ok(if negative || word.contains(' ') { Word::Value } else { Word::Unknown })
}

/// The value as the program sees it, when it is of the right type and among the choices.
fn checked(command: &str, option: &Declared, value: &str) -> Result<String, Failure> {
    if option.integer {
        let digits = value.trim().replace('_', "");
        let digits = digits.strip_prefix('+').unwrap_or(&digits);
        if digits.parse::<i64>().is_err() {
            return Err(Failure::invalid_value(&option.names, "int", value));
        }
    }
    if option.key() == "--query" && crate::applets::render::query::Query::parse(value).is_err() {
        return Err(query_failure(format!("argument --query: invalid jmespath_type value: {}", python_text(value))));
    }
    if option.choices.is_empty() {
        return Ok(value.to_owned());
    }
    if let Some(choice) = option.choices.iter().find(|choice| choice.eq_ignore_ascii_case(value)) {
        return Ok((*choice).to_owned());
    }
    let suggestion = super::closest::closest(value, &option.choices).map(|choice| format!("Did you mean '{choice}' ?"));
    Err(Failure::Usage {
        message: format!(
            "az {command}: '{value}' is not a valid value for '{}'. Allowed values: {}.",
            option.names[0],
            option.choices.join(", ")
        ),
        recommendations: suggestion.into_iter().collect(),
        reference: true,
    })
}

/// Text in quotes as Python's `repr` writes it.
pub(crate) fn python_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter == quote => {
                out.push('\\');
                out.push(letter);
            }
            letter if (letter as u32) < 0x20 || letter as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", letter as u32)),
            letter => out.push(letter),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applets::az::table::options_of;

    fn parsed(line: &str) -> Result<Arguments, Failure> {
        let words = shlex::split(line).expect("a shell word list");
        let names = words.iter().take_while(|word| !word.starts_with(['-', '–'])).count();
        let command = words[..names].join(" ");
        parse(&command, &words[names..], &options_of(&command).expect("an emulated command"))
    }

    #[track_caller]
    fn refused(line: &str, first_line: &str) {
        let failure = parsed(line).expect_err(line);
        assert_eq!(failure.text().lines().next(), Some(format!("ERROR: {first_line}").as_str()), "{line}");
        assert_eq!(failure.status(), 2, "{line}");
    }

    #[track_caller]
    fn taken(line: &str, key: &str, values: &[&str]) {
        assert_eq!(parsed(line).expect(line).all(key), values, "{line}");
    }

    #[test]
    fn options_are_taken_in_every_spelling() {
        taken("group create --name a -l b", "--name", &["a"]);
        taken("group create --name=a -l b", "--name", &["a"]);
        taken("group create -na -l b", "--name", &["a"]);
        taken("group create -n=a -l b", "--name", &["a"]);
        taken("group create --nam a --loc b", "--location", &["b"]);
        taken("group create -n a -g c -l b", "--name", &["c"]);
        taken("group create -n '' -l b", "--name", &[""]);
        taken("group create -n a -l b --tags x=1 'y=a b'", "--tags", &["x=1", "y=a b"]);
        taken("group create -n -5 -l b", "--name", &["-5"]);
        taken("group create -n '- x' -l b", "--name", &["- x"]);
        taken("group list -o JSON", "--output", &["json"]);
        taken("group list -otsv", "--output", &["tsv"]);
        taken("group delete -n x -yotsv", "--output", &["tsv"]);
        taken(
            "identity federated-credential create -n f --identity-name i -g g --audience api://AzureADTokenExchange",
            "--audiences",
            &["api://AzureADTokenExchange"],
        );
        let vault = parsed("keyvault create -g g --enable-purge-protection --enable-rbac-authorization FALSE").expect("valid");
        assert_eq!((vault.truth("--enable-purge-protection"), vault.truth("--enable-rbac-authorization")), (Some(true), Some(false)));
        assert_eq!(vault.truth("--no-self-perms"), None);
        assert_eq!(parsed("aks create -g g -n c -c 5").expect("valid").integer("--node-count"), Some(5));
    }

    // The first lines are those of the real az 2.91 (azure-cli-transcripts/errors, and run again).
    #[test]
    fn what_the_parser_refuses_is_told_in_its_words() {
        refused("aks create -n c", "the following arguments are required: --resource-group/-g");
        refused("group create -l x", "the following arguments are required: --name/--resource-group/-n/-g");
        refused("group create –name x -l eastus", "the following arguments are required: --name/--resource-group/-n/-g");
        refused("identity federated-credential create -g G", "the following arguments are required: -n/--name, --identity-name");
        refused("keyvault secret set -n s --value x", "the following arguments are required: --vault-name");
        refused("aks create -g r -n c --enable-oidc-isuer --generate-ssh-keys", "unrecognized arguments: --enable-oidc-isuer");
        refused("group create -n x -l eastus foo", "unrecognized arguments: foo");
        refused("group create -n x -l", "argument --location/-l: expected one argument");
        refused("group create -n -l x", "argument --name/--resource-group/-n/-g: expected one argument");
        refused("aks create -g g -n c --node-count three", "argument --node-count/-c: invalid int value: 'three'");
        refused(
            "aks create -g g -n c --network-plugin calico2",
            "az aks create: 'calico2' is not a valid value for '--network-plugin'. Allowed values: kubenet, azure, none.",
        );
        refused(
            "group list -o xml",
            "az group list: 'xml' is not a valid value for '--output'. Allowed values: json, jsonc, yaml, yamlc, table, tsv, none.",
        );
        refused("group create -n x -l y -- --foo", "unrecognized arguments: -- --foo");
        refused("group list --query '[?name'", "argument --query: invalid jmespath_type value: '[?name'");
        refused("group delete -n x --yes=1", "argument --yes/-y: ignored explicit argument '1'");
        refused("identity delete --ids", "argument --ids: expected at least one argument");
        refused(
            "group list --out=x --only",
            "az group list: 'x' is not a valid value for '--output'. Allowed values: json, jsonc, yaml, yamlc, table, tsv, none.",
        );
    }

    #[test]
    fn a_prefix_of_several_options_names_them_all() {
        let failure = parsed("keyvault create -g g --enabled x").expect_err("three options begin so");
        let names = "--enabled-for-deployment, --enabled-for-disk-encryption, --enabled-for-template-deployment";
        assert!(failure.text().starts_with(&format!("ERROR: ambiguous option: --enabled could match {names}\n")), "{}", failure.text());
    }

    #[test]
    fn help_is_answered_before_anything_is_missing() {
        assert_eq!(parsed("group create -h"), Err(Failure::Finished));
    }
}
