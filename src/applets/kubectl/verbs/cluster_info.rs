//! `kubectl cluster-info`: the control plane's address, and the services that say they belong to it.

use super::super::discovery::{list, text};
use super::super::failure::Failure;
use super::super::server::Call;
use super::super::session::Session;

const HINT: &str = "To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.";
const SERVICES: &str = "/api/v1/namespaces/kube-system/services";

pub(super) fn run(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let address = session.server()?.target().server.clone();
    let call = Call::get(SERVICES).accepting("application/json, */*").with("labelSelector", "kubernetes.io/cluster-service=true");
    let mut text_out = format!("Kubernetes control plane is running at {address}\n");
    let answer = match session.json(&call) {
        Ok(answer) => answer,
        // A server without services has none to list.
        Err(error) if error.is_not_found() => serde_json::Value::Null,
        Err(error) => {
            session.out(format!("\n{HINT}\n"));
            return Err(error.into());
        }
    };
    for service in list(&answer["items"]) {
        let metadata = &service["metadata"];
        let given = text(&metadata["labels"]["kubernetes.io/name"]);
        let name = if given.is_empty() { text(&metadata["name"]) } else { given };
        let port = &list(&service["spec"]["ports"]).first().cloned().unwrap_or_default();
        let scheme = if port["name"] == "https" || port["port"] == 443 { "https:" } else { "" };
        let suffix = match port["name"].as_str() {
            Some(name) => format!(":{name}"),
            None if scheme.is_empty() => String::new(),
            None => ":".to_owned(),
        };
        text_out.push_str(&format!("{name} is running at {address}{SERVICES}/{scheme}{}{suffix}/proxy\n", text(&metadata["name"])));
    }
    text_out.push_str(&format!("\n{HINT}\n"));
    session.out(text_out);
    Ok(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::fake::kubectl;

    // Recorded with kubectl 1.32.
    #[test]
    fn services_of_the_cluster_are_told_with_their_address() {
        let services = json!({"items": [{"metadata": {"name": "kube-dns", "labels": {"kubernetes.io/name": "CoreDNS"}}, "spec": {"ports": [{"name": "dns", "port": 53}]}}]});
        let outcome = kubectl(
            &["cluster-info"],
            "",
            &[("GET /api/v1/namespaces/kube-system/services?labelSelector=kubernetes.io%2Fcluster-service%3Dtrue", 200, services)],
        );
        assert_eq!(
            outcome.stdout,
            "Kubernetes control plane is running at https://fake\nCoreDNS is running at https://fake/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy\n\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n"
        );
    }
}
