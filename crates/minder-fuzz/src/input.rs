//! Bytes cut into what a target needs.

/// Between two files, or two pieces of a stream, of one input.
const CUT: &[u8] = b"\n%%\n";

/// The parts of an input. There is at least one.
pub(crate) fn parts(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(CUT.len()).position(|window| window == CUT) {
        parts.push(&rest[..at]);
        rest = &rest[at + CUT.len()..];
    }
    parts.push(rest);
    parts
}

/// A stream in pieces: the first byte says how long they are, and each of them something else.
pub(crate) fn pieces(bytes: &[u8]) -> Vec<&[u8]> {
    let Some((&first, rest)) = bytes.split_first() else { return Vec::new() };
    let (mut pieces, mut rest, mut seed) = (Vec::new(), rest, u32::from(first));
    while !rest.is_empty() {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        // Zero is everything at once.
        let size = if first == 0 { rest.len() } else { (seed >> 16) as usize % (usize::from(first) * 4) + 1 };
        let (piece, left) = rest.split_at(size.min(rest.len()));
        pieces.push(piece);
        rest = left;
    }
    pieces
}
