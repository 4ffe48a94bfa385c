//! The word that somebody probably meant, by the rule that `az` uses: Python's `difflib.get_close_matches` with a cutoff of 0.7. Pure.

/// Two words are close when they have at least this much in common, 0 to 1.
const CLOSE_MIN: f64 = 0.7;

/// The candidate that is closest to a word; of equally close ones the last in alphabetical order, as Python's heap has it.
pub(crate) fn closest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let scored = candidates.iter().map(|candidate| (ratio(candidate, word), *candidate)).filter(|(ratio, _)| *ratio >= CLOSE_MIN);
    scored.max_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(right.1))).map(|(_, candidate)| candidate)
}

/// Twice the number of letters in matching blocks, of all letters.
fn ratio(left: &str, right: &str) -> f64 {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let total = left.len() + right.len();
    if total == 0 {
        return 1.0;
    }
    2.0 * matching(&left, &right) as f64 / total as f64
}

/// The letters of the longest common block, the earliest of equals, and of those on both its sides.
fn matching(left: &[char], right: &[char]) -> usize {
    let (mut at_left, mut at_right, mut length) = (0, 0, 0);
    for start_left in 0..left.len() {
        for start_right in 0..right.len() {
            let common = left[start_left..].iter().zip(&right[start_right..]).take_while(|(a, b)| a == b).count();
            if common > length {
                (at_left, at_right, length) = (start_left, start_right, common);
            }
        }
    }
    if length == 0 {
        return 0;
    }
    length + matching(&left[..at_left], &right[..at_right]) + matching(&left[at_left + length..], &right[at_right + length..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_word_is_the_one_that_az_suggests() {
        let aks = ["create", "delete", "list", "nodepool", "show", "update"];
        assert_eq!(closest("craete", &aks), Some("create"));
        assert_eq!(closest("xyz", &aks), None);
        assert_eq!(closest("creat", &aks), Some("create"));
        assert_eq!(closest("secrt", &["secret", "key"]), Some("secret"));
    }

    #[test]
    fn the_ratio_is_that_of_difflib() {
        // Measured with Python 3.11: SequenceMatcher(None, a, b).ratio().
        for (left, right, expected) in [("create", "craete", 0.8333333333333334), ("abcd", "bcde", 0.75), ("", "", 1.0), ("a", "b", 0.0)] {
            assert_eq!(ratio(left, right), expected, "{left} {right}");
        }
    }
}
