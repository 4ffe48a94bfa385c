//! The built-in clients against the real ones: the same commands, the same cloud, and the same bytes on both streams.
//!
//! `az` is taken from the variable `DOCENT_TEST_AZ` or the search path, `kubectl` from `DOCENT_TEST_KUBECTL` or the search path; what is
//! absent is skipped by name. Every `az` costs about a second, so each command here earns its place.

use std::{
    env,
    ffi::OsString,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use regex::Regex;

/// How long the commands of one client may take together, in seconds.
const BOUND_SECONDS: &str = "300";
/// The minor version of kubectl that the built-in one follows; wordings differ from one to the next.
const FOLLOWED_KUBECTL: u32 = 33;

/// Lines that begin with `@` prepare and are not compared.
const AZ: &str = r#"
@SUB=$(grep -o '"id": *"[0-9a-f-]*"' "$AZURE_CONFIG_DIR/azureProfile.json" | head -n 1 | cut -d '"' -f 4)
@VAULT="/subscriptions/$SUB/resourceGroups/rg1/providers/Microsoft.KeyVault/vaults/kv-differ"
az account show -o table
az account show --query "{b: name, a: user.type}" -o tsv
az ad signed-in-user show --query objectId -o tsv
az ad signed-in-user show -o yaml
az group create -n rg1
az group create -n rg1 -l westeurope -o xml
az group create -n '' -l westeurope
az group create -n rg1 -l westeurope --tags a=b 'c=d e'
az group create -n rg1 -l eastus
az group show -n nope
az group list -o table
az group delete -n rg1
az group list --query '[?name'
az identity create -g rg1 -n id1
az identity federated-credential create -g rg1 --identity-name id1 -n cred1 --issuer https://a.b/c/ --subject system:serviceaccount:default:sa --audience api://AzureADTokenExchange
az identity federated-credential create -g rg1 --identity-name id1 -n cred2 --issuer https://a.b/c/ --subject system:serviceaccount:default:sa
az aks create -g rg1 -n c1 --enable-workload-identity
az aks create -g rg1 -n c1 --enable-oidc-issuer --enable-workload-identity --generate-ssh-keys
az aks create -g rg1 -n c_1_ --no-ssh-key
az aks create -g nope -n c1 --no-ssh-key
az aks show -g rg1 -n c1 -o table
az aks update -g rg1 -n c1 --enable-workload-identity --disable-workload-identity
az aks update -g rg1 -n c1 --disable-workload-identity --query securityProfile
az aks get-credentials -g rg1 -n c1
stat -c %a ~/.ssh "$KUBECONFIG"
az aks get-credentials -g rg1 -n nope
az keyvault create -n kv-differ -g nope
az keyvault create -n kv-differ -g rg1 -l westeurope --enable-purge-protection --enable-rbac-authorization
az keyvault show -g '' -n kv-differ --query properties.vaultUri -o tsv
az keyvault secret set --vault-name kv-differ -n s1 --value 'Hello\!'
az role assignment create --assignee '' --role Reader --scope "$VAULT"
az role assignment create --assignee reader@docentlab.onmicrosoft.com --role 'Key Vault Secrets Officer' --scope "$VAULT"
az role assignment create --assignee reader@docentlab.onmicrosoft.com --role 'Key Vault Secrets Officer' --scope "$VAULT"
az keyvault secret set --vault-name kv-differ -n s1 --value 'Hello\!'
az keyvault secret set --vault-name kv-differ -n s2 --file nosuchfile
az keyvault secret show --vault-name kv-differ -n s1 --query value -o tsv
az keyvault secret show --vault-name kv-differ -n nope
az keyvault secret delete --vault-name kv-differ -n nope
az keyvault secret show --vault-name '' -n s1
az group delete -n rg1 --yes
az group exists -n rg1
"#;

const KUBECTL: &str = r#"
@az group create -n rg1 -l westeurope
@az aks create -g rg1 -n c1 --enable-oidc-issuer --enable-workload-identity --no-ssh-key
@az aks get-credentials -g rg1 -n c1
@printf 'apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: sa1\n  annotations:\n    azure.workload.identity/client-id: "abc"\n' >account.yaml
@printf 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: p1\n  labels:\n    azure.workload.identity/use: "true"\nspec:\n  serviceAccountName: sa1\n  containers:\n    - name: main\n      image: nginx\n      env:\n        - name: A\n          value: b\n' >pod.yaml
@sed 's/^  *//' pod.yaml >damaged.yaml
@sed 's/image:/imagge:/' pod.yaml >misspelt.yaml
@cat account.yaml <(echo ---) pod.yaml >both.yaml
$KUBECTL get nodes -o name
$KUBECTL get ns
$KUBECTL get pods
$KUBECTL get pods -o json
$KUBECTL get podz
$KUBECTL get pod p1
$KUBECTL apply -f nope.yaml
$KUBECTL apply -f - <damaged.yaml
$KUBECTL apply -f - <misspelt.yaml
$KUBECTL apply -f account.yaml
$KUBECTL apply -f both.yaml
$KUBECTL wait --for=condition=Ready pod/p1 --timeout=2m
$KUBECTL apply -f both.yaml
$KUBECTL get sa sa1 -o yaml
$KUBECTL get pod p1 -o jsonpath='{.spec.containers[0].env[*].name}'
$KUBECTL get pod p1 -o json
$KUBECTL get pods -L azure.workload.identity/use --show-labels
$KUBECTL get pod p1 --watch=false -o name
$KUBECTL describe pod p1
$KUBECTL describe sa sa1
$KUBECTL describe ns default
$KUBECTL describe pod nope
$KUBECTL logs nope
$KUBECTL logs p1 -c nope
$KUBECTL create ns dev
$KUBECTL create ns dev
$KUBECTL create ns dev2 -o json
$KUBECTL create configmap c1 -n dev --from-literal=a=b
$KUBECTL get cm c1 -n dev -o yaml
$KUBECTL create secret generic s1 --from-literal=user=admin
$KUBECTL get secret s1 -o jsonpath='{.data.user}'
$KUBECTL create token nope
$KUBECTL label pod p1 a=b
$KUBECTL label pod p1 a=c
$KUBECTL auth can-i get pods
$KUBECTL auth can-i get secrets --as=system:serviceaccount:default:sa1
$KUBECTL config current-context
$KUBECTL config get-contexts
$KUBECTL config use-context nope
$KUBECTL get pods --context nope
$KUBECTL delete -f both.yaml
$KUBECTL delete pod p1
$KUBECTL delete ns dev --wait=false
"#;

#[test]
fn the_built_in_az_prints_what_the_real_one_prints() {
    let Some(az) = client("DOCENT_TEST_AZ", "az") else {
        return skipped("the_built_in_az_prints_what_the_real_one_prints", "there is no az: set DOCENT_TEST_AZ to one");
    };
    let beside = az.parent().map(Path::to_owned).unwrap_or_default();
    let builtin = Run { clients: "builtin", first: None, kubectl: "kubectl".into() }.of(AZ);
    let system = Run { clients: "system", first: Some(beside), kubectl: "kubectl".into() }.of(AZ);
    compare(&builtin, &system);
}

#[test]
fn the_built_in_kubectl_prints_what_the_real_one_prints() {
    let name = "the_built_in_kubectl_prints_what_the_real_one_prints";
    let Some(kubectl) = client("DOCENT_TEST_KUBECTL", "kubectl").map(of_the_version) else {
        return skipped(name, "there is no kubectl: set DOCENT_TEST_KUBECTL to one");
    };
    match minor_version(&kubectl) {
        Some(FOLLOWED_KUBECTL) => {}
        found => {
            let found = found.map_or("of an unknown version".to_owned(), |minor| format!("1.{minor}"));
            return skipped(name, &format!("{} is {found}, and the built-in one follows 1.{FOLLOWED_KUBECTL}", kubectl.display()));
        }
    }
    let run = |kubectl: OsString| Run { clients: "builtin", first: None, kubectl }.of(KUBECTL);
    compare(&run("kubectl".into()), &run(kubectl.into_os_string()));
}

#[expect(clippy::print_stderr, reason = "what was skipped, and why, must be seen")]
fn skipped(test: &str, reason: &str) {
    eprintln!("skipped {test}: {reason}");
}

/// The real client: where the variable says, else the first of that name on the search path.
fn client(variable: &str, name: &str) -> Option<PathBuf> {
    let given = env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    given.or_else(|| env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())).filter(|file| file.is_file())
}

/// Some distributions put a client of each version beside one that chooses among them.
fn of_the_version(kubectl: PathBuf) -> PathBuf {
    let found = fs::canonicalize(&kubectl).unwrap_or_else(|_| kubectl.clone());
    let versioned = found.with_file_name(format!("kubectl.1.{FOLLOWED_KUBECTL}"));
    if versioned.is_file() { versioned } else { kubectl }
}

fn minor_version(kubectl: &Path) -> Option<u32> {
    let output = Command::new(kubectl).args(["version", "--client", "-o", "json"]).stdin(Stdio::null()).output().ok()?;
    let version: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    version["clientVersion"]["minor"].as_str()?.trim_end_matches('+').parse().ok()
}

/// One way to run the commands.
struct Run {
    clients: &'static str,
    /// A folder that comes first on the search path.
    first: Option<PathBuf>,
    kubectl: OsString,
}

/// What one command did.
#[derive(PartialEq, Eq)]
struct Ended {
    command: String,
    status: String,
    stdout: String,
    stderr: String,
}

impl Run {
    #[track_caller]
    fn of(&self, commands: &str) -> Vec<Ended> {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let mut script = String::from("cd \"$HOME\" && mkdir work && cd work || exit\n");
        let mut compared = Vec::new();
        for command in commands.lines().filter(|line| !line.is_empty()) {
            match command.strip_prefix('@') {
                Some(preparing) => writeln!(script, "{preparing}"),
                None => {
                    compared.push(command);
                    let at = compared.len();
                    writeln!(script, "{{ {command}\n}} >\"$RECORDS/{at}.out\" 2>\"$RECORDS/{at}.err\"; echo $? >\"$RECORDS/{at}.status\"")
                }
            }
            .expect("a String can be written to");
        }
        let file = folder.path().join("script.sh");
        fs::write(&file, script).expect("a scratch file");
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(self.first.iter().cloned().chain(env::split_paths(&path))).expect("a search path");
        let output = Command::new(env!("CARGO_BIN_EXE_docent"))
            .args(["cloud", "exec", "--seed", "7", "--cli", self.clients, "--", "timeout", BOUND_SECONDS, "bash"])
            .arg(&file)
            .env("PATH", path)
            .env("KUBECTL", &self.kubectl)
            .env("RECORDS", folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        assert!(
            output.status.success(),
            "{} clients: {}\n{}{}",
            self.clients,
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let read = |at: usize, what: &str| {
            let bytes = fs::read(folder.path().join(format!("{at}.{what}"))).expect("every command leaves its record");
            normalised(&String::from_utf8_lossy(&bytes))
        };
        let ended = |(index, command): (usize, &&str)| Ended {
            command: (*command).to_owned(),
            status: read(index + 1, "status"),
            stdout: read(index + 1, "out"),
            stderr: read(index + 1, "err"),
        };
        compared.iter().enumerate().map(ended).collect()
    }
}

/// The text without what two runs cannot have in common, and without the help that is not ours to repeat.
fn normalised(text: &str) -> String {
    let rules = [
        (r"/[^ '\n]*/docent-[A-Za-z0-9]+", "<home>"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<guid>"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?", "<time>"),
        (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000", "<date>"),
        (r"ssh-rsa [A-Za-z0-9+/=]+", "ssh-rsa <key>"),
        // The real kubectl counts ages on the wall, which a cloud that waited for its operations has left behind.
        (r"Age +From", "Age From"),
        (r"(---- +------ +----) +(----)", "$1 $2"),
        (r"AGE +", "AGE "),
        (r"(<invalid>|\b\d+[smhd](\d+[smh])?\b) *", "<age> "),
        (r"(?s)\nExamples from command's help:\n.*?\n(\nhttps://aka.ms/cli_ref)", "$1"),
    ];
    rules.iter().fold(text.to_owned(), |text, (pattern, instead)| {
        Regex::new(pattern).expect("a valid pattern").replace_all(&text, *instead).into_owned()
    })
}

#[track_caller]
fn compare(builtin: &[Ended], system: &[Ended]) {
    let mut differences = String::new();
    for (ours, theirs) in builtin.iter().zip(system).filter(|(ours, theirs)| ours != theirs) {
        let _ = writeln!(differences, "## {}", ours.command);
        for (what, ours, theirs) in
            [("status", &ours.status, &theirs.status), ("stdout", &ours.stdout, &theirs.stdout), ("stderr", &ours.stderr, &theirs.stderr)]
        {
            if ours != theirs {
                let _ = writeln!(differences, "{what}, the real client:\n{theirs}\n{what}, the built-in client:\n{ours}");
            }
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

/// The runbook that proves who may do what, driven by the real clients: each step ends as with the built-in ones.
#[test]
fn the_real_clients_come_to_the_same_verdicts_about_access() {
    let name = "the_real_clients_come_to_the_same_verdicts_about_access";
    let Some(az) = client("DOCENT_TEST_AZ", "az") else {
        return skipped(name, "there is no az: set DOCENT_TEST_AZ to one");
    };
    let Some(kubectl) = client("DOCENT_TEST_KUBECTL", "kubectl") else {
        return skipped(name, "there is no kubectl: set DOCENT_TEST_KUBECTL to one");
    };
    let verdicts = |clients: &str| -> Vec<(String, String)> {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let document = crate::support::root().join("runbooks/aks-access-and-identity.md");
        fs::copy(document, folder.path().join("access.md")).expect("a scratch file");
        let beside = [&az, &kubectl].into_iter().filter_map(|client| client.parent()).map(Path::to_owned);
        let path = env::join_paths(beside.chain(env::split_paths(&env::var_os("PATH").unwrap_or_default()))).expect("a search path");
        let words = ["test", "access.md", "--cli", clients, "--report", "json=report.json", "--run-timeout", "300s"];
        let ended = crate::support::docent_with(folder.path(), &words, &[("PATH", &path.to_string_lossy())]);
        let text = |step: &serde_json::Value, member: &str| step[member].as_str().unwrap_or_default().to_owned();
        let verdicts: Vec<_> = ended.steps().iter().map(|step| (text(step, "id"), text(step, "status"))).collect();
        assert!(verdicts.len() > 20, "{clients}: {}{}", ended.stdout, ended.stderr);
        verdicts
    };
    let real = verdicts("system");
    assert!(real.iter().all(|(_, status)| status == "passed"), "{real:?}");
    assert_eq!(real, verdicts("builtin"));
}
