//! Steps that are tried again: when, for how long, in which state, and what the reports say.

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::support::{Ended, test_document};

fn run(text: &str) -> Ended {
    run_with(text, &[])
}

fn run_with(text: &str, arguments: &[&str]) -> Ended {
    test_document(text, &[&["--target", "none", "--timeout", "30s"], arguments].concat())
}

/// A document with a step after each directive.
fn document(steps: &[(&str, &str)]) -> String {
    let steps = steps.iter().map(|(keys, script)| format!("<!-- docent: {keys} -->\n```bash\n{script}\n```\n\n"));
    format!("# A\n\n{}", steps.collect::<String>())
}

/// Counts its attempts in a file, and works from the one on that is given.
fn works_at(attempt: u32) -> String {
    format!("echo x >>tries\nN=$(wc -l <tries)\ntest \"$N\" -ge {attempt}")
}

#[track_caller]
fn assert_tried(ended: &Ended, id: &str, status: &str, attempts: u32) {
    let step = ended.step(id);
    assert_eq!((step["status"].as_str(), step["attempts"].as_u64()), (Some(status), Some(attempts.into())), "{}", ended.stdout);
}

#[test]
fn a_step_that_passes_on_a_retry_is_flaky_and_fails_only_when_that_is_asked_for() {
    let text = document(&[("name=a retry=3 backoff=1ms", &works_at(3)), ("name=b retry=3", "true")]);
    let ended = run(&text);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert_tried(&ended, "a", "passed", 3);
    assert_tried(&ended, "b", "passed", 1);
    assert_eq!((&ended.step("a")["flaky"], &ended.step("b")["flaky"]), (&true.into(), &false.into()));
    assert_eq!(ended.report["totals"]["steps_flaky"], 1);
    let earlier = ended.step("a")["earlier_attempts"].as_array().cloned().unwrap_or_default();
    assert_eq!(earlier.len(), 2);
    assert_eq!((&earlier[1]["attempt"], &earlier[1]["status"], &earlier[1]["exit_code"]), (&2.into(), &"failed".into(), &1.into()));
    assert!(earlier[0]["reasons"][0].as_str().is_some_and(|reason| reason.contains("ended with status 1")), "{earlier:?}");
    assert!(ended.stdout.contains("flaky: passed only at attempt 3") && ended.stdout.contains("1 of them flaky"), "{}", ended.stdout);
    let strict = run_with(&text, &["--fail-on-flaky"]);
    assert_eq!((strict.code, &strict.report["runbooks"][0]["status"]), (1, &"failed".into()));
    assert!(strict.stdout.contains("`a` passed only at attempt 3, and no step may be flaky"), "{}", strict.stdout);
}

#[test]
fn attempts_end_when_there_were_enough_and_the_last_one_counts() {
    let other = "test -f x || { touch x; echo first >&2; exit 3; }\nexit 4";
    let ended = run(&document(&[("name=a retry=2 backoff=1ms", &works_at(9)), ("name=b retry=1 backoff=1ms", other)]));
    assert_eq!(ended.code, 1);
    assert_tried(&ended, "a", "failed", 3);
    assert_tried(&ended, "b", "failed", 2);
    assert_eq!(ended.step("b")["exit_code"], 4);
    assert!(ended.stdout.contains("attempt 1: line 12: `exit 3` ended with status 3"), "{}", ended.stdout);
}

#[test]
fn eventually_waits_for_what_the_document_expects_and_that_is_not_flaky() {
    let text = format!(
        "{}<!-- expected_similarity=1 -->\n```output\nready\n```\n",
        document(&[("name=a eventually=20s every=10ms", "echo x >>tries\ntest $(wc -l <tries) -lt 4 && echo starting || echo ready")])
    );
    let ended = run(&text);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert_tried(&ended, "a", "passed", 4);
    assert_eq!(ended.step("a")["flaky"], false);
    assert!(ended.stdout.contains("passed at attempt 4"), "{}", ended.stdout);
}

#[test]
fn eventually_ends_with_its_time_also_in_the_middle_of_an_attempt() {
    let started = Instant::now();
    let ended = run(&document(&[("name=a eventually=400ms every=100ms", "false"), ("name=b eventually=1s every=10ms", "sleep 30")]));
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
    assert_eq!(ended.step("a")["status"], "failed");
    let attempts = ended.step("a")["attempts"].as_u64().unwrap_or_default();
    assert!((2..=5).contains(&attempts), "{attempts}");
    assert_tried(&ended, "b", "timed-out", 1);
}

#[test]
fn a_failed_attempt_leaves_nothing_behind_in_the_shell() {
    let attempt = "echo \"${NEW-unset} ${OLD} $PWD\" >>\"$HOME/seen\"; NEW=1; OLD=changed; cd /; f() { echo new; }\ntest \"$(wc -l <\"$HOME/seen\")\" -ge 3";
    let text = document(&[
        ("name=before", "OLD=kept; f() { echo old; }; sleep 600 & JOB=$!"),
        ("name=a retry=5 backoff=1ms", attempt),
        ("name=after", "cat \"$HOME/seen\"; echo \"$NEW $OLD $(f) $PWD\"; kill -0 $JOB"),
        ("name=b retry=1 backoff=1ms", "LOST=1; exit 3"),
        ("name=end", "echo \"${LOST-unset}\""),
    ]);
    let ended = run(&text);
    assert_eq!(ended.step("after")["stdout"], format!("{}1 changed new /\n", "unset kept /docent/work\n".repeat(3)), "{}", ended.stdout);
    assert_eq!(ended.step("after")["status"], "passed");
    // The last attempt counts, so its state stays.
    assert_eq!(ended.step("end")["stdout"], "1\n");
}

#[test]
fn on_the_embedded_clock_waiting_costs_nothing_and_the_pods_get_ready() {
    let text = concat!(
        "# A\n\n```bash\naz group create -n rg -l westeurope -o none\naz aks create -g rg -n k -o none\naz aks get-credentials -g rg -n k\n",
        "kubectl apply -f - <<'END'\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: nginx}]}\nEND\n```\n\n",
        "<!-- docent: name=ready eventually=10m every=15s -->\n```bash\nkubectl get pod web -o jsonpath='{.status.phase}'\n```\n\n",
        "<!-- expected_similarity=\"Running$\" -->\n```output\nRunning\n```\n\n",
        "<!-- docent: name=never eventually=30m every=1m -->\n```bash\nkubectl get pod nobody\n```\n",
    );
    let started = Instant::now();
    let ended = test_document(text, &[]);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    assert_eq!(ended.step("ready")["status"], "passed", "{}", ended.stdout);
    assert_eq!(ended.step("never")["status"], "failed", "{}", ended.stdout);
    assert_tried(&ended, "never", "failed", 31);
}

#[test]
fn what_changes_something_is_not_tried_again_unless_the_author_says_so() {
    let text = document(&[
        ("name=group", "az group create -n rg -l westeurope -o none"),
        ("name=looks eventually=1m every=10s", "az group create -n rg -l westeurope -o none\naz group show -n rg -o none\ntest -f never"),
        ("name=says retry=1", "az group create -n rg -l westeurope -o none\ntest -f never"),
    ]);
    let ended = test_document(&text, &[]);
    assert_tried(&ended, "looks", "failed", 1);
    assert!(
        ended.stdout.contains("not tried again: `az group create -n rg -l westeurope -o none` (line 10) changes something"),
        "{}",
        ended.stdout
    );
    assert_tried(&ended, "says", "failed", 2);
}

#[test]
fn a_step_is_not_run_when_one_that_it_needs_did_not_pass() {
    let text = document(&[
        ("name=bad", "false"),
        ("name=good", "true"),
        ("name=out skip", "true"),
        ("name=a needs=good,bad", "echo no"),
        ("name=b needs=a", "echo no"),
        ("name=c needs=good", "true"),
        ("name=d needs=out", "echo no"),
    ]);
    let ended = run(&text);
    let statuses: Vec<_> = ended.steps().iter().map(|step| step["status"].as_str().unwrap_or_default()).collect();
    assert_eq!(statuses, ["failed", "passed", "skipped", "not-run", "not-run", "passed", "not-run"], "{}", ended.stdout);
    assert_eq!(ended.step("a")["caused_by"]["step"], "bad");
    assert_eq!(ended.step("b")["caused_by"]["reason"], "it needs `a`, which was not run");
    assert_eq!(ended.step("d")["caused_by"]["reason"], "it needs `out`, which was skipped");
}

#[test]
fn a_step_runs_after_those_that_it_names_wherever_they_stand() {
    let text = document(&[
        ("name=last after=first", "echo \"$ORDER\""),
        ("name=other", "ORDER+=other,"),
        ("name=first", "ORDER+=first,"),
        ("name=end", "ORDER+=end,"),
    ]);
    let ended = run(&text);
    assert_eq!(ended.step("last")["stdout"], "other,first,\n", "{}", ended.stdout);
    let listed = run_with(&text, &["--filter", "::last"]);
    assert_eq!((listed.code, listed.steps().len()), (0, 1), "{}", listed.stdout);
    assert_eq!(listed.step("last")["stdout"], "other,first,\n");
}

#[test]
fn what_no_longer_fits_into_the_time_of_the_run_is_not_run_and_says_so() {
    let text = document(&[("name=a", "sleep 30"), ("name=b", "echo no"), ("name=c cleanup", "echo cleaned")]);
    let started = Instant::now();
    let ended = run_with(&text, &["--run-timeout", "700ms"]);
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
    assert_eq!(ended.code, 1);
    assert_eq!(ended.step("a")["status"], "timed-out");
    assert!(ended.stdout.contains("still running when the whole run had taken 700 ms"), "{}", ended.stdout);
    assert_eq!((&ended.step("b")["status"], &ended.step("b")["caused_by"]["step"]), (&"not-run".into(), &"a".into()));
    assert_eq!(ended.step("b")["caused_by"]["reason"], "the run had taken 700ms, the most that it may");
    assert_eq!(ended.step("c")["stdout"], "cleaned\n");
}

#[test]
fn waiting_for_the_next_attempt_ends_with_the_time_of_the_run() {
    let ended = run_with(&document(&[("name=a eventually=1h every=30m", "false")]), &["--run-timeout", "500ms"]);
    assert_eq!(ended.code, 1);
    assert_tried(&ended, "a", "failed", 1);
    assert!(ended.stdout.contains("the whole run had taken 500 ms"), "{}", ended.stdout);
}

#[test]
fn ctrl_c_ends_the_wait_between_two_attempts_at_once() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let text = document(&[("name=a eventually=1h every=30m", "echo x >\"$OUT\"; false"), ("name=b cleanup", "echo cleaned")]);
    fs::write(folder.path().join("document.md"), text).expect("a scratch file");
    let seen = folder.path().join("seen");
    let mut child = Command::new(env!("CARGO_BIN_EXE_docent"))
        // The mark is seen from outside, which is what a sandbox is against.
        .args(["test", "document.md", "--target", "none", "--sandbox", "off", "--report", "json=report.json", "--var"])
        .arg(format!("OUT={}", seen.display()))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let started = Instant::now();
    while !seen.exists() && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    let asked = Instant::now();
    let status = child.wait().expect("it ends");
    assert!(asked.elapsed() < Duration::from_secs(25), "{:?}", asked.elapsed());
    assert_eq!(status.code(), Some(130));
    let report: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("report.json")).expect("a report")).expect("JSON");
    let steps = &report["runbooks"][0]["steps"];
    assert_eq!((&steps[0]["status"], &steps[1]["status"]), (&"not-run".into(), &"passed".into()), "{report}");
    assert_eq!(steps[0]["attempts"], 1);
}

#[test]
fn what_goes_together_with_trying_again_is_said_before_anything_runs() {
    let cases = [
        ("retry=1 background", "a `background` step is judged when it is stopped"),
        ("eventually=1m retry=1", "`eventually` says for how long"),
        ("every=1m", "`every` without `eventually`"),
        ("eventually=1m every=2m", "`every` is longer than `eventually`"),
        ("backoff=1s", "`backoff` without `retry`"),
        ("retry=0", "`0` is not a number of times"),
        ("retry=1 backoff=linear", "`linear` does not say how long to wait"),
        ("eventually=1m interactive", "never run, so it cannot be tried again"),
        ("skip retry=1", "a step that is skipped cannot be tried again"),
        ("cleanup needs=other", "so it cannot need one of them"),
        ("needs=othr", "did you mean `other`?"),
        ("name=me after=me", "`me` can only run after itself"),
        ("after=tidy", "`after` names `tidy` (line 14), which cleans up and so runs later"),
    ];
    for (keys, message) in cases {
        let ended = run(&document(&[(keys, ":"), ("name=other", ":"), ("name=tidy cleanup", ":")]));
        assert_eq!(ended.code, 3, "{keys}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains(message), "{keys}: {}", ended.stderr);
    }
    let circle = run(&document(&[("name=a after=b", ":"), ("name=b needs=a", ":")]));
    assert!(circle.stderr.contains("these steps each come after the next one: `a`, `b`, `a`"), "{}", circle.stderr);
}
