//! Figures as people read them.

use std::time::Duration;

use bytesize::ByteSize;
use pipewright::StageReport;

use crate::cli::run::figures::Figures;

/// The room that the id of a stage gets at the most.
const ID: usize = 28;

/// `12.3 MiB`.
pub(in crate::cli::run) fn bytes(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

/// `1_234_567` as `1 234 567`.
pub(in crate::cli::run) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// `7 s`, `3 min 5 s`, `2 h 4 min`.
fn time(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// The whole run in a line of `width` letters at the most: what matters most comes first, and what
/// has no room is left out.
pub(super) fn whole(figures: &Figures, width: usize) -> String {
    let mut parts = Vec::new();
    match (figures.percent(), figures.size) {
        (Some(percent), Some(size)) => {
            parts.push(format!("{percent} %"));
            parts.extend(figures.left().map(|left| format!("{} left", time(left))));
            let read = bytes(figures.read());
            parts.push(format!("{read} of {} in", bytes(size)));
        }
        _ => parts.push(format!("{} in", bytes(figures.read()))),
    }
    parts.push(format!("{}/s", bytes(figures.rate())));
    parts.push(format!("{} out", bytes(figures.written)));
    parts.push(time(figures.elapsed()));
    fitting(parts, ", ", width)
}

/// A stage in a line of `width` letters at the most, with its id in a column of `ids`.
pub(super) fn stage(id: &str, report: Option<&StageReport>, ids: usize, width: usize) -> String {
    let ids = ids.min(ID);
    let mut parts = vec![format!("  {:ids$}", shortened(id))];
    if let Some(report) = report {
        parts.push(format!("{:>3} % busy", share(report.working())));
        parts.push(format!("{:>10}", bytes(report.bytes_out)));
        if report.items_out > 0 {
            parts.push(format!("{:>11} items", count(report.items_out)));
        }
    }
    fitting(parts, "  ", width)
}

/// As many of the parts as there is room for, the first in any case.
fn fitting(parts: Vec<String>, between: &str, width: usize) -> String {
    let mut line = String::new();
    for part in parts {
        if line.is_empty() {
            line = part;
        } else if line.chars().count() + between.len() + part.chars().count() <= width {
            line = format!("{line}{between}{part}");
        } else {
            break;
        }
    }
    line
}

/// A share of 1 in hundredths.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // It is from 0 to 100.
fn share(share: f64) -> u8 {
    (share * 100.0).round() as u8
}

/// An id with its beginning left out if it is long.
fn shortened(id: &str) -> String {
    let letters = id.chars().count();
    if letters <= ID {
        return id.to_owned();
    }
    let end: String = id.chars().skip(letters - ID + 1).collect();
    format!("…{end}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pipewright::StageReport;

    use super::{count, stage, time, whole};
    use crate::cli::run::figures::Figures;

    #[test]
    fn numbers_are_grouped_and_times_are_rounded() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1 234 567");
        assert_eq!(time(Duration::from_millis(7900)), "7 s");
        assert_eq!(time(Duration::from_secs(185)), "3 min 5 s");
        assert_eq!(time(Duration::from_secs(7_500)), "2 h 5 min");
    }

    #[test]
    fn what_has_no_room_is_left_out() {
        let known = Figures::of(30 << 20, Some(120 << 20), &[]);
        let all = "25 %, 1 min 31 s left, 30.0 MiB of 120.0 MiB in, 1.0 MiB/s, 15.0 MiB out, 0 s";
        assert_eq!(whole(&known, usize::MAX), all);
        assert_eq!(whole(&known, all.len()), all);
        assert_eq!(whole(&known, 30), "25 %, 1 min 31 s left");
        assert_eq!(whole(&known, 0), "25 %");
        let unknown = Figures::of(30 << 20, None, &[]);
        assert_eq!(whole(&unknown, 30), "30.0 MiB in, 1.0 MiB/s");
    }

    #[test]
    fn a_stage_tells_what_it_did() {
        assert_eq!(stage("a::b", None, 4, 80), "  a::b");
        let mut report = StageReport::default();
        (report.bytes_out, report.items_out) = (2048, 1234);
        let line = "  a::b  100 % busy     2.0 KiB        1 234 items";
        assert_eq!(stage("a::b", Some(&report), 4, 80), line);
        assert_eq!(
            stage("a::b", Some(&report), 4, 40),
            "  a::b  100 % busy     2.0 KiB"
        );
        // The end of a long id tells more than its beginning.
        let long = format!("{}::the_end", "x".repeat(40));
        let line = stage(&long, Some(&report), 49, 80);
        assert!(
            line.starts_with("  …xxx") && line.contains("x::the_end  100 %"),
            "{line}"
        );
    }
}
