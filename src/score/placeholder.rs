//! The parts of an output that may differ, and what they must look like.
//!
//! Two questions about one word: did the author leave a gap here ([`Shape::Placeholder`]), and if not, is it a kind of thing that differs
//! from run to run (an id, an address, a time), so that only its shape can be compared. The spellings are those of published runbooks.

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

/// Angle brackets that clients really print: kubectl for empty and pending cells, Go for nil.
const PRINTED_ANGLES: [&str; 8] = ["<none>", "<pending>", "<unknown>", "<nil>", "<invalid>", "<unset>", "<no value>", "<empty>"];

/// The longest gap in brackets.
const GAP_BYTES_MAX: usize = 64;

const CALENDAR: [&str; 24] = [
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    "utc", "gmt", "cet", "pst", "cest",
];

/// Whether the author left a gap in this word or value.
pub(super) fn is_placeholder(value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.is_empty() {
        return false;
    }
    let mut run = 0;
    for (index, byte) in bytes.iter().enumerate() {
        run = match byte {
            b'x' | b'X' if run > 0 && bytes[index - 1] == *byte => run + 1,
            b'x' | b'X' => 1,
            _ => 0,
        };
        if run >= 3 {
            return true;
        }
        let next = bytes.get(index + 1).copied().unwrap_or(b' ');
        match byte {
            b'$' if next == b'{' || next == b'(' || next == b'_' || next.is_ascii_uppercase() => return true,
            b'.' if bytes[index..].starts_with(b"...") => return true,
            b'*' if bytes[index..].starts_with(b"***") => return true,
            b'#' if bytes[index..].starts_with(b"####") => return true,
            b'<' if has_angle_gap(&value[index..]) => return true,
            b'{' if has_brace_gap(&value[index..]) => return true,
            b'%' if index == 0 && bytes.len() > 2 && bytes.ends_with(b"%") && next.is_ascii_uppercase() => return true,
            0xE2 if value.is_char_boundary(index) && value[index..].starts_with('…') => return true,
            _ => {}
        }
    }
    has_gap_word(value) || has_gap_digits(value)
}

/// A word whose gaps have been filled with something, to see what the whole would look like: `xx.xx.xx.xx` is an address.
pub(super) fn filled(word: &str) -> Shape {
    let mut text = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(character) = rest.chars().next() {
        let length = match character {
            'x' | 'X' => {
                let run = rest.chars().take_while(|c| *c == character).count();
                let alone = text.chars().next_back().is_none_or(|c| !c.is_alphabetic())
                    && rest[run..].chars().next().is_none_or(|c| !c.is_alphabetic());
                if run >= 2 || alone { run } else { 0 }
            }
            '<' => closing(rest, b'>').map_or(0, |end| end + 1),
            '{' => closing(rest, b'}').map_or(0, |end| end + 1),
            '$' => 1 + rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '{' | '}'))).unwrap_or(rest.len() - 1),
            '.' if rest.starts_with("...") => 3,
            _ => 0,
        };
        if length > 0 {
            text.push('7');
            rest = &rest[length..];
        } else {
            text.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    shape(&text)
}

/// The offset of the closing mark, near enough that looking for it again at each opening one stays linear.
fn closing(rest: &str, mark: u8) -> Option<usize> {
    rest.bytes().take(GAP_BYTES_MAX).position(|byte| byte == mark)
}

/// `<resource group>`, but not `<none>` and not a comparison.
fn has_angle_gap(rest: &str) -> bool {
    let Some(end) = closing(rest, b'>') else { return false };
    let inner = &rest[1..end];
    inner.starts_with(|c: char| c.is_alphabetic()) && inner.len() <= 60 && !PRINTED_ANGLES.contains(&&rest[..=end])
}

/// `{tenant_id}` and `{{ name }}`.
fn has_brace_gap(rest: &str) -> bool {
    let Some(end) = closing(rest, b'}') else { return false };
    let inner = rest[1..end].trim_matches(['{', ' ']);
    !inner.is_empty() && inner.len() <= 40 && inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn has_gap_word(value: &str) -> bool {
    const GAPS: [&str; 7] = ["redacted", "placeholder", "your-", "your_", "[guid]", "omitted", "replace-with"];
    let bytes = value.as_bytes();
    let starts = |at: usize, gap: &str| bytes.get(at..at + gap.len()).is_some_and(|part| part.eq_ignore_ascii_case(gap.as_bytes()));
    bytes.len() >= 4
        && bytes.len() <= 400
        && (bytes
            .iter()
            .enumerate()
            .any(|(at, byte)| matches!(byte | 0x20, b'r' | b'p' | b'y' | b'o' | b'{') && GAPS.iter().any(|gap| starts(at, gap)))
            || matches!(value, "GUID" | "UUID" | "[...]" | "YYYY-MM-DD"))
}

/// `1.27.x`, `vX.Y.Z`, `xx.xx.xx.xx`, `10.xx.x.x`, `xxm`, `XX:XX`: a gap letter standing where a number would.
fn has_gap_digits(value: &str) -> bool {
    const SPELLED_WITH: &[u8] = b"0123456789xXyYzZnNvV.:-/smhd%+";
    if value.len() > 40 || !value.bytes().all(|byte| SPELLED_WITH.contains(&byte)) {
        return false;
    }
    let body = value.strip_prefix(['v', 'V']).filter(|rest| rest.contains('.')).unwrap_or(value);
    let body = body.trim_end_matches(['s', 'm', 'h', 'd', '%', '+']);
    let mut gaps = 0;
    let mut parts = 0;
    for part in body.split(['.', ':', '-', '/']) {
        parts += 1;
        match part {
            "X" | "Y" | "Z" | "x" | "y" | "z" | "xx" | "XX" | "nn" | "NN" => gaps += 1,
            _ if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) => {}
            _ => return false,
        }
    }
    gaps > 0 && (parts > 1 || body.len() > 1)
}

/// What a word looks like. The word has no white space in it.
pub(super) fn shape(word: &str) -> Shape {
    if is_guid(word.as_bytes()) {
        return Shape::Guid;
    }
    if is_placeholder(word) {
        return Shape::Placeholder;
    }
    let word = word.trim_matches(|c: char| matches!(c, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '!' | '?'));
    let word = word.trim_end_matches(['.', ':']);
    let bytes = word.as_bytes();
    let mut digits = 0;
    let mut letters = 0;
    let mut hexadecimal = 0;
    let mut marks = 0;
    for byte in bytes {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                hexadecimal += 1;
            }
            b'a'..=b'f' | b'A'..=b'F' => {
                letters += 1;
                hexadecimal += 1;
            }
            b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => letters += 1,
            _ => marks += 1,
        }
    }
    let length = bytes.len();
    if letters + digits == 0 {
        return Shape::Nothing;
    }
    if letters == length {
        let short = (3..=9).contains(&length) && b"mtwfsjaondugcp".contains(&(bytes[0] | 0x20)) && is_calendar(word);
        return if short {
            Shape::Time
        } else if matches!(word, "kB" | "KB" | "MB" | "GB" | "TB" | "KiB" | "MiB" | "GiB" | "TiB") {
            Shape::Size
        } else if letters == hexadecimal && length >= 32 || length >= 48 {
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
    if word.contains("://") {
        return Shape::Url;
    }
    if word.get(..15).is_some_and(|head| head.eq_ignore_ascii_case("/subscriptions/")) {
        return Shape::ArmId;
    }
    let drive = bytes.len() > 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'\\';
    if drive || word.starts_with(['/', '~']) || word.starts_with("./") || word.starts_with("../") {
        return Shape::Path;
    }
    if marks == 1 && letters > 0 && word.contains('@') || word.contains('@') && word.contains('.') && !word.starts_with('@') {
        return Shape::Mail;
    }
    if digits > 0
        && let Some(found) = with_digits(word, digits, letters, hexadecimal, marks)
    {
        return found;
    }
    if word.matches('.').count() >= 2
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'))
        && word.split('.').all(|label| !label.is_empty())
    {
        // Labels of hosts have 63 characters at most; those of tokens have more.
        return if word.split('.').any(|label| label.len() > 63) || word.starts_with("eyJ") { Shape::Hash } else { Shape::Host };
    }
    if digits > 0 || word.contains('_') || is_chosen(word) { Shape::Name } else { Shape::Word }
}

fn is_calendar(word: &str) -> bool {
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
    word.len() <= 4 && CALENDAR.iter().any(|name| word.eq_ignore_ascii_case(name))
        || LONG.iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// `myCluster`, `MyGroup`, `testVm`: what tutorials call things, and `westeurope`, where they put them.
fn is_chosen(word: &str) -> bool {
    is_region(word)
        || ["my", "My", "your", "Your", "test", "demo", "sample"].iter().any(|start| {
            word.strip_prefix(start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase() || matches!(c, '-' | '_')))
        })
}

/// `eastus`, `uksouth`, `SoutheastAsia`: a direction joined to a place, as all names of Azure's regions are.
pub(super) fn is_region(word: &str) -> bool {
    const DIRECTIONS: [&str; 5] = ["north", "south", "east", "west", "central"];
    const PLACES: [&str; 27] = [
        "us",
        "uk",
        "europe",
        "asia",
        "india",
        "japan",
        "korea",
        "australia",
        "brazil",
        "canada",
        "france",
        "germany",
        "norway",
        "sweden",
        "switzerland",
        "uae",
        "africa",
        "poland",
        "italy",
        "spain",
        "israel",
        "qatar",
        "mexico",
        "chile",
        "austria",
        "belgium",
        "malaysia",
    ];
    if !(6..=20).contains(&word.len()) || !word.is_ascii() {
        return false;
    }
    let lower = word.to_ascii_lowercase();
    let mut rest = lower.as_str();
    let (mut directions, mut places) = (0, 0);
    while !rest.is_empty() {
        if let Some(after) = DIRECTIONS.iter().find_map(|part| rest.strip_prefix(part)) {
            directions += 1;
            rest = after;
        } else if let Some(after) = PLACES.iter().find_map(|part| rest.strip_prefix(part)) {
            places += 1;
            rest = after;
        } else {
            return false;
        }
    }
    directions > 0 && places == 1
}

/// The service that a URL or host name belongs to (`vault.azure.net`, `azurecr.io`); none when somebody's own domain, an address or a gap
/// stands there, which may become anything.
pub(super) fn service(address: &str) -> Option<String> {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.split(['/', ':', '?', '"', '\'']).next()?.trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = host.rsplit('.').collect();
    let (last, second) = (labels.first()?, labels.get(1)?);
    // Umbrellas have a service in the third label, and storage in the fourth; the other domains are services themselves.
    let count = match *second {
        "azure" | "microsoft" => 3,
        "windows" if *last == "net" => 3 + usize::from(labels.get(2) == Some(&"core")),
        other if other.contains("azure") || other.contains("microsoft") || other == "azmk8s" => 2,
        _ => return None,
    };
    let own = labels.get(..count)?;
    (!own.iter().any(|label| is_placeholder(label))).then(|| own.iter().rev().copied().collect::<Vec<_>>().join("."))
}

fn is_guid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_alphanumeric() })
}

fn with_digits(word: &str, digits: usize, letters: usize, hexadecimal: usize, marks: usize) -> Option<Shape> {
    let bytes = word.as_bytes();
    if letters == 0 {
        if word.split('.').count() == 4 && bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b':' | b'/')) {
            return Some(Shape::Address);
        }
        if is_clock(bytes) || is_date(bytes) {
            return Some(Shape::Time);
        }
        if bytes[0].is_ascii_digit() && word.matches('.').count() >= 2 {
            return Some(Shape::Version);
        }
        return Some(Shape::Number);
    }
    if is_date(bytes) || is_clock(bytes) && letters <= 2 {
        return Some(Shape::Time);
    }
    let groups = word.split([':', '-']);
    if bytes.len() == 17 && groups.clone().count() == 6 && groups.clone().all(|pair| pair.len() == 2) && hexadecimal == 12 {
        return Some(Shape::Mac);
    }
    if word.matches(':').count() >= 2 && digits + letters == hexadecimal && !word.contains('-') {
        return Some(Shape::Address);
    }
    if is_quantity(bytes, &[b"ns", b"us", b"ms", b"s", b"m", b"h", b"d", b"w", b"y", b"min", b"sec", b"mins", b"secs", b"hr", b"hrs"]) {
        return Some(Shape::Duration);
    }
    let units: [&[u8]; 22] = [
        b"B", b"K", b"M", b"G", b"T", b"k", b"Ki", b"Mi", b"Gi", b"Ti", b"KB", b"kB", b"MB", b"GB", b"TB", b"KiB", b"MiB", b"GiB",
        b"bytes", b"kb", b"b", b"P",
    ];
    if is_quantity(bytes, &units) {
        return Some(Shape::Size);
    }
    let numbered = word.strip_prefix(['v', 'V']).unwrap_or(word);
    if numbered.starts_with(|c: char| c.is_ascii_digit())
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
    if bytes.len() >= 60 && !word.contains(['.', '/', ' ']) {
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

/// A number with a unit, several times over (`3m56s`).
fn is_quantity(bytes: &[u8], units: &[&[u8]]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        let number = bytes[at..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        if number == 0 || bytes[at] == b'.' {
            return false;
        }
        at += number;
        let unit = bytes[at..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
        if !units.contains(&&bytes[at..at + unit]) {
            return false;
        }
        at += unit;
    }
    !bytes.is_empty()
}

/// The resource type inside an ARM id, lower case, such as `microsoft.network/virtualnetworks/subnets`; none when the id names no provider.
pub(super) fn arm_type(id: &str) -> Option<String> {
    let lower = id.to_ascii_lowercase();
    if !lower.starts_with("/subscriptions/") {
        return None;
    }
    let at = lower.rfind("/providers/")?;
    let mut parts = lower[at + "/providers/".len()..].split('/');
    let mut found = parts.next()?.to_owned();
    while let Some(kind) = parts.next() {
        found.push('/');
        found.push_str(kind);
        parts.next();
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::{Shape, arm_type, filled, is_placeholder, shape};

    #[track_caller]
    fn check(words: &str, expected: Shape) {
        for word in words.split(' ') {
            assert_eq!(shape(word), expected, "{word}");
        }
    }

    #[test]
    fn every_published_spelling_of_a_gap_is_one() {
        check(
            "<guid> <your-name> $VAR ${VAR} $(cmd) xxx myGroupxxxxxx xxxx-xxxx xx.xx.xx.xx x.x.x.x 10.xxx.xx.xxx 1.27.x v1.xx.x vX.Y.Z xxm",
            Shape::Placeholder,
        );
        check("... {...} … REDACTED [redacted] *** {tenant_id} {{name}} 5432:XXXXX/TCP MIICr... %NAME% your-cluster", Shape::Placeholder);
    }

    #[test]
    fn a_gap_inside_a_word_leaves_the_shape_of_the_whole() {
        for (word, expected) in [
            ("xx.xx.xx.xx", Shape::Address),
            ("$NAME.postgres.database.azure.com", Shape::Host),
            ("xxxxxx-xxxxxxxx.hcp.eastus2.azmk8s.io", Shape::Host),
            ("https://<account>.blob.example.com/", Shape::Url),
            ("1.27.x", Shape::Version),
            ("<name>", Shape::Number),
        ] {
            assert_eq!(filled(word), expected, "{word}");
        }
    }

    #[test]
    fn what_clients_print_is_no_gap() {
        for word in ["<none>", "<pending>", "<unknown>", "index", "a<b", "$5", "{}", "x", "v", "Linux", "nginx", "100%"] {
            assert!(!is_placeholder(word), "{word}");
        }
    }

    #[test]
    fn things_that_differ_from_run_to_run_are_told_by_their_shape() {
        check("aaaabbbb-0000-cccc-1111-dddd2222eeee fake3265-2f64-47a4-8df4-7e41ab70c8dh", Shape::Guid);
        check("2024-11-07T00:32:48Z 2024-11-07 10:35:09.795900 Thu November", Shape::Time);
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

    #[test]
    fn the_type_of_a_resource_is_read_from_its_id() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s";
        assert_eq!(arm_type(id).as_deref(), Some("microsoft.network/virtualnetworks/subnets"));
        assert_eq!(arm_type("/subscriptions/s/resourceGroups/g"), None);
    }
}
