//! Documents that do to their own shell what a shell should not survive: the next step has the right state, and the report says what happened.

use std::time::{Duration, Instant};

use crate::support::{Ended, test_document};

/// Whatever a step does, the document ends within this, here with time-outs of a few seconds and a busy machine.
const TIME_MAX: Duration = Duration::from_secs(60);

/// A step called `hazard` between one that sets a variable and one that shows it.
fn run(keys: &str, script: &str) -> Ended {
    let text = format!(
        "# A\n\n<!-- docent: name=before -->\n```bash\nKEPT=kept; mkdir -p here; cd here\n```\n\n<!-- docent: name=hazard {keys} -->\n```bash\n{script}\n```\n\n\
         <!-- docent: name=after -->\n```bash\necho \"$KEPT ${{PWD##*/}}\"; false | true; X=1; test -d /\n```\n\n<!-- docent: name=fails -->\n```bash\nfalse\necho no\n```\n"
    );
    let started = Instant::now();
    let ended = test_document(text, &["--target", "none", "--timeout", "20s"]);
    assert!(started.elapsed() < TIME_MAX, "{script}: {:?}", started.elapsed());
    ended
}

/// The hazard ends like this, and the steps behind it as if it had not been.
#[track_caller]
fn check(keys: &str, script: &str, status: &str) -> Ended {
    let ended = run(keys, script);
    assert_eq!(ended.step("hazard")["status"], status, "{script}\n{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(ended.step("after")["stdout"], "kept here\n", "{script}\n{}", ended.stdout);
    assert_eq!(
        (&ended.step("after")["status"], &ended.step("fails")["status"]),
        (&"passed".into(), &"failed".into()),
        "{script}\n{}",
        ended.stdout
    );
    assert_eq!(ended.step("fails")["stdout"], "", "{script}: a block no longer stops at its first failing command");
    ended
}

#[test]
fn builtins_that_the_driver_uses_may_be_functions_aliases_or_gone() {
    for name in ["printf", "trap", "exit", "return", "unset", "command", "declare", "set", "shopt", "eval", "read", "test", "cd", "umask"] {
        check("", &format!("{name}() {{ :; }}"), "passed");
    }
    check("", "shopt -s expand_aliases\nalias printf=false trap=false set=false declare=false '.'=false umask=false shopt=false", "passed");
    // Without them nothing can be told, so the block has not passed.
    let ended = check("", "enable -n printf trap declare set", "failed");
    assert!(ended.stdout.contains("takes from the shell what docent needs"), "{}", ended.stdout);
    check("", "readonly -f printf 2>/dev/null || true; printf() { exit 9; }; readonly -f printf", "passed");
}

#[test]
fn functions_and_variables_named_like_ours_change_nothing() {
    check("", "__docent_d() { :; }; __docent_b() { exit 7; }; function a { :; }; function k { exit 1; }", "passed");
    check("", "__docent_x=1 __docent_k= __docent_r=", "passed");
    check("", "readonly __docent_b __docent_x=1", "passed");
    check("timeout=2s", "readonly __docent_n=x", "timed-out");
    check("", "readonly IFS", "passed");
}

#[test]
fn words_are_split_and_commands_found_however_the_document_likes_it() {
    check("", "IFS=:0123456789/", "passed");
    check("", "IFS=", "passed");
    let ended = run("", "PATH=/nowhere");
    assert_eq!(ended.step("after")["stdout"], "kept here\n", "{}", ended.stdout);
    check("", "export LD_PRELOAD=/nowhere.so BASH_ENV=/nowhere ENV=/nowhere PS4='$(exit 3)' PROMPT_COMMAND='exit 3'", "passed");
    check("", "export POSIXLY_CORRECT=1; set -o posix", "passed");
    check("", "export GLOBIGNORE='*' TMOUT=1 HOME= TMPDIR=/nowhere", "passed");
}

#[test]
fn traps_of_every_kind_are_the_documents_own() {
    check("", "trap 'echo bye' EXIT; trap '' INT TERM HUP; trap 'X=1' DEBUG; trap 'X=2' RETURN", "passed");
    check("", "set -o functrace; trap 'true' DEBUG; trap 'true' RETURN", "passed");
    check("", "shopt -s extdebug; trap 'true' DEBUG", "passed");
    check("", "trap 'exit 0' ERR; false", "failed");
    check("", "set -x; exec 9>trace; BASH_XTRACEFD=9; echo hi", "passed");
}

#[test]
fn a_shell_that_is_wedged_or_gone_comes_back_as_it_was() {
    check("timeout=2s", "set -n", "timed-out");
    check("timeout=2s", "builtin() { :; }", "timed-out");
    check("timeout=2s", "while :; do :; done", "timed-out");
    check("timeout=2s", "shopt -s extdebug; trap 'false' DEBUG", "timed-out");
    check("", "kill -9 $$", "failed");
    check("", "kill -9 $BASHPID", "failed");
    check("", "exec 255<&-", "passed");
    check("", "exec false", "failed");
    check("", "exit 3", "failed");
    check("", "enable -f /nowhere x", "failed");
}

#[test]
fn streams_may_be_closed_moved_and_full_of_anything() {
    let ended = check("", "exec >out.txt; echo in the file", "passed");
    assert_eq!(ended.step("hazard")["stdout"], "");
    check("", "exec 0<&- 1>&- 2>&-", "passed");
    let ended = check("", "printf 'a\\0b\\377\\n\\033[2J'", "passed");
    assert_eq!(ended.step("hazard")["stdout"], "a\0b\u{fffd}\n\u{1b}[2J");
    assert!(!ended.stdout.contains('\0') && !ended.stdout.contains("\u{1b}[2J"));
    check("", "(read -t 1 X </dev/tty) 2>/dev/null || read -t 1 X || true", "passed");
    check("", "ulimit -n 300; for i in {10..200}; do eval \"exec $i>/dev/null\"; done", "passed");
    check("", "ulimit -Sn \"$(ulimit -Hn)\"; for ((i = 0; i < 10000; i++)); do exec {FD}>/dev/null || break; done; echo $FD >&2", "passed");
}

/// The note about a limit that the hazard met.
#[track_caller]
fn limit(ended: &Ended) -> String {
    let notes = ended.step("hazard")["diagnostics"].as_array().cloned().unwrap_or_default();
    let note = notes.iter().find(|note| note["code"] == "sandbox-limit").unwrap_or_else(|| panic!("no limit: {}", ended.stdout));
    let message = note["message"].as_str().unwrap_or_default().to_owned();
    assert!(ended.stdout.contains(&message), "{}", ended.stdout);
    message
}

#[test]
fn a_full_disk_ends_the_step_that_fills_it() {
    let fill = "for i in {1..40}; do head -c 60000000 /dev/zero >fill$i; done";
    assert!(limit(&check("", fill, "failed")).contains("512 MiB"));
    // In the folder for temporary files it is the same disk, and what is removed makes room again.
    let ended = check("", &format!("(cd /tmp; trap 'rm -f fill*' EXIT; {fill})"), "failed");
    assert!(limit(&ended).contains("512 MiB"));
    let files = "for i in {1..20}; do mkdir d$i; (cd d$i; seq 10000 | xargs touch); done";
    assert!(limit(&check("", files, "failed")).contains("131,072 files"));
    assert!(limit(&check("", "head -c 100000000 /dev/zero >large", "failed")).contains("64 MiB"));
}

#[test]
fn a_fork_storm_stays_within_its_bound_and_ends_with_the_step() {
    // A bound of its own, far below that of the sandbox.
    let storm = "ulimit -Su 60; storm() { storm | storm & }; storm; sleep 30";
    let ended = check("timeout=4s", storm, "timed-out");
    assert!(ended.step("hazard")["stderr"].as_str().is_some_and(|text| text.contains("fork: ")), "{}", ended.stdout);
    check("timeout=4s", "ulimit -Su 60; while :; do sleep 60 & done; wait", "timed-out");
}

#[test]
fn as_many_files_as_anybody_opens_are_refused_at_the_bound() {
    let ended = check("", "for ((i = 0; i < 10000; i++)); do exec {FD}</dev/null; done", "failed");
    assert!(limit(&ended).contains("4,096"));
}

#[test]
fn a_shell_may_be_restricted_stopped_or_kept_from_writing() {
    let ended = check("", "set -r", "failed");
    assert!(ended.stdout.contains("takes from the shell what docent needs"), "{}", ended.stdout);
    check("timeout=2s", "kill -STOP $$", "timed-out");
    check("", "umask 777", "passed");
    check("", "ulimit -f 0", "failed");
    check("", "unset PATH HOME IFS", "passed");
    check("", "exec 2>/dev/full; echo lost >&2 || true", "passed");
}

#[test]
fn a_question_to_a_person_is_no_wait() {
    for question in ["read -p 'Go on? ' ANSWER", "read ANSWER </dev/tty", "select X in a b; do break; done"] {
        let ended = run("", question);
        assert!(["failed", "unsupported", "passed"].iter().any(|status| ended.step("hazard")["status"] == *status), "{}", ended.stdout);
        assert_eq!(ended.step("after")["stdout"], "kept here\n", "{question}");
    }
}

#[test]
fn folders_of_the_run_may_be_removed() {
    check("", "rm -rf \"$TMPDIR\" \"$HOME\"", "passed");
    let ended = run("", "mkdir gone; cd gone; rmdir ../gone");
    assert_eq!((&ended.step("hazard")["status"], &ended.step("after")["status"]), (&"passed".into(), &"passed".into()), "{}", ended.stdout);
}

#[test]
fn what_a_step_has_left_running_does_not_outlive_the_document() {
    let marker = format!("docent-hazard-{}", std::process::id());
    let daemon = format!("(setsid bash -c 'trap \"\" TERM INT HUP; exec -a {marker} sleep 300' >/dev/null 2>&1 &) &\nsleep 0.2");
    check("", &daemon, "passed");
    let lives = std::fs::read_dir("/proc").expect("a system with /proc").flatten().any(|process| {
        std::fs::read(process.path().join("cmdline")).is_ok_and(|words| String::from_utf8_lossy(&words).starts_with(&marker))
    });
    assert!(!lives, "a daemon is still there");
}

#[test]
fn ten_thousand_variables_and_a_huge_environment_carry() {
    // bash itself takes a minute for ten times as many.
    check("", "for ((i = 0; i < 10000; i++)); do printf -v \"V$i\" %s \"$i\"; done", "passed");
    let ended = run("", "export BIG=$(head -c 100000 /dev/zero | tr '\\0' x); for i in {1..40}; do export \"BIG$i=$BIG\"; done");
    // No program can be started any more, and that is the document's doing; the shell still can.
    assert_eq!(ended.step("after")["stdout"], "kept here\n", "{}", ended.stdout);
}

/// The most memory that a process of this program had, from its own account.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().trim_end_matches(" kB").trim().parse().ok())
}

#[test]
fn memory_stays_bounded_while_a_block_prints_without_end() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    // 200 MB in lines, then one line of 100 MB; the last step holds docent until its account was read.
    let text = "# A\n\n```bash\nyes 'a line of some length' | head -c 200000000\n```\n\n```bash\nhead -c 100000000 /dev/zero | tr '\\0' x\n```\n\n```bash\ntouch \"$READY\"\nwhile test -e \"$READY\"; do sleep 0.05; done\n```\n";
    std::fs::write(folder.path().join("a.md"), text).expect("a scratch file");
    let ready = folder.path().join("ready");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_docent"))
        // The mark is seen from outside, which is what a sandbox is against.
        .args(["test", "a.md", "--target", "none", "--sandbox", "off", "--timeout", "120s", "--var"])
        .arg(format!("READY={}", ready.display()))
        .current_dir(folder.path())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    let started = Instant::now();
    while !ready.exists() && started.elapsed() < Duration::from_secs(200) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let peak = peak_kib(child.id());
    std::fs::remove_file(&ready).expect("the last step was reached");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let peak = peak.expect("its account can be read");
    assert!(peak < 64 * 1024, "{peak} KiB");
}
