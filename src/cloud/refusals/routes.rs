//! Every route as a request, and a collector of the names that the sources give to routes, which proves that none is missing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use regex::Regex;

use crate::cloud::arm::table::Line;
use crate::cloud::kube::resources;
use crate::cloud::lab::Lab;
use crate::cloud::{keyvault, msi};

/// The vault of the lab.
pub(super) const VAULT: &str = "kv-every-route";

const ARM: &str = "management.azure.com";
const GRAPH: &str = "graph.microsoft.com";
const METADATA: &str = "169.254.169.254";
const LOGIN: &str = "login.microsoftonline.com";
const ISSUER: &str = "eastus.oic.prod-aks.azure.com";
const DATA: &str = "kv-every-route.vault.azure.net";

/// One route, as a request that takes it.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) host: String,
    pub(super) target: String,
}

/// The service that answers on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    ResourceManager,
    Graph,
    Vault,
    ApiServer,
    Public,
}

impl Route {
    pub(super) fn service(&self) -> Service {
        match self.host.as_str() {
            ARM => Service::ResourceManager,
            GRAPH => Service::Graph,
            DATA => Service::Vault,
            LOGIN | METADATA | ISSUER => Service::Public,
            _ => Service::ApiServer,
        }
    }

    /// Whether its refusals say how to do better.
    pub(super) fn challenges(&self) -> bool {
        matches!(self.service(), Service::ResourceManager | Service::Vault)
    }
}

/// Name, method, host and path; `{S}` is the subscription, `{G}` the group in it, `{C}` the cluster, `{T}` the tenant.
const ROWS: &[(&str, &str, &str, &str)] = &[
    ("tenants.list", "GET", ARM, "/tenants"),
    ("subscriptions.list", "GET", ARM, "/subscriptions"),
    ("subscriptions.get", "GET", ARM, "{S}"),
    ("locations.list", "GET", ARM, "{S}/locations"),
    ("providers.list", "GET", ARM, "{S}/providers"),
    ("providers.get", "GET", ARM, "{S}/providers/Microsoft.KeyVault"),
    ("providers.register", "POST", ARM, "{S}/providers/Microsoft.KeyVault/register"),
    ("resources.list", "GET", ARM, "{S}/resources"),
    ("groups.resources", "GET", ARM, "{G}/resources"),
    ("groups.nameless", "PUT", ARM, "{S}/resourceGroups/"),
    ("groups.nameless", "DELETE", ARM, "{S}/resourceGroups/"),
    ("groups.put", "PUT", ARM, "{G}"),
    ("groups.patch", "PATCH", ARM, "{G}"),
    ("groups.get", "GET", ARM, "{G}"),
    ("groups.exists", "HEAD", ARM, "{G}"),
    ("groups.delete", "DELETE", ARM, "{G}"),
    ("groups.list", "GET", ARM, "{S}/resourceGroups"),
    ("groups.deletion", "GET", ARM, "{S}/operationresults/job"),
    ("operations.status", "GET", ARM, "{S}/providers/Microsoft.ContainerService/locations/eastus/operations/x"),
    ("operations.result", "GET", ARM, "{S}/providers/Microsoft.ContainerService/locations/eastus/operationresults/x"),
    ("roleDefinitions.list", "GET", ARM, "{S}/providers/Microsoft.Authorization/roleDefinitions"),
    ("roleDefinitions.get", "GET", ARM, "{S}/providers/Microsoft.Authorization/roleDefinitions/x"),
    ("roleDefinitions.put", "PUT", ARM, "{S}/providers/Microsoft.Authorization/roleDefinitions/x"),
    ("roleDefinitions.delete", "DELETE", ARM, "{S}/providers/Microsoft.Authorization/roleDefinitions/x"),
    ("locks.list", "GET", ARM, "{S}/providers/Microsoft.Authorization/locks"),
    ("locks.get", "GET", ARM, "{G}/providers/Microsoft.Authorization/locks/x"),
    ("locks.put", "PUT", ARM, "{C}/providers/Microsoft.Authorization/locks/x"),
    ("locks.delete", "DELETE", ARM, "{G}/providers/Microsoft.Authorization/locks/x"),
    ("roleAssignments.list", "GET", ARM, "{C}/providers/Microsoft.Authorization/roleAssignments"),
    ("roleAssignments.get", "GET", ARM, "{G}/providers/Microsoft.Authorization/roleAssignments/x"),
    ("roleAssignments.put", "PUT", ARM, "{C}/namespaces/dev/providers/Microsoft.Authorization/roleAssignments/x"),
    ("roleAssignments.delete", "DELETE", ARM, "{S}/providers/Microsoft.Authorization/roleAssignments/x"),
    ("registries.list", "GET", ARM, "{S}/providers/Microsoft.ContainerRegistry/registries"),
    ("registries.list", "GET", ARM, "{G}/providers/Microsoft.ContainerRegistry/registries"),
    ("registries.get", "GET", ARM, "{G}/providers/Microsoft.ContainerRegistry/registries/x"),
    ("registries.put", "PUT", ARM, "{G}/providers/Microsoft.ContainerRegistry/registries/x"),
    ("registries.delete", "DELETE", ARM, "{G}/providers/Microsoft.ContainerRegistry/registries/x"),
    ("registries.import", "POST", ARM, "{G}/providers/Microsoft.ContainerRegistry/registries/x/importImage"),
    ("aks.list", "GET", ARM, "{S}/providers/Microsoft.ContainerService/managedClusters"),
    ("aks.versions", "GET", ARM, "{S}/providers/Microsoft.ContainerService/locations/eastus/kubernetesVersions"),
    ("aks.list_group", "GET", ARM, "{G}/providers/Microsoft.ContainerService/managedClusters"),
    ("aks.get", "GET", ARM, "{C}"),
    ("aks.put", "PUT", ARM, "{C}"),
    ("aks.patch", "PATCH", ARM, "{C}"),
    ("aks.delete", "DELETE", ARM, "{C}"),
    ("aks.user_credential", "POST", ARM, "{C}/listClusterUserCredential"),
    ("aks.admin_credential", "POST", ARM, "{C}/listClusterAdminCredential"),
    ("aks.pools", "GET", ARM, "{C}/agentPools"),
    ("aks.pool", "GET", ARM, "{C}/agentPools/nodepool1"),
    ("graph.me", "GET", GRAPH, "/v1.0/me"),
    ("graph.users.list", "GET", GRAPH, "/v1.0/users"),
    ("graph.users.create", "POST", GRAPH, "/v1.0/users"),
    ("graph.users.get", "GET", GRAPH, "/v1.0/users/x"),
    ("graph.users.delete", "DELETE", GRAPH, "/v1.0/users/x"),
    ("graph.groups.list", "GET", GRAPH, "/v1.0/groups"),
    ("graph.groups.create", "POST", GRAPH, "/v1.0/groups"),
    ("graph.groups.get", "GET", GRAPH, "/v1.0/groups/x"),
    ("graph.groups.delete", "DELETE", GRAPH, "/v1.0/groups/x"),
    ("graph.groups.members", "GET", GRAPH, "/v1.0/groups/x/members"),
    ("graph.groups.members.add", "POST", GRAPH, "/v1.0/groups/x/members/$ref"),
    ("graph.groups.members.remove", "DELETE", GRAPH, "/v1.0/groups/x/members/y/$ref"),
    ("graph.applications.list", "GET", GRAPH, "/v1.0/applications"),
    ("graph.applications.create", "POST", GRAPH, "/v1.0/applications"),
    ("graph.applications.get", "GET", GRAPH, "/v1.0/applications/x"),
    ("graph.applications.delete", "DELETE", GRAPH, "/v1.0/applications/x"),
    ("graph.applications.addPassword", "POST", GRAPH, "/v1.0/applications/x/addPassword"),
    ("graph.applications.removePassword", "POST", GRAPH, "/v1.0/applications/x/removePassword"),
    ("graph.servicePrincipals.list", "GET", GRAPH, "/v1.0/servicePrincipals"),
    ("graph.servicePrincipals.create", "POST", GRAPH, "/v1.0/servicePrincipals"),
    ("graph.servicePrincipals.get", "GET", GRAPH, "/v1.0/servicePrincipals/x"),
    ("graph.servicePrincipals.delete", "DELETE", GRAPH, "/v1.0/servicePrincipals/x"),
    ("graph.getByIds", "POST", GRAPH, "/v1.0/directoryObjects/getByIds"),
    ("graph.directoryObjects.get", "GET", GRAPH, "/v1.0/directoryObjects/x"),
    ("graph.checkMemberGroups", "POST", GRAPH, "/v1.0/directoryObjects/x/checkMemberGroups"),
    ("graph.checkMemberGroups", "POST", GRAPH, "/v1.0/users/x/checkMemberGroups"),
    ("graph.getMemberGroups", "POST", GRAPH, "/v1.0/servicePrincipals/x/getMemberGroups"),
    ("secrets.list", "GET", DATA, "/secrets"),
    ("secrets.set", "PUT", DATA, "/secrets/s"),
    ("secrets.get", "GET", DATA, "/secrets/s"),
    ("secrets.get", "GET", DATA, "/secrets/s/1"),
    ("secrets.delete", "DELETE", DATA, "/secrets/s"),
    ("secrets.update", "PATCH", DATA, "/secrets/s"),
    ("secrets.update", "PATCH", DATA, "/secrets/s/1"),
    ("secrets.versions", "GET", DATA, "/secrets/s/versions"),
    ("deletedsecrets.list", "GET", DATA, "/deletedsecrets"),
    ("deletedsecrets.get", "GET", DATA, "/deletedsecrets/s"),
    ("deletedsecrets.purge", "DELETE", DATA, "/deletedsecrets/s"),
    ("deletedsecrets.recover", "POST", DATA, "/deletedsecrets/s/recover"),
    ("entra.discovery", "GET", LOGIN, "/{T}/v2.0/.well-known/openid-configuration"),
    ("entra.discovery", "GET", LOGIN, "/{T}/.well-known/openid-configuration"),
    ("entra.keys", "GET", LOGIN, "/{T}/discovery/v2.0/keys"),
    ("entra.keys", "GET", LOGIN, "/{T}/discovery/keys"),
    ("entra.instance", "GET", LOGIN, "/common/discovery/instance"),
    ("entra.realm", "GET", LOGIN, "/common/userrealm/a@b"),
    ("entra.token", "POST", LOGIN, "/{T}/oauth2/v2.0/token"),
    ("imds.token", "GET", METADATA, "/metadata/identity/oauth2/token"),
    ("kube.issuer", "GET", ISSUER, "/{T}/x/.well-known/openid-configuration"),
    ("kube.issuer", "GET", ISSUER, "/{T}/x/openid/v1/jwks"),
];

/// Paths of an API server beside the resources; whatever else is asked takes the same route.
const PATHS: [&str; 15] = [
    "/",
    "/version",
    "/healthz",
    "/livez/ping",
    "/readyz",
    "/api",
    "/apis",
    "/api/v1",
    "/apis/rbac.authorization.k8s.io",
    "/apis/rbac.authorization.k8s.io/v1",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/api/v1",
    "/metrics",
    "/.well-known/openid-configuration",
];

/// Every route of a furnished lab.
pub(super) fn routes(lab: &Lab) -> Vec<Route> {
    let cluster = lab.in_group("Microsoft.ContainerService/managedClusters/c");
    let fill = |path: &str| {
        let path = path.replace("{C}", &cluster).replace("{G}", "{S}/resourceGroups/rg");
        path.replace("{S}", &lab.path("")).replace("{T}", &lab.cloud.tenant())
    };
    let mut routes: Vec<Route> = ROWS.iter().map(|(name, method, host, path)| route(name, method, host, &fill(path))).collect();
    routes.extend(msi::routes::LINES.iter().chain(&keyvault::routes::LINES).map(|line| of_line(lab, line)));
    routes.extend(of_api_server(&api_server(lab)));
    routes
}

/// The host of the lab's cluster.
fn api_server(lab: &Lab) -> String {
    let state = lab.cloud.shared.state();
    state.kube.clusters().next().expect("the lab has a cluster").settings.fqdn.to_lowercase()
}

fn route(name: &'static str, method: &str, host: &str, path: &str) -> Route {
    let separator = if path.contains('?') { '&' } else { '?' };
    // Each service has a version that it wants to be asked in; an API server does not mind.
    let version = match host {
        ARM => "api-version=2026-02-01",
        DATA => "api-version=7.4",
        _ => "x=1",
    };
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    Route { name, method, host: host.to_owned(), target: format!("{path}{separator}{version}") }
}

fn of_line(lab: &Lab, line: &Line) -> Route {
    let pieces = line.pattern.split('/').map(|piece| match piece {
        "{subscription}" => lab.subscription.as_str(),
        "{group}" => "rg",
        "{vault}" => VAULT,
        piece if piece.starts_with('{') => "x",
        piece => piece,
    });
    route(line.name, line.method.as_str(), ARM, &format!("/{}", pieces.collect::<Vec<_>>().join("/")))
}

/// Every verb on every kind and subresource, in a namespace and in all.
fn of_api_server(host: &str) -> Vec<Route> {
    let mut routes: Vec<Route> = PATHS.iter().map(|path| route("kube.path", "GET", host, path)).collect();
    for kind in resources::all() {
        let root = if kind.group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{}/{}", kind.group, kind.version) };
        let homes = if kind.namespaced { vec!["/namespaces/default", ""] } else { vec![""] };
        for home in homes {
            let all = format!("{root}{home}/{}", kind.plural);
            let mut of = |method: &str, path: &str| routes.push(route("kube.resource", method, host, path));
            for method in ["GET", "POST", "DELETE"] {
                of(method, &all);
            }
            of("GET", &format!("{all}?watch=true"));
            for method in ["GET", "PUT", "PATCH", "DELETE"] {
                of(method, &format!("{all}/x"));
            }
            for (subresource, ..) in kind.subresources {
                for method in ["GET", "POST", "PUT", "PATCH"] {
                    of(method, &format!("{all}/x/{subresource}"));
                }
            }
        }
    }
    routes
}

/// Texts in the sources of routes that look like a route's name and are none.
const NO_NAMES: [&str; 7] = [
    "graph.windows.net",
    "graph.microsoft.com",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
    "microsoftonline.com",
    "microsoft.graph.passwordCredential",
];

/// The names of routes in the sources of the cloud, and in how many places each stands. A route cannot be made without saying who may take it, so
/// every file that says so is searched, and those that fill a table of lines.
pub(super) fn names_in_the_sources() -> BTreeMap<String, usize> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cloud");
    let name = Regex::new(r#""([a-z][A-Za-z]*(?:\.[A-Za-z_]+)+)""#).expect("a valid pattern");
    let mut names = BTreeMap::new();
    for file in sources(&root) {
        let text = fs::read_to_string(&file).expect("readable source");
        let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
        if !code.contains("Access::") && !code.contains("table::find(") {
            continue;
        }
        for found in name.captures_iter(code).map(|found| found[1].to_owned()).filter(|found| !NO_NAMES.contains(&found.as_str())) {
            *names.entry(found).or_default() += 1;
        }
    }
    names
}

/// Sources that are not tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.contains("tests") || matches!(name.as_str(), "refusals" | "lab.rs" | "testing.rs") {
            continue;
        }
        if path.is_dir() {
            files.extend(sources(&path));
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    files
}
