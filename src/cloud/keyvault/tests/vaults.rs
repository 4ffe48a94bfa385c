//! The control plane: vaults made, changed, listed and refused.

use http::Method;
use serde_json::{Value, json};

use crate::cloud::lab::{Lab, Who, check_like_recorded, error};

/// Before RBAC became the default.
const OLD_API: &str = "2021-06-01-preview";

fn with_policy(lab: &Lab) -> Value {
    let mut body = lab.vault_body();
    let words = json!(["get"]);
    body["properties"]["accessPolicies"] = json!([{
        "tenantId": body["properties"]["tenantId"],
        "objectId": lab.user_id(),
        "permissions": {"keys": words, "secrets": words, "certificates": words, "storage": words},
    }]);
    body["properties"]["softDeleteRetentionInDays"] = json!(90);
    body["properties"]["networkAcls"] = json!({"bypass": "AzureServices", "defaultAction": "Allow"});
    body
}

#[test]
fn a_new_vault_registers_its_name_first_as_recorded() {
    let lab = Lab::new();
    let id = lab.in_group("Microsoft.KeyVault/vaults/kv-one");
    let url = format!("{id}?api-version={OLD_API}");
    let made = lab.arm(Method::PUT, &url, &with_policy(&lab));
    check_like_recorded("keyvault.json", "vault PUT create", &made);
    let properties = &made.1["properties"];
    assert_eq!(properties["provisioningState"], "RegisteringDns");
    assert_eq!(properties["vaultUri"], "https://kv-one.vault.azure.net");
    lab.advance(30);
    let polled = lab.arm(Method::GET, &url, &Value::Null);
    check_like_recorded("keyvault.json", "vault GET after create (poll)", &polled);
    let properties = &polled.1["properties"];
    assert_eq!(properties["provisioningState"], "Succeeded");
    assert_eq!(properties["vaultUri"], "https://kv-one.vault.azure.net/");
    assert_eq!(polled.1["systemData"], made.1["systemData"]);
}

#[test]
fn a_poll_says_until_when_it_is_worth_waiting_and_changes_nothing() {
    let lab = Lab::new();
    let id = format!("{}?api-version=2026-02-01", lab.vault("kv-one"));
    let poll = || lab.send(Who::User, "https://management.azure.com/", Method::GET, "management.azure.com", &id, &Value::Null);
    let first = poll();
    assert_eq!(first.pending_until, Some("2026-01-01T00:00:15Z".parse().unwrap()));
    assert_eq!(poll().as_json(), first.as_json());
    lab.advance(15);
    assert_eq!(poll().pending_until, None);
}

#[test]
fn a_missing_vault_is_the_gateways_404() {
    let lab = Lab::new();
    let missing = lab.arm(Method::GET, &lab.in_group("Microsoft.KeyVault/vaults/nope"), &Value::Null);
    check_like_recorded("keyvault.json", "vault GET missing", &missing);
    let expected = "The Resource 'Microsoft.KeyVault/vaults/nope' under resource group 'rg' was not found. For more details please go to \
                    https://aka.ms/ARMResourceNotFoundFix";
    assert_eq!(error(&missing.1), ("ResourceNotFound", expected));
    let (status, body) = lab.arm(Method::GET, &lab.path("/resourceGroups/no/providers/Microsoft.KeyVault/vaults/nope"), &Value::Null);
    assert_eq!((status, error(&body).0), (404, "ResourceGroupNotFound"));
}

#[test]
fn the_permission_model_of_a_new_vault_follows_the_api_version() {
    let lab = Lab::new();
    for (name, version, given, expected) in [
        ("kv-new", "2026-02-01", Value::Null, json!(true)),
        ("kv-newer", "2026-05-01", Value::Null, json!(true)),
        ("kv-old", "2023-07-01", Value::Null, Value::Null),
        ("kv-said", "2026-02-01", json!(false), json!(false)),
        ("kv-said2", "2023-07-01", json!(true), json!(true)),
    ] {
        let id = format!("{}?api-version={version}", lab.in_group(&format!("Microsoft.KeyVault/vaults/{name}")));
        let mut body = lab.vault_body();
        body["properties"]["enableRbacAuthorization"] = given;
        let (status, made) = lab.arm(Method::PUT, &id, &body);
        assert_eq!((status, &made["properties"]["enableRbacAuthorization"]), (200, &expected), "{name}");
    }
    // Only a creation is decided so: an update that does not say keeps what there is.
    let old = lab.in_group("Microsoft.KeyVault/vaults/kv-old");
    let (_, updated) = lab.arm(Method::PUT, &old, &lab.vault_body());
    assert_eq!(updated["properties"]["enableRbacAuthorization"], Value::Null);
}

#[test]
fn an_update_is_finished_at_once_and_replaces_the_policies() {
    let lab = Lab::new();
    let id = format!("{}?api-version={OLD_API}", lab.in_group("Microsoft.KeyVault/vaults/kv-one"));
    lab.arm(Method::PUT, &id, &with_policy(&lab));
    lab.advance(60);
    let updated = lab.arm(Method::PUT, &id, &with_policy(&lab));
    check_like_recorded("keyvault.json", "vault PUT update (set-policy)", &updated);
    assert_eq!(updated.1["properties"]["provisioningState"], "Succeeded");
    assert_eq!(updated.1["systemData"]["lastModifiedAt"], "2026-01-01T00:01:00Z");
    assert_eq!(updated.1["systemData"]["createdAt"], "2026-01-01T00:00:00Z");
    let (_, patched) = lab.arm(Method::PATCH, &id, &json!({"tags": {"a": "b"}}));
    assert_eq!(patched["properties"]["accessPolicies"].as_array().map(Vec::len), Some(1));
    assert_eq!(patched["tags"], json!({"a": "b"}));
}

#[test]
fn what_cannot_be_taken_back_is_refused() {
    let lab = Lab::new();
    let id = lab.in_group("Microsoft.KeyVault/vaults/kv-one");
    let mut body = lab.vault_body();
    body["properties"]["enablePurgeProtection"] = json!(true);
    let (_, made) = lab.arm(Method::PUT, &id, &body);
    assert_eq!(made["properties"]["enablePurgeProtection"], true);
    let with = |name: &str, value: Value| {
        let mut body = lab.vault_body();
        body["properties"][name] = value;
        let (status, refusal) = lab.arm(Method::PUT, &id, &body);
        (status, error(&refusal).1.to_owned())
    };
    let purge = "The property \"enablePurgeProtection\" cannot be set to false. Enabling the purge protection for a vault is an irreversible \
                 action.";
    assert_eq!(with("enablePurgeProtection", json!(false)), (400, purge.to_owned()));
    let retention = "The property \"softDeleteRetentionInDays\" has been set already and it can't be modified.";
    assert_eq!(with("softDeleteRetentionInDays", json!(7)), (400, retention.to_owned()));
    assert_eq!(with("enableSoftDelete", json!(false)).0, 400);
    // Not said, it stays.
    let (_, again) = lab.arm(Method::PUT, &id, &lab.vault_body());
    assert_eq!(again["properties"]["enablePurgeProtection"], true);
}

#[test]
fn names_are_checked_and_are_unique_in_the_world() {
    let lab = Lab::new();
    lab.vault("kv-one");
    let put = |id: String, body: Value| {
        let (status, refusal) = lab.arm(Method::PUT, &id, &body);
        (status, error(&refusal).0.to_owned(), error(&refusal).1.to_owned())
    };
    let bad = put(lab.in_group("Microsoft.KeyVault/vaults/my_vault"), lab.vault_body());
    assert_eq!((bad.0, bad.1.as_str()), (400, "VaultNameNotValid"));
    assert!(bad.2.starts_with("The vault name 'my_vault' is invalid. A vault's name must be between 3-24"), "{}", bad.2);
    let taken = put(lab.path("/resourceGroups/other/providers/Microsoft.KeyVault/vaults/KV-One"), lab.vault_body());
    let expected =
        "The vault name 'KV-One' is already in use. Vault names are globally unique so it is possible that the name is already taken.";
    assert_eq!(taken, (409, "VaultAlreadyExists".to_owned(), expected.to_owned()));
    let mut elsewhere = lab.vault_body();
    elsewhere["location"] = json!("westus");
    assert_eq!(put(lab.in_group("Microsoft.KeyVault/vaults/kv-one"), elsewhere).1, "InvalidResourceLocation");
    let mut foreign = lab.vault_body();
    foreign["properties"]["tenantId"] = json!("11111111-1111-4111-8111-111111111111");
    assert_eq!(put(lab.in_group("Microsoft.KeyVault/vaults/kv-two"), foreign).0, 400);
    let mut nowhere = lab.vault_body();
    nowhere["location"] = json!("atlantis");
    assert_eq!(put(lab.in_group("Microsoft.KeyVault/vaults/kv-two"), nowhere).1, "LocationNotAvailableForResourceType");
}

#[test]
fn availability_tells_taken_deleted_and_bad_names() {
    let lab = Lab::new();
    lab.vault("kv-one");
    let id = lab.vault("kv-gone");
    lab.arm(Method::DELETE, &id, &Value::Null);
    let url = lab.path("/providers/Microsoft.KeyVault/checkNameAvailability");
    let check = |name: &str| lab.arm(Method::POST, &url, &json!({"name": name, "type": "Microsoft.KeyVault/vaults"}));
    check_like_recorded("keyvault.json", "checkNameAvailability", &check("kv-one"));
    for (name, available, reason) in [
        ("kv-one", false, json!("AlreadyExists")),
        ("kv-gone", false, json!("AlreadyExists")),
        ("-", false, json!("AccountNameInvalid")),
        ("kv-free", true, Value::Null),
    ] {
        let (_, body) = check(name);
        assert_eq!((&body["nameAvailable"], &body["reason"]), (&json!(available), &reason), "{name}");
    }
}

#[test]
fn lists_are_ordered_by_group_and_hold_what_they_are_asked_for() {
    let lab = Lab::new();
    lab.vault("kv-b");
    lab.vault("kv-a");
    let other = lab.path("/resourceGroups/other/providers/Microsoft.KeyVault/vaults/kv-z");
    lab.arm(Method::PUT, &other, &lab.vault_body());
    let names = |url: String| {
        let (_, body) = lab.arm(Method::GET, &url, &Value::Null);
        let names = body["value"].as_array().into_iter().flatten().map(|vault| vault["name"].as_str().unwrap_or_default().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(lab.in_group("Microsoft.KeyVault/vaults")), ["kv-a", "kv-b"]);
    assert_eq!(names(lab.path("/providers/Microsoft.KeyVault/vaults")), ["kv-z", "kv-a", "kv-b"]);
    assert_eq!(super::super::resources(&lab.cloud.shared.state()).len(), 3);
}

#[test]
fn there_are_no_managed_hsms_and_none_can_be_made() {
    let lab = Lab::new();
    for below in ["managedHSMs", "deletedManagedHSMs"] {
        let (status, body) = lab.arm(Method::GET, &lab.path(&format!("/providers/Microsoft.KeyVault/{below}")), &Value::Null);
        assert_eq!((status, body), (200, json!({"value": []})), "{below}");
    }
    assert_eq!(lab.arm(Method::PUT, &lab.in_group("Microsoft.KeyVault/managedHSMs/x"), &json!({})).0, 501);
}

#[test]
fn a_request_without_an_api_version_is_refused() {
    let lab = Lab::new();
    let id = format!("{}?api-version=", lab.vault("kv-one"));
    let (status, refusal) = lab.arm(Method::GET, &id, &Value::Null);
    assert_eq!((status, error(&refusal).0), (400, "MissingApiVersionParameter"));
}

#[test]
fn changing_the_permission_model_takes_the_right_to_assign_roles() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    let (worker, worker_id) = lab.identity("worker");
    lab.assign(&worker_id, "Contributor", &lab.path(""));
    let mut body = lab.vault_body();
    body["properties"]["enableRbacAuthorization"] = json!(false);
    let (status, refusal) = lab.arm_as(Who::App(&worker), Method::PUT, &id, &body);
    assert_eq!((status, error(&refusal).0), (403, "AuthorizationFailed"));
    assert_eq!(lab.arm_as(Who::App(&worker), Method::PUT, &id, &lab.vault_body()).0, 200);
    assert_eq!(lab.arm(Method::PUT, &id, &body).0, 200);
}

#[test]
fn writing_takes_a_role_that_allows_it_and_the_rest_is_refused_by_name() {
    let lab = Lab::new();
    let id = lab.vault("kv-one");
    let (reader, reader_id) = lab.identity("reader");
    lab.assign(&reader_id, "Reader", &lab.path("/resourceGroups/rg"));
    assert_eq!(lab.arm_as(Who::App(&reader), Method::GET, &id, &Value::Null).0, 200);
    assert_eq!(lab.arm_as(Who::App(&reader), Method::PUT, &id, &lab.vault_body()).0, 403);
    assert_eq!(lab.arm_as(Who::App(&reader), Method::DELETE, &id, &Value::Null).0, 403);
    let (status, refusal) = lab.arm(Method::GET, &format!("{id}/privateEndpointConnections"), &Value::Null);
    assert_eq!(status, 501);
    assert!(error(&refusal).1.contains("privateEndpointConnections"), "{refusal}");
}
