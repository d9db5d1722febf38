//! How every screen comes out at four sizes, in three modes and in both orders of the languages, and what must be true
//! of each.
//!
//! `GOLDEN=update cargo test -p kiosk` writes `tests/golden/kiosk` anew: in `screens.txt` the hash of every picture, and
//! beside it a picture of each screen in four of its looks, which between them show every size, mode and language. Look
//! at what changed before you commit it. With `GOLDEN_ONLY=enrol,consult-` beside it, only screens whose names begin so are
//! drawn, and the others stay what they were: seconds instead of minutes.
//! `GOLDEN_ALL=DIR cargo test -p kiosk looks_as_it_did` writes a picture of every screen in every look into a directory of
//! yours, for looking; nothing of it is compared.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    fs,
    path::PathBuf,
};

use embedded_graphics::{
    prelude::{Dimensions, Size},
    primitives::Rectangle,
};
use hardware::screen::Canvas;
use kiosk::{
    app::Key,
    draw::{
        Painter,
        layout::Placed,
        measure::has,
        shown,
        surface::{FINGER, Surface},
        theme::{Paper, TextSize, contrast},
    },
    picture::png,
    view::{Face, Form},
};

use crate::{
    looks::{Look, SIZES, looks},
    support::{Desk, every_screen},
};

fn golden_directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/kiosk")
}

/// Every screen in every look: `check(name, size, look, desk)`.
fn in_every_look(mut check: impl FnMut(&str, Size, Look, &Desk)) {
    for size in SIZES {
        for (name, mut desk) in every_screen(size) {
            for look in looks() {
                desk.app.set_usual(look.settings());
                if name.ends_with("-keys") {
                    desk.key(Key::Down);
                }
                if name.ends_with("-read-aloud") {
                    desk.key(Key::Read);
                }
                check(name, size, look, &desk);
            }
        }
    }
}

fn picture_of(desk: &Desk, painter: &mut Painter) -> Canvas {
    let mut canvas = Canvas::new(desk.app.size());
    let pieces = desk.pieces();
    painter.paint(&mut canvas, &pieces, desk.app.marks(&pieces), desk.app.theme());
    canvas
}

/// A picture for people to look at, packed small: the 256 colours it has most of, and the nearest of them for the
/// others. What must not change is in the hash of the whole picture.
fn small(picture: &Canvas) -> Vec<u8> {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    for pixel in picture.pixels() {
        *counts.entry(*pixel).or_default() += 1;
    }
    let mut by_count: Vec<(u32, u32)> = counts.iter().map(|(color, count)| (*color, *count)).collect();
    by_count.sort_by_key(|(color, count)| (std::cmp::Reverse(*count), *color));
    let palette: Vec<u32> = by_count.iter().take(256).map(|(color, _)| *color).collect();
    let apart = |one: u32, other: u32| -> u32 {
        let bytes = one.to_be_bytes().into_iter().zip(other.to_be_bytes());
        bytes.map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
    };
    let nearest = |color: u32| palette.iter().enumerate().min_by_key(|(_, had)| apart(color, **had)).unwrap().0 as u8;
    let places: HashMap<u32, u8> = counts.keys().map(|color| (*color, nearest(*color))).collect();
    let pixels: Vec<u8> = picture.pixels().iter().map(|pixel| places[pixel]).collect();
    let mut bytes = Vec::new();
    let mut encoder =
        png::Encoder::new(&mut bytes, picture.bounding_box().size.width, picture.bounding_box().size.height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette.iter().flat_map(|color| color.to_be_bytes()[1..].to_vec()).collect::<Vec<u8>>());
    encoder.set_compression(png::Compression::High);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

fn hash(picture: &Canvas) -> String {
    let bytes: Vec<u8> = picture.pixels().iter().flat_map(|pixel| pixel.to_be_bytes()).collect();
    blake3::hash(&bytes).to_hex()[..16].to_owned()
}

#[test]
fn every_screen_looks_as_it_did() {
    let update = std::env::var_os("GOLDEN").is_some_and(|value| value == "update");
    let directory = golden_directory();
    let hashes_file = directory.join("screens.txt");
    let golden = fs::read_to_string(&hashes_file).unwrap_or_default();
    let golden: BTreeMap<&str, &str> = golden.lines().filter_map(|line| line.split_once(' ')).collect();
    let only = std::env::var("GOLDEN_ONLY").ok();
    let is_meant = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|start| name.starts_with(start)));
    if update {
        if only.is_none() {
            let _ = fs::remove_dir_all(&directory);
        }
        fs::create_dir_all(&directory).unwrap();
    }
    let everything = std::env::var_os("GOLDEN_ALL").map(PathBuf::from);
    everything.iter().for_each(|directory| fs::create_dir_all(directory).unwrap());
    let (mut painter, mut hashes, mut differing) = (Painter::default(), BTreeMap::new(), Vec::new());
    in_every_look(|name, size, look, desk| {
        if !is_meant(name) {
            return;
        }
        let picture = picture_of(desk, &mut painter);
        let key = format!("{name}-{}x{}-{}", size.width, size.height, look.name());
        let file = directory.join(format!("{key}.png"));
        let hash = hash(&picture);
        if let Some(directory) = &everything {
            fs::write(directory.join(format!("{key}.png")), png(&picture, picture.bounding_box())).unwrap();
        }
        if update {
            if look.is_pictured(size) {
                fs::write(&file, small(&picture)).unwrap();
            }
        } else if golden.get(key.as_str()) != Some(&hash.as_str()) || (look.is_pictured(size) && !file.exists()) {
            let beside = file.with_extension("actual.png");
            fs::write(&beside, small(&picture)).unwrap();
            differing.push(beside);
        }
        hashes.insert(key, hash);
    });
    // Behind its name a key has size, mode and language.
    let others = golden.iter().filter(|(key, _)| !is_meant(key.rsplitn(4, '-').last().unwrap_or_default()));
    hashes.extend(others.map(|(key, hash)| ((*key).to_owned(), (*hash).to_owned())));
    if update {
        let lines = hashes.iter().fold(String::new(), |mut lines, (key, hash)| {
            writeln!(lines, "{key} {hash}").unwrap();
            lines
        });
        fs::write(&hashes_file, lines).unwrap();
    } else {
        let gone: Vec<_> = golden.keys().filter(|key| !hashes.contains_key(**key)).collect();
        assert!(gone.is_empty(), "no such screens any more: {gone:?}; GOLDEN=update cargo test -p kiosk");
    }
    assert!(differing.is_empty(), "look at {differing:#?}, and if they are right: GOLDEN=update cargo test -p kiosk");
}

#[test]
fn every_target_is_large_enough_inside_the_screen_and_apart_from_the_others() {
    in_every_look(|name, size, look, desk| {
        let pieces = desk.pieces();
        let targets: Vec<_> = pieces.iter().filter(|piece| piece.touch.is_some()).collect();
        assert!(!targets.is_empty(), "{name} has no way out");
        for (index, target) in targets.iter().enumerate() {
            let Size { width, height } = target.area.size;
            let what = format!("{name} {size:?} {} {:?}: {width}x{height}", look.name(), target.touch);
            assert!(height >= FINGER && width >= FINGER, "{what} is small");
            let screen = Rectangle::new(Default::default(), size);
            assert_eq!(target.area.intersection(&screen), target.area, "{what} leaves the screen");
            for other in &targets[index + 1..] {
                assert!(target.area.intersection(&other.area).is_zero_sized(), "{what} meets {:?}", other.touch);
            }
        }
    });
}

/// Words give way before they spill over; on no screen that people meet may they give way beyond what can be read.
#[test]
fn every_word_is_shown_whole_and_large_enough_to_read() {
    let mut troubles = Vec::new();
    let mut check = |name: &str, size: Size, look: Look, desk: &Desk| {
        let surface = Surface { size, theme: look.theme };
        let piece_is = |piece: &Placed<String>| match &piece.face {
            Face::Words(words) if words.size == TextSize::Small => 14,
            Face::Button(button) if button.form == Form::Picture => 0,
            Face::Nothing | Face::Sheet(_) | Face::Words(_) | Face::Picture(..) | Face::Code(_) | Face::Portrait(_) => {
                23
            }
            Face::Button(_) | Face::Key(_) | Face::Writing { .. } | Face::Pad { .. } | Face::Ink { .. } => 20,
        };
        for piece in desk.pieces() {
            let Some(shown) = shown(&piece.face, piece.area, surface) else { continue };
            let floor = surface.pixels(piece_is(&piece));
            let is_drawn = !matches!(&piece.face, Face::Button(button) if button.form == Form::Picture);
            if (!shown.is_whole && is_drawn) || shown.pixels < floor {
                let text = piece.face.text().to_owned();
                troubles.push(format!("{name} {size:?} {}: {text:?} {shown:?} in {:?}", look.name(), piece.area.size));
            }
        }
    };
    in_every_look(&mut check);
    for size in SIZES {
        let mut longest = Desk::new(size);
        longest.touch_all(&["提意见", "土地山林", "写下来"]);
        while !longest.reads().contains("已经写满了") {
            longest.touch("地界有争议");
        }
        longest.touch_all(&["写好了", "不说这个", "不用留"]);
        check("read-back-longest", size, looks()[0], &longest);
    }
    assert!(troubles.is_empty(), "{} troubles:\n{}", troubles.len(), troubles.join("\n"));
}

#[test]
fn words_keep_seven_to_one_and_running_words_ten_to_one_on_what_they_lie_on() {
    let mut troubles = Vec::new();
    in_every_look(|name, size, look, desk| {
        let theme = look.theme;
        let pieces = desk.pieces();
        for (index, piece) in pieces.iter().enumerate() {
            let Face::Words(words) = &piece.face else { continue };
            let below = pieces[..index].iter().rev().find_map(|below| match below.face {
                Face::Sheet(paper) if below.area.contains(piece.area.center()) => Some(paper),
                Face::Nothing
                | Face::Sheet(_)
                | Face::Words(_)
                | Face::Picture(..)
                | Face::Code(_)
                | Face::Portrait(_) => None,
                Face::Button(_) | Face::Key(_) | Face::Writing { .. } | Face::Pad { .. } | Face::Ink { .. } => None,
            });
            let paper = below.unwrap_or(Paper::Ground);
            let found = contrast(theme.ink(words.ink), theme.paper(paper).face);
            let least = if words.size == TextSize::Body { 10.0 } else { 7.0 };
            if found < least {
                let text = &words.sentence.first;
                troubles.push(format!(
                    "{name} {size:?} {}: {text:?} {:?} on {paper:?}: {found:.1}",
                    look.name(),
                    words.ink
                ));
            }
        }
    });
    assert!(troubles.is_empty(), "{} troubles:\n{}", troubles.len(), troubles.join("\n"));
}

#[test]
fn every_character_of_every_screen_has_a_glyph() {
    in_every_look(|name, _, look, desk| {
        for piece in desk.pieces() {
            let missing: String = piece.face.text().chars().filter(|c| *c != '\n' && !has(*c)).collect();
            assert_eq!(missing, "", "{name} {}", look.name());
        }
    });
}

#[test]
fn every_screen_can_be_heard_and_every_target_has_words_to_hear() {
    in_every_look(|name, _, look, desk| {
        for piece in desk.pieces().iter().filter(|piece| piece.touch.is_some()) {
            assert!(piece.face.spoken().is_some(), "{name} {}: {:?} is silent", look.name(), piece.touch);
        }
    });
}
