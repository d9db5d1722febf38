//! What stands on the paper, and how it is drawn: line by line from the top, as long as it needs.

use civic_core::{opening::Stub, time::UnixSeconds, wording::Wording};
use embedded_graphics::{pixelcolor::Rgb888, prelude::*, primitives::Rectangle};
use hardware::{
    printer::{DOTS, Raster},
    screen::Canvas,
};

use super::code::{Code, EDGE};
use crate::{
    draw::{
        measure::{Style, Weight, lines, width},
        text::Text,
    },
    public::Tally,
    settings::Language,
    station::Place,
};

/// White to the left and right of the words: printers feed paper a little askew.
const MARGIN: u32 = 12;

/// Dots of one module of the code. Scanners read half of it; paper gets wet.
const MODULE: u32 = 8;

/// A dot is printed where a glyph covers more of it than this, of 255. Less, and thin strokes break.
const COVERED: u8 = 96;

const NAME: Style = Style { weight: Weight::Bold, pixels: 28 };
const WORDS: Style = Style { weight: Weight::Regular, pixels: 24 };
/// As large as ten digits in three groups fit on one line.
const NUMBER: Style = Style { weight: Weight::Bold, pixels: 54 };

/// What is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// The numbers of an opinion, which are on disk.
    Ticket(Stub),
    /// What came of a vote, as the county published it.
    Tally(Tally),
    /// Nothing but a test of the printer, which nobody can take for anybody's number.
    Test,
}

/// A slip of paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What it is about.
    pub sheet: Sheet,
    /// Where it is printed.
    pub place: Place,
    /// The day, if the station's clock can be believed.
    pub day: Option<UnixSeconds>,
    /// The language of the person.
    pub language: Language,
}

/// Something on the paper.
enum Block {
    Line(String, Style),
    /// Words at the left and a number at the right.
    Counted(String, String),
    Space(u32),
    Rule,
    Code(Code),
}

impl Block {
    fn height(&self) -> u32 {
        match self {
            Self::Line(_, style) => style.line_height(),
            Self::Counted(..) => NAME.line_height(),
            Self::Space(dots) => *dots,
            Self::Rule => 3,
            Self::Code(code) => (code.side() + 2 * EDGE) * MODULE,
        }
    }
}

impl Receipt {
    /// The picture that the printer gets.
    pub fn draw(&self, text: &mut Text) -> Raster {
        let blocks = self.blocks();
        let size = Size::new(DOTS, blocks.iter().map(Block::height).sum());
        let mut canvas = Canvas::new(size);
        let Ok(()) = canvas.clear(Rgb888::BLACK);
        let mut top = 0;
        for block in &blocks {
            draw(block, top, &mut canvas, text);
            top += block.height() as i32;
        }
        raster(&canvas)
    }

    fn blocks(&self) -> Vec<Block> {
        let wording = wording();
        let say = |key: &str, values: &[_]| match self.language {
            Language::Chinese => wording.zh(key, values),
            Language::English => wording.en(key, values),
        };
        let day = self.day.map(|day| match self.language {
            Language::Chinese => day.day_zh(),
            Language::English => day.date(),
        });
        let name = format!("{} {}", self.place.village, self.place.station);
        let mut blocks = broken(&name, NAME);
        blocks.extend([Block::Space(6), Block::Rule, Block::Space(12)]);
        match &self.sheet {
            Sheet::Test => {
                blocks.extend(broken(&say("receipt-test", &[]), NAME));
                blocks.extend(day.into_iter().flat_map(|day| broken(&day, WORDS)));
                blocks.extend(broken(&say("receipt-test-reads", &[]), WORDS));
                // Where this line has gaps, dots of the printer's head are burnt out.
                blocks.extend([Block::Space(12), Block::Rule, Block::Space(10)]);
            }
            Sheet::Ticket(stub) => {
                blocks.extend(broken(&say("receipt-number", &[]), WORDS));
                blocks.extend(broken(&stub.ticket.to_string(), NUMBER));
                if let Some(opening) = &stub.opening {
                    blocks.extend([Block::Space(10), Block::Rule, Block::Space(12)]);
                    blocks.extend(broken(&say("receipt-opening", &[]), WORDS));
                    blocks.extend(broken(&opening.number.to_string(), NUMBER));
                    blocks.extend(broken(&say("receipt-secret", &[]), NAME));
                }
                let filed = day.map(|day| say("receipt-filed-on", &[("day", day.into())]));
                blocks.extend(filed.into_iter().flat_map(|filed| broken(&filed, WORDS)));
                blocks.push(Block::Code(Code::of(stub)));
                for key in ["receipt-saved", "receipt-look", "receipt-keep"] {
                    blocks.extend(broken(&say(key, &[]), WORDS));
                    blocks.push(Block::Space(10));
                }
            }
            Sheet::Tally(tally) => {
                blocks.extend(broken(&say("receipt-tally", &[]), WORDS));
                blocks.extend(broken(&tally.title, NAME));
                blocks.push(Block::Space(12));
                for (title, count) in &tally.projects {
                    blocks.extend(counted(title, *count));
                    blocks.push(Block::Space(6));
                }
                blocks.extend([Block::Rule, Block::Space(12)]);
                let values = [("counted", tally.counted.into()), ("tokens", tally.tokens.to_string().into())];
                blocks.extend(broken(&say("receipt-tally-counted", &values), WORDS));
                let as_of = match self.language {
                    Language::Chinese => tally.as_of.day_zh(),
                    Language::English => tally.as_of.date(),
                };
                blocks.extend(broken(&say("receipt-tally-by", &[("day", as_of.into())]), WORDS));
                blocks.push(Block::Space(10));
            }
        }
        blocks
    }
}

/// Words, broken into lines that fit the paper.
fn broken(words: &str, style: Style) -> Vec<Block> {
    lines(words, style, DOTS - 2 * MARGIN).into_iter().map(|line| Block::Line(line, style)).collect()
}

/// A title, and how many chose it at the end of its last line, or on the next where there is no room.
fn counted(title: &str, count: u64) -> Vec<Block> {
    let room = DOTS - 2 * MARGIN;
    let count = count.to_string();
    let mut titles = lines(title, WORDS, room);
    let last = titles.pop().unwrap_or_default();
    let mut blocks: Vec<Block> = titles.into_iter().map(|line| Block::Line(line, WORDS)).collect();
    if width(&last, WORDS) + WORDS.pixels + width(&count, NAME) > room {
        blocks.push(Block::Line(last, WORDS));
        blocks.push(Block::Counted(String::new(), count));
    } else {
        blocks.push(Block::Counted(last, count));
    }
    blocks
}

/// Draws one block in white on black, which is how glyphs are blended; the paper is the other way round.
fn draw(block: &Block, top: i32, canvas: &mut Canvas, text: &mut Text) {
    let mut fill = |x: u32, y: i32, size: Size| {
        let Ok(()) = canvas.fill_solid(&Rectangle::new(Point::new(x as i32, y), size), Rgb888::WHITE);
    };
    match block {
        Block::Space(_) => {}
        Block::Rule => fill(MARGIN, top, Size::new(DOTS - 2 * MARGIN, block.height())),
        Block::Line(line, style) => {
            // Only what is alone on its line looks well in the middle of it; running words begin at the edge.
            let spare = DOTS.saturating_sub(width(line, *style));
            let left = if *style == WORDS { MARGIN } else { spare / 2 };
            text.draw(canvas, left as i32, top + block.height() as i32 / 2, line, *style, Rgb888::WHITE);
        }
        Block::Counted(words, count) => {
            let (middle, far) = (top + block.height() as i32 / 2, DOTS - MARGIN - width(count, NAME));
            text.draw(canvas, MARGIN as i32, middle, words, WORDS, Rgb888::WHITE);
            text.draw(canvas, far as i32, middle, count, NAME, Rgb888::WHITE);
        }
        Block::Code(code) => {
            let left = (DOTS - code.side() * MODULE) / 2;
            for (x, y) in (0..code.side()).flat_map(|y| (0..code.side()).map(move |x| (x, y))) {
                if code.is_dark(x, y) {
                    let below = top + ((EDGE + y) * MODULE) as i32;
                    fill(left + x * MODULE, below, Size::new_equal(MODULE));
                }
            }
        }
    }
}

fn raster(canvas: &Canvas) -> Raster {
    let Size { width, height } = canvas.size();
    let mut raster = Raster::blank(height as usize);
    for y in 0..height {
        for (x, pixel) in (0..width).zip(canvas.row(y)) {
            let [.., coverage] = pixel.to_be_bytes();
            if coverage > COVERED {
                raster.blacken(x, y);
            }
        }
    }
    raster
}

/// The sentences of the paper.
fn wording() -> Wording {
    Wording::new(include_str!("../../wording/receipt/zh-CN.ftl"), include_str!("../../wording/receipt/en.ftl"))
        .expect("the wording compiled in has every sentence in both languages")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::sample_stub;

    fn receipt(day: Option<UnixSeconds>) -> Receipt {
        let place =
            Place {
                village: "石桥村".to_owned(), station: "代表联络站".to_owned(), county: "云水县".to_owned()
            };
        Receipt { sheet: Sheet::Ticket(sample_stub(18_376)), place, day, language: Language::Chinese }
    }

    #[test]
    fn a_receipt_is_a_hand_long_and_leaves_its_edges_white() {
        let picture = receipt(Some(UnixSeconds(1_795_140_000))).draw(&mut Text::new());
        // Eight dots are a millimetre.
        assert!((500..1_000).contains(&picture.rows.len()), "{}", picture.rows.len());
        assert!(picture.rows.iter().all(|row| row[0] == 0 && row[47] == 0));
    }

    #[test]
    fn a_clock_that_nobody_set_prints_no_day() {
        let mut text = Text::new();
        let with = receipt(Some(UnixSeconds(1_795_140_000))).draw(&mut text);
        let without = receipt(None).draw(&mut text);
        assert_eq!(with.rows.len() - without.rows.len(), WORDS.line_height() as usize);
    }

    #[test]
    fn a_test_slip_has_neither_a_number_nor_a_code() {
        let slip = Receipt { sheet: Sheet::Test, ..receipt(Some(UnixSeconds(1_795_140_000))) };
        let is_number = |block: &Block| matches!(block, Block::Code(_) | Block::Line(_, NUMBER));
        assert!(!slip.blocks().iter().any(is_number) && receipt(None).blocks().iter().any(is_number));
        assert!(slip.draw(&mut Text::new()).rows.iter().flatten().any(|byte| *byte != 0));
    }

    #[test]
    fn a_result_has_every_project_with_its_count_however_long_its_title_is() {
        let projects = vec![("农村班车".to_owned(), 71), ("把村口到石桥水库的那条路修宽修平装上路灯".repeat(2), 66)];
        let tally =
            Tally { title: "二〇二六年票选".to_owned(), tokens: 120, counted: 97, projects, ..Tally::default() };
        let slip = Receipt { sheet: Sheet::Tally(tally), ..receipt(None) };
        let counts: Vec<_> = slip
            .blocks()
            .into_iter()
            .filter_map(|block| if let Block::Counted(_, count) = block { Some(count) } else { None })
            .collect();
        assert_eq!(counts, ["71", "66"]);
        let picture = slip.draw(&mut Text::new());
        assert!(picture.rows.iter().all(|row| row[0] == 0 && row[47] == 0), "nothing leaves the paper");
    }

    #[test]
    fn the_number_stands_on_one_line() {
        assert_eq!(broken(&sample_stub(18_376).ticket.to_string(), NUMBER).len(), 1);
    }
}
