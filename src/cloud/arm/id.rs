//! Resource ids, and how paths are matched: keywords without regard to case, names kept as the caller wrote them.

/// Matches decoded segments against a pattern such as `subscriptions/{subscription}/resourceGroups/{group}` and returns the values of
/// its placeholders, in order. Keywords are compared without regard to case, as Azure does.
pub(crate) fn match_path<'a>(segments: &'a [String], pattern: &str) -> Option<Vec<&'a str>> {
    let mut values = Vec::new();
    let mut rest = segments.iter();
    for piece in pattern.split('/') {
        let segment = rest.next()?;
        if piece.starts_with('{') {
            values.push(segment.as_str());
        } else if !piece.eq_ignore_ascii_case(segment) {
            return None;
        }
    }
    rest.next().is_none().then_some(values)
}

/// Splits `…/providers/Namespace/rest…` at the last `providers` keyword: the scope in front (with a leading slash, empty for the root)
/// and the segments after the keyword. None when there is no such keyword.
pub(crate) fn split_at_provider(segments: &[String]) -> Option<(String, &[String])> {
    let at = segments.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers"))?;
    let scope = segments[..at].iter().fold(String::new(), |scope, segment| scope + "/" + segment);
    Some((scope, &segments[at + 1..]))
}

/// The id of a resource in a group, with Azure's usual `resourceGroups`.
pub(crate) fn resource_id(subscription: &str, group: &str, kind: &str, name: &str) -> String {
    format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{kind}/{name}")
}

/// The resource group in an id, as written there.
pub(crate) fn group_of(id: &str) -> Option<&str> {
    let mut segments = id.split('/');
    segments.find(|segment| segment.eq_ignore_ascii_case("resourceGroups"))?;
    segments.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Vec<String> {
        path.trim_start_matches('/').split('/').map(str::to_owned).collect()
    }

    #[test]
    fn keywords_match_in_any_case_and_names_keep_theirs() {
        let path = segments("/SUBSCRIPTIONS/s/resourcegroups/Rg");
        assert_eq!(match_path(&path, "subscriptions/{sub}/resourceGroups/{group}"), Some(vec!["s", "Rg"]));
        assert_eq!(match_path(&path, "subscriptions/{sub}/resourceGroups"), None);
        assert_eq!(match_path(&path, "subscriptions/{sub}/resourceGroups/{group}/x"), None);
    }

    #[test]
    fn the_last_provider_counts() {
        let path = segments("/subscriptions/s/providers/Microsoft.KeyVault/vaults/v/providers/Microsoft.Authorization/roleAssignments/a");
        let (scope, rest) = split_at_provider(&path).unwrap();
        assert_eq!(scope, "/subscriptions/s/providers/Microsoft.KeyVault/vaults/v");
        assert_eq!(rest, ["Microsoft.Authorization", "roleAssignments", "a"]);
        assert_eq!(split_at_provider(&segments("/providers/X/y")).unwrap().0, "");
        assert_eq!(group_of("/subscriptions/s/resourcegroups/Rg/x"), Some("Rg"));
    }
}
