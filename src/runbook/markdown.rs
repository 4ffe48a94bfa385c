//! Markdown text → blocks with spans, in document order. A CommonMark parser decides what a fence is; this file only flattens its events.
//!
//! Deliberately absent: what a block means (`parse`), and any recursion, so that nesting cannot exhaust the stack.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use super::include::is_document;
use super::region::{ZoneMark, zone_mark};
use crate::diagnostic::Span;

/// A piece of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) kind: BlockKind,
    /// From its first byte, a fence included, to its end.
    pub(super) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum BlockKind {
    /// A heading: 1 to 6, and its text without markup.
    Heading {
        level: u8,
        title: String,
        /// What follows `#tab/` when it is a link there.
        tab: Option<String>,
        /// How many list items and quotes it stands in.
        depth: usize,
    },
    /// A fenced code block.
    Fence(Fence),
    /// An indented code block.
    IndentedCode { text: String },
    /// An HTML comment, on lines of its own or within a paragraph.
    Comment(Comment),
    /// HTML that is no comment.
    Html { text: String },
    /// A line across: `---`.
    Rule { depth: usize },
    /// A link to a document, within what a reader sees.
    Link { destination: String },
    /// A line that starts or ends a zone.
    Zone(ZoneMark),
    /// Anything else that a reader sees: a paragraph, a table, a list item.
    Prose,
}

/// A fenced code block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fence {
    /// The text after the opening fence, entities decoded.
    pub(super) info: String,
    /// The code without the indentation of its containers.
    pub(super) content: String,
    /// The row of backquotes or tildes that opens it.
    pub(super) opening: String,
    /// Whether it has a closing fence.
    pub(super) is_closed: bool,
}

/// An HTML comment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comment {
    /// What stands between `<!--` and `-->`, without the prefixes of containers.
    pub(super) body: String,
    /// Whether `-->` was found.
    pub(super) is_closed: bool,
    /// Whether it stands within a line of text.
    pub(super) is_inline: bool,
    /// Offsets in `body` where a run of source bytes starts, and where in the source.
    runs: Vec<(usize, usize)>,
}

impl Comment {
    /// Where a range of the body stands in the source.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let start = self.source_offset(range.start);
        let end = if range.end > range.start { self.source_offset(range.end - 1) + 1 } else { start };
        Span::new(start, end.max(start))
    }

    fn source_offset(&self, offset: usize) -> usize {
        source_offset(&self.runs, offset)
    }
}

/// Where byte `offset` of a gathered text stands in the source.
fn source_offset(runs: &[(usize, usize)], offset: usize) -> usize {
    let index = runs.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
    runs.get(index).map_or(0, |(start, source)| source + offset.saturating_sub(*start))
}

/// The runs of the part `start..end` of a gathered text, counted from `start`.
fn runs_within(runs: &[(usize, usize)], start: usize, end: usize) -> Vec<(usize, usize)> {
    let first = runs.partition_point(|(at, _)| *at <= start);
    let last = runs.partition_point(|(at, _)| *at < end).max(first);
    let inner = runs[first..last].iter().map(|(at, source)| (at - start, *source));
    std::iter::once((0, source_offset(runs, start))).chain(inner).collect()
}

/// The row of backquotes or tildes at the start of a fenced block.
fn opening(block: &str) -> &str {
    let block = block.trim_start();
    let mark = block.chars().next().unwrap_or('`');
    &block[..block.find(|other| other != mark).unwrap_or(block.len())]
}

/// Whether a fenced block, given from its opening fence to its end, ends with a closing fence.
fn is_closed(block: &str, opening: &str, is_quoted: bool) -> bool {
    let Some((_, rest)) = block.split_once('\n') else { return false };
    let last = rest.trim_end_matches('\n').rsplit('\n').next().unwrap_or("");
    let last = last.trim_start_matches(|other: char| other.is_whitespace() || (is_quoted && other == '>')).trim_end();
    last.starts_with(opening) && last.chars().all(|other| opening.starts_with(other))
}

/// Flattens `text`, whose first byte is byte `base` of the document.
pub(super) fn blocks(text: &str, base: usize) -> Vec<Block> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_GFM;
    let mut flattener = Flattener { text, base, blocks: Vec::new(), open: Open::Nothing, quote_depth: 0, item_depth: 0 };
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        flattener.take(event, range);
    }
    with_zones(flattener.blocks, text, base)
}

/// Puts the lines that start or end a zone among the blocks. What CommonMark takes such a line for depends on its neighbours, and does not
/// matter as long as it is not code or a comment.
fn with_zones(blocks: Vec<Block>, text: &str, base: usize) -> Vec<Block> {
    if !text.contains(":::") {
        return blocks;
    }
    let mut closed: Vec<Span> = blocks
        .iter()
        .filter(|block| matches!(block.kind, BlockKind::Fence(_) | BlockKind::IndentedCode { .. } | BlockKind::Comment(_)))
        .map(|block| block.span)
        .collect();
    closed.sort_unstable();
    let mut zones = Vec::new();
    let mut start = base;
    for line in text.split_inclusive('\n') {
        if let Some(mark) = zone_mark(line) {
            // The span of indented code begins behind the indentation of its first line.
            let at = start + line.find(":::").unwrap_or(0);
            let before = closed.partition_point(|span| span.start <= at);
            let is_free = before.checked_sub(1).is_none_or(|last| closed[last].end <= at);
            let span = Span::new(at, start + line.trim_end().len());
            zones.extend(is_free.then_some(Block { kind: BlockKind::Zone(mark), span }));
        }
        start += line.len();
    }
    let mut merged = Vec::with_capacity(blocks.len() + zones.len());
    let mut zones = zones.into_iter().peekable();
    for block in blocks {
        while let Some(zone) = zones.next_if(|zone| zone.span.start < block.span.start) {
            merged.push(zone);
        }
        merged.push(block);
    }
    merged.extend(zones);
    merged
}

struct Flattener<'a> {
    text: &'a str,
    base: usize,
    blocks: Vec<Block>,
    open: Open,
    quote_depth: usize,
    item_depth: usize,
}

/// The block whose events are being gathered.
enum Open {
    Nothing,
    Heading { title: String, tab: Option<String>, comments: Vec<Block> },
    Fence { info: String, content: String },
    IndentedCode { text: String },
    Html(Gathered),
}

/// Text gathered from pieces of the source.
#[derive(Default)]
struct Gathered {
    text: String,
    runs: Vec<(usize, usize)>,
}

impl Gathered {
    fn push(&mut self, piece: &str, source: usize) {
        self.runs.push((self.text.len(), source));
        self.text.push_str(piece);
    }
}

impl Flattener<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(end) => self.end(end, range),
            Event::Text(piece) => self.text(&piece, range),
            Event::Code(piece) => self.text(&piece, range),
            Event::SoftBreak | Event::HardBreak => self.text(" ", range),
            Event::Html(piece) => {
                if let Open::Html(gathered) = &mut self.open {
                    gathered.push(&piece, self.base + range.start);
                }
            }
            Event::InlineHtml(piece) => self.inline_html(&piece, range),
            Event::Rule => self.push(BlockKind::Rule { depth: self.quote_depth + self.item_depth }, range),
            Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { .. } => self.open = Open::Heading { title: String::new(), tab: None, comments: Vec::new() },
            Tag::Link { dest_url, link_type, .. } => {
                if let (Open::Heading { tab, .. }, Some(id)) = (&mut self.open, dest_url.strip_prefix("#tab/")) {
                    *tab = Some(id.to_owned());
                }
                if matches!(self.open, Open::Nothing) && link_type != LinkType::Autolink && is_document(&dest_url) {
                    self.push(BlockKind::Link { destination: dest_url.into_string() }, range);
                }
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                self.open = Open::Fence { info: info.into_string(), content: String::new() };
            }
            Tag::CodeBlock(CodeBlockKind::Indented) => self.open = Open::IndentedCode { text: String::new() },
            Tag::HtmlBlock => self.open = Open::Html(Gathered::default()),
            Tag::BlockQuote(_) => self.quote_depth += 1,
            // The marker of an item is visible, and ends at its first line.
            Tag::Item => {
                self.item_depth += 1;
                self.push(BlockKind::Prose, range.start..range.start);
            }
            Tag::Paragraph | Tag::Table(_) => self.push(BlockKind::Prose, range),
            _ => {}
        }
    }

    fn end(&mut self, end: TagEnd, range: Range<usize>) {
        match end {
            TagEnd::Item => self.item_depth = self.item_depth.saturating_sub(1),
            TagEnd::BlockQuote(_) => self.quote_depth = self.quote_depth.saturating_sub(1),
            TagEnd::Heading(level) => {
                if let Open::Heading { title, tab, comments } = std::mem::replace(&mut self.open, Open::Nothing) {
                    self.push(
                        BlockKind::Heading {
                            level: level as u8,
                            title: title.trim().to_owned(),
                            tab,
                            depth: self.quote_depth + self.item_depth,
                        },
                        range,
                    );
                    self.blocks.extend(comments);
                }
            }
            TagEnd::CodeBlock => match std::mem::replace(&mut self.open, Open::Nothing) {
                Open::Fence { info, content } => {
                    let block = &self.text[range.clone()];
                    let opening = opening(block).to_owned();
                    let is_closed = is_closed(block, &opening, self.quote_depth > 0);
                    self.push(BlockKind::Fence(Fence { info, content, opening, is_closed }), range);
                }
                Open::IndentedCode { text } => self.push(BlockKind::IndentedCode { text }, range),
                _ => {}
            },
            TagEnd::HtmlBlock => {
                if let Open::Html(gathered) = std::mem::replace(&mut self.open, Open::Nothing) {
                    self.html(&gathered, range);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, piece: &str, range: Range<usize>) {
        match &mut self.open {
            Open::Heading { title, .. } => title.push_str(piece),
            Open::Fence { content, .. } => content.push_str(piece),
            Open::IndentedCode { text } => text.push_str(piece),
            Open::Html(gathered) => gathered.push(piece, self.base + range.start),
            Open::Nothing => {}
        }
    }

    fn inline_html(&mut self, piece: &str, range: Range<usize>) {
        let Some(body) = piece.strip_prefix("<!--") else { return };
        let comment = Comment {
            body: body.strip_suffix("-->").unwrap_or(body).to_owned(),
            is_closed: true,
            is_inline: true,
            runs: vec![(0, self.base + range.start + 4)],
        };
        let block = Block { kind: BlockKind::Comment(comment), span: self.span(range) };
        match &mut self.open {
            Open::Heading { comments, .. } => comments.push(block),
            _ => self.blocks.push(block),
        }
    }

    /// Splits an HTML block into comments and what stands between them.
    fn html(&mut self, gathered: &Gathered, range: Range<usize>) {
        let text = &gathered.text;
        let mut at = 0;
        while let Some(start) = text[at..].find("<!--").map(|found| at + found) {
            self.html_piece(&text[at..start], &range);
            let body_start = start + 4;
            let (body_end, end, is_closed) = match text[body_start..].find("-->") {
                Some(found) => (body_start + found, body_start + found + 3, true),
                None => (text.len(), text.len(), false),
            };
            let runs = runs_within(&gathered.runs, body_start, body_end);
            let comment = Comment { body: text[body_start..body_end].to_owned(), is_closed, is_inline: false, runs };
            let span = Span::new(source_offset(&gathered.runs, start), source_offset(&gathered.runs, end - 1) + 1);
            self.blocks.push(Block { kind: BlockKind::Comment(comment), span });
            at = end;
        }
        self.html_piece(&text[at..], &range);
    }

    fn html_piece(&mut self, piece: &str, range: &Range<usize>) {
        if !piece.trim().is_empty() {
            self.push(BlockKind::Html { text: piece.to_owned() }, range.clone());
        }
    }

    fn push(&mut self, kind: BlockKind, range: Range<usize>) {
        let span = self.span(range);
        self.blocks.push(Block { kind, span });
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.base + range.start, self.base + range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line a block: its first line in the document, its kind and its text.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let source = crate::diagnostic::SourceFile::new("a.md", text);
        let found: Vec<String> = blocks(text, 0)
            .into_iter()
            .map(|block| {
                let line = source.line(block.span.start);
                match block.kind {
                    BlockKind::Heading { level, title, tab, .. } => {
                        format!("{line} h{level} {title}{}", tab.as_deref().unwrap_or_default())
                    }
                    BlockKind::Rule { depth } => format!("{line} rule {depth}"),
                    BlockKind::Link { destination } => format!("{line} link {destination}"),
                    BlockKind::Zone(mark) => format!("{line} {mark:?}"),
                    BlockKind::Fence(fence) => {
                        format!(
                            "{line} {} {:?} {}",
                            if fence.is_closed { "fence" } else { "unclosed" },
                            fence.info,
                            fence.content.escape_debug()
                        )
                    }
                    BlockKind::IndentedCode { text } => format!("{line} indented {}", text.escape_debug()),
                    BlockKind::Comment(comment) => {
                        format!("{line} {} {}", if comment.is_inline { "inline" } else { "comment" }, comment.body.trim().escape_debug())
                    }
                    BlockKind::Html { text } => format!("{line} html {}", text.trim().escape_debug()),
                    BlockKind::Prose => format!("{line} prose"),
                }
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn headings_lose_their_markup() {
        check("# **Bold** `code` [l](x) ##\nTwo\nlines\n---\n", &["1 h1 Bold code l", "2 h2 Two lines"]);
    }

    #[test]
    fn fences_keep_their_code_and_lose_the_indentation_of_containers() {
        check("1. one\n\n    ```bash\n    a\n      b\n\n    ```\n", &["1 prose", "1 prose", "3 fence \"bash\" a\\n  b\\n\\n"]);
        check("> [!NOTE]\n> ```sh\n> a\n>\n> b\n> ```\n", &["2 fence \"sh\" a\\n\\nb\\n"]);
        check("1.\tone\n\n\t```bash\n\ta\n\t\tb\n\t```\n", &["1 prose", "1 prose", "3 fence \"bash\" a\\n\\tb\\n"]);
    }

    #[test]
    fn long_and_tilde_fences_end_at_their_own_kind() {
        check("````bash\n```\n````\n~~~sh x\n```\n~~~~\n", &["1 fence \"bash\" ```\\n", "4 fence \"sh x\" ```\\n"]);
    }

    #[test]
    fn a_fence_without_an_end_runs_to_the_end_of_its_container() {
        check("```bash\na\n", &["1 unclosed \"bash\" a\\n"]);
        check("```bash", &["1 unclosed \"bash\" "]);
        check("- x\n\n  ```bash\n  a\n```\nb\n", &["1 prose", "1 prose", "3 unclosed \"bash\" a\\n", "5 unclosed \"\" b\\n"]);
    }

    #[test]
    fn comments_are_found_between_within_and_beside_text() {
        check("a\n<!-- b -->\n\nc <!-- d --> e\n", &["1 prose", "2 comment b", "4 prose", "4 inline d"]);
        check(
            "<details>\n<!-- a\nb --> <!-- c -->\n</details>\n",
            &["1 html <details>", "2 comment a\\nb", "3 comment c", "1 html </details>"],
        );
        check("> <!--\n> a\n> -->\n", &["1 comment a"]);
    }

    #[test]
    fn fences_in_comments_and_indented_code_are_no_fences() {
        check("<!--\n```bash\na\n```\n-->\n\n    ```bash\n    a\n", &["1 comment ```bash\\na\\n```", "7 indented ```bash\\na\\n"]);
    }

    #[test]
    fn a_range_of_a_comment_leads_back_to_the_source() {
        let text = "> <!--\n> uno\n> dos\n> -->\n";
        let blocks = blocks(text, 100);
        let BlockKind::Comment(comment) = &blocks[0].kind else { panic!("a comment was expected: {blocks:?}") };
        let at = comment.body.find("dos").expect("the body has it");
        let span = comment.span(at..at + 3);
        assert_eq!(&text[span.start - 100..span.end - 100], "dos");
    }
}
