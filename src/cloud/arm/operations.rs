//! The rules of resource groups.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::lro::{Operation, Work};
use super::model::Group;
use super::resource::Resource;
use super::{regions, tracked};
use crate::cloud::fault::Fault;
use crate::cloud::identity::azure_rbac::is_at_or_below;
use crate::cloud::state::State;
use crate::cloud::{aks, authorization, keyvault, msi, registry};

/// What a PUT or PATCH of a group says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct GroupRequest {
    pub(crate) location: Option<String>,
    pub(crate) tags: Option<Map<String, Value>>,
    pub(crate) managed_by: Option<String>,
}

/// How long an empty group takes to go away. Recorded: the client polled every 15 s, and never less than once.
const DELETE_EMPTY: Duration = Duration::from_secs(15);
/// Recorded: 75 s for a group with a small resource.
const DELETE_WITH_RESOURCES: Duration = Duration::from_secs(75);
/// Assumed: a cluster alone takes minutes.
const DELETE_WITH_CLUSTER: Duration = Duration::from_secs(300);

/// The group called `name`.
///
/// # Errors
/// `ResourceGroupNotFound`.
pub(crate) fn require_group<'a>(state: &'a State, name: &str) -> Result<&'a Group, Fault> {
    state.arm.group(name).ok_or_else(|| tracked::resource_group_not_found(name))
}

/// Makes or replaces a group; true when it is new.
///
/// # Errors
/// For a bad name, a missing or unknown location, another location than before, and a group that is going away.
pub(crate) fn put_group(state: &mut State, name: &str, request: GroupRequest) -> Result<(Group, bool), Fault> {
    check_name(name)?;
    let wanted = request.location.as_deref().filter(|location| !location.is_empty());
    let wanted = wanted.ok_or_else(tracked::location_required)?;
    let region = regions::find(wanted).ok_or_else(|| unknown_region(wanted))?;
    let known = state.arm.group(name).cloned();
    if let Some(known) = &known {
        if known.deleting {
            return Err(tracked::being_deleted(&known.name));
        }
        if known.location != region.name {
            // Public reports; a second wording ("is not the same as the existing resource group location") is also quoted.
            let message = format!(
                "Invalid resource group location '{}'. The Resource group already exists in location '{}'.",
                region.name, known.location
            );
            return Err(Fault::new(409, "InvalidResourceGroupLocation", message));
        }
    }
    let group = Group {
        name: known.as_ref().map_or_else(|| name.to_owned(), |known| known.name.clone()),
        location: region.name.to_owned(),
        // Assumed: a PUT without tags leaves none, as with every tracked resource.
        tags: request.tags,
        managed_by: request.managed_by.or_else(|| known.as_ref().map(|known| known.managed_by.clone())).unwrap_or_default(),
        deleting: false,
    };
    state.arm.groups.insert(name.to_lowercase(), group.clone());
    Ok((group, known.is_none()))
}

/// Changes the tags of a group.
///
/// # Errors
/// When there is no such group.
pub(crate) fn patch_group(state: &mut State, name: &str, request: GroupRequest) -> Result<Group, Fault> {
    if require_group(state, name)?.deleting {
        return Err(tracked::being_deleted(name));
    }
    let group = state.arm.groups.get_mut(&name.to_lowercase()).ok_or_else(|| tracked::resource_group_not_found(name))?;
    if let Some(tags) = request.tags {
        group.tags = Some(tags);
    }
    Ok(group.clone())
}

/// Begins to delete a group; a second request joins the first.
///
/// # Errors
/// When there is no such group.
pub(crate) fn delete_group(state: &mut State, name: &str, now: Timestamp) -> Result<Operation, Fault> {
    let group = require_group(state, name)?.clone();
    let scope = group_scope(state, &group.name);
    if let Some(running) = state.operations.running_on(&scope, now) {
        return Ok(running.clone());
    }
    let inside: Vec<Resource> = resources(state).into_iter().filter(|resource| is_at_or_below(&resource.id, &scope)).collect();
    let takes = if inside.iter().any(|resource| resource.kind.eq_ignore_ascii_case("Microsoft.ContainerService/managedClusters")) {
        DELETE_WITH_CLUSTER
    } else if inside.is_empty() {
        DELETE_EMPTY
    } else {
        DELETE_WITH_RESOURCES
    };
    let salt = state.ids.hex(&format!("deletion {scope}"), 8).to_uppercase();
    let work = Work {
        subscription: state.arm.subscription().id.clone(),
        namespace: "Microsoft.Resources",
        location: group.location.clone(),
        resource_id: scope,
        takes,
        failure: None,
    };
    let operation = state.operations.start_as(job_token(&group, &salt), work, now);
    if let Some(group) = state.arm.groups.get_mut(&group.name.to_lowercase()) {
        group.deleting = true;
    }
    Ok(operation)
}

/// Removes the groups whose deletion has ended, with everything in them; true when there was one.
pub(crate) fn finish_deletions(state: &mut State, now: Timestamp) -> bool {
    let deleting: Vec<String> = state.arm.groups.values().filter(|group| group.deleting).map(|group| group.name.clone()).collect();
    let mut changed = false;
    for name in deleting {
        let scope = group_scope(state, &name);
        if state.operations.running_on(&scope, now).is_none() {
            remove_group(state, &name, now);
            changed = true;
        }
    }
    changed
}

/// Removes a group and everything in it at once; what a cluster does with its node resource group.
pub(crate) fn remove_group(state: &mut State, name: &str, now: Timestamp) {
    let scope = group_scope(state, name);
    aks::delete_group(state, &scope, now);
    keyvault::delete_group(state, &scope, now);
    msi::delete_group(state, &scope, now);
    registry::delete_group(state, &scope, now);
    authorization::delete_scope(state, &scope);
    state.arm.groups.remove(&name.to_lowercase());
}

/// The id of a group.
pub(crate) fn group_scope(state: &State, name: &str) -> String {
    format!("/subscriptions/{}/resourceGroups/{name}", state.arm.subscription().id)
}

/// The resources of all services.
pub(crate) fn resources(state: &State) -> Vec<Resource> {
    let mut all = aks::resources(state);
    all.extend(keyvault::resources(state));
    all.extend(msi::resources(state));
    all.extend(registry::resources(state));
    all
}

/// A group as Resource Manager shows it. Recorded: `tags` and `managedBy` are absent when never given.
pub(crate) fn group_json(state: &State, group: &Group) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(group_scope(state, &group.name)));
    shown.insert("name".to_owned(), json!(group.name));
    shown.insert("type".to_owned(), json!("Microsoft.Resources/resourceGroups"));
    shown.insert("location".to_owned(), json!(group.location));
    if !group.managed_by.is_empty() {
        shown.insert("managedBy".to_owned(), json!(group.managed_by));
    }
    if let Some(tags) = &group.tags {
        shown.insert("tags".to_owned(), json!(tags));
    }
    let provisioning = if group.deleting { "Deleting" } else { "Succeeded" };
    shown.insert("properties".to_owned(), json!({ "provisioningState": provisioning }));
    Value::Object(shown)
}

/// Documented: 1 to 90 letters, digits, `_ - . ( )`, no period at the end. Wordings from public reports.
fn check_name(name: &str) -> Result<(), Fault> {
    let invalid = |message: String| Err(Fault::new(400, "InvalidResourceGroup", message));
    if name.chars().count() > 90 {
        // Assumed: the wording.
        return invalid(format!("The provided resource group name '{name}' exceeds the maximum length of '90' characters."));
    }
    let strange: String = name.chars().filter(|letter| !letter.is_alphanumeric() && !"_-.()".contains(*letter)).collect();
    if !strange.is_empty() {
        return invalid(format!(
            "The provided resource group name '{name}' has these invalid characters: '{strange}'. The name can only be a letter, digit, '-', '.', \
             '(', ')' or '_'."
        ));
    }
    if name.ends_with('.') {
        // Assumed: the wording.
        return invalid(format!("The provided resource group name '{name}' is invalid. The name cannot end with '.'."));
    }
    Ok(())
}

/// Public reports; Azure lists its regions.
fn unknown_region(location: &str) -> Fault {
    let regions: Vec<&str> = regions::REGIONS.iter().map(|region| region.name).collect();
    let message = format!(
        "The provided location '{location}' is not available for resource group. List of available regions is '{}'.",
        regions.join(",")
    );
    Fault::new(400, "LocationNotAvailableForResourceGroup", message)
}

/// Recorded: base64url JSON, the group's name in upper case with `_` written `:5F` and `-` written `:2D`.
fn job_token(group: &Group, salt: &str) -> String {
    let name = group.name.to_uppercase().replace('_', ":5F").replace('-', ":2D");
    let job = json!({
        "jobId": format!("RESOURCEGROUPDELETIONJOB-{name}|{salt}-{}", group.location.to_uppercase()),
        "jobLocation": group.location,
    });
    URL_SAFE_NO_PAD.encode(job.to_string())
}
