//! Dispatch: a handler per opcode, each ending in a call of the next one through a table of 256.
//!
//! In optimised builds LLVM turns that call in tail position into a jump, provided the handler has nothing left to do: no value
//! with a destructor alive, no local whose address has escaped. So handlers hold plain words only, and whatever needs more is an
//! outlined body ([`crate::interpreter`]'s families) or a sibling handler. Builds with debug assertions or counted instructions use the trampoline form:
//! a handler stores where to go on and returns to a loop. One macro family makes both; see `next`.
//!
//! Invariants: `vm.exec.frame == fp` while a handler runs; a body is called with `pc` and `sp` stored in the frame.
#![allow(unsafe_code)]

use crate::Value;
use crate::frames::{Fp, Frame};
use crate::vm::{Res, Vm};

/// Why the loop was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Exit {
    /// The trampoline goes on at `vm.exec.next`.
    Again,
    /// An entry frame got its result.
    Done,
    /// An exception left an entry frame.
    Raised,
}

pub type Handler = unsafe fn(*mut u16, *mut Value, *mut Frame, &Vm, u32) -> Exit;

/// What the body of an instruction that may switch frames leaves behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// On with the next instruction of the same frame.
    Next,
    /// On in `vm.exec.frame`, at its pc.
    Switched,
    /// The exception in flight is raised again here, without another traceback entry.
    Reraise,
}

/// The body of an instruction that works on the frame's stack and goes on with the next instruction.
pub type Body = fn(&Vm, Fp, u32) -> Res<()>;
/// The body of an instruction that may go on elsewhere.
pub type FlowBody = fn(&Vm, Fp, u32) -> Res<Flow>;

/// Whether handlers may do the instruction that follows at once. Not where pairs of instructions are counted.
pub const FUSED: bool = !cfg!(feature = "op-stats");

/// Goes on with the instruction at `pc`.
///
/// # Safety
/// `pc`, `sp`, `fp` are those of the running frame.
#[inline(always)]
pub unsafe fn next(pc: *mut u16, sp: *mut Value, fp: *mut Frame, vm: &Vm) -> Exit {
    #[cfg(not(any(debug_assertions, feature = "op-stats")))]
    // SAFETY: pc points into the stream.
    unsafe {
        let unit = *pc;
        super::TABLE[(unit & 0xff) as usize](pc, sp, fp, vm, (unit >> 8) as u32)
    }
    #[cfg(any(debug_assertions, feature = "op-stats"))]
    {
        vm.exec.next.set((pc, sp, fp));
        Exit::Again
    }
}

/// Goes on in the frame that heads the chain.
///
/// # Safety
/// Its pc and sp are current.
#[inline(always)]
pub unsafe fn resume(vm: &Vm) -> Exit {
    let fp = vm.exec.frame.get();
    // SAFETY: the caller's promise.
    unsafe { next((*fp).pc, (*fp).sp, fp, vm) }
}

/// Runs the frame that heads the chain until an entry frame is reached.
///
/// # Safety
/// A shim frame is in the chain below it; its pc and sp are current.
pub unsafe fn run(vm: &Vm) -> Exit {
    #[cfg(not(any(debug_assertions, feature = "op-stats")))]
    // SAFETY: the caller's promise.
    unsafe {
        resume(vm)
    }
    #[cfg(any(debug_assertions, feature = "op-stats"))]
    // SAFETY: the caller's promise.
    unsafe {
        resume(vm);
        run_on(vm)
    }
}

/// Goes on where a handler of the trampoline form stopped.
///
/// # Safety
/// The last handler returned [`Exit::Again`].
pub unsafe fn run_on(vm: &Vm) -> Exit {
    // SAFETY: each handler leaves the state of the next instruction in `vm.exec.next`.
    unsafe {
        loop {
            let (pc, sp, fp) = vm.exec.next.get();
            let unit = *pc;
            #[cfg(feature = "op-stats")]
            vm.exec.op_stats.count(unit as u8);
            let exit = super::TABLE[(unit & 0xff) as usize](pc, sp, fp, vm, (unit >> 8) as u32);
            if exit != Exit::Again {
                return exit;
            }
        }
    }
}

/// Defines handlers.
///
/// * `body NAME, caches => function;` an outlined body that goes on with the next instruction
/// * `flow NAME, caches => function;` an outlined body that may switch frames or jump
/// * `adaptive NAME, SLOW => chooser;` counts, specialises when the count is used up, else goes on as SLOW
/// * `guarded NAME, caches, BASE => function;` a specialised form with an outlined body; on a false answer BASE runs instead
/// * `fast NAME |pc, sp, fp, vm, oparg| { ... }` an inline handler, to end in `next(...)` or a sibling call
///
/// The contract of every handler: `fp` is the running frame of `vm`, `pc` lies at this instruction in the frame's verified
/// code, `sp` lies behind the operands the instruction takes, and `oparg` is its whole argument.
macro_rules! handlers {
    () => {};
    (body $name:ident, $caches:expr => $body:path; $($rest:tt)*) => {
        /// # Safety
        /// The handlers' contract, told at [`handlers!`].
        #[allow(non_snake_case)]
        #[inline(never)]
        pub unsafe fn $name(
            pc: *mut u16, sp: *mut $crate::Value, fp: *mut $crate::frames::Frame, vm: &$crate::Vm, oparg: u32,
        ) -> $crate::interpreter::dispatch::Exit {
            // Never inlined: locals of the body whose address escapes would turn the dispatch below into a real call.
            #[inline(never)]
            fn outlined(vm: &$crate::Vm, fp: $crate::frames::Fp, oparg: u32) -> $crate::vm::Res<()> {
                $body(vm, fp, oparg)
            }
            // SAFETY: the frame's state is stored before the body may look at it; the body left sp current.
            unsafe {
                (*fp).pc = pc;
                (*fp).sp = sp;
                // What is needed afterwards is read from the frame again: fewer registers to save around the call.
                match outlined(vm, $crate::frames::Fp::new(fp), oparg) {
                    Ok(()) => $crate::interpreter::dispatch::next((*fp).pc.add(1 + $caches), (*fp).sp, fp, vm),
                    Err(_) => $crate::interpreter::unwind::raised((*fp).pc, (*fp).sp, fp, vm, 0),
                }
            }
        }
        $crate::interpreter::dispatch::handlers! { $($rest)* }
    };
    (flow $name:ident, $caches:expr => $body:path; $($rest:tt)*) => {
        /// # Safety
        /// The handlers' contract, told at [`handlers!`].
        #[allow(non_snake_case)]
        #[inline(never)]
        pub unsafe fn $name(
            pc: *mut u16, sp: *mut $crate::Value, fp: *mut $crate::frames::Frame, vm: &$crate::Vm, oparg: u32,
        ) -> $crate::interpreter::dispatch::Exit {
            // Never inlined: locals of the body whose address escapes would turn the dispatch below into a real call.
            #[inline(never)]
            fn outlined(vm: &$crate::Vm, fp: $crate::frames::Fp, oparg: u32) -> $crate::vm::Res<$crate::interpreter::dispatch::Flow> {
                $body(vm, fp, oparg)
            }
            // SAFETY: as for plain bodies; after a switch the new frame's state is current.
            unsafe {
                (*fp).pc = pc;
                (*fp).sp = sp;
                match outlined(vm, $crate::frames::Fp::new(fp), oparg) {
                    Ok($crate::interpreter::dispatch::Flow::Next) => {
                        $crate::interpreter::dispatch::next(pc.add(1 + $caches), (*fp).sp, fp, vm)
                    }
                    Ok($crate::interpreter::dispatch::Flow::Switched) => $crate::interpreter::dispatch::resume(vm),
                    Ok($crate::interpreter::dispatch::Flow::Reraise) => {
                        $crate::interpreter::unwind::reraised(pc, sp, fp, vm, 0)
                    }
                    Err(_) => $crate::interpreter::unwind::raised(pc, sp, fp, vm, 0),
                }
            }
        }
        $crate::interpreter::dispatch::handlers! { $($rest)* }
    };
    (adaptive $name:ident, $slow:ident => $chooser:path; $($rest:tt)*) => {
        /// # Safety
        /// The handlers' contract, told at [`handlers!`].
        #[allow(non_snake_case)]
        #[inline(never)]
        pub unsafe fn $name(
            pc: *mut u16, sp: *mut $crate::Value, fp: *mut $crate::frames::Frame, vm: &$crate::Vm, oparg: u32,
        ) -> $crate::interpreter::dispatch::Exit {
            // SAFETY: the counter is the first cache unit; a specialiser leaves a counter above zero, so this ends.
            unsafe {
                #[cold]
                #[inline(never)]
                unsafe fn specialise(
                    pc: *mut u16, sp: *mut $crate::Value, fp: *mut $crate::frames::Frame, vm: &$crate::Vm, oparg: u32,
                ) -> $crate::interpreter::dispatch::Exit {
                    // SAFETY: as for the handler.
                    unsafe {
                        (*fp).pc = pc;
                        (*fp).sp = sp;
                        if $crate::interpreter::specialised::specialise(
                            vm, fp, pc, oparg, ophi_bytecode::instruction::Opcode::$name, $chooser,
                        ) {
                            return $crate::interpreter::TABLE[(*pc & 0xff) as usize](pc, sp, fp, vm, oparg);
                        }
                        $slow(pc, sp, fp, vm, oparg)
                    }
                }
                let counter = *pc.add(1);
                if counter < 16 {
                    return specialise(pc, sp, fp, vm, oparg);
                }
                *pc.add(1) = counter - 16;
                $slow(pc, sp, fp, vm, oparg)
            }
        }
        $crate::interpreter::dispatch::handlers! { $($rest)* }
    };
    (guarded $name:ident, $caches:expr, $base:path => $body:path; $($rest:tt)*) => {
        /// # Safety
        /// The handlers' contract, told at [`handlers!`].
        #[allow(non_snake_case)]
        #[inline(never)]
        pub unsafe fn $name(
            pc: *mut u16, sp: *mut $crate::Value, fp: *mut $crate::frames::Frame, vm: &$crate::Vm, oparg: u32,
        ) -> $crate::interpreter::dispatch::Exit {
            // Never inlined: locals of the body whose address escapes would turn the dispatch below into a real call.
            #[inline(never)]
            fn outlined(vm: &$crate::Vm, fp: $crate::frames::Fp, oparg: u32) -> $crate::vm::Res<bool> {
                $body(vm, fp, oparg)
            }
            // SAFETY: as for plain bodies; a body that answers false has changed nothing.
            unsafe {
                (*fp).pc = pc;
                (*fp).sp = sp;
                match outlined(vm, $crate::frames::Fp::new(fp), oparg) {
                    Ok(true) => $crate::interpreter::dispatch::next((*fp).pc.add(1 + $caches), (*fp).sp, fp, vm),
                    Ok(false) => $base(pc, sp, fp, vm, oparg),
                    Err(_) => $crate::interpreter::unwind::raised(pc, sp, fp, vm, 0),
                }
            }
        }
        $crate::interpreter::dispatch::handlers! { $($rest)* }
    };
    (fast $name:ident |$pc:ident, $sp:ident, $fp:ident, $vm:ident, $oparg:ident| $code:block $($rest:tt)*) => {
        /// # Safety
        /// The handlers' contract, told at [`handlers!`].
        // Never inlined: a slow sibling's calls would give the quick one a prologue.
        #[allow(non_snake_case, unused_variables, unused_mut)]
        #[inline(never)]
        pub unsafe fn $name(
            mut $pc: *mut u16, mut $sp: *mut $crate::Value, $fp: *mut $crate::frames::Frame, $vm: &$crate::Vm,
            $oparg: u32,
        ) -> $crate::interpreter::dispatch::Exit {
            // SAFETY: valid code: operands stand on the stack, indices are in range, pc stays in the stream.
            unsafe { $code }
        }
        $crate::interpreter::dispatch::handlers! { $($rest)* }
    };
}
pub(crate) use handlers;
