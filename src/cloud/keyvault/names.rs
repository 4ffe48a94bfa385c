//! What vaults and secrets may be called.

/// Whether `name` may name a vault: 3 to 24 of letters, digits and hyphens, a letter first, a letter or digit last, no two hyphens
/// in a row. Source: the text of `VaultNameNotValid`.
pub(crate) fn is_vault_name(name: &str) -> bool {
    (3..=24).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.ends_with('-')
        && !name.contains("--")
}

/// Whether `name` may name a secret: 1 to 127 of letters, digits and hyphens (about keys, secrets and certificates).
pub(crate) fn is_secret_name(name: &str) -> bool {
    (1..=127).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::{is_secret_name, is_vault_name};

    #[test]
    fn vault_names_follow_the_rules_that_the_refusal_states() {
        for (name, expected) in [
            ("abc", true),
            ("ab", false),
            ("keyvault-workload-idab12c", false),
            ("keyvault-workload-idab12", true),
            ("1ab", false),
            ("a--b", false),
            ("ab-", false),
            ("my_vault", false),
            ("", false),
        ] {
            assert_eq!(is_vault_name(name), expected, "{name}");
        }
    }

    #[test]
    fn secret_names_have_no_underscore_and_at_most_127_characters() {
        for (name, expected) in [("a", true), ("my-secret1", true), ("my_secret", false), ("", false), ("é", false)] {
            assert_eq!(is_secret_name(name), expected, "{name}");
        }
        assert!(is_secret_name(&"a".repeat(127)) && !is_secret_name(&"a".repeat(128)));
    }
}
