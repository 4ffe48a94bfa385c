//! Running documents as a user would: through the program, in a scratch folder, with the report at hand.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The JSON report; null when none was written.
    pub(crate) report: Value,
}

impl Ended {
    /// The steps of the only runbook.
    pub(crate) fn steps(&self) -> &[Value] {
        self.report["runbooks"][0]["steps"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The step whose fence stands at `line`.
    #[track_caller]
    pub(crate) fn step_at(&self, line: u64) -> &Value {
        self.steps().iter().find(|step| step["line"] == line).unwrap_or_else(|| panic!("no step at line {line}:\n{}", self.stdout))
    }

    /// The step with this id.
    #[track_caller]
    pub(crate) fn step(&self, id: &str) -> &Value {
        self.steps().iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("no step `{id}`:\n{}\n{}", self.stdout, self.stderr))
    }

    /// The lines of the steps that did not pass.
    pub(crate) fn failed_lines(&self) -> Vec<u64> {
        self.steps().iter().filter(|step| step["status"] != "passed").filter_map(|step| step["line"].as_u64()).collect()
    }
}

/// `docent test` on a document of its own, with a report.
pub(crate) fn test_document(text: impl AsRef<[u8]>, arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("document.md"), text).expect("a scratch file");
    let mut words = vec!["test", "document.md", "--report", "json=report.json"];
    words.extend(arguments);
    docent_in(folder.path(), &words)
}

/// `docent` in `folder`; the report is read from `report.json` there.
pub(crate) fn docent_in(folder: &Path, words: &[&str]) -> Ended {
    docent_with(folder, words, &[])
}

/// The same with variables.
pub(crate) fn docent_with(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docent"));
    // What a build server says of itself is no part of a test.
    for name in ["DOCENT_TARGET", "DOCENT_SANDBOX", "CI"] {
        command.env_remove(name);
    }
    let output =
        command.args(words).current_dir(folder).envs(variables.iter().copied()).stdin(Stdio::null()).output().expect("the program starts");
    let report = fs::read(folder.join("report.json")).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or(Value::Null);
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        report,
    }
}

/// The project's own folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the material that lies beside the project on some machines; `None`, said by name, where it is absent.
#[expect(clippy::print_stderr, reason = "what was skipped, and why, must be seen")]
pub(crate) fn shared(test: &str, path: &str) -> Option<PathBuf> {
    let file = root().join("../shared").join(path);
    if file.exists() {
        return Some(file);
    }
    eprintln!("skipped {test}: {path} is not beside this checkout");
    None
}

/// `text` with `from` replaced by `to`, which must occur.
#[track_caller]
pub(crate) fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the document does not contain {from:?}");
    text.replace(from, to)
}
