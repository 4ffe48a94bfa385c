//! How long things take, as transition tables `(from, after, to)`, and what the passing of time does by itself.

use std::time::Duration;

use jiff::Timestamp;

use super::model::{Model, Purge, Secret, Vault};
use crate::cloud::clock::{later, since};
use crate::cloud::state::State;

/// One line of a lifecycle: `from` becomes `to` when it has lasted `after`.
struct Transition {
    from: &'static str,
    after: Duration,
    to: &'static str,
}

/// A new vault. Recorded: `RegisteringDns` in the first answer, `Succeeded` at the poll 30 s later. Assumed: 15 s.
const VAULT: [Transition; 1] = [Transition { from: "RegisteringDns", after: Duration::from_secs(15), to: "Succeeded" }];

/// The purge of a vault. Recorded: created 09:00:41, last action 09:00:56.
const PURGE: [Transition; 1] = [Transition { from: "NotStarted", after: Duration::from_secs(15), to: "Succeeded" }];

/// A deleted secret. Recorded: it becomes visible some seconds after the deletion. Assumed: 5 s.
const DELETED_SECRET: [Transition; 1] = [Transition { from: "deleting", after: Duration::from_secs(5), to: "deleted" }];

/// A recovered secret. Public reports: writing at once is refused with `ObjectIsBeingRecovered`. Assumed: 5 s.
const RECOVERED_SECRET: [Transition; 1] = [Transition { from: "recovering", after: Duration::from_secs(5), to: "recovered" }];

/// Where something is in its lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    /// The state's name.
    pub(crate) state: &'static str,
    /// When the last transition happens; none when nothing is left to happen.
    pub(crate) until: Option<Timestamp>,
}

impl Phase {
    /// Whether nothing is left to happen.
    pub(crate) fn is_final(&self) -> bool {
        self.until.is_none()
    }
}

fn phase(table: &[Transition], started: Timestamp, now: Timestamp) -> Phase {
    let age = since(started, now);
    let mut reached = Duration::ZERO;
    let end: Duration = table.iter().map(|transition| transition.after).sum();
    for transition in table {
        reached += transition.after;
        if age < reached {
            return Phase { state: transition.from, until: Some(later(started, end)) };
        }
    }
    Phase { state: table.last().map_or("", |transition| transition.to), until: None }
}

/// The provisioning state of a vault.
pub(crate) fn of_vault(vault: &Vault, now: Timestamp) -> Phase {
    phase(&VAULT, vault.stamp.created, now)
}

/// The state of a vault's purge.
pub(crate) fn of_purge(purge: &Purge, now: Timestamp) -> Phase {
    phase(&PURGE, purge.started, now)
}

/// When a purge that starts now is over.
pub(crate) fn purge_end(started: Timestamp) -> Timestamp {
    phase(&PURGE, started, started).until.unwrap_or(started)
}

/// Whether a deleted secret can be seen yet.
pub(crate) fn of_deleted_secret(deleted: Timestamp, now: Timestamp) -> Phase {
    phase(&DELETED_SECRET, deleted, now)
}

/// Whether a secret is back after its recovery.
pub(crate) fn of_secret(secret: &Secret, now: Timestamp) -> Phase {
    secret.recovered.map_or(Phase { state: "recovered", until: None }, |recovered| phase(&RECOVERED_SECRET, recovered, now))
}

/// Drops what has been purged by somebody or by the end of its retention. Returns whether anything changed.
pub(crate) fn settle(state: &mut State, now: Timestamp) -> bool {
    sweep(&mut state.keyvault, now)
}

fn sweep(model: &mut Model, now: Timestamp) -> bool {
    let before = model.deleted.len();
    model.deleted.retain(|deleted| now < deleted.purged && deleted.purging.is_none_or(|end| now < end));
    let mut changed = model.deleted.len() != before;
    for vault in &mut model.vaults {
        let before = vault.deleted_secrets.len();
        vault.deleted_secrets.retain(|deleted| now < deleted.purged);
        changed |= vault.deleted_secrets.len() != before;
    }
    changed
}

/// When the next purge ends.
pub(crate) fn next_due(state: &State, now: Timestamp) -> Option<Timestamp> {
    let vaults = state.keyvault.deleted.iter().map(|deleted| deleted.purging.unwrap_or(deleted.purged));
    let secrets = state.keyvault.vaults.iter().flat_map(|vault| &vault.deleted_secrets).map(|deleted| deleted.purged);
    vaults.chain(secrets).filter(|due| *due > now).min()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Phase, Transition, phase};

    #[test]
    fn a_phase_lasts_as_long_as_the_table_says_and_tells_when_the_last_one_begins() {
        let table = [
            Transition { from: "a", after: Duration::from_secs(2), to: "b" },
            Transition { from: "b", after: Duration::from_secs(3), to: "c" },
        ];
        let at = |second: i64| jiff::Timestamp::from_second(second).unwrap();
        assert_eq!(phase(&table, at(10), at(10)), Phase { state: "a", until: Some(at(15)) });
        assert_eq!(phase(&table, at(10), at(12)), Phase { state: "b", until: Some(at(15)) });
        assert_eq!(phase(&table, at(10), at(15)), Phase { state: "c", until: None });
    }
}
