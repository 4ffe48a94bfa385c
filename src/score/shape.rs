//! What a word looks like: an id, a time, an address, a name that somebody chose, or a word of a language.

use super::among::Among;
use super::place::is_region;
use super::placeholder::{Kinds, has_gap};

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

/// What each byte adds to the counts of a word, 16 bits each: digits, letters, hexadecimal digits, marks. Bytes beyond ASCII are letters, as
/// most of them are.
static ADDED: [u64; 256] = {
    let mut added = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let own = byte as u8;
        let is_digit = own.is_ascii_digit();
        let is_letter = own.is_ascii_alphabetic() || own >= 0x80;
        added[byte] = is_digit as u64
            | (is_letter as u64) << 16
            | (own.is_ascii_hexdigit() as u64) << 32
            | (!is_digit as u64 & !is_letter as u64) << 48;
        byte += 1;
    }
    added
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
        for part in bytes.chunks(usize::from(u16::MAX)) {
            let mut sums = 0;
            part.iter().for_each(|byte| sums += ADDED[usize::from(*byte)]);
            let sum = |at: u32| usize::from((sums >> at) as u16);
            counts.digits += sum(0);
            counts.letters += sum(16);
            counts.hexadecimal += sum(32);
            counts.marks += sum(48);
        }
        if counts.marks > 0 {
            counts.dots = bytes.iter().filter(|byte| **byte == b'.').count();
        }
        counts
    }
}

/// What a word looks like. The word has no white space in it.
pub(super) fn shape(word: &str) -> Shape {
    shape_of(word, Kinds::of(word.as_bytes()))
}

/// The same for a word of which it is known what is in it.
pub(super) fn shape_of(word: &str, kinds: Kinds) -> Shape {
    if is_guid(word.as_bytes()) {
        return Shape::Guid;
    }
    if has_gap(word, kinds) {
        return Shape::Placeholder;
    }
    if kinds.are_letters() && !word.is_empty() {
        return of_letters(word, || kinds.may_be_region());
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
        return of_letters(word, || true);
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
    if counts.digits > 0 || bytes.contains(&b'_') || is_chosen(word, || true) { Shape::Name } else { Shape::Word }
}

/// What a word of letters looks like; `may_be_region` tells of one that it has the letters of a direction.
fn of_letters(word: &str, may_be_region: impl Fn() -> bool) -> Shape {
    let (bytes, length) = (word.as_bytes(), word.len());
    if is_calendar(word) {
        Shape::Time
    } else if matches!(bytes, [b'k' | b'K' | b'M' | b'G' | b'T', b'B'] | [b'K' | b'M' | b'G' | b'T', b'i', b'B']) {
        Shape::Size
    } else if length >= 32 && (length >= 48 || bytes.iter().all(u8::is_ascii_hexdigit)) {
        Shape::Hash
    } else if is_chosen(word, may_be_region) {
        Shape::Name
    } else {
        Shape::Word
    }
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

/// Names of months, weekdays and time zones, as clients of several languages write them, but for those of other languages that mean something
/// else in English.
static CALENDAR: Among<137> = Among::new([
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
    "utc",
    "gmt",
    "cet",
    "pst",
    "cest",
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
    "lun",
    "jue",
    "vie",
    "ene",
    "abr",
    "dic",
    "lunes",
    "martes",
    "jueves",
    "viernes",
    "domingo",
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
    "januar",
    "februar",
    "mai",
    "juni",
    "juli",
    "okt",
    "oktober",
    "dez",
    "dezember",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "janv",
    "janvier",
    "avr",
    "avril",
    "juin",
    "juil",
    "juillet",
    "septembre",
    "octobre",
    "novembre",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "jeu",
    "gennaio",
    "febbraio",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "settembre",
    "ottobre",
    "dicembre",
    "gio",
    "giu",
    "lug",
    "ott",
    "janeiro",
    "fevereiro",
    "maio",
    "junho",
    "julho",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
    "second",
    "seconds",
    "minute",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "ago",
]);

/// Whether a word is the name of a month, a weekday or a time zone.
fn is_calendar(word: &str) -> bool {
    // `date` in German.
    CALENDAR.has(word) || matches!(word, "Mo" | "Di" | "Mi" | "Fr" | "Sa")
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
fn is_chosen(word: &str, may_be_region: impl Fn() -> bool) -> bool {
    let start = match word.as_bytes() {
        [b'm' | b'M', b'y', ..] => 2,
        [b'y' | b'Y', b'o', b'u', b'r', ..] | [b't', b'e', b's', b't', ..] | [b'd', b'e', b'm', b'o', ..] => 4,
        [b's', b'a', b'm', b'p', b'l', b'e', ..] => 6,
        _ => return may_be_region() && is_region(word),
    };
    matches!(word.as_bytes().get(start), Some(b'A'..=b'Z' | b'-' | b'_')) || may_be_region() && is_region(word)
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
