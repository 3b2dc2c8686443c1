//! Operators on any values, with reflection and in-place forms. After CPython Objects/abstract.c (`binary_op1`, `PyNumber_*`).

use crate::Value;
use crate::slots::{Binary, Slots};
use crate::vm::{Raised, Res, Vm};

/// The binary operators, in the order of BINARY_OP's oparg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum BinaryOp {
    Add,
    And,
    FloorDivide,
    LShift,
    MatrixMultiply,
    Multiply,
    Remainder,
    Or,
    Power,
    RShift,
    Subtract,
    TrueDivide,
    Xor,
}

impl BinaryOp {
    pub const ALL: [BinaryOp; 13] = [
        BinaryOp::Add,
        BinaryOp::And,
        BinaryOp::FloorDivide,
        BinaryOp::LShift,
        BinaryOp::MatrixMultiply,
        BinaryOp::Multiply,
        BinaryOp::Remainder,
        BinaryOp::Or,
        BinaryOp::Power,
        BinaryOp::RShift,
        BinaryOp::Subtract,
        BinaryOp::TrueDivide,
        BinaryOp::Xor,
    ];

    pub const fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::And => "&",
            BinaryOp::FloorDivide => "//",
            BinaryOp::LShift => "<<",
            BinaryOp::MatrixMultiply => "@",
            BinaryOp::Multiply => "*",
            BinaryOp::Remainder => "%",
            BinaryOp::Or => "|",
            BinaryOp::Power => "** or pow()",
            BinaryOp::RShift => ">>",
            BinaryOp::Subtract => "-",
            BinaryOp::TrueDivide => "/",
            BinaryOp::Xor => "^",
        }
    }

    #[inline]
    pub(crate) fn slot(self, slots: &Slots) -> Option<Binary> {
        match self {
            BinaryOp::Add => slots.add,
            BinaryOp::And => slots.and,
            BinaryOp::FloorDivide => slots.floor_divide,
            BinaryOp::LShift => slots.lshift,
            BinaryOp::MatrixMultiply => slots.matrix_multiply,
            BinaryOp::Multiply => slots.multiply,
            BinaryOp::Remainder => slots.remainder,
            BinaryOp::Or => slots.or,
            BinaryOp::Power => None,
            BinaryOp::RShift => slots.rshift,
            BinaryOp::Subtract => slots.subtract,
            BinaryOp::TrueDivide => slots.true_divide,
            BinaryOp::Xor => slots.xor,
        }
    }

    fn inplace_slot(self, slots: &Slots) -> Option<Binary> {
        match self {
            BinaryOp::Add => slots.inplace_add,
            BinaryOp::And => slots.inplace_and,
            BinaryOp::FloorDivide => slots.inplace_floor_divide,
            BinaryOp::LShift => slots.inplace_lshift,
            BinaryOp::MatrixMultiply => slots.inplace_matrix_multiply,
            BinaryOp::Multiply => slots.inplace_multiply,
            BinaryOp::Remainder => slots.inplace_remainder,
            BinaryOp::Or => slots.inplace_or,
            BinaryOp::Power => None,
            BinaryOp::RShift => slots.inplace_rshift,
            BinaryOp::Subtract => slots.inplace_subtract,
            BinaryOp::TrueDivide => slots.inplace_true_divide,
            BinaryOp::Xor => slots.inplace_xor,
        }
    }
}

impl Vm {
    /// `a op b`.
    pub fn binary_op(&self, op: BinaryOp, a: &Value, b: &Value) -> Res {
        if op == BinaryOp::Add {
            if let (Some(x), Some(y)) = (a.as_small_int(), b.as_small_int()) {
                return self.new_int(x + y);
            }
            if let (Some(x), Some(y)) = (a.as_small_float(), b.as_small_float()) {
                return self.new_float(x + y);
            }
        }
        if op == BinaryOp::Power {
            return self.power(a, b, &Value::NONE);
        }
        let result = self.try_binary(op, a, b)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
        self.sequence_fallback(op, a, b, false)
    }

    /// `a op= b`.
    pub fn inplace_op(&self, op: BinaryOp, a: &Value, b: &Value) -> Res {
        if op == BinaryOp::Power {
            return self.inplace_power(a, b);
        }
        if let Some(slot) = op.inplace_slot(self.class(a).slots()) {
            let result = slot(self, a, b)?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        let result = self.try_binary(op, a, b)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
        self.sequence_fallback(op, a, b, true)
    }

    /// The numeric slots of both operands: the right one first when its class is a subclass with a slot of its own.
    fn try_binary(&self, op: BinaryOp, a: &Value, b: &Value) -> Res {
        let (ta, tb) = (self.class(a), self.class(b));
        let left = op.slot(ta.slots());
        let mut right = if ta.is(tb) { None } else { op.slot(tb.slots()) };
        if let (Some(l), Some(r)) = (left, right)
            && core::ptr::fn_addr_eq(l, r)
        {
            right = None;
        }
        if let Some(l) = left {
            if let Some(r) = right
                && tb.is_subtype(ta)
            {
                let result = r(self, a, b)?;
                if !result.is_not_implemented() {
                    return Ok(result);
                }
                right = None;
            }
            let result = l(self, a, b)?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        match right {
            Some(r) => r(self, a, b),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    /// `+` and `*` of sequences; TypeError for the rest.
    fn sequence_fallback(&self, op: BinaryOp, a: &Value, b: &Value, inplace: bool) -> Res {
        let (sa, sb) = (self.class(a).slots(), self.class(b).slots());
        match op {
            BinaryOp::Add => {
                let concat = if inplace { sa.inplace_concat.or(sa.concat) } else { sa.concat };
                if let Some(concat) = concat {
                    let result = concat(self, a, b)?;
                    if !result.is_not_implemented() {
                        return Ok(result);
                    }
                }
            }
            BinaryOp::Multiply => {
                let repeat = if inplace { sa.inplace_repeat.or(sa.repeat) } else { sa.repeat };
                if let Some(repeat) = repeat {
                    return repeat(self, a, self.repeat_count(b)?);
                }
                // In place, whatever has a sequence's methods is asked alone (`PyNumber_InPlaceMultiply`).
                let asked_alone = inplace && (self.class(a).def.is_none() || sa.len.is_some() || sa.contains.is_some());
                if let Some(repeat) = sb.repeat
                    && !asked_alone
                {
                    return repeat(self, b, self.repeat_count(a)?);
                }
            }
            _ => {}
        }
        Err(self.operand_error(op, a, b, inplace))
    }

    fn repeat_count(&self, value: &Value) -> Res<isize> {
        if self.class(value).slots().index.is_none() && crate::objects::int::view(value).is_none() {
            return Err(
                self.type_error(format!("can't multiply sequence by non-int of type '{}'", self.type_name(value)))
            );
        }
        match self.index_as_i128(value)?.and_then(|i| isize::try_from(i).ok()) {
            Some(i) => Ok(i),
            None => Err(self.overflow_error("cannot fit 'int' into an index-sized integer")),
        }
    }

    #[cold]
    fn operand_error(&self, op: BinaryOp, a: &Value, b: &Value, inplace: bool) -> Raised {
        let symbol = match (op, inplace) {
            (BinaryOp::Power, true) => "**=".to_string(),
            (_, true) => format!("{}=", op.symbol()),
            _ => op.symbol().to_string(),
        };
        let is_print = op == BinaryOp::RShift
            && !inplace
            && self.get_builtin("print").map_or_else(
                |raised| {
                    self.forget(raised);
                    false
                },
                |p| p.is(a),
            );
        let hint = if is_print { ". Did you mean \"print(<message>, file=<output_stream>)\"?" } else { "" };
        self.type_error(format!(
            "unsupported operand type(s) for {symbol}: '{}' and '{}'{hint}",
            self.type_name(a),
            self.type_name(b)
        ))
    }

    /// `pow(a, b, m)`; `m` None for the operator (`PyNumber_Power`).
    pub fn power(&self, a: &Value, b: &Value, m: &Value) -> Res {
        if let Some(result) = self.try_power(a, b, m)? {
            return Ok(result);
        }
        if m.is_none() {
            return Err(self.operand_error(BinaryOp::Power, a, b, false));
        }
        Err(self.type_error(format!(
            "unsupported operand type(s) for ** or pow(): '{}', '{}', '{}'",
            self.type_name(a),
            self.type_name(b),
            self.type_name(m)
        )))
    }

    /// `None`: neither operand knows how.
    fn try_power(&self, a: &Value, b: &Value, m: &Value) -> Res<Option<Value>> {
        let (ta, tb, tm) = (self.class(a), self.class(b), self.class(m));
        let left = ta.slots().power;
        let mut right = if ta.is(tb) { None } else { tb.slots().power };
        if let (Some(l), Some(r)) = (left, right)
            && core::ptr::fn_addr_eq(l, r)
        {
            right = None;
        }
        if let Some(l) = left {
            if let Some(r) = right
                && tb.is_subtype(ta)
            {
                let result = r(self, a, b, m)?;
                if !result.is_not_implemented() {
                    return Ok(Some(result));
                }
                right = None;
            }
            let result = l(self, a, b, m)?;
            if !result.is_not_implemented() {
                return Ok(Some(result));
            }
        }
        if let Some(r) = right {
            let result = r(self, a, b, m)?;
            if !result.is_not_implemented() {
                return Ok(Some(result));
            }
        }
        if let Some(third) = tm.slots().power
            && !m.is_none()
            && left.is_none_or(|l| !core::ptr::fn_addr_eq(l, third))
        {
            let result = third(self, a, b, m)?;
            if !result.is_not_implemented() {
                return Ok(Some(result));
            }
        }
        Ok(None)
    }

    fn inplace_power(&self, a: &Value, b: &Value) -> Res {
        if let Some(slot) = self.class(a).slots().inplace_power {
            let result = slot(self, a, b, &Value::NONE)?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        match self.try_power(a, b, &Value::NONE)? {
            Some(result) => Ok(result),
            None => Err(self.operand_error(BinaryOp::Power, a, b, true)),
        }
    }

    /// `divmod(a, b)`.
    pub fn divmod(&self, a: &Value, b: &Value) -> Res {
        if let (Some(x), Some(y)) = (a.as_small_int(), b.as_small_int())
            && y != 0
        {
            let (quotient, rest) = num_integer::Integer::div_mod_floor(&x, &y);
            return crate::Tuple::pair(self, self.new_int(quotient)?, self.new_int(rest)?);
        }
        let (ta, tb) = (self.class(a), self.class(b));
        let left = ta.slots().divmod;
        let right = if ta.is(tb) { None } else { tb.slots().divmod };
        let mut order = [left, right];
        if let (Some(l), Some(r)) = (left, right) {
            if core::ptr::fn_addr_eq(l, r) {
                order = [left, None];
            } else if tb.is_subtype(ta) {
                order = [right, left];
            }
        }
        for slot in order.into_iter().flatten() {
            let result = slot(self, a, b)?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        Err(self.type_error(format!(
            "unsupported operand type(s) for divmod(): '{}' and '{}'",
            self.type_name(a),
            self.type_name(b)
        )))
    }

    /// `-value`.
    pub fn negative(&self, value: &Value) -> Res {
        match self.class(value).slots().negative {
            Some(slot) => slot(self, value),
            None => Err(self.type_error(format!("bad operand type for unary -: '{}'", self.type_name(value)))),
        }
    }

    /// `+value`.
    pub fn positive(&self, value: &Value) -> Res {
        match self.class(value).slots().positive {
            Some(slot) => slot(self, value),
            None => Err(self.type_error(format!("bad operand type for unary +: '{}'", self.type_name(value)))),
        }
    }

    /// `~value`.
    pub fn invert(&self, value: &Value) -> Res {
        match self.class(value).slots().invert {
            Some(slot) => slot(self, value),
            None => Err(self.type_error(format!("bad operand type for unary ~: '{}'", self.type_name(value)))),
        }
    }

    /// `abs(value)`.
    pub fn absolute(&self, value: &Value) -> Res {
        match self.class(value).slots().absolute {
            Some(slot) => slot(self, value),
            None => Err(self.type_error(format!("bad operand type for abs(): '{}'", self.type_name(value)))),
        }
    }
}
