//! `kubectl delete`: by file, by name, by selector; then the wait until the objects are gone.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::selection::{Bare, Wanted, select};
use super::super::server::{Call, JSON};
use super::super::session::Session;
use super::object::{Object, items, list_call, of_files};

pub(super) const NOTHING_NAMED: &str = "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";
const FORCE_WARNING: &str = "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.";
/// How often a deleted object is looked at.
const POLL: Duration = Duration::from_secs(1);
/// kubectl's own bound when no time-out is given.
const WAIT_MAX: Duration = Duration::from_secs(168 * 3600);

pub(super) fn run(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let line = session.line.clone();
    let has_files = !line.list("filename").is_empty();
    let by_kind = line.is_on("all", false) || line.text("selector").is_some_and(|selector| !selector.is_empty());
    if line.is_on("all", false) && line.text("selector").is_some_and(|selector| !selector.is_empty()) {
        return Err(Failure::error("cannot set --all and --selector at the same time"));
    }
    let ignores_missing = line.is_on("ignore-not-found", by_kind);
    let output = line.text("output").unwrap_or_default();
    if !matches!(output, "" | "name") {
        return Err(Failure::error(format!("unexpected -o output mode: {output}. We only support '-o name'")));
    }
    let cascade = match line.text("cascade").unwrap_or("background") {
        "background" | "true" => "Background",
        "foreground" => "Foreground",
        "orphan" | "false" => "Orphan",
        other => {
            return Err(Failure::error(format!("invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\"")));
        }
    };
    let grace = grace(session)?;
    let forced = line.is_on("force", false);

    let (objects, mut failures) = if has_files { of_files(session, false)? } else { gather(session)? };
    if objects.is_empty() && failures.is_empty() {
        session.out("No resources found\n");
        return Ok(0);
    }
    if forced && grace == Some(0) {
        session.err(FORCE_WARNING);
    }
    let mut deleted = Vec::new();
    for object in objects {
        let mut options = json!({"propagationPolicy": cascade});
        if let Some(seconds) = grace {
            options["gracePeriodSeconds"] = seconds.into();
        }
        match session.json(&Call::delete(object.path(), options)) {
            Err(error) if error.is_not_found() && ignores_missing => {}
            Err(error) if object.source.is_empty() => failures.push(error.into()),
            Err(error) => failures.push(error.while_doing(&format!("error when deleting {:?}: ", object.source)).into()),
            Ok(answer) => {
                let outcome = if forced && grace == Some(0) { "force deleted" } else { "deleted" };
                session.out(if output == "name" {
                    format!("{}\n", object.label())
                } else {
                    format!("{} {:?} {outcome}\n", object.resource.label(), object.name)
                });
                let uid = answer["details"]["uid"].as_str().or(answer["metadata"]["uid"].as_str()).unwrap_or_default().to_owned();
                deleted.push((object, uid));
            }
        }
    }
    if line.is_on("wait", !forced) {
        let timeout = line.duration("timeout").flatten().filter(|timeout| !timeout.is_zero()).unwrap_or(WAIT_MAX);
        wait_until_gone(session, &deleted, timeout)?;
    }
    Failure::all(failures).map_or(Ok(0), Err)
}

fn grace(session: &Session<'_, '_>) -> Result<Option<i64>, Failure> {
    let line = &session.line;
    let given = line.integer("grace-period").filter(|seconds| *seconds >= 0);
    let (now, forced) = (line.is_on("now", false), line.is_on("force", false));
    if now && given.is_some() {
        return Err(Failure::error("--now and --grace-period cannot be specified together"));
    }
    if forced && given.is_some_and(|seconds| seconds > 0) {
        return Err(Failure::error("--force and --grace-period greater than 0 cannot be specified together"));
    }
    Ok(match (given, now, forced) {
        (None, true, _) => Some(1),
        (None, false, true) | (Some(0), _, true) => Some(0),
        // Without --force, zero becomes the least that still waits.
        (Some(0), _, false) => Some(1),
        (given, _, _) => given,
    })
}

/// What the words mean. Objects that are named are not read first.
fn gather(session: &mut Session<'_, '_>) -> Result<(Vec<Object>, Vec<Failure>), Failure> {
    let line = session.line.clone();
    if line.args.is_empty() {
        return Err(Failure::error(NOTHING_NAMED));
    }
    let discovery = session.discovery()?;
    let wanted = select(&line, &line.args, &discovery, Bare::Refused)?;
    let namespace = session.namespace()?;
    let (mut objects, mut failures) = (Vec::new(), Vec::new());
    for wanted in wanted {
        match wanted {
            Wanted::Named { resource, name } => {
                let namespace = if resource.is_namespaced { namespace.clone() } else { String::new() };
                objects.push(Object { resource, namespace, name, value: Value::Null, source: String::new() });
            }
            Wanted::Listed { resource } => {
                let place = session.namespace_to_list()?;
                let call = list_call(session, &resource, place.as_deref());
                match session.json(&call) {
                    Ok(answer) => {
                        objects.extend(items(&answer, &resource).into_iter().map(|value| super::object::of_value(&resource, value)))
                    }
                    Err(error) => failures.push(error.into()),
                }
            }
        }
    }
    Ok((objects, failures))
}

fn wait_until_gone(session: &mut Session<'_, '_>, deleted: &[(Object, String)], timeout: Duration) -> Result<(), Failure> {
    let mut waited = Duration::ZERO;
    for (object, uid) in deleted {
        loop {
            match session.json(&Call::get(object.path()).accepting(JSON)) {
                Err(error) if error.is_not_found() => break,
                Err(error) => return Err(error.into()),
                Ok(live) if !uid.is_empty() && live["metadata"]["uid"] != *uid => break,
                Ok(_) => {}
            }
            if waited >= timeout {
                return Err(Failure::error(format!(
                    "timed out waiting for the condition on {}/{}",
                    object.resource.plural_label(),
                    object.name
                )));
            }
            session.wait(POLL)?;
            waited += POLL;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::fake::kubectl;
    use super::*;

    const DELETE: &str = "DELETE /api/v1/namespaces/default/pods/p";

    #[test]
    fn a_named_object_is_deleted_and_looked_for() {
        let outcome = kubectl(&["delete", "pod", "p"], "", &[(DELETE, 200, json!({}))]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (0, "pod \"p\" deleted\n"));
        assert_eq!(outcome.asked, [&format!("{DELETE} {{\"propagationPolicy\":\"Background\"}}"), "GET /api/v1/namespaces/default/pods/p"]);
    }

    #[test]
    fn a_missing_object_fails_unless_told() {
        assert_eq!(kubectl(&["delete", "pod", "p"], "", &[]).status, 1);
        let outcome = kubectl(&["delete", "pod", "p", "--ignore-not-found"], "", &[]);
        assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "", ""));
        let manifest = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";
        assert_eq!(
            kubectl(&["delete", "-f", "-"], manifest, &[]).stderr,
            "Error from server (NotFound): error when deleting \"STDIN\": things \"p\" not found\n"
        );
    }

    #[test]
    fn force_does_not_wait_and_warns() {
        let outcome = kubectl(&["delete", "pod", "p", "--force", "--grace-period=0"], "", &[(DELETE, 200, json!({}))]);
        assert_eq!(outcome.stdout, "pod \"p\" force deleted\n");
        assert_eq!(outcome.stderr.trim_end(), FORCE_WARNING);
        assert_eq!(outcome.asked, [format!("{DELETE} {{\"propagationPolicy\":\"Background\",\"gracePeriodSeconds\":0}}")]);
    }

    #[test]
    fn all_of_none_is_no_failure() {
        let outcome = kubectl(&["delete", "pods", "--all"], "", &[("GET /api/v1/namespaces/default/pods", 200, json!({"items": []}))]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (0, "No resources found\n"));
        assert!(kubectl(&["delete"], "", &[]).stderr.starts_with("error: You must provide one or more resources"));
    }
}
