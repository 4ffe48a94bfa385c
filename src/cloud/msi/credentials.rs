//! The rules of federated identity credentials.

use jiff::Timestamp;
use serde_json::Value;

use super::faults;
use super::model::{CREDENTIALS_MAX, FIELD_CHARS_MAX, FederatedCredential, Identity, is_credential_name};
use super::operations::Place;
use crate::cloud::arm::tracked as arm;
use crate::cloud::fault::Fault;
use crate::cloud::state::State;

/// Reads and checks the body of a PUT. Any audience is accepted, as any subject is: whether they are right shows when a token is asked
/// for (considerations page; the token endpoint has an error of its own for a wrong audience).
///
/// # Errors
/// Empty properties, not exactly one audience, a field that is too long; 501 for flexible credentials.
pub(crate) fn read(body: &Value, name: &str, now: Timestamp) -> Result<FederatedCredential, Fault> {
    let properties = &body["properties"];
    if !properties["claimsMatchingExpression"].is_null() {
        return Err(Fault::unsupported("federated credentials with claimsMatchingExpression", "give an exact subject"));
    }
    let text = |field: &str| properties[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let (Some(issuer), Some(subject)) = (text("issuer"), text("subject")) else {
        return Err(faults::empty_properties());
    };
    let audiences: Vec<String> =
        properties["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if audiences.len() != 1 || audiences[0].is_empty() {
        return Err(faults::one_audience());
    }
    for (field, value) in [("issuer", &issuer), ("subject", &subject), ("audience", &audiences[0])] {
        if value.chars().count() > FIELD_CHARS_MAX {
            return Err(faults::field_too_long(field));
        }
    }
    Ok(FederatedCredential { name: name.to_owned(), issuer, subject, audiences, written: now })
}

/// Creates or replaces a credential. Returns its identity, it, and whether it is new.
///
/// # Errors
/// A missing parent, a bad name, a pair of issuer and subject that another credential has, more than twenty.
pub(crate) fn put(
    state: &mut State,
    place: Place<'_>,
    credential: FederatedCredential,
) -> Result<(Identity, FederatedCredential, bool), Fault> {
    arm::require_writable_group(state, place.subscription, place.group)?;
    let identity = state.msi.find_mut(place.subscription, place.group, place.name);
    let identity = identity.ok_or_else(|| faults::parent_not_found("write", place.subscription, place.group, place.name))?;
    if !is_credential_name(&credential.name) {
        return Err(faults::credential_name_not_valid(&credential.name));
    }
    let is_other = |known: &&FederatedCredential| !known.name.eq_ignore_ascii_case(&credential.name);
    let mut others = identity.credentials.iter().filter(is_other);
    if others.any(|known| known.issuer == credential.issuer && known.subject == credential.subject) {
        return Err(faults::already_trusted());
    }
    if let Some(known) = identity.credentials.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&credential.name)) {
        // Its name stays as it was first written.
        let name = std::mem::take(&mut known.name);
        *known = FederatedCredential { name, ..credential };
        let known = known.clone();
        return Ok((identity.clone(), known, false));
    }
    if identity.credentials.len() >= CREDENTIALS_MAX {
        return Err(faults::too_many_credentials());
    }
    identity.credentials.push(credential.clone());
    Ok((identity.clone(), credential, true))
}

/// The identity above a credential that is read.
///
/// # Errors
/// `ResourceGroupNotFound`, `ParentResourceNotFound`. Assumed: the latter also for reads.
pub(crate) fn parent<'a>(state: &'a State, place: Place<'_>) -> Result<&'a Identity, Fault> {
    arm::require_group(state, place.subscription, place.group)?;
    let identity = state.msi.find(place.subscription, place.group, place.name);
    identity.ok_or_else(|| faults::parent_not_found("read", place.subscription, place.group, place.name))
}

/// A credential with its identity.
///
/// # Errors
/// As [`parent`], and `ResourceNotFound`.
pub(crate) fn find<'a>(state: &'a State, place: Place<'_>, name: &str) -> Result<(&'a Identity, &'a FederatedCredential), Fault> {
    let identity = parent(state, place)?;
    let kind = "Microsoft.ManagedIdentity/userAssignedIdentities";
    let nested = format!("{}/federatedIdentityCredentials/{name}", place.name);
    let credential = identity.credential(name).ok_or_else(|| arm::resource_not_found(kind, &nested, place.group))?;
    Ok((identity, credential))
}

/// Deletes a credential; true when there was one.
///
/// # Errors
/// `ResourceGroupNotFound`, `ParentResourceNotFound`.
pub(crate) fn delete(state: &mut State, place: Place<'_>, name: &str) -> Result<bool, Fault> {
    arm::require_group(state, place.subscription, place.group)?;
    let identity = state.msi.find_mut(place.subscription, place.group, place.name);
    let identity = identity.ok_or_else(|| faults::parent_not_found("delete", place.subscription, place.group, place.name))?;
    let before = identity.credentials.len();
    identity.credentials.retain(|known| !known.name.eq_ignore_ascii_case(name));
    Ok(identity.credentials.len() != before)
}
