//! The token service by raw requests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use crate::cloud::http::endpoint::Request;
use crate::cloud::identity::jwt::Jwt;
use crate::cloud::identity::keys;
use crate::cloud::testing::{AZ, TestCloud};

const ARM_SCOPE: &str = "https://management.core.windows.net//.default";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[track_caller]
fn check_refused(cloud: &TestCloud, fields: &[(&str, &str)], status: u16, error: &str, code: u32) -> String {
    let answer = cloud.token_request(fields);
    assert_eq!(
        (answer.status, &answer.body["error"], &answer.body["error_codes"]),
        (status, &json!(error), &json!([code])),
        "{}",
        answer.body
    );
    let description = answer.body["error_description"].as_str().unwrap().to_owned();
    assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
    assert!(!description.contains(['"', '\\', '\n', '\r']), "{description}");
    assert!(description.ends_with("Timestamp: 2026-01-01 00:00:00Z"), "{description}");
    description
}

#[test]
fn discovery_names_the_endpoints_and_the_keys_confirm_the_tokens() {
    let cloud = TestCloud::new();
    let get = |path: String| cloud.send(&Request::new(Method::GET, "login.microsoftonline.com", &path));
    let tenant = cloud.tenant();
    let discovery = get(format!("/{tenant}/v2.0/.well-known/openid-configuration"));
    assert_eq!(discovery.body["token_endpoint"], json!(format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")));
    assert_eq!(discovery.body["issuer"], json!(format!("https://login.microsoftonline.com/{tenant}/v2.0")));
    let jwks = get(format!("/{tenant}/discovery/v2.0/keys")).body["keys"].as_array().unwrap().clone();
    let token = cloud.user_token("https://vault.azure.net");
    assert_eq!(Jwt::parse(&token).unwrap().verify(&jwks), Ok(()));
    let organizations = get("/organizations/v2.0/.well-known/openid-configuration".to_owned());
    assert_eq!(organizations.body["issuer"], "https://login.microsoftonline.com/{tenantid}/v2.0");
    assert_eq!(get("/nobody.example/v2.0/.well-known/openid-configuration".to_owned()).body["error_codes"], json!([90002]));
    let realm = get("/common/userrealm/reader@docentlab.onmicrosoft.com?api-version=1.0".to_owned());
    assert_eq!(realm.body["account_type"], "Managed");
    assert!(get("/common/discovery/instance?api-version=1.1".to_owned()).body["metadata"][0]["aliases"].is_array());
}

#[test]
fn a_refresh_token_gives_what_msal_reads() {
    let cloud = TestCloud::new();
    let refresh = cloud.shared.state().directory.signed_in_user().refresh_token.clone();
    let fields = [("grant_type", "refresh_token"), ("client_id", AZ), ("refresh_token", refresh.as_str()), ("scope", ARM_SCOPE)];
    let body = cloud.token_request(&fields).body;
    assert!(body["expires_in"].is_i64() && body["ext_expires_in"].is_i64(), "numbers, not texts: {body}");
    assert_eq!((&body["foci"], &body["refresh_token"], &body["scope"]), (&json!("1"), &json!(refresh), &json!(ARM_SCOPE)));
    let id_token = Jwt::parse(body["id_token"].as_str().unwrap()).unwrap().claims().clone();
    assert_eq!((&id_token["aud"], &id_token["oid"]), (&json!(AZ), &json!(cloud.user())));
    assert!(id_token["exp"].as_i64() > Some(4_000_000_000), "beyond the wall");
    let info: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body["client_info"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(info, json!({"uid": cloud.user(), "utid": cloud.tenant()}));
    let token = Jwt::parse(body["access_token"].as_str().unwrap()).unwrap().claims().clone();
    assert_eq!((&token["aud"], &token["appid"]), (&json!("https://management.core.windows.net/"), &json!(AZ)));
    check_refused(
        &cloud,
        &[("grant_type", "refresh_token"), ("client_id", AZ), ("refresh_token", "x"), ("scope", ARM_SCOPE)],
        400,
        "invalid_grant",
        9_002_313,
    );
}

#[test]
fn an_application_signs_in_with_its_secret_and_with_no_other() {
    let cloud = TestCloud::new();
    let application = cloud.shared.state().register_application("ci");
    let with =
        |secret: &'static str| [("grant_type", "client_credentials"), ("client_id", ""), ("client_secret", secret), ("scope", ARM_SCOPE)];
    let mut fields = with("wrong");
    fields[1].1 = &application.app_id;
    check_refused(&cloud, &fields, 401, "invalid_client", 7_000_215);
    fields[2].1 = &application.secret;
    let body = cloud.token_request(&fields).body;
    assert_eq!(Jwt::parse(body["access_token"].as_str().unwrap()).unwrap().text("oid"), Some(application.object_id.as_str()));
    assert!(body.get("refresh_token").is_none() && body.get("id_token").is_none());
    check_refused(&cloud, &[fields[0], fields[1], fields[3]], 401, "invalid_client", 7_000_218);
    fields[1].1 = "00000000-0000-0000-0000-00000000000a";
    check_refused(&cloud, &fields, 400, "unauthorized_client", 700_016);
}

#[test]
fn requests_that_lack_something_are_told_what() {
    let cloud = TestCloud::new();
    check_refused(&cloud, &[], 400, "invalid_request", 900_144);
    let application = cloud.shared.state().register_application("ci");
    let fields = [("grant_type", "client_credentials"), ("client_id", application.app_id.as_str()), ("client_secret", &application.secret)];
    assert!(check_refused(&cloud, &fields, 400, "invalid_request", 900_144).contains("'scope'"));
    let strange = [fields[0], fields[1], fields[2], ("scope", "https://strange.example/.default")];
    check_refused(&cloud, &strange, 400, "invalid_resource", 500_011);
    check_refused(&cloud, &[("grant_type", "magic"), ("client_id", "x")], 400, "unsupported_grant_type", 70_003);
    let nobody = [("grant_type", "password"), ("client_id", AZ), ("username", "eve@x"), ("password", "p")];
    check_refused(&cloud, &nobody, 400, "invalid_grant", 50_034);
    check_refused(&cloud, &nobody[..3], 400, "invalid_request", 900_144);
    let interactive = cloud.token_request(&[("grant_type", "authorization_code"), ("client_id", AZ)]);
    let description = "docent's embedded Azure does not emulate the grant type authorization_code";
    assert_eq!((interactive.status, &interactive.body["error_description"]), (501, &json!(description)));
}

#[test]
fn an_assertion_without_credentials_and_one_that_is_no_token_are_refused() {
    let cloud = TestCloud::new();
    let application = cloud.shared.state().register_application("ci");
    let assertion =
        keys::cluster().sign("https://issuer/", &json!({"iss": "https://issuer/", "sub": "s", "aud": ["a"], "exp": 9_999_999_999_i64}));
    let mut fields = [
        ("grant_type", "client_credentials"),
        ("client_id", application.app_id.as_str()),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion.as_str()),
        ("scope", "https://vault.azure.net/.default openid offline_access profile"),
    ];
    let description = check_refused(&cloud, &fields, 401, "invalid_client", 70_025);
    assert!(description.contains(&format!("The client '{}'(ci) has no configured federated identity credentials.", application.app_id)));
    fields[3].1 = "not.a.token";
    check_refused(&cloud, &fields, 401, "invalid_client", 50_027);
}

#[test]
fn a_token_of_another_seed_opens_nothing() {
    let (one, other) = (TestCloud::new(), TestCloud::with_seed(1));
    let token = other.user_token("https://management.core.windows.net/");
    let answer = one.arm_as(&token, "GET", "/subscriptions?api-version=2022-12-01", Value::Null);
    assert_eq!((answer.status, &answer.body["error"]["code"]), (401, &json!("InvalidAuthenticationTokenTenant")));
}

const ISSUER: &str = "https://westus2.oic.prod-aks.azure.com/t/u/";
const SUBJECT: &str = "system:serviceaccount:default:workload";
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// A cloud with a managed identity that trusts `ISSUER`, `SUBJECT`, `AUDIENCE`; the identity's client id.
fn federated() -> (TestCloud, String) {
    let cloud = TestCloud::new();
    cloud.group("g");
    let identity = format!("{}/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web", cloud.subscription());
    let made = cloud.arm("PUT", &format!("{identity}?api-version=2023-01-31"), json!({"location": "westus2"}));
    assert_eq!(made.status, 201, "{}", made.body);
    let credential = json!({"properties": {"issuer": ISSUER, "subject": SUBJECT, "audiences": [AUDIENCE]}});
    let trusted = cloud.arm("PUT", &format!("{identity}/federatedIdentityCredentials/fic?api-version=2023-01-31"), credential);
    assert_eq!(trusted.status, 201, "{}", trusted.body);
    (cloud, made.body["properties"]["clientId"].as_str().unwrap().to_owned())
}

fn exchange_fields<'a>(client_id: &'a str, assertion: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
        ("scope", "https://vault.azure.net/.default openid offline_access profile"),
    ]
}

fn assertion(changes: &[(&str, Value)]) -> String {
    let mut claims = json!({
        "iss": ISSUER, "sub": SUBJECT, "aud": [AUDIENCE], "iat": 1_767_225_600, "nbf": 1_767_225_600, "exp": 1_767_229_200,
    });
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    keys::cluster().sign(ISSUER, &claims)
}

#[track_caller]
fn check_mismatch(changes: &[(&str, Value)], status: u16, error: &str, code: u32, text: &str) {
    let (cloud, client_id) = federated();
    let presented = assertion(changes);
    let description = check_refused(&cloud, &exchange_fields(&client_id, &presented), status, error, code);
    assert!(description.contains(text), "{description}");
}

#[test]
fn each_field_that_does_not_fit_has_its_own_code() {
    let slash = ISSUER.trim_end_matches('/');
    let text = format!("No matching federated identity record found for presented assertion issuer '{slash}'. Please check your federated");
    check_mismatch(&[("iss", json!(slash))], 401, "invalid_client", 700_211, &text);
    let text =
        "No matching federated identity record found for presented assertion subject 'system:serviceaccount:default:other'. Check your";
    check_mismatch(&[("sub", json!("system:serviceaccount:default:other"))], 401, "invalid_client", 700_213, text);
    let text = "The subject matches with case-insensitive comparison, but not with case-sensitive comparison.";
    check_mismatch(&[("sub", json!("system:serviceaccount:default:Workload"))], 401, "invalid_client", 7_002_138, text);
    let text = "No matching federated identity record found for presented assertion audience 'api://other'.";
    check_mismatch(&[("aud", json!(["api://other"]))], 401, "invalid_client", 700_212, text);
}

#[test]
fn an_assertion_counts_only_within_its_time_and_only_when_its_issuer_can_be_asked() {
    let times = "Current time: 2026-01-01T00:00:00.0000000Z, assertion valid from 2025-12-31T22:00:00.0000000Z, expiry time of assertion \
                 2025-12-31T23:00:00.0000000Z.";
    let past = [("nbf", json!(1_767_218_400)), ("exp", json!(1_767_222_000))];
    check_mismatch(&past, 401, "invalid_client", 700_024, times);
    check_mismatch(
        &[("nbf", json!(1_767_225_601))],
        401,
        "invalid_client",
        700_024,
        "Client assertion is not within its valid time range.",
    );
    check_mismatch(&[], 400, "invalid_request", 90_061, "Request to External OIDC endpoint failed.");
}

#[test]
fn a_mismatch_leaves_a_hint_that_says_what_differs() {
    let (cloud, client_id) = federated();
    let presented = assertion(&[("iss", json!(ISSUER.trim_end_matches('/')))]);
    cloud.token_request(&exchange_fields(&client_id, &presented));
    let observed = cloud.shared.state().take_observations();
    let hint = observed.iter().find_map(|observation| match observation {
        crate::cloud::Observation::Hint { about, text } if about == "web" => Some(text.as_str()),
        _ => None,
    });
    assert!(hint.is_some_and(|text| text.ends_with("they differ only in the final slash, which counts")), "{observed:?}");
}

/// A cluster with an issuer, and a managed identity that trusts `SUBJECT` of it; the client id and the issuer.
fn with_cluster() -> (TestCloud, String, String) {
    let (cloud, client_id) = federated();
    let group = format!("{}/resourceGroups/g/providers", cloud.subscription());
    let body = json!({
        "location": "westus2",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": "c",
            "agentPoolProfiles": [{"name": "nodepool1", "count": 1, "mode": "System", "osType": "Linux"}],
            "oidcIssuerProfile": {"enabled": true},
        },
    });
    let made = cloud.arm("PUT", &format!("{group}/Microsoft.ContainerService/managedClusters/c?api-version=2026-06-01"), body);
    assert_eq!(made.status, 201, "{}", made.body);
    let issuer = made.body["properties"]["oidcIssuerProfile"]["issuerURL"].as_str().unwrap().to_owned();
    cloud.advance(600);
    let credential = json!({"properties": {"issuer": issuer, "subject": SUBJECT, "audiences": [AUDIENCE]}});
    let path =
        format!("{group}/Microsoft.ManagedIdentity/userAssignedIdentities/web/federatedIdentityCredentials/cluster?api-version=2023-01-31");
    assert_eq!(cloud.arm("PUT", &path, credential).status, 201);
    (cloud, client_id, issuer)
}

/// The claims of a service-account token of `issuer` that is valid for an hour from now.
fn claims(cloud: &TestCloud, issuer: &str) -> Value {
    let now = cloud.shared.state().now().as_second();
    json!({"iss": issuer, "sub": SUBJECT, "aud": [AUDIENCE], "iat": now, "nbf": now, "exp": now + 3600})
}

#[test]
fn a_workload_of_a_trusted_cluster_gets_a_token_and_luck_is_noted_while_the_credential_is_young() {
    let (cloud, client_id, issuer) = with_cluster();
    let exchange = || {
        cloud.shared.state().take_observations();
        // A projected token's file ends with a line end, and clients send it as it is.
        let presented = keys::cluster().sign(&issuer, &claims(&cloud, &issuer)) + "\n";
        let answer = cloud.token_request(&exchange_fields(&client_id, &presented));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let token = Jwt::parse(answer.body["access_token"].as_str().unwrap()).unwrap().claims().clone();
        assert_eq!(
            (&token["appid"], &token["aud"], &token["idtyp"]),
            (&json!(client_id), &json!("https://vault.azure.net"), &json!("app"))
        );
        let lucky = |observation: &crate::cloud::Observation| matches!(observation, crate::cloud::Observation::Luck { text } if text.contains("cluster"));
        cloud.shared.state().take_observations().iter().any(lucky)
    };
    assert!(exchange());
    cloud.advance(60);
    assert!(!exchange());
}

#[test]
fn an_assertion_that_the_cluster_did_not_sign_is_refused() {
    let (cloud, client_id, issuer) = with_cluster();
    let forged = keys::entra().sign(&issuer, &claims(&cloud, &issuer));
    let answer = cloud.token_request(&exchange_fields(&client_id, &forged));
    assert_eq!((answer.status, &answer.body["error_codes"]), (401, &json!([50013])), "{}", answer.body);
    let signed = keys::cluster().sign(&issuer, &claims(&cloud, &issuer));
    let stripped = format!("{}.", signed.rsplit_once('.').unwrap().0);
    assert_eq!(cloud.token_request(&exchange_fields(&client_id, &stripped)).body["error_codes"], json!([50013]));
}
