//! Where an unpickler's bytes come from.
//!
//! A file is never read further than the pickle goes: what is needed is read, what may be looked at without reading (`peek`)
//! is used and read afterwards. A frame is read as a whole.

use super::unpickling_error;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::payload::{Downcast, into_ref};
use ophi_runtime::{Ref, Res, Value, Vm};

enum Data {
    Object(Ref<Bytes>),
    Own(Vec<u8>),
}

struct File {
    read: Value,
    read_line: Value,
    peek: Option<Value>,
}

pub struct Input {
    data: Data,
    at: usize,
    /// Up to here the file's own position has moved; behind it is what `peek` showed.
    passed: usize,
    /// Where the frame ends that is being read; nothing may reach over it.
    frame_end: Option<usize>,
    file: Option<File>,
}

/// How much a file is asked to show at once.
const PEEK: i64 = 128 * 1024;

impl Input {
    /// The bytes that an object exports.
    pub fn memory(vm: &Vm, object: &Value) -> Res<Input> {
        let data = match object.exact::<Bytes>(vm) {
            Some(bytes) => Data::Object(bytes.clone()),
            None => Data::Own(crate::support::buffer::readable(vm, object)?.as_slice().to_vec()),
        };
        Ok(Input { data, at: 0, passed: 0, frame_end: None, file: None })
    }

    pub fn file(read: Value, read_line: Value, peek: Option<Value>) -> Input {
        Input {
            data: Data::Own(Vec::new()),
            at: 0,
            passed: 0,
            frame_end: None,
            file: Some(File { read, read_line, peek }),
        }
    }

    #[inline(always)]
    fn bytes(&self) -> &[u8] {
        match &self.data {
            Data::Object(bytes) => bytes.as_slice(),
            Data::Own(bytes) => bytes,
        }
    }

    /// The end of what may be read at once.
    #[inline(always)]
    fn limit(&self) -> usize {
        self.frame_end.unwrap_or(self.bytes().len())
    }

    /// What is wanted is beyond the frame: it must have been read to its end.
    fn leave_frame(&mut self, vm: &Vm) -> Res<()> {
        match self.frame_end.take() {
            Some(end) if self.at < end => Err(unpickling_error(vm, "pickle exhausted before end of frame")),
            _ => Ok(()),
        }
    }

    /// The next `n` bytes.
    #[inline]
    pub fn take(&mut self, vm: &Vm, n: usize) -> Res<&[u8]> {
        if n > self.limit() - self.at {
            self.leave_frame(vm)?;
            if n > self.bytes().len() - self.at {
                self.fill(vm, n)?;
            }
        }
        let start = self.at;
        self.at += n;
        Ok(&self.bytes()[start..start + n])
    }

    #[inline(always)]
    pub fn byte(&mut self, vm: &Vm) -> Res<u8> {
        if self.at < self.limit()
            && let Some(byte) = self.bytes().get(self.at)
        {
            let byte = *byte;
            self.at += 1;
            return Ok(byte);
        }
        self.slow_byte(vm)
    }

    #[inline(never)]
    fn slow_byte(&mut self, vm: &Vm) -> Res<u8> {
        Ok(self.take(vm, 1)?[0])
    }

    #[inline]
    pub fn array<const N: usize>(&mut self, vm: &Vm) -> Res<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(vm, N)?);
        Ok(out)
    }

    fn truncated<T>(vm: &Vm) -> Res<T> {
        Err(unpickling_error(vm, "pickle data was truncated"))
    }

    /// Moves the file over what has been used of what `peek` showed.
    pub fn skip_used(&mut self, vm: &Vm) -> Res<()> {
        let Some(file) = &self.file else { return Ok(()) };
        if self.at > self.passed {
            let count = (self.at - self.passed) as i64;
            self.passed = self.at;
            vm.call(&file.read, &[vm.new_int(count)?])?;
        }
        Ok(())
    }

    #[cold]
    fn fill(&mut self, vm: &Vm, n: usize) -> Res<()> {
        self.skip_used(vm)?;
        let Some(file) = &self.file else { return Self::truncated(vm) };
        let chunk = vm.call(&file.read, &[vm.new_int(n as i64)?])?;
        let Ok(chunk) = into_ref::<Bytes>(chunk) else {
            return Err(vm.value_error("read() returned non-bytes object"));
        };
        self.at = 0;
        self.passed = chunk.len();
        if chunk.len() < n {
            self.data = Data::Object(chunk);
            return Self::truncated(vm);
        }
        let Some(peek) = file.peek.clone() else {
            self.data = Data::Object(chunk);
            return Ok(());
        };
        let shown = vm.call(&peek, &[vm.new_int(PEEK)?]);
        match vm.catch(shown, &exc::NOT_IMPLEMENTED_ERROR)? {
            None => {
                if let Some(file) = &mut self.file {
                    file.peek = None;
                }
                self.data = Data::Object(chunk);
            }
            Some(shown) => {
                let mut all = chunk.as_slice().to_vec();
                if let Some(shown) = shown.downcast::<Bytes>() {
                    all.extend_from_slice(shown.as_slice());
                }
                self.data = Data::Own(all);
            }
        }
        Ok(())
    }

    /// The next line with its end; at least `least` bytes.
    pub fn line(&mut self, vm: &Vm, least: usize) -> Res<&[u8]> {
        let limit = self.limit();
        let in_frame = memchr::memchr(b'\n', &self.bytes()[self.at..limit]);
        if in_frame.is_none() {
            self.leave_frame(vm)?;
        }
        let (start, end) = match memchr::memchr(b'\n', &self.bytes()[self.at..]) {
            Some(n) => (self.at, self.at + n + 1),
            None => {
                self.skip_used(vm)?;
                let Some(file) = &self.file else { return Self::truncated(vm) };
                let line = vm.call(&file.read_line, &[])?;
                let Ok(line) = into_ref::<Bytes>(line) else {
                    return Err(vm.value_error("readline() returned a non-bytes object"));
                };
                let end = line.len();
                let whole = line.as_slice().last() == Some(&b'\n');
                self.data = Data::Object(line);
                self.passed = end;
                self.at = 0;
                if !whole {
                    self.at = end;
                    return Self::truncated(vm);
                }
                (0, end)
            }
        };
        self.at = end;
        if end - start < least {
            return Self::truncated(vm);
        }
        Ok(&self.bytes()[start..end])
    }

    /// A frame of `n` bytes begins.
    pub fn frame(&mut self, vm: &Vm, n: usize) -> Res<()> {
        if self.frame_end.take().is_some_and(|end| self.at < end) {
            return Err(unpickling_error(vm, "beginning of a new frame before end of current frame"));
        }
        self.take(vm, n)?;
        self.frame_end = Some(self.at);
        self.at -= n;
        Ok(())
    }
}
