//! Options of our own that stand before Python's: they are taken off the command line before Python's are read, so that no
//! program meets them in `sys.argv` or `sys.orig_argv`.

use super::{Exit, Text, usage};

/// Started as `python`, `python3` or `python3.14`: no word of ours means anything.
pub fn is_python_name(program: &[u8]) -> bool {
    let name = program.rsplit(|b| *b == b'/').next().unwrap_or_default();
    matches!(name, b"python" | b"python3" | b"python3.14")
}

/// Takes a leading `--max-memory SIZE` or `--max-memory=SIZE` off `args` (whose first word is the program): the limit in bytes.
pub fn take_max_memory(args: &mut Vec<Text>) -> Result<Option<usize>, Exit> {
    const OPTION: &[u8] = b"--max-memory";
    let mut limit = None;
    while let Some(rest) = args.get(1).and_then(|word| word.strip_prefix(OPTION)) {
        let (size, words) = match rest {
            [] => (args.get(2).cloned().unwrap_or_default(), 2),
            [b'=', size @ ..] => (size.to_vec(), 1),
            _ => break,
        };
        let Some(bytes) = bytes_of(&size) else {
            let program = args.first().map_or(&[][..], |word| word);
            let shown = String::from_utf8_lossy(&size);
            let complaint = format!("--max-memory wants a size such as 256M, not \"{shown}\"\n");
            return Err(usage::wrong(program, complaint.as_bytes()));
        };
        limit = Some(bytes);
        args.drain(1..(1 + words).min(args.len()));
    }
    Ok(limit)
}

/// `256M`, `1G`, `65536`: a whole number, with a suffix for powers of 1024.
fn bytes_of(size: &[u8]) -> Option<usize> {
    let (digits, shift) = match size.split_last()? {
        (b'k' | b'K', digits) => (digits, 10),
        (b'm' | b'M', digits) => (digits, 20),
        (b'g' | b'G', digits) => (digits, 30),
        _ => (size, 0),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: usize = core::str::from_utf8(digits).ok()?.parse().ok()?;
    number.checked_mul(1 << shift).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(words: &[&str]) -> (Option<Option<usize>>, Vec<String>) {
        let mut args: Vec<Text> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let limit = take_max_memory(&mut args).ok();
        (limit, args.into_iter().map(|word| String::from_utf8_lossy(&word).into_owned()).collect())
    }

    #[test]
    fn only_a_leading_limit_is_taken() {
        let words = |all: &[&str]| all.iter().map(|w| w.to_string()).collect::<Vec<_>>();
        assert_eq!(
            taken(&["ophi", "--max-memory", "256M", "-c", "x"]),
            (Some(Some(256 << 20)), words(&["ophi", "-c", "x"]))
        );
        assert_eq!(taken(&["ophi", "--max-memory=4K"]), (Some(Some(4096)), words(&["ophi"])));
        assert_eq!(
            taken(&["ophi", "a.py", "--max-memory=4K"]),
            (Some(None), words(&["ophi", "a.py", "--max-memory=4K"]))
        );
    }

    #[test]
    fn sizes_that_are_none_are_refused() {
        for size in ["", "M", "0", "12X", "-1", "1.5G", "99999999999999999999", "18014398509481984K"] {
            assert_eq!(taken(&["ophi", "--max-memory", size]).0, None, "{size}");
        }
    }
}
