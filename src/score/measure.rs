//! The rates that the judge promises, measured on recorded pairs that lie beside the checkout; named and skipped where they do not.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::judge;
use crate::runbook::{Criterion, Expectation};

/// One recorded pair.
struct Pair {
    kind: String,
    source: String,
    expected: String,
    actual: String,
    language: String,
    threshold: f64,
    ie_score: f64,
    right: bool,
}

/// How often each kind was judged wrongly: kind → (wrongly, all).
#[derive(Default)]
pub(super) struct Rates(BTreeMap<String, (usize, usize)>);

impl Rates {
    pub(super) fn add(&mut self, kind: &str, wrongly: bool) {
        let entry = self.0.entry(kind.to_owned()).or_default();
        entry.0 += usize::from(wrongly);
        entry.1 += 1;
    }

    /// The mean over kinds, in per cent.
    pub(super) fn macro_rate(&self) -> f64 {
        let sum: f64 = self.0.values().map(|(wrongly, all)| *wrongly as f64 / *all as f64).sum();
        100.0 * sum / self.0.len().max(1) as f64
    }

    pub(super) fn print(&self, title: &str, out: &mut dyn Write) {
        let _ = writeln!(out, "{title}: {:.2} % (mean over {} kinds)", self.macro_rate(), self.0.len());
        for (kind, (wrongly, all)) in &self.0 {
            if *wrongly > 0 {
                let _ = writeln!(out, "  {kind}: {wrongly} of {all}");
            }
        }
    }
}

/// The recorded pairs; none when they or the `zstd` command are not there.
fn pairs() -> Option<Vec<Pair>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/verdict-pairs-dev.jsonl.zst");
    let output = Command::new("zstd")
        .args(["-dc", "--quiet"])
        .arg(path)
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).expect("recorded pairs are UTF-8");
    let text_of = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    Some(
        text.lines()
            .map(|line| {
                let value: Value = serde_json::from_str(line).expect("recorded pairs are JSON");
                Pair {
                    kind: text_of(&value, "kind"),
                    source: text_of(&value, "src"),
                    expected: text_of(&value, "expected"),
                    actual: text_of(&value, "actual"),
                    language: text_of(&value, "language"),
                    threshold: value["threshold"].as_f64().expect("every pair has a threshold"),
                    ie_score: value["score"].as_f64().expect("every pair has a score"),
                    right: value["right"].as_bool().expect("every pair has a label"),
                }
            })
            .collect(),
    )
}

fn expectation(pair: &Pair) -> Expectation {
    Expectation {
        line: 1,
        fence_line: 2,
        language: pair.language.clone(),
        criterion: Criterion::Similarity(pair.threshold),
        text: pair.expected.clone(),
    }
}

#[test]
fn recorded_pairs_are_judged_as_a_sane_judge_would() {
    let mut out = std::io::stderr().lock();
    let Some(pairs) = pairs() else {
        let _ = writeln!(out, "skipped: ../shared/data/verdict-pairs-dev.jsonl.zst or the zstd command is not here");
        return;
    };
    let mut rates: BTreeMap<(&str, bool), Rates> = BTreeMap::new();
    let mut ie_rates: BTreeMap<(&str, bool), Rates> = BTreeMap::new();
    let mut worst_difference: f64 = 0.0;
    let mut misses = String::new();
    for pair in &pairs {
        let verdict = judge(&expectation(pair), pair.actual.as_bytes());
        let ie_score = verdict.ie_score.expect("a threshold has a score of the incumbent");
        worst_difference = worst_difference.max((ie_score - pair.ie_score).abs());
        for side in ["all", if pair.language.eq_ignore_ascii_case("json") { "json" } else { "text" }] {
            rates.entry((side, pair.right)).or_default().add(&pair.kind, verdict.passed != pair.right);
            ie_rates.entry((side, pair.right)).or_default().add(&pair.kind, (ie_score >= pair.threshold) != pair.right);
        }
        if verdict.passed != pair.right {
            misses.push_str(&format!("{} {} {:?} {}\n", pair.kind, pair.source, verdict.score, verdict.reason));
        }
    }
    for ((side, right), rates) in &rates {
        let title = format!("{side}, {}", if *right { "right outputs that fail" } else { "wrong outputs that pass" });
        rates.print(&title, &mut out);
        let _ = writeln!(out, "  (the incumbent: {:.2} %)", ie_rates[&(*side, *right)].macro_rate());
    }
    let _ = writeln!(out, "largest difference to the incumbent's recorded scores: {worst_difference:e}");
    assert!(worst_difference < 1e-9, "the incumbent's score differs by {worst_difference}");
    for ((side, right), rates) in &rates {
        assert!(rates.macro_rate() <= 2.0, "{side}, right={right}: {:.2} %\n{misses}", rates.macro_rate());
    }
}
