use std::fmt;

use console::{Style, measure_text_width};
use pipewright::{RunReport, StageReport, StageSummary};

use super::run_progress::RunProgress;
use crate::terminal::units::{age, bytes, count, rate};

/// The summary of a run: one line, and one for each stage of longer runs.
pub(super) struct Summary<'a> {
    pub(super) report: &'a RunReport,
    pub(super) run_progress: &'a RunProgress,
    /// Whether to list the stages.
    pub(super) stages: bool,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            report,
            run_progress,
            ..
        } = self;
        let complete = Style::new().for_stderr().green().bold();
        let doubtful = Style::new().for_stderr().yellow().bold();
        if report.verified == Some(true) {
            write!(f, "{}", complete.apply_to("complete"))?;
        } else {
            write!(f, "{}", doubtful.apply_to("complete, not verified"))?;
        }
        let moved = run_progress.read().max(run_progress.written);
        write!(
            f,
            ": {} in, {} out in {}, {}",
            bytes(run_progress.read()),
            bytes(run_progress.written),
            age(report.elapsed),
            rate(per_second(moved, report)),
        )?;
        write_skipped(f, report.skipped())?;
        let stages = report.stages.iter().filter(is_stage);
        if stages.count() > 1
            && let Some(slowest) = report.bottleneck().filter(is_stage)
        {
            write!(f, "; bottleneck: {}", slowest.stage)?;
        }
        if report.verified != Some(true) {
            let stage = silent(report);
            write!(
                f,
                "\n  {stage} sends no totals and no checksum, so nothing tells a whole stream from a part"
            )?;
        }
        if self.stages {
            self.write_stages(f)?;
        }
        Ok(())
    }
}

impl Summary<'_> {
    fn write_stages(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stages = || self.report.stages.iter().filter(is_stage);
        let widths = stages().map(|stage| measure_text_width(&stage.stage));
        let width = widths.max().unwrap_or(0);
        for StageSummary { stage, report, .. } in stages() {
            write!(f, "\n  {stage:width$}  ")?;
            match report {
                Some(report) if *report != StageReport::default() => write_stage(f, report)?,
                _ => f.write_str("tells nothing of itself")?,
            }
        }
        Ok(())
    }
}

fn write_stage(f: &mut fmt::Formatter<'_>, report: &StageReport) -> fmt::Result {
    let (bytes_in, bytes_out) = (bytes(report.bytes_in), bytes(report.bytes_out));
    write!(
        f,
        "{:>3.0} % busy, {bytes_in} -> {bytes_out}",
        report.working() * 100.0
    )?;
    if report.items_in + report.items_out > 0 {
        let (items_in, items_out) = (count(report.items_in), count(report.items_out));
        write!(f, ", {items_in} -> {items_out} items")?;
    }
    write_skipped(f, (report.items_skipped, report.items_dead))
}

fn write_skipped(f: &mut fmt::Formatter<'_>, (skipped, dead): (u64, u64)) -> fmt::Result {
    if skipped > 0 {
        write!(f, ", {} skipped", count(skipped))?;
    }
    if dead > 0 {
        write!(f, " ({} to the dead letters)", count(dead))?;
    }
    Ok(())
}

/// Whether it is a stage of the pipeline and not the program's input.
#[allow(clippy::trivially_copy_pass_by_ref)] // The signature that `filter` requires.
fn is_stage(stage: &&StageSummary) -> bool {
    stage.stage != "source"
}

fn per_second(moved: u64, report: &RunReport) -> u64 {
    let millis = u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX);
    moved.saturating_mul(1000) / millis.max(1)
}

/// The first stage with an unverified stream: the one before a stage that reports it, or else the
/// last one.
fn silent(report: &RunReport) -> &str {
    let says_so = |stage: &StageSummary| {
        let report = stage.report.as_ref();
        report.is_some_and(|report| report.input_verified == Some(false))
    };
    let mut pairs = report.stages.windows(2);
    let before = pairs.find(|pair| says_so(&pair[1])).map(|pair| &pair[0]);
    before
        .or(report.stages.last())
        .map_or("the last stage", |stage| &stage.stage)
}
