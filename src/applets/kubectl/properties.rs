//! Files of anything: manifests, kubeconfigs, paths. They are read or refused, and what is written is read back as it was.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof};
use proptest::sample::select;
use serde_json::{Value, json};

use super::jsonpath::Template;
use super::kubeconfig::{Kubeconfig, Stanzas};
use super::{manifest, merge, yaml};
use crate::fuzz;

/// Lines of YAML that are nearly right.
fn yaml_texts() -> impl Strategy<Value = String> {
    const LINES: &[&str] = &[
        "apiVersion: v1",
        "kind: Pod",
        "metadata:",
        "  name: x",
        "  labels: {a: b, c}",
        "spec:",
        "  containers:",
        "  - name: a",
        "    image: \"b",
        "    env: &x",
        "    - *x",
        "    - <<: *x",
        "    args: [1, 'two', \"\\u00e9\", ~]",
        "  script: |",
        "      echo a",
        "     b",
        "  folded: >-",
        "\ttab: 1",
        "? complex",
        ": value",
        "- - - a",
        "key: - a",
        "!!str 12: !!binary aGk=",
        "%YAML 1.1",
        "---",
        "--- # next",
        "--- x",
        "...",
        "# comment",
        "",
        "{\"a\": 1}",
        "a: {{ b }}",
        "n: 0o17",
        "n: .inf",
        "d: 2001-01-02",
        "clusters: [{name: c, cluster: {server: https://x}}]",
        "contexts: [{name: c, context: {cluster: c, user: u}}]",
        "users: [{name: u, user: {token: t}}]",
        "current-context: c",
        "items: [{kind: Pod}, 1]",
        "kind: List",
    ];
    let lines = vec(select(LINES), 0..14).prop_map(|lines| lines.join("\n"));
    prop_oneof![4 => lines, 1 => fuzz::text(40)]
}

#[test]
fn manifests_of_anything_are_read_or_refused() {
    let bytes = prop_oneof![4 => yaml_texts().prop_map(String::into_bytes), 1 => any::<Vec<u8>>()];
    fuzz::check("manifests", bytes, |bytes| {
        let read = |bytes: &[u8]| manifest::read_all(&["-".to_owned()], false, &mut &*bytes).map_err(|failure| failure.text);
        let documents = read(&bytes);
        let plain = |documents: &[Result<manifest::Document, super::failure::Failure>]| -> Vec<Option<Value>> {
            documents.iter().map(|document| document.as_ref().ok().map(|document| document.object.clone())).collect()
        };
        if let (Ok(documents), Ok(again)) = (&documents, &read(&bytes)) {
            prop_assert_eq!(plain(documents), plain(again));
            let refused = documents.iter().position(Result::is_err);
            prop_assert!(refused.is_none_or(|at| at + 1 == documents.len()), "a broken document ends its file");
        }
        Ok(())
    });
}

/// Without what go-yaml itself does not read back: zero below zero, whole numbers that were written as fractions, and the line ends that
/// only Unicode has.
fn repeatable(value: Value) -> Value {
    let plain = |text: String| text.replace(['\u{85}', '\u{2028}', '\u{2029}'], "\n");
    match value {
        Value::Number(number) if number.as_f64() == Some(0.0) => json!(0),
        Value::Number(number) if number.is_f64() && number.as_f64().is_some_and(|number| number.fract() == 0.0) => {
            number.as_f64().map_or(Value::Null, |number| json!(number.clamp(-1e15, 1e15) as i64))
        }
        Value::String(text) => Value::String(plain(text)),
        Value::Array(items) => items.into_iter().map(repeatable).collect(),
        Value::Object(members) => Value::Object(members.into_iter().map(|(name, value)| (plain(name), repeatable(value))).collect()),
        other => other,
    }
}

#[test]
fn what_is_written_as_yaml_is_read_back() {
    let value = fuzz::json(
        &["a", "b c", "yes", "1", "null", "- x", "a: b", "#", "", "<<", "~"],
        &["yes", "0x1f", "1e3", " a", "a ", "|", "&a", "2001-01-02", "é\nñ", "'", "a #b"],
    );
    fuzz::check("yaml-round-trip", value.prop_map(repeatable), |value| {
        let text = yaml::to_yaml(&value);
        prop_assert_eq!(yaml::to_json(text.as_bytes()), Ok(value), "{}", text);
        Ok(())
    });
}

#[test]
fn kubeconfigs_of_anything_are_read_and_written_as_they_were_read() {
    const MEMBERS: &[&str] = &[
        "clusters",
        "contexts",
        "users",
        "name",
        "cluster",
        "context",
        "user",
        "server",
        "exec",
        "args",
        "env",
        "command",
        "token",
        "current-context",
        "namespace",
        "insecure-skip-tls-verify",
        "certificate-authority-data",
        "client-key-data",
        "extensions",
        "preferences",
        "installHint",
        "apiVersion",
    ];
    let value = fuzz::json(MEMBERS, &["c", "u", "https://x", "kubelogin", "", "YQ=="]);
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("config").to_string_lossy().into_owned();
    fuzz::check("kubeconfigs", (value, yaml_texts()), |(value, text)| {
        let stanzas = Stanzas::of(&value);
        prop_assert_eq!(&Stanzas::of(&stanzas.to_value()), &stanzas);
        std::fs::write(&path, &text).expect("a scratch file");
        match Kubeconfig::load(Some(&path), &HashMap::new()) {
            Ok(config) => drop(config.merged().to_value()),
            Err(failure) => prop_assert!(failure.text.contains(&path), "{}", failure.text),
        }
        Ok(())
    });
}

#[test]
fn paths_of_anything_select_or_are_refused() {
    const PIECES: &[&str] = &[
        "{",
        "}",
        ".",
        "a",
        "b",
        "[*]",
        "[0]",
        "[-1]",
        "[0:2]",
        "[?(",
        ")]",
        "@",
        "==",
        "\"x\"",
        "'x'",
        "range ",
        "end",
        "..",
        "\\",
        "\\n",
        " ",
        "&&",
        "<",
        ",",
        "$",
        "[::0]",
        "[99999999999999999999]",
    ];
    let text = prop_oneof![5 => vec(select(PIECES), 0..12).prop_map(|pieces| pieces.concat()), 1 => fuzz::text(12)];
    fuzz::check("json-paths", (text, fuzz::json(&["a", "b"], &["x", "1"])), |(text, value)| {
        for template in [Template::parse(&text), Template::parse_relaxed(&text)].into_iter().flatten() {
            let _ = template.render(&value);
            let _ = template.values(&value);
        }
        Ok(())
    });
}

#[test]
fn patches_between_anything_and_itself_are_empty() {
    const MEMBERS: &[&str] = &[
        "spec",
        "containers",
        "name",
        "env",
        "image",
        "volumes",
        "emptyDir",
        "metadata",
        "labels",
        "ports",
        "containerPort",
        "tolerations",
    ];
    let any = || fuzz::json(MEMBERS, &["a", "b", "x"]);
    fuzz::check("differences", (any(), any(), any()), |(original, modified, live)| {
        let _ = merge::strategic("Pod", &original, &modified, &live);
        let patch = merge::plain(&original, &modified, &live);
        prop_assert!(patch.is_object());
        let object = if modified.is_object() { modified } else { json!({}) };
        prop_assert_eq!(merge::plain(&object, &object, &object), json!({}));
        Ok(())
    });
}

#[test]
fn yaml_that_nests_deeply_is_refused() {
    fuzz::with_the_stack_of_a_program(nest_yaml);
}

fn nest_yaml() {
    for piece in ["[", "{a: ", "- ", "a:\n ", "? ", "&a [", "!!seq ["] {
        for count in [300, 20_000] {
            let _ = yaml::to_json(piece.repeat(count).as_bytes());
        }
    }
    let bomb = format!(
        "a0: &a0 [x,x,x,x,x,x,x,x,x]\n{}",
        (1..12).map(|n| format!("a{n}: &a{n} [*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0}]\n", n - 1)).collect::<String>()
    );
    assert!(yaml::to_json(bomb.as_bytes()).is_err(), "nine to the twelfth values");
}
