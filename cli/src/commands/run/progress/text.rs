//! Formats progress figures.

use pipewright::StageReport;

use crate::commands::run::run_progress::RunProgress;
use crate::terminal::units::{age, bytes, count, rate};

/// Maximum width of a stage id.
const ID: usize = 28;

/// The whole run on one line of at most `width` characters. The most important parts come first;
/// those that do not fit are omitted.
pub(super) fn whole(run_progress: &RunProgress, width: usize) -> String {
    let mut parts = Vec::new();
    match (run_progress.percent(), run_progress.size) {
        (Some(percent), Some(size)) => {
            parts.push(format!("{percent} %"));
            parts.extend(
                run_progress
                    .left()
                    .map(|left| format!("{} left", age(left))),
            );
            let read = bytes(run_progress.read());
            parts.push(format!("{read} of {} in", bytes(size)));
        }
        _ => parts.push(format!("{} in", bytes(run_progress.read()))),
    }
    parts.push(rate(run_progress.rate()));
    parts.push(format!("{} out", bytes(run_progress.written)));
    parts.push(age(run_progress.elapsed()));
    fitting(parts, ", ", width)
}

/// A stage on one line of at most `width` characters, with its id in a column of `ids`.
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

/// As many parts as fit; at least the first.
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

/// Formats a fraction as a percentage.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // From 0 to 100.
fn share(share: f64) -> u8 {
    (share * 100.0).round() as u8
}

/// Shortens an id that is too long by removing its start.
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
    use pipewright::StageReport;

    use super::{stage, whole};
    use crate::commands::run::run_progress::RunProgress;

    #[test]
    fn what_has_no_room_is_left_out() {
        let known = RunProgress::of(30 << 20, Some(120 << 20), &[]);
        let all = "25 %, 1m 31s left, 30.0 MiB of 120.0 MiB in, 1.0 MiB/s, 15.0 MiB out, 0.0s";
        assert_eq!(whole(&known, usize::MAX), all);
        assert_eq!(whole(&known, all.len()), all);
        assert_eq!(whole(&known, 30), "25 %, 1m 31s left");
        assert_eq!(whole(&known, 0), "25 %");
        let unknown = RunProgress::of(30 << 20, None, &[]);
        assert_eq!(whole(&unknown, 30), "30.0 MiB in, 1.0 MiB/s");
    }

    #[test]
    fn a_stage_tells_what_it_did() {
        assert_eq!(stage("a::b", None, 4, 80), "  a::b");
        let mut report = StageReport::default();
        (report.bytes_out, report.items_out) = (2048, 1234);
        let line = "  a::b  100 % busy     2.0 KiB        1,234 items";
        assert_eq!(stage("a::b", Some(&report), 4, 80), line);
        assert_eq!(
            stage("a::b", Some(&report), 4, 40),
            "  a::b  100 % busy     2.0 KiB"
        );
        // The end of a long id is more informative than its beginning.
        let long = format!("{}::the_end", "x".repeat(40));
        let line = stage(&long, Some(&report), 49, 80);
        assert!(
            line.starts_with("  …xxx") && line.contains("x::the_end  100 %"),
            "{line}"
        );
    }
}
