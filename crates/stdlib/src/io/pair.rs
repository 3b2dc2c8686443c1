//! `BufferedRWPair`: a reader and a writer over two raw streams that have no position in common.
//!
//! After CPython Modules/_io/bufferedio.c.

use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Ref, Res, TypeDef, TypeRef, Value, ValueCell, Vm, layout, methods, trace_fields};

use super::base::{BUFFERED_IO_BASE, FLAGS, IoBase, check_able};
use super::buffered::{BUFFERED_READER, BUFFERED_WRITER, make};

#[repr(C)]
pub struct Pair {
    base: IoBase,
    reader: ValueCell,
    writer: ValueCell,
}

trace_fields!(Pair { reader, writer });

impl Payload for Pair {
    fn def() -> &'static TypeDef {
        &BUFFERED_RW_PAIR
    }
    const LAYOUT: &'static LayoutOf = layout!("BufferedRWPair", IoBase);
}

pub static BUFFERED_RW_PAIR: TypeDef = TypeDef {
    module: "_io",
    doc: "BufferedRWPair(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)\n--\n\nA reader and a writer as one stream, for the two ends of a pipe or a socket.",
    flags: FLAGS,
    slots: Slots { new: Some(new), init: Some(init), ..Slots::NONE },
    tables: &[Pair::METHODS],
    ..TypeDef::of::<Pair>("BufferedRWPair", &BUFFERED_IO_BASE)
};

fn new(vm: &Vm, class: &TypeRef, _: Args<'_>) -> Res {
    let empty = Pair { base: IoBase, reader: ValueCell::new(None), writer: ValueCell::new(None) };
    let pair: Ref<Pair> = vm.new_instance(class, empty)?;
    Ok(pair.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let Some(pair) = this.downcast::<Pair>() else { return Err(vm.type_error("a BufferedRWPair is expected")) };
    args.no_keywords(vm, "BufferedRWPair")?;
    let given = args.check_positional(vm, "BufferedRWPair", 2, 3)?;
    let size = match given.get(2) {
        Some(size) => crate::support::values::to_i64(vm, size)?,
        None => super::DEFAULT_BUFFER_SIZE as i64,
    };
    check_able(vm, &given[0], "readable", "File or stream is not readable.")?;
    check_able(vm, &given[1], "writable", "File or stream is not writable.")?;
    pair.reader.set(Some(make(vm, &BUFFERED_READER, &given[0], size)?));
    pair.writer.set(Some(make(vm, &BUFFERED_WRITER, &given[1], size)?));
    Ok(())
}

impl Pair {
    fn side(vm: &Vm, side: &ValueCell) -> Res {
        side.get().ok_or_else(|| vm.value_error("I/O operation on uninitialized object"))
    }

    fn read_by(vm: &Vm, this: &Ref<Pair>, method: &str, args: Args<'_>) -> Res {
        vm.call_method_args(&Self::side(vm, &this.reader)?, &vm.intern(method)?, args)
    }

    fn write_by(vm: &Vm, this: &Ref<Pair>, method: &str, args: Args<'_>) -> Res {
        vm.call_method_args(&Self::side(vm, &this.writer)?, &vm.intern(method)?, args)
    }
}

#[methods]
impl Pair {
    #[method]
    fn read(vm: &Vm, this: &Ref<Pair>, args: Args<'_>) -> Res {
        Pair::read_by(vm, this, "read", args)
    }

    #[method]
    fn peek(vm: &Vm, this: &Ref<Pair>, args: Args<'_>) -> Res {
        Pair::read_by(vm, this, "peek", args)
    }

    #[method]
    fn read1(vm: &Vm, this: &Ref<Pair>, args: Args<'_>) -> Res {
        Pair::read_by(vm, this, "read1", args)
    }

    #[method]
    fn readinto(vm: &Vm, this: &Ref<Pair>, args: Args<'_>) -> Res {
        Pair::read_by(vm, this, "readinto", args)
    }

    #[method]
    fn readinto1(vm: &Vm, this: &Ref<Pair>, args: Args<'_>) -> Res {
        Pair::read_by(vm, this, "readinto1", args)
    }

    #[method]
    fn write(vm: &Vm, this: &Ref<Pair>, args: Args<'_>) -> Res {
        Pair::write_by(vm, this, "write", args)
    }

    #[method(text = "($self, /)")]
    fn flush(vm: &Vm, this: &Ref<Pair>, args: Args<'_>) -> Res {
        Pair::write_by(vm, this, "flush", args)
    }

    #[method(text = "($self, /)")]
    fn readable(vm: &Vm, this: &Ref<Pair>, args: Args<'_>) -> Res {
        Pair::read_by(vm, this, "readable", args)
    }

    #[method(text = "($self, /)")]
    fn writable(vm: &Vm, this: &Ref<Pair>, args: Args<'_>) -> Res {
        Pair::write_by(vm, this, "writable", args)
    }

    #[method(text = "($self, /)")]
    fn close(vm: &Vm, this: &Ref<Pair>, args: Args<'_>) -> Res {
        let writer = Pair::write_by(vm, this, "close", args);
        match writer {
            Ok(_) => Pair::read_by(vm, this, "close", args),
            Err(raised) => {
                let first = vm.take_raised(raised);
                match Pair::read_by(vm, this, "close", args) {
                    Ok(_) => Err(vm.raise_again(first)),
                    Err(raised) => {
                        let second = vm.take_raised(raised);
                        vm.set_attr_str(&second, "__context__", &first)?;
                        Err(vm.raise_again(second))
                    }
                }
            }
        }
    }

    #[method(sig = "()")]
    fn isatty(vm: &Vm, this: &Ref<Pair>) -> Res {
        let answer = Pair::write_by(vm, this, "isatty", Args::EMPTY)?;
        if answer.is_false() { Pair::read_by(vm, this, "isatty", Args::EMPTY) } else { Ok(answer) }
    }

    #[getter]
    fn closed(vm: &Vm, this: &Ref<Pair>) -> Res {
        match this.writer.get() {
            Some(writer) => vm.get_attr_str(&writer, "closed"),
            None => Err(vm.runtime_error("the BufferedRWPair object is being garbage-collected")),
        }
    }
}
