//! What a block says in words of its own: `echo "backup is complete"`. Pure.
//!
//! Such a line is printed as the script spells it, for the author as for everybody. Where the document shows it otherwise, or shows it and
//! it was not printed, one of the two is wrong.

use crate::{
    bash::{Command, Place, Script},
    runbook::Step,
};

/// Letters that a line must spell out to be told from others.
const LETTERS_MIN: usize = 6;

/// A line as a command of the script spells it, with gaps where it fills something in.
#[derive(Debug)]
struct Template {
    /// What stands between the gaps; at least one.
    parts: Vec<String>,
}

/// The difference between what is shown and what was printed, as a sentence fragment, that the block's own words tell.
pub(super) fn broken(step: &Step, script: &Script, shown: &[&str], printed: &[&str]) -> Option<String> {
    script.commands().iter().filter_map(|command| Template::of(step, command)).find_map(|template| {
        let is_shown = shown.iter().find(|line| template.fits(line));
        let is_printed = printed.iter().find(|line| template.fits(line));
        match (is_shown, is_printed) {
            (Some(line), None) => Some(format!("the script says `{line}`, the document shows it, and it was not printed")),
            (None, Some(line)) if shown.len() >= printed.len() => {
                Some(format!("the script says `{line}`, and the document does not show it"))
            }
            _ => None,
        }
    })
}

impl Template {
    /// What `echo` or `printf` prints as one line; none when that is written elsewhere, or cannot be told from the text.
    fn of(step: &Step, command: &Command) -> Option<Self> {
        let name = command.name().filter(|name| matches!(*name, "echo" | "printf"))?;
        if matches!(command.place, Place::Capture | Place::Background | Place::Pipeline | Place::ProcessSubstitution) {
            return None;
        }
        let (first, last) = (command.words.first()?.span.start, command.words.last()?.span.end);
        let beside = (step.script.get(command.span.start..first)?, step.script.get(last..command.span.end)?);
        if beside.0.contains('>') || beside.1.contains('>') {
            return None;
        }
        let words = if name == "echo" { command.words.get(1..)? } else { command.words.get(1..2)? };
        let mut parts = vec![String::new()];
        for (index, word) in words.iter().enumerate() {
            let source = step.script.get(word.span.start..word.span.end)?;
            if source.starts_with('-') && index == 0 {
                return None;
            }
            if index > 0 {
                parts.last_mut()?.push(' ');
            }
            spell(source, &mut parts)?;
        }
        if name == "printf" {
            parts = formatted(&parts)?;
        }
        let letters = parts.iter().flat_map(|part| part.chars()).filter(|letter| letter.is_alphabetic()).count();
        (letters >= LETTERS_MIN && !parts.iter().any(|part| part.contains(['\n', '\\']))).then_some(Self { parts })
    }

    fn fits(&self, line: &str) -> bool {
        let line = line.trim();
        let Some((first, rest)) = self.parts.split_first() else { return false };
        let Some((last, middle)) = rest.split_last() else { return line == first.trim() };
        let Some(mut left) = line.strip_prefix(first.trim_start()) else { return false };
        for part in middle {
            let Some(at) = left.find(part.as_str()) else { return false };
            left = &left[at + part.len()..];
        }
        left.ends_with(last.trim_end())
    }
}

/// Adds what a word of the shell spells out, and a gap for each expansion; none when it is too clever.
fn spell(word: &str, parts: &mut Vec<String>) -> Option<()> {
    let mut letters = word.char_indices().peekable();
    let mut quote = None;
    while let Some((at, letter)) = letters.next() {
        match (letter, quote) {
            ('\'', None) | ('"', None) => quote = Some(letter),
            (end, Some(open)) if end == open => quote = None,
            (other, Some('\'')) => parts.last_mut()?.push(other),
            ('\\', _) => return None,
            ('$' | '`', _) => {
                let length = expansion(&word[at..])?;
                while letters.next_if(|(next, _)| *next < at + length).is_some() {}
                parts.push(String::new());
            }
            ('*' | '?' | '[' | '~' | '{', None) => return None,
            (other, _) => parts.last_mut()?.push(other),
        }
    }
    Some(())
}

/// The length of the expansion that a text begins with.
fn expansion(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix('`') {
        return Some(rest.find('`')? + 2);
    }
    let rest = &text[1..];
    let (open, close) = match rest.chars().next()? {
        '(' => ('(', ')'),
        '{' => ('{', '}'),
        letter if letter.is_alphabetic() || letter == '_' => {
            let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(rest.len());
            return Some(1 + end);
        }
        other => return Some(1 + other.len_utf8()),
    };
    let mut depth = 0_usize;
    for (at, letter) in rest.char_indices() {
        depth += usize::from(letter == open);
        if letter == close {
            depth -= 1;
            if depth == 0 {
                return Some(at + 2);
            }
        }
    }
    None
}

/// The parts of a format with gaps for `%s` and its like; none when it prints other than one line.
fn formatted(parts: &[String]) -> Option<Vec<String>> {
    // A format that is itself expanded could hold anything.
    let [format] = parts else { return None };
    let format = format.strip_suffix("\\n")?;
    let mut found = vec![String::new()];
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        found.last_mut()?.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix('%') {
            found.last_mut()?.push('%');
            rest = after;
            continue;
        }
        let end = after.find(|letter: char| letter.is_ascii_alphabetic())?;
        found.push(String::new());
        rest = &after[end + 1..];
    }
    found.last_mut()?.push_str(rest);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::{Companions, parse};

    #[track_caller]
    fn check(script: &str, shown: &[&str], printed: &[&str], expected: bool) {
        let text = format!("```bash\n{script}\n```\n");
        let (runbook, _) = parse("d.md", text.as_bytes(), &Companions::default());
        let found = broken(&runbook.steps[0], &Script::parse(&runbook.steps[0].script), shown, printed);
        assert_eq!(found.is_some(), expected, "{script}: {found:?}");
    }

    #[test]
    fn words_of_the_script_are_shown_as_they_are_spelled() {
        check("echo \"the ledger is right\"", &["the ledger is rigjt"], &["the ledger is right"], true);
        check("echo \"Best seller: $best\"", &["Best seler: plums"], &["Best seller: plums"], true);
        check("printf 'entered %s of %d\\n' a 2", &["entred a of 2"], &["entered a of 2"], true);
        check("echo 'status' $(f \"$(g)\") reached", &["other line"], &["status 3 reached"], true);
        check("if x; then echo complete; else echo broken; fi", &["complete"], &["broken"], true);
    }

    #[test]
    fn gaps_hold_anything_and_a_part_may_be_shown() {
        check("echo \"Best seller: $best\"", &["Best seller: pears"], &["Best seller: plums"], false);
        check("echo \"cluster $NAME is ready\"", &["cluster a is ready"], &["cluster b is ready"], false);
        check("echo Starting now\nls", &["a.txt"], &["Starting now", "a.txt"], false);
        check("echo $A: $B", &["x: y"], &["z"], false);
        check("echo nothing to see > log", &["nothing to hear"], &["nothing to see"], false);
        check("X=$(echo something)", &["something"], &["else"], false);
        check("echo -e 'some\\tthing'", &["some thing"], &["x"], false);
    }
}
