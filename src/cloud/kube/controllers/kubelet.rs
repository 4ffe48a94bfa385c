//! Brings pods to life: a node, volumes, a sandbox, and each container through its table of transitions. Every step happens at its own
//! instant, also when nobody asked for a while.
//!
//! Event texts: kubernetes `pkg/kubelet/{events,images,kuberuntime,volumemanager}`.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::model::{Cluster, LogLine};
use super::super::objects::{Key, name_of, namespace_of, text, uid_of};
use super::super::pods::environment;
use super::super::pods::events::{self, Event};
use super::super::pods::images::{self, Behaviour, Image};
use super::super::pods::lifecycle::{self, Case, Stage};
use super::super::pods::run::{Admission, ContainerKind, ContainerRun, Ended, PodRun, ProgramTurn, Session};
use super::super::pods::{status, volumes};
use super::super::resources::{self, Resource};
use super::super::webhook;
use super::scheduler;
use crate::cloud::clock::{later, since};
use crate::cloud::observation::Observation;

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

    fn refuse(&mut self, index: usize, reason: &str, message: String, at: Timestamp) {
        self.run.containers[index].waiting = (reason.to_owned(), message);
        self.tell_of(index, Event::warning("Failed", format!("Error: {reason}")), at);
        self.stay(index, Stage::Refused, Case::Always, at);
    }

    /// Sets the stage and what follows it.
    fn stay(&mut self, index: usize, stage: Stage, case: Case, at: Timestamp) {
        let node = text(self.pod, "/spec/nodeName").to_owned();
        let image = self.full_image(index);
        let is_there = self.cluster.kubelet.images.contains(&(node, image));
        let pull = if is_there { lifecycle::PULL_AGAIN_SECONDS } else { lifecycle::PULL_SECONDS };
        let container = &mut self.run.containers[index];
        let failures = if stage == Stage::PullBackOff { container.pull_failures } else { container.exits.saturating_sub(1) };
        container.stage = stage;
        container.since = at;
        container.next = lifecycle::next(stage, case, failures, pull).map(|(after, next)| (later(at, after), next));
        if stage == Stage::Pulling {
            container.pulled_in = Some(pull);
        }
    }

    fn full_image(&self, index: usize) -> String {
        Image::parse(&self.run.containers[index].image).map(|image| image.full()).unwrap_or_default()
    }

    /// Gets the image.
    fn begin(&mut self, index: usize, at: Timestamp) {
        let image = self.run.containers[index].image.clone();
        if let Err(why) = Image::parse(&image) {
            let message = format!("Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": {why}");
            self.tell_of(index, Event::warning("InspectFailed", message.clone()), at);
            return self.refuse(index, "InvalidImageName", message, at);
        }
        let node = text(self.pod, "/spec/nodeName").to_owned();
        let is_there = self.cluster.kubelet.images.contains(&(node, self.full_image(index)));
        match (text(self.spec(index), "/imagePullPolicy"), is_there) {
            ("Never", false) => {
                let message = format!("Container image \"{image}\" is not present with pull policy of Never");
                self.tell_of(index, Event::warning("ErrImageNeverPull", message.clone()), at);
                self.refuse(index, "ErrImageNeverPull", message, at);
            }
            ("Never" | "IfNotPresent", true) => {
                self.tell_of(index, Event::normal("Pulled", format!("Container image \"{image}\" already present on machine")), at);
                self.enter(index, Stage::Creating, at);
            }
            _ => self.enter(index, Stage::Pulling, at),
        }
    }

    /// What happens on the way into a stage.
    fn enter(&mut self, index: usize, stage: Stage, at: Timestamp) {
        match stage {
            Stage::Pulling => self.pull(index, at),
            Stage::PullFailed => self.fail_pull(index, at),
            Stage::PullBackOff => {
                let container = &mut self.run.containers[index];
                let image = container.image.clone();
                container.waiting.0 = "ImagePullBackOff".to_owned();
                container.waiting.1 = format!("Back-off pulling image \"{image}\": ErrImagePull: {}", container.waiting.1);
                self.tell_of(index, Event::normal("BackOff", format!("Back-off pulling image \"{image}\"")), at);
                self.tell_of(index, Event::warning("Failed", "Error: ImagePullBackOff"), at);
                self.stay(index, stage, Case::Always, at);
            }
            Stage::Creating => self.create(index, at),
            Stage::Starting => self.start(index, at),
            Stage::Exited => self.exit(index, 0, at),
            Stage::CrashLoopBackOff => self.back_off(index, at),
            Stage::Waiting => self.restart(index, at),
            Stage::Refused | Stage::Running | Stage::Ended => self.stay(index, stage, Case::Always, at),
        }
    }

    fn pull(&mut self, index: usize, at: Timestamp) {
        let image = self.run.containers[index].image.clone();
        let is_available = pull_failure(&image).is_none();
        self.tell_of(index, Event::normal("Pulling", format!("Pulling image \"{image}\"")), at);
        let case = if is_available { Case::Available } else { Case::Unavailable };
        self.stay(index, Stage::Pulling, case, at);
    }

    fn fail_pull(&mut self, index: usize, at: Timestamp) {
        let container = &mut self.run.containers[index];
        container.pull_failures += 1;
        container.pulled_in = None;
        let why = pull_failure(&container.image).unwrap_or_default();
        let message = format!("Failed to pull image \"{}\": {why}", container.image);
        container.waiting = ("ErrImagePull".to_owned(), why);
        self.tell_of(index, Event::warning("Failed", message), at);
        self.tell_of(index, Event::warning("Failed", "Error: ErrImagePull"), at);
        self.stay(index, Stage::PullFailed, Case::Always, at);
    }

    fn create(&mut self, index: usize, at: Timestamp) {
        let full = self.full_image(index);
        let image = self.run.containers[index].image.clone();
        if let Some(seconds) = self.run.containers[index].pulled_in.take() {
            // Assumed: the size; the real one is the registry's to know.
            let size = 10_000_000 + images::sha256(&full).bytes().map(u64::from).sum::<u64>() * 9_973;
            let message =
                format!("Successfully pulled image \"{image}\" in {seconds}s ({seconds}s including waiting). Image size: {size} bytes.");
            self.tell_of(index, Event::normal("Pulled", message), at);
            self.cluster.kubelet.images.insert((text(self.pod, "/spec/nodeName").to_owned(), full));
        }
        if let Err(message) = environment::resolve(self.cluster, self.pod, self.spec(index)) {
            self.tell_of(index, Event::warning("Failed", format!("Error: {message}")), at);
            self.run.containers[index].waiting = ("CreateContainerConfigError".to_owned(), message);
            return self.stay(index, Stage::Refused, Case::Always, at);
        }
        let name = self.run.containers[index].name.clone();
        // Assumed: the colon came with 1.32.
        let colon = if self.cluster.minor() >= 32 { ":" } else { "" };
        self.tell_of(index, Event::normal("Created", format!("Created container{colon} {name}")), at);
        self.stay(index, Stage::Creating, Case::Always, at);
    }

    fn start(&mut self, index: usize, at: Timestamp) {
        let name = self.run.containers[index].name.clone();
        self.tell_of(index, Event::normal("Started", format!("Started container {name}")), at);
        let behaviour = images::behaviour(self.spec(index), self.run.containers[index].kind == ContainerKind::Init);
        if behaviour == Behaviour::MsalGo {
            // Until the program has acted, nobody sees a difference.
            let container = &mut self.run.containers[index];
            container.stage = Stage::Starting;
            container.program = ProgramTurn::At(at);
            return;
        }
        self.mark_started(index, at);
        let container = &mut self.run.containers[index];
        match behaviour {
            Behaviour::Exits(after) if after.is_zero() => self.exit(index, 0, at),
            Behaviour::Exits(after) => {
                container.stage = Stage::Running;
                container.next = Some((later(at, after), Stage::Exited));
            }
            Behaviour::Runs | Behaviour::MsalGo => container.stage = Stage::Running,
        }
    }

    /// A new run of a container: its own identity, and the run before becomes the last one.
    fn mark_started(&mut self, index: usize, at: Timestamp) {
        let drawn = self.cluster.store.draw("container").simple().to_string();
        let ready_after = ready_after(self.spec(index));
        let container = &mut self.run.containers[index];
        if let Some(ended) = container.ended.take() {
            container.last = Some(ended);
        }
        if container.last.is_some() {
            container.restarts += 1;
        }
        container.id = format!("containerd://{}", images::sha256(&drawn));
        container.waiting = (String::new(), String::new());
        container.started = Some(at);
        container.since = at;
        container.session = None;
        container.ready_from = ready_after.map(|after| later(at, after));
    }

    /// Ends the present run of a container.
    fn end(&mut self, index: usize, code: i32, at: Timestamp) {
        let container = &mut self.run.containers[index];
        let started = container.started.take().unwrap_or(at);
        let is_forgiven = since(started, at).as_secs() >= lifecycle::FORGIVEN_AFTER_SECONDS;
        container.exits = if is_forgiven { 1 } else { container.exits + 1 };
        container.ended = Some(Ended { code, started, finished: at, id: container.id.clone() });
        container.ready_from = None;
        container.next = None;
        container.program = ProgramTurn::None;
        container.session = None;
    }

    fn exit(&mut self, index: usize, code: i32, at: Timestamp) {
        self.end(index, code, at);
        let container = &self.run.containers[index];
        let restarts = match (container.kind, text(self.pod, "/spec/restartPolicy")) {
            (ContainerKind::Sidecar, _) => true,
            (ContainerKind::Init, "Never") => false,
            (ContainerKind::Init, _) => code != 0,
            (ContainerKind::Main, "Never") => false,
            (ContainerKind::Main, "OnFailure") => code != 0,
            (ContainerKind::Main, _) => true,
        };
        let case = match (restarts, container.exits) {
            (false, _) => Case::NoRestart,
            (true, ..=1) => Case::FirstRestart,
            (true, _) => Case::LaterRestart,
        };
        self.stay(index, Stage::Exited, case, at);
    }

    fn back_off(&mut self, index: usize, at: Timestamp) {
        let (pod, namespace, uid) = (name_of(self.pod), namespace_of(self.pod), uid_of(self.pod));
        let container = &mut self.run.containers[index];
        let name = container.name.clone();
        let wait = lifecycle::back_off(container.exits.saturating_sub(1)).as_secs();
        let wait = if wait < 60 { format!("{wait}s") } else { format!("{}m{}s", wait / 60, wait % 60) };
        let message = format!("back-off {wait} restarting failed container={name} pod={pod}_{namespace}({uid})");
        container.waiting = ("CrashLoopBackOff".to_owned(), message);
        container.last = container.ended.take();
        let message = format!("Back-off restarting failed container {name} in pod {pod}_{namespace}({uid})");
        self.tell_of(index, Event::warning("BackOff", message), at);
        self.stay(index, Stage::CrashLoopBackOff, Case::Always, at);
    }

    /// A container that ran, or could not, gets another try.
    fn restart(&mut self, index: usize, at: Timestamp) {
        let container = &mut self.run.containers[index];
        container.stage = Stage::Waiting;
        container.next = None;
        self.begin(index, at);
    }
}

fn pull_failure(image: &str) -> Option<String> {
    Image::parse(image).ok().and_then(|image| image.failure())
}

/// When a container that started counts as ready, if not at once. Assumed: probes succeed at their first try.
fn ready_after(spec: &Value) -> Option<Duration> {
    let delay = |probe: &str| spec[probe].is_object().then(|| spec[probe]["initialDelaySeconds"].as_u64().unwrap_or(0) + 1);
    let delays = [delay("startupProbe"), delay("readinessProbe")];
    let longest = delays.into_iter().flatten().max()?;
    Some(Duration::from_secs(longest))
}
