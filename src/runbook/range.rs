//! `docent-begin: key=value` to `docent-end`: what holds for every step between.

use crate::diagnostic::{Diagnostic, SourceFile, Span};

use super::defect::{UNBALANCED_RANGE, UNBOUND_DIRECTIVE};
use super::region::Around;
use super::said::Said;

/// How deep ranges may nest.
const DEPTH_MAX: usize = 32;

/// The ranges that are open at a place, from the outermost to the innermost.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    open: Vec<Range>,
}

#[derive(Debug)]
struct Range {
    /// What holds in it: its own keys over those of the ranges around it.
    said: Said,
    /// Its `docent-begin:`.
    span: Span,
    /// The tabs and zones that it stands in.
    around: Around,
    has_step: bool,
}

impl Ranges {
    pub(super) fn begin(&mut self, said: &Said, span: Span, around: Around, source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) {
        if self.open.len() == DEPTH_MAX {
            diagnostics.push(UNBALANCED_RANGE.at(source, span, format!("more than {DEPTH_MAX} ranges within each other")));
        }
        let said = match self.open.last() {
            Some(outer) if self.open.len() < DEPTH_MAX => outer.said.overlaid(said),
            _ => said.clone(),
        };
        self.open.push(Range { said, span, around, has_step: false });
    }

    pub(super) fn end(&mut self, span: Span, around: &Around, source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) {
        match self.open.pop() {
            None => {
                let message = "this `docent-end` ends nothing: no range is open here";
                diagnostics.push(UNBALANCED_RANGE.at(source, span, message).with_hint("add its `docent-begin:`, or remove it"));
            }
            Some(range) if range.around != *around => {
                let line = source.line(range.span.start);
                let message = format!("the range that begins at line {line} ends in another tab or zone");
                diagnostics.push(UNBALANCED_RANGE.at(source, span, message).with_hint("end it where it begins, or begin it further out"));
            }
            Some(range) if !range.has_step => {
                let message = "no step stands between this `docent-begin:` and its `docent-end`";
                diagnostics.push(UNBOUND_DIRECTIVE.at(source, range.span, message).with_hint("put it around the steps that it speaks of"));
            }
            Some(_) => {}
        }
    }

    /// What the ranges around a step say of it.
    pub(super) fn around_step(&mut self) -> Said {
        for range in &mut self.open {
            range.has_step = true;
        }
        self.open.last().map(|range| range.said.clone()).unwrap_or_default()
    }

    /// At the end of the document.
    pub(super) fn close(&mut self, source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) {
        for range in self.open.drain(..) {
            let message = "this `docent-begin:` has no `docent-end`";
            diagnostics.push(UNBALANCED_RANGE.at(source, range.span, message).with_hint("add `<!-- docent-end -->` below the last step"));
        }
    }
}
