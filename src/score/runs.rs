//! What honest runs print beside and instead of what a document shows, and what broken ones print that is nearly as shown.

use super::judge;
use crate::runbook::{Criterion, Expectation};

/// Whether an output passes; without a threshold only what contradicts fails.
fn passes(expected: &str, actual: &str, threshold: Option<f64>) -> bool {
    let expectation = Expectation {
        line: 1,
        fence_line: 2,
        language: "output".to_owned(),
        criterion: threshold.map_or(Criterion::Unmarked, Criterion::Similarity),
        text: expected.to_owned(),
        comparison: Default::default(),
    };
    judge(&expectation, actual.as_bytes()).passed
}

/// `right` passes, and `wrong` does not.
#[track_caller]
fn check(expected: &str, right: &str, wrong: &str) {
    assert!(passes(expected, right, Some(0.3)), "right:\n{right}\nfor\n{expected}");
    assert!(!passes(expected, wrong, Some(0.3)), "wrong:\n{wrong}\nfor\n{expected}");
}

/// The same where the document asks for no score.
#[track_caller]
fn check_unmarked(expected: &str, right: &str, wrong: &str) {
    assert!(passes(expected, right, None), "right:\n{right}\nfor\n{expected}");
    assert!(!passes(expected, wrong, None), "wrong:\n{wrong}\nfor\n{expected}");
}

#[test]
fn what_prints_json_and_says_only_words_of_failure_has_failed() {
    let shown = r#"{"Role": {"Path": "/", "RoleName": "production"}}"#;
    check_unmarked(shown, "the role is kept as it is", "\nConnect timeout on endpoint URL: \"https://ec2.example.com/\"\n");
    check_unmarked(shown, "", "You must specify a region. You can also run \"aws configure\".");
    check_unmarked(shown, shown, "\nParameter validation failed:\nInvalid length for parameter Name, value: 0\n");
}

#[test]
fn what_was_pending_may_be_done_but_not_refused() {
    let shown = r#"{"VpcId": "vpc-1", "State": "pending", "Encrypted": false}"#;
    check(shown, &shown.replace("pending", "available"), &shown.replace("pending", "rejected"));
}

#[test]
fn a_cell_that_is_too_long_for_its_column_is_still_a_cell() {
    let shown = "NAME                   ENDPOINT                   AVAILABLE   AGE\nv1beta1.metrics.k8s.io kube-system/metrics-server True        3d\n";
    check(shown, &shown.replace("3d", "9m"), &shown.replace("True        3d", "False (MissingEndpoints)   3d"));
}

#[test]
fn words_of_health_are_states_whatever_their_column_is_called() {
    let shown = "NAME    STATE      ROBUSTNESS   SIZE   AGE\npvc-1   attached   healthy      2Gi    4m\n";
    check_unmarked(shown, &shown.replace("pvc-1", "pvc-2"), &shown.replace("healthy ", "faulted "));
    let shown = "NAME    SUCCEEDED   REASON      AGE\nrun-x   True        Succeeded   3m\n";
    check_unmarked(shown, &shown.replace("run-x", "run-y"), &shown.replace("True        Succeeded", "False       RunTimeout"));
}

#[test]
fn counts_of_failures_are_seen_beside_counts_of_none() {
    let shown = "running 9 tests\ntest result: ok. 9 passed; 0 failed; 0 ignored; 0 measured\n";
    check(shown, &shown.replace('9', "12"), &shown.replace("ok. 9 passed; 0 failed", "FAILED. 7 passed; 2 failed"));
    let ping = "3 packets transmitted, 3 received, 0% packet loss, time 2003ms\n";
    check(ping, &ping.replace('3', "5"), "3 packets transmitted, 0 received, 100% packet loss, time 2003ms\n");
    let copied = "3 files found, 3 copied\n";
    check(copied, &copied.replace('3', "5"), "3 files found, 0 copied\n");
}

#[test]
fn addresses_with_a_hole_lead_nowhere() {
    let shown = "Done.\nhttps://orders-kv.vault.azure.net/\n";
    check(shown, &shown.replace("orders", "shop"), &shown.replace("orders-kv", ""));
}

#[test]
fn a_login_banner_is_no_failure() {
    let banner = "Welcome to Ubuntu 22.04.4 LTS\n\n  System load:  0.08              Processes:             118\n  Usage of /:   5.4% of 28.89GB   Users logged in:       0\n\n";
    let shown = "NAME    CLASS     AGE\nweb     traefik   15s\n";
    check(shown, &format!("{banner}{shown}"), &format!("Usage of /usr/bin/tool:\n  -h  print this help\n{shown}"));
}

#[test]
fn entities_of_the_document_stand_for_their_characters() {
    let shown = "daemon set &quot;node-exporter&quot; successfully rolled out &amp; done\n";
    check(shown, "daemon set \"node-exporter\" successfully rolled out & done\n", "daemon set \"node-exporter\" rollback failed & done\n");
    check("a &lt;b&gt; c\n", "a &lt;b&gt; c\n", "x &lt;y&gt; z\n");
}

#[test]
fn lines_about_what_is_going_on_need_not_come_again() {
    let shown = "Waiting for deployment \"api\" rollout to finish: 0 of 3 updated replicas are available...\nWaiting for deployment \"api\" rollout to finish: 2 of 3 updated replicas are available...\ndeployment \"api\" successfully rolled out\n";
    check(
        shown,
        "deployment \"api\" successfully rolled out\n",
        "Waiting for deployment \"api\" rollout to finish: 0 of 3 updated replicas are available...\n",
    );
}

#[test]
fn what_was_so_already_is_so() {
    check("node/worker-2 cordoned\n", "node/worker-2 already cordoned\n", "node/worker-2 already uncordoned\n");
    check("Pod/apache created\n", "Pod/apache unchanged\n", "Pod/apache created (server dry run)\n");
}

#[test]
fn lines_of_another_stream_may_stand_within_json() {
    let shown = "{\n  \"name\": \"web\",\n  \"state\": \"Running\"\n}\n";
    let between = "{\n  \"name\": \"shop\",\nI1121 22:10:01.123456    4242 request.go:700] Waited for 1.04s due to client-side throttling\n  \"state\": \"Running\"\n}\n";
    check(shown, between, &between.replace("Running", "Failed"));
    check(shown, &format!("\u{200b}{shown}"), &format!("\u{200b}{}", shown.replace("Running", "Failed")));
}

#[test]
fn a_mark_of_kubectl_is_no_word_of_failure() {
    let shown = "NAME   READY   STATUS    RESTARTS   AGE\nweb    1/1     Running   0          6m\n";
    check(shown, &shown.replace("6m", "<invalid>"), &shown.replace("Running", "<invalid>"));
}

#[test]
fn one_word_of_health_turned_into_one_of_sickness_is_the_opposite() {
    let shown = "member 6e3b is healthy: got result from a\ncluster is healthy\n";
    check(shown, &shown.replace("6e3b", "924e"), &shown.replace("cluster is healthy", "cluster is stopped"));
}

#[test]
fn a_form_that_nobody_filled_in_is_no_output() {
    let shown = r#"{"name": "web", "namespace": "shop", "path": "/validate"}"#;
    check(
        shown,
        r#"{"name": "a", "namespace": "b", "path": "/validate"}"#,
        r#"{"name": "string", "namespace": "string", "path": "string"}"#,
    );
}

#[test]
fn what_was_given_up_or_taken_back_did_not_succeed() {
    let shown = "Service \"web\" exposed at http://20.1.2.3\nAll parts are in place.\n";
    for (aside, failure) in [
        ("The old rules are kept.", "Operation cancelled."),
        ("Press Ctrl-C to stop watching.", "^C"),
        ("The image is in the cache.", "No space left on device"),
        ("3 checks left.", "Deployment rolled back"),
        ("The host is web-1.", "Host is down"),
        ("Reached the end of the list.", "unexpected end of JSON input"),
        ("Process exited with code 0", "Process exited with code 3"),
        ("The backend is web.", "no healthy upstream"),
        ("The namespace is known already.", "ping: web: Name or service not known"),
    ] {
        check(shown, &format!("{aside}\n{shown}"), &format!("{shown}{failure}\n"));
    }
    let undone = "deployment.apps/web rolled back\n";
    check(undone, undone, "deployment.apps/web unchanged: no revision found\n");
}

#[test]
fn json_among_lines_is_held_against_json() {
    let shown = "Switched to context \"shop\".\n{\n  \"name\": \"web\",\n  \"state\": \"Running\",\n  \"replicas\": 3\n}\nDone.\n";
    let right = "Switched to context \"store\".\n{\"replicas\": 2, \"state\": \"Running\", \"name\": \"db\"}\nDone.\n";
    check_unmarked(shown, right, &right.replace("Running", "Failed"));
    check(shown, right, &right.replace(": 2", ": 0"));
    check(shown, right, &right.replace("2, ", "null, "));
}

#[test]
fn what_breaks_off_with_a_failure_has_failed_without_a_score_too() {
    let shown = "Title:    env\nAuthor:   shop\nImage:    shop/alpine:latest\nProcess:  env\nRepo URL: https://example.com/store\n";
    check_unmarked(shown, &format!("{shown}An old copy expired\n"), "Title:    env\nthe transfer expired\n");
}

#[test]
fn notes_behind_values_cost_nothing() {
    let shown = "kind: ConfigMap  # note this\ndata:\n  LEVEL: info # yours differs\n  READY: \"true\"\n";
    let plain = "kind: ConfigMap\ndata:\n  LEVEL: info\n  READY: \"true\"\n";
    check(shown, plain, &plain.replace("ConfigMap", "Secret"));
}

#[test]
fn sentences_that_nothing_failed_are_no_word_of_failure() {
    let shown = "Image shop:1.0 signed and pushed.\n";
    for (nothing, something) in [
        ("No warnings or errors were reported.", "Warnings and errors were reported."),
        ("Nothing has been rejected.", "Something has been rejected."),
        ("None of the 3 uploads failed.", "One of the 3 uploads failed."),
        ("The upload did not fail.", "The upload did fail."),
        ("0 of 7 layers failed", "2 of 7 layers failed"),
    ] {
        check(shown, &format!("{shown}{nothing}\n"), &format!("{shown}{something}\n"));
    }
}

#[test]
fn members_that_report_a_failure_by_their_names_are_one() {
    let shown = "{\"StatusCode\": 200, \"UnprocessedItems\": {}}";
    check_unmarked(
        shown,
        "{\"StatusCode\": 200, \"UnprocessedItems\": {}, \"FailurePolicy\": \"Retry\"}",
        "{\"StatusCode\": 200, \"UnprocessedItems\": {}, \"FunctionError\": \"Unhandled\"}",
    );
    check_unmarked(shown, shown, "{\"StatusCode\": 200, \"UnprocessedItems\": {\"orders\": [{\"id\": 7}]}}");
}

#[test]
fn a_failure_shown_in_passing_excuses_its_like_and_no_other() {
    let shown = "step 1 done\nError: the old pool blue was not found, going on\nstep 2 done\nstep 3 done\nstep 4 done\n";
    check_unmarked(
        shown,
        &shown.replace("blue", "teal"),
        &shown.replace("the old pool blue was not found, going on", "no space left on device"),
    );
}
