//! Calls of `az` in a script, and what `az` accepts.

mod query;
mod table;

pub(super) use query::problem;
pub(super) use table::{AzOption, Known, Values, find};

use crate::bash::{Command, CommandKind, Word};

/// A call of `az`.
#[derive(Debug, Clone)]
pub(super) struct AzCall<'a> {
    pub(super) command: &'a Command,
    /// The words of the command's name (`aks nodepool add`), and positional arguments right behind it.
    pub(super) names: Vec<&'a str>,
    /// Everything behind the names.
    pub(super) arguments: &'a [Word],
}

impl<'a> AzCall<'a> {
    /// Reads a command; none when it is no call of `az`.
    pub(super) fn of(command: &'a Command) -> Option<Self> {
        if command.kind != CommandKind::Simple {
            return None;
        }
        let at = match command.name()? {
            "az" => 1,
            "sudo" | "time" | "exec" if command.words.get(1).is_some_and(|word| word.text == "az") => 2,
            _ => return None,
        };
        let rest = command.words.get(at..).unwrap_or_default();
        let names: Vec<&str> = rest.iter().take_while(|word| is_name(word)).map(|word| word.text.as_str()).collect();
        let arguments = &rest[names.len()..];
        Some(Self { command, names, arguments })
    }

    /// The command as the table has it, spelled in full; none when the table lacks it.
    pub(super) fn known(&self) -> Option<&'static Known> {
        find(&self.names).ok()
    }

    /// The name with its words joined.
    pub(super) fn name(&self) -> String {
        self.names.join(" ")
    }

    /// Whether an argument may stand for several words: `$OPTIONS`, `"${options[@]}"`.
    pub(super) fn is_open(&self) -> bool {
        let mut before = "";
        self.arguments.iter().any(|word| {
            // The value of an option is one word, as far as its author thought.
            let is_value = std::mem::replace(&mut before, &word.text).starts_with('-');
            word.text.contains("[@]") || word.text.contains("[*]") || word.text.starts_with('$') && !word.literal && !is_value
        })
    }

    /// The options with their values, and the words that belong to none; it ends at the first word that the table does not explain.
    pub(super) fn parts(&self, known: &'static Known) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        let mut rest = self.arguments.iter().peekable();
        while let Some(word) = rest.next() {
            let Some(written) = option_name(word) else {
                parts.push(Part { option: None, word, values: vec![word], is_joined: false });
                continue;
            };
            let (name, joined) = match written.split_once('=') {
                Some((name, _)) => (name, true),
                // `-otsv` is `-o tsv`.
                None if !written.starts_with("--") && written.len() > 2 => (written.get(..2).unwrap_or(written), true),
                None => (written, false),
            };
            let [option] = known.options_like(name)[..] else { break };
            let most = match option.values {
                _ if joined => 0,
                Values::None => 0,
                Values::One | Values::AtMostOne => 1,
                Values::Any | Values::AtLeastOne => usize::MAX,
            };
            let mut values = Vec::new();
            while values.len() < most
                && let Some(value) = rest.next_if(|value| option_name(value).is_none())
            {
                values.push(value);
            }
            parts.push(Part { option: Some(option), word, values, is_joined: joined });
        }
        parts
    }

    /// The value of an option: the last one given, as the parser of `az` takes it.
    pub(super) fn value(&self, options: &[&str]) -> Option<&'a Word> {
        let mut found = None;
        for (at, word) in self.arguments.iter().enumerate() {
            if options.contains(&word.text.as_str()) {
                found = self.arguments.get(at + 1);
            }
        }
        found
    }

    /// The output format when it is said in letters: `--output tsv`, `-o tsv`, `--output=tsv`, `-otsv`.
    pub(super) fn output(&self) -> Option<&'a str> {
        let joined = self.arguments.iter().filter(|word| word.literal).find_map(|word| {
            let text = word.text.as_str();
            text.strip_prefix("--output=")
                .or_else(|| text.strip_prefix("--out="))
                .or_else(|| text.strip_prefix("-o").filter(|rest| !rest.is_empty()))
        });
        joined.or_else(|| self.value(&["--output", "-o", "--out"]).filter(|word| word.literal).map(|word| word.text.as_str()))
    }
}

/// The text of a word that `az` takes for an option, its value included when it is joined to it.
pub(super) fn option_name(word: &Word) -> Option<&str> {
    let text = word.text.as_str();
    let name = text.trim_start_matches('-');
    let is_option = text.starts_with('-') && text.len() - name.len() <= 2 && name.starts_with(|first: char| first.is_ascii_alphabetic());
    (is_option && !text.contains(' ')).then_some(text)
}

/// A part of a call: an option with its values, or a word that belongs to none.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    pub(super) option: Option<&'static AzOption>,
    /// The option as written, or the word itself.
    pub(super) word: &'a Word,
    pub(super) values: Vec<&'a Word>,
    /// `--name=value`, `-nvalue`.
    pub(super) is_joined: bool,
}

fn is_name(word: &Word) -> bool {
    word.literal
        && word.text.starts_with(|first: char| first.is_ascii_lowercase())
        && word.text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::AzCall;
    use crate::bash::Script;

    #[test]
    fn calls_are_read_with_their_options() {
        let script = Script::parse(
            "az aks show -n \"$X\" --query id -otsv; sudo az group list --output=table -g $G; echo az x; az ad user show $ARGS",
        );
        let calls: Vec<AzCall<'_>> = script.commands().iter().filter_map(AzCall::of).collect();
        let seen: Vec<_> = calls.iter().map(|call| (call.name(), call.output(), call.is_open())).collect();
        assert_eq!(
            seen,
            [("aks show".into(), Some("tsv"), false), ("group list".into(), Some("table"), false), ("ad user show".into(), None, true)]
        );
        assert_eq!(calls[0].value(&["--query"]).map(|word| word.text.as_str()), Some("id"));
    }
}
