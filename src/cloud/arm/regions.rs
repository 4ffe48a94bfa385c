//! Azure's public regions.
//!
//! The first nineteen are those of the recorded list of locations, in its order; the others are from Azure's documentation of regions, as of
//! 2026. Coordinates and zones are left out.

/// A region.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Region {
    /// `centralindia`.
    pub(crate) name: &'static str,
    /// `Central India`.
    pub(crate) display_name: &'static str,
    pub(crate) geography: &'static str,
    pub(crate) geography_group: &'static str,
    /// `Recommended` or `Other`.
    pub(crate) category: &'static str,
    /// The name of its pair; empty when it has none.
    pub(crate) paired: &'static str,
}

/// The region that `location` means: its name or display name, without regard to case and spaces, as Resource Manager reads it.
pub(crate) fn find(location: &str) -> Option<&'static Region> {
    let wanted: String = location.chars().filter(|letter| *letter != ' ').flat_map(char::to_lowercase).collect();
    REGIONS.iter().find(|region| region.name == wanted)
}

const fn region(
    name: &'static str,
    display_name: &'static str,
    geography: &'static str,
    geography_group: &'static str,
    category: &'static str,
    paired: &'static str,
) -> Region {
    Region { name, display_name, geography, geography_group, category, paired }
}

/// Every region.
pub(crate) static REGIONS: &[Region] = &[
    region("eastus", "East US", "United States", "US", "Recommended", "westus"),
    region("southcentralus", "South Central US", "United States", "US", "Recommended", "northcentralus"),
    region("westus2", "West US 2", "United States", "US", "Recommended", "westcentralus"),
    region("westus3", "West US 3", "United States", "US", "Recommended", "eastus"),
    region("australiaeast", "Australia East", "Australia", "Asia Pacific", "Recommended", "australiasoutheast"),
    region("southeastasia", "Southeast Asia", "Asia Pacific", "Asia Pacific", "Recommended", "eastasia"),
    region("northeurope", "North Europe", "Europe", "Europe", "Recommended", "westeurope"),
    region("swedencentral", "Sweden Central", "Sweden", "Europe", "Recommended", "swedensouth"),
    region("uksouth", "UK South", "United Kingdom", "Europe", "Recommended", "ukwest"),
    region("westeurope", "West Europe", "Europe", "Europe", "Recommended", "northeurope"),
    region("centralus", "Central US", "United States", "US", "Recommended", "eastus2"),
    region("southafricanorth", "South Africa North", "South Africa", "Africa", "Recommended", "southafricawest"),
    region("centralindia", "Central India", "India", "Asia Pacific", "Recommended", "southindia"),
    region("eastasia", "East Asia", "Asia Pacific", "Asia Pacific", "Recommended", "southeastasia"),
    region("japaneast", "Japan East", "Japan", "Asia Pacific", "Recommended", "japanwest"),
    region("koreacentral", "Korea Central", "Korea", "Asia Pacific", "Recommended", "koreasouth"),
    region("newzealandnorth", "New Zealand North", "New Zealand", "Asia Pacific", "Recommended", ""),
    region("canadacentral", "Canada Central", "Canada", "Canada", "Recommended", "canadaeast"),
    region("francecentral", "France Central", "France", "Europe", "Recommended", "francesouth"),
    region("germanywestcentral", "Germany West Central", "Germany", "Europe", "Recommended", "germanynorth"),
    region("italynorth", "Italy North", "Italy", "Europe", "Recommended", ""),
    region("norwayeast", "Norway East", "Norway", "Europe", "Recommended", "norwaywest"),
    region("polandcentral", "Poland Central", "Poland", "Europe", "Recommended", ""),
    region("spaincentral", "Spain Central", "Spain", "Europe", "Recommended", ""),
    region("switzerlandnorth", "Switzerland North", "Switzerland", "Europe", "Recommended", "switzerlandwest"),
    region("mexicocentral", "Mexico Central", "Mexico", "Mexico", "Recommended", ""),
    region("uaenorth", "UAE North", "UAE", "Middle East", "Recommended", "uaecentral"),
    region("brazilsouth", "Brazil South", "Brazil", "South America", "Recommended", "southcentralus"),
    region("israelcentral", "Israel Central", "Israel", "Middle East", "Recommended", ""),
    region("qatarcentral", "Qatar Central", "Qatar", "Middle East", "Recommended", ""),
    region("eastus2", "East US 2", "United States", "US", "Recommended", "centralus"),
    region("northcentralus", "North Central US", "United States", "US", "Other", "southcentralus"),
    region("westus", "West US", "United States", "US", "Other", "eastus"),
    region("japanwest", "Japan West", "Japan", "Asia Pacific", "Other", "japaneast"),
    region("westcentralus", "West Central US", "United States", "US", "Other", "westus2"),
    region("southafricawest", "South Africa West", "South Africa", "Africa", "Other", "southafricanorth"),
    region("australiacentral", "Australia Central", "Australia", "Asia Pacific", "Other", "australiacentral2"),
    region("australiacentral2", "Australia Central 2", "Australia", "Asia Pacific", "Other", "australiacentral"),
    region("australiasoutheast", "Australia Southeast", "Australia", "Asia Pacific", "Other", "australiaeast"),
    region("koreasouth", "Korea South", "Korea", "Asia Pacific", "Other", "koreacentral"),
    region("southindia", "South India", "India", "Asia Pacific", "Other", "centralindia"),
    region("westindia", "West India", "India", "Asia Pacific", "Other", "southindia"),
    region("canadaeast", "Canada East", "Canada", "Canada", "Other", "canadacentral"),
    region("francesouth", "France South", "France", "Europe", "Other", "francecentral"),
    region("germanynorth", "Germany North", "Germany", "Europe", "Other", "germanywestcentral"),
    region("norwaywest", "Norway West", "Norway", "Europe", "Other", "norwayeast"),
    region("switzerlandwest", "Switzerland West", "Switzerland", "Europe", "Other", "switzerlandnorth"),
    region("ukwest", "UK West", "United Kingdom", "Europe", "Other", "uksouth"),
    region("uaecentral", "UAE Central", "UAE", "Middle East", "Other", "uaenorth"),
    region("brazilsoutheast", "Brazil Southeast", "Brazil", "South America", "Other", "brazilsouth"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_found_by_either_name_and_every_pair_exists() {
        assert_eq!(find("Central India").unwrap().name, "centralindia");
        assert_eq!(find("EASTUS2").unwrap().display_name, "East US 2");
        assert!(find("atlantis").is_none());
        // Sweden South is not offered to new subscriptions and is therefore not in the list itself.
        for region in REGIONS.iter().filter(|region| !region.paired.is_empty() && region.paired != "swedensouth") {
            assert!(find(region.paired).is_some(), "{}", region.paired);
        }
    }
}
