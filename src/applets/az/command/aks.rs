//! `az aks`: managed clusters (Microsoft.ContainerService, api-version 2026-06-01).

use http::Method;
use serde_json::{Map, Value, json};

use super::{Command, acr, confirmed, kubeconfig, location_of, ssh, tags_of};
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::service::{operate, path_encoded};
use crate::applets::az::session::{Call, Session};
use crate::applets::az::table::models::{printed, writable};

const API: &str = "api-version=2026-06-01";
const MODEL: &str = "ManagedCluster";
const WORKLOAD_NEEDS_ISSUER: &str = "Enabling workload identity requires enabling OIDC issuer (--enable-oidc-issuer).";

pub(super) const COMMANDS: [Command; 6] = [
    Command {
        name: "aks create",
        options: &[
            "--resource-group",
            "--name",
            "--location",
            "--tags",
            "--ssh-key-value",
            "--generate-ssh-keys",
            "--no-ssh-key",
            "--admin-username",
            "--kubernetes-version",
            "--dns-name-prefix",
            "--node-count",
            "--node-vm-size",
            "--node-osdisk-size",
            "--node-resource-group",
            "--nodepool-name",
            "--max-pods",
            "--zones",
            "--os-sku",
            "--network-plugin",
            "--network-plugin-mode",
            "--network-policy",
            "--tier",
            "--enable-managed-identity",
            "--assign-identity",
            "--attach-acr",
            "--enable-aad",
            "--enable-azure-rbac",
            "--aad-admin-group-object-ids",
            "--aad-tenant-id",
            "--disable-local-accounts",
            "--enable-oidc-issuer",
            "--enable-workload-identity",
            "--yes",
            "--no-wait",
        ],
        table: None,
        run: create,
    },
    Command {
        name: "aks update",
        options: &[
            "--resource-group",
            "--name",
            "--tags",
            "--tier",
            "--enable-oidc-issuer",
            "--enable-workload-identity",
            "--disable-workload-identity",
            "--disable-local-accounts",
            "--enable-local-accounts",
            "--enable-aad",
            "--aad-admin-group-object-ids",
            "--aad-tenant-id",
            "--enable-azure-rbac",
            "--disable-azure-rbac",
            "--attach-acr",
            "--detach-acr",
            "--yes",
            "--no-wait",
        ],
        table: None,
        run: update,
    },
    Command {
        name: "aks show",
        options: &["--resource-group", "--name"],
        table: Some(
            "{name: name, location: location, resourceGroup: resourceGroup, kubernetesVersion: kubernetesVersion, \
             currentKubernetesVersion: currentKubernetesVersion, provisioningState: provisioningState, fqdn: fqdn || privateFqdn}",
        ),
        run: show,
    },
    Command {
        name: "aks list",
        options: &["--resource-group"],
        table: Some(
            "[].{name: name, location: location, resourceGroup: resourceGroup, kubernetesVersion: kubernetesVersion, \
             currentKubernetesVersion: currentKubernetesVersion, provisioningState: provisioningState, fqdn: fqdn || privateFqdn}",
        ),
        run: list,
    },
    Command { name: "aks delete", options: &["--resource-group", "--name", "--yes", "--no-wait"], table: None, run: delete },
    Command {
        name: "aks get-credentials",
        options: &["--resource-group", "--name", "--admin", "--file", "--overwrite-existing", "--context", "--format"],
        table: None,
        run: get_credentials,
    },
];

fn path(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<String, Failure> {
    let scope = session.group_scope(arguments.required("--resource-group"))?;
    let name = path_encoded(arguments.required("--name"));
    Ok(format!("{scope}/providers/Microsoft.ContainerService/managedClusters/{name}"))
}

fn create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let (group, name) = (arguments.required("--resource-group"), arguments.required("--name"));
    check_words(arguments)?;
    if arguments.has("--enable-azure-rbac") && !arguments.has("--enable-aad") {
        return Err(Failure::Refused("--enable-azure-rbac can only be used together with --enable-aad".to_owned()));
    }
    let key = ssh::public_key(session, arguments)?;
    let path = path(session, arguments)?;
    let existing = session.send(&Call::arm(Method::GET, &format!("{path}?{API}")))?;
    if existing.status.is_success() {
        return Err(Failure::Refused(format!(
            "The cluster '{name}' under resource group '{group}' already exists. Please use command 'az aks update' to update the existing \
             cluster, or select a different cluster name to create a new cluster."
        )));
    }
    // Any error means that there is no such cluster yet.
    let location = location_of(session, arguments)?;
    if arguments.has("--enable-workload-identity") && !arguments.has("--enable-oidc-issuer") {
        return Err(Failure::Refused(WORKLOAD_NEEDS_ISSUER.to_owned()));
    }
    let account = session.account()?;
    let prefix = dns_prefix(name, group, account.id());
    let body = body(arguments, &location, &prefix, account.tenant(), key.as_deref());
    let call = Call::arm(Method::PUT, &format!("{path}?{API}")).with_body(body);
    // What comes after the cluster cannot come before it, whatever was asked for.
    let no_wait = arguments.has("--no-wait") && !arguments.has("--attach-acr");
    let cluster = operate(session, &call, no_wait)?;
    if let Some(registry) = arguments.get("--attach-acr").filter(|registry| !registry.is_empty()) {
        acr::attach(session, registry, kubelet_of(&cluster))?;
    }
    Ok(if no_wait { Value::Null } else { printed(MODEL, &cluster) })
}

/// The object id of the identity with which the nodes pull images.
fn kubelet_of(cluster: &Value) -> &str {
    cluster["properties"]["identityProfile"]["kubeletidentity"]["objectId"].as_str().unwrap_or_default()
}

/// What az checks before it asks anybody (measured).
fn check_words(arguments: &Arguments) -> Result<(), Failure> {
    let refused = |message: &str| Err(Failure::Refused(message.to_owned()));
    let plain = |letter: char| letter.is_ascii_alphanumeric();
    let name = arguments.required("--name");
    let inside = |letter: char| plain(letter) || letter == '-' || letter == '_';
    if !(1..=63).contains(&name.len()) || !name.starts_with(plain) || !name.ends_with(plain) || !name.chars().all(inside) {
        return refused("--name cannot exceed 63 characters and can only contain letters, numbers, underscores (_) or dashes (-).");
    }
    let version = version_of(arguments).unwrap_or_default();
    let numbers: Vec<&str> = version.split('.').collect();
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let is_version = (2..=3).contains(&numbers.len()) && numbers.iter().all(is_number);
    if !version.is_empty() && !is_version {
        return refused(
            "--kubernetes-version should be the full version number or major.minor version number, such as \"1.7.12\" or \"1.7\"",
        );
    }
    let pool = arguments.get("--nodepool-name").unwrap_or_default();
    if pool.len() > 12 {
        return refused("--nodepool-name can contain at most 12 characters");
    }
    if !pool.chars().all(plain) {
        return refused("--nodepool-name should contain only alphanumeric characters");
    }
    Ok(())
}

/// The wanted version without the `v` that az takes away.
fn version_of(arguments: &Arguments) -> Option<&str> {
    arguments.get("--kubernetes-version").map(|version| version.strip_prefix(['v', 'V', '|']).unwrap_or(version))
}

/// The request for a new cluster, its fields in the order of the real client (transcript 07).
fn body(arguments: &Arguments, location: &str, prefix: &str, tenant: &str, key: Option<&str>) -> Value {
    let text = |option: &str| arguments.get(option).map(|value| json!(value));
    let count = |option: &str| arguments.integer(option).map(|value| json!(value));
    let object = |entries: Vec<(&str, Option<Value>)>| -> Value {
        entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect::<Map<_, _>>().into()
    };
    let zones =
        arguments.has("--zones").then(|| json!(arguments.all("--zones").iter().flat_map(|zones| zones.split(' ')).collect::<Vec<_>>()));
    let pool = object(vec![
        ("name", text("--nodepool-name").or(Some(json!("nodepool1")))),
        ("orchestratorVersion", version_of(arguments).map(|version| json!(version)).or(Some(json!("")))),
        ("vmSize", text("--node-vm-size").or(Some(json!("")))),
        ("osDiskSizeGB", count("--node-osdisk-size").filter(|size| *size != json!(0))),
        ("osType", Some(json!("Linux"))),
        ("osSKU", text("--os-sku")),
        ("maxPods", count("--max-pods").filter(|pods| *pods != json!(0))),
        ("availabilityZones", zones),
        ("enableNodePublicIP", Some(json!(false))),
        ("count", count("--node-count").or(Some(json!(3)))),
        ("enableAutoScaling", Some(json!(false))),
        ("scaleSetPriority", Some(json!("Regular"))),
        ("nodeTaints", Some(json!([]))),
        ("upgradeSettings", Some(json!({}))),
        ("type", Some(json!("VirtualMachineScaleSets"))),
        ("enableEncryptionAtHost", Some(json!(false))),
        ("enableUltraSSD", Some(json!(false))),
        ("enableFIPS", Some(json!(false))),
        ("mode", Some(json!("System"))),
    ]);
    let admin = arguments.get("--admin-username").unwrap_or("azureuser");
    let linux = key.map(|key| json!({ "adminUsername": admin, "ssh": { "publicKeys": [{ "keyData": key }] } }));
    let network = object(vec![
        ("networkPlugin", text("--network-plugin")),
        ("networkPluginMode", text("--network-plugin-mode")),
        ("networkPolicy", text("--network-policy")),
        ("loadBalancerSku", Some(json!("standard"))),
        ("outboundType", Some(json!("loadBalancer"))),
    ]);
    let groups = admin_groups(arguments);
    let entra = arguments.has("--enable-aad").then(|| {
        object(vec![
            ("managed", Some(json!(true))),
            ("enableAzureRBAC", arguments.has("--enable-azure-rbac").then(|| json!(true))),
            ("adminGroupObjectIDs", groups),
            ("tenantID", text("--aad-tenant-id").or(Some(json!(tenant)))),
        ])
    });
    let workload = arguments.has("--enable-workload-identity").then(|| json!({ "workloadIdentity": { "enabled": true } }));
    let properties = object(vec![
        ("agentPoolProfiles", Some(json!([pool]))),
        ("kubernetesVersion", version_of(arguments).map(|version| json!(version)).or(Some(json!("")))),
        ("dnsPrefix", text("--dns-name-prefix").or(Some(json!(prefix)))),
        ("disableLocalAccounts", Some(json!(arguments.has("--disable-local-accounts")))),
        ("enableRBAC", Some(json!(true))),
        ("linuxProfile", linux),
        ("networkProfile", Some(network)),
        ("addonProfiles", Some(json!({}))),
        ("nodeResourceGroup", text("--node-resource-group")),
        ("aadProfile", entra),
        ("oidcIssuerProfile", arguments.has("--enable-oidc-issuer").then(|| json!({ "enabled": true }))),
        ("securityProfile", workload),
        ("storageProfile", Some(json!({}))),
        ("bootstrapProfile", Some(json!({ "artifactSource": "Direct" }))),
    ]);
    object(vec![
        ("location", Some(json!(location))),
        ("tags", tags_of(arguments)),
        ("properties", Some(properties)),
        ("identity", Some(identity(arguments))),
        ("sku", Some(json!({ "name": "Base", "tier": capitalised(arguments.get("--tier").unwrap_or("free")) }))),
    ])
}

/// The cluster's own identity: one of its own, or the one that is given.
fn identity(arguments: &Arguments) -> Value {
    match arguments.get("--assign-identity").filter(|id| !id.is_empty()) {
        Some(id) => json!({ "type": "UserAssigned", "userAssignedIdentities": { id: {} } }),
        None => json!({ "type": "SystemAssigned" }),
    }
}

/// `--aad-admin-group-object-ids`: ids between commas.
fn admin_groups(arguments: &Arguments) -> Option<Value> {
    arguments
        .get("--aad-admin-group-object-ids")
        .map(|ids| json!(ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect::<Vec<_>>()))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Ten letters of the name, sixteen of the group, six of the subscription.
fn dns_prefix(name: &str, group: &str, subscription: &str) -> String {
    let plain = |text: &str, length: usize| -> String {
        text.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').take(length).collect()
    };
    let mut name = plain(name, 10);
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        name = format!("a{name}").chars().take(10).collect();
    }
    format!("{name}-{}-{}", plain(group, 16), plain(subscription, 6))
}

fn update(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let path = path(session, arguments)?;
    let changing =
        arguments.keys().into_iter().any(|key| !["--resource-group", "--name", "--yes", "--no-wait"].contains(&key) && !is_global(key));
    let wire = session.fetch(&Call::arm(Method::GET, &format!("{path}?{API}")))?;
    if !changing {
        // Nothing to change: az asks whether to reconcile, and stumbles where nobody can answer. Its traceback is left out.
        let lines = "The command failed with an unexpected error. Here is the traceback:\nERROR: \nknack.prompting.NoTTYException\n\
                     To check existing issues, please visit: https://github.com/Azure/azure-cli/issues";
        return Err(Failure::Refused(lines.to_owned()));
    }
    for (option, act) in
        [("--attach-acr", acr::attach as fn(&mut Session<'_, '_>, &str, &str) -> Result<(), Failure>), ("--detach-acr", acr::detach)]
    {
        if let Some(registry) = arguments.get(option).filter(|registry| !registry.is_empty()) {
            act(session, registry, kubelet_of(&wire))?;
        }
    }
    let mut body = writable(MODEL, &wire);
    apply(&mut body, arguments)?;
    let call = Call::arm(Method::PUT, &format!("{path}?{API}")).with_body(body);
    let cluster = operate(session, &call, arguments.has("--no-wait"))?;
    Ok(if arguments.has("--no-wait") { Value::Null } else { printed(MODEL, &cluster) })
}

fn is_global(key: &str) -> bool {
    ["--output", "--query", "--debug", "--verbose", "--only-show-errors", "--subscription"].contains(&key)
}

/// The changes that the options ask for, made to the cluster as it was told.
fn apply(body: &mut Value, arguments: &Arguments) -> Result<(), Failure> {
    let both = |on: &str, off: &str| {
        let message = format!("Cannot specify {on} and {off} at the same time.");
        if arguments.has(on) && arguments.has(off) { Err(Failure::Refused(message)) } else { Ok(()) }
    };
    both("--enable-workload-identity", "--disable-workload-identity")?;
    both("--disable-local-accounts", "--enable-local-accounts")?;
    both("--enable-azure-rbac", "--disable-azure-rbac")?;
    if let Some(tags) = tags_of(arguments) {
        body["tags"] = tags;
    }
    if let Some(tier) = arguments.get("--tier") {
        body["sku"] = json!({ "name": "Base", "tier": capitalised(tier) });
    }
    let properties = &mut body["properties"];
    if arguments.has("--enable-oidc-issuer") {
        properties["oidcIssuerProfile"]["enabled"] = json!(true);
    }
    if arguments.has("--enable-workload-identity") {
        if properties["oidcIssuerProfile"]["enabled"] != json!(true) {
            return Err(Failure::Refused(WORKLOAD_NEEDS_ISSUER.to_owned()));
        }
        properties["securityProfile"]["workloadIdentity"]["enabled"] = json!(true);
    }
    if arguments.has("--disable-workload-identity") {
        properties["securityProfile"]["workloadIdentity"]["enabled"] = json!(false);
    }
    if arguments.has("--disable-local-accounts") || arguments.has("--enable-local-accounts") {
        properties["disableLocalAccounts"] = json!(arguments.has("--disable-local-accounts"));
    }
    let has_entra = properties["aadProfile"]["managed"] == json!(true);
    if arguments.has("--enable-aad") {
        if has_entra {
            return Err(Failure::Refused("Cannot specify \"--enable-aad\" if managed AAD is already enabled".to_owned()));
        }
        properties["aadProfile"] = json!({"managed": true});
    }
    let is_on = has_entra || arguments.has("--enable-aad");
    if arguments.has("--aad-admin-group-object-ids") || arguments.has("--aad-tenant-id") {
        if !is_on {
            // Assumed: that both options are told together.
            let text = "Cannot specify \"--aad-tenant-id\" or \"--aad-admin-group-object-ids\" if managed AAD is not enabled";
            return Err(Failure::Refused(text.to_owned()));
        }
        if let Some(groups) = admin_groups(arguments) {
            properties["aadProfile"]["adminGroupObjectIDs"] = groups;
        }
        if let Some(tenant) = arguments.get("--aad-tenant-id") {
            properties["aadProfile"]["tenantID"] = json!(tenant);
        }
    }
    if arguments.has("--enable-azure-rbac") && !is_on {
        return Err(Failure::Refused("Cannot specify \"--enable-azure-rbac\" if managed AAD is not enabled".to_owned()));
    }
    if is_on && (arguments.has("--enable-azure-rbac") || arguments.has("--disable-azure-rbac")) {
        properties["aadProfile"]["enableAzureRBAC"] = json!(arguments.has("--enable-azure-rbac"));
    }
    Ok(())
}

fn show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let path = path(session, arguments)?;
    Ok(printed(MODEL, &session.fetch(&Call::arm(Method::GET, &format!("{path}?{API}")))?))
}

fn list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let scope = match arguments.get("--resource-group").filter(|group| !group.is_empty()) {
        Some(group) => session.group_scope(group)?,
        None => session.scope()?,
    };
    let call = Call::arm(Method::GET, &format!("{scope}/providers/Microsoft.ContainerService/managedClusters?{API}"));
    Ok(session.list(&call)?.iter().map(|cluster| printed(MODEL, cluster)).collect())
}

fn delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    confirmed(session, arguments)?;
    let path = path(session, arguments)?;
    operate(session, &Call::arm(Method::DELETE, &format!("{path}?{API}")), arguments.has("--no-wait"))?;
    Ok(Value::Null)
}

fn get_credentials(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let format = arguments.get("--format").map(str::to_ascii_lowercase);
    if format.as_deref().is_some_and(|format| !["azure", "exec"].contains(&format)) {
        return Err(Failure::Refused("--format can only be azure or exec.".to_owned()));
    }
    if format.is_some() && arguments.has("--admin") {
        return Err(Failure::Refused("--format can only be specified when requesting clusterUser credential.".to_owned()));
    }
    let path = path(session, arguments)?;
    let role = if arguments.has("--admin") { "Admin" } else { "User" };
    let format = format.map(|format| format!("&format={format}")).unwrap_or_default();
    let answer = session.fetch(&Call::arm(Method::POST, &format!("{path}/listCluster{role}Credential?{API}{format}")))?;
    let encoded = answer["kubeconfigs"][0]["value"].as_str().unwrap_or_default();
    kubeconfig::keep(session, arguments, encoded)?;
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applets::az::parse::parse;
    use crate::applets::az::table::options_of;
    use crate::applets::render::json::line;

    fn arguments(command: &str, words: &str) -> Arguments {
        parse(command, &shlex::split(words).expect("words"), &options_of(command).expect("emulated")).expect("valid")
    }

    // Transcript 07.
    #[test]
    fn the_body_of_a_new_cluster_is_that_of_the_real_command() {
        let arguments =
            arguments("aks create", "-g myResourceGroupab12cd -n myAKSClusterab12cd --enable-oidc-issuer --enable-workload-identity");
        let prefix = dns_prefix("myAKSClusterab12cd", "myResourceGroupab12cd", "11111111-1111-4111-8111-111111111111");
        let expected = concat!(
            r#"{"location": "centralindia", "properties": {"agentPoolProfiles": [{"name": "nodepool1", "orchestratorVersion": "", "vmSize": "", "#,
            r#""osType": "Linux", "enableNodePublicIP": false, "count": 3, "enableAutoScaling": false, "scaleSetPriority": "Regular", "nodeTaints": [], "#,
            r#""upgradeSettings": {}, "type": "VirtualMachineScaleSets", "enableEncryptionAtHost": false, "enableUltraSSD": false, "enableFIPS": false, "#,
            r#""mode": "System"}], "kubernetesVersion": "", "dnsPrefix": "myAKSClust-myResourceGroupa-111111", "disableLocalAccounts": false, "#,
            r#""enableRBAC": true, "linuxProfile": {"adminUsername": "azureuser", "ssh": {"publicKeys": [{"keyData": "ssh-rsa AAAA"}]}}, "#,
            r#""networkProfile": {"loadBalancerSku": "standard", "outboundType": "loadBalancer"}, "addonProfiles": {}, "#,
            r#""oidcIssuerProfile": {"enabled": true}, "securityProfile": {"workloadIdentity": {"enabled": true}}, "storageProfile": {}, "#,
            r#""bootstrapProfile": {"artifactSource": "Direct"}}, "identity": {"type": "SystemAssigned"}, "sku": {"name": "Base", "tier": "Free"}}"#,
        );
        assert_eq!(line(&body(&arguments, "centralindia", &prefix, "t", Some("ssh-rsa AAAA"))), expected);
    }

    #[test]
    fn an_update_changes_what_was_said_and_nothing_else() {
        let mut cluster =
            json!({"properties": {"oidcIssuerProfile": {"enabled": true}, "securityProfile": {"workloadIdentity": {"enabled": true}}}});
        apply(&mut cluster, &arguments("aks update", "-g g -n n --disable-workload-identity")).expect("allowed");
        let expected =
            json!({"properties": {"oidcIssuerProfile": {"enabled": true}, "securityProfile": {"workloadIdentity": {"enabled": false}}}});
        assert_eq!(cluster, expected);
        let both = arguments("aks update", "-g g -n n --disable-workload-identity --enable-workload-identity");
        let failure = apply(&mut cluster, &both).expect_err("both at once");
        assert_eq!(failure.text(), "ERROR: Cannot specify --enable-workload-identity and --disable-workload-identity at the same time.\n");
        let mut bare = json!({"properties": {}});
        let failure = apply(&mut bare, &arguments("aks update", "-g g -n n --enable-workload-identity")).expect_err("no issuer");
        assert_eq!(failure.text(), format!("ERROR: {WORKLOAD_NEEDS_ISSUER}\n"));
    }

    #[test]
    fn a_prefix_begins_with_a_letter() {
        assert_eq!(dns_prefix("1_cluster-name", "rg", "12345678"), "a1cluster--rg-123456");
    }
}
