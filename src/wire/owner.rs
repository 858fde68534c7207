/// The header of a handshake that names the worker whose connection this is, control or channel: a
/// word of the client's choice that nobody else can guess. Engines that do not know it pass over it.
///
/// An end of a channel whose code does something else looks like one whose process stands still.
/// The control connection of a worker always answers, so that an engine which finds that one silent
/// knows what to think of the ends.
pub(crate) const OWNER: &str = "x-pipewright-owner";
