//! `kubectl wait`: looks at objects again and again, on the run's clock, until they are as asked or time is up.

use std::time::Duration;

use serde_json::Value;

use super::super::discovery::{list, text};
use super::super::failure::Failure;
use super::super::jsonpath::{Template, plain};
use super::super::print::{Form, Printer};
use super::super::selection::{Bare, select};
use super::super::server::{Call, CallError};
use super::super::session::Session;
use super::object::{Object, gather, of_files};

const POLL: Duration = Duration::from_secs(1);
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// What a negative time-out means.
const TIMEOUT_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is waited for.
enum Goal {
    Delete,
    Create,
    Condition { name: String, status: String },
    JsonPath { template: Template, value: Option<String> },
}

impl Goal {
    fn parse(text: &str) -> Result<Self, Failure> {
        let unrecognized = || Failure::error(format!("unrecognized condition: {text:?}"));
        let lower = text.to_lowercase();
        if lower == "delete" {
            return Ok(Self::Delete);
        }
        if lower == "create" {
            return Ok(Self::Create);
        }
        let (kind, rest) = text.split_once('=').ok_or_else(unrecognized)?;
        match kind {
            "condition" => {
                let (name, status) = rest.split_once('=').unwrap_or((rest, "true"));
                Ok(Self::Condition { name: name.to_owned(), status: status.to_owned() })
            }
            "jsonpath" => {
                let wrong = || {
                    Failure::error(
                        "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'",
                    )
                };
                // An equals sign inside the braces belongs to a filter.
                let end = rest.rfind('}').map_or(0, |end| end + 1);
                let (path, value) = match rest[end..].split_once('=') {
                    Some((_, value)) if value.contains('=') => return Err(wrong()),
                    Some((before, value)) => (&rest[..end + before.len()], Some(value.trim_matches(['\'', '"']).to_owned())),
                    None => (rest, None),
                };
                if value.as_deref() == Some("") {
                    return Err(Failure::error("jsonpath wait has to have a value after equal sign"));
                }
                let template = Template::parse_relaxed(path.trim_matches(['\'', '"'])).map_err(Failure::error)?;
                Ok(Self::JsonPath { template, value })
            }
            _ => Err(unrecognized()),
        }
    }

    /// Whether an object is as asked.
    fn is_met(&self, object: &Value) -> Result<bool, Failure> {
        match self {
            Self::Delete => Ok(false),
            Self::Create => Ok(true),
            Self::Condition { name, status } => {
                let generation = object["metadata"]["generation"].as_i64();
                Ok(list(&object["status"]["conditions"]).iter().any(|condition| {
                    // A condition that was observed on an older generation says nothing yet.
                    let stale = condition["observedGeneration"].as_i64().zip(generation).is_some_and(|(observed, now)| observed < now);
                    text(&condition["type"]).eq_ignore_ascii_case(name) && text(&condition["status"]).eq_ignore_ascii_case(status) && !stale
                }))
            }
            Self::JsonPath { template, value } => {
                let found = template.values(object).unwrap_or_default();
                match (found.as_slice(), value) {
                    ([], _) => Ok(false),
                    ([_, _, ..], _) => Err(Failure::error("given jsonpath expression matches more than one value")),
                    ([only], _) if only.is_array() || only.is_object() => {
                        Err(Failure::error("jsonpath leads to a nested object or list which is not supported"))
                    }
                    ([_], None) => Ok(true),
                    ([only], Some(value)) => Ok(plain(only) == value.trim()),
                }
            }
        }
    }
}

pub(super) fn run(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let line = session.line.clone();
    let form = Form::of(&line, Printer::Object)?;
    let goal = Goal::parse(line.text("for").unwrap_or_default())?;
    let timeout = match line.duration("timeout") {
        None => TIMEOUT_DEFAULT,
        Some(timeout) => timeout.unwrap_or(TIMEOUT_MAX),
    };
    let mut waited = Duration::ZERO;
    let (objects, failures) = if line.list("filename").is_empty() {
        if line.args.is_empty() {
            return Err(Failure::error(super::delete::NOTHING_NAMED));
        }
        let discovery = session.discovery()?;
        let wanted = select(&line, &line.args, &discovery, Bare::Refused)?;
        loop {
            let found = gather(session, wanted.clone());
            // Waiting for a creation begins before there is anything to see.
            if !matches!(goal, Goal::Create) || found.1.is_empty() || waited >= timeout {
                break found;
            }
            session.wait(POLL)?;
            waited += POLL;
        }
    } else {
        of_files(session, false)?
    };
    let missing = |failure: &Failure| failure.text.starts_with("Error from server (NotFound)");
    let mut failures: Vec<Failure> = failures.into_iter().filter(|failure| !(matches!(goal, Goal::Delete) && missing(failure))).collect();
    if objects.is_empty() && failures.is_empty() {
        if matches!(goal, Goal::Delete) {
            return Ok(0);
        }
        return Err(Failure::error("no matching resources found"));
    }
    if !failures.is_empty() {
        return Failure::all(failures).map_or(Ok(0), Err);
    }
    for object in &objects {
        match until(session, object, &goal, timeout, &mut waited) {
            Ok(met) => {
                let text = match &form {
                    Form::Human => format!("{} condition met\n", object.label()),
                    form => form.print(&met, &object.label())?.unwrap_or_default(),
                };
                session.out(text);
            }
            Err(failure) => failures.push(failure),
        }
    }
    Failure::all(failures).map_or(Ok(0), Err)
}

/// Waits for one object; all of them share the time.
fn until(session: &mut Session<'_, '_>, object: &Object, goal: &Goal, timeout: Duration, waited: &mut Duration) -> Result<Value, Failure> {
    let uid = text(&object.value["metadata"]["uid"]);
    loop {
        match session.json(&Call::get(object.path())) {
            Ok(live) if matches!(goal, Goal::Delete) && !uid.is_empty() && live["metadata"]["uid"] != *uid => return Ok(live),
            Ok(live) if goal.is_met(&live)? => return Ok(live),
            Ok(_) => {}
            Err(error) if error.is_not_found() && matches!(goal, Goal::Delete) => return Ok(object.value.clone()),
            Err(CallError::Refused(status)) if !status.is_not_found() => return Err((*status).into()),
            Err(CallError::Failed(failure)) => return Err(failure),
            Err(error) => return Err(error.into()),
        }
        if timeout.is_zero() {
            return Err(Failure::error(format!("condition not met for {}/{}", object.resource.plural_label(), object.name)));
        }
        if *waited >= timeout {
            return Err(Failure::error(format!(
                "timed out waiting for the condition on {}/{}",
                object.resource.plural_label(),
                object.name
            )));
        }
        session.wait(POLL.min(timeout - *waited))?;
        *waited += POLL;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::fake::kubectl;
    use super::*;

    const POD: &str = "GET /api/v1/namespaces/default/pods/p";

    fn pod(ready: &str) -> Value {
        json!({"metadata": {"name": "p", "namespace": "default", "uid": "1"}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}})
    }

    #[track_caller]
    fn check(words: &[&str], answers: &[(&str, u16, Value)], outcome: (i32, &str, &str)) {
        let words = [&["wait"], words].concat();
        let ended = kubectl(&words, "", answers);
        assert_eq!((ended.status, ended.stdout.as_str(), ended.stderr.as_str()), outcome, "for {words:?}");
    }

    #[test]
    fn what_is_as_asked_is_met_at_once() {
        let answers = [(POD, 200, pod("True"))];
        check(&["--for=condition=ready", "pod/p"], &answers, (0, "pod/p condition met\n", ""));
        check(&["--for=jsonpath={.status.phase}=Running", "pod", "p"], &answers, (0, "pod/p condition met\n", ""));
        check(&["--for=condition=Ready=false", "pod/p", "--timeout=0s"], &answers, (1, "", "error: condition not met for pods/p\n"));
    }

    #[test]
    fn what_is_gone_is_deleted() {
        check(&["--for=delete", "pod/p"], &[], (0, "", ""));
        let gone = json!({"kind": "Status", "reason": "NotFound", "message": "gone"});
        check(&["--for=delete", "pod/p"], &[(POD, 200, pod("True")), (POD, 404, gone)], (0, "pod/p condition met\n", ""));
    }

    // Measured with kubectl 1.33.
    #[test]
    fn goals_that_are_none_are_refused() {
        check(&["pod/p"], &[], (1, "", "error: unrecognized condition: \"\"\n"));
        check(&["--for=foo", "pod/p"], &[], (1, "", "error: unrecognized condition: \"foo\"\n"));
        check(
            &["--for=jsonpath={.x}=1=2", "pod/p"],
            &[],
            (
                1,
                "",
                "error: jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'\n",
            ),
        );
        check(&["--for=condition=Ready", "pod/p"], &[], (1, "", "Error from server (NotFound): things \"p\" not found\n"));
    }
}
