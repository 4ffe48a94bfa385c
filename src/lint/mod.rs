//! Runbook → findings, without running anything. Pure.
//!
//! A rule is a file below `rules/`: its `//!` text is the page that `docent explain` prints, its tests stand beside it. What the parser
//! finds (`runbook::DEFECTS`) is not repeated here. A rule stays silent when it would have to guess: a false alarm costs more trust than
//! a defect that only a run shows.

mod az;
mod compare;
mod constant;
mod document;
mod here_document;
mod kubernetes;
mod mend;
mod nearest;
mod placeholder;
mod rule;
mod rules;
mod switch;
#[cfg(test)]
mod testing;
mod yaml;

pub use compare::{DRIFTS, Drift, Essence, compare};
pub use mend::{Mended, mend};
pub use rule::Rule;
pub use rules::RULES;
pub use switch::{Level, SwitchError, Switches};

use crate::{
    diagnostic::{Diagnostic, Severity},
    runbook::{Defect, Runbook},
};

use self::{document::Document, rules::unused_lint_switch, switch::InlineSwitch};

/// The rule of this code; none when there is no such rule.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.code == code)
}

/// The kind of difference between a document and its source that has this code.
pub fn drift(code: &str) -> Option<&'static Defect> {
    DRIFTS.iter().copied().find(|drift| drift.code == code)
}

/// The code that is spelled most like `code`, of rules and of the parser's diagnostics.
pub fn nearest_code(code: &str) -> Option<&'static str> {
    let defects = crate::runbook::DEFECTS.iter().chain(DRIFTS);
    let codes = RULES.iter().map(|rule| rule.code).chain(defects.map(|defect| defect.code));
    nearest::nearest(code, codes)
}

/// All that is wrong with a document, in document order: what the parser found, and what the rules find, as far as it is wanted.
///
/// A document that promises a failure (`expect-failure`) shows its mistake on purpose: there findings of rules are advice.
pub fn examine(runbook: &Runbook, parsed: Vec<Diagnostic>, switches: &Switches) -> Vec<Diagnostic> {
    let mut document = Document::new(runbook);
    let mut inline = InlineSwitch::all(runbook);
    let is_off = |code: &str| switches.is_off(code);
    let mut found: Vec<Diagnostic> = parsed.into_iter().filter_map(|finding| switches.apply(finding)).collect();
    let of_rules = findings_of(&document, is_off).into_iter();
    // What was promised stays advice, whatever its rule is worth elsewhere.
    found.extend(of_rules.filter_map(|finding| if is_promised(runbook) { Some(finding) } else { switches.apply(finding) }));
    // Every switch that takes it is of use.
    found.retain(|finding| inline.iter_mut().filter_map(|switch| switch.takes(finding).then_some(())).count() == 0);
    let unused = inline.iter().filter_map(|switch| Some((switch.span, switch.unused()?)));
    document.unused_switches = unused.filter(|(_, code)| !is_off(code)).map(|(span, code)| (span, code.to_owned())).collect();
    let late = findings(&unused_lint_switch::RULE, &document);
    found.extend(late.into_iter().filter_map(|finding| switches.apply(finding)));
    found.sort_by_key(|finding| (finding.span.start, finding.code));
    found
}

/// What of the findings of a comparison is wanted.
pub fn wanted(runbook: &Runbook, found: Vec<Diagnostic>, switches: &Switches) -> Vec<Diagnostic> {
    let mut inline = InlineSwitch::all(runbook);
    let left = found.into_iter().filter(|finding| !inline.iter_mut().any(|switch| switch.takes(finding)));
    left.filter_map(|finding| switches.apply(finding)).collect()
}

/// What the rules find, but for those whose codes `is_off` names, in document order.
#[cfg(test)]
fn lint(runbook: &Runbook, is_off: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
    findings_of(&Document::new(runbook), is_off)
}

fn findings_of(document: &Document<'_>, is_off: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = RULES.iter().filter(|rule| !is_off(rule.code)).flat_map(|rule| findings(rule, document)).collect();
    found.sort_by_key(|finding| (finding.span.start, finding.code));
    found
}

fn findings(rule: &Rule, document: &Document<'_>) -> Vec<Diagnostic> {
    let runbook = document.runbook;
    let told = (rule.check)(document).into_iter().map(|finding| {
        let severity = finding.severity.unwrap_or(rule.severity);
        let severity = if is_promised(runbook) { Severity::Advice } else { severity };
        let diagnostic = Diagnostic::new(severity, rule.code, &runbook.source, finding.span, finding.message);
        Diagnostic { hint: finding.hint, fix: finding.fix, ..diagnostic }
    });
    told.collect()
}

fn is_promised(runbook: &Runbook) -> bool {
    !runbook.directives.expected_failures.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::ProptestConfig, proptest, sample::select};

    use super::{RULES, lint, nearest_code, rule, testing::parsed};
    use crate::runbook::defect;

    /// What rules look for, whole and broken, with characters of several bytes between.
    const FRAGMENTS: [&str; 44] = [
        "\n",
        "\n",
        "\n",
        " ",
        "\t",
        "\\",
        "\\\n",
        "\\ \n",
        "é",
        "日本",
        "“",
        "\u{a0}",
        "–",
        "'",
        "\"",
        "`",
        "$",
        "$A",
        "${A",
        "${A:-é}",
        "A=",
        "export A=$(",
        ")",
        "(",
        "<é",
        "<a b>",
        "<<EOF",
        "<<-'É'\n",
        "EOF",
        "cat <<EOF | kubectl apply -f -\n",
        "> a.json",
        "a: [é\n",
        "az ",
        "az group delete ",
        "--query id.é",
        "--nmae=",
        "-o tsv",
        "|",
        "&",
        "$ ls",
        "#",
        "```\n",
        "```bash\n",
        "<!-- expected_similarity=\"é\" -->\n",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_text_makes_a_rule_panic_or_point_outside_of_it(parts in vec(select(&FRAGMENTS[..]), 0..40)) {
            let text = format!("# T\n\n> ```bash\n> {}\n\n  ```sh\n\t{}", parts.concat().replace('\n', "\n> "), parts.concat());
            for runbook in [parsed(&text), parsed(&format!("```bash\n{}\n```\n", parts.concat()))] {
                for finding in lint(&runbook, |_| false) {
                    assert!(runbook.source.text().get(finding.span.start..finding.span.end).is_some(), "{finding:?}");
                }
            }
        }
    }

    #[test]
    fn every_rule_has_a_page_and_a_code_of_its_own() {
        for (index, rule) in RULES.iter().enumerate() {
            let page = rule.page();
            assert!(
                page.lines().count() > 2 && page.starts_with(|first: char| first.is_uppercase() || first == '`'),
                "{}: {page:?}",
                rule.code
            );
            assert!(rule.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.code);
            assert!(RULES[..index].iter().all(|earlier| earlier.code != rule.code), "{} twice", rule.code);
            assert_eq!(defect(rule.code), None, "the parser has a diagnostic of this name");
        }
    }

    #[test]
    fn a_misspelt_code_leads_to_the_one_that_was_meant() {
        assert!(rule("undefined-variable").is_some());
        assert_eq!(nearest_code("undefind-variable"), Some("undefined-variable"));
        assert_eq!(nearest_code("near-mis-tag"), Some("near-miss-tag"));
        assert_eq!(nearest_code("zzz"), None);
    }
}
