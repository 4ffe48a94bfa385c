//! Runs that are interrupted or killed at any point: what they leave is found by their journals, and finished from outside.
//!
//! Twenty of them in every test run; `DOCENT_INTERRUPTIONS=200 cargo test --test main interruptions -- --nocapture` takes as many as it says,
//! and `DOCENT_INTERRUPTIONS_SEED` other moments.

use std::{collections::BTreeMap, fs, time::Duration};

use crate::journal::{Lab, signal};

/// No run has more to tell before it waits.
const LINES_MAX: u64 = 10;
/// And by then it waits, unless the machine is busy.
const MOMENT_MAX: u64 = 600_000;

/// Draws that look random, and are the same for the same seed.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        // Source: Knuth's constants for a linear congruential generator of 64 bits.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn helpers(docent: i32) -> Vec<i32> {
    let children = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<i32>().ok()) == Some(docent)
    };
    children.filter(is_child).collect()
}

/// All processes below this one.
fn descendants(docent: i32) -> Vec<i32> {
    let mut found = helpers(docent);
    let mut at = 0;
    while let Some(pid) = found.get(at).copied() {
        found.extend(helpers(pid));
        at += 1;
    }
    found
}

#[test]
fn asking_a_third_time_ends_docent_at_once_and_nothing_outlives_it() {
    let lab = Lab::new();
    let mut child = lab.start();
    let run = lab.wait_for_lines(10);
    let pid = i32::try_from(child.id()).unwrap();
    // Helpers that do not answer, for which docent would wait.
    let stopped = descendants(pid);
    stopped.iter().for_each(|pid| signal("STOP", *pid));
    let started = std::time::Instant::now();
    let code = loop {
        signal("INT", pid);
        std::thread::sleep(Duration::from_millis(100));
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        // They have ten seconds to answer.
        assert!(started.elapsed() < Duration::from_secs(9), "it still waits");
    };
    assert_eq!(code, Some(130));
    stopped.iter().for_each(|pid| signal("CONT", *pid));
    let (code, said) = lab.clean(&[]);
    assert_eq!((code, lab.remains(&run)), (Some(0), Vec::new()), "{said}");
}

#[test]
#[expect(clippy::print_stderr, reason = "whoever asks for more than usual wants to know what came of it")]
fn nothing_is_left_after_clean_wherever_and_however_a_run_was_ended() {
    let count = number("DOCENT_INTERRUPTIONS").unwrap_or(20);
    let mut draws = Draws(number("DOCENT_INTERRUPTIONS_SEED").unwrap_or(1));
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for (index, how) in (0..count).zip(["INT", "TERM", "KILL", "all"].into_iter().cycle()) {
        let lab = Lab::new();
        let mut child = lab.start();
        let pid = i32::try_from(child.id()).unwrap();
        // At a line of the journal, each of which is before or after an effect; or at any moment at all, the first included.
        let lines = (index % 2 == 0).then(|| 1 + draws.below(LINES_MAX));
        match lines {
            Some(lines) => drop(lab.wait_for_lines(usize::try_from(lines).unwrap())),
            None => std::thread::sleep(Duration::from_micros(draws.below(MOMENT_MAX))),
        }
        if how == "all" {
            // The helper, which cleans up after a killed docent, is killed too, and first.
            signal("STOP", pid);
            for helper in helpers(pid) {
                signal("KILL", helper);
            }
            signal("KILL", pid);
        } else {
            signal(how, pid);
        }
        let code = child.wait().unwrap().code();
        // Before the first step, docent may not be listening yet.
        let is_killed = ["KILL", "all"].contains(&how);
        let is_listening = lines.is_some_and(|lines| lines > 1);
        assert!(code == Some(130) && !is_killed || code.is_none() && (is_killed || !is_listening), "{index} {how} {lines:?}: {code:?}");
        let run = lab.journals().first().map(|journal| journal.file_stem().unwrap().to_str().unwrap().to_owned());
        let (code, said) = lab.clean(&[]);
        assert_eq!(code, Some(0), "{index} {how}: {said}");
        let begun = if let Some(run) = run {
            assert!(said.contains(&run), "{index} {how}: {said}");
            assert_eq!(lab.remains(&run), Vec::<String>::new(), "{index} {how}: {said}");
            "begun"
        } else {
            "not begun"
        };
        assert!(fs::read_dir(lab.temporary()).unwrap().next().is_none(), "{index} {how}: {said}");
        assert!(lab.clean(&[]).1.contains("nothing to clean"));
        *told
            .entry(format!(
                "{how}, {begun}, {} steps ended",
                said.split(", ").nth(1).map_or("no", |words| words.split(' ').next().unwrap_or("no"))
            ))
            .or_default() += 1;
    }
    if count > 20 {
        for (what, times) in &told {
            eprintln!("{times:>4} {what}");
        }
    }
}
