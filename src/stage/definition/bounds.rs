//! A bound that improves compiler messages.

use super::super::Stage;

/// A stage that reads items in the format `F`.
///
/// Implemented for every [`Stage`] whose `InFormat` is `F`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not read its items in the format `{F}`",
    label = "reads another format than `{F}`",
    note = "the input is in the format `{F}`: after a source, choose another format with \
            `Pipeline::format`; between two stages, `output` of the first and `input` of the second \
            must be the same"
)]
pub trait Reads<F> {}

#[diagnostic::do_not_recommend]
impl<S, F> Reads<F> for S where S: Stage<InFormat = F> {}
