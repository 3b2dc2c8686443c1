//! `Context`: settings, flags and traps.

use super::arguments::{unpack, word};
use super::number::context::{MAX_EMAX, MAX_PREC, MIN_EMIN};
use super::number::{Ctx, Number, Rounding, status};
use super::{context_methods, signal_dict, signals, state};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::protocol::attributes::generic_set_attr;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Payload, Raised, Ref, Res, Str, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Vm, layout, methods,
};
use std::cell::Cell;
use std::rc::Rc;

#[derive(Clone, Copy)]
pub struct Settings {
    pub prec: i64,
    pub emax: i64,
    pub emin: i64,
    pub rounding: Rounding,
    pub clamp: bool,
    pub capitals: bool,
}

impl Settings {
    pub const DEFAULT: Settings = Settings {
        prec: 28,
        emax: 999_999,
        emin: -999_999,
        rounding: Rounding::HalfEven,
        clamp: false,
        capitals: true,
    };
}

pub const ROUNDINGS: &[(&str, Rounding)] = &[
    ("ROUND_CEILING", Rounding::Ceiling),
    ("ROUND_FLOOR", Rounding::Floor),
    ("ROUND_UP", Rounding::Up),
    ("ROUND_DOWN", Rounding::Down),
    ("ROUND_HALF_UP", Rounding::HalfUp),
    ("ROUND_HALF_DOWN", Rounding::HalfDown),
    ("ROUND_HALF_EVEN", Rounding::HalfEven),
    ("ROUND_05UP", Rounding::ZeroFiveUp),
];

pub struct Context {
    pub settings: Cell<Settings>,
    pub flags: Rc<Cell<u32>>,
    pub traps: Rc<Cell<u32>>,
    flags_dict: ValueCell,
    traps_dict: ValueCell,
}
ophi_heap::trace_fields!(Context { flags_dict, traps_dict });

impl Payload for Context {
    fn def() -> &'static TypeDef {
        &CONTEXT
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("decimal.Context");
}

pub static CONTEXT: TypeDef = TypeDef {
    module: "decimal",
    doc: "Context(prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)\n--\n\nThe context of operations: precision, rounding, limits of the exponent,\nflags of the conditions that have arisen, traps of those that raise.\nFor example:\n\n    >>> c = Context(prec=28, Emin=-425000000, Emax=425000000,\n    ...             rounding=ROUND_HALF_EVEN, capitals=1, clamp=1,\n    ...             traps=[InvalidOperation, DivisionByZero, Overflow],\n    ...             flags=[])\n    >>>\n",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots {
        new: Some(|vm, class, _| Ok(Context::new_of(vm, class, Settings::DEFAULT, USUAL_TRAPS)?.into_value())),
        init: Some(init),
        repr: Some(repr),
        setattro: Some(set_attr),
        ..Slots::NONE
    },
    tables: &[Context::METHODS, &context_methods::TABLE],
    ..TypeDef::of::<Context>("Context", &OBJECT)
};

const USUAL_TRAPS: u32 = status::INVALID | status::DIVISION_BY_ZERO | status::OVERFLOW;

impl Context {
    pub fn new(vm: &Vm, settings: Settings, traps: u32) -> Res<Ref<Context>> {
        let class = vm.ty(&CONTEXT).clone();
        Context::new_of(vm, &class, settings, traps)
    }

    fn new_of(vm: &Vm, class: &TypeRef, settings: Settings, traps: u32) -> Res<Ref<Context>> {
        let (flags, traps) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(traps)));
        let (flags_dict, traps_dict) = (signal_dict::make(vm, &flags)?, signal_dict::make(vm, &traps)?);
        let context = Context {
            settings: Cell::new(settings),
            flags,
            traps,
            flags_dict: ValueCell::some(flags_dict),
            traps_dict: ValueCell::some(traps_dict),
        };
        vm.new_instance(class, context)
    }

    pub fn copied(&self, vm: &Vm) -> Res<Ref<Context>> {
        let copy = Context::new(vm, self.settings.get(), self.traps.get())?;
        copy.flags.set(self.flags.get());
        Ok(copy)
    }

    /// Runs an operation under this context, then signals what it noted.
    #[inline]
    pub fn run<T>(&self, vm: &Vm, operation: impl FnOnce(&mut Ctx<'_>) -> T) -> Res<T> {
        let room = |bytes: usize| vm.heap().has_room(bytes);
        let s = self.settings.get();
        let mut ctx = Ctx {
            prec: s.prec,
            emax: s.emax,
            emin: s.emin,
            rounding: s.rounding,
            clamp: s.clamp,
            status: 0,
            room: &room,
        };
        let result = operation(&mut ctx);
        if ctx.status != 0 {
            self.signal(vm, ctx.status)?;
        }
        Ok(result)
    }

    /// Runs an operation in the widest context; only invalid operations count.
    pub fn run_exact(&self, vm: &Vm, operation: impl FnOnce(&mut Ctx<'_>) -> Number) -> Res<Number> {
        self.run(vm, |ctx| {
            let mut wide = Ctx::widest(ctx.room);
            let result = operation(&mut wide);
            let result = wide.exact(result);
            ctx.note(wide.status & status::INVALID);
            result
        })
    }

    /// Sets flags, raises what is trapped.
    pub fn signal(&self, vm: &Vm, noted: u32) -> Res<()> {
        self.flags.set(self.flags.get() | noted);
        let trapped = noted & (self.traps.get() | status::NO_MEMORY);
        if trapped != 0 {
            return Err(signals::raise(vm, trapped));
        }
        Ok(())
    }
}

/// The context in an argument.
pub fn from_argument(vm: &Vm, value: &Value, optional: bool) -> Res<Ref<Context>> {
    value.downcast::<Context>().cloned().ok_or_else(|| {
        vm.type_error(if optional { "optional argument must be a context" } else { "argument must be a context" })
    })
}

pub fn rounding_of(vm: &Vm, value: &Value) -> Res<Rounding> {
    let known = value.downcast::<Str>().and_then(|text| ROUNDINGS.iter().find(|(name, _)| text.eq_str(name)));
    known.map(|(_, rounding)| *rounding).ok_or_else(|| {
        vm.type_error("valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n   ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]")
    })
}

fn rounding_name(vm: &Vm, rounding: Rounding) -> Value {
    state::of(vm)
        .roundings
        .with(|all| all.iter().find(|(r, _)| *r == rounding).map_or(Value::NONE, |(_, name)| name.clone()))
}

pub const ATTRIBUTES: [&str; 8] = ["prec", "rounding", "Emin", "Emax", "capitals", "clamp", "flags", "traps"];

/// Sets the attribute of this index in [`ATTRIBUTES`]. `lists`: flags and traps may be lists.
pub fn set(vm: &Vm, context: &Context, attribute: usize, value: &Value, lists: bool) -> Res<()> {
    let mut s = context.settings.get();
    let ranged = |low: i64, high: i64, message: &str| -> Res<i64> {
        let n = word(vm, value)?;
        if n < low || n > high { Err(vm.value_error(message)) } else { Ok(n) }
    };
    match attribute {
        0 => s.prec = ranged(1, MAX_PREC, "valid range for prec is [1, MAX_PREC]")?,
        1 => s.rounding = rounding_of(vm, value)?,
        2 => s.emin = ranged(MIN_EMIN, 0, "valid range for Emin is [MIN_EMIN, 0]")?,
        3 => s.emax = ranged(0, MAX_EMAX, "valid range for Emax is [0, MAX_EMAX]")?,
        4 => s.capitals = ranged(0, 1, "valid values for capitals are 0 or 1")? == 1,
        5 => s.clamp = ranged(0, 1, "valid values for clamp are 0 or 1")? == 1,
        6 => context.flags.set(signal_dict::bits_from(vm, value, lists)?),
        _ => context.traps.set(signal_dict::bits_from(vm, value, lists)?),
    }
    context.settings.set(s);
    Ok(())
}

/// Sets what is given and not None.
pub fn set_all(vm: &Vm, context: &Context, values: &[Option<&Value>; 8]) -> Res<()> {
    for (i, value) in values.iter().enumerate() {
        if let Some(value) = value.filter(|v| !v.is_none()) {
            set(vm, context, i, value, true)?;
        }
    }
    Ok(())
}

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Context>> {
    this.downcast::<Context>().ok_or_else(|| vm.type_error("argument must be a context"))
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let values = unpack(vm, args, ATTRIBUTES, 0)?;
    set_all(vm, of(vm, this)?, &values)
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let context = of(vm, this)?;
    let s = context.settings.get();
    let rounding = vm.str(&rounding_name(vm, s.rounding))?;
    let text = format!(
        "Context(prec={}, rounding={}, Emin={}, Emax={}, capitals={}, clamp={}, flags={}, traps={})",
        s.prec,
        rounding.to_utf8_lossy(),
        s.emin,
        s.emax,
        u8::from(s.capitals),
        u8::from(s.clamp),
        signals::names(context.flags.get()),
        signals::names(context.traps.get())
    );
    Ok(vm.new_str(&text)?.into_value())
}

fn set_attr(vm: &Vm, this: &Value, name: &Ref<Str>, value: Option<&Value>) -> Res<()> {
    if value.is_none() {
        return Err(vm.attribute_error("context attributes cannot be deleted"));
    }
    generic_set_attr(vm, this, name, value)
}

fn setter(vm: &Vm, this: &Ref<Context>, attribute: usize, value: Option<&Value>) -> Res<()> {
    match value {
        Some(value) => set(vm, this, attribute, value, false),
        None => Err(undeletable(vm)),
    }
}

#[cold]
fn undeletable(vm: &Vm) -> Raised {
    vm.attribute_error("context attributes cannot be deleted")
}

macro_rules! attributes {
    ($($index:literal $name:literal $get:ident $set:ident $read:expr;)*) => {
        #[methods]
        impl Context {
            $(
                #[getter(name = $name)]
                fn $get(vm: &Vm, this: &Ref<Context>) -> Res {
                    let read: fn(&Vm, &Context) -> Res = $read;
                    read(vm, this)
                }
                #[setter(name = $name)]
                fn $set(vm: &Vm, this: &Ref<Context>, value: Option<&Value>) -> Res<()> {
                    setter(vm, this, $index, value)
                }
            )*
        }
    };
}

attributes! {
    0 "prec" get_prec set_prec |vm, c| vm.new_int(c.settings.get().prec);
    1 "rounding" get_rounding set_rounding |vm, c| Ok(rounding_name(vm, c.settings.get().rounding));
    2 "Emin" get_emin set_emin |vm, c| vm.new_int(c.settings.get().emin);
    3 "Emax" get_emax set_emax |vm, c| vm.new_int(c.settings.get().emax);
    4 "capitals" get_capitals set_capitals |vm, c| vm.new_int(i64::from(c.settings.get().capitals));
    5 "clamp" get_clamp set_clamp |vm, c| vm.new_int(i64::from(c.settings.get().clamp));
    6 "flags" get_flags set_flags |_, c| Ok(c.flags_dict.get_or_none());
    7 "traps" get_traps set_traps |_, c| Ok(c.traps_dict.get_or_none());
}

/// The arguments that make a context like this one.
pub fn reduced(vm: &Vm, context: &Ref<Context>) -> Res {
    let s = context.settings.get();
    let arguments = vm.new_tuple(&[
        vm.new_int(s.prec)?,
        rounding_name(vm, s.rounding),
        vm.new_int(s.emin)?,
        vm.new_int(s.emax)?,
        vm.new_int(i64::from(s.capitals))?,
        vm.new_int(i64::from(s.clamp))?,
        signals::classes(vm, context.flags.get())?,
        signals::classes(vm, context.traps.get())?,
    ])?;
    vm.new_tuple(&[vm.class(context.as_value()).to_value(), arguments])
}
