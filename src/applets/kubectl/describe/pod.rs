//! `kubectl describe pod`.

use serde_json::Value;

use super::super::discovery::{list, text};
use super::super::duration::age;
use super::parts::{annotations, column, events, labels, scalar, time};
use super::{Described, Writer, container, volume};

pub(super) fn describe(described: &Described<'_>) -> String {
    let pod = described.object;
    let (metadata, spec, status) = (&pod["metadata"], &pod["spec"], &pod["status"]);
    let mut writer = Writer::default();
    writer.field(0, "Name", text(&metadata["name"]));
    writer.field(0, "Namespace", text(&metadata["namespace"]));
    for (title, value) in [
        ("Priority", scalar(&spec["priority"])),
        ("Priority Class Name", text(&spec["priorityClassName"])),
        ("Runtime Class Name", text(&spec["runtimeClassName"])),
        ("Service Account", text(&spec["serviceAccountName"])),
    ] {
        if !value.is_empty() {
            writer.field(0, title, value);
        }
    }
    let node = text(&spec["nodeName"]);
    writer.field(0, "Node", if node.is_empty() { "<none>".to_owned() } else { format!("{node}/{}", text(&status["hostIP"])) });
    if !status["startTime"].is_null() {
        writer.field(0, "Start Time", time(&status["startTime"]));
    }
    labels(&mut writer, "Labels", &metadata["labels"]);
    annotations(&mut writer, &metadata["annotations"]);
    let phase = text(&status["phase"]);
    if metadata["deletionTimestamp"].is_string() && !matches!(phase.as_str(), "Failed" | "Succeeded") {
        writer.field(0, "Status", format!("Terminating (lasts {})", age(&text(&metadata["deletionTimestamp"]), described.now)));
        writer.field(0, "Termination Grace Period", format!("{}s", scalar(&metadata["deletionGracePeriodSeconds"])));
    } else {
        writer.field(0, "Status", phase);
    }
    for (title, key) in [("Reason", "reason"), ("Message", "message")] {
        let value = text(&status[key]);
        if !value.is_empty() {
            writer.field(0, title, value);
        }
    }
    let seccomp = &spec["securityContext"]["seccompProfile"];
    if seccomp.is_object() {
        writer.field(0, "SeccompProfile", text(&seccomp["type"]));
        if seccomp["type"] == "Localhost" {
            writer.field(0, "LocalhostProfile", text(&seccomp["localhostProfile"]));
        }
    }
    writer.field(0, "IP", text(&status["podIP"]));
    let addresses = list(&status["podIPs"]);
    if addresses.is_empty() {
        writer.field(0, "IPs", "<none>");
    } else {
        writer.line(0, "IPs:");
        addresses.iter().for_each(|address| writer.field(1, "IP", text(&address["ip"])));
    }
    if let Some(owner) = list(&metadata["ownerReferences"]).iter().find(|owner| owner["controller"] == true) {
        writer.field(0, "Controlled By", format!("{}/{}", text(&owner["kind"]), text(&owner["name"])));
    }
    let nominated = text(&status["nominatedNodeName"]);
    if !nominated.is_empty() {
        writer.field(0, "NominatedNodeName", nominated);
    }
    if !list(&spec["initContainers"]).is_empty() {
        container::describe(&mut writer, "Init Containers", &spec["initContainers"], &status["initContainerStatuses"], pod);
    }
    container::describe(&mut writer, "Containers", &spec["containers"], &status["containerStatuses"], pod);
    if !list(&spec["ephemeralContainers"]).is_empty() {
        container::describe(&mut writer, "Ephemeral Containers", &spec["ephemeralContainers"], &status["ephemeralContainerStatuses"], pod);
    }
    gates_and_conditions(&mut writer, spec, status);
    volume::describe(&mut writer, &spec["volumes"]);
    writer.field(0, "QoS Class", text(&status["qosClass"]));
    labels(&mut writer, "Node-Selectors", &spec["nodeSelector"]);
    let mut tolerations = list(&spec["tolerations"]).to_vec();
    tolerations.sort_by_key(|toleration| text(&toleration["key"]));
    column(&mut writer, "Tolerations", &tolerations.iter().map(toleration).collect::<Vec<_>>());
    events(&mut writer, described.events, described.now);
    writer.finish()
}

fn gates_and_conditions(writer: &mut Writer, spec: &Value, status: &Value) {
    let conditions = list(&status["conditions"]);
    let gates = list(&spec["readinessGates"]);
    if !gates.is_empty() {
        writer.line(0, "Readiness Gates:\n  Type\tStatus");
        for gate in gates {
            let state = conditions
                .iter()
                .find(|condition| condition["type"] == gate["conditionType"])
                .map_or_else(|| "<none>".to_owned(), |condition| text(&condition["status"]));
            writer.line(1, format!("{} \t{state} ", text(&gate["conditionType"])));
        }
    }
    if !conditions.is_empty() {
        writer.line(0, "Conditions:\n  Type\tStatus");
        conditions.iter().for_each(|condition| writer.line(1, format!("{} \t{} ", text(&condition["type"]), text(&condition["status"]))));
    }
}

/// `key=value:effect op=Exists for 300s`.
fn toleration(toleration: &Value) -> String {
    let (key, value, effect) = (text(&toleration["key"]), text(&toleration["value"]), text(&toleration["effect"]));
    let mut line = key.clone();
    if !value.is_empty() {
        line.push_str(&format!("={value}"));
    }
    if !effect.is_empty() {
        line.push_str(&format!(":{effect}"));
    }
    if toleration["operator"] == "Exists" && value.is_empty() {
        line.push_str(if key.is_empty() && effect.is_empty() { "op=Exists" } else { " op=Exists" });
    }
    if let Some(seconds) = toleration["tolerationSeconds"].as_i64() {
        line.push_str(&format!(" for {seconds}s"));
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described(pod: &Value, events: &[Value]) -> String {
        describe(&Described { object: pod, events: Some(events), related: &[], now: "2026-11-21T20:11:22Z".parse().expect("a time") })
    }

    /// The pod of the recording, as the webhook left it.
    fn workload() -> Value {
        let api_access = json!({"name": "kube-api-access-bdf33", "projected": {"sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}, {"configMap": {"name": "kube-root-ca.crt"}}, {"downwardAPI": {}},
        ]}});
        json!({
            "metadata": {"name": "sample", "namespace": "default", "labels": {"azure.workload.identity/use": "true"}, "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
            "spec": {
                "priority": 0, "serviceAccountName": "wi-sa", "nodeName": "aks-nodepool1-0", "nodeSelector": {"kubernetes.io/os": "linux"},
                "containers": [{"name": "oidc", "image": "msal-go", "env": [
                    {"name": "SECRET_NAME", "value": "my-secret1a2b3c"}, {"name": "AZURE_FEDERATED_TOKEN_FILE", "value": "/var/run/secrets/azure/tokens/azure-identity-token"},
                ], "volumeMounts": [
                    {"name": "kube-api-access-bdf33", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true},
                    {"name": "azure-identity-token", "mountPath": "/var/run/secrets/azure/tokens", "readOnly": true},
                ]}],
                "volumes": [api_access, {"name": "azure-identity-token", "projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 3600}}]}}],
                "tolerations": [
                    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                ],
            },
            "status": {
                "phase": "Running", "hostIP": "10.224.0.4", "podIP": "10.244.0.7", "podIPs": [{"ip": "10.244.0.7"}], "startTime": "2026-11-21T20:16:03Z", "qosClass": "BestEffort",
                "conditions": [{"type": "PodReadyToStartContainers", "status": "True"}, {"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "oidc", "containerID": "containerd://a", "imageID": "msal-go@sha256:0", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-11-21T20:16:03Z"}}}],
            },
        })
    }

    // Recorded with kubectl 1.32 (kubernetes-transcripts 07), shortened; the line `Optional` measured with 1.33.
    #[test]
    fn a_pod_with_workload_identity_looks_as_recorded() {
        let event = json!({"type": "Normal", "reason": "Started", "message": "Started container oidc", "source": {"component": "kubelet"}, "firstTimestamp": "2026-11-21T20:11:15Z", "lastTimestamp": "2026-11-21T20:11:15Z", "count": 1});
        assert_eq!(
            described(&workload(), &[event]),
            "Name:             sample
Namespace:        default
Priority:         0
Service Account:  wi-sa
Node:             aks-nodepool1-0/10.224.0.4
Start Time:       Sat, 21 Nov 2026 20:16:03 +0000
Labels:           azure.workload.identity/use=true
Annotations:      <none>
Status:           Running
IP:               10.244.0.7
IPs:
  IP:  10.244.0.7
Containers:
  oidc:
    Container ID:   containerd://a
    Image:          msal-go
    Image ID:       msal-go@sha256:0
    Port:           <none>
    Host Port:      <none>
    State:          Running
      Started:      Sat, 21 Nov 2026 20:16:03 +0000
    Ready:          True
    Restart Count:  0
    Environment:
      SECRET_NAME:                 my-secret1a2b3c
      AZURE_FEDERATED_TOKEN_FILE:  /var/run/secrets/azure/tokens/azure-identity-token
    Mounts:
      /var/run/secrets/azure/tokens from azure-identity-token (ro)
      /var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-bdf33 (ro)
Conditions:
  Type                        Status
  PodReadyToStartContainers   True \n  Ready                       True \nVolumes:
  kube-api-access-bdf33:
    Type:                    Projected (a volume that contains injected data from multiple sources)
    TokenExpirationSeconds:  3607
    ConfigMapName:           kube-root-ca.crt
    Optional:                false
    DownwardAPI:             true
  azure-identity-token:
    Type:                    Projected (a volume that contains injected data from multiple sources)
    TokenExpirationSeconds:  3600
QoS Class:                   BestEffort
Node-Selectors:              kubernetes.io/os=linux
Tolerations:                 node.kubernetes.io/not-ready:NoExecute op=Exists for 300s
                             node.kubernetes.io/unreachable:NoExecute op=Exists for 300s
Events:
  Type    Reason   Age   From     Message
  ----    ------   ----  ----     -------
  Normal  Started  7s    kubelet  Started container oidc
"
        );
    }

    #[test]
    fn a_pod_that_waits_has_neither_node_nor_address() {
        let pod = json!({"metadata": {"name": "p", "namespace": "d", "annotations": {"long": "x".repeat(200), "short": "y"}}, "spec": {"containers": [{"name": "c", "image": "i"}]},
            "status": {"phase": "Pending", "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ContainerCreating"}}}]}});
        let text = described(&pod, &[]);
        assert!(text.contains("Node:         <none>\n"), "{text}");
        assert!(text.contains("IPs:          <none>\n"), "{text}");
        assert!(text.contains(&format!("Annotations:  long:\n                {}...\n              short: y\n", "x".repeat(138))), "{text}");
        assert!(text.contains("    State:          Waiting\n      Reason:       ContainerCreating\n    Ready:          False\n"), "{text}");
        assert!(text.ends_with("Tolerations:        <none>\nEvents:             <none>\n"), "{text}");
    }
}
