//! What a command found → the text that `az` prints, by `--query` and `--output`. Pure.

use serde_json::{Map, Value};

use super::failure::Failure;
use crate::applets::render::query::{Query, reason_of};
use crate::applets::render::{json, table, tsv, yaml};

/// How the result is printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Output {
    /// `json`, `jsonc`, `yaml`, `yamlc`, `table`, `tsv` or `none`.
    pub(crate) format: String,
    /// The `--query`, already checked.
    pub(crate) query: Option<String>,
    /// The query that the command itself uses for its tables.
    pub(crate) table: Option<&'static str>,
}

impl Output {
    /// The text for standard output; null prints nothing in any format.
    ///
    /// # Errors
    /// When the query cannot be evaluated.
    pub(crate) fn text(&self, value: &Value) -> Result<String, Failure> {
        // Fields of whole objects come sorted; those that a query made keep the query's order. Sorting first has both.
        let sorted_first = self.format == "tsv" || (self.format == "table" && self.query.is_none());
        let value = if sorted_first { sorted(value) } else { value.clone() };
        let value = match &self.query {
            Some(query) => selected(query, &value)?,
            None => value,
        };
        if value.is_null() {
            return Ok(String::new());
        }
        match self.format.as_str() {
            "none" => Ok(String::new()),
            "tsv" => Ok(tsv::text(&value)),
            "yaml" | "yamlc" => Ok(yaml::text(&value)),
            "table" => {
                let value = match (self.table, &self.query) {
                    (Some(own), None) => selected(own, &value)?,
                    _ => value,
                };
                Ok(table::text(&value))
            }
            _ => Ok(json::text(&value) + "\n"),
        }
    }
}

fn selected(query: &str, value: &Value) -> Result<Value, Failure> {
    let evaluated = Query::parse(query).and_then(|query| query.select(value));
    evaluated.map_err(|error| {
        let reason = reason_of(&error);
        let advice = "To learn more about --query, please visit: 'https://learn.microsoft.com/cli/azure/query-azure-cli'";
        Failure::Refused(format!("Invalid jmespath query supplied for `--query`: {reason}\n{advice}"))
    })
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            entries.into_iter().collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Adds `resourceGroup` to every object whose `id` tells it, as `az` does with every result.
pub(crate) fn with_resource_groups(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(with_resource_groups),
        Value::Object(map) => {
            if !map.keys().any(|key| key.eq_ignore_ascii_case("resourceGroup")) {
                let group = map.get("id").and_then(Value::as_str).and_then(group_in);
                if let Some(group) = group {
                    map.insert("resourceGroup".to_owned(), Value::String(group));
                }
            }
            map.iter_mut().filter(|(key, _)| *key != "sourceVault").for_each(|(_, value)| with_resource_groups(value));
        }
        _ => {}
    }
}

fn group_in(id: &str) -> Option<String> {
    let parts: Vec<&str> = id.split('/').collect();
    (parts.len() > 8 && parts[3].eq_ignore_ascii_case("resourceGroups")).then(|| parts[4].to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(format: &str, query: Option<&str>, expected: &str) {
        let group = json!({"name": "rgErr", "location": "centralindia", "managedBy": null, "id": "/x", "tags": {"b": "2", "a": "x y"}});
        let output = Output { format: format.to_owned(), query: query.map(str::to_owned), table: None };
        assert_eq!(output.text(&group).expect("printable"), expected, "{format} {query:?}");
    }

    #[test]
    fn queries_keep_their_order_where_az_does() {
        check("tsv", None, "/x\tcentralindia\tNone\trgErr\t\n");
        check("tsv", Some("{n:name,l:location}"), "rgErr\tcentralindia\n");
        check("json", Some("{n:name,l:location}"), "{\n  \"l\": \"centralindia\",\n  \"n\": \"rgErr\"\n}\n");
        check("tsv", Some("tags"), "x y\t2\n");
        check("table", Some("tags"), "B    A\n---  ---\n2    x y\n");
        check("table", None, "Location      Name\n------------  ------\ncentralindia  rgErr\n");
        check("yaml", Some("name"), "rgErr\n...\n");
    }

    #[test]
    fn null_prints_nothing() {
        for format in ["json", "tsv", "table", "yaml", "none"] {
            check(format, Some("nosuch"), "");
        }
    }

    #[test]
    fn the_resource_group_is_told_by_the_id() {
        let mut value = json!([{"id": "/subscriptions/s/resourcegroups/rg/providers/P/t/n"}, {"id": "/subscriptions/s/resourceGroups/rg"}]);
        with_resource_groups(&mut value);
        assert_eq!(value[0]["resourceGroup"], json!("rg"));
        assert!(value[1].get("resourceGroup").is_none());
    }
}
