//! Real kubectl against the API server over a real socket. Skipped by name where there is none.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tokio::runtime::Runtime;

use super::model::{NodePool, Settings};
use crate::cloud::{ClockMode, Cloud, CloudOptions, Profile};

const HOST: &str = "c-1.hcp.eastus.azmk8s.io";

/// Where the binaries of the Cloud SDK are; `kubectl` on PATH may be its dispatcher, which picks a client by the server's version.
const SDK: &str = "/usr/lib/google-cloud-sdk/bin";

/// A running cloud with one cluster, and a home for clients.
struct Bench {
    runtime: Runtime,
    cloud: Option<Cloud>,
    home: tempfile::TempDir,
}

/// What a client left behind.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Bench {
    fn new() -> Bench {
        let runtime = Runtime::new().expect("a runtime");
        let clock = ClockMode::Virtual { start: "2026-01-01T00:00:00Z".parse().expect("a time") };
        let cloud = runtime.block_on(Cloud::start(CloudOptions { seed: 0, clock, profile: Profile::default() })).expect("a cloud");
        let issued = cloud.shared.authority().issue_client("masterclient", &["system:masters"]).expect("a certificate");
        {
            let mut state = cloud.shared.state();
            let now = state.now();
            let pool = NodePool {
                name: "nodepool1".into(),
                count: 3,
                vm_size: "standard_d2s_v3".into(),
                mode: "system".into(),
                node_image: "i".into(),
                max_pods: 250,
            };
            let settings = Settings {
                resource_id: "/subscriptions/s/resourcegroups/rg/providers/Microsoft.ContainerService/managedClusters/c".into(),
                subscription: "s".into(),
                node_resource_group: "MC_rg_c_eastus".into(),
                location: "eastus".into(),
                fqdn: HOST.into(),
                git_version: "v1.34.5".into(),
                tenant_id: "tenant".into(),
                issuer_url: "https://eastus.oic.prod-aks.azure.com/tenant/guid/".into(),
                workload_identity: true,
                entra: None,
                pools: vec![pool],
            };
            super::provision(&mut state, settings, &issued.certificate_pem, "static", now);
        }
        cloud.advance(std::time::Duration::from_secs(60));
        let home = tempfile::tempdir().expect("a directory");
        let put = |name: &str, text: &str| std::fs::write(home.path().join(name), text).expect("a writable directory");
        put("ca.pem", cloud.ca_pem());
        put("client.pem", &issued.certificate_pem);
        put("client.key", &issued.key_pem);
        let config = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: 'https://{HOST}:443', certificate-authority: ca.pem}}}}]\n\
             contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\nusers: [{{name: u, user: {{client-certificate: client.pem, client-key: client.key}}}}]\n"
        );
        put("config", &config);
        Bench { runtime, cloud: Some(cloud), home }
    }

    fn run(&self, program: &Path, arguments: &[&str], input: &str) -> Outcome {
        let cloud = self.cloud.as_ref().expect("dropped only at the end");
        let proxy = format!("http://{}", cloud.proxy_address());
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("KUBECONFIG", self.home.path().join("config"))
            .env("HTTPS_PROXY", &proxy)
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was found");
        let mut stdin = child.stdin.take().expect("piped");
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Outcome { status: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _guard = self.runtime.enter();
        self.cloud = None;
    }
}

/// The oldest and the newest kubectl here; none is said by name.
#[expect(clippy::print_stderr, reason = "a check that cannot run here says so")]
fn clients() -> Vec<PathBuf> {
    let found: Vec<PathBuf> =
        ["kubectl.1.27", "kubectl.1.33"].iter().map(|name| Path::new(SDK).join(name)).filter(|path| path.exists()).collect();
    if found.is_empty() {
        eprintln!("skipped: no kubectl.1.27 or kubectl.1.33 in {SDK}");
    }
    found
}

/// One command: arguments, standard input, exit status, and what standard output and standard error say exactly.
type Case = (&'static str, &'static str, i32, &'static str, &'static str);

const ACCOUNT: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: wi-sa, namespace: default, annotations: {azure.workload.identity/client-id: '1'}}\n";
const OTHER_ACCOUNT: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: wi-sa, namespace: default, annotations: {azure.workload.identity/client-id: '2'}}\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: default, labels: {a: b}}\nspec:\n  serviceAccountName: wi-sa\n  containers:\n  - {name: c, image: 'x:1', env: [{name: X, value: '5'}]}\n";
const MISSING_ACCOUNT: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: default}\nspec: {serviceAccountName: nope, containers: [{name: c, image: 'x:1'}]}\n";
const UNKNOWN_FIELD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: x3, namespace: default}\nlabels: {a: b}\nspec: {bogus: 1, containers: [{name: c, image: 'x:1'}]}\n";
const NO_CONTAINERS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: x3, namespace: default}\nspec: {}\n";

const CASES: &[Case] = &[
    ("apply -f -", ACCOUNT, 0, "serviceaccount/wi-sa created\n", ""),
    ("apply -f -", ACCOUNT, 0, "serviceaccount/wi-sa unchanged\n", ""),
    ("apply -f -", OTHER_ACCOUNT, 0, "serviceaccount/wi-sa configured\n", ""),
    ("apply -f -", POD, 0, "pod/p created\n", ""),
    ("apply -f -", POD, 0, "pod/p unchanged\n", ""),
    ("apply --dry-run=server -f -", POD, 0, "pod/p unchanged (server dry run)\n", ""),
    ("apply --server-side -f -", POD, 0, "pod/p serverside-applied\n", ""),
    (
        "apply -f -",
        MISSING_ACCOUNT,
        1,
        "",
        "Error from server (Forbidden): error when creating \"STDIN\": pods \"x\" is forbidden: error looking up service account default/nope: serviceaccount \"nope\" not found\n",
    ),
    (
        "apply -f -",
        UNKNOWN_FIELD,
        1,
        "",
        "Error from server (BadRequest): error when creating \"STDIN\": Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"labels\", unknown field \"spec.bogus\"\n",
    ),
    ("apply -f -", NO_CONTAINERS, 1, "", "The Pod \"x3\" is invalid: spec.containers: Required value\n"),
    ("get pods", "", 0, "NAME   READY   STATUS              RESTARTS   AGE\np      0/1     ContainerCreating   0          0s\n", ""),
    ("get pods -l a=b,!z -o name", "", 0, "pod/p\n", ""),
    ("get pods --field-selector status.phase=Running", "", 0, "", "No resources found in default namespace.\n"),
    ("get pod p -o jsonpath={.spec.containers[0].image}", "", 0, "x:1", ""),
    ("get pod nope", "", 1, "", "Error from server (NotFound): pods \"nope\" not found\n"),
    ("get podz", "", 1, "", "error: the server doesn't have a resource type \"podz\"\n"),
    ("label pod p x=y", "", 0, "pod/p labeled\n", ""),
    ("patch pod p -p {\"metadata\":{\"labels\":{\"x\":\"y\"}}}", "", 0, "pod/p patched (no change)\n", ""),
    ("patch pod p --type=json -p [{\"op\":\"remove\",\"path\":\"/metadata/labels/x\"}]", "", 0, "pod/p patched\n", ""),
    ("create namespace dev", "", 0, "namespace/dev created\n", ""),
    ("create namespace dev", "", 1, "", "Error from server (AlreadyExists): namespaces \"dev\" already exists\n"),
    ("create serviceaccount bob -n dev", "", 0, "serviceaccount/bob created\n", ""),
    ("create secret generic s1 --from-literal=a=b -n dev", "", 0, "secret/s1 created\n", ""),
    ("create configmap cm1 --from-literal=a=b -n dev", "", 0, "configmap/cm1 created\n", ""),
    ("create role r --verb=get,list --resource=pods,pods/log -n dev", "", 0, "role.rbac.authorization.k8s.io/r created\n", ""),
    (
        "create rolebinding rb --role=r --user=alice --serviceaccount=dev:bob -n dev",
        "",
        0,
        "rolebinding.rbac.authorization.k8s.io/rb created\n",
        "",
    ),
    ("create token nope -n dev", "", 1, "", "error: failed to create token: serviceaccounts \"nope\" not found\n"),
    ("get secret s1 -n dev", "", 0, "NAME   TYPE     DATA   AGE\ns1     Opaque   1      0s\n", ""),
    ("get rolebinding -n dev", "", 0, "NAME   ROLE     AGE\nrb     Role/r   0s\n", ""),
    ("get pods -n dev --as=alice", "", 0, "", "No resources found in dev namespace.\n"),
    (
        "get secrets -n dev --as=alice",
        "",
        1,
        "",
        "Error from server (Forbidden): secrets is forbidden: User \"alice\" cannot list resource \"secrets\" in API group \"\" in the namespace \"dev\"\n",
    ),
    ("auth can-i list pods -n dev --as=alice", "", 0, "yes\n", ""),
    ("auth can-i delete pods -n dev --as=alice", "", 1, "no\n", ""),
    ("auth can-i get pods --subresource=log -n dev --as=system:serviceaccount:dev:bob", "", 0, "yes\n", ""),
    (
        "describe serviceaccount bob -n dev",
        "",
        0,
        "Name:                bob\nNamespace:           dev\nLabels:              <none>\nAnnotations:         <none>\nImage pull secrets:  <none>\nMountable secrets:   <none>\nTokens:              <none>\nEvents:              <none>\n",
        "",
    ),
    ("logs p", "", 1, "", "Error from server (BadRequest): container \"c\" in pod \"p\" is waiting to start: ContainerCreating\n"),
    (
        "create deployment web --image=nginx",
        "",
        1,
        "",
        "error: failed to create deployment: creating a Deployment is not emulated by docent's embedded cluster\n",
    ),
    ("get --raw /readyz", "", 0, "ok", ""),
    ("delete pod p", "", 0, "pod \"p\" deleted\n", ""),
    ("delete pod p", "", 1, "", "Error from server (NotFound): pods \"p\" not found\n"),
    ("delete namespace dev", "", 0, "namespace \"dev\" deleted\n", ""),
    (
        "get namespaces",
        "",
        0,
        "NAME              STATUS   AGE\ndefault           Active   60s\nkube-node-lease   Active   60s\nkube-public       Active   60s\nkube-system       Active   60s\n",
        "",
    ),
];

#[test]
fn real_clients_say_what_they_say_to_a_real_cluster() {
    for client in clients() {
        let bench = Bench::new();
        for (arguments, input, status, stdout, stderr) in CASES {
            let words: Vec<&str> = arguments.split(' ').collect();
            let outcome = bench.run(&client, &words, input);
            let expected = Outcome { status: *status, stdout: (*stdout).to_owned(), stderr: (*stderr).to_owned() };
            assert_eq!(outcome, expected, "{} {arguments}", client.display());
        }
    }
}

#[test]
fn certificates_and_tokens_authenticate_over_tls() {
    for client in clients() {
        let bench = Bench::new();
        let token = bench.run(&client, &["create", "token", "default"], "");
        assert_eq!((token.status, token.stdout.split('.').count()), (0, 3), "{token:?}");
        let config = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: 'https://{HOST}:443', certificate-authority: ca.pem}}}}]\n\
             contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\nusers: [{{name: u, user: {{token: '{}'}}}}]\n",
            token.stdout.trim()
        );
        let path = bench.home.path().join("token-config");
        std::fs::write(&path, config).expect("a writable directory");
        let path = path.to_str().expect("UTF-8");
        let list = bench.run(&client, &["--kubeconfig", path, "get", "pods"], "");
        let refusal = "Error from server (Forbidden): pods is forbidden: User \"system:serviceaccount:default:default\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"\n";
        assert_eq!((list.status, list.stderr.as_str()), (1, refusal), "{}", client.display());
        std::fs::write(path, std::fs::read_to_string(path).expect("just written").replace("token: '", "token: 'x")).expect("writable");
        let unknown = bench.run(&client, &["--kubeconfig", path, "get", "pods"], "");
        assert!(unknown.stderr.contains("You must be logged in to the server"), "{unknown:?}");
    }
}

#[test]
fn a_client_that_waits_sees_the_pod_become_ready_and_then_reads_its_log() {
    for client in clients() {
        let bench = Bench::new();
        let unlabelled = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: default}\nspec:\n  containers:\n  - {name: c, image: nginx}\n  - {name: d, image: \
                          ghcr.io/azure/azure-workload-identity/msal-go, env: [{name: KEYVAULT_URL, value: 'https://x/'}, {name: SECRET_NAME, value: s}]}\n";
        bench.run(&client, &["apply", "-f", "-"], unlabelled);
        bench.run(
            &client,
            &["apply", "-f", "-"],
            &unlabelled.replace("name: p,", "name: q,").replace("name: d,", "name: d, command: [sleep, '9999'],"),
        );
        let wait = bench.run(&client, &["wait", "--for=condition=Ready", "pod/q", "--timeout=30s"], "");
        assert_eq!((wait.status, wait.stdout.as_str()), (0, "pod/q condition met\n"), "{}: {wait:?}", client.display());
        let log = bench.run(&client, &["logs", "p", "-c", "d"], "");
        assert!(log.stdout.ends_with(" main.go:34] AZURE_CLIENT_ID environment variable is not set\n"), "{log:?}");
        let described = bench.run(&client, &["describe", "pod", "q"], "").stdout;
        for part in [
            "Status:           Running\n",
            "IP:               10.244.",
            "Image ID:       docker.io/library/nginx@sha256:",
            "Started container d",
        ] {
            assert!(described.contains(part), "no {part:?} in:\n{described}");
        }
    }
}
