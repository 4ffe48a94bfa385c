//! The status of a pod, written from what runs: kubernetes `pkg/kubelet/status/generate.go` and `kubelet_pods.go`, `convertStatusToAPIStatus`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::objects::{rfc3339, text};
use super::images::Image;
use super::lifecycle::Stage;
use super::run::{ContainerKind, ContainerRun, Ended, PodRun};

/// The whole status of a pod on a node with that address, as of `now`.
pub(crate) fn of(pod: &Value, run: &PodRun, host_address: &str, now: Timestamp) -> Value {
    let old = &pod["status"];
    let (inits, mains): (Vec<&ContainerRun>, Vec<&ContainerRun>) =
        run.containers.iter().partition(|container| container.kind != ContainerKind::Main);
    let phase = phase(&inits, &mains);
    let mut status = json!({
        "conditions": conditions(old, run, &inits, &mains, phase, now),
        "phase": phase,
        "qosClass": old["qosClass"],
    });
    let Some(scheduled) = run.scheduled else { return status };
    let statuses = |containers: &[&ContainerRun]| -> Value {
        containers.iter().map(|container| container_status(container, &inits, run.sandbox.is_some(), now)).collect()
    };
    status["containerStatuses"] = statuses(&mains);
    if !inits.is_empty() {
        status["initContainerStatuses"] = statuses(&inits);
    }
    status["hostIP"] = json!(host_address);
    status["hostIPs"] = json!([{ "ip": host_address }]);
    if run.sandbox.is_some() {
        let address = if pod["spec"]["hostNetwork"] == true { host_address } else { &run.address };
        status["podIP"] = json!(address);
        status["podIPs"] = json!([{ "ip": address }]);
    }
    status["startTime"] = json!(rfc3339(scheduled));
    status
}

fn phase(inits: &[&ContainerRun], mains: &[&ContainerRun]) -> &'static str {
    let failed = |container: &&ContainerRun| container.stage == Stage::Ended && container.ended.as_ref().is_some_and(|end| end.code != 0);
    if inits.iter().any(failed) {
        return "Failed";
    }
    if !mains.is_empty() && mains.iter().all(|container| container.stage == Stage::Ended) {
        return if mains.iter().any(failed) { "Failed" } else { "Succeeded" };
    }
    // A container that ran once and comes back keeps the pod `Running`; one that never did keeps it `Pending`.
    let has_begun = |container: &&ContainerRun| container.started.is_some() || container.ended.is_some() || container.last.is_some();
    if !mains.is_empty() && mains.iter().all(has_begun) { "Running" } else { "Pending" }
}

fn conditions(old: &Value, run: &PodRun, inits: &[&ContainerRun], mains: &[&ContainerRun], phase: &str, now: Timestamp) -> Value {
    let names = |containers: Vec<&&ContainerRun>| {
        let names: Vec<&str> = containers.into_iter().map(|container| container.name.as_str()).collect();
        names.join(" ")
    };
    let is_over = matches!(phase, "Succeeded" | "Failed");
    let ready = match phase {
        "Succeeded" => Some(("PodCompleted", String::new())),
        "Failed" => Some(("PodFailed", String::new())),
        _ => {
            let unready = names(mains.iter().filter(|container| !is_ready(container, now)).collect());
            (!unready.is_empty()).then(|| ("ContainersNotReady", format!("containers with unready status: [{unready}]")))
        }
    };
    let uninitialized = names(inits.iter().filter(|container| !is_initialized(container)).collect());
    let initialized =
        (!uninitialized.is_empty()).then(|| ("ContainersNotInitialized", format!("containers with incomplete status: [{uninitialized}]")));
    let scheduled = (!run.unschedulable.is_empty() && run.scheduled.is_none()).then(|| ("Unschedulable", run.unschedulable.clone()));
    let sandbox = (run.sandbox.is_none() || is_over).then_some(("", String::new()));
    let mut wanted = vec![("PodScheduled", scheduled)];
    if run.scheduled.is_some() {
        let mut kubelets = vec![
            ("PodReadyToStartContainers", sandbox),
            ("Initialized", initialized),
            ("Ready", ready.clone()),
            ("ContainersReady", ready),
        ];
        kubelets.append(&mut wanted);
        wanted = kubelets;
    }
    wanted.into_iter().map(|(kind, problem)| condition(old, kind, problem, now)).collect()
}

fn condition(old: &Value, kind: &str, problem: Option<(&str, String)>, now: Timestamp) -> Value {
    let status = if problem.is_none() { "True" } else { "False" };
    let known = old["conditions"].as_array().into_iter().flatten().find(|known| known["type"] == kind && known["status"] == status);
    let since = known.map_or_else(|| rfc3339(now), |known| text(known, "/lastTransitionTime").to_owned());
    let mut condition = json!({"lastProbeTime": null, "lastTransitionTime": since});
    if let Some((reason, message)) = problem.filter(|(reason, _)| !reason.is_empty()) {
        if !message.is_empty() {
            condition["message"] = json!(message);
        }
        condition["reason"] = json!(reason);
    }
    condition["status"] = json!(status);
    condition["type"] = json!(kind);
    condition
}

fn is_ready(container: &ContainerRun, now: Timestamp) -> bool {
    container.stage == Stage::Running && container.ready_from.is_none_or(|from| from <= now)
}

/// Whether the containers after an init container may begin.
pub(crate) fn is_initialized(container: &ContainerRun) -> bool {
    match container.kind {
        ContainerKind::Init => container.stage == Stage::Ended && container.ended.as_ref().is_some_and(|end| end.code == 0),
        ContainerKind::Sidecar => container.started.is_some() || container.last.is_some(),
        ContainerKind::Main => true,
    }
}

fn container_status(container: &ContainerRun, inits: &[&ContainerRun], sandbox: bool, now: Timestamp) -> Value {
    let image = Image::parse(&container.image).ok();
    let has_image = !container.id.is_empty();
    let mut status = json!({});
    if has_image {
        status["containerID"] = json!(container.id);
    }
    status["image"] = json!(image.as_ref().filter(|_| has_image).map_or_else(|| container.image.clone(), Image::full));
    status["imageID"] = json!(image.filter(|_| has_image).map(|image| image.id()).unwrap_or_default());
    status["lastState"] = container.last.as_ref().map_or_else(|| json!({}), |end| json!({"terminated": terminated(end)}));
    status["name"] = json!(container.name);
    let is_done = container.kind == ContainerKind::Init && is_initialized(container);
    status["ready"] = json!(is_ready(container, now) || is_done);
    status["restartCount"] = json!(container.restarts);
    status["started"] = json!(container.stage == Stage::Running);
    status["state"] = state(container, inits, sandbox);
    status
}

fn state(container: &ContainerRun, inits: &[&ContainerRun], sandbox: bool) -> Value {
    let waiting = |reason: &str, message: &str| {
        let mut waiting = json!({});
        if !message.is_empty() {
            waiting["message"] = json!(message);
        }
        waiting["reason"] = json!(reason);
        json!({ "waiting": waiting })
    };
    // While the kubelet brings an ended container back, its status is still that of its end.
    if let Some(end) = &container.ended {
        return json!({"terminated": terminated(end)});
    }
    let (reason, message) = &container.waiting;
    match container.stage {
        Stage::Running => json!({"running": {"startedAt": container.started.map(rfc3339)}}),
        // A new try shows the failure before it until it succeeds.
        _ if !reason.is_empty() => waiting(reason, message),
        _ if !sandbox || inits.is_empty() => waiting("ContainerCreating", ""),
        _ => waiting("PodInitializing", ""),
    }
}

fn terminated(end: &Ended) -> Value {
    json!({
        "containerID": end.id,
        "exitCode": end.code,
        "finishedAt": rfc3339(end.finished),
        "reason": if end.code == 0 { "Completed" } else { "Error" },
        "startedAt": rfc3339(end.started),
    })
}
