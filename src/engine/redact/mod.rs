//! What may be printed: fixed names for what differs between runs, `***` for what is secret.
//!
//! Known values are found however they are written: quoted, escaped, percent-encoded, broken over lines, in base64 and in hexadecimal at
//! any alignment. What the document makes of a secret itself (a digest, a reversed or encrypted form) is not.

mod encoded;
mod known;
mod names;
mod published;
mod search;
mod shapes;
mod view;

use std::borrow::Cow;

pub(crate) use self::names::is_secret_name;
pub use self::published::Learnt;
use self::{
    known::Known,
    names::{Surety, is_telling, surety},
    search::Search,
};

/// What a secret is printed as.
const MASK: &str = "***";

/// Knows a run's aliases and secrets.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    aliases: Vec<(String, String)>,
    known: Known,
}

impl Redactor {
    /// `aliases` are replaced longest first, so that a folder inside another keeps its own name.
    pub fn new(aliases: Vec<(String, String)>) -> Self {
        let mut redactor = Self::default();
        redactor.add_aliases(aliases);
        redactor
    }

    /// Replaces these too, from now on.
    pub fn add_aliases(&mut self, aliases: impl IntoIterator<Item = (String, String)>) {
        self.aliases.extend(aliases.into_iter().filter(|(from, _)| !from.is_empty()));
        self.aliases.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    }

    /// Masks these values too, from now on: those that somebody has called secret.
    pub(crate) fn add_secrets(&mut self, values: impl IntoIterator<Item = String>) {
        self.add(values.into_iter().filter(|value| is_telling(value, Surety::Said)).collect());
    }

    /// The same for values that may be ordinary words: what is stored in a vault is what its owner likes.
    pub(crate) fn add_possible_secrets(&mut self, values: impl IntoIterator<Item = String>) {
        self.add(values.into_iter().filter(|value| is_telling(value, Surety::Guessed)).collect());
    }

    /// The same for values of variables, by their names.
    pub(crate) fn add_variables<'v>(&mut self, variables: impl IntoIterator<Item = (&'v str, &'v str)>) {
        let is_secret = |name: &str, value: &str| surety(name).is_some_and(|surety| is_telling(value, surety));
        self.add(variables.into_iter().filter(|(name, value)| is_secret(name, value)).map(|(_, value)| value.to_owned()).collect());
    }

    /// The same for what looks like a secret in a text: printed elsewhere, it may stand under another name.
    pub(crate) fn learn_from(&mut self, text: &str) {
        self.add_possible_secrets(search::shaped(text.as_bytes()));
    }

    fn add(&mut self, mut values: Vec<String>) {
        // Texts are searched with their fixed names in them.
        let aliased: Vec<String> = values.iter().map(|value| self.alias(value)).collect();
        values.extend(aliased);
        self.known.add(values.iter().map(String::as_str));
    }

    /// The same text with fixed names.
    pub(crate) fn alias(&self, text: &str) -> String {
        self.aliases.iter().fold(Cow::Borrowed(text), |text, (from, to)| replace(text, from, to)).into_owned()
    }

    /// The same text without secrets: each is `***`.
    pub fn mask(&self, text: &str) -> String {
        self.masked(text, false)
    }

    /// The same for a text that may end in the middle of a secret.
    pub(crate) fn mask_cut(&self, text: &str) -> String {
        self.masked(text, true)
    }

    fn masked(&self, text: &str, is_cut: bool) -> String {
        let parts = Search { known: &self.known, is_cut }.run(text.as_bytes());
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        for part in parts {
            // Secrets found in encoded form may end within a character.
            let (start, end) = (text.floor_char_boundary(part.start).max(at), text.ceil_char_boundary(part.end));
            masked.push_str(&text[at..start]);
            masked.push_str(MASK);
            at = end;
        }
        masked.push_str(&text[at..]);
        masked
    }
}

fn replace<'a>(text: Cow<'a, str>, from: &str, to: &str) -> Cow<'a, str> {
    if text.contains(from) { Cow::Owned(text.replace(from, to)) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "S3cr3t 'v\"alue/+=&%密";

    #[test]
    fn folders_get_their_fixed_names_longest_first() {
        let redactor = Redactor::new(vec![("/tmp/x".into(), "/run/docent".into()), ("/tmp/x/home".into(), "/home/docent".into())]);
        assert_eq!(redactor.alias("/tmp/x/home/.kube /tmp/x/work"), "/home/docent/.kube /run/docent/work");
    }

    fn redactor(secrets: &[&str]) -> Redactor {
        let mut redactor = Redactor::default();
        redactor.add_secrets(secrets.iter().map(|secret| (*secret).to_owned()));
        redactor
    }

    #[track_caller]
    fn check(secret: &str, text: &str, expected: &str) {
        assert_eq!(redactor(&[secret]).mask(text), expected, "{text}");
    }

    #[test]
    fn values_are_masked_and_short_words_are_not() {
        let redactor = redactor(&["hunter2-hunter2", "on"]);
        assert_eq!(redactor.mask("pw=hunter2-hunter2 on"), "pw=*** on");
        assert_eq!(redactor.mask("hunter2-hunter2"), "***");
        // What stands behind a secret with blanks stays.
        check("correct horse", "<correct horse>\nnext", "<***>\nnext");
        assert_eq!(redactor.mask(""), "");
    }

    #[test]
    fn a_value_is_found_however_it_is_quoted_and_escaped() {
        for text in [
            r#"<S3cr3t 'v"alue/+=&%密>"#,
            r#"<S3cr3t\ \'v\"alue/+=\&%密>"#,
            r#"<S3cr3t '\''v"alue/+=&%密>"#,
            r#"<S3cr3t 'v\"alue\/+=\u0026%\u5bc6>"#,
            r#"<S3cr3t 'v\\\"alue/+=\\u0026%密>"#,
            "<S3cr3t%20%27v%22alue%2F%2B%3D%26%25%E5%AF%86>",
            "<S3cr3t%20'v%22alue/%2b=%26%2525密>",
            "<S3cr3t+%27v%22alue%2F%2B%3D%26%25%E5%AF%86>",
            "<S3cr3t &#39;v&quot;alue/+=&amp;%密>",
            "<S3cr3t 'v\"al\n   ue/+=&%密>",
            "<S3cr3t 'v\"al\\\nue/+=&%密>",
            "<S\n3\nc\nr\n3\nt '\nv\n\"\na\nl\nu\ne\n/\n+\n=\n&\n%\n密>",
            "<S3cr3t 'v\"al\u{1b}[0mue/+=&%密>",
        ] {
            check(SECRET, text, "<***>");
        }
    }

    #[test]
    fn a_value_is_found_in_base64_and_in_hexadecimal_at_every_alignment() {
        for (text, expected) in [
            // printf '%s' hunter2-hunter2 | base64, and with `a`, `ab` and `user:` before it.
            ("\"aHVudGVyMi1odW50ZXIy\"", "\"***\""),
            ("YWh1bnRlcjItaHVudGVyMg==", "Y***=="),
            ("YWJodW50ZXIyLWh1bnRlcjI=", "YW***="),
            ("Basic dXNlcjpodW50ZXIyLWh1bnRlcjI=", "Basic dXNlcj***="),
            ("aHVudGVy\nMi1odW50\nZXIy", "***"),
            // The same text twice encoded.
            ("YUhWdWRHVnlNaTFvZFc1MFpYSXk=", "***="),
            ("68756e746572322d68756e74657232", "***"),
            ("68756E746572322D68756E74657232", "***"),
            ("=68 75 6e 74 65 72 32 2d 68 75\n 6e 74 65 72 32=", "=***="),
            ("x68:75:6e:74:65:72:32:2d:68:75:6e:74:65:72:32x", "x***x"),
        ] {
            check("hunter2-hunter2", text, expected);
        }
    }

    #[test]
    fn tokens_and_keys_are_masked_unknown_encoded_and_wrapped() {
        let none = Redactor::default();
        assert_eq!(none.mask("t eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0aaaa.c2lnbmF0dXJl x"), "t *** x");
        assert_eq!(none.mask("    client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURQ==\n"), "    client-key-data: ***\n");
        assert_eq!(
            none.mask("{\"key\": \"-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\\n-----END PRIVATE KEY-----\\n\"}"),
            "{\"key\": \"***\\n\"}"
        );
        // The beginning of a PEM key in base64: printf '%s\n' '-----BEGIN PRIVATE KEY-----' MIIE…SC | base64 -w0.
        assert_eq!(none.mask("d: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUV2UUlCQURBTkJna3Foa2lHOXcwQkFRRUZBQVNDCg=="), "d: ***Cg==");
        let wrapped = "eyJhbGciOiJSUzI1NiJ9\n.eyJzdWIiOiJhIn0aaaa\n.c2lnbmF0dXJlc2lnbmF\n0dXJl\nnext line\n";
        assert_eq!(none.mask(wrapped), "***\nnext line\n");
    }

    #[test]
    fn what_was_cut_off_is_masked_where_it_was_cut() {
        let redactor = redactor(&["hunter2-hunter2"]);
        assert_eq!(redactor.mask("it is \"hunter2-hun…\" and not hunter2-h"), "it is \"***…\" and not hunter2-h");
        assert_eq!(redactor.mask_cut("it is hunter2-hun"), "it is ***");
    }

    #[test]
    fn what_looked_like_a_secret_once_is_masked_from_then_on() {
        let mut redactor = Redactor::default();
        redactor.learn_from("{\"password\": \"s3cr3t-value-1\", \"user\": \"some-user-name-1\"}");
        assert_eq!(
            redactor.mask("some-user-name-1 has s3cr3t-value-1, in base64 czNjcjN0LXZhbHVlLTE="),
            "some-user-name-1 has ***, in base64 ***="
        );
    }

    #[test]
    fn names_decide_about_the_values_of_variables() {
        let mut redactor = Redactor::new(vec![("/tmp/x1".to_owned(), "/docent".to_owned())]);
        redactor.add_variables([
            ("ADMIN_PASSWORD", "letmein"),
            ("SORT_KEY", "created"),
            ("API_KEY", "/tmp/x1?k=1"),
            ("KEYVAULT_URL", "https://kv.example"),
        ]);
        assert_eq!(redactor.mask("letmein created /docent?k=1 https://kv.example"), "*** created *** https://kv.example");
    }

    #[test]
    fn no_text_takes_more_than_linear_time() {
        let redactor = redactor(&["hunter2-hunter2"]);
        for part in ["a=", "\\", "%25", "eyJ.", "a", "\n", "-----BEGIN PRIVATE KEY-----", "password: '", "://x:", "hunter2-"] {
            // Quadratic work on so much would take minutes.
            let text = part.repeat((1 << 17) / part.len());
            assert!(redactor.mask(&text).len() <= text.len(), "{part}");
        }
    }

    #[test]
    fn a_text_without_secrets_comes_back_as_it_was() {
        let text = "名前: テスト\n{\"id\": \"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/g\"}\n\u{1b}[31mred\u{1b}[0m %41 &amp; \\n 'x'\n";
        assert_eq!(redactor(&["hunter2-hunter2"]).mask(text), text);
    }
}
