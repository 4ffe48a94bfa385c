//! docent in somebody else's package: an ordinary `#[test]`, and a harness with names, filters and lists.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use crate::support::root;

#[test]
fn another_package_checks_its_readme_and_its_guides() {
    let readme = cargo(&["test", "--test", "readme"]);
    assert!(readme.status.success(), "{}", text(&readme));
    assert!(text(&readme).contains("4 passed"), "{}", text(&readme));

    let list = text(&cargo(&["test", "--test", "guides", "--", "--list"]));
    for name in ["[step] guides/two-steps.md::choose", "[step] guides/two-steps.md::greet", "[step] guides/wrong.md::greet"] {
        assert!(list.contains(name), "{name} is not listed:\n{list}");
    }

    let all = cargo(&["test", "--test", "guides"]);
    assert!(!all.status.success(), "a wrong guide must fail");
    assert!(text(&all).contains("2 passed; 1 failed"), "{}", text(&all));
    assert!(text(&all).contains("guides/wrong.md:5"), "the failure names file and line:\n{}", text(&all));

    // The second step alone: the first runs as its prerequisite, or the greeting would have nobody to greet.
    let one = cargo(&["test", "--test", "guides", "--", "--exact", "guides/two-steps.md::greet"]);
    assert!(one.status.success() && text(&one).contains("1 passed"), "{}", text(&one));

    let whole = cargo_with(&["test", "--test", "guides", "--", "two-steps"], &[("DOCENT_TRIALS", "document")]);
    assert!(whole.status.success() && text(&whole).contains("[runbook] guides/two-steps.md"), "{}", text(&whole));
}

fn cargo(words: &[&str]) -> Output {
    cargo_with(words, &[])
}

/// `cargo` in the other package, offline; words from `--` on are for the test program.
fn cargo_with(words: &[&str], variables: &[(&str, &str)]) -> Output {
    let split = words.iter().position(|word| *word == "--").unwrap_or(words.len());
    let mut command = Command::new(env!("CARGO"));
    // What the outer test run says of its own package is not true of this one.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["CARGO_BIN_EXE_", "CARGO_PKG_", "CARGO_MANIFEST_", "NEXTEST"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
        .args(&words[..split])
        .arg("--offline")
        .args(&words[split..])
        .current_dir(root().join("tests/consumer"))
        .env("CARGO_TARGET_DIR", target())
        .envs(variables.iter().copied())
        .output()
        .expect("cargo starts")
}

fn target() -> PathBuf {
    root().join("target/consumer")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
