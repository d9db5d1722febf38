//! A full redraw of every screen: view, layout, every pixel, and the comparison with the frame before. Each drawing
//! follows one of another screen, as it does when a person goes on.

use std::time::{Duration, Instant};

use embedded_graphics::prelude::Size;
use hardware::screen::{Canvas, changes};
use kiosk::draw::Painter;

use crate::{
    looks::{LARGE, SIZES},
    median,
    support::{Desk, every_screen},
};

/// What a full redraw may take on the screen that is drawn for.
const MEANT: Duration = Duration::from_millis(1);

/// Times of one drawing.
#[derive(Clone, Copy)]
struct Drawing {
    layout: Duration,
    paint: Duration,
    compare: Duration,
}

impl Drawing {
    fn all(self) -> Duration {
        self.layout + self.paint + self.compare
    }
}

/// Draws every screen so often at every size, and prints the medians.
pub fn measure(runs: usize) {
    println!(
        "\nA full redraw, in milliseconds: median of {runs}, meant {} at 1024x600, of which the first columns are parts.\n",
        ms(MEANT)
    );
    let by_size: Vec<Vec<(&str, Vec<Drawing>)>> = SIZES.into_iter().map(|size| drawings(size, runs)).collect();
    let sizes: Vec<String> = SIZES.into_iter().map(|Size { width, height }| format!("{width}x{height}")).collect();
    print!("{:<20} {:>9} {:>9} {:>9}", "", "layout", "paint", "compare");
    println!("{}", sizes.iter().map(|size| format!(" {size:>9}")).collect::<String>());
    let large = SIZES.iter().position(|size| *size == LARGE).unwrap_or(0);
    let mut slowest = Duration::ZERO;
    for (row, (name, at_large)) in by_size[large].iter().enumerate() {
        let part = |part: fn(Drawing) -> Duration, all: &[Drawing]| median(all.iter().map(|one| part(*one)).collect());
        print!("{name:<20}");
        for each in [|one: Drawing| one.layout, |one: Drawing| one.paint, |one: Drawing| one.compare] {
            print!(" {:>9}", ms(part(each, at_large)));
        }
        for rows in &by_size {
            print!(" {:>9}", ms(part(Drawing::all, &rows[row].1)));
        }
        println!();
        slowest = slowest.max(part(Drawing::all, at_large));
    }
    println!("\nThe slowest at 1024x600: {} ms", ms(slowest));
}

fn drawings(size: Size, runs: usize) -> Vec<(&'static str, Vec<Drawing>)> {
    let screens = every_screen(size);
    let mut painter = Painter::default();
    let [mut before, mut frame] = [(); 2].map(|()| Canvas::new(size));
    let mut all: Vec<(&str, Vec<Drawing>)> = screens.iter().map(|(name, _)| (*name, Vec::new())).collect();
    // The first round draws the glyphs that later ones find.
    for round in 0..=runs {
        for ((_, desk), (_, drawings)) in screens.iter().zip(&mut all) {
            let drawing = draw(desk, &mut painter, &mut before, &mut frame);
            if round > 0 {
                drawings.push(drawing);
            }
        }
    }
    all
}

/// As the kiosk does: on the frame before the last.
fn draw(desk: &Desk, painter: &mut Painter, before: &mut Canvas, frame: &mut Canvas) -> Drawing {
    let begun = Instant::now();
    let pieces = desk.app.pieces();
    let laid_out = Instant::now();
    painter.paint(frame, &pieces, desk.app.marks(&pieces), desk.app.theme());
    let painted = Instant::now();
    std::hint::black_box(changes(before, frame));
    let compared = Instant::now();
    std::mem::swap(before, frame);
    Drawing { layout: laid_out - begun, paint: painted - laid_out, compare: compared - painted }
}

fn ms(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1_000.0)
}
