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

/// The whole run in a line: what matters most comes first, so that a narrow terminal shows it.
pub(super) fn whole(figures: &Figures) -> String {
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
    parts.join(", ")
}

/// A stage in a line.
pub(super) fn stage(id: &str, report: Option<&StageReport>) -> String {
    let id = shortened(id);
    let Some(report) = report else {
        return format!("  {id}");
    };
    let busy = share(report.working());
    let mut line = format!(
        "  {id:ID$} {busy:>3} % busy  {:>10}",
        bytes(report.bytes_out)
    );
    if report.items_out > 0 {
        let items = count(report.items_out);
        line = format!("{line}  {items:>13} items");
    }
    line
}

/// A share of 1 in hundredths.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // It is from 0 to 100.
fn share(share: f64) -> u8 {
    (share * 100.0).round() as u8
}

/// The end of an id tells more than its beginning.
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
    fn the_first_words_tell_most() {
        let known = whole(&Figures::of(30 << 20, Some(120 << 20), &[]));
        assert!(
            known.starts_with("25 %, 1 min 31 s left, 30.0 MiB of 120.0 MiB in, 1.0 MiB/s"),
            "{known}"
        );
        let unknown = whole(&Figures::of(30 << 20, None, &[]));
        assert!(
            unknown.starts_with("30.0 MiB in, 1.0 MiB/s, 15.0 MiB out"),
            "{unknown}"
        );
    }

    #[test]
    fn a_long_id_keeps_its_end() {
        assert_eq!(stage("a::b", None), "  a::b");
        let report = StageReport::default();
        let line = stage(&format!("{}::the_end", "x".repeat(40)), Some(&report));
        assert!(
            line.starts_with("  …xxx") && line.contains("xx::the_end "),
            "{line}"
        );
    }
}
