//! The state of a decompressor between two calls of `decompress`: input not yet taken, what follows the stream, and whether more
//! is wanted. After CPython Modules/_bz2module.c and _lzmamodule.c, which share this behaviour.

use ophi_runtime::{Res, Vm};

#[derive(Default)]
pub struct Feed {
    pub pending: Vec<u8>,
    pub unused: Vec<u8>,
    pub eof: bool,
    pub starved: bool,
}

/// What one step of a library did.
pub struct Step {
    pub taken: usize,
    pub made: usize,
    pub at_end: bool,
}

/// Room for output that is offered first.
const FIRST: usize = 32 * 1024;

impl Feed {
    /// Decompresses `data` until the input is used up, the stream ends, or `max` bytes are made (negative: no limit). `step` works
    /// on (input, output). `lingers`: with all input taken and the output full, the library may still hold some.
    pub fn run(
        &mut self,
        vm: &Vm,
        data: &[u8],
        max: isize,
        lingers: bool,
        mut step: impl FnMut(&[u8], &mut [u8]) -> Res<Step>,
    ) -> Res<Vec<u8>> {
        if self.eof {
            return Err(vm.eof_error("End of stream already reached"));
        }
        let joined;
        let input = if self.pending.is_empty() {
            data
        } else {
            let mut all = core::mem::take(&mut self.pending);
            all.extend_from_slice(data);
            joined = all;
            &joined[..]
        };
        let limit = usize::try_from(max).unwrap_or(usize::MAX);
        let (mut out, mut made, mut taken) = (Vec::new(), 0, 0);
        let mut full;
        loop {
            if made == out.len() {
                let more = if out.is_empty() { FIRST } else { out.len() };
                let more = more.min(limit - made);
                vm.check_room(more)?;
                out.resize(made + more, 0);
            }
            let done = step(&input[taken..], &mut out[made..])?;
            taken += done.taken;
            made += done.made;
            full = made == out.len();
            if done.at_end {
                self.eof = true;
                break;
            }
            if full && made < limit {
                continue;
            }
            if taken == input.len() || made >= limit || (done.taken == 0 && done.made == 0) {
                break;
            }
        }
        out.truncate(made);
        let rest = &input[taken..];
        if self.eof {
            self.starved = false;
            self.unused = rest.to_vec();
        } else {
            self.pending = rest.to_vec();
            self.starved = rest.is_empty() && !(lingers && full);
        }
        Ok(out)
    }
}
