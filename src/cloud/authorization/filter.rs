//! The `$filter` of role definitions and role assignments: terms joined by `and`, each a comparison or a function.

/// One term of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// `name eq 'value'`; the name as written.
    Equals { name: String, value: String },
    /// `name()` or `name('argument')`.
    Call { name: String, argument: Option<String> },
}

/// Reads a filter. The empty filter has no terms.
///
/// # Errors
/// What could not be read.
pub(crate) fn parse(text: &str) -> Result<Vec<Term>, String> {
    let mut terms = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (term, after) = parse_term(rest).ok_or_else(|| rest.to_owned())?;
        terms.push(term);
        rest = after.trim_start();
        if !rest.is_empty() {
            rest = strip_word(rest, "and").ok_or_else(|| rest.to_owned())?;
            if rest.is_empty() {
                return Err(text.to_owned());
            }
        }
    }
    Ok(terms)
}

fn parse_term(text: &str) -> Option<(Term, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim_start();
    if let Some(inside) = rest.strip_prefix('(') {
        let inside = inside.trim_start();
        let (argument, inside) = match inside.strip_prefix(')') {
            Some(after) => return Some((Term::Call { name: name.to_owned(), argument: None }, after)),
            None => parse_value(inside)?,
        };
        let after = inside.trim_start().strip_prefix(')')?;
        return Some((Term::Call { name: name.to_owned(), argument: Some(argument) }, after));
    }
    let rest = strip_word(rest, "eq")?;
    let (value, after) = parse_value(rest)?;
    Some((Term::Equals { name: name.to_owned(), value }, after))
}

/// A quoted string, in which a doubled quote is a quote, or a bare word: az writes `principalId eq '…'`, other clients leave quotes out.
fn parse_value(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('\'') else {
        let end = text.find(|c: char| c.is_whitespace() || c == ')').unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    loop {
        let end = rest.find('\'')?;
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Some((value, rest)),
        }
    }
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    let rest = &text[word.len()..];
    (head.eq_ignore_ascii_case(word) && rest.starts_with(|c: char| c.is_whitespace() || c == '(')).then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::{Term, parse};

    fn equals(name: &str, value: &str) -> Term {
        Term::Equals { name: name.into(), value: value.into() }
    }

    fn call(name: &str, argument: Option<&str>) -> Term {
        Term::Call { name: name.into(), argument: argument.map(Into::into) }
    }

    #[test]
    fn filters_that_clients_send_are_read() {
        for (text, expected) in [
            ("", vec![]),
            ("roleName eq 'Key Vault Secrets User'", vec![equals("roleName", "Key Vault Secrets User")]),
            ("atScope()", vec![call("atScope", None)]),
            ("atScope() and assignedTo('p')", vec![call("atScope", None), call("assignedTo", Some("p"))]),
            ("principalId eq p", vec![equals("principalId", "p")]),
            ("roleName EQ 'O''Brien' AND type eq 'CustomRole'", vec![equals("roleName", "O'Brien"), equals("type", "CustomRole")]),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_filter_is_an_error() {
        for text in ["roleName", "roleName eq", "roleName eq 'x", "atScope(", "atScope() or x()", "atScope() and", "'x'", "é eq 'x'"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
