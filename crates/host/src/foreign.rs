//! Foreign code: memory by address, shared libraries, calls of C functions and callbacks from them.
//!
//! What passes here cannot be checked: a wrong address or signature breaks the process, as with any foreign function
//! interface. So it is one trait of its own, which a host that walls programs in does not implement. Calls and callbacks go
//! through libffi; values travel as the bytes that C lays out.

use std::ffi::CStr;

use libffi::middle::{Cif, Type};

use crate::{HostError, OsHost, Outcome};

/// The type of an argument or result, as C has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ForeignType {
    Void,
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float,
    Double,
    LongDouble,
    Pointer,
    Struct(Vec<ForeignType>),
}

impl ForeignType {
    fn ffi(&self) -> Type {
        match self {
            ForeignType::Void => Type::void(),
            ForeignType::Int8 => Type::i8(),
            ForeignType::UInt8 => Type::u8(),
            ForeignType::Int16 => Type::i16(),
            ForeignType::UInt16 => Type::u16(),
            ForeignType::Int32 => Type::i32(),
            ForeignType::UInt32 => Type::u32(),
            ForeignType::Int64 => Type::i64(),
            ForeignType::UInt64 => Type::u64(),
            ForeignType::Float => Type::f32(),
            ForeignType::Double => Type::f64(),
            ForeignType::LongDouble => Type::longdouble(),
            ForeignType::Pointer => Type::pointer(),
            ForeignType::Struct(fields) => Type::structure(fields.iter().map(ForeignType::ffi)),
        }
    }

    fn alignment(&self) -> usize {
        match self {
            ForeignType::Struct(fields) => fields.iter().map(ForeignType::alignment).max().unwrap_or(1),
            other => other.size().max(1),
        }
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        match self {
            ForeignType::Void => 0,
            ForeignType::Int8 | ForeignType::UInt8 => 1,
            ForeignType::Int16 | ForeignType::UInt16 => 2,
            ForeignType::Int32 | ForeignType::UInt32 | ForeignType::Float => 4,
            ForeignType::Int64 | ForeignType::UInt64 | ForeignType::Double | ForeignType::Pointer => 8,
            ForeignType::LongDouble => 16,
            ForeignType::Struct(fields) => {
                let end = fields.iter().fold(0, |at: usize, f| at.next_multiple_of(f.alignment()) + f.size());
                end.next_multiple_of(self.alignment())
            }
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForeignSignature {
    pub result: ForeignType,
    pub arguments: Vec<ForeignType>,
    /// Arguments before the `...` of a variadic function.
    pub fixed: Option<usize>,
}

impl ForeignSignature {
    fn cif(&self) -> Outcome<Cif> {
        let arguments = self.arguments.iter().map(ForeignType::ffi);
        let made = match self.fixed {
            Some(fixed) => Cif::try_new_variadic(arguments, fixed, self.result.ffi()),
            None => Cif::try_new(arguments, self.result.ffi()),
        };
        made.map_err(|_| HostError(libc::EINVAL))
    }
}

/// What a callback does: gets the arguments' bytes, answers with the result's.
pub type ForeignCallback = dyn Fn(&[&[u8]]) -> Vec<u8>;

/// C code that calls a Rust closure; freed when dropped, so whoever gave the address away keeps it.
pub struct ForeignClosure {
    inner: libffi::middle::Closure<'static>,
    /// Where the closure's data lies; freed after `inner`.
    _data: Box<ClosureData>,
}

impl ForeignClosure {
    pub fn address(&self) -> usize {
        *self.inner.code_ptr() as usize
    }
}

struct ClosureData {
    signature: ForeignSignature,
    run: Box<ForeignCallback>,
}

unsafe extern "C" fn on_call(
    _cif: &libffi::low::ffi_cif,
    result: &mut u64,
    arguments: *const *const std::ffi::c_void,
    data: &ClosureData,
) {
    let views: Vec<&[u8]> = data
        .signature
        .arguments
        .iter()
        .enumerate()
        .map(|(index, kind)| {
            // SAFETY: libffi gives one pointer for each argument of the signature, to a value of its type.
            unsafe { std::slice::from_raw_parts((*arguments.add(index)).cast::<u8>(), kind.size()) }
        })
        .collect();
    let bytes = (data.run)(&views);
    let size = data.signature.result.size();
    let mut bytes = bytes;
    bytes.resize(size, 0);
    let target = (result as *mut u64).cast::<u8>();
    // Integers narrower than a register are widened, as libffi asks.
    let word: Option<u64> = match data.signature.result {
        ForeignType::Int8 => Some(i64::from(bytes[0] as i8) as u64),
        ForeignType::Int16 => Some(i64::from(i16::from_ne_bytes([bytes[0], bytes[1]])) as u64),
        ForeignType::Int32 => Some(i64::from(i32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) as u64),
        ForeignType::UInt8 => Some(u64::from(bytes[0])),
        ForeignType::UInt16 => Some(u64::from(u16::from_ne_bytes([bytes[0], bytes[1]]))),
        ForeignType::UInt32 => Some(u64::from(u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))),
        _ => None,
    };
    match word {
        Some(word) => *result = word,
        // SAFETY: libffi gives room for the result's type.
        None => unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, size) },
    }
}

door! {
    /// Memory by address, shared libraries, foreign calls.
    pub trait Foreign {
        /// Zeroed memory of at least one byte.
        fn allocate(&self, size: usize) -> usize;
        /// Gives back what `allocate` gave.
        fn free(&self, address: usize);
        /// A shared library's handle; the error is the system's text. `None`: the program itself.
        fn open_library(&self, path: Option<&CStr>, flags: i32) -> Result<usize, String>;
        fn close_library(&self, handle: usize) -> Result<(), String>;
        /// The address of a name in a library.
        fn find_symbol(&self, handle: usize, name: &CStr) -> Result<usize, String>;
        /// Calls the function at an address; the result's bytes. The C library's errno is set to `errno` before, and what it
        /// is afterwards is the second answer.
        fn call_foreign(&self, address: usize, signature: &ForeignSignature, arguments: &[&[u8]], errno: i32) -> (Vec<u8>, i32);
        /// The length of the string at an address, in units of `width` bytes (1 or 4).
        fn string_length(&self, address: usize, width: usize) -> usize;
        fn make_closure(&self, signature: ForeignSignature, run: Box<ForeignCallback>) -> ForeignClosure;
    }
}

fn library_error() -> String {
    let text = os_plain!(libc::dlerror());
    if text.is_null() {
        return "unknown error".to_owned();
    }
    // SAFETY: dlerror answers with a string that lives until this thread's next call.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

impl Foreign for OsHost {
    fn allocate(&self, size: usize) -> Outcome<usize> {
        let address = os_plain!(libc::calloc(size.max(1), 1));
        if address.is_null() { Err(HostError(libc::ENOMEM)) } else { Ok(address as usize) }
    }

    fn free(&self, address: usize) -> Outcome<()> {
        os_plain!(libc::free(address as *mut std::ffi::c_void));
        Ok(())
    }

    fn open_library(&self, path: Option<&CStr>, flags: i32) -> Outcome<Result<usize, String>> {
        let handle = os_plain!(libc::dlopen(path.map_or(std::ptr::null(), CStr::as_ptr), flags));
        Ok(if handle.is_null() { Err(library_error()) } else { Ok(handle as usize) })
    }

    fn close_library(&self, handle: usize) -> Outcome<Result<(), String>> {
        let failed = os_plain!(libc::dlclose(handle as *mut std::ffi::c_void)) != 0;
        Ok(if failed { Err(library_error()) } else { Ok(()) })
    }

    fn find_symbol(&self, handle: usize, name: &CStr) -> Outcome<Result<usize, String>> {
        os_plain!(libc::dlerror());
        let address = os_plain!(libc::dlsym(handle as *mut std::ffi::c_void, name.as_ptr()));
        Ok(if address.is_null() { Err(library_error()) } else { Ok(address as usize) })
    }

    fn call_foreign(
        &self,
        address: usize,
        signature: &ForeignSignature,
        arguments: &[&[u8]],
        errno: i32,
    ) -> Outcome<(Vec<u8>, i32)> {
        let fits = signature.arguments.len() == arguments.len()
            && signature.arguments.iter().zip(arguments).all(|(kind, bytes)| kind.size() <= bytes.len());
        if address == 0 || !fits {
            return Err(HostError(libc::EINVAL));
        }
        let cif = signature.cif()?;
        // Values must be aligned as C has them, results at least a register wide.
        let mut words: Vec<Vec<u128>> = Vec::with_capacity(arguments.len());
        for bytes in arguments {
            let mut word = vec![0u128; bytes.len().div_ceil(16).max(1)];
            // SAFETY: the vector has room for the bytes; it does not overlap them.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), word.as_mut_ptr().cast::<u8>(), bytes.len()) };
            words.push(word);
        }
        let mut pointers: Vec<*mut std::ffi::c_void> = words.iter_mut().map(|word| word.as_mut_ptr().cast()).collect();
        let size = signature.result.size();
        let mut result = vec![0u128; size.div_ceil(16).max(1)];
        // SAFETY: the caller vouches for address and signature (see the module's doc); libffi reads one pointer for each
        // argument and writes at most the result's size, but at least a register.
        let after = unsafe {
            let function = std::mem::transmute::<usize, unsafe extern "C" fn()>(address);
            *libc::__errno_location() = errno;
            libffi::raw::ffi_call(cif.as_raw_ptr(), Some(function), result.as_mut_ptr().cast(), pointers.as_mut_ptr());
            *libc::__errno_location()
        };
        // SAFETY: the vector is at least `size` bytes long.
        let bytes = unsafe { std::slice::from_raw_parts(result.as_ptr().cast::<u8>(), size) };
        Ok((bytes.to_vec(), after))
    }

    fn string_length(&self, address: usize, width: usize) -> Outcome<usize> {
        let mut length = 0;
        // SAFETY: the caller vouches that a terminated string stands there.
        unsafe {
            if width == 1 {
                length = libc::strlen(address as *const libc::c_char);
            } else {
                let at = address as *const u32;
                while at.add(length).read_unaligned() != 0 {
                    length += 1;
                }
            }
        }
        Ok(length)
    }

    fn make_closure(&self, signature: ForeignSignature, run: Box<ForeignCallback>) -> Outcome<ForeignClosure> {
        let cif = signature.cif()?;
        let data = Box::new(ClosureData { signature, run });
        // SAFETY: the box does not move and outlives the closure: it is dropped after it, being the later field.
        let lasting: &'static ClosureData = unsafe { &*core::ptr::from_ref(data.as_ref()) };
        let inner = libffi::middle::Closure::try_new(cif, on_call, lasting).map_err(|_| HostError(libc::ENOMEM))?;
        Ok(ForeignClosure { inner, _data: data })
    }
}
