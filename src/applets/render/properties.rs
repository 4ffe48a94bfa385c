//! Queries and renderings of anything: an answer or a refusal, and always the same one.

use proptest::prelude::{Strategy, prop_assert_eq, prop_oneof};
use proptest::sample::select;

use super::query::Query;
use super::{json, table, tsv, yaml};
use crate::fuzz;

/// Queries out of the pieces of the grammar.
fn queries() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "a",
        "b",
        "name",
        ".",
        "[]",
        "[*]",
        "[0]",
        "[-1]",
        "[?",
        "]",
        "[",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "!",
        "`1`",
        "`a`",
        "`\"x\"`",
        "'x'",
        "\"a b\"",
        "{",
        "}",
        ":",
        ",",
        "|",
        "@",
        "&",
        "(",
        ")",
        "length(",
        "sort_by(",
        "join(",
        "max(",
        "to_string(",
        "sum(",
        "contains(",
        "keys(",
        "[::2]",
        "[1:]",
        "[::-1]",
        "[::0]",
        "*",
        " ",
        "`",
        "'",
        "\"",
        "\\",
        "99999999999999999999",
    ];
    let pieces = proptest::collection::vec(select(PIECES), 0..14).prop_map(|pieces| pieces.concat());
    prop_oneof![5 => pieces, 1 => fuzz::text(12)]
}

#[test]
fn queries_of_anything_are_evaluated_or_refused() {
    let value = fuzz::json(&["a", "b", "name", "a b"], &["x", "a", "1"]);
    fuzz::check("queries", (queries(), value), |(text, value)| {
        if let Ok(query) = Query::parse(&text)
            && let Ok(found) = query.select(&value)
        {
            for render in [json::text, table::text, tsv::text, yaml::text] {
                prop_assert_eq!(render(&found), render(&found));
            }
            prop_assert_eq!(query.select(&value).ok(), Some(found));
        }
        Ok(())
    });
}

#[test]
fn queries_that_nest_deeply_end() {
    fuzz::with_the_stack_of_a_program(nest_queries);
}

fn nest_queries() {
    for piece in ["(", "[", "[?", "!", "{a:", "a.", "a|", "[*]", "&", "length("] {
        for count in [100, 2_000] {
            let _ = Query::parse(&piece.repeat(count)).map(|query| query.select(&serde_json::json!({"a": {"a": 1}})).is_ok());
            let closing = match piece {
                "(" | "length(" => ")",
                "[" | "[?" => "]",
                "{a:" => "}",
                _ => "",
            };
            let text = format!("{}a{}", piece.repeat(count), closing.repeat(count));
            let _ = Query::parse(&text).map(|query| query.select(&serde_json::json!({"a": {"a": 1}})).is_ok());
        }
    }
}
