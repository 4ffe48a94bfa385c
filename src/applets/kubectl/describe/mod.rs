//! How objects look under `kubectl describe`: lines of cells, aligned as kubectl aligns them.
//!
//! Source: kubectl `pkg/describe` by its output, recorded with 1.32 (kubernetes-wire A7). Kinds without a description here are refused by name.

mod container;
mod node;
mod parts;
mod pod;
mod quantity;
mod rbac;
mod simple;
mod volume;

use jiff::Timestamp;
use serde_json::Value;

use super::server::Call;
use super::tabwriter::{DESCRIBE, align};

/// An object with what its description needs.
pub(crate) struct Described<'a> {
    pub(crate) object: &'a Value,
    /// `None` when events are not wanted.
    pub(crate) events: Option<&'a [Value]>,
    /// The answers to the describer's `needs`, or the text of their failure.
    pub(crate) related: &'a [Result<Value, String>],
    pub(crate) now: Timestamp,
}

/// How one kind is described.
pub(crate) struct Describer {
    pub(crate) has_events: bool,
    /// What to ask for besides the object.
    pub(crate) needs: fn(&Value) -> Vec<Call>,
    pub(crate) describe: fn(&Described<'_>) -> String,
}

const fn plain(has_events: bool, describe: fn(&Described<'_>) -> String) -> Describer {
    Describer { has_events, needs: |_| Vec::new(), describe }
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// The describer of a kind; `None` for those that docent does not describe.
pub(crate) fn describer(group: &str, kind: &str) -> Option<Describer> {
    Some(match (group, kind) {
        ("", "Pod") => plain(true, pod::describe),
        ("", "ServiceAccount") => Describer { has_events: true, needs: simple::secrets_of_namespace, describe: simple::service_account },
        ("", "Secret") => plain(false, simple::secret),
        ("", "ConfigMap") => plain(true, simple::config_map),
        ("", "Namespace") => Describer { has_events: false, needs: simple::limits_of_namespace, describe: simple::namespace },
        ("", "Node") => Describer { has_events: true, needs: node::needs, describe: node::describe },
        (RBAC, "Role" | "ClusterRole") => plain(false, rbac::role),
        (RBAC, "RoleBinding" | "ClusterRoleBinding") => plain(false, rbac::binding),
        _ => return None,
    })
}

/// Collects lines of cells; what was written before a flush does not align with what follows.
#[derive(Debug, Default)]
pub(super) struct Writer {
    done: String,
    text: String,
}

impl Writer {
    /// One line, indented by two blanks a level.
    pub(super) fn line(&mut self, level: usize, text: impl AsRef<str>) {
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(text.as_ref());
        self.text.push('\n');
    }

    /// `Key:` and its value in the next column.
    pub(super) fn field(&mut self, level: usize, key: &str, value: impl std::fmt::Display) {
        self.line(level, format!("{key}:\t{value}"));
    }

    /// Text as it is, without a line end.
    pub(super) fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn flush(&mut self) {
        self.done.push_str(&align(&std::mem::take(&mut self.text), DESCRIBE));
    }

    pub(super) fn finish(mut self) -> String {
        self.flush();
        self.done
    }
}
