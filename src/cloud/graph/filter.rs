//! The `$filter` of collections, as far as az sends it: comparisons joined by `and`.

use crate::cloud::fault::Fault;

/// What an object must fulfil; the empty filter is fulfilled by everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    /// In lower case.
    property: String,
    value: String,
    /// Whether a value that only begins so is enough.
    prefix: bool,
}

const PROPERTIES: [&str; 7] =
    ["identifieruris", "userprincipalname", "displayname", "mailnickname", "serviceprincipalnames", "appid", "id"];

impl Filter {
    /// Reads `property eq 'value'`, `property/any(c:c eq 'value')`, `startswith(property,'value')` and several of them.
    ///
    /// # Errors
    /// 501 by name for every other filter.
    pub(crate) fn parse(text: &str) -> Result<Filter, Fault> {
        let refused = || Fault::unsupported(format!("the Microsoft Graph filter \"{text}\""), "list everything and select with --query");
        let mut terms = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (term, after) = term(rest).ok_or_else(refused)?;
            terms.push(term);
            rest = after.trim_start();
            if !rest.is_empty() {
                rest = rest.strip_prefix("and ").ok_or_else(refused)?.trim_start();
                if rest.is_empty() {
                    return Err(refused());
                }
            }
        }
        Ok(Filter { terms })
    }

    /// Whether an object with these values of a property (by its name in lower case) fulfils it. A property that it does not have is none.
    pub(crate) fn matches<'a>(&self, values: impl Fn(&str) -> Vec<&'a str>) -> bool {
        self.terms.iter().all(|term| {
            let wanted = term.value.to_lowercase();
            values(&term.property)
                .iter()
                .map(|value| value.to_lowercase())
                .any(|value| if term.prefix { value.starts_with(&wanted) } else { value == wanted })
        })
    }
}

fn term(text: &str) -> Option<(Term, &str)> {
    let is_known = |property: &str| PROPERTIES.contains(&property);
    if let Some(inside) = text.strip_prefix("startswith(") {
        let (property, rest) = inside.split_once(',')?;
        let (value, rest) = quoted(rest.trim_start())?;
        let property = property.trim().to_lowercase();
        return is_known(&property)
            .then_some(())
            .and_then(|()| Some((Term { property, value, prefix: true }, rest.trim_start().strip_prefix(')')?)));
    }
    let (left, right) = text.split_once(" eq ")?;
    let (value, rest) = quoted(right.trim_start())?;
    let (property, rest) = match left.split_once("/any(") {
        Some((property, _)) => (property, rest.trim_start().strip_prefix(')')?),
        None => (left, rest),
    };
    let property = property.trim().to_lowercase();
    is_known(&property).then_some((Term { property, value, prefix: false }, rest))
}

/// A text in quotes, in which a doubled quote is a quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(filter: &str, expected: bool) {
        let values = |property: &str| match property {
            "displayname" => vec!["O'Brien's Team"],
            "mailnickname" => vec!["team"],
            "serviceprincipalnames" => vec!["a", "b"],
            _ => Vec::new(),
        };
        assert_eq!(Filter::parse(filter).unwrap().matches(values), expected, "{filter}");
    }

    #[test]
    fn comparisons_prefixes_and_several_of_them_are_told_apart() {
        check("", true);
        check("displayName eq 'o''brien''s team'", true);
        check("displayName eq 'O''Brien'", false);
        check("startswith(displayName,'O''Brien')", true);
        check("displayName eq 'O''Brien''s Team' and mailNickname eq 'team'", true);
        check("displayName eq 'O''Brien''s Team' and mailNickname eq 'other'", false);
        check("servicePrincipalNames/any(c:c eq 'b')", true);
        check("appId eq 'b'", false);
    }

    #[test]
    fn other_filters_are_refused_by_name() {
        for filter in
            ["endswith(mail,'x')", "mail eq 'x'", "displayName eq 'a' or id eq 'b'", "displayName eq 'a' and ", "displayName eq x"]
        {
            assert!(Filter::parse(filter).unwrap_err().as_unsupported().is_some(), "{filter}");
        }
    }
}
