//! Filter chains of LZMA as Python writes them: a sequence of dicts.

use liblzma::stream::{Filters, LzmaOptions, MatchFinder, Mode};
use ophi_runtime::objects::exceptions::KEY_ERROR;
use ophi_runtime::objects::int;
use ophi_runtime::{Raised, Res, Value, Vm};

pub const LZMA1: u64 = 0x4000_0000_0000_0001;
pub const LZMA2: u64 = 0x21;
pub const DELTA: u64 = 3;
pub const X86: u64 = 4;
pub const POWERPC: u64 = 5;
pub const IA64: u64 = 6;
pub const ARM: u64 = 7;
pub const ARMTHUMB: u64 = 8;
pub const SPARC: u64 = 9;

pub const PRESET_DEFAULT: u32 = 6;
pub const PRESET_EXTREME: u32 = 1 << 31;
const MAX_FILTERS: usize = 4;

/// One filter of a chain.
pub enum Filter {
    Lzma { second: bool, options: Options },
    Delta { distance: u32 },
    Branch { id: u64, start: u32 },
}

/// The options of LZMA1 and LZMA2; what liblzma does not give back is kept beside.
pub struct Options {
    pub dict_size: u32,
    pub lc: u32,
    pub lp: u32,
    pub pb: u32,
    pub raw: LzmaOptions,
}

/// The value under a key of a dict or dict-like object.
fn entry(vm: &Vm, spec: &Value, key: &str) -> Res<Option<Value>> {
    let key = vm.new_str(key)?.into_value();
    vm.catch(vm.get_item(spec, &key), &KEY_ERROR)
}

fn unsigned(vm: &Vm, value: &Value) -> Res<u64> {
    let index = vm.index(value)?;
    match int::view(&index).and_then(|view| view.to_i64()).map(u64::try_from) {
        Some(Ok(n)) => Ok(n),
        Some(Err(_)) => Err(vm.overflow_error("can't convert negative int to unsigned")),
        None => match vm.index_as_i128(value)?.and_then(|n| u64::try_from(n).ok()) {
            Some(n) => Ok(n),
            None => Err(vm.overflow_error("Value too large for uint32_t type")),
        },
    }
}

pub fn uint32(vm: &Vm, value: &Value) -> Res<u32> {
    u32::try_from(unsigned(vm, value)?).map_err(|_| vm.overflow_error("Value too large for uint32_t type"))
}

#[cold]
fn invalid_preset(vm: &Vm, lzma_error: &dyn Fn(&Vm, &str) -> Raised, preset: u32) -> Raised {
    lzma_error(vm, &format!("Invalid compression preset: {preset}"))
}

pub type ErrorOf<'a> = &'a dyn Fn(&Vm, &str) -> Raised;

/// The preset's own values (those of liblzma's lzma_lzma_preset), which the crate does not show.
fn preset_options(vm: &Vm, preset: u32, lzma_error: ErrorOf<'_>) -> Res<Options> {
    let raw = LzmaOptions::new_preset(preset).map_err(|_| invalid_preset(vm, lzma_error, preset))?;
    const DICTIONARY_BITS: [u32; 10] = [18, 20, 21, 22, 22, 23, 23, 24, 25, 26];
    let level = (preset & 0x1f) as usize;
    let bits = DICTIONARY_BITS.get(level).copied().unwrap_or(23);
    Ok(Options { dict_size: 1 << bits, lc: 3, lp: 0, pb: 2, raw })
}

const LZMA_KEYS: &[&str] = &["id", "preset", "dict_size", "lc", "lp", "pb", "mode", "nice_len", "mf", "depth"];

/// Has the dict only these keys?
fn check_keys(vm: &Vm, spec: &Value, known: &[&str], message: &str) -> Res<()> {
    for key in vm.collect(spec)? {
        let text = vm.str(&key)?;
        if !known.iter().any(|k| text.eq_str(k)) {
            return Err(vm.value_error(message));
        }
    }
    Ok(())
}

fn lzma_filter(vm: &Vm, spec: &Value, second: bool, lzma_error: ErrorOf<'_>) -> Res<Filter> {
    let preset = match entry(vm, spec, "preset")? {
        Some(preset) => uint32(vm, &preset)?,
        None => PRESET_DEFAULT,
    };
    let mut options = preset_options(vm, preset, lzma_error)?;
    check_keys(vm, spec, LZMA_KEYS, "Invalid filter specifier for LZMA filter")?;
    let number = |key: &str| -> Res<Option<u32>> { entry(vm, spec, key)?.map(|value| uint32(vm, &value)).transpose() };
    if let Some(n) = number("dict_size")? {
        options.dict_size = n;
        options.raw.dict_size(n);
    }
    if let Some(n) = number("lc")? {
        options.lc = n;
        options.raw.literal_context_bits(n);
    }
    if let Some(n) = number("lp")? {
        options.lp = n;
        options.raw.literal_position_bits(n);
    }
    if let Some(n) = number("pb")? {
        options.pb = n;
        options.raw.position_bits(n);
    }
    let unsupported = || lzma_error(vm, "Invalid or unsupported options");
    if let Some(n) = number("mode")? {
        options.raw.mode(match n {
            1 => Mode::Fast,
            2 => Mode::Normal,
            _ => return Err(unsupported()),
        });
    }
    if let Some(n) = number("nice_len")? {
        options.raw.nice_len(n);
    }
    if let Some(n) = number("mf")? {
        options.raw.match_finder(match n {
            3 => MatchFinder::HashChain3,
            4 => MatchFinder::HashChain4,
            18 => MatchFinder::BinaryTree2,
            19 => MatchFinder::BinaryTree3,
            20 => MatchFinder::BinaryTree4,
            _ => return Err(unsupported()),
        });
    }
    if let Some(n) = number("depth")? {
        options.raw.depth(n);
    }
    Ok(Filter::Lzma { second, options })
}

/// A filter from its dict.
pub fn parse(vm: &Vm, spec: &Value, lzma_error: ErrorOf<'_>) -> Res<Filter> {
    if vm.class(spec).slots().getitem.is_none() || spec_is_text(vm, spec) {
        return Err(vm.type_error("Filter specifier must be a dict or dict-like object"));
    }
    let Some(id) = entry(vm, spec, "id")? else {
        return Err(vm.value_error("Filter specifier must have an \"id\" entry"));
    };
    match unsigned(vm, &id)? {
        LZMA1 => lzma_filter(vm, spec, false, lzma_error),
        LZMA2 => lzma_filter(vm, spec, true, lzma_error),
        DELTA => {
            check_keys(vm, spec, &["id", "dist"], "Invalid filter specifier for delta filter")?;
            let distance = entry(vm, spec, "dist")?.map_or(Ok(1), |value| uint32(vm, &value))?;
            Ok(Filter::Delta { distance })
        }
        id @ X86..=SPARC => {
            check_keys(vm, spec, &["id", "start_offset"], "Invalid filter specifier for BCJ filter")?;
            let start = entry(vm, spec, "start_offset")?.map_or(Ok(0), |value| uint32(vm, &value))?;
            Ok(Filter::Branch { id, start })
        }
        id => Err(vm.value_error(format!("Invalid filter ID: {id}"))),
    }
}

fn spec_is_text(vm: &Vm, spec: &Value) -> bool {
    use ophi_runtime::payload::Downcast;
    let _ = vm;
    spec.is_a::<ophi_runtime::Str>() || spec.is_a::<ophi_runtime::List>() || spec.is_a::<ophi_runtime::Tuple>()
}

/// A chain of at most four filters.
pub fn parse_chain(vm: &Vm, specs: &Value, lzma_error: ErrorOf<'_>) -> Res<Vec<Filter>> {
    if vm.len(specs)? > MAX_FILTERS {
        return Err(vm.value_error("Too many filters - liblzma supports a maximum of 4"));
    }
    let mut chain = Vec::new();
    let count = vm.len(specs)?;
    for i in 0..count {
        let spec = vm.get_item(specs, &vm.new_int(i as i64)?)?;
        chain.push(parse(vm, &spec, lzma_error)?);
    }
    Ok(chain)
}

/// The properties of a filter as containers store them.
pub fn properties(vm: &Vm, filter: &Filter, lzma_error: ErrorOf<'_>) -> Res<Vec<u8>> {
    let unsupported = || lzma_error(vm, "Invalid or unsupported options");
    Ok(match filter {
        Filter::Delta { distance: distance @ 1..=256 } => vec![(distance - 1) as u8],
        Filter::Delta { .. } => return Err(unsupported()),
        Filter::Branch { start: 0, .. } => Vec::new(),
        Filter::Branch { start, .. } => start.to_le_bytes().to_vec(),
        Filter::Lzma { second: false, options } => {
            if options.lc + options.lp > 4 || options.pb > 4 || options.lc > 4 || options.lp > 4 {
                return Err(lzma_error(vm, "Internal error"));
            }
            let mut out = vec![((options.pb * 5 + options.lp) * 9 + options.lc) as u8];
            out.extend(options.dict_size.to_le_bytes());
            out
        }
        Filter::Lzma { second: true, options } => {
            // The size as 2 or 3 times a power of two, rounded up.
            let size = options.dict_size.max(4096);
            let code = (0..40u64).find(|code| (2 | (code & 1)) << (code / 2 + 11) >= u64::from(size));
            vec![code.unwrap_or(40) as u8]
        }
    })
}

/// The chain as liblzma wants it.
pub fn build(vm: &Vm, chain: &[Filter], lzma_error: ErrorOf<'_>) -> Res<Filters> {
    let mut filters = Filters::new();
    for filter in chain {
        let unsupported = |_| lzma_error(vm, "Invalid or unsupported options");
        let properties = properties(vm, filter, lzma_error);
        match filter {
            Filter::Lzma { second: false, options } => {
                filters.lzma1(&options.raw);
            }
            Filter::Lzma { second: true, options } => {
                filters.lzma2(&options.raw);
            }
            Filter::Delta { .. } => {
                filters.delta_properties(&properties?).map_err(unsupported)?;
            }
            Filter::Branch { id, .. } => {
                let properties = properties?;
                match *id {
                    X86 => filters.x86_properties(&properties),
                    POWERPC => filters.powerpc_properties(&properties),
                    IA64 => filters.ia64_properties(&properties),
                    ARM => filters.arm_properties(&properties),
                    ARMTHUMB => filters.arm_thumb_properties(&properties),
                    _ => filters.sparc_properties(&properties),
                }
                .map_err(unsupported)?;
            }
        }
    }
    Ok(filters)
}

/// The dict that stands for stored properties.
pub fn decode(vm: &Vm, id: u64, stored: &[u8], lzma_error: ErrorOf<'_>) -> Res {
    let unsupported = || lzma_error(vm, "Invalid or unsupported options");
    let mut fields: Vec<(&str, u64)> = Vec::new();
    match (id, stored) {
        (LZMA1, [packed, a, b, c, d]) => {
            let packed = u64::from(*packed);
            if packed >= 225 || (packed % 9) + (packed / 9 % 5) > 4 {
                return Err(unsupported());
            }
            let size = u32::from_le_bytes([*a, *b, *c, *d]);
            fields.push(("dict_size", u64::from(size)));
            fields.push(("lc", packed % 9));
            fields.push(("lp", packed / 9 % 5));
            fields.push(("pb", packed / 45));
        }
        (LZMA2, [code @ 0..=40]) => {
            let size = match code {
                40 => u64::from(u32::MAX),
                code => (2 | u64::from(code & 1)) << (code / 2 + 11),
            };
            fields.push(("dict_size", size));
        }
        (DELTA, [distance]) => fields.push(("dist", u64::from(*distance) + 1)),
        (X86..=SPARC, []) => {}
        (X86..=SPARC, [a, b, c, d]) => {
            let start = u32::from_le_bytes([*a, *b, *c, *d]);
            if start != 0 {
                fields.push(("start_offset", u64::from(start)));
            }
        }
        (LZMA1 | LZMA2 | DELTA | X86..=SPARC, _) => return Err(unsupported()),
        (id, _) => return Err(vm.value_error(format!("Invalid filter ID: {id}"))),
    }
    let dict = vm.new_dict()?;
    dict.set_text(vm, "id", vm.new_bigint(id.into())?)?;
    for (name, value) in fields {
        dict.set_text(vm, name, vm.new_bigint(value.into())?)?;
    }
    Ok(dict.into_value())
}
