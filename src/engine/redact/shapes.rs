//! What secrets look like, whoever made them. Pure.
//!
//! Shapes with a second meaning (32 hexadecimal digits, 44 letters of base64) are not here: digests look the same. Such keys are masked
//! by the name they stand under.

use std::{ops::Range, sync::LazyLock};

use regex::bytes::Regex;

use super::names::{Surety, is_placeholder, is_telling, surety};

/// A shape. One of the groups whose names begin with `s` is the secret, and all of the match where there is none; `n` is what it stands under.
struct Shape {
    regex: Regex,
    is_secret: Judge,
}

/// Whether a match is a secret, by the name that it stands under, which may be empty, and itself.
type Judge = fn(&str, &str) -> bool;

/// Patterns, and what a match must be besides.
const SHAPES: [(&str, Judge); 13] = [
    // JSON web tokens, cut off or whole.
    (r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]+){0,3}", always),
    // Private keys, cut off or whole: PEM, OpenSSH, PGP.
    (
        concat!(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:\s*[A-Za-z-]+: [^\n]*)*(?:[\s,|>#*'\x22$]*[A-Za-z0-9+/=]{16,})+",
            r"(?:[\s,|>#*'\x22$]*[A-Za-z0-9+/=]{0,80}[\s'\x22$]*-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----)?"
        ),
        always,
    ),
    // Members, assignments, parts of connection strings: by their names.
    (
        concat!(
            r#"(?P<n>[A-Za-z][A-Za-z0-9_.-]*)["']?[ \t]*[:=][ \t]*"#,
            r#"(?:"(?P<s1>[^"\r\n]{6,})"|'(?P<s2>[^'\r\n]{6,})'|(?P<s3>[^\s"',;&]{6,}))"#
        ),
        is_named,
    ),
    // Options by their names.
    (r#"--(?P<n>[a-z][a-z-]*)[ \t]+(?:"(?P<s1>[^"\r\n]{6,})"|'(?P<s2>[^'\r\n]{6,})'|(?P<s3>[^\s"',;&-][^\s"',;&]{5,}))"#, is_named),
    // Headers.
    (
        concat!(
            r#"(?i)\b(?:proxy-)?authorization["']?[ \t]*[:=][ \t]*["']?(?:(?:bearer|basic|token|negotiate|sharedkey(?:lite)?)[ \t]+)?"#,
            r#"(?P<s>[^\s"'][^"'\r\n]{5,})"#
        ),
        is_given,
    ),
    (r"(?i)\bbearer[ \t]+(?P<s>[A-Za-z0-9._~+/-]{16,}=*)", is_guessed),
    // Signatures of signed addresses.
    (r"\bsig=(?P<s>[A-Za-z0-9+/=_-]{20,})", always),
    // Passwords in addresses.
    (r#"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"'<>]*:(?P<s>[^\s/"'<>]+)@"#, is_given),
    // Keys of storage and Cosmos DB accounts: 64 bytes.
    (r"[A-Za-z0-9+/]{86}==", always),
    // Keys that carry the mark of their service.
    // Source: Microsoft's identifiable keys (microsoft/security-utilities).
    (
        concat!(
            r"[A-Za-z0-9+/_-]{30,}(?:\+ACR|\+ASt|\+ABa|\+AMC|\+ASb|\+AEh|\+ARm|ACDb|AIoT|APIM|AzCa|AzFu|AzSe|AZDO|AzEG|JQQJ99)",
            r"[A-Za-z0-9+/_-]{4,}={0,2}"
        ),
        always,
    ),
    // Client secrets of Entra ID.
    (r"[A-Za-z0-9_.~-]{34,}", is_client_secret),
    // GitHub, GitLab, Slack, npm, PyPI, Docker, Google, Stripe, HashiCorp, OpenAI.
    (
        concat!(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}",
            r"|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{32,}|dckr_pat_[A-Za-z0-9_-]{20,}|AIza[A-Za-z0-9_-]{35}|[rs]k_live_[A-Za-z0-9]{16,}",
            r"|hv[sb]\.[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9_-]{32,})",
        ),
        always,
    ),
    // AWS access keys, and Slack's incoming addresses.
    (r"\b(?:(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b|hooks\.slack\.com/services/(?P<s>T[A-Za-z0-9]+/B[A-Za-z0-9]+/[A-Za-z0-9]+))", always),
];

static COMPILED: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let compile = |(pattern, is_secret): &(&str, Judge)| Shape {
        regex: Regex::new(pattern).expect("the patterns are constants that the tests compile"),
        is_secret: *is_secret,
    };
    SHAPES.iter().map(compile).collect()
});

/// Looking again inside of values that are no secrets themselves may read so many bytes a byte.
const AGAIN_BYTES_PER_BYTE: usize = 16;

/// Parts of `bytes` that look like secrets, in no order; they may overlap.
pub(super) fn find(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for shape in COMPILED.iter() {
        let (mut at, mut again) = (0, bytes.len().saturating_mul(AGAIN_BYTES_PER_BYTE));
        while let Some(hit) = shape.regex.captures_at(bytes, at) {
            let Some(whole) = hit.get(0) else { break };
            let part = ["s", "s1", "s2", "s3"].iter().find_map(|group| hit.name(group)).unwrap_or(whole);
            let name = hit.name("n").map(|name| String::from_utf8_lossy(name.as_bytes())).unwrap_or_default();
            // No pattern matches nothing, so this moves on.
            at = whole.end();
            if (shape.is_secret)(&name, &String::from_utf8_lossy(part.as_bytes())) {
                found.push(part.range());
            } else if part.start() > whole.start() && part.len() <= again {
                // `command: "mysql --password=…"`.
                again -= part.len();
                at = part.start();
            }
        }
    }
    found
}

fn always(_: &str, _: &str) -> bool {
    true
}

fn is_given(_: &str, value: &str) -> bool {
    !is_placeholder(value)
}

fn is_guessed(_: &str, value: &str) -> bool {
    is_telling(value, Surety::Guessed)
}

/// `password: required` is prose, and `key: app` a label.
fn is_named(name: &str, value: &str) -> bool {
    if name.eq_ignore_ascii_case("key") || name.eq_ignore_ascii_case("secret") || name.ends_with(['.', '-']) {
        return false;
    }
    match surety(name) {
        Some(Surety::Said) => {
            is_telling(value, Surety::Said) && (value.bytes().any(|byte| byte.is_ascii_digit()) || is_telling(value, Surety::Guessed))
        }
        Some(Surety::Guessed) => is_telling(value, Surety::Guessed),
        None => false,
    }
}

/// Source: GitHub's and Microsoft Purview's published patterns: three letters, a digit, `Q~` and 31 to 34 more; before 2021, 34
/// letters with a `~` among them.
fn is_client_secret(_: &str, value: &str) -> bool {
    let marked = value.len() <= 44 && value.as_bytes().get(3).is_some_and(u8::is_ascii_digit) && value.get(4..6) == Some("Q~");
    let has = |is: fn(&u8) -> bool| value.as_bytes().iter().any(is);
    marked
        || (value.len() <= 40
            && value.contains('~')
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of `text` is found, each part once, in order.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut found = find(text.as_bytes());
        found.sort_by_key(|part| part.start);
        let mut parts: Vec<&str> = found.into_iter().map(|part| &text[part]).collect();
        parts.dedup();
        assert_eq!(parts, expected, "{text}");
    }

    /// Letters and digits without a pattern in them, as many as asked for.
    fn letters(count: usize) -> String {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[(state >> 16) as usize % 57])
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn tokens_and_keys_are_known_by_their_looks() {
        let jwt = format!("eyJ{}.eyJ{}.{}", letters(30), letters(50), letters(43));
        check(&format!("t {jwt}."), &[&jwt]);
        check(&format!("cut {}…", &jwt[..60]), &[&jwt[..60]]);
        let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n{}==\n-----END RSA PRIVATE KEY-----", letters(64), letters(20));
        check(&format!("a\n{key}\nb"), &[&key]);
        check(&format!("{}\nnext words", &key[..96]), &[&key[..96]]);
        check(&format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", letters(64)), &[]);
        for key in [
            format!("{}==", letters(86)),
            format!("{}+ACRA{}", letters(42), letters(5)),
            format!("abc8Q~{}", letters(34)),
            format!("{}~{}", letters(10), letters(23)),
            format!("ghp_{}", letters(36)),
            format!("github_pat_{}", letters(60)),
            format!("xoxb-1234567890-{}", letters(24)),
            "AKIAIOSFODNN7EXAMPLE".to_owned(),
        ] {
            check(&format!("x {key} y"), &[&key]);
        }
    }

    #[test]
    fn values_are_known_by_what_they_stand_under() {
        check(r#"{"password": "hunter2 and more", "user": "admin-user-12"}"#, &["hunter2 and more"]);
        check("clientSecret: 's3cr3t-value'\nclient-key-data: LS0tLS1CRUdJTg==\n", &["s3cr3t-value", "LS0tLS1CRUdJTg=="]);
        check(
            "DefaultEndpointsProtocol=https;AccountName=demo1234;AccountKey=c2VjcmV0a2V5;EndpointSuffix=core.windows.net",
            &["c2VjcmV0a2V5"],
        );
        check("Server=db.example.com;User Id=sa;Password=Pa55w.rd!;Encrypt=true", &["Pa55w.rd!"]);
        check("az login --service-principal --username 0000 --password s3cr3t.value --tenant t", &["s3cr3t.value"]);
        check("curl -H 'Authorization: Bearer abcdef' https://example.com", &["abcdef"]);
        check("Authorization: SharedKey demo:c2lnbmF0dXJl\n", &["demo:c2lnbmF0dXJl"]);
        check("https://a.blob.core.windows.net/c?sv=2024&sig=c2lnbmF0dXJlc2lnbmF0dXJl+/=&se=1", &["c2lnbmF0dXJlc2lnbmF0dXJl+/="]);
        check("git clone https://me:pw@example.com/x.git", &["pw"]);
        check(r#"args: ["sh", "-c", "run --config='password=hunter2x' --api-key=abcd1234"]"#, &["hunter2x", "abcd1234"]);
        check("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]);
    }

    #[test]
    fn ordinary_text_has_no_secrets() {
        for text in [
            "Password must be changed\npassword: required\n",
            "--generate-ssh-keys --enable-managed-identity",
            "az ad sp create --password $PASSWORD --secret-name my-secret-12",
            "secret:\n  secretName: projected-token-12\nSecret: my-secret-name-1234",
            "tolerations:\n- key: node.kubernetes.io/not-ready\n",
            "token_type: Bearer\nsha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "http://127.0.0.1:8080/path@x and https://example.com:443/",
            "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my-long-group-name/providers/Microsoft.ContainerService",
            "digest: sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "keyVaultUri: https://kv-demo.vault.azure.net/\naccessTokenExpiration: 2026-01-01",
            "export API_KEY=\"$(cat key)\" SORT_KEY=created",
            "contraseña: cambiar\nパスワード: 変更\nكلمة المرور",
        ] {
            check(text, &[]);
        }
    }
}
