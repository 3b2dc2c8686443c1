//! Floats as decimal text in the C presentation types `e`, `f`, `g`, `r`, correctly rounded.

use crate::objects::float::convert::{repr, shortest_digits};

/// Text of a finite, non-negative float. `kind`: one of e, f, g, r (shortest), upper case set by the caller.
/// `add_dot_zero`: `r` and `g` without precision show ".0" on integral values.
pub fn digits(f: f64, kind: char, precision: usize, alternate: bool, add_dot_zero: bool) -> String {
    let mut text = match kind {
        'e' => exponent(f, precision),
        'f' => fixed_digits(f, precision),
        'g' => general(f, precision.max(1), alternate),
        _ => {
            let t = repr(f);
            match t.strip_suffix(".0") {
                Some(whole) if !add_dot_zero => whole.to_string(),
                _ => t,
            }
        }
    };
    if alternate && !text.contains('.') {
        let at = text.find('e').unwrap_or(text.len());
        text.insert(at, '.');
    } else if add_dot_zero && kind == 'g' && !text.contains(['.', 'e']) {
        text.push_str(".0");
    }
    text
}

/// No float has more digits than this behind its point; the formatting of the standard library takes no more than 65535.
const EXACT: usize = 1100;

fn fixed_digits(f: f64, precision: usize) -> String {
    let mut text = format!("{:.*}", precision.min(EXACT), f);
    text.push_str(&"0".repeat(precision.saturating_sub(EXACT)));
    text
}

fn exponent(f: f64, precision: usize) -> String {
    let text = format!("{:.*e}", precision.min(EXACT), f);
    let (mantissa, e) = text.split_once('e').unwrap_or((&text, "0"));
    let e: i32 = e.parse().unwrap_or(0);
    let zeros = "0".repeat(precision.saturating_sub(EXACT));
    format!("{mantissa}{zeros}e{}{:02}", if e < 0 { '-' } else { '+' }, e.abs())
}

fn general(f: f64, precision: usize, alternate: bool) -> String {
    let wanted = precision;
    let precision = precision.min(EXACT);
    let text = format!("{:.*e}", precision - 1, f);
    let (mantissa, e) = text.split_once('e').unwrap_or((&text, "0"));
    let e: i32 = e.parse().unwrap_or(0);
    let zeros = "0".repeat(if alternate { wanted - precision } else { 0 });
    if e < -4 || e >= precision as i32 {
        let mantissa = if alternate { format!("{mantissa}{zeros}") } else { strip(mantissa).to_string() };
        return format!("{mantissa}e{}{:02}", if e < 0 { '-' } else { '+' }, e.abs());
    }
    let fixed = format!("{f:.*}", (precision as i32 - 1 - e).max(0) as usize);
    if alternate { fixed + &zeros } else { strip(&fixed).to_string() }
}

/// Without trailing zeros of a fraction.
fn strip(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// Digits and exponent for callers that lay out themselves.
pub fn shortest(f: f64) -> (String, i32) {
    shortest_digits(f)
}
