use std::env;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::wire::{
    ControlMessage, EXTENSIONS_VERSION, InvokeFunction, Payload, Text, action::Action, builtin,
};

/// The information that a worker sends to the engine about itself (`docs/protocol.md` section 1.3).
#[derive(Debug, Serialize)]
pub(in crate::worker) struct Announcement {
    runtime: &'static str,
    version: &'static str,
    pub(in crate::worker) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::worker) description: Option<String>,
    os: String,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    isolation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::worker) namespace: Option<String>,
    telemetry: Telemetry,
    /// The version of pipewright's protocol extensions that the worker supports.
    pipewright: u32,
    /// Whether every function was registered again before this message. An engine that kept
    /// functions of an older connection can then drop the others.
    replayed: bool,
}

#[derive(Debug, Serialize)]
struct Telemetry {
    framework: &'static str,
}

impl Announcement {
    /// Information from the process and its environment.
    pub(in crate::worker) fn from_env() -> Self {
        /// Numbers the workers of this process; only incremented.
        static WORKERS: AtomicU64 = AtomicU64::new(1);

        let host = hostname::get().map_or_else(
            |_| "localhost".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        let nth = WORKERS.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        Self {
            runtime: "rust",
            version: env!("CARGO_PKG_VERSION"),
            name: default_name(set("III_WORKER_NAME"), &host, pid, nth),
            description: None,
            os: format!("{} {}", env::consts::OS, env::consts::ARCH),
            pid,
            isolation: set("III_ISOLATION"),
            namespace: set("III_NAMESPACE"),
            telemetry: Telemetry {
                framework: "pipewright",
            },
            pipewright: EXTENSIONS_VERSION,
            replayed: true,
        }
    }

    /// The announcement in its wire form.
    pub(in crate::worker) fn encode(&self) -> Result<Text, serde_json::Error> {
        ControlMessage::InvokeFunction(InvokeFunction {
            invocation_id: None,
            function_id: builtin::WORKERS_REGISTER.to_owned(),
            data: Payload::new(self)?,
            action: Some(Action::Void),
            namespace: Some("default".to_owned()),
            metadata: None,
            traceparent: None,
            baggage: None,
            timeout_ms: None,
        })
        .encode()
    }
}

/// The value of an environment variable, if it is not blank.
fn set(variable: &str) -> Option<String> {
    env::var(variable)
        .ok()
        .filter(|value| !value.trim().is_empty())
}

/// The default name of a worker. An engine accepts a name only once per namespace, and must not
/// reject a second worker of the process because of it. A name from the environment has a meaning
/// for people, so the first worker uses it unchanged. `host:pid` alone could belong to another SDK
/// in this process.
fn default_name(from_env: Option<String>, host: &str, pid: u32, nth: u64) -> String {
    match from_env {
        Some(name) if nth == 1 => name,
        Some(name) => format!("{name}:{nth}"),
        None => format!("{host}:{pid}:{nth}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Announcement, default_name};

    #[test]
    fn default_names_do_not_collide_within_a_process() {
        assert_eq!(default_name(None, "vm", 7, 1), "vm:7:1");
        assert_eq!(default_name(None, "vm", 7, 2), "vm:7:2");
        let from_env = || Some("sorter".to_owned());
        assert_eq!(default_name(from_env(), "vm", 7, 1), "sorter");
        assert_eq!(default_name(from_env(), "vm", 7, 2), "sorter:2");
        assert_ne!(Announcement::from_env().name, Announcement::from_env().name);
    }
}
