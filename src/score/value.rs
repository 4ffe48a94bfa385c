//! Values without names, as `-o tsv` prints them: one alone, or rows of cells between tabs.
//!
//! Deliberately absent: columns by name; those are tables.

use super::leaf::{Likeness, Role, compare_as, truth};
use super::placeholder::{Shape, is_placeholder, shape};
use super::state::is_state;
use super::tally::Tally;

/// The longest lists of rows that are matched by trying each with each.
const PAIRED_MAX: usize = 24;

/// Compares rows of values; none unless both sides are such rows of equally many cells.
pub(super) fn rows(shown: &[&str], printed: &[&str]) -> Option<Tally> {
    let shown: Vec<&str> = shown.iter().copied().filter(|line| !line.trim().is_empty()).collect();
    let columns = shown.first()?.split('\t').count();
    let fits = |line: &&&str| line.split('\t').count() == columns;
    if !shown.iter().all(|line| fits(&line)) {
        return None;
    }
    let printed: Vec<&str> = printed.iter().copied().filter(|line| !line.trim().is_empty()).collect();
    if columns < 2 {
        // One value alone: only a name is judged here, which may have become any other.
        let ([expected], Some(actual)) = (shown.as_slice(), printed.last()) else { return None };
        let (expected, actual) = (bare(expected), bare(actual));
        let renamed = shape(expected) == Shape::Name && !expected.contains(char::is_whitespace) && is_name(actual) && expected != actual;
        return renamed.then(|| Tally { weight: 1.0, credit: 0.92, ..Tally::default() });
    }
    let printed: Vec<&str> = printed.iter().filter(fits).copied().collect();
    if printed.is_empty() {
        return None;
    }
    let mut total = Tally::default();
    let mut used = vec![false; printed.len()];
    for (index, line) in shown.iter().enumerate() {
        let free: Vec<usize> = (0..printed.len()).filter(|at| !used[*at]).take(PAIRED_MAX).collect();
        let best = free
            .into_iter()
            .map(|at| (at, row(index, line, Some(printed[at]))))
            .max_by(|left, right| left.1.rank().total_cmp(&right.1.rank()).then(right.0.cmp(&left.0)));
        match best {
            Some((at, tally)) => {
                used[at] = true;
                total.absorb(tally);
            }
            None => total.absorb(row(index, line, None)),
        }
    }
    Some(total)
}

fn bare(value: &str) -> &str {
    value.trim().trim_matches('"')
}

/// Whether a value could be what somebody called something.
fn is_name(value: &str) -> bool {
    !value.contains(char::is_whitespace)
        && matches!(shape(value), Shape::Name | Shape::Word)
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && truth(value).is_none()
        && !is_state(value)
        && !matches!(value, "None" | "null")
}

fn row(index: usize, expected: &str, actual: Option<&str>) -> Tally {
    let mut tally = Tally::default();
    let mut printed = actual.map(|line| line.split('\t'));
    for (column, cell) in expected.split('\t').enumerate() {
        let printed = printed.as_mut().and_then(Iterator::next);
        tally.add(
            likeness(cell.trim(), printed),
            || format!("line {}, value {}", index + 1, column + 1),
            cell,
            printed.unwrap_or_default(),
        );
    }
    tally
}

fn likeness(expected: &str, actual: Option<&str>) -> Likeness {
    let role = if is_state(expected) {
        Role::State
    } else if matches!(shape(expected), Shape::Name) && actual.is_none_or(|actual| is_name(actual.trim()) || is_placeholder(actual)) {
        Role::Name
    } else {
        Role::Plain
    };
    compare_as(role, "", expected, actual)
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[track_caller]
    fn check(expected: &str, actual: &str) -> Option<(f64, usize)> {
        let tally = rows(&expected.lines().collect::<Vec<_>>(), &actual.lines().collect::<Vec<_>>())?;
        Some((tally.coverage(), tally.contradictions.len()))
    }

    #[test]
    fn cells_between_tabs_are_compared_in_their_place() {
        let (coverage, contradictions) = check("eastus\tmyGroup\tSucceeded", "westeurope\tshop\tSucceeded").unwrap();
        assert!(coverage > 0.9 && contradictions == 0, "{coverage}");
        assert_eq!(check("eastus\tmyGroup\tSucceeded", "westeurope\tshop\tFailed").unwrap().1, 1);
        let (coverage, _) = check("a1\tTrue\nb2\tFalse", "x\tFalse\ny\tTrue").unwrap();
        assert!(coverage > 0.9, "{coverage}");
        assert_eq!(check("a\tb", "no tabs at all"), None);
    }

    #[test]
    fn a_name_alone_may_have_become_any_other_name_but_no_other_value() {
        assert!(check("myAKSCluster", "shop").unwrap().0 > 0.9);
        assert!(check("nodepool1", "WARNING: preview\npool").unwrap().0 > 0.9);
        for actual in ["None", "true", "Failed", "Running", "3", "/subscriptions/a/resourceGroups/b", "two words", "https://a.b/"] {
            assert_eq!(check("myAKSCluster", actual), None, "{actual}");
        }
        assert_eq!(check("Linux", "shop"), None);
    }
}
