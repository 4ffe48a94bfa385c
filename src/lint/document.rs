//! A document as the rules see it: its blocks analysed once, and the way back from a script to the document.

use std::{cell::OnceCell, collections::BTreeSet};

use super::{az::AzCall, placeholder::filled};
use crate::{
    bash::{Command, HereDocument, Script},
    diagnostic::{Edit, Span},
    runbook::{Runbook, Step, order},
};

/// A runbook with its executable blocks analysed.
pub(super) struct Document<'a> {
    pub(super) runbook: &'a Runbook,
    /// The blocks that run: those marked `skip` are left out.
    pub(super) blocks: Vec<Block<'a>>,
    /// Its text in lower case, once somebody has asked for it.
    lower: OnceCell<String>,
    /// The codes that the document switches off in vain, and where; known when all other rules have answered.
    pub(super) unused_switches: Vec<(Span, String)>,
}

/// A block that runs.
pub(super) struct Block<'a> {
    pub(super) step: &'a Step,
    /// The script as bash would read it, were its placeholders filled in.
    pub(super) script: Script,
    runbook: &'a Runbook,
    /// Where the lines of the step's script start.
    line_starts: Vec<usize>,
}

impl<'a> Document<'a> {
    pub(super) fn new(runbook: &'a Runbook) -> Self {
        // In the order of the run: what the setup sets is there for all.
        let steps = order(runbook).into_iter().map(|position| &runbook.steps[position]);
        let running = steps.filter(|step| step.directives.skip.is_none());
        let blocks = running.map(|step| {
            let line_starts = std::iter::once(0).chain(step.script.match_indices('\n').map(|(at, _)| at + 1)).collect();
            Block { step, script: Script::parse(&filled(&step.script)), runbook, line_starts }
        });
        let blocks = blocks.collect();
        Self { runbook, blocks, lower: OnceCell::new(), unused_switches: Vec::new() }
    }

    /// The lines that do not run, prose included: number and text.
    pub(super) fn lines_outside(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let mut inside = BTreeSet::new();
        for block in &self.blocks {
            inside.extend(block.step.script_line..block.step.script_line + block.step.script.lines().count());
        }
        let text = self.runbook.source.text();
        (1..).zip(text.lines()).filter(move |(line, _)| !inside.contains(line))
    }

    /// Whether a word stands anywhere in the document, in any case.
    pub(super) fn mentions(&self, word: &str) -> bool {
        self.lower.get_or_init(|| self.runbook.source.text().to_lowercase()).contains(word)
    }
}

impl Block<'_> {
    /// The text of a span of the script.
    pub(super) fn text(&self, span: Span) -> &str {
        self.step.script.get(span.start..span.end).unwrap_or_default()
    }

    /// The document's line of a line of the script.
    pub(super) fn line(&self, line: usize) -> usize {
        self.step.script_line + line
    }

    /// A span of the script in the document, as far as its first line goes.
    pub(super) fn place(&self, span: Span) -> Span {
        let script = &self.step.script;
        let start = span.start.min(script.len());
        let line = self.line_starts.partition_point(|line| *line <= start).saturating_sub(1);
        let line_start = self.line_starts.get(line).copied().unwrap_or_default();
        let line_text = script.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let outer = self.runbook.source.line_span(self.line(line));
        let outer_text = self.runbook.source.line_text(self.line(line));
        // The container's indentation or quote marks were taken away, and a tab may have become blanks: the text behind them is the same.
        let text = line_text.trim_start();
        let Some(before) = outer_text.strip_suffix(text).map(str::len) else { return self.place_of_line(line) };
        let blanks = line_text.len() - text.len();
        let at = |offset: usize| outer.start + (before + offset.saturating_sub(line_start + blanks)).min(outer_text.len());
        Span::new(at(start), at(span.end.max(start)))
    }

    /// `text` in the place of a span of the script that lies in one line; none when that place is not certain in the document.
    pub(super) fn edit(&self, span: Span, text: &str) -> Option<Edit> {
        let written = self.step.script.get(span.start..span.end)?;
        let place = self.place(span);
        let is_there = !written.contains('\n') && self.runbook.source.text().get(place.start..place.end) == Some(written);
        // Where something is only added, what stands before it must be the same.
        let before = |text: &str, at: usize| text.get(..at).and_then(|before| before.chars().next_back());
        let fits = before(&self.step.script, span.start) == before(self.runbook.source.text(), place.start) || !written.is_empty();
        (is_there && fits).then(|| Edit::new(place, text))
    }

    /// The place of a whole line of the script, counted from 0, white space around it left out.
    pub(super) fn place_of_line(&self, line: usize) -> Span {
        let text = self.runbook.source.line_text(self.line(line));
        let outer = self.runbook.source.line_span(self.line(line));
        let indentation = text.len() - text.trim_start().len();
        Span::new(outer.start + indentation.min(text.trim_end().len()), outer.start + text.trim_end().len())
    }

    /// The calls of `az`.
    pub(super) fn az_calls(&self) -> impl Iterator<Item = AzCall<'_>> {
        self.script.commands().iter().filter_map(AzCall::of)
    }

    /// Whether a byte of the script lies in a here-document.
    pub(super) fn is_in_here_document(&self, offset: usize) -> bool {
        self.here_document_at(offset).is_some()
    }

    fn here_document_at(&self, offset: usize) -> Option<&HereDocument> {
        // They are in order and apart.
        let found = self.script.here_documents();
        let index = found.partition_point(|one| one.body.end <= offset);
        found.get(index).filter(|one| one.body.start <= offset)
    }

    /// The lines of the script that are code: number from 0, offset of the first byte, text; lines of here-documents are left out.
    pub(super) fn code_lines(&self) -> impl Iterator<Item = (usize, usize, &str)> {
        let mut start = 0;
        let lines = self.step.script.split('\n').enumerate().map(move |(number, text)| {
            let offset = start;
            start += text.len() + 1;
            (number, offset, text)
        });
        lines.filter(|(_, offset, _)| !self.is_in_here_document(*offset))
    }

    /// The top statement that a command stands in, as text.
    pub(super) fn statement_of(&self, command: &Command) -> &str {
        self.script.statement_at(command.line).map_or("", |statement| self.text(statement.span))
    }
}

#[cfg(test)]
mod tests {
    use super::Document;
    use crate::{diagnostic::Span, lint::testing::parsed};

    #[test]
    fn a_span_of_a_script_leads_to_its_place_in_an_indented_block() {
        let runbook = parsed("# T\n\n1. One\n\n    ```bash\n    echo a \\\n      é b\n    ```\n");
        let document = Document::new(&runbook);
        let block = &document.blocks[0];
        let at = block.step.script.find('b').unwrap();
        let place = block.place(Span::new(at, at + 1));
        assert_eq!(&runbook.source.text()[place.start..place.end], "b");
        assert_eq!(runbook.source.line(place.start), 7);
        let whole = block.place_of_line(1);
        assert_eq!(&runbook.source.text()[whole.start..whole.end], "é b");
        // Beyond the script there is still a place.
        assert!(block.place(Span::new(900, 901)).end <= runbook.source.text().len());
    }
}
