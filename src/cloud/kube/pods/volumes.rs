//! What is in a pod's volumes: whether they can be mounted, and the service-account tokens in them.
//!
//! Kubernetes `pkg/volume/{configmap,secret,projected}` and `pkg/kubelet/token/token_manager.go`.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::super::model::Cluster;
use super::super::objects::{namespace_of, text};
use super::super::resources;
use super::super::tokens::{self, Wanted};
use crate::cloud::clock::{later, since};

/// The kubelet's message about the first volume that cannot be mounted; none when all can.
pub(crate) fn failure(cluster: &Cluster, pod: &Value) -> Option<String> {
    pod["spec"]["volumes"].as_array().into_iter().flatten().find_map(|volume| {
        let problem = missing_in(cluster, pod, volume)?;
        Some(format!("MountVolume.SetUp failed for volume \"{}\" : {problem}", text(volume, "/name")))
    })
}

fn missing_in(cluster: &Cluster, pod: &Value, volume: &Value) -> Option<String> {
    let namespace = namespace_of(pod);
    let missing = |plural: &str, word: &str, name: &str, reference: &Value| {
        let resource = resources::find("", "v1", plural).expect("core kinds are in the table");
        let is_missing = cluster.store.find(resource, namespace, name).is_none() && reference["optional"] != true;
        is_missing.then(|| format!("{word} \"{name}\" not found"))
    };
    if let Some(map) = volume.get("configMap").filter(|map| map.is_object()) {
        return missing("configmaps", "configmap", text(map, "/name"), map);
    }
    if let Some(secret) = volume.get("secret").filter(|secret| secret.is_object()) {
        return missing("secrets", "secret", text(secret, "/secretName"), secret);
    }
    volume.pointer("/projected/sources").and_then(Value::as_array).into_iter().flatten().find_map(|source| {
        if source["configMap"].is_object() {
            return missing("configmaps", "configmap", text(source, "/configMap/name"), &source["configMap"]);
        }
        if source["secret"].is_object() {
            return missing("secrets", "secret", text(source, "/secret/name"), &source["secret"]);
        }
        if source["serviceAccountToken"].is_object() {
            let account = text(pod, "/spec/serviceAccountName");
            let problem = missing("serviceaccounts", "serviceaccounts", account, &Value::Null)?;
            return Some(format!("failed to fetch token: {problem}"));
        }
        None
    })
}

/// The token that a container reads at `path` now: signed by the cluster's issuer, renewed as the kubelet does. `None` when no
/// service-account token is mounted there.
pub(crate) fn token_at(
    cluster: &mut Cluster,
    pod: &Value,
    container: &Value,
    path: &str,
    mounted: Timestamp,
    now: Timestamp,
) -> Option<String> {
    let source = token_source(pod, container, path)?;
    let audience = text(&source, "/audience").to_owned();
    let seconds = source["expirationSeconds"].as_i64().unwrap_or(3600);
    let accounts = resources::find("", "v1", "serviceaccounts").expect("service accounts are in the table");
    let account = cluster.store.find(accounts, namespace_of(pod), text(pod, "/spec/serviceAccountName")).cloned()?;
    let audiences = if audience.is_empty() { Vec::new() } else { vec![audience] };
    let wanted = Wanted { audiences, seconds, pod: Some(pod) };
    Some(tokens::sign(cluster, &account, &wanted, written(mounted, seconds, now)).0)
}

/// When the token in a file was written: the kubelet writes a new one when four fifths of the time of the old one, or 24 hours, are over.
fn written(mounted: Timestamp, seconds: i64, now: Timestamp) -> Timestamp {
    let life = u64::try_from(seconds).unwrap_or_default().saturating_mul(4) / 5;
    let life = life.clamp(1, 24 * 3600);
    let turns = since(mounted, now).as_secs() / life;
    later(mounted, Duration::from_secs(turns * life))
}

/// The projection behind a path of the container: the mount with the longest matching directory counts.
fn token_source(pod: &Value, container: &Value, path: &str) -> Option<Value> {
    let below = |mount: &&Value| {
        let directory = text(mount, "/mountPath").trim_end_matches('/');
        path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
    };
    let mounts = container["volumeMounts"].as_array()?.iter();
    let mount = mounts.filter(below).max_by_key(|mount| text(mount, "/mountPath").len())?;
    let relative = path.strip_prefix(text(mount, "/mountPath").trim_end_matches('/'))?.trim_start_matches('/');
    let volume = pod["spec"]["volumes"].as_array()?.iter().find(|volume| volume["name"] == mount["name"])?;
    let sources = volume.pointer("/projected/sources")?.as_array()?;
    let token = sources.iter().map(|source| &source["serviceAccountToken"]).find(|token| text(token, "/path") == relative)?;
    Some(token.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn tokens_are_renewed_after_four_fifths_of_their_time() {
        for (now, expected) in [(0, 0), (2879, 0), (2880, 2880), (5759, 2880), (5760, 5760)] {
            assert_eq!(written(at(0), 3600, at(now)), at(expected), "{now}");
        }
        assert_eq!(written(at(0), 1_000_000, at(90_000)), at(86_400));
    }

    #[test]
    fn a_path_leads_to_the_projection_behind_its_mount() {
        let pod = json!({"spec":{"volumes":[
            {"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"t/a","audience":"x"}}]}},
            {"name":"w","projected":{"sources":[{"serviceAccountToken":{"path":"token"}}]}}]}});
        let container = json!({"volumeMounts":[{"name":"v","mountPath":"/var/run/"},{"name":"w","mountPath":"/var/run/k"}]});
        let audience = |path: &str| token_source(&pod, &container, path).map(|token| text(&token, "/audience").to_owned());
        assert_eq!(audience("/var/run/t/a").as_deref(), Some("x"));
        assert_eq!(audience("/var/run/k/token").as_deref(), Some(""));
        assert_eq!(audience("/var/run/other"), None);
        assert_eq!(audience("/var/runt/a"), None);
    }
}
