//! Code contains characters that a word processor or a translation put there: “curly quotes”, a dash for `-` or `--`, a space that is
//! none.
//!
//! They look right and mean something else: bash quotes only with `"` and `'`, `–name` is no option, and a no-break space belongs to
//! the word beside it. Within quotes, comments and here-documents they are text, and nothing is said.

use std::collections::BTreeSet;

use crate::{
    bash::{CommandKind, Script, Word},
    diagnostic::{Edit, Span},
    lint::{
        document::{Block, Document},
        rule::Finding,
    },
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
    let told = findings.into_iter().map(|(character, finding, lines)| {
        let edits = document.blocks.iter().flat_map(|block| mends(block, character)).collect();
        let others: Vec<String> = lines.iter().skip(1).map(usize::to_string).collect();
        let message = match others.as_slice() {
            [] => finding.message.clone(),
            [line] => format!("{}; also in line {line}", finding.message),
            lines => format!("{}; also in lines {}", finding.message, lines.join(", ")),
        };
        Finding { message, ..finding }.with_edits(edits)
    });
    told.collect()
}

/// Programs whose long options have two hyphens: what a word processor made one dash of.
const TWO_HYPHENS: [&str; 12] = ["az", "kubectl", "helm", "kubelogin", "docker", "git", "gh", "curl", "npm", "apt", "apt-get", "azcopy"];

/// The mends of a character in a block, where they are certain.
fn mends(block: &Block<'_>, character: char) -> Vec<Edit> {
    match character {
        _ if DASHES.contains(&character) => dashes(block, character),
        '“' | '”' | '„' => quotes(block, ['“', '”', '„'], "\""),
        '‘' | '’' => quotes(block, ['‘', '’', '’'], "'"),
        _ => {
            let blank = if is_blank(character) { " " } else { "" };
            let spans = bare_words(&block.script, &block.step.script).flat_map(|(span, bare, _)| {
                let hits = bare.match_indices(character);
                hits.map(move |(at, hit)| Span::new(span.start + at, span.start + at + hit.len()))
            });
            spans.filter(|span| !block.is_in_here_document(span.start)).filter_map(|span| block.edit(span, blank)).collect()
        }
    }
}

/// A dash before a word is the hyphens of an option: one before a letter, two before a name.
fn dashes(block: &Block<'_>, dash: char) -> Vec<Edit> {
    let simple = block.script.commands().iter().filter(|command| command.kind == CommandKind::Simple);
    let options = simple.flat_map(|command| command.words.iter().skip(1).map(|word| (word.span, command.name().unwrap_or_default())));
    let edits = options.filter_map(|(span, program)| {
        let written = block.text(span);
        let rest = written.strip_prefix(dash)?;
        let name = rest.trim_start_matches('-');
        let is_certain = match letters(name) {
            1 => name.starts_with(|first: char| first.is_ascii_alphabetic()),
            0 => false,
            // `curl –Lks` is a row of short options.
            _ => TWO_HYPHENS.contains(&program) && name.starts_with(|first: char| first.is_ascii_lowercase()) && !has_short_rows(program),
        };
        is_certain.then(|| block.edit(Span::new(span.start, span.end - name.len()), hyphens(program, name)))?
    });
    edits.collect()
}

/// How long the name of an option is.
fn letters(name: &str) -> usize {
    name.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').unwrap_or(name.len())
}

/// What an option of a program starts with: one hyphen before a letter, or before a row of letters where programs have such rows.
fn hyphens(program: &str, name: &str) -> &'static str {
    let long = letters(name);
    let row = name.get(..long).unwrap_or_default();
    let is_row = match program {
        // `docker run -it`, and `--rm` beside it.
        "docker" | "kubectl" => row.bytes().all(|letter| matches!(letter, b'd' | b'i' | b't')),
        _ => long <= 4 && has_short_rows(program) && row.bytes().all(|letter| letter.is_ascii_alphabetic()),
    };
    if long == 1 || is_row { "-" } else { "--" }
}

/// Whether `-xzf` is usual: of the programs that have long options only those that are mostly called with words.
fn has_short_rows(program: &str) -> bool {
    !TWO_HYPHENS.contains(&program) || program == "curl"
}

/// What a word processor makes of a hyphen: hyphens of print, dashes, a minus sign.
const DASHES: [char; 6] = ['\u{2010}', '\u{2011}', '\u{2012}', '–', '—', '\u{2212}'];

/// A blank that is none to bash.
fn is_blank(character: char) -> bool {
    !character.is_ascii() && character.is_whitespace()
}

/// Quotes that come in pairs in a line without straight ones that they could be entangled with.
fn quotes(block: &Block<'_>, kinds: [char; 3], straight: &str) -> Vec<Edit> {
    let found = found(&block.script, &block.step.script).map(|(span, ..)| span);
    let mut flagged: Vec<Span> = found.filter(|span| block.text(*span).starts_with(kinds)).collect();
    flagged.sort_unstable();
    let mut edits = Vec::new();
    for (_, offset, line) in block.code_lines() {
        let line_end = offset + line.len();
        let first = flagged.get(flagged.partition_point(|span| span.start < offset));
        let is_flagged = first.is_some_and(|span| span.start < line_end);
        let code = line.find('#').map_or(line, |comment| &line[..comment]);
        let places: Vec<(usize, &str)> = code.match_indices(kinds).collect();
        let mut outside = 0;
        let mut is_entangled = places.len() % 2 == 1 || code.contains(straight);
        for pair in places.chunks_exact(2) {
            is_entangled |= code[outside..pair[0].0].contains(['"', '\'', '`']);
            outside = pair[1].0;
        }
        is_entangled |= code.get(outside..).is_some_and(|rest| rest.contains(['"', '\'', '`']));
        if is_flagged && !is_entangled {
            let spans = places.iter().map(|(at, quote)| Span::new(offset + at, offset + at + quote.len()));
            let mends: Option<Vec<Edit>> = spans.map(|span| block.edit(span, straight)).collect();
            edits.extend(mends.into_iter().flatten());
        }
    }
    edits
}

/// The words and values of the code, as far as their first quote, and the program that they are for.
fn bare_words<'s>(script: &'s Script, text: &'s str) -> impl Iterator<Item = (Span, &'s str, &'s str)> + 's {
    let simple = script.commands().iter().filter(|command| matches!(command.kind, CommandKind::Simple | CommandKind::Declaration));
    let words = simple.flat_map(|command| {
        let program = command.name().unwrap_or_default();
        command.words.iter().map(move |word: &Word| (word.span, program))
    });
    let values = script.assignments().iter().filter_map(|assignment| assignment.value).map(|span| (span, ""));
    words.chain(values).filter_map(move |(span, program)| {
        let written = text.get(span.start..span.end)?;
        Some((span, written.find(['"', '\'', '`', '#']).map_or(written, |end| &written[..end]), program))
    })
}

fn found<'s>(script: &'s Script, text: &'s str) -> impl Iterator<Item = (Span, String, String)> + 's {
    bare_words(script, text).filter_map(|(span, bare, program)| {
        let (at, character) = bare.char_indices().find(|(at, character)| match character {
            '“' | '”' | '„' | '‘' | '’' => true,
            _ if is_blank(*character) || matches!(character, '\u{200b}' | '\u{feff}') => true,
            _ if DASHES.contains(character) => {
                *at == 0 && bare[character.len_utf8()..].starts_with(|next: char| next.is_ascii_alphabetic() || next == '-')
            }
            _ => false,
        })?;
        let place = Span::new(span.start + at, span.start + at + character.len_utf8());
        Some(match character {
            _ if DASHES.contains(&character) => {
                let name = bare.trim_start_matches(DASHES).trim_start_matches('-');
                (
                    place,
                    format!("`{character}` is a dash, not the hyphens of an option"),
                    format!("write `{}{name}`", hyphens(program, name)),
                )
            }
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
        check(CODE, "az –a\naz b\naz –c –d", &["dash, not the hyphens of an option; also in line 4"]);
        check(CODE, "docker run \u{2010}d a\ngit add\u{3000}b\nls \u{2212}l", &["\u{2010}", "U+3000", "\u{2212}"]);
    }

    #[test]
    fn the_hint_has_the_hyphens_of_the_program() {
        for (command, hint) in [
            ("curl –Lks a", "-Lks"),
            ("tar –xzf a", "-xzf"),
            ("docker run –it a", "-it"),
            ("docker run –rm a", "--rm"),
            ("az –name", "--name"),
            ("az –o tsv", "-o"),
            ("curl –silent a", "--silent"),
        ] {
            let (runbook, found) =
                crate::runbook::parse("a.md", format!("```bash\n{command}\n```\n").as_bytes(), &crate::runbook::Companions::default());
            let found = crate::lint::examine(&runbook, found, &crate::lint::Switches::default());
            let hints: Vec<&str> = found.iter().filter(|one| one.code == CODE).filter_map(|one| one.hint.as_deref()).collect();
            assert_eq!(hints, [format!("write `{hint}`")], "{command}");
        }
    }

    #[test]
    fn typography_in_text_is_no_finding() {
        check(CODE, "echo \"it’s – “fine”\" 'a–b' a–b 1 – 2\n# don’t\ncat <<E\n“x”\nE", &[]);
    }
}
