//! Every sentence a person reads, in Chinese and beside it in English, from two Fluent files of one program.
//!
//! A key that one file lacks shows as `⟦key⟧`, so that a gap is seen and not silent; [`Wording::new`] already refuses
//! two files whose keys differ.

use std::collections::BTreeSet;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

/// The sentences of one program in both languages.
pub struct Wording {
    zh: FluentBundle<FluentResource>,
    en: FluentBundle<FluentResource>,
}

/// One sentence in Chinese with its English beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Both {
    /// 简体中文, shown first.
    pub zh: String,
    /// English, shown smaller beside it.
    pub en: String,
}

/// Why two wording files cannot be used together. They are compiled in, so a test of the program meets this first.
#[derive(Debug, thiserror::Error)]
pub enum WordingError {
    /// One of the files is not valid Fluent.
    #[error("wording file {language} does not parse: {reason}")]
    Syntax {
        /// Language of the file.
        language: &'static str,
        /// What the parser said.
        reason: String,
    },
    /// A sentence exists in one language only.
    #[error("wording exists in one language only: {0:?}")]
    Lopsided(Vec<String>),
}

impl Wording {
    /// Reads the two files (their text, not their paths). Both must have the same keys.
    pub fn new(zh: &str, en: &str) -> Result<Self, WordingError> {
        let (zh_keys, zh) = bundle("zh-CN", zh)?;
        let (en_keys, en) = bundle("en", en)?;
        let lopsided: Vec<_> = zh_keys.symmetric_difference(&en_keys).cloned().collect();
        if lopsided.is_empty() { Ok(Self { zh, en }) } else { Err(WordingError::Lopsided(lopsided)) }
    }

    /// The Chinese sentence.
    pub fn zh(&self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        sentence(&self.zh, key, values)
    }

    /// The English sentence.
    pub fn en(&self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        sentence(&self.en, key, values)
    }

    /// Both sentences.
    pub fn both(&self, key: &str, values: &[(&str, FluentValue<'_>)]) -> Both {
        Both { zh: self.zh(key, values), en: self.en(key, values) }
    }

    /// Whether a sentence of this key exists.
    pub fn has(&self, key: &str) -> bool {
        self.zh.has_message(key)
    }
}

fn bundle(
    language: &'static str,
    text: &str,
) -> Result<(BTreeSet<String>, FluentBundle<FluentResource>), WordingError> {
    let syntax = |reason: String| WordingError::Syntax { language, reason };
    let id: LanguageIdentifier = language.parse().map_err(|error| syntax(format!("{error}")))?;
    let resource = FluentResource::try_new(text.to_owned()).map_err(|(_, errors)| syntax(format!("{errors:?}")))?;
    let keys = text
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()))
        .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim().to_owned()))
        .collect();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Isolation marks are for mixed directions; on a bitmap screen they would show as boxes.
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).map_err(|errors| syntax(format!("{errors:?}")))?;
    Ok((keys, bundle))
}

fn sentence(bundle: &FluentBundle<FluentResource>, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        return format!("⟦{key}⟧");
    };
    let mut args = FluentArgs::new();
    for (name, value) in values {
        args.set(*name, value.clone());
    }
    bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_stands_in_both_languages_with_its_values() {
        let wording = Wording::new("waiting = 还有 { $count } 条\n", "waiting = { $count } waiting\n").expect("parses");
        let both = wording.both("waiting", &[("count", 3.into())]);
        assert_eq!(both, Both { zh: "还有 3 条".into(), en: "3 waiting".into() });
        assert_eq!(wording.zh("nowhere", &[]), "⟦nowhere⟧");
    }

    #[test]
    fn a_sentence_in_one_language_only_is_refused() {
        let lopsided = Wording::new("one = 一\ntwo = 二\n", "one = one\n");
        assert!(matches!(lopsided, Err(WordingError::Lopsided(keys)) if keys == ["two"]));
    }
}
