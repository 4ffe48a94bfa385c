//! Regions, services and resource ids: what Azure calls places and things.

use super::placeholder::is_placeholder;

/// `eastus`, `uksouth`, `SoutheastAsia`: a direction joined to a place, as all names of Azure's regions are.
pub(super) fn is_region(word: &str) -> bool {
    const DIRECTIONS: [&[u8]; 5] = [b"north", b"south", b"east", b"west", b"central"];
    const PLACES: [&[u8]; 28] = [
        b"us",
        b"uk",
        b"europe",
        b"asia",
        b"india",
        b"japan",
        b"korea",
        b"australia",
        b"brazil",
        b"canada",
        b"france",
        b"germany",
        b"norway",
        b"sweden",
        b"switzerland",
        b"uae",
        b"africa",
        b"poland",
        b"italy",
        b"spain",
        b"israel",
        b"qatar",
        b"mexico",
        b"chile",
        b"austria",
        b"belgium",
        b"malaysia",
        b"newzealand",
    ];
    let bytes = word.as_bytes();
    // Every direction has one of these pairs, and few other words do.
    let may_be = (6..=20).contains(&bytes.len())
        && bytes.windows(2).any(|pair| matches!([pair[0] | 0x20, pair[1] | 0x20], [b's', b't'] | [b't', b'h' | b'r']));
    if !may_be {
        return false;
    }
    let mut lower = [0; 20];
    let lower = &mut lower[..bytes.len()];
    lower.copy_from_slice(bytes);
    lower.make_ascii_lowercase();
    let mut rest: &[u8] = lower;
    let (mut directions, mut places) = (0, 0);
    while !rest.is_empty() {
        if let Some(after) = DIRECTIONS.iter().find_map(|part| rest.strip_prefix(*part)) {
            directions += 1;
            rest = after;
        } else if let Some(after) = PLACES.iter().find_map(|part| rest.strip_prefix(*part)) {
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
    use super::{arm_type, is_region, service};

    #[test]
    fn the_type_of_a_resource_is_read_from_its_id() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s";
        assert_eq!(arm_type(id).as_deref(), Some("microsoft.network/virtualnetworks/subnets"));
        assert_eq!(arm_type("/subscriptions/s/resourceGroups/g"), None);
    }

    #[test]
    fn regions_are_directions_joined_to_places() {
        for region in ["eastus", "WestEurope", "uksouth", "southcentralus", "SwedenCentral", "northeurope"] {
            assert!(is_region(region), "{region}");
        }
        for word in ["east", "restart", "westworld", "customer", "centralized", "eastuswest1"] {
            assert!(!is_region(word), "{word}");
        }
    }

    #[test]
    fn the_service_of_an_address_is_told_by_its_domain() {
        assert_eq!(service("https://a.vault.azure.net/x").as_deref(), Some("vault.azure.net"));
        assert_eq!(service("a.blob.core.windows.net").as_deref(), Some("blob.core.windows.net"));
        assert_eq!(service("http://example.com/"), None);
    }
}
