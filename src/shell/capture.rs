//! What a block prints: bounded, counted, and proven complete.
//!
//! Each block has two fresh FIFOs, so a background job of an earlier block cannot write into a later one. They are not files (a
//! document that writes to `/dev/stdout` would truncate them) nor sockets (which cannot be opened by that name).

use std::io;

use rustix::io::Errno;
use tokio::net::unix::pipe::Receiver;

use super::lookout::Lookout;

/// Bytes read at once; the default capacity of a pipe.
const CHUNK_BYTES: usize = 64 * 1024;
/// No pipe holds more than this unless its owner is privileged, so all that was written before a moment is within this many bytes.
const PIPE_BYTES_MAX: u64 = 1024 * 1024;

/// The beginning of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captured {
    /// The first bytes, as many as are kept.
    pub bytes: Vec<u8>,
    /// How many bytes there were.
    pub total: u64,
}

impl Captured {
    /// Whether bytes were lost to the bound.
    pub fn is_truncated(&self) -> bool {
        self.total > self.bytes.len() as u64
    }

    /// The kept bytes as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// The reading end of one stream of one block.
#[derive(Debug)]
pub(super) struct Stream {
    receiver: Receiver,
    captured: Captured,
    bytes_max: usize,
    chunk: Vec<u8>,
    closed: bool,
    /// Looks for a text in all that passes, kept or not.
    lookout: Option<Lookout>,
}

impl Stream {
    pub(super) fn new(receiver: Receiver, bytes_max: usize, lookout: Option<Lookout>) -> Self {
        Self { receiver, captured: Captured::default(), bytes_max, chunk: vec![0; CHUNK_BYTES], closed: false, lookout }
    }

    /// Whether nobody can write any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Waits for bytes and takes one chunk. Pending for ever once the stream is closed.
    pub(super) async fn take(&mut self) -> io::Result<()> {
        if self.closed {
            return std::future::pending().await;
        }
        self.receiver.readable().await?;
        match self.receiver.try_read(&mut self.chunk) {
            Ok(count) => {
                self.keep(count);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes all that was written before the call. It asks the kernel, because the runtime may not have heard of the bytes yet.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        let bound = self.captured.total.saturating_add(PIPE_BYTES_MAX);
        while !self.closed && self.captured.total <= bound {
            match rustix::io::read(&self.receiver, &mut self.chunk[..]) {
                Ok(count) => self.keep(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn keep(&mut self, count: usize) {
        if count == 0 {
            self.closed = true;
            return;
        }
        if let Some(lookout) = &mut self.lookout {
            lookout.see(&self.chunk[..count]);
        }
        let room = self.bytes_max.saturating_sub(self.captured.bytes.len()).min(count);
        self.captured.bytes.extend_from_slice(&self.chunk[..room]);
        self.captured.total += count as u64;
    }

    /// What was taken, and the stream itself when somebody can still write to it.
    pub(super) fn finish(mut self) -> (Captured, Option<Self>) {
        let captured = std::mem::take(&mut self.captured);
        self.bytes_max = 0;
        let left = (!self.closed).then_some(self);
        (captured, left)
    }

    /// How many bytes came since [`Self::finish`].
    pub(super) fn total(&self) -> u64 {
        self.captured.total
    }
}
