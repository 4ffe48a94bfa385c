//! Whatever a document or a command line is: a documented outcome, a place, and never a panic or a silent pass.

use std::fs;

use crate::support::{Ended, docent_in, test_document};

/// Runs `text` and holds it to a code and to words that the user must see.
#[track_caller]
fn check(text: impl AsRef<[u8]>, code: i32, words: &[&str]) -> Ended {
    let ended = test_document(text, &["--target", "none", "--timeout", "60s"]);
    let seen = format!("{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(ended.code, code, "{seen}");
    for word in words {
        assert!(seen.contains(word), "{word:?} is missing in:\n{seen}");
    }
    assert!(!seen.contains("panicked"), "{seen}");
    ended
}

#[test]
fn files_that_are_not_there_or_not_readable_are_said_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (words, code, text) in [
        (&["test", "missing.md"][..], 3, "missing.md"),
        (&["test", "."], 2, "no runbook"),
        (&["list", "missing.md"], 3, "missing.md"),
        (&["walk", "x.md"], 2, "not there yet"),
        (&["lint", "missing.md"], 3, "missing.md"),
        (&["explain", "undefind-variable"], 2, "did you mean `undefined-variable`"),
        (&["test"], 2, "PATH"),
        (&["test", "x.md", "--unheard-of"], 2, "--unheard-of"),
        (&["test", "x.md", "--timeout", "never"], 2, "never"),
        (&["test", "x.md", "--report", "pdf=x"], 2, "pdf"),
    ] {
        let ended = docent_in(folder.path(), words);
        assert_eq!(ended.code, code, "{words:?}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains(text), "{words:?}: {}", ended.stderr);
    }
}

#[test]
fn binary_and_invalid_text_is_refused_with_the_line() {
    check(b"# a\n\n```bash\necho \xff\n```\n", 3, &["document.md:4"]);
    check(b"\x7fELF\0\0\0\0\0\0\0\0", 3, &["document.md"]);
}

#[test]
fn a_document_without_steps_is_no_success() {
    check("# Only prose\n", 3, &["no executable block"]);
    check("", 3, &["no executable block"]);
}

#[test]
fn mistakes_in_expectations_and_directives_keep_a_document_from_running() {
    check("```bash\necho a\n```\n<!-- expected_similarity=\"*\" -->\n```\na\n```\n", 3, &["document.md:4"]);
    check("```bash\necho a\n```\n<!-- expected_similarity=1.7 -->\n```\na\n```\n", 3, &["document.md:4", "1.7"]);
    check("```bash\necho a\n```\n<!-- expected-similarity=0.3 -->\n```\na\n```\n", 3, &["expected_similarity"]);
    check("<!-- docent: tiemout=3s -->\n```bash\necho a\n```\n", 3, &["timeout"]);
    check("<!-- docent: name=x -->\n```bash\ntrue\n```\n<!-- docent: name=x -->\n```bash\ntrue\n```\n", 3, &["x"]);
}

#[test]
fn an_unclosed_fence_runs_and_is_warned_about() {
    check("# A\n\n```bash\necho open\n", 0, &["document.md:3"]);
}

#[test]
fn carriage_returns_do_not_reach_the_shell() {
    let ended = check(
        "# A\r\n\r\n```bash\r\ncd /tmp\r\necho \"[$PWD]\"\r\n```\r\n\r\n<!-- expected_similarity=1.0 -->\r\n```\r\n[/tmp]\r\n```\r\n",
        0,
        &[],
    );
    assert_eq!(ended.steps()[0]["stdout"], "[/tmp]\n");
}

#[test]
fn huge_outputs_are_counted_bounded_and_never_judged_as_if_whole() {
    let ended = check("```bash\nhead -c 200000000 /dev/zero | tr '\\0' a\n```\n", 0, &[]);
    assert_eq!(ended.steps()[0]["stdout_bytes"], 200_000_000_u64);
    assert!(ended.steps()[0]["stdout"].as_str().unwrap().len() < 4 << 20, "what is kept is bounded");
    check(
        "```bash\nhead -c 100000000 /dev/zero | tr '\\0' a; echo\n```\n<!-- expected_similarity=0.1 -->\n```\naaaa\n```\n",
        1,
        &["more than are kept"],
    );
}

#[test]
fn a_block_that_hangs_ends_at_its_time_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("alive");
    let text = format!(
        "```bash\nA=kept\n```\n<!-- docent: timeout=1s -->\n```bash\n(setsid sh -c 'trap \"\" TERM; sleep 5; touch {}' &) ; sleep 1000\n```\n```bash\necho \"$A\"\n```\n",
        marker.display()
    );
    let ended = check(text, 1, &["still running after 1 s"]);
    assert_eq!(ended.steps()[1]["status"], "timed-out");
    assert_eq!(ended.steps()[2]["stdout"], "kept\n");
    let survivors = fs::read_dir("/proc").unwrap().flatten().any(|process| {
        fs::read(process.path().join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*marker.to_string_lossy()))
    });
    assert!(!survivors, "the daemon of the block is still there");
}

#[test]
fn a_syntax_error_is_a_failure_at_its_line_and_the_next_block_runs() {
    let ended = check("```bash\necho a\nif then\n```\n```bash\necho next\n```\n", 1, &["line 3"]);
    assert_eq!(ended.steps()[1]["stdout"], "next\n");
}

#[test]
fn a_failure_hidden_in_a_capture_fails_the_step() {
    let ended = check("```bash\nexport X=$(ls /nonexistent)\necho on\n```\n", 1, &["line 2", "inside a capture"]);
    assert_eq!(ended.steps()[0]["masked_failures"][0]["line"], 2);
    check("```bash\nif ! ls /nonexistent 2>/dev/null; then echo fine; fi\nexport N=$(grep -c zzz /dev/null)\n```\n", 0, &[]);
}

#[test]
fn a_program_that_is_not_installed_is_lacking_not_failing() {
    let ended = check("```bash\nno-such-program-at-all --version\n```\n", 6, &["no-such-program-at-all"]);
    assert_eq!(ended.steps()[0]["status"], "unsupported");
    assert_eq!(ended.report["runbooks"][0]["status"], "incomplete");
}

#[test]
fn a_question_that_nobody_can_answer_is_lacking_not_failing() {
    let ended = check("```bash\nread -p 'Name? ' NAME\n```\n", 6, &["nobody is there to answer"]);
    assert_eq!(ended.steps()[0]["blocked_by"]["kind"], "interactive");
    check("```bash\nread -r LINE < /dev/null\n```\n", 1, &["status 1"]);
}

#[test]
fn a_filter_that_matches_nothing_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.md"), "# A\n\n```bash\ntrue\n```\n").unwrap();
    let ended = docent_in(folder.path(), &["test", "a.md", "--filter", "zzz"]);
    assert_eq!(ended.code, 2, "{}", ended.stdout);
    let ended = docent_in(folder.path(), &["test", "a.md", "--from", "aa"]);
    assert_eq!(ended.code, 2, "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn a_promise_to_fail_is_kept_exactly_or_fails() {
    let document =
        |promise: &str, block: &str| format!("<!-- docent-file: expect-failure=\"{promise}\" -->\n\n# A\n\n```bash\n{block}\n```\n");
    check(document("a: No such file", "ls /nonexistent"), 0, &["exactly as it says"]);
    check(document("a: No such file", "true"), 1, &["promised to fail, and passed"]);
    check(document("a: some other text", "ls /nonexistent"), 1, &["but not with"]);
    check(document("b: anything", "ls /nonexistent"), 3, &["there is no step `b`"]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure_and_a_full_disk_is() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.md"), "# A\n\n```bash\ntrue\n```\n").unwrap();
    let docent = |words: &[&str], out: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docent"));
        command.args(words).current_dir(folder.path()).stdin(Stdio::null()).stderr(Stdio::null()).stdout(out);
        command.status().expect("the program starts").code()
    };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(docent(&["list", "a.md"], writer.into()), Some(0));
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    assert_eq!(docent(&["list", "a.md"], full()), Some(4));
    assert_eq!(docent(&["test", "--target", "none", "a.md"], full()), Some(4));
}
