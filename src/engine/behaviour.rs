/// The behaviour of an engine where the protocol leaves it open.
///
/// | | [`Own`](Self::Own) | [`Iii`](Self::Iii) |
/// |---|---|---|
/// | handshake | announces itself and agrees on heartbeats | neither |
/// | the reader leaves early | the writer is closed with a code, even while idle | the writer's connection is dropped at its next frame |
/// | the writer is lost | the reader is closed with 1011 | the reader is closed without a code |
/// | an end is opened a second time | refused with 409 | accepted, then closed without a frame |
/// | access keys | one for each direction | one for both |
/// | a call immediately after a registration by the same worker | executed | `function_not_found` |
/// | `function_not_found` | suggests a name | suggests none |
/// | `engine::channels::list`, `engine::runs::list` | available | no such function |
/// | shared functions, cancelled calls, the end of a drain | protocol extensions | unknown |
/// | pings | workers are pinged | no pings |
/// | the engine stops | workers and ends are closed with 1012 | connections are dropped |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// The behaviour of this engine.
    #[default]
    Own,
    /// The observed behaviour of the iii engine 0.23, to test programs that must work with both.
    Iii,
}

impl Behaviour {
    pub(super) fn is_iii(self) -> bool {
        self == Self::Iii
    }
}
