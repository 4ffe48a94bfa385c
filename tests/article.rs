//! The published article on workload identity, run as it stands: what fails, why, and what repairing each cause changes.

use std::fs;

use crate::support::{Ended, replaced, shared, test_document};

/// The article and its defects: fences of the steps that fail.
const FAILING: [u64; 5] = [271, 286, 322, 348, 360];

fn article(test: &str) -> Option<String> {
    shared(test, "seeds/aks-workload-identity.es.md").map(|file| fs::read_to_string(file).expect("the article is text"))
}

#[test]
fn five_steps_fail_and_each_names_its_cause() {
    let Some(text) = article("five_steps_fail_and_each_names_its_cause") else { return };
    let ended = test_document(&text, &[]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert_eq!(ended.steps().len(), 19);
    assert_eq!(ended.failed_lines(), FAILING, "{}", ended.stdout);
    let cause = |line: u64| &ended.step_at(line)["caused_by"];
    assert_eq!((&cause(271)["variable"], &cause(271)["line"]), (&"CALLER_OBJECT_ID".into(), &277.into()));
    let id = |line: u64| ended.step_at(line)["id"].clone();
    assert_eq!(cause(286)["step"], id(271));
    assert!(cause(322).is_null(), "a manifest that cannot be parsed is its own cause: {}", cause(322));
    assert_eq!((&cause(348)["step"], &cause(360)["step"]), (&id(322), &id(322)));
    assert!(text_of(&ended, 286, "stderr").contains("ForbiddenByRbac"));
    assert!(text_of(&ended, 322, "stderr").contains("yaml: line 11: did not find expected '-' indicator"));
    assert!(text_of(&ended, 360, "stderr").contains("NotFound"));
    assert!(diagnostic(&ended, 322, "input-line").contains(&335), "the report names the line of the manifest");
    assert_eq!(diagnostic(&ended, 271, "unset-variable"), [272]);
    let note = ended.step_at(271)["diagnostics"].to_string();
    assert!(note.contains("KEYVAULT_RESOURCE_GROUP") && note.contains("no effect"), "{note}");
}

#[test]
fn two_outputs_are_checked_and_four_are_only_shown() {
    let Some(text) = article("two_outputs_are_checked_and_four_are_only_shown") else { return };
    let ended = test_document(&text, &[]);
    let totals = &ended.report["totals"];
    assert_eq!((&totals["outputs_checked"], &totals["outputs_unchecked"]), (&2.into(), &4.into()));
    for line in [40, 119] {
        assert_eq!(ended.step_at(line)["expectations"][0]["passed"], true);
    }
    assert_eq!(ended.step_at(100)["expectations"][0]["passed"], true, "printing nothing contradicts nothing");
}

#[test]
fn repairing_a_cause_turns_its_steps_green_and_repairing_a_bystander_changes_nothing() {
    let Some(text) = article("repairing_a_cause_turns_its_steps_green_and_repairing_a_bystander_changes_nothing") else { return };
    let bystander = replaced(&text, "${KEYVAULT_RESOURCE_GROUP}", "${RESOURCE_GROUP}");
    assert_eq!(test_document(&bystander, &[]).failed_lines(), FAILING);

    let query = replaced(&text, "--query objectId", "--query id");
    assert_eq!(test_document(&query, &[]).failed_lines(), [322, 348, 360]);

    let manifest = with_a_sound_manifest(&text);
    let ended = test_document(&manifest, &[]);
    assert_eq!(ended.failed_lines(), [271, 286, 360], "the pod runs, and finds no secret to read: {}", ended.stdout);

    let both = replaced(&manifest, "--query objectId", "--query id");
    let ended = test_document(&both, &[]);
    assert_eq!((ended.code, ended.failed_lines()), (0, vec![]), "{}", ended.stdout);
    let log = text_of(&ended, 360, "stdout");
    assert!(log.contains(r#""successfully got secret" secret="Hello\\!""#), "{log}");
}

/// The second pod of the article, indented as a pod must be.
fn with_a_sound_manifest(text: &str) -> String {
    let start = text.find("    metadata:\n    name: sample-workload-identity-key-vault").expect("the article's second pod");
    let end = start + text[start..].find("    EOF\n").expect("its end");
    let mut sound = text[..start].to_owned();
    sound.push_str(concat!(
        "    metadata:\n",
        "      name: sample-workload-identity-key-vault\n",
        "      namespace: ${SERVICE_ACCOUNT_NAMESPACE}\n",
        "      labels:\n",
        "        azure.workload.identity/use: \"true\"\n",
        "    spec:\n",
        "      serviceAccountName: ${SERVICE_ACCOUNT_NAME}\n",
        "      containers:\n",
        "        - image: ghcr.io/azure/azure-workload-identity/msal-go\n",
        "          name: oidc\n",
        "          env:\n",
        "            - name: KEYVAULT_URL\n",
        "              value: ${KEYVAULT_URL}\n",
        "            - name: SECRET_NAME\n",
        "              value: ${KEYVAULT_SECRET_NAME}\n",
        "      nodeSelector:\n",
        "        kubernetes.io/os: linux\n",
    ));
    assert_eq!(sound[start..].lines().count(), text[start..end].lines().count(), "lines below must keep their numbers");
    sound.push_str(&text[end..]);
    sound
}

fn text_of(ended: &Ended, line: u64, stream: &str) -> String {
    ended.step_at(line)[stream].as_str().unwrap_or_default().to_owned()
}

fn diagnostic(ended: &Ended, line: u64, code: &str) -> Vec<u64> {
    let found = ended.step_at(line)["diagnostics"].as_array().cloned().unwrap_or_default();
    found.iter().filter(|one| one["code"] == code).filter_map(|one| one["line"].as_u64()).collect()
}
