//! Tokens 选票号: twelve digits on a slip of paper, one for each household, by which one ballot is taken.
//!
//! Eleven digits are drawn; the last is a check digit, so that a mistyped token is not taken for a wrong one. Only slow
//! hashes of them are published, salted with the vote. Whoever has the published vote and a strong machine can try
//! tokens: one try costs 8 MiB and some 10 ms, and of 100,000,000,000 numbers a few hundred are right, so that finding one
//! takes days and finding them all takes years.
//!
//! **What they protect.** A household without a token cannot vote, one with a token counts once, and nothing in a ballot
//! says whose it is: tokens are handed out shuffled, and nobody writes down who got which.
//!
//! **What they do not.** Whoever sees a household's token and can open ballots at the hub knows its vote; so does whoever
//! writes down who steps up to a kiosk, one by one, and opens its ballots in their order. Whoever holds another's token
//! can vote in their place. So hand them out closed, and let the key and the kiosk be in different hands.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};

use crate::{
    id::{DocId, hex},
    ticket::damm,
};

/// How many digits a token has.
pub const TOKEN_DIGITS: usize = 12;
/// How many hexadecimal digits of a token's hash are published: so many that no other token has the same.
pub const HASH_DIGITS: usize = 16;
const ARGON2_KIB: u32 = 8 * 1024;
const ARGON2_PASSES: u32 = 2;

/// A token with a right check digit. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token(u64);

/// Why what was typed is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Not twelve digits.
    #[error("a token has twelve digits")]
    Length,
    /// The check digit does not fit: a digit is wrong, or two are swapped.
    #[error("the check digit does not fit, so a digit is wrong or two are swapped")]
    CheckDigit,
}

impl Token {
    /// The token of these random bytes.
    pub fn new(random: [u8; 8]) -> Self {
        let drawn = u64::from_le_bytes(random) % 100_000_000_000;
        Self(drawn * 10 + u64::from(damm(&format!("{drawn:011}"))))
    }

    /// Reads what a person typed; spaces and dashes between digits do not matter.
    pub fn parse(text: &str) -> Result<Self, BadToken> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{3000}')).collect();
        if digits.len() != TOKEN_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadToken::Length);
        }
        if damm(&digits) != 0 {
            return Err(BadToken::CheckDigit);
        }
        digits.parse().map(Self).map_err(|_| BadToken::Length)
    }

    /// The twelve digits without spaces.
    pub fn digits(&self) -> String {
        format!("{:012}", self.0)
    }

    /// What is published of it for the vote of this document. Slow on purpose, some 10 ms: ask once and keep it.
    pub fn hash(&self, vote: &DocId) -> String {
        let mut stretched = [0; HASH_DIGITS / 2];
        let params =
            Params::new(ARGON2_KIB, ARGON2_PASSES, 1, Some(stretched.len())).expect("the parameters are in range");
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.digits().as_bytes(), vote.as_bytes(), &mut stretched)
            .expect("the lengths are in range");
        hex(&stretched)
    }
}

/// Grouped for the eye: `4821 0375 9164`.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        write!(f, "{} {} {}", &digits[..4], &digits[4..8], &digits[8..])
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.digits()
    }
}

impl TryFrom<String> for Token {
    type Error = BadToken;
    fn try_from(text: String) -> Result<Self, BadToken> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_as_typed_and_a_slip_of_the_finger_is_noticed() {
        let token = Token::new([0x5a; 8]);
        assert_eq!(Token::parse(&token.to_string()), Ok(token));
        assert_eq!(Token::parse(&token.digits()[1..]), Err(BadToken::Length));
        let mut swapped = token.digits().into_bytes();
        let at = (1..swapped.len()).find(|at| swapped[*at] != swapped[at - 1]).unwrap();
        swapped.swap(at, at - 1);
        assert_eq!(Token::parse(std::str::from_utf8(&swapped).unwrap()), Err(BadToken::CheckDigit));
        assert_eq!(format!("{token:?}"), "Token(hidden)");
    }

    #[test]
    fn the_same_token_has_another_hash_in_another_vote() {
        let token = Token::new([7; 8]);
        let hash = |vote: u8| token.hash(&DocId::new([vote; 16]));
        assert_eq!((hash(1), hash(1).len()), (hash(1), HASH_DIGITS));
        assert_ne!(hash(1), hash(2));
    }
}
