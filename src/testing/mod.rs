//! Test support for stages: run a stage on values and inspect the result. The module `faults`, with
//! the feature `testing`, supports tests of whole workers.
//!
//! The simplest test calls a stage's function directly. The functions here run the stage as a
//! pipeline does: with state, parameters, messages and the end of its input.
//!
//! ```
//! # #[cfg(feature = "macros")]
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use pipewright::{Receiver, Sender, pipeline_stage, testing};
//!
//! #[pipeline_stage]
//! async fn sum(mut numbers: Receiver<u32>, mut sums: Sender<u32>) -> pipewright::Result<()> {
//!     let mut sum = 0;
//!     while let Some(number) = numbers.recv().await? {
//!         sum += number;
//!     }
//!     sums.send(sum).await?;
//!     Ok(())
//! }
//!
//! let tested = testing::run(sum, [1, 2, 3]).await;
//! assert_eq!(tested.items, [6]);
//! assert_eq!(tested.report().items_in, 3);
//! # }
//! # #[cfg(not(feature = "macros"))]
//! # fn main() {}
//! ```

mod bench;
#[cfg(feature = "testing")]
pub mod faults;
mod tested;

pub use bench::Bench;
pub use tested::Tested;

#[cfg(feature = "engine")]
use crate::engine::EngineBuilder;
use crate::stage::{IntoStage, Stage};

/// Makes an engine behave like an iii engine where the two differ, to test programs that must work
/// with both.
///
/// The behaviour was observed from outside on version 0.23. A writer whose reader has disconnected
/// is dropped without a close. A lost writer closes its reader without a code. An end that is
/// opened again looks like an empty stream. Both ends of a channel have the same key. A function
/// cannot be found immediately after its registration. No function names are suggested, and
/// channels have no heartbeats. `docs/protocol.md` section 8 lists such differences.
///
/// # Example
///
/// ```
/// # #[tokio::main] async fn main() -> Result<(), pipewright::Error> {
/// use pipewright::{Engine, Worker, testing};
///
/// let engine = testing::imitate_iii(Engine::builder().listen("127.0.0.1:0"));
/// let engine = engine.start().await?;
/// let worker = Worker::connect(engine.url().expect("it listens").clone()).await?;
/// worker.register_function("echo", async |n: u32| n)?;
/// worker.registered().await?;
/// assert_eq!(worker.call::<u32>("echo", &7).await?, 7);
/// # Ok(()) }
/// ```
#[cfg(feature = "engine")]
pub fn imitate_iii(builder: EngineBuilder) -> EngineBuilder {
    builder.imitating_iii()
}

/// Runs a stage on items within the process. [`Bench`] has more settings.
///
/// # Cancel safety
///
/// Dropping the future stops the stage.
pub async fn run<S, Form>(
    stage: S,
    items: impl IntoIterator<Item = <S::Stage as Stage>::In>,
) -> Tested<<S::Stage as Stage>::Out>
where
    S: IntoStage<Form, Stage: Stage>,
{
    Bench::new(stage).items(items).run().await
}
