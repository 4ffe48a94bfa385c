//! Secrets: values, versions, lists.

use http::Method;
use serde_json::{Value, json};

use crate::cloud::lab::{Answer, Lab, Who, check_like_recorded, error};

/// A cloud with a vault whose secrets the signed-in user may do everything with.
fn lab() -> Lab {
    let lab = Lab::new();
    let id = lab.in_group("Microsoft.KeyVault/vaults/kv-one");
    let mut body = lab.vault_body();
    body["properties"]["softDeleteRetentionInDays"] = json!(7);
    lab.arm(Method::PUT, &id, &body);
    lab.assign(&lab.user_id(), "Key Vault Secrets Officer", &id);
    lab
}

fn ask(lab: &Lab, method: Method, target: &str, body: Value) -> Answer {
    lab.vault_as(Who::User, method, "kv-one", target, &body)
}

#[test]
fn a_secret_is_set_and_read_as_recorded_with_or_without_slash_and_version() {
    let lab = lab();
    let tags = json!({"environment": "test", "owner": "cli", "file-encoding": "utf-8"});
    let body = json!({"value": "Hello\\!", "tags": tags, "contentType": "text/plain"});
    let made = ask(&lab, Method::PUT, "/secrets/my-secret", body);
    check_like_recorded("keyvault.json", "secret PUT", &made);
    assert_eq!(made.1["value"], "Hello\\!");
    assert_eq!(made.1["attributes"]["created"], 1_767_225_600);
    let id = made.1["id"].as_str().unwrap();
    let version = id.strip_prefix("https://kv-one.vault.azure.net/secrets/my-secret/").unwrap();
    assert!(version.len() == 32 && version.chars().all(|c| c.is_ascii_hexdigit()), "{version}");
    for target in [
        "/secrets/my-secret",
        "/secrets/my-secret/",
        "/Secrets/MY-SECRET",
        "//secrets/my-secret/",
        &format!("/secrets/my-secret/{version}"),
    ] {
        let got = ask(&lab, Method::GET, target, Value::Null);
        check_like_recorded("keyvault.json", "secret GET (latest)", &got);
        assert_eq!(got.1, made.1, "{target}");
    }
    assert!(lab.cloud.shared.state().secrets().contains(&"Hello\\!".to_owned()), "a stored value is known for masking");
}

#[test]
fn a_missing_secret_is_named_as_recorded() {
    let lab = lab();
    let missing = ask(&lab, Method::GET, "/secrets/nope/", Value::Null);
    check_like_recorded("keyvault.json", "secret GET missing", &missing);
    assert!(error(&missing.1).1.starts_with("A secret with (name/id) nope was not found in this key vault. If you recently"));
    ask(&lab, Method::PUT, "/secrets/s", json!({"value": "v"}));
    let version = ask(&lab, Method::GET, "/secrets/s/00000000000000000000000000000000", Value::Null);
    assert_eq!(version.0, 404);
    assert!(error(&version.1).1.contains("(name/id) s/00000000000000000000000000000000 was"));
}

#[test]
fn every_set_makes_a_version_and_the_last_one_answers() {
    let lab = lab();
    let first = ask(&lab, Method::PUT, "/secrets/s", json!({"value": "one"}));
    lab.advance(3);
    ask(&lab, Method::PUT, "/secrets/s", json!({"value": "two", "contentType": "x", "tags": {"a": "b"}}));
    assert_eq!(ask(&lab, Method::GET, "/secrets/s", Value::Null).1["value"], "two");
    let path = first.1["id"].as_str().unwrap().strip_prefix("https://kv-one.vault.azure.net").unwrap();
    assert_eq!(ask(&lab, Method::GET, path, Value::Null).1["value"], "one");
    let (_, versions) = ask(&lab, Method::GET, "/secrets/s/versions", Value::Null);
    let ids: Vec<_> = versions["value"].as_array().unwrap().iter().map(|version| version["id"].as_str().unwrap()).collect();
    assert!(ids.len() == 2 && ids.is_sorted(), "{ids:?}");
    assert!(versions["value"][0].get("value").is_none());
    assert_eq!(versions["nextLink"], Value::Null);
}

#[test]
fn lists_have_no_values_and_pages_link_to_the_next() {
    let lab = lab();
    for name in ["secret2", "secret1", "secret3"] {
        ask(&lab, Method::PUT, &format!("/secrets/{name}"), json!({"value": "v", "tags": {"file-encoding": "utf-8"}}));
    }
    check_like_recorded("keyvault.json", "secrets LIST", &ask(&lab, Method::GET, "/secrets", Value::Null));
    let first = ask(&lab, Method::GET, "/secrets?maxresults=2", Value::Null);
    check_like_recorded("keyvault.json", "secrets LIST, one per page", &first);
    let next = first.1["nextLink"].as_str().unwrap().strip_prefix("https://kv-one.vault.azure.net:443").unwrap();
    assert!(next.starts_with("/secrets?api-version=7.4&$skiptoken=") && next.ends_with("&maxresults=2"), "{next}");
    let second = ask(&lab, Method::GET, next, Value::Null);
    let names = |answer: &Answer| {
        let items = answer.1["value"].as_array().unwrap().iter();
        items.map(|item| item["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((names(&first), names(&second)), (vec!["secret1".into(), "secret2".into()], vec!["secret3".to_owned()]));
    assert_eq!(second.1["nextLink"], Value::Null);
    for target in ["/secrets?maxresults=0", "/secrets?maxresults=26", "/secrets?maxresults=x", "/secrets?$skiptoken=x"] {
        assert_eq!(ask(&lab, Method::GET, target, Value::Null).0, 400, "{target}");
    }
}

#[test]
fn a_disabled_secret_is_refused_and_can_be_enabled_again() {
    let lab = lab();
    ask(&lab, Method::PUT, "/secrets/s", json!({"value": "v", "attributes": {"enabled": false, "exp": 1, "nbf": 0}}));
    let (status, refusal) = ask(&lab, Method::GET, "/secrets/s", Value::Null);
    assert_eq!((status, error(&refusal).1), (403, "Operation get is not allowed on a disabled secret."));
    assert_eq!(refusal["error"]["innererror"]["code"], "SecretDisabled");
    lab.advance(9);
    let (status, updated) = ask(&lab, Method::PATCH, "/secrets/s/", json!({"attributes": {"enabled": true}, "contentType": "t"}));
    assert_eq!(status, 200);
    assert!(updated.get("value").is_none());
    assert_eq!(updated["attributes"]["updated"].as_i64().unwrap() - updated["attributes"]["created"].as_i64().unwrap(), 9);
    // Reading works outside of nbf and exp.
    let (status, got) = ask(&lab, Method::GET, "/secrets/s", Value::Null);
    assert_eq!((status, &got["contentType"], &got["attributes"]["exp"]), (200, &json!("t"), &json!(1)));
}

#[test]
fn bad_requests_are_refused() {
    let lab = lab();
    for (method, target, body) in [
        (Method::PUT, "/secrets/my_secret", json!({"value": "v"})),
        (Method::GET, "/secrets/my_secret", Value::Null),
        (Method::PUT, "/secrets/s", json!({})),
        (Method::PUT, "/secrets/s", json!({"value": 1})),
        (Method::PUT, "/secrets/s", json!([])),
        (Method::PUT, "/secrets/s", json!({"value": "v", "tags": {"a": 1}})),
        (Method::PUT, "/secrets/s", json!({"value": "é".repeat(25_601)})),
        (Method::PUT, "/secrets/s?api-version=", json!({"value": "v"})),
    ] {
        let (status, refusal) = ask(&lab, method, target, body);
        assert_eq!((status, error(&refusal).0), (400, "BadParameter"), "{target}");
    }
    let (_, refusal) = ask(&lab, Method::GET, "/secrets/my_secret", Value::Null);
    assert_eq!(error(&refusal).1, "The request URI contains an invalid name: my_secret");
    assert_eq!(ask(&lab, Method::GET, "/secrets/s", Value::Null).0, 404, "nothing was stored");
}

#[test]
fn keys_certificates_and_backups_are_refused_by_name() {
    let lab = lab();
    for (method, target, what) in [
        (Method::POST, "/keys/k/create", "Key Vault keys"),
        (Method::GET, "/certificates", "Key Vault certificates"),
        (Method::GET, "/deletedkeys", "Key Vault keys"),
        (Method::POST, "/secrets/s/backup", "Key Vault backup of secrets"),
        (Method::POST, "/secrets/restore", "Key Vault restore of secrets"),
        (Method::GET, "/", "Key Vault GET /"),
    ] {
        let (status, refusal) = ask(&lab, method, target, Value::Null);
        assert_eq!(status, 501, "{target}");
        assert_eq!(error(&refusal).1, format!("docent's embedded Azure does not emulate {what}"));
    }
}
