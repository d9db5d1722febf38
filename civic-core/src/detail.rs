//! Details 个人信息: what of a person stands sealed beside a record, for what it may be opened, and how long the county
//! keeps it. The county decides both in its file; what it does not decide is decided here.

use serde::{Deserialize, Serialize};

use crate::{attachment::AttachmentKind, codebook::Word, time::UnixSeconds};

const DAY_S: i64 = 24 * 3_600;

/// One kind of detail. Each lies under a key of its own at the hub, so that one can be erased and the others stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// 联系方式: name, telephone, and whatever else tells who spoke.
    Contact,
    /// 语音、照片、手写: what was said otherwise than in typed words.
    Attached(AttachmentKind),
}

impl Detail {
    /// The number that stands for it on the hub's disk. Never change one: old stores hold them.
    pub const fn number(self) -> u8 {
        match self {
            Detail::Contact => 0,
            Detail::Attached(kind) => kind.number(),
        }
    }

    /// Reads that number.
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Detail::Contact,
            kind => Detail::Attached(AttachmentKind::from_number(kind)),
        }
    }

    /// The word for it in audit records and exports.
    pub const fn word(self) -> &'static str {
        match self {
            Detail::Contact => "contact",
            Detail::Attached(kind) => kind.word(),
        }
    }
}

/// How the county treats details: the `[details]` part of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetailRules {
    /// Topics of which details are opened only once a second person has agreed 双人审批.
    pub two_persons: Vec<String>,
    /// For what details are opened, to choose from. Another reason can be written.
    #[serde(rename = "reason")]
    pub reasons: Vec<Word>,
    /// How long each kind is kept 保存期限.
    pub keep: Keep,
}

/// For how many days after an opinion was closed each kind of detail is kept. What stands beside no opinion, as a voice in
/// a consultation, is kept for so many days after it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keep {
    /// Names and telephone numbers: 90 days. Nobody calls back after that, and the law wants the shortest time that serves.
    pub contact: u16,
    /// Voices: a year. Where somebody spoke and did not write, the voice is the record, and it is heard again when the
    /// matter comes up again.
    pub voice: u16,
    /// Handwriting: a year, for the same reason.
    pub ink: u16,
    /// Photos: 90 days. They show how it was, which is settled when the matter is, and often people.
    pub photo: u16,
}

impl Default for Keep {
    fn default() -> Self {
        Self { contact: 90, voice: 365, ink: 365, photo: 90 }
    }
}

impl Keep {
    /// For how many days this kind is kept; what an older program does not know, as long as the longest.
    pub fn days(&self, detail: Detail) -> u16 {
        match detail {
            Detail::Contact => self.contact,
            Detail::Attached(AttachmentKind::Voice) => self.voice,
            Detail::Attached(AttachmentKind::Ink) => self.ink,
            Detail::Attached(AttachmentKind::Photo) => self.photo,
            Detail::Attached(AttachmentKind::Unknown(_)) => self.longest(),
        }
    }

    /// For how many days the kind is kept that is kept longest.
    pub fn longest(&self) -> u16 {
        self.contact.max(self.voice).max(self.ink).max(self.photo)
    }

    /// When it is erased, by the hub's clock, if its time runs from `since`.
    pub fn until(&self, detail: Detail, since: UnixSeconds) -> UnixSeconds {
        UnixSeconds(since.0.saturating_add(i64::from(self.days(detail)) * DAY_S))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_reads_back_from_its_number_and_a_newer_one_is_kept_as_long_as_the_longest() {
        for number in [0, 1, 2, 3, 77] {
            assert_eq!(Detail::from_number(number).number(), number);
        }
        let keep = Keep { voice: 400, ..Keep::default() };
        assert_eq!(keep.until(Detail::Contact, UnixSeconds(5)), UnixSeconds(5 + 90 * 86_400));
        assert_eq!(keep.days(Detail::from_number(77)), 400);
    }
}
