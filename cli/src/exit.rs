use std::process::ExitCode;

/// How the program ended, for scripts. Each is documented in `--help`.
///
/// 2 is clap's, for a command line that cannot be understood; 130 and 141 are what a shell reports
/// of a program that SIGINT or SIGPIPE ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Anything that has no code of its own.
    Failure = 1,
    /// The command line, a pipeline file or a parameter is wrong.
    Usage = 2,
    /// There is no engine at the address, it turned the program away, or it went away.
    Unreachable = 3,
    /// A stage or a function failed, or no worker has it.
    StageFailed = 4,
    /// A stream is not whole.
    Truncated = 5,
    /// Cancelled by a signal.
    Cancelled = 130,
    /// Whoever read standard output has gone.
    OutputClosed = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
