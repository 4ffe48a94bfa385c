//! Values that are known to be secret, found in one pass however many there are.

use std::{collections::HashSet, ops::Range};

use aho_corasick::AhoCorasick;

use super::{
    names::SECRET_BYTES_MIN,
    view::{Form, View},
};

/// How many values are kept in mind; a run that makes more has the later ones unmasked but for their shapes.
const VALUES_MAX: usize = 8192;

/// So much of the end of a value is looked for; the rest is compared from there. Tokens of one issuer begin alike and end differently.
const ANCHOR_BYTES: usize = 24;

/// A value that was cut off is recognised by so many bytes of its beginning.
const CUT_BYTES_MIN: usize = 8;

/// Lines of a value of several lines are secrets of their own from here on: `sed -n 2p key.pem`.
const LINE_BYTES_MIN: usize = 16;

/// Looking for values that were cut off may take so many steps a byte.
const CUT_STEPS_PER_BYTE: usize = 16;

/// The values, and what finds them.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    seen: HashSet<Vec<u8>>,
    /// As [`Form::Joined`] views show them, in lower case; each has at least [`SECRET_BYTES_MIN`] bytes.
    values: Vec<Vec<u8>>,
    /// Finds their ends.
    ends: Option<AhoCorasick>,
    /// Finds their beginnings.
    beginnings: Option<AhoCorasick>,
    /// The value of each beginning.
    begun: Vec<usize>,
    /// A value has blanks, which lines are broken at.
    pub(super) has_blanks: bool,
}

impl Known {
    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Adds values; those too short are left out.
    pub(super) fn add<'v>(&mut self, values: impl IntoIterator<Item = &'v str>) {
        let before = self.values.len();
        for value in values {
            self.add_one(value);
            let lines = value.lines().map(str::trim).filter(|line| line.len() >= LINE_BYTES_MIN && !line.starts_with("-----"));
            if value.trim().contains('\n') {
                lines.for_each(|line| self.add_one(line));
            }
        }
        if self.values.len() > before {
            self.build();
        }
    }

    fn add_one(&mut self, value: &str) {
        let mut bytes = View::new(value.trim().as_bytes(), Form::Joined).bytes;
        bytes.make_ascii_lowercase();
        if bytes.len() < SECRET_BYTES_MIN || self.values.len() >= VALUES_MAX || !self.seen.insert(bytes.clone()) {
            return;
        }
        if bytes.iter().any(u8::is_ascii_whitespace) {
            self.has_blanks = true;
            // Forms write blanks so.
            self.values.push(bytes.iter().map(|byte| if *byte == b' ' { b'+' } else { *byte }).collect());
            let without: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            if without.len() >= SECRET_BYTES_MIN {
                self.values.push(without);
            }
        }
        self.values.push(bytes);
    }

    fn build(&mut self) {
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true);
        // Building fails only for more states than these bounds allow; shapes still mask then.
        self.ends = builder.build(self.values.iter().map(|value| &value[value.len().saturating_sub(ANCHOR_BYTES)..])).ok();
        // Tokens of one issuer begin alike, and what they begin with is no secret.
        let is_cut = |value: &[u8]| value.len() > CUT_BYTES_MIN && !value.starts_with(b"eyj");
        self.begun = (0..self.values.len()).filter(|index| is_cut(&self.values[*index])).collect();
        self.beginnings = builder.build(self.begun.iter().map(|index| &self.values[*index][..CUT_BYTES_MIN])).ok();
    }

    /// Parts of a view that are secret: apart from each other, in order.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let Some(ends) = &self.ends else { return found };
        for hit in ends.find_overlapping_iter(bytes) {
            let value = &self.values[hit.pattern()];
            let (mut start, end) = (hit.start(), hit.end());
            loop {
                // What was found before is not compared again, so long repetitions take no longer.
                while let Some(last) = found.pop_if(|last| last.end >= start) {
                    start = start.min(last.start);
                }
                let rest = value.len().saturating_sub(end - start);
                if rest == 0 || start == 0 || !bytes[start - 1].eq_ignore_ascii_case(&value[rest - 1]) {
                    break;
                }
                start -= 1;
            }
            found.push(start..end);
        }
        found
    }

    /// Beginnings of values that end where the text was cut: before an ellipsis, or at its end when `is_cut`.
    pub(super) fn find_cut(&self, bytes: &[u8], is_cut: bool) -> Vec<Range<usize>> {
        let ellipses = ["…".as_bytes(), b"..."];
        let has_ellipsis = || ellipses.iter().any(|ellipsis| bytes.windows(ellipsis.len()).any(|window| window == *ellipsis));
        let Some(beginnings) = self.beginnings.as_ref().filter(|_| is_cut || has_ellipsis()) else { return Vec::new() };
        let mut found = Vec::new();
        let mut steps = bytes.len().saturating_mul(CUT_STEPS_PER_BYTE);
        for hit in beginnings.find_overlapping_iter(bytes) {
            let value = &self.values[self.begun[hit.pattern()]];
            let rest = &bytes[hit.end()..];
            let same = rest.iter().zip(&value[CUT_BYTES_MIN..]).take(steps).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
            steps -= same;
            let behind = &rest[same..];
            if (behind.is_empty() && is_cut) || ellipses.iter().any(|ellipsis| behind.starts_with(ellipsis)) {
                found.push(hit.start()..hit.end() + same);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], text: &str, expected: &[&str]) {
        let mut known = Known::default();
        known.add(values.iter().copied());
        let found = known.find(text.as_bytes());
        let texts: Vec<&str> = found.iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(texts, expected, "{text}");
    }

    #[test]
    fn values_are_found_whole_whatever_they_share() {
        let long = "0123456789abcdefghijklmnopqrstuvwxyz";
        check(&["hunter2"], "a hunter2 HUNTER2!", &["hunter2", "HUNTER2"]);
        check(&["tellnoone", "noonesees"], "xtellnooneseesx", &["tellnoonesees"]);
        check(&[long, "ghijkl"], &format!("-{long}-"), &[long]);
        // The end of a value is masked although its beginning is missing.
        check(&[long], &format!("!{}!", &long[6..]), &[&long[6..]]);
        check(&["short"], "short", &[]);
        check(&["first-line-of-the-key\nsecond-line-of-the-key\n"], "- second-line-of-the-key -", &["second-line-of-the-key"]);
    }

    #[test]
    fn repetitions_take_no_longer_than_their_length() {
        let (value, text) = ("a".repeat(4000), "a".repeat(1 << 20));
        let mut known = Known::default();
        known.add([value.as_str()]);
        assert_eq!(known.find(text.as_bytes()).first(), Some(&(0..text.len())));
        assert_eq!(known.find_cut(text.as_bytes(), true).last().map(|range| range.end), Some(text.len()));
    }

    #[test]
    fn beginnings_count_only_where_the_text_was_cut() {
        let mut known = Known::default();
        known.add(["https://account.example.com/?code=hidden"]);
        let found = |text: &str, is_cut| {
            known.find_cut(text.as_bytes(), is_cut).into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>()
        };
        assert!(found("see https://account.example.org or https://account", false).is_empty());
        assert_eq!(found("see https://account.exam…, https://acc...", false), ["https://account.exam", "https://acc"]);
        assert_eq!(found("see https://account", true), ["https://account"]);
    }
}
