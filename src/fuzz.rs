//! Properties that must hold for anything that comes in: a few cases in every run of the tests, the same ones each time, and as many as fit
//! into `DOCENT_FUZZ_SECONDS` when that is set:
//!
//! `DOCENT_FUZZ_SECONDS=600 cargo test --lib properties::signed_tokens`
//!
//! What was found once is kept below `proptest-regressions/` and tried first, in every run.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{FileFailurePersistence, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Map, Value};

/// Cases in an ordinary run.
const CASES: u32 = 96;
/// Cases between two looks at the clock in a long run.
const BATCH: u32 = 512;
/// No case here is larger than some kilobytes, so one that takes longer than this will not end well. It is measured in long runs only.
const CASE_MAX: Duration = Duration::from_secs(20);

/// Tries `property` on values of `strategy`.
#[track_caller]
pub(crate) fn check<S: Strategy>(name: &str, strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>)
where
    S::Value: Debug,
{
    let seconds = std::env::var("DOCENT_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let path = format!("{}/proptest-regressions/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let persistence = FileFailurePersistence::Direct(Box::leak(path.into_boxed_str()));
    let mut round: u64 = 0;
    loop {
        let config = ProptestConfig {
            cases: if until.is_some() { BATCH } else { CASES },
            failure_persistence: Some(Box::new(persistence)),
            ..ProptestConfig::default()
        };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed(name, round)));
        let timed = |value: S::Value| {
            let started = Instant::now();
            property(value)?;
            let is_slow = until.is_some() && started.elapsed() > CASE_MAX;
            if is_slow { Err(TestCaseError::fail(format!("it took {:?}", started.elapsed()))) } else { Ok(()) }
        };
        if let Err(failure) = runner.run(&strategy, timed) {
            panic!("{name}, round {round}: {failure}");
        }
        round += 1;
        match until {
            Some(until) if Instant::now() < until => {}
            Some(_) => return report(name, round),
            None => return,
        }
    }
}

#[expect(clippy::print_stderr, reason = "whoever waited for minutes wants to know for what")]
fn report(name: &str, rounds: u64) {
    eprintln!("{name}: {} cases without a finding", rounds * u64::from(BATCH));
}

/// Thirty-two bytes that differ from one property and round to the next.
fn seed(name: &str, round: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    let digest = ring::digest::digest(&ring::digest::SHA256, format!("{name} {round}").as_bytes());
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

/// Any text of up to `length` characters, those that mean something to parsers more often than others.
pub(crate) fn text(length: usize) -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "a", "b", "0", "-1", "1e309", ".", ",", ":", ": ", "- ", "\n", "\r\n", "\t", " ", "  ", "{", "}", "[", "]", "(", ")", "|", ">",
        "&", "&a", "*", "*a", "!", "!!", "#", "%", "@", "`", "'", "\"", "\\", "\\u", "/", "?", "<<", "~", "null", "true", "---", "...",
        "$", "é", "ة", "本", "\u{feff}", "\u{0}", "\u{7f}", "\u{2028}", "𝒳",
    ];
    let piece = prop_oneof![8 => select(PIECES).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    vec(piece, 0..length).prop_map(|pieces| pieces.concat())
}

/// Any JSON whose members have names out of `names`, and whose texts are often out of `words`.
pub(crate) fn json(names: &'static [&'static str], words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3_i64..9).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(words).prop_map(Value::from),
        text(6).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 5, move |inner| {
        let name = prop_oneof![6 => select(names).prop_map(str::to_owned), 1 => text(3)];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name, inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Runs `check` with the stack that the main thread of a program has, where the built-in clients run; a test's own is a quarter of it.
pub(crate) fn with_the_stack_of_a_program(check: fn()) {
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(check).expect("a thread");
    assert!(thread.join().is_ok(), "it failed, as said above");
}
