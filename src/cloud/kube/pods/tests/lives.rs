//! The lives of pods, second by second.

use serde_json::{Value, json};

use super::chain::{Chain, IMAGE, PODS};

fn simple(name: &str, image: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{"name": "a", "image": image}]}})
}

/// Creates a pod and holds `STATUS` and restarts to a timeline of seconds since then.
#[track_caller]
fn check(chain: &Chain, pod: &Value, timeline: &[(u64, &str, i64)]) {
    let (status, body) = chain.call("POST", PODS, pod);
    assert_eq!(status, 201, "{body}");
    let name = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let mut passed = 0;
    for (second, reason, restarts) in timeline {
        chain.lab.advance(second - passed);
        passed = *second;
        assert_eq!(chain.summary(&name), ((*reason).to_owned(), *restarts), "after {second} s");
    }
}

#[test]
fn an_image_is_pulled_once_and_the_second_pod_starts_sooner() {
    let chain = Chain::whole();
    check(
        &chain,
        &simple("one", "nginx:1.27"),
        &[(0, "ContainerCreating", 0), (4, "ContainerCreating", 0), (5, "Running", 0), (9999, "Running", 0)],
    );
    check(&chain, &simple("two", "nginx:1.27"), &[(1, "ContainerCreating", 0), (2, "Running", 0)]);
    let events = chain.events("one");
    let node = "aks-nodepool1-";
    assert!(events[0].starts_with(&format!("Scheduled: Successfully assigned default/one to {node}")), "{events:?}");
    assert_eq!(events[1], "Pulling: Pulling image \"nginx:1.27\"");
    assert!(
        events[2].starts_with("Pulled: Successfully pulled image \"nginx:1.27\" in 3s (3s including waiting). Image size: "),
        "{events:?}"
    );
    assert_eq!(events[3..], ["Created: Created container: a", "Started: Started container a"]);
    assert_eq!(chain.events("two")[1], "Pulled: Container image \"nginx:1.27\" already present on machine");
}

#[test]
fn a_running_pod_shows_what_describe_reads() {
    let chain = Chain::whole();
    let pod = chain.run(&simple("one", "nginx"));
    let status = &pod["status"];
    let conditions: Vec<(&str, &str)> = status["conditions"]
        .as_array()
        .expect("conditions")
        .iter()
        .map(|condition| (condition["type"].as_str().unwrap_or_default(), condition["status"].as_str().unwrap_or_default()))
        .collect();
    let names = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    assert_eq!(conditions, names.map(|name| (name, "True")));
    let container = &status["containerStatuses"][0];
    assert_eq!(container["image"], "docker.io/library/nginx:latest");
    assert!(container["imageID"].as_str().is_some_and(|id| id.starts_with("docker.io/library/nginx@sha256:")), "{container}");
    assert!(container["containerID"].as_str().is_some_and(|id| id.len() == 13 + 64), "{container}");
    assert_eq!(container["state"]["running"]["startedAt"], "2026-01-01T01:10:05Z");
    assert_eq!((&status["hostIP"], &status["podIP"]), (&json!("10.224.0.4"), &json!("10.244.0.10")));
    assert_eq!((&status["startTime"], &status["qosClass"]), (&json!("2026-01-01T01:10:00Z"), &json!("BestEffort")));
    assert_eq!(pod["metadata"]["generation"], 1, "the binding to a node is no change of the author");
    let condition = status["conditions"][2].clone();
    chain.lab.advance(100);
    let (_, later) = chain.call("GET", &format!("{PODS}/one"), &Value::Null);
    assert_eq!(later["status"]["conditions"][2], condition, "a condition keeps the time of its last change");
}

#[test]
fn a_program_that_fails_is_restarted_once_at_once_and_then_with_growing_waits() {
    let chain = Chain::with(|links| links.label = None);
    // 5 s until it starts, 1 s until the next try, 1 s to ask the registry again, 1 s to start.
    let timeline = [
        (4, "ContainerCreating", 0),
        (5, "Error", 0),
        (7, "Error", 0),
        (8, "Error", 1),
        (9, "CrashLoopBackOff", 1),
        (20, "CrashLoopBackOff", 1),
        (21, "Error", 2),
        (22, "CrashLoopBackOff", 2),
        (43, "CrashLoopBackOff", 2),
        (44, "Error", 3),
        (3600, "CrashLoopBackOff", 16),
    ];
    check(&chain, &chain.pod("p"), &timeline);
    let (_, pod) = chain.call("GET", &format!("{PODS}/p"), &Value::Null);
    let container = &pod["status"]["containerStatuses"][0];
    assert_eq!(
        (&container["lastState"]["terminated"]["exitCode"], &container["lastState"]["terminated"]["reason"]),
        (&json!(255), &json!("Error"))
    );
    let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
    assert_eq!(
        container["state"]["waiting"],
        json!({"message": format!("back-off 5m0s restarting failed container=oidc pod=p_default({uid})"), "reason": "CrashLoopBackOff"})
    );
    let conditions = &pod["status"]["conditions"];
    assert_eq!((&conditions[2]["status"], &conditions[2]["message"]), (&json!("False"), &json!("containers with unready status: [oidc]")));
    let events = chain.events("p");
    assert!(events.contains(&format!("BackOff: Back-off restarting failed container oidc in pod p_default({uid})")), "{events:?}");
    let previous = chain.call("GET", &format!("{PODS}/p/log?previous=true"), &Value::Null);
    assert_eq!(previous.0, 200);
    assert!(previous.1.as_str().is_some_and(|log| log.contains("main.go:34")), "{previous:?}");
}

#[test]
fn names_that_are_no_images_and_registries_that_are_nowhere_are_told_apart() {
    let chain = Chain::whole();
    check(&chain, &simple("bad", "<image>"), &[(1, "InvalidImageName", 0), (300, "InvalidImageName", 0)]);
    let (_, pod) = chain.call("GET", &format!("{PODS}/bad"), &Value::Null);
    let message = "Failed to apply default image tag \"<image>\": couldn't parse image name \"<image>\": invalid reference format";
    assert_eq!(pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"], message);
    let timeline = [
        (1, "ContainerCreating", 0),
        (2, "ErrImagePull", 0),
        (3, "ImagePullBackOff", 0),
        (13, "ImagePullBackOff", 0),
        (14, "ErrImagePull", 0),
    ];
    check(&chain, &simple("far", "registry.invalid/a:1"), &timeline);
    let (status, body) = chain.call("GET", &format!("{PODS}/far/log"), &Value::Null);
    let expected = "container \"a\" in pod \"far\" is waiting to start: trying and failing to pull image";
    assert_eq!((status, body["message"].as_str()), (400, Some(expected)));
    let mut never = simple("never", "nginx:0");
    never["spec"]["containers"][0]["imagePullPolicy"] = json!("Never");
    check(&chain, &never, &[(1, "ErrImageNeverPull", 0)]);
}

#[test]
fn a_log_that_is_read_too_early_is_refused() {
    let chain = Chain::whole();
    chain.call("POST", PODS, &chain.pod("p"));
    let (status, body) = chain.call("GET", &format!("{PODS}/p/log"), &Value::Null);
    let message = "container \"oidc\" in pod \"p\" is waiting to start: ContainerCreating";
    assert_eq!((status, body["reason"].as_str(), body["message"].as_str()), (400, Some("BadRequest"), Some(message)));
}

#[test]
fn a_pod_that_no_node_takes_waits_and_says_why() {
    let chain = Chain::whole();
    let mut picky = simple("picky", "nginx");
    picky["spec"]["nodeSelector"] = json!({"kubernetes.io/os": "windows"});
    check(&chain, &picky, &[(0, "Pending", 0), (600, "Pending", 0)]);
    let reason = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/1 nodes are \
                  available: 1 Preemption is not helpful for scheduling.";
    assert_eq!(chain.events("picky"), [format!("FailedScheduling: {reason}")]);
    let (_, pod) = chain.call("GET", &format!("{PODS}/picky"), &Value::Null);
    assert_eq!(
        (&pod["status"]["conditions"][0]["reason"], &pod["status"]["conditions"][0]["message"]),
        (&json!("Unschedulable"), &json!(reason))
    );
    assert_eq!(pod["status"]["containerStatuses"], Value::Null);

    let mut large = simple("large", "nginx");
    large["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1500m"}});
    check(&chain, &large, &[(5, "Running", 0)]);
    large["metadata"]["name"] = json!("second");
    check(&chain, &large, &[(5, "Pending", 0)]);
    assert!(chain.events("second")[0].contains("1 Insufficient cpu."), "{:?}", chain.events("second"));
    chain.call("DELETE", &format!("{PODS}/large"), &Value::Null);
    chain.lab.advance(5);
    assert_eq!(chain.summary("second").0, "Running", "room was made");
    assert_eq!(chain.events("large").last().map(String::as_str), Some("Killing: Stopping container a"));
}

#[test]
fn the_policy_decides_what_follows_an_end() {
    let chain = Chain::whole();
    let sleeping = |name: &str, policy: &str, seconds: &str| {
        let mut pod = simple(name, "busybox");
        pod["spec"]["restartPolicy"] = json!(policy);
        pod["spec"]["containers"][0]["command"] = json!(["sleep", seconds]);
        pod
    };
    check(&chain, &sleeping("never", "Never", "30"), &[(5, "Running", 0), (34, "Running", 0), (35, "Completed", 0), (900, "Completed", 0)]);
    let (_, pod) = chain.call("GET", &format!("{PODS}/never"), &Value::Null);
    assert_eq!((&pod["status"]["phase"], &pod["status"]["conditions"][2]["reason"]), (&json!("Succeeded"), &json!("PodCompleted")));
    check(
        &chain,
        &sleeping("always", "Always", "30"),
        &[(3, "Running", 0), (33, "Completed", 0), (36, "Running", 1), (66, "Completed", 1), (67, "CrashLoopBackOff", 1)],
    );
    let mut failing = chain.pod("failing");
    failing["metadata"]["labels"] = json!({});
    failing["spec"]["restartPolicy"] = json!("Never");
    check(&chain, &failing, &[(6, "Error", 0), (900, "Error", 0)]);
    assert_eq!(chain.call("GET", &format!("{PODS}/failing"), &Value::Null).1["status"]["phase"], "Failed");
}

#[test]
fn exits_are_forgiven_after_ten_minutes_of_running() {
    let chain = Chain::whole();
    let mut pod = simple("long", "busybox:1");
    pod["spec"]["containers"][0]["command"] = json!(["sleep", "600"]);
    check(&chain, &pod, &[(605, "Completed", 0), (607, "Running", 1), (1207, "Completed", 1), (1209, "Running", 2)]);
}

#[test]
fn init_containers_go_first() {
    let chain = Chain::whole();
    let mut pod = simple("two", "nginx:1");
    pod["spec"]["initContainers"] = json!([{"name": "prepare", "image": "busybox:1", "command": ["sleep", "20"]}]);
    check(&chain, &pod, &[(1, "Init:0/1", 0), (24, "Init:0/1", 0), (25, "PodInitializing", 0), (29, "Running", 0)]);
}

#[test]
fn references_to_what_is_not_there_hold_a_pod_back_until_it_is() {
    let chain = Chain::whole();
    let mut wanting = simple("wanting", "nginx:1");
    wanting["spec"]["containers"][0]["env"] = json!([{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "x"}}}]);
    check(&chain, &wanting, &[(5, "CreateContainerConfigError", 0)]);
    assert!(chain.events("wanting").contains(&"Failed: Error: configmap \"settings\" not found".to_owned()));
    let mut mounting = simple("mounting", "nginx:1");
    mounting["spec"]["volumes"] = json!([{"name": "v", "configMap": {"name": "settings"}}]);
    check(&chain, &mounting, &[(20, "ContainerCreating", 0)]);
    assert!(
        chain
            .events("mounting")
            .contains(&"FailedMount: MountVolume.SetUp failed for volume \"v\" : configmap \"settings\" not found".to_owned())
    );
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"x": "1"}});
    assert_eq!(chain.call("POST", "/api/v1/namespaces/default/configmaps", &settings).0, 201);
    chain.lab.advance(60);
    assert_eq!((chain.summary("wanting").0, chain.summary("mounting").0), ("Running".to_owned(), "Running".to_owned()));
}

#[test]
fn a_new_image_restarts_the_container() {
    let chain = Chain::whole();
    chain.run(&simple("one", "nginx:1"));
    let body = json!({"spec": {"containers": [{"name": "a", "image": "nginx:2"}]}});
    let reply = chain.reply("PATCH", &format!("{PODS}/one"), &body, "application/strategic-merge-patch+json");
    assert_eq!(reply.status, 200);
    chain.lab.advance(10);
    let (_, pod) = chain.call("GET", &format!("{PODS}/one"), &Value::Null);
    assert_eq!(chain.summary("one"), ("Running".to_owned(), 1));
    assert_eq!(pod["status"]["containerStatuses"][0]["image"], "docker.io/library/nginx:2");
}

#[test]
fn a_probe_delays_readiness() {
    let chain = Chain::whole();
    let mut pod = simple("slow", "nginx:1");
    pod["spec"]["containers"][0]["readinessProbe"] = json!({"httpGet": {"port": 80}, "initialDelaySeconds": 20});
    check(&chain, &pod, &[(10, "Running", 0)]);
    let ready = || chain.call("GET", &format!("{PODS}/slow"), &Value::Null).1["status"]["containerStatuses"][0]["ready"].clone();
    assert_eq!(ready(), false);
    chain.lab.advance(16);
    assert_eq!(ready(), true);
}

#[test]
fn the_same_seed_writes_the_same_log() {
    let log = || {
        let chain = Chain::whole();
        chain.run(&chain.pod("p"));
        chain.log("p")
    };
    assert_eq!(log(), log());
}

#[test]
fn a_snapshot_takes_running_pods_along() {
    let chain = Chain::whole();
    let before = chain.lab.cloud.shared.state().clone();
    chain.run(&chain.pod("p"));
    chain.lab.cloud.shared.restore(&before);
    assert_eq!(chain.call("GET", &format!("{PODS}/p"), &Value::Null).0, 404);
    chain.run(&chain.pod("p"));
    assert!(chain.log("p").contains("successfully got secret"));
}

#[test]
fn the_output_of_an_unknown_image_is_said_to_be_unknown() {
    use crate::cloud::observation::Observation;
    let chain = Chain::whole();
    chain.run(&simple("one", "nginx"));
    chain.run(&chain.pod("p"));
    chain.observations();
    assert_eq!(chain.log("p").lines().count(), 1);
    assert_eq!(chain.observations(), [], "{IMAGE} is emulated");
    assert_eq!(chain.log("one"), "");
    let told = chain.observations();
    assert!(
        matches!(&told[..], [Observation::Unsupported(unsupported)] if unsupported.what == "the output of the image nginx"),
        "{told:?}"
    );
}
