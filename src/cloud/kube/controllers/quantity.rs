//! Amounts of resources: apimachinery `pkg/api/resource`, as far as the scheduler compares them.

/// Thousandths of a processor; 0 for what is no amount.
pub(crate) fn milli(text: &str) -> i64 {
    match text.strip_suffix('m') {
        Some(milli) => milli.parse().unwrap_or(0),
        None => text.parse::<f64>().map_or(0, |cores| rounded(cores * 1000.0)),
    }
}

/// Bytes; 0 for what is no amount.
pub(crate) fn bytes(text: &str) -> i64 {
    const UNITS: [(&str, f64); 11] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("m", 1e-3),
        ("E", 1e18),
        ("", 1.0),
    ];
    let found = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?.parse::<f64>().ok()?, factor)));
    found.map_or(0, |(number, factor)| rounded(number * factor))
}

#[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates, which is what a comparison needs")]
fn rounded(number: f64) -> i64 {
    number.ceil() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_every_unit() {
        for (text, expected) in [("250m", 250), ("1", 1000), ("0.5", 500), ("", 0), ("x", 0)] {
            assert_eq!(milli(text), expected, "{text}");
        }
        for (text, expected) in [("128Mi", 134_217_728), ("1G", 1_000_000_000), ("1e3", 1000), ("12", 12), ("1Gi", 1 << 30), ("", 0)] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
