//! For tests of stages: run one on values and see what it gives. [`faults`] is for tests of whole
//! workers.
//!
//! A stage's function can be called as a function, which is the simplest test. What is here runs
//! the stage as a pipeline does: with its state, its parameters, messages and the end of its input.
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
pub mod faults;
mod tested;

pub use bench::Bench;
pub use tested::Tested;

use crate::stage::{IntoStage, Stage};

/// Runs a stage on items, within the process; [`Bench`] has more to set.
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
