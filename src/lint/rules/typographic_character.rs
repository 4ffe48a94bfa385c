//! Code contains characters that a word processor or a translation put there: “curly quotes”, a dash for `-` or `--`, a space that is
//! none.
//!
//! They look right and mean something else: bash quotes only with `"` and `'`, `–name` is no option, and a no-break space belongs to
//! the word beside it. Within quotes, comments and here-documents they are text, and nothing is said.

use std::collections::BTreeSet;

use crate::{
    bash::{CommandKind, Script, Word},
    diagnostic::Span,
    lint::{document::Document, rule::Finding},
};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings: Vec<(char, Finding, BTreeSet<usize>)> = Vec::new();
    for block in &document.blocks {
        for (span, what, hint) in found(&block.script, &block.step.script) {
            let Some(character) = block.text(span).chars().next().filter(|_| !block.is_in_here_document(span.start)) else { continue };
            let place = block.place(span);
            let line = document.runbook.source.line(place.start);
            match findings.iter_mut().find(|(other, ..)| *other == character) {
                Some((.., lines)) => drop(lines.insert(line)),
                None => findings.push((character, Finding::new(place, what).with_hint(hint), BTreeSet::from([line]))),
            }
        }
    }
    // They come in swarms: each character is one finding, which names the other lines.
    let told = findings.into_iter().map(|(_, finding, lines)| {
        let others: Vec<String> = lines.iter().skip(1).map(usize::to_string).collect();
        let message =
            if others.is_empty() { finding.message.clone() } else { format!("{}; also in lines {}", finding.message, others.join(", ")) };
        Finding { message, ..finding }
    });
    told.collect()
}

fn found<'s>(script: &'s Script, text: &'s str) -> impl Iterator<Item = (Span, String, String)> + 's {
    let simple = script.commands().iter().filter(|command| matches!(command.kind, CommandKind::Simple | CommandKind::Declaration));
    let words = simple.flat_map(|command| command.words.iter()).map(|word: &Word| word.span);
    let values = script.assignments().iter().filter_map(|assignment| assignment.value);
    words.chain(values).filter_map(move |span| {
        let written = text.get(span.start..span.end)?;
        let bare = written.find(['"', '\'', '`', '#']).map_or(written, |end| &written[..end]);
        let (at, character) = bare.char_indices().find(|(at, character)| match character {
            '“' | '”' | '„' | '‘' | '’' | '\u{a0}' | '\u{202f}' | '\u{200b}' | '\u{feff}' => true,
            '–' | '—' => *at == 0 && bare[character.len_utf8()..].starts_with(|next: char| next.is_ascii_alphabetic() || next == '-'),
            _ => false,
        })?;
        let place = Span::new(span.start + at, span.start + at + character.len_utf8());
        Some(match character {
            '–' | '—' => (
                place,
                format!("`{character}` is a dash, not the hyphens of an option"),
                format!("write `--{}`", bare.trim_start_matches(['–', '—', '-'])),
            ),
            '“' | '”' | '„' | '‘' | '’' => {
                (place, format!("`{character}` is a typographic quote, which quotes nothing in bash"), "write `\"` or `'`".to_owned())
            }
            _ => (
                place,
                format!("U+{:04X} looks like a space or like nothing, and is part of a word", u32::from(character)),
                "write a plain space, or nothing".to_owned(),
            ),
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "typographic-character";

    #[test]
    fn typography_in_code_is_found() {
        check(CODE, "az group create –name a", &["`–` is a dash"]);
        check(CODE, "echo “hello”", &["`“` is a typographic quote"]);
        check(CODE, "az group\u{a0}list", &["U+00A0"]);
        check(CODE, "export A=‘b’", &["typographic quote"]);
        check(CODE, "az –a\naz b\naz –c –d", &["dash, not the hyphens of an option; also in lines 4"]);
    }

    #[test]
    fn typography_in_text_is_no_finding() {
        check(CODE, "echo \"it’s – “fine”\" 'a–b' a–b 1 – 2\n# don’t\ncat <<E\n“x”\nE", &[]);
    }
}
