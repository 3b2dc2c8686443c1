//! Whole texts: steps of the engine, error handlers in between.

use super::engine::{Codec, Memory, Problem};
use ophi_runtime::codecs::errors::{Errors, Replacement};
use ophi_runtime::{Ref, Res, Str, Vm};

const ILLEGAL: &str = "illegal multibyte sequence";
const INCOMPLETE: &str = "incomplete multibyte sequence";
const INTERNAL: &str = "internal codec error";

/// What is wrong, and with how many of the units that are left.
fn told(problem: Problem, left: usize) -> (&'static str, usize) {
    match problem {
        Problem::Illegal(count) => (ILLEGAL, count.min(left)),
        Problem::Incomplete => (INCOMPLETE, left),
        Problem::Internal => (INTERNAL, left),
    }
}

/// The handling of errors under a name.
pub fn errors(name: Option<&str>) -> Errors<'_> {
    let mut errors = Errors::named(name);
    errors.far_is_out_of_bounds = true;
    errors
}

/// Encodes a text onto `out`; how many characters were taken: all, unless `last` is false and the end may begin something.
pub fn encode(
    vm: &Vm,
    codec: &Codec,
    text: &Ref<Str>,
    errors: &mut Errors<'_>,
    last: bool,
    memory: &mut Memory,
    out: &mut Vec<u8>,
) -> Res<usize> {
    let points: Vec<u32> = text.code_points().collect();
    let mut at = 0;
    while at < points.len() {
        vm.check_room(out.len())?;
        let problem = match codec.encode(&points[at..], last, memory, out) {
            Ok(taken) => {
                at += taken;
                continue;
            }
            Err(Problem::Incomplete) if !last => break,
            Err(problem) => problem,
        };
        let (reason, count) = told(problem, points.len() - at);
        let instead = errors.encode(vm, codec.name, text, (at, at + count), reason, None)?;
        match instead.with {
            Replacement::Bytes(bytes) => out.extend_from_slice(&bytes),
            Replacement::Text(points) => {
                let text = vm.new_str_from_code_points(&points)?;
                encode(vm, codec, &text, &mut Errors::strict(), true, memory, out)?;
            }
        }
        at = instead.next;
    }
    Ok(at)
}

/// Decodes bytes onto `out`; how many were taken.
pub fn decode(
    vm: &Vm,
    codec: &Codec,
    bytes: &[u8],
    errors: &mut Errors<'_>,
    last: bool,
    memory: &mut Memory,
    out: &mut Vec<u32>,
) -> Res<usize> {
    let mut at = 0;
    while at < bytes.len() {
        vm.check_room(4 * out.len())?;
        let problem = match codec.decode(&bytes[at..], memory, out) {
            Ok(taken) => {
                at += taken;
                continue;
            }
            Err(Problem::Incomplete) if !last => break,
            Err(problem) => problem,
        };
        let (reason, count) = told(problem, bytes.len() - at);
        let instead = errors.decode(vm, codec.name, bytes, (at, at + count), reason)?;
        out.extend_from_slice(&instead.with);
        at = instead.next;
    }
    Ok(at)
}
