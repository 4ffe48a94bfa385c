//! `<resource-group>`: what a reader is meant to fill in.

use std::{ops::Range, sync::OnceLock};

use regex::Regex;

/// Elements that programs print or send: never placeholders.
const ELEMENTS: [&str; 24] = [
    "a", "b", "body", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "head", "hr", "html", "i", "li", "p", "pre", "script", "span",
    "strong", "style", "title", "ul",
];

/// The placeholders of a line of shell, angle brackets included; redirections and markup are none.
pub(super) fn placeholders(line: &str) -> Vec<Range<usize>> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| Regex::new(r"<[A-Za-z][A-Za-z0-9_./ -]{0,58}[A-Za-z0-9]>").ok());
    let Some(pattern) = pattern.as_ref().filter(|_| line.contains('<')) else { return Vec::new() };
    pattern.find_iter(line).map(|hit| hit.range()).filter(|range| is_placeholder(line, range)).collect()
}

/// The script with letters in the place of its placeholders' brackets and blanks, so that a parser reads a word; as long as before.
pub(super) fn filled(script: &str) -> String {
    let mut text = String::with_capacity(script.len());
    for line in script.split_inclusive('\n') {
        let mut copied = 0;
        for range in placeholders(line) {
            text.push_str(line.get(copied..range.start).unwrap_or_default());
            text.extend(line.get(range.clone()).unwrap_or_default().chars().map(|c| if matches!(c, '<' | '>' | ' ') { '_' } else { c }));
            copied = range.end;
        }
        text.push_str(line.get(copied..).unwrap_or_default());
    }
    text
}

fn is_placeholder(line: &str, range: &Range<usize>) -> bool {
    let before = line.get(..range.start).unwrap_or_default();
    let after = line.get(range.end..).unwrap_or_default();
    let name = line.get(range.start + 1..range.end - 1).unwrap_or_default();
    let is_markup = ELEMENTS.contains(&name.to_lowercase().as_str()) || line.contains("</") || line.contains("/>");
    // What kubectl prints where there is nothing: scripts compare with it.
    let is_printed = matches!(name, "none" | "pending" | "unknown" | "invalid" | "no value");
    let in_comment = before.trim_start().starts_with('#') || before.contains(" #");
    // A redirection from one file to another: `<in >out` has no `>` right behind the name, `<in>out` has a name behind it.
    let is_redirection = after.starts_with(|next: char| next.is_ascii_alphanumeric() || matches!(next, '/' | '$' | '&' | '>'))
        && before.ends_with(' ')
        && !name.contains(['-', '_', ' ']);
    !is_markup && !is_printed && !in_comment && !is_redirection && !before.ends_with(['<', '(', '{'])
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn placeholders_become_words_of_the_same_length() {
        assert_eq!(filled("A=<your name>\necho <in >out <<END"), "A=_your_name_\necho <in >out <<END");
        assert_eq!(filled("az x --a <id> --b <RG>\necho <li> i<n>0"), "az x --a _id_ --b _RG_\necho <li> i<n>0");
        assert_eq!(filled("tr a b <in>out # <name>\n"), "tr a b <in>out # <name>\n");
        assert_eq!(filled("[[ $IP != \"<pending>\" ]]"), "[[ $IP != \"<pending>\" ]]");
    }
}
