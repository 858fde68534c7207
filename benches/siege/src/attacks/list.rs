use super::attack::Attack;

/// Channels that nobody opens are freed soon, so that it can be awaited.
const SOON: &[&str] = &["channel-ttl=5"];
/// The engine is to come up against its bound on what is held for readers.
const LITTLE: &[&str] = &["max-held-mib=256", "channel-ttl=5"];

/// What is left to others by 64 that never stop sending.
const CROWD: f64 = 0.05;

pub(super) const ATTACKS: [Attack; 31] = [
    Attack::new(
        "for comparison: a process that only burns processor time",
        "burn",
    ),
    Attack::new(
        "connections that say nothing, as many as descriptors allow",
        "silent",
    ),
    Attack::new(
        "slow loris: a byte of a header a second on each",
        "slow-head",
    ),
    Attack::new(
        "slow loris: half a frame and then nothing on each",
        "half-frame",
    ),
    Attack::new("connections opened and reset at once", "resets"),
    Attack::new("workers that connect and are gone at once", "visits"),
    Attack::new("a million creates, one worker", "creates").flags(SOON),
    Attack::new("a million creates, 64 workers", "many-creates")
        .flags(SOON)
        .growth_mib(192.0)
        .share(CROWD),
    Attack::new(
        "a thousand creates, again and again as somebody new",
        "returning-creates",
    )
    .flags(SOON),
    Attack::new("a million registrations, one worker", "registrations"),
    Attack::new("a million registrations, 64 workers", "many-registrations")
        .growth_mib(768.0)
        .share(CROWD),
    Attack::new("calls that nobody answers, 64 workers", "unanswered")
        .growth_mib(768.0)
        .share(CROWD),
    Attack::new(
        "calls of unknown functions among 10,000 similar ones",
        "unknown",
    )
    .flags(SOON),
    Attack::new("lists of 10,000 functions without end", "lists")
        .flags(SOON)
        .growth_mib(256.0),
    Attack::new(
        "frames without end into 128 channels that nobody reads",
        "unread",
    )
    .flags(LITTLE)
    .growth_mib(512.0),
    Attack::new("the same, with readers that never read", "deaf")
        .flags(LITTLE)
        .growth_mib(512.0),
    Attack::new("frames of 1 byte without end", "tiny"),
    Attack::new("empty frames without end", "empty"),
    Attack::new("messages of a terabyte, announced", "oversize"),
    Attack::new("messages of fragments without end", "endless").growth_mib(512.0),
    Attack::new(
        "64 messages of 60 MiB, each without its last byte",
        "half-messages",
    )
    .growth_mib(512.0),
    Attack::new("pings without end, pongs never read", "pings"),
    Attack::new("pongs without end", "pongs"),
    Attack::new("JSON pings without end, answers never read", "json-pings"),
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
        "results of 64 KiB that 16 callers read slowly or not at all",
        "slow-callers",
    )
    .growth_mib(640.0),
    Attack::new("access keys guessed", "keys").flags(SOON),
    Attack::new("a compressed bomb; compressed frames", "bomb"),
];
