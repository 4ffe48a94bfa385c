//! Documents that do not work must not pass, and the report must name the line.

use serde_json::Value;

use crate::support::{Ended, docent_in, test_document};

/// A document of one block.
fn document(script: &str) -> String {
    format!("# One\n\n```bash\n{script}\n```\n")
}

fn run(script: &str) -> Ended {
    test_document(document(script), &["--target", "none", "--timeout", "20s"])
}

/// The lines of the notes of a kind.
fn notes(step: &Value, code: &str) -> Vec<u64> {
    let found = step["diagnostics"].as_array().cloned().unwrap_or_default();
    found.iter().filter(|one| one["code"] == code).filter_map(|one| one["line"].as_u64()).collect()
}

#[track_caller]
fn assert_fails_at(script: &str, line: u64) {
    let ended = run(script);
    assert_eq!(ended.code, 1, "{script}\n{}", ended.stdout);
    assert!(ended.stdout.contains(&format!("line {line}: ")), "{script}\n{}", ended.stdout);
}

#[test]
fn failures_inside_captures_fail_the_step_at_their_line() {
    assert_fails_at("export X=$(ls /nonexistent 2>/dev/null |\n  sort | head -3)\necho \"$X\"", 4);
    assert_fails_at("echo a\necho \"n: $(ls /nonexistent | wc -l)\"", 5);
    assert_fails_at("cat > f.yaml <<EOF\nkind: x\nname: $(ls /nonexistent)\nEOF\necho on", 6);
    assert_fails_at("f() {\n  echo a\n  ls /nonexistent\n  echo b\n}\nX=$(f)\necho \"$X\"", 6);
    assert_fails_at("export TOKEN=$(false || exit 3)\necho on", 4);
    assert_fails_at("A=\"`ls /nonexistent | cat`\"\necho on", 4);
}

#[test]
fn an_expression_that_bash_gives_up_fails_the_step() {
    assert_fails_at("echo a\nA=$((1/0))\necho \"[$A]\"", 5);
    assert_fails_at("f() {\n  echo $((08))\n}\nf", 5);
}

#[test]
fn a_trap_of_the_document_cannot_turn_a_failure_into_success() {
    assert_fails_at("trap 'exit 0' ERR\nls /nonexistent\necho on", 5);
    assert_fails_at("trap '' ERR\nls /nonexistent\necho on", 5);
}

#[test]
fn what_ends_a_block_with_a_status_is_named() {
    assert_fails_at("echo a\nexit 4\necho b", 5);
    assert_fails_at("echo a\n[ -d /nonexistent ] || exit 4\necho b", 5);
}

#[test]
fn a_block_that_leaves_before_its_end_is_warned_about_at_its_line() {
    for (script, line) in
        [("echo a\nexit 0\nls /nonexistent", 5), ("return 0\nls /nonexistent", 4), ("if true; then\n  exec true\nfi\nls /nonexistent", 5)]
    {
        let ended = run(script);
        assert_eq!(ended.code, 0, "{}", ended.stdout);
        assert_eq!(notes(&ended.steps()[0], "ended-early"), [line], "{script}");
        assert!(ended.stdout.contains(&format!("warning line {line}: ")), "{}", ended.stdout);
    }
    assert_eq!(notes(&run("echo a\nexit 0").steps()[0], "ended-early"), [0_u64; 0]);
}

#[test]
fn failures_that_bash_walks_over_are_warned_about_at_their_lines() {
    for (script, line) in [
        ("set +e\nls /nonexistent | cat", 5),
        ("cat <(ls /nonexistent)", 4),
        ("mapfile -t A < <(ls /nonexistent)", 4),
        ("set +e\nls /nonexistent\necho on", 5),
        ("echo a\nif nosuchcommand; then :; fi", 5),
    ] {
        let ended = run(script);
        assert_eq!(ended.code, 0, "{script}\n{}", ended.stdout);
        assert_eq!(notes(&ended.steps()[0], "unseen-failure"), [line], "{script}");
    }
}

#[test]
fn failures_that_no_document_means_fail_the_step_at_their_line() {
    assert_fails_at("echo a\nls /nonexistent | cat", 5);
    assert_fails_at("echo a\nls /nonexistent |\n  sort |\n  head -n 3", 5);
    assert_fails_at("for i in 1 2; do\n  ls /nonexistent | cat\ndone", 5);
    assert_fails_at("echo a\ncd /nonexistent && touch x\necho b", 5);
    assert_fails_at("echo a\nls /nonexistent | cat && echo b", 5);
    assert_fails_at("echo a && ls /nonexistent | cat\necho b", 4);
    assert_fails_at("echo a\nls /nonexistent &\nsleep 0 &\nwait\necho b", 5);
    assert_fails_at("f() {\n  ls /nonexistent | cat\n}\necho a\nf", 5);
    assert_fails_at("export X=$(cd /nonexistent && pwd)\necho b", 4);
}

#[test]
fn a_variable_that_nobody_sets_fails_the_step_where_it_is_a_part_of_something() {
    let ended = run("SUFFIX=1\necho a\necho \"rg-$SUFIX\"");
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(
        ended.stdout.contains("line 6: SUFIX is used here and set nowhere") && ended.stdout.contains("did you mean SUFFIX?"),
        "{}",
        ended.stdout
    );
    let cause = &ended.steps()[0]["caused_by"];
    assert_eq!((&cause["variable"], &cause["line"]), (&"SUFIX".into(), &6.into()));
    assert_eq!(run("echo \"rg-${SUFFIX:-none}\"; echo $NOTHING").code, 0);
}

#[test]
fn an_exit_trap_that_fails_is_told_and_fails_nothing() {
    let ended = run("echo a\ntrap 'rmdir /nonexistent' EXIT");
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(ended.stdout.contains("line 5: the EXIT trap") && ended.stdout.contains("rmdir"), "{}", ended.stdout);
    assert!(!run("trap 'rmdir /nonexistent 2>/dev/null || true' EXIT").stdout.contains("EXIT trap"));
}

#[test]
fn what_the_document_tolerates_passes_without_a_word() {
    for script in [
        "X=$(yes | head -1)",
        "X=$(tr -dc a-z </dev/urandom | head -c 8)",
        "X=$(echo a | grep b | cat || true)",
        "N=$(printf 'a\\n' | grep -c b | cat)",
        "if [ -z \"$(ls /nonexistent 2>/dev/null | cat)\" ]; then echo none; fi",
        "ls /nonexistent 2>/dev/null | cat || true",
        "X=$(ls /nonexistent 2>/dev/null || true)",
        "command -v nosuchcommand || echo none",
        "! ls /nonexistent",
        "(exit 0)\nexec 3>f\necho hi >&3",
        "yes | head -n 1\ncat /dev/zero | tr '\\0' a | head -c 8",
        "ls /nonexistent 2>/dev/null | wc -l\necho a | grep b | wc -l",
        "f() { ls /nonexistent | cat; }\nf || true\nif f; then :; fi",
        "[ -f /nonexistent ] && echo there\n[[ a == b ]] && echo same\necho on",
        "for f in /nonexistent/*; do [ -d \"$f\" ] && echo \"$f\"; done | sort\necho on",
        "command -v nosuchcommand && echo there\necho on",
        "ls /nonexistent 2>/dev/null && echo there\necho on",
        "sleep 60 & kill $!\nwait\nfalse & wait $! || true",
        "diff <(echo a) <(echo b) | cat",
    ] {
        let ended = run(script);
        assert_eq!(ended.code, 0, "{script}\n{}", ended.stdout);
        let said = [notes(&ended.steps()[0], "unseen-failure"), notes(&ended.steps()[0], "ended-early")].concat();
        assert!(said.is_empty(), "{script}\n{}", ended.stdout);
    }
}

#[test]
fn what_the_machine_lacks_is_lacking_also_in_a_pipeline_and_a_prompt_is_not_answered() {
    for (script, kind) in
        [("nosuchcommand | tee log", "command"), ("X=$(nosuchcommand | cat)\necho", "command"), ("read -p 'Name: ' N\necho", "interactive")]
    {
        let ended = run(script);
        assert_eq!(ended.code, 6, "{script}\n{}", ended.stdout);
        assert_eq!(ended.steps()[0]["blocked_by"]["kind"], kind, "{script}");
    }
}

#[test]
fn a_word_that_is_no_program_anybody_could_install_is_a_failure() {
    assert_fails_at("echo a\nkubctl get nodes", 5);
    assert_fails_at("echo a\nif crul -s x; then echo b; fi", 5);
    assert_fails_at("echo a\ngti status || true", 5);
    assert_fails_at("to_json() { cat; }\nto_josn", 5);
    assert_fails_at("X=$(grpe 3)\necho \"$X\"", 4);
    assert_fails_at("apiVersion: v1\nkind: Pod", 4);
    assert_fails_at("import os\nimport sys\nEOF", 4);
}

#[test]
fn a_block_that_prints_nothing_where_the_document_shows_an_output_fails_unless_it_only_stores() {
    let with = |script: &str| test_document(format!("# A\n\n## One\n\n```bash\n{script}\n```\n\n```output\n12\n```\n"), &[]).code;
    for script in ["# nothing left", "echo $NUMBER | tr -d '\\n'", "if false; then echo 12; fi"] {
        assert_eq!(with(script), 1, "{script}");
    }
    for script in ["N=$(echo 12)", "echo 12 > file", "sort f > g || :", "export N=$(echo 12)\necho \"$N\" >&2"] {
        assert_eq!(with(script), 0, "{script}");
    }
}

#[test]
fn a_line_that_lost_its_beginning_is_a_failure_and_no_lacking_program() {
    assert_fails_at("echo a\n  --query x", 5);
}

#[test]
fn a_failure_inside_a_capture_of_a_client_is_seen_though_its_reader_stops_early() {
    let ended = test_document(document("export ID=$(az group show --name nope --query id -o tsv | head -1)\necho \"$ID\""), &[]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("line 4: `az group show"), "{}", ended.stdout);
}

#[test]
fn an_unset_variable_that_made_another_s_text_is_not_called_without_effect() {
    let ended = run("NAME=\"/nonexistent/$SUFFIX\"\nls \"$NAME\"");
    let said = ended.step("one")["diagnostics"].to_string();
    assert!(said.contains("SUFFIX is not set") && !said.contains("no effect"), "{said}");
}

#[test]
fn what_a_step_that_could_not_be_run_would_have_made_is_not_missed_as_if_the_document_were_wrong() {
    let ended = test_document(
        concat!(
            "# A\n\n```bash\naz group create -n rg -l westeurope -o none\n```\n\n",
            "```bash\naz vm create -g rg -n web --image x\n```\n\n",
            "```bash\nwhile ! az vm show -g rg -n web; do sleep 5; done\n```\n\n",
            "```bash\naz group show -n rg --query name\n```\n",
        ),
        &["--timeout", "20s"],
    );
    let statuses: Vec<_> = ended.steps().iter().map(|step| step["status"].as_str().unwrap_or_default()).collect();
    assert_eq!(statuses, ["passed", "unsupported", "not-run", "passed"], "{}", ended.stdout);
    assert_eq!(ended.code, 6);
    assert_eq!(ended.steps()[2]["caused_by"]["step"], ended.steps()[1]["id"]);
}

#[test]
fn what_a_file_beside_the_documents_loosens_is_said_in_every_report() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a scratch file");
    write("document.md", &document("export X=$(false)\necho \"[$X]\""));
    let run = |words: &[&str]| {
        let fixed = ["test", "document.md", "-q", "--target", "none", "--report", "json=report.json"];
        docent_in(folder.path(), &[&fixed, words].concat())
    };
    write("docent.toml", "masked = \"ignore\"\n");
    let ended = run(&[]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(ended.stdout.contains("this run checks less than it could: docent.toml: masked = \"ignore\""), "{}", ended.stdout);
    assert_eq!(ended.report["loosened"], serde_json::json!(["docent.toml: masked = \"ignore\""]));
    let ended = run(&["--masked", "fail"]);
    assert_eq!((ended.code, &ended.report["loosened"]), (1, &serde_json::json!([])));
    write("docent.toml", "masked = \"fail\"\nunmarked = \"judge=0.3\"\n");
    assert_eq!(run(&[]).report["loosened"], serde_json::json!([]));
}
