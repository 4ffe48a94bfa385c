//! Ways to damage a runbook, one place at a time, as a slip of its author would.

use std::{collections::BTreeSet, ops::Range};

use docent::{
    bash::{HereDocument, Script},
    runbook::{Criterion, Expectation, Runbook, Step},
};

use super::reach::Reach;

/// A slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slip {
    /// A line of a block is missing.
    Line,
    /// A statement of several lines is missing.
    Statement,
    /// The name of a variable is misspelt where it is used.
    Variable,
    /// An option is misspelt.
    Option,
    /// A word that is given to a command or a variable is misspelt.
    Word,
    /// `export` is missing.
    Export,
    /// A line of a here-document is misspelt, indented wrongly or cut.
    HereDocument,
    /// An expected output shows something else.
    Expected,
    /// Two neighbouring steps stand in the other order.
    Order,
}

/// One damage.
#[derive(Debug, Clone)]
pub(super) struct Damage {
    pub(super) slip: Slip,
    /// The index of the damaged step, the first of two.
    pub(super) step: usize,
    /// The 1-based document line.
    pub(super) line: usize,
    /// The line as it was.
    pub(super) before: String,
    /// What stands there instead; empty when it is gone.
    pub(super) after: String,
    /// The steps at which it may be noticed first, when the damaged step itself does well: those that use what the line makes.
    pub(super) consumers: BTreeSet<usize>,
    edits: Vec<(Range<usize>, String)>,
}

impl Damage {
    /// The damaged document.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut damaged = String::with_capacity(text.len());
        let mut at = 0;
        for (range, replacement) in &self.edits {
            damaged.push_str(&text[at..range.start]);
            damaged.push_str(replacement);
            at = range.end;
        }
        damaged.push_str(&text[at..]);
        damaged
    }

    /// One line about it.
    pub(super) fn describe(&self) -> String {
        let after = if self.after.is_empty() { "gone".to_owned() } else { format!("`{}`", self.after) };
        format!("{:?} line {}: `{}` → {after}", self.slip, self.line, self.before)
    }
}

/// Every damage of a runbook that this module knows, in document order.
pub(super) fn damages(runbook: &Runbook) -> Vec<Damage> {
    let scripts: Vec<Script> = runbook.steps.iter().map(|step| Script::parse(&step.script)).collect();
    let texts: Vec<&str> = runbook.steps.iter().map(|step| step.script.as_str()).collect();
    let handed_on: Vec<Vec<&str>> =
        runbook.steps.iter().map(|step| step.directives.captures.iter().map(|capture| capture.name.as_str()).collect()).collect();
    let reach = Reach::of(&scripts, &texts, &handed_on);
    let mut found = Vec::new();
    for (index, step) in runbook.steps.iter().enumerate() {
        if step.directives.skip.is_some() {
            continue;
        }
        let mut workshop = Workshop { runbook, index, step, script: &scripts[index], reach: &reach, found: &mut found };
        workshop.lines();
        workshop.statements();
        workshop.variables();
        workshop.words();
        workshop.exports();
        for document in scripts[index].here_documents() {
            workshop.here_document(document);
        }
        for expectation in &step.expectations {
            workshop.expected(expectation);
        }
        workshop.order();
    }
    found
}

struct Workshop<'a> {
    runbook: &'a Runbook,
    index: usize,
    step: &'a Step,
    script: &'a Script,
    reach: &'a Reach,
    found: &'a mut Vec<Damage>,
}

impl Workshop<'_> {
    fn lines(&mut self) {
        for (number, line) in self.step.script.lines().enumerate() {
            if line.trim().is_empty() || line.trim().starts_with('#') {
                continue;
            }
            let edit = (self.document_line(self.step.script_line + number), String::new());
            self.push(Slip::Line, number, String::new(), vec![edit]);
        }
    }

    fn statements(&mut self) {
        for statement in self.script.statements().iter().filter(|statement| statement.last_line > statement.line) {
            let first = self.document_line(self.step.script_line + statement.line);
            let last = self.document_line(self.step.script_line + statement.last_line);
            self.push(Slip::Statement, statement.line, String::new(), vec![(first.start..last.end, String::new())]);
        }
    }

    fn variables(&mut self) {
        for used in self.script.uses() {
            let text = &self.step.script[used.span.start..used.span.end];
            if let Some(at) = text.find(&used.name).filter(|_| !used.guarded) {
                let start = used.span.start + at;
                self.replace(Slip::Variable, start..start + used.name.len(), &format!("{}X", used.name));
            }
        }
    }

    fn words(&mut self) {
        let values = self.script.assignments().iter().filter_map(|assignment| assignment.value).filter(|value| {
            let text = &self.step.script[value.start..value.end];
            !text.contains("$(") && !text.contains('`')
        });
        let mut spans: BTreeSet<(usize, usize)> = values.map(|value| (value.start, value.end)).collect();
        for command in self.script.commands() {
            spans.extend(command.words.iter().skip(1).map(|word| (word.span.start, word.span.end)));
        }
        for (start, end) in spans {
            let text = &self.step.script[start..end];
            if text.contains("$(") || text.contains('`') || text.contains('\n') {
                continue;
            }
            let slip = if text.starts_with("--") { Slip::Option } else { Slip::Word };
            if slip == Slip::Word && text.starts_with('-') {
                continue;
            }
            if let Some(other) = misspelt(text) {
                self.replace(slip, start..end, &other);
            }
        }
    }

    fn exports(&mut self) {
        for (number, line) in self.step.script.lines().enumerate() {
            if let Some(rest) = line.strip_prefix("export ").filter(|rest| rest.contains('=')) {
                let start = self.offset(number);
                self.replace(Slip::Export, start..start + line.len(), rest);
            }
        }
    }

    fn here_document(&mut self, document: &HereDocument) {
        let body = &self.step.script[document.body.start..document.body.end];
        let mut at = document.body.start;
        for line in body.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let line = line.trim_end_matches('\n');
            if line.trim().is_empty() || line.trim().starts_with('#') {
                continue;
            }
            let indentation = line.len() - line.trim_start().len();
            if indentation > 0 {
                self.replace(Slip::HereDocument, start..start, " ");
            }
            if let Some(colon) = line.find(": ").or_else(|| line.ends_with(':').then(|| line.len() - 1)) {
                self.replace(Slip::HereDocument, start + colon..start + colon + 1, "");
                let key = line[..colon].trim_start_matches([' ', '-', '"']).trim_end_matches('"');
                let key_start = start + line.find(key).unwrap_or(0);
                if let Some(other) = misspelt(key) {
                    self.replace(Slip::HereDocument, key_start..key_start + key.len(), &other);
                }
                let value = line.get(colon + 2..).unwrap_or_default();
                if let Some(other) = misspelt(value) {
                    self.replace(Slip::HereDocument, start + colon + 2..start + line.len(), &other);
                }
            } else if let Some(other) = misspelt(line) {
                self.replace(Slip::HereDocument, start..start + line.len(), &other);
            }
            if let Some(mark) = line.rfind(['"', '{', '[', ']', '}']) {
                self.replace(Slip::HereDocument, start + mark..start + mark + 1, "");
            }
        }
    }

    fn expected(&mut self, expectation: &Expectation) {
        let everything_counts = match &expectation.criterion {
            Criterion::Similarity(threshold) => *threshold >= 1.0,
            Criterion::Regex(pattern) => {
                let line = self.runbook.source.line_text(expectation.line).to_owned();
                let start = self.document_line(expectation.line).start + line.find(pattern.as_str()).unwrap_or(0);
                if let Some(other) = line.contains(pattern.as_str()).then(|| misspelt(pattern)).flatten() {
                    self.expect(expectation.line, start..start + pattern.len(), &other);
                }
                return;
            }
            Criterion::Unmarked => false,
        };
        for (number, line) in expectation.text.lines().enumerate() {
            let document_line = expectation.fence_line + 1 + number;
            let range = self.document_line(document_line);
            let source = &self.runbook.source.text()[range.clone()];
            let Some(column) = source.find(line).filter(|_| !line.trim().is_empty()) else { continue };
            for (from, to) in STATES {
                if let Some(at) = find_word(line, from) {
                    let start = range.start + column + at;
                    self.expect(document_line, start..start + from.len(), to);
                }
            }
            let value = line.split_once("\"type\": \"").and_then(|(_, value)| value.split_once('"')).map(|(value, _)| value);
            if let Some(value) = value.or(everything_counts.then(|| line.trim())) {
                let start = range.start + source.find(value).unwrap_or(column);
                if let Some(other) = misspelt(value) {
                    self.expect(document_line, start..start + value.len(), &other);
                }
            }
        }
    }

    fn order(&mut self) {
        let Some(next) = self.runbook.steps.get(self.index + 1) else { return };
        let segment =
            |step: &Step| self.document_line(step.line).start..self.document_line(step.script_line + step.script.lines().count()).end;
        let (first, second) = (segment(self.step), segment(next));
        if next.directives.skip.is_some() || first.end > second.start {
            return;
        }
        let text = self.runbook.source.text();
        let edits = vec![(first.clone(), text[second.clone()].to_owned()), (second.clone(), text[first].to_owned())];
        let mut damage = self.damage(Slip::Order, 0, next.script.lines().next().unwrap_or_default().to_owned(), edits);
        // Whichever of the two needs the other, and whoever needs what they then make otherwise.
        damage.consumers.insert(self.index + 1);
        for index in [self.index, self.index + 1] {
            for line in 0..self.runbook.steps[index].script.lines().count() {
                damage.consumers.extend(self.reach.consumers(index, line));
            }
        }
        self.found.push(damage);
    }

    /// Replaces a range of the script that lies on one line.
    fn replace(&mut self, slip: Slip, range: Range<usize>, by: &str) {
        let number = self.step.script[..range.start].matches('\n').count();
        let line_start = self.offset(number);
        let line = self.step.script[line_start..].lines().next().unwrap_or_default();
        if range.end > line_start + line.len() {
            return;
        }
        let after = format!("{}{by}{}", &line[..range.start - line_start], &line[range.end - line_start..]);
        let whole = self.document_line(self.step.script_line + number);
        let column = self.runbook.source.text()[whole.clone()].trim_end_matches('\n').len() - line.len();
        let start = whole.start + column + range.start - line_start;
        self.push(slip, number, after, vec![(start..start + range.len(), by.to_owned())]);
    }

    fn expect(&mut self, line: usize, range: Range<usize>, by: &str) {
        let text = self.runbook.source.text();
        let mut damage = self.damage(Slip::Expected, 0, by.to_owned(), vec![(range.clone(), by.to_owned())]);
        (damage.line, damage.before) = (line, text[range].to_owned());
        damage.consumers.clear();
        self.found.push(damage);
    }

    fn push(&mut self, slip: Slip, number: usize, after: String, edits: Vec<(Range<usize>, String)>) {
        let damage = self.damage(slip, number, after, edits);
        self.found.push(damage);
    }

    fn damage(&self, slip: Slip, number: usize, after: String, edits: Vec<(Range<usize>, String)>) -> Damage {
        let before = self.step.script.lines().nth(number).unwrap_or_default().trim().to_owned();
        let consumers = self.reach.consumers(self.index, number);
        Damage { slip, step: self.index, line: self.step.script_line + number, before, after: after.trim().to_owned(), consumers, edits }
    }

    fn offset(&self, number: usize) -> usize {
        self.step.script.split_inclusive('\n').take(number).map(str::len).sum()
    }

    /// The bytes of a 1-based document line, its end included.
    fn document_line(&self, line: usize) -> Range<usize> {
        let text = self.runbook.source.text();
        let start = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let length = text[start..].find('\n').map_or(text.len() - start, |end| end + 1);
        start..start + length
    }
}

const STATES: [(&str, &str); 9] = [
    ("Succeeded", "Failed"),
    ("Running", "CrashLoopBackOff"),
    ("Ready", "NotReady"),
    ("true", "false"),
    ("false", "true"),
    ("created", "unchanged"),
    ("Bound", "Pending"),
    ("Enabled", "Disabled"),
    ("deployed", "failed"),
];

fn find_word(line: &str, word: &str) -> Option<usize> {
    let at = line.find(word)?;
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    (!is_letter(line[..at].chars().next_back()) && !is_letter(line[at + word.len()..].chars().next())).then_some(at)
}

/// `text` with two neighbouring letters exchanged, or a digit changed, outside of what the shell expands; none when there is no such place.
fn misspelt(text: &str) -> Option<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut expanded = vec![false; letters.len()];
    let (mut inside, mut at) = (false, 0);
    while at < letters.len() {
        inside = match letters[at] {
            '$' | '<' | '%' | '\\' => true,
            letter if inside => letter.is_alphanumeric() || matches!(letter, '_' | '{'),
            _ => false,
        };
        expanded[at] = inside;
        at += 1;
    }
    let plain = |at: usize| letters[at].is_alphabetic() && !expanded[at];
    let pairs = (0..letters.len().saturating_sub(1)).filter(|at| plain(*at) && plain(at + 1) && letters[*at] != letters[at + 1]);
    let pairs: Vec<usize> = pairs.collect();
    let mut changed = letters.clone();
    if let Some(at) = pairs.get(pairs.len() / 2) {
        changed.swap(*at, at + 1);
        return Some(changed.into_iter().collect());
    }
    let digit = (0..letters.len()).find(|at| letters[*at].is_ascii_digit() && !expanded[*at])?;
    changed[digit] = if letters[digit] == '9' { '8' } else { '9' };
    Some(changed.into_iter().collect())
}
