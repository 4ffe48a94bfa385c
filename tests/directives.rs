//! What directives make a run do: each key through the program, as an author would use it.

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{Ended, test_document};

fn run(text: &str) -> Ended {
    run_with(text, &[])
}

fn run_with(text: &str, arguments: &[&str]) -> Ended {
    test_document(text, &[&["--target", "none", "--timeout", "20s"], arguments].concat())
}

/// A step after its directive.
fn step(directive: &str, script: &str) -> String {
    format!("<!-- docent: {directive} -->\n```bash\n{script}\n```\n\n")
}

/// Ids with statuses, in document order.
fn statuses(ended: &Ended) -> Vec<(&str, &str)> {
    let text = |step: &Value, field: &str| step[field].as_str().map(str::to_owned).unwrap_or_default().leak() as &str;
    ended.steps().iter().map(|step| (text(step, "id"), text(step, "status"))).collect()
}

#[track_caller]
fn assert_reason(ended: &Ended, id: &str, reason: &str) {
    let reasons = ended.step(id)["reasons"].as_array().cloned().unwrap_or_default();
    assert!(reasons.iter().filter_map(Value::as_str).any(|one| one.contains(reason)), "{reasons:?}\n{}", ended.stdout);
}

#[test]
fn a_step_reads_its_input_and_the_next_reads_none_of_it() {
    let text = [
        step("name=ask stdin=\"sí\\ntwo words\\nrest\"", "read -p 'Sure? ' A\nread B\necho \"[$A] [$B]\""),
        step("name=next", "cat; echo done"),
        step("name=short stdin=y", "read A; read B"),
    ];
    let ended = run(&format!("# A\n\n{}", text.concat()));
    assert_eq!(ended.step("ask")["stdout"], "[sí] [two words]\n", "{}", ended.stderr);
    assert_eq!(ended.step("next")["stdout"], "done\n");
    // It was given an answer, so a question too many is the document's fault and not the machine's.
    assert_eq!(ended.step("short")["status"], "failed");
    assert_reason(&ended, "short", "`read B` ended with status 1");
}

#[test]
fn a_wait_really_waits_where_the_clock_is_the_wall_and_before_the_next_step_only() {
    let started = Instant::now();
    let ended = run(&format!("# A\n\n{}{}", step("name=a wait=700ms", "echo a"), step("name=b wait=1h", "echo b")));
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(700) && took < Duration::from_secs(30), "{took:?}");
}

#[test]
fn a_wait_moves_the_virtual_clock_and_takes_no_time() {
    let text = format!("# A\n\n{}{}", step("name=a wait=2h", "date -u +%H:%M\naz group list -o none"), step("name=b", "date -u +%H:%M"));
    let started = Instant::now();
    let ended = test_document(text, &[]);
    assert!(started.elapsed() < Duration::from_secs(30));
    let hours = |id: &str| ended.step(id)["stdout"].as_str().unwrap_or_default().trim().to_owned();
    assert_eq!((hours("a"), hours("b")), ("00:00".to_owned(), "02:00".to_owned()), "{}", ended.stdout);
}

#[test]
fn expectations_look_at_the_stream_that_they_name() {
    let text = concat!(
        "# A\n\n```bash\necho out; echo err >&2\n```\n\n",
        "<!-- expected_similarity=1 stream=stderr -->\n```output\nerr\n```\n\n",
        "<!-- expected_similarity=\"(?m)^out\\nerr$\" stream=both -->\n```output\n…\n```\n\n",
        "<!-- docent: name=wrong stream=stderr -->\n```bash\necho out; echo err >&2\n```\n\n",
        "<!-- expected_similarity=\"(?m)^out$\" -->\n```output\nout\n```\n",
    );
    let ended = run(text);
    assert_eq!(statuses(&ended), [("a", "passed"), ("wrong", "failed")], "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn captured_values_are_variables_of_later_steps_and_of_their_children() {
    let text = [
        step("name=json capture=IP:$.net.ip capture=N:$.n", r#"echo '{"net": {"ip": "10.0.0.4"}, "n": 3}'"#),
        step("name=text capture=\"HOST:/on (\\S+)/\"", "echo 'listening on host-é.example now'; echo \"$IP\""),
        step("name=use", "bash -c 'echo $IP $N $HOST'; exit 0"),
        step("name=restored", "echo $IP"),
    ];
    let text = format!("# A\n\n{}<!-- expected_similarity=1 -->\n```output\n$IP\n```\n", text.concat());
    let ended = run(&text);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert_eq!(ended.step("use")["stdout"], "10.0.0.4 3 host-é.example\n");
    assert_eq!(ended.report["runbooks"][0]["variables"], json!({"HOST": "host-é.example", "IP": "10.0.0.4", "N": "3"}));
}

#[test]
fn a_capture_that_finds_nothing_fails_its_step_at_the_directives_line_and_is_the_cause_of_what_follows() {
    let text = [
        step("name=a capture=IP:$.ip", "echo '{\"ips\": []}'"),
        step("name=b", "ping -c 1 \"${IP:?is missing}\""),
        step("name=c", "test -n \"$IP\""),
        step("name=ro capture=UID:/(.+)/", "echo 7"),
    ];
    let ended = run(&format!("# A\n\n{}", text.concat()));
    assert_eq!(ended.code, 1);
    assert_reason(&ended, "a", "line 3: IP could not be set: its output has nothing at `$.ip`");
    assert_eq!(ended.step("c")["caused_by"]["step"], "a", "{}", ended.stdout);
    assert_eq!(ended.step("c")["caused_by"]["line"], 3);
    assert_reason(&ended, "ro", "it is readonly");
}

#[test]
fn values_with_secret_names_are_masked_when_they_are_captured() {
    let text =
        [step("name=a capture=ADMIN_PASSWORD:$.p", "printf '{\"p\": \"hunter2%s\"}' hunter2"), step("name=b", "echo \"$ADMIN_PASSWORD\"")];
    let ended = run(&format!("# A\n\n{}", text.concat()));
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert_eq!(ended.step("b")["stdout"], "***\n");
    assert!(!ended.report.to_string().contains("hunter2hunter2"), "{}", ended.report);
}

#[test]
fn what_is_required_and_not_there_makes_a_step_unsupported_and_its_dependents_not_run() {
    let text = [
        step("name=own requires=bash,greet", "echo no"),
        step("name=define", "greet() { echo hello; }\nexport NAME=x"),
        step("name=there requires=greet,var:NAME", "greet"),
        step("name=var requires=var:NO_SUCH_NAME", "export MADE=1"),
        step("name=needs", "echo \"$MADE\""),
        step("name=extension requires=extension:no-such-extension", "echo no"),
    ];
    let ended = run(&format!("# A\n\n{}", text.concat()));
    let expected = [
        ("own", "unsupported"),
        ("define", "passed"),
        ("there", "passed"),
        ("var", "unsupported"),
        ("needs", "not-run"),
        ("extension", "unsupported"),
    ];
    assert_eq!(statuses(&ended), expected, "{}", ended.stdout);
    assert_eq!(ended.code, 6);
    assert_eq!(ended.step("own")["blocked_by"]["what"], "greet");
    assert_eq!(ended.step("own")["attempts"], 0);
    assert_eq!(ended.step("var")["blocked_by"]["workaround"], "docent test document.md --var NO_SUCH_NAME=VALUE");
    assert_eq!(ended.step("extension")["blocked_by"]["kind"], "extension");
    let given = run_with(&format!("# A\n\n{}", text.concat()), &["--var", "NO_SUCH_NAME=7"]);
    assert_eq!(given.step("needs")["status"], "passed", "{}", given.stdout);
}

#[test]
fn what_the_document_requires_keeps_all_of_it_from_running_and_is_said_once() {
    let text =
        ["# A\n\n<!-- docent-file: requires=no-such-command -->\n\n".to_owned(), step("name=a", "touch ran"), step("name=b cleanup", "ls")];
    let ended = run(&text.concat());
    assert_eq!(statuses(&ended), [("a", "unsupported"), ("b", "unsupported")], "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("`no-such-command` is not available here").count(), 1, "{}", ended.stdout);
}

#[test]
fn applets_are_commands_that_a_step_may_require() {
    let ended = test_document(format!("# A\n\n{}", step("name=a requires=az,kubectl", "az group list -o tsv")), &[]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
}

const ROLES: &str = concat!(
    "# A\n\n<!-- docent: name=clean cleanup -->\n```bash\necho clean $A $B\n```\n\n",
    "<!-- docent: name=one -->\n```bash\necho one $A; B=2\n```\n\n",
    "<!-- docent: setup\n```bash\nA=1\nFAIL\n```\n-->\n\n",
    "<!-- docent: name=two -->\n```bash\nfalse\n```\n\n",
    "<!-- docent: name=three -->\n```bash\necho three\n```\n",
);

#[test]
fn setup_runs_first_and_clean_up_last_whatever_became_of_the_others() {
    let text = ROLES.replace("FAIL", ":");
    for (arguments, expected) in [
        (&[][..], ["passed", "passed", "passed", "failed", "passed"]),
        (&["--fail-fast"], ["passed", "passed", "passed", "failed", "not-run"]),
    ] {
        let ended = run_with(&text, arguments);
        let found: Vec<&str> = ended.steps().iter().filter_map(|step| step["status"].as_str()).collect();
        assert_eq!(found, expected, "{}", ended.stdout);
        assert_eq!((ended.code, &ended.step("clean")["stdout"]), (1, &json!("clean 1 2\n")));
        assert_eq!(ended.step("one")["stdout"], "one 1\n");
        let roles: Vec<&str> = ended.steps().iter().filter_map(|step| step["role"].as_str()).collect();
        assert_eq!(roles, ["cleanup", "ordinary", "setup", "ordinary", "ordinary"]);
    }
    let filtered = run_with(&text, &["--filter", "::one"]);
    assert_eq!((filtered.code, filtered.steps().len()), (0, 3), "{}", filtered.stdout);
}

#[test]
fn a_failed_setup_is_named_by_its_line_and_is_the_cause_why_the_ordinary_steps_are_not_run() {
    let ended = run(&ROLES.replace("FAIL", "nosuch=$(false)"));
    let found: Vec<&str> = ended.steps().iter().filter_map(|step| step["status"].as_str()).collect();
    assert_eq!(found, ["passed", "not-run", "failed", "not-run", "not-run"], "{}", ended.stdout);
    assert_eq!((ended.step("clean")["stdout"].as_str(), ended.code), (Some("clean 1\n"), 1));
    assert!(ended.stdout.contains("line 16: `nosuch=$(false)` ended with status 1"), "{}", ended.stdout);
    let setup = &ended.steps()[2]["id"];
    assert!(ended.steps().iter().filter(|step| step["status"] == "not-run").all(|step| step["caused_by"]["step"] == *setup));
}

#[test]
fn a_failed_clean_up_answers_for_itself() {
    let text = [step("name=make", "ID=$(cat no-such-file)"), step("name=clean cleanup", "echo \"removing $ID\"; rm \"no-such-file\"")];
    let ended = run(&format!("# A\n\n{}", text.concat()));
    assert_eq!(statuses(&ended), [("make", "failed"), ("clean", "failed")]);
    assert!(ended.step("clean")["caused_by"].is_null(), "{}", ended.stdout);
}

#[test]
fn a_server_in_the_background_serves_the_steps_below_and_ends_with_them() {
    // bash alone has no way to listen, so a reader of a FIFO answers.
    let server = "mkdir -p s; mkfifo s/in s/out\nOTHER=2; cd /\necho \"serving on $PORT\"\nwhile read -r line <\"$OLDPWD/s/in\"; do echo \"got $line\" >\"$OLDPWD/s/out\"; echo \"served $line\"; done";
    let text = [
        step("name=port", "PORT=8080"),
        step("name=serve background ready=\"serving on $PORT\"", server),
        step("name=first", "echo one >s/in; cat s/out; echo \"[$OTHER]\"; pwd | grep -c '/work$'"),
        step("name=second stop=serve", "echo two >s/in; cat s/out; wait"),
        step("name=after", "ls -d s; ! pgrep -f no-such-server"),
    ];
    let ended = run(&format!("# A\n\n{}", text.concat()));
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert_eq!(ended.step("serve")["stdout"], "serving on 8080\nserved one\nserved two\n");
    assert_eq!((&ended.step("serve")["background"], &ended.step("serve")["exit_code"]), (&json!("stopped"), &Value::Null));
    assert_eq!(ended.step("first")["stdout"], "got one\n[]\n1\n");
    assert_eq!(ended.step("second")["stdout"], "got two\n");
    assert!(ended.stdout.contains("& serve") && ended.stdout.contains("ran in the background until it was stopped"), "{}", ended.stdout);
}

#[test]
fn a_background_step_that_dies_early_fails_and_later_failures_hear_of_it() {
    let text = [
        step("name=serve background ready=up", "echo up; until [ -e go ]; do sleep 0.02; done\nls /nonexistent\necho more"),
        step("name=use", "touch go; sleep 1; cat answer"),
        step("name=clean background", "sleep 600"),
    ];
    let ended = run(&format!("# A\n\n{}", text.concat()));
    assert_eq!(statuses(&ended), [("serve", "failed"), ("use", "failed"), ("clean", "passed")], "{}", ended.stdout);
    assert_reason(&ended, "serve", "line 6: `ls /nonexistent` ended with status 2");
    assert_eq!(ended.step("serve")["background"], "ended");
    let notes = ended.step("use")["diagnostics"].to_string();
    assert!(notes.contains("`serve` (line 4), which runs in the background, had ended with status 2 by then"), "{notes}");
}

#[test]
fn a_background_step_that_never_gets_ready_says_what_was_waited_for() {
    let text = [
        step("name=silent background ready=\"Forwarding from\" timeout=300ms", "echo binding; sleep 600"),
        step("name=short background ready=\"Forwarding from\"", "echo bound"),
        step("name=next", "echo on"),
    ];
    let ended = run(&format!("# A\n\n{}", text.concat()));
    assert_eq!(statuses(&ended), [("silent", "timed-out"), ("short", "failed"), ("next", "passed")], "{}", ended.stdout);
    assert_reason(&ended, "silent", "line 4: it has not printed \"Forwarding from\" within 300 ms; it was stopped");
    assert_eq!(ended.step("silent")["stdout"], "binding\n");
    assert_reason(&ended, "short", "line 9: it ended and had not printed \"Forwarding from\"");
    assert!(ended.stdout.contains("│ binding"), "{}", ended.stdout);
}

#[test]
fn the_waits_of_a_background_step_leave_the_clock_of_the_others_alone() {
    let text = [
        step("name=noise background", "while true; do sleep 3600; date -u +%H:%M; done"),
        step("name=a", "az group create -n g -l westeurope -o none; sleep 60; date -u +%H:%M"),
        step("name=ready background ready=up", "sleep 0.2; echo up; sleep 2h; echo over; touch over"),
        // The other one is woken by time that passes here, not by time that it lets pass itself.
        step("name=b stop=ready", "until [ -e over ]; do sleep 1h; /bin/sleep 0.05; done"),
    ];
    let started = Instant::now();
    let ended = test_document(format!("# A\n\n{}", text.concat()), &["--timeout", "20s"]);
    assert!(started.elapsed() < Duration::from_secs(60));
    assert_eq!((ended.code, &ended.step("a")["stdout"]), (0, &json!("00:01\n")), "{}", ended.stdout);
    assert_eq!(ended.step("ready")["stdout"], "up\nover\n");
}

/// Starts a run, and interrupts it whenever it has made the next of the folders `1`, `2` … below `$MARK`, `times` times.
fn interrupted(text: &str, times: usize) -> (Option<i32>, Value, Duration) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("document.md"), text).expect("a scratch file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_docent"))
        // The marks are seen from outside, which is what a sandbox is against.
        .args(["test", "document.md", "--target", "none", "--sandbox", "off", "--report", "json=report.json", "--var"])
        .arg(format!("MARK={}", folder.path().display()))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let started = Instant::now();
    for number in 1..=times {
        while !folder.path().join(number.to_string()).exists() {
            assert!(started.elapsed() < Duration::from_secs(30), "the step did not mark its start");
            std::thread::yield_now();
        }
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
        assert!(killed.success());
    }
    let status = child.wait().expect("it ends");
    let report = fs::read(folder.path().join("report.json")).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    (status.code(), report.unwrap_or(Value::Null), started.elapsed())
}

#[test]
fn an_interrupted_run_still_cleans_up_and_asking_again_ends_that_too() {
    let text = |clean: &str| {
        format!(
            "# A\n\n{}{}{}{}",
            step("name=serve background ready=up", "echo up; sleep 600"),
            step("name=make", "mkdir \"$MARK/1\"; sleep 600"),
            step("name=later", "echo no"),
            step("name=clean cleanup", clean),
        )
    };
    let status = |report: &Value| -> Vec<String> {
        let steps = report["runbooks"][0]["steps"].as_array().cloned().unwrap_or_default();
        steps.iter().map(|step| step["status"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let (code, report, took) = interrupted(&text("echo cleaned"), 1);
    assert_eq!((code, &report["interrupted"]), (Some(130), &json!(true)));
    assert_eq!(status(&report), ["not-run", "not-run", "not-run", "passed"]);
    assert!(took < Duration::from_secs(60));
    let (code, report, took) = interrupted(&text("mkdir \"$MARK/2\"; sleep 600"), 2);
    assert_eq!(code, Some(130));
    assert_eq!(status(&report), ["not-run", "not-run", "not-run", "not-run"]);
    assert!(took < Duration::from_secs(60));
}

#[test]
fn a_wait_is_cut_short_by_an_interrupt() {
    let text = format!("# A\n\n{}{}", step("name=a wait=10m", "mkdir \"$MARK/1\""), step("name=b", "echo no"));
    let (code, report, took) = interrupted(&text, 1);
    assert_eq!((code, &report["runbooks"][0]["steps"][1]["status"]), (Some(130), &json!("not-run")));
    assert!(took < Duration::from_secs(60));
}

#[test]
fn the_script_of_a_runbook_does_what_its_directives_ask_for() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let text = [
        step("name=beside background ready=\"up\"", "echo up > state; echo up; sleep 60"),
        step("name=ask stdin=\"sí\"", "read A; cat state"),
        step("name=take capture=\"B:/is (.*)/\" stop=beside", "echo it is $A"),
        step("expect-exit=3", "(exit 3)"),
        step("cleanup", "echo end $B; rm state"),
        step("name=last", "echo last"),
    ];
    fs::write(folder.path().join("a.md"), text.concat()).expect("a scratch file");
    let script = crate::support::docent_in(folder.path(), &["script", "a.md"]).stdout;
    fs::write(folder.path().join("a.sh"), &script).expect("a scratch file");
    let bash = |value: Option<&str>| {
        let mut command = Command::new("bash");
        command.arg("a.sh").current_dir(folder.path()).env_remove("B").envs(value.map(|value| ("B", value)));
        command.output().expect("bash starts")
    };
    let ended = bash(Some("given"));
    assert!(ended.status.success(), "{script}\n{ended:?}");
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "up\nit is sí\nlast\nend given\n", "{script}");
    // What docent would capture has to come from outside.
    let ended = bash(None);
    assert!(!ended.status.success() && String::from_utf8_lossy(&ended.stderr).contains("docent sets B"), "{ended:?}");
}
