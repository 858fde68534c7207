/// The meaning of a pong: the engine has processed everything that was sent before the ping.
#[derive(Clone, Copy, Debug)]
pub(in crate::worker) enum Barrier {
    /// Functions were unregistered.
    Drain,
    /// Waiting functions were offered again.
    RegistrationRetry,
}
