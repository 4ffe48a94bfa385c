//! What holds for every tracked resource: its group, and the location that it cannot leave.

use super::model::Group;
use super::{faults, regions};
use crate::cloud::fault::Fault;
use crate::cloud::state::State;

/// The resource group of a request that only reads or deletes.
///
/// # Errors
/// `SubscriptionNotFound`, `ResourceGroupNotFound`.
pub(crate) fn require_group<'a>(state: &'a State, subscription: &str, group: &str) -> Result<&'a Group, Fault> {
    if !state.arm.subscription().id.eq_ignore_ascii_case(subscription) {
        return Err(faults::subscription_not_found(subscription));
    }
    state.arm.group(group).ok_or_else(|| resource_group_not_found(group))
}

/// The resource group of a request that writes.
///
/// # Errors
/// As [`require_group`], and `ResourceGroupBeingDeleted`.
pub(crate) fn require_writable_group<'a>(state: &'a State, subscription: &str, group: &str) -> Result<&'a Group, Fault> {
    let found = require_group(state, subscription, group)?;
    if found.deleting {
        return Err(being_deleted(&found.name));
    }
    Ok(found)
}

/// A write into a group that is going away. Public reports.
pub(crate) fn being_deleted(group: &str) -> Fault {
    let message = format!("The resource group '{group}' is in deprovisioning state and cannot perform this operation.");
    Fault::new(409, "ResourceGroupBeingDeleted", message)
}

/// Public reports, confirmed by the recorded length.
pub(crate) fn resource_group_not_found(group: &str) -> Fault {
    Fault::new(404, "ResourceGroupNotFound", format!("Resource group '{group}' could not be found."))
}

/// Recorded in 2023: `kind` is `Microsoft.KeyVault/vaults`.
pub(crate) fn resource_not_found(kind: &str, name: &str, group: &str) -> Fault {
    Fault::new(
        404,
        "ResourceNotFound",
        format!(
            "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to \
             https://aka.ms/ARMResourceNotFoundFix"
        ),
    )
}

/// Public reports: a body that has no location. The name of the type's operation is not part of it.
pub(crate) fn location_required() -> Fault {
    Fault::new(400, "LocationRequired", "The location property is required for this definition.")
}

/// A new resource's region must exist.
///
/// # Errors
/// `LocationNotAvailableForResourceType`.
pub(crate) fn require_region(location: &str, kind: &str) -> Result<(), Fault> {
    if regions::find(location).is_some() {
        return Ok(());
    }
    // Public reports; Azure lists the regions that the type has.
    let regions: Vec<&str> = regions::REGIONS.iter().map(|region| region.name).collect();
    let message = format!(
        "The provided location '{location}' is not available for resource type '{kind}'. List of available regions for the resource type is \
         '{}'.",
        regions.join(",")
    );
    Err(Fault::new(400, "LocationNotAvailableForResourceType", message))
}

/// The resource or group that an extension (a role assignment) is written to must exist. Children of a resource are not looked up.
///
/// # Errors
/// `ResourceGroupNotFound`, `ResourceNotFound`.
pub(crate) fn require_scope(state: &State, scope: &str) -> Result<(), Fault> {
    let segments: Vec<&str> = scope.split('/').skip(1).collect();
    let [keyword, _, groups, group, below @ ..] = &segments[..] else { return Ok(()) };
    if !keyword.eq_ignore_ascii_case("subscriptions") || !groups.eq_ignore_ascii_case("resourceGroups") {
        return Ok(());
    }
    super::operations::require_group(state, group)?;
    let [_, provider, kind, name, ..] = below else { return Ok(()) };
    let kind = format!("{provider}/{kind}");
    let exists = super::operations::resources(state).iter().any(|known| {
        known.kind.eq_ignore_ascii_case(&kind)
            && known.name.eq_ignore_ascii_case(name)
            && super::id::group_of(&known.id).is_some_and(|known| known.eq_ignore_ascii_case(group))
    });
    if exists { Ok(()) } else { Err(resource_not_found(&kind, name, group)) }
}

/// A PUT that would move the resource `name` of `group` from `there` to `location`. Public reports.
pub(crate) fn other_location(name: &str, there: &str, group: &str, location: &str) -> Fault {
    Fault::new(
        409,
        "InvalidResourceLocation",
        format!(
            "The resource '{name}' already exists in location '{there}' in resource group '{group}'. A resource with the same name cannot be \
             created in location '{location}'. Please select a new resource name."
        ),
    )
}

/// Whether two spellings name one region: `East US` is `eastus`.
pub(crate) fn is_same_location(one: &str, other: &str) -> bool {
    let short = |location: &str| location.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    short(one) == short(other)
}
