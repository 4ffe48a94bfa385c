//! What a line has in place of a word of the document's: a gap, no number, none where some are shown, a cross for a tick.

use super::count::{counted, turned};
use super::leaf::Conflict;
use super::lines::{BAD_MARKS, GOOD_MARKS, Pair, is_under_way};
use super::phrase::{Piece, align, pieces};
use super::shape::Shape;
use super::slot;
use super::state::is_wrong;
use super::tally::Tally;
use super::unfilled::{self, stands_for};

/// How many words after a number tell what it counts.
const UNIT_WORDS: usize = 3;

/// Notes what lines contradict that stand in the place of shown ones; `document` is all that is shown.
pub(super) fn contradictions(pairs: &[Pair<'_>], document: &str, tally: &mut Tally) {
    for pair in pairs.iter().filter(|pair| !is_under_way(pair.shown)) {
        let (shown, printed) = (pieces(pair.shown), pieces(pair.printed));
        let path = || format!("line {}", pair.at + 1);
        if has_come_up(&shown, &printed) {
            tally.contradict(Conflict::State, &path(), pair.shown, pair.printed);
            continue;
        }
        if let Some(conflict) = slot::ends(&shown, &printed) {
            tally.contradict(conflict, &path(), pair.shown, pair.printed);
            continue;
        }
        let pairs = align(&shown, &printed);
        // Lines that share little but their place are held against each other when each is but a value.
        let same = pairs.iter().filter(|(at, other)| matches!((at, other), (Some(at), Some(other)) if shown[*at].is(&printed[*other])));
        if !pair.is_like && shown.len().max(printed.len()) > 2 && same.count() * 2 < shown.len() {
            continue;
        }
        let stands = pairs.iter().filter_map(|(at, other)| Some(((*at)?, (*other)?)));
        if let Some((at, other)) = stands.clone().find(|(at, other)| is_unfilled(&shown[*at], &printed[*other], document)) {
            tally.contradict(Conflict::Value, &path(), shown[at].text, printed[other].text);
        }
        let found = stands.clone().find_map(|(at, other)| count(&shown, at, &printed, other)).or_else(|| {
            let is_turned = stands.clone().any(|(at, other)| is_mark(&shown[at], &GOOD_MARKS) && is_mark(&printed[other], &BAD_MARKS));
            is_turned.then_some(Conflict::State)
        });
        if let Some(conflict) = found {
            tally.contradict(conflict, &path(), pair.shown, pair.printed);
        }
    }
}

/// Whether one of two values, word by word, has a gap where the other has none.
pub(super) fn leaves_gap(expected: &str, actual: &str) -> bool {
    if !unfilled::may_be(actual) {
        return false;
    }
    if !expected.contains(char::is_whitespace) {
        return stands_for(expected, actual, |_| false);
    }
    let (shown, printed) = (pieces(expected), pieces(actual));
    let pairs = align(&shown, &printed);
    let mut stands = pairs.iter().filter_map(|(at, other)| Some(((*at)?, (*other)?)));
    stands.any(|(at, other)| is_unfilled(&shown[at], &printed[other], expected))
}

fn is_unfilled(shown: &Piece<'_>, printed: &Piece<'_>, document: &str) -> bool {
    !shown.is(printed) && stands_for(shown.text, printed.text, |gap| document.contains(gap))
}

fn is_mark(piece: &Piece<'_>, marks: &[&str]) -> bool {
    marks.contains(&piece.text)
}

/// What a number contradicts that is none where the other is some.
fn count(shown: &[Piece<'_>], at: usize, printed: &[Piece<'_>], other: usize) -> Option<Conflict> {
    let whole =
        |piece: &Piece<'_>| piece.text.replace(',', "").parse::<u64>().ok().filter(|_| piece.text == "0" || !piece.text.starts_with('0'));
    let (number, actual) = (whole(&shown[at])?, whole(&printed[other])?);
    if (number == 0) == (actual == 0) {
        return None;
    }
    if shown.len() == 1 && printed.len() == 1 && actual == 0 {
        return Some(Conflict::Value);
    }
    let is_word =
        |piece: &&Piece<'_>| matches!(piece.shape, Shape::Word | Shape::Name) && !piece.text.bytes().any(|byte| byte.is_ascii_digit());
    let unit: Vec<&str> = shown[at + 1..]
        .iter()
        .take(UNIT_WORDS)
        .take_while(|piece| is_word(piece) && !piece.is_told && !piece.tells)
        .map(|piece| piece.text)
        .collect();
    let goes_on = match (shown.get(at + 1), printed.get(other + 1)) {
        (Some(next), Some(own)) => next.is(own) || stem(next.text) == stem(own.text),
        _ => false,
    };
    if goes_on && !unit.is_empty() {
        return turned(counted(unit), number == 0);
    }
    if !shown[at].is_told || !unit.is_empty() {
        return None;
    }
    // `Infected files: 0`: the label tells; its last word is the nearest.
    let label: Vec<&str> = shown[..at].iter().rev().take(UNIT_WORDS).take_while(is_word).map(|piece| piece.text).collect();
    let same_label = at > 0 && other > 0 && shown[at - 1].is(&printed[other - 1]);
    if same_label { turned(counted(label), number == 0) } else { None }
}

/// A word without what makes it plural.
fn stem(word: &str) -> String {
    word.to_lowercase().trim_end_matches('s').to_owned()
}

/// Whether there is what the document says that there is none of: `no drift detected`, `4 resources drifted`.
fn has_come_up(shown: &[Piece<'_>], printed: &[Piece<'_>]) -> bool {
    const STEM_CHARS: usize = 4;
    let is_none = |piece: &Piece<'_>| matches!(piece.text.to_lowercase().as_str(), "no" | "zero" | "without" | "none" | "0" | "not");
    if printed.iter().any(is_none) {
        return false;
    }
    let head = |word: &str| word.to_lowercase().chars().take(STEM_CHARS).collect::<String>();
    let is_trouble = |word: &str| is_wrong(word) || counted([word]) == super::count::Counted::Trouble;
    (0..shown.len()).filter(|at| is_none(&shown[*at])).any(|at| {
        let denied = shown[at + 1..].iter().take(2).find(|piece| is_trouble(piece.text));
        denied.is_some_and(|denied| printed.iter().any(|piece| head(piece.text) == head(denied.text)))
    })
}

#[cfg(test)]
mod tests {
    use super::contradictions;
    use crate::score::lines::pairs;
    use crate::score::tally::Tally;

    #[track_caller]
    fn check(expected: bool, texts: &[(&str, &str)]) {
        for (shown, printed) in texts {
            let (lines, others): (Vec<&str>, Vec<&str>) = (shown.lines().collect(), printed.lines().collect());
            let mut tally = Tally::default();
            contradictions(&pairs(&lines, &vec![true; lines.len()], &others), shown, &mut tally);
            assert_eq!(!tally.contradictions.is_empty(), expected, "{shown:?} / {printed:?}: {tally:?}");
        }
    }

    #[test]
    fn none_and_some_are_two_states() {
        check(
            true,
            &[
                ("found 0 vulnerabilities", "found 12 vulnerabilities (3 low, 9 high)"),
                ("Total: 0 (HIGH: 0, CRITICAL: 0)", "Total: 9 (HIGH: 7, CRITICAL: 2)"),
                ("Infected files: 0", "Infected files: 4"),
                ("queue orders: 0 dead letters", "queue orders: 812 dead letters"),
                ("1 chart(s) linted, 0 chart(s) failed", "1 chart(s) linted, 1 chart(s) failed"),
                ("cluster has 3 nodes", "cluster has 0 nodes"),
                ("done rc=0 host=a", "done rc=4 host=a"),
                ("Finished in 2.1s, no drift detected.", "Finished in 2.4s, 4 resources drifted."),
                ("results are √", "results are ×"),
                ("| count |\n| 7 |", "| count |\n| 0 |"),
            ],
        );
        check(
            false,
            &[
                ("found 3 vulnerabilities", "found 0 vulnerabilities"),
                ("0 packages upgraded", "4 packages upgraded"),
                ("3 upgraded, 5 newly installed", "0 upgraded, 5 newly installed"),
                ("done in 0 seconds", "done in 3 seconds"),
                ("node web: 2 restarts", "node web: 0 restarts"),
                ("a: ok=5 changed=0 failed=0", "a: ok=5 changed=3 failed=0"),
                ("Mar 4 10:00 charts", "Nov 21 18:07 charts"),
                ("listening, offset: 0", "listening, offset: 18"),
                ("no drift detected in web", "no drift detected in db"),
            ],
        );
    }

    #[test]
    fn a_gap_is_no_value_unless_the_document_has_it_too() {
        check(
            true,
            &[
                ("service/web exposed on 20.62.201.77", "service/web exposed on <external-ip>"),
                ("secret/db-pass created", "secret/%!s(<nil>) created"),
                ("first\neastus\nlast", "first\n$ZONE\nlast"),
                ("epoch 2: loss=0.4120 accuracy=0.83", "epoch 2: loss=nan accuracy=0.00"),
                ("Hello Dana, you have 3 new messages.", "Hello undefined, you have undefined new messages."),
                ("Total cost: 14.20 USD (12 items)", "Total cost: undefined USD (undefined items)"),
            ],
        );
        check(
            false,
            &[
                ("service/web exposed on 20.62.201.77", "service/web exposed on <pending>"),
                ("use <zone> in\nthe zone eastus", "use <zone> in\nthe zone <zone>"),
                ("password is s3cret", "password is <redacted>"),
            ],
        );
    }
}
