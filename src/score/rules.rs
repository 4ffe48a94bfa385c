//! What the author asked of a comparison beyond a number.

use crate::runbook::{Comparison, Exact};

use super::selector::Selection;

/// `ignore=`, `exact=` and `unordered`, ready to be asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rules {
    /// What does not count, nor whether it is there.
    pub ignore: Selection,
    /// What must be the same to the letter.
    pub exact: Selection,
    /// Whether all of it must be.
    pub is_exact: bool,
    /// Whether lists, rows and lines may come in any order.
    pub unordered: bool,
}

impl Rules {
    pub(super) fn new(comparison: &Comparison) -> Self {
        let exact = match &comparison.exact {
            Exact::At(names) => Selection::new(names),
            Exact::Nothing | Exact::Everything => Selection::default(),
        };
        Self {
            ignore: Selection::new(&comparison.ignore),
            exact,
            is_exact: comparison.exact == Exact::Everything,
            unordered: comparison.unordered,
        }
    }
}
