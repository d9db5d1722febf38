//! The second factor from a telephone or a key fob: six digits that change every half minute (RFC 6238, SHA-1, as every
//! such program speaks it).

use replica::clock;
use ring::hmac;

const STEP_S: i64 = 30;
/// A telephone's clock may be one step off.
const STEPS_OFF: i64 = 1;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A secret that the hub and a telephone share.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(super) [u8; 20]);

impl Secret {
    /// Draws one.
    pub fn draw() -> Self {
        Self(clock::random())
    }

    /// Reads what [`Secret::text`] wrote, with or without spaces.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bits = 0_u64;
        let mut held = 0;
        let mut bytes = Vec::new();
        for sign in text.bytes().filter(|sign| !sign.is_ascii_whitespace()) {
            let value = ALPHABET.iter().position(|other| *other == sign.to_ascii_uppercase())?;
            bits = (bits << 5 | value as u64) & 0xffff;
            held += 5;
            if held >= 8 {
                held -= 8;
                bytes.push((bits >> held) as u8);
            }
        }
        bytes.try_into().ok().map(Self)
    }

    /// As one types it: 32 letters and digits.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for five in self.0.chunks(5) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            (0..8).rev().for_each(|place| text.push(char::from(ALPHABET[(bits >> (5 * place) & 31) as usize])));
        }
        text
    }

    /// What a telephone reads from a QR code.
    pub fn address(&self, login: &str) -> String {
        format!("otpauth://totp/Huiyin:{login}?secret={}&issuer=Huiyin", self.text())
    }

    /// The digits at this time.
    pub fn code(&self, at: i64) -> String {
        self.code_of(at.div_euclid(STEP_S))
    }

    fn code_of(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[19] & 15);
        let four = [tag[offset] & 0x7f, tag[offset + 1], tag[offset + 2], tag[offset + 3]];
        format!("{:06}", u32::from_be_bytes(four) % 1_000_000)
    }

    /// The step of which these are the digits, if it is one of now and later than `used`.
    pub fn step_of(&self, code: &str, now: i64, used: i64) -> Option<i64> {
        let code: String = code.chars().filter(|sign| !sign.is_whitespace()).collect();
        let here = now.div_euclid(STEP_S);
        (here - STEPS_OFF..=here + STEPS_OFF)
            .filter(|step| *step > used)
            .find(|step| super::password::same(self.code_of(*step).as_bytes(), code.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_are_those_of_the_standard() {
        let secret = Secret(*b"12345678901234567890");
        for (at, digits) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(secret.code(at), digits);
        }
        assert_eq!(secret.text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(Secret::parse("gezd gnbv gy3t qojq gezd gnbv gy3t qojq") == Some(secret));
        assert!(Secret::parse("GEZD").is_none() && Secret::parse("1").is_none());
    }

    #[test]
    fn a_code_counts_once_and_only_about_now() {
        let secret = Secret([9; 20]);
        let step = secret.step_of(&secret.code(3_000), 3_020, 0).unwrap();
        assert_eq!(secret.step_of(&secret.code(3_000), 3_020, step), None, "it was used");
        assert_eq!(secret.step_of(&secret.code(3_000), 3_090, 0), None, "it is old");
        assert_eq!(secret.step_of("", 3_000, 0), None);
    }
}
