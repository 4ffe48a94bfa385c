//! Where secrets stand in a text, however they are written there. Pure, and linear in the length of the text.

use std::ops::Range;

use super::{
    encoded::{self, Decoded},
    known::Known,
    names::SECRET_BYTES_MIN,
    shapes,
    view::{Form, View},
};

/// base64 in base64 is looked into, and no deeper.
const DEPTH_MAX: usize = 2;

/// Shorter texts inside of others are only compared with what is known.
const INNER_BYTES_MIN: usize = 18;

/// Something that looks like a secret is one wherever else it stands, if it is so long.
const SHAPED_BYTES_MIN: usize = 12;

/// What is looked for.
pub(super) struct Search<'a> {
    pub(super) known: &'a Known,
    /// The text was cut off at its end.
    pub(super) is_cut: bool,
}

impl Search<'_> {
    /// Parts of `text` that are secret: apart from each other, in order. Those of something encoded may end within a character.
    pub(super) fn run(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.look(text, 0, &mut found);
        merged(found)
    }

    fn look(&self, text: &[u8], depth: usize, found: &mut Vec<Range<usize>>) {
        if text.len() < SECRET_BYTES_MIN {
            return;
        }
        {
            let lines = View::new(text, Form::Lines);
            found.extend(shapes::find(&lines.bytes).into_iter().map(|part| lines.origin(part)));
            if let Some(unwrapped) = lines.unwrapped() {
                found.extend(shapes::find(&unwrapped.bytes).into_iter().map(|part| unwrapped.origin(part)));
            }
        }
        let joined = View::new(text, Form::Joined);
        if self.known.has_blanks {
            let without = joined.without_blanks();
            found.extend(self.known.find(&without.bytes).into_iter().map(|part| without.origin(part)));
        }
        let mut take = |part| found.push(joined.origin(part));
        self.known.find(&joined.bytes).into_iter().for_each(&mut take);
        self.known.find_cut(&joined.bytes, self.is_cut && depth == 0).into_iter().for_each(&mut take);
        if depth < DEPTH_MAX {
            let mut visit = |decoded: &Decoded<'_>| self.look_inside(decoded, depth, &mut take);
            encoded::base64(&joined.bytes, &mut visit);
            encoded::hexadecimal(&joined.bytes, &mut visit);
        }
    }

    fn look_inside(&self, decoded: &Decoded<'_>, depth: usize, take: &mut impl FnMut(Range<usize>)) {
        let bytes = decoded.bytes;
        let mut found = Vec::new();
        if bytes.len() >= INNER_BYTES_MIN && is_text(bytes) {
            self.look(bytes, depth + 1, &mut found);
        } else if !self.known.is_empty() {
            // Known values have gone through the mill, which most words pass unchanged.
            if bytes.iter().any(|byte| View::changes(*byte)) {
                let joined = View::new(bytes, Form::Joined);
                found.extend(self.known.find(&joined.bytes).into_iter().map(|part| joined.origin(part)));
            } else {
                found = self.known.find(bytes);
            }
        }
        found.into_iter().for_each(|part| take(decoded.origin(part)));
    }
}

/// What looks like a secret in `text` as it stands there; tokens are left out, whose looks are enough wherever they stand.
pub(super) fn shaped(text: &[u8]) -> Vec<String> {
    let lines = View::new(text, Form::Lines);
    let values = shapes::find(&lines.bytes).into_iter().map(|part| String::from_utf8_lossy(&lines.bytes[part]).into_owned());
    values.filter(|value| value.len() >= SHAPED_BYTES_MIN && !value.starts_with("eyJ")).collect()
}

/// Whether bytes were meant to be read; those that another alignment gives are not.
fn is_text(bytes: &[u8]) -> bool {
    let odd = bytes.iter().filter(|byte| !(matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e) || **byte >= 0x80)).count();
    let foreign = bytes.iter().filter(|byte| **byte >= 0x80).count();
    odd * 16 <= bytes.len() && (foreign * 4 <= bytes.len() || std::str::from_utf8(bytes).is_ok())
}

fn merged(mut parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    parts.retain(|part| !part.is_empty());
    parts.sort_by_key(|part| part.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for part in parts {
        match merged.last_mut().filter(|last| last.end >= part.start) {
            Some(last) => last.end = last.end.max(part.end),
            None => merged.push(part),
        }
    }
    merged
}
