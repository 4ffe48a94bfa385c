//! The tokens that carry text: scalars in their five styles, anchors, tags and directives.

use super::YamlError;
use super::scanner::{Scanner, is_blank, is_blankz, is_break, is_breakz};
use super::token::{Kind, Mark, Style, Token};

impl Scanner {
    /// `&name` or `*name`.
    pub(super) fn scan_anchor(&mut self) -> Result<Token, YamlError> {
        let start = self.mark;
        let is_alias = self.read() == '*';
        let name = self.read_while(is_word);
        let follower = self.at(0);
        if name.is_empty() || !(is_blankz(follower) || "?:,]}%@`".contains(follower)) {
            return Err(self.fault(start, "did not find expected alphabetic or numeric character"));
        }
        Ok(Token { kind: if is_alias { Kind::Alias(name) } else { Kind::Anchor(name) }, start })
    }

    /// `!suffix`, `!handle!suffix` or `!<uri>`.
    pub(super) fn scan_tag(&mut self) -> Result<Token, YamlError> {
        let start = self.mark;
        let (handle, suffix) = if self.at(1) == '<' {
            self.skip();
            self.skip();
            let suffix = self.scan_uri(start, "")?;
            if self.at(0) != '>' {
                return Err(self.fault(start, "did not find the expected '>'"));
            }
            self.skip();
            (String::new(), suffix)
        } else {
            let handle = self.scan_tag_handle(start, false)?;
            if handle.len() >= 2 && handle.starts_with('!') && handle.ends_with('!') {
                (handle, self.scan_uri(start, "")?)
            } else {
                let suffix = self.scan_uri(start, &handle)?;
                // A lone `!` is the non-specific tag: no handle, suffix `!`.
                if suffix.is_empty() { (String::new(), "!".to_owned()) } else { ("!".to_owned(), suffix) }
            }
        };
        if !is_blankz(self.at(0)) {
            return Err(self.fault(start, "did not find expected whitespace or line break"));
        }
        Ok(Token { kind: Kind::Tag { handle, suffix }, start })
    }

    fn scan_tag_handle(&mut self, start: Mark, is_directive: bool) -> Result<String, YamlError> {
        if self.at(0) != '!' {
            return Err(self.fault(start, "did not find expected '!'"));
        }
        let mut handle = self.read().to_string();
        handle.push_str(&self.read_while(is_word));
        if self.at(0) == '!' {
            handle.push(self.read());
        } else if is_directive && handle != "!" {
            return Err(self.fault(start, "did not find expected '!'"));
        }
        Ok(handle)
    }

    /// A tag URI; `head` is a handle that turned out to be its beginning.
    fn scan_uri(&mut self, start: Mark, head: &str) -> Result<String, YamlError> {
        let had_head = !head.is_empty();
        let mut bytes: Vec<u8> = head.get(1..).unwrap_or_default().as_bytes().to_vec();
        while is_word(self.at(0)) || ";/?:@&=+$.!~*'()%,[]".contains(self.at(0)) && self.at(0) != '\0' {
            if self.at(0) == '%' {
                let digits: String = [self.at(1), self.at(2)].iter().collect();
                let Ok(byte) = u8::from_str_radix(&digits, 16) else {
                    return Err(self.fault(start, "did not find URI escaped octet"));
                };
                bytes.push(byte);
                (0..3).for_each(|_| self.skip());
            } else {
                let mut buffer = [0; 4];
                bytes.extend_from_slice(self.read().encode_utf8(&mut buffer).as_bytes());
            }
        }
        if bytes.is_empty() && !had_head {
            return Err(self.fault(start, "did not find expected tag URI"));
        }
        String::from_utf8(bytes).map_err(|_| self.fault(start, "found an incorrect trailing UTF-8 octet"))
    }

    pub(super) fn scan_directive(&mut self) -> Result<Token, YamlError> {
        let start = self.mark;
        self.skip();
        let name = self.read_while(is_word);
        if name.is_empty() {
            return Err(self.fault(start, "could not find expected directive name"));
        }
        if !is_blankz(self.at(0)) {
            return Err(self.fault(start, "found unexpected non-alphabetical character"));
        }
        self.skip_blanks();
        let kind = match name.as_str() {
            "YAML" => {
                let major = self.scan_version_number(start)?;
                if self.at(0) != '.' {
                    return Err(self.fault(start, "did not find expected digit or '.' character"));
                }
                self.skip();
                Kind::VersionDirective { major, minor: self.scan_version_number(start)? }
            }
            "TAG" => {
                let handle = self.scan_tag_handle(start, true)?;
                if !is_blank(self.at(0)) {
                    return Err(self.fault(start, "did not find expected whitespace"));
                }
                self.skip_blanks();
                let prefix = self.scan_uri(start, "")?;
                if !is_blankz(self.at(0)) {
                    return Err(self.fault(start, "did not find expected whitespace or line break"));
                }
                Kind::TagDirective { handle, prefix }
            }
            _ => return Err(self.fault(start, "found unknown directive name")),
        };
        self.skip_blanks();
        self.skip_comment();
        if !is_breakz(self.at(0)) {
            return Err(self.fault(start, "did not find expected comment or line break"));
        }
        self.skip_line();
        Ok(Token { kind, start })
    }

    fn scan_version_number(&mut self, start: Mark) -> Result<u32, YamlError> {
        let digits = self.read_while(|c| c.is_ascii_digit());
        match digits.len() {
            0 => Err(self.fault(start, "did not find expected version number")),
            1..=2 => Ok(digits.parse().unwrap_or(0)),
            _ => Err(self.fault(start, "found extremely long version number")),
        }
    }

    /// `|` or `>` with its header.
    pub(super) fn scan_block_scalar(&mut self, literal: bool) -> Result<Token, YamlError> {
        let start = self.mark;
        self.skip();
        let mut chomping = None;
        let mut increment = None;
        for _ in 0..2 {
            match self.at(0) {
                '+' | '-' if chomping.is_none() => chomping = Some(self.read()),
                '0' if increment.is_none() => return Err(self.fault(start, "found an indentation indicator equal to 0")),
                digit @ '1'..='9' if increment.is_none() => {
                    increment = digit.to_digit(10).and_then(|digit| isize::try_from(digit).ok());
                    self.skip();
                }
                _ => {}
            }
        }
        self.skip_blanks();
        self.skip_comment();
        if !is_breakz(self.at(0)) {
            return Err(self.fault(start, "did not find expected comment or line break"));
        }
        self.skip_line();

        let mut indent = increment.map_or(0, |increment| if self.indent >= 0 { self.indent + increment } else { increment });
        let mut value = String::new();
        let mut leading_break = String::new();
        let mut trailing_breaks = String::new();
        self.scan_block_scalar_breaks(&mut indent, &mut trailing_breaks, start)?;
        let mut leading_blank = false;
        while self.column() == indent && self.at(0) != '\0' {
            let trailing_blank = is_blank(self.at(0));
            if !literal && !leading_blank && !trailing_blank && leading_break.starts_with('\n') {
                if trailing_breaks.is_empty() {
                    value.push(' ');
                }
            } else {
                value.push_str(&leading_break);
            }
            leading_break.clear();
            value.push_str(&trailing_breaks);
            trailing_breaks.clear();
            leading_blank = is_blank(self.at(0));
            while !is_breakz(self.at(0)) {
                let c = self.read();
                value.push(c);
            }
            if self.at(0) != '\0' {
                self.read_line(&mut leading_break);
            }
            self.scan_block_scalar_breaks(&mut indent, &mut trailing_breaks, start)?;
        }
        if chomping != Some('-') {
            value.push_str(&leading_break);
        }
        if chomping == Some('+') {
            value.push_str(&trailing_breaks);
        }
        Ok(Token { kind: Kind::Scalar { value, style: Style::Block }, start })
    }

    /// Eats indentation and empty lines; finds the indentation when the header does not give it (`indent` 0).
    fn scan_block_scalar_breaks(&mut self, indent: &mut isize, breaks: &mut String, start: Mark) -> Result<(), YamlError> {
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.column() < *indent) && self.at(0) == ' ' {
                self.skip();
            }
            deepest = deepest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.at(0) == '\t' {
                return Err(self.fault(start, "found a tab character where an indentation space is expected"));
            }
            if !is_break(self.at(0)) {
                break;
            }
            self.read_line(breaks);
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(())
    }

    /// `'…'` or `"…"`.
    pub(super) fn scan_flow_scalar(&mut self, single: bool) -> Result<Token, YamlError> {
        let start = self.mark;
        let quote = self.read();
        let mut value = String::new();
        loop {
            if self.mark.column == 0 && self.is_document_indicator() {
                return Err(self.fault(start, "found unexpected document indicator"));
            }
            if self.at(0) == '\0' {
                return Err(self.fault(start, "found unexpected end of stream"));
            }
            let mut leading_blanks = false;
            while !is_blankz(self.at(0)) {
                if single && self.at(0) == '\'' && self.at(1) == '\'' {
                    value.push('\'');
                    self.skip();
                    self.skip();
                } else if self.at(0) == quote {
                    break;
                } else if !single && self.at(0) == '\\' && is_break(self.at(1)) {
                    self.skip();
                    self.skip_line();
                    leading_blanks = true;
                    break;
                } else if !single && self.at(0) == '\\' {
                    let c = self.scan_escape(start)?;
                    value.push(c);
                } else {
                    let c = self.read();
                    value.push(c);
                }
            }
            if self.at(0) == quote {
                break;
            }
            let mut whitespaces = String::new();
            let mut leading_break = String::new();
            let mut trailing_breaks = String::new();
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                if is_blank(self.at(0)) {
                    let c = self.read();
                    if !leading_blanks {
                        whitespaces.push(c);
                    }
                } else if leading_blanks {
                    self.read_line(&mut trailing_breaks);
                } else {
                    whitespaces.clear();
                    self.read_line(&mut leading_break);
                    leading_blanks = true;
                }
            }
            if leading_blanks {
                fold(&mut value, &leading_break, &trailing_breaks);
            } else {
                value.push_str(&whitespaces);
            }
        }
        self.skip();
        Ok(Token { kind: Kind::Scalar { value, style: Style::Quoted }, start })
    }

    fn scan_escape(&mut self, start: Mark) -> Result<char, YamlError> {
        let digits = match self.at(1) {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            code => {
                let Some(c) = unescape(code) else { return Err(self.fault(start, "found unknown escape character")) };
                self.skip();
                self.skip();
                return Ok(c);
            }
        };
        self.skip();
        self.skip();
        let hex: String = (0..digits).map(|ahead| self.at(ahead)).collect();
        if !hex.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(self.fault(start, "did not find expected hexdecimal number"));
        }
        let Some(c) = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32) else {
            return Err(self.fault(start, "found invalid Unicode character escape code"));
        };
        (0..digits).for_each(|_| self.skip());
        Ok(c)
    }

    pub(super) fn scan_plain_scalar(&mut self) -> Result<Token, YamlError> {
        let start = self.mark;
        let indent = self.indent + 1;
        let mut value = String::new();
        let mut whitespaces = String::new();
        let mut leading_break = String::new();
        let mut trailing_breaks = String::new();
        let mut leading_blanks = false;
        loop {
            if self.mark.column == 0 && self.is_document_indicator() || self.at(0) == '#' {
                break;
            }
            while !is_blankz(self.at(0)) {
                let c = self.at(0);
                if c == ':' && is_blankz(self.at(1)) || self.flow_level > 0 && ",?[]{}".contains(c) {
                    break;
                }
                if leading_blanks {
                    fold(&mut value, &leading_break, &trailing_breaks);
                    leading_break.clear();
                    trailing_breaks.clear();
                    whitespaces.clear();
                    leading_blanks = false;
                } else if !whitespaces.is_empty() {
                    value.push_str(&whitespaces);
                    whitespaces.clear();
                }
                value.push(c);
                self.skip();
            }
            if !is_blank(self.at(0)) && !is_break(self.at(0)) {
                break;
            }
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                if is_blank(self.at(0)) {
                    if leading_blanks && self.column() < indent && self.at(0) == '\t' {
                        return Err(self.fault(start, "found a tab character that violates indentation"));
                    }
                    let c = self.read();
                    if !leading_blanks {
                        whitespaces.push(c);
                    }
                } else if leading_blanks {
                    self.read_line(&mut trailing_breaks);
                } else {
                    whitespaces.clear();
                    self.read_line(&mut leading_break);
                    leading_blanks = true;
                }
            }
            if self.flow_level == 0 && self.column() < indent {
                break;
            }
        }
        if leading_blanks {
            self.simple_key_allowed = true;
        }
        Ok(Token { kind: Kind::Scalar { value, style: Style::Plain }, start })
    }

    fn read_while(&mut self, accept: impl Fn(char) -> bool) -> String {
        let mut read = String::new();
        while self.at(0) != '\0' && accept(self.at(0)) {
            read.push(self.read());
        }
        read
    }

    fn skip_blanks(&mut self) {
        while is_blank(self.at(0)) {
            self.skip();
        }
    }

    fn skip_comment(&mut self) {
        if self.at(0) == '#' {
            while !is_breakz(self.at(0)) {
                self.skip();
            }
        }
    }
}

/// A line end inside a flow scalar becomes a space, unless empty lines follow it.
fn fold(value: &mut String, leading_break: &str, trailing_breaks: &str) {
    if leading_break.starts_with('\n') {
        if trailing_breaks.is_empty() {
            value.push(' ');
        } else {
            value.push_str(trailing_breaks);
        }
    } else {
        value.push_str(leading_break);
        value.push_str(trailing_breaks);
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn unescape(code: char) -> Option<char> {
    Some(match code {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{B}',
        'f' => '\u{C}',
        'r' => '\r',
        'e' => '\u{1B}',
        ' ' => ' ',
        '"' => '"',
        '\'' => '\'',
        '\\' => '\\',
        '/' => '/',
        'N' => '\u{85}',
        '_' => '\u{A0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        _ => return None,
    })
}
