//! Addresses and ids with a hole, where a variable was empty: `https://.vault.azure.net/`, `ssh azureuser@`, `/subscriptions//resourceGroups/`.

use std::collections::HashMap;

/// How many words of a text are looked at closely.
const WORDS_MAX: usize = 4_000;
/// How many words of the document are remembered for one skeleton.
const ALIKE_MAX: usize = 16;

/// Marks between the parts of addresses, ids and connection strings.
const MARKS: [char; 8] = ['/', '.', ':', '@', ',', ';', '=', '&'];

/// The first word of an output that lacks a part without which it leads nowhere, where the document shows none that does.
pub(super) fn find<'a>(shown: &str, printed: &'a str) -> Option<&'a str> {
    let shown = words(shown);
    if shown.iter().any(|word| is_nowhere(word, false)) {
        return None;
    }
    let printed = words(printed);
    let shows_url = shown.iter().any(|word| word.split_once("://").is_some_and(|(_, rest)| !rest.starts_with(':')));
    let alone = printed.iter().copied().find(|word| is_nowhere(word, shows_url));
    alone.or_else(|| unlike_shown(&shown, &printed))
}

/// The words of the lines that have something like an address on them, at most [`WORDS_MAX`].
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(mark) = next_mark(&text.as_bytes()[at..]).map(|mark| at + mark) {
        let start = text[at..mark].rfind('\n').map_or(at, |end| at + end + 1);
        let end = text[mark..].find('\n').map_or(text.len(), |end| mark + end);
        let pieces = text[start..end].split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | '`'));
        let own = pieces.map(|word| word.trim_end_matches([']', '}'])).filter(|word| word.len() > 2 && word.contains(MARKS));
        words.extend(own.take(WORDS_MAX - words.len()));
        if words.len() == WORDS_MAX {
            break;
        }
        at = end;
    }
    words
}

/// Where the first mark stands; many texts have none.
fn next_mark(bytes: &[u8]) -> Option<usize> {
    const LOOKED_AT_BYTES: usize = 256;
    let is_mark = |byte: &u8| matches!(byte, b'/' | b'.' | b':' | b'@' | b',' | b';' | b'=' | b'&');
    let has_any = |part: &[u8]| part.iter().fold(false, |any, byte| any | is_mark(byte));
    let part = bytes.chunks(LOOKED_AT_BYTES).position(has_any)? * LOOKED_AT_BYTES;
    bytes[part..].iter().position(is_mark).map(|at| part + at)
}

/// Whether a word has an empty part by itself; where the document shows URLs, a URL without a host is no place to listen at.
fn is_nowhere(word: &str, shows_url: bool) -> bool {
    if let Some((scheme, rest)) = word.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let name = host.split(':').next().unwrap_or_default();
        // A server says so where it listens (`http://:8080`), and a file has no host.
        let is_listening = host.len() > 1 && host.starts_with(':') && user.is_none() && !shows_url;
        let is_web = matches!(scheme.rsplit(|c: char| !c.is_ascii_alphanumeric()).next(), Some("http" | "https"));
        let is_empty = name.is_empty() && (is_web && !is_listening || user.is_some());
        return is_empty
            || user.is_some_and(|user| user.starts_with(':'))
            || name.starts_with('.') && !name.starts_with("...")
            || is_doubled(name);
    }
    if let Some(at) = word.find("/subscriptions/") {
        return word[at..].contains("//");
    }
    // `ana@` and `ana@.example.com`; `@` alone means something else everywhere.
    let Some((user, host)) = word.split_once('@') else { return false };
    let is_name = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    is_name && (host.is_empty() || host.starts_with(['.', ':']))
}

fn is_doubled(name: &str) -> bool {
    name.contains("..") && !name.contains("...")
}

/// The first word that is one of the document's but for parts that are empty: `.azurecr.io/web:v1` for `shop.azurecr.io/web:v1`.
fn unlike_shown<'a>(shown: &[&str], printed: &[&'a str]) -> Option<&'a str> {
    // One mark alone says little: `x:` may be a label.
    let holed = |word: &&'a str| {
        let parts: Vec<&str> = word.split(MARKS).collect();
        // A path from here has a dot for a name.
        let is_here = word.starts_with("./") || word.starts_with("../");
        parts.len() > 2 && !is_here && parts.iter().any(|part| part.is_empty())
    };
    let holed: Vec<&str> = printed.iter().map(|word| without_stop(word)).filter(holed).collect();
    if holed.is_empty() {
        return None;
    }
    let mut skeletons: HashMap<String, Vec<Vec<&str>>> = HashMap::new();
    for word in shown.iter().map(|word| without_stop(word)) {
        let alike = skeletons.entry(skeleton(word)).or_default();
        if alike.len() < ALIKE_MAX {
            alike.push(word.split(MARKS).collect());
        }
    }
    holed.into_iter().find(|word| {
        let parts: Vec<&str> = word.split(MARKS).collect();
        skeletons.get(&skeleton(word)).is_some_and(|alike| alike.iter().all(|shown| has_holes(shown, &parts)))
    })
}

/// A word without the mark that ends a sentence or a list's entry.
fn without_stop(word: &str) -> &str {
    word.trim_end_matches(['.', ',', ':', ';'])
}

fn skeleton(word: &str) -> String {
    word.chars().filter(|c| MARKS.contains(c)).collect()
}

/// Whether parts that the document fills are empty, and others are the same.
fn has_holes(shown: &[&str], printed: &[&str]) -> bool {
    let pairs = || shown.iter().zip(printed);
    let lost = pairs().filter(|(shown, printed)| !shown.is_empty() && printed.is_empty()).count();
    let grown = pairs().any(|(shown, printed)| shown.is_empty() && !printed.is_empty());
    let kept = pairs().any(|(shown, printed)| !shown.is_empty() && shown.eq_ignore_ascii_case(printed));
    lost > 0 && !grown && kept
}

#[cfg(test)]
mod tests {
    use super::find;

    #[track_caller]
    fn check(pairs: &[(&str, &str)], expected: bool) {
        for (shown, printed) in pairs {
            assert_eq!(find(shown, printed).is_some(), expected, "{shown} / {printed}");
        }
    }

    #[test]
    fn an_empty_variable_leaves_a_hole() {
        check(
            &[
                ("ssh ana@20.1.2.3", "ssh azureuser@"),
                ("", "postgres://:@:5432/shop"),
                ("", "url: https://.vault.azure.net/"),
                ("", "\"id\": \"/subscriptions//resourceGroups/rg\","),
                ("", "/subscriptions/1/resourceGroups//providers/Microsoft.Web/sites/a"),
                ("", "curl https:///healthz"),
                ("", "http://web..svc.cluster.local/"),
                ("Service URL: http://20.83.112.9:8080/", "Service URL: http://:8080/"),
                ("shopacr7f2.azurecr.io/orders:v1", ".azurecr.io/orders:v1"),
                ("web.kafka.svc:9092", "-bootstrap..svc:9092"),
                ("https://eastus.oic.example.com/1/2/", "https://eastus.oic.example.com///"),
                ("tcp:shop.windows.net,1433;database=orders;user", "tcp:shop.windows.net,1433;database=;user"),
            ],
            true,
        );
    }

    #[test]
    fn whole_addresses_and_other_uses_of_their_marks_are_none() {
        check(
            &[
                ("", "Listening on http://:8080"),
                ("Listening on http://:80", "Listening on http://:8080"),
                ("", "file:///etc/hosts and unix:///var/run/docker.sock"),
                ("ssh ana@20.1.2.3", "ssh eve@20.1.2.4"),
                ("", "echo a @ b; npm i shop@1.2.3 @scope/name"),
                ("https://example.com/twice", "https://example.com//twice"),
                ("1.0.1 is out", "1.0. is out"),
                ("see a/b/c", ".github/workflows/ci.yml"),
                ("", "https://..."),
                ("", "4f2a91c..90be117 main -> main"),
            ],
            false,
        );
    }
}
