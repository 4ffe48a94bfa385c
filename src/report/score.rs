//! A verdict on its own, explained to a person.

use std::io::{self, Write};

use crate::{
    report::{
        style::{BAD, GOOD, Painted, QUIET},
        wording,
    },
    score::Verdict,
};

/// How many costs are shown unless all are asked for.
const COSTS_SHOWN: usize = 5;

/// Writes a verdict for a person: the answer, the reason, what cost what.
///
/// # Errors
/// When `out` cannot be written.
pub fn explain(out: &mut dyn Write, verdict: &Verdict, threshold: f64, all: bool) -> io::Result<()> {
    let (style, word) = if verdict.passed { (GOOD, "passes") } else { (BAD, "fails") };
    let score = verdict.score.map(|score| format!("  {score:.3} alike, {threshold} asked")).unwrap_or_default();
    writeln!(out, "{}{score}", Painted(style, word))?;
    writeln!(out, "  {}", verdict.reason)?;
    if let Some(ie) = verdict.ie_score {
        writeln!(out, "  {}", Painted(QUIET, format!("Innovation Engine's score: {ie:.3}")))?;
    }
    let shown = if all { usize::MAX } else { COSTS_SHOWN };
    for cost in verdict.costs.iter().take(shown) {
        let (expected, actual) = (wording::first_line(&cost.expected), wording::first_line(&cost.actual));
        let actual = if actual.is_empty() { "nothing".to_owned() } else { actual };
        let expected = if expected.is_empty() { "nothing".to_owned() } else { expected };
        writeln!(out, "  {:>5.1} %  {}: {expected} → {actual}", cost.cost * 100.0, cost.path)?;
    }
    if verdict.costs.len() > shown {
        writeln!(out, "  {}", Painted(QUIET, format!("{} more with --explain", verdict.costs.len() - shown)))?;
    }
    out.flush()
}
