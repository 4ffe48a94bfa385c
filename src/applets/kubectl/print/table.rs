//! The server's tables, as `get` prints them: priorities, extra columns, names with their kind.

use serde_json::Value;

use super::super::discovery::{list, text};
use super::super::tabwriter::{TABLE, align};

/// What the options add to a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TableOptions {
    pub(crate) wide: bool,
    pub(crate) no_headers: bool,
    pub(crate) with_namespace: bool,
    pub(crate) show_labels: bool,
    pub(crate) label_columns: Vec<String>,
    /// `pod` or `deployment.apps`, put before names.
    pub(crate) kind: Option<String>,
}

/// Rows under one header, not yet aligned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Rows {
    /// Takes the rows of one `Table` object.
    pub(crate) fn add(&mut self, table: &Value, options: &TableOptions) {
        let columns: Vec<(usize, &Value)> = list(&table["columnDefinitions"])
            .iter()
            .enumerate()
            .filter(|(_, column)| options.wide || column["priority"].as_i64().unwrap_or(0) == 0)
            .collect();
        if self.header.is_empty() {
            if options.with_namespace {
                self.header.push("NAMESPACE".to_owned());
            }
            self.header.extend(columns.iter().map(|(_, column)| text(&column["name"]).to_uppercase()));
            self.header.extend(options.label_columns.iter().map(|label| label.rsplit('/').next().unwrap_or(label).to_uppercase()));
            if options.show_labels {
                self.header.push("LABELS".to_owned());
            }
        }
        for row in list(&table["rows"]) {
            let metadata = &row["object"]["metadata"];
            let cells = list(&row["cells"]);
            let mut line = Vec::new();
            if options.with_namespace {
                line.push(text(&metadata["namespace"]));
            }
            for (position, (index, _)) in columns.iter().enumerate() {
                let cell = cells.get(*index).map_or_else(String::new, cell_text);
                match options.kind.as_ref().filter(|_| position == 0) {
                    Some(kind) => line.push(format!("{kind}/{cell}")),
                    None => line.push(cell),
                }
            }
            let label = |name: &String| metadata["labels"][name.as_str()].as_str().unwrap_or("").to_owned();
            line.extend(options.label_columns.iter().map(label));
            if options.show_labels {
                line.push(labels(&metadata["labels"]));
            }
            self.rows.push(line);
        }
    }

    /// The lines, aligned.
    pub(crate) fn print(&self, no_headers: bool) -> String {
        let header = Some(&self.header).filter(|_| !no_headers);
        let lines: Vec<String> = header.into_iter().chain(&self.rows).map(|cells| format!("{}\n", cells.join("\t"))).collect();
        align(&lines.concat(), TABLE)
    }
}

/// One line per cell: a table has no room for more (cli-runtime's printer stops at the first line end).
fn cell_text(cell: &Value) -> String {
    let full = match cell {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    };
    match full.split_once(['\n', '\r', '\u{C}']) {
        Some((first, _)) => format!("{first}..."),
        None => full,
    }
}

/// `a=b,c=d`, sorted.
pub(crate) fn labels(labels: &Value) -> String {
    let Some(labels) = labels.as_object().filter(|labels| !labels.is_empty()) else { return "<none>".to_owned() };
    let mut pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={}", text(value))).collect();
    pairs.sort();
    pairs.join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> Value {
        json!({
            "columnDefinitions": [{"name": "Name", "priority": 0}, {"name": "Ready", "priority": 0}, {"name": "Nominated Node", "priority": 1}],
            "rows": [{"cells": ["p1", "1/1", "<none>"], "object": {"metadata": {"name": "p1", "namespace": "dev", "labels": {"b": "2", "a": "1"}}}}],
        })
    }

    #[track_caller]
    fn check(options: TableOptions, text: &str) {
        let mut rows = Rows::default();
        rows.add(&table(), &options);
        assert_eq!(rows.print(options.no_headers), text);
    }

    #[test]
    fn options_add_and_hide_columns() {
        check(TableOptions::default(), "NAME   READY\np1     1/1\n");
        check(TableOptions { wide: true, ..TableOptions::default() }, "NAME   READY   NOMINATED NODE\np1     1/1     <none>\n");
        check(
            TableOptions { with_namespace: true, kind: Some("pod".into()), ..TableOptions::default() },
            "NAMESPACE   NAME     READY\ndev         pod/p1   1/1\n",
        );
        check(
            TableOptions { show_labels: true, label_columns: vec!["a".into()], ..TableOptions::default() },
            "NAME   READY   A     LABELS\np1     1/1     1     a=1,b=2\n",
        );
        check(TableOptions { no_headers: true, ..TableOptions::default() }, "p1    1/1\n");
    }
}
