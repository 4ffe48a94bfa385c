//! `--query` asks for a member that the command's answer does not have.
//!
//! `az` prints nothing then and succeeds, so the variable that takes the answer is empty, and the mistake shows at a later command, or
//! never. Member names are exact, capital letters included.
//!
//! Most often the document is older than the client: since Azure CLI 2.37 the commands below `az ad` answer with `id` where they had
//! `objectId`. docent knows the members of a few commands that documents query often; queries that are more than a path of names are not
//! looked at.

use crate::lint::{az::AzCall, document::Document, nearest::nearest, rule::Finding};

/// Members of the answer of some commands, separated by blanks; `parent.child` for those below, a parent without children here may have
/// any; `*` says that there are more than these, of which only the spelling is judged.
/// Source: answers of azure-cli 2.91 as recorded by its own tests, and the models of the Python SDK that it prints.
const ANSWERS: [(&[&str], &str); 7] = [
    (
        &["account show"],
        "environmentName homeTenantId id isDefault managedByTenants name state tenantDefaultDomain tenantDisplayName tenantId user \
         user.name user.type user.assignedIdentityInfo user.cloudShellID",
    ),
    (&["group show", "group create"], "id location managedBy name properties properties.provisioningState tags type"),
    (
        &["identity show", "identity create"],
        "clientId id isolationScope location name principalId resourceGroup systemData tags tenantId type",
    ),
    (
        &["keyvault show", "keyvault create"],
        "id location name properties resourceGroup systemData tags type properties.* properties.vaultUri properties.tenantId \
         properties.accessPolicies properties.provisioningState properties.enableRbacAuthorization properties.enablePurgeProtection \
         properties.publicNetworkAccess properties.softDeleteRetentionInDays",
    ),
    (&["keyvault secret show", "keyvault secret set"], "attributes contentType id kid managed name tags value"),
    (
        &["ad sp create-for-rbac"],
        "appId displayName password tenant fileWithCertAndPrivateKey name clientId clientSecret subscriptionId tenantId \
         activeDirectoryEndpointUrl resourceManagerEndpointUrl activeDirectoryGraphResourceId sqlManagementEndpointUrl \
         galleryEndpointUrl managementEndpointUrl",
    ),
    (
        &["aks show", "aks create", "aks update"],
        "* oidcIssuerProfile oidcIssuerProfile.enabled oidcIssuerProfile.issuerUrl nodeResourceGroup currentKubernetesVersion \
         kubernetesVersion provisioningState identityProfile addonProfiles securityProfile networkProfile",
    ),
];

/// Answers of Microsoft Graph: what `az ad` has said since 2.37 instead.
/// Source: <https://learn.microsoft.com/cli/azure/microsoft-graph-migration>, "Output property changes".
const RENAMED: [(&str, &str); 4] = [
    ("objectId", "id"),
    ("homepage", "web.homePageUrl"),
    ("replyUrls", "web.redirectUris"),
    ("oauth2Permissions", "api.oauth2PermissionScopes"),
];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in &document.blocks {
        for call in block.az_calls() {
            let Some(query) = call.value(&["--query"]).filter(|word| word.literal) else { continue };
            if let Some((message, hint)) = wrong(&call, query.text.trim()) {
                findings.push(Finding::new(block.place(query.span), message).with_hint(hint));
            }
        }
    }
    findings
}

fn wrong(call: &AzCall<'_>, query: &str) -> Option<(String, String)> {
    let known = call.known()?;
    let name = known.name.as_str();
    if name.starts_with("ad ") && name != "ad sp create-for-rbac" {
        let first = query.trim_start_matches("[].").trim_start_matches("[0].").split('.').next()?;
        let (_, now) = RENAMED.iter().find(|(old, _)| *old == first)?;
        let message =
            format!("`az {name}` answers without `{first}` since Azure CLI 2.37, so this query selects nothing and prints nothing");
        return Some((message, format!("write `--query {}`", query.replacen(first, now, 1))));
    }
    let path: Vec<&str> = query.split('.').collect();
    let is_path = path.iter().all(|name| {
        name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    let (_, members) = ANSWERS.iter().find(|(commands, _)| commands.contains(&name))?;
    if !is_path {
        return None;
    }
    let mut parent = String::new();
    for step in path {
        let below = members.split_ascii_whitespace().filter_map(|member| member.strip_prefix(parent.as_str()));
        let below: Vec<&str> = below.filter(|rest| !rest.contains('.')).collect();
        if below.is_empty() {
            return None;
        }
        if !below.contains(&step) {
            let near =
                below.iter().copied().find(|member| member.eq_ignore_ascii_case(step)).or_else(|| nearest(step, below.iter().copied()));
            if near.is_none() && below.contains(&"*") {
                return None;
            }
            let message = format!("the answer of `az {name}` has no `{parent}{step}`, so this query selects nothing and prints nothing");
            let hint = near.map_or_else(|| format!("it has {}", below.join(", ")), |near| format!("did you mean `{parent}{near}`?"));
            return Some((message, hint));
        }
        parent.push_str(step);
        parent.push('.');
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "empty-query";

    #[test]
    fn a_member_that_graph_renamed_is_found() {
        check(CODE, "X=$(az ad signed-in-user show --query objectId -o tsv)", &["without `objectId`"]);
        check(CODE, "az ad sp list --query '[].objectId'", &["objectId"]);
        check(CODE, "az ad signed-in-user show --query id -o tsv", &[]);
        check(CODE, "az role assignment list --query objectId", &[]);
    }

    #[test]
    fn a_member_that_the_answer_lacks_is_found_at_any_depth() {
        check(CODE, "az identity show -g a -n b --query clientID -o tsv", &["no `clientID`"]);
        check(CODE, "az account show --query user.nmae", &["no `user.nmae`"]);
        check(
            CODE,
            "az keyvault show -n a --query vaultUri\naz keyvault show -n a --query properties.vaultUrl",
            &["no `vaultUri`", "no `properties.vaultUrl`"],
        );
        check(
            CODE,
            "az aks show -n a --query oidcIssuerProfile.issuerURL\naz aks show -n a --query oidcIssuerProfile.url",
            &["issuerURL", "oidcIssuerProfile.url"],
        );
        check(
            CODE,
            "az aks show -n a --query fqdn\naz aks show -n a --query identity.principalId\naz keyvault show -n a --query properties.sku.name",
            &[],
        );
        check(
            CODE,
            "az keyvault show -n a --query properties.vaultUri\naz account show --query user.name\naz group show -n a --query tags.x",
            &[],
        );
    }

    #[test]
    fn queries_that_are_more_than_a_path_are_left_alone() {
        check(
            CODE,
            "az account show --query '{a: objectId}'\naz account show --query \"$Q\"\naz account show --query 'id || objectId'",
            &[],
        );
    }
}
