//! What a pod's program cannot say about its own failure: the sentence that leads from the symptom to the line that is wrong.
//!
//! Azure is silent here: a webhook that does nothing tells nobody, and a program without a token knows only that it has none.

use serde_json::Value;

use super::super::model::Cluster;
use super::super::objects::{Key, name_of, namespace_of, text};
use super::super::resources;
use super::super::webhook::{CLIENT_ID, LABEL, SKIP_CONTAINERS, annotation};
use super::images::{self, Behaviour};
use super::msal_go::{Outcome, Problem, Turn};
use super::program::Place;
use super::run::PodRun;
use crate::cloud::fault::Unsupported;
use crate::cloud::http::endpoint::{KubeAttributes, Request};
use crate::cloud::keyvault;
use crate::cloud::msi;
use crate::cloud::observation::Observation;
use crate::cloud::state::State;

/// What explains an outcome: what the cloud noticed on the way, and what follows from the pod itself.
pub(crate) fn of(state: &State, place: &Place, turn: &Turn, outcome: &Outcome) -> Vec<Observation> {
    let mut all = outcome.observations.clone();
    let Some(problem) = &outcome.problem else { return all };
    let Some(cluster) = state.kube.get(&place.cluster) else { return all };
    let Some(run) = cluster.kubelet.runs.get(&place.pod_uid) else { return all };
    let Some(pod) = cluster.store.get(&run.key) else { return all };
    let text = match problem {
        Problem::Variable(name) => of_variable(cluster, run, pod, &place.container, name),
        Problem::TokenFile(path) => Some(format!("no service-account token is mounted at {path} in the pod {}", name_of(pod))),
        Problem::Token(codes) if codes.contains(&700_016) => of_unknown_client(state, pod, turn),
        Problem::Vault { host, status: 404, .. } => keyvault::of_absent_secret(state, host, turn.variable("SECRET_NAME")),
        Problem::Host(host) => Some(format!("nothing has the name {host}: there is no such vault in the embedded Azure")),
        Problem::Token(_) | Problem::Vault { .. } | Problem::Other => None,
    };
    all.extend(text.map(|text| Observation::Hint { about: "workload identity".to_owned(), text }));
    all
}

/// A variable that the webhook sets, or would have.
fn of_variable(cluster: &Cluster, run: &PodRun, pod: &Value, container: &str, name: &str) -> Option<String> {
    if !name.starts_with("AZURE_") {
        return Some(format!("the container {container} of the pod {} has no variable {name}", name_of(pod)));
    }
    let pod_name = name_of(pod);
    match &run.admission.label {
        None => return Some(format!("the pod {pod_name} has no label {LABEL}, so the webhook did nothing")),
        Some(value) if value != "true" => {
            return Some(format!("the label {LABEL} of the pod {pod_name} is \"{value}\" and not \"true\", so the webhook did nothing"));
        }
        Some(_) => {}
    }
    if !run.admission.workload_identity {
        let now = if cluster.settings.workload_identity {
            "it is on now, and a new pod would get its token"
        } else {
            "the issuer and federated credentials go on without it"
        };
        return Some(format!(
            "workload identity was off in the cluster when the pod {pod_name} was created, so there was no webhook to inject anything; {now}"
        ));
    }
    let skipped = annotation(pod, SKIP_CONTAINERS).is_some_and(|list| list.split(';').any(|name| name.trim() == container));
    if skipped {
        return Some(format!("the annotation {SKIP_CONTAINERS} keeps the webhook away from the container {container}"));
    }
    let account_name = text(pod, "/spec/serviceAccountName");
    let accounts = resources::find("", "v1", "serviceaccounts")?;
    let account = cluster.store.find(accounts, namespace_of(pod), account_name)?;
    let place = format!("{}/{account_name}", namespace_of(pod));
    (name == "AZURE_CLIENT_ID").then(|| match annotation(account, CLIENT_ID).unwrap_or_default() {
        "" => format!(
            "the service account {place} has no annotation {CLIENT_ID}, so the webhook could not say which identity the pod {pod_name} has"
        ),
        _ => format!(
            "the service account {place} got its annotation {CLIENT_ID} after the pod {pod_name} was created; only a new pod sees it"
        ),
    })
}

fn of_unknown_client(state: &State, pod: &Value, turn: &Turn) -> Option<String> {
    let client_id = turn.variable("AZURE_CLIENT_ID");
    if let Some(text) = msi::unknown_client_hint(state, client_id) {
        return Some(text);
    }
    let account = text(pod, "/spec/serviceAccountName");
    Some(format!(
        "no managed identity has the client id {client_id}, which the service account {}/{account} gives its pods",
        namespace_of(pod)
    ))
}

/// Tells again, to whoever looks at pods, what explains how they fare; and that the output of an image is not emulated, to whoever
/// reads its log.
pub(crate) fn remind(state: &mut State, request: &Request, attributes: &KubeAttributes) {
    let is_log = attributes.subresource == "log";
    if !matches!((attributes.verb.as_str(), attributes.subresource.as_str()), ("get", "" | "status" | "log") | ("list", "")) {
        return;
    }
    let Some(cluster) = state.kube.by_host(&request.host) else { return };
    let is_meant = |key: &Key| {
        (attributes.namespace.is_empty() || key.namespace == attributes.namespace)
            && (attributes.name.is_empty() || key.name == attributes.name)
    };
    let runs = cluster.kubelet.runs.values().filter(|run| is_meant(&run.key));
    let mut noticed: Vec<Observation> = Vec::new();
    for run in runs {
        // That it went well by luck interests who reads what it wrote.
        let told = run.explanations.iter().filter(|explanation| is_log || matches!(explanation, Observation::Hint { .. }));
        noticed.extend(told.cloned());
        if let Some(pod) = cluster.store.get(&run.key) {
            noticed.extend(not_emulated(pod, request.query.get("container"), is_log));
        }
    }
    noticed.into_iter().for_each(|observation| state.observe(observation));
}

/// What docent does not know about a pod: what its images write, and whether what is to end by itself does.
fn not_emulated(pod: &Value, container: Option<&str>, is_log: bool) -> Vec<Observation> {
    let ends = text(pod, "/spec/restartPolicy") != "Always";
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let unknown = containers.filter(|spec| {
        (is_log || ends)
            && container.is_none_or(|name| name.is_empty() || text(spec, "/name") == name)
            && images::behaviour(spec, false) == Behaviour::Runs
    });
    unknown
        .map(|spec| {
            let image = text(spec, "/image");
            let what = if is_log { format!("the output of the image {image}") } else { format!("the program of the image {image}") };
            Observation::Unsupported(Unsupported { what, kind: "operation", workaround: String::new() })
        })
        .collect()
}
