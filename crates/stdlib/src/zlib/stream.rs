//! Compression and decompression of pieces: output grows as needed, input may stop anywhere.

use flate2::{Compress, CompressError, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use ophi_heap::GilCell;
use ophi_runtime::{Res, Value, Vm};

use crate::support::buffer::readable;

/// The least room offered to the compressor at once.
const STEP: usize = 16 << 10;

/// The wrapping and the window that `wbits` stands for.
#[derive(Clone, Copy)]
enum Wrapping {
    Raw(u8),
    Zlib(u8),
    Gzip(u8),
    /// gzip or zlib, by the first byte.
    Either,
}

fn wrapping(wbits: i32) -> Option<Wrapping> {
    // A window of 256 bytes is done with one of 512, as zlib does.
    let window = |bits: i32| u8::try_from(bits.max(9)).ok();
    match wbits {
        -15..=-8 => window(-wbits).map(Wrapping::Raw),
        8..=15 => window(wbits).map(Wrapping::Zlib),
        24..=31 => window(wbits - 16).map(Wrapping::Gzip),
        _ => None,
    }
}

/// A compressor; `None` when level or window do not exist.
pub fn deflate(level: i32, wbits: i32) -> Option<Compress> {
    let level = match level {
        -1 => Compression::new(6),
        0..=9 => Compression::new(level.unsigned_abs()),
        _ => return None,
    };
    match wrapping(wbits)? {
        Wrapping::Raw(bits) => Some(Compress::new_with_window_bits(level, false, bits)),
        Wrapping::Zlib(bits) => Some(Compress::new_with_window_bits(level, true, bits)),
        Wrapping::Gzip(bits) => Some(Compress::new_gzip(level, bits)),
        Wrapping::Either => None,
    }
}

/// The engines that whole calls used last, to be used again: their tables of some hundred kilobytes, made anew, would cost a short
/// text more than its own work.
#[derive(Default)]
pub struct Engines {
    deflate: GilCell<Option<((i32, i32), Compress)>>,
    inflate: GilCell<Option<Decompress>>,
}

impl Engines {
    /// All of `data` compressed; `None` when level or window do not exist.
    pub fn compress(&self, vm: &Vm, data: &[u8], level: i32, wbits: i32) -> Option<Res<Vec<u8>>> {
        let kept = self.deflate.replace(None).filter(|(made_for, _)| *made_for == (level, wbits));
        let mut engine = match kept {
            Some((_, mut engine)) => {
                engine.reset();
                engine
            }
            None => deflate(level, wbits)?,
        };
        let mut out = Vec::new();
        if !matches!(feed(&mut engine, data, &mut out, FlushCompress::Finish), Ok(Status::StreamEnd)) {
            return Some(Err(super::error(vm, "Error -2 while compressing data: inconsistent stream state")));
        }
        self.deflate.replace(Some(((level, wbits), engine)));
        Some(Ok(out))
    }

    /// All of `data` decompressed, and whether the stream came to its end.
    pub fn decompress(&self, vm: &Vm, data: &[u8], wbits: i32) -> Option<Res<(Vec<u8>, bool)>> {
        let mut inflate = Inflate::new(wbits, None)?;
        // What an engine for another wrapping resets to is another one.
        let may_keep = matches!(inflate.wrapping, Wrapping::Zlib(15));
        if may_keep && let Some(mut engine) = self.inflate.replace(None) {
            engine.reset(true);
            inflate.engine = Some(engine);
        }
        let mut out = Vec::new();
        if let Err(raised) = inflate.run(vm, data, &mut out, usize::MAX) {
            return Some(Err(raised));
        }
        if may_keep {
            self.inflate.replace(inflate.engine);
        }
        Some(Ok((out, inflate.is_over)))
    }
}

/// Compresses all of `data` and flushes as asked.
pub fn feed(
    deflate: &mut Compress,
    mut data: &[u8],
    out: &mut Vec<u8>,
    flush: FlushCompress,
) -> Result<Status, CompressError> {
    loop {
        out.reserve(STEP.max(data.len() / 2));
        let (before_in, before_out) = (deflate.total_in(), out.len());
        let status = deflate.compress_vec(data, out, flush)?;
        let used = (deflate.total_in() - before_in) as usize;
        data = &data[used..];
        let is_full = out.len() == out.capacity();
        let is_stuck = used == 0 && out.len() == before_out;
        // Room left over means that all there was has been written.
        if status == Status::StreamEnd || (data.is_empty() && !is_full) || (is_stuck && !is_full) {
            return Ok(status);
        }
    }
}

/// The bytes of a dictionary argument; `None` when it is empty.
pub fn dictionary(vm: &Vm, zdict: Option<&Value>) -> Res<Option<Vec<u8>>> {
    match zdict {
        None => Ok(None),
        Some(zdict) => {
            if vm.class(zdict).slots().buffer.is_none() {
                return Err(vm.type_error("zdict argument must support the buffer protocol"));
            }
            Ok(Some(readable(vm, zdict)?.as_slice().to_vec()).filter(|d| !d.is_empty()))
        }
    }
}

/// A decompressor of one stream.
pub struct Inflate {
    wrapping: Wrapping,
    /// Made with the first byte.
    engine: Option<Decompress>,
    dictionary: Option<Vec<u8>>,
    pub is_over: bool,
}

impl Inflate {
    /// `None` when there is no such window.
    pub fn new(wbits: i32, dictionary: Option<Vec<u8>>) -> Option<Inflate> {
        let wrapping = match wbits {
            0 => Wrapping::Zlib(15),
            40..=47 | 32 => Wrapping::Either,
            _ => wrapping(wbits)?,
        };
        Some(Inflate { wrapping, engine: None, dictionary, is_over: false })
    }

    fn start(&self, first: u8) -> Decompress {
        match self.wrapping {
            Wrapping::Raw(bits) => Decompress::new_with_window_bits(false, bits),
            Wrapping::Zlib(bits) => Decompress::new_with_window_bits(true, bits),
            Wrapping::Gzip(bits) => Decompress::new_gzip(bits),
            Wrapping::Either if first == 0x1f => Decompress::new_gzip(15),
            Wrapping::Either => Decompress::new_with_window_bits(true, 15),
        }
    }

    /// Decompresses until the input or the stream ends, or `out` holds `limit` bytes; the bytes of `data` used.
    pub fn run(&mut self, vm: &Vm, data: &[u8], out: &mut Vec<u8>, limit: usize) -> Res<usize> {
        let Some(first) = data.first() else {
            // What waits inside may still be had.
            if self.engine.is_none() {
                return Ok(0);
            }
            return self.go_on(vm, data, out, limit);
        };
        if self.engine.is_none() {
            let mut engine = self.start(*first);
            if let (Wrapping::Raw(_), Some(dictionary)) = (self.wrapping, &self.dictionary)
                && engine.set_dictionary(dictionary).is_err()
            {
                return Err(super::error(vm, "Error -3 while setting zdict: invalid input data"));
            }
            self.engine = Some(engine);
        }
        self.go_on(vm, data, out, limit)
    }

    fn go_on(&mut self, vm: &Vm, data: &[u8], out: &mut Vec<u8>, limit: usize) -> Res<usize> {
        let Some(engine) = self.engine.as_mut() else { return Ok(0) };
        let mut used = 0;
        // With a limit, output goes by way of a piece of just the size; without one the room of `out` itself is written.
        let mut chunk = if limit == usize::MAX { Vec::new() } else { vec![0; STEP.min(limit.max(1))] };
        while !self.is_over && out.len() < limit {
            let room = chunk.len().min(limit - out.len());
            let (before_in, before_out) = (engine.total_in(), engine.total_out());
            let status = if limit == usize::MAX {
                if out.len() == out.capacity() {
                    vm.check_room(out.len().max(STEP))?;
                    out.reserve(STEP);
                }
                engine.decompress_vec(&data[used..], out, FlushDecompress::None)
            } else {
                engine.decompress(&data[used..], &mut chunk[..room], FlushDecompress::None)
            };
            let (read, written) = (engine.total_in() - before_in, engine.total_out() - before_out);
            used += read as usize;
            if limit != usize::MAX {
                vm.check_room(out.len() + written as usize)?;
                out.extend_from_slice(&chunk[..written as usize]);
            }
            match status {
                Ok(Status::StreamEnd) => self.is_over = true,
                Ok(_) if read == 0 && written == 0 => break,
                Ok(_) => {}
                Err(failure) if failure.needs_dictionary().is_some() => {
                    let Some(dictionary) = &self.dictionary else {
                        return Err(super::error(vm, "Error 2 while decompressing data"));
                    };
                    if engine.set_dictionary(dictionary).is_err() {
                        return Err(super::error(vm, "Error -3 while decompressing data: incorrect data check"));
                    }
                }
                Err(failure) => {
                    let why = failure.message().unwrap_or("invalid input data").to_string();
                    return Err(super::error(vm, format!("Error -3 while decompressing data: {why}")));
                }
            }
            if (1..1 << 20).contains(&chunk.len()) && written as usize == room && limit - out.len() > chunk.len() {
                chunk.resize((chunk.len() * 2).min(1 << 20), 0);
            }
        }
        Ok(used)
    }
}
