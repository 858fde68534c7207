//! The peers: each published SDK, and our own client.

use std::path::PathBuf;

use tokio::process::Command;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Rust25,
    Rust26,
    Python,
    Node,
    Own,
}

impl Peer {
    pub(crate) const ALL: [Self; 5] = [
        Self::Rust25,
        Self::Rust26,
        Self::Python,
        Self::Node,
        Self::Own,
    ];
    pub(crate) const SDKS: [Self; 4] = [Self::Rust25, Self::Rust26, Self::Python, Self::Node];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust25 => "rust25",
            Self::Rust26 => "rust26",
            Self::Python => "python",
            Self::Node => "node",
            Self::Own => "own",
        }
    }

    /// The program that is this peer; our own client runs within the suite.
    pub(crate) fn program(self) -> Command {
        match self {
            Self::Rust25 => Command::new(env!("CARGO_BIN_EXE_agent-rust-0-25")),
            Self::Rust26 => Command::new(env!("CARGO_BIN_EXE_agent-rust-0-26")),
            Self::Python => {
                let mut python = Command::new(installed("PEERS_PYTHON"));
                python.arg(manifest("agents/python/agent.py"));
                python
            }
            Self::Node => {
                let mut node = Command::new("node");
                node.arg(installed("PEERS_NODE").join("agent.js"));
                node
            }
            Self::Own => unreachable!("our own client is no program"),
        }
    }
}

pub(crate) fn manifest(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The locations of what `tests/peers/run` has installed. A missing peer is a failure.
pub(crate) fn installed(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable);
    let path = PathBuf::from(path.unwrap_or_else(|| panic!("{variable}: start tests/peers/run")));
    assert!(
        path.exists(),
        "{variable} names nothing: {}",
        path.display()
    );
    path
}
