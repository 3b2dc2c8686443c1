//! Tracebacks without the import system's own frames: a failing import shows the program's lines, not importlib's.
//!
//! As CPython's `remove_importlib_frames`: all such frames go when the exception is an ImportError; for others only runs of
//! them that end in `_call_with_frames_removed`.

use ophi_runtime::objects::exceptions::{BaseException, IMPORT_ERROR};
use ophi_runtime::objects::traceback::Traceback;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Raised, Value, Vm};

fn is_machinery(file: &str) -> bool {
    matches!(
        file,
        "<frozen importlib._bootstrap>"
            | "<frozen importlib._bootstrap_external>"
            | "<frozen _ophiolite_library>"
            | "/<ophiolite>/lib/python3.14/_ophiolite_library.py"
    )
}

pub fn without_importlib_frames(vm: &Vm, raised: Raised) -> Raised {
    let always = vm.raised_is(&IMPORT_ERROR);
    let exception = vm.take_raised(raised);
    if let Some(e) = exception.downcast::<BaseException>() {
        let mut kept: Vec<Value> = Vec::new();
        let mut chunk: Vec<Value> = Vec::new();
        let mut at = e.traceback.get();
        while let Some(tb) = at.take().filter(|t| !t.is_none()) {
            let Some(entry) = tb.downcast::<Traceback>() else { break };
            let (file, function) = place(entry);
            at = entry.next.get();
            if is_machinery(&file) {
                chunk.push(tb.clone());
                if always || function == "_call_with_frames_removed" {
                    chunk.clear();
                }
            } else {
                kept.append(&mut chunk);
                kept.push(tb.clone());
            }
        }
        kept.append(&mut chunk);
        for pair in kept.windows(2) {
            if let Some(entry) = pair[0].downcast::<Traceback>() {
                entry.next.set(Some(pair[1].clone()));
            }
        }
        if let Some(last) = kept.last().and_then(|l| l.downcast::<Traceback>()) {
            last.next.set(None);
        }
        e.traceback.set(kept.first().cloned());
    }
    vm.raise_again(exception)
}

fn place(entry: &Traceback) -> (String, String) {
    match entry.frame.code_object() {
        Some(code) => (code.file().to_utf8_lossy().into_owned(), code.name.to_utf8_lossy().into_owned()),
        None => (String::new(), String::new()),
    }
}
