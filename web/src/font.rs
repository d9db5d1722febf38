//! The letters of every screen: Noto Sans SC (SIL Open Font License, `fonts/OFL.txt`), cut by `fonts/cut.sh` to the 8,105
//! characters of 通用规范汉字表 and what stands beside them (`fonts/characters.txt`).
//!
//! A kiosk draws with them; a page falls back on them, so that a machine without a Chinese font shows no boxes.

use axum::{Router, http::header, routing::get};

/// Regular weight, OpenType.
pub static REGULAR: &[u8] = include_bytes!("../fonts/NotoSansSC-Regular.otf");

/// Bold weight, OpenType.
pub static BOLD: &[u8] = include_bytes!("../fonts/NotoSansSC-Bold.otf");

/// Every character that both hold: the table of 8,105 in the first line, everything else behind it.
pub static CHARACTERS: &str = include_str!("../fonts/characters.txt");

/// The family's name in style sheets; put it behind the fonts that a machine may have.
const FACES: &str = "@font-face { font-family: Huiyin; src: url(/font.otf); font-weight: 400; font-display: block }\n\
                     @font-face { font-family: Huiyin; src: url(/font-bold.otf); font-weight: 700; font-display: block }\n";
const FOR_A_DAY: &str = "private, max-age=86400";

/// `/font.css`, which [`crate::page::whole`] links, and the files behind it.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let font = |bytes: &'static [u8]| {
        get(async move || ([(header::CONTENT_TYPE, "font/otf"), (header::CACHE_CONTROL, FOR_A_DAY)], bytes))
    };
    Router::new()
        .route(
            "/font.css",
            get(async || ([(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, FOR_A_DAY)], FACES)),
        )
        .route("/font.otf", font(REGULAR))
        .route("/font-bold.otf", font(BOLD))
}
