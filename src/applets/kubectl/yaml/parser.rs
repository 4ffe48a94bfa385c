//! Tokens to nodes: YAML's grammar by recursive descent, looking one token ahead as libyaml does, so that errors come at the same place.

use std::collections::HashMap;

use super::YamlError;
use super::node::{Document, Node};
use super::scanner::Scanner;
use super::token::{Kind, Mark, Reporter, Style, Token, fault};

const STANDARD_TAGS: &str = "tag:yaml.org,2002:";

#[derive(Debug)]
pub(super) struct Parser {
    scanner: Scanner,
    tag_prefixes: HashMap<String, String>,
    anchors: HashMap<String, usize>,
    anchored: Vec<Option<Node>>,
    names: Vec<String>,
}

/// Where a node stands, which decides what may open there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Flow,
    Block,
    /// A block mapping's key or value, where a sequence needs no deeper indentation.
    BlockMapping,
}

impl Parser {
    pub(super) fn new(text: Vec<char>) -> Self {
        Self { scanner: Scanner::new(text), tag_prefixes: HashMap::new(), anchors: HashMap::new(), anchored: Vec::new(), names: Vec::new() }
    }

    /// The first document; go-yaml's `Unmarshal` never looks at what follows it.
    pub(super) fn document(mut self) -> Result<Option<Document>, YamlError> {
        let first = self.peek_kind()?;
        let root = match first {
            Kind::StreamEnd => return Ok(None),
            Kind::VersionDirective { .. } | Kind::TagDirective { .. } | Kind::DocumentStart => {
                self.directives()?;
                let token = self.scanner.peek()?.clone();
                if token.kind != Kind::DocumentStart {
                    return Err(fault(Reporter::Parser, Mark::default(), "did not find expected <document start>", token.start));
                }
                self.scanner.take()?;
                match self.peek_kind()? {
                    Kind::VersionDirective { .. }
                    | Kind::TagDirective { .. }
                    | Kind::DocumentStart
                    | Kind::DocumentEnd
                    | Kind::StreamEnd => Node::empty(),
                    _ => self.node(Place::Block)?,
                }
            }
            _ => {
                self.default_tags();
                self.node(Place::Block)?
            }
        };
        // The end of the document is found by looking at the next token, which may be one that cannot be scanned.
        self.scanner.peek()?;
        Ok(Some(Document { root, anchored: self.anchored, names: self.names }))
    }

    fn peek_kind(&mut self) -> Result<Kind, YamlError> {
        Ok(self.scanner.peek()?.kind.clone())
    }

    fn default_tags(&mut self) {
        self.tag_prefixes.entry("!".to_owned()).or_insert_with(|| "!".to_owned());
        self.tag_prefixes.entry("!!".to_owned()).or_insert_with(|| STANDARD_TAGS.to_owned());
    }

    fn directives(&mut self) -> Result<(), YamlError> {
        let mut has_version = false;
        loop {
            let token = self.scanner.peek()?.clone();
            let refuse = |problem: &str| fault(Reporter::Parser, Mark::default(), problem, token.start);
            match &token.kind {
                Kind::VersionDirective { major, minor } => {
                    if has_version {
                        return Err(refuse("found duplicate %YAML directive"));
                    }
                    if (*major, *minor) != (1, 1) {
                        return Err(refuse("found incompatible YAML document"));
                    }
                    has_version = true;
                }
                Kind::TagDirective { handle, prefix } => {
                    if self.tag_prefixes.insert(handle.clone(), prefix.clone()).is_some() {
                        return Err(refuse("found duplicate %TAG directive"));
                    }
                }
                _ => break,
            }
            self.scanner.take()?;
        }
        self.default_tags();
        Ok(())
    }

    fn node(&mut self, place: Place) -> Result<Node, YamlError> {
        let start = self.scanner.peek()?.start;
        if let Kind::Alias(name) = self.peek_kind()? {
            self.scanner.take()?;
            let Some(index) = self.anchors.get(&name) else {
                return Err(YamlError::Yaml(format!("unknown anchor '{name}' referenced")));
            };
            return Ok(Node::Alias(*index));
        }
        let (anchor, tag) = self.properties(start)?;
        let slot = anchor.map(|name| {
            self.anchored.push(None);
            self.names.push(name.clone());
            self.anchors.insert(name, self.anchored.len() - 1);
            self.anchored.len() - 1
        });
        let node = self.content(place, tag, slot.is_some(), start)?;
        if let Some(slot) = slot {
            self.anchored[slot] = Some(node);
            return Ok(Node::Alias(slot));
        }
        Ok(node)
    }

    /// An anchor and a tag, in either order; the tag in its long form.
    fn properties(&mut self, start: Mark) -> Result<(Option<String>, Option<String>), YamlError> {
        let mut anchor = None;
        let mut tag = None;
        loop {
            let token = self.scanner.peek()?.clone();
            match token.kind {
                Kind::Anchor(name) if anchor.is_none() => anchor = Some(name),
                Kind::Tag { handle, suffix } if tag.is_none() => tag = Some((handle, suffix, token.start)),
                _ => break,
            }
            self.scanner.take()?;
        }
        let tag = match tag {
            None => None,
            Some((handle, suffix, _)) if handle.is_empty() => Some(suffix),
            Some((handle, suffix, mark)) => match self.tag_prefixes.get(&handle) {
                Some(prefix) => Some(format!("{prefix}{suffix}")),
                None => return Err(fault(Reporter::Parser, start, "found undefined tag handle", mark)),
            },
        };
        Ok((anchor, tag))
    }

    fn content(&mut self, place: Place, tag: Option<String>, anchored: bool, start: Mark) -> Result<Node, YamlError> {
        let token = self.scanner.peek()?.clone();
        match token.kind {
            Kind::BlockEntry if place == Place::BlockMapping => self.indentless_sequence(),
            Kind::Scalar { value, style } => {
                self.scanner.take()?;
                let implicit = tag.as_deref().map_or(style == Style::Plain, |tag| tag == "!");
                let tag = tag.filter(|tag| tag != "!").unwrap_or_default();
                Ok(Node::Scalar { tag, implicit, value })
            }
            Kind::FlowSequenceStart => self.flow_sequence(),
            Kind::FlowMappingStart => self.flow_mapping(),
            Kind::BlockSequenceStart if place != Place::Flow => self.block_sequence(),
            Kind::BlockMappingStart if place != Place::Flow => self.block_mapping(),
            _ if anchored || tag.is_some() => {
                let implicit = tag.is_none();
                Ok(Node::Scalar { tag: tag.unwrap_or_default(), implicit, value: String::new() })
            }
            _ => Err(fault(Reporter::Parser, start, "did not find expected node content", token.start)),
        }
    }

    fn block_sequence(&mut self) -> Result<Node, YamlError> {
        let start = self.scanner.take()?.start;
        let mut items = Vec::new();
        loop {
            let token = self.scanner.peek()?.clone();
            match token.kind {
                Kind::BlockEntry => {
                    self.scanner.take()?;
                    items.push(match self.peek_kind()? {
                        Kind::BlockEntry | Kind::BlockEnd => Node::empty(),
                        _ => self.node(Place::Block)?,
                    });
                }
                Kind::BlockEnd => {
                    self.scanner.take()?;
                    return Ok(Node::Sequence(items));
                }
                _ => return Err(fault(Reporter::Parser, start, "did not find expected '-' indicator", token.start)),
            }
        }
    }

    fn indentless_sequence(&mut self) -> Result<Node, YamlError> {
        let mut items = Vec::new();
        while self.peek_kind()? == Kind::BlockEntry {
            self.scanner.take()?;
            items.push(match self.peek_kind()? {
                Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd => Node::empty(),
                _ => self.node(Place::Block)?,
            });
        }
        Ok(Node::Sequence(items))
    }

    fn block_mapping(&mut self) -> Result<Node, YamlError> {
        let start = self.scanner.take()?.start;
        let mut entries = Vec::new();
        loop {
            let token = self.scanner.peek()?.clone();
            match token.kind {
                Kind::Key => {
                    self.scanner.take()?;
                    let key = self.block_mapping_part()?;
                    let value = if self.peek_kind()? == Kind::Value {
                        self.scanner.take()?;
                        self.block_mapping_part()?
                    } else {
                        Node::empty()
                    };
                    entries.push((key, value));
                }
                Kind::BlockEnd => {
                    self.scanner.take()?;
                    return Ok(Node::Mapping(entries));
                }
                _ => return Err(fault(Reporter::Parser, start, "did not find expected key", token.start)),
            }
        }
    }

    fn block_mapping_part(&mut self) -> Result<Node, YamlError> {
        match self.peek_kind()? {
            Kind::Key | Kind::Value | Kind::BlockEnd => Ok(Node::empty()),
            _ => self.node(Place::BlockMapping),
        }
    }

    fn flow_sequence(&mut self) -> Result<Node, YamlError> {
        let start = self.scanner.take()?.start;
        let mut items = Vec::new();
        let mut is_first = true;
        loop {
            let token = self.flow_separator(is_first, &Kind::FlowSequenceEnd, start, "did not find expected ',' or ']'")?;
            is_first = false;
            match token.kind {
                Kind::FlowSequenceEnd => break,
                Kind::Key => {
                    self.scanner.take()?;
                    let key = match self.peek_kind()? {
                        Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd => {
                            self.scanner.take()?;
                            Node::empty()
                        }
                        _ => self.node(Place::Flow)?,
                    };
                    let value = self.flow_value(&Kind::FlowSequenceEnd)?;
                    items.push(Node::Mapping(vec![(key, value)]));
                }
                _ => items.push(self.node(Place::Flow)?),
            }
        }
        self.scanner.take()?;
        Ok(Node::Sequence(items))
    }

    fn flow_mapping(&mut self) -> Result<Node, YamlError> {
        let start = self.scanner.take()?.start;
        let mut entries = Vec::new();
        let mut is_first = true;
        loop {
            let token = self.flow_separator(is_first, &Kind::FlowMappingEnd, start, "did not find expected ',' or '}'")?;
            is_first = false;
            match token.kind {
                Kind::FlowMappingEnd => break,
                Kind::Key => {
                    self.scanner.take()?;
                    let key = match self.peek_kind()? {
                        Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd => Node::empty(),
                        _ => self.node(Place::Flow)?,
                    };
                    let value = self.flow_value(&Kind::FlowMappingEnd)?;
                    entries.push((key, value));
                }
                _ => entries.push((self.node(Place::Flow)?, Node::empty())),
            }
        }
        self.scanner.take()?;
        Ok(Node::Mapping(entries))
    }

    /// Looks past the comma between two entries; the token that opens the next entry, or the closing one.
    fn flow_separator(&mut self, is_first: bool, end: &Kind, start: Mark, problem: &str) -> Result<Token, YamlError> {
        let token = self.scanner.peek()?.clone();
        if is_first || token.kind == *end {
            return Ok(token);
        }
        if token.kind != Kind::FlowEntry {
            return Err(fault(Reporter::Parser, start, problem, token.start));
        }
        self.scanner.take()?;
        Ok(self.scanner.peek()?.clone())
    }

    fn flow_value(&mut self, end: &Kind) -> Result<Node, YamlError> {
        if self.peek_kind()? != Kind::Value {
            return Ok(Node::empty());
        }
        self.scanner.take()?;
        let next = self.peek_kind()?;
        if next == Kind::FlowEntry || next == *end { Ok(Node::empty()) } else { self.node(Place::Flow) }
    }
}
