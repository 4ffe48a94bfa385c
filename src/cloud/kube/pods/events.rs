//! Events about pods: kubernetes `client-go/tools/record`. The same thing again is counted, not told twice.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::model::Cluster;
use super::super::objects::{Key, name_of, namespace_of, rfc3339, text, uid_of};
use super::super::resources;

/// What is told about a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// `Normal` or `Warning`.
    pub(crate) kind: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// The container that it is about; none for the whole pod.
    pub(crate) container: Option<(&'static str, String)>,
}

impl Event {
    pub(crate) fn normal(reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind: "Normal", reason, message: message.into(), container: None }
    }

    pub(crate) fn warning(reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind: "Warning", reason, message: message.into(), container: None }
    }

    /// The same about a container in `spec.containers` or `spec.initContainers`.
    #[must_use]
    pub(crate) fn about(mut self, list: &'static str, container: &str) -> Self {
        self.container = Some((list, container.to_owned()));
        self
    }
}

/// Records an event about `pod` at that time.
pub(crate) fn record(cluster: &mut Cluster, pod: &Value, event: &Event, at: Timestamp) {
    let events = resources::find("", "v1", "events").expect("events are in the table");
    let (namespace, name, uid) = (namespace_of(pod).to_owned(), name_of(pod).to_owned(), uid_of(pod).to_owned());
    let field = event.container.as_ref().map(|(list, container)| format!("spec.{list}{{{container}}}"));
    let known = cluster.store.list(events, Some(&namespace)).find(|(_, known)| {
        text(known, "/involvedObject/uid") == uid
            && text(known, "/reason") == event.reason
            && text(known, "/message") == event.message
            && text(known, "/involvedObject/fieldPath") == field.as_deref().unwrap_or_default()
    });
    if let Some((key, known)) = known {
        let (key, mut again) = (key.clone(), (**known).clone());
        again["count"] = json!(again["count"].as_u64().unwrap_or(1) + 1);
        again["lastTimestamp"] = json!(rfc3339(at));
        cluster.store.update(events, &key, again);
        return;
    }
    let component = if event.reason.ends_with("cheduled") || event.reason == "FailedScheduling" { "default-scheduler" } else { "kubelet" };
    let mut involved = json!({"kind": "Pod", "namespace": namespace, "name": name, "uid": uid, "apiVersion": "v1"});
    involved["resourceVersion"] = pod["metadata"]["resourceVersion"].clone();
    if let Some(field) = field {
        involved["fieldPath"] = json!(field);
    }
    let mut source = json!({"component": component});
    let host = text(pod, "/spec/nodeName");
    if component == "kubelet" {
        source["host"] = json!(host);
    }
    let object = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {},
        "involvedObject": involved,
        "reason": event.reason,
        "message": event.message,
        "source": source,
        "firstTimestamp": rfc3339(at),
        "lastTimestamp": rfc3339(at),
        "count": 1,
        "type": event.kind,
        "eventTime": null,
        "reportingComponent": component,
        "reportingInstance": if component == "kubelet" { host } else { "" },
    });
    let suffix = cluster.store.draw("event").simple().to_string();
    let key = Key::new(events, &namespace, &format!("{name}.{}", &suffix[..16]));
    cluster.store.create(events, key, object, at);
}
