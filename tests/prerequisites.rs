//! Documents that run before another, through the program.

use std::{fs, path::Path};

use crate::support::{Ended, docent_in};

const SETUP: &str = "# Set up\n\n## Names\n\n```bash\nNAME=demo\nmkdir \"$NAME\"\n```\n";
const MAIN: &str = "# Main\n\n## Prerequisites\n\nFirst see [the names](sub/set-up.md).\n\n## Look\n\n```bash\nls -d \"$NAME\"\n```\n\n```output\ndemo\n```\n";

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// A folder with `main.md` and what it needs.
fn folder(setup: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "main.md", MAIN);
    write(folder.path(), "sub/set-up.md", setup);
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Ended {
    docent_in(folder, &[&["test", "main.md", "--target", "none", "--report", "json=report.json"], arguments].concat())
}

fn report(folder: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(folder.join("report.json")).expect("a report")).expect("JSON")
}

#[test]
fn a_prerequisite_runs_first_in_the_same_shell() {
    let folder = folder(SETUP);
    let ended = run(folder.path(), &[]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let report = report(folder.path());
    let steps: Vec<_> = report["runbooks"][0]["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| (step["id"].clone(), step["document"].clone()))
        .collect();
    assert_eq!(serde_json::json!(steps), serde_json::json!([["set-up/names", "sub/set-up.md"], ["look", null]]));
    assert!(ended.stdout.contains("sub/set-up.md:5"), "{}", ended.stdout);
}

#[test]
fn a_failure_in_a_prerequisite_names_its_file_and_line() {
    let folder = folder(&SETUP.replace("mkdir \"$NAME\"", "mkdir no/such/folder"));
    let ended = run(folder.path(), &[]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("sub/set-up.md:7: `mkdir no/such/folder` ended with status 1"), "{}", ended.stdout);
}

#[test]
fn a_warning_about_a_prerequisite_names_its_file_and_line() {
    let folder = folder(&SETUP.replace("mkdir \"$NAME\"", "mkdir \"$NAME\"\nset +e\nfalse\n:"));
    let ended = run(folder.path(), &[]);
    assert!(ended.stdout.contains("warning sub/set-up.md:9: "), "{}", ended.stdout);
}

#[test]
fn prerequisites_can_be_left_out() {
    let folder = folder("# Broken\n\n<!-- docent: timout=1m -->\n```bash\n:\n```\n");
    let broken = run(folder.path(), &[]);
    assert_eq!(broken.code, 3, "{}", broken.stdout);
    assert!(broken.stderr.contains("sub/set-up.md:3 cannot be run: unknown key `timout`"), "{}", broken.stderr);
    let alone = run(folder.path(), &["--prerequisites", "skip", "--var", "NAME=."]);
    assert_eq!((alone.code, report(folder.path())["runbooks"][0]["steps"].as_array().map(Vec::len)), (0, Some(1)), "{}", alone.stderr);
}

#[test]
fn what_a_prerequisite_sets_is_known_to_list_script_and_lint() {
    let folder = folder(SETUP);
    let listed = docent_in(folder.path(), &["list", "main.md", "--format", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).expect("JSON");
    assert_eq!(listed["runbooks"][0]["prerequisites"], serde_json::json!(["sub/set-up.md"]));
    let script = docent_in(folder.path(), &["script", "main.md"]).stdout;
    let (names, look) = (script.find("# set-up/names (sub/set-up.md:5)"), script.find("# look (line 9)"));
    assert!(names.is_some() && names < look, "{script}");
    let lint = docent_in(folder.path(), &["lint", "main.md"]);
    assert!(!lint.stdout.contains("undefined-variable"), "{}", lint.stdout);
    write(folder.path(), "sub/set-up.md", &SETUP.replace("NAME=demo", "OTHER=demo"));
    let lint = docent_in(folder.path(), &["lint", "main.md"]);
    assert!(lint.stdout.contains("NAME"), "{}", lint.stdout);
}
