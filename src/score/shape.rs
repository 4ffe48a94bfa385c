//! What a word looks like: an id, a time, an address, a name that somebody chose, or a word of a language.

use super::place::is_region;
use super::placeholder::is_placeholder;

/// What a word looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// Nothing, or only punctuation.
    Nothing,
    /// A gap that the author left: `<name>`, `$NAME`, `xxxx`, `...`, `1.27.x`, `REDACTED`.
    Placeholder,
    /// `aaaabbbb-0000-cccc-1111-dddd2222eeee`, also with letters that are not hexadecimal.
    Guid,
    /// A date, a time of day, the name of a month or a weekday.
    Time,
    /// An IP address or network, with or without a port.
    Address,
    /// Six pairs of hexadecimal digits.
    Mac,
    /// Two or more numbers joined by dots, and what may follow.
    Version,
    /// `3m56s`, `25s`, `22h`.
    Duration,
    /// `1510Mi`, `6495k`, `20GB`.
    Size,
    /// Digits, with sign, separators or a per cent sign.
    Number,
    /// A digest, a key, a token.
    Hash,
    /// Anything with `://`.
    Url,
    /// A resource id of Azure Resource Manager.
    ArmId,
    /// A file's path.
    Path,
    /// A mail address.
    Mail,
    /// A DNS name of three or more labels.
    Host,
    /// An identifier that somebody chose: it has a digit, an underscore, or starts with `my`.
    Name,
    /// A word of a language, or a constant.
    Word,
}

impl Shape {
    /// Whether two values of this shape are as good as each other.
    pub(super) fn is_volatile(self) -> bool {
        !matches!(self, Self::Nothing | Self::Name | Self::Word | Self::Number)
    }
}

const DIGIT: u8 = 1;
const LETTER: u8 = 2;
const HEXADECIMAL: u8 = 4;

/// What each byte may be part of. Bytes beyond ASCII are letters, as most of them are.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let own = byte as u8;
        let mut class = 0;
        if own.is_ascii_digit() {
            class |= DIGIT | HEXADECIMAL;
        }
        if own.is_ascii_alphabetic() || own >= 0x80 {
            class |= LETTER;
        }
        if own.is_ascii_hexdigit() {
            class |= HEXADECIMAL;
        }
        classes[byte] = class;
        byte += 1;
    }
    classes
};

/// How many bytes of each class a word has.
struct Counts {
    digits: usize,
    letters: usize,
    hexadecimal: usize,
    marks: usize,
    dots: usize,
}

impl Counts {
    fn of(bytes: &[u8]) -> Self {
        let mut counts = Self { digits: 0, letters: 0, hexadecimal: 0, marks: 0, dots: 0 };
        for byte in bytes {
            let class = CLASSES[usize::from(*byte)];
            counts.digits += usize::from(class & DIGIT != 0);
            counts.letters += usize::from(class & LETTER != 0);
            counts.hexadecimal += usize::from(class & HEXADECIMAL != 0);
            counts.marks += usize::from(class & (DIGIT | LETTER) == 0);
            counts.dots += usize::from(*byte == b'.');
        }
        counts
    }
}

/// What a word looks like. The word has no white space in it.
pub(super) fn shape(word: &str) -> Shape {
    if is_guid(word.as_bytes()) {
        return Shape::Guid;
    }
    if is_placeholder(word) {
        return Shape::Placeholder;
    }
    let word = without_punctuation(word);
    let bytes = word.as_bytes();
    let counts = Counts::of(bytes);
    let length = bytes.len();
    if !word.is_ascii() && is_written_date(word) {
        return Shape::Time;
    }
    if counts.letters + counts.digits == 0 {
        return Shape::Nothing;
    }
    if counts.letters == length {
        return if is_calendar(word) {
            Shape::Time
        } else if matches!(bytes, [b'k' | b'K' | b'M' | b'G' | b'T', b'B'] | [b'K' | b'M' | b'G' | b'T', b'i', b'B']) {
            Shape::Size
        } else if counts.letters == counts.hexadecimal && length >= 32 || length >= 48 {
            Shape::Hash
        } else if is_chosen(word) {
            Shape::Name
        } else {
            Shape::Word
        };
    }
    if is_guid(bytes) {
        return Shape::Guid;
    }
    if counts.marks >= 3 && word.contains("://") {
        // `api://AzureADTokenExchange` is a constant that issuers and verifiers compare letter by letter, and no address.
        return if word.starts_with("api://") && counts.digits == 0 { Shape::Word } else { Shape::Url };
    }
    if bytes.len() >= 15 && bytes[..15].eq_ignore_ascii_case(b"/subscriptions/") {
        return Shape::ArmId;
    }
    let drive = bytes.len() > 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'\\';
    if drive || matches!(bytes, [b'/' | b'~', ..] | [b'.', b'/', ..] | [b'.', b'.', b'/', ..]) {
        return Shape::Path;
    }
    if counts.marks > 0 && bytes.contains(&b'@') {
        let whole = counts.marks == 1 && counts.letters > 0 || counts.dots > 0 && bytes[0] != b'@';
        if whole {
            return Shape::Mail;
        }
    }
    if counts.digits > 0
        && let Some(found) = with_digits(word, &counts)
    {
        return found;
    }
    if counts.dots >= 2
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'))
        && word.split('.').all(|label| !label.is_empty())
    {
        // Labels of hosts have 63 characters at most; those of tokens have more.
        return if word.split('.').any(|label| label.len() > 63) || word.starts_with("eyJ") { Shape::Hash } else { Shape::Host };
    }
    if counts.digits > 0 || bytes.contains(&b'_') || is_chosen(word) { Shape::Name } else { Shape::Word }
}

/// A word without the quotes, brackets and stops around it.
fn without_punctuation(word: &str) -> &str {
    let bytes = word.as_bytes();
    let plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    if plain(bytes.first()) && plain(bytes.last()) {
        return word;
    }
    let around = |c: char| matches!(c, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '!' | '?');
    word.trim_matches(around).trim_end_matches(['.', ':'])
}

/// Names of months, weekdays and time zones, as clients of several languages write them.
fn is_calendar(word: &str) -> bool {
    const SHORT: [&str; 24] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov",
        "dec", "utc", "gmt", "cet", "pst", "cest",
    ];
    const LONG: [&str; 19] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "sept",
    ];
    let bytes = word.as_bytes();
    if is_foreign_calendar(word) {
        return true;
    }
    if !(3..=9).contains(&bytes.len())
        || !matches!(bytes[0] | 0x20, b'm' | b't' | b'w' | b'f' | b's' | b'j' | b'a' | b'o' | b'n' | b'd' | b'u' | b'g' | b'c' | b'p')
    {
        return false;
    }
    bytes.len() <= 4 && SHORT.iter().any(|name| word.eq_ignore_ascii_case(name)) || LONG.iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// Months and weekdays of other languages, but for those that mean something else in English.
fn is_foreign_calendar(word: &str) -> bool {
    let mut lower = [0; 12];
    let Some(lower) = lower.get_mut(..word.len()).filter(|lower| lower.len() >= 3) else {
        // `date` in German.
        return matches!(word, "Mo" | "Di" | "Mi" | "Fr" | "Sa");
    };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    matches!(
        &*lower,
        b"lun"
            | b"jue"
            | b"vie"
            | b"ene"
            | b"abr"
            | b"dic"
            | b"lunes"
            | b"martes"
            | b"jueves"
            | b"viernes"
            | b"domingo"
            | b"enero"
            | b"febrero"
            | b"marzo"
            | b"abril"
            | b"mayo"
            | b"junio"
            | b"julio"
            | b"agosto"
            | b"septiembre"
            | b"octubre"
            | b"noviembre"
            | b"diciembre"
            | b"januar"
            | b"februar"
            | b"mai"
            | b"juni"
            | b"juli"
            | b"okt"
            | b"oktober"
            | b"dez"
            | b"dezember"
            | b"montag"
            | b"dienstag"
            | b"mittwoch"
            | b"donnerstag"
            | b"freitag"
            | b"samstag"
            | b"sonntag"
            | b"janv"
            | b"janvier"
            | b"avr"
            | b"avril"
            | b"juin"
            | b"juil"
            | b"juillet"
            | b"septembre"
            | b"octobre"
            | b"novembre"
            | b"lundi"
            | b"mardi"
            | b"mercredi"
            | b"jeudi"
            | b"vendredi"
            | b"samedi"
            | b"dimanche"
            | b"jeu"
            | b"gennaio"
            | b"febbraio"
            | b"aprile"
            | b"maggio"
            | b"giugno"
            | b"luglio"
            | b"settembre"
            | b"ottobre"
            | b"dicembre"
            | b"gio"
            | b"giu"
            | b"lug"
            | b"ott"
            | b"janeiro"
            | b"fevereiro"
            | b"maio"
            | b"junho"
            | b"julho"
            | b"setembro"
            | b"outubro"
            | b"novembro"
            | b"dezembro"
    )
}

/// A date in words that ASCII does not have: `2026年1月5日`, `月曜日`, `mié`, `März`.
fn is_written_date(word: &str) -> bool {
    const NAMES: [&str; 24] = [
        "mié",
        "miércoles",
        "sáb",
        "sábado",
        "mär",
        "märz",
        "févr",
        "février",
        "août",
        "déc",
        "décembre",
        "março",
        "يناير",
        "فبراير",
        "مارس",
        "أبريل",
        "مايو",
        "يونيو",
        "يوليو",
        "أغسطس",
        "سبتمبر",
        "أكتوبر",
        "نوفمبر",
        "ديسمبر",
    ];
    const MARKS: &str = "年月日時分秒曜时";
    const BESIDE: &str = "火水木金土星期一二三四五六周週上下午前後";
    let mut marked = false;
    let written = word.chars().all(|c| {
        let is_mark = MARKS.contains(c);
        marked |= is_mark;
        is_mark || c.is_ascii_digit() || BESIDE.contains(c)
    });
    written && marked || word.len() <= 20 && NAMES.contains(&word.to_lowercase().as_str())
}

/// `myCluster`, `MyGroup`, `testVm`: what tutorials call things, and `westeurope`, where they put them.
fn is_chosen(word: &str) -> bool {
    let start = match word.as_bytes() {
        [b'm' | b'M', b'y', ..] => 2,
        [b'y' | b'Y', b'o', b'u', b'r', ..] | [b't', b'e', b's', b't', ..] | [b'd', b'e', b'm', b'o', ..] => 4,
        [b's', b'a', b'm', b'p', b'l', b'e', ..] => 6,
        _ => return is_region(word),
    };
    matches!(word.as_bytes().get(start), Some(b'A'..=b'Z' | b'-' | b'_')) || is_region(word)
}

fn is_guid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_alphanumeric() })
}

fn with_digits(word: &str, counts: &Counts) -> Option<Shape> {
    let bytes = word.as_bytes();
    let Counts { digits, letters, hexadecimal, marks, dots } = *counts;
    if letters == 0 {
        if dots == 3 && bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b':' | b'/')) {
            return Some(Shape::Address);
        }
        if marks > 0 && (is_clock(bytes) || is_date(bytes)) {
            return Some(Shape::Time);
        }
        if bytes[0].is_ascii_digit() && dots >= 2 {
            return Some(Shape::Version);
        }
        return Some(Shape::Number);
    }
    if marks >= 2 && (is_date(bytes) || is_clock(bytes) && letters <= 2) {
        return Some(Shape::Time);
    }
    if bytes.len() == 17
        && hexadecimal == 12
        && bytes.split(|byte| matches!(byte, b':' | b'-')).count() == 6
        && bytes.split(|byte| matches!(byte, b':' | b'-')).all(|pair| pair.len() == 2)
    {
        return Some(Shape::Mac);
    }
    if marks >= 2 && digits + letters == hexadecimal && !bytes.contains(&b'-') && bytes.iter().filter(|byte| **byte == b':').count() >= 2 {
        return Some(Shape::Address);
    }
    if bytes[0].is_ascii_digit() {
        if is_quantity(bytes, is_time_unit) {
            return Some(Shape::Duration);
        }
        if is_quantity(bytes, is_size_unit) {
            return Some(Shape::Size);
        }
    }
    let numbered = word.strip_prefix(['v', 'V']).unwrap_or(word);
    if dots > 0
        && numbered.starts_with(|c: char| c.is_ascii_digit())
        && numbered
            .split(['-', '+', '~'])
            .next()
            .is_some_and(|head| head.contains('.') && head.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    {
        return Some(Shape::Version);
    }
    let plain = marks == 0 || bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_'));
    if plain && (digits + letters == hexadecimal && bytes.len() >= 7 && marks == 0 || bytes.len() >= 24) || bytes.starts_with(b"sha256:") {
        return Some(Shape::Hash);
    }
    if bytes.len() >= 60 && !bytes.iter().any(|byte| matches!(byte, b'.' | b'/' | b' ')) {
        return Some(Shape::Hash);
    }
    None
}

/// `10:35`, `10:35:09.795`, `--:--:--`.
fn is_clock(bytes: &[u8]) -> bool {
    bytes.len() >= 5
        && bytes[0].is_ascii_digit()
        && bytes.iter().position(|b| *b == b':').is_some_and(|at| at <= 2 && bytes.get(at + 1).is_some_and(u8::is_ascii_digit))
        && bytes.iter().filter(|b| **b == b':').count() == 2
        && bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b',' | b'Z' | b'+'))
}

/// `2024-11-07`, `2024/11/07`, `2023-09-18T12:25:55.208000+00:00`.
fn is_date(bytes: &[u8]) -> bool {
    bytes.len() >= 10
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && matches!(bytes[4], b'-' | b'/')
        && bytes[5..7].iter().all(u8::is_ascii_digit)
        && bytes[7] == bytes[4]
        && bytes[8..10].iter().all(u8::is_ascii_digit)
}

fn is_time_unit(unit: &[u8]) -> bool {
    matches!(unit, b"ns" | b"us" | b"ms" | b"s" | b"m" | b"h" | b"d" | b"w" | b"y" | b"min" | b"sec" | b"mins" | b"secs" | b"hr" | b"hrs")
}

fn is_size_unit(unit: &[u8]) -> bool {
    matches!(
        unit,
        [b'B' | b'K' | b'M' | b'G' | b'T' | b'k' | b'b' | b'P']
            | [b'K' | b'M' | b'G' | b'T', b'i' | b'B']
            | [b'k', b'B' | b'b']
            | [b'K' | b'M' | b'G', b'i', b'B']
            | b"bytes"
    )
}

/// A number with a unit, several times over (`3m56s`).
fn is_quantity(bytes: &[u8], is_unit: fn(&[u8]) -> bool) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        let number = bytes[at..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        if number == 0 || bytes[at] == b'.' {
            return false;
        }
        at += number;
        let unit = bytes[at..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
        if !is_unit(&bytes[at..at + unit]) {
            return false;
        }
        at += unit;
    }
    !bytes.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{Shape, shape};

    #[track_caller]
    fn check(words: &str, expected: Shape) {
        for word in words.split(' ') {
            assert_eq!(shape(word), expected, "{word}");
        }
    }

    #[test]
    fn things_that_differ_from_run_to_run_are_told_by_their_shape() {
        check("aaaabbbb-0000-cccc-1111-dddd2222eeee fake3265-2f64-47a4-8df4-7e41ab70c8dh", Shape::Guid);
        check("2024-11-07T00:32:48Z 2024-11-07 10:35:09.795900 Thu November", Shape::Time);
        check("jue. enero 2026年1月5日 月曜日 März Okt. dimanche", Shape::Time);
        check("10.0.0.4 10.168.0.0/16 104.42.132.245:443 fe80::1:2", Shape::Address);
        check("7C-1E-52-22-D8-72 00:0d:3a:10:4f:70", Shape::Mac);
        check("1.27.7 v1.26.0 5.15.0-1052-azure", Shape::Version);
        check("3m56s 25s 22h 5m12s", Shape::Duration);
        check("1510Mi 6495k 20GB", Shape::Size);
        check("0x8DA53F1234567abcdefabcdef a1b2c3d4 sha256:abc", Shape::Hash);
        check("https://a.b/c", Shape::Url);
        check("/tmp/x ~/.kube ./a", Shape::Path);
        check("mycluster-abc.hcp.eastus.azmk8s.io", Shape::Host);
        check("8230 65,000 +1 12%", Shape::Number);
        check("nodepool1 myCluster sn_main", Shape::Name);
        check("Succeeded running LoadBalancer Español", Shape::Word);
        check("- -- === |", Shape::Nothing);
    }
}
