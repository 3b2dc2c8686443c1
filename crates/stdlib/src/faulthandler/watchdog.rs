//! The thread that reports when a program has not said in time that it is well.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use ophi_host::{Fd, Host, write_report};
use ophi_runtime::vm::Interpreter;

/// What to do, and when.
#[derive(Clone, Copy)]
pub struct Task {
    pub microseconds: u64,
    pub repeat: bool,
    pub fd: Fd,
    /// End the process after the report.
    pub exit: bool,
}

/// A running watchdog; dropping it calls it off and waits for its end.
pub struct Watchdog {
    /// Closing the channel is the sign to end.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// `None` when the system refuses a thread.
    pub fn start(interpreter: Arc<Interpreter>, host: Arc<dyn Host>, task: Task) -> Option<Watchdog> {
        let (alive, ended) = channel::<()>();
        let heading = format!("Timeout ({})!\n", clock(task.microseconds));
        let body = move || {
            while ended.recv_timeout(Duration::from_micros(task.microseconds)) == Err(RecvTimeoutError::Timeout) {
                write_report(task.fd, heading.as_bytes());
                super::report::all_threads(&interpreter, task.fd, None);
                if task.exit {
                    let _ = host.exit_now(1);
                }
                if !task.repeat {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("watchdog".into()).spawn(body).ok()?;
        Some(Watchdog { alive: Some(alive), thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// `H:MM:SS`, with microseconds when there are any.
fn clock(microseconds: u64) -> String {
    let (seconds, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let text = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if rest > 0 { format!("{text}.{rest:06}") } else { text }
}
