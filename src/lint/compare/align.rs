//! Which elements of two sequences correspond.

use std::collections::HashMap;

/// The weight of two elements that are the same; none weighs more.
pub(super) const SAME: u32 = 3;

/// Above this many pairs of elements the order is not weighed, so that time and memory stay bounded.
const CELLS_MAX: usize = 4_000_000;

/// Pairs of positions, ascending on both sides: of all such sets the one with the greatest weight. A weight of 0 is no pair.
///
/// Sequences too long for that are paired in one pass.
pub(super) fn in_order(left: usize, right: usize, weight: impl Fn(usize, usize) -> u32) -> Vec<(usize, usize)> {
    let start = (0..left.min(right)).take_while(|at| weight(*at, *at) == SAME).count();
    let (rest_left, rest_right) = (left - start, right - start);
    let end = (1..=rest_left.min(rest_right)).take_while(|back| weight(left - back, right - back) == SAME).count();
    let (rows, columns) = (rest_left - end, rest_right - end);
    let mut pairs: Vec<(usize, usize)> = (0..start).map(|at| (at, at)).collect();
    if rows.saturating_mul(columns) <= CELLS_MAX {
        pairs.extend(
            heaviest(rows, columns, |row, column| weight(start + row, start + column)).into_iter().map(|(a, b)| (start + a, start + b)),
        );
    } else {
        let mut next = start;
        for row in start..start + rows {
            // How far ahead a partner is looked for.
            let ahead = (next..start + columns).take(64).find(|column| weight(row, *column) > 0);
            if let Some(column) = ahead {
                pairs.push((row, column));
                next = column + 1;
            }
        }
    }
    pairs.extend((1..=end).rev().map(|back| (left - back, right - back)));
    pairs
}

fn heaviest(rows: usize, columns: usize, weight: impl Fn(usize, usize) -> u32) -> Vec<(usize, usize)> {
    let width = columns + 1;
    // best[row][column]: the greatest weight of what lies from there on.
    let mut best = vec![0_u32; (rows + 1) * width];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let taken = match weight(row, column) {
                0 => 0,
                weight => weight + best[(row + 1) * width + column + 1],
            };
            best[row * width + column] = taken.max(best[(row + 1) * width + column]).max(best[row * width + column + 1]);
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut pairs = Vec::new();
    while row < rows && column < columns {
        let here = best[row * width + column];
        let weight = weight(row, column);
        if weight > 0 && here == weight + best[(row + 1) * width + column + 1] {
            pairs.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if here == best[(row + 1) * width + column] {
            row += 1;
        } else {
            column += 1;
        }
    }
    pairs
}

/// Pairs equal keys, wherever they stand, the first with the first.
pub(super) fn anywhere<K: std::hash::Hash + Eq>(
    left: impl Iterator<Item = (usize, K)>,
    right: impl Iterator<Item = (usize, K)>,
) -> Vec<(usize, usize)> {
    let mut open: HashMap<K, std::collections::VecDeque<usize>> = HashMap::new();
    right.for_each(|(position, key)| open.entry(key).or_default().push_back(position));
    left.filter_map(|(position, key)| Some((position, open.get_mut(&key)?.pop_front()?))).collect()
}

/// The positions below `length` that are not among `taken`.
pub(super) fn left_over(length: usize, taken: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut is_taken = vec![false; length];
    taken.for_each(|position| is_taken[position] = true);
    (0..length).filter(|position| !is_taken[*position]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(left: &str, right: &str, expected: &[(usize, usize)]) {
        let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
        let weight = |one: usize, other: usize| match (left[one], right[other]) {
            (one, other) if one == other => SAME,
            (one, other) if one.eq_ignore_ascii_case(&other) => 1,
            _ => 0,
        };
        assert_eq!(in_order(left.len(), right.len(), weight), expected);
    }

    #[test]
    fn the_heaviest_pairs_in_order_are_found() {
        check("abc", "abc", &[(0, 0), (1, 1), (2, 2)]);
        check("xabyc", "abc", &[(1, 0), (2, 1), (4, 2)]);
        check("ab", "bab", &[(0, 1), (1, 2)]);
        check("aA", "A", &[(1, 0)]);
        check("", "a", &[]);
        check("abcde", "axcye", &[(0, 0), (2, 2), (4, 4)]);
    }

    #[test]
    fn what_is_too_long_to_weigh_is_paired_in_one_pass() {
        let length = 3000;
        let pairs = in_order(length, length, |one, other| u32::from(one + 1 == other));
        assert_eq!(pairs.len(), length - 1);
        assert_eq!(pairs[7], (7, 8));
    }

    #[test]
    fn equal_keys_are_paired_wherever_they_stand() {
        let pairs = anywhere([(0, 'a'), (1, 'b'), (2, 'a')].into_iter(), [(5, 'a'), (6, 'c'), (7, 'b')].into_iter());
        assert_eq!(pairs, [(0, 5), (1, 7)]);
        assert_eq!(left_over(3, [1].into_iter()), [0, 2]);
    }
}
