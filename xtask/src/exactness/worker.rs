//! A Python interpreter that runs `tests/exactness/worker.py`, asked and answering line by line.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

const SCRIPT: &str = include_str!("../../../tests/exactness/worker.py");

/// The interpreter, started anew when it dies.
pub struct Worker {
    command: String,
    running: Option<(Child, ChildStdin, BufReader<ChildStdout>)>,
}

/// What an interpreter says of one request: the records of each stage.
#[derive(Debug, Default)]
pub struct Answer {
    pub stages: BTreeMap<String, Vec<String>>,
    /// The programs `modes` tried.
    pub programs: Vec<Value>,
    /// It died or did not understand.
    pub failure: Option<String>,
}

impl Worker {
    pub fn new(command: &str) -> Worker {
        Worker { command: command.to_owned(), running: None }
    }

    fn start(&mut self) -> io::Result<&mut (Child, ChildStdin, BufReader<ChildStdout>)> {
        if self.running.is_none() {
            let mut child = Command::new(&self.command)
                .args(["-X", "utf8", "-W", "ignore", "-c", SCRIPT])
                .current_dir(Path::new("/"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()?;
            let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
                return Err(io::Error::other("no pipes"));
            };
            self.running = Some((child, input, BufReader::new(output)));
        }
        self.running.as_mut().ok_or_else(|| io::Error::other("not running"))
    }

    /// Sends a request; the answer is fetched with [`Worker::answer`].
    pub fn ask(&mut self, request: &Value) -> io::Result<()> {
        let (_, input, _) = self.start()?;
        writeln!(input, "{request}")?;
        input.flush()
    }

    /// The answer to the last request.
    pub fn answer(&mut self) -> Answer {
        let mut line = String::new();
        let read = match &mut self.running {
            Some((_, _, output)) => output.read_line(&mut line),
            None => Ok(0),
        };
        match read {
            Ok(n) if n > 0 => match serde_json::from_str::<Value>(&line) {
                Ok(value) => answer(value),
                Err(error) => {
                    Answer { failure: Some(format!("an answer that is no JSON: {error}")), ..Answer::default() }
                }
            },
            _ => {
                let status = self.running.take().and_then(|(mut child, _, _)| child.wait().ok());
                let status = status.map_or("unknown".to_owned(), |status| status.to_string());
                Answer { failure: Some(format!("the interpreter ended: {status}")), ..Answer::default() }
            }
        }
    }

    /// Asks and waits.
    pub fn call(&mut self, request: &Value) -> Answer {
        match self.ask(request) {
            Ok(()) => self.answer(),
            Err(error) => {
                self.running = None;
                Answer { failure: Some(error.to_string()), ..Answer::default() }
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some((mut child, input, output)) = self.running.take() {
            // Without requests it ends by itself.
            drop((input, output));
            _ = child.wait();
        }
    }
}

fn answer(value: Value) -> Answer {
    let mut answer = Answer::default();
    let Value::Object(fields) = value else {
        answer.failure = Some("an answer that is no object".to_owned());
        return answer;
    };
    for (key, value) in fields {
        match (&key[..], value) {
            ("failed", value) => answer.failure = Some(value.as_str().unwrap_or_default().to_owned()),
            ("programs", Value::Array(programs)) => answer.programs = programs,
            (_, Value::Array(records)) => {
                let records = records.into_iter().map(|record| match record {
                    Value::String(text) => text,
                    other => other.to_string(),
                });
                answer.stages.insert(key, records.collect());
            }
            _ => {}
        }
    }
    answer
}
