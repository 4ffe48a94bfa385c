//! The rules of managed clusters: what is accepted, refused, filled in, and how long it takes.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::credentials;
use super::defaults::{self, Decided};
use super::model::{ManagedCluster, Operation, OperationKind, cluster_id};
use super::names;
use super::versions::{self, Version};
use crate::cloud::arm::id::resource_id;
use crate::cloud::arm::lro;
use crate::cloud::arm::model::Group;
use crate::cloud::authorization;
use crate::cloud::clock::later;
use crate::cloud::fault::Fault;
use crate::cloud::identity::authorize;
use crate::cloud::identity::caller::Caller;
use crate::cloud::profile::Profile;
use crate::cloud::state::State;

/// Recorded: creations took 5 to 7 minutes, updates 97 and 102 seconds.
const CREATE_SECONDS: (u64, u64) = (300, 420);
const UPDATE_SECONDS: (u64, u64) = (90, 110);
/// Assumed: no recording shows the end of a cluster's deletion.
const DELETE_SECONDS: (u64, u64) = (180, 240);

/// A refusal of the service itself: flat, without the `error` envelope (recorded reports).
pub(crate) fn flat(status: u16, code: &str, message: &str) -> Fault {
    let body = json!({"code": code, "details": null, "message": message, "subcode": ""});
    Fault::new(status, code, message).with_body(body)
}

/// Where a request points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) subscription: &'a str,
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
}

impl Place<'_> {
    fn id(&self) -> String {
        cluster_id(self.subscription, self.group, self.name)
    }
}

/// The resource group, or the gateway's refusal.
fn require_group<'a>(state: &'a State, group: &str) -> Result<&'a Group, Fault> {
    let missing = || Fault::new(404, "ResourceGroupNotFound", format!("Resource group '{group}' could not be found."));
    state.arm.group(group).ok_or_else(missing)
}

/// A cluster, or the gateway's refusal (recorded: 404 in the `error` envelope).
pub(crate) fn get<'a>(state: &'a State, place: Place<'_>) -> Result<&'a ManagedCluster, Fault> {
    require_group(state, place.group)?;
    state.aks.get(&place.id()).ok_or_else(|| {
        let Place { group, name, .. } = place;
        let message = format!(
            "The Resource 'Microsoft.ContainerService/managedClusters/{name}' under resource group '{group}' was not found. For more details \
             please go to https://aka.ms/ARMResourceNotFoundFix"
        );
        Fault::new(404, "ResourceNotFound", message)
    })
}

/// What a write started.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) body: Value,
    pub(crate) created: bool,
    pub(crate) operation: lro::Operation,
}

/// Creates a cluster, or updates the one that is there.
pub(crate) fn put(state: &mut State, profile: &Profile, now: Timestamp, place: Place<'_>, request: &Value) -> Result<Started, Fault> {
    let group = require_group(state, place.group)?.name.clone();
    let place = Place { group: &group, ..place };
    refuse_what_is_not_emulated(request)?;
    match state.aks.get(&place.id()).cloned() {
        Some(cluster) => update(state, profile, now, cluster, request),
        None => create(state, profile, now, place, request),
    }
}

/// Whoever gives a cluster an identity must be allowed to assign it (AKS documentation, "Use managed identities": the identity that creates a
/// cluster needs `userAssignedIdentities/assign/action`).
///
/// # Errors
/// `LinkedAuthorizationFailed`.
pub(crate) fn require_linked(state: &mut State, caller: &Caller, place: Place<'_>, request: &Value) -> Result<(), Fault> {
    let known = state.aks.get(&place.id()).map(|cluster| cluster.identity["userAssignedIdentities"].clone()).unwrap_or_default();
    let id = resource_id(place.subscription, place.group, "Microsoft.ContainerService/managedClusters", place.name);
    for (identity, _) in request["identity"]["userAssignedIdentities"].as_object().into_iter().flatten() {
        let is_new = !known.as_object().is_some_and(|known| known.keys().any(|known| known.eq_ignore_ascii_case(identity)));
        if is_new {
            let write = ("Microsoft.ContainerService/managedClusters/write", id.as_str());
            let linked = ("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", identity.as_str());
            authorize::require_linked(state, caller, write, linked)?;
        }
    }
    Ok(())
}

fn refuse_what_is_not_emulated(request: &Value) -> Result<(), Fault> {
    let properties = &request["properties"];
    let refuse = |what: &str, workaround: &str| Err(Fault::unsupported(what, workaround));
    let entra = &properties["aadProfile"];
    if entra.is_object() && (entra["managed"] != true || entra["serverAppID"].is_string() || entra["clientAppID"].is_string()) {
        return refuse("AKS clusters with applications of one's own for Entra (aadProfile)", "use the managed integration: --enable-aad");
    }
    if properties["apiServerAccessProfile"]["enablePrivateCluster"] == true {
        return refuse("private AKS clusters", "leave out --enable-private-cluster");
    }
    if properties["enableRBAC"] == false {
        return refuse("AKS clusters without Kubernetes RBAC", "leave out --disable-rbac");
    }
    match request["identity"]["type"].as_str() {
        Some("SystemAssigned" | "UserAssigned") => Ok(()),
        _ => refuse("AKS clusters with a service principal", "use a managed identity, which is the default"),
    }
}

/// What the integration with Entra and the local accounts must be together. Assumed: codes and wording.
fn check_access(properties: &Value) -> Result<(), Fault> {
    let entra = &properties["aadProfile"];
    if properties["disableLocalAccounts"] == true && !entra.is_object() {
        let message = "Provisioning of cluster with local accounts disabled requires Azure Active Directory integration to be enabled.";
        return Err(flat(400, "BadRequest", message));
    }
    let groups = entra["adminGroupObjectIDs"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for group in groups {
        if uuid::Uuid::try_parse(group).is_err() {
            let message = format!("The value of parameter aadProfile.adminGroupObjectIDs is invalid. '{group}' is not a GUID.");
            return Err(flat(400, "InvalidParameter", &message));
        }
    }
    Ok(())
}

fn create(state: &mut State, profile: &Profile, now: Timestamp, place: Place<'_>, request: &Value) -> Result<Started, Fault> {
    names::check_cluster(place.name)?;
    let id = place.id();
    let location = normalize_location(request["location"].as_str().unwrap_or_default());
    if location.is_empty() {
        return Err(Fault::new(400, "LocationRequired", "The location property is required for this definition."));
    }
    let properties = &request["properties"];
    if properties["identityProfile"].is_object() {
        return Err(Fault::unsupported("AKS clusters with a kubelet identity of one's own", "leave out --assign-kubelet-identity"));
    }
    check_access(properties)?;
    let long_term = properties["supportPlan"] == "AKSLongTermSupport" && request["sku"]["tier"] == "Premium";
    let version = versions::resolve(profile, place.name, properties["kubernetesVersion"].as_str().unwrap_or_default(), long_term)?;
    let issuer_is_on =
        properties["oidcIssuerProfile"]["enabled"].as_bool().unwrap_or(version.minor() >= profile.oidc_issuer_default_from_minor);
    require_issuer_for_workload_identity(properties, issuer_is_on)?;
    let key = id.to_lowercase();
    let issuer_url = issuer_url(state, &key, &location);
    let identity = cluster_identity(state, now, &id, place.name, &request["identity"])?;
    let tenant_id = state.directory.tenant.id.clone();
    let decided = Decided {
        group: place.group,
        name: place.name,
        location: &location,
        version: &version,
        dns_suffix: &dns_suffix(state, &key),
        tenant_id: &tenant_id,
        issuer_url: if issuer_is_on { &issuer_url } else { "" },
        resource_uid: &state.ids.hex(&format!("resource uid {key}"), 12),
        node_image: NODE_IMAGE,
    };
    let mut properties = defaults::properties(request, &decided)?;
    stamp_pools(state, &key, &mut properties);
    let node_group = properties["nodeResourceGroup"].as_str().unwrap_or_default().to_owned();
    if state.arm.group(&node_group).is_some() {
        // Assumed: wording; the documentation says that the node resource group must not exist yet.
        return Err(flat(400, "NodeResourceGroupAlreadyExists", &format!("Node resource group {node_group} already exists.")));
    }
    let group = Group { name: node_group.clone(), location: location.clone(), tags: None, managed_by: id.clone(), deleting: false };
    state.arm.groups.insert(node_group.to_lowercase(), group);
    let node_group_id = format!("/subscriptions/{}/resourceGroups/{node_group}", place.subscription);
    for principal in principals(&identity) {
        // AKS documentation, "Use managed identities": the cluster's identity gets this role on the node resource group by itself.
        authorization::assign(state, CONTRIBUTOR, &principal, &node_group_id);
    }
    let etag = state.ids.guid(&format!("etag {key}"));
    let mut cluster = ManagedCluster {
        name: place.name.to_owned(),
        subscription: place.subscription.to_owned(),
        group: place.group.to_owned(),
        location,
        tags: request["tags"].as_object().cloned(),
        properties,
        identity,
        sku: if request["sku"].is_object() { request["sku"].clone() } else { json!({"name": "Base", "tier": "Free"}) },
        etag,
        operation: None,
        kubelet: None,
        credentials: None,
        id,
    };
    let operation = begin(state, &mut cluster, OperationKind::Creating, CREATE_SECONDS, now);
    let body = cluster.body();
    state.aks.insert(cluster);
    Ok(Started { body, created: true, operation })
}

/// The GUID of Azure's built-in role Contributor.
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";

/// The object ids of a cluster's own identity.
fn principals(identity: &Value) -> Vec<String> {
    let assigned = identity["userAssignedIdentities"].as_object().into_iter().flatten().map(|(_, one)| one);
    assigned.chain([identity]).filter_map(|one| one["principalId"].as_str()).map(str::to_owned).collect()
}

/// Recorded name of an image, one month before the profile's. Assumed: that its shape is still the same.
const NODE_IMAGE: &str = "AKSUbuntu-2204gen2containerd-202610.15.0";

fn normalize_location(location: &str) -> String {
    location.chars().filter(|letter| *letter != ' ').collect::<String>().to_lowercase()
}

fn require_issuer_for_workload_identity(properties: &Value, issuer_is_on: bool) -> Result<(), Fault> {
    if properties["securityProfile"]["workloadIdentity"]["enabled"] == true && !issuer_is_on {
        // Documentation: workload identity needs the issuer. Assumed: code and wording (az refuses first).
        return Err(flat(400, "BadRequest", "Workload identity requires the OIDC issuer to be enabled."));
    }
    Ok(())
}

fn issuer_url(state: &mut State, key: &str, location: &str) -> String {
    let tenant = state.directory.tenant.id.clone();
    let guid = state.ids.guid(&format!("oidc issuer {key}"));
    format!("https://{location}.oic.prod-aks.azure.com/{tenant}/{guid}/")
}

/// Recorded: eight lower-case letters and digits.
fn dns_suffix(state: &mut State, key: &str) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let bytes = state.ids.bytes(&format!("dns suffix {key}"), 8);
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

fn stamp_pools(state: &mut State, key: &str, properties: &mut Map<String, Value>) {
    for pool in properties.get_mut("agentPoolProfiles").and_then(Value::as_array_mut).into_iter().flatten() {
        pool["eTag"] = json!(state.ids.guid(&format!("pool etag {key}")));
    }
}

/// The cluster's own identity: a system-assigned one is made, user-assigned ones must exist.
fn cluster_identity(state: &mut State, now: Timestamp, id: &str, name: &str, asked: &Value) -> Result<Value, Fault> {
    if asked["type"] == "SystemAssigned" {
        let principal = state.directory.register_managed_identity(&mut state.ids, id, name, now);
        return Ok(json!({"type": "SystemAssigned", "principalId": principal.object_id, "tenantId": state.directory.tenant.id}));
    }
    let mut identities = Map::new();
    for identity_id in asked["userAssignedIdentities"].as_object().into_iter().flatten().map(|(id, _)| id) {
        let found = state.directory.service_principals.iter().find(|known| known.resource_id.eq_ignore_ascii_case(identity_id));
        let Some(principal) = found else {
            // Assumed: the sentence of the managed identity service, which AKS passes on.
            let message = format!("The user assigned identity {identity_id} was not found.");
            return Err(flat(400, "UserAssignedIdentityNotFound", &message));
        };
        identities.insert(identity_id.clone(), json!({"clientId": principal.app_id, "principalId": principal.object_id}));
    }
    Ok(json!({"type": "UserAssigned", "userAssignedIdentities": identities}))
}

fn update(state: &mut State, profile: &Profile, now: Timestamp, mut cluster: ManagedCluster, request: &Value) -> Result<Started, Fault> {
    refuse_while_busy(&cluster)?;
    let asked = &request["properties"];
    let location = normalize_location(request["location"].as_str().unwrap_or_default());
    if location != cluster.location {
        // Resource Manager's own refusal, for every type of resource.
        let message = format!(
            "The resource '{}' already exists in location '{}' in resource group '{}'. A resource with the same name cannot be created in \
             location '{location}'. Please select a new resource name.",
            cluster.name, cluster.location, cluster.group
        );
        return Err(Fault::new(409, "InvalidResourceLocation", message));
    }
    for name in ["dnsPrefix", "nodeResourceGroup"] {
        if asked[name].is_string() && asked[name] != cluster.properties[name] {
            let message = format!("Changing property 'properties.{name}' is not allowed.");
            return Err(flat(400, "PropertyChangeNotAllowed", &message));
        }
    }
    let had_issuer = cluster.is_set("/oidcIssuerProfile/enabled");
    let wants_issuer = asked["oidcIssuerProfile"]["enabled"].as_bool();
    if had_issuer && wants_issuer == Some(false) {
        return Err(flat(400, "OIDCIssuerFeatureCannotBeDisabled", "OIDC issuer feature cannot be disabled."));
    }
    let issuer_is_on = had_issuer || wants_issuer == Some(true);
    require_issuer_for_workload_identity(asked, issuer_is_on)?;
    let version = upgraded(profile, &cluster, asked)?;
    let key = cluster.id.to_lowercase();
    let issuer_url = match cluster.text("/oidcIssuerProfile/issuerURL") {
        "" if issuer_is_on => issuer_url(state, &key, &cluster.location),
        known => known.to_owned(),
    };
    let whole = overlay(&cluster, request);
    let tenant_id = state.directory.tenant.id.clone();
    let decided = Decided {
        group: &cluster.group,
        name: &cluster.name,
        location: &cluster.location,
        version: &version,
        dns_suffix: "",
        tenant_id: &tenant_id,
        issuer_url: &issuer_url,
        resource_uid: cluster.text("/resourceUID"),
        node_image: NODE_IMAGE,
    };
    check_access(&whole["properties"])?;
    let mut properties = defaults::properties(&whole, &decided)?;
    for kept in ["fqdn", "azurePortalFQDN", "powerState"] {
        properties.insert(kept.to_owned(), cluster.properties[kept].clone());
    }
    stamp_pools(state, &key, &mut properties);
    cluster.properties = properties;
    if request["sku"].is_object() {
        cluster.sku = request["sku"].clone();
    }
    if let Some(tags) = request["tags"].as_object() {
        cluster.tags = Some(tags.clone());
    }
    cluster.etag = state.ids.guid(&format!("etag {key}"));
    let operation = begin(state, &mut cluster, OperationKind::Updating, UPDATE_SECONDS, now);
    let body = cluster.body();
    state.aks.insert(cluster);
    Ok(Started { body, created: false, operation })
}

/// The present properties under those of the request: a property that a PUT leaves out keeps its value (recorded for `issuerURL`).
fn overlay(cluster: &ManagedCluster, request: &Value) -> Value {
    let mut properties = cluster.properties.clone();
    for (name, value) in request["properties"].as_object().into_iter().flatten() {
        if !value.is_null() {
            properties.insert(name.clone(), value.clone());
        }
    }
    json!({ "properties": properties })
}

/// The version after an update: the same, a newer patch, or the next minor version.
fn upgraded(profile: &Profile, cluster: &ManagedCluster, asked: &Value) -> Result<Version, Fault> {
    let current =
        Version { asked: cluster.text("/kubernetesVersion").to_owned(), running: cluster.text("/currentKubernetesVersion").to_owned() };
    let wanted =
        asked["kubernetesVersion"].as_str().filter(|wanted| !wanted.is_empty() && *wanted != current.asked && *wanted != current.running);
    let Some(wanted) = wanted else { return Ok(current) };
    let next = versions::resolve(profile, &cluster.name, wanted, asked["supportPlan"] == "AKSLongTermSupport")?;
    if next.minor() == current.minor() || next.minor() == current.minor() + 1 {
        return Ok(next);
    }
    // Public reports of skipped minor versions. Assumed: the same words for a step back.
    let message = format!(
        "Upgrading Kubernetes version {} to {wanted} is not allowed. Available upgrades: []. Please see https://aka.ms/aks-supported-k8s-ver for version details.",
        current.running
    );
    Err(flat(400, "OperationNotAllowed", &message))
}

fn refuse_while_busy(cluster: &ManagedCluster) -> Result<(), Fault> {
    let Some(operation) = &cluster.operation else { return Ok(()) };
    let message = format!(
        "Operation is not allowed: Another operation ({}) is in progress, please wait for it to finish before starting a new operation. See \
         https://aka.ms/aks-pending-operation for more details",
        operation.kind.state()
    );
    Err(flat(409, "OperationNotAllowed", &message))
}

/// Sets the tags alone.
pub(crate) fn patch_tags(state: &mut State, now: Timestamp, place: Place<'_>, request: &Value) -> Result<Started, Fault> {
    let mut cluster = get(state, place)?.clone();
    refuse_while_busy(&cluster)?;
    cluster.tags = request["tags"].as_object().cloned();
    let operation = begin(state, &mut cluster, OperationKind::Updating, UPDATE_SECONDS, now);
    let body = cluster.body();
    state.aks.insert(cluster);
    Ok(Started { body, created: false, operation })
}

/// Begins to delete a cluster; `None` when there is none.
pub(crate) fn delete(state: &mut State, now: Timestamp, place: Place<'_>) -> Result<Option<lro::Operation>, Fault> {
    require_group(state, place.group)?;
    let Some(mut cluster) = state.aks.get(&place.id()).cloned() else { return Ok(None) };
    let operation = begin(state, &mut cluster, OperationKind::Deleting, DELETE_SECONDS, now);
    state.aks.insert(cluster);
    Ok(Some(operation))
}

fn begin(state: &mut State, cluster: &mut ManagedCluster, kind: OperationKind, seconds: (u64, u64), now: Timestamp) -> lro::Operation {
    let drawn = state.ids.bytes(&format!("duration {}", cluster.id.to_lowercase()), 1)[0];
    let takes = Duration::from_secs(seconds.0 + u64::from(drawn) * (seconds.1 - seconds.0) / 256);
    cluster.operation = Some(Operation { kind, ends: later(now, takes) });
    let work = lro::Work {
        subscription: cluster.subscription.clone(),
        namespace: "Microsoft.ContainerService",
        location: cluster.location.clone(),
        resource_id: cluster.id.clone(),
        takes,
        failure: None,
    };
    state.operations.start(&mut state.ids, work, now)
}

/// The kubeconfig as YAML: that of the local account, or with Entra integration and without `admin` one that says where to get a token.
pub(crate) fn kubeconfig(state: &State, place: Place<'_>, admin: bool) -> Result<String, Fault> {
    let cluster = get(state, place)?;
    let tenant = cluster.text("/aadProfile/tenantID");
    if !admin && cluster.property("/aadProfile").is_some_and(Value::is_object) && cluster.credentials.is_some() {
        return Ok(credentials::entra_kubeconfig(cluster, state.authority.pem(), tenant));
    }
    if cluster.is_set("/disableLocalAccounts") {
        // Public reports Azure/bicep#11601, aztfmod/terraform-azurerm-caf#1345, with this code; the documentation contracts two of the words.
        let message = "Getting static credential is not allowed because this cluster is set to disable local accounts.";
        return Err(flat(400, "BadRequest", message));
    }
    match &cluster.credentials {
        Some(local) => Ok(credentials::kubeconfig(cluster, local, state.authority.pem(), admin)),
        // Assumed: until creation has ended there is no account to give out.
        None => Err(flat(
            409,
            "OperationNotAllowed",
            "Operation is not allowed: Another operation (Creating) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details",
        )),
    }
}
