//! The state of the shell between two blocks, as the checkpoint script wrote it. Pure; bytes, because values need not be UTF-8.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::declaration::{self, Declaration, Variables};
use super::driver;

/// The state of the shell between two blocks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Checkpoint {
    bytes: Vec<u8>,
    place: Range<usize>,
    variables: Range<usize>,
    functions: Range<usize>,
    options: Range<usize>,
    traps: Vec<Trap>,
}

/// A trap as `trap -p` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trap {
    /// The action, quoted for the shell.
    action: Vec<u8>,
    signal: String,
}

/// Names that bash has from its own start and that cannot be unset or must not be.
const KEPT_NAMES: [&str; 3] = ["_", "SHLVL", "PWD"];

impl Checkpoint {
    /// Reads a checkpoint; none when it is not whole.
    pub(super) fn read(bytes: Vec<u8>, nonce: &str) -> Option<Self> {
        let mut at = 0;
        let mut section = |title: &str| {
            let marker = format!("#{nonce} {title}\n");
            let start = at + find(&bytes[at..], marker.as_bytes())?;
            at = start + marker.len();
            Some(start..at)
        };
        let place = section("place")?;
        let variables = section("variables")?;
        let functions = section("functions")?;
        let traps = section("traps")?;
        let options = section("options")?;
        let end = section("end")?;
        let trap_list = read_traps(&bytes[traps.end..options.start]);
        Some(Self {
            place: place.end..variables.start,
            variables: variables.end..functions.start,
            functions: functions.end..traps.start,
            options: options.end..end.start,
            traps: trap_list,
            bytes,
        })
    }

    /// The shell's variables.
    pub(super) fn variables(&self) -> Variables {
        declaration::read(&self.bytes[self.variables.clone()])
    }

    /// Whether the block has made a variable of the driver readonly: the shell can run no other block then.
    pub(super) fn has_frozen_driver(&self) -> bool {
        let text = &self.bytes[self.variables.clone()];
        // Looked for only where the word can be: many blocks run, and few are hostile.
        let declares = |line: &[u8]| {
            line.starts_with(b"declare -") && line.split(|byte| *byte == b' ').nth(1).is_some_and(|flags| flags.contains(&b'r'))
        };
        text.split(|byte| *byte == b'\n').any(|line| declares(line) && line.windows(10).take(24).any(|part| part == b" __docent_"))
            && declaration::declarations(text).iter().any(Declaration::is_frozen_own)
    }

    /// What the block left as its EXIT trap.
    pub(super) fn exit_trap(&self) -> ExitTrap {
        match self.traps.iter().find(|trap| trap.signal == "EXIT") {
            None => ExitTrap::Cleared,
            Some(trap) if driver::is_our_exit_trap(&trap.action) => ExitTrap::Ours,
            Some(_) => ExitTrap::Own,
        }
    }

    /// The script that brings the state back into a shell that started with these environment variables.
    ///
    /// They are unset first: what the document had unset must stay so, and `declare --` does not take the export attribute away.
    /// Our own traps are left out (the driver sets them), the ERR trap too (the document's own is in a variable of the driver), and so
    /// is an EXIT trap that has been run.
    pub(super) fn restore_script<'a>(&self, environment: impl Iterator<Item = &'a str>, with_exit_trap: bool) -> Vec<u8> {
        let mut script = b"\\builtin unset -v".to_vec();
        let names: BTreeSet<&str> = environment.filter(|name| is_name(name) && !KEPT_NAMES.contains(name)).collect();
        for name in names {
            script.push(b' ');
            script.extend_from_slice(name.as_bytes());
        }
        script.push(b'\n');
        script.extend_from_slice(&self.bytes[self.place.clone()]);
        script.push(b'\n');
        if self.has_frozen_driver() {
            let all = declaration::declarations(&self.bytes[self.variables.clone()]);
            for one in all.iter().filter(|one| !one.is_frozen_own()) {
                script.extend_from_slice(one.text);
                script.push(b'\n');
            }
        } else {
            script.extend_from_slice(&self.bytes[self.variables.clone()]);
            script.push(b'\n');
        }
        script.extend_from_slice(&self.bytes[self.functions.clone()]);
        script.push(b'\n');
        for trap in &self.traps {
            let skipped = match trap.signal.as_str() {
                "ERR" => true,
                "EXIT" => !with_exit_trap || driver::is_our_exit_trap(&trap.action),
                _ => false,
            };
            if !skipped {
                script.extend_from_slice(b"\\builtin trap -- ");
                script.extend_from_slice(&trap.action);
                script.extend_from_slice(format!(" {}\n", trap.signal).as_bytes());
            }
        }
        script.extend_from_slice(&self.bytes[self.options.clone()]);
        script
    }
}

impl Checkpoint {
    /// The lines that bring a running shell back from `self` to `before`. What cannot be undone so shows in [`Self::is_like`] afterwards.
    ///
    /// Of the variables only those that differ are touched: one that has a meaning for bash loses it when it is unset. Traps, functions
    /// and aliases go first, so that none of the document's is in the way.
    pub(super) fn undo_script(&self, before: &Self) -> Vec<u8> {
        let mut script = Vec::new();
        let mut line = |parts: &[&[u8]]| {
            parts.iter().for_each(|part| script.extend_from_slice(part));
            script.push(b'\n');
        };
        let (now, then) = (self.own_traps(), before.own_traps());
        for trap in now.iter().filter(|trap| !then.contains(trap)) {
            line(&[b"\\builtin trap - ", trap.signal.as_bytes()]);
        }
        line(&[FORGET_FUNCTIONS]);
        self.changed_lines(before, |state| &state.place).for_each(|one| line(&[one]));
        let (now, then) = (self.declared(), before.declared());
        for (name, one) in now.iter().filter(|(name, one)| then.get(*name) != Some(*one)) {
            let how: &[u8] = if one.flags.contains(&b'n') { b"\\builtin unset -n " } else { b"\\builtin unset -v " };
            line(&[how, name]);
        }
        for (_, one) in then.iter().filter(|(name, one)| now.get(*name) != Some(*one)) {
            // Without `\builtin`, which takes no arrays: functions and aliases are gone.
            line(&[one.text]);
        }
        line(&[&before.bytes[before.functions.clone()]]);
        let (now, then) = (self.own_traps(), before.own_traps());
        for trap in then.iter().filter(|trap| !now.contains(trap)) {
            line(&[b"\\builtin trap -- ", &trap.action, b" ", trap.signal.as_bytes()]);
        }
        self.changed_lines(before, |state| &state.options).for_each(|one| line(&[one]));
        script
    }

    /// The lines of a section of `before` that are not those of `self`: `shopt -u compat42` sets a variable even when it changes nothing.
    fn changed_lines<'a>(&self, before: &'a Self, section: fn(&Self) -> &Range<usize>) -> impl Iterator<Item = &'a [u8]> {
        let lines = |state: &'a [u8]| state.split(|byte| *byte == b'\n');
        let now: BTreeSet<Vec<u8>> = self.bytes[section(self).clone()].split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        lines(&before.bytes[section(before).clone()]).filter(move |line| !now.contains(*line))
    }

    /// Whether a shell in this state goes on like one in the other.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let sections = |state: &Self| [&state.place, &state.functions, &state.options].map(|range| state.bytes[range.clone()].to_vec());
        sections(self) == sections(other) && self.own_traps() == other.own_traps() && self.declared() == other.declared()
    }

    /// The declarations that a document can tell apart, by name: not those that differ at each look, and of the driver's own only
    /// those that outlast a block.
    fn declared(&self) -> BTreeMap<&[u8], Declaration<'_>> {
        let all = declaration::declarations(&self.bytes[self.variables.clone()]);
        let lasts = |name: &[u8]| match name.strip_prefix(b"__docent_") {
            Some(own) => matches!(own, b"t" | b"e"),
            None => !FLEETING.contains(&String::from_utf8_lossy(name).as_ref()),
        };
        all.into_iter().filter(|one| lasts(one.name)).map(|one| (one.name, one)).collect()
    }

    /// The traps that the document has set; its ERR trap is in a variable of the driver.
    fn own_traps(&self) -> Vec<&Trap> {
        let is_own = |trap: &&Trap| match trap.signal.as_str() {
            "ERR" => false,
            "EXIT" => !driver::is_our_exit_trap(&trap.action),
            _ => true,
        };
        self.traps.iter().filter(is_own).collect()
    }
}

/// Takes all functions and aliases away.
const FORGET_FUNCTIONS: &[u8] = br#"\builtin unalias -a
\builtin declare -F >|"$__docent_d/u"
while IFS=' ' \builtin read -r __docent_p __docent_p __docent_w; do \builtin unset -f -- "$__docent_w"; done <"$__docent_d/u""#;

/// Variables that bash changes by itself, or that are another view of what is restored otherwise.
const FLEETING: [&str; 31] = [
    "_",
    "BASHOPTS",
    "BASHPID",
    "BASH_ALIASES",
    "BASH_ARGC",
    "BASH_ARGV",
    "BASH_ARGV0",
    "BASH_CMDS",
    "BASH_COMMAND",
    "BASH_LINENO",
    "BASH_MONOSECONDS",
    "BASH_SOURCE",
    "BASH_SUBSHELL",
    "BASH_TRAPSIG",
    "COLUMNS",
    "COMP_WORDBREAKS",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "FUNCNAME",
    "GROUPS",
    "HISTCMD",
    "LINENO",
    "LINES",
    "OPTIND",
    "PIPESTATUS",
    "PPID",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SRANDOM",
];

/// Whose EXIT trap the shell has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExitTrap {
    /// Ours is in place: the document has not touched it.
    Ours,
    /// None: the document took it away.
    Cleared,
    /// The document's own.
    Own,
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    // The marker starts a line and holds a nonce, so looking at `#` only is both quick and enough.
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(|byte| *byte == b'#') {
        at += offset;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn read_traps(mut text: &[u8]) -> Vec<Trap> {
    let mut traps = Vec::new();
    while let Some(rest) = text.strip_prefix(b"trap -- ") {
        let word = declaration::word_length(rest);
        let action = rest[..word].to_vec();
        let rest = rest[word..].strip_prefix(b" ").unwrap_or(&rest[word..]);
        let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        traps.push(Trap { action, signal: String::from_utf8_lossy(&rest[..line]).into_owned() });
        text = rest.get(line + 1..).unwrap_or_default();
    }
    traps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(traps: &str) -> Checkpoint {
        let text = format!(
            "#n place\ncd /w\n\n#n variables\ndeclare -- A=\"1\"\n\n#n functions\nset --\n\n#n traps\n{traps}#n options\nset +o errexit\n#n end\nnoise"
        );
        Checkpoint::read(text.into_bytes(), "n").expect("it is whole")
    }

    #[test]
    fn a_checkpoint_that_was_cut_is_none() {
        assert_eq!(Checkpoint::read(b"#n place\ncd /w\n#n variables\n".to_vec(), "n"), None);
    }

    #[test]
    fn a_document_s_own_traps_are_told_apart_from_ours_and_come_back() {
        let state = checkpoint("trap -- 'it'\\''s over\n' EXIT\ntrap -- 'echo got' SIGUSR1\ntrap -- 'echo no' ERR\n");
        assert_eq!(state.exit_trap(), ExitTrap::Own);
        let script = String::from_utf8(state.restore_script(["PATH", "not-a-name"].into_iter(), true)).unwrap();
        assert!(script.starts_with("\\builtin unset -v PATH\n"), "{script}");
        assert!(script.contains("trap -- 'echo got' SIGUSR1") && script.contains("over") && !script.contains("echo no"), "{script}");
        assert!(script.ends_with("set +o errexit\n"), "{script}");
        assert!(!String::from_utf8(state.restore_script(std::iter::empty(), false)).unwrap().contains("over"));
    }

    #[test]
    fn no_trap_means_that_the_document_cleared_ours() {
        assert_eq!(checkpoint("").exit_trap(), ExitTrap::Cleared);
    }
}
