//! `kubectl describe node`: capacity, conditions, and what runs there.

use serde_json::Value;

use super::super::discovery::{list, text};
use super::super::duration::age;
use super::super::server::{Call, segment};
use super::parts::{annotations, column, events, labels, scalar, time};
use super::quantity::{Notation, canonical, percent, thousandths, write};
use super::{Described, Writer};

const ROLE: &str = "node-role.kubernetes.io/";

/// The pods that run on the node, and its lease.
pub(super) fn needs(node: &Value) -> Vec<Call> {
    let name = text(&node["metadata"]["name"]);
    vec![
        Call::get("/api/v1/pods")
            .with("fieldSelector", format!("spec.nodeName={name},status.phase!=Succeeded,status.phase!=Failed"))
            .with("limit", "500"),
        Call::get(format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{}", segment(&name))),
    ]
}

pub(super) fn describe(described: &Described<'_>) -> String {
    let node = described.object;
    let (metadata, spec, status) = (&node["metadata"], &node["spec"], &node["status"]);
    let mut writer = Writer::default();
    writer.field(0, "Name", text(&metadata["name"]));
    let mut roles: Vec<&str> = metadata["labels"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| key.strip_prefix(ROLE))
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    writer.field(0, "Roles", if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") });
    labels(&mut writer, "Labels", &metadata["labels"]);
    annotations(&mut writer, &metadata["annotations"]);
    writer.field(0, "CreationTimestamp", time(&metadata["creationTimestamp"]));
    let taints: Vec<String> = list(&spec["taints"])
        .iter()
        .map(|taint| {
            let value = text(&taint["value"]);
            format!(
                "{}{}:{}",
                text(&taint["key"]),
                if value.is_empty() { String::new() } else { format!("={value}") },
                text(&taint["effect"])
            )
        })
        .collect();
    column(&mut writer, "Taints", &taints);
    writer.field(0, "Unschedulable", spec["unschedulable"] == true);
    lease(&mut writer, described.related.get(1));
    conditions(&mut writer, status);
    writer.line(0, "Addresses:");
    list(&status["addresses"]).iter().for_each(|address| writer.field(1, &text(&address["type"]), text(&address["address"])));
    for (title, key) in [("Capacity", "capacity"), ("Allocatable", "allocatable")] {
        let mut amounts: Vec<(&String, &Value)> = status[key].as_object().into_iter().flatten().collect();
        amounts.sort_by_key(|(name, _)| *name);
        if !amounts.is_empty() {
            writer.line(0, format!("{title}:"));
            amounts.into_iter().for_each(|(name, amount)| writer.field(1, name, canonical(&scalar(amount))));
        }
    }
    let info = &status["nodeInfo"];
    writer.line(0, "System Info:");
    for (title, key) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
        ("Kube-Proxy Version", "kubeProxyVersion"),
    ] {
        writer.field(1, title, text(&info[key]));
    }
    for (title, value) in [
        ("PodCIDR", text(&spec["podCIDR"])),
        ("PodCIDRs", list(&spec["podCIDRs"]).iter().map(text).collect::<Vec<_>>().join(",")),
        ("ProviderID", text(&spec["providerID"])),
    ] {
        if !value.is_empty() {
            writer.field(0, title, value);
        }
    }
    if let Some(Ok(pods)) = described.related.first() {
        running(&mut writer, list(&pods["items"]), status, described);
    }
    events(&mut writer, described.events, described.now);
    writer.finish()
}

fn lease(writer: &mut Writer, lease: Option<&Result<Value, String>>) {
    match lease {
        Some(Ok(lease)) => {
            let or_unset = |text: String| if text.is_empty() { "<unset>".to_owned() } else { text };
            writer.line(0, "Lease:");
            writer.field(1, "HolderIdentity", or_unset(text(&lease["spec"]["holderIdentity"])));
            writer.field(1, "AcquireTime", or_unset(time(&lease["spec"]["acquireTime"])));
            writer.field(1, "RenewTime", or_unset(time(&lease["spec"]["renewTime"])));
        }
        Some(Err(problem)) => {
            let problem = problem.split_once(": ").map_or(problem.as_str(), |(_, rest)| rest);
            writer.field(0, "Lease", format!("Failed to get lease: {problem}"));
        }
        None => {}
    }
}

fn conditions(writer: &mut Writer, status: &Value) {
    let conditions = list(&status["conditions"]);
    if conditions.is_empty() {
        return;
    }
    writer.line(0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    writer.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for condition in conditions {
        let cells = [
            text(&condition["type"]),
            text(&condition["status"]),
            time(&condition["lastHeartbeatTime"]),
            time(&condition["lastTransitionTime"]),
            text(&condition["reason"]),
            text(&condition["message"]),
        ];
        writer.line(1, cells.join(" \t"));
    }
}

/// The four sums of a pod or of all of them: cpu requests and limits, memory requests and limits.
fn sums(pod: &Value) -> [i128; 4] {
    let sum = |kind: &str, name: &str| {
        list(&pod["spec"]["containers"]).iter().map(|container| thousandths(&scalar(&container["resources"][kind][name]))).sum()
    };
    [sum("requests", "cpu"), sum("limits", "cpu"), sum("requests", "memory"), sum("limits", "memory")]
}

fn running(writer: &mut Writer, pods: &[Value], status: &Value, described: &Described<'_>) {
    let allocatable = |name: &str| thousandths(&scalar(&status["allocatable"][name]));
    let (cpu, memory) = (allocatable("cpu"), allocatable("memory"));
    let share = |amount: i128, whole: i128, notation| format!("{} ({}%)", write(amount, notation), percent(amount, whole));
    writer.field(0, "Non-terminated Pods", format!("({} in total)", pods.len()));
    writer.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    writer.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let mut total = [0; 4];
    for pod in pods {
        let sums = sums(pod);
        total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        let cells = [
            share(sums[0], cpu, Notation::Decimal),
            share(sums[1], cpu, Notation::Decimal),
            share(sums[2], memory, Notation::Binary),
            share(sums[3], memory, Notation::Binary),
        ];
        let metadata = &pod["metadata"];
        writer.line(
            1,
            format!(
                "{}\t{}\t\t{}\t{}",
                text(&metadata["namespace"]),
                text(&metadata["name"]),
                cells.join("\t"),
                age(&text(&metadata["creationTimestamp"]), described.now)
            ),
        );
    }
    writer.line(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n  Resource\tRequests\tLimits");
    writer.line(1, "--------\t--------\t------");
    writer.line(1, format!("cpu\t{}\t{}", share(total[0], cpu, Notation::Decimal), share(total[1], cpu, Notation::Decimal)));
    writer.line(1, format!("memory\t{}\t{}", share(total[2], memory, Notation::Binary), share(total[3], memory, Notation::Binary)));
    writer.line(1, "ephemeral-storage\t0 (0%)\t0 (0%)");
    let mut pages: Vec<&String> = status["allocatable"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("hugepages-"))
        .collect();
    pages.sort();
    pages.into_iter().for_each(|name| writer.line(1, format!("{name}\t0 (0%)\t0 (0%)")));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // Recorded with kubectl 1.32 (kubernetes-transcripts 04), shortened.
    #[test]
    fn a_node_looks_as_recorded() {
        let node = json!({
            "metadata": {"name": "aks-nodepool1-0", "labels": {"agentpool": "nodepool1"}, "creationTimestamp": "2026-11-21T20:11:11Z"},
            "spec": {"podCIDR": "10.244.0.0/24", "providerID": "azure:///x"},
            "status": {
                "capacity": {"cpu": "2", "memory": "7116176Ki"}, "allocatable": {"cpu": "1900m", "memory": "5000Mi"}, "addresses": [{"type": "Hostname", "address": "aks-nodepool1-0"}],
                "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-11-21T20:11:11Z", "lastTransitionTime": "2026-11-21T20:11:11Z", "reason": "KubeletReady", "message": "ok"}],
                "nodeInfo": {"kubeletVersion": "v1.32.4"},
            },
        });
        let pod = json!({"metadata": {"namespace": "dev", "name": "web-5d59d67564-4d91f", "creationTimestamp": "2026-11-21T20:11:11Z"}, "spec": {"containers": [{"resources": {"requests": {"cpu": "10m", "memory": "128Mi"}}}]}});
        let related = [Ok(json!({"items": [pod]})), Err("Error from server (NotFound): the server could not find it".to_owned())];
        let text = describe(&Described {
            object: &node,
            events: Some(&[]),
            related: &related,
            now: "2026-11-21T20:11:20Z".parse().expect("a time"),
        });
        assert!(
            text.starts_with("Name:               aks-nodepool1-0\nRoles:              <none>\nLabels:             agentpool=nodepool1\n"),
            "{text}"
        );
        assert!(text.contains("Lease:              Failed to get lease: the server could not find it\n"), "{text}");
        assert!(
            text.contains("  Ready   True    Sat, 21 Nov 2026 20:11:11 +0000   Sat, 21 Nov 2026 20:11:11 +0000   KubeletReady   ok\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "  dev                         web-5d59d67564-4d91f    10m (0%)      0 (0%)      128Mi (2%)       0 (0%)         9s\n"
            ),
            "{text}"
        );
        assert!(
            text.ends_with(
                "  memory             128Mi (2%)  0 (0%)\n  ephemeral-storage  0 (0%)      0 (0%)\nEvents:              <none>\n"
            ),
            "{text}"
        );
    }
}
