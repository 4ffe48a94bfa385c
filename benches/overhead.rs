//! What a user feels, beside what a plain shell costs in the same run: machines differ and are busy, ratios hold.
//!
//! `cargo bench --bench overhead` prints one line a figure, medians of several rounds, in under three minutes; what is worse than it should
//! be is marked. `-- run`, `-- judge` and `-- lint` print a part of it, any other word only the outputs to judge whose names contain it.
//! `-- lint FOLDER` lints the documents of a folder instead of our own, and `--quick` leaves out the largest outputs.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its result")]

use std::{
    fmt::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use docent::{
    runbook::{Criterion, Expectation},
    score,
    shell::{Bash, Block, Ending, Helper, Launch, Sandbox, Session},
};

use rustix::time::{ClockId, clock_gettime};

use outputs::{ORDINARY, PATHOLOGICAL, Pair};

#[path = "overhead/outputs.rs"]
mod outputs;

const STEPS: usize = 1000;
const ROUNDS: usize = 5;
/// Rounds of what takes a few milliseconds.
const SHORT_ROUNDS: usize = 31;
/// After so long no further round is begun.
const ROUNDS_TIME_MAX: Duration = Duration::from_secs(1);

/// What the sandbox may add to the start of a run.
const SANDBOX_GOAL: Duration = Duration::from_millis(15);
/// How late a time-out may be.
const KILL_GOAL: Duration = Duration::from_millis(20);
/// How long linting may take.
const LINT_GOAL: Duration = Duration::from_secs(2);
/// Megabytes of output to judge in a second.
const JUDGE_GOAL: f64 = 20.0;
/// How many documents are linted: as many as the largest collection of runbooks has.
const LINTED: usize = 750;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            run();
            lint(None);
            judge("", is_quick);
        }
        ["run"] => run(),
        ["lint", ref rest @ ..] => lint(rest.first().map(Path::new)),
        ["judge", ref rest @ ..] | ref rest => judge(rest.first().copied().unwrap_or_default(), is_quick),
    }
}

/// What a run costs, and a step of it.
fn run() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let document = scratch.path().join("echo.md");
    let one = scratch.path().join("one.md");
    std::fs::write(&document, echo_document(STEPS)).expect("a scratch file");
    std::fs::write(&one, echo_document(1)).expect("a scratch file");
    let script: String = (0..STEPS).fold(String::new(), |mut script, step| {
        let _ = writeln!(script, "echo step {step}");
        script
    });
    let test =
        |document: &Path, sandbox: &str| started(docent().args(["test", "--target", "none", "-q", "--sandbox", sandbox]).arg(document));

    let start_up = median(SHORT_ROUNDS, || started(docent().arg("--version")));
    // In turns, so that both meet the same load; the median of differences, because loads come and go.
    let mut singles: Vec<(Duration, Duration)> = (0..SHORT_ROUNDS).map(|_| (test(&one, "best-effort"), test(&one, "off"))).collect();
    let mut differences: Vec<f64> = singles.iter().map(|(inside, outside)| milliseconds(*inside) - milliseconds(*outside)).collect();
    differences.sort_by(f64::total_cmp);
    let added = Duration::from_secs_f64(differences[differences.len() / 2].max(0.0) / 1e3);
    singles.sort();
    let single = of_middle(singles.iter().map(|(inside, _)| *inside).collect());
    let open = of_middle(singles.iter().map(|(_, outside)| *outside).collect());
    let wholes: Vec<(Duration, Duration)> = (0..ROUNDS).map(|_| (test(&document, "best-effort"), test(&document, "off"))).collect();
    let whole = of_middle(wholes.iter().map(|(inside, _)| *inside).collect());
    let open_whole = of_middle(wholes.iter().map(|(_, outside)| *outside).collect());
    let each = median(ROUNDS, || (0..STEPS / 10).map(|_| started(Command::new("bash").args(["-c", "echo step"]))).sum::<Duration>() * 10);
    let plain = median(ROUNDS, || started(Command::new("bash").args(["-c", &script])));
    let step = |whole: Duration, single: Duration| whole.saturating_sub(single) / (STEPS as u32 - 1);

    println!("A run, in milliseconds");
    row("start-up (docent --version)", start_up, "");
    row("a runbook of one step", single, "");
    row("  the same without a sandbox", open, "");
    row("  what the sandbox adds", added, &asked(added, SANDBOX_GOAL));
    row(&format!("a runbook of {STEPS} steps"), whole, "");
    row("  a step more", step(whole, single), "");
    row("  a step more without a sandbox", step(open_whole, open), "");
    row(&format!("`bash -c` for each of {STEPS} steps"), each, &format!("docent takes {:.2} of it", ratio(whole, each)));
    row(&format!("one plain script of {STEPS} steps"), plain, "");
    for (name, block) in KILLED {
        let late = median(ROUNDS, || kill(block));
        row(name, late, &asked(late, KILL_GOAL));
    }
}

fn row(name: &str, taken: Duration, beside: &str) {
    println!("{name:<44} {:>9.2}   {beside}", milliseconds(taken));
}

fn asked(taken: Duration, goal: Duration) -> String {
    let mark = if taken > goal { ": TOO LONG" } else { "" };
    format!("at most {} wanted{mark}", milliseconds(goal))
}

/// What is killed at a time-out: one process, and processes that ignore signals and leave the session.
const KILLED: [(&str, &str); 2] = [
    ("late at a time-out, one process", "sleep 600"),
    (
        "late at a time-out, with trees that resist",
        "for i in 1 2 3 4 5; do setsid bash -c 'trap \"\" TERM INT HUP; sleep 600 & sleep 600' >/dev/null 2>&1 & done; sleep 600",
    ),
];

/// How long a time-out takes beyond its time, up to the next step.
fn kill(block: &str) -> Duration {
    const BOUND: Duration = Duration::from_millis(300);
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

/// What a lint of many documents costs.
fn lint(folder: Option<&Path>) {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let folder = folder.unwrap_or_else(|| {
        let own = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/runbooks")).expect("our runbooks");
        let own: Vec<_> =
            own.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
        for (at, path) in own.iter().cycle().take(LINTED).enumerate() {
            std::fs::copy(path, scratch.path().join(format!("{at}.md"))).expect("a scratch file");
        }
        scratch.path()
    });
    let taken = median(ROUNDS, || {
        let begun = Instant::now();
        // What it finds is not the question.
        let _ = docent()
            .args(["lint", "--format", "json"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("docent runs");
        begun.elapsed()
    });
    println!("\nA lint, in milliseconds");
    row(
        &format!("`docent lint` of {}", if folder == scratch.path() { "750 documents" } else { "the folder" }),
        taken,
        &asked(taken, LINT_GOAL),
    );
}

/// What a verdict on a long output costs; what it takes of the processors tells more where others use them, too.
fn judge(asked: &str, is_quick: bool) {
    println!("\nA verdict, megabytes of output in a second      at 1 MB  of a processor   at 10 MB   so many times as long");
    for kind in ORDINARY.iter().chain(&PATHOLOGICAL).filter(|kind| kind.name.contains(asked)) {
        let measured = |megabytes: usize| {
            let pair = kind.pair(megabytes * 1_000_000);
            let (mut rounds, used) = (0, processor());
            let taken = median(ROUNDS, || {
                rounds += 1;
                judged(&pair)
            });
            let rate = |taken: Duration| pair.actual.len() as f64 / 1e6 / taken.as_secs_f64();
            (rate(taken), rate((processor() - used) / rounds), taken)
        };
        let (rate, of_processor, small) = measured(1);
        if is_quick {
            let mark = if rate < JUDGE_GOAL { "   TOO SLOW" } else { "" };
            println!("{:<44} {rate:>10.1}  {of_processor:>14.1}{mark}", kind.name);
            continue;
        }
        let (large_rate, _, large) = measured(10);
        let mark = if rate.min(large_rate) < JUDGE_GOAL { "   TOO SLOW" } else { "" };
        println!("{:<44} {rate:>10.1}  {of_processor:>14.1}  {large_rate:>9.1}  {:>9.1}{mark}", kind.name, ratio(large, small));
    }
}

/// What this process has used of the processors.
fn processor() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(used.tv_sec).unwrap_or_default(), u32::try_from(used.tv_nsec).unwrap_or_default())
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

fn started(command: &mut Command) -> Duration {
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

fn median(rounds: usize, mut measure: impl FnMut() -> Duration) -> Duration {
    let begun = Instant::now();
    let mut times = vec![measure()];
    while times.len() < rounds && begun.elapsed() < ROUNDS_TIME_MAX {
        times.push(measure());
    }
    of_middle(times)
}

fn of_middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64().max(1e-9)
}
