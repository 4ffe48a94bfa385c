//! `--query` is no JMESPath.
//!
//! `az` runs the command, and then fails with `invalid jmespath_type value`. Often a bracket or a quote was lost, or a comparison was written
//! with one `=`. A backquote within double quotes is another trap: bash takes what stands between two of them for a command, runs it, and
//! puts its output into the query. Literals in single quotes need none: `"[?name=='web']"`.
//!
//! Variables may stand within the quotes of a literal; queries with variables elsewhere are not judged.

use crate::lint::{
    az::problem,
    document::{Block, Document},
    rule::Finding,
};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in &document.blocks {
        for call in block.az_calls() {
            let Some(word) = call.value(&["--query"]) else { continue };
            let written = block.text(word.span);
            if written.contains(['<', '…']) && written.contains(['>', '…']) && written.contains("...") {
                continue;
            }
            if written.starts_with('"') && has_open_backquote(written) {
                findings.push(
                    Finding::new(block.place(word.span), "bash runs what stands between the backquotes of this query as a command")
                        .with_hint("put the literal into single quotes: `\"[?name=='web']\"`"),
                );
                continue;
            }
            let query = if word.literal { Some(word.text.clone()) } else { with_fixed_literals(written) };
            let Some((_, message)) = query.and_then(|query| problem(&query)) else { continue };
            // A quote that is open to the end of the script has its own findings.
            if block.script.is_valid() && !is_split(block, written) {
                let finding = Finding::new(block.place(word.span), format!("this query is no JMESPath: {message}"));
                findings.push(finding.with_hint("try it with `jp`, or on the output of the command without it"));
            }
        }
    }
    findings
}

fn has_open_backquote(written: &str) -> bool {
    let mut escaped = false;
    written.chars().any(|letter| {
        let found = letter == '`' && !escaped;
        escaped = letter == '\\' && !escaped;
        found
    })
}

/// A query in double quotes with a letter in the place of each variable; none when one stands outside of a literal.
fn with_fixed_literals(written: &str) -> Option<String> {
    let inner = written.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains(['\\', '`', '(']) && inner.contains("$(") || inner.contains('\\') {
        return None;
    }
    let mut query = String::with_capacity(inner.len());
    let mut in_literal = false;
    let mut rest = inner.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '\'' => in_literal = !in_literal,
            '$' if !in_literal => return None,
            '$' => {
                let braced = rest.next_if_eq(&'{').is_some();
                while rest.next_if(|next| next.is_ascii_alphanumeric() || *next == '_' || braced && *next != '}').is_some() {}
                if braced && rest.next_if_eq(&'}').is_none() {
                    return None;
                }
            }
            _ => {}
        }
        query.push(if letter == '$' { 'x' } else { letter });
    }
    Some(query)
}

/// Without quotes a blank ends the query for bash; that is found by what belongs to no option.
fn is_split(block: &Block<'_>, written: &str) -> bool {
    !written.starts_with(['"', '\''])
        && block.step.script.contains(&format!("{written} "))
        && written.contains(['{', '['])
        && !written.ends_with([']', '}'])
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "invalid-query";

    #[test]
    fn what_is_no_jmespath_is_found() {
        check(CODE, "az group list --query \"[?name='a'].id\" -o tsv", &["a single `=` is no comparison"]);
        check(CODE, "X=$(az group list --query '[0.id')", &["no JMESPath"]);
        check(CODE, "az group list --query \"[?name=='$X'.id\"", &["`]` is missing"]);
    }

    #[test]
    fn backquotes_that_bash_would_run_are_found() {
        check(CODE, "az group list --query \"[?name==`a`]\"", &["bash runs"]);
        check(CODE, "az group list --query '[?name==`a`]'\naz group list --query \"[?name==\\`a\\`]\"", &[]);
    }

    #[test]
    fn queries_that_are_or_may_be_right_are_no_finding() {
        check(
            CODE,
            "az group list --query \"[?name=='${X%.*}' && location=='$L'].id | [0]\"\naz group list --query \"$Q\"\naz group list --query \"[$N].id\"\naz group list --query \"[?name=='a']$FILTER\"\naz group list --query [].{a:name}\naz group list --query \"[?contains(name, '$(hostname)')]\"",
            &[],
        );
    }
}
