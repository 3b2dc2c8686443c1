//! `_uuid`: time-based identifiers (RFC 9562, version 1). The node is a random number with the multicast bit, drawn once a
//! process, so that no identifier tells the machine's address.

use crate::support::errors::OrOsError;
use crate::support::host;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Vm, methods};
use std::cell::Cell;

pub static MODULE: ModuleDef = ModuleDef { name: "_uuid", doc: "", tables: &[Functions::METHODS], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_int(vm, "has_uuid_generate_time_safe", 1)?;
    module.add_int(vm, "has_stable_extractable_node", 0)
}

/// What tells one generator's identifiers from another's, and from its own earlier ones.
#[derive(Default)]
struct Generator {
    /// The process it belongs to: a forked child draws anew.
    process: Cell<i32>,
    /// Clock sequence and node, as they stand in an identifier.
    tail: Cell<[u8; 8]>,
    last: Cell<u64>,
}

/// Hundreds of nanoseconds between the calendar's reform (October 15, 1582) and the epoch of the clock.
const EPOCH: u64 = 0x01b2_1dd2_1381_4000;

struct Functions;

#[methods]
impl Functions {
    #[function(sig = "()", text = "($self, /)")]
    fn generate_time_safe(vm: &Vm) -> Res {
        let generator = vm.interpreter().state::<Generator>();
        let host = host(vm);
        let process = host.getpid().or_os_error(vm)?;
        if generator.process.get() != process {
            let mut tail = [0; 8];
            host.getrandom(&mut tail, 0).or_os_error(vm)?;
            tail[0] = tail[0] & 0x3f | 0x80;
            tail[2] |= 1;
            generator.tail.set(tail);
            generator.process.set(process);
        }
        let now = host.clock_gettime(libc::CLOCK_REALTIME).or_os_error(vm)?;
        // Two in one tick, and clocks set back, go on from the last.
        let time = (now as u64 / 100).wrapping_add(EPOCH).max(generator.last.get() + 1);
        generator.last.set(time);
        let mut id = [0; 16];
        id[..4].copy_from_slice(&(time as u32).to_be_bytes());
        id[4..6].copy_from_slice(&((time >> 32) as u16).to_be_bytes());
        id[6..8].copy_from_slice(&((time >> 48) as u16 & 0x0fff | 0x1000).to_be_bytes());
        id[8..].copy_from_slice(&generator.tail.get());
        // -1: nothing warrants that no other process gives the same out.
        vm.new_tuple(&[vm.new_bytes(&id)?.into_value(), vm.new_int(-1)?])
    }
}
