//! YAML as Python's `yaml.safe_dump(default_flow_style=False, allow_unicode=True)` writes it, which is what `az -o yaml` and the kubeconfig
//! of `az aks get-credentials` are (measured with PyYAML 6).

use serde_json::Value;

/// Lines are folded at a space after this column.
const COLUMNS_MAX: usize = 80;

/// The document of a value, keys sorted, with a line end.
pub(crate) fn text(value: &Value) -> String {
    let mut out = Emitter::default();
    match value {
        Value::Object(map) if !map.is_empty() => out.mapping(map, 0),
        Value::Array(items) if !items.is_empty() => out.sequence(items, 0),
        scalar => {
            let open_ended = out.scalar(scalar, 0);
            out.text.push('\n');
            if open_ended {
                out.text.push_str("...\n");
            }
        }
    }
    out.text
}

#[derive(Default)]
struct Emitter {
    text: String,
}

impl Emitter {
    fn mapping(&mut self, map: &serde_json::Map<String, Value>, indent: usize) {
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_by_key(|(key, _)| *key);
        for (index, (key, value)) in entries.into_iter().enumerate() {
            if index > 0 {
                self.indent(indent);
            }
            self.text.push_str(&simple_key(key));
            self.text.push(':');
            match value {
                Value::Object(map) if !map.is_empty() => {
                    self.text.push('\n');
                    self.indent(indent + 2);
                    self.mapping(map, indent + 2);
                }
                // A list under a key is not indented.
                Value::Array(items) if !items.is_empty() => {
                    self.text.push('\n');
                    self.indent(indent);
                    self.sequence(items, indent);
                }
                scalar => {
                    self.text.push(' ');
                    self.scalar(scalar, indent + 2);
                    self.text.push('\n');
                }
            }
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize) {
        for (index, value) in items.iter().enumerate() {
            if index > 0 {
                self.indent(indent);
            }
            self.text.push_str("- ");
            match value {
                Value::Object(map) if !map.is_empty() => self.mapping(map, indent + 2),
                Value::Array(items) if !items.is_empty() => self.sequence(items, indent + 2),
                scalar => {
                    self.scalar(scalar, indent + 2);
                    self.text.push('\n');
                }
            }
        }
    }

    fn indent(&mut self, indent: usize) {
        self.text.push_str(&" ".repeat(indent));
    }

    fn column(&self) -> usize {
        self.text.rsplit('\n').next().map_or(0, |line| line.chars().count())
    }

    /// Writes a plain value; whether it was written without quotes.
    fn scalar(&mut self, value: &Value, indent: usize) -> bool {
        let Value::String(text) = value else {
            self.text.push_str(&match value {
                Value::Null => "null".to_owned(),
                Value::Bool(truth) => truth.to_string(),
                Value::Number(number) => super::json::number(number),
                Value::Array(_) => "[]".to_owned(),
                _ => "{}".to_owned(),
            });
            return !matches!(value, Value::Array(_) | Value::Object(_));
        };
        match style_of(text) {
            Style::Plain => self.folded(text, "", indent),
            Style::Single => self.folded(&text.replace('\'', "''"), "'", indent),
            Style::Double => self.double(text, indent),
        }
        style_of(text) == Style::Plain
    }

    /// Words with single spaces between them may go to the next line once the line is long; line ends double.
    fn folded(&mut self, text: &str, quote: &str, indent: usize) {
        self.text.push_str(quote);
        let letters: Vec<char> = text.chars().collect();
        let mut index = 0;
        while index < letters.len() {
            let letter = letters[index];
            let run = letters[index..].iter().take_while(|next| **next == letter).count();
            if letter == ' ' {
                let inside = index > 0 && index + run < letters.len();
                // PyYAML folds where the column was exceeded before the space; in quotes only between other characters.
                if run == 1 && self.column() > COLUMNS_MAX && (quote.is_empty() || inside) {
                    self.text.push('\n');
                    self.indent(indent);
                } else {
                    self.text.push_str(&" ".repeat(run));
                }
                index += run;
            } else if letter == '\n' {
                self.text.push_str(&"\n".repeat(run + 1));
                self.indent(indent);
                index += run;
            } else {
                self.text.push(letter);
                index += 1;
            }
        }
        self.text.push_str(quote);
    }

    fn double(&mut self, text: &str, indent: usize) {
        self.text.push('"');
        let letters: Vec<char> = text.chars().collect();
        for (index, letter) in letters.iter().copied().enumerate() {
            let inside = index > 0 && index + 1 < letters.len();
            if letter == ' ' && inside && self.column() > COLUMNS_MAX {
                self.text.push_str("\\\n");
                self.indent(indent);
                // A space at the start of a continued line has to be told from its indentation.
                self.text.push_str("\\ ");
                continue;
            }
            match letter {
                '\0' => self.text.push_str("\\0"),
                '\u{7}' => self.text.push_str("\\a"),
                '\u{8}' => self.text.push_str("\\b"),
                '\t' => self.text.push_str("\\t"),
                '\n' => self.text.push_str("\\n"),
                '\u{b}' => self.text.push_str("\\v"),
                '\u{c}' => self.text.push_str("\\f"),
                '\r' => self.text.push_str("\\r"),
                '\u{1b}' => self.text.push_str("\\e"),
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\u{85}' => self.text.push_str("\\N"),
                '\u{a0}' => self.text.push('\u{a0}'),
                '\u{2028}' => self.text.push_str("\\L"),
                '\u{2029}' => self.text.push_str("\\P"),
                '\u{feff}' => self.text.push_str("\\uFEFF"),
                control if !is_printable(control) => {
                    let code = control as u32;
                    self.text.push_str(&if code <= 0xff { format!("\\x{code:02X}") } else { format!("\\u{code:04X}") });
                }
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
}

fn is_printable(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

fn simple_key(key: &str) -> String {
    let mut out = Emitter::default();
    match style_of(key) {
        Style::Plain => key.to_owned(),
        Style::Single if !key.contains('\n') => format!("'{}'", key.replace('\'', "''")),
        _ => {
            out.double(key, 0);
            out.text
        }
    }
}

/// Plain where a reader would read the same text back, else in single quotes, else in double ones.
fn style_of(text: &str) -> Style {
    let breaks = ['\n', '\u{85}', '\u{2028}', '\u{2029}'];
    let special = text.chars().any(|letter| !is_printable(letter));
    let space_beside_break = text.as_bytes().windows(2).any(|pair| matches!(pair, b" \n" | b"\n "));
    if special || space_beside_break || text.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        return Style::Double;
    }
    if text.is_empty()
        || text.contains(breaks)
        || text.starts_with(' ')
        || text.ends_with(' ')
        || has_indicator(text)
        || is_other_type(text)
    {
        return Style::Single;
    }
    Style::Plain
}

fn has_indicator(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let is_blank = |letter: Option<&char>| letter.is_none_or(|letter| matches!(letter, ' ' | '\t' | '\n' | '\r' | '\0'));
    let starts = match letters[0] {
        '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => true,
        '?' | ':' | '-' => is_blank(letters.get(1)),
        _ => false,
    };
    let inside = letters.iter().enumerate().skip(1).any(|(index, letter)| match letter {
        ':' => is_blank(letters.get(index + 1)),
        '#' => is_blank(letters.get(index - 1)),
        _ => false,
    });
    starts || inside || text.starts_with("---") || text.starts_with("...")
}

/// Text that YAML 1.1 would read as a truth value, a number, a time, null, `=` or `<<`.
fn is_other_type(text: &str) -> bool {
    const WORDS: [&str; 11] = ["", "~", "null", "yes", "no", "true", "false", "on", "off", "=", "<<"];
    let lower = text.to_ascii_lowercase();
    let cased = text == lower || text == text.to_ascii_uppercase() || (text[..1].to_ascii_uppercase() + &lower[1..]) == text;
    (cased && WORDS.contains(&lower.as_str())) || is_integer(text) || is_float(text) || is_time(text)
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn is_integer(text: &str) -> bool {
    let digits = unsigned(text);
    let all = |digits: &str, allowed: fn(char) -> bool| !digits.is_empty() && digits.chars().all(|digit| digit == '_' || allowed(digit));
    if let Some(binary) = digits.strip_prefix("0b") {
        return all(binary, |digit| matches!(digit, '0' | '1'));
    }
    if let Some(hexadecimal) = digits.strip_prefix("0x") {
        return all(hexadecimal, |digit| digit.is_ascii_hexdigit());
    }
    if digits == "0" {
        return true;
    }
    if let Some(octal) = digits.strip_prefix('0') {
        return all(octal, |digit| ('0'..='7').contains(&digit));
    }
    let mut parts = digits.split(':');
    let first = parts.next().unwrap_or_default();
    first.starts_with(|digit| ('1'..='9').contains(&digit)) && all(first, |digit| digit.is_ascii_digit()) && parts.all(is_sixtieth)
}

fn is_sixtieth(part: &str) -> bool {
    let digits = part.as_bytes();
    match digits {
        [digit] => digit.is_ascii_digit(),
        [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
        _ => false,
    }
}

fn is_float(text: &str) -> bool {
    let digits = unsigned(text);
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let Some((whole, fraction)) = digits.split_once('.') else { return false };
    let (fraction, exponent) = match fraction.find(['e', 'E']) {
        Some(at) => (&fraction[..at], Some(&fraction[at + 1..])),
        None => (fraction, None),
    };
    let digits_only = |text: &str| text.chars().all(|digit| digit.is_ascii_digit() || digit == '_');
    // PyYAML wants a sign in the exponent.
    let exponent_fits = exponent.is_none_or(|exponent| {
        exponent.strip_prefix(['-', '+']).is_some_and(|digits| !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit()))
    });
    let decimal = digits_only(fraction)
        && exponent_fits
        && digits_only(whole)
        && (whole.starts_with(|digit: char| digit.is_ascii_digit()) || (whole.is_empty() && !fraction.is_empty() && text == digits));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let sexagesimal = whole.contains(':')
        && first.starts_with(|digit: char| digit.is_ascii_digit())
        && digits_only(first)
        && parts.all(is_sixtieth)
        && digits_only(fraction);
    decimal || sexagesimal
}

/// `2026-01-01`, or a day with a time: YAML's timestamps.
fn is_time(text: &str) -> bool {
    let numbers = |text: &str, lengths: [std::ops::RangeInclusive<usize>; 3], by: char| {
        let parts: Vec<&str> = text.split(by).collect();
        parts.len() == 3
            && parts
                .iter()
                .zip(lengths)
                .all(|(part, length)| length.contains(&part.len()) && part.chars().all(|digit| digit.is_ascii_digit()))
    };
    if numbers(text, [4..=4, 2..=2, 2..=2], '-') {
        return true;
    }
    let Some(at) = text.find(['T', 't', ' ', '\t']) else { return false };
    let (day, time) = (&text[..at], text[at + 1..].trim_start_matches([' ', '\t']));
    let zone_at = time.find(['Z', '+', '-', ' ', '\t']).unwrap_or(time.len());
    let (clock, zone) = (&time[..zone_at], time[zone_at..].trim_start_matches([' ', '\t']));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let offset = |offset: &str| {
        offset.split(':').count() <= 2
            && offset.split(':').all(|part| (1..=2).contains(&part.len()) && part.chars().all(|digit| digit.is_ascii_digit()))
    };
    let zone_fits = zone.is_empty() || zone == "Z" || zone.strip_prefix(['+', '-']).is_some_and(offset);
    numbers(day, [4..=4, 1..=2, 1..=2], '-')
        && numbers(clock, [1..=2, 2..=2, 2..=2], ':')
        && fraction.chars().all(|digit| digit.is_ascii_digit())
        && zone_fits
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, expected: &str) {
        assert_eq!(text(value), expected);
    }

    #[test]
    fn text_is_quoted_where_it_would_be_read_as_something_else() {
        for quoted in [
            "2",
            "0x1F",
            "017",
            "true",
            "Yes",
            "NULL",
            "~",
            "1.5",
            "1e+3.",
            "2026-01-01",
            "12:30:45",
            "- a",
            "a: b",
            "a #b",
            "@x",
            "",
            " a",
            "=",
            "-1.5e+10",
        ] {
            let plain = matches!(quoted, "1e+3.");
            let expected = if plain { format!("k: {quoted}\n") } else { format!("k: '{quoted}'\n") };
            check(&json!({"k": quoted}), &expected);
        }
        for plain in ["a", "x y", "a:b", "a#b", "0x", "019", "1e3", "yEs", "-a", "ñ漢<&>\"q\"", "2026-1-1", "<guid>"] {
            check(&json!({"k": plain}), &format!("k: {plain}\n"));
        }
        check(&json!({"k": "it's: so"}), "k: 'it''s: so'\n");
        check(&json!({"k": "a\tb"}), "k: \"a\\tb\"\n");
        check(&json!({"k": "a\nb\n"}), "k: 'a\n\n  b\n\n  '\n");
    }

    #[test]
    fn nested_values_are_written_as_blocks() {
        let value = json!({"b": [{"x": 1, "a": null}, [1, 2], []], "a": {"c": {}, "d": false}});
        check(&value, "a:\n  c: {}\n  d: false\nb:\n- a: null\n  x: 1\n- - 1\n  - 2\n- []\n");
    }

    #[test]
    fn a_bare_value_ends_its_document() {
        check(&json!("rgErr"), "rgErr\n...\n");
        check(&json!("2"), "'2'\n");
        check(&json!(7), "7\n...\n");
        check(&json!([]), "[]\n");
    }

    #[test]
    fn long_text_is_folded_at_a_space() {
        let words = "word ".repeat(20).trim_end().to_owned();
        let first = "word ".repeat(16).trim_end().to_owned();
        check(&json!({"k": words}), &format!("k: {first}\n  word word word word\n"));
    }
}
