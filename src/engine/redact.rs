//! What may be printed: fixed names for what differs between runs, `***` for what is secret.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

/// What a secret is printed as.
const MASK: &str = "***";

/// The shortest value that is masked wherever it occurs; shorter ones would blank out ordinary words.
const SECRET_BYTES_MIN: usize = 6;

/// JSON web tokens and private keys, whoever made them.
static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
        r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----",
        r"|(?P<field>(?:client-key-data|token|client-certificate-data): )[A-Za-z0-9+/=_.-]{24,}",
    ))
    .expect("the pattern is a constant that the tests compile")
});

/// Knows a run's aliases and secrets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redactor {
    aliases: Vec<(String, String)>,
    secrets: Vec<String>,
}

impl Redactor {
    /// `aliases` are replaced longest first, so that a folder inside another keeps its own name.
    pub(crate) fn new(aliases: Vec<(String, String)>) -> Self {
        let mut redactor = Self::default();
        redactor.add_aliases(aliases);
        redactor
    }

    /// Replaces these too, from now on.
    pub(crate) fn add_aliases(&mut self, aliases: impl IntoIterator<Item = (String, String)>) {
        self.aliases.extend(aliases.into_iter().filter(|(from, _)| !from.is_empty()));
        self.aliases.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    }

    /// Masks these values too, from now on.
    pub(crate) fn add_secrets(&mut self, values: impl IntoIterator<Item = String>) {
        self.secrets.extend(values.into_iter().filter(|value| value.trim().len() >= SECRET_BYTES_MIN));
        self.secrets.sort_by_key(|value| std::cmp::Reverse(value.len()));
        self.secrets.dedup();
    }

    /// The same text with fixed names.
    pub(crate) fn alias(&self, text: &str) -> String {
        self.aliases.iter().fold(Cow::Borrowed(text), |text, (from, to)| replace(text, from, to)).into_owned()
    }

    /// The same text without secrets.
    pub(crate) fn mask(&self, text: &str) -> String {
        let text = self.secrets.iter().fold(Cow::Borrowed(text), |text, secret| replace(text, secret, MASK));
        SHAPES
            .replace_all(&text, |found: &Captures<'_>| format!("{}{MASK}", found.name("field").map_or("", |field| field.as_str())))
            .into_owned()
    }
}

fn replace<'a>(text: Cow<'a, str>, from: &str, to: &str) -> Cow<'a, str> {
    if text.contains(from) { Cow::Owned(text.replace(from, to)) } else { text }
}

/// Whether a variable's name says that its value is nobody's business.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    [
        "PASSWORD",
        "PASSWD",
        "SECRET_VALUE",
        "CLIENT_SECRET",
        "TOKEN",
        "APIKEY",
        "API_KEY",
        "ACCESS_KEY",
        "ACCOUNT_KEY",
        "PRIVATE_KEY",
        "CONNECTION_STRING",
        "CREDENTIAL",
    ]
    .iter()
    .any(|word| name.contains(word))
        || ["_PW", "_PWD", "_KEY", "_SAS"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_get_their_fixed_names_longest_first() {
        let redactor = Redactor::new(vec![("/tmp/x".into(), "/run/docent".into()), ("/tmp/x/home".into(), "/home/docent".into())]);
        assert_eq!(redactor.alias("/tmp/x/home/.kube /tmp/x/work"), "/home/docent/.kube /run/docent/work");
    }

    #[test]
    fn tokens_keys_and_named_values_are_masked_and_short_words_are_not() {
        let mut redactor = Redactor::default();
        redactor.add_secrets(["hunter2-hunter2".to_owned(), "on".to_owned()]);
        assert_eq!(redactor.mask("pw=hunter2-hunter2 on"), "pw=*** on");
        assert_eq!(redactor.mask("t eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0aaaa.c2lnbmF0dXJl x"), "t *** x");
        assert_eq!(redactor.mask("    client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURQ==\n"), "    client-key-data: ***\n");
        assert!(is_secret_name("MY_WP_ADMIN_PW") && !is_secret_name("KEYVAULT_URL"));
    }
}
