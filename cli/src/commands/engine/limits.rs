use std::time::Duration;

use clap::Args;
use pipewright::EngineBuilder;

use crate::terminal::units::{duration as parse_duration, size};

/// The limits and timeouts of an engine.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// Maximum number of concurrent connections, of workers and channel ends.
    #[arg(long, value_name = "COUNT", default_value_t = 65_536)]
    max_connections: usize,
    /// Maximum number of connections that have sent nothing yet; when exceeded, the oldest is
    /// closed.
    #[arg(long, value_name = "COUNT", default_value_t = 1024)]
    max_newcomers: usize,
    /// Maximum number of unfinished channels.
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    max_channels: usize,
    /// Maximum number of unfinished channels created by one worker.
    #[arg(long, value_name = "COUNT", default_value_t = 25_000)]
    max_channels_per_worker: usize,
    /// Maximum number of functions registered by one worker.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    max_functions_per_worker: usize,
    /// Maximum number of calls of one worker that await results.
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    max_calls_per_worker: usize,
    /// Maximum number of bytes of incomplete long messages, over all connections.
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = size)]
    max_incoming_bytes: usize,
    /// Maximum number of payload bytes held for slow readers, over all channels.
    #[arg(long, value_name = "SIZE", default_value = "4GiB", value_parser = size)]
    max_held_bytes: usize,
    /// Maximum number of payload bytes that one channel holds for its reader.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size)]
    max_channel_bytes: usize,
    /// Maximum number of bytes in one message, control or channel.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size)]
    max_message_bytes: usize,
    /// Maximum number of bytes in one frame of a channel.
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = size)]
    max_frame_bytes: usize,
    /// Timeout for a client's request.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    handshake_timeout: Duration,
    /// How long a channel waits for an unopened end since an end was last opened or finished.
    #[arg(long, value_name = "TIME", default_value = "5min", value_parser = parse_duration)]
    channel_ttl: Duration,
    /// How long a reader may take to answer the close of its stream.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    linger: Duration,
    /// How long the calls of a worker are kept after the loss of its connection.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_duration)]
    reattach_within: Duration,
    /// Interval of pings to workers.
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = parse_duration)]
    ping_every: Duration,
    /// Silence after which a worker counts as lost.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    dead_after: Duration,
}

impl Limits {
    /// Applies all limits.
    pub(crate) fn apply(&self, engine: EngineBuilder) -> EngineBuilder {
        engine
            .max_connections(self.max_connections)
            .max_newcomers(self.max_newcomers)
            .max_channels(self.max_channels)
            .max_channels_per_worker(self.max_channels_per_worker)
            .max_functions_per_worker(self.max_functions_per_worker)
            .max_calls_per_worker(self.max_calls_per_worker)
            .max_incoming_bytes(self.max_incoming_bytes)
            .max_held_bytes(self.max_held_bytes)
            .max_channel_bytes(self.max_channel_bytes)
            .max_message_bytes(self.max_message_bytes)
            .max_frame_bytes(self.max_frame_bytes)
            .handshake_timeout(self.handshake_timeout)
            .channel_ttl(self.channel_ttl)
            .linger(self.linger)
            .reattach_within(self.reattach_within)
            .keep_alive(self.ping_every, self.dead_after)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use pipewright::Engine;

    use super::Limits;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        limits: Limits,
    }

    fn engine(arguments: &[&str]) -> String {
        let line = ["engine"].iter().chain(arguments);
        let limits = Line::parse_from(line).limits;
        format!("{:?}", limits.apply(Engine::builder()))
    }

    /// The defaults in `--help` are those of the library.
    #[test]
    fn the_defaults_are_those_of_the_library() {
        assert_eq!(engine(&[]), format!("{:?}", Engine::builder()));
    }

    #[test]
    fn each_is_set_by_its_flag() {
        for (flag, value, shown) in [
            ("--max-connections", "5", "{ connections: 5"),
            ("--max-newcomers", "4", "pending_connections: 4,"),
            ("--max-channels", "7", ", channels: 7"),
            ("--max-channels-per-worker", "8", "worker_channels: 8"),
            ("--max-functions-per-worker", "9", "worker_functions: 9"),
            ("--max-calls-per-worker", "6", "worker_calls: 6"),
            ("--max-incoming-bytes", "3MB", "incoming_bytes: 3000000"),
            ("--max-held-bytes", "1MB", "held_bytes: 1000000"),
            ("--max-channel-bytes", "1MiB", "channel_bytes: 1048576"),
            ("--max-message-bytes", "1kB", "message: 1000"),
            ("--max-frame-bytes", "2 KiB", "frame: 2048"),
            ("--handshake-timeout", "3s", "handshake: 3s"),
            ("--channel-ttl", "1h", "ttl: 3600s"),
            ("--linger", "500ms", "linger: 500ms"),
            ("--reattach-within", "7s", "reattach_within: 7s"),
            ("--ping-every", "2s", "ping_every: 2s"),
            ("--dead-after", "9s", "dead_after: 9s"),
        ] {
            let engine = engine(&[flag, value]);
            assert!(engine.contains(shown), "{flag}: {engine}");
        }
    }
}
