//! What objects, labels and keys may be called, with the sentences of apimachinery `pkg/util/validation/validation.go`.

/// Letters, digits and inner characters, beginning and ending with a letter or digit.
fn is_word(text: &str, inner: &str, lower_only: bool) -> bool {
    let plain =
        |letter: char| letter.is_ascii_digit() || if lower_only { letter.is_ascii_lowercase() } else { letter.is_ascii_alphabetic() };
    text.starts_with(plain) && text.ends_with(plain) && text.chars().all(|letter| plain(letter) || inner.contains(letter))
}

fn too_long(length: usize) -> String {
    // Kubernetes 1.33 and later count bytes in this sentence.
    format!("must be no more than {length} bytes")
}

/// A DNS label, such as a namespace or a container.
pub(crate) fn dns_label(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > 63 {
        problems.push(too_long(63));
    }
    if !is_word(text, "-", true) {
        problems.push(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric \
             character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        );
    }
    problems
}

/// A DNS subdomain, such as the name of a pod.
pub(crate) fn dns_subdomain(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > 253 {
        problems.push(too_long(253));
    }
    if text.is_empty() || !text.split('.').all(|label| is_word(label, "-", true)) {
        problems.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an \
             alphanumeric character (e.g. 'example.com', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        );
    }
    problems
}

/// A name that only has to fit into a path, such as that of a role.
pub(crate) fn path_segment(text: &str) -> Vec<String> {
    match text {
        "." | ".." => vec![format!("may not be '{text}'")],
        _ => ["/", "%"].iter().filter(|bad| text.contains(**bad)).map(|bad| format!("may not contain '{bad}'")).collect(),
    }
}

/// The value of a label.
pub(crate) fn label_value(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > 63 {
        problems.push(too_long(63));
    }
    if !text.is_empty() && !is_word(text, "-_.", false) {
        problems.push(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
             alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
             '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .to_owned(),
        );
    }
    problems
}

/// The key of a label or annotation: `prefix/name`.
pub(crate) fn qualified_name(text: &str) -> Vec<String> {
    const SENTENCE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character \
                            (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let parts: Vec<&str> = text.split('/').collect();
    let (prefix, name) = match parts.as_slice() {
        [name] => (None, *name),
        [prefix, name] => (Some(*prefix), *name),
        _ => {
            return vec![format!("a qualified name {SENTENCE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")];
        }
    };
    let mut problems = Vec::new();
    match prefix {
        Some("") => problems.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => problems.extend(dns_subdomain(prefix).into_iter().map(|problem| format!("prefix part {problem}"))),
        None => {}
    }
    if name.is_empty() {
        problems.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        problems.push(format!("name part {}", too_long(63)));
    }
    if !is_word(name, "-_.", false) {
        problems.push(format!("name part {SENTENCE}"));
    }
    problems
}

/// A key in the data of a config map or secret.
pub(crate) fn config_key(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > 253 {
        problems.push(too_long(253));
    }
    if text.is_empty() || !text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter)) {
        problems.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex \
             used for validation is '[-._a-zA-Z0-9]+')"
                .to_owned(),
        );
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_by_their_kind() {
        assert!(dns_label("workload-identity-sa1a2b3c").is_empty());
        assert!(!dns_label("a.b").is_empty() && !dns_label("A").is_empty() && !dns_label("-a").is_empty());
        assert!(dns_subdomain("a.b-c.d").is_empty());
        assert!(!dns_subdomain("a..b").is_empty() && !dns_subdomain("${NAME}").is_empty() && !dns_subdomain("").is_empty());
        assert!(path_segment("system:node").is_empty() && !path_segment("a/b").is_empty());
        assert!(label_value("").is_empty() && label_value("true").is_empty() && !label_value("a b").is_empty());
        assert!(qualified_name("azure.workload.identity/use").is_empty());
        assert!(!qualified_name("a/b/c").is_empty() && !qualified_name("/b").is_empty() && !qualified_name("a b").is_empty());
        assert!(config_key("ca.crt").is_empty() && !config_key("a key").is_empty());
    }
}
