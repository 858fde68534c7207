//! Sizes and times in readable form.

use std::time::Duration;

use bytesize::ByteSize;

/// A number of bytes, such as `1.5 KiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

/// A number of bytes per second.
pub(crate) fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", bytes(bytes_per_second))
}

/// A duration in its two largest units: `3.2s`, `4m 05s`, `2h 07m`, `3d 04h`.
pub(crate) fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if seconds < 60 {
        format!("{:.1}s", time.as_secs_f64())
    } else if hours == 0 {
        format!("{minutes}m {:02}s", seconds % 60)
    } else if days == 0 {
        format!("{hours}h {:02}m", minutes % 60)
    } else {
        format!("{days}d {:02}h", hours % 24)
    }
}

/// A number with thousands separators: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Parses a duration such as `1min 30s`; the inverse of `humantime`'s format.
///
/// Each part is parsed separately, because `humantime` panics if the sum exceeds a [`Duration`].
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    loop {
        let unit = rest.find(char::is_alphabetic).unwrap_or(rest.len());
        let end = rest[unit..].find(|c: char| !c.is_alphabetic());
        let (part, after) = rest.split_at(end.map_or(rest.len(), |end| unit + end));
        let part = humantime::parse_duration(part).map_err(|error| error.to_string())?;
        let sum = total.checked_add(part);
        total = sum.ok_or_else(|| "longer than any time that can be measured".to_owned())?;
        rest = after;
        if rest.trim().is_empty() {
            return Ok(total);
        }
    }
}

/// Parses a number of bytes, with or without a unit.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let size: ByteSize = text.parse()?;
    usize::try_from(size.as_u64()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{age, count, duration};

    #[test]
    fn a_time_may_have_several_parts() {
        for (text, millis) in [
            ("5s", 5_000),
            ("1min 30s", 90_000),
            (" 1h2m3s ", 3_723_000),
            ("1.5 s", 1_500),
            ("1s 1000000000ns", 2_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "5x", "-1s", "1s 2", "18446744073709551616s"] {
            assert!(duration(text).is_err(), "{text}");
        }
        let longest = "18446744073709551615s";
        assert_eq!(duration(longest), Ok(Duration::from_secs(u64::MAX)));
        assert!(duration(&format!("{longest} 1000000000ns")).is_err());
    }

    #[test]
    fn times_have_two_units() {
        for (seconds, expected) in [
            (0, "0.0s"),
            (59, "59.0s"),
            (245, "4m 05s"),
            (7620, "2h 07m"),
            (273_600, "3d 04h"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), expected);
        }
    }
}
