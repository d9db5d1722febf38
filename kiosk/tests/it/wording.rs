//! The wording files and the code agree.

use std::{fs, path::Path};

use kiosk::{draw::measure::has, handwriting::handwriting, wording::ZH};

use crate::{looks::LARGE, support::every_screen};

/// The code below a directory, without its tests.
fn sources(directory: &Path, all: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else {
            let file = fs::read_to_string(path).unwrap();
            all.push_str(file.split("#[cfg(test)]").next().unwrap_or_default());
        }
    }
}

#[test]
fn every_sentence_is_used_somewhere() {
    let mut code = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut code);
    let keys = ZH.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
    let unused: Vec<_> = keys
        .filter_map(|line| line.split_once(" = ").map(|(key, _)| key))
        .filter(|key| !code.contains(&format!("\"{key}\"")))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_character_of_the_sample_county_has_a_glyph() {
    let county = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/sample/county.toml")).unwrap();
    let missing: String = county.chars().filter(|character| *character != '\n' && !has(*character)).collect();
    assert_eq!(missing, "");
}

#[test]
fn every_character_that_can_be_said_typed_or_recognised_has_a_glyph() {
    let data = |file: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let files = ["wording/zh-CN.ftl", "wording/en.ftl", "wording/receipt/zh-CN.ftl", "wording/receipt/en.ftl"];
    let typed = ["pinyin/syllables.txt", "pinyin/surnames.txt", "pinyin/village.txt"];
    for file in files.iter().chain(&typed) {
        let missing: String = data(file).chars().filter(|character| *character != '\n' && !has(*character)).collect();
        assert_eq!(missing, "", "{file}");
    }
    let known = handwriting().characters();
    let missing: String = known.filter(|character| !has(*character)).collect();
    assert_eq!(missing, "");
}

#[test]
fn no_screen_lacks_a_sentence() {
    for (name, desk) in every_screen(LARGE) {
        // This is how the wording marks a key that it does not have.
        assert!(!desk.reads().contains('⟦'), "{name}: {}", desk.reads());
    }
}

#[test]
fn no_screen_says_anything_that_is_not_in_the_wording() {
    let mut code = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/screens"), &mut code);
    let is_han = |character: char| ('\u{4E00}'..='\u{9FFF}').contains(&character);
    let said = code.lines().filter(|line| !line.trim_start().starts_with("//") && line.chars().any(is_han));
    assert_eq!(said.collect::<Vec<_>>(), Vec::<&str>::new());
}
