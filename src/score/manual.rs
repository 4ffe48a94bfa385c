//! Runs the examples of the manual page: a `shown` fence is the document, `passes` and `fails: reason` fences are outputs.

use super::judge;
use crate::runbook::{Criterion, Expectation};

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

#[track_caller]
fn run(info: &str, body: &str, shown: &mut Option<Expectation>) -> usize {
    let (language, rest) = info.split_once(' ').expect("an example says what it is");
    if let Some(threshold) = rest.strip_prefix("shown ") {
        let criterion = Criterion::Similarity(threshold.parse().expect("a threshold"));
        *shown = Some(Expectation {
            line: 1,
            fence_line: 1,
            language: language.to_owned(),
            criterion,
            text: body.to_owned(),
            comparison: Default::default(),
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
