//! Which label of an output stands where one of the document does.
//!
//! Values are never paired by what they say where something else tells them apart: a state that is shown three times must be there three
//! times, each at its own thing.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;

use super::label::{ByHash, Label};
use super::outline::Site;
use super::words::{Passed, hash_bytes};

/// How many labels of other values are tried for one that does not clash.
const TRIED_MAX: usize = 32;
/// How many labels are tried in all; where so many are alike, the next one is as good as any.
const TRIES_MAX: usize = 1 << 13;

/// A label and where it stands.
pub(super) type Placed<'a> = (Label<'a>, Site);

/// Labels of the document and of the output that something puts together.
type Groups<K> = HashMap<K, (Vec<usize>, Vec<usize>), BuildHasherDefault<Passed>>;

/// What a thing is called, if that tells it from others.
type Told = fn(&Site) -> Option<(u64, u64, u64)>;

/// For each label of the document the place of the output's that stands for it; none when there is none left for it.
///
/// Labels are told apart by the headings above them, by what the things are called to which they belong, then by order; of labels that
/// nothing tells apart, those of the same value belong together, then those that do not `clash`. Linear in both sides.
pub(super) fn pair(shown: &[Placed<'_>], printed: &[Placed<'_>], clash: &dyn Fn(usize, usize) -> bool) -> Vec<Option<usize>> {
    // How places are told, the narrowest way first.
    let levels: [fn(&Site) -> u64; 4] = [|site| site.path, |site| site.around, |site| site.parent, |_| 0];
    let mut pairs = vec![None; shown.len()];
    let mut open: Vec<usize> = (0..shown.len()).collect();
    let mut free: Vec<usize> = (0..printed.len()).collect();
    let tries = Cell::new(TRIES_MAX);
    let fits = |at: usize, partner: usize| {
        let left = tries.get();
        tries.set(left.saturating_sub(1));
        left > 0 && !clash(at, partner)
    };
    for level in levels {
        let place = |(label, site): &Placed<'_>| label.hash.rotate_left(32) ^ level(site);
        let mut groups: Groups<u64> = Groups::default();
        for at in &open {
            groups.entry(place(&shown[*at])).or_default().0.push(*at);
        }
        for at in &free {
            if let Some((_, printed)) = groups.get_mut(&place(&printed[*at])) {
                printed.push(*at);
            }
        }
        // What no label of the output stands for, may be told in a wider way.
        open.clear();
        let mut used = vec![false; printed.len()];
        for (wanted, found) in groups.into_values() {
            if found.is_empty() {
                open.extend(wanted);
                continue;
            }
            found.iter().for_each(|at| used[*at] = true);
            within(shown, printed, (wanted, found), &fits, &mut pairs);
        }
        if open.is_empty() {
            break;
        }
        open.sort_unstable();
        free.retain(|at| !used[*at]);
    }
    without_strays(shown, printed, clash, &mut pairs);
    pairs
}

/// Lets go of partners that clash where the same label stands a second time beside them, with the value that is shown: what a client says
/// before its output (`Status: Downloaded newer image`) may be taken for a part of it.
fn without_strays(shown: &[Placed<'_>], printed: &[Placed<'_>], clash: &dyn Fn(usize, usize) -> bool, pairs: &mut [Option<usize>]) {
    let is_clashing = |at: usize, partner: Option<usize>| partner.is_some_and(|partner| clash(at, partner));
    if !pairs.iter().enumerate().any(|(at, partner)| is_clashing(at, *partner)) {
        return;
    }
    let mut used = vec![false; printed.len()];
    pairs.iter().flatten().for_each(|at| used[*at] = true);
    let mut free: HashMap<(u64, u64, &str), Vec<usize>> = HashMap::new();
    for (at, (label, site)) in printed.iter().enumerate().filter(|(at, (_, site))| !used[*at] && site.name == 0 && site.kind == 0) {
        free.entry((label.hash, site.above, label.value)).or_default().push(at);
    }
    for at in 0..pairs.len() {
        let Some(partner) = pairs[at].filter(|partner| clash(at, *partner)) else { continue };
        let (label, site) = printed[partner];
        if let Some(other) = free.get_mut(&(label.hash, site.above, shown[at].0.value)).and_then(Vec::pop) {
            pairs[at] = Some(other);
        }
    }
}

/// Pairs labels of one place: those of one thing first.
fn within(
    shown: &[Placed<'_>],
    printed: &[Placed<'_>],
    (mut wanted, mut found): (Vec<usize>, Vec<usize>),
    fits: &dyn Fn(usize, usize) -> bool,
    pairs: &mut [Option<usize>],
) {
    let things: [Told; 4] = [
        |site| Some((site.above, site.name, site.kind)),
        |site| (site.name != 0).then_some((site.name, site.kind, 0)),
        |site| (site.kind != 0).then_some((site.kind, 0, 0)),
        |_| Some((0, 0, 0)),
    ];
    for thing in things {
        if wanted.is_empty() || found.is_empty() {
            return;
        }
        let mut groups: Groups<(u64, u64, u64)> = Groups::default();
        let mut others = (Vec::new(), Vec::new());
        for at in wanted {
            match thing(&shown[at].1) {
                Some(told) => groups.entry(told).or_default().0.push(at),
                None => others.0.push(at),
            }
        }
        for at in found {
            match thing(&printed[at].1).and_then(|told| groups.get_mut(&told)) {
                Some((_, found)) => found.push(at),
                None => others.1.push(at),
            }
        }
        for (wanted, found) in groups.into_values() {
            let (wanted, found) = by_value(shown, printed, (wanted, found), fits, pairs);
            others.0.extend(wanted);
            others.1.extend(found);
        }
        (wanted, found) = others;
        wanted.sort_unstable();
        found.sort_unstable();
    }
}

/// Pairs labels that nothing tells apart; what is left over of each side.
fn by_value(
    shown: &[Placed<'_>],
    printed: &[Placed<'_>],
    (wanted, found): (Vec<usize>, Vec<usize>),
    fits: &dyn Fn(usize, usize) -> bool,
    pairs: &mut [Option<usize>],
) -> (Vec<usize>, Vec<usize>) {
    if found.is_empty() {
        return (wanted, found);
    }
    // For each value the first label that has it, and for each label the next of its value; places count from 1, and 0 is none.
    let value = |label: &Label<'_>| hash_bytes(label.value.as_bytes());
    let mut values: ByHash<usize> = ByHash::default();
    let mut next = vec![0; found.len()];
    for (place, at) in found.iter().enumerate().rev() {
        next[place] = values.insert(value(&printed[*at].0), place + 1).unwrap_or(0);
    }
    let mut left = Vec::new();
    let mut is_free = vec![true; found.len()];
    for at in wanted {
        match values.get_mut(&value(&shown[at].0)).filter(|first| **first > 0) {
            Some(first) => {
                let place = *first - 1;
                *first = next[place];
                is_free[place] = false;
                pairs[at] = Some(found[place]);
            }
            None => left.push(at),
        }
    }
    let free: Vec<usize> = found.into_iter().zip(is_free).filter_map(|(at, is_free)| is_free.then_some(at)).collect();
    // Only the first few are ever taken out, which a queue does without moving the others.
    let mut free = VecDeque::from(free);
    left.retain(|at| {
        let fitting = free.iter().take(TRIED_MAX).position(|partner| fits(*at, *partner));
        let partner = fitting.and_then(|place| free.remove(place));
        pairs[*at] = partner;
        partner.is_none()
    });
    let mut free = Vec::from(free);
    let count = left.len().min(free.len());
    left.iter().zip(&free).for_each(|(at, partner)| pairs[*at] = Some(*partner));
    (left.split_off(count), free.split_off(count))
}
