//! Which line of an output stands where one of the document's does, of those that are not on both sides.
//!
//! A line is held against the output's line that has most of its words, and at least half; then by the words alone that do not differ from
//! run to run; at last against the line at its place, between the same neighbours.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::index::Index;
use super::shape::{Shape, shape};
use super::words::{Passed, hash, is_elision};

/// How many shown lines that were not found are looked at.
const SHOWN_MAX: usize = 512;
/// How many lines of the output they are held against.
const PRINTED_MAX: usize = 4_000;
/// How many lines are remembered for a word.
const PLACES_MAX: usize = 16;
/// How many words of a line are read.
const WORDS_MAX: usize = 64;

/// Which share of the words of a line another must have to be told by them.
const HALF: (usize, usize) = (1, 2);
/// The same for the words that do not differ from run to run.
const SHARE_MIN: (usize, usize) = (2, 5);

/// A line and its place, from 0.
type Numbered<'a> = (usize, &'a str);
type ByHash<T> = HashMap<u64, T, BuildHasherDefault<Passed>>;

/// A line of the document and the one that stands in its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair<'a> {
    /// The document's line, from 0.
    pub at: usize,
    pub shown: &'a str,
    pub printed: &'a str,
    /// Whether they share half of their words; else two fifths of those that do not differ from run to run, or only their places.
    pub is_like: bool,
}

/// A line as the words by which it is found.
struct Line<'a> {
    text: &'a str,
    words: Vec<u64>,
}

impl<'a> Line<'a> {
    /// `firm` leaves out what differs from run to run.
    fn of(text: &'a str, firm: bool) -> Self {
        let is_word = |piece: &&str| piece.len() > 1 && !piece.bytes().all(|byte| byte.is_ascii_digit());
        let runs = text.split_whitespace().filter(|run| !firm || !shape(run).is_volatile());
        Self { text, words: runs.flat_map(pieces).take(WORDS_MAX).filter(is_word).map(hash).collect() }
    }
}

/// What checks print before or behind what they looked at.
pub(super) const GOOD_MARKS: [&str; 6] = ["√", "✓", "✔", "✅", "☑", "🟢"];
pub(super) const BAD_MARKS: [&str; 7] = ["×", "✗", "✘", "✖", "✕", "❌", "🔴"];

/// Whether a line only says what is still going on, which a faster run need not say.
pub(super) fn is_under_way(line: &str) -> bool {
    let line = line.trim();
    let waits = line.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("waiting"));
    let goes_on = line.ends_with("...") || line.ends_with('…') || line.ends_with(" elapsed]");
    waits || goes_on && line.split_whitespace().take(3).any(|word| word.len() > 4 && word.ends_with("ing"))
}

/// The runs of letters and digits of a line.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\'')).filter(|piece| !piece.is_empty()).take(WORDS_MAX)
}

/// Pairs lines; `counts` tells which shown lines are looked at. Linear in both sides.
pub(super) fn pairs<'a>(shown: &[&'a str], counts: &[bool], printed: &[&'a str]) -> Vec<Pair<'a>> {
    let is_other = |line: &&str| !line.trim().is_empty() && !is_elision(line);
    // Lines that are on both sides are set aside, each as often as it is on both.
    let mut there = Index::new(printed.len());
    let numbers: Vec<u32> = printed.iter().map(|line| there.put(folded(line))).collect();
    let mut there_too = vec![0_u32; numbers.len()];
    let mut is_lost = |line: &str| {
        let taken = there.take_key(folded(line));
        if let Some(count) = taken.and_then(|number| there_too.get_mut(number)) {
            *count += 1;
        }
        taken.is_none()
    };
    let lost: Vec<Numbered<'a>> = shown
        .iter()
        .enumerate()
        .filter(|(at, line)| counts[*at] && is_other(line) && is_lost(line))
        .map(|(at, line)| (at, *line))
        .collect();
    if lost.is_empty() {
        return Vec::new();
    }
    let new = printed.iter().zip(numbers).enumerate().filter(|(_, (line, _))| !line.trim().is_empty());
    let new: Vec<Numbered<'a>> = new
        .filter(|(_, (_, own))| there_too.get_mut(*own as usize).filter(|count| **count > 0).map(|count| *count -= 1).is_none())
        .map(|(at, (line, _))| (at, *line))
        .take(PRINTED_MAX)
        .collect();
    let (lost, new) = apart(lost, new);
    let mut lost = lost;
    lost.truncate(SHOWN_MAX);
    let mut pairs = by_words(&lost, &new, false);
    for way in 0..2 {
        let is_open = |at: usize| pairs.binary_search_by_key(&at, |pair| pair.at).is_err();
        let open: Vec<(usize, &str)> = lost.iter().filter(|(at, _)| is_open(*at)).copied().collect();
        if open.is_empty() {
            break;
        }
        pairs.extend(if way == 0 { by_words(&open, &new, true) } else { by_place((shown, &open), (printed, &new)) });
        pairs.sort_by_key(|pair| pair.at);
    }
    pairs
}

/// For lines of the document the lines that stand in their places: the same, then what says the same at another time, then what is like it.
pub(super) fn stand_ins<'a>(shown: &[&'a str], printed: &[&'a str]) -> HashMap<usize, &'a str> {
    let mut found: HashMap<usize, &'a str> = pairs(shown, &vec![true; shown.len()], printed)
        .into_iter()
        .filter(|pair| pair.is_like)
        .map(|pair| (pair.at, pair.printed))
        .collect();
    for way in [gist as fn(&str) -> u64, folded] {
        let places: ByHash<&'a str> = printed.iter().map(|line| (way(line), *line)).collect();
        let same = shown.iter().enumerate().filter_map(|(at, line)| Some((at, *places.get(&way(line))?)));
        found.extend(same.filter(|(at, _)| !shown[*at].trim().is_empty()));
    }
    found
}

/// Pairs lines that share half of their words.
fn by_words<'a>(lost: &[Numbered<'a>], new: &[Numbered<'a>], firm: bool) -> Vec<Pair<'a>> {
    let lost: Vec<(usize, Line<'_>)> = lost.iter().map(|(at, line)| (*at, Line::of(line, firm))).collect();
    let mut places: ByHash<Vec<usize>> = ByHash::default();
    lost.iter().flat_map(|(_, line)| &line.words).for_each(|word| {
        places.entry(*word).or_default();
    });
    let mut others: Vec<Line<'_>> = Vec::new();
    for (_, line) in new {
        let line = Line::of(line, firm);
        let mut is_like = false;
        for word in &line.words {
            if let Some(lines) = places.get_mut(word).filter(|lines| lines.len() < PLACES_MAX && lines.last() != Some(&others.len())) {
                lines.push(others.len());
                is_like = true;
            }
        }
        if is_like {
            others.push(line);
        }
    }
    let mut shared = vec![0; others.len()];
    lost.iter()
        .filter_map(|(at, line)| {
            let other = nearest(line, &others, &places, &mut shared, if firm { SHARE_MIN } else { HALF })?;
            Some(Pair { at: *at, shown: line.text, printed: other.text, is_like: !firm })
        })
        .collect()
}

/// Runs of lines that are not on both sides, by what stands before and after them and how many they are.
type Runs<'a> = HashMap<(u64, u64, usize), Vec<Numbered<'a>>>;

/// Pairs lines that stand alone between the same neighbours.
fn by_place<'a>((shown, open): (&[&str], &[Numbered<'a>]), (printed, new): (&[&str], &[Numbered<'a>])) -> Vec<Pair<'a>> {
    let (shown, mut printed) = (runs(shown, open), runs(printed, new));
    let mut pairs = Vec::new();
    for (place, lines) in shown {
        let Some(others) = printed.remove(&place) else { continue };
        pairs.extend(lines.iter().zip(others).map(|((at, shown), (_, printed))| Pair { at: *at, shown, printed, is_like: false }));
    }
    pairs
}

fn runs<'a>(all: &[&str], lines: &[Numbered<'a>]) -> Runs<'a> {
    let beside = |mut places: &mut dyn Iterator<Item = usize>| {
        let line = (&mut places).filter_map(|at| all.get(at)).find(|line| !line.trim().is_empty());
        line.map_or(1, |line| gist(line))
    };
    let mut found = Runs::new();
    let mut start = 0;
    for end in 1..=lines.len() {
        // Blank lines do not part a run.
        let goes_on = lines.get(end).is_some_and(|(at, _)| all[lines[end - 1].0 + 1..*at].iter().all(|line| line.trim().is_empty()));
        if goes_on {
            continue;
        }
        let run = &lines[start..end];
        let before = beside(&mut (0..run[0].0).rev());
        let after = beside(&mut (run[run.len() - 1].0 + 1..all.len()));
        found.entry((before, after, run.len())).or_insert_with(|| run.to_vec());
        start = end;
    }
    found
}

/// Sets aside lines that say the same about other things or at other times, each as often as it is on both sides.
fn apart<'a>(lost: Vec<Numbered<'a>>, new: Vec<Numbered<'a>>) -> (Vec<Numbered<'a>>, Vec<Numbered<'a>>) {
    let gists: Vec<u64> = new.iter().map(|(_, line)| gist(line)).collect();
    let mut there: ByHash<usize> = ByHash::default();
    gists.iter().for_each(|gist| *there.entry(*gist).or_default() += 1);
    let mut taken: ByHash<usize> = ByHash::default();
    let takes =
        |gist: u64, counts: &mut ByHash<usize>| counts.get_mut(&gist).filter(|count| **count > 0).map(|count| *count -= 1).is_some();
    let mut left = gists.len();
    let lost = lost
        .into_iter()
        .filter(|(_, line)| {
            if left == 0 {
                return true;
            }
            let gist = gist(line);
            let same = takes(gist, &mut there);
            if same {
                left -= 1;
                *taken.entry(gist).or_default() += 1;
            }
            !same
        })
        .collect();
    (lost, new.into_iter().zip(gists).filter(|(_, gist)| !takes(*gist, &mut taken)).map(|(line, _)| line).collect())
}

/// A line without case and the width of its white space.
fn folded(line: &str) -> u64 {
    line.split_whitespace().fold(0, |all, word| mix(all, hash(word)))
}

/// What a line says, whatever its times, names and numbers are, but for numbers of nothing.
fn gist(line: &str) -> u64 {
    let is_share = line.contains(" of ");
    let told = |piece: &str| match piece.parse::<u64>() {
        Ok(0) => hash("0"),
        Ok(_) if is_share => hash(piece),
        Ok(_) => 1,
        Err(_) if piece.bytes().any(|byte| byte.is_ascii_digit()) => 2,
        Err(_) => hash(piece),
    };
    line.split_whitespace().take(WORDS_MAX).fold(1, |all, word| match shape(word) {
        Shape::Placeholder => pieces(word).fold(all, |all, piece| mix(all, told(piece))),
        // A time may be of any length.
        Shape::Time => mix(all, 3),
        volatile if volatile.is_volatile() => mix(all, volatile as u64 + 3),
        _ if !word.is_ascii() && (GOOD_MARKS.contains(&word) || BAD_MARKS.contains(&word)) => mix(all, hash(word)),
        _ => pieces(word).fold(all, |all, piece| mix(all, told(piece))),
    })
}

fn mix(left: u64, right: u64) -> u64 {
    (left.rotate_left(23) ^ right).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The output's line that has most of a line's words, and at least that share of them.
///
/// `shared` counts for each of `others` the words that it shares; all are 0 before and after.
fn nearest<'b, 'c>(
    line: &Line<'_>,
    others: &'b [Line<'c>],
    places: &ByHash<Vec<usize>>,
    shared: &mut [usize],
    share: (usize, usize),
) -> Option<&'b Line<'c>> {
    let mut words = line.words.clone();
    words.sort_unstable();
    words.dedup();
    let mut found = Vec::new();
    for at in words.iter().filter_map(|word| places.get(word)).flatten() {
        if shared[*at] == 0 {
            found.push(*at);
        }
        shared[*at] += 1;
    }
    let counted = found.into_iter().map(|at| (at, std::mem::take(&mut shared[at])));
    let best = counted.max_by_key(|(at, count)| (*count, std::cmp::Reverse(others[*at].words.len()), std::cmp::Reverse(*at)));
    best.filter(|(_, count)| count * share.1 >= words.len() * share.0).map(|(at, _)| &others[at])
}

#[cfg(test)]
mod tests {
    use super::{pairs, stand_ins};

    #[track_caller]
    fn check(shown: &str, printed: &str, expected: &[(&str, &str)]) {
        let (shown, printed): (Vec<&str>, Vec<&str>) = (shown.lines().collect(), printed.lines().collect());
        let found = pairs(&shown, &vec![true; shown.len()], &printed);
        assert_eq!(found.iter().map(|pair| (pair.shown, pair.printed)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn lines_that_share_half_of_their_words_belong_together() {
        check("a\nthe pod is up now\nz\n", "z\nthe pod is down now\na\nthe end\n", &[("the pod is up now", "the pod is down now")]);
    }

    #[test]
    fn lines_without_a_word_in_common_belong_together_where_their_neighbours_are_the_same() {
        check("first line\neastus\n\nlast line\n", "first line\n$ZONE\nlast line\n", &[("eastus", "$ZONE")]);
        check("first line\neastus\nlast line\n", "first line\nlast line\n$ZONE\n", &[]);
        check("first line\neastus\nlast line\n", "first line\n$ZONE\nmore\nlast line\n", &[]);
        check("only\n", "other\n", &[("only", "other")]);
    }

    #[test]
    fn each_line_has_what_stands_in_its_place() {
        let found = stand_ins(&["web up 3m", "b is new", "the end"], &["the  end", "web up 9m", "b is old", "x"]);
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable();
        assert_eq!(found, [(0, "web up 9m"), (1, "b is old"), (2, "the  end")]);
    }

    #[test]
    fn lines_about_other_things_or_times_are_set_aside() {
        check("10:00:01 node-1 is ready\n", "11:12:13 node-2 is ready\n", &[]);
    }
}
