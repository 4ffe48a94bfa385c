//! What the service fills in: the difference between a recorded request and its answer.

use serde_json::{Map, Value, json};

use super::names;
use super::operations::flat;
use super::versions::Version;
use crate::cloud::fault::Fault;

/// What the service decides for a new cluster.
#[derive(Debug)]
pub(crate) struct Decided<'a> {
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
    pub(crate) location: &'a str,
    pub(crate) version: &'a Version,
    /// Eight letters and digits after the DNS prefix.
    pub(crate) dns_suffix: &'a str,
    pub(crate) tenant_id: &'a str,
    /// Empty when the issuer is off.
    pub(crate) issuer_url: &'a str,
    pub(crate) resource_uid: &'a str,
    pub(crate) node_image: &'a str,
}

/// `properties` of a new cluster in the order of the wire.
pub(crate) fn properties(request: &Value, decided: &Decided<'_>) -> Result<Map<String, Value>, Fault> {
    let asked = &request["properties"];
    let dns_prefix = asked["dnsPrefix"].as_str().unwrap_or_default();
    if asked["fqdnSubdomain"].is_string() {
        return Err(Fault::unsupported("AKS clusters with fqdnSubdomain", "use dnsPrefix"));
    }
    names::check_dns_prefix(dns_prefix)?;
    let Decided { location, dns_suffix, version, .. } = decided;
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            all.insert(name.to_owned(), value);
        }
    };
    put("powerState", json!({"code": "Running"}));
    put("kubernetesVersion", json!(version.asked));
    put("currentKubernetesVersion", json!(version.running));
    put("dnsPrefix", json!(dns_prefix));
    put("fqdn", json!(format!("{dns_prefix}-{dns_suffix}.hcp.{location}.azmk8s.io")));
    put("azurePortalFQDN", json!(format!("{dns_prefix}-{dns_suffix}.portal.hcp.{location}.azmk8s.io")));
    put("agentPoolProfiles", pools(asked, decided)?);
    put("linuxProfile", asked["linuxProfile"].clone());
    // Documentation: a cluster with a managed identity shows the client id `msi`.
    put("servicePrincipalProfile", json!({"clientId": "msi"}));
    put("addonProfiles", non_empty(&asked["addonProfiles"]));
    put("nodeResourceGroup", json!(node_resource_group(asked, decided)));
    put("enableRBAC", json!(asked["enableRBAC"].as_bool().unwrap_or(true)));
    put("supportPlan", json!(asked["supportPlan"].as_str().unwrap_or("KubernetesOfficial")));
    put("networkProfile", network(&asked["networkProfile"]));
    put("maxAgentPools", json!(100));
    put("apiServerAccessProfile", non_empty(&asked["apiServerAccessProfile"]));
    put("autoUpgradeProfile", with_defaults(&asked["autoUpgradeProfile"], &json!({"nodeOSUpgradeChannel": "NodeImage"})));
    put("disableLocalAccounts", json!(asked["disableLocalAccounts"].as_bool().unwrap_or(false)));
    put("securityProfile", with_defaults(&asked["securityProfile"], &json!({})));
    let drivers = json!({"diskCSIDriver": {"enabled": true}, "fileCSIDriver": {"enabled": true}, "snapshotController": {"enabled": true}});
    put("storageProfile", with_defaults(&asked["storageProfile"], &drivers));
    put("oidcIssuerProfile", issuer_profile(decided.issuer_url));
    put("ingressProfile", non_empty(&asked["ingressProfile"]));
    put("workloadAutoScalerProfile", with_defaults(&asked["workloadAutoScalerProfile"], &json!({})));
    put("aadProfile", entra_profile(&asked["aadProfile"], decided.tenant_id));
    put("resourceUID", json!(decided.resource_uid));
    put("serviceMeshProfile", with_defaults(&asked["serviceMeshProfile"], &json!({"mode": "Disabled"})));
    put("metricsProfile", with_defaults(&asked["metricsProfile"], &json!({"costAnalysis": {"enabled": false}})));
    put(
        "nodeProvisioningProfile",
        with_defaults(&asked["nodeProvisioningProfile"], &json!({"mode": "Manual", "defaultNodePools": "Auto"})),
    );
    put("bootstrapProfile", with_defaults(&asked["bootstrapProfile"], &json!({"artifactSource": "Direct"})));
    keep_the_rest(asked, &mut all, &["addonProfiles", "apiServerAccessProfile", "ingressProfile", "provisioningState", "identityProfile"]);
    Ok(all)
}

/// The managed integration with Entra. AKS documentation: the tenant is the subscription's when none is given. Assumed: the order.
fn entra_profile(asked: &Value, tenant_id: &str) -> Value {
    if !asked.is_object() {
        return Value::Null;
    }
    let groups = asked["adminGroupObjectIDs"].as_array().filter(|groups| !groups.is_empty());
    let mut profile = json!({"managed": true});
    if let Some(groups) = groups {
        profile["adminGroupObjectIDs"] = json!(groups);
    }
    profile["enableAzureRBAC"] = json!(asked["enableAzureRBAC"] == true);
    profile["tenantID"] = json!(asked["tenantID"].as_str().unwrap_or(tenant_id));
    profile
}

/// Recorded: `enabled: false` carries no URL.
pub(crate) fn issuer_profile(url: &str) -> Value {
    if url.is_empty() { json!({"enabled": false}) } else { json!({"enabled": true, "issuerURL": url}) }
}

fn node_resource_group(asked: &Value, decided: &Decided<'_>) -> String {
    match asked["nodeResourceGroup"].as_str().filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        // Documentation: at most 80 characters of `MC_group_cluster_location`.
        None => format!("MC_{}_{}_{}", decided.group, decided.name, decided.location).chars().take(80).collect(),
    }
}

/// The pools of a cluster, each completed.
pub(crate) fn pools(asked: &Value, decided: &Decided<'_>) -> Result<Value, Fault> {
    let pools = asked["agentPoolProfiles"].as_array().cloned().unwrap_or_default();
    if !pools.iter().any(|pool| pool["mode"] != "User") {
        // Documentation: every cluster has at least one system pool. Assumed: code and wording.
        return Err(flat(400, "InvalidParameter", "There has to be at least one system agent pool."));
    }
    pools.iter().map(|pool| complete_pool(pool, decided)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// One pool in the order of the wire; empty texts count as absent.
fn complete_pool(asked: &Value, decided: &Decided<'_>) -> Result<Value, Fault> {
    let name = asked["name"].as_str().unwrap_or_default();
    names::check_pool(name)?;
    let os_type = asked["osType"].as_str().unwrap_or("Linux");
    if !os_type.eq_ignore_ascii_case("Linux") {
        return Err(Fault::unsupported("AKS node pools with Windows", "use a Linux node pool"));
    }
    let count = asked["count"].as_u64().unwrap_or(1);
    if count > 1000 {
        return Err(flat(
            400,
            "InvalidParameter",
            "The value of parameter agentPoolProfile.count is invalid. Please see https://aka.ms/aks-naming-rules for more details.",
        ));
    }
    let text = |name: &str, default: &str| json!(asked[name].as_str().filter(|text| !text.is_empty()).unwrap_or(default));
    let flag = |name: &str| json!(asked[name].as_bool().unwrap_or(false));
    let mut pool = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            pool.insert(name.to_owned(), value);
        }
    };
    put("name", json!(name));
    put("count", json!(count));
    // Assumed: the size. Azure picks one by quota and capacity when none is asked for.
    put("vmSize", text("vmSize", "standard_d2s_v3"));
    put("osDiskSizeGB", json!(asked["osDiskSizeGB"].as_u64().filter(|size| *size > 0).unwrap_or(128)));
    put("osDiskType", text("osDiskType", "Managed"));
    put("kubeletDiskType", text("kubeletDiskType", "OS"));
    put("vnetSubnetID", asked["vnetSubnetID"].clone());
    put("maxPods", json!(asked["maxPods"].as_u64().filter(|pods| *pods > 0).unwrap_or(250)));
    put("type", text("type", "VirtualMachineScaleSets"));
    put("availabilityZones", asked["availabilityZones"].clone());
    put("enableAutoScaling", flag("enableAutoScaling"));
    put("minCount", asked["minCount"].clone());
    put("maxCount", asked["maxCount"].clone());
    put("scaleDownMode", text("scaleDownMode", "Delete"));
    put("powerState", json!({"code": "Running"}));
    put("orchestratorVersion", json!(decided.version.asked));
    put("currentOrchestratorVersion", json!(decided.version.running));
    put("enableNodePublicIP", flag("enableNodePublicIP"));
    put("tags", non_empty(&asked["tags"]));
    put("nodeLabels", with_defaults(&asked["nodeLabels"], &json!({})));
    put("nodeTaints", asked["nodeTaints"].as_array().filter(|taints| !taints.is_empty()).map_or(Value::Null, |taints| json!(taints)));
    put("mode", text("mode", "System"));
    put("enableEncryptionAtHost", flag("enableEncryptionAtHost"));
    put("enableUltraSSD", flag("enableUltraSSD"));
    put("osType", json!("Linux"));
    put("osSKU", text("osSKU", "Ubuntu"));
    put("nodeImageVersion", json!(decided.node_image));
    put("upgradeSettings", with_defaults(&asked["upgradeSettings"], &json!({"maxSurge": "10%", "maxUnavailable": "0"})));
    put("enableFIPS", flag("enableFIPS"));
    put("securityProfile", with_defaults(&asked["securityProfile"], &json!({"enableVTPM": false, "enableSecureBoot": false})));
    // Recorded: these are dropped when they say the default.
    keep_the_rest(
        asked,
        &mut pool,
        &["scaleSetPriority", "scaleSetEvictionPolicy", "spotMaxPrice", "nodeTaints", "tags", "provisioningState", "eTag"],
    );
    Ok(Value::Object(pool))
}

fn network(asked: &Value) -> Value {
    let mut network = Map::new();
    let plugin = asked["networkPlugin"].as_str().unwrap_or("azure");
    let mut put = |name: &str, value: Value| drop(network.insert(name.to_owned(), value));
    let or = |name: &str, default: Value| if asked[name].is_null() { default } else { asked[name].clone() };
    put("networkPlugin", json!(plugin));
    if plugin == "azure" {
        // Recorded in 2026: a cluster that asks for nothing gets the overlay.
        let overlay = asked["networkPlugin"].is_null() || asked["networkPluginMode"] == "overlay";
        if overlay {
            put("networkPluginMode", json!("overlay"));
        }
    }
    put("networkPolicy", or("networkPolicy", json!("none")));
    put("networkDataplane", or("networkDataplane", json!("azure")));
    put("loadBalancerSku", or("loadBalancerSku", json!("standard")));
    put(
        "loadBalancerProfile",
        or("loadBalancerProfile", json!({"managedOutboundIPs": {"count": 1}, "backendPoolType": "nodeIPConfiguration"})),
    );
    let pod_range = or("podCidr", json!("10.244.0.0/16"));
    let service_range = or("serviceCidr", json!("10.0.0.0/16"));
    put("podCidr", pod_range.clone());
    put("serviceCidr", service_range.clone());
    put("dnsServiceIP", or("dnsServiceIP", json!("10.0.0.10")));
    put("outboundType", or("outboundType", json!("loadBalancer")));
    put("podCidrs", or("podCidrs", json!([pod_range])));
    put("serviceCidrs", or("serviceCidrs", json!([service_range])));
    put("ipFamilies", or("ipFamilies", json!(["IPv4"])));
    keep_the_rest(asked, &mut network, &[]);
    Value::Object(network)
}

/// Settings that this emulation has no opinion about are echoed, as the service does.
fn keep_the_rest(asked: &Value, into: &mut Map<String, Value>, except: &[&str]) {
    for (name, value) in asked.as_object().into_iter().flatten() {
        if !value.is_null() && !into.contains_key(name) && !except.contains(&name.as_str()) {
            into.insert(name.clone(), value.clone());
        }
    }
}

fn non_empty(value: &Value) -> Value {
    match value.as_object() {
        Some(object) if object.is_empty() => Value::Null,
        _ => value.clone(),
    }
}

/// `defaults` overlaid with what was asked for.
fn with_defaults(asked: &Value, defaults: &Value) -> Value {
    let (Some(asked), Some(defaults)) = (asked.as_object(), defaults.as_object()) else { return defaults.clone() };
    let mut all = defaults.clone();
    for (name, value) in asked.iter().filter(|(_, value)| !value.is_null()) {
        all.insert(name.clone(), value.clone());
    }
    Value::Object(all)
}
