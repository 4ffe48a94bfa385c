//! What `ignore=` and `exact=` name: JSON paths, columns of tables, labels of lines.
//!
//! A name alone is meant wherever it stands; a path is meant wherever it ends so, or from the top when it starts with `$`.

use serde_json::Value;
use strsim::osa_distance;

/// How many names of a document are compared with a misspelt one.
const CANDIDATES_MAX: usize = 4_000;
/// The longest name that is compared with others.
const NAME_BYTES_MAX: usize = 60;

/// One step of the way to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// Into a member.
    Member(&'a str),
    /// Into an entry of a list.
    Entry(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Member(String),
    Entry(usize),
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Selector {
    written: String,
    parts: Vec<Part>,
    /// Whether it starts at the top.
    is_rooted: bool,
}

/// Several of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selection(Vec<Selector>);

impl Selection {
    pub(super) fn new(written: &[String]) -> Self {
        Self(written.iter().map(|written| Selector::new(written)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the value at the end of this way is meant.
    pub(super) fn has(&self, way: &[Step<'_>]) -> bool {
        self.0.iter().any(|selector| selector.ends(&selector.parts, way, false))
    }

    /// Whether a column or a label of this name is meant.
    pub(super) fn names(&self, name: &str) -> bool {
        self.0.iter().any(|selector| selector.is_called(name))
    }

    /// A value without what is meant.
    pub(super) fn pruned(&self, value: &Value) -> Value {
        fn prune<'a>(selection: &Selection, value: &'a Value, way: &mut Vec<Step<'a>>) -> Option<Value> {
            if !way.is_empty() && selection.has(way) {
                return None;
            }
            let mut inside = |step, value| {
                way.push(step);
                let kept = prune(selection, value, way);
                way.pop();
                kept
            };
            Some(match value {
                Value::Object(members) => members
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), inside(Step::Member(name), value)?)))
                    .collect::<serde_json::Map<_, _>>()
                    .into(),
                Value::Array(items) => {
                    items.iter().enumerate().filter_map(|(at, value)| inside(Step::Entry(at), value)).collect::<Vec<_>>().into()
                }
                plain => plain.clone(),
            })
        }
        prune(self, value, &mut Vec::new()).unwrap_or_default()
    }

    /// The first that means nothing of what a document shows, with the nearest name there.
    pub(super) fn stray(&self, values: &[Value], names: &[&str]) -> Option<(&str, Option<String>)> {
        let mut open: Vec<&Selector> = self.0.iter().filter(|selector| !names.iter().any(|name| selector.is_called(name))).collect();
        let mut found: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        for value in values {
            walk(value, &mut Vec::new(), &mut |way| {
                open.retain(|selector| !selector.ends(&selector.parts, way, false));
                if let Some(Step::Member(name)) = way.last()
                    && found.len() < CANDIDATES_MAX
                {
                    found.push((*name).to_owned());
                }
            });
        }
        let stray = *open.first()?;
        Some((&stray.written, stray.nearest(found)))
    }
}

fn walk<'a>(value: &'a Value, way: &mut Vec<Step<'a>>, visit: &mut dyn FnMut(&[Step<'a>])) {
    let mut inside = |step, value| {
        way.push(step);
        visit(way);
        walk(value, way, visit);
        way.pop();
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| inside(Step::Member(name), value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, value)| inside(Step::Entry(at), value)),
        _ => {}
    }
}

impl Selector {
    fn new(written: &str) -> Self {
        let rest = written.strip_prefix('$');
        let mut parts = Vec::new();
        for piece in rest.unwrap_or(written).split('.').filter(|piece| !piece.is_empty()) {
            let (name, mut indexes) = piece.split_once('[').map_or((piece, ""), |(name, indexes)| (name, indexes));
            match name {
                "" => {}
                "*" => parts.push(Part::Any),
                name => parts.push(Part::Member(folded(name))),
            }
            while let Some((index, after)) = indexes.split_once(']') {
                parts.push(index.parse().map_or(Part::Any, Part::Entry));
                indexes = after.strip_prefix('[').unwrap_or_default();
            }
        }
        Self { written: written.to_owned(), parts, is_rooted: rest.is_some() }
    }

    /// Whether a way ends as these parts say; entries of lists above its end are passed over where nothing is said about them.
    fn ends(&self, parts: &[Part], way: &[Step<'_>], may_pass: bool) -> bool {
        let Some((part, before)) = parts.split_last() else {
            return !self.is_rooted || way.iter().all(|step| matches!(step, Step::Entry(_)));
        };
        let Some((step, above)) = way.split_last() else { return false };
        let fits = match (part, step) {
            (Part::Member(wanted), Step::Member(name)) => is_folded(name, wanted),
            (Part::Entry(wanted), Step::Entry(at)) => wanted == at,
            (Part::Any, _) => true,
            _ => false,
        };
        fits && self.ends(before, above, true) || may_pass && matches!(step, Step::Entry(_)) && self.ends(parts, above, true)
    }

    fn is_called(&self, name: &str) -> bool {
        is_folded(name, &folded(&self.written))
    }

    fn nearest(&self, names: Vec<String>) -> Option<String> {
        let Some(Part::Member(wanted)) = self.parts.last() else { return None };
        if wanted.len() > NAME_BYTES_MAX {
            return None;
        }
        let reach = if wanted.len() < 4 { 1 } else { 2.max(wanted.len() / 3) };
        names
            .into_iter()
            .filter(|name| name.len() <= NAME_BYTES_MAX)
            .map(|name| (osa_distance(wanted, &folded(&name)), name))
            .filter(|(distance, _)| *distance <= reach)
            .min()
            .map(|(_, name)| name)
    }
}

/// A name without case and punctuation; as it is when it has nothing else.
fn folded(name: &str) -> String {
    let folded: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if folded.is_empty() { name.to_owned() } else { folded }
}

fn is_folded(name: &str, wanted: &str) -> bool {
    name == wanted || name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).eq(wanted.chars())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Selection, Step};

    #[track_caller]
    fn check(written: &str, way: &[Step<'_>], expected: bool) {
        assert_eq!(Selection::new(&[written.to_owned()]).has(way), expected, "{written} {way:?}");
    }

    #[test]
    fn paths_mean_what_ends_so() {
        use Step::{Entry, Member};
        let way = [Member("properties"), Member("agentPools"), Entry(1), Member("osType")];
        for written in ["osType", "OSType", "os-type", "agentPools.osType", "agentPools[*].osType", "agentPools[1].osType", "*.osType"] {
            check(written, &way, true);
        }
        for written in ["$.properties.agentPools.osType", "$.properties.*.osType", "properties.agentPools[1].osType"] {
            check(written, &way, true);
        }
        for written in ["$.osType", "os", "agentPools[0].osType", "properties.osType", "agentPools", "osType.name"] {
            check(written, &way, false);
        }
        check("agentPools", &way[..2], true);
        check("agentPools", &way[..3], false);
        check("agentPools[1]", &way[..3], true);
        check("$[0].name", &[Entry(0), Member("name")], true);
        check("$.name", &[Entry(3), Member("name")], true);
        check("*.id", &[Member("id")], false);
    }

    #[test]
    fn what_is_meant_is_taken_out() {
        let value = json!({"id": 1, "list": [{"id": 2, "n": 3}], "deep": {"etag": "x", "id": 4}});
        let pruned = Selection::new(&["*.id".to_owned(), "etag".to_owned()]).pruned(&value);
        assert_eq!(pruned, json!({"id": 1, "list": [{"n": 3}], "deep": {}}));
    }

    #[test]
    fn a_name_that_means_nothing_leads_to_the_nearest() {
        let value = json!({"etag": 1, "properties": {"provisioningState": "x"}});
        let stray = |written: &str| {
            let selection = Selection::new(&[written.to_owned()]);
            selection.stray(std::slice::from_ref(&value), &["EXTERNAL-IP"]).map(|(_, nearest)| nearest)
        };
        assert_eq!(stray("etgs"), Some(Some("etag".to_owned())));
        assert_eq!(stray("properties.provisionState"), Some(Some("provisioningState".to_owned())));
        assert_eq!(stray("external-ip"), None);
        assert_eq!(stray("frobnicate"), Some(None));
    }
}
