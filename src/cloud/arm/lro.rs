//! Long-running operations on the virtual clock. A status is computed from when an operation began and what time it is; reading it
//! changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::cloud::clock::{arm_time, later};
use crate::cloud::http::endpoint::Reply;
use crate::cloud::ids::Ids;
use crate::cloud::state::State;

/// Every operation that was started, by lower-case id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    operations: BTreeMap<String, Operation>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) work: Work,
    pub(crate) started: Timestamp,
}

/// What an operation does, where, and how long it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) subscription: String,
    /// `Microsoft.ContainerService`.
    pub(crate) namespace: &'static str,
    pub(crate) location: String,
    /// The id of the resource that it works on.
    pub(crate) resource_id: String,
    pub(crate) takes: Duration,
    /// Code and message when it is going to fail.
    pub(crate) failure: Option<(String, String)>,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    InProgress,
    Succeeded,
    Failed,
}

impl Operation {
    /// When it ends.
    pub(crate) fn ends(&self) -> Timestamp {
        later(self.started, self.work.takes)
    }

    /// How far it is at `now`.
    pub(crate) fn status(&self, now: Timestamp) -> Status {
        match (now >= self.ends(), &self.work.failure) {
            (false, _) => Status::InProgress,
            (true, None) => Status::Succeeded,
            (true, Some(_)) => Status::Failed,
        }
    }

    /// The value of `Azure-AsyncOperation`.
    pub(crate) fn async_url(&self, api_version: &str) -> String {
        self.url("operations", api_version)
    }

    /// The value of `Location`.
    pub(crate) fn location_url(&self, api_version: &str) -> String {
        self.url("operationresults", api_version)
    }

    fn url(&self, kind: &str, api_version: &str) -> String {
        let Work { subscription, namespace, location, .. } = &self.work;
        format!(
            "https://management.azure.com/subscriptions/{subscription}/providers/{namespace}/locations/{location}/{kind}/{}?api-version={api_version}",
            self.id
        )
    }

    /// The answer of the async URL. Recorded (AKS 2026-04): name, status, startTime, and endTime when it is over.
    pub(crate) fn status_reply(&self, now: Timestamp) -> Reply {
        let status = self.status(now);
        let mut body = json!({"name": self.id, "status": format!("{status:?}"), "startTime": arm_time(self.started)});
        if status == Status::InProgress {
            return Reply::json(body).pending_until(self.ends());
        }
        body["endTime"] = json!(arm_time(self.ends()));
        if let Some((code, message)) = &self.work.failure {
            // Assumed: no failed status was recorded; this is the documented shape.
            body["error"] = json!({"code": code, "message": message});
        }
        Reply::json(body)
    }

    /// The answer of the location URL: 202 with the same `Location` until it is over, then 200 without a body (recorded for groups).
    pub(crate) fn result_reply(&self, location: String, now: Timestamp) -> Reply {
        match (self.status(now), &self.work.failure) {
            (Status::InProgress, _) => Reply::empty(202).with_header("location", location).pending_until(self.ends()),
            (Status::Failed, Some((code, message))) => Reply::with_status(409, json!({"error": {"code": code, "message": message}})),
            _ => Reply::empty(200),
        }
    }
}

impl Model {
    /// Starts an operation at `now`.
    pub(crate) fn start(&mut self, ids: &mut Ids, work: Work, now: Timestamp) -> Operation {
        let id = ids.guid(&format!("operation {}", work.resource_id.to_ascii_lowercase()));
        self.start_as(id, work, now)
    }

    /// The same under an id of one's own.
    pub(crate) fn start_as(&mut self, id: String, work: Work, now: Timestamp) -> Operation {
        let operation = Operation { id: id.clone(), work, started: now };
        self.operations.insert(id.to_ascii_lowercase(), operation.clone());
        operation
    }

    /// The operation with that id.
    pub(crate) fn get(&self, id: &str) -> Option<&Operation> {
        self.operations.get(&id.to_ascii_lowercase())
    }

    /// The running operation on a resource, if there is one.
    pub(crate) fn running_on(&self, resource_id: &str, now: Timestamp) -> Option<&Operation> {
        let on_it = |operation: &&Operation| operation.work.resource_id.eq_ignore_ascii_case(resource_id);
        self.operations.values().filter(on_it).find(|operation| operation.status(now) == Status::InProgress)
    }

    /// When the next operation after `now` ends.
    pub(crate) fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.operations.values().map(Operation::ends).filter(|end| *end > now).min()
    }
}

/// A reply that tells a client how to follow `operation`.
///
/// Azure sends no `Retry-After` here and the client waits its default of 30 s (recorded). On the virtual clock that costs nothing,
/// because the built-in client waits on that clock; a real one sleeps, so when the clock follows the wall it is told to come back soon.
pub(crate) fn accepted(mut reply: Reply, operation: &Operation, location: bool, state: &State, api_version: &str) -> Reply {
    reply = reply.with_header("azure-asyncoperation", operation.async_url(api_version));
    if location {
        reply = reply.with_header("location", operation.location_url(api_version));
    }
    hurried(reply, state)
}

/// The reply with a hint to come back soon, when the clients sleep on the wall.
pub(crate) fn hurried(reply: Reply, state: &State) -> Reply {
    // Measured with az 2.91: `retry-after-ms` works everywhere, while a fractional Retry-After breaks its AKS commands.
    if state.clock.follows_wall() { reply.with_header("retry-after-ms", "50") } else { reply }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + second).unwrap()
    }

    fn work(failure: Option<(String, String)>) -> Work {
        Work {
            subscription: "s".to_owned(),
            namespace: "Microsoft.ContainerService",
            location: "westus".to_owned(),
            resource_id: "/subscriptions/s/x".to_owned(),
            takes: Duration::from_secs(60),
            failure,
        }
    }

    #[test]
    fn a_status_follows_from_the_time_alone() {
        let mut model = Model::default();
        let operation = model.start(&mut Ids::new(0), work(None), at(0));
        assert_eq!(operation.status(at(59)), Status::InProgress);
        assert_eq!(operation.status(at(60)), Status::Succeeded);
        assert_eq!(model.running_on("/SUBSCRIPTIONS/s/x", at(59)), Some(&operation));
        assert_eq!(model.running_on("/subscriptions/s/x", at(60)), None);
        assert_eq!(model.next_end(at(0)), Some(at(60)));
        assert_eq!(operation.status_reply(at(1)).pending_until, Some(at(60)));
        assert_eq!(operation.status_reply(at(61)).as_json().unwrap()["endTime"], "2026-01-01T00:01:00Z");
    }

    #[test]
    fn a_failure_shows_only_when_the_time_is_over() {
        let operation = Model::default().start(&mut Ids::new(0), work(Some(("QuotaExceeded".to_owned(), "no".to_owned()))), at(0));
        assert_eq!(operation.status_reply(at(0)).as_json().unwrap()["status"], "InProgress");
        let body = operation.status_reply(at(60)).as_json().unwrap().clone();
        assert_eq!((&body["status"], &body["error"]["code"]), (&json!("Failed"), &json!("QuotaExceeded")));
    }
}
