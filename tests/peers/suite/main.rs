//! pipewright against the published SDKs: `tests/peers/run` installs them and runs this.

mod agent;
mod own;
mod peer;
mod scene;
#[path = "../agents/rust/tally.rs"]
mod tally;
#[path = "../../it/test_engine.rs"]
mod test_engine;

mod tests;
