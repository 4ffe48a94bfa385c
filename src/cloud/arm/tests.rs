//! Resource Manager by raw requests.

use serde_json::{Value, json};

use crate::cloud::testing::TestCloud;

fn group_path(cloud: &TestCloud, name: &str) -> String {
    format!("{}/resourcegroups/{name}?api-version=2024-11-01", cloud.subscription())
}

#[track_caller]
fn check_refused(cloud: &TestCloud, method: &str, target: &str, body: Value, status: u16, code: &str) -> String {
    let answer = cloud.arm(method, target, body);
    assert_eq!((answer.status, answer.body["error"]["code"].as_str()), (status, Some(code)), "{method} {target}: {}", answer.body);
    answer.body["error"]["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_new_group_is_created_and_the_same_again_is_ok() {
    let cloud = TestCloud::new();
    let path = group_path(&cloud, "myGroup");
    let created = cloud.arm("PUT", &path, json!({"location": "Central India"}));
    assert_eq!(created.status, 201);
    let expected = json!({
        "id": format!("{}/resourceGroups/myGroup", cloud.subscription()),
        "name": "myGroup",
        "type": "Microsoft.Resources/resourceGroups",
        "location": "centralindia",
        "properties": {"provisioningState": "Succeeded"},
    });
    assert_eq!(created.body.to_string(), expected.to_string(), "no tags, and the keys in Azure's order");
    assert_eq!(cloud.arm("PUT", &path, json!({"location": "centralindia", "tags": {}})).status, 200);
    assert_eq!(cloud.arm("GET", &group_path(&cloud, "MYGROUP"), Value::Null).body["tags"], json!({}));
    assert_eq!(cloud.arm("HEAD", &path, Value::Null).status, 204);
    assert_eq!(cloud.arm("HEAD", &group_path(&cloud, "other"), Value::Null).status, 404);
}

#[test]
fn a_missing_group_is_refused_in_the_gateways_words() {
    let cloud = TestCloud::new();
    let path = group_path(&cloud, "nope");
    let answer = cloud.arm("GET", &path, Value::Null);
    let expected = r#"{"error":{"code":"ResourceGroupNotFound","message":"Resource group 'nope' could not be found."}}"#;
    assert_eq!((answer.status, answer.body.to_string().as_str()), (404, expected));
    assert_eq!(answer.reply.header("x-ms-failure-cause"), Some("gateway"));
    check_refused(&cloud, "DELETE", &path, Value::Null, 404, "ResourceGroupNotFound");
}

#[test]
fn a_group_without_a_name_is_not_made() {
    let cloud = TestCloud::new();
    for method in ["PUT", "PATCH", "DELETE", "HEAD"] {
        let answer = cloud.arm(method, &group_path(&cloud, ""), json!({"location": "westus2"}));
        assert_eq!(answer.status, 405, "{method}");
    }
    let answer = cloud.arm("PUT", &group_path(&cloud, ""), json!({"location": "westus2"}));
    assert_eq!(answer.body, json!({"Message": "The requested resource does not support http method 'PUT'."}));
    assert!(cloud.shared.state().arm.group("").is_none());
}

#[test]
fn bad_groups_are_refused() {
    let cloud = TestCloud::new();
    cloud.group("here");
    let location = json!({"location": "westus2"});
    let message = check_refused(&cloud, "PUT", &group_path(&cloud, "bad%20name!"), location.clone(), 400, "InvalidResourceGroup");
    assert!(message.contains("'bad name!' has these invalid characters: ' !'"), "{message}");
    check_refused(&cloud, "PUT", &group_path(&cloud, "dot."), location.clone(), 400, "InvalidResourceGroup");
    check_refused(&cloud, "PUT", &group_path(&cloud, &"a".repeat(91)), location.clone(), 400, "InvalidResourceGroup");
    assert_eq!(cloud.arm("PUT", &group_path(&cloud, &"a".repeat(90)), location).status, 201);
    check_refused(&cloud, "PUT", &group_path(&cloud, "x"), json!({}), 400, "LocationRequired");
    check_refused(&cloud, "PUT", &group_path(&cloud, "x"), json!({"location": "atlantis"}), 400, "LocationNotAvailableForResourceGroup");
    check_refused(&cloud, "PUT", &group_path(&cloud, "here"), json!({"location": "eastus"}), 409, "InvalidResourceGroupLocation");
    let without_version = format!("{}/resourcegroups/x", cloud.subscription());
    check_refused(&cloud, "GET", &without_version, Value::Null, 400, "MissingApiVersionParameter");
}

#[test]
fn a_group_goes_away_when_its_deletion_ends_and_not_before() {
    let cloud = TestCloud::new();
    cloud.group("old");
    let accepted = cloud.arm("DELETE", &group_path(&cloud, "old"), Value::Null);
    assert_eq!(accepted.status, 202);
    let location = accepted.reply.header("location").unwrap().strip_prefix("https://management.azure.com").unwrap().to_owned();
    let running = cloud.arm("GET", &location, Value::Null);
    assert_eq!((running.status, running.reply.header("location").is_some()), (202, true));
    assert_eq!(cloud.arm("GET", &group_path(&cloud, "old"), Value::Null).body["properties"]["provisioningState"], "Deleting");
    check_refused(&cloud, "PUT", &group_path(&cloud, "old"), json!({"location": "westus2"}), 409, "ResourceGroupBeingDeleted");
    cloud.advance(14);
    assert_eq!(cloud.arm("GET", &location, Value::Null).status, 202);
    cloud.advance(1);
    assert_eq!(cloud.arm("GET", &location, Value::Null).status, 200);
    check_refused(&cloud, "GET", &group_path(&cloud, "old"), Value::Null, 404, "ResourceGroupNotFound");
    cloud.group("old");
}

#[test]
fn reading_a_running_deletion_changes_nothing() {
    let cloud = TestCloud::new();
    cloud.group("old");
    let accepted = cloud.arm("DELETE", &group_path(&cloud, "old"), Value::Null);
    let location = accepted.reply.header("location").unwrap().strip_prefix("https://management.azure.com").unwrap().to_owned();
    let before = cloud.shared.state().now();
    let running = cloud.arm("GET", &location, Value::Null);
    assert_eq!(cloud.shared.state().now(), before);
    cloud.shared.after_poll(&running.reply);
    assert!(cloud.shared.state().now() > before, "the layer above lets time pass for a poll");
}

#[test]
fn groups_are_listed_and_filtered_by_tag() {
    let cloud = TestCloud::new();
    cloud.group("plain");
    cloud.arm("PUT", &group_path(&cloud, "tagged"), json!({"location": "westus2", "tags": {"Env": "test"}}));
    let names = |filter: &str| -> Vec<String> {
        let target = format!("{}/resourcegroups?api-version=2024-11-01{filter}", cloud.subscription());
        let answer = cloud.arm("GET", &target, Value::Null);
        let groups = answer.body["value"].as_array().unwrap_or_else(|| panic!("{}", answer.body)).iter();
        groups.map(|group| group["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(""), ["plain", "tagged"]);
    assert_eq!(names("&$filter=tagName%20eq%20'env'%20and%20tagValue%20eq%20'test'"), ["tagged"]);
    assert_eq!(names("&$filter=tagName%20eq%20'env'%20and%20tagValue%20eq%20'other'"), Vec::<String>::new());
    let target = format!("{}/resourcegroups?api-version=2024-11-01&$filter=startswith(name,'x')", cloud.subscription());
    check_refused(&cloud, "GET", &target, Value::Null, 501, "NotEmulated");
}

#[test]
fn subscriptions_tenants_locations_and_providers_are_listed() {
    let cloud = TestCloud::new();
    let get = |target: String| cloud.arm("GET", &target, Value::Null).body;
    let subscription = cloud.subscription();
    assert_eq!(get("/subscriptions?api-version=2022-12-01".to_owned())["value"][0]["id"], json!(subscription));
    assert_eq!(get("/tenants?api-version=2022-12-01".to_owned())["value"][0]["tenantId"], json!(cloud.tenant()));
    let locations = get(format!("{subscription}/locations?api-version=2022-12-01"));
    assert!(locations["value"].as_array().unwrap().iter().any(|region| region["displayName"] == "Central India"));
    let provider = get(format!("{subscription}/providers/microsoft.keyvault?api-version=2020-06-01"));
    assert_eq!(provider["registrationState"], "Registered");
}

#[test]
fn another_subscription_is_not_found_and_no_guid_is_malformed() {
    let cloud = TestCloud::new();
    let other = "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups?api-version=2024-11-01";
    check_refused(&cloud, "GET", other, Value::Null, 404, "SubscriptionNotFound");
    check_refused(&cloud, "GET", "/subscriptions/mine/resourcegroups?api-version=2024-11-01", Value::Null, 400, "InvalidSubscriptionId");
}

#[test]
fn what_is_not_emulated_is_refused_by_name_and_observed() {
    let cloud = TestCloud::new();
    cloud.group("g");
    let target = format!("{}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm?api-version=2024-07-01", cloud.subscription());
    let message = check_refused(&cloud, "PUT", &target, json!({}), 501, "NotEmulated");
    assert!(message.contains("Microsoft.Compute/virtualMachines (PUT)"), "{message}");
    let observed = cloud.shared.state().take_observations();
    let named = |observation: &crate::cloud::Observation| match observation {
        crate::cloud::Observation::Unsupported(what) => what.what == "Microsoft.Compute/virtualMachines (PUT)" && what.kind == "operation",
        _ => false,
    };
    assert!(observed.iter().any(named), "{observed:?}");
}

#[test]
fn resources_are_looked_up_by_type_and_name() {
    let cloud = TestCloud::new();
    let target = format!(
        "{}/resources?$filter=resourceType%20eq%20'Microsoft.KeyVault/vaults'%20and%20name%20eq%20'none'&api-version=2015-11-01",
        cloud.subscription()
    );
    assert_eq!(cloud.arm("GET", &target, Value::Null).body, json!({"value": []}));
    let of_group = format!("{}/resourceGroups/none/resources?api-version=2021-04-01", cloud.subscription());
    check_refused(&cloud, "GET", &of_group, Value::Null, 404, "ResourceGroupNotFound");
}

#[test]
fn recorded_answers_of_groups_have_the_same_keys() {
    let recording = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/azure-recordings/groups.json");
    let Ok(text) = std::fs::read_to_string(&recording) else {
        // The recordings are not part of the package.
        return;
    };
    let exchanges: Vec<Value> = serde_json::from_str(&text).unwrap();
    let cloud = TestCloud::new();
    let mut compared = 0;
    for exchange in
        exchanges.iter().filter(|exchange| exchange["path"] == "/subscriptions/{sub}/resourcegroups/{rg}" && exchange["method"] == "PUT")
    {
        if exchange["status"].as_u64() >= Some(400) {
            continue;
        }
        let answer = cloud.arm("PUT", &group_path(&cloud, "cli_test_rg_scenario000001"), exchange["request_body"].clone());
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(answer.status, exchange["status"], "{}", exchange["op"]);
        assert_eq!(keys(&answer.body), keys(&exchange["response_body"]), "{}", exchange["op"]);
        for key in ["name", "type", "location", "managedBy", "tags", "properties"] {
            assert_eq!(answer.body[key], exchange["response_body"][key], "{} {key}", exchange["op"]);
        }
        compared += 1;
    }
    assert_eq!(compared, 2, "both recorded PUTs of a group were compared");
}

#[test]
fn lists_show_each_caller_what_they_may_read() {
    let lab = crate::cloud::lab::Lab::new();
    let (client, principal) = lab.identity("reader");
    let count = |target: &str| {
        let who = crate::cloud::lab::Who::App(&client);
        let (status, body) = lab.arm_as(who, http::Method::GET, target, &Value::Null);
        (status, body["value"].as_array().map(Vec::len))
    };
    let lists = ["/subscriptions".to_owned(), lab.path("/resourceGroups"), lab.path("/resources")];
    assert_eq!(lists.each_ref().map(|target| count(target)), [(200, Some(0)); 3], "a stranger sees nothing");
    lab.assign(&principal, "Reader", &lab.path("/resourceGroups/rg"));
    assert_eq!(lists.each_ref().map(|target| count(target)), [(200, Some(1)); 3], "of two groups one, with the identity in it");
}
