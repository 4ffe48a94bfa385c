//! Which findings are reported, and how much each matters: what a caller says, and what a document says about itself (`lint-disable=`).

use std::collections::{BTreeMap, BTreeSet};

use super::{drift, nearest_code, rule};
use crate::{
    diagnostic::{Diagnostic, Severity, Span},
    runbook::{Runbook, Step, defect},
};

/// How much the findings of a code matter, instead of what the code says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// They are not reported.
    Off,
    /// This much.
    At(Severity),
}

/// Why a code cannot be switched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// There is none of this name.
    #[error("there is no rule `{code}`{}", nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// What was written.
        code: String,
        /// What was meant, perhaps.
        nearest: Option<&'static str>,
    },
    /// It keeps the document from being run.
    #[error("`{code}` keeps a document from being run, so it stays an error")]
    Fixed {
        /// Which.
        code: &'static str,
    },
}

/// What a caller switched. The default reports everything as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switches {
    levels: BTreeMap<&'static str, Level>,
    selected: BTreeSet<&'static str>,
}

impl Switches {
    /// Gives the findings of a code another level.
    ///
    /// # Errors
    /// When there is no such code, or when it is an error of the parser.
    pub fn set(&mut self, code: &str, level: Level) -> Result<(), SwitchError> {
        let code = switchable(code)?;
        self.levels.insert(code, level);
        Ok(())
    }

    /// Reports this code, and of the others only those that are selected as well. Errors of the parser are always reported.
    ///
    /// # Errors
    /// When there is no such code.
    pub fn select(&mut self, code: &str) -> Result<(), SwitchError> {
        self.selected.insert(known(code)?);
        Ok(())
    }

    /// Whether findings of this code are not wanted.
    pub(super) fn is_off(&self, code: &str) -> bool {
        self.levels.get(code) == Some(&Level::Off) || (!self.selected.is_empty() && !self.selected.contains(code))
    }

    /// The finding as it is to be reported; none when it is not.
    pub(super) fn apply(&self, finding: Diagnostic) -> Option<Diagnostic> {
        if is_fixed(finding.code) {
            return Some(finding);
        }
        match self.levels.get(finding.code) {
            _ if self.is_off(finding.code) => None,
            Some(Level::At(severity)) => Some(Diagnostic { severity: *severity, ..finding }),
            _ => Some(finding),
        }
    }
}

fn known(code: &str) -> Result<&'static str, SwitchError> {
    let found = rule(code).map(|rule| rule.code).or_else(|| defect(code).or_else(|| drift(code)).map(|defect| defect.code));
    found.ok_or_else(|| SwitchError::Unknown { code: code.to_owned(), nearest: nearest_code(code) })
}

fn switchable(code: &str) -> Result<&'static str, SwitchError> {
    let code = known(code)?;
    if is_fixed(code) { Err(SwitchError::Fixed { code }) } else { Ok(code) }
}

/// Whether a code is an error of the parser.
fn is_fixed(code: &str) -> bool {
    defect(code).is_some_and(|defect| defect.severity == Severity::Error)
}

/// First and last lines of parts of a document, in its order.
type Lines = Vec<(usize, usize)>;

/// A code that a document itself switches off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InlineSwitch {
    /// What was written.
    code: String,
    /// Where.
    pub(super) span: Span,
    /// The lines it holds for, first and last; none for the whole document.
    lines: Option<Lines>,
    used: bool,
}

impl InlineSwitch {
    /// The switches of a document, in document order, each once however many steps a range has.
    pub(super) fn all(runbook: &Runbook) -> Vec<Self> {
        let mut switches: BTreeMap<(Span, &str), Option<Lines>> = BTreeMap::new();
        let places = Places::of(runbook);
        for code in &runbook.directives.lint_disable {
            switches.insert((places.of_file(code), code), None);
        }
        for step in runbook.steps.iter().filter(|step| !step.directives.lint_disable.is_empty()) {
            for code in &step.directives.lint_disable {
                let lines = switches.entry((places.above(step, code), code)).or_insert_with(|| Some(Vec::new()));
                lines.iter_mut().for_each(|lines| lines.push(extent(step)));
            }
        }
        let all = switches.into_iter();
        all.map(|((span, code), lines)| Self { code: code.to_owned(), span, lines, used: false }).collect()
    }

    /// Whether it takes this finding away.
    pub(super) fn takes(&mut self, finding: &Diagnostic) -> bool {
        let holds = |lines: &Lines| {
            let next = lines.partition_point(|(first, _)| *first <= finding.line);
            next.checked_sub(1).is_some_and(|at| finding.line <= lines[at].1)
        };
        let takes = finding.code == self.code && !is_fixed(finding.code) && self.lines.as_ref().is_none_or(holds);
        self.used |= takes;
        takes
    }

    /// The code, when it took nothing away although it could.
    pub(super) fn unused(&self) -> Option<&str> {
        // What it says about a comparison only a comparison can use.
        (!self.used && switchable(&self.code).is_ok() && drift(&self.code).is_none()).then_some(self.code.as_str())
    }

    /// What is wrong with it.
    pub(super) fn problem(&self) -> Option<SwitchError> {
        switchable(&self.code).err()
    }
}

/// The lines of a step and of its outputs.
fn extent(step: &Step) -> (usize, usize) {
    let script = step.script_line + step.script.lines().count();
    let outputs = step.expectations.iter().map(|expectation| expectation.fence_line + expectation.text.lines().count() + 1);
    (step.line, outputs.max().unwrap_or(0).max(script))
}

/// The lines that speak of `lint-disable`.
struct Places<'a> {
    runbook: &'a Runbook,
    lines: Vec<(usize, &'a str)>,
}

impl<'a> Places<'a> {
    fn of(runbook: &'a Runbook) -> Self {
        let wants =
            !runbook.directives.lint_disable.is_empty() || runbook.steps.iter().any(|step| !step.directives.lint_disable.is_empty());
        let text = if wants { runbook.source.text() } else { "" };
        Self { runbook, lines: (1..).zip(text.lines()).filter(|(_, line)| line.contains("lint-disable")).collect() }
    }

    fn of_file(&self, code: &str) -> Span {
        let mut lines = self.lines.iter().filter(|(_, text)| text.contains(code));
        let said = lines.clone().find(|(_, text)| text.contains("docent-file")).or_else(|| lines.next());
        said.map_or(Span::default(), |(line, text)| self.span(*line, text, code))
    }

    /// The nearest line above a step; its fence when there is none.
    fn above(&self, step: &Step, code: &str) -> Span {
        let end = self.lines.partition_point(|(line, _)| *line < step.line);
        let said = self.lines[..end].iter().rev().find(|(_, text)| text.contains(code));
        said.map_or(self.runbook.source.line_span(step.line), |(line, text)| self.span(*line, text, code))
    }

    fn span(&self, line: usize, text: &str, code: &str) -> Span {
        let from = text.find("lint-disable").unwrap_or(0);
        let at = text[from..].find(code).map_or(0, |at| from + at);
        let start = self.runbook.source.line_span(line).start + at;
        Span::new(start, start + code.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{examine, testing::parsed};

    const TEXT: &str = "# T\n\n<!-- lint-disable=undefined-variable -->\n```bash\necho $A\n```\n\n```bash\necho $B\n```\n";

    /// `line: code` of what is left when the steps, and the document, switch these off.
    fn left(text: &str, steps: &[&[&str]], file: &[&str], switches: &Switches) -> Vec<String> {
        let mut runbook = parsed(text);
        for (step, codes) in runbook.steps.iter_mut().zip(steps) {
            step.directives.lint_disable = codes.iter().map(|code| (*code).to_owned()).collect();
        }
        runbook.directives.lint_disable = file.iter().map(|code| (*code).to_owned()).collect();
        examine(&runbook, Vec::new(), switches).iter().map(|found| format!("{}: {}", found.line, found.code)).collect()
    }

    #[test]
    fn a_step_switches_off_its_own_findings_only() {
        assert_eq!(left(TEXT, &[&["undefined-variable"]], &[], &Switches::default()), ["9: undefined-variable"]);
        assert!(left(TEXT, &[], &["undefined-variable"], &Switches::default()).is_empty());
        // A range says it for each of its steps, in one place.
        let range: &[&[&str]] = &[&["undefined-variable"], &["undefined-variable"]];
        assert!(left(TEXT, range, &[], &Switches::default()).is_empty());
    }

    #[test]
    fn a_switch_without_effect_and_one_without_a_rule_are_found_once_and_where_they_stand() {
        let range: &[&[&str]] = &[&["prompt-sign"], &["prompt-sign"]];
        let text = TEXT.replace("undefined-variable", "prompt-sign");
        let found = left(&text, range, &[], &Switches::default());
        assert_eq!(found, ["3: unused-lint-switch", "5: undefined-variable", "9: undefined-variable"]);
        let found = left(&text.replace("$", ""), &[&["prompt-sing", "invalid-regex"]], &[], &Switches::default());
        assert_eq!(found, ["4: unknown-lint-rule", "4: unknown-lint-rule"]);
        // What the caller switched off anyway is no news.
        let mut switches = Switches::default();
        switches.set("prompt-sign", Level::Off).expect("a rule");
        assert_eq!(left(&text, range, &[], &switches).len(), 2);
    }

    #[test]
    fn a_caller_changes_what_a_rule_is_worth_and_selects() {
        let mut switches = Switches::default();
        switches.set("undefined-variable", Level::At(Severity::Error)).expect("a rule");
        let runbook = parsed("```bash\necho $A\n$ ls\n```\n");
        let found = examine(&runbook, Vec::new(), &switches);
        let severities: Vec<_> = found.iter().map(|found| (found.code, found.severity)).collect();
        assert_eq!(severities, [("undefined-variable", Severity::Error), ("prompt-sign", Severity::Warning)]);
        switches.select("prompt-sign").expect("a rule");
        let found = examine(&runbook, Vec::new(), &switches);
        assert_eq!(found.iter().map(|found| found.code).collect::<Vec<_>>(), ["prompt-sign"]);
    }

    #[test]
    fn what_keeps_a_document_from_running_cannot_be_switched() {
        let mut switches = Switches::default();
        assert_eq!(switches.set("invalid-regex", Level::Off), Err(SwitchError::Fixed { code: "invalid-regex" }));
        let unknown = switches.set("undefind-variable", Level::Off).expect_err("misspelt");
        assert_eq!(unknown.to_string(), "there is no rule `undefind-variable`; did you mean `undefined-variable`?");
        switches.set("fence-in-comment", Level::At(Severity::Warning)).expect("the parser's advice");
    }
}
