//! The order of the pipeline, and who gets through it.

use http::Method;
use serde_json::{Value, json};

use super::endpoint::Request;
use crate::cloud::observation::Observation;
use crate::cloud::testing::TestCloud;

const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

fn groups(cloud: &TestCloud) -> String {
    format!("{}/resourcegroups?api-version=2024-11-01", cloud.subscription())
}

#[test]
fn nobody_gets_through_without_a_token_and_the_challenge_names_the_tenant() {
    let cloud = TestCloud::new();
    let answer = cloud.send(&Request::new(Method::GET, "management.azure.com", &groups(&cloud)));
    assert_eq!((answer.status, &answer.body["error"]["code"]), (401, &json!("AuthenticationFailed")));
    assert_eq!(answer.body["error"]["message"], "Authentication failed. The 'Authorization' header is missing.");
    let challenge = answer.reply.header("www-authenticate").unwrap();
    assert!(challenge.contains(&format!("https://login.windows.net/{}", cloud.tenant())), "{challenge}");
}

#[test]
fn garbage_other_apis_and_old_tokens_are_refused_each_in_its_words() {
    let cloud = TestCloud::new();
    let code = |token: &str| cloud.arm_as(token, "GET", &groups(&cloud), Value::Null).body["error"]["code"].clone();
    assert_eq!(code("garbage"), "InvalidAuthenticationToken");
    assert_eq!(code(&cloud.user_token("https://vault.azure.net")), "InvalidAuthenticationTokenAudience");
    let token = cloud.user_token("https://management.azure.com/");
    assert_eq!(cloud.arm_as(&token, "GET", &groups(&cloud), Value::Null).status, 200);
    cloud.advance(4500);
    let expired = cloud.arm_as(&token, "GET", &groups(&cloud), Value::Null);
    let message = "The access token expiry UTC time '1/1/2026 1:15:00 AM' is earlier than current UTC time '1/1/2026 1:15:00 AM'.";
    assert_eq!(
        (&expired.body["error"]["code"], &expired.body["error"]["message"]),
        (&json!("ExpiredAuthenticationToken"), &json!(message))
    );
}

#[test]
fn a_principal_without_a_role_is_told_exactly_what_it_lacks() {
    let cloud = TestCloud::new();
    let application = cloud.shared.state().register_application("ci");
    let token = cloud.application_token(&application.app_id, &application.secret, "https://management.azure.com");
    let target = format!("{}/resourcegroups/g?api-version=2024-11-01", cloud.subscription());
    let denied = cloud.arm_as(&token, "PUT", &target, json!({"location": "westus2"}));
    let object_id = &application.object_id;
    let message = format!(
        "The client '{object_id}' with object id '{object_id}' does not have authorization to perform action \
         'Microsoft.Resources/subscriptions/resourceGroups/write' over scope '{}/resourceGroups/g' or the scope is invalid. If access was \
         recently granted, please refresh your credentials.",
        cloud.subscription()
    );
    assert_eq!(
        (denied.status, &denied.body["error"]["code"], &denied.body["error"]["message"]),
        (403, &json!("AuthorizationFailed"), &json!(message))
    );
    assert_eq!(cloud.arm("GET", &target, Value::Null).status, 404, "nothing was made");
    assert_eq!(cloud.arm_as(&token, "GET", "/subscriptions?api-version=2022-12-01", Value::Null).body["value"], json!([]));
}

#[test]
fn a_young_role_is_luck_and_an_old_one_is_not() {
    let cloud = TestCloud::new();
    let application = cloud.shared.state().register_application("ci");
    cloud.group("g");
    let scope = format!("{}/resourceGroups/g", cloud.subscription());
    let assignment =
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-0000000000aa?api-version=2022-04-01");
    let role = format!("{}/providers/Microsoft.Authorization/roleDefinitions/{READER}", cloud.subscription());
    let properties = json!({"principalId": application.object_id, "principalType": "ServicePrincipal", "roleDefinitionId": role});
    let assigned = cloud.arm("PUT", &assignment, json!({ "properties": properties }));
    assert_eq!(assigned.status, 201, "{}", assigned.body);
    let read = || {
        let token = cloud.application_token(&application.app_id, &application.secret, "https://management.azure.com");
        let target = format!("{scope}?api-version=2024-11-01");
        assert_eq!(cloud.arm_as(&token, "GET", &target, Value::Null).status, 200);
        assert_eq!(cloud.arm_as(&token, "DELETE", &target, Value::Null).status, 403);
        let observed = cloud.shared.state().take_observations();
        observed.iter().any(|observation| matches!(observation, Observation::Luck { text } if text.contains("Reader")))
    };
    assert!(read(), "a reader of this instant");
    cloud.advance(600);
    assert!(!read(), "a reader of ten minutes ago");
}

#[test]
fn a_list_shows_what_its_reader_may_see() {
    let cloud = TestCloud::new();
    let application = cloud.shared.state().register_application("ci");
    cloud.group("mine");
    cloud.group("theirs");
    let scope = format!("{}/resourceGroups/mine", cloud.subscription());
    let assignment =
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-0000000000aa?api-version=2022-04-01");
    let role = format!("{}/providers/Microsoft.Authorization/roleDefinitions/{READER}", cloud.subscription());
    let properties = json!({"principalId": application.object_id, "principalType": "ServicePrincipal", "roleDefinitionId": role});
    assert_eq!(cloud.arm("PUT", &assignment, json!({ "properties": properties })).status, 201);
    let token = cloud.application_token(&application.app_id, &application.secret, "https://management.azure.com");
    let seen = cloud.arm_as(&token, "GET", &groups(&cloud), Value::Null).body;
    let names: Vec<&Value> = seen["value"].as_array().unwrap().iter().map(|group| &group["name"]).collect();
    assert_eq!(names, [&json!("mine")]);
    assert_eq!(cloud.arm("GET", &groups(&cloud), Value::Null).body["value"].as_array().unwrap().len(), 2);

    for group in ["mine", "theirs"] {
        let identity = format!(
            "{}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{group}?api-version=2023-01-31",
            cloud.subscription()
        );
        assert_eq!(cloud.arm("PUT", &identity, json!({"location": "westeurope"})).status, 201);
    }
    let resources = format!("{}/resources?api-version=2021-04-01", cloud.subscription());
    let seen = cloud.arm_as(&token, "GET", &resources, Value::Null).body;
    let names: Vec<&Value> = seen["value"].as_array().unwrap().iter().map(|resource| &resource["name"]).collect();
    assert_eq!(names, [&json!("mine")], "a resource of another group is nobody's who may not read it");
    assert_eq!(cloud.arm("GET", &resources, Value::Null).body["value"].as_array().unwrap().len(), 2);
}

#[test]
fn the_same_seed_gives_the_same_answers() {
    let answers = |cloud: TestCloud| {
        cloud.group("g");
        (cloud.arm("GET", &groups(&cloud), Value::Null).body, cloud.graph("GET", "/v1.0/me", Value::Null).body, cloud.tenant())
    };
    assert_eq!(answers(TestCloud::new()), answers(TestCloud::new()));
    assert_ne!(answers(TestCloud::new()).2, answers(TestCloud::with_seed(3)).2);
}

#[test]
fn a_restored_state_forgets_what_was_made_and_keeps_what_was_noticed() {
    let cloud = TestCloud::new();
    let before = cloud.shared.state().clone();
    cloud.group("g");
    cloud.shared.state().remember_secret("hunter2");
    cloud.shared.state().observe(Observation::Luck { text: "x".to_owned() });
    cloud.shared.restore(&before);
    assert_eq!(cloud.arm("GET", &groups(&cloud), Value::Null).body["value"], json!([]));
    assert!(cloud.shared.state().secrets().iter().any(|secret| secret == "hunter2"));
    assert_eq!(cloud.shared.state().take_observations(), [Observation::Luck { text: "x".to_owned() }]);
}
