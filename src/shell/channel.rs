//! The FIFO that the driver and the ERR trap report to.

use tokio::net::unix::pipe::Receiver;

use super::error::ShellError;
use super::report::{Report, Reports};

/// The reading end, and the reports that are not complete yet.
#[derive(Debug)]
pub(super) struct Channel {
    receiver: Receiver,
    nonce: String,
    reports: Reports,
}

impl Channel {
    pub(super) fn new(receiver: Receiver, nonce: &str) -> Self {
        Self { receiver, nonce: nonce.to_owned(), reports: Reports::new(nonce.to_owned()) }
    }

    /// Drops half a report: the shell that was writing it is gone.
    pub(super) fn forget(&mut self) {
        self.reports = Reports::new(self.nonce.clone());
    }

    /// Waits for reports.
    pub(super) async fn next(&mut self) -> Result<Vec<Report>, ShellError> {
        self.receiver.readable().await.map_err(ShellError::control("read reports"))?;
        let mut bytes = [0; 4096];
        match self.receiver.try_read(&mut bytes) {
            Ok(count) => Ok(self.reports.push(&bytes[..count])),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(Vec::new()),
            Err(error) => Err(ShellError::control("read reports")(error)),
        }
    }

    /// All that was reported before the call, a megabyte at most.
    pub(super) fn drain(&mut self) -> Result<Vec<Report>, ShellError> {
        let mut all = Vec::new();
        let mut bytes = [0; 4096];
        for _ in 0..256 {
            match rustix::io::read(&self.receiver, &mut bytes[..]) {
                Ok(0) | Err(rustix::io::Errno::AGAIN) => break,
                Ok(count) => all.extend(self.reports.push(&bytes[..count])),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(ShellError::control("read reports")(error.into())),
            }
        }
        Ok(all)
    }
}
