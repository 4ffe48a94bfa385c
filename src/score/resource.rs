//! Lines that say what happened to a resource, as kubectl prints them: `deployment.apps/web created`.
//!
//! What counts is the kind and what happened; names are the run's business.

use std::collections::{BTreeMap, HashMap};

use super::leaf::{Conflict, Likeness};

/// What happened where nothing did, whatever it would have been.
const DRY_RUN: &str = "dry-run";

/// `deployment.apps/web created`, `namespace "x" deleted`: kind without its group, and what happened to it.
pub(super) fn resource(line: &str) -> Option<(&str, &str)> {
    if !line.bytes().any(|byte| matches!(byte, b'/' | b'"')) {
        return None;
    }
    let mut words = line.split_whitespace();
    let first: [Option<&str>; 6] = std::array::from_fn(|_| words.next());
    let words: Vec<&str> = first.into_iter().flatten().collect();
    if words.len() > 5 { None } else { resource_words(&words) }
}

fn resource_words<'a>(words: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let (first, second) = (*words.first()?, *words.get(1)?);
    let (kind, verb, after) = match first.split_once('/') {
        Some((kind, name)) if !name.is_empty() && !name.contains('/') => (kind, second, 2),
        None if second.starts_with('"') && second.ends_with('"') => (first, *words.get(2)?, 3),
        _ => return None,
    };
    let lower = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    // `example.com/name: value` is a label, not a verb.
    let is_verb = verb.len() >= 3 && verb.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') && !verb.starts_with('-');
    // What was only tried has not happened.
    let (verb, after) = if verb == "already" { (words.get(after).copied()?, after + 1) } else { (verb, after) };
    let is_tried = matches!(words.get(after..).unwrap_or_default(), ["(dry", "run)", ..] | ["(server" | "(client", "dry", "run)", ..]);
    let verb = if is_tried { DRY_RUN } else { verb };
    (lower(kind) && is_verb && !first.ends_with(':')).then(|| (kind.split('.').next().unwrap_or(kind), verb))
}

/// The `kind/name verb` lines of an output: how often each verb happened to each kind.
pub(super) struct Resources<'a> {
    verbs: HashMap<&'a str, BTreeMap<&'a str, usize>>,
}

impl<'a> Resources<'a> {
    pub(super) fn new(text: &'a str, wanted: bool) -> Self {
        let mut verbs: HashMap<&str, BTreeMap<&str, usize>> = HashMap::new();
        if wanted {
            // By words, not by lines: terminals wrap long names, and logs put times before them.
            let words: Vec<&str> = text.split_whitespace().collect();
            for at in 0..words.len() {
                if let Some((kind, verb)) = resource_words(&words[at..words.len().min(at + 6)]) {
                    *verbs.entry(kind).or_default().entry(verb).or_default() += 1;
                }
            }
        }
        Self { verbs }
    }

    pub(super) fn find(&mut self, kind: &str, verb: &str) -> Likeness {
        // kubectl apply says created, configured or unchanged, depending on what was there before.
        const MADE: [&str; 9] =
            ["created", "configured", "unchanged", "patched", "serverside-applied", "exposed", "labeled", "annotated", "replaced"];
        let nothing = Likeness { weight: 2.0, credit: 0.0, conflict: None };
        let Some(verbs) = self.verbs.get_mut(kind) else { return nothing };
        let is_made = MADE.contains(&verb);
        let likewise = || MADE.iter().filter(|_| is_made).filter_map(|made| verbs.get_key_value(made)).map(|(printed, _)| *printed).min();
        let found = if verbs.contains_key(verb) { Some(verb) } else { likewise().or_else(|| verbs.keys().next().copied()) };
        let Some(printed) = found else { return nothing };
        if let Some(count) = verbs.get_mut(printed) {
            *count -= 1;
            if *count == 0 {
                verbs.remove(printed);
            }
        }
        if printed == verb {
            Likeness { credit: 1.0, ..nothing }
        } else if is_made && MADE.contains(&printed) {
            Likeness { credit: 0.9, ..nothing }
        } else {
            Likeness { conflict: Some(Conflict::State), ..nothing }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::resource;

    #[test]
    fn lines_say_what_happened_to_which_kind() {
        assert_eq!(resource("deployment.apps/web created (dry run)"), Some(("deployment", "dry-run")));
        assert_eq!(resource("secret/db configured (server dry run)"), Some(("secret", "dry-run")));
        assert_eq!(resource("namespace \"x\" deleted"), Some(("namespace", "deleted")));
        assert_eq!(resource("see a/b for more about the whole thing"), None);
        assert_eq!(resource("example.com/name: value"), None);
    }
}
