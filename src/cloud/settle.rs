//! What happens by itself: controllers after a write, and everything that is due while time passes.

use std::time::Duration;

use jiff::Timestamp;

use super::clock::{later, since};
use super::observation::Observation;
use super::state::State;
use super::{aks, arm, keyvault, kube, msi};

/// How often the controllers are asked before they are taken to go in circles.
const ROUNDS_MAX: usize = 64;

/// Runs every service's controllers to a fixed point.
pub(crate) fn settle(state: &mut State) {
    let now = state.now();
    for _ in 0..ROUNDS_MAX {
        let services = [arm::settle, msi::settle, keyvault::settle, aks::settle, kube::settle];
        let changed = services.iter().filter(|settle| settle(state, now)).count();
        if changed == 0 {
            return;
        }
    }
    let text = format!("the embedded Azure did not come to rest after {ROUNDS_MAX} rounds of its controllers");
    state.observe(Observation::Hint { about: "docent".to_owned(), text });
}

/// The next instant after `now` at which something happens by itself.
pub(crate) fn next_due(state: &State, now: Timestamp) -> Option<Timestamp> {
    let services = [arm::next_due, msi::next_due, keyvault::next_due, aks::next_due, kube::next_due];
    services.iter().filter_map(|due| due(state, now)).filter(|due| *due > now).min()
}

/// Moves the clock to the next event, but not past `target`; true when `target` is reached.
pub(crate) fn step(state: &mut State, target: Timestamp) -> bool {
    let now = state.now();
    let next = next_due(state, now).map_or(target, |due| due.min(target));
    state.clock.advance(since(now, next));
    settle(state);
    state.now() >= target
}

/// The instant `by` after now.
pub(crate) fn target(state: &State, by: Duration) -> Timestamp {
    later(state.now(), by)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::cloud::testing::TestCloud;

    #[test]
    fn time_passes_event_by_event_and_never_beyond_its_target() {
        let cloud = TestCloud::new();
        for name in ["a", "b"] {
            cloud.group(name);
            cloud.arm("DELETE", &format!("{}/resourcegroups/{name}?api-version=2024-11-01", cloud.subscription()), Value::Null);
            cloud.advance(5);
        }
        let mut state = cloud.shared.state();
        let (start, far) = (state.now(), target(&state, Duration::from_secs(3600)));
        assert!(!step(&mut state, far));
        assert_eq!((since(start, state.now()).as_secs(), state.arm.group("a").is_some(), state.arm.group("b").is_some()), (5, false, true));
        assert!(!step(&mut state, far));
        assert_eq!((since(start, state.now()).as_secs(), state.arm.group("b").is_some()), (10, false));
        assert!(step(&mut state, far));
        assert_eq!(state.now(), far);
    }
}
