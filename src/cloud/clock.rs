//! Virtual time: the only source of "now" in the cloud.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// How the cloud's clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockMode {
    /// Starts at `start` and moves only when somebody waits.
    Virtual {
        /// The first instant.
        start: Timestamp,
    },
    /// Starts at `start`, follows the wall from there, and may be advanced further; it never lags behind the wall.
    FollowWall {
        /// The first instant.
        start: Timestamp,
    },
}

/// The clock of one cloud.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    at: Timestamp,
    /// Set when the clock follows the wall: when `at` was true.
    since: Option<Instant>,
}

impl Clock {
    /// A clock that begins now.
    pub(crate) fn new(mode: ClockMode) -> Self {
        match mode {
            ClockMode::Virtual { start } => Self { at: start, since: None },
            ClockMode::FollowWall { start } => Self { at: start, since: Some(Instant::now()) },
        }
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Timestamp {
        match self.since {
            None => self.at,
            Some(since) => later(self.at, since.elapsed()),
        }
    }

    /// Whether time passes by itself.
    pub(crate) fn follows_wall(&self) -> bool {
        self.since.is_some()
    }

    /// Moves the clock forward; at the end of representable time it stands still.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.at = later(self.at, by);
    }
}

/// `at + by`, clamped to the last representable instant.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// How long after `earlier` the instant `at` is; zero when it is not after it.
pub(crate) fn since(earlier: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(earlier)).unwrap_or(Duration::ZERO)
}

/// The instant with seven fractional digits, trailing zeros dropped, as ARM and AKS write it.
pub(crate) fn arm_time(at: Timestamp) -> String {
    let ticks = at.subsec_nanosecond().max(0) / 100;
    let seconds = at.strftime("%Y-%m-%dT%H:%M:%S");
    if ticks == 0 {
        return format!("{seconds}Z");
    }
    let fraction = format!("{ticks:07}");
    format!("{seconds}.{}Z", fraction.trim_end_matches('0'))
}

/// The instant in whole seconds: `2026-01-01T00:00:00Z`.
pub(crate) fn whole_seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_moves_only_when_advanced_and_stops_at_the_end_of_time() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut clock = Clock::new(ClockMode::Virtual { start });
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_millis(1500));
        assert_eq!(arm_time(clock.now()), "2026-01-01T00:00:01.5Z");
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }

    #[test]
    fn a_clock_that_follows_the_wall_is_never_before_its_start() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut clock = Clock::new(ClockMode::FollowWall { start });
        assert!(clock.now() >= start);
        clock.advance(Duration::from_secs(60));
        assert!(since(start, clock.now()) >= Duration::from_secs(60));
    }
}
