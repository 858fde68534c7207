use std::fmt::{self, Display};

use super::Distribution;

/// Writes metrics in the Prometheus text exposition format, version 0.0.4.
///
/// Names, help texts and labels are constants of this crate, so nothing needs escaping. The value
/// of [`info`](Self::info) is the crate version, which needs no escaping either.
pub(crate) struct Exposition<W>(W);

impl<W: fmt::Write> Exposition<W> {
    /// The `Content-Type` of the response.
    #[cfg(feature = "engine")]
    pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    pub(crate) fn new(to: W) -> Self {
        Self(to)
    }

    #[cfg(feature = "engine")]
    pub(crate) fn into_inner(self) -> W {
        self.0
    }

    /// Writes a value that can rise and fall.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, value: impl Display) -> fmt::Result {
        self.head(name, help, "gauge")?;
        writeln!(self.0, "{name} {value}")
    }

    /// Writes a constant property of the process.
    pub(crate) fn info(&mut self, name: &str, help: &str, label: &str, value: &str) -> fmt::Result {
        self.head(name, help, "gauge")?;
        writeln!(self.0, "{name}{{{label}=\"{value}\"}} 1")
    }

    /// Writes a value that only rises.
    pub(crate) fn counter(&mut self, name: &str, help: &str, value: impl Display) -> fmt::Result {
        self.head(name, help, "counter")?;
        writeln!(self.0, "{name} {value}")
    }

    /// Writes values that only rise, one for each combination of label values.
    pub(crate) fn counters<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str; N],
        counts: impl IntoIterator<Item = ([&'static str; N], impl Display)>,
    ) -> fmt::Result {
        self.head(name, help, "counter")?;
        for (values, count) in counts {
            write!(self.0, "{name}")?;
            let mut before = '{';
            for (label, value) in labels.iter().zip(values) {
                write!(self.0, "{before}{label}=\"{value}\"")?;
                before = ',';
            }
            writeln!(self.0, "}} {count}")?;
        }
        Ok(())
    }

    /// Writes durations, in seconds.
    pub(crate) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        distribution: &Distribution,
    ) -> fmt::Result {
        let Distribution {
            buckets,
            count,
            sum,
        } = distribution;
        self.head(name, help, "histogram")?;
        for (bound, count) in buckets {
            let bound = bound.as_secs_f64();
            writeln!(self.0, "{name}_bucket{{le=\"{bound}\"}} {count}")?;
        }
        writeln!(self.0, "{name}_bucket{{le=\"+Inf\"}} {count}")?;
        writeln!(self.0, "{name}_sum {}", sum.as_secs_f64())?;
        writeln!(self.0, "{name}_count {count}")
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) -> fmt::Result {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}")
    }
}
