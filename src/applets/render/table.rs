//! Tables as `az -o table` prints them (measured with 2.91): dashes under the headers, two spaces between the columns, all to the left.

use serde_json::Value;

/// Fields that `az` leaves out of tables that it makes up itself.
const SKIPPED: [&str; 3] = ["id", "type", "etag"];
/// Header cells are this much wider than their text where the values are narrow.
const HEADER_PADDING: usize = 2;

/// The table of a value, with a line end; an empty line when there is nothing in it that fits into a table.
///
/// A list has a row for each item. Only plain fields are shown, under names with a capital.
pub(crate) fn text(value: &Value) -> String {
    let one = std::slice::from_ref(value);
    let items = value.as_array().map_or(one, Vec::as_slice);
    let rows: Vec<Vec<(String, String)>> = items.iter().map(row).collect();
    let mut columns: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    if columns.is_empty() {
        return "\n".to_owned();
    }
    let cells = |row: &[(String, String)]| -> Vec<String> {
        let of = |name: &str| row.iter().find(|(key, _)| key == name).map_or_else(String::new, |(_, cell)| cell.clone());
        columns.iter().map(|name| of(name)).collect()
    };
    let body: Vec<Vec<String>> = rows.iter().map(|row| cells(row)).collect();
    let width = |column: usize| {
        let header = columns[column].chars().count() + HEADER_PADDING;
        body.iter().map(|row| row[column].chars().count()).fold(header, usize::max)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |cells: Vec<String>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned() + "\n"
    };
    let mut out = line(columns.iter().map(ToString::to_string).collect());
    out.push_str(&line(widths.iter().map(|width| "-".repeat(*width)).collect()));
    out.extend(body.into_iter().map(line));
    out
}

fn row(item: &Value) -> Vec<(String, String)> {
    match item {
        Value::Object(map) => {
            let shown = map
                .iter()
                .filter(|(key, value)| !SKIPPED.contains(&key.as_str()) && !value.is_null() && !value.is_array() && !value.is_object());
            shown.map(|(key, value)| (capitalised(key), cell(value))).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (format!("Column{}", index + 1), cell(value))).collect(),
        scalar => vec![("Result".to_owned(), cell(scalar))],
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => super::json::number(number),
        Value::String(text) => text.clone(),
        // Assumed: a nested value in a row without names shows as JSON; Python shows its own notation.
        nested => nested.to_string(),
    }
}

fn capitalised(key: &str) -> String {
    let mut letters = key.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_fields_become_columns() {
        let rows = json!([{"id": 1, "name": "rgD", "tags": {}, "status": null}, {"name": "x", "ok": true}]);
        assert_eq!(text(&rows), "Name    Ok\n------  ----\nrgD\nx       True\n");
    }

    #[test]
    fn plain_values_have_one_column() {
        assert_eq!(text(&json!(["rgErr", null])), "Result\n--------\nrgErr\n\n");
        assert_eq!(text(&json!([["a", 1]])), "Column1    Column2\n---------  ---------\na          1\n");
    }

    #[test]
    fn a_table_of_nothing_is_an_empty_line() {
        assert_eq!(text(&json!([])), "\n");
        assert_eq!(text(&json!({"id": 1, "properties": {}})), "\n");
    }
}
