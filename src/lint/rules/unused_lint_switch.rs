//! `lint-disable=` switches off a rule that finds nothing here.
//!
//! What it was for has been mended, or moved. Left behind, it would hide the next defect of this kind. Remove it.

use crate::{
    diagnostic::Severity,
    lint::{
        document::Document,
        rule::{Finding, Rule},
    },
};

/// Unlike the others it can only be asked when they have answered.
pub(in crate::lint) static RULE: Rule =
    Rule { code: "unused-lint-switch", severity: Severity::Advice, source: include_str!("unused_lint_switch.rs"), check };

fn check(document: &Document<'_>) -> Vec<Finding> {
    let unused = document.unused_switches.iter();
    unused
        .map(|(span, code)| Finding::new(*span, format!("`{code}` finds nothing here, so nothing is switched off")).with_hint("remove it"))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::{Switches, examine, testing::parsed};

    #[test]
    fn a_switch_that_hides_something_is_not_mentioned() {
        let mut runbook = parsed("```bash\necho $A\n```\n");
        runbook.directives.lint_disable = vec!["undefined-variable".to_owned()];
        assert_eq!(examine(&runbook, Vec::new(), &Switches::default()), []);
        runbook.directives.lint_disable = vec!["endless-command".to_owned()];
        let codes: Vec<_> = examine(&runbook, Vec::new(), &Switches::default()).iter().map(|found| found.code).collect();
        assert_eq!(codes, ["unused-lint-switch", "undefined-variable"]);
    }
}
