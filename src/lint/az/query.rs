//! Whether a `--query` is JMESPath: its grammar, nothing of its meaning.
//! Source: the specification of JMESPath, and the parser of Python's jmespath, which `az` uses.

/// How deep a query may be nested; deeper ones are not judged.
const DEPTH_MAX: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A name, bare or in double quotes.
    Name { quoted: bool },
    /// A number within brackets.
    Number,
    /// `'text'` or `` `json` ``.
    Literal,
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Longest first.
const SIGNS: [&str; 24] =
    ["[?", "[]", "||", "&&", "==", "!=", "<=", ">=", "[", "]", "{", "}", "(", ")", ".", "*", ",", ":", "@", "&", "|", "<", ">", "!"];

/// What is wrong with a query, and at which byte; none when nothing is.
pub(in crate::lint) fn problem(query: &str) -> Option<(usize, String)> {
    let tokens = match tokens(query) {
        Ok(tokens) => tokens,
        Err(problem) => return Some(problem),
    };
    let mut parser = Parser { tokens: &tokens, at: 0, end: query.len(), depth: 0 };
    let parsed = parser.expression(0).and_then(|()| if parser.at < tokens.len() { Err(parser.unexpected()) } else { Ok(()) });
    parsed.err().flatten()
}

fn tokens(query: &str) -> Result<Vec<(usize, Token)>, (usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = query.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &query[at..];
        let (token, length) = match first {
            ' ' | '\t' | '\n' | '\r' => {
                at += 1;
                continue;
            }
            '\'' | '"' | '`' => {
                let Some(end) = closing(&rest[1..], first) else { return Err((at, format!("a `{first}` is never closed"))) };
                (if first == '"' { Token::Name { quoted: true } } else { Token::Literal }, end + 2)
            }
            _ if first.is_ascii_alphabetic() || first == '_' => {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                (Token::Name { quoted: false }, length)
            }
            _ if first.is_ascii_digit() || first == '-' && rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                let length = rest[1..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |end| end + 1);
                (Token::Number, length)
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (Token::Sign(sign), sign.len()),
                None if first == '=' => return Err((at, "a single `=` is no comparison".to_owned())),
                None => return Err((at, format!("`{first}` means nothing here"))),
            },
        };
        found.push((at, token));
        at += length;
    }
    Ok(found)
}

/// Where a quote ends, over escaped ones.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, letter)| {
        let ends = letter == quote && !escaped;
        escaped = letter == '\\' && !escaped;
        ends.then_some(at)
    })
}

/// A problem, or none when the query is not judged.
type Failure = Option<(usize, String)>;

struct Parser<'t> {
    tokens: &'t [(usize, Token)],
    at: usize,
    end: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Failure> {
        if self.take(sign) { Ok(()) } else { Err(self.missing(&format!("`{sign}`"))) }
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(at, _)| *at)
    }

    fn missing(&self, what: &str) -> Failure {
        Some((self.place(), format!("{what} is missing")))
    }

    fn unexpected(&self) -> Failure {
        let what = match self.peek() {
            None => return Some((self.end, "it ends too early".to_owned())),
            Some(Token::Sign(sign)) => format!("`{sign}` cannot stand here"),
            Some(Token::Name { .. }) => "a name cannot stand here".to_owned(),
            Some(Token::Number) => "a number cannot stand here".to_owned(),
            Some(Token::Literal) => "a literal cannot stand here".to_owned(),
        };
        Some((self.place(), what))
    }

    fn expression(&mut self, binding: u8) -> Result<(), Failure> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(None);
        }
        self.prefix()?;
        while let Some(Token::Sign(sign)) = self.peek() {
            let power = match *sign {
                "|" => 1,
                "||" => 2,
                "&&" => 3,
                "==" | "!=" | "<" | ">" | "<=" | ">=" => 5,
                "[]" => 9,
                "[?" => 21,
                "." => 40,
                "[" => 55,
                _ => 0,
            };
            if power <= binding {
                break;
            }
            let sign = *sign;
            self.at += 1;
            match sign {
                "." => self.after_dot()?,
                "[" => self.brackets()?,
                "[?" => self.filter()?,
                "[]" => {}
                _ => self.expression(power)?,
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn prefix(&mut self) -> Result<(), Failure> {
        let Some(token) = self.peek().cloned() else { return Err(self.unexpected()) };
        match token {
            Token::Name { quoted } => {
                self.at += 1;
                if !quoted && self.take("(") {
                    return self.arguments();
                }
            }
            Token::Literal => self.at += 1,
            Token::Sign("*" | "@" | "[]") => self.at += 1,
            Token::Sign("!") => {
                self.at += 1;
                self.expression(45)?;
            }
            Token::Sign("&") => {
                self.at += 1;
                self.expression(1)?;
            }
            Token::Sign("(") => {
                self.at += 1;
                self.expression(0)?;
                self.expect(")")?;
            }
            Token::Sign("[") => {
                self.at += 1;
                self.list_or_index()?;
            }
            Token::Sign("[?") => {
                self.at += 1;
                self.filter()?;
            }
            Token::Sign("{") => {
                self.at += 1;
                self.members()?;
            }
            _ => return Err(self.unexpected()),
        }
        Ok(())
    }

    fn after_dot(&mut self) -> Result<(), Failure> {
        match self.peek() {
            Some(Token::Name { .. } | Token::Sign("*" | "{")) => self.prefix(),
            Some(Token::Sign("[")) => {
                self.at += 1;
                self.list()
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Behind `[` and a value: an index, a slice, `*`.
    fn brackets(&mut self) -> Result<(), Failure> {
        if self.take("*") {
            return self.expect("]");
        }
        if !matches!(self.peek(), Some(Token::Number | Token::Sign(":"))) {
            return Err(self.unexpected());
        }
        while matches!(self.peek(), Some(Token::Number | Token::Sign(":"))) {
            self.at += 1;
        }
        self.expect("]")
    }

    /// Behind a `[` that starts an expression.
    fn list_or_index(&mut self) -> Result<(), Failure> {
        let next = self.tokens.get(self.at + 1).map(|(_, token)| token);
        match self.peek() {
            Some(Token::Number | Token::Sign(":")) => self.brackets(),
            Some(Token::Sign("*")) if matches!(next, Some(Token::Sign("]"))) => self.brackets(),
            _ => self.list(),
        }
    }

    fn list(&mut self) -> Result<(), Failure> {
        loop {
            self.expression(0)?;
            if !self.take(",") {
                return self.expect("]");
            }
        }
    }

    fn filter(&mut self) -> Result<(), Failure> {
        self.expression(0)?;
        self.expect("]")
    }

    fn members(&mut self) -> Result<(), Failure> {
        loop {
            if !matches!(self.peek(), Some(Token::Name { .. })) {
                return Err(self.unexpected());
            }
            self.at += 1;
            self.expect(":")?;
            self.expression(0)?;
            if !self.take(",") {
                return self.expect("}");
            }
        }
    }

    fn arguments(&mut self) -> Result<(), Failure> {
        if self.take(")") {
            return Ok(());
        }
        loop {
            self.expression(0)?;
            if !self.take(",") {
                return self.expect(")");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::problem;

    const SOUND: [&str; 21] = [
        "id",
        "a.b.\"c-d\"[0].e",
        "[].{Name:name, State: properties.state}",
        "[?name=='x' && contains(id, `\"y\"`)] | [0]",
        "[*].[name, id]",
        "[:2]",
        "[-1:]",
        "length(@)",
        "sort_by([], &name)[::-1].name",
        "values[?sku.name != 'a' || !enabled].name | join(', ', @)",
        "*.a",
        "a[].b[]",
        "[?a][].b",
        "(a || b).c",
        "a[*][0]",
        "{a: @, b: *}",
        "not_null(a, b)",
        "[name]",
        "[0]",
        "@[0]",
        "a[?b > `1`].c",
    ];
    const BROKEN: [(&str, usize); 15] = [
        ("id]", 2),
        ("[?name='x']", 6),
        ("[?name=='x'", 11),
        ("a.", 2),
        ("a..b", 2),
        ("a-b", 1),
        ("[].{Name}", 8),
        ("[].{a:b,}", 8),
        ("a b", 2),
        ("'a", 0),
        ("$.a", 0),
        ("a[b]", 2),
        ("", 0),
        ("length(a", 8),
        ("a[?]", 3),
    ];

    #[test]
    fn queries_of_documents_are_jmespath() {
        for query in SOUND {
            assert_eq!(problem(query), None, "{query}");
        }
    }

    #[test]
    fn what_is_no_jmespath_is_told_with_its_place() {
        for (query, at) in BROKEN {
            assert_eq!(problem(query).map(|(at, _)| at), Some(at), "{query}");
        }
        assert_eq!(problem(&"(".repeat(100_000)), None);
    }

    #[cfg(feature = "embedded")]
    #[test]
    fn a_whole_implementation_of_jmespath_says_the_same() {
        for query in SOUND.into_iter().chain(BROKEN.into_iter().map(|(query, _)| query)) {
            assert_eq!(jpx_core::compile(query).is_err(), problem(query).is_some(), "{query}");
        }
    }
}
