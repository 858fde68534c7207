/// Whose behaviour an engine shows where the wire protocol leaves it open.
///
/// | | [`Own`](Self::Own) | [`Iii`](Self::Iii) |
/// |---|---|---|
/// | handshake | announces itself, agrees on signs of life | neither |
/// | the reader leaves early | the writer is closed with a code, also while it is idle | the connection of the writer is dropped at its next frame |
/// | the writer is lost | the reader is closed with 1011 | the reader is closed without a code |
/// | an end is opened a second time | refused with 409 | accepted, then closed without a frame |
/// | access keys | one for each direction | one for both |
/// | a call right behind a registration by the same worker | carried out | `function_not_found` |
/// | `function_not_found` | suggests a name | suggests none |
/// | `engine::channels::list`, `engine::runs::list` | listed | no such function |
/// | shared functions, cancelled calls, the end of a drain | our additions to the protocol | unknown |
/// | pings | a worker is pinged | nobody is |
/// | the engine stops | workers and ends are closed with 1012 | connections are dropped |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// That of this engine.
    #[default]
    Own,
    /// What was observed of the iii engine 0.23, for tests of programs that have to work with both.
    Iii,
}

impl Behaviour {
    pub(super) fn is_iii(self) -> bool {
        self == Self::Iii
    }
}
