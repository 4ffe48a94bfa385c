//! Innovation Engine's reading of published documents beside ours. Neither is part of this repository: the records lie beside some checkouts,
//! and `DOCENT_EXECUTABLE_DOCS` names a checkout of the documents that they were made from. `DOCENT_INCUMBENT_RECORDS` may name records of more
//! documents. `docs/innovation-engine.md` explains each class of difference.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use docent::runbook::{Companions, Criterion, Expectation, Runbook, Step, parse};
use serde_json::Value;

use crate::support::shared;

/// How the two readings may differ; anything else fails the test.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// Headings lose their markup here, and keep it there.
    HeadingMarkup,
    /// There, a line of nothing but white space loses all of it in a list; here, as in CommonMark, only the list's indentation.
    BlankLine,
    /// `sh` and `shell` run here.
    OtherTag,
    /// Outputs that were given to the wrong step, or forgotten; see [`OUTPUTS`].
    Output,
}

/// The steps whose outputs are read otherwise, and why.
const OUTPUTS: [(&str, usize, &str); 3] = [
    ("scenarios/AttachDataDiskLinuxVM/attach-data-disk-linux-vm.md", 186, "two outputs follow it, and both count"),
    (
        "scenarios/SupportArticles-docs/support/azure/azure-kubernetes/availability-performance/cluster-service-health-probe-mode-issues.md",
        80,
        "the output of the `shell` block below it is not its own",
    ),
    ("scenarios/azure-aks-docs/articles/aks/nat-gateway.md", 101, "the output of the `shell` block below it is not its own"),
];

#[test]
fn published_documents_are_read_as_the_incumbent_reads_them_but_for_what_the_manual_says() {
    let name = "published_documents_are_read_as_the_incumbent_reads_them_but_for_what_the_manual_says";
    let Some((documents, records)) = material(name) else { return };
    let (mut blocks, mut differences) = (0, BTreeMap::<Difference, usize>::new());
    for record in records.lines() {
        let record: Value = serde_json::from_str(record).expect("each line is JSON");
        let path = record["path"].as_str().expect("each record has a path");
        let bytes = fs::read(documents.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (runbook, _) = parse(path, &bytes, &Companions::default());
        blocks += runbook.steps.len();
        for difference in compare(path, &record, &runbook) {
            *differences.entry(difference).or_default() += 1;
        }
    }
    assert!(blocks > 500, "only {blocks} blocks were compared");
    for class in [Difference::HeadingMarkup, Difference::BlankLine, Difference::OtherTag, Difference::Output] {
        assert!(differences.contains_key(&class), "{class:?} does not occur any more: {differences:?}");
    }
}

/// The folder of the documents, and the records: a line of JSON for each.
#[expect(clippy::print_stderr, reason = "what was skipped, and why, must be seen")]
fn material(test: &str) -> Option<(PathBuf, String)> {
    let Some(documents) = std::env::var_os("DOCENT_EXECUTABLE_DOCS").map(PathBuf::from) else {
        eprintln!("skipped {test}: DOCENT_EXECUTABLE_DOCS names no checkout of MicrosoftDocs/executable-docs");
        return None;
    };
    if let Some(records) = std::env::var_os("DOCENT_INCUMBENT_RECORDS") {
        return Some((documents, fs::read_to_string(records).expect("the named records")));
    }
    let packed = shared(test, "data/parse-golden-dev.jsonl.zst")?;
    let unpacked = Command::new("zstd").arg("-dc").arg(packed).output().ok().filter(|output| output.status.success());
    let Some(unpacked) = unpacked else {
        eprintln!("skipped {test}: there is no zstd to unpack the records");
        return None;
    };
    Some((documents, String::from_utf8(unpacked.stdout).expect("the records are UTF-8")))
}

#[track_caller]
fn compare(path: &str, record: &Value, runbook: &Runbook) -> Vec<Difference> {
    let file_name = Path::new(path).file_name().and_then(|name| name.to_str());
    let title = record["title"].as_str().filter(|title| !title.is_empty()).or(file_name);
    assert_eq!(Some(runbook.title.as_str()), title, "{path}");
    assert_eq!(Value::Object(runbook.properties.clone()), record["properties"], "{path}");
    let variables: serde_json::Map<String, Value> =
        runbook.variables.iter().map(|variable| (variable.name.clone(), variable.value.clone().into())).collect();
    assert_eq!(Value::Object(variables), record["variables"], "{path}");

    let mut differences = Vec::new();
    let (common, others): (Vec<&Step>, Vec<&Step>) =
        runbook.steps.iter().partition(|step| ["bash", "azurecli", "azurecli-interactive"].contains(&step.language.as_str()));
    differences.extend(others.iter().map(|_| Difference::OtherTag));
    let blocks = record["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    assert_eq!(common.len(), blocks.len(), "{path}");
    for (step, block) in common.into_iter().zip(blocks) {
        let place = format!("{path}:{}", step.line);
        assert_eq!(block["language"], step.language.as_str(), "{place}");
        let heading = block["header"].as_str().unwrap_or_default();
        if heading != step.heading {
            assert!(heading.contains(['`', '<', '[', '*']) && is_thinned(&step.heading, heading), "{place}: {heading}");
            differences.push(Difference::HeadingMarkup);
        }
        let content = block["content"].as_str().unwrap_or_default();
        if content != step.script {
            let without_blanks: String =
                step.script.split_inclusive('\n').map(|line| if line.trim().is_empty() { "\n" } else { line }).collect();
            assert_eq!(content, without_blanks, "{place}");
            differences.push(Difference::BlankLine);
        }
        let marked: Vec<Value> = step.expectations.iter().filter_map(outline).collect();
        let theirs: Vec<Value> = Some(&block["expected"]).filter(|output| has_output(output)).cloned().into_iter().collect();
        if marked != theirs {
            let known = OUTPUTS.iter().any(|(document, line, _)| (*document, *line) == (path, step.line));
            assert!(known, "{place}: {marked:#?} here, {theirs:#?} there");
            differences.push(Difference::Output);
        }
    }
    differences
}

/// Whether `thin` is `text` with some of its letters left out.
fn is_thinned(thin: &str, text: &str) -> bool {
    let mut letters = text.chars();
    thin.chars().all(|wanted| letters.any(|letter| letter == wanted))
}

fn has_output(output: &Value) -> bool {
    output["content"] != "" || output["similarity"] != 0 || !output["regex"].is_null()
}

/// An expectation as the records write it; none for what no comment marks.
fn outline(expectation: &Expectation) -> Option<Value> {
    let (similarity, regex) = match &expectation.criterion {
        Criterion::Similarity(threshold) => (Value::from(*threshold), Value::Null),
        Criterion::Regex(pattern) => (Value::from(0), Value::from(pattern.as_str())),
        Criterion::Unmarked => return None,
    };
    Some(serde_json::json!({
        "language": expectation.language, "content": expectation.text, "similarity": similarity, "regex": regex,
    }))
}
