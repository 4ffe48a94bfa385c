//! Two things at the same time, where that is worth a thread.

use std::thread::{Builder, scope};

/// From how many bytes on a thread is worth it.
const BYTES_MIN: usize = 1 << 18;

/// Whether so many bytes are worth a thread.
pub(super) fn is_worth(bytes: usize) -> bool {
    bytes >= BYTES_MIN
}

/// Does two things about so many bytes: `one` in a thread of its own when they are many and there is one to be had.
pub(super) fn both<A: Send, B>(bytes: usize, one: impl Fn() -> A + Sync, other: impl FnOnce() -> B) -> (A, B) {
    scope(|threads| {
        let thread = if is_worth(bytes) { Builder::new().spawn_scoped(threads, &one).ok() } else { None };
        let other = other();
        let one = match thread {
            Some(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            None => one(),
        };
        (one, other)
    })
}

#[cfg(test)]
mod tests {
    use std::thread::current;

    use super::{BYTES_MIN, both};

    #[test]
    fn only_what_is_worth_it_has_a_thread_of_its_own() {
        for (bytes, apart) in [(0, false), (BYTES_MIN - 1, false), (BYTES_MIN, true)] {
            let (one, other) = both(bytes, || current().id(), || current().id());
            assert_eq!((one != other, other), (apart, current().id()), "{bytes}");
        }
    }
}
