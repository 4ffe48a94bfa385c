//! Which names say that their value is nobody's business, and which values are worth hiding. Pure.

/// The shortest value that is masked wherever it occurs; shorter ones would blank out ordinary words.
pub(crate) const SECRET_BYTES_MIN: usize = 6;

/// The same for values that nobody has called secret outright.
const GUESSED_BYTES_MIN: usize = 8;

/// From here on a value is no ordinary word, even of letters only.
const WORD_BYTES_MAX: usize = 15;

/// A number of so many digits is an amount, a port or a time.
const NUMBER_BYTES_MAX: usize = 11;

/// How surely a name says that its value is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Surety {
    /// It may be: a key of a table is called `SORT_KEY` too.
    Guessed,
    /// It says so: `ADMIN_PASSWORD`, or somebody has named it in a directive or on the command line.
    Said,
}

/// Words in a name that leave no doubt.
const SAYING: [&str; 11] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CLIENTSECRET",
    "SECRETVALUE",
    "PRIVATEKEY",
    "CONNECTIONSTRING",
    "SECRETACCESSKEY",
    "ACCOUNTKEY",
    "CLIENTKEYDATA",
    "CLIENTCERTIFICATEDATA",
];

/// Words in a name that let one think so.
const GUESSING: [&str; 7] = ["TOKEN", "SECRET", "APIKEY", "ACCESSKEY", "MASTERKEY", "SIGNINGKEY", "CREDENTIAL"];

/// Ends of a name, by words.
const ENDS: [&str; 4] = ["PASS", "KEY", "SAS", "PAT"];

/// Ends of names that are about a secret and do not hold it: `SECRET_NAME`, `TOKEN_URL`.
const ABOUT: [&str; 48] = [
    "ALGORITHM",
    "ARN",
    "AUDIENCE",
    "CLASS",
    "CLASSPATH",
    "CODE",
    "COUNT",
    "DIR",
    "DIRECTORY",
    "ENABLED",
    "ENDPOINT",
    "EXPIRATION",
    "EXPIRES",
    "EXPIRY",
    "FIELD",
    "FILE",
    "FOLDER",
    "FORMAT",
    "GROUP",
    "HEADER",
    "HOST",
    "ID",
    "IDS",
    "ISSUER",
    "KIND",
    "LENGTH",
    "LIFETIME",
    "LOCATION",
    "MODE",
    "NAME",
    "NAMES",
    "NAMESPACE",
    "PATH",
    "PORT",
    "PREFIX",
    "REF",
    "REGION",
    "SCOPE",
    "SIZE",
    "STORE",
    "TTL",
    "TYPE",
    "URI",
    "URL",
    "USER",
    "VAULT",
    "VERSION",
    "VOLUME",
];

/// How surely the value of a variable, or of a member, of this name is secret; none when nothing speaks for it.
pub(crate) fn surety(name: &str) -> Option<Surety> {
    let words = words(name);
    let last = words.last()?.as_str();
    if ABOUT.contains(&last) || words.iter().any(|word| word == "PUBLIC" || word == "PUB") || name == "PWD" || name == "OLDPWD" {
        return None;
    }
    let joined = words.concat();
    // bash's own `PWD` was left out above.
    if last == "PW" || last == "PWD" || SAYING.iter().any(|word| joined.contains(word)) {
        return Some(Surety::Said);
    }
    (ENDS.contains(&last) || GUESSING.iter().any(|word| joined.contains(word))).then_some(Surety::Guessed)
}

/// Whether a variable's name says that its value is nobody's business.
pub(crate) fn is_secret_name(name: &str) -> bool {
    surety(name).is_some()
}

/// `adminPassword`, `ADMIN_PASSWORD` and `admin-password` are the same two words.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut was_lower = false;
    let mut starts = true;
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            starts = true;
            continue;
        }
        if starts || (letter.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        starts = false;
        was_lower = letter.is_lowercase() || letter.is_numeric();
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_uppercase());
        }
    }
    words
}

/// Whether a value is to be masked wherever it occurs.
pub(crate) fn is_telling(value: &str, surety: Surety) -> bool {
    let value = value.trim();
    match surety {
        Surety::Said => value.len() >= SECRET_BYTES_MIN && !is_placeholder(value),
        Surety::Guessed => {
            value.len() >= GUESSED_BYTES_MIN && !is_placeholder(value) && !is_word(value) && !is_number(value) && !is_place(value)
        }
    }
}

/// What stands for a value: `$TOKEN`, `<your-key>`, `{{ secret }}`, `xxxxxxxx`, `********`.
pub(super) fn is_placeholder(value: &str) -> bool {
    let mut letters = value.chars();
    let Some(first) = letters.next() else { return true };
    matches!(first, '<' | '[' | '…')
        || value.starts_with("${")
        || value.starts_with("$(")
        || value.starts_with("{{")
        || is_reference(value)
        || letters.all(|c| c == first)
}

/// `$NAME` and nothing else.
fn is_reference(value: &str) -> bool {
    value.strip_prefix('$').is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

fn is_word(value: &str) -> bool {
    value.len() <= WORD_BYTES_MAX
        && value.chars().all(|c| c.is_alphabetic() || c == '-' || c == '_' || c == ' ' || c == '.')
        && !has_inner_capital(value)
}

fn has_inner_capital(value: &str) -> bool {
    let mut before = '-';
    value.chars().any(|c| {
        let inner = c.is_uppercase() && before.is_lowercase();
        before = c;
        inner
    })
}

fn is_number(value: &str) -> bool {
    value.len() <= NUMBER_BYTES_MAX && value.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// A file, or an address without anything secret in it.
fn is_place(value: &str) -> bool {
    let is_path = ["/", "./", "../", "~/"].iter().any(|start| value.starts_with(start));
    let is_address = value.contains("://") && !value.contains(['@', '?', ';']);
    (is_path && !value.contains(['+', '=', ' '])) || is_address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], expected: Option<Surety>) {
        for name in names {
            assert_eq!(surety(name), expected, "{name}");
        }
    }

    #[test]
    fn names_of_secrets_are_told_from_names_about_secrets() {
        check(
            &[
                "MY_WP_ADMIN_PW",
                "ADMIN_PASSWORD",
                "adminPassword",
                "client-secret",
                "PW",
                "client-key-data",
                "connectionString",
                "ssh_private_key",
            ],
            Some(Surety::Said),
        );
        check(
            &[
                "STORAGE_KEY",
                "API_KEY",
                "apiKey",
                "ACCESS_TOKEN",
                "token",
                "SECRET",
                "primaryMasterKey",
                "BLOB_SAS",
                "GITHUB_PAT",
                "CREDENTIALS",
                "DB_PASS",
            ],
            Some(Surety::Guessed),
        );
        check(
            &[
                "KEYVAULT_URL",
                "KEYVAULT_SECRET_NAME",
                "FEDERATED_IDENTITY_CREDENTIAL_NAME",
                "AZURE_FEDERATED_TOKEN_FILE",
                "TOKEN_URL",
                "tokenType",
                "SSH_PUBLIC_KEY",
                "ACCESS_KEY_ID",
                "PWD",
                "OLDPWD",
                "MONKEY",
                "BYPASS",
                "COMPASS",
                "HOME",
                "",
                "_",
            ],
            None,
        );
    }

    #[test]
    fn what_somebody_called_secret_is_masked_from_six_bytes_on() {
        for (value, expected) in [
            ("hunter2", true),
            ("secret", true),
            ("short", false),
            (" on ", false),
            ("$OTHER", false),
            ("${X}", false),
            ("<password>", false),
            ("pa$$word", true),
            ("******", false),
            ("密码一二", true),
        ] {
            assert_eq!(is_telling(value, Surety::Said), expected, "{value}");
        }
    }

    #[test]
    fn guesses_leave_ordinary_text_alone() {
        for value in [
            "created",
            "production",
            "my-app-name",
            "Standard",
            "4096",
            "1767225600",
            "/home/me/.ssh/id_rsa",
            "https://example.com/token",
            "Hello!",
            "true",
        ] {
            assert!(!is_telling(value, Surety::Guessed), "{value}");
        }
        for value in ["s3cr3tvalue", "correct-horse-battery-staple", "MySecretValue", "/k3y+with=", "https://u:p@host/x", "123456789012"] {
            assert!(is_telling(value, Surety::Guessed), "{value}");
        }
    }
}
