//! Published documents, where they are at hand. They are not part of this repository.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::read;
use crate::runbook::{Companions, Criterion, parse};

fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name)
}

#[test]
fn the_article_on_workload_identity_has_its_steps_and_outputs_where_they_stand() {
    let Ok(bytes) = std::fs::read(shared("seeds/aks-workload-identity.es.md")) else {
        // Skipped: the article is not part of this repository.
        return;
    };
    let (runbook, diagnostics) = parse("aks-workload-identity.es.md", &bytes, &Companions::default());
    assert_eq!(diagnostics, []);
    assert_eq!(
        runbook.title,
        "Implementación y configuración de la identidad de carga de trabajo en un clúster de Azure Kubernetes Service (AKS)"
    );
    assert_eq!(runbook.properties.get("ms.date"), Some(&Value::from("05/28/2024")));
    let lines: Vec<usize> = runbook.steps.iter().map(|step| step.line).collect();
    assert_eq!(lines.len(), 19, "{lines:?}");
    for line in [271, 286, 322, 348, 360] {
        assert!(lines.contains(&line), "no step at {line}: {lines:?}");
    }
    let outputs: Vec<(usize, usize, String)> = runbook
        .steps
        .iter()
        .flat_map(|step| step.expectations.iter().map(|expectation| (step.line, expectation.line, format!("{:?}", expectation.criterion))))
        .collect();
    let found: Vec<(usize, usize, &str)> = outputs.iter().map(|(step, line, criterion)| (*step, *line, criterion.as_str())).collect();
    assert_eq!(
        found,
        [
            (40, 50, "Similarity(0.3)"),
            (100, 109, "Unmarked"),
            (119, 132, "Similarity(0.3)"),
            (168, 184, "Unmarked"),
            (348, 354, "Unmarked"),
            (360, 366, "Unmarked"),
        ]
    );
    for step in &runbook.steps {
        for (offset, line) in step.script.lines().enumerate() {
            assert!(runbook.source.line_text(step.script_line + offset).ends_with(line), "line {} of {}", offset, step.id);
        }
    }
}

/// The incumbent's parse of published documents, without the documents: each is written as Markdown again and read.
#[test]
fn published_blocks_survive_being_written_and_read() {
    let path = shared("data/parse-golden-dev.jsonl.zst");
    let records = match Command::new("zstd").arg("-dc").arg(&path).output() {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).expect("the records are UTF-8"),
        // Skipped: the records are not part of this repository, or there is no zstd to unpack them.
        _ => return,
    };
    let mut blocks_read = 0;
    for record in records.lines() {
        let record: Value = serde_json::from_str(record).expect("each line is JSON");
        let blocks: Vec<&Value> = record["blocks"].as_array().into_iter().flatten().collect();
        let (runbook, diagnostics) = read(&as_markdown(&record, &blocks));
        let path = &record["path"];
        assert_eq!(Value::Object(runbook.properties), record["properties"], "{path}");
        assert_eq!(runbook.steps.len(), blocks.len(), "{path}: {diagnostics:#?}");
        for (step, block) in runbook.steps.iter().zip(&blocks) {
            assert_eq!(Value::from(step.script.as_str()), block["content"], "{path}");
            assert_eq!(Value::from(step.language.as_str()), block["language"], "{path}");
            let expected = &block["expected"];
            let criterion = match (expected["regex"].as_str(), expected["similarity"].as_f64()) {
                (Some(pattern), _) => Some(Criterion::Regex(pattern.to_owned())),
                (None, Some(threshold)) if threshold > 0.0 => Some(Criterion::Similarity(threshold)),
                _ => None,
            };
            let marked = step.expectations.iter().find(|expectation| expectation.criterion != Criterion::Unmarked);
            assert_eq!(marked.map(|marked| marked.criterion.clone()), criterion, "{path}:{}", step.line);
            if let Some(marked) = marked {
                assert_eq!(Value::from(marked.text.as_str()), expected["content"], "{path}:{}", step.line);
            }
            blocks_read += 1;
        }
    }
    assert!(blocks_read > 500, "{blocks_read}");
}

fn as_markdown(record: &Value, blocks: &[&Value]) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut markdown = String::new();
    let mut write = |line: String| writeln!(markdown, "{line}").expect("a string takes it");
    if record["properties"].as_object().is_some_and(|properties| !properties.is_empty()) {
        write(format!("---\n{}\n---\n", record["properties"]));
    }
    write(format!("# {}\n", text(&record["title"])));
    let mut header = String::new();
    for block in blocks {
        if text(&block["header"]) != header {
            header = text(&block["header"]);
            write(format!("\n## {}\n", header.replace('\n', " ")));
        }
        write(format!("{}\n", text(&block["description"])));
        write(fence(&text(&block["language"]), &text(&block["content"])));
        let expected = &block["expected"];
        match (expected["regex"].as_str(), expected["similarity"].as_f64()) {
            (Some(pattern), _) => write(format!("\n<!-- expected_similarity=\"{pattern}\" -->")),
            (None, Some(threshold)) if threshold > 0.0 => write(format!("\n<!-- expected_similarity={threshold} -->")),
            _ => continue,
        }
        write(fence(&text(&expected["language"]), &text(&expected["content"])));
    }
    markdown
}

fn fence(tag: &str, content: &str) -> String {
    let longest = content.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{tag}\n{content}{fence}")
}
