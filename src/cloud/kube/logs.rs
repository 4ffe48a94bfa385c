//! `pods/log`: what a container wrote, cut and stamped as asked; followed when asked.
//!
//! Refusals: kubernetes `pkg/registry/core/pod/strategy.go` and `pkg/kubelet`.

use std::fmt::Write as _;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::model::{Cluster, LogLine};
use super::objects::{name_of, text, uid_of};
use super::status::Status;
use crate::cloud::http::endpoint::{Query, Reply, StreamSource, StreamStep};
use crate::cloud::state::State;

const PLAIN: &str = "text/plain";

/// Which lines of which container.
#[derive(Debug, Clone)]
struct Wanted {
    container: String,
    previous: bool,
    timestamps: bool,
    tail: Option<usize>,
    since: Option<Timestamp>,
    limit_bytes: Option<usize>,
}

/// Answers `GET …/log`.
pub(crate) fn reply(cluster: &Cluster, pod: &Value, query: &Query, now: Timestamp) -> Result<Reply, Status> {
    let wanted = read(pod, query, now)?;
    let restart = run_of(pod, &wanted)?;
    let all = cluster.logs.lines(uid_of(pod), &wanted.container, restart);
    let shown = select(all, &wanted);
    let follow = is_true(query.get("follow")) && !wanted.previous;
    if !follow || has_ended(pod, &wanted.container) {
        return Ok(Reply::text(200, PLAIN, shown));
    }
    let source = Follow {
        resource_id: cluster.settings.resource_id.clone(),
        namespace: text(pod, "/metadata/namespace").to_owned(),
        pod: name_of(pod).to_owned(),
        uid: uid_of(pod).to_owned(),
        restart,
        next: all.len(),
        first: Some(shown).filter(|text| !text.is_empty()),
        wanted,
    };
    Ok(Reply::stream(PLAIN, source))
}

fn is_true(value: Option<&str>) -> bool {
    matches!(value, Some("true" | "1"))
}

fn read(pod: &Value, query: &Query, now: Timestamp) -> Result<Wanted, Status> {
    let names: Vec<&str> = ["initContainers", "containers"]
        .iter()
        .flat_map(|kind| pod["spec"][*kind].as_array().into_iter().flatten())
        .map(|container| text(container, "/name"))
        .collect();
    let pod_name = name_of(pod);
    let container = match query.get("container").filter(|name| !name.is_empty()) {
        Some(name) if names.contains(&name) => name.to_owned(),
        Some(name) => return Err(Status::bad_request(format!("container {name} is not valid for pod {pod_name}"))),
        None => match names.as_slice() {
            [only] => (*only).to_owned(),
            _ => {
                let own: Vec<&str> =
                    pod["spec"]["containers"].as_array().into_iter().flatten().map(|container| text(container, "/name")).collect();
                let list = own.join(" ");
                return Err(Status::bad_request(format!("a container name must be specified for pod {pod_name}, choose one of: [{list}]")));
            }
        },
    };
    let number = |name: &str| query.get(name).and_then(|value| value.parse::<i64>().ok());
    let since = match (number("sinceSeconds"), query.get("sinceTime")) {
        (Some(seconds), _) => now.checked_sub(SignedDuration::from_secs(seconds)).ok(),
        (None, Some(time)) => time.parse().ok(),
        (None, None) => None,
    };
    Ok(Wanted {
        container,
        previous: is_true(query.get("previous")),
        timestamps: is_true(query.get("timestamps")),
        tail: number("tailLines").and_then(|lines| usize::try_from(lines).ok()),
        limit_bytes: number("limitBytes").and_then(|bytes| usize::try_from(bytes).ok()),
        since,
    })
}

fn status_of<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    let all = ["containerStatuses", "initContainerStatuses"].iter().flat_map(|kind| pod["status"][*kind].as_array().into_iter().flatten());
    all.into_iter().find(|status| status["name"] == container)
}

/// Which run of the container has the log, or why there is none.
fn run_of(pod: &Value, wanted: &Wanted) -> Result<u64, Status> {
    let (container, pod_name) = (&wanted.container, name_of(pod));
    let status = status_of(pod, container);
    let restarts = status.and_then(|status| status["restartCount"].as_u64()).unwrap_or_default();
    if wanted.previous {
        return match restarts.checked_sub(1) {
            Some(run) => Ok(run),
            None => Err(Status::bad_request(format!("previous terminated container \"{container}\" in pod \"{pod_name}\" not found"))),
        };
    }
    match status.map(|status| text(status, "/state/waiting/reason")) {
        // The last run's log is shown while the next one waits to begin.
        Some("CrashLoopBackOff") => Ok(restarts),
        Some("") => Ok(restarts),
        Some(reason) => {
            let verb = match reason {
                "ErrImagePull" | "ImagePullBackOff" => "trying and failing to pull image",
                _ => {
                    return Err(Status::bad_request(format!(
                        "container \"{container}\" in pod \"{pod_name}\" is waiting to start: {reason}"
                    )));
                }
            };
            Err(Status::bad_request(format!("container \"{container}\" in pod \"{pod_name}\" is waiting to start: {verb}")))
        }
        None if text(pod, "/spec/nodeName").is_empty() => Err(Status::bad_request(format!("pod {pod_name} does not have a host assigned"))),
        None => Err(Status::bad_request(format!("container \"{container}\" in pod \"{pod_name}\" is waiting to start: ContainerCreating"))),
    }
}

fn has_ended(pod: &Value, container: &str) -> bool {
    status_of(pod, container).is_none_or(|status| status["state"]["terminated"].is_object())
}

fn select(lines: &[LogLine], wanted: &Wanted) -> String {
    let recent: Vec<&LogLine> = lines.iter().filter(|line| wanted.since.is_none_or(|since| line.at >= since)).collect();
    let skip = wanted.tail.map_or(0, |tail| recent.len().saturating_sub(tail));
    let mut text = recent[skip..].iter().fold(String::new(), |text, line| text + &render(line, wanted.timestamps));
    if let Some(limit) = wanted.limit_bytes {
        let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
    }
    text
}

fn render(line: &LogLine, timestamps: bool) -> String {
    let mut text = String::new();
    if timestamps {
        let _ = write!(text, "{} ", line.at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ"));
    }
    text.push_str(&line.text);
    text.push('\n');
    text
}

struct Follow {
    resource_id: String,
    namespace: String,
    pod: String,
    uid: String,
    restart: u64,
    next: usize,
    first: Option<String>,
    wanted: Wanted,
}

impl StreamSource for Follow {
    fn next(&mut self, state: &State, _now: Timestamp) -> StreamStep {
        if let Some(first) = self.first.take() {
            return StreamStep::Chunk(Bytes::from(first));
        }
        let Some(cluster) = state.kube.get(&self.resource_id) else { return StreamStep::End };
        let lines = cluster.logs.lines(&self.uid, &self.wanted.container, self.restart);
        if lines.len() > self.next {
            let text = lines[self.next..].iter().fold(String::new(), |text, line| text + &render(line, self.wanted.timestamps));
            self.next = lines.len();
            return StreamStep::Chunk(Bytes::from(text));
        }
        let pods = super::resources::by_plural("pods");
        let pod = pods.and_then(|pods| cluster.store.find(pods, &self.namespace, &self.pod)).filter(|pod| uid_of(pod) == self.uid);
        let is_over = pod.is_none_or(|pod| {
            let restarts = status_of(pod, &self.wanted.container).and_then(|status| status["restartCount"].as_u64()).unwrap_or_default();
            has_ended(pod, &self.wanted.container) || restarts != self.restart
        });
        if is_over { StreamStep::End } else { StreamStep::Wait { until: None } }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(second: i64, text: &str) -> LogLine {
        LogLine { at: Timestamp::from_second(second).expect("a time"), text: text.to_owned() }
    }

    fn pod() -> Value {
        json!({"metadata":{"name":"p","namespace":"default","uid":"u"},"spec":{"nodeName":"n","containers":[{"name":"a"}]},
            "status":{"containerStatuses":[{"name":"a","restartCount":0,"state":{"running":{}}}]}})
    }

    #[track_caller]
    fn check(query: &str, expected: &str) {
        let lines = [line(10, "one"), line(20, "two"), line(30, "three")];
        let wanted = read(&pod(), &Query::parse(query), Timestamp::from_second(31).expect("a time")).expect("valid");
        assert_eq!(select(&lines, &wanted), expected);
    }

    #[test]
    fn lines_are_cut_by_number_and_age() {
        check("", "one\ntwo\nthree\n");
        check("tailLines=1", "three\n");
        check("sinceSeconds=15", "two\nthree\n");
        check("tailLines=1&timestamps=true", "1970-01-01T00:00:30.000000000Z three\n");
        check("limitBytes=5", "one\nt");
    }

    #[test]
    fn a_container_that_waits_or_is_not_there_has_no_log() {
        let refusal = |pod: &Value, query: &str| {
            let wanted = read(pod, &Query::parse(query), Timestamp::UNIX_EPOCH);
            wanted.and_then(|wanted| run_of(pod, &wanted)).expect_err("refused").message
        };
        assert_eq!(refusal(&pod(), "container=zzz"), "container zzz is not valid for pod p");
        let mut waiting = pod();
        waiting["status"]["containerStatuses"][0]["state"] = json!({"waiting":{"reason":"ContainerCreating"}});
        assert_eq!(refusal(&waiting, ""), "container \"a\" in pod \"p\" is waiting to start: ContainerCreating");
        assert_eq!(refusal(&pod(), "previous=true"), "previous terminated container \"a\" in pod \"p\" not found");
    }
}
