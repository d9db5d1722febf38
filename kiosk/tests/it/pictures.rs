//! A picture of every screen at both sizes, and what must be true of each.
//!
//! `GOLDEN=update cargo test -p kiosk` writes the pictures anew; look at them before you commit them.

use std::{fs, path::PathBuf};

use embedded_graphics::prelude::{Dimensions, Size};
use hardware::screen::Canvas;
use kiosk::{
    draw::{Painter, layout::FINGER},
    picture::{pixels, png},
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
