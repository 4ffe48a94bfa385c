//! Verdicts on their own: explained to a person, or a line of JSON each.

use std::io::{self, Write};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    report::{
        style::{BAD, GOOD, Painted, QUIET},
        wording,
    },
    runbook::{Comparison, Criterion, Exact, Expectation, Format},
    score::{Scorer, Verdict, judge_with},
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

/// A line of `docent score --jsonl`.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    threshold: Option<f64>,
    #[serde(default)]
    regex: Option<String>,
    expected: String,
    actual: String,
    /// One name or several; also joined by commas.
    #[serde(default)]
    ignore: Names,
    /// `true`, or names.
    #[serde(default)]
    exact: Names,
    #[serde(default)]
    unordered: bool,
    #[serde(default, rename = "as")]
    format: Option<String>,
}

/// JSON paths, columns or labels, as a line of JSON may name them.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Names {
    /// None, or all.
    Flag(bool),
    /// Joined by commas.
    Text(String),
    List(Vec<String>),
    #[default]
    Missing,
}

impl Names {
    fn list(self) -> Vec<String> {
        match self {
            Self::Text(text) => text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect(),
            Self::List(names) => names,
            Self::Flag(_) | Self::Missing => Vec::new(),
        }
    }
}

/// Judges one line `{id,language,threshold,expected,actual}`; `regex` instead of a threshold makes it a pattern, neither leaves it unmarked;
/// `ignore`, `exact`, `unordered` and `as` mean what they mean in a document.
///
/// # Errors
/// When the line is not such an object; the text says why.
pub fn judge_line(line: &[u8], scorer: Scorer) -> Result<Value, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if let Some(threshold) = line.threshold.filter(|threshold| !(0.0..=1.0).contains(threshold)) {
        return Err(format!("threshold {threshold} is not between 0 and 1"));
    }
    let criterion = match (line.regex, line.threshold) {
        (Some(pattern), _) => {
            regex::Regex::new(&pattern)
                .map_err(|error| format!("the regex is invalid: {}", error.to_string().lines().last().unwrap_or_default()))?;
            Criterion::Regex(pattern)
        }
        (None, Some(threshold)) => Criterion::Similarity(threshold),
        (None, None) => Criterion::Unmarked,
    };
    let expectation = Expectation {
        line: 1,
        fence_line: 1,
        language: line.language.unwrap_or_default(),
        criterion,
        text: line.expected,
        comparison: Comparison {
            ignore: line.ignore.list(),
            exact: match line.exact {
                Names::Flag(true) => Exact::Everything,
                names => match names.list() {
                    none if none.is_empty() => Exact::Nothing,
                    names => Exact::At(names),
                },
            },
            unordered: line.unordered,
            format: line.format.as_deref().map(format).transpose()?,
            ..Comparison::default()
        },
    };
    let verdict = judge_with(scorer, &expectation, line.actual.as_bytes());
    Ok(json!({
        "id": line.id,
        "passed": verdict.passed,
        "score": verdict.score,
        "ie_score": verdict.ie_score,
        "threshold": line.threshold,
        "reason": verdict.reason,
        "costs": verdict.costs.iter().map(|cost| json!({
            "path": cost.path, "expected": cost.expected, "actual": cost.actual, "cost": cost.cost,
        })).collect::<Vec<_>>(),
    }))
}

fn format(name: &str) -> Result<Format, String> {
    Ok(match name {
        "json" => Format::Json,
        "text" => Format::Text,
        "table" => Format::Table,
        "yaml" => Format::Yaml,
        _ => return Err(format!("`as` is `{name}`, which is not one of json, text, table, yaml")),
    })
}

/// The answer to a line that could not be judged; `line` counts from 1.
pub fn refusal(line: usize, why: &str) -> Value {
    json!({ "id": null, "error": why, "line": line })
}
