//! Graph by raw requests.

use serde_json::{Value, json};

use crate::cloud::testing::TestCloud;

#[test]
fn me_is_the_signed_in_user_with_eleven_properties_and_the_id_last() {
    let cloud = TestCloud::new();
    let me = cloud.graph("GET", "/v1.0/me", Value::Null);
    let keys: Vec<&String> = me.body.as_object().unwrap().keys().collect();
    let expected = [
        "@odata.context",
        "businessPhones",
        "displayName",
        "givenName",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
        "id",
    ];
    assert_eq!(keys, expected);
    assert_eq!(me.body["id"], json!(cloud.user()));
    assert!(me.reply.header("content-type").unwrap().starts_with("application/json;odata.metadata=minimal"));
}

#[test]
fn an_application_has_no_me() {
    let cloud = TestCloud::new();
    let application = cloud.shared.state().register_application("ci");
    let token = cloud.application_token(&application.app_id, &application.secret, "https://graph.microsoft.com");
    let answer = cloud.call("graph.microsoft.com", &token, "GET", "/v1.0/me", Value::Null);
    assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &json!("BadRequest")));
}

#[test]
fn service_principals_are_found_by_the_filter_that_az_sends() {
    let cloud = TestCloud::new();
    let application = cloud.shared.state().register_application("ci");
    let find = |name: &str| {
        let target = format!("/v1.0/servicePrincipals?$filter=servicePrincipalNames%2Fany%28c%3Ac%20eq%20%27{name}%27%29");
        cloud.graph("GET", &target, Value::Null).body["value"].clone()
    };
    assert_eq!(find(&application.app_id)[0]["id"], json!(application.object_id));
    assert_eq!(find("nobody"), json!([]));
    let refused = cloud.graph("GET", "/v1.0/servicePrincipals?$filter=endswith(displayName,'c')", Value::Null);
    assert_eq!(refused.status, 501, "{}", refused.body);
}

#[test]
fn get_by_ids_leaves_out_strangers_and_puts_the_type_first() {
    let cloud = TestCloud::new();
    let nobody = "00000000-0000-0000-0000-00000000000a";
    let body = json!({"ids": [nobody, cloud.user()], "types": ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"]});
    let found = cloud.graph("POST", "/v1.0/directoryObjects/getByIds", body).body;
    assert_eq!(found["value"].as_array().unwrap().len(), 1);
    let first = found["value"][0].as_object().unwrap().iter().next().unwrap();
    assert_eq!(first, (&"@odata.type".to_owned(), &json!("#microsoft.graph.user")));
    let only_groups = json!({"ids": [cloud.user()], "types": ["group"]});
    assert_eq!(cloud.graph("POST", "/v1.0/directoryObjects/getByIds", only_groups).body["value"], json!([]));
}

#[test]
fn users_are_found_by_id_by_name_and_by_filter_and_a_stranger_is_not() {
    let cloud = TestCloud::new();
    let get = |target: &str| cloud.graph("GET", target, Value::Null);
    let name = "reader@docentlab.onmicrosoft.com";
    assert_eq!(get(&format!("/v1.0/users/{}", cloud.user())).body["userPrincipalName"], name);
    assert_eq!(get(&format!("/v1.0/users/{name}")).body["id"], json!(cloud.user()));
    assert_eq!(get(&format!("/v1.0/users?$filter=userPrincipalName%20eq%20'{name}'")).body["value"][0]["id"], json!(cloud.user()));
    let missing = get("/v1.0/users/nobody");
    let message = "Resource 'nobody' does not exist or one of its queried reference-property objects are not present.";
    assert_eq!((missing.status, &missing.body["error"]["message"]), (404, &json!(message)));
    let inner = &missing.body["error"]["innerError"];
    assert_eq!((&inner["date"], &inner["request-id"]), (&json!("2026-01-01T00:00:00"), &inner["client-request-id"]));
}

#[test]
fn groups_hold_members_and_hold_through_other_groups() {
    let cloud = TestCloud::new();
    let group = |name: &str| {
        let body = json!({"displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true});
        let made = cloud.graph("POST", "/v1.0/groups", body);
        assert_eq!(made.status, 201, "{}", made.body);
        made.body["id"].as_str().unwrap().to_owned()
    };
    let (outer, inner) = (group("outer"), group("inner"));
    let add = |group: &str, member: &str| {
        let body = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{member}")});
        cloud.graph("POST", &format!("/v1.0/groups/{group}/members/$ref"), body)
    };
    let user = cloud.user();
    assert_eq!((add(&outer, &inner).status, add(&inner, &user).status), (204, 204));
    let again = add(&inner, &user);
    let message = "One or more added object references already exist for the following modified properties: 'members'.";
    assert_eq!((again.status, &again.body["error"]["message"]), (400, &json!(message)));
    let direct = cloud.graph("GET", &format!("/v1.0/groups/{outer}/members"), Value::Null).body["value"].clone();
    assert_eq!((direct.as_array().unwrap().len(), &direct[0]["id"]), (1, &json!(inner)), "only direct members are listed");
    let check = || {
        let body = json!({"groupIds": [outer]});
        cloud.graph("POST", &format!("/v1.0/directoryObjects/{user}/checkMemberGroups"), body).body["value"].clone()
    };
    assert_eq!(check(), json!([outer]));
    assert_eq!(cloud.graph("DELETE", &format!("/v1.0/groups/{inner}/members/{user}/$ref"), Value::Null).status, 204);
    assert_eq!(check(), json!([]));
    assert_eq!(cloud.graph("DELETE", &format!("/v1.0/groups/{inner}/members/{user}/$ref"), Value::Null).status, 404);
    assert_eq!(cloud.graph("DELETE", &format!("/v1.0/groups/{inner}"), Value::Null).status, 204);
    assert_eq!(cloud.graph("GET", &format!("/v1.0/groups/{outer}/members"), Value::Null).body["value"], json!([]));
}

#[test]
fn an_application_signs_in_with_its_secret_until_that_expires_or_is_taken_away() {
    let cloud = TestCloud::new();
    let application = cloud.graph("POST", "/v1.0/applications", json!({"displayName": "ci"})).body;
    let (id, app_id) = (application["id"].as_str().unwrap(), application["appId"].as_str().unwrap());
    assert_eq!(cloud.graph("POST", "/v1.0/servicePrincipals", json!({"appId": app_id})).status, 201);
    assert_eq!(cloud.graph("POST", "/v1.0/servicePrincipals", json!({"appId": app_id})).status, 409);
    let body = json!({"passwordCredential": {"displayName": "x", "endDateTime": "2026-01-01T01:00:00Z"}});
    let password = cloud.graph("POST", &format!("/v1.0/applications/{id}/addPassword"), body).body;
    let secret = password["secretText"].as_str().unwrap();
    let sign_in = || {
        let scope = "https://management.azure.com/.default";
        let form = [("grant_type", "client_credentials"), ("client_id", app_id), ("client_secret", secret), ("scope", scope)];
        let answer = cloud.token_request(&form);
        (answer.status, answer.body["error_codes"][0].clone())
    };
    assert_eq!(sign_in(), (200, Value::Null));
    let shown = cloud.graph("GET", &format!("/v1.0/applications/{id}"), Value::Null).body;
    assert_eq!((&shown["passwordCredentials"][0]["secretText"], shown.to_string().contains(secret)), (&Value::Null, false));
    cloud.advance(3600);
    assert_eq!(sign_in(), (401, json!(7_000_222)));
    let key = json!({"keyId": password["keyId"]});
    assert_eq!(cloud.graph("POST", &format!("/v1.0/applications/{id}/removePassword"), key).status, 204);
    assert_eq!(sign_in(), (401, json!(7_000_215)));
    assert_eq!(cloud.graph("DELETE", &format!("/v1.0/applications/{id}"), Value::Null).status, 204);
    assert_eq!(sign_in(), (400, json!(700_016)), "its service principal went along");
}

#[test]
fn a_user_needs_a_name_of_the_tenant_and_a_password_and_a_password_is_not_enough_to_sign_in() {
    let cloud = TestCloud::new();
    let body = |upn: &str, password: &str| json!({"userPrincipalName": upn, "displayName": "Ada", "mailNickname": "ada", "accountEnabled": true, "passwordProfile": {"password": password}});
    let create = |upn: &str, password: &str| cloud.graph("POST", "/v1.0/users", body(upn, password)).status;
    assert_eq!(create("ada@example.com", "Correct-Horse1"), 400);
    assert_eq!(create("ada@docentlab.onmicrosoft.com", "weak"), 400);
    assert_eq!(create("ada@docentlab.onmicrosoft.com", "Correct-Horse1"), 201);
    assert_eq!(create("ADA@docentlab.onmicrosoft.com", "Correct-Horse1"), 400, "the name is taken");
    let sign_in = |user: &str, password: &str| {
        let scope = "https://management.azure.com/.default";
        let form = [("grant_type", "password"), ("client_id", "cli"), ("username", user), ("password", password), ("scope", scope)];
        cloud.token_request(&form).body["error_codes"][0].clone()
    };
    assert_eq!(sign_in("ada@docentlab.onmicrosoft.com", "Correct-Horse1"), json!(50_076));
    assert_eq!(sign_in("ada@docentlab.onmicrosoft.com", "wrong"), json!(50_126));
    assert_eq!(sign_in("eve@docentlab.onmicrosoft.com", "wrong"), json!(50_034));
    assert_eq!(cloud.graph("DELETE", "/v1.0/users/ada@docentlab.onmicrosoft.com", Value::Null).status, 204);
    assert_eq!(sign_in("ada@docentlab.onmicrosoft.com", "Correct-Horse1"), json!(50_034));
    assert_eq!(cloud.graph("DELETE", &format!("/v1.0/users/{}", cloud.user()), Value::Null).status, 403);
}

#[test]
fn only_the_administrator_changes_the_directory() {
    let cloud = TestCloud::new();
    let application = cloud.shared.state().register_application("ci");
    let token = cloud.application_token(&application.app_id, &application.secret, "https://graph.microsoft.com");
    let group = json!({"displayName": "g", "mailNickname": "g", "mailEnabled": false, "securityEnabled": true});
    for (method, target, body) in [
        ("POST", "/v1.0/groups", group),
        ("POST", "/v1.0/applications", json!({"displayName": "x"})),
        ("DELETE", "/v1.0/users/reader@docentlab.onmicrosoft.com", Value::Null),
    ] {
        let answer = cloud.call("graph.microsoft.com", &token, method, target, body);
        assert_eq!((answer.status, &answer.body["error"]["code"]), (403, &json!("Authorization_RequestDenied")), "{method} {target}");
    }
}

#[test]
fn graph_needs_a_token_of_its_own() {
    let cloud = TestCloud::new();
    let token = cloud.user_token("https://management.core.windows.net/");
    let answer = cloud.call("graph.microsoft.com", &token, "GET", "/v1.0/me", Value::Null);
    assert_eq!((answer.status, &answer.body["error"]["code"]), (401, &json!("InvalidAuthenticationToken")));
}

#[test]
fn recorded_users_and_service_principals_have_the_same_keys() {
    let recording = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/azure-recordings/graph.json");
    let Ok(text) = std::fs::read_to_string(&recording) else {
        // The recordings are not part of the package.
        return;
    };
    let exchanges: Vec<Value> = serde_json::from_str(&text).unwrap();
    let recorded = |path: &str| -> Value {
        let found = exchanges
            .iter()
            .find(|exchange| exchange["path"].as_str().is_some_and(|known| known.ends_with(path)) && exchange["method"] == "GET");
        found.unwrap_or_else(|| panic!("no recording of {path}"))["response_body"].clone()
    };
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let cloud = TestCloud::new();
    let application = cloud.shared.state().register_application("ci");
    let user = cloud.graph("GET", &format!("/v1.0/users/{}", cloud.user()), Value::Null).body;
    assert_eq!(keys(&user), keys(&recorded("/users/{upn}")));
    let principal = cloud.graph("GET", &format!("/v1.0/servicePrincipals/{}", application.object_id), Value::Null).body;
    assert_eq!(keys(&principal), keys(&recorded("/servicePrincipals/{id}")));
}
