//! `az account`: the subscriptions in the profile. Nothing is asked of Azure.

use serde_json::{Value, json};

use super::Command;
use crate::applets::az::credential;
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::profile::Subscription;
use crate::applets::az::session::Session;

/// The columns of a list of subscriptions.
pub(super) const TABLE: &str =
    "[].{Name: name, CloudName: cloudName, SubscriptionId: id, TenantId: tenantId, State: state, IsDefault: isDefault}";

pub(super) const COMMANDS: [Command; 5] = [
    Command { name: "account clear", options: &[], table: None, run: clear },
    Command {
        name: "account get-access-token",
        options: &["--resource", "--resource-type", "--scope", "--subscription", "--tenant"],
        table: None,
        run: access_token,
    },
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

/// A token for the resource or scope that was asked for, Resource Manager unless said otherwise.
fn access_token(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let refused = |text: &str| Err(Failure::Refused(text.to_owned()));
    let (resource, tenant) = (arguments.get("--resource"), arguments.get("--tenant"));
    if tenant.is_some() && arguments.has("--subscription") {
        return refused("usage error: --subscription | --tenant");
    }
    let by_type = match arguments.get("--resource-type") {
        None => None,
        Some("arm") => Some("https://management.core.windows.net/"),
        Some("ms-graph") => Some("https://graph.microsoft.com/"),
        Some(_) => return Err(Failure::unsupported_option("account get-access-token", "--resource-type")),
    };
    let scope = match arguments.all("--scope") {
        [] => format!("{}/.default", by_type.or(resource).unwrap_or("https://management.core.windows.net/")),
        scopes => scopes.join(" "),
    };
    let account = session.profile.subscription(arguments.get("--subscription"))?;
    let of = tenant.unwrap_or_else(|| account.tenant()).to_owned();
    let answer = session.token_for(&account, &of, &scope)?;
    let expires = session.clock.now().as_second() + answer["expires_in"].as_i64().unwrap_or_default();
    let text = jiff::Timestamp::from_second(expires).unwrap_or_default().strftime("%Y-%m-%d %H:%M:%S.000000").to_string();
    let mut shown = json!({"accessToken": answer["access_token"], "expiresOn": text, "expires_on": expires});
    if tenant.is_none() {
        shown["subscription"] = json!(account.id());
    }
    shown["tenant"] = json!(of);
    shown["tokenType"] = json!("Bearer");
    Ok(shown)
}

/// Forgets everybody who has signed in.
fn clear(session: &mut Session<'_, '_>, _arguments: &Arguments) -> Result<Value, Failure> {
    credential::forget_all(session.profile.folder())?;
    session.profile.clear()?;
    Ok(Value::Null)
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
