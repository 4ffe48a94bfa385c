//! The containers of a pod: image, state, resources, probes, environment and mounts.

use serde_json::Value;

use super::super::discovery::{list, text};
use super::Writer;
use super::parts::{or_none, scalar, time, truth};

pub(super) fn describe(writer: &mut Writer, title: &str, containers: &Value, statuses: &Value, pod: &Value) {
    writer.line(0, format!("{title}:"));
    for container in list(containers) {
        let status = list(statuses).iter().find(|status| status["name"] == container["name"]);
        basics(writer, container, status);
        for (title, key) in [("Command", "command"), ("Args", "args")] {
            let words = list(&container[key]);
            if !words.is_empty() {
                writer.line(2, format!("{title}:"));
                words.iter().for_each(|word| text(word).split('\n').for_each(|line| writer.line(3, line)));
            }
        }
        if let Some(status) = status {
            state(writer, "State", &status["state"]);
            if status["lastState"]["terminated"].is_object() {
                state(writer, "Last State", &status["lastState"]);
            }
            writer.field(2, "Ready", truth(&status["ready"]));
            writer.field(2, "Restart Count", status["restartCount"].as_i64().unwrap_or(0));
        }
        for (title, key) in [("Limits", "limits"), ("Requests", "requests")] {
            let mut amounts: Vec<(&String, &Value)> = container["resources"][key].as_object().into_iter().flatten().collect();
            amounts.sort_by_key(|(name, _)| *name);
            if !amounts.is_empty() {
                writer.line(2, format!("{title}:"));
                amounts.into_iter().for_each(|(name, amount)| writer.field(3, name, scalar(amount)));
            }
        }
        for (title, key) in [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")] {
            if container[key].is_object() {
                writer.field(2, title, probe(&container[key]));
            }
        }
        environment(writer, container, pod);
        mounts(writer, container);
    }
}

fn basics(writer: &mut Writer, container: &Value, status: Option<&Value>) {
    writer.line(1, format!("{}:", text(&container["name"])));
    if let Some(status) = status {
        writer.field(2, "Container ID", text(&status["containerID"]));
    }
    writer.field(2, "Image", text(&container["image"]));
    if let Some(status) = status {
        writer.field(2, "Image ID", text(&status["imageID"]));
    }
    for (title, key) in [("Port", "containerPort"), ("Host Port", "hostPort")] {
        let ports: Vec<String> = list(&container["ports"])
            .iter()
            .map(|port| {
                let protocol = text(&port["protocol"]);
                format!("{}/{}", port[key].as_i64().unwrap_or(0), if protocol.is_empty() { "TCP".to_owned() } else { protocol })
            })
            .collect();
        let title = if ports.len() > 1 { format!("{title}s") } else { title.to_owned() };
        writer.field(2, &title, or_none(ports.join(", ")));
    }
    let seccomp = &container["securityContext"]["seccompProfile"];
    if seccomp.is_object() {
        writer.field(2, "SeccompProfile", text(&seccomp["type"]));
    }
}

fn state(writer: &mut Writer, title: &str, state: &Value) {
    let (running, waiting, ended) = (&state["running"], &state["waiting"], &state["terminated"]);
    if running.is_object() {
        writer.field(2, title, "Running");
        writer.field(3, "Started", time(&running["startedAt"]));
    } else if ended.is_object() {
        writer.field(2, title, "Terminated");
        for (title, key) in [("Reason", "reason"), ("Message", "message")] {
            let value = text(&ended[key]);
            if !value.is_empty() {
                writer.field(3, title, value);
            }
        }
        writer.field(3, "Exit Code", ended["exitCode"].as_i64().unwrap_or(0));
        if let Some(signal) = ended["signal"].as_i64().filter(|signal| *signal > 0) {
            writer.field(3, "Signal", signal);
        }
        writer.field(3, "Started", time(&ended["startedAt"]));
        writer.field(3, "Finished", time(&ended["finishedAt"]));
    } else {
        writer.field(2, title, "Waiting");
        let reason = text(&waiting["reason"]);
        if !reason.is_empty() {
            writer.field(3, "Reason", reason);
        }
    }
}

fn probe(probe: &Value) -> String {
    let number = |key: &str, default: i64| probe[key].as_i64().unwrap_or(default);
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        number("initialDelaySeconds", 0),
        number("timeoutSeconds", 1),
        number("periodSeconds", 10),
        number("successThreshold", 1),
        number("failureThreshold", 3)
    );
    let (exec, http, tcp, grpc) = (&probe["exec"], &probe["httpGet"], &probe["tcpSocket"], &probe["grpc"]);
    if exec.is_object() {
        let words: Vec<String> = list(&exec["command"]).iter().map(text).collect();
        format!("exec [{}] {attributes}", words.join(" "))
    } else if http.is_object() {
        let scheme = text(&http["scheme"]).to_lowercase();
        let path = text(&http["path"]);
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        let scheme = if scheme.is_empty() { "http".to_owned() } else { scheme };
        format!("http-get {scheme}://{}:{}{slash}{path} {attributes}", text(&http["host"]), scalar(&http["port"]))
    } else if tcp.is_object() {
        format!("tcp-socket {}:{} {attributes}", text(&tcp["host"]), scalar(&tcp["port"]))
    } else if grpc.is_object() {
        format!("grpc <pod>:{} {} {attributes}", scalar(&grpc["port"]), text(&grpc["service"]))
    } else {
        format!("unknown {attributes}")
    }
}

fn environment(writer: &mut Writer, container: &Value, pod: &Value) {
    let sources = list(&container["envFrom"]);
    if !sources.is_empty() {
        writer.line(2, "Environment Variables from:");
        for source in sources {
            let (kind, reference) =
                if source["configMapRef"].is_object() { ("ConfigMap", &source["configMapRef"]) } else { ("Secret", &source["secretRef"]) };
            let prefix = text(&source["prefix"]);
            let prefix = if prefix.is_empty() { String::new() } else { format!(" with prefix '{prefix}'") };
            writer.line(3, format!("{}\t{kind}{prefix}\tOptional: {}", text(&reference["name"]), reference["optional"] == true));
        }
    }
    let variables = list(&container["env"]);
    if variables.is_empty() {
        writer.line(2, "Environment:\t<none>");
        return;
    }
    writer.line(2, "Environment:");
    for variable in variables {
        let name = text(&variable["name"]);
        let from = &variable["valueFrom"];
        if !from.is_object() {
            for (index, line) in text(&variable["value"]).split('\n').enumerate() {
                writer.line(3, if index == 0 { format!("{name}:\t{line}") } else { format!("\t{line}") });
            }
            continue;
        }
        let (field, resource, secret, map) =
            (&from["fieldRef"], &from["resourceFieldRef"], &from["secretKeyRef"], &from["configMapKeyRef"]);
        if field.is_object() {
            let path = text(&field["fieldPath"]);
            writer.line(3, format!("{name}:\t{} ({}:{path})", field_value(pod, &path), or_v1(text(&field["apiVersion"]))));
        } else if resource.is_object() {
            let wanted = text(&resource["resource"]);
            let (kind, amount) = wanted.split_once('.').unwrap_or((&wanted, ""));
            writer.line(3, format!("{name}:\t{} ({wanted})", scalar(&container["resources"][kind][amount])));
        } else if secret.is_object() {
            writer.line(
                3,
                format!(
                    "{name}:\t<set to the key '{}' in secret '{}'>\tOptional: {}",
                    text(&secret["key"]),
                    text(&secret["name"]),
                    secret["optional"] == true
                ),
            );
        } else if map.is_object() {
            writer.line(
                3,
                format!(
                    "{name}:\t<set to the key '{}' of config map '{}'>\tOptional: {}",
                    text(&map["key"]),
                    text(&map["name"]),
                    map["optional"] == true
                ),
            );
        }
    }
}

fn or_v1(version: String) -> String {
    if version.is_empty() { "v1".to_owned() } else { version }
}

/// A field that the downward API offers, as far as the object has it.
fn field_value(pod: &Value, path: &str) -> String {
    match path.split_once('[') {
        Some((map, key)) => {
            let key = key.trim_end_matches(']').trim_matches(['\'', '"']);
            text(&pod.pointer(&format!("/{}", map.replace('.', "/"))).cloned().unwrap_or_default()[key])
        }
        None => pod.pointer(&format!("/{}", path.replace('.', "/"))).map(scalar).unwrap_or_default(),
    }
}

fn mounts(writer: &mut Writer, container: &Value) {
    let mut mounts = list(&container["volumeMounts"]).to_vec();
    mounts.sort_by_key(|mount| text(&mount["mountPath"]));
    writer.line(2, if mounts.is_empty() { "Mounts:\t<none>" } else { "Mounts:" });
    for mount in mounts {
        let mut flags = if mount["readOnly"] == true { "ro".to_owned() } else { "rw".to_owned() };
        let sub_path = text(&mount["subPath"]);
        if !sub_path.is_empty() {
            flags.push_str(&format!(",path={sub_path:?}"));
        }
        writer.line(3, format!("{} from {} ({flags})", text(&mount["mountPath"]), text(&mount["name"])));
    }
    let devices = list(&container["volumeDevices"]);
    if !devices.is_empty() {
        writer.line(2, "Devices:");
        devices.iter().for_each(|device| writer.line(3, format!("{} from {}", text(&device["devicePath"]), text(&device["name"]))));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_a_container_can_say_is_said() {
        let container = json!({"name": "c", "image": "i", "command": ["sh", "-c", "a\nb"], "ports": [{"containerPort": 80}, {"containerPort": 443, "protocol": "TCP"}],
            "resources": {"limits": {"memory": "256Mi", "cpu": "250m"}}, "livenessProbe": {"httpGet": {"path": "/h", "port": 8080, "scheme": "HTTP"}},
            "env": [{"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}, {"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            "envFrom": [{"configMapRef": {"name": "m"}}], "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "x"}]});
        let status = json!([{"name": "c", "ready": false, "restartCount": 2, "state": {"terminated": {"reason": "Error", "exitCode": 1, "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:01Z"}}}]);
        let mut writer = Writer::default();
        describe(&mut writer, "Containers", &json!([container]), &status, &json!({"metadata": {"name": "p"}}));
        assert_eq!(
            writer.finish(),
            "Containers:
  c:
    Container ID:  \n    Image:         i
    Image ID:      \n    Ports:         80/TCP, 443/TCP
    Host Ports:    0/TCP, 0/TCP
    Command:
      sh
      -c
      a
      b
    State:          Terminated
      Reason:       Error
      Exit Code:    1
      Started:      Thu, 01 Jan 2026 00:00:00 +0000
      Finished:     Thu, 01 Jan 2026 00:00:01 +0000
    Ready:          False
    Restart Count:  2
    Limits:
      cpu:     250m
      memory:  256Mi
    Liveness:  http-get http://:8080/h delay=0s timeout=1s period=10s #success=1 #failure=3
    Environment Variables from:
      m  ConfigMap  Optional: false
    Environment:
      S:  <set to the key 'k' in secret 's'>  Optional: false
      N:  p (v1:metadata.name)
    Mounts:
      /v from v (rw,path=\"x\")
"
        );
    }
}
