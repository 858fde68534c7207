use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::exit::Exit;

/// Whether the command handles the signals itself.
static HANDLED: AtomicBool = AtomicBool::new(false);

/// A signal that asks the program to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopSignal {
    /// SIGINT, or Ctrl-C.
    Interrupt,
    /// SIGTERM.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has it"))]
    Terminate,
    /// SIGHUP: the terminal was closed.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has it"))]
    HangUp,
}

impl StopSignal {
    /// The exit status that a shell reports for a program that the signal ended.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Cancelled,
            Self::Terminate => Exit::Terminated,
            Self::HangUp => Exit::HungUp,
        }
    }
}

/// The signals that ask the program to stop: SIGINT, SIGTERM and SIGHUP, or Ctrl-C. SIGHUP is
/// ignored if the parent process ignored it, as `nohup` does.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: Option<tokio::signal::unix::Signal>,
    #[cfg(windows)]
    ctrl_c: tokio::signal::windows::CtrlC,
}

/// Ends the program with the conventional status on a signal, until a command handles signals
/// itself. The default action of a signal has no effect on the first process of a container.
pub(crate) fn exit_on_signal() -> io::Result<()> {
    let mut signals = Signals::new()?;
    tokio::spawn(async move {
        let signal = signals.next().await;
        if !HANDLED.load(Relaxed) {
            std::process::exit(signal.exit() as i32);
        }
    });
    Ok(())
}

impl Signals {
    /// Handles the signals, which would otherwise end the program.
    pub(crate) fn listen() -> io::Result<Self> {
        let signals = Self::new()?;
        HANDLED.store(true, Relaxed);
        Ok(signals)
    }

    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let hang_up = (!ignores_hang_up()).then(|| signal(SignalKind::hangup()));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: hang_up.transpose()?,
        })
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no signal is lost.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> StopSignal {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => StopSignal::Interrupt,
            _ = self.terminate.recv() => StopSignal::Terminate,
            _ = hang_up => StopSignal::HangUp,
        }
    }

    #[cfg(windows)]
    fn new() -> io::Result<Self> {
        let ctrl_c = tokio::signal::windows::ctrl_c()?;
        Ok(Self { ctrl_c })
    }

    /// Waits for the next signal.
    #[cfg(windows)]
    pub(crate) async fn next(&mut self) -> StopSignal {
        self.ctrl_c.recv().await;
        StopSignal::Interrupt
    }
}

/// Whether the parent process ignored SIGHUP. Listening for the signal would undo that. Once the
/// program listens, the kernel no longer reports it as ignored, so the first answer is kept.
#[cfg(target_os = "linux")]
fn ignores_hang_up() -> bool {
    use std::sync::OnceLock;

    static IGNORES: OnceLock<bool> = OnceLock::new();
    *IGNORES.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mut lines = status.lines();
        let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        // SIGHUP is signal 1, the lowest bit.
        mask.is_some_and(|mask| mask & 1 == 1)
    })
}

/// Other systems do not report this, so the default action of SIGHUP is kept.
#[cfg(all(unix, not(target_os = "linux")))]
fn ignores_hang_up() -> bool {
    true
}
