//! A picture of every screen at both sizes, and what must be true of each.
//!
//! `GOLDEN=update cargo test -p kiosk` writes the pictures anew; look at them before you commit them.

use std::{fs, path::PathBuf};

use embedded_graphics::prelude::{Dimensions, Size};
use hardware::screen::Canvas;
use kiosk::{
    draw::{
        Painter,
        layout::{FINGER, Scale},
        text::{Style, Text, Weight},
        theme::TextSize,
    },
    picture::{pixels, png},
    screens::writing::CHARACTERS_MAX,
    view::Face,
};

use crate::support::{Desk, LARGE, SMALL, every_screen};

fn golden_directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/kiosk")
}

fn picture_of(desk: &Desk, painter: &mut Painter) -> Vec<u8> {
    let mut canvas = Canvas::new(desk.app.size());
    painter.paint(&mut canvas, &desk.pieces(), desk.app.pressed());
    png(&canvas, canvas.bounding_box())
}

/// The same picture, packed as small as it gets: these files live in the repository.
fn small(picture: &[u8]) -> Vec<u8> {
    let (size, pixels) = pixels(picture).unwrap();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.width, size.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

#[test]
fn every_screen_looks_as_it_did() {
    let update = std::env::var_os("GOLDEN").is_some_and(|value| value == "update");
    let directory = golden_directory();
    fs::create_dir_all(&directory).unwrap();
    let mut painter = Painter::default();
    let mut differing = Vec::new();
    for size in [LARGE, SMALL] {
        for (name, desk) in every_screen(size) {
            let file = directory.join(format!("{name}-{}x{}.png", size.width, size.height));
            let actual = picture_of(&desk, &mut painter);
            if update {
                fs::write(&file, small(&actual)).unwrap();
            } else if fs::read(&file).ok().and_then(|golden| pixels(&golden)) != pixels(&actual) {
                let beside = file.with_extension("actual.png");
                fs::write(&beside, actual).unwrap();
                differing.push(beside);
            }
        }
    }
    assert!(differing.is_empty(), "look at {differing:#?}, and if they are right: GOLDEN=update cargo test -p kiosk");
}

#[test]
fn every_target_is_large_enough_inside_the_screen_and_apart_from_the_others() {
    for size in [LARGE, SMALL] {
        for (name, desk) in every_screen(size) {
            let pieces = desk.pieces();
            let targets: Vec<_> = pieces.iter().filter(|piece| piece.touch.is_some()).collect();
            assert!(!targets.is_empty(), "{name} has no way out");
            for (index, target) in targets.iter().enumerate() {
                let Size { width, height } = target.area.size;
                let what = format!("{name} {size:?} {:?}: {width}x{height}", target.touch);
                assert!(height >= FINGER && width >= FINGER, "{what} is small");
                let screen = embedded_graphics::primitives::Rectangle::new(Default::default(), size);
                assert_eq!(target.area.intersection(&screen), target.area, "{what} leaves the screen");
                for other in &targets[index + 1..] {
                    assert!(target.area.intersection(&other.area).is_zero_sized(), "{what} meets {:?}", other.touch);
                }
            }
        }
    }
}

/// Words shrink before they spill over; no screen that people meet may need that beyond the size of running words.
#[test]
fn every_word_is_shown_whole_and_large_enough_to_read() {
    let mut text = Text::new();
    for size in [LARGE, SMALL] {
        let mut screens = every_screen(size);
        let mut longest = Desk::new(size);
        longest.touch_all(&["提意见", "土地山林"]);
        for _ in 0..CHARACTERS_MAX {
            longest.touch("地界有争议");
        }
        longest.touch_all(&["写好了", "不用留"]);
        screens.push(("read-back-longest", longest));
        let scale = Scale::of(size);
        for (name, desk) in screens {
            for piece in desk.pieces() {
                let (Face::Words(words), area) = (&piece.face, piece.area.size) else { continue };
                let weight = if words.bold { Weight::Bold } else { Weight::Regular };
                let style = Style { weight, pixels: scale.pixels(words.size.units()) };
                let smallest = match words.size {
                    TextSize::Small => style.pixels,
                    TextSize::Body | TextSize::Strong | TextSize::Title | TextSize::Huge | TextSize::Ticket => {
                        scale.pixels(26)
                    }
                };
                let (shown, lines) = text.fit(&words.text, style, smallest, area);
                let height = shown.line_height() * (lines.len() as u32 - 1) + shown.pixels;
                assert!(height <= area.height, "{name} {size:?}: {:?} needs {height} of {area:?}", words.text);
                for line in lines {
                    assert!(text.width(&line, shown) <= area.width, "{name} {size:?}: {line:?} is too wide");
                }
            }
        }
    }
}

#[test]
#[ignore = "prints a time, which means something only when this package is optimised"]
fn how_long_a_redraw_takes() {
    let mut painter = Painter::default();
    for (name, desk) in every_screen(LARGE) {
        let glass = kiosk::glass::Glass::new(LARGE);
        glass.show(&desk.app, &mut painter);
        let start = std::time::Instant::now();
        for _ in 0..100 {
            glass.show(&desk.app, &mut painter);
        }
        println!("{name}: {:?} a redraw", start.elapsed() / 100);
    }
}
