//! Watches: what changed since a revision, as newline-delimited events.
//!
//! Behaviour: apiserver `endpoints/handlers/watch.go` and `storage/cacher`; requests measured with kubectl 1.27 to 1.33.

use std::collections::VecDeque;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::objects::{Change, text};
use super::resources::Resource;
use super::selector::Selector;
use super::status::Status;
use super::table::{self, RowObject};
use crate::cloud::http::endpoint::{StreamSource, StreamStep};
use crate::cloud::state::State;

/// What one client watches.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) resource_id: String,
    pub(crate) resource: &'static Resource,
    /// `None` is every namespace.
    pub(crate) namespace: Option<String>,
    pub(crate) selector: Selector,
    /// Events after this revision come next.
    pub(crate) revision: u64,
    /// Set when the client wants tables.
    pub(crate) table: Option<RowObject>,
    /// Events for what is there already.
    pub(crate) initial: VecDeque<Value>,
    /// The client's own time-out.
    pub(crate) until: Option<Timestamp>,
    /// Nothing more after the first error.
    pub(crate) failed: bool,
}

impl Watch {
    /// An event as the client wants it.
    pub(crate) fn event(&self, kind: &str, object: &Value, now: Timestamp) -> Value {
        let shown = match self.table {
            Some(row_object) => {
                table::table(self.resource, std::iter::once(object), text(object, "/metadata/resourceVersion"), row_object, now)
            }
            None => object.clone(),
        };
        json!({"type": kind, "object": shown})
    }

    /// The event that ends the list of what is there, for clients that asked for one.
    pub(crate) fn bookmark(&self, revision: u64) -> Value {
        let object = json!({"kind": self.resource.kind, "apiVersion": self.resource.api_version(), "metadata": {
            "resourceVersion": revision.to_string(), "annotations": {"k8s.io/initial-events-end": "true"}, "creationTimestamp": null}});
        json!({"type": "BOOKMARK", "object": object})
    }

    fn event_of(&self, change: &Change, now: Timestamp) -> Option<Value> {
        let in_scope = change.key.group == self.resource.group
            && change.key.plural == self.resource.plural
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == change.key.namespace);
        if !in_scope {
            return None;
        }
        let matched = |object: &Option<std::sync::Arc<Value>>| object.as_ref().is_some_and(|object| self.selector.matches(object));
        match (matched(&change.before), matched(&change.after)) {
            (false, true) => change.after.as_ref().map(|object| self.event("ADDED", object, now)),
            (true, true) => change.after.as_ref().map(|object| self.event("MODIFIED", object, now)),
            (true, false) => change.before.as_ref().map(|object| {
                let mut last = (**object).clone();
                last["metadata"]["resourceVersion"] = json!(change.revision.to_string());
                self.event("DELETED", &last, now)
            }),
            (false, false) => None,
        }
    }
}

fn line(event: &Value) -> StreamStep {
    StreamStep::Chunk(Bytes::from(format!("{event}\n")))
}

impl StreamSource for Watch {
    fn next(&mut self, state: &State, now: Timestamp) -> StreamStep {
        if self.failed {
            return StreamStep::End;
        }
        if let Some(event) = self.initial.pop_front() {
            return line(&event);
        }
        let Some(cluster) = state.kube.get(&self.resource_id) else { return StreamStep::End };
        let found = match cluster.store.changes_since(self.revision) {
            Ok(mut changes) => changes.find_map(|change| self.event_of(change, now).map(|event| (change.revision, event))),
            Err(oldest) => {
                self.failed = true;
                return line(&json!({"type": "ERROR", "object": Status::expired(self.revision, oldest).body()}));
            }
        };
        match found {
            Some((revision, event)) => {
                self.revision = revision;
                line(&event)
            }
            None if self.until.is_some_and(|until| until <= now) => StreamStep::End,
            None => {
                self.revision = self.revision.max(cluster.store.revision());
                StreamStep::Wait { until: self.until }
            }
        }
    }
}
