//! Characters to tokens: indentation, simple keys, flow nesting. The scalars themselves are in `scalar`.

use std::collections::VecDeque;

use super::token::{Kind, Mark, Reporter, Token, fault};
use super::{DEPTH_MAX, YamlError};

/// What a simple key may span at most, in characters (YAML 1.1 §9.1.3).
const SIMPLE_KEY_LENGTH_MAX: usize = 1024;

/// A scalar or collection that becomes a mapping key if a `:` follows in time.
#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token_number: usize,
    mark: Mark,
}

#[derive(Debug)]
pub(super) struct Scanner {
    pub(super) text: Vec<char>,
    pub(super) mark: Mark,
    pub(super) flow_level: usize,
    pub(super) indent: isize,
    pub(super) simple_key_allowed: bool,
    indents: Vec<isize>,
    simple_keys: Vec<SimpleKey>,
    tokens: VecDeque<Token>,
    /// How many tokens the parser has taken.
    taken: usize,
    ended: bool,
}

impl Scanner {
    pub(super) fn new(text: Vec<char>) -> Self {
        Self {
            text,
            mark: Mark::default(),
            flow_level: 0,
            indent: -1,
            simple_key_allowed: true,
            indents: Vec::new(),
            simple_keys: vec![SimpleKey::default()],
            tokens: VecDeque::new(),
            // The stream start counts as taken: it carries nothing.
            taken: 1,
            ended: false,
        }
    }

    /// The next token, left in place.
    pub(super) fn peek(&mut self) -> Result<&Token, YamlError> {
        self.fetch_more()?;
        let place = self.mark;
        // The stream end is never taken, so the queue is empty only before it was fetched.
        self.tokens.front().ok_or_else(|| fault(Reporter::Scanner, place, "unknown problem parsing YAML content", place))
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Result<Token, YamlError> {
        let token = self.peek()?.clone();
        if token.kind != Kind::StreamEnd {
            self.tokens.pop_front();
            self.taken += 1;
        }
        Ok(token)
    }

    fn fetch_more(&mut self) -> Result<(), YamlError> {
        loop {
            if self.ended && !self.tokens.is_empty() {
                return Ok(());
            }
            if !self.tokens.is_empty() {
                // Enough, unless the token in front may still turn out to be a key.
                let Some(index) = self.simple_keys.iter().position(|key| key.possible && key.token_number == self.taken) else {
                    return Ok(());
                };
                if !self.is_still_possible(index)? {
                    return Ok(());
                }
            }
            self.fetch_next()?;
        }
    }

    fn fetch_next(&mut self) -> Result<(), YamlError> {
        self.skip_to_next_token();
        self.unroll_indent(self.column());
        let c = self.at(0);
        if c == '\0' {
            return self.fetch_stream_end();
        }
        if self.mark.column == 0 {
            if c == '%' {
                return self.fetch_directive();
            }
            if self.is_document_indicator() {
                let kind = if c == '-' { Kind::DocumentStart } else { Kind::DocumentEnd };
                return self.fetch_document_indicator(kind);
            }
        }
        let in_flow = self.flow_level > 0;
        let blank_follows = is_blankz(self.at(1));
        match c {
            '[' => self.fetch_flow_start(Kind::FlowSequenceStart),
            '{' => self.fetch_flow_start(Kind::FlowMappingStart),
            ']' => self.fetch_flow_end(Kind::FlowSequenceEnd),
            '}' => self.fetch_flow_end(Kind::FlowMappingEnd),
            ',' => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                self.single(Kind::FlowEntry);
                Ok(())
            }
            '-' if blank_follows => self.fetch_block_entry(),
            '?' if in_flow || blank_follows => self.fetch_key(),
            ':' if in_flow || blank_follows => self.fetch_value(),
            '*' | '&' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                let token = self.scan_anchor()?;
                self.tokens.push_back(token);
                Ok(())
            }
            '!' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                let token = self.scan_tag()?;
                self.tokens.push_back(token);
                Ok(())
            }
            '|' | '>' if !in_flow => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                let token = self.scan_block_scalar(c == '|')?;
                self.tokens.push_back(token);
                Ok(())
            }
            '\'' | '"' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                let token = self.scan_flow_scalar(c == '\'')?;
                self.tokens.push_back(token);
                Ok(())
            }
            _ if self.starts_plain(c) => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                let token = self.scan_plain_scalar()?;
                self.tokens.push_back(token);
                Ok(())
            }
            _ => Err(self.fault(self.mark, "found character that cannot start any token")),
        }
    }

    fn starts_plain(&self, c: char) -> bool {
        let indicator = is_blankz(c) || "-?:,[]{}#&*!|>'\"%@`".contains(c);
        !indicator || (c == '-' && !is_blank(self.at(1))) || (self.flow_level == 0 && (c == '?' || c == ':') && !is_blankz(self.at(1)))
    }

    /// Whether simple key `index` may still be completed; an overdue required key is an error.
    fn is_still_possible(&mut self, index: usize) -> Result<bool, YamlError> {
        let key = self.simple_keys[index];
        if !key.possible {
            return Ok(false);
        }
        if key.mark.line < self.mark.line || key.mark.index + SIMPLE_KEY_LENGTH_MAX < self.mark.index {
            if key.required {
                return Err(self.fault(key.mark, "could not find expected ':'"));
            }
            self.simple_keys[index].possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn save_simple_key(&mut self) -> Result<(), YamlError> {
        if self.simple_key_allowed {
            self.remove_simple_key()?;
            let key = SimpleKey {
                possible: true,
                required: self.flow_level == 0 && self.indent == self.column(),
                token_number: self.taken + self.tokens.len(),
                mark: self.mark,
            };
            if let Some(last) = self.simple_keys.last_mut() {
                *last = key;
            }
        }
        Ok(())
    }

    fn remove_simple_key(&mut self) -> Result<(), YamlError> {
        let Some(key) = self.simple_keys.last().copied() else { return Ok(()) };
        if key.possible && key.required {
            return Err(self.fault(key.mark, "could not find expected ':'"));
        }
        if let Some(last) = self.simple_keys.last_mut() {
            last.possible = false;
        }
        Ok(())
    }

    /// Opens a block collection when `column` is deeper than the current one; `number` inserts its token before an earlier one.
    fn roll_indent(&mut self, column: isize, number: Option<usize>, kind: Kind, start: Mark) -> Result<(), YamlError> {
        if self.flow_level > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        self.check_depth()?;
        let token = Token { kind, start };
        match number {
            Some(number) => self.tokens.insert(number - self.taken, token),
            None => self.tokens.push_back(token),
        }
        Ok(())
    }

    fn unroll_indent(&mut self, column: isize) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.tokens.push_back(Token { kind: Kind::BlockEnd, start: self.mark });
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn check_depth(&self) -> Result<(), YamlError> {
        if self.indents.len() + self.flow_level > DEPTH_MAX {
            return Err(self.fault(self.mark, &format!("exceeded max depth of {DEPTH_MAX}")));
        }
        Ok(())
    }

    fn fetch_stream_end(&mut self) -> Result<(), YamlError> {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.tokens.push_back(Token { kind: Kind::StreamEnd, start: self.mark });
        self.ended = true;
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), YamlError> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let token = self.scan_directive()?;
        self.tokens.push_back(token);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, kind: Kind) -> Result<(), YamlError> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.tokens.push_back(Token { kind, start: self.mark });
        for _ in 0..3 {
            self.skip();
        }
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: Kind) -> Result<(), YamlError> {
        self.save_simple_key()?;
        self.simple_keys.push(SimpleKey::default());
        self.flow_level += 1;
        self.check_depth()?;
        self.simple_key_allowed = true;
        self.single(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: Kind) -> Result<(), YamlError> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            self.simple_keys.pop();
        }
        self.simple_key_allowed = false;
        self.single(kind);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), YamlError> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.fault(self.mark, "block sequence entries are not allowed in this context"));
            }
            self.roll_indent(self.column(), None, Kind::BlockSequenceStart, self.mark)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.single(Kind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), YamlError> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.fault(self.mark, "mapping keys are not allowed in this context"));
            }
            self.roll_indent(self.column(), None, Kind::BlockMappingStart, self.mark)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.single(Kind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), YamlError> {
        let last = self.simple_keys.len() - 1;
        if self.is_still_possible(last)? {
            let key = self.simple_keys[last];
            self.tokens.insert(key.token_number - self.taken, Token { kind: Kind::Key, start: key.mark });
            let column = isize::try_from(key.mark.column).unwrap_or(isize::MAX);
            self.roll_indent(column, Some(key.token_number), Kind::BlockMappingStart, key.mark)?;
            self.simple_keys[last].possible = false;
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return Err(self.fault(self.mark, "mapping values are not allowed in this context"));
                }
                self.roll_indent(self.column(), None, Kind::BlockMappingStart, self.mark)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.single(Kind::Value);
        Ok(())
    }

    fn skip_to_next_token(&mut self) {
        loop {
            while self.at(0) == ' ' || ((self.flow_level > 0 || !self.simple_key_allowed) && self.at(0) == '\t') {
                self.skip();
            }
            if self.at(0) == '#' {
                while !is_breakz(self.at(0)) {
                    self.skip();
                }
            }
            if !is_break(self.at(0)) {
                return;
            }
            self.skip_line();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// A token of one character.
    fn single(&mut self, kind: Kind) {
        self.tokens.push_back(Token { kind, start: self.mark });
        self.skip();
    }

    /// The character `ahead` of the current one; NUL past the end.
    pub(super) fn at(&self, ahead: usize) -> char {
        self.text.get(self.mark.index + ahead).copied().unwrap_or('\0')
    }

    pub(super) fn column(&self) -> isize {
        isize::try_from(self.mark.column).unwrap_or(isize::MAX)
    }

    pub(super) fn skip(&mut self) {
        if self.mark.index < self.text.len() {
            self.mark.index += 1;
            self.mark.column += 1;
        }
    }

    pub(super) fn skip_line(&mut self) {
        let width = if self.at(0) == '\r' && self.at(1) == '\n' { 2 } else { usize::from(is_break(self.at(0))) };
        if width > 0 {
            self.mark = Mark { index: self.mark.index + width, line: self.mark.line + 1, column: 0 };
        }
    }

    /// Takes one character.
    pub(super) fn read(&mut self) -> char {
        let c = self.at(0);
        self.skip();
        c
    }

    /// Takes one line end, as the character it stands for.
    pub(super) fn read_line(&mut self, into: &mut String) {
        match self.at(0) {
            '\r' | '\n' | '\u{85}' => into.push('\n'),
            c => into.push(c),
        }
        self.skip_line();
    }

    /// `---` or `...` with nothing glued to it; only meant in column 0.
    pub(super) fn is_document_indicator(&self) -> bool {
        let c = self.at(0);
        (c == '-' || c == '.') && self.at(1) == c && self.at(2) == c && is_blankz(self.at(3))
    }

    pub(super) fn fault(&self, context: Mark, problem: &str) -> YamlError {
        fault(Reporter::Scanner, context, problem, self.mark)
    }
}

pub(super) fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn is_breakz(c: char) -> bool {
    c == '\0' || is_break(c)
}

pub(super) fn is_blankz(c: char) -> bool {
    is_blank(c) || is_breakz(c)
}
