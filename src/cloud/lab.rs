//! A test cloud with two groups and whoever is needed, and the comparison of its answers with recorded ones.

use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use super::authorization;
use super::http::endpoint::{Reply, ReplyBody, Request};
use super::identity::token;
use super::observation::Observation;
use super::testing::{AZ, TestCloud};

/// One cloud, with a resource group `rg` in `eastus` and one `other`.
pub(crate) struct Lab {
    pub(crate) cloud: TestCloud,
    /// Id of the subscription.
    pub(crate) subscription: String,
}

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who<'a> {
    /// The signed-in user, owner of the subscription.
    User,
    /// The managed identity or application with that client id.
    App(&'a str),
    /// Somebody without a token.
    Nobody,
}

/// A status with a body; null when there is none.
pub(crate) type Answer = (u16, Value);

impl Lab {
    pub(crate) fn new() -> Self {
        Self::in_cloud(TestCloud::new())
    }

    /// The same in a cloud of another seed.
    pub(crate) fn in_cloud(cloud: TestCloud) -> Self {
        let subscription = cloud.shared.state().arm.subscription().id.clone();
        let lab = Self { cloud, subscription };
        for name in ["rg", "other"] {
            let (status, body) = lab.arm(Method::PUT, &lab.path(&format!("/resourcegroups/{name}")), &json!({"location": "eastus"}));
            assert_eq!(status, 201, "{body}");
        }
        lab
    }

    /// `/subscriptions/{id}{below}`.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("/subscriptions/{}{below}", self.subscription)
    }

    /// The id of something in the group `rg`.
    pub(crate) fn in_group(&self, kind_and_name: &str) -> String {
        self.path(&format!("/resourceGroups/rg/providers/{kind_and_name}"))
    }

    /// Sends to Resource Manager as the signed-in user; `target` may have a query, the api-version is added.
    pub(crate) fn arm(&self, method: Method, target: &str, body: &Value) -> Answer {
        self.arm_as(Who::User, method, target, body)
    }

    /// The same as somebody.
    pub(crate) fn arm_as(&self, who: Who<'_>, method: Method, target: &str, body: &Value) -> Answer {
        answer(&self.send(who, "https://management.azure.com/", method, "management.azure.com", &versioned(target, "2026-02-01"), body))
    }

    /// Sends to the vault `vault` as somebody.
    pub(crate) fn vault_as(&self, who: Who<'_>, method: Method, vault: &str, target: &str, body: &Value) -> Answer {
        answer(&self.send(who, "https://vault.azure.net", method, &format!("{vault}.vault.azure.net"), &versioned(target, "7.4"), body))
    }

    /// Sends a request with a token for `audience`, and returns the whole reply.
    pub(crate) fn send(&self, who: Who<'_>, audience: &str, method: Method, host: &str, target: &str, body: &Value) -> Reply {
        let mut request = Request::new(method, host, target);
        if !body.is_null() {
            request = request.with_json(body);
        }
        if let Some(token) = self.token(who, audience) {
            request = request.with_bearer(&token);
        }
        self.cloud.shared.handle(&request)
    }

    pub(crate) fn token(&self, who: Who<'_>, audience: &str) -> Option<String> {
        let state = self.cloud.shared.state();
        let (directory, now) = (&state.directory, state.now());
        match who {
            Who::Nobody => None,
            Who::User => Some(token::issue_for_user(directory, directory.signed_in_user(), AZ, audience, "t", now)),
            Who::App(client_id) => {
                let principal = directory.by_app_id(client_id).expect("the test made this principal");
                Some(token::issue_for_app(directory, principal, audience, "t", now))
            }
        }
    }

    /// Makes a managed identity in `rg`; returns its client and its object id.
    pub(crate) fn identity(&self, name: &str) -> (String, String) {
        let id = self.in_group(&format!("Microsoft.ManagedIdentity/userAssignedIdentities/{name}"));
        let (status, body) = self.arm(Method::PUT, &id, &json!({"location": "eastus"}));
        assert_eq!(status, 201, "{body}");
        let property = |name: &str| body["properties"][name].as_str().unwrap_or_default().to_owned();
        (property("clientId"), property("principalId"))
    }

    /// Makes an RBAC vault in `rg` and returns its id.
    pub(crate) fn vault(&self, name: &str) -> String {
        let id = self.in_group(&format!("Microsoft.KeyVault/vaults/{name}"));
        let (status, body) = self.arm(Method::PUT, &id, &self.vault_body());
        assert_eq!(status, 200, "{body}");
        id
    }

    /// The least that makes a vault.
    pub(crate) fn vault_body(&self) -> Value {
        let tenant = self.cloud.tenant();
        json!({"location": "eastus", "properties": {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}})
    }

    /// Gives a principal a role and returns the assignment's id.
    pub(crate) fn assign(&self, principal_id: &str, role: &str, scope: &str) -> String {
        let role = super::identity::builtin_roles::by_name(role).expect("a built-in role").id;
        let name = self.cloud.shared.state().ids.guid("test assignment");
        let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}");
        let (status, body) = self.arm(Method::PUT, &id, &self.assignment_body(role, principal_id));
        assert_eq!(status, 201, "{body}");
        id
    }

    /// The body that assigns the role of that GUID.
    pub(crate) fn assignment_body(&self, role: &str, principal_id: &str) -> Value {
        let definition = self.path(&format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"));
        json!({"properties": {"roleDefinitionId": definition, "principalId": principal_id}})
    }

    /// The object id of the signed-in user.
    pub(crate) fn user_id(&self) -> String {
        self.cloud.user()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.cloud.advance(seconds);
    }

    /// The hints that were noted since the last time.
    pub(crate) fn hints(&self) -> Vec<String> {
        let observations = self.cloud.shared.state().take_observations();
        let hints = observations.into_iter().filter_map(|observation| match observation {
            Observation::Hint { text, .. } => Some(text),
            _ => None,
        });
        hints.collect()
    }

    /// Takes the signed-in user's ownership away.
    pub(crate) fn disown(&self) {
        let scope = self.path("");
        authorization::delete_scope(&mut self.cloud.shared.state(), &scope);
    }
}

fn versioned(target: &str, version: &str) -> String {
    let separator = if target.contains('?') { '&' } else { '?' };
    if target.contains("api-version=") { target.to_owned() } else { format!("{target}{separator}api-version={version}") }
}

/// Status and body of a reply.
pub(crate) fn answer(reply: &Reply) -> Answer {
    let body = match &reply.body {
        ReplyBody::Json(body) => body.clone(),
        ReplyBody::Empty => Value::Null,
        other => panic!("neither JSON nor empty: {other:?}"),
    };
    (reply.status, body)
}

/// Code and message of an error.
pub(crate) fn error(body: &Value) -> (&str, &str) {
    let text = |name: &str| body["error"][name].as_str().unwrap_or_default();
    (text("code"), text("message"))
}

/// The recorded exchange `op` of a file; none, said by name, where the recordings are not beside the checkout.
#[expect(clippy::print_stderr, reason = "a check that cannot run here says so")]
pub(crate) fn recorded(file: &str, op: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/azure-recordings").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: no recordings for {file}: {op}");
        return None;
    };
    let all: Value = serde_json::from_str(&text).expect("recordings are JSON");
    let found = all.as_array().into_iter().flatten().find(|exchange| exchange["op"] == op).cloned();
    Some(found.unwrap_or_else(|| panic!("{file} has no {op}")))
}

/// Compares status and shape of an answer with a recorded one.
#[track_caller]
pub(crate) fn check_like_recorded(file: &str, op: &str, (status, body): &Answer) {
    let Some(exchange) = recorded(file, op) else { return };
    assert_eq!(json!(status), exchange["status"], "{op}: {body}");
    assert_eq!(shape(body), shape(&exchange["response_body"]), "{op}");
}

/// Keys in their order, with the kinds of their values; lists by their first item.
fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(items) => format!("[{}]", items.first().map(shape).unwrap_or_default()),
        Value::Object(members) => {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}: {}", shape(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}
