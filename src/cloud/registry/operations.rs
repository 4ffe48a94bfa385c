//! The rules of registries: names, sizes, what is imported from where.

use jiff::Timestamp;
use serde_json::Value;

use super::KIND;
use super::model::Registry;
use crate::cloud::arm::tracked as arm;
use crate::cloud::authorization;
use crate::cloud::fault::Fault;
use crate::cloud::identity::caller::{Caller, CallerKind};
use crate::cloud::kube::pods::images::Image;
use crate::cloud::state::State;

/// The sizes that there are; the classic one is gone.
const SKUS: [&str; 3] = ["Basic", "Standard", "Premium"];

/// What a client may ask of a registry that is emulated only in its usual form: the member of `properties`, and its usual values.
const USUAL: &[(&str, &[&str])] = &[
    ("adminUserEnabled", &["false"]),
    ("anonymousPullEnabled", &["false"]),
    ("dataEndpointEnabled", &["false"]),
    ("publicNetworkAccess", &["\"Enabled\""]),
    ("networkRuleBypassOptions", &["\"AzureServices\""]),
    ("roleAssignmentMode", &["\"LegacyRegistryPermissions\""]),
    ("zoneRedundancy", &["\"Disabled\""]),
];

/// Where a registry is, or is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) subscription: &'a str,
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
}

/// Creates a registry, or changes its tags and size. Returns it and whether it is new.
///
/// # Errors
/// A missing group or location; a name that is too short, too long, not of letters and digits, or taken; a size that does not exist.
pub(crate) fn put(state: &mut State, caller: &Caller, now: Timestamp, place: Place<'_>, body: &Value) -> Result<(Registry, bool), Fault> {
    let group = arm::require_writable_group(state, place.subscription, place.group)?.name.clone();
    let location = body["location"].as_str().filter(|location| !location.is_empty()).ok_or_else(arm::location_required)?.to_owned();
    check_name(place.name)?;
    let sku = body["sku"]["name"].as_str().unwrap_or_default();
    let Some(sku) = SKUS.into_iter().find(|known| known.eq_ignore_ascii_case(sku)) else {
        // Assumed: code and words.
        return Err(Fault::new(
            400,
            "InvalidSku",
            format!("The SKU '{sku}' is not supported. Supported SKUs are Basic, Standard, Premium."),
        ));
    };
    refuse_what_is_unusual(&body["properties"])?;
    let tags = body["tags"].as_object().cloned();
    if let Some(known) = state.registries.named(place.name) {
        if !known.group.eq_ignore_ascii_case(&group) {
            return Err(name_in_use(place.name));
        }
        if !arm::is_same_location(&known.location, &location) {
            return Err(arm::other_location(&known.name, &known.location, &known.group, &location));
        }
        let Some(known) = state.registries.named_mut(place.name) else { return Err(name_in_use(place.name)) };
        sku.clone_into(&mut known.sku);
        known.tags = tags;
        return Ok((known.clone(), false));
    }
    arm::require_region(&location, KIND)?;
    let entra = caller.entra();
    let registry = Registry {
        subscription: place.subscription.to_owned(),
        group,
        name: place.name.to_owned(),
        location,
        tags,
        sku: sku.to_owned(),
        created: now,
        created_by: entra.map_or_else(String::new, |caller| match caller.kind {
            CallerKind::User => caller.name.clone(),
            CallerKind::Application => caller.app_id.clone(),
        }),
        is_of_user: entra.is_some_and(|caller| caller.kind == CallerKind::User),
        images: std::collections::BTreeSet::new(),
    };
    state.registries.insert(registry.clone());
    Ok((registry, true))
}

/// Naming rules of the resource (documentation of resource names): 5 to 50 letters and digits. Public reports: the code and the words.
fn check_name(name: &str) -> Result<(), Fault> {
    let problem = if (5..=50).contains(&name.len()) {
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(());
        }
        "Registry names may contain alpha numeric characters only and must be between 5 and 50 characters"
    } else {
        "The registry name must be between 5 and 50 characters"
    };
    Err(Fault::new(400, "InvalidRegistryName", format!("{problem}.")))
}

/// Public reports.
fn name_in_use(name: &str) -> Fault {
    let message = format!(
        "The registry DNS name {}.azurecr.io is already in use. You can check if the name is already claimed using following API: \
         https://docs.microsoft.com/rest/api/containerregistry/registries/checknameavailability",
        name.to_lowercase()
    );
    Fault::new(409, "AlreadyInUse", message)
}

fn refuse_what_is_unusual(properties: &Value) -> Result<(), Fault> {
    for (name, value) in properties.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let is_usual = USUAL.iter().any(|(known, usual)| known == name && usual.contains(&&*value.to_string()));
        if !is_usual {
            return Err(Fault::unsupported(format!("container registries with {name} of {value}"), "leave it out"));
        }
    }
    Ok(())
}

/// The registry, or the gateway's 404.
///
/// # Errors
/// `ResourceGroupNotFound`, `ResourceNotFound`.
pub(crate) fn find<'a>(state: &'a State, place: Place<'_>) -> Result<&'a Registry, Fault> {
    arm::require_group(state, place.subscription, place.group)?;
    let found = state.registries.named(place.name).filter(|known| known.group.eq_ignore_ascii_case(place.group));
    found.ok_or_else(|| arm::resource_not_found(KIND, place.name, place.group))
}

/// Deletes a registry with what is in it; true when there was one.
///
/// # Errors
/// `ResourceGroupNotFound`.
pub(crate) fn delete(state: &mut State, place: Place<'_>) -> Result<bool, Fault> {
    let Ok(id) = find(state, place).map(Registry::id) else {
        return arm::require_group(state, place.subscription, place.group).map(|_| false);
    };
    authorization::delete_scope(state, &id);
    Ok(!state.registries.remove_where(|registry| registry.id() == id).is_empty())
}

/// Copies an image from another registry.
///
/// # Errors
/// A source that is no image, that nobody has, or without tags to give; a tag that is there already.
pub(crate) fn import(state: &mut State, place: Place<'_>, body: &Value) -> Result<(), Fault> {
    find(state, place)?;
    let (source, image) = (&body["source"], body["source"]["sourceImage"].as_str().unwrap_or_default());
    let targets: Vec<&str> = body["targetTags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if image.is_empty() || targets.is_empty() {
        // Assumed: the words.
        return Err(Fault::new(400, "InvalidParameters", "The source image and the target tags are required."));
    }
    match (source["resourceId"].as_str(), source["registryUri"].as_str()) {
        (Some(id), _) => {
            let known = state.registries.all().find(|known| known.id().eq_ignore_ascii_case(id));
            if !known.is_some_and(|known| known.images.contains(&with_tag(image))) {
                return Err(source_missing(image));
            }
        }
        (None, Some(host)) => {
            let reference = format!("{host}/{image}");
            let parsed = Image::parse(&reference).map_err(|_| source_missing(&reference))?;
            if host.ends_with(".azurecr.io") || parsed.failure().is_some() {
                return Err(source_missing(&reference));
            }
        }
        (None, None) => return Err(source_missing(image)),
    }
    let targets: Vec<String> = targets.into_iter().map(with_tag).collect();
    let is_forced = body["mode"].as_str().is_some_and(|mode| mode.eq_ignore_ascii_case("Force"));
    let registry = state.registries.named_mut(place.name).ok_or_else(|| arm::resource_not_found(KIND, place.name, place.group))?;
    if let Some(taken) = targets.iter().find(|target| !is_forced && registry.images.contains(*target)) {
        // Public reports.
        let message = format!("Tag {taken} already exists in target registry.");
        return Err(Fault::new(409, "Conflict", message));
    }
    registry.images.extend(targets);
    Ok(())
}

/// An image without a tag has the usual one.
fn with_tag(image: &str) -> String {
    let name = image.split('@').next().unwrap_or_default();
    if name.rsplit('/').next().is_some_and(|last| last.contains(':')) { name.to_owned() } else { format!("{name}:latest") }
}

/// Public reports of imports whose source does not exist or cannot be read.
fn source_missing(reference: &str) -> Fault {
    let message = format!("Operation failed. Resource reference '{reference}' could not be resolved: the source image was not found.");
    Fault::new(400, "InvalidParameters", message)
}
