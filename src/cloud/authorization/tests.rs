//! Behaviour through the pipeline.

use http::Method;
use serde_json::{Value, json};

use crate::cloud::lab::{Lab, Who, check_like_recorded, error};

const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const NAME: &str = "88888888-0000-4000-8000-000000000001";
const OTHER_NAME: &str = "88888888-0000-4000-8000-000000000002";

fn assignment(scope: &str, name: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}")
}

fn list(lab: &Lab, scope: &str, filter: &str) -> Value {
    let filter = crate::cloud::http::endpoint::percent_encode(filter);
    let (status, body) =
        lab.arm(Method::GET, &format!("{scope}/providers/Microsoft.Authorization/roleAssignments?$filter={filter}"), &Value::Null);
    assert_eq!(status, 200, "{body}");
    body
}

#[test]
fn an_assignment_is_made_read_listed_and_deleted_as_recorded() {
    let lab = Lab::new();
    let (_, principal) = lab.identity("web");
    let group = lab.path("/resourceGroups/rg");
    let mut body = lab.assignment_body(READER, &principal);
    body["properties"]["principalType"] = json!("ServicePrincipal");
    let made = lab.arm(Method::PUT, &assignment(&group, NAME), &body);
    check_like_recorded("authorization.json", "roleAssignments PUT", &made);
    assert_eq!(made.1["id"], assignment(&group, NAME));
    let by_principal = (200, list(&lab, &lab.path(""), &format!("principalId eq '{principal}'")));
    check_like_recorded("authorization.json", "roleAssignments list by principalId", &by_principal);
    assert_eq!(by_principal.1["value"][0]["name"], NAME);
    lab.advance(7);
    let gone = lab.arm(Method::DELETE, &assignment(&group, NAME), &Value::Null);
    check_like_recorded("authorization.json", "roleAssignments DELETE", &gone);
    assert_eq!(gone.1["properties"]["updatedOn"], "2026-01-01T00:00:07Z");
    let none = (200, list(&lab, &lab.path(""), &format!("principalId eq '{principal}'")));
    check_like_recorded("authorization.json", "roleAssignments list, none", &none);
    assert_eq!(lab.arm(Method::DELETE, &assignment(&group, NAME), &Value::Null), (204, Value::Null));
    let (status, body) = lab.arm(Method::GET, &assignment(&group, NAME), &Value::Null);
    assert_eq!((status, error(&body).0), (404, "RoleAssignmentNotFound"));
}

#[test]
fn a_second_assignment_of_the_same_kind_is_refused_with_the_id_of_the_first() {
    let lab = Lab::new();
    let (_, principal) = lab.identity("web");
    let group = lab.path("/resourceGroups/rg");
    let body = lab.assignment_body(READER, &principal);
    assert_eq!(lab.arm(Method::PUT, &assignment(&group, NAME), &body).0, 201);
    let (status, refusal) = lab.arm(Method::PUT, &assignment(&group.to_uppercase(), OTHER_NAME), &body);
    let expected = "The role assignment already exists. The ID of the existing role assignment is 88888888000040008000000000000001.";
    assert_eq!((status, error(&refusal)), (409, ("RoleAssignmentExists", expected)));
    // az then looks for the one that is there.
    let at_scope = list(&lab, &group, "atScope()");
    assert!(at_scope["value"].as_array().unwrap().iter().any(|known| known["name"] == NAME), "{at_scope}");
    let (status, again) = lab.arm(Method::PUT, &assignment(&group, NAME), &body);
    assert_eq!((status, &again["name"]), (200, &json!(NAME)));
}

#[test]
fn at_scope_leaves_out_what_is_below_and_a_plain_list_does_not() {
    let lab = Lab::new();
    let (_, principal) = lab.identity("web");
    let vault = lab.vault("kv-one");
    lab.assign(&principal, "Reader", &vault);
    let count = |scope: &str, filter: &str| list(&lab, scope, filter)["value"].as_array().unwrap().len();
    let group = lab.path("/resourceGroups/rg");
    // The owner's own assignment stands above.
    assert_eq!((count(&group, "atScope()"), count(&group, ""), count(&vault, "atScope()")), (1, 2, 2));
    assert_eq!(count(&group, &format!("assignedTo('{principal}')")), 1);
    assert_eq!(count(&lab.path("/resourceGroups/other"), ""), 1);
}

#[test]
fn a_principal_must_exist_unless_the_client_says_what_it_is() {
    let lab = Lab::new();
    let group = lab.path("/resourceGroups/rg");
    let ghost = "99999999-0000-4000-8000-000000000009";
    let tenant = lab.cloud.shared.state().directory.tenant.id.clone();
    let (status, refusal) = lab.arm(Method::PUT, &assignment(&group, NAME), &lab.assignment_body(READER, ghost));
    let (code, message) = error(&refusal);
    assert_eq!((status, code), (400, "PrincipalNotFound"));
    let beginning = format!("Principal 99999999000040008000000000000009 does not exist in the directory {tenant}. Check that");
    assert!(message.starts_with(&beginning), "{message}");
    assert!(message.ends_with("or Group.  See https://aka.ms/docs-principaltype"), "{message}");
    let mut body = lab.assignment_body(READER, ghost);
    body["properties"]["principalType"] = json!("ServicePrincipal");
    assert_eq!(lab.arm(Method::PUT, &assignment(&group, NAME), &body).0, 201);
    assert!(lab.hints().iter().any(|hint| hint.contains(ghost)));
}

#[test]
fn an_assignment_to_a_client_id_is_accepted_and_the_object_id_is_hinted() {
    let lab = Lab::new();
    let (client, principal) = lab.identity("web");
    let mut body = lab.assignment_body(READER, &client);
    body["properties"]["principalType"] = json!("ServicePrincipal");
    assert_eq!(lab.arm(Method::PUT, &assignment(&lab.path("/resourceGroups/rg"), NAME), &body).0, 201);
    let meant = format!("; it is the client id of web, whose object id is {principal}");
    assert!(lab.hints().iter().any(|hint| hint.ends_with(&meant)));
}

#[test]
fn bad_requests_are_refused_in_the_services_words() {
    let lab = Lab::new();
    let (_, principal) = lab.identity("web");
    let group = lab.path("/resourceGroups/rg");
    let typed = |kind: &str| {
        let mut body = lab.assignment_body(READER, &principal);
        body["properties"]["principalType"] = json!(kind);
        body
    };
    for (name, body, expected) in [
        ("x", lab.assignment_body(READER, &principal), (400, "InvalidRoleAssignmentId")),
        (NAME, lab.assignment_body(READER, "x"), (400, "InvalidPrincipalId")),
        (NAME, lab.assignment_body("00000000-0000-0000-0000-000000000000", &principal), (400, "RoleDefinitionDoesNotExist")),
        (NAME, lab.assignment_body("8b54135c-b56d-4d72-a534-26097cfdc8d8", &principal), (501, "NotEmulated")),
        (NAME, typed("User"), (400, "UnmatchedPrincipalType")),
        (NAME, typed("Robot"), (400, "BadRequestFormat")),
        (NAME, json!({}), (400, "BadRequestFormat")),
        (NAME, json!({"properties": {"roleDefinitionId": READER, "principalId": principal, "condition": "x"}}), (501, "NotEmulated")),
    ] {
        let (status, refusal) = lab.arm(Method::PUT, &assignment(&group, name), &body);
        assert_eq!((status, error(&refusal).0), expected, "{body}");
    }
    lab.arm(Method::PUT, &assignment(&group, NAME), &typed("ServicePrincipal"));
    let elsewhere = lab.arm(Method::PUT, &assignment(&lab.path("/resourceGroups/other"), NAME), &typed("ServicePrincipal"));
    assert_eq!((elsewhere.0, error(&elsewhere.1).0), (400, "RoleAssignmentUpdateNotPermitted"));
}

#[test]
fn a_scope_that_is_not_there_cannot_be_assigned_at() {
    let lab = Lab::new();
    let (_, principal) = lab.identity("web");
    lab.vault("kv-one");
    let body = lab.assignment_body(READER, &principal);
    for (scope, expected) in [
        (lab.path("/resourceGroups/nope"), (404, "ResourceGroupNotFound")),
        (lab.in_group("Microsoft.KeyVault/vaults/nope"), (404, "ResourceNotFound")),
        (lab.path("/resourceGroups/other/providers/Microsoft.KeyVault/vaults/kv-one"), (404, "ResourceNotFound")),
        (lab.in_group("Microsoft.Storage/storageAccounts/x"), (404, "ResourceNotFound")),
        (String::new(), (403, "AuthorizationFailed")),
        ("/".to_owned(), (403, "AuthorizationFailed")),
        (lab.in_group("Microsoft.KeyVault/vaults/KV-ONE"), (201, "")),
    ] {
        let (status, refusal) = lab.arm(Method::PUT, &assignment(&scope, NAME), &body);
        assert_eq!((status, error(&refusal).0), expected, "{scope}");
    }
}

#[test]
fn a_refusal_names_the_assignment_or_for_a_list_the_provider() {
    let lab = Lab::new();
    let (worker, _) = lab.identity("worker");
    let group = lab.path("/resourceGroups/rg");
    for (url, scope) in [
        (assignment(&group, NAME), assignment(&group, NAME)),
        (format!("{group}/providers/Microsoft.Authorization/roleAssignments"), format!("{group}/providers/Microsoft.Authorization")),
    ] {
        let (_, refusal) = lab.arm_as(Who::App(&worker), Method::GET, &url, &Value::Null);
        assert!(
            error(&refusal).1.contains(&format!("'Microsoft.Authorization/roleAssignments/read' over scope '{scope}' or")),
            "{refusal}"
        );
    }
}

#[test]
fn assigning_takes_a_role_that_may_assign() {
    let lab = Lab::new();
    let (worker, worker_id) = lab.identity("worker");
    let (admin, admin_id) = lab.identity("admin");
    let group = lab.path("/resourceGroups/rg");
    lab.assign(&worker_id, "Contributor", &lab.path(""));
    lab.assign(&admin_id, "User Access Administrator", &group);
    let body = lab.assignment_body(READER, &worker_id);
    let (status, refusal) = lab.arm_as(Who::App(&worker), Method::PUT, &assignment(&group, NAME), &body);
    assert_eq!((status, error(&refusal).0), (403, "AuthorizationFailed"));
    let elsewhere = lab.path("/resourceGroups/other");
    assert_eq!(lab.arm_as(Who::App(&admin), Method::PUT, &assignment(&elsewhere, NAME), &body).0, 403);
    assert_eq!(lab.arm_as(Who::App(&admin), Method::PUT, &assignment(&group, NAME), &body).0, 201);
    assert_eq!(lab.arm_as(Who::App(&worker), Method::DELETE, &assignment(&group, NAME), &Value::Null).0, 403);
}

#[test]
fn definitions_carry_the_subscription_in_their_id_at_any_scope() {
    let lab = Lab::new();
    let group = lab.path("/resourceGroups/rg");
    let url = format!("{group}/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName%20eq%20%27reader%27");
    let (status, body) = lab.arm(Method::GET, &url, &Value::Null);
    assert_eq!(status, 200);
    assert_eq!(body["value"].as_array().map(Vec::len), Some(1));
    let id = lab.path(&format!("/providers/Microsoft.Authorization/roleDefinitions/{READER}"));
    assert_eq!(body["value"][0]["id"], id);
    assert_eq!(lab.arm(Method::GET, &id, &Value::Null).1, body["value"][0]);
    let (status, body) = lab.arm(Method::GET, &id.replace("acdd", "0000"), &Value::Null);
    assert_eq!((status, error(&body).0), (404, "RoleDefinitionDoesNotExist"));
    let (status, body) = lab.arm(Method::PUT, &id, &json!({"properties": {"roleName": "x"}}));
    assert_eq!((status, error(&body).0), (403, "RoleDefinitionUpdateNotAllowed"), "a built-in role stays as it is");
}

#[test]
fn a_custom_role_is_made_found_used_and_deleted_when_nobody_has_it() {
    let lab = Lab::new();
    let group = lab.path("/resourceGroups/rg");
    let id = format!("{group}/providers/Microsoft.Authorization/roleDefinitions/{NAME}");
    let role = |actions: Value, not_actions: Value| {
        json!({"properties": {"roleName": "Group Looker", "type": "CustomRole", "assignableScopes": [group],
            "permissions": [{"actions": actions, "notActions": not_actions}]}})
    };
    let (status, made) = lab.arm(Method::PUT, &id, &role(json!(["*/read"]), json!([])));
    assert_eq!((status, &made["properties"]["type"]), (201, &json!("CustomRole")), "{made}");
    let found = lab.arm(
        Method::GET,
        &format!("{group}/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName%20eq%20%27group%20looker%27"),
        &Value::Null,
    );
    assert_eq!(found.1["value"][0]["name"], NAME);
    let elsewhere =
        lab.path("/resourceGroups/other/providers/Microsoft.Authorization/roleDefinitions?$filter=type%20eq%20%27CustomRole%27");
    assert_eq!(lab.arm(Method::GET, &elsewhere, &Value::Null).1["value"], json!([]), "it can be assigned in the other group only");
    let twin = id.replace(NAME, OTHER_NAME);
    assert_eq!(error(&lab.arm(Method::PUT, &twin, &role(json!(["*/read"]), json!([]))).1).0, "RoleDefinitionWithSameNameExists");
    assert_eq!(error(&lab.arm(Method::PUT, &id, &role(json!([]), json!([]))).1).0, "InvalidRoleDefinition");

    let (client, principal) = lab.identity("looker");
    let at_other = assignment(&lab.path("/resourceGroups/other"), NAME);
    assert_eq!(error(&lab.arm(Method::PUT, &at_other, &lab.assignment_body(NAME, &principal)).1).0, "RoleDefinitionNotAssignable");
    assert_eq!(lab.arm(Method::PUT, &assignment(&group, NAME), &lab.assignment_body(NAME, &principal)).0, 201);
    let look = || lab.arm_as(Who::App(&client), Method::GET, &group, &Value::Null).0;
    assert_eq!(look(), 200);
    assert_eq!(lab.arm(Method::PUT, &id, &role(json!(["*/read"]), json!(["Microsoft.Resources/subscriptions/*"]))).0, 201);
    assert_eq!(look(), 403, "what the role takes away is gone at once");
    assert_eq!(error(&lab.arm(Method::DELETE, &id, &Value::Null).1).0, "RoleDefinitionHasAssignments");
    assert_eq!(lab.arm(Method::DELETE, &assignment(&group, NAME), &Value::Null).0, 200);
    assert_eq!(lab.arm(Method::DELETE, &id, &Value::Null).0, 200);
    assert_eq!(lab.arm(Method::GET, &id, &Value::Null).0, 404);
}

#[test]
fn only_who_may_write_roles_at_every_scope_makes_a_custom_one() {
    let lab = Lab::new();
    let (client, principal) = lab.identity("maker");
    let group = lab.path("/resourceGroups/rg");
    lab.assign(&principal, "User Access Administrator", &group);
    let id = format!("{group}/providers/Microsoft.Authorization/roleDefinitions/{NAME}");
    let body = |scope: &str| json!({"properties": {"roleName": "R", "assignableScopes": [scope], "permissions": [{"actions": ["*"]}]}});
    assert_eq!(lab.arm_as(Who::App(&client), Method::PUT, &id, &body(&lab.path(""))).0, 403);
    assert_eq!(lab.arm_as(Who::App(&client), Method::PUT, &id, &body(&group)).0, 201);
}

#[test]
fn a_definition_has_the_recorded_keys() {
    let lab = Lab::new();
    let url = lab.path("/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName%20eq%20%27Reader%27");
    let mut answer = lab.arm(Method::GET, &url, &Value::Null);
    // What the table of roles leaves out on purpose.
    for name in ["description", "createdOn", "updatedOn"] {
        assert_eq!(answer.1["value"][0]["properties"][name], Value::Null);
        answer.1["value"][0]["properties"][name] = json!("");
    }
    check_like_recorded("authorization.json", "roleDefinitions filter by roleName", &answer);
}

#[test]
fn nobody_gets_in_without_a_token_or_an_assignment() {
    let lab = Lab::new();
    let url = lab.path("/resourceGroups/rg/providers/Microsoft.Authorization/roleAssignments");
    assert_eq!(lab.arm_as(Who::Nobody, Method::GET, &url, &Value::Null).0, 401);
    lab.disown();
    assert_eq!(lab.arm(Method::GET, &url, &Value::Null).0, 403);
}
