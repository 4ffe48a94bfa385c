//! The rules of managed identities.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::faults;
use super::model::{Identity, is_identity_name};
use crate::cloud::arm::tracked as arm;
use crate::cloud::fault::Fault;
use crate::cloud::identity::azure_rbac::is_at_or_below;
use crate::cloud::state::State;

/// The type of the resource.
const KIND: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

/// Where an identity is, or is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) subscription: &'a str,
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
}

/// What a client asks for; what it does not say is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdentityRequest {
    pub(crate) location: Option<String>,
    pub(crate) tags: Option<Vec<(String, String)>>,
    pub(crate) isolation_scope: Option<String>,
}

/// Reads the body of a PUT or PATCH.
///
/// # Errors
/// A member of the wrong form.
pub(crate) fn read(body: &Value) -> Result<IdentityRequest, Fault> {
    let text = |object: &Value, name: &str| match &object[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(faults::bad_property(name)),
    };
    let pairs = |tags: &Map<String, Value>| {
        let pairs = tags.iter().map(|(name, value)| value.as_str().map(|value| (name.clone(), value.to_owned())));
        pairs.collect::<Option<Vec<_>>>().ok_or_else(|| faults::bad_property("tags"))
    };
    let tags = match &body["tags"] {
        Value::Null => None,
        Value::Object(tags) => Some(pairs(tags)?),
        _ => return Err(faults::bad_property("tags")),
    };
    Ok(IdentityRequest { location: text(body, "location")?, tags, isolation_scope: text(&body["properties"], "isolationScope")? })
}

/// Creates the identity and its service principal, or changes its tags. Returns it and whether it is new.
///
/// # Errors
/// A missing group, a bad name, a missing location or another one than that of the identity that is there.
pub(crate) fn put(state: &mut State, place: Place<'_>, now: Timestamp, request: IdentityRequest) -> Result<(Identity, bool), Fault> {
    let group = arm::require_writable_group(state, place.subscription, place.group)?.name.clone();
    if !is_identity_name(place.name) {
        return Err(faults::identity_name_not_valid(place.name));
    }
    let location = request.location.ok_or_else(arm::location_required)?;
    if let Some(known) = state.msi.find_mut(place.subscription, place.group, place.name) {
        if !arm::is_same_location(&known.location, &location) {
            return Err(arm::other_location(&known.name, &known.location, &known.group, &location));
        }
        known.tags = request.tags.unwrap_or_default();
        return Ok((known.clone(), false));
    }
    arm::require_region(&location, KIND)?;
    let mut identity = Identity {
        subscription: place.subscription.to_owned(),
        group,
        name: place.name.to_owned(),
        location,
        tags: request.tags.unwrap_or_default(),
        tenant_id: state.directory.tenant.id.clone(),
        principal_id: String::new(),
        client_id: String::new(),
        isolation_scope: request.isolation_scope.unwrap_or_else(|| "None".to_owned()),
        credentials: Vec::new(),
    };
    let principal = state.directory.register_managed_identity(&mut state.ids, &identity.id(), place.name, now);
    identity.principal_id = principal.object_id;
    identity.client_id = principal.app_id;
    state.msi.insert(identity.clone());
    Ok((identity, true))
}

/// Changes the tags of an identity.
///
/// # Errors
/// `ResourceGroupNotFound`, `ResourceNotFound`.
pub(crate) fn patch(state: &mut State, place: Place<'_>, request: IdentityRequest) -> Result<Identity, Fault> {
    find(state, place)?;
    let known = state.msi.find_mut(place.subscription, place.group, place.name).ok_or_else(|| not_found(place))?;
    if let Some(tags) = request.tags {
        known.tags = tags;
    }
    Ok(known.clone())
}

/// The identity, or the gateway's 404. A missing group is said first.
///
/// # Errors
/// `ResourceGroupNotFound`, `ResourceNotFound`.
pub(crate) fn find<'a>(state: &'a State, place: Place<'_>) -> Result<&'a Identity, Fault> {
    arm::require_group(state, place.subscription, place.group)?;
    state.msi.find(place.subscription, place.group, place.name).ok_or_else(|| not_found(place))
}

fn not_found(place: Place<'_>) -> Fault {
    arm::resource_not_found(KIND, place.name, place.group)
}

/// Deletes an identity with its credentials and its service principal; true when there was one. Its role assignments stay and name
/// nobody (documentation of managed identities).
///
/// # Errors
/// `ResourceGroupNotFound`.
pub(crate) fn delete(state: &mut State, place: Place<'_>) -> Result<bool, Fault> {
    arm::require_group(state, place.subscription, place.group)?;
    let id = state.msi.find(place.subscription, place.group, place.name).map(Identity::id);
    Ok(id.is_some_and(|id| delete_where(state, |identity| identity.id() == id)))
}

/// Deletes every identity of the resource group `scope`.
pub(crate) fn delete_group(state: &mut State, scope: &str, _now: Timestamp) {
    delete_where(state, |identity| is_at_or_below(&identity.id(), scope));
}

fn delete_where(state: &mut State, leaves: impl FnMut(&Identity) -> bool) -> bool {
    let gone = state.msi.remove_where(leaves);
    for identity in &gone {
        state.directory.remove_service_principal(&identity.principal_id);
        crate::cloud::authorization::delete_scope(state, &identity.id());
    }
    !gone.is_empty()
}
