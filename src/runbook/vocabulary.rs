//! The keys of directives: which exist, where they may stand, which are built.

use strsim::osa_distance;

/// A key that is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Skip,
    Timeout,
    ExpectExit,
    ExpectStderr,
    Name,
    Secret,
    ExpectFailure,
}

/// Where a key may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `docent:` before a step.
    Step,
    /// `docent-file:`.
    File,
    /// Beside `expected_similarity`.
    Expectation,
}

/// What the vocabulary says about a key in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// Built, and at home here.
    Built(Key),
    /// Known, and not supported yet.
    Planned,
    /// Known, and at home in these places only.
    Elsewhere(&'static [Place]),
    /// Unknown; perhaps this key was meant.
    Unknown(Option<&'static str>),
}

const STEP: &[Place] = &[Place::Step];
const FILE: &[Place] = &[Place::File];
const BOTH: &[Place] = &[Place::Step, Place::File];
const COMPARE: &[Place] = &[Place::Expectation, Place::Step];

const BUILT: &[(&str, Key, &[Place])] = &[
    ("skip", Key::Skip, STEP),
    ("timeout", Key::Timeout, BOTH),
    ("expect-exit", Key::ExpectExit, STEP),
    ("expect-stderr", Key::ExpectStderr, STEP),
    ("name", Key::Name, STEP),
    ("secret", Key::Secret, BOTH),
    ("expect-failure", Key::ExpectFailure, FILE),
];

const PLANNED: &[(&str, &[Place])] = &[
    ("after", STEP),
    ("as", COMPARE),
    ("background", STEP),
    ("backoff", STEP),
    ("capture", STEP),
    ("cleanup", STEP),
    ("eventually", STEP),
    ("every", STEP),
    ("exact", COMPARE),
    ("ignore", COMPARE),
    ("interactive", STEP),
    ("needs", BOTH),
    ("only", STEP),
    ("ready", STEP),
    ("requires", BOTH),
    ("retry", STEP),
    ("setup", STEP),
    ("stdin", STEP),
    ("stop", STEP),
    ("stream", COMPARE),
    ("tab", FILE),
    ("unordered", COMPARE),
    ("wait", STEP),
    ("zone", FILE),
];

/// Looks up a key; one that speaks of a single target, such as `timeout@live`, is planned when its first part is known.
pub(super) fn look_up(key: &str, place: Place) -> Entry {
    let (base, target) = key.split_once('@').map_or((key, None), |(base, target)| (base, Some(target)));
    let built = BUILT.iter().find(|(spelling, ..)| *spelling == base).map(|(_, key, places)| (Some(*key), *places));
    let known = built.or_else(|| PLANNED.iter().find(|(spelling, _)| *spelling == base).map(|(_, places)| (None, *places)));
    match known {
        None => Entry::Unknown(nearest(base, place)),
        Some((_, places)) if !places.contains(&place) => Entry::Elsewhere(places),
        Some((Some(key), _)) if target.is_none() => Entry::Built(key),
        Some(_) => Entry::Planned,
    }
}

/// The known key that is closest to an unknown one, keys of the same place first.
fn nearest(key: &str, place: Place) -> Option<&'static str> {
    // Bounded before it is measured: a distance costs the product of both lengths.
    if key.len() > 40 {
        return None;
    }
    let key = key.to_ascii_lowercase().replace('_', "-");
    let reach = if key.len() <= 4 { 1 } else { 2.max(key.len() / 3) };
    let built = BUILT.iter().map(|(spelling, _, places)| (*spelling, *places));
    let planned = PLANNED.iter().copied();
    built
        .chain(planned)
        .map(|(spelling, places)| (osa_distance(&key, spelling), !places.contains(&place), spelling))
        .filter(|(distance, ..)| *distance <= reach)
        .min()
        .map(|(.., spelling)| spelling)
}

/// Whether an unknown key is so close to the nearest known one that nothing else can be meant: a wrong letter, or two in a long word.
pub(super) fn is_misspelling(key: &str, near: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('_', "-");
    let distance = osa_distance(&key, near);
    let is_alone = |known: &str| known == near || osa_distance(&key, known) > distance;
    let known = BUILT.iter().map(|(spelling, ..)| *spelling).chain(PLANNED.iter().map(|(spelling, _)| *spelling));
    distance <= if near.len() >= 8 { 2 } else { usize::from(near.len() >= 4) } && known.into_iter().all(is_alone)
}

/// The keys that are built for a place, as a list for a person.
pub(super) fn built_keys(place: Place) -> String {
    let keys: Vec<&str> = BUILT.iter().filter(|(.., places)| places.contains(&place)).map(|(spelling, ..)| *spelling).collect();
    keys.join(", ")
}

/// Whether a word is a key of the vocabulary.
pub(super) fn is_known(key: &str) -> bool {
    !matches!(look_up(key, Place::Step), Entry::Unknown(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: &str, place: Place, expected: Entry) {
        assert_eq!(look_up(key, place), expected, "{key}");
    }

    #[test]
    fn keys_are_built_planned_elsewhere_or_unknown() {
        check("skip", Place::Step, Entry::Built(Key::Skip));
        check("skip", Place::File, Entry::Elsewhere(STEP));
        check("expect-failure", Place::Step, Entry::Elsewhere(FILE));
        check("retry", Place::Step, Entry::Planned);
        check("timeout@live", Place::Step, Entry::Planned);
        check("unordered", Place::Expectation, Entry::Planned);
        check("frobnicate", Place::Step, Entry::Unknown(None));
    }

    #[test]
    fn unknown_keys_lead_to_the_nearest_known_one() {
        check("timout", Place::Step, Entry::Unknown(Some("timeout")));
        check("expect_exit", Place::Step, Entry::Unknown(Some("expect-exit")));
        check("expected-failure", Place::File, Entry::Unknown(Some("expect-failure")));
        check("SKIP", Place::Step, Entry::Unknown(Some("skip")));
    }
}
