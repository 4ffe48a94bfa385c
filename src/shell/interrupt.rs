//! Ctrl-C, as a value.

use std::sync::Arc;

use tokio::sync::watch;

/// A handle that ends the current block of every session that was launched with it, and refuses further blocks.
///
/// Clones share one state. It stays raised until [`Interrupt::clear`]. Blocks that are to run all the same (clean-up) are ended and
/// refused when it is raised a second time.
#[derive(Debug, Clone)]
pub struct Interrupt {
    raised: Arc<watch::Sender<u32>>,
}

impl Interrupt {
    /// A handle that is not raised.
    pub fn new() -> Self {
        Self { raised: Arc::new(watch::Sender::new(0)) }
    }

    /// Ends current blocks as [`super::Ending::Interrupted`] and kills what they started.
    pub fn raise(&self) {
        self.raised.send_modify(|times| *times = times.saturating_add(1));
    }

    /// Lets blocks run again.
    pub fn clear(&self) {
        self.raised.send_replace(0);
    }

    /// Whether it is raised.
    pub fn is_raised(&self) -> bool {
        self.is_raised_times(1)
    }

    /// Whether it was raised again after the first time.
    pub fn is_raised_again(&self) -> bool {
        self.is_raised_times(2)
    }

    /// Waits until it is raised.
    pub async fn raised(&self) {
        self.raised_times(1).await;
    }

    /// Waits until it is raised again after the first time.
    pub async fn raised_again(&self) {
        self.raised_times(2).await;
    }

    pub(super) fn is_raised_times(&self, times: u32) -> bool {
        *self.raised.borrow() >= times
    }

    /// Waits until it was raised so many times.
    pub(super) async fn raised_times(&self, times: u32) {
        // The sender lives in `self`, so the wait cannot end by its absence.
        let _ = self.raised.subscribe().wait_for(|raised| *raised >= times).await;
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}
