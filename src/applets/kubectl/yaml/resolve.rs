//! What a plain scalar means under YAML 1.1 as go-yaml 2 reads it: `yes` is true, `0644` is 420, dates stay text.

use serde_json::{Number, Value};

/// The type that the text alone decides.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Timestamp,
    Text,
}

/// The meaning of a plain scalar.
pub(super) fn resolve(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Plain::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Plain::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Plain::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Plain::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Plain::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.as_bytes()[0] {
        b'.' if is_float(text) => float(text),
        b'+' | b'-' | b'0'..=b'9' => {
            if is_timestamp(text) {
                return Plain::Timestamp;
            }
            let plain = text.replace('_', "");
            if let Some(number) = integer(&plain) {
                return number;
            }
            if is_float(&plain) { float(&plain) } else { Plain::Text }
        }
        _ => Plain::Text,
    }
}

/// A number that is too large stays text, as Go refuses it.
fn float(text: &str) -> Plain {
    text.parse().ok().filter(|number: &f64| number.is_finite()).map_or(Plain::Text, Plain::Float)
}

/// Go's `ParseInt` with base 0, then `ParseUint`, then go-yaml's own binary form.
fn integer(text: &str) -> Option<Plain> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Plain::Integer);
    }
    Some(i64::try_from(magnitude).map_or(Plain::Unsigned(magnitude), Plain::Integer))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        None => digits(mantissa),
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
    };
    mantissa_fits && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

/// The four forms of a date that go-yaml recognises: a day, with a time after `T`, `t` or a space.
pub(super) fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't', ' ']).map_or(Some((text, None)), |(date, time)| Some((date, Some(time)))) else {
        return false;
    };
    let in_range = |text: &str, length: std::ops::RangeInclusive<usize>, range: std::ops::RangeInclusive<u32>| {
        length.contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse().is_ok_and(|number| range.contains(&number))
    };
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    if !(in_range(year, 4..=4, 0..=9999) && in_range(month, 1..=2, 1..=12) && in_range(day, 1..=2, 1..=31)) {
        return false;
    }
    let Some(time) = time else { return true };
    let needs_zone = !text.contains(' ');
    let clock = if needs_zone {
        let Some(zone) = time.find(['Z', '+', '-']) else { return false };
        let offset = &time[zone + 1..];
        let zone_fits = if time[zone..].starts_with('Z') {
            offset.is_empty()
        } else {
            offset.split_once(':').is_some_and(|(hours, minutes)| in_range(hours, 2..=2, 0..=24) && in_range(minutes, 2..=2, 0..=60))
        };
        if !zone_fits {
            return false;
        }
        &time[..zone]
    } else {
        time
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = parts[..] else { return false };
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    in_range(hour, 1..=2, 0..=23)
        && in_range(minute, 1..=2, 0..=59)
        && in_range(second, 1..=2, 0..=59)
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

/// A float as `encoding/json` writes it: integral values without a point.
pub(super) fn float_to_json(float: f64) -> Option<Value> {
    const INTEGRAL_MAX: f64 = 9_007_199_254_740_992.0;
    if float.fract() == 0.0 && float.abs() <= INTEGRAL_MAX {
        #[expect(clippy::cast_possible_truncation, reason = "integral and within 53 bits")]
        return Some(Value::from(float as i64));
    }
    Number::from_f64(float).map(Value::Number)
}
