//! Blocks → [`Runbook`]: which block is a step, what binds to it, and what is wrong.
//!
//! Binding goes one way, downwards, and never over a heading or another step: what would be a guess is a diagnostic.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Fix, SourceFile, Span};

use super::agreement;
use super::annotation::{self, Hidden, Scope};
use super::companions::Companions;
use super::defect::{
    BROKEN_DIRECTIVE, CONTRADICTORY_DIRECTIVE, DIRECTIVE_IN_CODE, Defect, EXPECTATION_WITHOUT_STEP, FENCE_IN_COMMENT, FENCE_IN_FENCE,
    FENCE_IN_HTML, FENCE_IN_INDENTED_CODE, INCLUDE_NOT_READ, INLINE_DIRECTIVE, MISPLACED_EXPECTATION, NEAR_MISS_OUTPUT_TAG, NEAR_MISS_TAG,
    NO_STEPS, UNBOUND_DIRECTIVE, UNBOUND_EXPECTATION, UNBOUND_OUTPUT, UNCLOSED_COMMENT, UNCLOSED_FENCE,
};
use super::expectation;
use super::front_matter::front_matter;
use super::ids::{self, Named};
use super::include::is_prerequisites;
use super::markdown::{Block, BlockKind, Comment, Fence, blocks};
use super::model::{Comparison, Criterion, Expectation, Prerequisite, Runbook, Section, Step, StepDirectives, Variable};
use super::pairs::Problem;
use super::range::Ranges;
use super::region::{Rank, Regions};
use super::said::Said;
use super::session::{self, Exchange};
use super::tag::{ExecutableTags, TagKind, classify, is_misspelt_output, may_be_session, tag};
use super::text::normalise;
use super::variables;
use super::view::{Choices, Conditions};
use super::vocabulary::{Key, Place};

/// Reads a document. Never fails: what is wrong comes back as diagnostics, in document order, beside what could be read.
///
/// `path` is only a name. `bytes` may be anything; what is not UTF-8 text with `\n` line ends is normalised or reported. A runbook with a
/// diagnostic of severity error must not be run.
///
/// ```
/// let (runbook, diagnostics) = docent::runbook::parse("a.md", b"# Uno\n```bash\necho a\n```\n```output\na\n```\n", &Default::default());
/// assert_eq!(runbook.steps[0].script, "echo a\n");
/// assert_eq!(runbook.steps[0].expectations[0].text, "a\n");
/// assert!(diagnostics.is_empty());
/// ```
pub fn parse(path: &str, bytes: &[u8], companions: &Companions) -> (Runbook, Vec<Diagnostic>) {
    parse_with(path, bytes, companions, &ExecutableTags::default())
}

/// The same with another set of executable tags.
pub fn parse_with(path: &str, bytes: &[u8], companions: &Companions, executable: &ExecutableTags) -> (Runbook, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let normalised = normalise(path, bytes, &mut diagnostics);
    let source = normalised.source;
    let mut reader = Reader::new(&source, executable, diagnostics);
    let mut properties = serde_json::Map::new();
    reader.companion_variables(companions);
    if normalised.is_text {
        let front = front_matter(&source, &mut reader.diagnostics);
        properties = front.properties;
        for block in blocks(&source.text()[front.body_start..], front.body_start) {
            reader.take(block);
        }
        reader.end();
    }
    let Reader { mut diagnostics, sections, mut steps, variables, file, choices: seen, mut prerequisites, .. } = reader;
    prerequisites.extend(file.documents());
    prerequisites.sort_by_key(|link| link.line);
    let (directives, mut choices) = file.file();
    (choices.groups, choices.pivots) = (seen.groups, seen.pivots);
    agreement::choices(&choices, &file, &source, &mut diagnostics);
    for step in &mut steps {
        finish(step, &source, &mut diagnostics);
    }
    let spans: Vec<Span> = steps.iter().map(|step| step.span).collect();
    let steps = ids::assign(steps, &directives, &source, &mut diagnostics);
    agreement::stops(&steps, &spans, &source, &mut diagnostics);
    agreement::turns(&steps, &spans, &source, &mut diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    let title = sections.iter().find(|section| section.level == 1 && !section.title.is_empty()).map(|section| section.title.clone());
    let title = title.unwrap_or_else(|| file_name(path).to_owned());
    (Runbook { title, properties, sections, steps, variables, directives, choices, prerequisites, before: Vec::new(), source }, diagnostics)
}

/// Writes what is said of a step and of its expectations into the model.
fn finish(named: &mut Named, source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) {
    let Named { step, said, comparisons, span, compares, around, .. } = named;
    if *compares && step.expectations.is_empty() {
        let message = "how the output is compared is said, but no expected output follows this step";
        diagnostics
            .push(CONTRADICTORY_DIRECTIVE.at(source, *span, message).with_hint("show the output below the step, or remove the keys"));
    }
    let is_pattern = |expectation: &Expectation| matches!(expectation.criterion, Criterion::Regex(_));
    if said.tunes() && !step.expectations.is_empty() && step.expectations.iter().all(is_pattern) {
        let message = "how the output is compared is said, but a pattern decides";
        diagnostics.push(
            CONTRADICTORY_DIRECTIVE.at(source, *span, message).with_hint("remove the keys, or give a threshold instead of the pattern"),
        );
    }
    agreement::contradictions(said, source, *span, diagnostics);
    let (directives, mut conditions) = said.step();
    if let (Some(every), Some(eventually)) = (directives.every, directives.eventually)
        && every > eventually
    {
        let message = "`every` is longer than `eventually`, so the step would be tried once";
        diagnostics.push(CONTRADICTORY_DIRECTIVE.at(source, *span, message).with_hint("shorten `every`, or lengthen `eventually`"));
    }
    around.mark(&mut conditions);
    (step.directives, step.conditions) = (directives, conditions);
    for (position, (expectation, own)) in step.expectations.iter_mut().zip(comparisons).enumerate() {
        let (comparison, targeted) = said.overlaid(own).comparison(position);
        expectation.comparison = comparison;
        step.conditions.targeted.extend(targeted);
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// An `expected_similarity` comment that waits for the output it binds to.
struct Pending {
    criterion: Criterion,
    said: Said,
    span: Span,
}

/// What stands between the last step and here.
#[derive(Default)]
struct SinceStep {
    anything: bool,
    heading: bool,
    /// A code block with commands that docent does not run, by its line and tag.
    other_commands: Option<(usize, String)>,
}

struct Reader<'a> {
    source: &'a SourceFile,
    executable: &'a ExecutableTags,
    diagnostics: Vec<Diagnostic>,
    sections: Vec<Section>,
    steps: Vec<Named>,
    variables: Vec<Variable>,
    /// The position of the last step that a reader sees; outputs belong to it.
    last_step: Option<usize>,
    file: Said,
    ranges: Ranges,
    regions: Regions,
    choices: Choices,
    /// The level of the heading under which links are prerequisites.
    prerequisites_level: Option<u8>,
    prerequisites: Vec<Prerequisite>,
    /// Whether a file that is not read was reported.
    has_include: bool,
    step: Said,
    /// The `docent:` comments that wait for their step; what they say is in `step`.
    directives: Vec<Span>,
    expectations: Vec<Pending>,
    since_step: SinceStep,
}

impl<'a> Reader<'a> {
    fn new(source: &'a SourceFile, executable: &'a ExecutableTags, diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            source,
            executable,
            diagnostics,
            sections: Vec::new(),
            steps: Vec::new(),
            variables: Vec::new(),
            last_step: None,
            file: Said::default(),
            ranges: Ranges::default(),
            regions: Regions::default(),
            choices: Choices::default(),
            prerequisites_level: None,
            prerequisites: Vec::new(),
            has_include: false,
            step: Said::default(),
            directives: Vec::new(),
            expectations: Vec::new(),
            since_step: SinceStep::default(),
        }
    }

    fn report(&mut self, defect: Defect, span: Span, message: impl Into<String>) {
        self.diagnostics.push(defect.at(self.source, span, message));
    }

    fn report_with(&mut self, defect: Defect, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.diagnostics.push(defect.at(self.source, span, message).with_hint(hint));
    }

    fn take(&mut self, block: Block) {
        match block.kind {
            BlockKind::Heading { level, title, tab, depth } => {
                self.regions.heading(Rank { depth, level }, tab.as_deref(), block.span, self.source, &mut self.diagnostics);
                if is_prerequisites(&title) {
                    self.prerequisites_level = Some(level);
                } else {
                    self.prerequisites_level = self.prerequisites_level.filter(|outer| level > *outer);
                }
                self.heading(level, title, block.span);
            }
            BlockKind::Link { destination } => {
                let before = self.source.text()[..block.span.start].trim_end();
                if before.len().checked_sub(9).and_then(|at| before.get(at..)).is_some_and(|word| word.eq_ignore_ascii_case("[!INCLUDE")) {
                    // What `~/` stands for lies in another repository, and is a note in all that was seen.
                    if !destination.starts_with("~/") && !std::mem::replace(&mut self.has_include, true) {
                        let message = format!("`[!INCLUDE …]`: {destination} is not read");
                        self.report_with(
                            INCLUDE_NOT_READ,
                            block.span,
                            message,
                            "what it sets has to come from somewhere else, such as --var",
                        );
                    }
                } else if self.prerequisites_level.is_some() {
                    let line = self.source.line(block.span.start);
                    self.prerequisites.push(Prerequisite { path: destination, line, is_required: false });
                }
            }
            BlockKind::Rule { depth } => {
                self.regions.rule(depth);
                self.since_step.anything = true;
            }
            BlockKind::Zone(mark) => {
                self.regions.zone_mark(&mark, block.span, self.source, &mut self.diagnostics);
                self.since_step.anything = true;
            }
            BlockKind::Fence(fence) => self.fence(fence, block.span),
            BlockKind::Comment(comment) => self.comment(&comment, block.span),
            BlockKind::IndentedCode { text } => self.indented_code(&text, block.span),
            BlockKind::Html { text } => {
                self.since_step.anything = true;
                if let Some(tag) = self.executable_fence_within(&text, "```") {
                    let message = format!("a `{tag}` code block that HTML swallows never runs");
                    self.report_with(FENCE_IN_HTML, block.span, message, "put a blank line before the fence");
                }
            }
            BlockKind::Prose => self.since_step.anything = true,
        }
    }

    fn heading(&mut self, level: u8, title: String, span: Span) {
        let line = self.source.line(span.start);
        self.refuse_expectations(&format!("before the next code block comes a heading (line {line})"));
        self.refuse_directives(&format!("comes a heading (line {line})"));
        self.since_step.anything = true;
        self.since_step.heading = true;
        self.sections.push(Section { level, title, line });
    }

    fn fence(&mut self, fence: Fence, span: Span) {
        let line = self.source.line(span.start);
        if !fence.is_closed {
            let message = "the code block has no closing fence, so it runs to the end of the document, list item or quote around it";
            self.report_with(
                UNCLOSED_FENCE,
                self.source.line_span(line),
                message,
                "add a closing fence with the same indentation as the opening one",
            );
        }
        if let Some(swallowed) = self.executable_fence_within(&fence.content, &fence.opening) {
            let message = format!("a `{swallowed}` code block inside this one never runs");
            self.report_with(
                FENCE_IN_FENCE,
                self.source.line_span(line),
                message,
                "close the code block above with a fence indented like its opening one",
            );
        }
        let tag = tag(&fence.info).to_owned();
        let kind = classify(&fence.info, self.executable);
        if kind == TagKind::Executable {
            self.refuse_expectations(&format!("the next code block (line {line}) is a step, not an output"));
            self.step(fence, tag, line);
            return;
        }
        if kind == TagKind::OtherCommands
            && may_be_session(&tag)
            && let Some(exchanges) = session::exchanges(&fence.content)
        {
            self.session(exchanges, &tag, line);
            return;
        }
        self.refuse_directives(&format!("comes a code block that is not executable (line {line})"));
        if let TagKind::NearMiss(near) = &kind {
            self.refuse_expectations(&format!("the next code block (line {line}) looks like a step, not an output"));
            let message = format!("`{tag}` is not an executable tag, so this block never runs");
            self.report_with(NEAR_MISS_TAG, self.source.line_span(line), message, format!("did you mean `{near}`?"));
            let meant = self.executable.meant_by(&tag).map(str::to_owned);
            self.mend_tag(line, &tag, meant);
        }
        let commands = (line, tag.clone());
        if self.expectations.is_empty() {
            self.unmarked_output(fence, &kind, tag, line);
        } else {
            self.marked_output(&fence, &tag, line);
        }
        if matches!(kind, TagKind::OtherCommands | TagKind::NearMiss(_)) && !self.since_step_has_output(line) {
            self.since_step.other_commands = Some(commands);
        }
        self.since_step.anything = true;
    }

    /// Whether the fence at `line` is an expected output of the last step.
    fn since_step_has_output(&self, line: usize) -> bool {
        let last = self.last_step.and_then(|position| self.steps[position].step.expectations.last());
        last.is_some_and(|expectation| expectation.fence_line == line)
    }

    fn step(&mut self, fence: Fence, tag: String, line: usize) {
        let said = std::mem::take(&mut self.step);
        let span = self.directives.first().copied().unwrap_or_else(|| self.source.line_span(line));
        self.directives.clear();
        self.since_step = SinceStep::default();
        self.last_step = Some(self.steps.len());
        self.push_step(fence.content, tag, line, said, span, None);
    }

    /// A recorded session: each command with what it printed.
    fn session(&mut self, exchanges: Vec<Exchange>, tag: &str, line: usize) {
        let has_output = exchanges.iter().any(|exchange| exchange.output.is_some());
        if !has_output {
            self.refuse_expectations(&format!("the session below it (line {line}) shows no output"));
        }
        let expectations = std::mem::take(&mut self.expectations);
        let said = std::mem::take(&mut self.step);
        let span = self.directives.first().copied().unwrap_or_else(|| self.source.line_span(line));
        self.directives.clear();
        let (each, has_more) = said.for_each_step();
        if has_more && exchanges.len() > 1 {
            let message = format!("this says what can only be said of one step, and the session below it has {}", exchanges.len());
            self.report_with(CONTRADICTORY_DIRECTIVE, span, message, "cut the session in several code blocks");
        }
        for (position, exchange) in exchanges.into_iter().enumerate() {
            let said = if position == 0 { said.clone() } else { each.clone() };
            // Of a session's steps the document shows no fence; each stands where its first prompt does.
            let first = line + 1 + exchange.line;
            self.since_step = SinceStep::default();
            self.last_step = Some(self.steps.len());
            self.push_step(exchange.script, tag.to_owned(), first, said, span, None);
            if let Some(named) = self.steps.last_mut() {
                named.step.script_line = first;
                // How outputs are compared may speak of one that other prompts of the session show.
                named.compares &= !has_output;
            }
            let Some((output, text)) = exchange.output else { continue };
            let output = line + 1 + output;
            if expectations.is_empty() {
                self.expect(output, output - 1, "", Criterion::Unmarked, text, Said::default());
                continue;
            }
            for expectation in &expectations {
                let comment = self.source.line(expectation.span.start);
                self.expect(comment, output - 1, "", expectation.criterion.clone(), text.clone(), expectation.said.clone());
            }
        }
    }

    /// A code block in a comment: only readers do not see it.
    fn hidden_step(&mut self, hidden: Hidden, comment: &Comment, said: Said, span: Span) {
        let base = match (said.has(Key::Setup, None), said.has(Key::Cleanup, None)) {
            (true, _) => "setup",
            (false, true) => "cleanup",
            _ => {
                let place = comment.span(hidden.range);
                let message = "only a step that is `setup` or `cleanup` can stand in a comment";
                self.report_with(BROKEN_DIRECTIVE, place, message, "say `docent: setup` above it, or show it to readers");
                return;
            }
        };
        let tag = tag(&hidden.fence.info).to_owned();
        let place = comment.span(hidden.range);
        if classify(&hidden.fence.info, self.executable) != TagKind::Executable {
            self.report_with(BROKEN_DIRECTIVE, place, format!("`{tag}` is not an executable tag"), "write ```bash");
        } else if !hidden.fence.is_closed {
            self.report_with(BROKEN_DIRECTIVE, place, "the code block in this comment has no closing fence", "close it above `-->`");
        } else {
            let line = self.source.line(place.start);
            self.push_step(hidden.fence.content, tag, line, said, span, Some(base));
        }
    }

    fn push_step(&mut self, script: String, language: String, line: usize, said: Said, span: Span, base: Option<&'static str>) {
        let step = Step {
            id: String::new(),
            document: None,
            heading: self.sections.last().map(|section| section.title.clone()).unwrap_or_default(),
            line,
            script_line: line + 1,
            language,
            script,
            directives: StepDirectives::default(),
            conditions: Conditions::default(),
            expectations: Vec::new(),
        };
        let compares = said.compares();
        let said = self.ranges.around_step().overlaid(&said);
        let around = self.regions.around();
        self.steps.push(Named { step, said, around, compares, comparisons: Vec::new(), base, span });
    }

    /// A fence below `expected_similarity` comments.
    fn marked_output(&mut self, fence: &Fence, tag: &str, line: usize) {
        let pending = std::mem::take(&mut self.expectations);
        let why = match (&self.since_step.other_commands, self.last_step.is_none()) {
            (_, true) => Some("no step stands above it".to_owned()),
            (Some((line, tag)), _) => Some(format!("the code block above it is tagged `{tag}` and does not run (line {line})")),
            (None, false) => None,
        };
        if let Some(why) = why {
            for expectation in pending {
                self.report(EXPECTATION_WITHOUT_STEP, expectation.span, format!("this expected output belongs to no step: {why}"));
            }
            return;
        }
        for expectation in pending {
            let comment_line = self.source.line(expectation.span.start);
            self.expect(comment_line, line, tag, expectation.criterion, fence.content.clone(), expectation.said);
        }
    }

    /// A fence without a comment: an output when it says so, or when its place says so.
    fn unmarked_output(&mut self, fence: Fence, kind: &TagKind, tag: String, line: usize) {
        match kind {
            TagKind::Output => {
                let why = match &self.since_step {
                    _ if self.last_step.is_none() => Some("no step stands above it".to_owned()),
                    SinceStep { other_commands: Some((line, tag)), .. } => {
                        Some(format!("the code block above it is tagged `{tag}` and does not run (line {line})"))
                    }
                    SinceStep { heading: true, .. } => Some("a heading stands between it and the step above".to_owned()),
                    _ => None,
                };
                match why {
                    Some(why) => {
                        self.report(UNBOUND_OUTPUT, self.source.line_span(line), format!("this output is compared with nothing: {why}"))
                    }
                    None => self.expect(line, line, &tag, Criterion::Unmarked, fence.content, Said::default()),
                }
            }
            TagKind::Data if self.last_step.is_some() && !self.since_step.anything => {
                self.expect(line, line, &tag, Criterion::Unmarked, fence.content, Said::default())
            }
            TagKind::NearOutput => {
                let message = format!("`{tag}` is not the tag of an output, so this block is compared with nothing");
                self.report_with(NEAR_MISS_OUTPUT_TAG, self.source.line_span(line), message, "did you mean `output`?");
                self.mend_tag(line, &tag, is_misspelt_output(&tag).then(|| "output".to_owned()));
            }
            _ => {}
        }
    }

    /// Lets the last diagnostic be mended by another tag on the opening fence of `line`.
    fn mend_tag(&mut self, line: usize, tag: &str, meant: Option<String>) {
        let text = self.source.line_text(line);
        let Some(fence) = text.find("```").or_else(|| text.find("~~~")) else { return };
        let info = text[fence..].trim_start_matches(['`', '~']).trim_start();
        let (Some(meant), true) = (meant, info.starts_with(tag)) else { return };
        let start = self.source.line_span(line).end - info.len();
        if let Some(last) = self.diagnostics.last_mut() {
            last.fix = Some(Fix::edit(Span::new(start, start + tag.len()), meant));
        }
    }

    fn expect(&mut self, line: usize, fence_line: usize, language: &str, criterion: Criterion, text: String, said: Said) {
        if let Some(last) = self.last_step.and_then(|position| self.steps.get_mut(position)) {
            last.comparisons.push(said);
            last.step.expectations.push(Expectation {
                line,
                fence_line,
                language: language.to_owned(),
                criterion,
                text,
                comparison: Comparison::default(),
            });
        }
    }

    fn comment(&mut self, comment: &Comment, span: Span) {
        let opening = Span::new(span.start, (span.start + 4).min(span.end));
        if !comment.is_closed {
            self.report_with(UNCLOSED_COMMENT, opening, "this comment is never closed and hides everything below it", "end it with `-->`");
        }
        let body = comment.body.as_str();
        let blocks = variables::comment_blocks(body);
        if !blocks.is_empty() {
            for block in blocks {
                let assignments = variables::shell_lines(body, block);
                let origin = self.source.path().to_owned();
                for found in assignments.found {
                    let line = self.source.line(comment.span(found.at..found.at).start);
                    self.variables.push(Variable { name: found.name, value: found.value, origin: origin.clone(), line });
                }
                self.take_problems(comment, assignments.problems);
            }
            return;
        }
        if let Some(scope) = annotation::scope(body) {
            self.note_inline(comment, span);
            self.directive(comment, scope, span);
            return;
        }
        if let Some(criterion) = expectation::criterion(body) {
            match criterion {
                Ok((criterion, said)) => {
                    self.note_inline(comment, span);
                    self.expectations.push(Pending { criterion, said, span });
                }
                Err(problem) => self.take_problems(comment, vec![problem]),
            }
            return;
        }
        if let Some(tag) = self.executable_fence_within(body, "```") {
            // What was commented out stands between the step above and an output below.
            self.since_step.anything = true;
            self.report(FENCE_IN_COMMENT, opening, format!("a `{tag}` code block in a comment never runs"));
        }
    }

    fn directive(&mut self, comment: &Comment, scope: Scope, span: Span) {
        let body = comment.body.as_str();
        let source = self.source;
        let line_of = |range: &Range<usize>| source.line(comment.span(range.clone()).start);
        let mut problems = Vec::new();
        match scope {
            Scope::Step { at } => match annotation::hidden_block(body, at) {
                Ok((None, end)) => {
                    self.step.read(body, at..end, Place::Step, line_of, &mut problems);
                    self.directives.push(span);
                }
                Ok((Some(hidden), end)) => {
                    let mut said = Said::default();
                    said.read(body, at..end, Place::Step, line_of, &mut problems);
                    // When its keys are wrong, what it is for is not known.
                    if problems.is_empty() {
                        self.hidden_step(hidden, comment, said, span);
                    }
                }
                Err(problem) => problems.push(problem),
            },
            Scope::File { at } => self.file.read(body, at..body.len(), Place::File, line_of, &mut problems),
            Scope::Begin { at } => {
                let mut said = Said::default();
                said.read(body, at..body.len(), Place::Range, line_of, &mut problems);
                self.refuse_directives("starts a range");
                self.ranges.begin(&said, span, self.regions.around(), source, &mut self.diagnostics);
            }
            Scope::End { at } => {
                problems.extend(annotation::end_with_more(body, at));
                self.refuse_directives("ends a range");
                self.ranges.end(span, &self.regions.around(), source, &mut self.diagnostics);
            }
            Scope::NearMiss { end } => problems.push(annotation::near_miss(body, end)),
        }
        self.take_problems(comment, problems);
    }

    fn note_inline(&mut self, comment: &Comment, span: Span) {
        if comment.is_inline {
            self.report_with(INLINE_DIRECTIVE, span, "a directive within a line of text", "put it on a line of its own");
        }
    }

    fn indented_code(&mut self, text: &str, span: Span) {
        self.since_step.anything = true;
        let first_line = self.source.line_span(self.source.line(span.start));
        if let Some(tag) = self.executable_fence_within(text, "```") {
            let message = format!("this `{tag}` code block is indented so far that it is not a fence; it never runs");
            self.report_with(FENCE_IN_INDENTED_CODE, first_line, message, "indent it less, or as far as the list item that it belongs to");
        } else if let Some(body) = text.trim_start().strip_prefix("<!--") {
            let body = body.split("-->").next().unwrap_or(body);
            if annotation::scope(body).is_some() || expectation::criterion(body).is_some() {
                self.report_with(
                    DIRECTIVE_IN_CODE,
                    first_line,
                    "this comment is indented so far that it is code; it has no effect",
                    "indent it less",
                );
            }
        }
    }

    /// The tag of the first line that looks like an executable fence and starts with `opening`.
    fn executable_fence_within(&self, text: &str, opening: &str) -> Option<String> {
        text.lines().find_map(|line| {
            let info = line.trim_start().strip_prefix(opening)?.trim_start_matches(['`', '~']);
            (classify(info, self.executable) == TagKind::Executable).then(|| tag(info).to_owned())
        })
    }

    fn refuse_expectations(&mut self, why: &str) {
        for expectation in std::mem::take(&mut self.expectations) {
            let message = format!("this `expected_similarity` checks nothing: {why}");
            self.report_with(MISPLACED_EXPECTATION, expectation.span, message, "put it directly above the expected output, below its step");
        }
    }

    fn refuse_directives(&mut self, why: &str) {
        for span in std::mem::take(&mut self.directives) {
            self.report_with(
                UNBOUND_DIRECTIVE,
                span,
                format!("this `docent:` binds to no step: below it {why}"),
                "put it directly above a step",
            );
        }
        self.step = Said::default();
    }

    fn take_problems(&mut self, comment: &Comment, problems: Vec<Problem>) {
        for problem in problems {
            let mut diagnostic = problem.defect.at(self.source, comment.span(problem.range), problem.message);
            diagnostic.hint = problem.hint;
            diagnostic.fix = problem.fix.map(|fix| Fix::edit(comment.span(fix.0), fix.1));
            self.diagnostics.push(diagnostic);
        }
    }

    fn companion_variables(&mut self, companions: &Companions) {
        let Some(ini) = &companions.ini else { return };
        let text = ini.text.trim_start_matches('\u{feff}');
        let lines = SourceFile::new(&ini.path, text);
        let assignments = variables::ini_lines(text);
        for problem in assignments.problems {
            // The span of a diagnostic is one of the document; a companion is named in the message.
            let message = format!("{}:{}: {}", ini.path, lines.line(problem.range.start), problem.message);
            let mut diagnostic = problem.defect.at(self.source, Span::default(), message);
            diagnostic.hint = problem.hint;
            self.diagnostics.push(diagnostic);
        }
        for found in assignments.found {
            self.variables.push(Variable { name: found.name, value: found.value, origin: ini.path.clone(), line: lines.line(found.at) });
        }
    }

    fn end(&mut self) {
        for expectation in std::mem::take(&mut self.expectations) {
            let message = "this `expected_similarity` checks nothing: no code block follows";
            self.report_with(UNBOUND_EXPECTATION, expectation.span, message, "put it directly above the expected output");
        }
        self.refuse_directives("comes no code block");
        self.ranges.close(self.source, &mut self.diagnostics);
        (self.choices.groups, self.choices.pivots) = self.regions.close(self.source, &mut self.diagnostics);
        if self.steps.is_empty() {
            self.report(NO_STEPS, self.source.line_span(1), "the document has no executable code block");
        }
    }
}
