//! Deleted vaults and deleted secrets: recovery, purge, and the names that stay taken.

use http::Method;
use serde_json::{Value, json};

use crate::cloud::lab::{Lab, Who, answer, check_like_recorded, error};

fn deleted(lab: &Lab, name: &str) -> String {
    lab.path(&format!("/providers/Microsoft.KeyVault/locations/eastus/deletedVaults/{name}"))
}

fn put(lab: &Lab, name: &str, change: impl FnOnce(&mut Value)) -> (u16, Value) {
    let mut body = lab.vault_body();
    change(&mut body["properties"]);
    lab.arm(Method::PUT, &format!("{}?api-version=2021-06-01-preview", lab.in_group(&format!("Microsoft.KeyVault/vaults/{name}"))), &body)
}

#[test]
fn a_deleted_vault_is_listed_keeps_its_name_and_comes_back_with_its_secrets() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    let officer = lab.assign(&lab.user_id(), "Key Vault Secrets Officer", &id);
    lab.vault_as(Who::User, Method::PUT, "kv-one", "/secrets/s", &json!({"value": "v"}));
    lab.advance(100);
    check_like_recorded("keyvault.json", "vault DELETE", &lab.arm(Method::DELETE, &id, &Value::Null));
    assert_eq!(lab.arm(Method::GET, &id, &Value::Null).0, 404);
    let gone = lab.arm(Method::GET, &deleted(&lab, "kv-one"), &Value::Null);
    check_like_recorded("keyvault.json", "deletedVaults GET", &gone);
    assert_eq!(gone.1["properties"]["deletionDate"], "2026-01-01T00:01:40Z");
    assert_eq!(gone.1["properties"]["scheduledPurgeDate"], "2026-04-01T00:01:40Z");
    let listed = lab.arm(Method::GET, &lab.path("/providers/Microsoft.KeyVault/deletedVaults"), &Value::Null);
    assert_eq!(listed.1["value"][0], gone.1);

    let (status, refusal) = put(&lab, "kv-one", |_| {});
    assert_eq!((status, error(&refusal).0), (409, "ConflictError"));
    assert!(error(&refusal).1.starts_with("A vault with the same name already exists in deleted state."));

    let back = put(&lab, "kv-one", |properties| properties["createMode"] = json!("recover"));
    assert_eq!((back.0, &back.1["properties"]["provisioningState"]), (200, &json!("Succeeded")));
    assert_eq!(back.1["systemData"]["createdAt"], "2026-01-01T00:00:00Z");
    assert_eq!(lab.arm(Method::GET, &deleted(&lab, "kv-one"), &Value::Null).0, 404);
    // Role assignments do not come back.
    assert_eq!(lab.arm(Method::GET, &officer, &Value::Null).0, 404);
    assert_eq!(lab.vault_as(Who::User, Method::GET, "kv-one", "/secrets/s", &Value::Null).0, 403);
    lab.assign(&lab.user_id(), "Key Vault Secrets User", &id);
    assert_eq!(lab.vault_as(Who::User, Method::GET, "kv-one", "/secrets/s", &Value::Null).1["value"], "v");
}

#[test]
fn a_recovered_vault_has_its_access_policies_as_recorded() {
    let lab = Lab::new();
    let words = json!(["all"]);
    let permissions = json!({"keys": words, "secrets": words, "certificates": words, "storage": words});
    let tenant = lab.vault_body()["properties"]["tenantId"].clone();
    put(&lab, "kv-one", |properties| {
        properties["softDeleteRetentionInDays"] = json!(7);
        properties["accessPolicies"] = json!([{"tenantId": tenant, "objectId": lab.user_id(), "permissions": permissions}]);
    });
    lab.advance(60);
    lab.arm(Method::DELETE, &lab.in_group("Microsoft.KeyVault/vaults/kv-one"), &Value::Null);
    let back = put(&lab, "kv-one", |properties| properties["createMode"] = json!("recover"));
    check_like_recorded("keyvault.json", "vault recover (PUT with createMode)", &back);
    let (status, refusal) = put(&lab, "kv-two", |properties| properties["createMode"] = json!("recover"));
    assert_eq!((status, error(&refusal).0), (400, "SoftDeletedVaultDoesNotExist"));
}

#[test]
fn a_purge_takes_its_time_and_frees_the_name() {
    let lab = Lab::new();
    lab.arm(Method::DELETE, &lab.vault("kv-one"), &Value::Null);
    let url = format!("{}/purge?api-version=2023-02-01", deleted(&lab, "kv-one"));
    let host = "management.azure.com";
    let send = |method: Method, url: &str| lab.send(Who::User, "https://management.azure.com/", method, host, url, &Value::Null);
    let started = send(Method::POST, &url);
    assert_eq!(answer(&started), (202, Value::Null));
    let location = started.header("location").unwrap().strip_prefix("https://management.azure.com").unwrap().to_owned();
    check_like_recorded("keyvault.json", "purge poll, running", &answer(&send(Method::GET, &location)));
    let (status, refusal) = put(&lab, "kv-one", |_| {});
    assert_eq!((status, error(&refusal).0), (409, "ConflictError"));
    lab.advance(15);
    let finished = answer(&send(Method::GET, &location));
    check_like_recorded("keyvault.json", "purge poll, finished", &finished);
    assert_eq!(finished.1["createdDateTime"], "2026-01-01 00:00:00Z");
    assert_eq!(finished.1["lastActionDateTime"], "2026-01-01 00:00:15Z");
    let (status, refusal) = lab.arm(Method::GET, &deleted(&lab, "kv-one"), &Value::Null);
    assert_eq!((status, error(&refusal).0), (404, "DeletedVaultNotFound"));
    assert_eq!(put(&lab, "kv-one", |_| {}).0, 200);
}

#[test]
fn purge_protection_keeps_a_vault_until_its_retention_is_over() {
    let lab = Lab::new();
    put(&lab, "kv-one", |properties| {
        properties["enablePurgeProtection"] = json!(true);
        properties["softDeleteRetentionInDays"] = json!(7);
    });
    lab.arm(Method::DELETE, &lab.in_group("Microsoft.KeyVault/vaults/kv-one"), &Value::Null);
    let (_, gone) = lab.arm(Method::GET, &deleted(&lab, "kv-one"), &Value::Null);
    assert_eq!(gone["properties"]["purgeProtectionEnabled"], true);
    let (status, refusal) = lab.arm(Method::POST, &format!("{}/purge", deleted(&lab, "kv-one")), &Value::Null);
    assert_eq!((status, error(&refusal)), (405, ("MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.")));
    lab.advance(7 * 86_400 - 1);
    assert_eq!(lab.arm(Method::GET, &deleted(&lab, "kv-one"), &Value::Null).0, 200);
    lab.advance(1);
    assert_eq!(lab.arm(Method::GET, &deleted(&lab, "kv-one"), &Value::Null).0, 404);
}

#[test]
fn deleting_a_group_leaves_its_vaults_deleted_and_nothing_of_its_neighbours() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    let (client, principal) = lab.identity("web");
    let assignment = lab.assign(&principal, "Reader", &id);
    let neighbour = lab.path("/resourceGroups/other/providers/Microsoft.KeyVault/vaults/kv-two");
    lab.arm(Method::PUT, &neighbour, &lab.vault_body());
    assert_eq!(lab.arm(Method::DELETE, &lab.path("/resourcegroups/RG"), &Value::Null).0, 202);
    let (status, refusal) = lab.arm(Method::PUT, &id, &lab.vault_body());
    assert_eq!((status, error(&refusal).0), (409, "ResourceGroupBeingDeleted"));
    lab.advance(600);
    {
        let state = lab.cloud.shared.state();
        assert!(state.directory.by_app_id(&client).is_none());
        assert!(!super::super::host_exists(&state, "kv-one.vault.azure.net"));
        assert!(super::super::host_exists(&state, "kv-two.vault.azure.net"));
    }
    assert_eq!(lab.arm(Method::GET, &assignment, &Value::Null).0, 404);
    assert_eq!(lab.arm(Method::GET, &deleted(&lab, "kv-one"), &Value::Null).0, 200);
    assert_eq!(lab.arm(Method::GET, &neighbour, &Value::Null).0, 200);
    // Without its group a vault cannot come back; with a new one it can.
    assert_eq!(put(&lab, "kv-one", |properties| properties["createMode"] = json!("recover")).0, 404);
    lab.arm(Method::PUT, &lab.path("/resourcegroups/rg"), &json!({"location": "westus"}));
    assert_eq!(put(&lab, "kv-one", |properties| properties["createMode"] = json!("recover")).0, 200);
}

#[test]
fn a_deleted_secret_goes_through_its_stages() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    lab.assign(&lab.user_id(), "Key Vault Secrets Officer", &id);
    let ask = |method: Method, target: &str, body: Value| lab.vault_as(Who::User, method, "kv-one", target, &body);
    let body = || json!({"value": "v", "tags": {"file-encoding": "utf-8"}});
    ask(Method::PUT, "/secrets/secret1", body());
    let gone = ask(Method::DELETE, "/secrets/secret1", Value::Null);
    check_like_recorded("keyvault.json", "secret DELETE", &gone);
    assert_eq!(gone.1["scheduledPurgeDate"].as_i64().unwrap() - gone.1["deletedDate"].as_i64().unwrap(), 90 * 86_400);
    let inner = |(status, body): (u16, Value)| (status, body["error"]["innererror"]["code"].as_str().unwrap_or_default().to_owned());
    assert_eq!(ask(Method::GET, "/secrets/secret1", Value::Null).0, 404);
    let early = ask(Method::GET, "/deletedsecrets/secret1", Value::Null);
    assert_eq!((early.0, error(&early.1)), (404, ("SecretNotFound", "Deleted Secret not found: secret1")));
    assert_eq!(inner(ask(Method::PUT, "/secrets/secret1", body())), (409, "ObjectIsBeingDeleted".to_owned()));
    assert_eq!(inner(ask(Method::POST, "/deletedsecrets/secret1/recover", Value::Null)), (409, "ObjectIsBeingDeleted".to_owned()));
    lab.advance(5);
    check_like_recorded("keyvault.json", "deleted secret GET", &ask(Method::GET, "/deletedsecrets/secret1", Value::Null));
    check_like_recorded("keyvault.json", "deleted secrets LIST", &ask(Method::GET, "/deletedsecrets", Value::Null));
    let taken = ask(Method::PUT, "/secrets/secret1", body());
    check_like_recorded("keyvault.json", "secret PUT, same name soft-deleted", &taken);
    assert_eq!(ask(Method::POST, "/deletedsecrets/secret1/recover", Value::Null).0, 200);
    assert_eq!(inner(ask(Method::PUT, "/secrets/secret1", body())), (409, "ObjectIsBeingRecovered".to_owned()));
    lab.advance(5);
    assert_eq!(ask(Method::GET, "/secrets/secret1", Value::Null).1["value"], "v");
    ask(Method::DELETE, "/secrets/secret1", Value::Null);
    lab.advance(5);
    assert_eq!(ask(Method::DELETE, "/deletedsecrets/secret1", Value::Null), (204, Value::Null));
    assert_eq!(ask(Method::PUT, "/secrets/secret1", body()).0, 200);
}

#[test]
fn secrets_of_a_protected_vault_cannot_be_purged() {
    let lab = Lab::new();
    put(&lab, "kv-one", |properties| {
        properties["enablePurgeProtection"] = json!(true);
        properties["enableRbacAuthorization"] = json!(true);
    });
    lab.assign(&lab.user_id(), "Key Vault Administrator", &lab.in_group("Microsoft.KeyVault/vaults/kv-one"));
    let ask = |method: Method, target: &str, body: Value| lab.vault_as(Who::User, method, "kv-one", target, &body);
    let (_, made) = ask(Method::PUT, "/secrets/s", json!({"value": "v"}));
    assert_eq!(made["attributes"]["recoveryLevel"], "Recoverable");
    ask(Method::DELETE, "/secrets/s", Value::Null);
    lab.advance(5);
    let (status, refusal) = ask(Method::DELETE, "/deletedsecrets/s", Value::Null);
    assert_eq!((status, &refusal["error"]["innererror"]["code"]), (403, &json!("ForbiddenByPolicy")));
}
