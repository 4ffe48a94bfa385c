//! Runs of base64 and of hexadecimal digits in a text, decoded at every alignment. Pure.

use std::ops::Range;

/// A run that is shorter cannot hold a secret of six bytes.
const BASE64_LETTERS_MIN: usize = 8;

/// The same of hexadecimal digits.
const DIGITS_MIN: usize = 12;

/// Something decoded, and where it stands.
pub(super) struct Decoded<'a> {
    pub(super) bytes: &'a [u8],
    places: Places<'a>,
}

enum Places<'a> {
    /// Four letters from here make three bytes.
    Letters(usize),
    /// The place of each digit.
    Digits(&'a [usize]),
}

impl Decoded<'_> {
    /// Where the letters stand that made these bytes; neighbours share letters with them.
    pub(super) fn origin(&self, part: Range<usize>) -> Range<usize> {
        match self.places {
            Places::Letters(start) => start + part.start * 4 / 3..start + (part.end * 4).div_ceil(3),
            Places::Digits(places) => match (places.get(part.start * 2), (part.end * 2).checked_sub(1).and_then(|last| places.get(last))) {
                (Some(first), Some(last)) => *first..*last + 1,
                _ => 0..0,
            },
        }
    }
}

/// Decodes each run of letters of base64, of either alphabet, as if a group began at each of its first four letters.
pub(super) fn base64(text: &[u8], mut visit: impl FnMut(&Decoded<'_>)) {
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if value(text[at]).is_none() {
            at += 1;
            continue;
        }
        let length = text[at..].iter().position(|byte| value(*byte).is_none()).unwrap_or(text.len() - at);
        if length >= BASE64_LETTERS_MIN {
            for alignment in 0..4 {
                let run = &text[at + alignment..at + length];
                decode(run, &mut decoded);
                visit(&Decoded { bytes: &decoded, places: Places::Letters(at + alignment) });
            }
        }
        at += length;
    }
}

fn decode(run: &[u8], decoded: &mut Vec<u8>) {
    decoded.clear();
    for group in run.chunks(4) {
        let mut bits = 0_u32;
        for index in 0..4 {
            bits = bits << 6 | group.get(index).and_then(|byte| value(*byte)).unwrap_or(0);
        }
        let [_, first, second, third] = bits.to_be_bytes();
        // Two letters make one byte, three make two.
        decoded.extend_from_slice(&[first, second, third][..group.len().saturating_sub(1)]);
    }
}

fn value(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

/// Decodes each run of hexadecimal digits, blanks and punctuation between them allowed, beginning at its first and at its second digit.
pub(super) fn hexadecimal(text: &[u8], mut visit: impl FnMut(&Decoded<'_>)) {
    let (mut digits, mut places): (Vec<u8>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut end = |digits: &mut Vec<u8>, places: &mut Vec<usize>| {
        if digits.len() >= DIGITS_MIN {
            for alignment in 0..2 {
                let bytes: Vec<u8> = digits[alignment..].chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
                visit(&Decoded { bytes: &bytes, places: Places::Digits(&places[alignment..]) });
            }
        }
        digits.clear();
        places.clear();
    };
    let mut at = 0;
    while at < text.len() {
        match (text[at], char::from(text[at]).to_digit(16)) {
            // `0x68`: the prefix is no digit.
            (b'0', _) if matches!(text.get(at + 1), Some(b'x' | b'X')) => at += 1,
            (_, Some(digit)) => {
                digits.push(u8::try_from(digit).unwrap_or(0));
                places.push(at);
            }
            (b' ' | b'\t' | b'\n' | b'\r' | b':' | b',' | b'-', None) => {}
            _ => end(&mut digits, &mut places),
        }
        at += 1;
    }
    end(&mut digits, &mut places);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of the two ways to decode.
    type Way = fn(&[u8], &mut dyn FnMut(&Decoded<'_>));

    /// Where `wanted` is found among the decoded runs of `text`.
    fn places(text: &str, wanted: &str, by: Way) -> Vec<String> {
        let mut found = Vec::new();
        by(text.as_bytes(), &mut |decoded| {
            if let Some(at) = decoded.bytes.windows(wanted.len()).position(|window| window == wanted.as_bytes()) {
                found.push(text[decoded.origin(at..at + wanted.len())].to_owned());
            }
        });
        found
    }

    #[test]
    fn base64_is_read_at_every_alignment_and_in_both_alphabets() {
        // printf 'hunter2>>??' | base64, with none, one and two bytes before it.
        let by = |text: &[u8], visit: &mut dyn FnMut(&Decoded<'_>)| base64(text, visit);
        for (text, expected) in [
            ("aHVudGVyMj4+Pz8=", "aHVudGVyMj4+Pz8"),
            ("eGh1bnRlcjI+Pj8/", "Gh1bnRlcjI+Pj8/"),
            ("eHhodW50ZXIyPj4/Pw==", "hodW50ZXIyPj4/Pw"),
            ("aHVudGVyMj4-Pz8", "aHVudGVyMj4-Pz8"),
            ("id/aHVudGVyMj4+Pz8=", "aHVudGVyMj4+Pz8"),
        ] {
            assert_eq!(places(text, "hunter2>>??", by), [expected], "{text}");
        }
        assert!(places("aHVudGVy Mj4+Pz8=", "hunter2>>??", by).is_empty());
    }

    #[test]
    fn hexadecimal_is_read_with_and_without_what_stands_between() {
        let by = |text: &[u8], visit: &mut dyn FnMut(&Decoded<'_>)| hexadecimal(text, visit);
        for text in [
            "68756e74657232",
            "68 75 6E 74 65 72 32",
            "68:75:6e:74:65:72:32",
            "0x68, 0x75, 0x6e, 0x74, 0x65, 0x72, 0x32",
            "6875 6e74\n6572 32",
        ] {
            assert_eq!(places(text, "hunter2", by), [text.trim_start_matches("0x")], "{text}");
        }
        assert_eq!(places("a68756e74657232", "hunter2", by), ["68756e74657232"]);
    }
}
