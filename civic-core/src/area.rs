//! Areas: codes of the national administrative divisions, where a prefix is the area above.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An area by its code (GB/T 2260 and GB/T 10114): province 2 digits, city 4, county 6, township 9, village 12.
///
/// "Everything of this township" is a range of one sorted key space, because the township's code begins its villages'.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Area(String);

/// The lengths a code may have, highest area first.
const LENGTHS: [usize; 5] = [2, 4, 6, 9, 12];

impl Area {
    /// Reads a code; `None` if it is not 2, 4, 6, 9 or 12 digits.
    pub fn parse(code: &str) -> Option<Self> {
        let valid = LENGTHS.contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
        valid.then(|| Self(code.to_owned()))
    }

    /// The digits.
    pub fn code(&self) -> &str {
        &self.0
    }

    /// Whether `other` is this area or lies inside it.
    pub fn covers(&self, other: &Area) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Whether it is a county, or lies above one: no part of a county.
    pub fn is_county_or_above(&self) -> bool {
        self.0.len() <= LENGTHS[2]
    }

    /// The area one step above; `None` for a province.
    pub fn parent(&self) -> Option<Area> {
        let above = LENGTHS.iter().rev().find(|length| **length < self.0.len())?;
        Some(Self(self.0[..*above].to_owned()))
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Area({})", self.0)
    }
}

impl From<Area> for String {
    fn from(area: Area) -> Self {
        area.0
    }
}

impl TryFrom<String> for Area {
    type Error = String;
    fn try_from(code: String) -> Result<Self, String> {
        Self::parse(&code).ok_or_else(|| format!("{code:?} is not an area code of 2, 4, 6, 9 or 12 digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_the_area_above() {
        let village = Area::parse("990101103204").unwrap();
        let township = Area::parse("990101103").unwrap();
        assert!(township.covers(&village) && !village.covers(&township));
        assert_eq!(village.parent(), Some(township));
        assert_eq!(Area::parse("99").unwrap().parent(), None);
    }

    #[test]
    fn a_code_of_another_length_is_refused() {
        for wrong in ["", "9", "990", "99010", "99010110320x", "９９"] {
            assert_eq!(Area::parse(wrong), None, "{wrong}");
        }
    }
}
