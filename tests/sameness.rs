//! One seed, one report: two runs of a document differ in times and in nothing else.

use serde_json::Value;

use crate::support::test_document;

/// Without the fields that tell of wall time.
fn timeless(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "started" && !name.ends_with("duration_ms"))
            .map(|(name, value)| (name.clone(), timeless(value)))
            .collect(),
        Value::Array(items) => items.iter().map(timeless).collect(),
        other => other.clone(),
    }
}

/// What is printed, without times: they stand at the ends of lines.
fn printed(text: &str) -> String {
    let is_time = |word: &str| matches!(word, "ms" | "s" | "µs") || word.parse::<f64>().is_ok();
    let lines = text.lines().map(|line| {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        if line.trim_start().starts_with(['✓', '✗']) {
            while words.last().is_some_and(|word| is_time(word)) {
                words.pop();
            }
        }
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_same(document: &str, arguments: &[&str]) {
    let (first, second) = (test_document(document, arguments), test_document(document, arguments));
    assert!(first.report["runbooks"][0]["steps"].is_array(), "{}{}", first.stdout, first.stderr);
    assert_eq!(timeless(&first.report), timeless(&second.report));
    assert_eq!(printed(&first.stdout), printed(&second.stdout));
    assert_eq!((first.code, &first.stderr), (second.code, &second.stderr));
}

const SHELL: &str = r#"# Plain

```bash
export A=$RANDOM
echo $A $RANDOM $HOME $TMPDIR $PWD $USER $0
pwd; cd /; cd -; cd "$TMPDIR"; pwd
f() { ls /nonexistent | cat; nosuchcommand_in_function || true; }
f
nosuchcommand || true
env | sort | cut -d= -f1,2 | grep -v '^_='
set -o | grep -c on
declare -p | grep -v -e docent -e '^declare -[a-z-]* \(BASHPID\|PPID\|EPOCH[A-Z]*\|SRANDOM\|SECONDS\|BASHOPTS\|BASH_[A-Z]*\|_\)' | head -40
```

```bash
cat <(ls /nonexistent)
echo $((1/0))
```

```bash
echo "$((RANDOM % 100))"; f
exit 3
```

```bash
echo 'an open quote
```

```bash
echo $RANDOM $A
trap 'echo bye' EXIT
X=$(ls "$HOME/nothing" | sort)
ls "$TMPDIR/nothing" "$PWD/nothing"
```
"#;

#[test]
fn a_plain_document_gives_the_same_report_twice() {
    assert_same(SHELL, &["--target", "none"]);
    assert_same(SHELL, &["--target", "none", "--seed", "7", "-v"]);
}

const AZURE: &str = r#"# Azure

```bash
export SUFFIX=$(openssl rand -hex 4)
export GROUP="rg-$SUFFIX-$RANDOM"
az group create --name "$GROUP" --location westeurope
date -u
```

```bash
az identity create --name "id-$SUFFIX" --resource-group "$GROUP"
az keyvault create --name "kv-$SUFFIX" --resource-group "$GROUP" --location westeurope
az keyvault secret set --vault-name "kv-$SUFFIX" --name s --value v
```

```bash
az aks create --name c --resource-group "$GROUP" --node-count 1 --enable-oidc-issuer --enable-workload-identity --generate-ssh-keys
az aks get-credentials --name c --resource-group "$GROUP"
kubectl get nodes,pods --all-namespaces -o yaml
kubectl version
```

```bash
env | sort | grep -v '^_='
cat "$KUBECONFIG" | grep -v -e certificate -e client-key -e token
az account show
az group show --name nope
```
"#;

#[test]
fn a_document_about_azure_gives_the_same_report_twice() {
    assert_same(AZURE, &[]);
}

#[test]
fn another_seed_gives_another_report() {
    let (zero, one) = (test_document(AZURE, &[]), test_document(AZURE, &["--seed", "1"]));
    assert_ne!(zero.steps()[0]["stdout"], one.steps()[0]["stdout"]);
}
