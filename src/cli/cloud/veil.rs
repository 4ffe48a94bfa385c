//! What a command prints, on its way to whoever reads it: without the secrets of the embedded Azure.

use std::{
    io::{self, Read, Write},
    os::fd::AsFd,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::engine::{redact::Redactor, world::World};

/// Lines that come within this of each other are looked at together: a key has several. As long, what a command has left running may still
/// have to say when the command has ended.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 40_000_000 };
/// What is held back at most before it is looked at.
const HELD_BYTES_MAX: usize = 1 << 20;
/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Masks what passes, with what the world has issued by then.
pub(super) struct Veil<'w> {
    shared: Mutex<(&'w mut dyn World, Redactor)>,
    has_ended: AtomicBool,
}

impl<'w> Veil<'w> {
    /// For a command that sees these variables.
    pub(super) fn new(world: &'w mut dyn World, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut redactor = Redactor::default();
        let variables: Vec<(String, String)> = variables.into_iter().collect();
        redactor.add_variables(variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        Self { shared: Mutex::new((world, redactor)), has_ended: AtomicBool::new(false) }
    }

    /// The command is over; what it has left running is not waited for.
    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }

    /// Hands everything on from `from` to `to`, as whole lines as far as there are any, until the end.
    pub(super) fn pass(&self, mut from: impl Read + AsFd, mut to: impl Write) -> io::Result<()> {
        let mut held: Vec<u8> = Vec::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let has_ended = self.has_ended.load(Ordering::Relaxed);
            let mut sources = [PollFd::new(&from, PollFlags::IN)];
            let is_silent = matches!(poll(&mut sources, Some(&PAUSE)), Ok(0));
            let ready = if is_silent {
                if has_ended {
                    break;
                }
                held.len()
            } else {
                match from.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(count) => held.extend_from_slice(&chunk[..count]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
                if held.len() < HELD_BYTES_MAX { 0 } else { held.len() }
            };
            // A line that is not whole yet waits for its rest, unless it is without end.
            let whole = held[..ready].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let whole = if whole == 0 && held.len() >= HELD_BYTES_MAX { ready } else { whole };
            if whole > 0 {
                let lines: Vec<u8> = held.drain(..whole).collect();
                to.write_all(&self.mask(&lines))?;
                to.flush()?;
            }
        }
        to.write_all(&self.mask(&held))?;
        to.flush()
    }

    fn mask(&self, bytes: &[u8]) -> Vec<u8> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let (world, redactor) = &mut *shared;
        redactor.add_possible_secrets(world.secrets());
        let text = String::from_utf8_lossy(bytes);
        redactor.learn_from(&text);
        let masked = redactor.mask(&text);
        // What is no text, and holds no secret, is handed on as it is.
        if masked == text { bytes.to_vec() } else { masked.into_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::target::none::Plain;

    #[track_caller]
    fn check(parts: &[&[u8]], expected: &[u8]) {
        let mut world = Plain::default();
        let veil = Veil::new(&mut world, [("ADMIN_PASSWORD".to_owned(), "hunter2-hunter2".to_owned())]);
        let mut seen = Vec::new();
        let (from, mut to) = UnixStream::pair().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || parts.iter().for_each(|part| to.write_all(part).unwrap()));
            veil.pass(from, &mut seen).unwrap();
        });
        assert_eq!(String::from_utf8_lossy(&seen), String::from_utf8_lossy(expected));
    }

    #[test]
    fn secrets_are_masked_also_when_they_come_in_parts_and_without_a_last_line_end() {
        check(&[b"a hunter2-", b"hunter2 b\nhun", b"ter2-hunter2"], b"a *** b\n***");
        check(&[b"aHVudGVyMi1odW50", b"ZXIy\n"], b"***\n");
    }

    #[test]
    fn what_holds_no_secret_is_handed_on_byte_by_byte() {
        check(&[b"\xff\x00\r\n", b"last"], b"\xff\x00\r\nlast");
        check(&[], b"");
    }

    #[test]
    fn a_line_without_an_end_is_handed_on_in_parts() {
        let long = vec![b'x'; CHUNK_BYTES];
        let parts = vec![&long[..]; 40];
        check(&parts, &parts.concat());
    }

    #[test]
    fn whoever_holds_the_stream_after_the_end_of_the_command_is_not_waited_for() {
        let mut world = Plain::default();
        let veil = Veil::new(&mut world, []);
        let (from, mut to) = UnixStream::pair().unwrap();
        to.write_all(b"said before").unwrap();
        veil.end();
        let mut seen = Vec::new();
        veil.pass(from, &mut seen).unwrap();
        assert_eq!(seen, b"said before");
        drop(to);
    }
}
