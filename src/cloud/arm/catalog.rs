//! What Resource Manager lists: tenants, subscriptions, locations, providers, resources.

use http::Method;
use serde_json::{Value, json};

use super::id::match_path;
use super::operations;
use super::regions::{REGIONS, Region};
use super::resource::Resource;
use crate::cloud::authorization;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request};
use crate::cloud::identity::authorize::readable;
use crate::cloud::identity::azure_rbac::is_at_or_below;
use crate::cloud::state::State;

/// A provider that is emulated in part: namespace, and its resource types with their api-versions.
type Provider = (&'static str, &'static [(&'static str, &'static [&'static str])]);

/// The emulated providers. Api-versions: those that az 2.91 sends (measured), with a few that documents pin.
const PROVIDERS: &[Provider] = &[
    ("Microsoft.Authorization", &[("roleAssignments", &["2022-04-01"]), ("roleDefinitions", &["2022-05-01-preview", "2022-04-01"])]),
    ("Microsoft.ContainerService", &[("managedClusters", &["2026-06-01", "2025-03-01"]), ("managedClusters/agentPools", &["2026-06-01"])]),
    ("Microsoft.KeyVault", &[("vaults", &["2026-02-01", "2023-07-01", "2022-07-01"]), ("deletedVaults", &["2026-02-01", "2023-07-01"])]),
    ("Microsoft.ContainerRegistry", &[("registries", &["2025-11-01", "2023-07-01"])]),
    (
        "Microsoft.ManagedIdentity",
        &[
            ("userAssignedIdentities", &["2025-05-31-preview", "2023-01-31"]),
            ("userAssignedIdentities/federatedIdentityCredentials", &["2025-01-31-preview", "2023-01-31"]),
        ],
    ),
    ("Microsoft.Resources", &[("resourceGroups", &["2024-11-01"]), ("subscriptions", &["2022-12-01"]), ("tenants", &["2022-12-01"])]),
];

/// The listing that a request asks for.
pub(crate) fn route(request: &Request) -> Option<Endpoint> {
    let path = &request.segments;
    let endpoint = |name, access, params, run| Some(Endpoint { name, access, params, run });
    let read = |subscription: &str, action: &str| Access::Arm {
        action: format!("Microsoft.Resources/subscriptions/{action}"),
        scope: format!("/subscriptions/{subscription}"),
    };
    if request.method == Method::POST {
        let found = match_path(path, "subscriptions/{subscription}/providers/{namespace}/register")?;
        let access = Access::Arm { action: format!("{}/register/action", found[1]), scope: format!("/subscriptions/{}", found[0]) };
        return endpoint("providers.register", access, Params::of(&[("namespace", found[1])]), provider);
    }
    if request.method != Method::GET {
        return None;
    }
    if match_path(path, "tenants").is_some() {
        return endpoint("tenants.list", Access::SignedIn, Params::none(), tenants);
    }
    if match_path(path, "subscriptions").is_some() {
        return endpoint("subscriptions.list", Access::SignedIn, Params::none(), subscriptions);
    }
    if let Some(found) = match_path(path, "subscriptions/{subscription}") {
        return endpoint("subscriptions.get", read(found[0], "read"), Params::none(), subscription);
    }
    if let Some(found) = match_path(path, "subscriptions/{subscription}/locations") {
        return endpoint("locations.list", read(found[0], "locations/read"), Params::none(), locations);
    }
    if let Some(found) = match_path(path, "subscriptions/{subscription}/providers") {
        return endpoint("providers.list", read(found[0], "providers/read"), Params::none(), providers);
    }
    if let Some(found) = match_path(path, "subscriptions/{subscription}/providers/{namespace}") {
        return endpoint("providers.get", read(found[0], "providers/read"), Params::of(&[("namespace", found[1])]), provider);
    }
    if let Some(found) = match_path(path, "subscriptions/{subscription}/resources") {
        let scope = format!("/subscriptions/{}", found[0]);
        return endpoint("resources.list", Access::SignedIn, Params::of(&[("scope", &scope)]), resources);
    }
    let found = match_path(path, "subscriptions/{subscription}/resourceGroups/{group}/resources")?;
    let scope = format!("/subscriptions/{}/resourceGroups/{}", found[0], found[1]);
    let params = Params::of(&[("scope", &scope), ("group", found[1])]);
    endpoint("groups.resources", Access::SignedIn, params, resources)
}

/// `tagName eq 'a' and tagValue eq 'b'`, the second half optional.
///
/// # Errors
/// Another filter is refused by name.
pub(crate) fn tag_filter(filter: &str) -> Result<(String, Option<Value>), Fault> {
    let mut tag = (None, None);
    for (name, value) in conditions(filter)? {
        match name.to_ascii_lowercase().as_str() {
            "tagname" => tag.0 = Some(value),
            "tagvalue" => tag.1 = Some(json!(value)),
            _ => return Err(Fault::unsupported(format!("the filter \"{filter}\""), "")),
        }
    }
    tag.0.map(|name| (name, tag.1)).ok_or_else(|| Fault::unsupported(format!("the filter \"{filter}\""), ""))
}

/// `a eq 'x' and b eq 'y'` as pairs.
fn conditions(filter: &str) -> Result<Vec<(String, String)>, Fault> {
    let refused = || Fault::unsupported(format!("the filter \"{filter}\""), "list without a filter and select with --query");
    let mut found = Vec::new();
    let mut rest = filter.trim();
    loop {
        let (name, after) = rest.split_once(' ').ok_or_else(refused)?;
        let after = after.trim_start();
        let quoted =
            after.strip_prefix("eq ").or_else(|| after.strip_prefix("EQ ")).and_then(|after| after.trim_start().strip_prefix('\''));
        let (value, after) = quoted.and_then(|quoted| quoted.split_once('\'')).ok_or_else(refused)?;
        found.push((name.to_owned(), value.to_owned()));
        rest = after.trim();
        if rest.is_empty() {
            return Ok(found);
        }
        rest = rest.strip_prefix("and ").or_else(|| rest.strip_prefix("AND ")).ok_or_else(refused)?.trim_start();
    }
}

fn tenants(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let tenant = &context.state.directory.tenant;
    let shown = json!({
        "id": format!("/tenants/{}", tenant.id),
        "tenantId": tenant.id,
        "countryCode": "US",
        "displayName": tenant.display_name,
        "domains": [tenant.default_domain],
        "tenantCategory": "Home",
        "defaultDomain": tenant.default_domain,
        "tenantType": "AAD",
    });
    Ok(Reply::json(json!({"value": [shown]})))
}

fn subscriptions(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let sees = sees_subscription(context.state, context.caller.object_id());
    let shown: Vec<Value> = sees.then(|| subscription_json(context.state)).into_iter().collect();
    let count = shown.len();
    Ok(Reply::json(json!({"value": shown, "count": {"type": "Total", "value": count}})))
}

/// Documented: a caller sees the subscriptions in which it has any role.
pub(crate) fn sees_subscription(state: &State, object_id: &str) -> bool {
    let principals = state.directory.with_groups(object_id);
    let scope = state.arm.subscription().scope();
    let is_there = |place: &str| is_at_or_below(place, &scope) || place == "/";
    authorization::grants(state).iter().any(|grant| principals.contains(&grant.principal_id) && is_there(&grant.scope))
}

fn subscription(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::json(subscription_json(context.state)))
}

fn subscription_json(state: &State) -> Value {
    let subscription = state.arm.subscription();
    json!({
        "id": subscription.scope(),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant_id,
        "displayName": subscription.name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    })
}

fn locations(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let scope = context.state.arm.subscription().scope();
    let id = |name: &str| format!("{scope}/locations/{name}");
    let shown = |region: &Region| {
        let paired: Vec<Value> =
            [region.paired].iter().filter(|pair| !pair.is_empty()).map(|pair| json!({"name": pair, "id": id(pair)})).collect();
        json!({
            "id": id(region.name),
            "name": region.name,
            "type": "Region",
            "displayName": region.display_name,
            "regionalDisplayName": format!("({}) {}", region.geography_group, region.display_name),
            "metadata": {
                "regionType": "Physical",
                "regionCategory": region.category,
                "geography": region.geography,
                "geographyGroup": region.geography_group,
                "pairedRegion": paired,
            },
        })
    };
    Ok(Reply::json(json!({"value": REGIONS.iter().map(shown).collect::<Vec<_>>()})))
}

fn providers(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let shown: Vec<Value> = PROVIDERS.iter().map(|provider| provider_json(context.state, provider)).collect();
    Ok(Reply::json(json!({ "value": shown })))
}

fn provider(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let wanted = context.params.get("namespace");
    let found = PROVIDERS.iter().find(|(namespace, _)| namespace.eq_ignore_ascii_case(wanted));
    let found = found.ok_or_else(|| Fault::unsupported(format!("the resource provider {wanted}"), ""))?;
    Ok(Reply::json(provider_json(context.state, found)))
}

/// Every emulated provider is registered, as in a subscription that has been used.
fn provider_json(state: &State, (namespace, types): &Provider) -> Value {
    let locations: Vec<&str> = REGIONS.iter().map(|region| region.display_name).collect();
    let types = types
        .iter()
        .map(|(name, versions)| json!({"resourceType": name, "locations": locations, "apiVersions": versions, "capabilities": "None"}));
    json!({
        "id": format!("{}/providers/{namespace}", state.arm.subscription().scope()),
        "namespace": namespace,
        "resourceTypes": types.collect::<Vec<_>>(),
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
    })
}

fn resources(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let group = context.params.get("group");
    if !group.is_empty() {
        operations::require_group(context.state, group)?;
    }
    let scope = context.params.get("scope");
    let mut found: Vec<Resource> =
        operations::resources(context.state).into_iter().filter(|known| is_at_or_below(&known.id, scope)).collect();
    if let Some(filter) = context.request.query.get("$filter").filter(|filter| !filter.is_empty()) {
        for (name, value) in conditions(filter)? {
            let part: fn(&Resource) -> &str = match name.to_ascii_lowercase().as_str() {
                "resourcetype" => |known| known.kind,
                "name" => |known| &known.name,
                "location" => |known| &known.location,
                "resourcegroup" => |known| super::id::group_of(&known.id).unwrap_or_default(),
                _ => return Err(Fault::unsupported(format!("the filter \"{filter}\""), "list without a filter and select with --query")),
            };
            found.retain(|known| part(known).eq_ignore_ascii_case(&value));
        }
    }
    let shown: Vec<Value> = readable_resources(context, found).iter().map(resource_json).collect();
    Ok(Reply::json(json!({ "value": shown })))
}

/// Those that the caller may read: a list is open to everybody who is signed in, what it shows is not.
fn readable_resources(context: &mut Context<'_>, all: Vec<Resource>) -> Vec<Resource> {
    let may_read = |resource: Resource| {
        let action = format!("{}/read", resource.kind);
        readable(context.state, context.caller, &action, vec![resource], |known| known.id.clone()).pop()
    };
    all.into_iter().filter_map(may_read).collect()
}

fn resource_json(resource: &Resource) -> Value {
    let mut shown = json!({"id": resource.id, "name": resource.name, "type": resource.kind, "location": resource.location});
    if let Some(tags) = &resource.tags {
        shown["tags"] = json!(tags);
    }
    shown
}
