//! The life of one container: image, start, end, and another try. What follows a stage is in the table of transitions.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::super::super::objects::{name_of, namespace_of, text, uid_of};
use super::super::super::pods::environment;
use super::super::super::pods::events::Event;
use super::super::super::pods::images::{self, Behaviour, Image};
use super::super::super::pods::lifecycle::{self, Case, Stage};
use super::super::super::pods::run::{ContainerKind, Ended, ProgramTurn};
use super::Worker;
use crate::cloud::clock::{later, since};

impl Worker<'_> {
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

    /// Why an image cannot be had.
    fn pull_failure(&self, image: &str) -> Option<String> {
        let image = Image::parse(image).ok()?;
        image.failure().or_else(|| self.cluster.registries.failure(&image))
    }

    /// Gets the image.
    pub(super) fn begin(&mut self, index: usize, at: Timestamp) {
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
    pub(super) fn enter(&mut self, index: usize, stage: Stage, at: Timestamp) {
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
        let is_available = self.pull_failure(&image).is_none();
        self.tell_of(index, Event::normal("Pulling", format!("Pulling image \"{image}\"")), at);
        let case = if is_available { Case::Available } else { Case::Unavailable };
        self.stay(index, Stage::Pulling, case, at);
    }

    fn fail_pull(&mut self, index: usize, at: Timestamp) {
        let why = self.pull_failure(&self.run.containers[index].image).unwrap_or_default();
        let container = &mut self.run.containers[index];
        container.pull_failures += 1;
        container.pulled_in = None;
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
    pub(super) fn mark_started(&mut self, index: usize, at: Timestamp) {
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
    pub(super) fn end(&mut self, index: usize, code: i32, at: Timestamp) {
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

    pub(super) fn exit(&mut self, index: usize, code: i32, at: Timestamp) {
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
    pub(super) fn restart(&mut self, index: usize, at: Timestamp) {
        let container = &mut self.run.containers[index];
        container.stage = Stage::Waiting;
        container.next = None;
        self.begin(index, at);
    }
}

/// When a container that started counts as ready, if not at once. Assumed: probes succeed at their first try.
fn ready_after(spec: &Value) -> Option<Duration> {
    let delay = |probe: &str| spec[probe].is_object().then(|| spec[probe]["initialDelaySeconds"].as_u64().unwrap_or(0) + 1);
    let delays = [delay("startupProbe"), delay("readinessProbe")];
    let longest = delays.into_iter().flatten().max()?;
    Some(Duration::from_secs(longest))
}
