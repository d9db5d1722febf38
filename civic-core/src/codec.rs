//! Numbers and byte strings on the road and on disk: unsigned LEB128, zigzag for signed, lengths before bytes.

use std::fmt;

/// Bytes that end too early, or a number that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes are cut off or malformed")
    }
}

impl std::error::Error for Malformed {}

/// Reads off the front of a byte string.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads `bytes` from their beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (head, tail) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = tail;
        Ok(head)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    /// An unsigned number.
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Malformed);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    /// A signed number in signed LEB128, as Automerge writes it.
    pub fn signed_leb(&mut self) -> Result<i64, Malformed> {
        let mut value = 0i64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let sign_bits = shift + 7;
                return Ok(if byte & 0x40 != 0 && sign_bits < 64 { value | (-1i64 << sign_bits) } else { value });
            }
        }
        Err(Malformed)
    }

    /// A signed number.
    pub fn signed(&mut self) -> Result<i64, Malformed> {
        let value = self.varint()?;
        Ok(((value >> 1) as i64) ^ -((value & 1) as i64))
    }

    /// A count of things to come, at most `max`: checked before anything is allocated.
    pub fn count(&mut self, max: usize) -> Result<usize, Malformed> {
        usize::try_from(self.varint()?).ok().filter(|count| *count <= max).ok_or(Malformed)
    }

    /// A byte string of at most `max` bytes, after its length.
    pub fn bytes(&mut self, max: usize) -> Result<&'a [u8], Malformed> {
        let len = self.count(max)?;
        self.take(len)
    }

    /// A string of at most `max` bytes, after its length.
    pub fn text(&mut self, max: usize) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes(max)?).map_err(|_| Malformed)
    }
}

/// Appends an unsigned number.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed number.
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Appends a signed number in signed LEB128, as Automerge writes it.
pub fn put_signed_leb(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

/// Appends a byte string after its length.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_read_back() {
        for value in [0, 1, -1, 63, 64, -64, -65, 1 << 40, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            put_signed_leb(&mut out, value);
            put_signed(&mut out, value);
            let mut reader = Reader::new(&out);
            assert_eq!((reader.signed_leb(), reader.signed()), (Ok(value), Ok(value)));
        }
        assert_eq!(Reader::new(&[0xff; 11]).varint(), Err(Malformed));
    }

    #[test]
    fn what_is_put_is_read_and_what_is_cut_off_is_malformed() {
        let mut out = Vec::new();
        put_varint(&mut out, u64::MAX);
        put_signed(&mut out, i64::MIN);
        put_bytes(&mut out, "回音".as_bytes());
        let mut reader = Reader::new(&out);
        assert_eq!((reader.varint(), reader.signed(), reader.text(99)), (Ok(u64::MAX), Ok(i64::MIN), Ok("回音")));
        let mut short = Reader::new(&out[..out.len() - 1]);
        assert_eq!((short.varint(), short.signed(), short.text(99)), (Ok(u64::MAX), Ok(i64::MIN), Err(Malformed)));
        assert_eq!(Reader::new(&[200, 1]).count(10), Err(Malformed));
    }
}
