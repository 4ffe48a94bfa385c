//! What programs print where a value was to be filled in: `<your-host>`, `$ZONE`, `{{ .Values.zone }}`, `undefined`, `NaN`.
//!
//! These are gaps of an output; those that an author leaves in a document are in [`super::placeholder`].

use super::placeholder::is_placeholder;

/// The longest gap.
const GAP_BYTES_MAX: usize = 64;

/// Angle brackets that programs print on purpose: for empty cells, for places in code, for what they hide.
const PRINTED: [&str; 34] = [
    "none",
    "pending",
    "unknown",
    "nil",
    "null",
    "invalid",
    "unset",
    "empty",
    "module",
    "stdin",
    "string",
    "anonymous",
    "init",
    "clinit",
    "lambda",
    "main",
    "binary",
    "hidden",
    "sensitive",
    "redacted",
    "masked",
    "secret",
    "default",
    "root",
    "all",
    "any",
    "self",
    "auto",
    "computed",
    "set to the key",
    "set in config",
    "unlimited",
    "omitted",
    "known after apply",
];

/// How many bytes of a gap start here; 0 when none does.
pub(super) fn gap_bytes(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let next = bytes.get(1).copied().unwrap_or_default();
    let length = match bytes.first() {
        Some(b'<') if next.is_ascii_alphabetic() => closed(rest, ">").filter(|length| is_named(&rest[1..length - 1])),
        Some(b'$') if next == b'{' => closed(rest, "}"),
        Some(b'$') if next == b'(' => closed(rest, ")"),
        Some(b'$') if next.is_ascii_uppercase() || next == b'_' => Some(1 + capitals(&rest[1..])).filter(|length| *length > 2),
        Some(b'{') if next == b'{' => closed(rest, "}}").filter(|length| *length > 4),
        Some(b'{') if next.is_ascii_alphabetic() => closed(rest, "}").filter(|length| is_identifier(&rest[1..length - 1])),
        Some(b'%') if next.is_ascii_uppercase() => {
            Some(1 + capitals(&rest[1..])).filter(|end| *end > 2 && bytes.get(*end) == Some(&b'%')).map(|end| end + 1)
        }
        Some(b'%') if matches!(next, b's' | b'd' | b'v' | b'q') && !bytes.get(2).is_some_and(u8::is_ascii_alphanumeric) => Some(2),
        Some(b'%') if next == b'!' && bytes.get(3) == Some(&b'(') => closed(rest, ")"),
        Some(mark @ (b'_' | b'@')) if next == *mark || *mark == b'@' => framed(rest, if *mark == b'_' { "__" } else { "@" }),
        Some(b'[') => {
            let starts = |with: &str| rest.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
            (starts("[object ") || starts("[your")).then(|| closed(rest, "]")).flatten()
        }
        _ => None,
    };
    length.unwrap_or(0)
}

/// `<client-id>`, `<your region>`; no tag of a page, no mail address.
fn is_named(inner: &str) -> bool {
    let is_said = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '\'');
    inner == "no value"
        || inner.chars().all(is_said) && inner.split(' ').count() <= 5 && !PRINTED.iter().any(|printed| inner.eq_ignore_ascii_case(printed))
}

fn is_identifier(inner: &str) -> bool {
    inner.len() > 1 && inner.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_'))
}

/// The length up to and with the closing mark.
fn closed(rest: &str, mark: &str) -> Option<usize> {
    let head = &rest[..rest.floor_char_boundary(GAP_BYTES_MAX)];
    head.find(mark).map(|at| at + mark.len()).filter(|length| *length > mark.len() + 1)
}

/// `__HOST__`, `@HOST@`.
fn framed(rest: &str, frame: &str) -> Option<usize> {
    let inner = rest.strip_prefix(frame)?;
    let name = capitals(inner).checked_sub(if frame == "__" { 2 } else { 0 })?;
    (name > 1 && inner[name..].starts_with(frame)).then_some(name + 2 * frame.len())
}

/// How many bytes of a variable's name in capitals stand here.
fn capitals(rest: &str) -> usize {
    rest.bytes().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_').count()
}

/// The gaps in a text.
fn gaps(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let length = gap_bytes(&text[at..]);
            let start = at;
            at += if length > 0 { length } else { text[at..].chars().next().map_or(1, char::len_utf8) };
            if length > 0 {
                return Some(&text[start..at]);
            }
        }
        None
    })
}

/// Whether a text may have a gap; a cheap first look.
pub(super) fn may_be(text: &str) -> bool {
    const WORDS: [&str; 9] = ["nan", "inf", "null", "nil", "none", "undefined", "your", "change", "replace"];
    let has = |word: &&str| {
        text.len() >= word.len() && text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    text.bytes().any(|byte| matches!(byte, b'<' | b'$' | b'{' | b'%' | b'_' | b'@' | b'[' | b'#')) || WORDS.iter().any(has)
}

/// Whether a whole value is what programs print in place of one that they do not have.
pub(super) fn is_unfilled(value: &str) -> bool {
    let whole = |value: &str| gap_bytes(value) == value.len() && !value.is_empty();
    matches!(value, "NaN" | "undefined" | "[object Object]" | "<no value>" | "<nil>" | "<invalid reflect.Value>" | "%!v(MISSING)")
        || value.starts_with("{{") && whole(value)
        || value.starts_with("%!") && value.ends_with(')') && value.contains('(')
}

/// Whether an output has a gap, or the word for no value, where a document shows a value.
///
/// `known` says of a gap that the document shows it elsewhere.
pub(super) fn stands_for(shown: &str, printed: &str, known: impl Fn(&str) -> bool) -> bool {
    if shown.is_empty() || is_placeholder(shown) || gaps(shown).next().is_some() {
        return false;
    }
    gaps(printed).any(|gap| !shown.contains(gap) && !known(gap))
        || is_form(printed) && !is_form(shown)
        || is_number(shown) && is_no_number(shown, printed)
        || has_empty_part(shown, printed)
}

/// `YOUR_CLIENT_ID`, `your-bucket`, `changeme`.
fn is_form(word: &str) -> bool {
    let after = |prefix: &str| {
        word.match_indices(['y', 'Y', 'c', 'C', 'R', 'r']).any(|(at, _)| {
            let starts = at == 0 || !word.as_bytes()[at - 1].is_ascii_alphanumeric();
            starts && word.get(at..at + prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        })
    };
    !word.contains(char::is_whitespace)
        && ["your-", "your_", "changeme", "change-me", "change_me", "replace-me", "replace_me", "replaceme"].iter().any(|form| after(form))
}

/// Whether a value is a number, with a unit or without.
pub(super) fn is_number(value: &str) -> bool {
    let value = value.trim_start_matches(['-', '+', '$', '€', '£', '~', '≈']);
    let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ','))).unwrap_or(value.len());
    let unit = value[end..].trim_start();
    value.starts_with(|c: char| c.is_ascii_digit())
        && unit.len() <= 8
        && unit.chars().all(|c| c.is_alphabetic() || matches!(c, '%' | '/' | '°' | 'µ'))
}

/// Whether a value says that there is no number where one stands.
fn is_no_number(shown: &str, printed: &str) -> bool {
    const NONE: [&str; 9] = ["nan", "inf", "infinity", "undefined", "null", "nil", "#div/0!", "#value!", "#n/a"];
    let unit = shown.trim_start_matches(|c: char| !c.is_alphabetic() && c != '%');
    let own = printed.trim_start_matches(['-', '+']);
    let own = own.strip_suffix(unit).unwrap_or(own).trim();
    own == "None" || NONE.iter().any(|none| own.eq_ignore_ascii_case(none))
}

/// Whether a part of a word is the word for no value, where the other has something: `null.azurecr.io`, `http://None:8080/`.
fn has_empty_part(shown: &str, printed: &str) -> bool {
    const EMPTY: [&str; 4] = ["null", "None", "undefined", "NaN"];
    let is_mark = |c: char| !c.is_alphanumeric();
    let has = |word: &str, empty: &str| word.split(is_mark).any(|part| part == empty);
    let is_joined = !printed.contains(char::is_whitespace) && printed.contains(['/', '.', ':', '@', '-', '_', '=']);
    is_joined && !printed.contains("/dev/") && EMPTY.iter().any(|empty| has(printed, empty) && !has(shown, empty))
        || matches!(printed.trim_end_matches(['.', ',', '!']), "undefined" | "[object Object]")
}

#[cfg(test)]
mod tests {
    use super::{gap_bytes, stands_for};

    #[track_caller]
    fn check(pairs: &[(&str, &str)], expected: bool) {
        for (shown, printed) in pairs {
            assert_eq!(stands_for(shown, printed, |_| false), expected, "{shown} / {printed}");
        }
    }

    #[test]
    fn what_nobody_filled_in_is_no_value() {
        check(
            &[
                ("20.62.201.77", "<external-ip>"),
                ("db.example.com", "${DB_SERVER}.example.com"),
                ("10.0.0.1", "$(gateway)"),
                ("tcp:sql.database.windows.net", "tcp:%SQL_SERVER%.database.windows.net"),
                ("eastus", "$LOCATION"),
                ("3 pods", "{{ .Count }} pods"),
                ("shop-assets", "YOUR-BUCKET-NAME"),
                ("shop-assets", "s3://your-bucket"),
                ("tenants/7f3a", "tenants/{tenant-id}"),
                ("98.2", "NaN"),
                ("12ms", "NaNms"),
                ("0.88", "nan"),
                ("1204.5", "inf"),
                ("14.20", "None"),
                ("shop.azurecr.io", "null.azurecr.io"),
                ("http://10.0.0.4:80", "http://undefined:80"),
                ("Dana", "undefined"),
            ],
            true,
        );
    }

    #[test]
    fn what_is_hidden_empty_or_shown_so_is_no_gap() {
        check(
            &[
                ("20.62.201.77", "<pending>"),
                ("s3cr3t", "***"),
                ("s3cr3t", "<redacted>"),
                ("<name>", "$NAME"),
                ("echo $HOME", "echo $HOME"),
                ("dana", "nan"),
                ("Dana", "Inf"),
                ("a", "b@example.com"),
                ("Ana <ana@example.com>", "Eva <eva@example.com>"),
                ("12%", "97%"),
                ("100", "{}"),
                ("/dev/sda", "/dev/null"),
                ("myaccount", "nonegroup"),
            ],
            false,
        );
        assert!(!stands_for("web", "<zone>", |gap| gap == "<zone>"));
    }

    #[test]
    fn gaps_end_where_their_marks_do() {
        for (text, length) in [("$ZONE/x", 5), ("<your zone> is", 11), ("__ZONE__.x", 8), ("__init__", 0), ("%s.", 2), ("%CPU  %MEM", 0)] {
            assert_eq!(gap_bytes(text), length, "{text}");
        }
    }
}
