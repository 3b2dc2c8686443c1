//! The parameters of `_zstd`: their numbers, names and bounds (those of zstd 1.5.7 on 64-bit systems), and how they are set.

use super::zstd::{State, set, zstd_error};
use crate::support::args::c_int;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Dict, Raised, Res, Value, ValueCell, Vm};
use zstd_safe::{CCtx, CParameter, DCtx, DParameter, Strategy};

pub struct Bounded {
    pub key: i32,
    pub constant: &'static str,
    name: &'static str,
    least: i32,
    most: i32,
}

const fn row(key: i32, constant: &'static str, name: &'static str, least: i32, most: i32) -> Bounded {
    Bounded { key, constant, name, least, most }
}

const LEVEL: i32 = 100;

pub static COMPRESSION: &[Bounded] = &[
    row(LEVEL, "ZSTD_c_compressionLevel", "compression_level", -131_072, 22),
    row(101, "ZSTD_c_windowLog", "window_log", 10, 31),
    row(102, "ZSTD_c_hashLog", "hash_log", 6, 30),
    row(103, "ZSTD_c_chainLog", "chain_log", 6, 30),
    row(104, "ZSTD_c_searchLog", "search_log", 1, 30),
    row(105, "ZSTD_c_minMatch", "min_match", 3, 7),
    row(106, "ZSTD_c_targetLength", "target_length", 0, 131_072),
    row(107, "ZSTD_c_strategy", "strategy", 1, 9),
    row(160, "ZSTD_c_enableLongDistanceMatching", "enable_long_distance_matching", 0, 2),
    row(161, "ZSTD_c_ldmHashLog", "ldm_hash_log", 6, 30),
    row(162, "ZSTD_c_ldmMinMatch", "ldm_min_match", 4, 4096),
    row(163, "ZSTD_c_ldmBucketSizeLog", "ldm_bucket_size_log", 1, 8),
    row(164, "ZSTD_c_ldmHashRateLog", "ldm_hash_rate_log", 0, 25),
    row(200, "ZSTD_c_contentSizeFlag", "content_size_flag", 0, 1),
    row(201, "ZSTD_c_checksumFlag", "checksum_flag", 0, 1),
    row(202, "ZSTD_c_dictIDFlag", "dict_id_flag", 0, 1),
    row(400, "ZSTD_c_nbWorkers", "nb_workers", 0, 256),
    row(401, "ZSTD_c_jobSize", "job_size", 0, 1 << 30),
    row(402, "ZSTD_c_overlapLog", "overlap_log", 0, 9),
];

pub static WINDOW_LOG_MAX: Bounded = row(100, "ZSTD_d_windowLogMax", "window_log_max", 10, 31);

/// Strategies, from number 1 on.
pub static STRATEGIES: [&str; 9] =
    ["fast", "dfast", "greedy", "lazy", "lazy2", "btlazy2", "btopt", "btultra", "btultra2"];

pub fn bounds(vm: &Vm, key: i32, is_compress: bool) -> Res {
    let known = match is_compress {
        true => COMPRESSION.iter().find(|known| known.key == key),
        false => Some(&WINDOW_LOG_MAX).filter(|known| known.key == key),
    };
    match known {
        Some(known) => vm.new_tuple(&[Value::int32(known.least), Value::int32(known.most)]),
        None => {
            let kind = if is_compress { "compression" } else { "decompression" };
            Err(zstd_error(vm, &format!("Unable to get zstd {kind} parameter bounds: Unsupported parameter")))
        }
    }
}

/// Sets the level; what lies outside the bounds is refused.
pub fn set_level(vm: &Vm, context: &mut CCtx<'static>, level: &Value) -> Res<()> {
    let level = vm.index_as_i128(level)?.and_then(|level| i32::try_from(level).ok());
    match level {
        Some(level) => set_one(vm, context, &COMPRESSION[0], level),
        None => Err(illegal_level(vm, None)),
    }
}

#[cold]
fn illegal_level(vm: &Vm, level: Option<i32>) -> Raised {
    let shown = level.map_or_else(String::new, |level| format!(" {level}"));
    let Bounded { least, most, .. } = COMPRESSION[0];
    vm.value_error(format!("illegal compression level{shown}; the valid range is [{least}, {most}]"))
}

#[cold]
fn illegal(vm: &Vm, kind: &str, known: &Bounded, value: i32) -> Raised {
    let Bounded { name, least, most, .. } = known;
    vm.value_error(format!(
        "{kind} parameter '{name}' received an illegal value {value}; the valid range is [{least}, {most}]"
    ))
}

fn set_one(vm: &Vm, context: &mut CCtx<'static>, known: &Bounded, value: i32) -> Res<()> {
    if known.key == LEVEL && !(known.least..=known.most).contains(&value) {
        return Err(illegal_level(vm, Some(value)));
    }
    let done = match parameter(known.key, value) {
        Some(parameter) => set(context, parameter).is_ok(),
        None => false,
    };
    if done { Ok(()) } else { Err(illegal(vm, "compression", known, value)) }
}

/// A parameter as the crate has it; `None` for values that it cannot say.
fn parameter(key: i32, value: i32) -> Option<CParameter> {
    let number = || u32::try_from(value).ok();
    let flag = || match value {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    };
    Some(match key {
        LEVEL => CParameter::CompressionLevel(value),
        101 => CParameter::WindowLog(number()?),
        102 => CParameter::HashLog(number()?),
        103 => CParameter::ChainLog(number()?),
        104 => CParameter::SearchLog(number()?),
        105 => CParameter::MinMatch(number()?),
        106 => CParameter::TargetLength(number()?),
        107 => CParameter::Strategy(match value {
            1 => Strategy::ZSTD_fast,
            2 => Strategy::ZSTD_dfast,
            3 => Strategy::ZSTD_greedy,
            4 => Strategy::ZSTD_lazy,
            5 => Strategy::ZSTD_lazy2,
            6 => Strategy::ZSTD_btlazy2,
            7 => Strategy::ZSTD_btopt,
            8 => Strategy::ZSTD_btultra,
            9 => Strategy::ZSTD_btultra2,
            _ => return None,
        }),
        // 2 switches it off where 0 would leave the choice to the library, which makes it for the largest windows only.
        160 => CParameter::EnableLongDistanceMatching(match value {
            0 | 2 => false,
            1 => true,
            _ => return None,
        }),
        161 => CParameter::LdmHashLog(number()?),
        162 => CParameter::LdmMinMatch(number()?),
        163 => CParameter::LdmBucketSizeLog(number()?),
        164 => CParameter::LdmHashRateLog(number()?),
        200 => CParameter::ContentSizeFlag(flag()?),
        201 => CParameter::ChecksumFlag(flag()?),
        202 => CParameter::DictIdFlag(flag()?),
        400 => CParameter::NbWorkers(number()?),
        401 => CParameter::JobSize(number()?),
        402 => CParameter::OverlapSizeLog(number()?),
        _ => return None,
    })
}

/// The entries of an `options` argument, as numbers. `other`: the enumeration that its keys must not come from.
fn entries(vm: &Vm, given: &Value, class: &str, other: &ValueCell, said: &str) -> Res<Vec<(i32, i32)>> {
    let Some(dict) = given.downcast::<Dict>() else {
        let got = vm.type_name(given);
        return Err(vm.type_error(format!("{class}() argument 'options' must be dict, not {got}")));
    };
    let other = other.get();
    let mut entries = Vec::new();
    for (key, value) in dict.items() {
        if other.as_ref().is_some_and(|other| vm.class(&key).as_value().is(other)) {
            return Err(vm.type_error(said));
        }
        entries.push((number(vm, &key)?, number(vm, &value)?));
    }
    Ok(entries)
}

fn number(vm: &Vm, value: &Value) -> Res<i32> {
    match c_int(vm, value) {
        Err(raised) if vm.raised_is(&ophi_runtime::objects::exceptions::OVERFLOW_ERROR) => {
            vm.forget(raised);
            Err(vm.overflow_error("Python int too large to convert to C int"))
        }
        number => number,
    }
}

pub fn set_compression(vm: &Vm, context: &mut CCtx<'static>, given: &Value) -> Res<()> {
    let state = vm.interpreter().state::<State>();
    let said = "compression options dictionary key must not be a DecompressionParameter attribute";
    for (key, value) in entries(vm, given, "ZstdCompressor", &state.decompression, said)? {
        match COMPRESSION.iter().find(|known| known.key == key) {
            Some(known) => set_one(vm, context, known, value)?,
            None => return Err(unknown(vm, "compression", key)),
        }
    }
    Ok(())
}

pub fn set_decompression(vm: &Vm, context: &mut DCtx<'static>, given: &Value) -> Res<()> {
    let state = vm.interpreter().state::<State>();
    let said = "decompression options dictionary key must not be a CompressionParameter attribute";
    for (key, value) in entries(vm, given, "ZstdDecompressor", &state.compression, said)? {
        if key != WINDOW_LOG_MAX.key {
            return Err(unknown(vm, "decompression", key));
        }
        let done = u32::try_from(value).ok().map(|value| context.set_parameter(DParameter::WindowLogMax(value)));
        if !matches!(done, Some(Ok(_))) {
            return Err(illegal(vm, "decompression", &WINDOW_LOG_MAX, value));
        }
    }
    Ok(())
}

#[cold]
fn unknown(vm: &Vm, kind: &str, key: i32) -> Raised {
    vm.value_error(format!("invalid {kind} parameter 'unknown parameter (key {key})'"))
}
