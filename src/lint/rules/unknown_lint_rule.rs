//! `lint-disable=` names a rule that does not exist, or one that cannot be switched off.
//!
//! A misspelt name switches nothing off, and the day the rule is renamed nobody notices. `docent explain` lists all names. What keeps a
//! document from being run, such as `invalid-regex`, cannot be switched off: it has to be mended.

use crate::lint::{document::Document, rule::Finding, switch::InlineSwitch};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let switches = InlineSwitch::all(document.runbook);
    let wrong = switches.iter().filter_map(|switch| Some((switch.span, switch.problem()?)));
    wrong.map(|(span, problem)| Finding::new(span, problem.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::{lint, testing::parsed};

    #[test]
    fn names_that_are_no_rule_lead_to_the_nearest() {
        let mut runbook = parsed("```bash\nls\n```\n");
        runbook.steps[0].directives.lint_disable = vec!["promt-sign".to_owned(), "prompt-sign".to_owned()];
        let found = lint(&runbook, |code| code != "unknown-lint-rule");
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("did you mean `prompt-sign`"), "{}", found[0].message);
    }
}
