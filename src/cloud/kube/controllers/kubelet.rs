//! Brings pods to life: a node, volumes, a sandbox, and each container through its table of transitions. Every step happens at its own
//! instant, also when nobody asked for a while.
//!
//! Event texts: kubernetes `pkg/kubelet/{events,images,kuberuntime,volumemanager}`.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::model::{Cluster, LogLine};
use super::super::objects::{Key, text, uid_of};
use super::super::pods::events::{self, Event};
use super::super::pods::lifecycle::{self, Stage};
use super::super::pods::run::{Admission, ContainerKind, ContainerRun, PodRun, ProgramTurn, Session};
use super::super::pods::{status, volumes};
use super::super::resources::{self, Resource};
use super::super::webhook;
use super::scheduler;

use crate::cloud::clock::later;
use crate::cloud::observation::Observation;

mod container;

/// Transitions of one pod within one call, after which it is left for the next.
const TRANSITIONS_MAX: usize = 10_000;

/// Waits between attempts to mount a volume end here: kubernetes `pkg/util/goroutinemap/exponentialbackoff`.
const MOUNT_RETRY_SECONDS_MAX: u64 = 122;

/// What a program did with its turn.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) lines: Vec<String>,
    /// Its exit status, when it ended.
    pub(crate) exit: Option<i32>,
    /// When it acts again, when it did not.
    pub(crate) again: Duration,
    pub(crate) session: Option<Session>,
    pub(crate) explanations: Vec<Observation>,
}

fn pods() -> &'static Resource {
    resources::find("", "v1", "pods").expect("pods are in the table")
}

/// Lets every pod do what is due; true when that changed an object.
pub(crate) fn settle(cluster: &mut Cluster, now: Timestamp) -> bool {
    let before = cluster.store.revision();
    collect_garbage(cluster, now);
    let keys: Vec<Key> = cluster.store.list(pods(), None).map(|(key, _)| key.clone()).collect();
    for key in keys {
        settle_pod(cluster, &key, now);
    }
    cluster.store.revision() != before
}

/// Writes down what the program of a container did, if the container is still there and waits for it.
pub(crate) fn finish(cluster: &mut Cluster, uid: &str, container: &str, finding: Finding) {
    let Some(run) = cluster.kubelet.runs.get_mut(uid) else { return };
    let key = run.key.clone();
    let Some(index) = run.containers.iter().position(|known| known.name == container) else { return };
    let one = &mut run.containers[index];
    let ProgramTurn::Acting(at) = one.program else { return };
    one.program = ProgramTurn::None;
    // A program that goes on with what it has keeps what explains how it got it.
    if one.stage == Stage::Starting || !finding.explanations.is_empty() && finding.exit.is_some() {
        run.explanations = finding.explanations;
    }
    let Some(pod) = cluster.store.get(&key).cloned() else { return };
    let Some(run) = cluster.kubelet.runs.remove(uid) else { return };
    let mut worker = Worker { cluster, pod: &pod, run };
    if worker.run.containers[index].stage == Stage::Starting {
        worker.mark_started(index, at);
    }
    let restarts = worker.run.containers[index].restarts;
    worker.cluster.logs.forget_before(uid, container, restarts.saturating_sub(1));
    for line in finding.lines {
        worker.cluster.logs.append(uid, container, restarts, LogLine { at, text: line });
    }
    match finding.exit {
        Some(code) => worker.exit(index, code, at),
        None => {
            let one = &mut worker.run.containers[index];
            if one.stage == Stage::Starting {
                one.stage = Stage::Running;
                one.since = at;
            }
            one.session = finding.session;
            one.program = ProgramTurn::At(later(at, finding.again));
            worker.begin_whose_turn_it_is(at);
        }
    }
    let run = worker.run;
    cluster.kubelet.runs.insert(uid.to_owned(), run);
}

/// Forgets deleted pods, and deletes those whose node is gone (kubernetes `pkg/controller/podgc`).
fn collect_garbage(cluster: &mut Cluster, now: Timestamp) {
    let nodes = resources::find("", "v1", "nodes").expect("nodes are in the table");
    let stranded: Vec<Key> = cluster
        .store
        .list(pods(), None)
        .filter(|(_, pod)| {
            let node = text(pod, "/spec/nodeName");
            !node.is_empty() && cluster.store.find(nodes, "", node).is_none()
        })
        .map(|(key, _)| key.clone())
        .collect();
    for key in stranded {
        if let Some(last) = cluster.store.delete(&key) {
            cluster.logs.forget(uid_of(&last));
        }
    }
    let gone: Vec<String> = cluster
        .kubelet
        .runs
        .iter()
        .filter(|(uid, run)| cluster.store.get(&run.key).is_none_or(|pod| uid_of(pod) != uid.as_str()))
        .map(|(uid, _)| uid.clone())
        .collect();
    for uid in gone {
        let Some(run) = cluster.kubelet.runs.remove(&uid) else { continue };
        let namespaces = resources::find("", "v1", "namespaces").expect("namespaces are in the table");
        if cluster.store.find(namespaces, "", &run.key.namespace).is_none() {
            continue;
        }
        let last = json!({"metadata": {"name": run.key.name, "namespace": run.key.namespace, "uid": uid}});
        for container in run.containers.iter().filter(|container| container.stage == Stage::Running) {
            let event = Event::normal("Killing", format!("Stopping container {}", container.name));
            events::record(cluster, &last, &event.about(list_of(container.kind), &container.name), now);
        }
    }
}

fn settle_pod(cluster: &mut Cluster, key: &Key, now: Timestamp) {
    let Some(pod) = cluster.store.get(key).cloned() else { return };
    let uid = uid_of(&pod).to_owned();
    let run = cluster.kubelet.runs.remove(&uid).unwrap_or_else(|| new_run(cluster, key, &pod, now));
    let mut worker = Worker { cluster, pod: &pod, run };
    let placed = worker.schedule(now);
    let run = worker.run;
    let pod = cluster.store.get(key).cloned().unwrap_or(pod);
    let mut worker = Worker { cluster, pod: &pod, run };
    if placed {
        worker.follow_images(now);
        worker.advance(now);
    }
    let run = worker.run;
    write_status(cluster, key, &pod, &run, now);
    cluster.kubelet.runs.insert(uid, run);
}

fn write_status(cluster: &mut Cluster, key: &Key, pod: &Value, run: &PodRun, now: Timestamp) {
    let host = host_address(cluster, text(pod, "/spec/nodeName"));
    let mut changed = (*pod).clone();
    changed["status"] = status::of(pod, run, &host, now);
    cluster.store.update(pods(), key, changed);
}

fn host_address(cluster: &Cluster, node: &str) -> String {
    let nodes = resources::find("", "v1", "nodes").expect("nodes are in the table");
    let found = cluster.store.find(nodes, "", node);
    found.map(|node| text(node, "/status/addresses/0/address").to_owned()).unwrap_or_default()
}

fn new_run(cluster: &Cluster, key: &Key, pod: &Value, now: Timestamp) -> PodRun {
    let of = |list: &str, kind: fn(&Value) -> ContainerKind| -> Vec<ContainerRun> {
        pod["spec"][list].as_array().into_iter().flatten().map(|spec| new_container(spec, kind(spec), now)).collect()
    };
    let mut containers =
        of("initContainers", |spec| if spec["restartPolicy"] == "Always" { ContainerKind::Sidecar } else { ContainerKind::Init });
    containers.extend(of("containers", |_| ContainerKind::Main));
    PodRun {
        key: key.clone(),
        admission: Admission {
            label: pod["metadata"]["labels"][webhook::LABEL].as_str().map(str::to_owned),
            workload_identity: cluster.settings.workload_identity,
        },
        unschedulable: String::new(),
        scheduled: None,
        mount_due: None,
        mount_failures: 0,
        sandbox_due: None,
        sandbox: None,
        address: String::new(),
        containers,
        explanations: Vec::new(),
    }
}

fn new_container(spec: &Value, kind: ContainerKind, now: Timestamp) -> ContainerRun {
    ContainerRun {
        name: text(spec, "/name").to_owned(),
        image: text(spec, "/image").to_owned(),
        kind,
        stage: Stage::Waiting,
        since: now,
        next: None,
        waiting: (String::new(), String::new()),
        restarts: 0,
        exits: 0,
        pull_failures: 0,
        pulled_in: None,
        id: String::new(),
        started: None,
        ready_from: None,
        ended: None,
        last: None,
        program: ProgramTurn::None,
        session: None,
    }
}

fn list_of(kind: ContainerKind) -> &'static str {
    if kind == ContainerKind::Main { "containers" } else { "initContainers" }
}

/// One pod while it is worked on.
struct Worker<'a> {
    cluster: &'a mut Cluster,
    pod: &'a Value,
    run: PodRun,
}

impl<'a> Worker<'a> {
    fn tell(&mut self, event: &Event, at: Timestamp) {
        events::record(self.cluster, self.pod, event, at);
    }

    fn tell_of(&mut self, index: usize, event: Event, at: Timestamp) {
        let container = &self.run.containers[index];
        let event = event.about(list_of(container.kind), &container.name);
        self.tell(&event, at);
    }

    fn spec(&self, index: usize) -> &'a Value {
        let container = &self.run.containers[index];
        let list = self.pod["spec"][list_of(container.kind)].as_array();
        list.into_iter().flatten().find(|spec| spec["name"] == container.name.as_str()).unwrap_or(&Value::Null)
    }

    /// Finds a node, unless the pod has one; false as long as there is none.
    fn schedule(&mut self, now: Timestamp) -> bool {
        if self.run.scheduled.is_some() {
            return true;
        }
        if !text(self.pod, "/spec/nodeName").is_empty() {
            self.run.scheduled = Some(now);
            self.run.mount_due = Some(now);
            return true;
        }
        if text(self.pod, "/spec/schedulerName") != "default-scheduler" {
            return false;
        }
        match scheduler::choose(self.cluster, self.pod) {
            Ok(node) => {
                let mut bound = self.pod.clone();
                bound["spec"]["nodeName"] = json!(node);
                self.cluster.store.bind(pods(), &self.run.key, bound);
                let event = Event::normal("Scheduled", scheduler::assigned(self.pod, &node));
                self.tell(&event, now);
                self.run.unschedulable.clear();
                self.run.scheduled = Some(now);
                self.run.mount_due = Some(now);
                true
            }
            Err(message) => {
                if self.run.unschedulable != message {
                    self.tell(&Event::warning("FailedScheduling", message.clone()), now);
                    self.run.unschedulable = message;
                }
                false
            }
        }
    }

    /// A container whose image was changed is started again with the new one.
    fn follow_images(&mut self, now: Timestamp) {
        for index in 0..self.run.containers.len() {
            let image = text(self.spec(index), "/image").to_owned();
            if image.is_empty() || image == self.run.containers[index].image {
                continue;
            }
            self.run.containers[index].image = image;
            let container = &self.run.containers[index];
            match container.stage {
                Stage::Waiting | Stage::Ended => continue,
                Stage::Running | Stage::Starting => {
                    let name = container.name.clone();
                    let event = Event::normal("Killing", format!("Container {name} definition changed, will be restarted"));
                    self.tell_of(index, event, now);
                    self.end(index, 143, now);
                }
                _ => {}
            }
            self.restart(index, now);
        }
    }

    /// Does everything that is due until `now`, in order.
    fn advance(&mut self, now: Timestamp) {
        for _ in 0..TRANSITIONS_MAX {
            let containers = self.run.containers.iter().enumerate();
            let next =
                containers.filter_map(|(index, container)| container.next.map(|(at, stage)| (at, index, stage))).min_by_key(|due| due.0);
            let own = [self.run.mount_due, self.run.sandbox_due].into_iter().flatten().min();
            match (own, next) {
                (Some(at), next) if at <= now && next.is_none_or(|(other, ..)| at <= other) => self.prepare(at),
                (_, Some((at, index, stage))) if at <= now => {
                    self.run.containers[index].next = None;
                    self.enter(index, stage, at);
                    self.begin_whose_turn_it_is(at);
                }
                _ => return,
            }
        }
    }

    /// Volumes, then the sandbox.
    fn prepare(&mut self, at: Timestamp) {
        if self.run.mount_due.take().is_some() {
            if let Some(message) = volumes::failure(self.cluster, self.pod) {
                self.tell(&Event::warning("FailedMount", message), at);
                let wait =
                    1_u64.checked_shl(self.run.mount_failures).map_or(MOUNT_RETRY_SECONDS_MAX, |wait| wait.min(MOUNT_RETRY_SECONDS_MAX));
                self.run.mount_failures += 1;
                self.run.mount_due = Some(later(at, Duration::from_secs(wait)));
                return;
            }
            self.run.sandbox_due = Some(later(at, Duration::from_secs(lifecycle::SANDBOX_SECONDS)));
            return;
        }
        self.run.sandbox_due = None;
        self.run.sandbox = Some(at);
        self.run.address = self.draw_address();
        self.begin_whose_turn_it_is(at);
    }

    fn draw_address(&mut self) -> String {
        let node = text(self.pod, "/spec/nodeName").to_owned();
        let nodes = resources::find("", "v1", "nodes").expect("nodes are in the table");
        let range = self.cluster.store.find(nodes, "", &node).map(|node| text(node, "/spec/podCIDR").to_owned()).unwrap_or_default();
        let given = self.cluster.kubelet.addresses.entry(node).or_insert(0);
        *given += 1;
        // The first addresses of a node's range belong to the pods of the system.
        let last = 10 + (*given - 1) % 240;
        let base = range.rsplit_once('.').map_or("10.244.0", |(base, _)| base);
        format!("{base}.{last}")
    }

    fn begin_whose_turn_it_is(&mut self, at: Timestamp) {
        if self.run.sandbox.is_none() {
            return;
        }
        for index in 0..self.run.containers.len() {
            let container = &self.run.containers[index];
            let blocking = self.run.containers[..index].iter().any(|earlier| !status::is_initialized(earlier));
            if blocking {
                return;
            }
            if container.stage == Stage::Waiting {
                self.begin(index, at);
            }
        }
    }
}
