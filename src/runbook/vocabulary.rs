//! The keys of directives: which exist, and where they may stand.

use strsim::osa_distance;

use super::view::TargetName;

/// A key that the parser reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    After,
    As,
    Background,
    Backoff,
    Capture,
    Cleanup,
    Eventually,
    Every,
    Exact,
    ExpectExit,
    ExpectFailure,
    ExpectStderr,
    Ignore,
    Interactive,
    LintDisable,
    Name,
    Needs,
    Only,
    /// `as=` with the name of somebody.
    Principal,
    Ready,
    Requires,
    Retry,
    Secret,
    Setup,
    Skip,
    Stdin,
    Stop,
    Stream,
    Tab,
    Tenant,
    Timeout,
    Unordered,
    Wait,
    Zone,
}

/// Where a key may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `docent:` before a step.
    Step,
    /// `docent-file:`.
    File,
    /// `docent-begin:`.
    Range,
    /// Beside `expected_similarity`.
    Expectation,
}

impl Place {
    /// What stands at the start of a comment of this kind.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Step => "docent:",
            Self::File => "docent-file:",
            Self::Range => "docent-begin:",
            Self::Expectation => "expected_similarity",
        }
    }
}

/// What the vocabulary says about a key in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// At home here; perhaps for one target only.
    Known(Key, Option<TargetName>),
    /// Known, and at home in these places only.
    Elsewhere(&'static [Place]),
    /// It says the same on every target, so it takes no `@target`.
    Untargeted(&'static str),
    /// There is no such target; perhaps this one was meant.
    UnknownTarget(Option<&'static str>),
    /// Nothing that a document decides.
    NotTheDocuments,
    /// Unknown; perhaps this key was meant.
    Unknown(Option<&'static str>),
}

/// One key.
struct Word {
    spelling: &'static str,
    key: Key,
    places: &'static [Place],
    /// Whether `key@target` makes sense.
    takes_target: bool,
}

const STEP: &[Place] = &[Place::Step];
const FILE: &[Place] = &[Place::File];
const STEP_RANGE: &[Place] = &[Place::Step, Place::Range];
const ANY: &[Place] = &[Place::Step, Place::Range, Place::File];
const COMPARE: &[Place] = &[Place::Expectation, Place::Step, Place::Range];

const fn word(spelling: &'static str, key: Key, places: &'static [Place]) -> Word {
    Word { spelling, key, places, takes_target: false }
}

impl Word {
    const fn per_target(self) -> Self {
        Self { takes_target: true, ..self }
    }
}

/// The whole vocabulary, in the order in which it is listed to people.
const WORDS: &[Word] = &[
    word("skip", Key::Skip, STEP_RANGE).per_target(),
    word("timeout", Key::Timeout, ANY).per_target(),
    word("expect-exit", Key::ExpectExit, STEP_RANGE).per_target(),
    word("expect-stderr", Key::ExpectStderr, STEP).per_target(),
    word("expect-failure", Key::ExpectFailure, FILE),
    word("name", Key::Name, STEP),
    word("secret", Key::Secret, ANY).per_target(),
    word("only", Key::Only, STEP_RANGE),
    word("interactive", Key::Interactive, STEP_RANGE),
    word("wait", Key::Wait, STEP_RANGE).per_target(),
    word("eventually", Key::Eventually, STEP).per_target(),
    word("every", Key::Every, STEP).per_target(),
    word("retry", Key::Retry, STEP).per_target(),
    word("backoff", Key::Backoff, STEP).per_target(),
    word("needs", Key::Needs, STEP_RANGE),
    word("after", Key::After, STEP),
    word("setup", Key::Setup, STEP_RANGE),
    word("cleanup", Key::Cleanup, STEP_RANGE),
    word("background", Key::Background, STEP),
    word("ready", Key::Ready, STEP).per_target(),
    word("stop", Key::Stop, STEP),
    word("stdin", Key::Stdin, STEP).per_target(),
    word("capture", Key::Capture, STEP).per_target(),
    word("requires", Key::Requires, ANY).per_target(),
    word("ignore", Key::Ignore, COMPARE).per_target(),
    word("exact", Key::Exact, COMPARE).per_target(),
    word("unordered", Key::Unordered, COMPARE).per_target(),
    word("as", Key::As, COMPARE).per_target(),
    word("stream", Key::Stream, COMPARE).per_target(),
    word("lint-disable", Key::LintDisable, ANY),
    word("tenant", Key::Tenant, FILE),
    word("tab", Key::Tab, FILE),
    word("zone", Key::Zone, FILE),
];

/// What only whoever runs docent decides: a document comes from others, and would loosen what is there against it.
const NOT_THE_DOCUMENTS: &[&str] = &[
    "allow-host",
    "allow-hosts",
    "config",
    "env",
    "env-file",
    "host",
    "hosts",
    "network",
    "no-sandbox",
    "pass-env",
    "sandbox",
    "target",
    "trust",
    "unmask",
];

/// Looks up a key, with or without the one target that it speaks of: `timeout`, `timeout@live`.
pub(super) fn look_up(key: &str, place: Place) -> Entry {
    let (base, target) = key.split_once('@').map_or((key, None), |(base, target)| (base, Some(target)));
    if NOT_THE_DOCUMENTS.contains(&base.to_ascii_lowercase().replace('_', "-").as_str()) {
        return Entry::NotTheDocuments;
    }
    let Some(word) = WORDS.iter().find(|word| word.spelling == base) else { return Entry::Unknown(nearest(base, place)) };
    if !word.places.contains(&place) {
        return Entry::Elsewhere(word.places);
    }
    match target {
        None => Entry::Known(word.key, None),
        Some(_) if !word.takes_target => Entry::Untargeted(word.spelling),
        Some(name) => match TargetName::parse(name) {
            Some(target) => Entry::Known(word.key, Some(target)),
            None => Entry::UnknownTarget(TargetName::nearest(name)),
        },
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
    WORDS
        .iter()
        .map(|word| (osa_distance(&key, word.spelling), !word.places.contains(&place), word.spelling))
        .filter(|(distance, ..)| *distance <= reach)
        .min()
        .map(|(.., spelling)| spelling)
}

/// Whether an unknown key is so close to the nearest known one that nothing else can be meant: a wrong letter, or two in a long word.
pub(super) fn is_misspelling(key: &str, near: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('_', "-");
    let distance = osa_distance(&key, near);
    let is_alone = |known: &str| known == near || osa_distance(&key, known) > distance;
    distance <= if near.len() >= 8 { 2 } else { usize::from(near.len() >= 4) } && WORDS.iter().all(|word| is_alone(word.spelling))
}

/// The keys of a place, as a list for a person.
pub(super) fn keys_of(place: Place) -> String {
    let words = WORDS.iter().filter(|word| word.places.contains(&place));
    words.map(|word| word.spelling).collect::<Vec<_>>().join(", ")
}

/// Whether a key may speak of several steps at once.
pub(super) fn takes_range(key: Key) -> bool {
    // `as=NAME` is spelled like `as=json`.
    let key = if key == Key::Principal { Key::As } else { key };
    WORDS.iter().any(|word| word.key == key && word.places.contains(&Place::Range))
}

/// Whether a word is a key of the vocabulary.
pub(super) fn is_known(key: &str) -> bool {
    !matches!(look_up(key, Place::Step), Entry::Unknown(_))
}

/// Every key as the manual lists it: spelling and places.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static [Place])> {
    WORDS.iter().map(|word| (word.spelling, word.places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: &str, place: Place, expected: Entry) {
        assert_eq!(look_up(key, place), expected, "{key}");
    }

    #[test]
    fn keys_are_at_home_elsewhere_or_unknown() {
        check("skip", Place::Step, Entry::Known(Key::Skip, None));
        check("skip", Place::File, Entry::Elsewhere(STEP_RANGE));
        check("expect-failure", Place::Step, Entry::Elsewhere(FILE));
        check("retry", Place::Step, Entry::Known(Key::Retry, None));
        check("after", Place::File, Entry::Elsewhere(STEP));
        check("unordered", Place::Expectation, Entry::Known(Key::Unordered, None));
        check("frobnicate", Place::Step, Entry::Unknown(None));
        for key in ["sandbox", "target", "Pass_Env", "hosts", "sandbox@live"] {
            check(key, Place::Step, Entry::NotTheDocuments);
            check(key, Place::File, Entry::NotTheDocuments);
        }
    }

    #[test]
    fn a_key_may_speak_of_one_target() {
        check("timeout@live", Place::Step, Entry::Known(Key::Timeout, Some(TargetName::Live)));
        check("ignore@embedded", Place::Expectation, Entry::Known(Key::Ignore, Some(TargetName::Embedded)));
        check("timeout@liv", Place::Step, Entry::UnknownTarget(Some("live")));
        check("timeout@azure", Place::Step, Entry::UnknownTarget(None));
        check("timeout@", Place::Step, Entry::UnknownTarget(None));
        check("name@live", Place::Step, Entry::Untargeted("name"));
        check("needs@live", Place::Step, Entry::Untargeted("needs"));
        check("timout@live", Place::Step, Entry::Unknown(Some("timeout")));
    }

    #[test]
    fn unknown_keys_lead_to_the_nearest_known_one() {
        check("timout", Place::Step, Entry::Unknown(Some("timeout")));
        check("expect_exit", Place::Step, Entry::Unknown(Some("expect-exit")));
        check("expected-failure", Place::File, Entry::Unknown(Some("expect-failure")));
        check("SKIP", Place::Step, Entry::Unknown(Some("skip")));
        check("lint_disabled", Place::Step, Entry::Unknown(Some("lint-disable")));
    }

    #[test]
    fn no_two_words_are_spelled_alike() {
        for (index, word) in WORDS.iter().enumerate() {
            assert!(WORDS[..index].iter().all(|other| other.spelling != word.spelling), "{}", word.spelling);
        }
    }
}
