//! Closed sets of words in ASCII, asked about every word of an output.

/// How many places the filter has: two letters, five bits each.
const PLACES: usize = 1 << 10;

/// A closed set of words in lower case, at most 31 bytes each.
pub(super) struct Among<const N: usize> {
    words: [&'static str; N],
    /// For the first two bytes of a word, a bit for each length that one of the set has.
    lengths: [u32; PLACES],
}

impl<const N: usize> Among<N> {
    pub(super) const fn new(words: [&'static str; N]) -> Self {
        let mut lengths = [0; PLACES];
        let mut at = 0;
        while at < N {
            let bytes = words[at].as_bytes();
            let second = if bytes.len() > 1 { bytes[1] } else { 0 };
            lengths[place(bytes[0], second)] |= 1 << bytes.len();
            at += 1;
        }
        Self { words, lengths }
    }

    /// Whether a word is one of the set, whatever its case.
    pub(super) fn has(&self, word: &str) -> bool {
        let bytes = word.as_bytes();
        let Some(first) = bytes.first() else { return false };
        let second = bytes.get(1).copied().unwrap_or_default();
        let may_be = bytes.len() < 32 && self.lengths[place(*first, second)] & (1 << bytes.len()) != 0;
        may_be && self.words.iter().any(|own| own.eq_ignore_ascii_case(word))
    }
}

/// Words that may stand anywhere in another, in lower case, at most 64 of at least two bytes.
pub(super) struct Parts<const N: usize> {
    parts: [&'static str; N],
    /// For the first two bytes of a part, a bit for each that begins so.
    starts: [u64; PLACES],
}

impl<const N: usize> Parts<N> {
    pub(super) const fn new(parts: [&'static str; N]) -> Self {
        assert!(N <= 64, "each part has a bit");
        let mut starts = [0; PLACES];
        let mut at = 0;
        while at < N {
            let bytes = parts[at].as_bytes();
            starts[place(bytes[0], bytes[1])] |= 1_u64 << at;
            at += 1;
        }
        Self { parts, starts }
    }

    /// Whether one of them stands in a word in lower case.
    pub(super) fn are_in(&self, word: &str) -> bool {
        let bytes = word.as_bytes();
        bytes.windows(2).enumerate().any(|(at, pair)| {
            let mut may_be = self.starts[place(pair[0], pair[1])];
            while may_be != 0 {
                if bytes[at..].starts_with(self.parts[may_be.trailing_zeros() as usize].as_bytes()) {
                    return true;
                }
                may_be &= may_be - 1;
            }
            false
        })
    }
}

/// Letters have one place whatever their case.
const fn place(first: u8, second: u8) -> usize {
    (first as usize & 31) << 5 | second as usize & 31
}

#[cfg(test)]
mod tests {
    use super::{Among, Parts};

    #[test]
    fn words_are_found_whatever_their_case() {
        static SET: Among<4> = Among::new(["a", "the", "mayo", "location"]);
        for word in ["a", "A", "The", "MAYO", "location"] {
            assert!(SET.has(word), "{word}");
        }
        for word in ["", "b", "thy", "mayor", "may", "locations", "that is longer than any word of any set could be"] {
            assert!(!SET.has(word), "{word}");
        }
    }

    #[test]
    fn parts_are_found_wherever_they_stand() {
        static PARTS: Parts<3> = Parts::new(["fail", "error", "re"]);
        for word in ["fail", "failed", "unfailing", "anerror", "are", "errre"] {
            assert!(PARTS.are_in(word), "{word}");
        }
        for word in ["", "f", "fai", "err0r", "éfa", "er"] {
            assert!(!PARTS.are_in(word), "{word}");
        }
    }
}
