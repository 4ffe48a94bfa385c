//! What of a document a translation keeps, small enough to compare with every version of a source.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::statement::statements;
use crate::runbook::{Criterion, Runbook};

/// The statements and expected outputs of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Essence {
    parts: Vec<u64>,
    statements: usize,
}

impl Essence {
    /// Of a document.
    pub fn of(runbook: &Runbook) -> Self {
        let statements = statements(runbook);
        let mut parts: Vec<u64> = statements.iter().map(|found| hash(&(&found.code, bodies(&found.body)))).collect();
        let outputs = runbook.steps.iter().flat_map(|step| &step.expectations).map(|expectation| {
            let criterion = match &expectation.criterion {
                Criterion::Similarity(threshold) => threshold.to_string(),
                Criterion::Regex(pattern) => format!("\"{pattern}\""),
                Criterion::Unmarked => String::new(),
            };
            hash(&(criterion, expectation.text.trim_end()))
        });
        parts.extend(outputs);
        Self { parts, statements: statements.len() }
    }

    /// How many statements it has.
    pub fn statements(&self) -> usize {
        self.statements
    }

    /// How many statements and outputs one has and the other does not; of two with the same ones in another order 1, so that only equals
    /// have 0.
    pub fn distance(&self, other: &Self) -> usize {
        let mut number: HashMap<u64, isize> = HashMap::new();
        self.parts.iter().for_each(|part| *number.entry(*part).or_default() += 1);
        other.parts.iter().for_each(|part| *number.entry(*part).or_default() -= 1);
        let differing: usize = number.values().map(|number| number.unsigned_abs()).sum();
        if differing == 0 { usize::from(self.parts != other.parts) } else { differing + 1 }
    }
}

fn bodies(body: &[(usize, String)]) -> Vec<&str> {
    body.iter().map(|(_, text)| text.as_str()).collect()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::Essence;
    use crate::lint::testing::parsed;

    #[test]
    fn the_distance_counts_what_differs_and_only_equals_have_none() {
        let essence = |text: &str| Essence::of(&parsed(text));
        let text = "# A\n\n```bash\nls # uno\ncd /\n```\n\n```output\nx\n```\n";
        assert_eq!(essence(text).distance(&essence(&text.replace("# A", "# B").replace("uno", "dos"))), 0);
        assert_eq!(essence(text).distance(&essence("```bash\ncd /\nls\n```\n```output\nx\n```\n")), 1);
        let changed = essence(&text.replace("cd /", "cd /tmp"));
        assert!(essence(text).distance(&changed) > 1 && changed.distance(&essence(text)) > 1);
        assert_eq!(essence(text).statements(), 2);
    }
}
