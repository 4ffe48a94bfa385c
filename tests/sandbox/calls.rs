//! The refused system calls, group by group, by what a program is told; and that the same calls go through without the filter.

use std::{collections::BTreeMap, fs, time::Duration};

use docent::shell::{Bash, Block, Bound, Ending, Helper, Launch, Layer, Outcome, Plan, Room, Sandbox, Session};

use super::{python, skipped};

/// What is refused everywhere, and how.
const REFUSED: [(&str, &str); 15] = [
    ("trace", "EPERM"),
    ("unshare", "EPERM"),
    ("clone", "EPERM"),
    ("keys", "EPERM"),
    ("userfault", "EPERM"),
    ("terminal", "EPERM"),
    ("sendto", "EPERM"),
    ("sendmsg", "EPERM"),
    ("clone3", "ENOSYS"),
    ("ring", "ENOSYS"),
    ("vsock", "EAFNOSUPPORT"),
    ("crypto", "EAFNOSUPPORT"),
    ("uevents", "EAFNOSUPPORT"),
    ("multipath", "EPROTONOSUPPORT"),
    // The process is killed: nothing can be told to a program that speaks another interface.
    ("abi", "SIGSYS"),
];

/// What is refused on the host's network, and otherwise stays in the room.
const REFUSED_ON_THE_HOST: [(&str, &str); 6] = [
    ("datagrams", "EAFNOSUPPORT"),
    ("named", "EAFNOSUPPORT"),
    ("pairs", "EAFNOSUPPORT"),
    ("shared memory", "ENOSYS"),
    ("semaphores", "ENOSYS"),
    ("messages", "ENOSYS"),
];

/// Runs a block in a room without these layers; with what the room lacks besides.
async fn run(without: &[Layer], script: &str) -> (Outcome, Vec<Layer>) {
    let directory = tempfile::tempdir().expect("a scratch folder");
    let helper = || Helper::this_program().expect("a test program has a path");
    let mut plan = Plan::new(helper(), Sandbox::BestEffort, directory.path());
    plan.without = without.to_vec();
    let room = Room::open(plan).await.expect("a room");
    let lacking = room.layers().states().iter().filter(|state| !state.holds).map(|state| state.layer);
    let lacking = lacking.filter(|layer| !without.contains(layer)).collect();
    let mut launch = Launch::new(helper(), "/bin/bash", directory.path());
    launch.environment.insert("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into());
    launch.room = Some(room.clone());
    fs::create_dir_all(launch.work()).expect("a scratch folder");
    fs::write(launch.work().join("calls.py"), include_str!("calls.py")).expect("a scratch file");
    let mut bash = Bash::start(launch).await.expect("bash starts");
    let outcome = bash
        .run(Block { script: script.to_owned(), timeout: Duration::from_secs(60), ..Block::default() })
        .await
        .expect("there is a shell");
    bash.stop().await.expect("nothing is left");
    drop(bash);
    room.close().await;
    (outcome, lacking)
}

async fn answers(without: &[Layer]) -> Option<BTreeMap<String, String>> {
    let Some(python) = python() else {
        skipped("there is no python3 in /usr/bin or /usr/local/bin");
        return None;
    };
    let (outcome, lacking) = run(without, &format!("{python} calls.py")).await;
    if !lacking.is_empty() {
        skipped(&format!("this machine lacks {lacking:?}"));
        return None;
    }
    assert!(outcome.is_success(), "{}", outcome.stderr.text());
    let pair = |line: &str| line.split_once(" = ").map(|(name, answer)| (name.to_owned(), answer.to_owned()));
    Some(outcome.stdout.text().lines().filter_map(pair).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_group_of_refused_calls_is_refused_and_goes_through_without_the_filter() {
    if !cfg!(target_arch = "x86_64") {
        return skipped("the calls are numbered for x86_64");
    }
    let (Some(own), Some(host)) = (answers(&[]).await, answers(&[Layer::Namespaces]).await) else { return };
    let open = answers(&[Layer::Namespaces, Layer::Seccomp]).await.expect("as before");
    let mut wrong = Vec::new();
    let mut check = |name: &str, found: &BTreeMap<String, String>, place: &str, expected: &str| {
        if found.get(name).map(String::as_str) != Some(expected) {
            wrong.push(format!("{name} {place}: {:?}, not {expected}", found.get(name)));
        }
    };
    for (name, refusal) in REFUSED {
        check(name, &own, "in a room of its own", refusal);
        check(name, &host, "on the host", refusal);
        // What the kernel does not have, or refuses to everybody, shows nothing.
        if open[name] == refusal {
            skipped(&format!("{name} is refused by this kernel too"));
        }
    }
    for (name, refusal) in REFUSED_ON_THE_HOST {
        check(name, &own, "in a room of its own", "0");
        check(name, &host, "on the host", refusal);
        check(name, &open, "without the filter", "0");
    }
    for name in ["core", "files"] {
        let expected = if name == "core" { "0" } else { "4096" };
        check(name, &own, "in a room of its own", expected);
        check(name, &host, "on the host", expected);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let shown = REFUSED.iter().filter(|(name, refusal)| open[*name] != *refusal).count();
    assert!(shown >= 8, "the filter is to be seen: {open:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_disk_of_its_own_a_run_that_writes_too_much_is_ended() {
    let fill = "for i in {1..60}; do head -c 30000000 /dev/zero >f$i; done; sleep 60";
    let (outcome, lacking) = run(&[Layer::Namespaces], fill).await;
    if !lacking.is_empty() {
        return skipped(&format!("this machine lacks {lacking:?}"));
    }
    assert_eq!((outcome.ending, outcome.exhausted), (Ending::Signaled(9), Some(Bound::Disk)), "{}", outcome.stderr.text());
    // Files that have lost their names count as long as somebody holds them.
    let fill = "for i in {1..60}; do exec {FD}>f; head -c 30000000 /dev/zero >&$FD; rm f; done; sleep 60";
    let (outcome, _) = run(&[Layer::Namespaces], fill).await;
    assert_eq!((outcome.ending, outcome.exhausted), (Ending::Signaled(9), Some(Bound::Disk)), "{}", outcome.stderr.text());
    // Where docent is root, so does what the run leaves where everybody may leave something.
    if rustix::process::geteuid().is_root() {
        let fill = "mkdir /tmp/docent-fill-$$; for i in {1..60}; do head -c 30000000 /dev/zero >/tmp/docent-fill-$$/f$i; done; sleep 60";
        let (outcome, _) = run(&[Layer::Namespaces], fill).await;
        assert_eq!((outcome.ending, outcome.exhausted), (Ending::Signaled(9), Some(Bound::Disk)), "{}", outcome.stderr.text());
        let left =
            fs::read_dir("/tmp").expect("/tmp").flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("docent-fill-"));
        assert!(!left, "what the run's user has left is removed");
    }
}
