//! From UTF-8 to units of one width.

/// Of UTF-8: the highest byte, which begins a character and so tells the kind, and how many characters begin. By blocks of a known
/// length: whether a loop over all bytes is compiled to wide instructions would hang on how long most texts are.
pub(super) fn measure(bytes: &[u8]) -> (u8, usize) {
    const BLOCK: usize = 32;
    let begins = |byte: u8| byte as i8 >= -0x40;
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut highest = [0; BLOCK];
    let mut len = 0;
    // A byte counts to 255.
    for group in blocks.chunks(255) {
        let mut begun = [0u8; BLOCK];
        for block in group {
            for ((byte, highest), begun) in block.iter().zip(&mut highest).zip(&mut begun) {
                *highest = (*highest).max(*byte);
                *begun += u8::from(begins(*byte));
            }
        }
        len += begun.iter().map(|count| usize::from(*count)).sum::<usize>();
    }
    let lead = highest.iter().chain(rest).copied().max().unwrap_or(0);
    (lead, len + rest.iter().filter(|byte| begins(**byte)).count())
}

/// Writes valid UTF-8 as units of `W` bytes, which hold every character. Eight bytes are taken for ASCII at a time; what of them
/// is not is written over.
pub(super) fn spread<const W: usize>(text: &[u8], out: &mut [u8]) {
    #[inline(always)]
    fn put<const W: usize>(out: &mut [u8], c: u32) {
        out[..W].copy_from_slice(&c.to_le_bytes()[..W]);
        if cfg!(target_endian = "big") {
            out[..W].reverse();
        }
    }
    /// The character that begins a word of four bytes, and its bytes; what comes after it does not matter.
    #[inline(always)]
    fn first(word: [u8; 4]) -> (u32, usize) {
        let low = |at: usize| word[at] as u32 & 0x3f;
        match word[0] as u32 {
            a @ 0..0x80 => (a, 1),
            a @ 0x80..0xe0 => ((a & 0x1f) << 6 | low(1), 2),
            a @ 0xe0..0xf0 => ((a & 0xf) << 12 | low(1) << 6 | low(2), 3),
            a => ((a & 7) << 18 | low(1) << 12 | low(2) << 6 | low(3), 4),
        }
    }
    let (mut i, mut o) = (0, 0);
    while let (Some(block), Some(to)) =
        (text.get(i..).and_then(|rest| rest.first_chunk::<8>()), out.get_mut(o..o + 8 * W))
    {
        to.chunks_exact_mut(W).zip(block).for_each(|(to, b)| put::<W>(to, *b as u32));
        let high = u64::from_le_bytes(*block) & 0x8080_8080_8080_8080;
        if high == 0 {
            (i, o) = (i + 8, o + 8 * W);
            continue;
        }
        if W == 1 {
            // One by one up to the one that is not: faster where that is the same number of times.
            while text[i] < 0x80 {
                (i, o) = (i + 1, o + 1);
            }
        } else {
            let plain = high.trailing_zeros() as usize / 8;
            (i, o) = (i + plain, o + plain * W);
        }
        while let Some(word) = text.get(i..).and_then(|rest| rest.first_chunk::<4>())
            && word[0] >= 0x80
        {
            let (c, n) = first(*word);
            put::<W>(&mut out[o..], c);
            (i, o) = (i + n, o + W);
        }
    }
    while i < text.len() {
        let rest = &text[i..];
        let (c, n) = first(core::array::from_fn(|at| rest.get(at).copied().unwrap_or(0)));
        put::<W>(&mut out[o..], c);
        (i, o) = (i + n, o + W);
    }
}
