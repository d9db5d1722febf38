//! What a language has to do with sound. A pack of recordings says the sentences of one of them, in whatever dialect its
//! speaker speaks.

use crate::{
    settings::Language,
    wording::{EN, ZH},
};

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// Its sentences: a Fluent file.
    pub fn wording(self) -> &'static str {
        match self {
            Self::Chinese => ZH,
            Self::English => EN,
        }
    }

    /// The words that its numbers and days are made of: a Fluent file.
    pub fn numbers(self) -> &'static str {
        match self {
            Self::Chinese => include_str!("../../prompts/numbers.zh-CN.ftl"),
            Self::English => include_str!("../../prompts/numbers.en.ftl"),
        }
    }

    /// The name of the pack that comes with the program.
    pub fn own_pack(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}
