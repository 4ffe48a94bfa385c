//! Paths of `Microsoft.ContainerService`.

use base64::Engine;
use http::Method;
use serde_json::{Value, json};

use super::operations::{self, Place, Started};
use super::versions;
use crate::cloud::arm::{id, lro};
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request};
use crate::cloud::http::hosts;

const CLUSTERS: &str = "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters";

type Run = fn(&mut Context<'_>) -> Result<Reply, Fault>;

/// The operation that a request asks this service for.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    if request.host != hosts::RESOURCE_MANAGER {
        return None;
    }
    let names_us = request.segments.iter().any(|segment| segment.eq_ignore_ascii_case("Microsoft.ContainerService"));
    // Operations of every service have the same paths, and Resource Manager serves them.
    let is_operation = request.segments.iter().any(|segment| {
        segment.eq_ignore_ascii_case("operations")
            || segment.eq_ignore_ascii_case("operationresults")
            || segment.eq_ignore_ascii_case("roleAssignments")
    });
    if !names_us || is_operation || !request.segments.first().is_some_and(|first| first.eq_ignore_ascii_case("subscriptions")) {
        return None;
    }
    let known = by_subscription(request).or_else(|| by_group(request)).or_else(|| by_cluster(request)).or_else(|| below_cluster(request));
    Some(known.ok_or_else(|| Fault::unsupported(format!("{} {}", request.method, unsupported_name(request)), "")))
}

/// The type below a cluster, for the refusal: `Microsoft.ContainerService/managedClusters/start`.
fn unsupported_name(request: &Request) -> String {
    let provider = request.segments.iter().position(|segment| segment.eq_ignore_ascii_case("Microsoft.ContainerService"));
    let rest = request.segments.iter().skip(provider.unwrap_or_default());
    // Names stand at every second place after the namespace and the first type.
    rest.enumerate().filter(|(at, _)| at % 2 == 1 || *at == 0).map(|(_, segment)| segment.as_str()).collect::<Vec<_>>().join("/")
}

fn endpoint(name: &'static str, action: &str, scope: String, params: Params, run: Run) -> Endpoint {
    let action = format!("Microsoft.ContainerService/{action}");
    Endpoint { name, access: Access::Arm { action, scope }, params, run }
}

fn by_subscription(request: &Request) -> Option<Endpoint> {
    let get = request.method == Method::GET;
    if let Some(found) =
        id::match_path(&request.segments, "subscriptions/{subscription}/providers/Microsoft.ContainerService/managedClusters")
    {
        let scope = format!("/subscriptions/{}", found[0]);
        return get.then(|| endpoint("aks.list", "managedClusters/read", scope, Params::none(), list));
    }
    let pattern = "subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}/kubernetesVersions";
    let found = id::match_path(&request.segments, pattern)?;
    let scope = format!("/subscriptions/{}", found[0]);
    get.then(|| {
        endpoint("aks.versions", "locations/kubernetesVersions/read", scope, Params::none(), |context| {
            Ok(Reply::json(versions::list(context.profile)))
        })
    })
}

fn by_group(request: &Request) -> Option<Endpoint> {
    let found = id::match_path(&request.segments, CLUSTERS)?;
    let scope = format!("/subscriptions/{}/resourceGroups/{}", found[0], found[1]);
    let params = Params::of(&[("group", found[1])]);
    (request.method == Method::GET).then(|| endpoint("aks.list_group", "managedClusters/read", scope, params, list))
}

fn place_params(found: &[&str]) -> (String, Params) {
    let scope = id::resource_id(found[0], found[1], "Microsoft.ContainerService/managedClusters", found[2]);
    (scope, Params::of(&[("subscription", found[0]), ("group", found[1]), ("name", found[2])]))
}

fn by_cluster(request: &Request) -> Option<Endpoint> {
    let pattern = format!("{CLUSTERS}/{{name}}");
    let found = id::match_path(&request.segments, &pattern)?;
    let (scope, params) = place_params(&found);
    let (name, action, run): (_, _, Run) = match request.method {
        Method::GET => ("aks.get", "read", get),
        Method::PUT => ("aks.put", "write", put),
        Method::PATCH => ("aks.patch", "write", patch),
        Method::DELETE => ("aks.delete", "delete", delete),
        _ => return None,
    };
    Some(endpoint(name, &format!("managedClusters/{action}"), scope, params, run))
}

fn below_cluster(request: &Request) -> Option<Endpoint> {
    let pattern = format!("{CLUSTERS}/{{name}}/{{child}}");
    if let Some(found) = id::match_path(&request.segments, &pattern) {
        let (scope, params) = place_params(&found);
        let child = found[3].to_ascii_lowercase();
        let (name, action, run): (_, _, Run) = match (&request.method, child.as_str()) {
            (&Method::POST, "listclusterusercredential") => ("aks.user_credential", "listClusterUserCredential/action", user_credential),
            (&Method::POST, "listclusteradmincredential") => {
                ("aks.admin_credential", "listClusterAdminCredential/action", admin_credential)
            }
            (&Method::GET, "agentpools") => ("aks.pools", "agentPools/read", pools),
            _ => return None,
        };
        return Some(endpoint(name, &format!("managedClusters/{action}"), scope, params, run));
    }
    let pattern = format!("{CLUSTERS}/{{name}}/agentPools/{{pool}}");
    let found = id::match_path(&request.segments, &pattern)?;
    if request.method != Method::GET {
        return None;
    }
    let (scope, _) = place_params(&found);
    let params = Params::of(&[("subscription", found[0]), ("group", found[1]), ("name", found[2]), ("pool", found[3])]);
    Some(endpoint("aks.pool", "managedClusters/agentPools/read", scope, params, pool))
}

fn place<'a>(params: &'a Params) -> Place<'a> {
    Place { subscription: params.get("subscription"), group: params.get("group"), name: params.get("name") }
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let group = context.params.get("group");
    let clusters = context.state.aks.clusters().filter(|cluster| group.is_empty() || cluster.group.eq_ignore_ascii_case(group));
    let bodies: Vec<Value> = clusters.map(super::model::ManagedCluster::body).collect();
    Ok(Reply::json(json!({ "value": bodies })))
}

fn get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let cluster = operations::get(context.state, place(context.params))?;
    let mut reply = Reply::json(cluster.body());
    // A client that waits for `provisioningState` polls the cluster itself.
    if let Some(operation) = &cluster.operation {
        reply = reply.pending_until(operation.ends);
    }
    Ok(reply)
}

fn put(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.request.json()?;
    operations::require_linked(context.state, context.caller, place(context.params), &body)?;
    let started = operations::put(context.state, context.profile, context.now, place(context.params), &body)?;
    Ok(accepted(context, started))
}

fn patch(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.request.json()?;
    let started = operations::patch_tags(context.state, context.now, place(context.params), &body)?;
    Ok(accepted(context, started))
}

fn accepted(context: &Context<'_>, started: Started) -> Reply {
    let reply = Reply::with_status(if started.created { 201 } else { 200 }, started.body);
    lro::accepted(reply, &started.operation, false, context.state, context.request.api_version())
}

fn delete(context: &mut Context<'_>) -> Result<Reply, Fault> {
    match operations::delete(context.state, context.now, place(context.params))? {
        // Recorded: both headers, no body.
        Some(operation) => Ok(lro::accepted(Reply::empty(202), &operation, true, context.state, context.request.api_version())),
        None => Ok(Reply::empty(204)),
    }
}

fn user_credential(context: &mut Context<'_>) -> Result<Reply, Fault> {
    credential(context, false)
}

fn admin_credential(context: &mut Context<'_>) -> Result<Reply, Fault> {
    credential(context, true)
}

fn credential(context: &mut Context<'_>, admin: bool) -> Result<Reply, Fault> {
    let yaml = operations::kubeconfig(context.state, place(context.params), admin)?;
    let value = base64::engine::general_purpose::STANDARD.encode(yaml);
    let name = if admin { "clusterAdmin" } else { "clusterUser" };
    Ok(Reply::json(json!({"kubeconfigs": [{"name": name, "value": value}]})))
}

fn pool_body(cluster: &super::model::ManagedCluster, pool: &Value) -> Value {
    let shown = cluster.shown_pool(pool);
    let name = shown["name"].as_str().unwrap_or_default().to_owned();
    let properties: serde_json::Map<String, Value> = shown
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != "name")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    json!({
        "id": format!("{}/agentPools/{name}", cluster.id),
        "name": name,
        "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "properties": properties,
    })
}

fn pools(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let cluster = operations::get(context.state, place(context.params))?;
    let pools = cluster.property("/agentPoolProfiles").and_then(Value::as_array).cloned().unwrap_or_default();
    let bodies: Vec<Value> = pools.iter().map(|pool| pool_body(cluster, pool)).collect();
    Ok(Reply::json(json!({ "value": bodies })))
}

fn pool(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let cluster = operations::get(context.state, place(context.params))?;
    let wanted = context.params.get("pool");
    let pools = cluster.property("/agentPoolProfiles").and_then(Value::as_array);
    let found = pools.into_iter().flatten().find(|pool| pool["name"] == wanted);
    found.map(|pool| Reply::json(pool_body(cluster, pool))).ok_or_else(|| {
        // Assumed: the service's own 404 for a child resource.
        operations::flat(404, "NotFound", &format!("Could not find the agentpool {wanted}."))
    })
}
