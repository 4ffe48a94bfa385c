//! Managed clusters through the pipeline, beside the recorded answers.

use base64::Engine;
use http::Method;
use serde_json::{Value, json};

use crate::cloud::lab::{Answer, Lab, check_like_recorded, error};

fn cluster(lab: &Lab, name: &str) -> String {
    lab.in_group(&format!("Microsoft.ContainerService/managedClusters/{name}"))
}

/// What az sends for `aks create`.
fn request() -> Value {
    json!({
        "location": "eastus",
        "properties": {
            "agentPoolProfiles": [{"name": "nodepool1", "orchestratorVersion": "", "vmSize": "", "osType": "Linux", "enableNodePublicIP": false,
                "count": 3, "enableAutoScaling": false, "scaleSetPriority": "Regular", "nodeTaints": [], "upgradeSettings": {},
                "type": "VirtualMachineScaleSets", "enableEncryptionAtHost": false, "enableUltraSSD": false, "enableFIPS": false, "mode": "System"}],
            "kubernetesVersion": "", "dnsPrefix": "c-rg-111111", "disableLocalAccounts": false, "enableRBAC": true,
            "linuxProfile": {"adminUsername": "azureuser", "ssh": {"publicKeys": [{"keyData": "ssh-rsa AAAA"}]}},
            "networkProfile": {"loadBalancerSku": "standard", "outboundType": "loadBalancer"}, "addonProfiles": {},
            "oidcIssuerProfile": {"enabled": true}, "storageProfile": {}, "bootstrapProfile": {"artifactSource": "Direct"},
        },
        "identity": {"type": "SystemAssigned"},
        "sku": {"name": "Base", "tier": "Free"},
    })
}

#[track_caller]
fn create(lab: &Lab, name: &str, body: &Value) -> Value {
    let (status, body) = lab.arm(Method::PUT, &cluster(lab, name), body);
    assert_eq!(status, 201, "{body}");
    lab.advance(420);
    let (status, body) = lab.arm(Method::GET, &cluster(lab, name), &Value::Null);
    assert_eq!((status, &body["properties"]["provisioningState"]), (200, &json!("Succeeded")), "{body}");
    body
}

#[track_caller]
fn refused((status, body): &Answer, expected_status: u16, code: &str, message: &str) {
    assert_eq!((*status, body["code"].as_str(), body["message"].as_str()), (expected_status, Some(code), Some(message)), "{body}");
    assert_eq!((&body["details"], &body["subcode"]), (&Value::Null, &json!("")), "errors of the service are flat");
}

#[test]
fn a_cluster_takes_minutes_and_shows_its_identity_only_when_it_is_there() {
    let lab = Lab::new();
    let id = cluster(&lab, "c");
    let reply = lab.send(
        crate::cloud::lab::Who::User,
        "https://management.azure.com/",
        Method::PUT,
        "management.azure.com",
        &format!("{id}?api-version=2026-07-01"),
        &request(),
    );
    assert_eq!(reply.status, 201);
    let operation = reply.header("azure-asyncoperation").expect("an operation to follow").to_owned();
    let body = reply.as_json().expect("JSON").clone();
    assert_eq!(body["properties"]["provisioningState"], "Creating");
    assert!(body["properties"].get("identityProfile").is_none() && body.get("eTag").is_none());
    let issuer = body["properties"]["oidcIssuerProfile"]["issuerURL"].as_str().expect("present in the 201").to_owned();
    assert!(issuer.starts_with("https://eastus.oic.prod-aks.azure.com/") && issuer.ends_with('/'));
    let path = operation.strip_prefix("https://management.azure.com").expect("an ARM address");
    assert_eq!(lab.arm(Method::GET, path, &Value::Null).1["status"], "InProgress");
    lab.advance(420);
    assert_eq!(lab.arm(Method::GET, path, &Value::Null).1["status"], "Succeeded");
    let (_, body) = lab.arm(Method::GET, &id, &Value::Null);
    let kubelet = &body["properties"]["identityProfile"]["kubeletidentity"];
    assert!(kubelet["resourceId"].as_str().is_some_and(|id| id.ends_with("/userAssignedIdentities/c-agentpool")), "{kubelet}");
    assert_eq!(body["properties"]["oidcIssuerProfile"]["issuerURL"], issuer);
    assert_eq!(body["properties"]["nodeResourceGroup"], "MC_rg_c_eastus");
    assert_eq!(lab.arm(Method::GET, &lab.path("/resourcegroups/MC_rg_c_eastus"), &Value::Null).0, 200);
}

#[test]
fn answers_have_the_recorded_shape() {
    let lab = Lab::new();
    let mut body = request();
    // The recorded request had an ingress and a user-assigned identity of its own.
    body["properties"].as_object_mut().expect("properties").shift_remove("oidcIssuerProfile");
    let answer = lab.arm(Method::PUT, &cluster(&lab, "c"), &body);
    let Some(recorded) = crate::cloud::lab::recorded("aks.json", "managedClusters PUT create, newest, complete body") else { return };
    let keys = |body: &Value| {
        body["properties"].as_object().map(|fields| fields.keys().filter(|key| *key != "ingressProfile").cloned().collect::<Vec<_>>())
    };
    assert_eq!(keys(&answer.1), keys(&recorded["response_body"]));
    let pool = |body: &Value| body["properties"]["agentPoolProfiles"][0].as_object().map(|pool| pool.keys().cloned().collect::<Vec<_>>());
    assert_eq!(pool(&answer.1), pool(&recorded["response_body"]));
    let network = |body: &Value| body["properties"]["networkProfile"].clone();
    assert_eq!(network(&answer.1), network(&recorded["response_body"]));
    lab.advance(420);
    let missing = lab.arm(Method::GET, &cluster(&lab, "nope"), &Value::Null);
    check_like_recorded("aks.json", "managedClusters GET missing", &missing);
}

#[test]
fn the_issuer_is_on_by_default_only_from_the_profiles_version() {
    let lab = Lab::new();
    let mut body = request();
    body["properties"].as_object_mut().expect("properties").shift_remove("oidcIssuerProfile");
    let newer = create(&lab, "newer", &body);
    assert_eq!(newer["properties"]["oidcIssuerProfile"]["enabled"], true);
    body["properties"]["kubernetesVersion"] = json!("1.33");
    let older = create(&lab, "older", &body);
    assert_eq!(older["properties"]["oidcIssuerProfile"], json!({"enabled": false}));
    body["properties"]["securityProfile"] = json!({"workloadIdentity": {"enabled": true}});
    assert_eq!(lab.arm(Method::PUT, &cluster(&lab, "third"), &body).0, 400);
}

#[test]
fn an_update_runs_alone_and_the_issuer_stays() {
    let lab = Lab::new();
    let id = cluster(&lab, "c");
    let (_, creating) = lab.arm(Method::PUT, &id, &request());
    let sentence = |state: &str| {
        format!(
            "Operation is not allowed: Another operation ({state}) is in progress, please wait for it to finish before starting a new operation. \
             See https://aka.ms/aks-pending-operation for more details"
        )
    };
    refused(&lab.arm(Method::PUT, &id, &request()), 409, "OperationNotAllowed", &sentence("Creating"));
    lab.advance(420);
    let (_, mut body) = lab.arm(Method::GET, &id, &Value::Null);
    body["properties"]["securityProfile"] = json!({"workloadIdentity": {"enabled": true}});
    let (status, updating) = lab.arm(Method::PUT, &id, &body);
    assert_eq!((status, &updating["properties"]["provisioningState"]), (200, &json!("Updating")), "{updating}");
    assert_eq!(updating["properties"]["agentPoolProfiles"][0]["provisioningState"], "Updating");
    assert!(updating["properties"]["identityProfile"].is_object());
    assert_eq!(updating["properties"]["oidcIssuerProfile"], creating["properties"]["oidcIssuerProfile"]);
    assert_eq!(updating["properties"]["fqdn"], creating["properties"]["fqdn"]);
    refused(&lab.arm(Method::PUT, &id, &body), 409, "OperationNotAllowed", &sentence("Updating"));
    lab.advance(120);
    body["properties"]["oidcIssuerProfile"] = json!({"enabled": false});
    refused(&lab.arm(Method::PUT, &id, &body), 400, "OIDCIssuerFeatureCannotBeDisabled", "OIDC issuer feature cannot be disabled.");
}

#[test]
fn what_is_not_emulated_or_not_allowed_is_refused_by_name() {
    let lab = Lab::new();
    let try_with = |change: &dyn Fn(&mut Value)| {
        let mut body = request();
        change(&mut body);
        lab.arm(Method::PUT, &cluster(&lab, "c"), &body)
    };
    let (status, body) = try_with(&|body| body["properties"]["aadProfile"] = json!({"serverAppID": "x", "clientAppID": "y"}));
    assert_eq!((status, error(&body).0), (501, "NotEmulated"));
    assert_eq!(try_with(&|body| body["properties"]["disableLocalAccounts"] = json!(true)).1["code"], "BadRequest");
    let strange_group = json!({"managed": true, "adminGroupObjectIDs": ["admins"]});
    assert_eq!(try_with(&|body| body["properties"]["aadProfile"] = strange_group.clone()).1["code"], "InvalidParameter");
    assert_eq!(try_with(&|body| body["properties"]["apiServerAccessProfile"] = json!({"enablePrivateCluster": true})).0, 501);
    assert_eq!(try_with(&|body| body["properties"]["kubernetesVersion"] = json!("1.20.1")).1["code"], "K8sVersionNotSupported");
    assert_eq!(try_with(&|body| body["properties"]["dnsPrefix"] = json!("a_b")).1["code"], "InvalidParameter");
    assert_eq!(lab.arm(Method::PUT, &cluster(&lab, "bad.name"), &request()).1["code"], "InvalidParameter");
    let elsewhere = cluster(&lab, "c").replace("/rg/", "/nope/");
    let answer = lab.arm(Method::PUT, &elsewhere, &request());
    assert_eq!((answer.0, error(&answer.1)), (404, ("ResourceGroupNotFound", "Resource group 'nope' could not be found.")));
    assert_eq!(lab.arm(Method::POST, &format!("{}/start", cluster(&lab, "c")), &Value::Null).0, 501);
    assert_eq!(lab.arm(Method::GET, &cluster(&lab, "c"), &Value::Null).0, 404, "nothing was made on the way");
}

#[test]
fn credentials_name_user_cluster_and_port_as_recorded() {
    let lab = Lab::new();
    create(&lab, "c", &request());
    for (action, kind) in [("listClusterUserCredential", "clusterUser"), ("listClusterAdminCredential", "clusterAdmin")] {
        let (status, body) = lab.arm(Method::POST, &format!("{}/{action}", cluster(&lab, "c")), &Value::Null);
        assert_eq!((status, &body["kubeconfigs"][0]["name"]), (200, &json!(kind)));
        let value = body["kubeconfigs"][0]["value"].as_str().expect("base64");
        let yaml = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(value).expect("base64")).expect("text");
        let config: Value = serde_saphyr::from_str(&yaml).expect("YAML");
        assert_eq!(config["current-context"], "c");
        assert_eq!(config["contexts"][0]["context"], json!({"cluster": "c", "user": format!("{kind}_rg_c")}));
        assert_eq!(config["users"][0]["name"], format!("{kind}_rg_c"));
        assert_eq!(config["users"][0]["user"]["token"].as_str().map(str::len), Some(128));
        assert!(config["clusters"][0]["cluster"]["server"].as_str().is_some_and(|server| server.ends_with(".hcp.eastus.azmk8s.io:443")));
    }
}

#[test]
fn deleting_a_cluster_or_its_group_takes_everything_along() {
    let lab = Lab::new();
    let made = create(&lab, "c", &request());
    let host = made["properties"]["fqdn"].as_str().expect("fqdn").to_lowercase();
    let principal = made["identity"]["principalId"].as_str().expect("an identity").to_owned();
    assert!(lab.cloud.shared.state().directory.principal(&principal).is_some());
    assert!(lab.cloud.shared.state().kube.by_host(&host).is_some());
    let (status, _) = lab.arm(Method::DELETE, &cluster(&lab, "c"), &Value::Null);
    assert_eq!(status, 202);
    assert_eq!(lab.arm(Method::GET, &cluster(&lab, "c"), &Value::Null).1["properties"]["provisioningState"], "Deleting");
    lab.advance(300);
    assert_eq!(lab.arm(Method::GET, &cluster(&lab, "c"), &Value::Null).0, 404);
    let state = lab.cloud.shared.state();
    assert!(
        state.kube.by_host(&host).is_none()
            && state.arm.group("MC_rg_c_eastus").is_none()
            && state.directory.principal(&principal).is_none()
    );
    drop(state);
    create(&lab, "d", &request());
    assert_eq!(lab.arm(Method::DELETE, &lab.path("/resourcegroups/rg"), &Value::Null).0, 202);
    lab.advance(600);
    let state = lab.cloud.shared.state();
    assert!(state.aks.clusters().next().is_none() && state.kube.clusters().next().is_none());
}

#[test]
fn lists_pools_and_versions_are_readable() {
    let lab = Lab::new();
    create(&lab, "c", &request());
    let list = lab.arm(Method::GET, &lab.in_group("Microsoft.ContainerService/managedClusters"), &Value::Null).1;
    assert_eq!(list["value"].as_array().map(Vec::len), Some(1));
    let pools = lab.arm(Method::GET, &format!("{}/agentPools", cluster(&lab, "c")), &Value::Null).1;
    assert_eq!(pools["value"][0]["type"], "Microsoft.ContainerService/managedClusters/agentPools");
    assert_eq!(pools["value"][0]["properties"]["count"], 3);
    let pool = lab.arm(Method::GET, &format!("{}/agentPools/nodepool1", cluster(&lab, "c")), &Value::Null);
    assert_eq!(pool.1, pools["value"][0]);
    let versions =
        lab.arm(Method::GET, &lab.path("/providers/Microsoft.ContainerService/locations/eastus/kubernetesVersions"), &Value::Null);
    assert_eq!(versions.0, 200);
    assert!(versions.1["values"].as_array().is_some_and(|values| values.len() >= 3));
}
