//! Jaro similarity of byte strings, bit for bit that of the textbook, in time linear in their lengths.
//!
//! The textbook looks, for each byte of one side, for the first unused equal byte of the other in a window. The window's lower end never
//! moves back, so a chain through the places of each byte value finds the same partner without looking twice.

/// Jaro similarity, 0 to 1; 1 for two empty strings.
pub(super) fn jaro(a: &[u8], b: &[u8]) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let pairs =
        if u32::try_from(b.len()).is_ok_and(|length| length < u32::MAX) { Pairs::of(a, b, u32::MAX) } else { Pairs::of(a, b, u64::MAX) };
    if pairs.matches == 0 {
        return 0.0;
    }
    let matches = pairs.matches as f64;
    let transpositions = pairs.displaced / 2;
    ((matches / a.len() as f64) + (matches / b.len() as f64) + ((matches - transpositions as f64) / matches)) / 3.0
}

/// How many bytes of two strings are partners, and how many of those stand at another place among the partners.
struct Pairs {
    matches: usize,
    displaced: usize,
}

impl Pairs {
    /// Finds the partners; `P` holds any place in `b`, and `end` is none of them.
    fn of<P: Copy + PartialEq + TryFrom<usize> + Into<u64>>(a: &[u8], b: &[u8], end: P) -> Self {
        let range = (a.len().max(b.len()) / 2).saturating_sub(1);
        // As long as both begin alike, each byte finds its own place.
        let alike = a.iter().zip(b).take_while(|(left, right)| left == right).count();
        let mut heads = [end; 256];
        let mut next = vec![end; b.len() - alike];
        let mut tails = [usize::MAX; 256];
        for (at, byte) in b[alike..].iter().enumerate() {
            let place = P::try_from(at).unwrap_or(end);
            let tail = &mut tails[usize::from(*byte)];
            match next.get_mut(*tail) {
                Some(before) => *before = place,
                None => heads[usize::from(*byte)] = place,
            }
            *tail = at;
        }
        let mut matched = Vec::with_capacity(a.len().min(b.len()) - alike);
        let mut used = vec![false; b.len() - alike];
        for (at, byte) in a[alike..].iter().enumerate() {
            let head = &mut heads[usize::from(*byte)];
            while *head != end && place(*head) + range < at {
                *head = next[place(*head)];
            }
            if *head != end && place(*head) <= at + range {
                used[place(*head)] = true;
                matched.push(*byte);
                *head = next[place(*head)];
            }
        }
        let partners = b[alike..].iter().zip(&used).filter(|(_, used)| **used).map(|(byte, _)| byte);
        let displaced = matched.iter().zip(partners).filter(|(left, right)| left != right).count();
        Self { matches: alike + matched.len(), displaced }
    }
}

fn place<P: Into<u64>>(at: P) -> usize {
    let at: u64 = at.into();
    at as usize
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{Pairs, jaro};

    proptest! {
        #[test]
        fn the_linear_jaro_is_the_quadratic_one_bit_for_bit(a in vec(97_u8..104, 0..90), b in vec(97_u8..104, 0..90)) {
            prop_assert_eq!(jaro(&a, &b).to_bits(), strsim::generic_jaro(&a, &b).to_bits());
        }

        #[test]
        fn strings_that_begin_alike_are_no_exception(start in vec(97_u8..100, 0..40), a in vec(97_u8..100, 0..40), b in vec(97_u8..100, 0..90)) {
            let (a, b) = ([start.clone(), a].concat(), [start, b].concat());
            prop_assert_eq!(jaro(&a, &b).to_bits(), strsim::generic_jaro(&a, &b).to_bits());
        }

        #[test]
        fn the_width_of_places_does_not_matter(a in vec(97_u8..104, 1..90), b in vec(97_u8..104, 1..90)) {
            let (narrow, wide) = (Pairs::of(&a, &b, u32::MAX), Pairs::of(&a, &b, u64::MAX));
            prop_assert_eq!((narrow.matches, narrow.displaced), (wide.matches, wide.displaced));
        }
    }
}
