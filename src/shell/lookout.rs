//! Looks for a text in a stream that comes in pieces, in linear time and bounded memory.

use std::sync::Arc;

use regex::bytes::Regex;
use tokio::sync::watch;

/// Tells when a text has passed.
#[derive(Debug, Clone)]
pub(super) struct Lookout {
    needle: Regex,
    needle_bytes: usize,
    /// The end of what has passed, one byte shorter than the text, so that one cut in two is found.
    tail: Vec<u8>,
    found: Arc<watch::Sender<bool>>,
}

impl Lookout {
    /// Looks for `text`; `found` hears of it. None for a text that is too long to be looked for.
    pub(super) fn new(text: &str, found: Arc<watch::Sender<bool>>) -> Option<Self> {
        let needle = Regex::new(&regex::escape(text)).ok()?;
        Some(Self { needle, needle_bytes: text.len(), tail: Vec::new(), found })
    }

    /// Takes the next piece.
    pub(super) fn see(&mut self, piece: &[u8]) {
        if *self.found.borrow() {
            return;
        }
        self.tail.extend_from_slice(piece);
        if self.needle.is_match(&self.tail) {
            self.found.send_replace(true);
            self.tail = Vec::new();
            return;
        }
        let keep = self.needle_bytes.saturating_sub(1).min(self.tail.len());
        self.tail.drain(..self.tail.len() - keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_however_it_is_cut_and_nowhere_else() {
        let whole = "Starting.\nForwarding from [::1]:80 (not yet)\n".as_bytes();
        for cut in 0..whole.len() {
            let found = Arc::new(watch::Sender::new(false));
            let mut lookout = Lookout::new("from [::1]", Arc::clone(&found)).expect("a short text");
            lookout.see(&whole[..cut]);
            lookout.see(&whole[cut..]);
            assert!(*found.borrow(), "cut at {cut}");
        }
        let found = Arc::new(watch::Sender::new(false));
        let mut lookout = Lookout::new("from .::1.", Arc::clone(&found)).expect("a short text");
        whole.iter().for_each(|byte| lookout.see(&[*byte]));
        assert!(!*found.borrow() && lookout.tail.len() < 10);
    }
}
