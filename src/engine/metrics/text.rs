use std::fmt;

use crate::engine::core::Core;
use crate::wire::Exposition;

/// All metrics in the Prometheus text format. `docs/observability.md` lists them; a test compares
/// the two.
pub(in crate::engine) fn text(core: &Core) -> String {
    let mut text = Exposition::new(String::new());
    // Writing into a string does not fail.
    let _ = write(core, &mut text);
    text.into_inner()
}

fn write(core: &Core, text: &mut Exposition<String>) -> fmt::Result {
    text.info(
        "pipewright_engine_build_info",
        "The version that runs.",
        "version",
        env!("CARGO_PKG_VERSION"),
    )?;
    text.gauge(
        "pipewright_engine_uptime_seconds",
        "Since the engine was started.",
        core.metrics.uptime().as_secs_f64(),
    )?;
    connections(core, text)?;
    workers(core, text)?;
    channels(core, text)
}

fn connections(core: &Core, text: &mut Exposition<String>) -> fmt::Result {
    text.gauge(
        "pipewright_engine_connections_open",
        "Connections over a socket: of workers, of ends of channels, of browsers.",
        core.connected(),
    )?;
    text.counter(
        "pipewright_engine_connections_accepted_total",
        "Connections over a socket, those among them that were refused.",
        core.metrics.connections(),
    )?;
    text.counters(
        "pipewright_engine_refusals_total",
        "What the engine was asked for and did not do.",
        &["reason"],
        core.metrics.refusals().read(),
    )
}

fn workers(core: &Core, text: &mut Exposition<String>) -> fmt::Result {
    let stats = core.stats();
    let calls = core.control.call_totals();
    text.gauge(
        "pipewright_engine_workers",
        "Connected workers.",
        stats.workers,
    )?;
    text.gauge(
        "pipewright_engine_functions",
        "Functions that workers have registered.",
        stats.functions,
    )?;
    text.gauge(
        "pipewright_engine_calls_open",
        "Calls that were passed to a worker and have no answer yet.",
        stats.calls,
    )?;
    text.counters(
        "pipewright_engine_calls_total",
        "Calls that were passed to a worker, by what they came to.",
        &["outcome"],
        calls.outcomes.read(),
    )?;
    text.histogram(
        "pipewright_engine_call_duration_seconds",
        "From a call to its answer, result or error.",
        &calls.answered.read(),
    )
}

fn channels(core: &Core, text: &mut Exposition<String>) -> fmt::Result {
    let stats = core.stats();
    let totals = core.channels.totals();
    text.gauge(
        "pipewright_engine_channels_open",
        "Channels that are not finished.",
        stats.channels,
    )?;
    text.counter(
        "pipewright_engine_channels_created_total",
        "Channels that were made.",
        totals.created,
    )?;
    text.counters(
        "pipewright_engine_channels_finished_total",
        "Channels that are finished, by how.",
        &["verdict"],
        totals.finished.read(),
    )?;
    text.counter(
        "pipewright_engine_forwarded_frames_total",
        "Frames that readers have taken, messages among them.",
        totals.passed.0,
    )?;
    text.counter(
        "pipewright_engine_forwarded_bytes_total",
        "Bytes of these frames.",
        totals.passed.1,
    )?;
    text.gauge(
        "pipewright_engine_buffered_frames",
        "Frames that wait for their readers.",
        stats.buffered_frames,
    )?;
    text.gauge(
        "pipewright_engine_buffered_bytes",
        "Bytes of these frames.",
        stats.buffered_bytes,
    )?;
    text.histogram(
        "pipewright_engine_writer_wait_seconds",
        "How long writers waited because their channel was full.",
        &totals.waits.read(),
    )
}
