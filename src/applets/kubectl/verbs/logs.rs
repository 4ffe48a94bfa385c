//! `kubectl logs`: what a pod's containers wrote.

use serde_json::Value;

use super::super::discovery::{list, text};
use super::super::failure::Failure;
use super::super::selection::{Bare, Wanted, select};
use super::super::server::{Call, CallError};
use super::super::session::Session;
use super::object::{items, read};

/// Names the container that a command means when none is given.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";
/// How many lines a selector shows of each pod unless told.
const SELECTED_TAIL: i64 = 10;
const ACCEPT: &str = "application/json, */*";
const EXPECTED: &str =
    "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command";

pub(super) fn run(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let line = session.line.clone();
    let selector = line.text("selector").unwrap_or_default().to_owned();
    let usage = |message: &str| Failure::usage("logs", message);
    match (line.args.len(), selector.is_empty()) {
        (0, true) | (3.., _) => return Err(usage(EXPECTED)),
        (1.., false) => return Err(usage("only a selector (-l) or a POD name is allowed")),
        _ => {}
    }
    let mut container = line.text("container").unwrap_or_default().to_owned();
    if let Some(word) = line.args.get(1) {
        if !container.is_empty() {
            return Err(usage("only one of -c or an inline [CONTAINER] arg is allowed"));
        }
        container.clone_from(word);
    }
    let all_containers = line.is_on("all-containers", false);
    if all_containers && !container.is_empty() {
        return Err(Failure::error("--all-containers=true should not be specified with container name ".to_owned() + &container));
    }
    let parameters = parameters(session, !selector.is_empty())?;

    let pods = if selector.is_empty() { vec![pod_of(session, &line.args[0])?] } else { selected(session, &selector)? };
    if pods.is_empty() {
        let namespace = session.namespace()?;
        session.err(format!("No resources found in {namespace} namespace."));
        return Ok(0);
    }
    let mut streams = Vec::new();
    for pod in &pods {
        for container in containers(session, pod, &container, all_containers)? {
            streams.push((pod, container));
        }
    }
    let follows = line.is_on("follow", false);
    let limit = line.integer("max-log-requests").unwrap_or(5);
    if follows && i64::try_from(streams.len()).unwrap_or(i64::MAX) > limit {
        return Err(Failure::error(format!(
            "you are attempting to follow {} log streams, but maximum allowed concurrency is {limit}, use --max-log-requests to increase the limit",
            streams.len()
        )));
    }
    let with_prefix = line.is_on("prefix", false);
    for (pod, container) in streams {
        let (namespace, name) = (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
        let namespace = if namespace.is_empty() { session.namespace()? } else { namespace };
        let path =
            format!("/api/v1/namespaces/{}/pods/{}/log", super::super::server::segment(&namespace), super::super::server::segment(&name));
        let call = parameters.iter().fold(Call::get(path).accepting(ACCEPT).with("container", container.clone()), |call, (key, value)| {
            call.with(key, value.clone())
        });
        let prefix = if with_prefix { format!("[pod/{name}/{container}] ") } else { String::new() };
        match copy(session, &call, &prefix) {
            Err(error) if line.is_on("ignore-errors", false) => session.err(Failure::from(error).text),
            outcome => outcome?,
        }
    }
    Ok(0)
}

fn parameters(session: &Session<'_, '_>, is_selected: bool) -> Result<Vec<(&'static str, String)>, Failure> {
    let line = &session.line;
    let mut parameters = Vec::new();
    for (option, key) in [("follow", "follow"), ("previous", "previous"), ("timestamps", "timestamps")] {
        if line.is_on(option, false) {
            parameters.push((key, "true".to_owned()));
        }
    }
    let since_time = line.text("since-time").filter(|time| !time.is_empty());
    let since = line.duration("since");
    if since_time.is_some() && since.is_some() {
        return Err(Failure::error("at most one of `sinceTime` or `sinceSeconds` may be specified"));
    }
    if let Some(time) = since_time {
        if time.parse::<jiff::Timestamp>().is_err() {
            return Err(Failure::error(format!(
                "parsing time {time:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {time:?} as \"2006\""
            )));
        }
        parameters.push(("sinceTime", time.to_owned()));
    }
    match since {
        Some(Some(since)) if !since.is_zero() => parameters.push(("sinceSeconds", since.as_secs_f64().ceil().to_string())),
        Some(None) => return Err(Failure::error("--since must be greater than 0")),
        _ => {}
    }
    match line.integer("tail").or(is_selected.then_some(SELECTED_TAIL)) {
        Some(..=-2) => return Err(Failure::error("--tail must be greater than or equal to -1")),
        Some(tail @ 0..) => parameters.push(("tailLines", tail.to_string())),
        Some(-1) | None => {}
    }
    if let Some(bytes) = line.integer("limit-bytes").filter(|bytes| *bytes > 0) {
        parameters.push(("limitBytes", bytes.to_string()));
    }
    Ok(parameters)
}

/// The pod that a word means: itself, or the first of a workload.
fn pod_of(session: &mut Session<'_, '_>, word: &str) -> Result<Value, Failure> {
    let discovery = session.discovery()?;
    let words = if word.contains('/') { vec![word.to_owned()] } else { vec!["pods".to_owned(), word.to_owned()] };
    let wanted = select(&session.line, &words, &discovery, Bare::Refused)?;
    let [Wanted::Named { resource, name }] = wanted.as_slice() else { return Err(Failure::usage("logs", EXPECTED)) };
    let namespace = session.namespace()?;
    let object = read(session, resource, &namespace, name, ACCEPT).map_err(|error| match error {
        // `Failure::error` would take the text's own beginning for the program's prefix.
        CallError::Refused(status) if status.is_not_found() => {
            Failure::plain(format!("error: error from server (NotFound): {} in namespace {namespace:?}", status.message))
        }
        error => error.into(),
    })?;
    if resource.kind == "Pod" {
        return Ok(object);
    }
    let labels = object["spec"]["selector"]["matchLabels"].as_object().or_else(|| object["spec"]["selector"].as_object());
    let Some(labels) = labels.filter(|labels| !labels.is_empty()) else {
        return Err(Failure::error(format!("cannot get the logs from {}: no kind is registered for it", resource.plural_label())));
    };
    let mut terms: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={}", text(value))).collect();
    terms.sort();
    let mut pods = selected(session, &terms.join(","))?;
    if pods.is_empty() {
        return Err(Failure::error(format!("timed out waiting for the condition: no pods of {}/{name}", resource.plural)));
    }
    if pods.len() > 1 {
        session.err(format!("Found {} pods, using pod/{}", pods.len(), text(&pods[0]["metadata"]["name"])));
    }
    Ok(pods.swap_remove(0))
}

fn selected(session: &mut Session<'_, '_>, selector: &str) -> Result<Vec<Value>, Failure> {
    let discovery = session.discovery()?;
    let pods = discovery.find("pods")?;
    let namespace = session.namespace()?;
    let answer = session.json(&Call::get(pods.path(Some(&namespace))).accepting(ACCEPT).with("labelSelector", selector))?;
    Ok(items(&answer, pods))
}

/// The containers to read: the one asked for, all of them, or the one that stands for the pod.
fn containers(session: &mut Session<'_, '_>, pod: &Value, wanted: &str, all: bool) -> Result<Vec<String>, Failure> {
    let names = |key: &str| list(&pod["spec"][key]).iter().map(|container| text(&container["name"])).collect::<Vec<_>>();
    let (plain, initial, ephemeral) = (names("containers"), names("initContainers"), names("ephemeralContainers"));
    if all {
        return Ok([initial, plain, ephemeral].concat());
    }
    if !wanted.is_empty() {
        if [&plain, &initial, &ephemeral].iter().any(|names| names.iter().any(|name| name == wanted)) {
            return Ok(vec![wanted.to_owned()]);
        }
        return Err(Failure::error(format!("container {wanted} is not valid for pod {}", text(&pod["metadata"]["name"]))));
    }
    let preferred = text(&pod["metadata"]["annotations"][DEFAULT_CONTAINER]);
    if plain.contains(&preferred) {
        return Ok(vec![preferred]);
    }
    let Some(first) = plain.first().cloned() else { return Err(Failure::error("no containers in the pod")) };
    if plain.len() + initial.len() + ephemeral.len() > 1 {
        let others = [
            plain.clone(),
            ephemeral.iter().map(|name| format!("{name} (ephem)")).collect(),
            initial.iter().map(|name| format!("{name} (init)")).collect(),
        ]
        .concat();
        session.err(format!("Defaulted container {first:?} out of: {}", others.join(", ")));
    }
    Ok(vec![first])
}

fn copy(session: &mut Session<'_, '_>, call: &Call, prefix: &str) -> Result<(), CallError> {
    if prefix.is_empty() {
        // Written as it comes: a followed log has no end in sight.
        return session.copy_out(call);
    }
    let answer = session.call(call)?;
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    body.split_inclusive('\n').for_each(|line| session.out(format!("{prefix}{line}")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::fake::kubectl;
    use super::*;

    const POD: &str = "GET /api/v1/namespaces/default/pods/p";

    fn pod(containers: Value) -> Value {
        json!({"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": containers}})
    }

    #[test]
    fn the_only_container_is_read() {
        let answers = [
            (POD, 200, pod(json!([{"name": "c"}]))),
            ("GET /api/v1/namespaces/default/pods/p/log?container=c&sinceSeconds=3600&tailLines=1", 200, json!("one\ntwo\n")),
        ];
        let outcome = kubectl(&["logs", "pod/p", "--tail=1", "--since=1h"], "", &answers);
        assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "one\ntwo\n", ""));
    }

    #[test]
    fn the_first_of_several_is_read_and_said_so() {
        let answers = [
            (POD, 200, pod(json!([{"name": "a"}, {"name": "b"}]))),
            ("GET /api/v1/namespaces/default/pods/p/log?container=a", 200, json!("x\n")),
        ];
        assert_eq!(kubectl(&["logs", "p"], "", &answers).stderr, "Defaulted container \"a\" out of: a, b\n");
        let outcome = kubectl(&["logs", "p", "-c", "zzz"], "", &answers);
        assert_eq!((outcome.status, outcome.stderr.as_str()), (1, "error: container zzz is not valid for pod p\n"));
    }

    // Measured with kubectl 1.32.
    #[test]
    fn a_missing_pod_is_named_with_its_namespace() {
        let outcome = kubectl(&["logs", "p"], "", &[]);
        assert_eq!(
            (outcome.status, outcome.stderr.as_str()),
            (1, "error: error from server (NotFound): things \"p\" not found in namespace \"default\"\n")
        );
    }

    #[test]
    fn a_container_that_has_not_started_is_the_servers_word() {
        let refusal = json!({"kind": "Status", "reason": "BadRequest", "message": "container \"c\" in pod \"p\" is waiting to start: ContainerCreating"});
        let answers = [(POD, 200, pod(json!([{"name": "c"}]))), ("GET /api/v1/namespaces/default/pods/p/log?container=c", 400, refusal)];
        assert_eq!(
            kubectl(&["logs", "p"], "", &answers).stderr,
            "Error from server (BadRequest): container \"c\" in pod \"p\" is waiting to start: ContainerCreating\n"
        );
    }

    #[test]
    fn a_selector_reads_ten_lines_of_each_pod() {
        let list = json!({"items": [pod(json!([{"name": "c"}]))]});
        let answers = [
            ("GET /api/v1/namespaces/default/pods?labelSelector=a%3Db", 200, list),
            ("GET /api/v1/namespaces/default/pods/p/log?container=c&tailLines=10", 200, json!("x\n")),
        ];
        assert_eq!(kubectl(&["logs", "-l", "a=b", "--prefix"], "", &answers).stdout, "[pod/p/c] x\n");
        let outcome =
            kubectl(&["logs", "-l", "a=b"], "", &[("GET /api/v1/namespaces/default/pods?labelSelector=a%3Db", 200, json!({"items": []}))]);
        assert_eq!((outcome.status, outcome.stderr.as_str()), (0, "No resources found in default namespace.\n"));
    }
}
