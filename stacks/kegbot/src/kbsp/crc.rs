//! The checksum of frames.

/// CRC-16/KERMIT: polynomial 0x1021, reflected, beginning at 0, with nothing done to the result.
#[must_use]
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ u16::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x8408 } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::crc;

    #[test]
    fn it_is_kermits() {
        let vectors: [(&[u8], u16); 7] = [
            (b"", 0),
            (b"123456789", 0x2189),
            (b"A", 0x538d),
            (&[1, 2, 3, 4], 0xc54f),
            (&[0], 0),
            (&[0xff], 0x0f78),
            (b"KBSP v1:", 0xe3af),
        ];
        for (bytes, sum) in vectors {
            assert_eq!(crc(bytes), sum, "{bytes:?}");
        }
    }
}
