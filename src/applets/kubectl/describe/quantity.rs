//! Amounts of cpu and memory: `250m`, `128Mi`, sums of them, and their share of a node.

/// Units with what they multiply by, in thousandths.
const UNITS: [(&str, i128); 14] = [
    ("Ki", 1024 * 1000),
    ("Mi", 1024_i128.pow(2) * 1000),
    ("Gi", 1024_i128.pow(3) * 1000),
    ("Ti", 1024_i128.pow(4) * 1000),
    ("Pi", 1024_i128.pow(5) * 1000),
    ("Ei", 1024_i128.pow(6) * 1000),
    ("m", 1),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000_000),
    ("", 1000),
];

/// How a sum is written: powers of 1,000 or of 1,024.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Decimal,
    Binary,
}

/// The amount in thousandths; zero when the text is none.
pub(super) fn thousandths(text: &str) -> i128 {
    UNITS
        .iter()
        .find_map(|(unit, factor)| {
            let number = text.strip_suffix(unit)?;
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            let whole: i128 = whole.parse().ok()?;
            let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
            let fraction: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
            Some(whole * factor + fraction * factor / scale)
        })
        .unwrap_or(0)
}

/// The shortest exact way to write thousandths.
pub(super) fn write(amount: i128, notation: Notation) -> String {
    if amount == 0 {
        return "0".to_owned();
    }
    let is_binary = |unit: &str| unit.ends_with('i');
    let fits = |(unit, factor): &&(&str, i128)| {
        is_binary(unit) == (notation == Notation::Binary) && *unit != "m" && !unit.is_empty() && amount % factor == 0
    };
    match UNITS.iter().filter(fits).max_by_key(|(_, factor)| *factor) {
        Some((unit, factor)) => format!("{}{unit}", amount / factor),
        None if amount % 1000 == 0 => (amount / 1000).to_string(),
        None => format!("{amount}m"),
    }
}

/// An amount in its shortest form, in the notation it has: `7979008Ki` is `7792Mi`.
pub(super) fn canonical(text: &str) -> String {
    let notation = if text.ends_with('i') { Notation::Binary } else { Notation::Decimal };
    if UNITS.iter().any(|(unit, _)| text.strip_suffix(unit).is_some_and(|number| number.parse::<f64>().is_ok())) {
        write(thousandths(text), notation)
    } else {
        text.to_owned()
    }
}

/// Whole percent of `whole`, cut.
pub(super) fn percent(part: i128, whole: i128) -> i128 {
    if whole == 0 { 0 } else { part * 100 / whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_summed_and_written() {
        assert_eq!(thousandths("250m"), 250);
        assert_eq!(thousandths("1.5"), 1500);
        assert_eq!(thousandths("128Mi"), 134_217_728_000);
        assert_eq!(write(thousandths("100m") + thousandths("900m"), Notation::Decimal), "1");
        assert_eq!(write(thousandths("128Mi") + thousandths("896Mi"), Notation::Binary), "1Gi");
        assert_eq!(
            (canonical("7979008Ki"), canonical("1900m"), canonical("2"), canonical("x")),
            ("7792Mi".into(), "1900m".into(), "2".into(), "x".into())
        );
        assert_eq!(write(thousandths("10m"), Notation::Decimal), "10m");
        assert_eq!((write(0, Notation::Binary), percent(100, 1900)), ("0".to_owned(), 5));
    }
}
