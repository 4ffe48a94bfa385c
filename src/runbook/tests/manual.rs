//! The manual of the format says what the parser does.

use super::read;
use crate::diagnostic::Severity;
use crate::runbook::DEFECTS;
use crate::runbook::vocabulary::{Place, all};

const MANUAL: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/runbook-format.md"));

/// The Markdown blocks of the manual, each with the codes that the comment above it promises.
fn examples() -> Vec<(String, Vec<String>)> {
    let mut examples = Vec::new();
    let mut lines = MANUAL.lines();
    let mut promised = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(codes) = line.strip_prefix("<!-- reports: ") {
            promised = codes.trim_end_matches(" -->").split(' ').map(str::to_owned).collect();
        } else if line == "````markdown" {
            let example: Vec<&str> = lines.by_ref().take_while(|line| *line != "````").collect();
            examples.push((example.join("\n") + "\n", std::mem::take(&mut promised)));
        }
    }
    examples
}

#[test]
fn every_example_has_steps_and_exactly_the_reports_that_the_manual_promises() {
    let examples = examples();
    assert!(examples.len() >= 7, "{}", examples.len());
    for (example, promised) in examples {
        let (runbook, diagnostics) = read(&example);
        let codes: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, promised, "{example}");
        assert!(!runbook.steps.is_empty(), "{example}");
    }
}

#[test]
fn every_example_shows_what_its_section_speaks_of() {
    let all: Vec<_> = examples().into_iter().map(|(example, _)| read(&example).0).collect();
    let steps = || all.iter().flat_map(|runbook| &runbook.steps);
    let criteria: Vec<String> =
        steps().flat_map(|step| &step.expectations).map(|expectation| format!("{:?}", expectation.criterion)).collect();
    assert_eq!(
        criteria,
        ["Similarity(0.8)", r#"Regex("^\\d+\\.\\d+")"#, "Unmarked", "Similarity(0.9)", "Similarity(0.9)", r#"Regex("^3$")"#]
    );
    assert!(steps().any(|step| step.directives.skip.is_some()));
    assert!(steps().any(|step| step.id == "remove-it" && step.directives.expect_exit.is_some()));
    assert!(all.iter().any(|runbook| runbook.directives.secrets == ["ADMIN_PASSWORD"]));
    assert!(all.iter().any(|runbook| runbook.variables.iter().any(|variable| variable.value == "west europe")));
}

#[test]
fn the_manual_lists_every_key_with_its_places() {
    let places = |words: &[Place]| {
        let names = [(Place::Expectation, "output"), (Place::Step, "step"), (Place::Range, "range"), (Place::File, "file")];
        names.into_iter().filter(|(place, _)| words.contains(place)).map(|(_, name)| name).collect::<Vec<_>>().join(", ")
    };
    let rows: Vec<Vec<&str>> = MANUAL.lines().filter(|line| line.starts_with("| `")).map(|line| line.split(" | ").collect()).collect();
    for (key, at) in all() {
        let row = rows.iter().find(|row| row[0].contains(&format!("`{key}`")) || row[0].contains(&format!("`{key}=")));
        assert_eq!(row.map(|row| row[1]), Some(places(at).as_str()), "{key}");
    }
}

#[test]
fn the_manual_lists_every_code_under_its_severity() {
    let list = |start: &str| {
        let from = MANUAL.find(start).unwrap_or_else(|| panic!("the manual has no list {start:?}"));
        let text = &MANUAL[from..];
        text[..text[1..].find("\n* ").or_else(|| text.find("\n\n")).map_or(text.len(), |end| end + 1)].to_owned()
    };
    for defect in DEFECTS {
        let start = match defect.severity {
            Severity::Error => "* Errors:",
            Severity::Warning => "* Warnings:",
            Severity::Advice => "* Advice:",
        };
        assert!(list(start).contains(&format!("`{}`", defect.code)), "{} is not in the list {start:?}", defect.code);
    }
    let listed = ["* Errors:", "* Warnings:", "* Advice:"].iter().map(|start| list(start).matches('`').count() / 2).sum::<usize>();
    assert_eq!(listed, DEFECTS.len());
}
