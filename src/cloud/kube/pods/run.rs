//! What runs on the nodes of a cluster: a record for each pod and each of its containers. No rules.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::objects::Key;
use super::lifecycle::Stage;
use crate::cloud::observation::Observation;

/// The nodes' side of a cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kubelet {
    /// By the pod's uid.
    pub(crate) runs: BTreeMap<String, PodRun>,
    /// Node and image that was pulled there.
    pub(crate) images: BTreeSet<(String, String)>,
    /// Pod addresses given out so far, by node.
    pub(crate) addresses: BTreeMap<String, u64>,
}

/// One pod, from its creation to its deletion.
#[derive(Debug, Clone)]
pub(crate) struct PodRun {
    pub(crate) key: Key,
    pub(crate) admission: Admission,
    /// Why no node takes it; empty when one has, or before it was tried.
    pub(crate) unschedulable: String,
    pub(crate) scheduled: Option<Timestamp>,
    /// When its volumes are tried next, and how often that failed.
    pub(crate) mount_due: Option<Timestamp>,
    pub(crate) mount_failures: u32,
    /// When its sandbox is there.
    pub(crate) sandbox_due: Option<Timestamp>,
    pub(crate) sandbox: Option<Timestamp>,
    pub(crate) address: String,
    /// Init containers first, each group in the order of the spec.
    pub(crate) containers: Vec<ContainerRun>,
    /// What explains how its programs fared, told to whoever looks at it.
    pub(crate) explanations: Vec<Observation>,
}

/// What the webhook found when the pod was created; later changes of labels do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Admission {
    /// The value of the label, if there was one.
    pub(crate) label: Option<String>,
    /// Whether workload identity was on.
    pub(crate) workload_identity: bool,
}

/// One container.
#[derive(Debug, Clone)]
pub(crate) struct ContainerRun {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) kind: ContainerKind,
    pub(crate) stage: Stage,
    pub(crate) since: Timestamp,
    /// What comes next by itself, and when.
    pub(crate) next: Option<(Timestamp, Stage)>,
    /// Why it waits, when the stage alone does not say: reason and message.
    pub(crate) waiting: (String, String),
    pub(crate) restarts: u64,
    pub(crate) exits: u32,
    pub(crate) pull_failures: u32,
    /// How long the pull took, in seconds, until `Pulled` was told.
    pub(crate) pulled_in: Option<u64>,
    pub(crate) id: String,
    pub(crate) started: Option<Timestamp>,
    pub(crate) ready_from: Option<Timestamp>,
    pub(crate) ended: Option<Ended>,
    pub(crate) last: Option<Ended>,
    pub(crate) program: ProgramTurn,
    /// What its program keeps in memory.
    pub(crate) session: Option<Session>,
}

/// What a container is to its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContainerKind {
    /// Must end well before the next one begins.
    Init,
    /// An init container that goes on running (`restartPolicy: Always`).
    Sidecar,
    Main,
}

/// How a run of a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) started: Timestamp,
    pub(crate) finished: Timestamp,
    pub(crate) id: String,
}

/// When a program acts next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgramTurn {
    /// Not at all: it has none, or it is not running.
    None,
    /// At that instant.
    At(Timestamp),
    /// It is acting now, outside the lock.
    Acting(Timestamp),
}

/// An access token that a program got and keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) access_token: String,
    pub(crate) expires: Timestamp,
}

impl PodRun {
    /// Every instant at which something happens to it, its programs included; some may be over.
    pub(crate) fn dues(&self) -> impl Iterator<Item = Timestamp> {
        let containers = self.containers.iter().flat_map(|container| {
            let program = match container.program {
                ProgramTurn::At(at) => Some(at),
                ProgramTurn::None | ProgramTurn::Acting(_) => None,
            };
            [container.next.map(|(at, _)| at), container.ready_from, program]
        });
        [self.mount_due, self.sandbox_due].into_iter().chain(containers).flatten()
    }

    pub(crate) fn container_mut(&mut self, name: &str) -> Option<&mut ContainerRun> {
        self.containers.iter_mut().find(|container| container.name == name)
    }
}
