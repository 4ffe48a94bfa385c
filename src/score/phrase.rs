//! Two lines word by word: what stands in one where the other has something else.

use super::shape::{Shape, shape};
use super::unfilled::gap_bytes;
use super::words::hash;

/// How many words of a line are read.
const WORDS_MAX: usize = 64;
/// Marks at which a run of characters falls apart.
const APART: [char; 16] = ['(', ')', '[', ']', '{', '}', '"', '\'', '|', ',', ';', ':', '=', '<', '>', '`'];

/// A word of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece<'a> {
    pub text: &'a str,
    /// Whether a colon, an equals sign, a dash or dots stand before it: what follows tells of what comes before.
    pub is_told: bool,
    /// Whether a colon or an equals sign stands behind it.
    pub tells: bool,
    pub shape: Shape,
    hash: u64,
}

impl Piece<'_> {
    /// Whether a word is the same, whatever its case.
    pub(super) fn is(&self, other: &Piece<'_>) -> bool {
        self.hash == other.hash
    }

    fn is_alike(&self, other: &Piece<'_>) -> bool {
        self.shape == other.shape && (self.shape.is_volatile() || self.shape == Shape::Number)
    }
}

/// A line as its words, in order, at most [`WORDS_MAX`].
pub(super) fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    let mut is_told = false;
    while !rest.is_empty() && found.len() < WORDS_MAX {
        let mut end = 0;
        while let Some(character) = rest[end..].chars().next().filter(|character| !character.is_whitespace()) {
            end += gap_bytes(&rest[end..]).max(character.len_utf8());
        }
        let end = end.min(rest.len());
        split(&rest[..end], &mut is_told, &mut found);
        rest = rest[end..].trim_start();
    }
    found.truncate(WORDS_MAX);
    found
}

/// Adds the words of a run of characters, in which gaps alone may have white space.
fn split<'a>(run: &'a str, is_told: &mut bool, found: &mut Vec<Piece<'a>>) {
    let push = |text: &'a str, is_told: &mut bool, found: &mut Vec<Piece<'a>>| {
        let own = if gap_bytes(text) == text.len() { text } else { text.trim_end_matches(['.', '!', '?', '…']) };
        if own.chars().any(|c| c.is_alphanumeric()) || matches!(own, "√" | "×" | "✓" | "✔" | "✗" | "✘" | "✖" | "❌" | "✅") {
            found.push(Piece { text: own, is_told: *is_told, tells: false, shape: shape(own), hash: hash(own) });
            *is_told = text.ends_with("...") || text.ends_with('…');
        } else {
            *is_told |= matches!(text, "-" | "--" | "->" | "=>" | "..." | "…" | "–" | "—" | "→" | "=" | ":") || text.ends_with("...");
        }
    };
    // `key=https://…`: the key is a word of its own.
    let head = run.split("://").next().unwrap_or(run);
    let address = if head.len() < run.len() { head.rfind(['=', '"', '\'', '(', '<', '[']).map_or(0, |at| at + 1) } else { run.len() };
    let whole = shape(run);
    if whole.is_volatile() && whole != Shape::Placeholder && address == run.len() {
        return push(run.trim_end_matches([',', ';', ':']), is_told, found);
    }
    let (mut start, mut at) = (0, 0);
    let mut gap_end = 0;
    while at < address {
        let length = gap_bytes(&run[at..]);
        if length > 0 {
            at += length;
            gap_end = at;
            continue;
        }
        let character = run[at..].chars().next().unwrap_or(' ');
        let digit = |at: Option<usize>| at.and_then(|at| run.as_bytes().get(at)).is_some_and(u8::is_ascii_digit);
        // `10:30` is one.
        let is_joint = character == ':' && digit(at.checked_sub(1)) && digit(Some(at + 1));
        if APART.contains(&character) && !is_joint {
            if at > start {
                push(&run[start..at], is_told, found);
            }
            if matches!(character, ':' | '=') {
                *is_told = true;
                found.last_mut().into_iter().for_each(|last| last.tells = true);
            }
            start = at + 1;
        }
        at += character.len_utf8();
    }
    let rest = &run[start.min(run.len())..];
    // The last mark of a gap belongs to it: `secret/%!s(<nil>)`.
    let rest = if gap_end >= run.len() { rest } else { rest.trim_end_matches([')', ']', '"', '\'', ',', ';', '`']) };
    if !rest.is_empty() {
        push(rest, is_told, found);
    }
}

/// What stands where: places in both lines, in order; none where a line has nothing for the other's word.
pub(super) fn align(shown: &[Piece<'_>], printed: &[Piece<'_>]) -> Vec<(Option<usize>, Option<usize>)> {
    const SAME: i32 = 6;
    const ALIKE: i32 = 3;
    const LEFT_OUT: i32 = -2;
    let width = printed.len() + 1;
    let mut best = vec![0_i32; (shown.len() + 1) * width];
    let score = |one: &Piece<'_>, other: &Piece<'_>| {
        if one.is(other) {
            SAME
        } else if one.is_alike(other) {
            ALIKE
        } else {
            -1
        }
    };
    for at in 1..=shown.len() {
        best[at * width] = best[(at - 1) * width] + LEFT_OUT;
    }
    for other in 1..width {
        best[other] = best[other - 1] + LEFT_OUT;
    }
    for at in 1..=shown.len() {
        for other in 1..width {
            let both = best[(at - 1) * width + other - 1] + score(&shown[at - 1], &printed[other - 1]);
            let one = best[(at - 1) * width + other].max(best[at * width + other - 1]) + LEFT_OUT;
            best[at * width + other] = both.max(one);
        }
    }
    let (mut at, mut other) = (shown.len(), printed.len());
    let mut pairs = Vec::with_capacity(at.max(other));
    while at > 0 || other > 0 {
        let here = best[at * width + other];
        if at > 0 && other > 0 && here == best[(at - 1) * width + other - 1] + score(&shown[at - 1], &printed[other - 1]) {
            (at, other) = (at - 1, other - 1);
            pairs.push((Some(at), Some(other)));
        } else if at > 0 && here == best[(at - 1) * width + other] + LEFT_OUT {
            at -= 1;
            pairs.push((Some(at), None));
        } else {
            other -= 1;
            pairs.push((None, Some(other)));
        }
    }
    pairs.reverse();
    pairs
}

#[cfg(test)]
mod tests {
    use super::{align, pieces};

    #[test]
    fn lines_fall_into_words_with_their_addresses_and_gaps_whole() {
        let texts = |line| pieces(line).iter().map(|piece| piece.text).collect::<Vec<_>>();
        assert_eq!(
            texts("Total: 0 (HIGH: 0, rc=1) at http://10.0.0.4:80/x."),
            ["Total", "0", "HIGH", "0", "rc", "1", "at", "http://10.0.0.4:80/x"]
        );
        assert_eq!(texts("is <your zone> and {{ .a }}."), ["is", "<your zone>", "and", "{{ .a }}"]);
        assert_eq!(texts("url=https://${A}.b.io:10:11:12"), ["url", "https://${A}.b.io:10:11:12"]);
        assert_eq!(texts("12:01:02 [web] - up"), ["12:01:02", "web", "up"]);
    }

    #[test]
    fn what_tells_of_what_comes_before_it_is_known() {
        let told = |line| pieces(line).iter().filter(|piece| piece.is_told).map(|piece| piece.text).collect::<Vec<_>>();
        assert_eq!(told("state: up, port 80 ... open"), ["up", "open"]);
        assert_eq!(told("10.0.0.4:5432 - accepting"), ["accepting"]);
    }

    #[test]
    fn words_that_differ_stand_for_each_other() {
        let (shown, printed) = (pieces("exposed web on 20.1.2.3 for user dana today"), pieces("exposed web on $IP for the user ana today"));
        let pairs = align(&shown, &printed);
        let other = |text: &str| pairs.iter().find(|(at, _)| at.is_some_and(|at| shown[at].text == text)).and_then(|(_, other)| *other);
        assert_eq!(other("20.1.2.3").map(|at| printed[at].text), Some("$IP"));
        assert_eq!(other("dana").map(|at| printed[at].text), Some("ana"));
    }
}
