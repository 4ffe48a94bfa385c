//! The one word that says how a pod is, and its counts: kubernetes `pkg/printers/internalversion/printers.go`, `printPod`.

use jiff::Timestamp;
use serde_json::Value;

use super::objects::text;

/// A pod in a table row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) ready: usize,
    pub(crate) containers: usize,
    /// The column `STATUS`.
    pub(crate) reason: String,
    pub(crate) restarts: i64,
    pub(crate) last_restart: Option<Timestamp>,
}

/// Reads a pod's status.
pub(crate) fn summarize(pod: &Value) -> Summary {
    let mut reason = match text(pod, "/status/reason") {
        "" => text(pod, "/status/phase").to_owned(),
        reason => reason.to_owned(),
    };
    for condition in statuses(pod, "conditions") {
        if condition["type"] == "PodScheduled" && condition["reason"] == "SchedulingGated" {
            "SchedulingGated".clone_into(&mut reason);
        }
    }
    let mut restarts = 0;
    let mut last_restart = None;
    let init_count = pod["spec"]["initContainers"].as_array().map_or(0, Vec::len);
    let mut initializing = false;
    for (index, status) in statuses(pod, "initContainerStatuses").iter().enumerate() {
        restarts += status["restartCount"].as_i64().unwrap_or(0);
        let terminated = &status["state"]["terminated"];
        let spec = pod["spec"]["initContainers"].as_array().into_iter().flatten().find(|spec| spec["name"] == status["name"]);
        let goes_on = spec.is_some_and(|spec| spec["restartPolicy"] == "Always");
        if terminated["exitCode"] == 0 && terminated.is_object() || goes_on && status["started"] == true {
            continue;
        }
        reason = if terminated.is_object() {
            format!("Init:{}", terminated_reason(terminated))
        } else {
            match text(status, "/state/waiting/reason") {
                "" | "PodInitializing" => format!("Init:{index}/{init_count}"),
                waiting => format!("Init:{waiting}"),
            }
        };
        initializing = true;
        break;
    }
    let mut ready = 0;
    if !initializing {
        restarts = 0;
        let mut has_running = false;
        for status in statuses(pod, "containerStatuses").iter().rev() {
            restarts += status["restartCount"].as_i64().unwrap_or(0);
            last_restart = last_restart.max(text(status, "/lastState/terminated/finishedAt").parse().ok());
            let terminated = &status["state"]["terminated"];
            let waiting = text(status, "/state/waiting/reason");
            if !waiting.is_empty() {
                waiting.clone_into(&mut reason);
            } else if terminated.is_object() {
                reason = terminated_reason(terminated);
            } else if status["ready"] == true && status["state"]["running"].is_object() {
                has_running = true;
                ready += 1;
            }
        }
        if reason == "Completed" && has_running {
            let is_ready =
                statuses(pod, "conditions").iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
            reason = if is_ready { "Running" } else { "NotReady" }.to_owned();
        }
    }
    if !text(pod, "/metadata/deletionTimestamp").is_empty() {
        reason = if text(pod, "/status/reason") == "NodeLost" { "Unknown" } else { "Terminating" }.to_owned();
    }
    let containers = pod["spec"]["containers"].as_array().map_or(0, Vec::len);
    Summary { ready, containers, reason, restarts, last_restart }
}

fn terminated_reason(terminated: &Value) -> String {
    match terminated["reason"].as_str().filter(|reason| !reason.is_empty()) {
        Some(reason) => reason.to_owned(),
        None => match terminated["signal"].as_i64().filter(|signal| *signal != 0) {
            Some(signal) => format!("Signal:{signal}"),
            None => format!("ExitCode:{}", terminated["exitCode"]),
        },
    }
}

fn statuses<'a>(pod: &'a Value, name: &str) -> &'a [Value] {
    pod["status"][name].as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(status: Value, ready: usize, reason: &str) {
        let pod = json!({"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"}],"initContainers":[{"name":"i"}]},"status":status});
        let summary = summarize(&pod);
        assert_eq!((summary.ready, summary.reason.as_str()), (ready, reason));
    }

    #[test]
    fn the_status_column_names_what_matters_most() {
        check(json!({"phase":"Pending"}), 0, "Pending");
        check(json!({"phase":"Running","containerStatuses":[{"ready":true,"state":{"running":{}}}]}), 1, "Running");
        check(json!({"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ErrImagePull"}}}]}), 0, "ErrImagePull");
        check(json!({"phase":"Running","containerStatuses":[{"state":{"terminated":{"exitCode":255,"reason":"Error"}}}]}), 0, "Error");
        check(json!({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":3}}}]}), 0, "ExitCode:3");
        check(json!({"phase":"Pending","initContainerStatuses":[{"state":{"waiting":{"reason":"PodInitializing"}}}]}), 0, "Init:0/1");
    }

    #[test]
    fn restarts_are_counted_with_the_time_of_the_last() {
        let pod = json!({"status":{"phase":"Running","containerStatuses":[{"restartCount":2,"state":{"waiting":{"reason":"CrashLoopBackOff"}},
            "lastState":{"terminated":{"finishedAt":"2026-01-01T00:00:00Z"}}}]}});
        let summary = summarize(&pod);
        assert_eq!((summary.restarts, summary.reason.as_str()), (2, "CrashLoopBackOff"));
        assert_eq!(summary.last_restart.map(|at| at.to_string()), Some("2026-01-01T00:00:00Z".to_owned()));
    }
}
