use super::attack::Attack;

/// Channels that are never opened are freed soon, so that the benchmark can wait for that.
const SOON: &[&str] = &["channel-ttl=5"];
/// The engine should reach its bound on bytes held for readers.
const LITTLE: &[&str] = &["max-held-mib=256", "channel-ttl=5"];

/// The share left to others next to 64 workers that never stop sending.
const CROWD: f64 = 0.05;

pub(super) const ATTACKS: [Attack; 31] = [
    Attack::new("baseline: a process that only uses CPU time", "burn"),
    Attack::new("silent connections, as many as descriptors allow", "silent"),
    Attack::new(
        "slow loris: one header byte per second on each connection",
        "slow-head",
    ),
    Attack::new(
        "slow loris: half a frame on each connection, then nothing",
        "half-frame",
    ),
    Attack::new("connections opened and reset immediately", "resets"),
    Attack::new("workers that connect and leave immediately", "visits"),
    Attack::new("a million channel creations, one worker", "creates").flags(SOON),
    Attack::new("a million channel creations, 64 workers", "many-creates")
        .flags(SOON)
        .growth_mib(192.0)
        .share(CROWD),
    Attack::new(
        "a thousand channel creations, repeatedly, as a new worker each time",
        "returning-creates",
    )
    .flags(SOON),
    Attack::new("a million registrations, one worker", "registrations"),
    Attack::new("a million registrations, 64 workers", "many-registrations")
        .growth_mib(768.0)
        .share(CROWD),
    Attack::new("calls without an answer, 64 workers", "unanswered")
        .growth_mib(768.0)
        .share(CROWD),
    Attack::new(
        "calls of unknown functions, with 10,000 similar names",
        "unknown",
    )
    .flags(SOON),
    Attack::new("endless lists of 10,000 functions", "lists")
        .flags(SOON)
        .growth_mib(256.0),
    Attack::new("endless frames into 128 channels without readers", "unread")
        .flags(LITTLE)
        .growth_mib(512.0),
    Attack::new("the same, with readers that never read", "deaf")
        .flags(LITTLE)
        .growth_mib(512.0),
    Attack::new("endless frames of 1 byte", "tiny"),
    Attack::new("endless empty frames", "empty"),
    Attack::new("frames that announce a terabyte", "oversize"),
    Attack::new("messages of endless fragments", "endless").growth_mib(512.0),
    Attack::new(
        "64 messages of 60 MiB, each missing the last byte",
        "half-messages",
    )
    .growth_mib(512.0),
    Attack::new("endless pings, pongs never read", "pings"),
    Attack::new("endless pongs", "pongs"),
    Attack::new("endless JSON pings, answers never read", "json-pings"),
    Attack::new("announcements of 60 MiB", "announcements").growth_mib(256.0),
    Attack::new(
        "functions with 900 KiB of metadata each, 16 workers",
        "metadata",
    )
    .flags(SOON)
    .growth_mib(256.0),
    Attack::new(
        "functions with ids of 500 bytes, 16 workers, and lists of them",
        "long-names",
    )
    .flags(SOON)
    .growth_mib(384.0),
    Attack::new(
        "calls with ids of 4 MiB, refusals never read, 16 workers",
        "refusals",
    )
    .growth_mib(192.0),
    Attack::new(
        "results of 64 KiB that 16 callers read slowly or never",
        "slow-callers",
    )
    .growth_mib(640.0),
    Attack::new("guessed access keys", "keys").flags(SOON),
    Attack::new("a compression bomb; compressed frames", "bomb"),
];
