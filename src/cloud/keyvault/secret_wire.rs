//! Secrets as the data plane reads and writes them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::faults;
use super::model::{DeletedSecret, Secret, SecretVersion, Tags, Vault};
use super::secrets::SecretAttributes;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::Request;

/// Most items that a page may have, and how many it has when nobody asks (REST reference of `maxresults`).
const PAGE_ITEMS_MAX: usize = 25;

/// Which part of a secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// A bundle with the value; the id has the version.
    Value,
    /// A bundle without the value; the id has the version.
    Attributes,
    /// An item of a list of secrets; the id has no version.
    Item,
}

/// A secret. Recorded: the order of keys, `contentType` and `tags` only when there are some, epoch seconds.
pub(crate) fn secret(vault: &Vault, secret: &Secret, version: &SecretVersion, view: View) -> Map<String, Value> {
    let mut body = Map::new();
    if view == View::Value {
        body.insert("value".into(), json!(version.value.0));
    }
    if let Some(content_type) = &version.content_type {
        body.insert("contentType".into(), json!(content_type));
    }
    let id = format!("{}/secrets/{}", vault.address(), secret.name);
    body.insert("id".into(), json!(if view == View::Item { id } else { format!("{id}/{}", version.id) }));
    body.insert("attributes".into(), attributes(vault, version));
    if let Some(tags) = &version.tags {
        body.insert("tags".into(), tags.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into());
    }
    body
}

/// Assumed: the places of `nbf` and `exp`, which no recording has.
fn attributes(vault: &Vault, version: &SecretVersion) -> Value {
    let mut body = Map::new();
    body.insert("enabled".into(), json!(version.enabled));
    if let Some(not_before) = version.not_before {
        body.insert("nbf".into(), json!(not_before));
    }
    if let Some(expires) = version.expires {
        body.insert("exp".into(), json!(expires));
    }
    body.insert("created".into(), json!(version.created.as_second()));
    body.insert("updated".into(), json!(version.updated.as_second()));
    body.insert("recoveryLevel".into(), json!(vault.recovery_level()));
    body.insert("recoverableDays".into(), json!(vault.retention_days));
    Value::Object(body)
}

/// A deleted secret: the bundle without its value, after where and until when it can be recovered (recorded).
pub(crate) fn deleted(vault: &Vault, deleted: &DeletedSecret, view: View) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("recoveryId".into(), json!(format!("{}/deletedsecrets/{}", vault.address(), deleted.secret.name)));
    body.insert("deletedDate".into(), json!(deleted.deleted.as_second()));
    body.insert("scheduledPurgeDate".into(), json!(deleted.purged.as_second()));
    body.extend(secret(vault, &deleted.secret, deleted.secret.latest(), view));
    body
}

/// One page of `items`, each with the key that it is sorted by. Recorded: `nextLink` is there in any case, has an explicit port and
/// repeats `maxresults`.
///
/// # Errors
/// A `maxresults` that is not 1 to 25, a token that is none.
pub(crate) fn page(vault: &Vault, request: &Request, mut items: Vec<(String, Map<String, Value>)>) -> Result<Value, Fault> {
    let asked = request.query.get("maxresults");
    let count = match asked {
        None => PAGE_ITEMS_MAX,
        Some(text) => {
            let count = text.parse().ok().filter(|count| (1..=PAGE_ITEMS_MAX).contains(count));
            count.ok_or_else(|| faults::bad_parameter("maxresults"))?
        }
    };
    let after = request.query.get("$skiptoken").map(read_marker).transpose()?;
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    items.retain(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let has_more = items.len() > count;
    items.truncate(count);
    let next = items.last().filter(|_| has_more).map(|(key, _)| {
        let marker = URL_SAFE_NO_PAD.encode(json!({"NextMarker": key, "TargetLocation": 0}).to_string());
        let repeated = asked.map_or_else(String::new, |count| format!("&maxresults={count}"));
        let path = request.path.trim_end_matches('/');
        format!("{}:443{path}?api-version={}&$skiptoken={marker}{repeated}", vault.address(), request.api_version())
    });
    let value: Vec<_> = items.into_iter().map(|(_, item)| Value::Object(item)).collect();
    Ok(json!({"value": value, "nextLink": next}))
}

fn read_marker(token: &str) -> Result<String, Fault> {
    let decoded = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    decoded.as_ref().and_then(|marker| marker["NextMarker"].as_str()).map(str::to_owned).ok_or_else(|| faults::bad_parameter("$skiptoken"))
}

/// The value in the body of a PUT.
///
/// # Errors
/// A body that is no object or has no textual value.
pub(crate) fn read_value(body: &Value) -> Result<String, Fault> {
    body["value"].as_str().map(str::to_owned).ok_or_else(|| faults::bad_parameter("value"))
}

/// What a body says about a version besides its value.
///
/// # Errors
/// A member of the wrong form.
pub(crate) fn read_attributes(body: &Value) -> Result<SecretAttributes, Fault> {
    let attributes = &body["attributes"];
    Ok(SecretAttributes {
        content_type: read_as(body, "contentType", |value| value.as_str().map(str::to_owned))?,
        enabled: read_as(attributes, "enabled", Value::as_bool)?,
        not_before: read_as(attributes, "nbf", Value::as_i64)?,
        expires: read_as(attributes, "exp", Value::as_i64)?,
        tags: read_as(body, "tags", |value| {
            let pairs = value.as_object()?.iter().map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            pairs.collect::<Option<Tags>>()
        })?,
    })
}

fn read_as<T>(object: &Value, name: &str, as_kind: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, Fault> {
    let value = object.get(name).filter(|value| !value.is_null());
    value.map(|value| as_kind(value).ok_or_else(|| faults::bad_parameter(name))).transpose()
}
