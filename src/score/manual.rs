//! Runs the examples of the manual page: a `shown` fence is the document, `passes` and `fails: reason` fences are outputs.

use super::judge;
use crate::runbook::{Comparison, Criterion, Exact, Expectation, Format};

#[test]
fn every_example_of_the_manual_page_is_judged_as_it_says() {
    let mut shown: Option<Expectation> = None;
    let mut fence: Option<(String, String)> = None;
    let mut judged = 0;
    for line in include_str!("../../docs/judging.md").lines() {
        match (&mut fence, line.strip_prefix("```")) {
            (None, Some(info)) => fence = Some((info.to_owned(), String::new())),
            (Some((info, body)), Some("")) => {
                judged += run(info, body, &mut shown);
                fence = None;
            }
            (Some((_, body)), _) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(judged >= 8, "{judged} examples");
}

fn comparison(keys: &str) -> Comparison {
    let mut comparison = Comparison::default();
    let names = |value: &str| value.split(',').map(str::to_owned).collect();
    for key in keys.split_whitespace() {
        match key.split_once('=') {
            Some(("ignore", value)) => comparison.ignore = names(value),
            Some(("exact", value)) => comparison.exact = Exact::At(names(value)),
            Some(("as", "json")) => comparison.format = Some(Format::Json),
            Some(("as", "table")) => comparison.format = Some(Format::Table),
            Some(("as", "yaml")) => comparison.format = Some(Format::Yaml),
            Some(("as", "text")) => comparison.format = Some(Format::Text),
            None if key == "exact" => comparison.exact = Exact::Everything,
            None if key == "unordered" => comparison.unordered = true,
            _ => panic!("{key} is no key of an example"),
        }
    }
    comparison
}

#[track_caller]
fn run(info: &str, body: &str, shown: &mut Option<Expectation>) -> usize {
    let (language, rest) = info.split_once(' ').expect("an example says what it is");
    if let Some(asked) = rest.strip_prefix("shown ") {
        let (threshold, keys) = asked.split_once(' ').unwrap_or((asked, ""));
        let criterion = Criterion::Similarity(threshold.parse().expect("a threshold"));
        *shown = Some(Expectation {
            line: 1,
            fence_line: 1,
            language: language.to_owned(),
            criterion,
            text: body.to_owned(),
            comparison: comparison(keys),
        });
        return 0;
    }
    let expectation = shown.as_ref().expect("a document before an output");
    let verdict = judge(expectation, body.as_bytes());
    match rest.strip_prefix("fails: ") {
        Some(reason) => {
            assert!(!verdict.passed, "{body}{verdict:#?}");
            assert_eq!(verdict.reason, reason);
        }
        None => {
            assert_eq!(rest, "passes");
            assert!(verdict.passed, "{body}{verdict:#?}");
        }
    }
    1
}
