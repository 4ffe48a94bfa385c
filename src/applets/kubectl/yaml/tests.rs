//! Values and messages measured with kubectl 1.32, and a comparison with the kubectl of this machine where there is one.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{to_json, to_yaml};

#[track_caller]
fn fails(text: &str, message: &str) {
    match to_json(text.as_bytes()) {
        Ok(value) => panic!("{text:?} was read as {value}"),
        Err(error) => assert_eq!(error.to_string(), message, "for {text:?}"),
    }
}

#[track_caller]
fn reads(text: &str, value: Value) {
    assert_eq!(to_json(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}")), value, "for {text:?}");
}

#[test]
fn a_pod_whose_keys_lost_their_indentation_fails_at_the_line_that_kubectl_names() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\nname: x\nnamespace: default\nlabels:\n    a: \"true\"\nspec:\nserviceAccountName: s\ncontainers:\n    - image: i\n    name: oidc\n";
    fails(text, "yaml: line 11: did not find expected '-' indicator");
}

#[test]
fn common_mistakes_have_the_texts_of_go_yaml() {
    fails("a:\n\tb: c\n", "yaml: line 2: found character that cannot start any token");
    fails("a: b\n c: d\n", "yaml: line 2: mapping values are not allowed in this context");
    fails("a: b: c\n", "yaml: mapping values are not allowed in this context");
    fails("a: 1\nbogus\nb: 2\n", "yaml: line 3: could not find expected ':'");
    fails("a: \"open\n", "yaml: line 2: found unexpected end of stream");
    fails("a: [1, 2\nb: 3\n", "yaml: line 1: did not find expected ',' or ']'");
    fails("a: - b\n", "yaml: block sequence entries are not allowed in this context");
    fails("a:\n  b: 1\n c: 2\n", "yaml: line 2: did not find expected key");
    fails("a: *x\n", "yaml: unknown anchor 'x' referenced");
    fails("a: {{ name }}\n", "yaml: invalid map key: map[interface {}]interface {}{\"name\":interface {}(nil)}");
}

#[test]
fn plain_scalars_have_the_types_of_yaml_1_1() {
    reads(
        "[yes, off, n, 0644, 0o644, 1_000, 1e3, 1.20, ~, '', 1:30, 2001-01-02]",
        json!([true, false, false, 420, 420, 1000, 1000, 1.2, null, "", "1:30", "2001-01-02"]),
    );
    reads("{n: 1, 1: a, 1.5: b}", json!({"false": 1, "1": "a", "1.5": "b"}));
    reads("!!str 12", json!("12"));
}

#[test]
fn merge_keys_and_repeated_keys_resolve_as_go_yaml_does() {
    reads("x: &x {a: 1, b: 2}\nz:\n  <<: *x\n  b: 3\na: 1\na: 2\n", json!({"x": {"a": 1, "b": 2}, "z": {"a": 1, "b": 3}, "a": 2}));
}

#[test]
fn block_scalars_fold_and_chomp() {
    reads("a: |\n  x\n  y\n\nb: >-\n  x\n  y\n\n  z\n", json!({"a": "x\ny\n", "b": "x y\nz"}));
    reads("a: |2+\n   x\n\n", json!({"a": " x\n\n"}));
}

#[test]
fn an_alias_bomb_and_bottomless_nesting_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    fails(&bomb, "yaml: document contains excessive aliasing");
    assert!(to_json("[".repeat(100_000).as_bytes()).is_err());
}

#[test]
fn values_are_written_as_kubectl_writes_them() {
    let value = json!({"b": "true", "a10": 1, "a2": [], "l": [{"k": "v", "c": {}}, [1, "x: y"]], "m": "one\ntwo\n", "t": "2026-01-01T00:00:00Z", "e": ""});
    assert_eq!(
        to_yaml(&value),
        "a2: []\na10: 1\nb: \"true\"\ne: \"\"\nl:\n- c: {}\n  k: v\n- - 1\n  - 'x: y'\nm: |\n  one\n  two\nt: \"2026-01-01T00:00:00Z\"\n"
    );
}

#[test]
fn a_merge_key_that_is_only_a_name_is_quoted_and_empty_lines_at_the_end_are_kept() {
    // Measured with kubectl 1.33, `create configmap --dry-run=client`.
    assert_eq!(to_yaml(&json!({"data": {"a": "\n", "b": " a\n\n"}})), "data:\n  a: |2+\n\n  b: |2+\n     a\n\n");
    assert_eq!(to_yaml(&json!({"<<": "x"})), "\"<<\": x\n");
    reads("\"<<\": x\n", json!({"<<": "x"}));
}

/// A manifest with something of everything.
const MANIFEST: &str = "apiVersion: v1
kind: Pod
metadata:
  name: sample
  labels:
    a.b/use: \"true\"
    tier: 'x'
spec:
  containers:
    - image: ghcr.io/x/y:1
      name: oidc
      env:
      - name: URL
        value: https://kv/
      args: [a, \"b\", {c: d}]
      command:
        - sh
        - |
          echo hi
  nodeSelector:
    kubernetes.io/os: linux
";

/// What real kubectl makes of a manifest without any server: its JSON, or its complaint. `None` where there is no kubectl.
fn real(manifest: &str) -> Option<Result<Value, String>> {
    let home = tempfile::tempdir().expect("a scratch folder");
    let mut kubectl = Command::new("kubectl");
    kubectl.args(["annotate", "--local", "-f", "-", "x=y", "-o", "json"]).env("HOME", home.path()).env("KUBECONFIG", "/nonexistent");
    let mut kubectl = kubectl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    kubectl.stdin.take().expect("piped").write_all(manifest.as_bytes()).expect("it reads");
    let output = kubectl.wait_with_output().expect("it ends");
    let complaint = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    Some(if output.status.success() { Ok(serde_json::from_slice(&output.stdout).expect("JSON")) } else { Err(complaint) })
}

/// Each line of the manifest damaged in turn, in one way after the other.
fn damaged() -> Vec<String> {
    let lines: Vec<&str> = MANIFEST.lines().collect();
    let damages: [fn(&str) -> String; 8] = [
        |line| line.trim_start().to_owned(),
        |line| format!(" {line}"),
        |line| line.replacen(':', "", 1),
        |line| line.replacen('"', "", 1),
        |line| format!("\t{}", line.trim_start()),
        |line| line.replacen("- ", "-", 1),
        |line| format!("{line} : [x"),
        |line| format!("{line}\n*q"),
    ];
    let damage = |(index, line): (usize, &&str)| {
        let mut copy: Vec<String> = lines.iter().map(ToString::to_string).collect();
        copy[index] = damages[index % damages.len()](line);
        copy.join("\n")
    };
    lines.iter().enumerate().map(damage).collect()
}

#[test]
fn damaged_manifests_are_read_or_refused_as_by_the_kubectl_of_this_machine() {
    for manifest in damaged() {
        // Skipped where there is no kubectl.
        let Some(real) = real(&manifest) else { return };
        match (to_json(manifest.as_bytes()), real) {
            (Err(ours), Err(theirs)) => {
                assert_eq!(format!("error: error parsing STDIN: error converting YAML to JSON: {ours}"), theirs, "for:\n{manifest}")
            }
            (Ok(mut ours), Ok(theirs)) => {
                ours["metadata"]["annotations"]["x"] = "y".into();
                assert_eq!(ours, theirs, "for:\n{manifest}");
            }
            // What reads as YAML may still be no object to kubectl.
            (Ok(_), Err(theirs)) => assert!(theirs.starts_with("error: unable to decode"), "{theirs} for:\n{manifest}"),
            (Err(ours), Ok(_)) => panic!("{ours} for:\n{manifest}"),
        }
    }
}
