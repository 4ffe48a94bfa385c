//! What a comparison found so far: how much the document tells, how much of it the output has, where it is lost, what contradicts.

use super::Cost;
use super::leaf::{Conflict, Likeness};

/// How many places are remembered; the sums go on.
const PLACES_MAX: usize = 512;
/// How much of a value is shown.
const SHOWN_CHARS: usize = 120;

/// A contradiction and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Contradiction {
    pub conflict: Conflict,
    pub path: String,
    pub expected: String,
    pub actual: String,
}

impl Contradiction {
    /// As a place that cost so much.
    pub(super) fn cost(&self, cost: f64) -> Cost {
        Cost { path: self.path.clone(), expected: self.expected.clone(), actual: self.actual.clone(), cost }
    }
}

/// The running sums of one comparison.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tally {
    /// How much the document tells.
    pub weight: f64,
    /// How much of it the output has.
    pub credit: f64,
    /// Where credit was lost; `cost` is still in units of weight.
    pub losses: Vec<Cost>,
    /// What contradicts, in document order.
    pub contradictions: Vec<Contradiction>,
}

impl Tally {
    /// Counts one comparison at `path`.
    pub(super) fn add(&mut self, likeness: Likeness, path: impl FnOnce() -> String, expected: &str, actual: &str) {
        self.weight += likeness.weight;
        self.credit += likeness.weight * likeness.credit;
        let cost = likeness.weight * (1.0 - likeness.credit);
        let lost = cost > 1e-9 && self.losses.len() < PLACES_MAX;
        if !lost && likeness.conflict.is_none() {
            return;
        }
        let path = path();
        if let Some(conflict) = likeness.conflict {
            self.contradict(conflict, &path, expected, actual);
        }
        if lost {
            self.losses.push(Cost { path, expected: shown(expected), actual: shown(actual), cost });
        }
    }

    /// Whether a comparison that comes next would be remembered, not only summed up.
    pub(super) fn keeps(&self, likeness: &Likeness) -> bool {
        likeness.conflict.is_some() || self.losses.len() < PLACES_MAX && likeness.credit < 1.0
    }

    /// Notes a contradiction that has no weight of its own.
    pub(super) fn contradict(&mut self, conflict: Conflict, path: &str, expected: &str, actual: &str) {
        if self.contradictions.len() < PLACES_MAX {
            let (expected, actual) = around(expected, actual);
            self.contradictions.push(Contradiction { conflict, path: path.to_owned(), expected, actual });
        }
    }

    /// Takes over everything of `other`.
    pub(super) fn absorb(&mut self, other: Self) {
        self.weight += other.weight;
        self.credit += other.credit;
        self.losses.extend(other.losses);
        self.losses.truncate(PLACES_MAX);
        self.contradictions.extend(other.contradictions);
        self.contradictions.truncate(PLACES_MAX);
    }

    /// The share of what the document tells that the output has, 0 to 1; 1 when it tells nothing.
    pub(super) fn coverage(&self) -> f64 {
        if self.weight > 0.0 { (self.credit / self.weight).clamp(0.0, 1.0) } else { 1.0 }
    }

    /// How good a candidate this comparison is beside others of the same thing: contradictions count against it.
    pub(super) fn rank(&self) -> f64 {
        self.coverage() - 0.15 * self.contradictions.len().min(5) as f64
    }
}

/// Two values as a person sees them beside each other, cut where they do not differ.
fn around(expected: &str, actual: &str) -> (String, String) {
    // So much of what is the same stands before what differs.
    const BEFORE_CHARS: usize = 40;
    let same = expected.chars().zip(actual.chars()).take_while(|(expected, actual)| expected == actual).count();
    let is_long = |value: &str| value.chars().nth(SHOWN_CHARS).is_some();
    if same <= SHOWN_CHARS - BEFORE_CHARS || !is_long(expected) && !is_long(actual) {
        return (shown(expected), shown(actual));
    }
    let behind = |value: &str| {
        let rest: String = value.chars().skip(same - BEFORE_CHARS).take(SHOWN_CHARS + 1).collect();
        format!("…{}", shown(&rest))
    };
    (behind(expected), behind(actual))
}

/// A value as a person sees it in a message: one line, at most [`SHOWN_CHARS`] characters.
pub(super) fn shown(value: &str) -> String {
    let line = value.trim().replace('\n', " ");
    match line.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::around;

    #[test]
    fn long_values_are_cut_where_they_are_the_same() {
        let long = "the same word ".repeat(20);
        let (expected, actual) = around(&format!("{long}is here {long}"), &format!("{long}is there"));
        assert!(expected.starts_with('…') && expected.contains("is here") && expected.ends_with('…'), "{expected}");
        assert!(actual.starts_with('…') && actual.ends_with("is there"), "{actual}");
        assert_eq!(around("a b", "a c"), ("a b".to_owned(), "a c".to_owned()));
    }
}
