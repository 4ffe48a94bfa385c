//! The volumes of a pod.

use serde_json::Value;

use super::super::discovery::{list, text};
use super::Writer;
use super::parts::{pairs, scalar};

pub(super) fn describe(writer: &mut Writer, volumes: &Value) {
    if list(volumes).is_empty() {
        writer.line(0, "Volumes:\t<none>");
        return;
    }
    writer.line(0, "Volumes:");
    for volume in list(volumes) {
        writer.line(1, format!("{}:", text(&volume["name"])));
        one(writer, volume);
    }
}

fn one(writer: &mut Writer, volume: &Value) {
    let mut kind = |name: &str, explanation: &str, fields: &[(&str, String)]| {
        writer.field(2, "Type", format!("{name} ({explanation})"));
        fields.iter().for_each(|(title, value)| writer.field(2, title, value));
    };
    let truth = |value: &Value| (*value == true).to_string();
    let (host, empty, secret, map, claim, projected, csi) = (
        &volume["hostPath"],
        &volume["emptyDir"],
        &volume["secret"],
        &volume["configMap"],
        &volume["persistentVolumeClaim"],
        &volume["projected"],
        &volume["csi"],
    );
    if host.is_object() {
        kind("HostPath", "bare host directory volume", &[("Path", text(&host["path"])), ("HostPathType", text(&host["type"]))]);
    } else if empty.is_object() {
        let size = scalar(&empty["sizeLimit"]);
        kind(
            "EmptyDir",
            "a temporary directory that shares a pod's lifetime",
            &[("Medium", text(&empty["medium"])), ("SizeLimit", if size.is_empty() { "<unset>".to_owned() } else { size })],
        );
    } else if secret.is_object() {
        kind(
            "Secret",
            "a volume populated by a Secret",
            &[("SecretName", text(&secret["secretName"])), ("Optional", truth(&secret["optional"]))],
        );
    } else if map.is_object() {
        kind("ConfigMap", "a volume populated by a ConfigMap", &[("Name", text(&map["name"])), ("Optional", truth(&map["optional"]))]);
    } else if claim.is_object() {
        kind(
            "PersistentVolumeClaim",
            "a reference to a PersistentVolumeClaim in the same namespace",
            &[("ClaimName", text(&claim["claimName"])), ("ReadOnly", truth(&claim["readOnly"]))],
        );
    } else if projected.is_object() {
        let mut fields = Vec::new();
        // kubectl 1.32 still printed the pointer here: `ConfigMapOptional: <nil>`. Measured with 1.33.
        for source in list(&projected["sources"]) {
            if source["secret"].is_object() {
                fields.push(("SecretName", text(&source["secret"]["name"])));
                fields.push(("Optional", truth(&source["secret"]["optional"])));
            } else if source["downwardAPI"].is_object() {
                fields.push(("DownwardAPI", "true".to_owned()));
            } else if source["configMap"].is_object() {
                fields.push(("ConfigMapName", text(&source["configMap"]["name"])));
                fields.push(("Optional", truth(&source["configMap"]["optional"])));
            } else if source["serviceAccountToken"].is_object() {
                fields.push(("TokenExpirationSeconds", scalar(&source["serviceAccountToken"]["expirationSeconds"])));
            }
        }
        kind("Projected", "a volume that contains injected data from multiple sources", &fields);
    } else if csi.is_object() {
        kind(
            "CSI",
            "a Container Storage Interface (CSI) volume source",
            &[("Driver", text(&csi["driver"])), ("FSType", text(&csi["fsType"])), ("ReadOnly", truth(&csi["readOnly"]))],
        );
        pairs(writer, "    VolumeAttributes", &csi["volumeAttributes"], "=");
    } else {
        writer.line(1, "<unknown>");
    }
}
