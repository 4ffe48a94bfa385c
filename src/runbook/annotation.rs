//! Which comments speak to docent: `<!-- docent: key=value -->` before a step, `docent-file:` for the document, `docent-begin:` and
//! `docent-end` around a part of it; and the code block that such a comment may hide.
//!
//! The grammar is strict. A directive that is misread in silence is a check that nobody makes.

use std::ops::Range;

use strsim::osa_distance;

use super::defect::{BROKEN_DIRECTIVE, NEAR_MISS_DIRECTIVE};
use super::markdown::{BlockKind, Fence, blocks};
use super::pairs::Problem;
use super::vocabulary::is_known;

/// The words that directives start with, no two of them a letter apart.
const DIRECTIVES: [&str; 4] = ["docent", "docent-file", "docent-begin", "docent-end"];

/// What a comment that speaks to docent is about; `at` is where its keys start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Step {
        at: usize,
    },
    File {
        at: usize,
    },
    /// The start of a range.
    Begin {
        at: usize,
    },
    /// The end of the innermost range.
    End {
        at: usize,
    },
    /// Nearly one of these.
    NearMiss {
        end: usize,
    },
}

/// Whether a comment speaks to docent; none for all other comments.
pub(super) fn scope(body: &str) -> Option<Scope> {
    let start = body.len() - body.trim_start().len();
    let rest = &body[start..];
    let word_len = rest.find(|letter: char| letter == ':' || letter.is_whitespace()).unwrap_or(rest.len());
    let (word, after) = rest.split_at(word_len);
    let end = start + word_len;
    if after.starts_with(':') {
        return match word {
            "docent" => Some(Scope::Step { at: end + 1 }),
            "docent-file" => Some(Scope::File { at: end + 1 }),
            "docent-begin" => Some(Scope::Begin { at: end + 1 }),
            "docent-end" => Some(Scope::End { at: end + 1 }),
            _ => is_nearly_docent(word).then_some(Scope::NearMiss { end }),
        };
    }
    match word {
        "docent-end" => Some(Scope::End { at: end }),
        _ if !is_nearly_docent(word) => None,
        // Without the colon it may be prose; a key behind it, or a colon apart from it, says that it is not.
        _ => {
            let after = after.trim_start();
            let next = after.split(|letter: char| letter == '=' || letter.is_whitespace()).next().unwrap_or("");
            let is_meant = after.starts_with(':')
                || (is_known(next) && (after[next.len()..].starts_with('=') || after.trim_end() == next))
                || word != "docent" && word.starts_with("docent-");
            is_meant.then_some(Scope::NearMiss { end })
        }
    }
}

/// The problem of a comment that is nearly a directive.
pub(super) fn near_miss(body: &str, end: usize) -> Problem {
    let start = body.len() - body.trim_start().len();
    let problem = Problem::new(NEAR_MISS_DIRECTIVE, start..end, format!("`{}` is not a directive", &body[start..end])).with_hint(
        "write `docent:` for the step below, `docent-file:` for the document, `docent-begin:` and `docent-end` for a part of it",
    );
    let word = body[start..end].to_lowercase();
    let behind = body[end..].trim_start();
    let colon = if behind.starts_with(':') { body.len() - behind.len() + 1 } else { end };
    match DIRECTIVES.iter().find(|known| osa_distance(&word, known) <= 1) {
        Some(meant) => problem.with_fix(start..colon, format!("{meant}:")),
        None => problem,
    }
}

fn is_nearly_docent(word: &str) -> bool {
    // Bounded before it is measured: a distance costs the product of both lengths.
    if word.len() > 20 {
        return false;
    }
    let lower = word.to_lowercase();
    lower.starts_with("docent-") || DIRECTIVES.iter().any(|known| osa_distance(&lower, known) <= 1)
}

/// The problem of a `docent-end` that says more than that; `at` is where it ends.
pub(super) fn end_with_more(body: &str, at: usize) -> Option<Problem> {
    let rest = body[at..].trim();
    let problem = || Problem::new(BROKEN_DIRECTIVE, at..body.len(), format!("`{rest}` follows `docent-end`"));
    (!rest.is_empty()).then(|| problem().with_hint("it ends the innermost `docent-begin:` and takes no keys"))
}

/// A code block that a comment hides from readers.
pub(super) struct Hidden {
    pub(super) fence: Fence,
    /// Where it stands in the body.
    pub(super) range: Range<usize>,
}

/// The code block below the keys of a comment, and where the keys end; none when there are only keys.
///
/// # Errors
/// When something else follows the keys.
pub(super) fn hidden_block(body: &str, at: usize) -> Result<(Option<Hidden>, usize), Problem> {
    let Some(start) = first_fence(body, at) else { return Ok((None, body.len())) };
    let mut found = None;
    for block in blocks(&body[start..], start) {
        let range = block.span.start..block.span.end;
        match block.kind {
            BlockKind::Fence(fence) if found.is_none() => found = Some(Hidden { fence, range }),
            BlockKind::Fence(_) => {
                let problem = Problem::new(BROKEN_DIRECTIVE, range, "a second code block in one comment");
                return Err(problem.with_hint("give it a comment of its own"));
            }
            _ => {
                let problem = Problem::new(BROKEN_DIRECTIVE, range, "text beside the code block of this comment");
                return Err(problem.with_hint("only keys above the code block, and nothing below it"));
            }
        }
    }
    Ok((found, start))
}

/// The start of the first line behind `at` that opens a code block.
fn first_fence(body: &str, at: usize) -> Option<usize> {
    let mut start = at;
    for line in body[at..].split_inclusive('\n') {
        let text = line.trim_start();
        if start > at && (text.starts_with("```") || text.starts_with("~~~")) {
            return Some(start);
        }
        start += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_scope(body: &str, expected: Option<Scope>) {
        assert_eq!(scope(body), expected, "{body:?}");
    }

    #[test]
    fn comments_to_docent_are_told_from_all_others() {
        check_scope(" docent: skip ", Some(Scope::Step { at: 8 }));
        check_scope("docent-file:timeout=1m", Some(Scope::File { at: 12 }));
        check_scope(" docent-begin: skip ", Some(Scope::Begin { at: 14 }));
        check_scope(" docent-begin skip ", Some(Scope::NearMiss { end: 13 }));
        check_scope(" docent-end ", Some(Scope::End { at: 11 }));
        check_scope(" docent-end: ", Some(Scope::End { at: 12 }));
        check_scope(" Docent: skip ", Some(Scope::NearMiss { end: 7 }));
        check_scope(" docnet: skip ", Some(Scope::NearMiss { end: 7 }));
        check_scope(" docent : skip ", Some(Scope::NearMiss { end: 7 }));
        check_scope(" docent skip ", Some(Scope::NearMiss { end: 7 }));
        check_scope(" docent timeout=3m name=x ", Some(Scope::NearMiss { end: 7 }));
        check_scope(" docent-flie: timeout=3m ", Some(Scope::NearMiss { end: 12 }));
        check_scope(" docent-step: skip ", Some(Scope::NearMiss { end: 12 }));
        check_scope(" docent-range: skip ", Some(Scope::NearMiss { end: 13 }));
        check_scope(" docent runs this in CI ", None);
        check_scope(" docent skip this file in the sidebar ", None);
        check_scope(" documentation: none ", None);
        check_scope("", None);
    }

    #[track_caller]
    fn check_hidden(body: &str, expected: Result<Option<(&str, &str)>, &str>) {
        let found = hidden_block(body, 0);
        let found =
            found.as_ref().map(|(hidden, keys_end)| hidden.as_ref().map(|hidden| (&body[..*keys_end], hidden.fence.content.as_str())));
        assert_eq!(found.map_err(|problem| problem.message.as_str()), expected, "{body:?}");
    }

    #[test]
    fn a_comment_may_hide_one_code_block_below_its_keys() {
        check_hidden(" setup timeout=1m\n", Ok(None));
        check_hidden(" setup\n```bash\na\n```\n", Ok(Some((" setup\n", "a\n"))));
        check_hidden(" setup\n\n  ~~~sh\n  a\n   b\n  ~~~\n", Ok(Some((" setup\n\n", "a\n b\n"))));
        check_hidden(" setup\n```sh\na\n```\n```sh\nb\n```\n", Err("a second code block in one comment"));
        check_hidden(" setup\n```sh\na\n```\nlater\n", Err("text beside the code block of this comment"));
    }
}
