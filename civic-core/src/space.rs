//! A space is an area and an audience; every document lives in exactly one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::area::Area;

/// For whom the documents of a space are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// 公开: every device of the county may hold it (slips, notices, cards).
    Public,
    /// 代表: the deputies of the area and the hub (opinions, visits).
    Deputies,
    /// 县里: only the hub can open it; payloads are sealed as they are written.
    County,
}

impl Audience {
    /// Every audience, widest first.
    pub const ALL: [Audience; 3] = [Audience::Public, Audience::Deputies, Audience::County];

    /// The number that stands for it on the road and on disk. Never change one: old logs hold them.
    pub const fn number(self) -> u8 {
        match self {
            Audience::Public => 0,
            Audience::Deputies => 1,
            Audience::County => 2,
        }
    }

    /// Reads that number; `None` for one a newer program may have written.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.number() == number)
    }

    /// The word in tables and exports.
    pub const fn word(self) -> &'static str {
        match self {
            Audience::Public => "public",
            Audience::Deputies => "deputies",
            Audience::County => "county",
        }
    }
}

/// An area and an audience.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Space {
    /// Where.
    pub area: Area,
    /// For whom.
    pub audience: Audience,
}

impl Space {
    /// The space of `area` for `audience`.
    pub fn new(area: Area, audience: Audience) -> Self {
        Self { area, audience }
    }

    /// The same area for another audience.
    pub fn for_audience(&self, audience: Audience) -> Self {
        Self { area: self.area.clone(), audience }
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.area, self.audience.word())
    }
}
