//! `_string`: the parser of format strings, for `string.Formatter`.

use ophi_runtime::format::fields::{First, Piece, Pieces, Step, Steps, split_name};
use ophi_runtime::objects::module::{Module, ModuleDef};
use ophi_runtime::payload::{Downcast, Payload, TypeDef};
use ophi_runtime::slots::Slots;
use ophi_runtime::{GilCell, Ref, Res, Str, TypeFlags, Value, Vm, layout, methods};

pub static MODULE: ModuleDef =
    ModuleDef { name: "_string", doc: "string helper module", tables: &[Functions::METHODS], init };

fn init(_: &Vm, _: &Ref<Module>) -> Res<()> {
    Ok(())
}

/// `formatteriterator`: (literal, field name, specification, conversion) of every piece.
struct PieceIterator {
    /// The format, and how far it has been cut.
    pieces: GilCell<Option<(Vec<u32>, Pieces)>>,
}

impl ophi_runtime::Trace for PieceIterator {
    fn trace(&self, _: &mut ophi_runtime::Visitor<'_>) {}
}

static PIECE_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    slots: Slots { iter: Some(|_, v| Ok(v.clone())), iternext: Some(next_piece), ..Slots::NONE },
    ..TypeDef::of::<PieceIterator>("formatteriterator", &ophi_runtime::objects::object::OBJECT)
};

impl Payload for PieceIterator {
    fn def() -> &'static TypeDef {
        &PIECE_ITERATOR
    }
    const LAYOUT: &'static ophi_runtime::payload::LayoutOf = layout!("formatteriterator");
}

fn text(vm: &Vm, points: &[u32]) -> Res {
    Ok(vm.new_str_from_code_points(points)?.into_value())
}

fn next_piece(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<PieceIterator>() else { return Ok(None) };
    let Some((format, mut pieces)) = iterator.pieces.replace(None) else { return Ok(None) };
    let piece = pieces.next(vm, &format)?;
    let parts = piece.map(|piece| parts_of(vm, piece)).transpose()?;
    iterator.pieces.set(Some((format, pieces)));
    parts.map(|parts| vm.new_tuple(&parts)).transpose()
}

fn parts_of(vm: &Vm, piece: Piece<'_, u32>) -> Res<[Value; 4]> {
    let literal = text(vm, piece.literal)?;
    Ok(match piece.field {
        Some(field) => {
            let conversion = match field.conversion {
                Some(c) => text(vm, &[c])?,
                None => Value::NONE,
            };
            [literal, text(vm, field.name)?, text(vm, field.spec)?, conversion]
        }
        None => [literal, Value::NONE, Value::NONE, Value::NONE],
    })
}

/// `fieldnameiterator`: (is attribute, name) of every look-up.
struct StepIterator {
    steps: GilCell<Option<Steps>>,
}

impl ophi_runtime::Trace for StepIterator {
    fn trace(&self, _: &mut ophi_runtime::Visitor<'_>) {}
}

static STEP_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    slots: Slots { iter: Some(|_, v| Ok(v.clone())), iternext: Some(next_step), ..Slots::NONE },
    ..TypeDef::of::<StepIterator>("fieldnameiterator", &ophi_runtime::objects::object::OBJECT)
};

impl Payload for StepIterator {
    fn def() -> &'static TypeDef {
        &STEP_ITERATOR
    }
    const LAYOUT: &'static ophi_runtime::payload::LayoutOf = layout!("fieldnameiterator");
}

fn next_step(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<StepIterator>() else { return Ok(None) };
    let Some(mut steps) = iterator.steps.replace(None) else { return Ok(None) };
    let step = steps.next(vm)?;
    iterator.steps.set(Some(steps));
    let pair = match step {
        None => return Ok(None),
        Some(Step::Attribute(name)) => [Value::TRUE, text(vm, &name)?],
        Some(Step::Index(i)) => [Value::FALSE, vm.new_int(i as i64)?],
        Some(Step::Key(key)) => [Value::FALSE, text(vm, &key)?],
    };
    vm.new_tuple(&pair).map(Some)
}

struct Functions;

fn expect<'a>(vm: &Vm, value: &'a Value) -> Res<&'a Ref<Str>> {
    value.downcast::<Str>().ok_or_else(|| vm.type_error(format!("expected str, got {}", vm.type_name(value))))
}

#[methods]
impl Functions {
    #[function(doc = "parse the argument as a format string", sig = "(object, /)", text = "($self, object, /)")]
    fn formatter_parser(vm: &Vm, object: &Value) -> Res {
        let pieces = (expect(vm, object)?.code_points().collect(), Pieces::default());
        Ok(vm.new_object(PieceIterator { pieces: GilCell::new(Some(pieces)) })?.into_value())
    }

    #[function(doc = "split the argument as a field name", sig = "(object, /)", text = "($self, object, /)")]
    fn formatter_field_name_split(vm: &Vm, object: &Value) -> Res {
        let name: Vec<u32> = expect(vm, object)?.code_points().collect();
        let (first, steps) = split_name(vm, &name)?;
        let first = match first {
            First::Empty => text(vm, &[])?,
            First::Index(i) => vm.new_int(i as i64)?,
            First::Key(key) => text(vm, key)?,
        };
        let steps = vm.new_object(StepIterator { steps: GilCell::new(Some(steps)) })?.into_value();
        vm.new_tuple(&[first, steps])
    }
}
