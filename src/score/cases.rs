//! Pairs that were read one by one: what a careful author would accept, and what not, at which thresholds.

use super::judge;
use crate::runbook::{Criterion, Expectation};

const RIGHT: bool = true;
const WRONG: bool = false;

#[track_caller]
fn check(expected: &str, actual: &str, thresholds: &[f64], right: bool) {
    for threshold in thresholds {
        let criterion = Criterion::Similarity(*threshold);
        let expectation = Expectation {
            line: 1,
            fence_line: 2,
            language: "output".to_owned(),
            criterion,
            text: expected.to_owned(),
            comparison: Default::default(),
        };
        let verdict = judge(&expectation, actual.as_bytes());
        assert_eq!(verdict.passed, right, "at {threshold}: {expected}\n== {actual}\n{verdict:#?}");
    }
}

#[test]
fn json_is_no_text_even_when_the_word_is_in_it() {
    let assignment = "{\n  \"principalType\": \"ServicePrincipal\",\n  \"provisioningState\": \"Succeeded\",\n  \"name\": \"shop\"\n}";
    for expected in ["ServicePrincipal", "Succeeded", "Name    ProvisioningState\n------  -------------------\nshop    Succeeded"] {
        check(expected, assignment, &[0.3, 0.5, 0.8, 1.0], WRONG);
        check(expected, &format!("{assignment}\n{expected}\n"), &[0.3, 0.8], RIGHT);
    }
    check("Succeeded", "\"Succeeded\"", &[0.3, 0.8, 1.0], RIGHT);
    check("... (left out) ...", assignment, &[0.3, 0.8], RIGHT);
    // A fragment of JSON is shown as text, and is found as text.
    check("\"principalType\": \"ServicePrincipal\",", assignment, &[0.3, 0.8], RIGHT);
}

#[test]
fn ids_and_addresses_alone_tell_what_they_are_about() {
    let vault = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv";
    let run = "/subscriptions/3f1b6a9c-2d4e-4f7a-9b1c-8e2d7a6c5b4f/resourceGroups/shop";
    check(vault, &format!("{run}/providers/Microsoft.KeyVault/vaults/shop7"), &[0.3, 0.8], RIGHT);
    check(vault, &format!("{run}/providers/Microsoft.Network/virtualNetworks/v"), &[0.3, 0.8], WRONG);
    check(vault, run, &[0.3, 0.8], WRONG);
    check("https://myvault.vault.azure.net/", "https://shop7.vault.azure.net/", &[0.3, 0.8], RIGHT);
    check("https://myvault.vault.azure.net/", "https://shop.blob.core.windows.net/", &[0.3, 0.8], WRONG);
    check("https://oidc.prod-aks.azure.com/xxxxxx/", "https://westeurope.oic.prod-aks.azure.com/1/2/", &[0.3, 0.8], RIGHT);
    check("http://www.contoso.com/", "http://20.1.2.3/", &[0.3, 0.8], RIGHT);
    check(r#"["api://AzureADTokenExchange"]"#, r#"["api://AzureADTkoenExchange"]"#, &[0.8, 1.0], WRONG);
    let shown = r#"{"name": "kv", "vaultUri": "https://kv.vault.azure.net/"}"#;
    check(shown, r#"{"name": "s", "vaultUri": "https://s.queue.core.windows.net/"}"#, &[0.8], WRONG);
}

#[test]
fn names_and_regions_may_become_plain_words() {
    check("Created resource group myResourceGroup in eastus", "Created resource group shop in westeurope", &[0.3, 0.8], RIGHT);
    check("eastus\tmyResourceGroup\tSucceeded", "westeurope\tshop\tSucceeded", &[0.3, 0.8], RIGHT);
    check("eastus\tmyResourceGroup\tSucceeded", "westeurope\tshop\tFailed", &[0.3, 0.8], WRONG);
    check("myAKSCluster", "shop", &[0.3, 0.8], RIGHT);
    for actual in ["None", "Failed", "false", "0", "https://a.b.c/", "a whole sentence instead"] {
        check("myAKSCluster", actual, &[0.3, 0.8], WRONG);
    }
}

#[test]
fn a_name_that_cannot_be_found_is_a_failure() {
    check("Server:\t10.0.0.10\nName:\tbing.com", "Server:\t10.0.0.10\n** server can't find bing.com: NXDOMAIN", &[0.3, 0.8], WRONG);
}

#[test]
fn a_value_alone_is_no_value_somewhere_in_a_page() {
    let page = "NAME   READY   STATUS    RESTARTS   AGE   IP           NODE\nweb-1  1/1     Running   0          3m    10.244.0.7   pool1";
    for value in ["20.12.33.4", "7", "myCluster", "shop.hcp.eastus.azmk8s.io", "centralindia", "c4b6d846-2299-44ce-81ec-3a4d7c9c2048"] {
        check(value, page, &[0.3, 0.8], WRONG);
        check(value, "role.rbac.authorization.k8s.io/reader created", &[0.3, 0.8], WRONG);
    }
    check("shop.hcp.eastus.azmk8s.io", "WARNING: preview\nx.hcp.westus.azmk8s.io\n", &[0.3, 0.8], RIGHT);
    check("20.12.33.4", "104.42.1.2", &[0.3, 0.8], RIGHT);
    check("7", "12", &[0.3, 0.8], RIGHT);
    check("7", "0", &[0.3, 0.8], WRONG);
    check("10.0.0.4", "2026-01-01T00:00:00Z 10.1.2.3", &[0.3, 0.8], RIGHT);
}

#[test]
fn what_a_client_calls_an_error_is_one_whatever_it_goes_on_to_say() {
    let pods = "NAME   READY   STATUS    RESTARTS   AGE\nweb-1  1/1     Running   0          3m\n";
    for actual in [
        "error: error validating \"STDIN\": error validating data: kind not set; if you choose to ignore these errors, turn validation off with --validate=false",
        "error: the server doesn't have a resource type \"pdos\"",
    ] {
        let expectation = |criterion| Expectation {
            line: 1,
            fence_line: 2,
            language: String::new(),
            criterion,
            text: pods.to_owned(),
            comparison: Default::default(),
        };
        assert!(judge(&expectation(Criterion::Unmarked), actual.as_bytes()).veto.is_some(), "{actual}");
        check(pods, actual, &[0.3, 0.8], WRONG);
    }
    check(
        "Name: node-0\nTaints: <none>\nUnschedulable:      false",
        "Name: node-1\nTaints: <none>\nUnschedulable:      false",
        &[0.8],
        RIGHT,
    );
}

#[test]
fn a_line_in_passing_that_sounds_like_a_failure_excuses_no_other() {
    let shown = "Release \"web\" does not exist. Installing it now.\nNAME: web\nLAST DEPLOYED: Tue Oct 24 16:19:35 2023\nSTATUS: deployed\nREVISION: 1\n";
    let printed = "Release \"shop\" does not exist. Installing it now.\nNAME: shop\nLAST DEPLOYED: Thu Jan  1 00:00:00 2026\nSTATUS: deployed\nREVISION: 1\n";
    check(shown, printed, &[0.3, 0.8], RIGHT);
    check(shown, "Release \"shop\" does not exist. Installing it now.\nError: INSTALLATION FAILED: x\n", &[0.1, 0.3], WRONG);
    check(shown, &format!("{printed}Error: UPGRADE FAILED: timed out waiting for the condition\n"), &[0.3], WRONG);
}

#[test]
fn values_in_each_others_place_contradict() {
    let shown =
        r#"{"issuer": "https://eastus.oic.prod-aks.azure.com/xxx/", "name": "fc1", "subject": "system:serviceaccount:default:sa1"}"#;
    let swapped =
        r#"{"issuer": "system:serviceaccount:default:sa1", "name": "fc1", "subject": "https://eastus.oic.prod-aks.azure.com/xxx/"}"#;
    check(shown, swapped, &[0.3, 0.8], WRONG);
    check(shown, &swapped.replace("sa1", "shop").replace("xxx", "77"), &[0.3, 0.8], WRONG);
    check(r#"{"name": "myVnet", "location": "eastus"}"#, r#"{"name": "eastus", "location": "myVnet"}"#, &[0.3, 0.8], WRONG);
    let service = "NAME  TYPE          CLUSTER-IP   EXTERNAL-IP  PORT(S)  AGE\nweb   LoadBalancer  10.0.34.242  52.188.1.81  80/TCP   3m\n";
    let swapped = service.replace("10.0.34.242  52.188.1.81", "52.188.1.81  10.0.34.242");
    check(service, &swapped, &[0.3, 0.8], WRONG);
}

#[test]
fn how_many_replicas_there_are_is_the_runs_business() {
    let nodes = "NAME                    STATUS   AGE\naks-p1-vmss000000       Ready    6m\naks-p1-vmss000001       Ready    6m\naks-p1-vmss000002       Ready    6m\n";
    check(nodes, &nodes.lines().take(3).collect::<Vec<_>>().join("\n"), &[0.3, 0.5], RIGHT);
    check(r#"["10.0.0.4", "10.0.0.5"]"#, r#"["10.224.0.4"]"#, &[0.3, 0.5], RIGHT);
    let modules =
        r#"[{"Name": "agent", "Status": "running"}, {"Name": "hub", "Status": "running"}, {"Name": "sensor", "Status": "running"}]"#;
    check(modules, r#"[{"Name": "agent", "Status": "running"}]"#, &[0.3, 0.8], WRONG);
}

#[test]
fn labels_and_chosen_values_of_yaml_may_differ() {
    let shown = "kind: ServiceAccount\nmetadata:\n  annotations:\n    azure.workload.identity/client-id: 00000000-0000-0000-0000-000000000000\n  name: workload-identity-sa\n  namespace: default\n";
    let printed = "kind: ServiceAccount\nmetadata:\n  annotations:\n    azure.workload.identity/client-id: 3f1b6a9c-2d4e-4f7a-9b1c-8e2d7a6c5b4f\n  name: shop\n  namespace: store\n  uid: 3f1b6a9c-2d4e-4f7a-9b1c-8e2d7a6c5b4f\n";
    check(shown, printed, &[0.3, 0.8], RIGHT);
    check(shown, &printed.replace("ServiceAccount", "ConfigMap"), &[0.3, 0.8], WRONG);
    check("SECRET_NAME: my-secret", "SECRET_NAME: shop", &[0.3, 0.8], RIGHT);
}

#[test]
fn another_commands_table_may_have_the_same_columns_among_many() {
    let group = "Location    Name\n----------  ----\neastus      rg1\n";
    check(group, "Location    Name    Status\n----------  ------  ---------\nwestus      shop    Succeeded\n", &[0.3, 0.8], RIGHT);
    let cluster = "Name    Location    ResourceGroup    KubernetesVersion    CurrentKubernetesVersion    ProvisioningState    Fqdn\n------  ----------  ---------------  -------------------  --------------------------  -------------------  ------\nc2      westus      rg2              1.34                 1.34.1                      Succeeded            x.y.z\n";
    check(group, cluster, &[0.3, 0.8], WRONG);
}

#[test]
fn names_of_members_may_vary_too() {
    let shown = r#"{"identity": {"userAssignedIdentities": {"/subscriptions/xxx/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1": {"clientId": "xxx", "principalId": "xxx"}}}, "upgrades": {"1.29.4": {"isPreview": "no"}}}"#;
    let printed = shown.replace("xxx", "c4b6d846-2299-44ce-81ec-3a4d7c9c2048").replace("/id1", "/shop").replace("1.29.4", "1.34.1");
    check(shown, &printed, &[0.3, 0.8], RIGHT);
    check(r#"{"a": {"1.29.4": {"x": "no"}}}"#, r#"{"a": {"other": {"x": "no"}}}"#, &[0.3, 0.8], WRONG);
}

#[test]
fn lines_may_come_between() {
    let shown = "status:\n  phase: Running\n  podIP: 10.244.0.7\n";
    check(shown, "status:\n  hostIP: 10.224.0.4\n  phase: Running\n  startTime: x\n  podIP: 10.244.1.9\n", &[0.3, 0.5], RIGHT);
    check(
        "Merged \"myAKS\" as current context in C:\\Users\\me\\.kube\\config",
        "Merged \"a\" as current context in /home/u/.kube/config",
        &[0.3, 0.8],
        RIGHT,
    );
}

#[test]
fn values_without_names_are_told_by_their_looks() {
    check("\"2026-11-21T20:21:28.123456+00:00\"", "\"2027-01-05T10:00:00+00:00\"", &[0.3, 0.8], RIGHT);
    let table = "Result\n------------\nrgErr1\ncentralindia\n";
    check(table, "Result\n------------\nshop\nwesteurope\n", &[0.3, 0.8], RIGHT);
    check("Result\n---------\nSucceeded\n", "Result\n---------\nFailed\n", &[0.3, 0.8], WRONG);
    check(r#"{"n": "myGroup", "l": "eastus"}"#, r#"{"n": "myGroup", "l": "westeurope"}"#, &[0.3, 0.8], RIGHT);
}

#[test]
fn a_state_alone_must_hold_without_a_directive_too() {
    let unmarked = |text: &str| Expectation {
        line: 1,
        fence_line: 2,
        language: String::new(),
        criterion: Criterion::Unmarked,
        text: text.to_owned(),
        comparison: Default::default(),
    };
    assert_eq!(
        judge(&unmarked("Succeeded"), b"Throttled").reason,
        "the document shows the state “Succeeded”, but the output says “Throttled”"
    );
    assert!(judge(&unmarked("Succeeded"), b"\"Succeeded\"").passed);
    assert!(judge(&unmarked("true"), b"false").passed);
}

#[test]
fn what_is_shown_word_for_word_scores_all() {
    let text = "Name:         cm1\nNamespace:    dev\nLabels:       <none>\n\nData\n====\na:\n----\nb\n\nEvents:  <none>\n";
    check(text, &format!("WARNING: in preview\n{text}"), &[1.0], RIGHT);
}

#[test]
fn a_row_with_an_empty_cell_still_tells_its_state() {
    let text = "Name    Location      KubernetesVersion    CurrentKubernetesVersion    ProvisioningState    Fqdn\n------  ------------  -------------------  --------------------------  -------------------  --------\nc2      centralindia                       1.31.8                      Succeeded            c2.x.io\n";
    check(text, &text.replace("1.31.8", "1.34"), &[0.3], RIGHT);
    check(text, &text.replace("Succeeded", "Deleting"), &[0.3, 0.8], WRONG);
}

#[test]
fn what_a_value_cannot_do_without_is_not_null() {
    let shown = r#"{"name": "shop", "clientId": "<client-id>", "fqdn": "a.b.azmk8s.io", "url": "https://a.example.com/"}"#;
    let printed =
        r#"{"name": "shop", "clientId": "c4b6d846-2299-44ce-81ec-3a4d7c9c2048", "fqdn": "x.y.azmk8s.io", "url": "https://7.example.com/"}"#;
    check(shown, printed, &[0.3, 0.8], RIGHT);
    check(shown, &printed.replace("\"c4b6d846-2299-44ce-81ec-3a4d7c9c2048\"", "null"), &[0.3, 0.8], WRONG);
    check(shown, &printed.replace("x.y.azmk8s.io", ""), &[0.3, 0.8], WRONG);
    check(shown, &printed.replace("https://7.example.com/", "10.0.0.4"), &[0.3, 0.8], WRONG);
    check(r#"{"name": "p", "count": 3, "restarts": 2}"#, r#"{"name": "p", "count": 0, "restarts": 0}"#, &[0.3, 0.8], WRONG);
    check(r#"{"name": "p", "count": 3, "restarts": 2}"#, r#"{"name": "p", "count": 5, "restarts": 0}"#, &[0.3], RIGHT);
    let form = r#"{"a": "str", "b": "str", "c": "str", "d": "str", "e": "str"}"#;
    check(r#"{"a": "web", "b": "blue", "c": "10.0.0.1", "d": "x7", "e": "Linux"}"#, form, &[0.3], WRONG);
}

#[test]
fn an_error_among_the_members_is_an_error() {
    let shown = r#"[{"name": "pool1", "count": 1}, {"name": "pool2", "count": 1}]"#;
    check(shown, &shown.replacen("1}", "1, \"errors\": [{\"code\": \"Invalid\"}]}", 1), &[0.3, 0.8], WRONG);
    check(shown, &shown.replacen("1}", "1, \"lastError\": {\"message\": \"timeout\"}}", 1), &[0.3, 0.8], WRONG);
    check(shown, &shown.replacen("1}", "1, \"errors\": [], \"lastError\": null, \"failureReason\": \"\"}", 1), &[0.3, 0.8], RIGHT);
}

#[test]
fn a_word_of_failure_in_a_name_or_label_is_none() {
    check("namespace/web created", "configmap/error-templates created\nnamespace/web created", &[0.3, 0.8], RIGHT);
    check(
        "HTTP/1.1 200 OK\nserver: nginx\nvary: Cookie",
        "HTTP/1.1 200 OK\nserver: nginx\nvary: Cookie\nx-error-rate: 0",
        &[0.3, 0.8],
        RIGHT,
    );
    let pull = "Unable to find image 'nginx:latest' locally\nlatest: Pulling from library/nginx\nStatus: Downloaded newer image for nginx:latest\n";
    check("Name: web\nPort: 80\n", &format!("{pull}Name: web\nPort: 80\n"), &[0.3], RIGHT);
}

#[test]
fn words_in_another_order_say_something_else() {
    let shown = "the web server starts now and the pods come up\nthe old replicas go away when the new ones serve\n";
    let mut words: Vec<&str> = shown.split_whitespace().collect();
    words.sort_unstable();
    check(shown, &words.join(" "), &[0.3, 0.5], WRONG);
    check(shown, &shown.replace('\n', " "), &[0.3, 0.8], RIGHT);
}

#[test]
fn values_of_labels_in_each_others_place_contradict() {
    let shown = "Name: web\nIssuer: https://a.example.com/\nSubject: system:serviceaccount:default:web\n";
    let swapped = "Name: web\nIssuer: system:serviceaccount:default:web\nSubject: https://a.example.com/\n";
    check(shown, swapped, &[0.3, 0.8], WRONG);
}

#[test]
fn a_table_whose_header_lost_its_place_is_read_by_place() {
    let shown = "         PLATFORM    STATUS\n-----  ------  ---------\nca1    linux   Creating\nca2    linux   Succeeded\n";
    check(shown, &shown.replace("Creating", "Succeeded"), &[0.3, 0.8], RIGHT);
    check(shown, &shown.replace("Creating", "Failed   "), &[0.3, 0.8], WRONG);
}

#[test]
fn states_with_ids_and_gaps_of_all_kinds_are_read() {
    check("Sync Status: Synced to main (4f2a91c)\n", "Sync Status: Synced to main (90be117)\n", &[0.3, 0.8], RIGHT);
    check("Status: Cluster in healthy state\n", "Status: Cluster in unrecoverable state\n", &[0.3, 0.8], WRONG);
    check("[REDACTED]", "https://shop.example.com/", &[0.3, 0.8], RIGHT);
    check("a=10.0.0.1:80,b=xxxx:80", "a=10.2.3.4:80,b=10.9.9.9:80", &[0.3, 0.8], RIGHT);
    check("lun 5 ene 2026 10:11:12 CET", "Mon Jan  6 09:01:02 UTC 2027", &[0.3], RIGHT);
    check("{ acknowledged: true, insertedId: ObjectId('66') }", "{ acknowledged: true, insertedId: ObjectId(\"67\") }", &[0.3], RIGHT);
}

#[track_caller]
fn vetoed(expected: &str, actual: &str, vetoed: bool) {
    let expectation = Expectation {
        line: 1,
        fence_line: 2,
        language: "output".to_owned(),
        criterion: Criterion::Unmarked,
        text: expected.to_owned(),
        comparison: Default::default(),
    };
    let verdict = judge(&expectation, actual.as_bytes());
    assert_eq!(verdict.veto.is_some(), vetoed, "{expected}\n== {actual}\n{verdict:#?}");
}

const JOBS: &str = "NAME      STATUS     AGE\nimport    Complete   3m\n";

#[test]
fn rows_may_be_called_what_they_like_but_not_be_in_a_bad_state() {
    for name in ["fatal-report-x7", "failed-login-audit", "panic-button"] {
        let more = format!("{JOBS}{name}   Complete   9d\n");
        check(JOBS, &more, &[0.3, 0.8], RIGHT);
        vetoed(JOBS, &more, false);
        let spaced = format!("NAMESPACE   NAME   READY   STATUS\nops   {name}   1/1   Running\nops   web-1   1/1   Running\n");
        vetoed("NAMESPACE   NAME   READY   STATUS\nops   web-1   1/1   Running\n", &spaced, false);
    }
    let broken = format!("{JOBS}panic-button   Failed   9d\n");
    check(JOBS, &broken, &[0.3], WRONG);
    vetoed(JOBS, &broken, true);
    vetoed(JOBS, &format!("{JOBS}error: the server is busy\n"), true);
}

#[test]
fn a_bad_state_that_the_document_shows_is_expected_in_wider_rows_too() {
    let shown = "NAME    READY   STATUS             RESTARTS\nweb-7   0/1     ImagePullBackOff   0\napi-1   1/1     Running            0\nbus-1   1/1     Running   0\ndb-0    1/1     Running   0\n";
    let wide = "NAME    READY   STATUS             RESTARTS   IP\nweb-9   0/1     ImagePullBackOff   0          10.0.0.1\napi-1   1/1     Running            0          10.0.0.2\nbus-1   1/1     Running   0   10.0.0.4\ndb-0    1/1     Running   0   10.0.0.3\n";
    check(shown, wide, &[0.3, 0.8], RIGHT);
    check(shown, &wide.replace("ImagePullBackOff", "Evicted         "), &[0.3], WRONG);
}

#[test]
fn what_was_only_tried_has_not_happened() {
    let shown = "configmap/settings created\nrole.rbac.authorization.k8s.io/reader created\n";
    for verb in ["unchanged", "configured"] {
        check(shown, &shown.replace("created", verb), &[0.3, 0.8], RIGHT);
    }
    for verb in ["created (dry run)", "created (server dry run)", "deleted", "deleted (dry run)"] {
        check(shown, &shown.replace("created", verb), &[0.3], WRONG);
        vetoed(shown, &shown.replace("created", verb), true);
    }
    check(&shown.replace("created", "created (dry run)"), &shown.replace("created", "configured (dry run)"), &[0.3, 0.8], RIGHT);
}

#[test]
fn a_value_that_was_not_filled_in_is_none() {
    let shown = "Bucket: s3://reports-7f\nOwner: Ana\nNode: 10.1.2.3\nNode: 10.1.2.4\n";
    for value in ["null", "None", "NaN", "undefined", "[object Object]", "{{ .Owner }}", "<no value>", ""] {
        check(shown, &shown.replace("Ana", value), &[0.3], WRONG);
        check(shown, &shown.replace("10.1.2.4", value), &[0.3], WRONG);
    }
    check(shown, &shown.replace("Ana", "Noor").replace("10.1.2.4", "10.9.9.9"), &[0.3, 0.8], RIGHT);
    check("Owner: None\nBucket: b\n", "Owner: null\nBucket: b\n", &[0.3], RIGHT);
    for actual in ["export STAGE=\nexport ZONE=2\n", "export STAGE= null\nexport ZONE=2\n"] {
        check("export STAGE=test\nexport ZONE=2\n", actual, &[0.3], WRONG);
    }
    check("The site is at https://a.example.com/", "The site is at", &[0.3], WRONG);
    check("The site is at https://a.example.com/", "The site is at undefined", &[0.3], WRONG);
    check("{\"title\": \"Tea\", \"pages\": 3}", "{\"title\": \"%!s(MISSING)\", \"pages\": 3}", &[0.3], WRONG);
}

#[test]
fn the_body_of_an_answer_counts_as_much_as_its_headers() {
    let shown = "HTTP/1.1 200 OK\ncontent-type: application/json\nserver: nginx\n\n{\"health\":\"pass\",\"build\":7}\n";
    check(shown, &shown.replace("build\":7", "build\":9"), &[0.3, 0.8], RIGHT);
    check(shown, &shown.replace("pass", "failing"), &[0.3], WRONG);
    check(shown, &shown.replace("{\"health\":\"pass\"", "{\"state\":\"Degraded\""), &[0.3], WRONG);
    check("Copied 4 of 4 objects", "Copied 0 of 4 objects", &[0.3], WRONG);
    check("Copied 4 of 4 objects", "Copied 9 of 9 objects", &[0.3, 0.8], RIGHT);
    check("Job exited with code 0", "Job exited with code 2", &[0.3], WRONG);
    check("The token will not expire", "The token will expire", &[0.3], WRONG);
}

#[test]
fn a_url_of_a_help_page_or_of_another_service_is_another_url() {
    for actual in ["https://aka.ms/storage-help", "https://vault7.vault.azure.net/", "https://login.microsoftonline.com/common"] {
        check("http://shop-1.lb.example.com", actual, &[0.3], WRONG);
    }
    check("http://shop-1.lb.example.com", "http://store.other.example.org", &[0.3, 0.8], RIGHT);
    check("http://<name>.example.com", "http://shop.example.com", &[0.3, 0.8], RIGHT);
}

#[test]
fn what_is_printed_twice_is_there_and_the_last_row_of_a_name_counts() {
    let twice = format!("{JOBS}---\n{JOBS}");
    check(JOBS, &twice, &[0.3, 0.8], RIGHT);
    let services = "NAME   TYPE           EXTERNAL-IP\nfront  LoadBalancer   20.1.2.3\n";
    let pending = "NAME   TYPE           EXTERNAL-IP\nfront  LoadBalancer   <pending>\n";
    check(services, &format!("{pending}front  LoadBalancer   20.9.8.7\n"), &[0.3, 0.8], RIGHT);
    check(services, pending, &[0.3], WRONG);
    check(services, &format!("{services}front  LoadBalancer   <pending>\n"), &[0.3], WRONG);
}

#[test]
fn logs_and_tools_that_break_are_told_without_a_directive() {
    let shown = "listening on port 9000\n";
    for line in [
        "[2026-03-04 10:00:09] CRITICAL: disk full",
        "ERROR 03-04 10:00:09 [main.go:7] worker failed to boot",
        "host-a : ok=3 unreachable=2 failed=0",
        "curl: (35) TLS connect error",
        "mount: /srv: unknown filesystem type",
        "{\"success\": false, \"reason\": \"no quota\"}",
        "Job for web.service failed because of a timeout.",
        "Group\n    tool : Manages.\n\nSubgroups:\n    one : First.",
    ] {
        vetoed(shown, &format!("{shown}{line}\n"), true);
    }
    for line in ["FutureWarning: errors='raise' will go", "host-a : ok=3 unreachable=0 failed=0", "{\"success\": true}"] {
        vetoed(shown, &format!("{shown}{line}\n"), false);
    }
    vetoed("VM starting", "VM stopped", true);
    vetoed("NAME   READY\nweb    True\n", "NAME   READY\nweb    Unknown\n", true);
    vetoed(
        "Release \"a\" does not exist. Installing it now.\nNAME: a\nSTATUS: deployed\nREVISION: 1\n",
        "[pod/x/y] Release \"a\" does not exist. Installing it now.\n[pod/x/y] NAME: a\n",
        false,
    );
}

#[test]
fn a_number_is_not_found_in_a_page() {
    let page = "<html>\n<body>\n<center>nginx/1</center>\n</body>\n</html>";
    check("42", page, &[0.3], WRONG);
    check("eu-7", page, &[0.3], WRONG);
}
