//! `az account`: the subscriptions in the profile. Nothing is asked of Azure.

use serde_json::{Value, json};

use super::Command;
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::profile::Subscription;
use crate::applets::az::session::Session;

/// The columns of a list of subscriptions.
pub(super) const TABLE: &str =
    "[].{Name: name, CloudName: cloudName, SubscriptionId: id, TenantId: tenantId, State: state, IsDefault: isDefault}";

pub(super) const COMMANDS: [Command; 3] = [
    Command { name: "account show", options: &["--subscription"], table: None, run: show },
    Command { name: "account list", options: &["--all"], table: Some(TABLE), run: list },
    Command { name: "account set", options: &["--subscription"], table: None, run: set },
];

/// Lists call the environment of a subscription `cloudName`.
pub(super) fn listed(subscription: Subscription) -> Value {
    let Value::Object(mut map) = subscription.0 else { return Value::Null };
    let name = map.remove("environmentName").unwrap_or_default();
    map.insert("cloudName".to_owned(), name);
    Value::Object(map)
}

fn show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    session.profile.subscription(arguments.get("--subscription")).map(|subscription| subscription.0)
}

fn list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let all = session.profile.subscriptions();
    if all.is_empty() {
        session.warn("Please run \"az login\" to access your accounts.");
    }
    let count = all.len();
    let shown: Vec<Value> =
        all.into_iter().filter(|one| arguments.has("--all") || one.0["state"] == json!("Enabled")).map(listed).collect();
    if shown.len() < count {
        session.warn("A few accounts are skipped as they don't have 'Enabled' state. Use '--all' to display them.");
    }
    Ok(Value::Array(shown))
}

fn set(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    session.profile.set_default(arguments.required("--subscription"))?;
    Ok(Value::Null)
}
