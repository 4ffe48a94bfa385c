//! `docent explain`.

use std::io::Write;

use crate::{
    cli::{
        Problem,
        args::{Colour, ExplainArgs},
        exit::Exit,
        stdout,
    },
    lint::{self, DRIFTS, RULES},
    report::{findings, sarif::Code},
    runbook::{DEFECTS, defect},
};

pub(super) fn run(args: &ExplainArgs, colour: Colour) -> Result<Exit, Problem> {
    let broken = |error: std::io::Error| Problem::of(Exit::Broken, &error);
    let mut out = stdout(colour);
    let Some(code) = &args.code else {
        return findings::write_codes(&mut out, &catalogue()).map_err(broken).map(|()| Exit::Passed);
    };
    let (severity, page) = match (lint::rule(code), defect(code).or_else(|| lint::drift(code))) {
        (Some(rule), _) => (rule.severity, rule.page()),
        (None, Some(defect)) => (defect.severity, defect.page.to_owned()),
        (None, None) => {
            let near = lint::nearest_code(code).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(Problem::new(Exit::Usage, format!("there is no code `{code}`{near}\n\nTry: docent explain")));
        }
    };
    writeln!(out, "{code} ({severity})\n\n{page}").map_err(broken)?;
    Ok(Exit::Passed)
}

/// Every code with what it is worth and its page.
pub(super) fn catalogue() -> Vec<Code> {
    let of_lint = RULES.iter().map(|rule| (rule.code, rule.severity, rule.page()));
    let of_parser = DEFECTS.iter().chain(DRIFTS).map(|defect| (defect.code, defect.severity, defect.page.to_owned()));
    of_lint.chain(of_parser).collect()
}
