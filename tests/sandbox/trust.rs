//! Who may loosen the sandbox: whoever runs docent, and nobody who sends a document.

use std::{fs, path::Path};

use crate::support::docent_with;

const DOCUMENT: &str = "# Hostile\n\n```bash\ntouch \"$HOME/ran\"; echo ran\n```\n";

fn checkout(toml: &str, document: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("document.md"), document).expect("a scratch file");
    fs::write(folder.path().join("docent.toml"), toml).expect("a scratch file");
    folder
}

fn run(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let ended = docent_with(folder, &[&["test", "document.md", "--report", "json=report.json"], words].concat(), variables);
    (ended.code, ended.stdout + &ended.stderr)
}

#[test]
fn a_checkout_that_loosens_is_refused_and_nothing_runs() {
    let hostile = [
        "sandbox = \"off\"\n",
        "target = \"live\"\n",
        "pass-env = [\"*\"]\n",
        "hosts = [\"*\"]\n",
        "sandbox = \"off\"\ntarget = \"live\"\npass-env = [\"*\"]\nhosts = [\"*\"]\n",
    ];
    for toml in hostile {
        let folder = checkout(toml, DOCUMENT);
        let (code, text) = run(folder.path(), &[], &[]);
        assert_eq!(code, 2, "{toml}{text}");
        assert!(text.contains("docent.toml") && !text.contains("passed"), "{text}");
        assert!(!folder.path().join("report.json").exists(), "nothing was run, so there is nothing to report");
    }
    // Where a build server requires the sandbox, doing with less is a loosening too.
    let folder = checkout("sandbox = \"best-effort\"\n", DOCUMENT);
    assert_eq!(run(folder.path(), &[], &[("CI", "true")]).0, 2);
    assert_eq!(run(folder.path(), &[], &[("CI", "false")]).0, 0);
}

#[test]
fn a_directive_that_loosens_keeps_the_document_from_running() {
    for directive in ["docent-file: sandbox=off", "docent-file: target=live", "docent: sandbox=off", "docent: pass-env=*"] {
        let folder = checkout("", &DOCUMENT.replace("```bash", &format!("<!-- {directive} -->\n\n```bash")));
        let (code, text) = run(folder.path(), &[], &[]);
        assert!([2, 3].contains(&code) && !text.contains("1 passed"), "{directive}: {code} {text}");
    }
}

#[test]
fn whoever_runs_docent_decides() {
    let report = |folder: &Path| -> serde_json::Value {
        serde_json::from_slice(&fs::read(folder.join("report.json")).expect("a report")).expect("JSON")
    };
    let asked = |folder: &Path| report(folder)["runbooks"][0]["sandbox"]["asked"].as_str().unwrap_or_default().to_owned();
    let folder = checkout("", DOCUMENT);
    for (words, variables, expected) in [
        (&["--sandbox", "off"][..], &[][..], "off"),
        (&[], &[("DOCENT_SANDBOX", "off"), ("CI", "1")], "off"),
        (&[], &[("CI", "1")], "require"),
        (&[], &[], "best-effort"),
        (&["--sandbox", "best-effort"], &[("CI", "1")], "best-effort"),
    ] {
        let (code, text) = run(folder.path(), words, variables);
        assert_eq!((code, asked(folder.path()).as_str()), (0, expected), "{text}");
    }
    fs::write(folder.path().join("trusted.toml"), "sandbox = \"off\"\n").expect("a scratch file");
    assert_eq!(run(folder.path(), &["--config", "trusted.toml"], &[]).0, 0);
    assert_eq!(asked(folder.path()), "off");
    fs::write(folder.path().join("docent.toml"), "sandbox = \"require\"\n").expect("a scratch file");
    assert_eq!(run(folder.path(), &[], &[]).0, 0);
    assert_eq!(asked(folder.path()), "require");
    assert!(report(folder.path())["runbooks"][0]["sandbox"]["layers"].as_array().is_some_and(|layers| layers.len() == 7));
}
