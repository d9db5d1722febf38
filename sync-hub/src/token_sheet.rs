//! The sheet of a vote's tokens 选票号: a slip of paper for each household, to be printed, cut apart and handed out
//! shuffled. It is one page that needs nothing beside itself, so that it is printed wherever a printer is.
//!
//! A slip bears the token twice: as a square code for a kiosk's scanner, and as digits for its number pad. It bears no
//! number of its own and no name: nothing on it says to whom it was given.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::Context as _;
use civic_core::{token::Token, vote::Vote};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use web::{code::square, page::spoken};

use crate::http::words::{line, say, say_with};

/// How it looks on paper: ten slips on a page of A4, cut along the dashes.
const STYLE: &str = include_str!("token_sheet.css");

/// A file for a sheet, made before there is anything to write: tokens that cannot be written down are made for nobody. It
/// is this user's alone, and never one that is there already.
pub fn begin(file: &Path) -> anyhow::Result<File> {
    let begun = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    begun.with_context(|| format!("Making {}, which must not be there yet", file.display()))
}

/// Writes the sheet. It is on disk when this returns.
pub fn write(mut file: File, vote: &Vote, tokens: &[Token]) -> anyhow::Result<()> {
    file.write_all(sheet(vote, tokens).into_string().as_bytes())?;
    Ok(file.sync_all()?)
}

/// The page.
fn sheet(vote: &Vote, tokens: &[Token]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                title { (spoken(&vote.title)) " · " (line("tokens")) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @for token in tokens { (slip(vote, token)) }
            }
        }
    }
}

fn slip(vote: &Vote, token: &Token) -> Markup {
    let until = vote.open.until.map(|day| day.to_string());
    html! {
        section.slip {
            h1 { (spoken(&vote.title)) }
            div.code { @if let Some(code) = square(&token.digits()) { (code) } }
            div.how {
                p.name { (say("token")) }
                p.digits { (token) }
                p { (say("token-how")) }
                p { (say("token-once")) }
                @if let Some(until) = until { p { (say_with("token-until", &[("until", until.into())])) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use civic_core::time::{Day, Period};

    use super::*;

    #[test]
    fn every_household_has_a_slip_with_its_token_for_eyes_and_scanner_and_no_number_of_its_own() {
        let vote = Vote {
            title: "民生实事<票选>".into(),
            open: Period { until: Day::parse("2026-12-31"), ..Period::default() },
            ..Vote::default()
        };
        let tokens = [Token::new([1; 8]), Token::new([2; 8])];
        let page = sheet(&vote, &tokens).into_string();
        assert_eq!((page.matches("<section").count(), page.matches("<svg").count()), (2, 2));
        for token in tokens {
            assert!(page.contains(&token.to_string()), "{token}");
            assert!(page.contains(&square(&token.digits()).unwrap().into_string()));
        }
        assert!(page.contains("2026-12-31") && page.contains("民生实事&lt;票选&gt;"));
        for fetched in ["href=", "src=", "url("] {
            assert!(!page.contains(fetched), "it needs {fetched}");
        }
    }
}
