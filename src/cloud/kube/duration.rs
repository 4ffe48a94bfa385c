//! Ages as kubectl's tables print them: apimachinery `pkg/util/duration`, `HumanDuration`.

use jiff::Timestamp;

/// The age of something that happened at `then` (RFC 3339); `<unknown>` when there is no such time.
pub(crate) fn age(then: &str, now: Timestamp) -> String {
    match then.parse::<Timestamp>() {
        Ok(then) => human(now.as_second() - then.as_second()),
        Err(_) => "<unknown>".to_owned(),
    }
}

/// A duration in at most two units.
pub(crate) fn human(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    let two = |first: i64, first_unit: char, second: i64, second_unit: char| {
        if second == 0 { format!("{first}{first_unit}") } else { format!("{first}{first_unit}{second}{second_unit}") }
    };
    match seconds {
        ..=-2 => "<invalid>".to_owned(),
        -1..=0 => "0s".to_owned(),
        1..=119 => format!("{seconds}s"),
        120..=599 => two(minutes, 'm', seconds % 60, 's'),
        600..=10_799 => format!("{minutes}m"),
        10_800..=28_799 => two(hours, 'h', minutes % 60, 'm'),
        28_800..=172_799 => format!("{hours}h"),
        172_800..=691_199 => two(days, 'd', hours % 24, 'h'),
        691_200..=63_071_999 => format!("{days}d"),
        63_072_000..=252_287_999 => two(years, 'y', days % 365, 'd'),
        _ => format!("{years}y"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_at_most_two_units() {
        for (seconds, expected) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_860, "3h1m"),
            (30_000, "8h"),
            (172_800, "2d"),
            (176_400, "2d1h"),
            (800_000, "9d"),
            (-5, "<invalid>"),
        ] {
            assert_eq!(human(seconds), expected);
        }
    }
}
