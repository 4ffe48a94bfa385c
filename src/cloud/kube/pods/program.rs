//! The programs in pods: which one acts next, from what, and what is written down when it has.
//!
//! Decided under the lock, run without it (a program makes requests itself), committed under the lock again if the pod is still there.

use std::time::Duration;

use jiff::Timestamp;

use super::super::controllers::{self, Finding};
use super::super::objects::text;
use super::environment;
use super::explain;
use super::images;
use super::msal_go::{self, Outcome, Turn};
use super::run::{ContainerKind, ProgramTurn};
use super::volumes;
use crate::cloud::clock::later;
use crate::cloud::exchange::{Commit, Exchange, Program};
use crate::cloud::observation::Observation;
use crate::cloud::state::State;

/// Where a program is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The managed cluster's id.
    pub(crate) cluster: String,
    pub(crate) pod_uid: String,
    pub(crate) container: String,
}

/// The program whose turn it is; it is not returned again.
pub(crate) fn next(state: &mut State, now: Timestamp) -> Option<Program> {
    let (at, place) = due(state, now)?;
    let cluster = state.kube.get_mut(&place.cluster)?;
    let run = cluster.kubelet.runs.get_mut(&place.pod_uid)?;
    let (key, mounted) = (run.key.clone(), run.sandbox.unwrap_or(at));
    let container = run.container_mut(&place.container)?;
    container.program = ProgramTurn::Acting(at);
    let (session, kind) = (container.session.clone(), container.kind);
    let pod = cluster.store.get(&key)?.clone();
    let list = if kind == ContainerKind::Main { "containers" } else { "initContainers" };
    let spec = pod["spec"][list].as_array()?.iter().find(|spec| text(spec, "/name") == place.container)?;
    let environment = environment::resolve(cluster, &pod, spec).unwrap_or_default();
    let path = environment.get("AZURE_FEDERATED_TOKEN_FILE").cloned().unwrap_or_default();
    let token = volumes::token_at(cluster, &pod, spec, &path, mounted, now);
    if let Some(token) = &token {
        state.remember_secret(token);
    }
    let turn = Turn { environment, token, session, at: later(at, fraction(&place, at)) };
    Some(Box::new(move |exchange: &dyn Exchange| -> Commit {
        let outcome = msal_go::act(&turn, exchange);
        Box::new(move |state: &mut State, _now| commit(state, &place, &turn, outcome))
    }))
}

fn due(state: &State, now: Timestamp) -> Option<(Timestamp, Place)> {
    let all = state.kube.clusters().flat_map(|cluster| {
        cluster.kubelet.runs.iter().flat_map(move |(uid, run)| {
            run.containers.iter().filter_map(move |container| {
                let ProgramTurn::At(at) = container.program else { return None };
                let place =
                    Place { cluster: cluster.settings.resource_id.clone(), pod_uid: uid.clone(), container: container.name.clone() };
                (at <= now).then_some((at, place))
            })
        })
    });
    all.min_by_key(|(at, _)| *at)
}

/// The part of the second at which a program writes: it derives from who it is and when, so that two runs say the same.
fn fraction(place: &Place, at: Timestamp) -> Duration {
    let digest = images::sha256(&format!("{} {} {at}", place.pod_uid, place.container));
    let number = u64::from_str_radix(&digest[..8], 16).unwrap_or_default();
    Duration::from_micros(number % 1_000_000)
}

fn commit(state: &mut State, place: &Place, turn: &Turn, outcome: Outcome) {
    let explanations = explain::of(state, place, turn, &outcome);
    let Some(cluster) = state.kube.get_mut(&place.cluster) else { return };
    let Some(run) = cluster.kubelet.runs.get(&place.pod_uid) else { return };
    // Luck is told to whoever reads the log that it made, and what was told before to whoever looks at the pod again.
    let is_new = |explanation: &&Observation| !matches!(explanation, Observation::Luck { .. }) && !run.explanations.contains(explanation);
    let news: Vec<Observation> = explanations.iter().filter(is_new).cloned().collect();
    let finding = Finding { lines: outcome.lines, exit: outcome.exit, again: outcome.again, session: outcome.session, explanations };
    controllers::finish(cluster, &place.pod_uid, &place.container, finding);
    news.into_iter().for_each(|explanation| state.observe(explanation));
}
