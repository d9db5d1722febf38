//! What must be recorded, and in which order recordings make a sentence: worked out from the wording files.
//!
//! A sentence without a place to fill in is one recording, under its key. A sentence with places is cut at them:
//! `last-receipt = 县里最近一次收到：{ $day }` is the recording `last-receipt.1` and whatever the day is. What is
//! filled in is spoken by [`super::numbers`].

use std::collections::BTreeMap;

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement},
    parser::parse,
};

use crate::settings::Language;

/// The sentences of one language.
#[derive(Clone, Debug)]
pub struct Script {
    sentences: BTreeMap<String, Vec<Piece>>,
    recordings: BTreeMap<String, String>,
}

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The recording of this name.
    Recording(String),
    /// The next value that is filled in.
    Value,
}

impl Script {
    /// The script of a language: all its sentences, and the words that numbers are made of.
    pub fn of(language: Language) -> Self {
        let mut script = Self { sentences: BTreeMap::new(), recordings: BTreeMap::new() };
        script.add(language.wording());
        script.add(language.numbers());
        script
    }

    /// What must be recorded: the name of each recording, and the words it says.
    pub fn recordings(&self) -> &BTreeMap<String, String> {
        &self.recordings
    }

    /// The pieces of a sentence, by its key in the wording.
    pub fn sentence(&self, key: &str) -> Option<&[Piece]> {
        self.sentences.get(key).map(Vec::as_slice)
    }

    fn add(&mut self, wording: &str) {
        // The wording was read when the program started, and is refused there if it cannot be.
        let (Ok(resource) | Err((resource, _))) = parse(wording);
        for entry in resource.body {
            if let Entry::Message(message) = entry
                && let Some(pattern) = message.value
            {
                self.add_sentence(message.id.name, &pattern);
            }
        }
    }

    fn add_sentence(&mut self, key: &str, pattern: &Pattern<&str>) {
        let mut texts = vec![String::new()];
        write_out(pattern, &mut texts);
        let is_whole = texts.len() == 1;
        let mut pieces = Vec::new();
        for (place, text) in texts.into_iter().enumerate() {
            if place > 0 {
                pieces.push(Piece::Value);
            }
            // Nobody says a bracket.
            if text.chars().any(char::is_alphanumeric) {
                let name = if is_whole { key.to_owned() } else { format!("{key}.{}", place + 1) };
                self.recordings.insert(name.clone(), text.trim().to_owned());
                pieces.push(Piece::Recording(name));
            }
        }
        self.sentences.insert(key.to_owned(), pieces);
    }
}

/// Writes the fixed texts of a pattern one after the other, a new one behind each value.
fn write_out(pattern: &Pattern<&str>, texts: &mut Vec<String>) {
    let add = |texts: &mut Vec<String>, text: &str| {
        if let Some(last) = texts.last_mut() {
            last.push_str(text);
        }
    };
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => add(texts, value),
            PatternElement::Placeable { expression: Expression::Inline(InlineExpression::StringLiteral { value }) } => {
                add(texts, value);
            }
            PatternElement::Placeable { expression: Expression::Inline(_) } => texts.push(String::new()),
            // One of several forms: the usual one is said.
            PatternElement::Placeable { expression: Expression::Select { variants, .. } } => {
                if let Some(usual) = variants.iter().find(|variant| variant.default) {
                    write_out(&usual.value, texts);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(wording: &str) -> Script {
        let mut script = Script { sentences: BTreeMap::new(), recordings: BTreeMap::new() };
        script.add(wording);
        script
    }

    #[test]
    fn a_sentence_is_one_recording_and_one_with_places_is_several() {
        let script =
            script("back = 返回\nreceived = 县里{ $day }收到 { $count } 条\nmore = （{ $page }/{ $pages }）\n");
        let said: Vec<_> = script.recordings().iter().map(|(name, says)| (name.as_str(), says.as_str())).collect();
        assert_eq!(said, [("back", "返回"), ("received.1", "县里"), ("received.2", "收到"), ("received.3", "条")]);
        let recording = |name: &str| Piece::Recording(name.to_owned());
        let pieces =
            [recording("received.1"), Piece::Value, recording("received.2"), Piece::Value, recording("received.3")];
        assert_eq!(script.sentence("received"), Some(&pieces[..]));
        assert_eq!(script.sentence("more"), Some(&[Piece::Value, Piece::Value][..]));
        assert_eq!(script.sentence("nowhere"), None);
    }

    #[test]
    fn of_several_forms_the_usual_is_said() {
        let script = script("left = { $n ->\n    [one] One left\n   *[other] { $n } left\n}\n");
        assert_eq!(script.sentence("left"), Some(&[Piece::Value, Piece::Recording("left.2".to_owned())][..]));
    }
}
