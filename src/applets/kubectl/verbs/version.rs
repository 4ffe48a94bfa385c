//! `kubectl version`.

use serde_json::{Value, json};

use super::super::VERSION;
use super::super::discovery::text;
use super::super::failure::Failure;
use super::super::print::json::pretty_in_order;
use super::super::server::Call;
use super::super::session::Session;
use super::super::yaml::to_yaml;

const KUSTOMIZE: &str = "v5.6.0";
/// Minor versions that client and server may be apart.
const SKEW_MAX: i64 = 1;

pub(super) fn run(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let line = session.line.clone();
    if !line.args.is_empty() {
        return Err(Failure::error(format!("extra arguments: [{}]", line.args.join(" "))));
    }
    let output = line.text("output").unwrap_or_default();
    if !matches!(output, "" | "json" | "yaml") {
        return Err(Failure::error("--output must be 'yaml' or 'json'"));
    }
    // What `kubectl version --client -o json` of this release prints (measured).
    let client = json!({
        "major": "1", "minor": "33", "gitVersion": VERSION, "gitCommit": "8adc0f041b8e7ad1d30e29cc59c6ae7a15e19828", "gitTreeState": "clean", "buildDate": "2025-05-15T08:27:33Z",
        "goVersion": "go1.24.2", "compiler": "gc", "platform": "linux/amd64",
    });
    let mut report = json!({"clientVersion": client, "kustomizeVersion": KUSTOMIZE});
    let server = if line.is_on("client", false) {
        None
    } else {
        Some(session.json(&Call::get("/version").with("timeout", "32s").accepting("application/json, */*")))
    };
    if let Some(Ok(server)) = &server {
        report["serverVersion"] = server.clone();
    }
    session.out(match output {
        "json" => format!("{}\n", pretty_in_order(&report, 2)),
        "yaml" => format!("{}\n", to_yaml(&report)),
        _ => {
            let server = report.get("serverVersion").map(|server| format!("Server Version: {}\n", text(&server["gitVersion"])));
            format!("Client Version: {VERSION}\nKustomize Version: {KUSTOMIZE}\n{}", server.unwrap_or_default())
        }
    });
    match server {
        Some(Err(error)) => Err(error.into()),
        Some(Ok(server)) => {
            warn_of_skew(session, &server);
            Ok(0)
        }
        None => Ok(0),
    }
}

fn warn_of_skew(session: &mut Session<'_, '_>, server: &Value) {
    let minor = |version: &str| version.split('.').nth(1).and_then(|minor| minor.parse::<i64>().ok());
    let version = text(&server["gitVersion"]);
    let skew = minor(VERSION).zip(minor(&version)).filter(|(ours, theirs)| (ours - theirs).abs() > SKEW_MAX);
    if let Some((ours, theirs)) = skew {
        session.err(format!(
            "WARNING: version difference between client (1.{ours}) and server (1.{theirs}) exceeds the supported minor version skew of +/-1"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fake::kubectl;
    use super::*;

    #[test]
    fn both_versions_are_told() {
        let server = |version: &str| [("GET /version?timeout=32s", 200, json!({"gitVersion": version}))];
        let outcome = kubectl(&["version"], "", &server("v1.34.2"));
        assert_eq!(
            (outcome.stdout.as_str(), outcome.stderr.as_str()),
            ("Client Version: v1.33.1\nKustomize Version: v5.6.0\nServer Version: v1.34.2\n", "")
        );
        assert!(
            kubectl(&["version"], "", &server("v1.36.0"))
                .stderr
                .starts_with("WARNING: version difference between client (1.33) and server (1.36)")
        );
        assert_eq!(kubectl(&["version", "--client"], "", &[]).stdout, "Client Version: v1.33.1\nKustomize Version: v5.6.0\n");
    }
}
