//! Service accounts, secrets, config maps and namespaces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::discovery::{list, text};
use super::super::server::{Call, segment};
use super::parts::{annotations, column, events, header, labels, names};
use super::{Described, Writer};

const TOKEN_TYPE: &str = "kubernetes.io/service-account-token";

fn in_namespace(object: &Value, plural: &str) -> Call {
    Call::get(format!("/api/v1/namespaces/{}/{plural}", segment(&text(&object["metadata"]["namespace"])))).with("limit", "500")
}

pub(super) fn secrets_of_namespace(account: &Value) -> Vec<Call> {
    vec![in_namespace(account, "secrets")]
}

pub(super) fn service_account(described: &Described<'_>) -> String {
    let account = described.object;
    let mut writer = Writer::default();
    header(&mut writer, account);
    let secrets = match described.related.first() {
        Some(Ok(answer)) => list(&answer["items"]).to_vec(),
        _ => Vec::new(),
    };
    let is_known = |name: &String| secrets.iter().any(|secret| secret["metadata"]["name"] == *name);
    let marked = |names: Vec<String>| {
        names.into_iter().map(|name| if is_known(&name) { name } else { format!("{name} (not found)") }).collect::<Vec<_>>()
    };
    let tokens = secrets.iter().filter(|secret| {
        let notes = &secret["metadata"]["annotations"];
        secret["type"] == TOKEN_TYPE && notes["kubernetes.io/service-account.name"] == account["metadata"]["name"]
    });
    column(&mut writer, "Image pull secrets", &marked(names(&account["imagePullSecrets"])));
    column(&mut writer, "Mountable secrets", &marked(names(&account["secrets"])));
    column(&mut writer, "Tokens", &tokens.map(|secret| text(&secret["metadata"]["name"])).collect::<Vec<_>>());
    events(&mut writer, described.events, described.now);
    writer.finish()
}

pub(super) fn secret(described: &Described<'_>) -> String {
    let secret = described.object;
    let mut writer = Writer::default();
    header(&mut writer, secret);
    let kind = text(&secret["type"]);
    writer.raw(&format!("\nType:\t{kind}\n\nData\n====\n"));
    let mut data: Vec<(&String, Vec<u8>)> = secret["data"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key, STANDARD.decode(text(value)).unwrap_or_default()))
        .collect();
    data.sort();
    for (key, bytes) in data {
        // A service account's token is the one value that is shown.
        if kind == TOKEN_TYPE && key == "token" {
            writer.field(0, key, String::from_utf8_lossy(&bytes));
        } else {
            writer.field(0, key, format!("{} bytes", bytes.len()));
        }
    }
    writer.finish()
}

pub(super) fn config_map(described: &Described<'_>) -> String {
    let map = described.object;
    let mut writer = Writer::default();
    header(&mut writer, map);
    writer.raw("\nData\n====\n");
    let mut data: Vec<(&String, String)> = map["data"].as_object().into_iter().flatten().map(|(key, value)| (key, text(value))).collect();
    data.sort();
    data.iter().for_each(|(key, value)| writer.raw(&format!("{key}:\n----\n{value}\n\n")));
    writer.raw("\nBinaryData\n====\n");
    let mut binary: Vec<(&String, Vec<u8>)> = map["binaryData"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key, STANDARD.decode(text(value)).unwrap_or_default()))
        .collect();
    binary.sort();
    binary.iter().for_each(|(key, bytes)| writer.raw(&format!("{key}: {} bytes\n", bytes.len())));
    writer.raw("\n");
    events(&mut writer, described.events, described.now);
    writer.finish()
}

pub(super) fn limits_of_namespace(namespace: &Value) -> Vec<Call> {
    let name = segment(&text(&namespace["metadata"]["name"]));
    ["resourcequotas", "limitranges"]
        .iter()
        .map(|plural| Call::get(format!("/api/v1/namespaces/{name}/{plural}")).with("limit", "500"))
        .collect()
}

pub(super) fn namespace(described: &Described<'_>) -> String {
    let namespace = described.object;
    let metadata = &namespace["metadata"];
    let mut writer = Writer::default();
    writer.field(0, "Name", text(&metadata["name"]));
    labels(&mut writer, "Labels", &metadata["labels"]);
    annotations(&mut writer, &metadata["annotations"]);
    writer.field(0, "Status", text(&namespace["status"]["phase"]));
    for (related, kind) in described.related.iter().zip(["resource quota", "LimitRange resource"]) {
        let found = related.as_ref().map_or(0, |answer| list(&answer["items"]).len());
        writer.raw(&if found == 0 { format!("\nNo {kind}.\n") } else { format!("\n{found} {kind} not shown.\n") });
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(describe: fn(&Described<'_>) -> String, object: Value, related: &[Result<Value, String>], text: &str) {
        let described = Described { object: &object, events: Some(&[]), related, now: "2026-01-01T00:00:00Z".parse().expect("a time") };
        assert_eq!(describe(&described), text);
    }

    // All recorded with kubectl 1.32 (kubernetes-transcripts 04).
    #[test]
    fn small_objects_look_as_recorded() {
        let named = |name: &str| json!({"name": name, "namespace": "dev"});
        check(
            service_account,
            json!({"metadata": named("bob")}),
            &[Ok(json!({"items": []}))],
            "Name:                bob\nNamespace:           dev\nLabels:              <none>\nAnnotations:         <none>\nImage pull secrets:  <none>\nMountable secrets:   <none>\nTokens:              <none>\nEvents:              <none>\n",
        );
        check(
            secret,
            json!({"metadata": named("s1"), "type": "Opaque", "data": {"a": "Yg=="}}),
            &[],
            "Name:         s1\nNamespace:    dev\nLabels:       <none>\nAnnotations:  <none>\n\nType:  Opaque\n\nData\n====\na:  1 bytes\n",
        );
        check(
            config_map,
            json!({"metadata": named("cm1"), "data": {"a": "b"}}),
            &[],
            "Name:         cm1\nNamespace:    dev\nLabels:       <none>\nAnnotations:  <none>\n\nData\n====\na:\n----\nb\n\n\nBinaryData\n====\n\nEvents:  <none>\n",
        );
        check(
            namespace,
            json!({"metadata": {"name": "dev", "labels": {"kubernetes.io/metadata.name": "dev"}}, "status": {"phase": "Active"}}),
            &[Ok(json!({"items": []})), Ok(json!({"items": []}))],
            "Name:         dev\nLabels:       kubernetes.io/metadata.name=dev\nAnnotations:  <none>\nStatus:       Active\n\nNo resource quota.\n\nNo LimitRange resource.\n",
        );
    }
}
