//! The ticket on paper, as it comes out of a printer.
//!
//! `GOLDEN=update cargo test -p kiosk` writes the pictures anew; look at them before you commit them.

use std::{fs, io::Cursor, path::PathBuf};

use civic_core::time::UnixSeconds;
use hardware::printer::{
    DOTS, Printer, Raster,
    paper::{DeskPrinter, Interpreter, Paper},
};
use kiosk::{
    draw::text::Text,
    printing::{Receipt, Sheet},
    sample::sample_stub,
    settings::Language,
    station::{Place, Station as _},
};

use crate::support::Shared;

/// 2026-11-20 10:00 in China.
const DAY: UnixSeconds = UnixSeconds(1_795_140_000);

fn receipt(language: Language) -> Receipt {
    let place = Place { village: "石桥村".into(), station: "代表联络站".into(), county: "云水县".into() };
    Receipt { sheet: Sheet::Ticket(sample_stub(18_376)), place, day: Some(DAY), language }
}

/// The paper as a picture of one bit a dot.
fn png(paper: &Raster) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, DOTS, paper.rows.len() as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::High);
    // In the picture, 1 is white.
    let dots: Vec<u8> = paper.rows.iter().flatten().map(|byte| !byte).collect();
    encoder.write_header().unwrap().write_image_data(&dots).unwrap();
    bytes
}

/// Size and dots of a picture that [`png()`] wrote.
fn dots(picture: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(Cursor::new(picture)).read_info().unwrap();
    let mut dots = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut dots).unwrap();
    (info.width, info.height, dots)
}

#[test]
fn the_paper_looks_as_it_did() {
    let update = std::env::var_os("GOLDEN").is_some_and(|value| value == "update");
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/receipt");
    fs::create_dir_all(&directory).unwrap();
    let tally = |language| {
        let tally = Shared::default().public().tallies.remove(0);
        Receipt { sheet: Sheet::Tally(tally), ..receipt(language) }
    };
    for (name, receipt) in [
        ("zh-CN", receipt(Language::Chinese)),
        ("en", receipt(Language::English)),
        ("tally-zh-CN", tally(Language::Chinese)),
        ("tally-en", tally(Language::English)),
    ] {
        let mut printer = DeskPrinter::default();
        printer.load(Paper::Plenty);
        printer.print(&receipt.draw(&mut Text::new())).unwrap();
        let actual = png(&printer.last().unwrap());
        let file = directory.join(format!("{name}.png"));
        if update {
            fs::write(&file, actual).unwrap();
        } else if fs::read(&file).ok().map(|golden| dots(&golden)) != Some(dots(&actual)) {
            let beside = file.with_extension("actual.png");
            fs::write(&beside, actual).unwrap();
            panic!("look at {beside:?}, and if it is right: GOLDEN=update cargo test -p kiosk");
        }
    }
}

#[test]
fn what_goes_over_the_wire_is_the_paper_and_takes_seconds_not_minutes() {
    let picture = receipt(Language::Chinese).draw(&mut Text::new());
    let bytes: Vec<u8> = hardware::printer::escpos::bands(&picture).flatten().collect();
    let mut printer = Interpreter::new(Paper::Plenty);
    bytes.chunks(100).for_each(|piece| drop(printer.take(piece)));
    assert_eq!(*printer.printed(), picture);
    // At 115,200 baud, ten bits a byte.
    assert!(bytes.len() < 5 * 11_520, "{} bytes", bytes.len());
}
