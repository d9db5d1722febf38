//! Every sentence of the app, Chinese first and English small beside it.

use std::{fmt::Display, sync::LazyLock};

use civic_core::wording::{Both, Wording};
use maud::Markup;
use web::page;

static WORDING: LazyLock<Wording> = LazyLock::new(|| {
    // Both files are compiled in and read by a test, so no installation meets this.
    Wording::new(include_str!("../wording/zh-CN.ftl"), include_str!("../wording/en.ftl")).expect("the wording is sound")
});

/// The sentence of `key` in both languages.
pub(crate) fn both(key: &str) -> Both {
    both_with(key, &[])
}

/// The sentence of `key` with values in it.
pub(crate) fn both_with(key: &str, values: &[(&str, &dyn Display)]) -> Both {
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.to_string().into())).collect();
    WORDING.both(key, &values)
}

/// The sentence of `key`, as it stands on a page.
pub(crate) fn say(key: &str) -> Markup {
    page::both(&both(key))
}

/// The sentence of `key` with values in it, as it stands on a page.
pub(crate) fn say_with(key: &str, values: &[(&str, &dyn Display)]) -> Markup {
    page::both(&both_with(key, values))
}

/// The sentence of `key` where markup cannot stand: Chinese, then English.
pub(crate) fn plain(key: &str) -> String {
    let both = both(key);
    format!("{} {}", both.zh, both.en)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn keys_in(dir: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                keys_in(&path, found);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap().replace(char::is_whitespace, "");
            for (place, _) in source.match_indices("(\"") {
                let (before, after) = (&source[..place], &source[place + 2..]);
                let function = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
                if matches!(function, Some("say" | "say_with" | "both" | "both_with" | "plain")) {
                    found.extend(after.split('"').next().map(str::to_owned));
                }
            }
        }
    }

    #[test]
    fn every_sentence_that_is_used_exists_and_every_one_that_exists_is_used() {
        let mut used = BTreeSet::new();
        keys_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut used);
        let missing: Vec<_> = used.iter().filter(|key| !WORDING.has(key)).collect();
        assert!(missing.is_empty(), "no sentence for {missing:?}");
        let written = include_str!("../wording/zh-CN.ftl");
        let keys = written.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
        let idle: Vec<_> = keys
            .filter_map(|line| line.split_once(" ="))
            .map(|(key, _)| key)
            .filter(|key| !used.contains(*key))
            .collect();
        assert!(idle.is_empty(), "nobody says {idle:?}");
    }
}
