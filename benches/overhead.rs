//! What a user feels, beside what a plain shell costs in the same run: machines differ and are busy, ratios hold.
//!
//! `cargo bench` prints one line a figure; medians of several rounds. `cargo bench --bench overhead -- logs` judges only outputs of that name.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its result")]

use std::{
    fmt::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use docent::{
    runbook::{Criterion, Expectation},
    score,
    shell::{Bash, Block, Ending, Helper, Launch, Sandbox, Session},
};

use outputs::{ORDINARY, PATHOLOGICAL, Pair};

#[path = "overhead/outputs.rs"]
mod outputs;

const STEPS: usize = 1000;
const ROUNDS: usize = 5;

fn main() {
    if std::env::args().skip(1).all(|argument| argument.starts_with('-')) {
        steps();
    }
    verdicts();
}

/// What a run costs, and a step of it.
fn steps() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let document = scratch.path().join("echo.md");
    let one = scratch.path().join("one.md");
    std::fs::write(&document, echo_document(STEPS)).expect("a scratch file");
    std::fs::write(&one, echo_document(1)).expect("a scratch file");
    let script: String = (0..STEPS).fold(String::new(), |mut script, step| {
        let _ = writeln!(script, "echo step {step}");
        script
    });

    let start_up = median(|| run(docent().arg("--version")));
    let single = median(|| run(docent().args(["test", "--target", "none", "-q"]).arg(&one)));
    let whole = median(|| run(docent().args(["test", "--target", "none", "-q"]).arg(&document)));
    let each = median(|| (0..STEPS / 10).map(|_| run(Command::new("bash").args(["-c", "echo step"]))).sum::<Duration>() * 10);
    let plain = median(|| run(Command::new("bash").args(["-c", &script])));

    let open = median(|| run(docent().args(["test", "--target", "none", "-q", "--sandbox", "off"]).arg(&one)));
    let open_whole = median(|| run(docent().args(["test", "--target", "none", "-q", "--sandbox", "off"]).arg(&document)));
    let open_step = (open_whole.saturating_sub(open)) / (STEPS as u32 - 1);

    let per_step = (whole.saturating_sub(single)) / (STEPS as u32 - 1);
    println!("start-up (docent --version)            {:>9.2} ms", milliseconds(start_up));
    println!("a runbook of one step                  {:>9.2} ms", milliseconds(single));
    println!("a runbook of {STEPS} steps               {:>9.2} ms", milliseconds(whole));
    println!("  a step more                          {:>9.3} ms", milliseconds(per_step));
    println!(
        "the same without a sandbox             {:>9.2} ms   the sandbox adds {:.2} ms",
        milliseconds(open),
        milliseconds(single) - milliseconds(open)
    );
    println!("  a step more                          {:>9.3} ms", milliseconds(open_step));
    println!("from a time-out to the next step       {:>9.2} ms   with trees that resist", milliseconds(median(kill)));
    println!("`bash -c` for each of {STEPS} steps       {:>9.2} ms   docent is {:.2} of it", milliseconds(each), ratio(whole, each));
    println!("one plain script of {STEPS} steps         {:>9.2} ms", milliseconds(plain));
}

/// How long a time-out takes beyond its time, with processes that ignore signals and leave the session.
fn kill() -> Duration {
    const BOUND: Duration = Duration::from_millis(300);
    let block = "for i in 1 2 3 4 5; do setsid bash -c 'trap \"\" TERM INT HUP; sleep 600 & sleep 600' >/dev/null 2>&1 & done; sleep 600";
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let directory = tempfile::tempdir().expect("a scratch directory");
        let mut launch = Launch::new(Helper::program(env!("CARGO_BIN_EXE_docent")), "/bin/bash", directory.path());
        launch.sandbox = Sandbox::BestEffort;
        launch.environment.insert("PATH".into(), "/usr/bin:/bin".into());
        let mut bash = Bash::start(launch).await.expect("bash starts");
        let started = Instant::now();
        let outcome = bash.run(Block { script: block.to_owned(), timeout: BOUND, ..Block::default() }).await.expect("it can be killed");
        assert_eq!(outcome.ending, Ending::TimedOut);
        let late = started.elapsed().saturating_sub(BOUND);
        bash.stop().await.expect("nothing is left");
        late
    })
}

/// What a verdict on a long output costs.
fn verdicts() {
    println!("\na verdict, megabytes of output in a second      at 1 MB   at 10 MB   10 MB is so many times 1 MB");
    let asked = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    for kind in ORDINARY.iter().chain(&PATHOLOGICAL).filter(|kind| kind.name.contains(&asked)) {
        let [(rate, small), (large_rate, large)] = [1, 10].map(|megabytes| {
            let pair = kind.pair(megabytes * 1_000_000);
            let taken = median(|| judged(&pair));
            (pair.actual.len() as f64 / 1e6 / taken.as_secs_f64(), taken)
        });
        println!("{:<44} {rate:>9.1}  {large_rate:>9.1}  {:>9.1}", kind.name, ratio(large, small));
    }
}

fn echo_document(steps: usize) -> String {
    (0..steps).fold("# Echo\n".to_owned(), |mut document, step| {
        let _ = write!(document, "\n```bash\necho step {step}\n```\n");
        document
    })
}

fn docent() -> Command {
    Command::new(env!("CARGO_BIN_EXE_docent"))
}

fn run(command: &mut Command) -> Duration {
    let started = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program runs");
    assert!(status.success(), "{command:?} ended with {status}");
    started.elapsed()
}

fn judged(pair: &Pair) -> Duration {
    let expectation = Expectation {
        line: 1,
        fence_line: 1,
        language: pair.language.to_owned(),
        criterion: Criterion::Similarity(0.3),
        text: pair.expected.clone(),
        comparison: Default::default(),
    };
    let started = Instant::now();
    let verdict = score::judge(&expectation, pair.actual.as_bytes());
    let elapsed = started.elapsed();
    assert!(verdict.score.is_some());
    elapsed
}

fn median(mut measure: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| measure()).collect();
    times.sort();
    times[ROUNDS / 2]
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64().max(1e-9)
}
