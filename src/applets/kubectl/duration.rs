//! Go's durations, and the ages that kubectl prints (`5m30s`, `3d4h`).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Reads `1h30m`; `None` inside `Ok` when it is negative.
///
/// # Errors
/// Go's own text.
pub(crate) fn parse_duration(text: &str) -> Result<Option<Duration>, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(Some(Duration::ZERO));
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().map_err(|_| invalid())?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "" => return Err(format!("time: missing unit in duration {text:?}")),
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            unknown => return Err(format!("time: unknown unit {unknown:?} in duration {text:?}")),
        };
        seconds += number * unit;
        rest = &rest[end..];
    }
    if negative && seconds > 0.0 {
        return Ok(None);
    }
    Duration::try_from_secs_f64(seconds).map(Some).map_err(|_| invalid())
}

/// The age of something that happened at `then`; `<unknown>` when that is no time.
pub(crate) fn age(then: &str, now: Timestamp) -> String {
    then.parse::<Timestamp>().map_or_else(|_| "<unknown>".to_owned(), |then| human_duration(now.duration_since(then)))
}

/// Source: apimachinery `duration.HumanDuration`: two units at most, the smaller dropped as the larger grows.
pub(crate) fn human_duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    if seconds < 0 {
        return "0s".to_owned();
    }
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let pair = |large: i64, unit: char, small: i64, small_unit: char| {
        if small == 0 { format!("{large}{unit}") } else { format!("{large}{unit}{small}{small_unit}") }
    };
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => pair(minutes, 'm', seconds % 60, 's'),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => pair(hours, 'h', minutes % 60, 'm'),
        () if hours < 48 => format!("{hours}h"),
        () if hours < 192 => pair(hours / 24, 'd', hours % 24, 'h'),
        () if hours < 24 * 365 * 2 => format!("{}d", hours / 24),
        () if hours < 24 * 365 * 8 => pair(hours / 24 / 365, 'y', hours / 24 % 365, 'd'),
        () => format!("{}y", hours / 24 / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        assert_eq!(parse_duration("1h30m0.5s"), Ok(Some(Duration::from_millis(5_400_500))));
        assert_eq!(parse_duration("-1s"), Ok(None));
        assert_eq!(parse_duration("0"), Ok(Some(Duration::ZERO)));
        assert_eq!(parse_duration("5"), Err("time: missing unit in duration \"5\"".to_owned()));
        assert_eq!(parse_duration("5x"), Err("time: unknown unit \"x\" in duration \"5x\"".to_owned()));
        assert_eq!(parse_duration("x"), Err("time: invalid duration \"x\"".to_owned()));
    }

    #[test]
    fn ages_lose_their_small_unit_as_they_grow() {
        for (seconds, text) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (330, "5m30s"),
            (600, "10m"),
            (10_800, "3h"),
            (12_000, "3h20m"),
            (86_400, "24h"),
            (180_000, "2d2h"),
            (8_640_000, "100d"),
        ] {
            assert_eq!(human_duration(SignedDuration::from_secs(seconds)), text);
        }
    }
}
