//! Gives a pod its node: kubernetes `pkg/scheduler/framework/plugins`, as far as names of nodes, selectors, affinity to nodes, taints, and
//! requests of processors, memory and places go. Assumed: affinity among pods and spread always allow.

use serde_json::Value;

use super::super::model::Cluster;
use super::super::objects::{namespace_of, text};
use super::super::resources;
use super::quantity;

/// The node that takes the pod.
///
/// # Errors
/// The message of `FailedScheduling`.
pub(crate) fn choose(cluster: &Cluster, pod: &Value) -> Result<String, String> {
    let nodes = resources::find("", "v1", "nodes").expect("nodes are in the table");
    let all: Vec<&Value> = cluster.store.list(nodes, None).map(|(_, node)| &**node).collect();
    if all.is_empty() {
        return Err("no nodes available to schedule pods".to_owned());
    }
    if let Some(claim) = missing_claim(pod) {
        return Err(refusal(cluster, all.len(), &[(format!("persistentvolumeclaim \"{claim}\" not found"), 0)], true));
    }
    let mut reasons: Vec<(String, usize)> = Vec::new();
    let mut fitting: Vec<(i64, &str)> = Vec::new();
    let mut can_preempt = true;
    for node in &all {
        match refuses(cluster, pod, node) {
            None => fitting.push((free(cluster, node).0, text(node, "/metadata/name"))),
            Some((reason, helps)) => {
                can_preempt &= helps;
                match reasons.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, count)) => *count += 1,
                    None => reasons.push((reason, 1)),
                }
            }
        }
    }
    // The emptiest node; the first of them by name.
    fitting.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
    match fitting.first() {
        Some((_, name)) => Ok((*name).to_owned()),
        None => {
            reasons.sort();
            Err(refusal(cluster, all.len(), &reasons, !can_preempt))
        }
    }
}

/// Assumed: the clause about claims came with 1.34, as public reports of that version have it.
fn refusal(cluster: &Cluster, nodes: usize, reasons: &[(String, usize)], useless: bool) -> String {
    let why: Vec<String> =
        reasons.iter().map(|(reason, count)| if *count == 0 { reason.clone() } else { format!("{count} {reason}") }).collect();
    let claims = if cluster.minor() >= 34 { "no new claims to deallocate, " } else { "" };
    let preemption = if useless { "Preemption is not helpful for scheduling" } else { "No preemption victims found for incoming pod" };
    format!("0/{nodes} nodes are available: {}. {claims}preemption: 0/{nodes} nodes are available: {nodes} {preemption}.", why.join(", "))
}

/// Claims cannot be made here, so one that is named is never there.
fn missing_claim(pod: &Value) -> Option<&str> {
    let volumes = pod["spec"]["volumes"].as_array()?;
    volumes.iter().map(|volume| text(volume, "/persistentVolumeClaim/claimName")).find(|claim| !claim.is_empty())
}

/// Why a node does not take the pod, and whether moving other pods away could help.
fn refuses(cluster: &Cluster, pod: &Value, node: &Value) -> Option<(String, bool)> {
    if let Some(taint) = untolerated(pod, node) {
        return Some((format!("node(s) had untolerated taint {{{taint}}}"), false));
    }
    if !selector_fits(pod, node) {
        return Some(("node(s) didn't match Pod's node affinity/selector".to_owned(), false));
    }
    let (cpu, memory, places) = free(cluster, node);
    let (wanted_cpu, wanted_memory) = requests(pod);
    if places < 1 {
        return Some(("Too many pods".to_owned(), true));
    }
    if wanted_cpu > cpu {
        return Some(("Insufficient cpu".to_owned(), true));
    }
    if wanted_memory > memory {
        return Some(("Insufficient memory".to_owned(), true));
    }
    None
}

/// Free milliprocessors, bytes and places of a node.
fn free(cluster: &Cluster, node: &Value) -> (i64, i64, i64) {
    let pods = resources::find("", "v1", "pods").expect("pods are in the table");
    let of = |name: &str| text(node, &format!("/status/allocatable/{name}"));
    let start = (quantity::milli(of("cpu")), quantity::bytes(of("memory")), of("pods").parse().unwrap_or(110));
    let name = text(node, "/metadata/name");
    let here = cluster
        .store
        .list(pods, None)
        .filter(|(_, pod)| text(pod, "/spec/nodeName") == name && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed"));
    here.fold(start, |(cpu, memory, places), (_, pod)| {
        let (used_cpu, used_memory) = requests(pod);
        (cpu - used_cpu, memory - used_memory, places - 1)
    })
}

/// Milliprocessors and bytes that a pod asks for: its containers together, or the largest init container.
fn requests(pod: &Value) -> (i64, i64) {
    let of = |container: &Value| {
        let amount = |name: &str| text(container, &format!("/resources/requests/{name}"));
        (quantity::milli(amount("cpu")), quantity::bytes(amount("memory")))
    };
    let list = |name: &str| pod["spec"][name].as_array().into_iter().flatten().map(of).collect::<Vec<_>>();
    let sum = list("containers").into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    list("initContainers").into_iter().fold(sum, |most, one| (most.0.max(one.0), most.1.max(one.1)))
}

fn untolerated(pod: &Value, node: &Value) -> Option<String> {
    let taints = node["spec"]["taints"].as_array()?;
    let found = taints.iter().filter(|taint| matches!(text(taint, "/effect"), "NoSchedule" | "NoExecute")).find(|taint| {
        !pod["spec"]["tolerations"].as_array().into_iter().flatten().any(|toleration| {
            let key = text(toleration, "/key");
            let same_effect = text(toleration, "/effect").is_empty() || toleration["effect"] == taint["effect"];
            let same_value = toleration["operator"] == "Exists" || text(toleration, "/value") == text(taint, "/value");
            (key.is_empty() || key == text(taint, "/key")) && same_effect && same_value
        })
    })?;
    Some(format!("{}: {}", text(found, "/key"), text(found, "/value")))
}

fn selector_fits(pod: &Value, node: &Value) -> bool {
    let labels = &node["metadata"]["labels"];
    let plain = pod["spec"]["nodeSelector"].as_object().into_iter().flatten().all(|(name, value)| labels[name] == *value);
    let terms = pod.pointer("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    let terms = terms.and_then(Value::as_array);
    plain && terms.is_none_or(|terms| terms.iter().any(|term| term_fits(term, node)))
}

fn term_fits(term: &Value, node: &Value) -> bool {
    let all = |list: &str, find: &dyn Fn(&str) -> Option<String>| {
        term[list].as_array().into_iter().flatten().all(|wanted| requirement_fits(wanted, find(text(wanted, "/key")).as_deref()))
    };
    all("matchExpressions", &|key| node["metadata"]["labels"][key].as_str().map(str::to_owned))
        && all("matchFields", &|key| (key == "metadata.name").then(|| text(node, "/metadata/name").to_owned()))
}

fn requirement_fits(wanted: &Value, found: Option<&str>) -> bool {
    let values = || wanted["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
    match text(wanted, "/operator") {
        "In" => found.is_some_and(|found| values().any(|value| value == found)),
        "NotIn" => !found.is_some_and(|found| values().any(|value| value == found)),
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        "Gt" => number(found).zip(number(values().next())).is_some_and(|(found, bound)| found > bound),
        "Lt" => number(found).zip(number(values().next())).is_some_and(|(found, bound)| found < bound),
        _ => false,
    }
}

/// The namespace and name of a pod as the scheduler tells them.
pub(crate) fn assigned(pod: &Value, node: &str) -> String {
    format!("Successfully assigned {}/{} to {node}", namespace_of(pod), text(pod, "/metadata/name"))
}
