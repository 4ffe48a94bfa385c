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

/// All files and folders below a folder, by their paths.
fn everything(folder: &Path) -> Vec<String> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            found.push(entry.path().display().to_string());
            if entry.path().is_dir() {
                open.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_directive_that_loosens_is_refused_and_changes_nothing() {
    let hostile = [
        "docent-file: sandbox=off",
        "docent-file: target=live",
        "docent: sandbox=off",
        "docent: pass-env=*",
        "docent-file: env=AWS_SECRET_ACCESS_KEY",
        "docent-file: hosts=*",
        "docent: cleanup=never",
        "docent-begin: network=on",
        "docent-file: sandbox=off target=live pass-env=* hosts=*",
    ];
    let begins = "```bash";
    for directive in hostile {
        let ends = if directive.starts_with("docent-begin") { "\n<!-- docent-end -->\n" } else { "" };
        let folder = checkout("", &(DOCUMENT.replace(begins, &format!("<!-- {directive} -->\n\n{begins}")) + ends));
        fs::write(folder.path().join("innocent.md"), DOCUMENT).expect("a scratch file");
        for name in ["tmp", "state"] {
            fs::create_dir(folder.path().join(name)).expect("a scratch folder");
        }
        let (tmp, state) = (folder.path().join("tmp").display().to_string(), folder.path().join("state").display().to_string());
        let before = everything(folder.path());
        // A document that is innocent is not run beside it either.
        let words = ["test", "innocent.md", "document.md", "--report", "json=report.json"];
        let ended = docent_with(folder.path(), &words, &[("TMPDIR", &tmp), ("XDG_STATE_HOME", &state)]);
        let text = ended.stdout + &ended.stderr;
        assert_eq!(ended.code, 2, "{directive}: {text}");
        assert!(text.contains("loosening-directive") && text.contains("document.md loosens") && !text.contains("passed"), "{text}");
        assert_eq!(everything(folder.path()), before, "{directive}");
    }
    // The same in a document that would run before.
    let folder = checkout("", "<!-- docent-file: requires=doc:other.md -->\n\n```bash\n:\n```\n");
    fs::write(folder.path().join("other.md"), "<!-- docent-file: sandbox=off -->\n\n```bash\n:\n```\n").expect("a scratch file");
    let (code, text) = run(folder.path(), &[], &[]);
    assert!(code == 2 && text.contains("a document does not decide about `sandbox`"), "{code} {text}");
    let (code, text) = run(folder.path(), &["--prerequisites", "skip"], &[]);
    assert_eq!(code, 0, "{text}");
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
