//! Behaviour through the pipeline.

use http::Method;
use serde_json::{Value, json};

use crate::cloud::lab::{Lab, Who, check_like_recorded, error};

const ISSUER: &str = "https://eastus.oic.prod-aks.azure.com/t/u/";

fn identity_id(lab: &Lab, name: &str) -> String {
    lab.in_group(&format!("Microsoft.ManagedIdentity/userAssignedIdentities/{name}"))
}

fn credential_id(lab: &Lab, name: &str) -> String {
    format!("{}/federatedIdentityCredentials/{name}", identity_id(lab, "web"))
}

fn credential(subject: &str) -> Value {
    json!({"properties": {"issuer": ISSUER, "subject": subject, "audiences": ["api://AzureADTokenExchange"]}})
}

#[test]
fn an_identity_is_made_once_and_keeps_its_ids() {
    let lab = Lab::new();
    let id = identity_id(&lab, "web");
    let made = lab.arm(Method::PUT, &format!("{id}?api-version=2023-01-31"), &json!({"location": "eastus"}));
    check_like_recorded("identity.json", "userAssignedIdentities PUT (create, newest seen)", &made);
    let again = lab.arm(Method::PUT, &id, &json!({"location": "East US", "tags": {"b": "1", "a": "2"}}));
    assert_eq!(again.0, 200);
    assert_eq!(again.1["properties"]["clientId"], made.1["properties"]["clientId"]);
    assert_eq!(again.1["tags"].to_string(), r#"{"b":"1","a":"2"}"#);
    assert_eq!(again.1["properties"]["isolationScope"], "None");
    let shown = made.1["id"].as_str().unwrap();
    assert!(shown.contains("/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web"), "{shown}");
}

#[test]
fn older_api_versions_order_keys_as_recorded() {
    let lab = Lab::new();
    let id = format!("{}?api-version=2022-01-31-preview", identity_id(&lab, "web"));
    let made = lab.arm(Method::PUT, &id, &json!({"location": "westus"}));
    check_like_recorded("identity.json", "userAssignedIdentities PUT (create, older key order)", &made);
    let list = lab.in_group("Microsoft.ManagedIdentity/userAssignedIdentities?api-version=2022-01-31-preview");
    check_like_recorded("identity.json", "userAssignedIdentities LIST by resource group", &lab.arm(Method::GET, &list, &Value::Null));
    let all = lab.path("/providers/Microsoft.ManagedIdentity/userAssignedIdentities");
    assert_eq!(lab.arm(Method::GET, &all, &Value::Null).1["value"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_service_principal_comes_and_goes_with_its_identity() {
    let lab = Lab::new();
    let (client_id, principal_id) = lab.identity("web");
    assert!(lab.cloud.shared.state().directory.by_app_id(&client_id).is_some());
    let id = identity_id(&lab, "web");
    check_like_recorded("identity.json", "userAssignedIdentities DELETE", &lab.arm(Method::DELETE, &id, &Value::Null));
    assert!(lab.cloud.shared.state().directory.principal(&principal_id).is_none());
    assert_eq!(lab.arm(Method::DELETE, &id, &Value::Null).0, 204);
    let (status, body) = lab.arm(Method::GET, &id, &Value::Null);
    assert_eq!((status, error(&body).0), (404, "ResourceNotFound"));
    let (_, new_principal) = lab.identity("web");
    assert_ne!(new_principal, principal_id, "an identity that is made again is another principal");
}

#[test]
fn identities_need_a_group_a_location_and_a_good_name() {
    let lab = Lab::new();
    for (id, body, expected) in [
        (
            lab.path("/resourceGroups/nope/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web"),
            json!({"location": "eastus"}),
            (404, "ResourceGroupNotFound"),
        ),
        (identity_id(&lab, "web"), json!({}), (400, "LocationRequired")),
        (identity_id(&lab, "_x"), json!({"location": "eastus"}), (400, "BadRequest")),
        (identity_id(&lab, "web"), json!({"location": "eastus", "tags": {"a": 1}}), (400, "BadRequest")),
    ] {
        let (status, body) = lab.arm(Method::PUT, &id, &body);
        assert_eq!((status, error(&body).0), expected, "{id}: {body}");
    }
    lab.identity("web");
    let (status, body) = lab.arm(Method::PUT, &identity_id(&lab, "web"), &json!({"location": "westus"}));
    assert_eq!((status, error(&body).0), (409, "InvalidResourceLocation"), "{body}");
}

#[test]
fn credentials_are_made_listed_changed_and_deleted_as_recorded() {
    let lab = Lab::new();
    lab.identity("web");
    let made = lab.arm(Method::PUT, &credential_id(&lab, "fic1"), &credential("system:serviceaccount:ns:one"));
    check_like_recorded("identity.json", "federatedIdentityCredentials PUT (create)", &made);
    let got = lab.arm(Method::GET, &credential_id(&lab, "FIC1"), &Value::Null);
    check_like_recorded("identity.json", "federatedIdentityCredentials GET", &got);
    assert_eq!(got.1, made.1);
    lab.arm(Method::PUT, &credential_id(&lab, "fic2"), &credential("system:serviceaccount:ns:two"));
    let listed = lab.arm(Method::GET, &format!("{}/federatedIdentityCredentials", identity_id(&lab, "web")), &Value::Null);
    check_like_recorded("identity.json", "federatedIdentityCredentials LIST", &listed);
    assert_eq!(listed.1["value"].as_array().map(Vec::len), Some(2));
    let changed = lab.arm(Method::PUT, &credential_id(&lab, "fic1"), &credential("system:serviceaccount:ns:three"));
    check_like_recorded("identity.json", "federatedIdentityCredentials PUT (update existing)", &changed);
    let gone = lab.arm(Method::DELETE, &credential_id(&lab, "fic1"), &Value::Null);
    check_like_recorded("identity.json", "federatedIdentityCredentials DELETE", &gone);
    let (status, body) = lab.arm(Method::GET, &credential_id(&lab, "fic1"), &Value::Null);
    assert_eq!((status, error(&body).0), (404, "ResourceNotFound"));
}

#[test]
fn credentials_are_refused_in_the_services_words() {
    let lab = Lab::new();
    let parentless = lab.arm(Method::PUT, &credential_id(&lab, "fic1"), &credential("s"));
    assert_eq!((parentless.0, error(&parentless.1).0), (404, "ParentResourceNotFound"));
    lab.identity("web");
    lab.arm(Method::PUT, &credential_id(&lab, "fic1"), &credential("taken"));
    let properties = |issuer: &str, subject: &str, audiences: Value| json!({"properties": {"issuer": issuer, "subject": subject, "audiences": audiences}});
    for (name, body, expected) in [
        ("fic2", credential("taken"), (409, "Issuer and subject combination already exists for this Managed Identity.")),
        ("-x", credential("s"), (400, "Federated Identity Credential name '-x' is invalid.")),
        ("fic2", properties(ISSUER, "s", json!([])), (400, "Federated identity credentials must have exactly one audience.")),
        ("fic2", properties(ISSUER, "s", json!(["a", "b"])), (400, "Federated identity credentials must have exactly one audience.")),
        ("fic2", properties("", "s", json!(["a"])), (400, "Federated Identity Credential from HTTP body has empty properties")),
        ("fic2", json!({}), (400, "Federated Identity Credential from HTTP body has empty properties")),
    ] {
        let (status, answer) = lab.arm(Method::PUT, &credential_id(&lab, name), &body);
        assert_eq!((status, error(&answer).1), expected, "{name} {body}");
    }
    let long = lab.arm(Method::PUT, &credential_id(&lab, "fic2"), &credential(&"s".repeat(601)));
    assert_eq!(long.0, 400);
}

#[test]
fn the_twenty_first_credential_is_refused_and_replacing_one_of_twenty_is_not() {
    let lab = Lab::new();
    lab.identity("web");
    for number in 0..20 {
        let (status, body) = lab.arm(Method::PUT, &credential_id(&lab, &format!("fic{number}")), &credential(&format!("s{number}")));
        assert_eq!(status, 201, "{body}");
    }
    assert_eq!(lab.arm(Method::PUT, &credential_id(&lab, "more"), &credential("more")).0, 400);
    assert_eq!(lab.arm(Method::PUT, &credential_id(&lab, "fic7"), &credential("other")).0, 200);
}

#[test]
fn writing_takes_a_role_that_allows_it() {
    let lab = Lab::new();
    let (reader, reader_id) = lab.identity("reader");
    let (keeper, keeper_id) = lab.identity("keeper");
    lab.identity("web");
    lab.assign(&reader_id, "Reader", &lab.path("/resourceGroups/rg"));
    lab.assign(&keeper_id, "Managed Identity Contributor", &identity_id(&lab, "web"));
    assert_eq!(lab.arm_as(Who::App(&reader), Method::GET, &identity_id(&lab, "web"), &Value::Null).0, 200);
    let (status, body) = lab.arm_as(Who::App(&reader), Method::PUT, &credential_id(&lab, "fic1"), &credential("s"));
    assert_eq!((status, error(&body).0), (403, "AuthorizationFailed"));
    assert!(error(&body).1.contains("'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write'"), "{body}");
    assert_eq!(lab.arm_as(Who::App(&keeper), Method::PUT, &credential_id(&lab, "fic1"), &credential("s")).0, 201);
}

#[test]
fn what_is_not_emulated_is_refused_by_name() {
    let lab = Lab::new();
    lab.identity("web");
    let (status, body) = lab.arm(Method::POST, &format!("{}/revokeTokens", identity_id(&lab, "web")), &Value::Null);
    assert_eq!(status, 501);
    assert!(error(&body).1.contains("revokeTokens"), "{body}");
    let flexible = json!({"properties": {"issuer": ISSUER, "audiences": ["a"], "claimsMatchingExpression": {"value": "x"}}});
    assert_eq!(lab.arm(Method::PUT, &credential_id(&lab, "fic1"), &flexible).0, 501);
}
