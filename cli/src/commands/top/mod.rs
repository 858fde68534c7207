//! `pipewright top`.

mod columns;
mod section;
mod snapshot;
mod view;

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;
use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures::StreamExt;
use pipewright::Worker;
use ratatui::DefaultTerminal;
use tokio::time::{MissedTickBehavior, interval};

use crate::engine_client::connect::Connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::output::{Output, print, print_json, terminal_width};
use crate::terminal::signals::{Signals, StopSignal};
use crate::terminal::units::duration;
use snapshot::Snapshot;
use view::View;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright top
  pipewright top --interval 250ms
  pipewright top --once
  pipewright top --output json | jq '.channels[].bytes_per_second'

Keys:
  q, Esc  quit
  Tab     the next list, if the terminal is too small for all
  Up, Down, PageUp, PageDown, Home
          move in the list

Set NO_COLOR to disable colours; no information is shown by colour alone.")]
pub(crate) struct Arguments {
    /// Update interval.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    interval: Duration,
    /// Print one snapshot and exit, for a script or a file. `--output json` implies it.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    connect: Connect,
}

/// A shorter interval would mostly measure the queries.
const SHORTEST: Duration = Duration::from_millis(100);

/// Shows channels, functions and workers until the user quits.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let every = arguments.interval.max(SHORTEST);
    let is_once = arguments.once || arguments.output.is_json();
    let is_drawn = !is_once;
    if !io::stdout().is_terminal() && !is_once {
        let told = "there is no terminal to show it in";
        return Err(Failure::new(Exit::Usage, told).hint("`pipewright top --once` prints it once"));
    }
    let mut signals = is_drawn.then(Signals::listen).transpose()?;
    let worker = tokio::select! {
        worker = arguments.connect.worker() => worker?,
        signal = next(&mut signals) => return Err(stopped(signal)),
    };
    if is_once {
        return once(&worker, every, arguments.output.is_json()).await;
    }
    let mut terminal = ratatui::try_init()?;
    let watched = tokio::select! {
        watched = watch(&mut terminal, &worker, every) => watched,
        // The same as the key `q`.
        signal = next(&mut signals) => match signal {
            StopSignal::HangUp => Err(stopped(signal)),
            _ => Ok(()),
        },
        () = terminal_lost() => Err(stopped(StopSignal::HangUp)),
    };
    if io::stdout().is_terminal() {
        ratatui::try_restore()?;
    } else {
        // Nothing can be restored; trying to would end in a panic.
        std::mem::forget(terminal);
    }
    watched
}

async fn next(signals: &mut Option<Signals>) -> StopSignal {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}

fn stopped(signal: StopSignal) -> Failure {
    Failure::new(signal.exit(), "interrupted")
}

/// How often to check whether the terminal still exists.
const TERMINAL: Duration = Duration::from_millis(250);

/// Waits until the terminal is closed. A program that ignores SIGHUP is not notified.
async fn terminal_lost() {
    while io::stdout().is_terminal() {
        tokio::time::sleep(TERMINAL).await;
    }
}

/// Prints one snapshot; rates cover one interval.
async fn once(worker: &Worker, every: Duration, json: bool) -> Result<(), Failure> {
    Snapshot::take(worker).await?;
    tokio::time::sleep(every).await;
    let snapshot = Snapshot::take(worker).await?;
    if json {
        return print_json(&snapshot);
    }
    Ok(print(&snapshot.to_text(terminal_width()))?)
}

/// Queries and draws repeatedly.
async fn watch(
    terminal: &mut DefaultTerminal,
    worker: &Worker,
    every: Duration,
) -> Result<(), Failure> {
    let mut view = View::new(worker.address().to_string(), colours());
    let mut events = EventStream::new();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looking = None;
    loop {
        view.set_state(worker.state());
        terminal.draw(|frame| view.draw(frame))?;
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => {
                    if quits(key) {
                        return Ok(());
                    }
                    view.key(key.code);
                }
                // Redraws on a resize; other events are ignored.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Ok(()),
            },
            // A slow engine does not delay the handling of keys.
            _ = ticks.tick() => {
                looking.get_or_insert_with(|| Box::pin(Snapshot::take(worker)));
            }
            Some(seen) = async { Some(looking.as_mut()?.await) } => {
                looking = None;
                view.set_snapshot(seen);
            }
        }
    }
}

fn quits(key: KeyEvent) -> bool {
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => true,
        KeyCode::Char('c' | 'd') => key.modifiers.contains(KeyModifiers::CONTROL),
        _ => false,
    }
}

/// Whether to use colours: <https://no-color.org>.
fn colours() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && std::env::var("TERM").is_ok_and(|term| term != "dumb")
}
