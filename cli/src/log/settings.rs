use clap::{Args, ValueEnum};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

#[cfg(feature = "otlp")]
use super::export::Export;
use super::lines::{self, Lines};
use crate::failure::Failure;
use crate::terminal::print_error::SAID;

/// The log settings of every command.
#[derive(Args)]
pub(crate) struct Settings {
    /// Format of log lines on standard error.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "text",
        env = "PIPEWRIGHT_LOG_FORMAT",
        hide_env_values = true,
        help_heading = "Log"
    )]
    log_format: Format,
    /// Log level: error, warn, info, debug, trace or off, or a level for each module, as in
    /// `warn,pipewright::engine=debug` [default: warn].
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "PIPEWRIGHT_LOG",
        hide_env_values = true,
        value_parser = levels,
        help_heading = "Log"
    )]
    log_level: Option<Targets>,
}

/// The names of the levels.
const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// Parses levels. A single word that is not a level is more likely a mistake than a module name.
fn levels(text: &str) -> Result<Targets, String> {
    for part in text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let is_level = LEVELS.iter().any(|level| part.eq_ignore_ascii_case(level));
        if !is_level && !part.contains('=') {
            let levels = LEVELS.join(", ");
            return Err(format!(
                "`{part}` is not a level ({levels}); for a module, write `{part}=debug`"
            ));
        }
    }
    text.parse()
        .map_err(|error: tracing_subscriber::filter::ParseError| error.to_string())
}

/// Logs in JSON, for a command line that cannot be parsed.
pub(crate) fn begin_json() {
    subscribe_json(Registry::default(), Targets::new());
}

fn subscribe_json<S>(subscriber: S, filter: Targets)
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a> + Send + Sync + 'static,
{
    lines::set_json();
    let written = fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(Lines);
    let filter = filter.with_target(SAID, Level::INFO);
    subscriber.with(written.with_filter(filter)).init();
    // The message of a panic is a line, too.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        let message = text.unwrap_or_default();
        tracing::error!(target: SAID, place, "the program panicked: {message}");
    }));
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The log while the program runs; ends with [`end`](Self::end).
#[must_use = "what was recorded is sent at the end"]
pub(crate) struct Log {
    #[cfg(feature = "otlp")]
    export: Option<Export>,
}

impl Settings {
    /// Starts to log; `drawn` if a display occupies standard error.
    #[cfg_attr(
        not(feature = "otlp"),
        expect(clippy::unnecessary_wraps, reason = "only the export can fail")
    )]
    pub(crate) fn begin(self, drawn: bool) -> Result<Log, Failure> {
        let filter = if drawn { Targets::new() } else { self.filter() };
        let log = Log {
            #[cfg(feature = "otlp")]
            export: Export::from_env()?,
        };
        let subscriber = Registry::default();
        #[cfg(feature = "otlp")]
        let subscriber = subscriber.with(log.export.as_ref().map(Export::layer));
        match self.log_format {
            Format::Text => {
                let coloured = console::colors_enabled_stderr();
                let written = fmt::layer().with_ansi(coloured).with_writer(Lines);
                subscriber.with(written.with_filter(filter)).init();
            }
            Format::Json => {
                subscribe_json(subscriber, filter);
            }
        }
        Ok(log)
    }

    /// The level from the command line or the environment. Other programs also use `RUST_LOG`, so
    /// an invalid value there is ignored.
    fn filter(&self) -> Targets {
        let others = || std::env::var("RUST_LOG").ok()?.parse().ok();
        let given = self.log_level.clone().or_else(others);
        given.unwrap_or_else(|| Targets::new().with_default(Level::WARN))
    }
}

impl Log {
    /// Exports the recorded spans.
    #[cfg_attr(
        not(feature = "otlp"),
        expect(clippy::unused_self, reason = "there is nothing to send")
    )]
    pub(crate) fn end(self) {
        #[cfg(feature = "otlp")]
        if let Some(export) = self.export {
            export.end();
        }
    }
}
