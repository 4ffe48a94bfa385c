//! What of a document a translation keeps, small enough to compare with every version of a source.

use std::{
    cmp::Ordering,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::statement::statements;
use crate::runbook::{Criterion, Runbook};

/// The statements and expected outputs of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Essence {
    parts: Vec<u64>,
    /// Their words, sorted: what was changed in a statement weighs less than a statement that is not there.
    words: Vec<u64>,
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
        let texts = statements.iter().flat_map(|found| std::iter::once(found.code.as_str()).chain(bodies(&found.body)));
        let shown = runbook.steps.iter().flat_map(|step| &step.expectations).map(|expectation| expectation.text.as_str());
        let mut words: Vec<u64> = texts.chain(shown).flat_map(str::split_whitespace).map(|word| hash(&word)).collect();
        words.sort_unstable();
        Self { parts, words, statements: statements.len() }
    }

    /// How many statements it has.
    pub fn statements(&self) -> usize {
        self.statements
    }

    /// How many words one has and the other does not, and one more; of two with the same words in other places 1, so that only equals have 0.
    pub fn distance(&self, other: &Self) -> usize {
        if self.parts == other.parts {
            return 0;
        }
        let (mut one, mut two, mut differing) = (self.words.iter().peekable(), other.words.iter().peekable(), 0);
        while let (Some(left), Some(right)) = (one.peek(), two.peek()) {
            match left.cmp(right) {
                Ordering::Less => {
                    one.next();
                    differing += 1;
                }
                Ordering::Greater => {
                    two.next();
                    differing += 1;
                }
                Ordering::Equal => drop((one.next(), two.next())),
            }
        }
        differing + one.count() + two.count() + 1
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

    #[test]
    fn a_changed_statement_is_nearer_than_one_that_is_not_there() {
        let version = |number: usize| -> String {
            (1..=number).map(|at| format!("```bash\naz vm create --name vm{at} --location westeurope --size small\n```\n\n")).collect()
        };
        let essence = |text: &str| Essence::of(&parsed(text));
        let nearest = |text: &str| (1..=14).min_by_key(|number| essence(text).distance(&essence(&version(*number))));
        assert_eq!(nearest(&version(13)), Some(13));
        assert_eq!(nearest(&version(13).replace("vm13 --location", "vm13 --ubicación")), Some(13));
        assert_eq!(nearest(&version(13).replace("westeurope", "europaoccidental")), Some(13));
    }
}
