use std::process::ExitCode;

/// The exit status of the program, for scripts. `--help` documents each.
///
/// 2 is clap's status for an invalid command line. 129, 130, 141 and 143 are what a shell
/// reports for a program that SIGHUP, SIGINT, SIGPIPE or SIGTERM ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// A failure without a status of its own.
    Failure = 1,
    /// The command line, a pipeline file or a parameter is invalid.
    Usage = 2,
    /// No engine answers, or it rejected the program, or the connection was lost.
    Unreachable = 3,
    /// A stage or function failed, or no worker has it.
    StageFailed = 4,
    /// A stream is incomplete.
    Truncated = 5,
    /// Ended by SIGHUP.
    HungUp = 129,
    /// Ended by SIGINT.
    Cancelled = 130,
    /// The reader of standard output has closed it.
    OutputClosed = 141,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
