//! The life of a container as a table of transitions: from, in which case, after how long, to.
//!
//! Sources: kubernetes `pkg/kubelet/kuberuntime`, `pkg/kubelet/images/image_manager.go`, and the pod lifecycle page of its documentation
//! (back-off of 10 s, doubled up to five minutes, forgotten after ten minutes of running). Assumed: how long a pull and a start take.

use std::time::Duration;

/// Where a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// For the sandbox, or for the containers before it.
    Waiting,
    Pulling,
    /// `ErrImagePull`
    PullFailed,
    /// `ImagePullBackOff`
    PullBackOff,
    /// The kubelet cannot even try; it says why and tries again.
    Refused,
    /// The image is there.
    Creating,
    /// Started; a program decides at once whether it goes on.
    Starting,
    Running,
    /// Terminated, and to be started again at once.
    Exited,
    /// `CrashLoopBackOff`
    CrashLoopBackOff,
    /// Terminated for good.
    Ended,
}

/// What decides between several ways on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Always,
    /// The image can be had from its registry.
    Available,
    /// It cannot.
    Unavailable,
    /// The policy of the pod starts the container again, for the first time.
    FirstRestart,
    /// The same, after it ended before.
    LaterRestart,
    /// The policy of the pod lets it be.
    NoRestart,
}

/// How long a stage lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Seconds(u64),
    /// 10 s, doubled with each failure.
    BackOff,
    /// As long as a pull takes.
    Pull,
}

/// The table.
pub(crate) const TRANSITIONS: &[(Stage, Case, After, Stage)] = &[
    (Stage::Pulling, Case::Available, After::Pull, Stage::Creating),
    (Stage::Pulling, Case::Unavailable, After::Seconds(1), Stage::PullFailed),
    (Stage::PullFailed, Case::Always, After::Seconds(1), Stage::PullBackOff),
    (Stage::PullBackOff, Case::Always, After::BackOff, Stage::Pulling),
    (Stage::Refused, Case::Always, After::Seconds(10), Stage::Waiting),
    (Stage::Creating, Case::Always, After::Seconds(1), Stage::Starting),
    (Stage::Exited, Case::FirstRestart, After::Seconds(1), Stage::Waiting),
    (Stage::Exited, Case::LaterRestart, After::Seconds(1), Stage::CrashLoopBackOff),
    (Stage::Exited, Case::NoRestart, After::Seconds(0), Stage::Ended),
    (Stage::CrashLoopBackOff, Case::Always, After::BackOff, Stage::Waiting),
];

/// The sandbox and its network.
pub(crate) const SANDBOX_SECONDS: u64 = 1;
/// The first pull of an image to a node.
pub(crate) const PULL_SECONDS: u64 = 3;
/// A pull of what is there already: the registry is asked whether it changed.
pub(crate) const PULL_AGAIN_SECONDS: u64 = 1;

const BACK_OFF_FIRST_SECONDS: u64 = 10;
const BACK_OFF_MOST_SECONDS: u64 = 300;
/// Exits are forgotten when a container ran this long.
pub(crate) const FORGIVEN_AFTER_SECONDS: u64 = 600;

/// The wait after the `failures`-th failure, counted from 1.
pub(crate) fn back_off(failures: u32) -> Duration {
    let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).and_then(|factor| factor.checked_mul(BACK_OFF_FIRST_SECONDS));
    Duration::from_secs(doubled.unwrap_or(BACK_OFF_MOST_SECONDS).min(BACK_OFF_MOST_SECONDS))
}

/// What follows `stage`, and after how long: `None` when only something else can end it.
pub(crate) fn next(stage: Stage, case: Case, failures: u32, pull_seconds: u64) -> Option<(Duration, Stage)> {
    let row = TRANSITIONS.iter().find(|(from, when, ..)| *from == stage && (*when == case || *when == Case::Always))?;
    let after = match row.2 {
        After::Seconds(seconds) => Duration::from_secs(seconds),
        After::BackOff => back_off(failures),
        After::Pull => Duration::from_secs(pull_seconds),
    };
    Some((after, row.3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_doubles_up_to_five_minutes() {
        let seconds: Vec<u64> = (1..=8).map(|failures| back_off(failures).as_secs()).collect();
        assert_eq!(seconds, [10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(back_off(u32::MAX).as_secs(), 300);
    }

    #[test]
    fn a_container_that_ends_is_restarted_once_at_once_and_then_waits() {
        assert_eq!(next(Stage::Exited, Case::FirstRestart, 1, 0), Some((Duration::from_secs(1), Stage::Waiting)));
        assert_eq!(next(Stage::Exited, Case::LaterRestart, 1, 0), Some((Duration::from_secs(1), Stage::CrashLoopBackOff)));
        assert_eq!(next(Stage::CrashLoopBackOff, Case::Always, 2, 0), Some((Duration::from_secs(20), Stage::Waiting)));
        assert_eq!(next(Stage::Exited, Case::NoRestart, 1, 0).map(|(_, stage)| stage), Some(Stage::Ended));
    }

    #[test]
    fn a_running_container_goes_on_until_something_ends_it() {
        for stage in [Stage::Running, Stage::Waiting, Stage::Starting, Stage::Ended] {
            assert_eq!(next(stage, Case::Always, 0, 0), None, "{stage:?}");
        }
    }
}
