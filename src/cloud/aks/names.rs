//! What clusters, pools and DNS prefixes may be called.
//!
//! Rules: Azure documentation "AKS naming rules" and the `managedClusters` row of "Naming rules and restrictions for Azure resources".

use crate::cloud::fault::Fault;

use super::operations::flat;

/// Checks the name of a cluster: 1 to 63 letters, digits, underscores and hyphens, a letter or digit at both ends.
pub(crate) fn check_cluster(name: &str) -> Result<(), Fault> {
    let inner = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if (1..=63).contains(&name.len()) && name.chars().all(inner) && has_plain_ends(name) {
        return Ok(());
    }
    // Assumed: the service's general sentence about a bad parameter; the exact text for names is not recorded.
    Err(invalid_parameter("name"))
}

/// Checks a DNS prefix: 1 to 54 letters, digits and hyphens, a letter or digit at both ends.
pub(crate) fn check_dns_prefix(prefix: &str) -> Result<(), Fault> {
    let inner = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if (1..=54).contains(&prefix.len()) && prefix.chars().all(inner) && has_plain_ends(prefix) {
        return Ok(());
    }
    Err(invalid_parameter("dnsPrefix"))
}

/// Checks the name of a Linux pool: 1 to 12 lower-case letters and digits, a letter first.
pub(crate) fn check_pool(name: &str) -> Result<(), Fault> {
    let inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let begins = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    if (1..=12).contains(&name.len()) && name.chars().all(inner) && begins {
        return Ok(());
    }
    Err(invalid_parameter("agentPoolProfile.name"))
}

fn has_plain_ends(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphanumeric()) && text.ends_with(|letter: char| letter.is_ascii_alphanumeric())
}

fn invalid_parameter(parameter: &str) -> Fault {
    // Wording as quoted in public issues about `dnsPrefix` and `agentPoolProfile.name`.
    let message = format!("The value of parameter {parameter} is invalid. Please see https://aka.ms/aks-naming-rules for more details.");
    flat(400, "InvalidParameter", &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_documented_rules() {
        for good in ["a", "myAKSCluster1a2b3c", "a_b-c", &"x".repeat(63)] {
            assert!(check_cluster(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a.b", "a b", &"x".repeat(64)] {
            assert!(check_cluster(bad).is_err(), "{bad}");
        }
        assert!(check_dns_prefix("myAKSClust-myResourceGroupa-111111").is_ok());
        assert!(check_dns_prefix("a_b").is_err());
        assert!(check_pool("nodepool1").is_ok());
        for bad in ["NodePool1", "1pool", "toolongpoolname", "a-b"] {
            assert!(check_pool(bad).is_err(), "{bad}");
        }
    }
}
