//! JSON values to YAML text, byte for byte as `kubectl -o yaml` prints them: sorted keys, sequences level with their key, go-yaml's quoting and folding.
//!
//! Source: measured against `kubectl annotate --local -o yaml` (1.32, 1.33).

use serde_json::Value;

use super::resolve::{Plain, resolve};
use super::scanner::{is_blank, is_break};

/// Blanks after this column become line ends.
const WIDTH: usize = 80;

/// The text of `value`, ending in a newline.
pub(crate) fn to_yaml(value: &Value) -> String {
    let mut emitter = Emitter { text: String::new(), column: 0 };
    emitter.node(value, 0, Place::Top);
    // Also behind a block that ends with an empty line: that line's own end is still to come.
    emitter.text.push('\n');
    emitter.text
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    /// After `key:`.
    Value,
    /// After `- `.
    Item,
}

struct Emitter {
    text: String,
    column: usize,
}

impl Emitter {
    /// Writes `value`; `indent` is the column of the collection that holds it.
    fn node(&mut self, value: &Value, indent: usize, place: Place) {
        match value {
            Value::Object(object) if object.is_empty() => self.word("{}", place),
            Value::Array(items) if items.is_empty() => self.word("[]", place),
            Value::Object(object) => {
                let mut keys: Vec<&String> = object.keys().collect();
                sort_naturally(&mut keys);
                let column = match place {
                    Place::Top => 0,
                    Place::Value | Place::Item => indent + 2,
                };
                for (index, key) in keys.into_iter().enumerate() {
                    match place {
                        Place::Item if index == 0 => self.put(' '),
                        Place::Top if index == 0 => {}
                        _ => self.line(column),
                    }
                    self.scalar(key, column, true);
                    self.put(':');
                    self.node(&object[key], column, Place::Value);
                }
            }
            Value::Array(items) => {
                let column = if place == Place::Item { indent + 2 } else { indent };
                for (index, item) in items.iter().enumerate() {
                    match place {
                        Place::Item if index == 0 => self.put(' '),
                        Place::Top if index == 0 => {}
                        _ => self.line(column),
                    }
                    self.put('-');
                    self.node(item, column, Place::Item);
                }
            }
            Value::Null => self.word("null", place),
            Value::Bool(bool) => self.word(&bool.to_string(), place),
            Value::Number(number) => self.word(&number.to_string(), place),
            Value::String(text) => {
                if place != Place::Top {
                    self.put(' ');
                }
                let indent = if place == Place::Top { 0 } else { indent };
                self.scalar(text, indent, false);
            }
        }
    }

    fn word(&mut self, word: &str, place: Place) {
        if place != Place::Top {
            self.put(' ');
        }
        word.chars().for_each(|c| self.put(c));
    }

    /// Writes a string; continuation lines stand two columns inside `indent`.
    fn scalar(&mut self, text: &str, indent: usize, is_key: bool) {
        let shape = Shape::of(text);
        let has_break = text.contains('\n');
        let style = if has_break && !is_key && shape.block_allowed {
            Style::Literal
        } else if has_break || !matches!(resolve(text), Plain::Text) || is_base_60_float(text) || text == "<<" {
            Style::Double
        } else if shape.plain_allowed {
            Style::Plain
        } else if shape.single_allowed {
            Style::Single
        } else {
            Style::Double
        };
        match style {
            Style::Plain => self.plain(text, indent + 2, !is_key),
            Style::Single => self.single(text, indent + 2, !is_key),
            Style::Double => self.double(text, indent + 2, !is_key),
            Style::Literal => self.literal(text, indent + 2),
        }
    }

    fn plain(&mut self, text: &str, indent: usize, may_fold: bool) {
        let characters: Vec<char> = text.chars().collect();
        let mut after_space = false;
        for (index, c) in characters.iter().enumerate() {
            if *c == ' ' {
                if may_fold && !after_space && self.column > WIDTH && characters.get(index + 1) != Some(&' ') {
                    self.line(indent);
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else {
                self.put(*c);
                after_space = false;
            }
        }
    }

    fn single(&mut self, text: &str, indent: usize, may_fold: bool) {
        self.put('\'');
        let characters: Vec<char> = text.chars().collect();
        let mut after_space = false;
        for (index, c) in characters.iter().enumerate() {
            if *c == ' ' {
                let is_inner = index > 0 && index + 1 < characters.len();
                if may_fold && !after_space && self.column > WIDTH && is_inner && characters[index + 1] != ' ' {
                    self.line(indent);
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else {
                if *c == '\'' {
                    self.put('\'');
                }
                self.put(*c);
                after_space = false;
            }
        }
        self.put('\'');
    }

    fn double(&mut self, text: &str, indent: usize, may_fold: bool) {
        self.put('"');
        let characters: Vec<char> = text.chars().collect();
        let mut after_space = false;
        for (index, c) in characters.iter().enumerate() {
            if !is_printable(*c) || is_break(*c) || matches!(c, '"' | '\\') {
                escape(*c).chars().for_each(|c| self.put(c));
                after_space = false;
            } else if *c == ' ' {
                if may_fold && !after_space && self.column > WIDTH && index > 0 && index + 1 < characters.len() {
                    self.line(indent);
                    if characters[index + 1] == ' ' {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else {
                self.put(*c);
                after_space = false;
            }
        }
        self.put('"');
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.put('|');
        if text.starts_with([' ', '\n']) {
            self.put('2');
        }
        if !text.ends_with('\n') {
            self.put('-');
        } else if text == "\n" || text.ends_with("\n\n") {
            self.put('+');
        }
        let lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        for line in lines {
            if line.is_empty() {
                self.text.push('\n');
                self.column = 0;
            } else {
                self.line(indent);
                line.chars().for_each(|c| self.put(c));
            }
        }
        // A kept empty line at the end is already there; what follows starts its own.
    }

    fn put(&mut self, c: char) {
        self.text.push(c);
        self.column += 1;
    }

    fn line(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }
}

enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// Which styles can carry a text.
struct Shape {
    plain_allowed: bool,
    single_allowed: bool,
    block_allowed: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let (Some(first), Some(last)) = (characters.first(), characters.last()) else {
            return Self { plain_allowed: false, single_allowed: true, block_allowed: false };
        };
        let mut has_indicator = text.starts_with("---") || text.starts_with("...");
        let mut has_special = false;
        let mut break_space = false;
        let mut space_break = false;
        for (index, c) in characters.iter().enumerate() {
            let next = characters.get(index + 1);
            let blank_follows = next.is_none_or(|next| is_blank(*next) || is_break(*next));
            let previous = index.checked_sub(1).map(|index| characters[index]);
            has_indicator |= match c {
                '#' => previous.is_none_or(|previous| is_blank(previous) || is_break(previous)),
                ':' => blank_follows,
                '?' | '-' => index == 0 && blank_follows,
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => index == 0,
                _ => false,
            };
            has_special |= !is_printable(*c);
            break_space |= *c == ' ' && previous.is_some_and(is_break);
            space_break |= is_break(*c) && previous == Some(' ');
        }
        let is_edge_blank = |c: &char| *c == ' ' || is_break(*c);
        let has_break = text.contains(is_break);
        Self {
            plain_allowed: !(has_indicator || has_special || has_break || is_edge_blank(first) || is_edge_blank(last)),
            single_allowed: !(has_special || break_space || space_break),
            block_allowed: !(has_special || space_break || *last == ' '),
        }
    }
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}') && c != '\u{FEFF}'
}

fn escape(c: char) -> String {
    match c {
        '\0' => "\\0".to_owned(),
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\u{B}' => "\\v".to_owned(),
        '\u{C}' => "\\f".to_owned(),
        '\r' => "\\r".to_owned(),
        '\u{1B}' => "\\e".to_owned(),
        '"' | '\\' => format!("\\{c}"),
        '\u{85}' => "\\N".to_owned(),
        '\u{A0}' => "\\_".to_owned(),
        '\u{2028}' => "\\L".to_owned(),
        '\u{2029}' => "\\P".to_owned(),
        c => match u32::from(c) {
            code @ ..=0xFF => format!("\\x{code:02X}"),
            code @ ..=0xFFFF => format!("\\u{code:04X}"),
            code => format!("\\U{code:08X}"),
        },
    }
}

/// `1:30` and its like, which old readers take for numbers in base 60.
fn is_base_60_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = text.split(':');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let Some(head) = parts.next().filter(|head| head.starts_with(|c: char| c.is_ascii_digit()) && is_number(head)) else { return false };
    let rest: Vec<&str> = parts.collect();
    let Some((last, middle)) = rest.split_last() else { return false };
    let is_sixty = |part: &str| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    let (last, fraction) = last.split_once('.').unwrap_or((last, ""));
    !head.is_empty()
        && middle.iter().all(|part| is_sixty(part))
        && is_sixty(last)
        && fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// go-yaml's order of keys: letters by code, numbers by value. It is no total order, so the sort must not rely on one.
fn sort_naturally(keys: &mut [&String]) {
    for index in 1..keys.len() {
        let mut place = index;
        while place > 0 && is_before(keys[place], keys[place - 1]) {
            keys.swap(place, place - 1);
            place -= 1;
        }
    }
}

fn is_before(left: &str, right: &str) -> bool {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut in_digits = false;
    for index in 0..left.len().min(right.len()) {
        let (a, b) = (left[index], right[index]);
        if a == b {
            in_digits = a.is_numeric();
            continue;
        }
        match (a.is_alphabetic(), b.is_alphabetic()) {
            (true, true) => return a < b,
            (a_is_letter, b_is_letter) if a_is_letter || b_is_letter => return if in_digits { a_is_letter } else { b_is_letter },
            _ => {}
        }
        let follows_number = (a == '0' || b == '0') && left[..index].iter().rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
        let seed = u64::from(follows_number);
        let number = |characters: &[char]| {
            let digits: Vec<u32> = characters[index..].iter().map_while(|c| c.to_digit(10)).collect();
            let value = digits.iter().fold(seed, |value, digit| value.wrapping_mul(10).wrapping_add(u64::from(*digit)));
            (value, digits.len())
        };
        let (left_number, right_number) = (number(&left), number(&right));
        return if left_number == right_number { a < b } else { left_number < right_number };
    }
    left.len() < right.len()
}
