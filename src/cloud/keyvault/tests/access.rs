//! Who gets at secrets: tokens, roles at every scope, access policies, network rules.

use http::Method;
use serde_json::{Value, json};

use crate::cloud::lab::{Lab, Who, answer, check_like_recorded, error};

const OFFICER: &str = "Key Vault Secrets Officer";
const USER: &str = "Key Vault Secrets User";

fn set(lab: &Lab, who: Who<'_>) -> u16 {
    lab.vault_as(who, Method::PUT, "kv-one", "/secrets/s", &json!({"value": "v"})).0
}

fn get(lab: &Lab, who: Who<'_>) -> u16 {
    lab.vault_as(who, Method::GET, "kv-one", "/secrets/s/", &Value::Null).0
}

#[test]
fn a_request_without_a_token_gets_the_challenge_as_recorded() {
    let lab = Lab::new();
    lab.vault("kv-one");
    let reply = lab.send(Who::Nobody, "", Method::PUT, "kv-one.vault.azure.net", "/secrets/s?api-version=7.4", &Value::Null);
    check_like_recorded("keyvault.json", "secret PUT without a token (challenge)", &answer(&reply));
    let (_, body) = answer(&reply);
    assert_eq!(error(&body), ("Unauthorized", "AKV10000: Request is missing a Bearer, PoP, or MTLS_POP token."));
    let tenant = lab.cloud.shared.state().directory.tenant.id.clone();
    let expected = format!("Bearer authorization=\"https://login.microsoftonline.com/{tenant}\", resource=\"https://vault.azure.net\"");
    assert_eq!(reply.header("WWW-Authenticate"), Some(expected.as_str()));
}

#[test]
fn a_token_for_another_api_is_refused_with_its_audience() {
    let lab = Lab::new();
    lab.vault("kv-one");
    let target = "/secrets/s?api-version=7.4";
    let reply = lab.send(Who::User, "https://management.azure.com/", Method::GET, "kv-one.vault.azure.net", target, &Value::Null);
    let (status, body) = answer(&reply);
    let expected = "AKV10022: Invalid audience. Expected https://vault.azure.net, found: https://management.azure.com/.";
    assert_eq!((status, error(&body)), (401, ("Unauthorized", expected)));
    assert!(reply.header("www-authenticate").is_some());
}

#[test]
fn the_owner_manages_the_vault_and_is_refused_its_secrets_until_a_role_is_assigned() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    let refused = lab.vault_as(Who::User, Method::PUT, "kv-one", "/secrets/my-secret", &json!({"value": "v"}));
    check_like_recorded("keyvault.json", "secret GET or PUT, RBAC vault, caller without the role", &refused);
    let state = lab.cloud.shared.state().clone();
    let (tenant, subscription) = (&state.directory.tenant.id, &lab.subscription);
    let expected = format!(
        "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed \
         recently, please observe propagation time.\r\nCaller: appid=04b07795-8ddb-461a-bbee-02f9e1bf7b46;oid={};iss=https://sts.windows.net/\
         {tenant}/\r\nAction: 'Microsoft.KeyVault/vaults/secrets/setSecret/action'\r\nResource: '/subscriptions/{subscription}/resourcegroups/\
         rg/providers/microsoft.keyvault/vaults/kv-one/secrets/my-secret'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\n\
         DecisionReason: 'DeniedWithNoValidRBAC' \r\nVault: kv-one;location=eastus\r\n",
        lab.user_id()
    );
    assert_eq!(error(&refused.1), ("Forbidden", expected.as_str()));
    assert_eq!(refused.1["error"]["innererror"]["code"], "ForbiddenByRbac");
    let hint = format!(
        "{} has Owner at the vault kv-one, which is about the vault and not what is in it; Key Vault Secrets Officer would do",
        state.directory.signed_in_user().user_principal_name
    );
    assert_eq!(lab.hints(), [hint]);
    assert_eq!(lab.vault_as(Who::User, Method::GET, "kv-one", "/secrets/my-secret", &Value::Null).0, 403, "nothing was stored");

    let assignment = lab.assign(&lab.user_id(), OFFICER, &id);
    assert_eq!((set(&lab, Who::User), get(&lab, Who::User)), (200, 200));
    assert_eq!(lab.arm(Method::DELETE, &assignment, &Value::Null).0, 200);
    assert_eq!((set(&lab, Who::User), get(&lab, Who::User)), (403, 403));
}

#[test]
fn a_role_counts_at_the_vault_and_at_every_scope_above_and_nowhere_else() {
    for (scope, expected) in [
        ("/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-one", 200),
        ("/resourceGroups/rg", 200),
        ("/resourcegroups/RG", 200),
        ("", 200),
        ("/resourceGroups/other", 403),
        ("/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-onetwo", 403),
    ] {
        let lab = Lab::new();
        lab.vault("kv-one");
        lab.vault("kv-onetwo");
        lab.assign(&lab.user_id(), OFFICER, &lab.path(scope));
        assert_eq!(set(&lab, Who::User), expected, "{scope}");
    }
}

#[test]
fn a_role_at_one_secret_opens_that_one_only() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    let officer = lab.assign(&lab.user_id(), OFFICER, &id);
    set(&lab, Who::User);
    lab.arm(Method::DELETE, &officer, &Value::Null);
    lab.assign(&lab.user_id(), USER, &format!("{id}/secrets/s"));
    assert_eq!(get(&lab, Who::User), 200);
    assert_eq!(lab.vault_as(Who::User, Method::GET, "kv-one", "/secrets/other", &Value::Null).0, 403);
    let (status, refusal) = lab.vault_as(Who::User, Method::GET, "kv-one", "/secrets", &Value::Null);
    assert_eq!(status, 403);
    assert!(error(&refusal).1.contains("vaults/kv-one'\r\n"), "a list is refused at the vault: {refusal}");
}

#[test]
fn a_role_that_reads_does_not_write() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    lab.assign(&lab.user_id(), OFFICER, &id);
    set(&lab, Who::User);
    let (web, principal) = lab.identity("web");
    assert_eq!(get(&lab, Who::App(&web)), 403);
    lab.assign(&principal, USER, &id);
    lab.hints();
    assert_eq!((get(&lab, Who::App(&web)), set(&lab, Who::App(&web))), (200, 403));
    assert_eq!(
        lab.hints(),
        ["web has Key Vault Secrets User at the vault kv-one, which does not include this; Key Vault Secrets Officer would do"]
    );
    assert_eq!(lab.vault_as(Who::App(&web), Method::DELETE, "kv-one", "/secrets/s", &Value::Null).0, 403);
    let (reader, principal) = lab.identity("reader");
    lab.assign(&principal, "Key Vault Reader", &id);
    assert_eq!(get(&lab, Who::App(&reader)), 403);
    assert_eq!(lab.vault_as(Who::App(&reader), Method::GET, "kv-one", "/secrets", &Value::Null).0, 200);
}

#[test]
fn an_owner_with_a_role_that_reads_is_told_about_both() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    lab.assign(&lab.user_id(), USER, &id);
    set(&lab, Who::User);
    let expected =
        "has Owner and Key Vault Secrets User at the vault kv-one, which does not include this; Key Vault Secrets Officer would do";
    assert!(lab.hints()[0].ends_with(expected));
}

#[test]
fn hints_name_the_other_place_or_the_other_principal() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    let (web, principal) = lab.identity("web");
    get(&lab, Who::App(&web));
    assert_eq!(lab.hints(), ["web has no role at the vault kv-one; Key Vault Secrets User would do"]);
    let other = lab.identity("other").1;
    lab.assign(&other, USER, &id);
    get(&lab, Who::App(&web));
    assert_eq!(lab.hints(), ["web has no role at the vault kv-one; Key Vault Secrets User there belongs to other"]);
    let elsewhere = lab.vault("kv-two");
    lab.assign(&principal, USER, &elsewhere);
    get(&lab, Who::App(&web));
    assert_eq!(lab.hints(), [format!("web has Key Vault Secrets User at {elsewhere}, which does not reach the vault kv-one")]);
}

#[test]
fn access_policies_decide_where_rbac_is_off() {
    let lab = Lab::new();
    let id = lab.in_group("Microsoft.KeyVault/vaults/kv-one");
    let put = |object_id: &str, words: Value| {
        let mut body = lab.vault_body();
        body["properties"]["enableRbacAuthorization"] = json!(false);
        let tenant = body["properties"]["tenantId"].clone();
        body["properties"]["accessPolicies"] = json!([{"tenantId": tenant, "objectId": object_id, "permissions": {"secrets": words}}]);
        assert_eq!(lab.arm(Method::PUT, &id, &body).0, 200);
    };
    let user = lab.user_id();
    put(&user, json!(["Get"]));
    lab.assign(&user, OFFICER, &id);
    let refused = lab.vault_as(Who::User, Method::PUT, "kv-one", "/secrets/s", &json!({"value": "v"}));
    check_like_recorded("keyvault.json", "secret GET, access-policy vault, caller without permission", &refused);
    assert!(error(&refused.1).1.contains("does not have secrets set permission on key vault 'kv-one;location=eastus'"), "{}", refused.1);
    assert!(lab.hints().iter().any(|hint| hint.contains("so role assignments do not count")));
    put(&user, json!(["get", "set", "list", "delete"]));
    assert_eq!((set(&lab, Who::User), get(&lab, Who::User)), (200, 200));
    lab.vault_as(Who::User, Method::DELETE, "kv-one", "/secrets/s", &Value::Null);
    lab.advance(5);
    // `all` is everything but purge.
    put(&user, json!(["all"]));
    assert_eq!(lab.vault_as(Who::User, Method::DELETE, "kv-one", "/deletedsecrets/s", &Value::Null).0, 403);
    put(&user, json!(["all", "purge"]));
    assert_eq!(lab.vault_as(Who::User, Method::DELETE, "kv-one", "/deletedsecrets/s", &Value::Null).0, 204);
    put(&lab.identity("web").1, json!(["all"]));
    assert_eq!(set(&lab, Who::User), 403);
}

#[test]
fn a_vault_that_never_said_uses_access_policies() {
    let lab = Lab::new();
    let id = lab.in_group("Microsoft.KeyVault/vaults/kv-one");
    lab.arm(Method::PUT, &format!("{id}?api-version=2023-07-01"), &lab.vault_body());
    lab.assign(&lab.user_id(), OFFICER, &id);
    let (status, refusal) = lab.vault_as(Who::User, Method::PUT, "kv-one", "/secrets/s", &json!({"value": "v"}));
    assert_eq!((status, &refusal["error"]["innererror"]["code"]), (403, &json!("AccessDenied")));
}

#[test]
fn network_rules_keep_strangers_out_whatever_their_role() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    lab.assign(&lab.user_id(), OFFICER, &id);
    let put = |change: &dyn Fn(&mut Value)| {
        let mut body = lab.vault_body();
        change(&mut body["properties"]);
        assert_eq!(lab.arm(Method::PUT, &id, &body).0, 200);
        let (status, answer) = lab.vault_as(Who::User, Method::PUT, "kv-one", "/secrets/s", &json!({"value": "v"}));
        (status, answer["error"]["innererror"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let rules =
        |ranges: Value| move |properties: &mut Value| properties["networkAcls"] = json!({"defaultAction": "Deny", "ipRules": ranges});
    assert_eq!(put(&rules(json!([]))), (403, "ForbiddenByFirewall".to_owned()));
    assert_eq!(put(&rules(json!([{"value": "203.0.113.0/24"}]))), (200, String::new()));
    assert_eq!(put(&|properties| properties["publicNetworkAccess"] = json!("Disabled")), (403, "ForbiddenByConnection".to_owned()));
    assert_eq!(put(&|_| {}), (200, String::new()), "a whole write opens what it does not mention");
}

#[test]
fn a_deleted_principal_does_not_get_in_with_its_old_token() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    let (web, principal) = lab.identity("web");
    lab.assign(&principal, USER, &id);
    assert_eq!(get(&lab, Who::App(&web)), 404, "allowed, and there is no such secret");
    lab.advance(90_000);
    let shared = &lab.cloud.shared;
    let old = {
        let state = shared.state();
        let service = state.directory.by_app_id(&web).unwrap();
        let token = crate::cloud::identity::token::issue_for_app(&state.directory, service, "https://vault.azure.net", "t", state.now());
        drop(state);
        token
    };
    lab.arm(Method::DELETE, &lab.in_group("Microsoft.ManagedIdentity/userAssignedIdentities/web"), &Value::Null);
    let request = crate::cloud::http::endpoint::Request::new(Method::GET, "kv-one.vault.azure.net", "/secrets/s?api-version=7.4");
    assert_eq!(shared.handle(&request.with_bearer(&old)).status, 401);
}
