//! Text to parts and steps.

use serde_json::Value;

use super::{Operand, Part, Step};

pub(super) struct Parser {
    characters: Vec<char>,
    at: usize,
}

impl Parser {
    pub(super) fn new(text: &str) -> Self {
        Self { characters: text.chars().collect(), at: 0 }
    }

    /// Parts up to the end, or up to `{end}` inside a range; whether `{end}` was met.
    pub(super) fn parts(&mut self) -> Result<(Vec<Part>, bool), String> {
        let mut parts = Vec::new();
        let mut text = String::new();
        while let Some(c) = self.next() {
            if c != '{' {
                text.push(c);
                continue;
            }
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            self.blanks();
            if self.word("end") {
                self.close()?;
                return Ok((parts, true));
            }
            if self.word("range") {
                let steps = self.path("}")?;
                self.close()?;
                let (body, ended) = self.parts()?;
                if !ended {
                    return Err("unclosed action".to_owned());
                }
                parts.push(Part::Range(steps, body));
                continue;
            }
            loop {
                self.blanks();
                match self.peek() {
                    Some('}') => {
                        self.at += 1;
                        break;
                    }
                    None => return Err("unclosed action".to_owned()),
                    Some(quote @ ('"' | '\'')) => {
                        self.at += 1;
                        parts.push(Part::Text(self.quoted(quote)?));
                    }
                    Some(_) => parts.push(Part::Path(self.path("} ")?)),
                }
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok((parts, false))
    }

    /// Steps up to one of `stops`, which is left in place.
    fn path(&mut self, stops: &str) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        self.blanks();
        loop {
            let Some(c) = self.peek() else { return Err("unclosed action".to_owned()) };
            if stops.contains(c) {
                return Ok(steps);
            }
            self.at += 1;
            match c {
                '$' | '@' | ' ' => {}
                '.' if self.peek() == Some('.') => {
                    self.at += 1;
                    steps.push(Step::Recursive);
                    if self.peek().is_some_and(|c| !".[*".contains(c) && !stops.contains(c)) {
                        steps.push(self.field()?);
                    }
                }
                '.' => match self.peek() {
                    Some('*') => {
                        self.at += 1;
                        steps.push(Step::Wildcard);
                    }
                    Some(c) if c == '[' || stops.contains(c) || c.is_whitespace() => {}
                    _ => steps.push(self.field()?),
                },
                '*' => steps.push(Step::Wildcard),
                '[' => steps.push(self.bracket()?),
                c if c.is_ascii_digit() || c == '-' || c == '+' => {
                    self.at -= 1;
                    let word = self.take_while(|c| c.is_ascii_digit() || "+-.eE".contains(c));
                    let number = serde_json::from_str(word.trim_start_matches('+')).map_err(|_| format!("cannot parse number {word}"))?;
                    steps.push(Step::Literal(number));
                }
                c if c.is_alphabetic() || c == '_' => {
                    self.at -= 1;
                    let word = self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '-');
                    match word.as_str() {
                        "true" => steps.push(Step::Literal(Value::Bool(true))),
                        "false" => steps.push(Step::Literal(Value::Bool(false))),
                        _ => steps.push(Step::Unknown(word)),
                    }
                }
                c => return Err(format!("unrecognized character in action: U+{:04X} {:?}", u32::from(c), c)),
            }
        }
    }

    /// A field name, with `\` taking the next character as it is.
    fn field(&mut self) -> Result<Step, String> {
        let mut name = String::new();
        while let Some(c) = self.peek() {
            if c == '\\' {
                self.at += 1;
                name.extend(self.next());
            } else if c.is_whitespace() || ".[,]${}@*()'\"=!<>|&?:".contains(c) {
                break;
            } else {
                name.push(c);
                self.at += 1;
            }
        }
        Ok(Step::Field(name))
    }

    fn bracket(&mut self) -> Result<Step, String> {
        if self.characters[self.at..].starts_with(&['?', '(']) {
            self.at += 2;
            return self.filter();
        }
        // Quotes do not shield a bracket here.
        let mut inner = String::new();
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated array".to_owned()),
                Some(']') => break,
                Some(c) => inner.push(c),
            }
        }
        if inner == "*" {
            return Ok(Step::Wildcard);
        }
        let pieces: Vec<&str> = inner.split(',').collect();
        if pieces.len() > 1 {
            let paths = pieces.iter().map(|piece| bracket_piece(piece.trim()).map(|step| vec![step])).collect::<Result<_, _>>()?;
            return Ok(Step::Union(paths));
        }
        bracket_piece(&inner)
    }

    /// What stands after `[?(`.
    fn filter(&mut self) -> Result<Step, String> {
        let mut inner = String::new();
        let mut quote = None;
        loop {
            let Some(c) = self.next() else { return Err("unterminated filter".to_owned()) };
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (None, '\'' | '"') => quote = Some(c),
                (None, ')') => break,
                _ => {}
            }
            inner.push(c);
        }
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".to_owned());
        }
        parse_filter(&inner)
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err("unterminated quoted string".to_owned()),
                Some(c) if c == quote => return Ok(text),
                Some('\\') => match self.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(c) => text.push(c),
                    None => return Err("unterminated quoted string".to_owned()),
                },
                Some(c) => text.push(c),
            }
        }
    }

    fn close(&mut self) -> Result<(), String> {
        self.blanks();
        if self.next() == Some('}') { Ok(()) } else { Err("unclosed action".to_owned()) }
    }

    /// Takes `word` when it stands here by itself.
    fn word(&mut self, word: &str) -> bool {
        let end = self.at + word.len();
        let stands = self.characters.get(self.at..end).is_some_and(|found| found.iter().copied().eq(word.chars()));
        let ends = self.characters.get(end).is_none_or(|c| !c.is_alphanumeric());
        if stands && ends {
            self.at = end;
        }
        stands && ends
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.peek().filter(|c| accept(*c)) {
            taken.push(c);
            self.at += 1;
        }
        taken
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }
}

/// What stands between brackets: a quoted name, an index or a slice.
fn bracket_piece(piece: &str) -> Result<Step, String> {
    // A name in single quotes is read as a path: its dots still need a backslash.
    let name = piece.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).filter(|name| !name.contains('\''));
    if let Some(name) = name {
        return Ok(Step::Union(vec![parse_path(&format!(".{name}"))?]));
    }
    let wrong = || format!("invalid array index {piece}");
    let numbers: Vec<&str> = piece.split(':').collect();
    let number = |text: &&str| if text.trim().is_empty() { Ok(None) } else { text.trim().parse::<i64>().map(Some).map_err(|_| wrong()) };
    match numbers.iter().map(number).collect::<Result<Vec<_>, _>>()?.as_slice() {
        [Some(index)] => Ok(Step::Slice { start: Some(*index), end: None, step: None, is_index: true }),
        [start, end] => Ok(Step::Slice { start: *start, end: *end, step: None, is_index: false }),
        [start, end, step] => Ok(Step::Slice { start: *start, end: *end, step: *step, is_index: false }),
        _ => Err(wrong()),
    }
}

fn parse_path(text: &str) -> Result<Vec<Step>, String> {
    let mut parser = Parser { characters: format!("{text}}}").chars().collect(), at: 0 };
    parser.path("}")
}

fn parse_filter(text: &str) -> Result<Step, String> {
    for operator in ["==", "!=", "<=", ">=", "<", ">"] {
        if let Some((left, right)) = split_once_outside_quotes(text, operator) {
            return Ok(Step::Filter { left: operand(left)?, operator: Some(operator), right: Some(operand(right)?) });
        }
    }
    Ok(Step::Filter { left: operand(text)?, operator: None, right: None })
}

fn operand(text: &str) -> Result<Operand, String> {
    let text = text.trim();
    if let Some(literal) = unquoted(text) {
        return Ok(Operand::Literal(Value::String(literal)));
    }
    if let Ok(literal @ (Value::Bool(_) | Value::Number(_))) = serde_json::from_str(text) {
        return Ok(Operand::Literal(literal));
    }
    parse_path(text).map(Operand::Path)
}

fn unquoted(text: &str) -> Option<String> {
    let inner = ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))?;
    Some(inner.replace("\\'", "'").replace("\\\"", "\"").replace("\\.", "."))
}

fn split_once_outside_quotes<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, _) if text[at..].starts_with(separator) => return Some((&text[..at], &text[at + separator.len()..])),
            _ => {}
        }
    }
    None
}
