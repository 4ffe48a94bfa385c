//! Here-documents that hold YAML or JSON: who reads them, and what the reader gets.

use serde_saphyr::{DuplicateKeyPolicy, Options};

use super::document::Block;
use crate::{bash::HereDocument, diagnostic::Span};

/// Stands for a value that only a run knows: a private character, so that no author wrote it.
pub(super) const UNKNOWN: char = '\u{e000}';

/// Who reads a here-document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Kubectl,
    Yaml,
    Json,
}

/// A here-document of YAML or JSON.
pub(super) struct Data {
    pub(super) reader: Reader,
    /// The body as its reader gets it, line by line, with a value in the place of every expansion: [`UNKNOWN`], in JSON `1`.
    pub(super) text: String,
    /// The line of the script, from 0, of the body's first line.
    pub(super) first_line: usize,
    /// The line of the script, from 0, of its operator.
    pub(super) line: usize,
}

/// The here-documents of a block that a program reads as YAML or JSON; those that cannot be told without a run are left out.
pub(super) fn of(block: &Block<'_>) -> Vec<Data> {
    let all = block.script.here_documents();
    let mut found = Vec::new();
    for here in all {
        let is_alone = all.iter().filter(|other| other.line == here.line).count() == 1;
        let Some(reader) = reader(block, here).filter(|_| is_alone && here.closed) else { continue };
        let Some(text) = readable(block, here, reader) else { continue };
        let first_line = block.text(Span::new(0, here.body.start)).matches('\n').count();
        found.push(Data { reader, text, first_line, line: here.line });
    }
    found
}

/// How YAML is read: a repeated key is not for us to judge.
pub(super) fn yaml_options() -> Options {
    let mut options = Options::default();
    options.duplicate_keys = DuplicateKeyPolicy::LastWins;
    options.with_snippet = false;
    options
}

/// Who reads the here-document, by the words around it.
fn reader(block: &Block<'_>, here: &HereDocument) -> Option<Reader> {
    let statement = block.script.statement_at(here.line)?;
    let head = block.text(Span::new(statement.span.start, here.body.start));
    let words: Vec<&str> =
        head.split(|c: char| c.is_whitespace() || matches!(c, '|' | ';' | '(' | ')')).filter(|word| !word.is_empty()).collect();
    let has = |word: &str| words.contains(&word);
    // `-f -<<EOF`: the operator ends the word.
    let bare = |word: &str| word.split('<').next().unwrap_or_default().to_owned();
    let from_input = words.iter().any(|word| matches!(bare(word).as_str(), "-f-" | "--filename=-"))
        || words.windows(2).any(|pair| matches!(pair[0], "-f" | "--filename") && matches!(bare(pair[1]).as_str(), "-" | "/dev/stdin"));
    if has("kubectl") && (has("apply") || has("create") || has("replace")) && from_input {
        return Some(Reader::Kubectl);
    }
    match target(&words)?.to_lowercase().rsplit_once('.')?.1 {
        "yaml" | "yml" => Some(Reader::Yaml),
        "json" => Some(Reader::Json),
        _ => None,
    }
}

/// The file that words redirect an output into.
pub(super) fn target<'w>(words: &[&'w str]) -> Option<&'w str> {
    let written = words
        .windows(2)
        .find(|pair| matches!(pair[0], ">" | ">>" | "tee") || pair[0].ends_with('>') && pair[0].contains("<<"))
        .map(|pair| pair[1])
        .or_else(|| words.iter().find_map(|word| word.rsplit_once('>').map(|(_, file)| file).filter(|file| !file.is_empty())))?;
    Some(written.trim_matches(['"', '\'']))
}

fn readable(block: &Block<'_>, here: &HereDocument, reader: Reader) -> Option<String> {
    let body = block.text(here.body);
    let tabs_go = block.text(Span::new(0, here.body.start)).trim_end_matches('\n').rsplit('\n').next()?.contains("<<-");
    let mut text = String::with_capacity(body.len());
    for line in body.split_inclusive('\n') {
        let line = if tabs_go { line.trim_start_matches('\t') } else { line };
        if here.quoted {
            text.push_str(line);
            continue;
        }
        let filled = without_expansions(line, if reader == Reader::Json { '1' } else { UNKNOWN })?;
        // A variable alone on its line may hold any number of lines.
        if line.contains('$') && filled.trim().trim_end_matches(',').chars().count() <= 1 {
            return None;
        }
        text.push_str(&filled);
    }
    (!text.contains("{{") && !text.contains("{%")).then_some(text)
}

/// A line of a here-document with `filler` in the place of each expansion; none when an expansion does not end in it.
fn without_expansions(line: &str, filler: char) -> Option<String> {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['$', '\\', '`']) {
        text.push_str(&rest[..at]);
        let (sign, after) = (&rest[at..=at], &rest[at + 1..]);
        rest = match (sign, after.chars().next()) {
            ("\\", Some(next @ ('$' | '\\' | '`'))) => {
                text.push(next);
                &after[1..]
            }
            // The line goes on below.
            ("\\", Some('\n')) | ("`", _) => return None,
            ("$", Some(open @ ('{' | '('))) => {
                text.push(filler);
                let close = if open == '{' { '}' } else { ')' };
                let mut depth = 0_usize;
                let end = after.char_indices().find(|(_, c)| {
                    depth += usize::from(*c == open);
                    depth -= usize::from(*c == close);
                    depth == 0
                });
                &after[end?.0 + 1..]
            }
            ("$", Some(first)) if first.is_ascii_alphabetic() || first == '_' => {
                text.push(filler);
                after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
            }
            _ => {
                text.push_str(sign);
                after
            }
        };
    }
    text.push_str(rest);
    Some(text)
}
