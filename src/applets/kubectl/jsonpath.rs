//! kubectl's JSONPath templates: text with `{…}` in it, `range`/`end`, filters, slices, unions and recursive descent.
//!
//! Source: client-go `util/jsonpath`; messages measured with kubectl 1.33. It is no RFC 9535: roots may be left out, `\.` escapes a dot, and results
//! are printed side by side with blanks.

use serde_json::Value;

use super::print::json::compact;

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Path(Vec<Step>),
    Range(Vec<Step>, Vec<Part>),
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    Wildcard,
    Recursive,
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: Option<i64>,
        is_index: bool,
    },
    Union(Vec<Vec<Step>>),
    Filter {
        left: Operand,
        operator: Option<&'static str>,
        right: Option<Operand>,
    },
    /// A number or a boolean standing alone.
    Literal(Value),
    /// A word that means nothing; kubectl notices only when it gets there.
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Literal(Value),
    Path(Vec<Step>),
}

impl Template {
    /// # Errors
    /// The text after `error parsing jsonpath …, `.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { characters: text.chars().collect(), at: 0 };
        let (parts, ended) = parser.parts(false)?;
        if ended {
            return Err("not in range, nothing to end".to_owned());
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// What `-o custom-columns`, `--sort-by` and `wait` take: the braces and the first dot may be left out.
    ///
    /// # Errors
    /// The text of kubectl for a path that is none.
    pub(crate) fn parse_relaxed(text: &str) -> Result<Self, String> {
        let inner = text.strip_prefix('{').map_or(Some(text), |inner| inner.strip_suffix('}'));
        let Some(inner) = inner.filter(|inner| !inner.contains(['{', '}'])) else {
            return Err(
                "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'".to_owned()
            );
        };
        Self::parse(&format!("{{.{}}}", inner.strip_prefix('.').unwrap_or(inner)))
    }

    /// The text that the template makes of `value`.
    ///
    /// # Errors
    /// What kubectl prints after `error: `.
    pub(crate) fn render(&self, value: &Value) -> Result<String, String> {
        let mut out = String::new();
        render(&self.parts, value, &mut out).map_err(|problem| {
            format!(
                "error executing jsonpath {:?}: Error executing template: {problem}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{}\n\tobject given to jsonpath engine was:\n\t\t{}\n\n",
                self.text,
                self.text,
                go_syntax(value)
            )
        })?;
        Ok(out)
    }

    /// The values that the template's only path selects.
    pub(crate) fn values<'v>(&self, value: &'v Value) -> Result<Vec<&'v Value>, String> {
        let mut found = Vec::new();
        for part in &self.parts {
            if let Part::Path(steps) = part {
                found.extend(walk(steps, vec![value])?);
            }
        }
        Ok(found)
    }
}

fn render(parts: &[Part], value: &Value, out: &mut String) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Path(steps) => {
                if let [Step::Literal(literal)] = steps.as_slice() {
                    out.push_str(&plain(literal));
                    continue;
                }
                let found = walk(steps, vec![value])?;
                out.push_str(&found.into_iter().map(plain).collect::<Vec<_>>().join(" "));
            }
            Part::Range(steps, body) => {
                for item in walk(steps, vec![value])? {
                    render(body, item, out)?;
                }
            }
        }
    }
    Ok(())
}

/// A value as the template prints it.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "null".to_owned(),
        Value::Array(_) | Value::Object(_) => compact(value),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn walk<'v>(steps: &[Step], mut current: Vec<&'v Value>) -> Result<Vec<&'v Value>, String> {
    for step in steps {
        let mut next = Vec::new();
        for value in current {
            walk_step(step, value, &mut next)?;
        }
        current = next;
    }
    Ok(current)
}

fn walk_step<'v>(step: &Step, value: &'v Value, next: &mut Vec<&'v Value>) -> Result<(), String> {
    match step {
        Step::Field(name) => {
            // A missing key prints nothing: `--allow-missing-template-keys` is on by default. A list hands the field to none of its items.
            next.extend(value.get(name.as_str()));
        }
        Step::Wildcard => match value {
            Value::Array(items) => next.extend(items),
            Value::Object(object) => {
                let mut keys: Vec<&String> = object.keys().collect();
                keys.sort();
                next.extend(keys.into_iter().map(|key| &object[key]));
            }
            _ => {}
        },
        Step::Recursive => descend(value, next),
        Step::Slice { start, end, step, is_index } => {
            let Value::Array(items) = value else {
                if value.is_null() {
                    return Ok(());
                }
                return Err(format!("{} is not array or slice", go_type(value)));
            };
            slice(items, *start, *end, *step, *is_index, next)?;
        }
        Step::Union(paths) => {
            for path in paths {
                next.extend(walk(path, vec![value])?);
            }
        }
        Step::Filter { left, operator, right } => {
            let Value::Array(items) = value else {
                return Err(format!("{} is not array or slice and cannot be filtered", go_syntax(value)));
            };
            for item in items {
                if matches(left, *operator, right.as_ref(), item)? {
                    next.push(item);
                }
            }
        }
        Step::Literal(_) => {}
        Step::Unknown(word) => return Err(format!("unrecognized identifier {word}")),
    }
    Ok(())
}

fn descend<'v>(value: &'v Value, next: &mut Vec<&'v Value>) {
    let children: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort();
            keys.into_iter().map(|key| &object[key]).collect()
        }
        _ => return,
    };
    next.push(value);
    children.into_iter().for_each(|child| descend(child, next));
}

fn slice<'v>(
    items: &'v [Value],
    start: Option<i64>,
    end: Option<i64>,
    step: Option<i64>,
    is_index: bool,
    next: &mut Vec<&'v Value>,
) -> Result<(), String> {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let wrap = |index: i64| if index < 0 { index + length } else { index };
    let from = wrap(start.unwrap_or(0));
    let to = if is_index { from + 1 } else { end.map_or(length, |end| if end < 0 { end + length } else { end.min(length) }) };
    let out_of_bounds = |index: i64| format!("array index out of bounds: index {index}, length {length}");
    if is_index {
        if from < 0 || from >= length {
            return Err(out_of_bounds(from));
        }
        next.extend(items.get(usize::try_from(from).unwrap_or(usize::MAX)));
        return Ok(());
    }
    let stride = step.unwrap_or(1);
    if from < 0 || from >= length || to < 0 {
        return if length == 0 || from == to { Ok(()) } else { Err(out_of_bounds(if to < 0 { to } else { from })) };
    }
    if from > to {
        return Err(format!("starting index {from} is greater than ending index {to}"));
    }
    if stride <= 0 {
        return Err("step must be > 0".to_owned());
    }
    let range = usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0);
    next.extend(items[range].iter().step_by(usize::try_from(stride).unwrap_or(1)));
    Ok(())
}

fn matches(left: &Operand, operator: Option<&str>, right: Option<&Operand>, item: &Value) -> Result<bool, String> {
    let resolve = |operand: &Operand| -> Result<Option<Value>, String> {
        match operand {
            Operand::Literal(value) => Ok(Some(value.clone())),
            Operand::Path(steps) => {
                let found = walk(steps, vec![item])?;
                if found.len() > 1 {
                    return Err("can only compare one element at a time".to_owned());
                }
                Ok(found.first().map(|value| (*value).clone()))
            }
        }
    };
    let Some(left) = resolve(left)? else { return Ok(false) };
    let (Some(operator), Some(right)) = (operator, right) else { return Ok(true) };
    let Some(right) = resolve(right)? else { return Ok(false) };
    let order = match (&left, &right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64().zip(right.as_f64()).and_then(|(left, right)| left.partial_cmp(&right)),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        _ => return Err("incompatible types for comparison".to_owned()),
    };
    Ok(match operator {
        "==" => order.is_some_and(std::cmp::Ordering::is_eq),
        "!=" => order.is_none_or(std::cmp::Ordering::is_ne),
        "<" => order.is_some_and(std::cmp::Ordering::is_lt),
        "<=" => order.is_some_and(std::cmp::Ordering::is_le),
        ">" => order.is_some_and(std::cmp::Ordering::is_gt),
        _ => order.is_some_and(std::cmp::Ordering::is_ge),
    })
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "map[string]interface {}",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(_) => "int64",
        Value::Array(_) => "[]interface {}",
        Value::Null => "nil",
    }
}

/// The value as Go's `%#v` prints it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => format!("[]interface {{}}{{{}}}", items.iter().map(go_syntax).collect::<Vec<_>>().join(", ")),
        Value::Object(object) => {
            let mut entries: Vec<String> = object.iter().map(|(key, value)| format!("{key:?}:{}", go_syntax(value))).collect();
            entries.sort();
            format!("map[string]interface {{}}{{{}}}", entries.join(", "))
        }
    }
}

struct Parser {
    characters: Vec<char>,
    at: usize,
}

impl Parser {
    /// Parts up to the end, or up to `{end}` inside a range; whether `{end}` was met.
    fn parts(&mut self, in_range: bool) -> Result<(Vec<Part>, bool), String> {
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
                let (body, ended) = self.parts(true)?;
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
        let _ = in_range;
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Value {
        json!({
            "kind": "List",
            "items": [
                {"metadata": {"name": "a", "labels": {"x.y/z": "1"}}, "status": {"phase": "Running", "n": 1, "addresses": [{"type": "A", "address": "1.1"}, {"type": "B", "address": "2.2"}]}},
                {"metadata": {"name": "b"}, "status": {"phase": "Pending", "n": 2, "addresses": []}},
            ],
        })
    }

    #[track_caller]
    fn check(template: &str, text: &str) {
        let parsed = Template::parse(template).unwrap_or_else(|error| panic!("{template}: {error}"));
        assert_eq!(parsed.render(&sample()).unwrap_or_else(|error| panic!("{template}: {error}")), text, "for {template}");
    }

    #[test]
    fn templates_print_what_kubectl_prints() {
        check("{.kind}", "List");
        check("{.items[*].metadata.name}", "a b");
        check("{range .items[*]}{.metadata.name}{\"\\t\"}{.status.phase}{\"\\n\"}{end}", "a\tRunning\nb\tPending\n");
        check("{.items[0].metadata.labels.x\\.y/z}", "1");
        check("{.items[0].metadata.labels['x\\.y/z']}", "1");
        check("{.items[?(@.status.phase==\"Running\")].metadata.name}", "a");
        check("{.items[?(@.status.n>1)].metadata.name}", "b");
        check("{.items[0].status.addresses[?(@.type=='B')].address}", "2.2");
        check("{.items[-1].metadata.name}", "b");
        check("{.items[0:1].metadata.name}", "a");
        check("{..name}", "a b");
        check("{.items[*]['metadata.name','status.n']}", "a 1 b 2");
        check("{.items[*].status['phase','n']}", "Running 1 Pending 2");
        check("{.items[0].metadata}", "{\"labels\":{\"x.y/z\":\"1\"},\"name\":\"a\"}");
        check("{$.kind} and {.missing.x}!", "List and !");
        check("{.items[1].status.addresses}", "[]");
    }

    #[test]
    fn an_index_past_the_end_explains_itself() {
        let error = Template::parse("{.items[0].x}").expect("well formed").render(&json!({"items": []})).expect_err("empty");
        assert_eq!(
            error,
            "error executing jsonpath \"{.items[0].x}\": Error executing template: array index out of bounds: index 0, length 0. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{.items[0].x}\n\tobject given to jsonpath engine was:\n\t\tmap[string]interface {}{\"items\":[]interface {}{}}\n\n"
        );
    }

    #[test]
    fn broken_templates_are_refused() {
        assert_eq!(Template::parse("{.a"), Err("unclosed action".to_owned()));
        assert_eq!(Template::parse("{.a[}"), Err("unterminated array".to_owned()));
        assert_eq!(Template::parse("{end}"), Err("not in range, nothing to end".to_owned()));
        assert_eq!(Template::parse("{.a[\"x\"]}"), Err("invalid array index \"x\"".to_owned()));
        assert_eq!(Template::parse("{.a[?(@.x==1]}"), Err("unterminated filter".to_owned()));
        assert!(Template::parse_relaxed("{.a}{.b}").is_err());
        assert_eq!(Template::parse_relaxed("kind").expect("well formed").render(&sample()).as_deref(), Ok("List"));
    }
}
