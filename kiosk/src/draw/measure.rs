//! How wide words are and where their lines break, without drawing a single one. Layout and drawing both ask here.

use std::sync::LazyLock;

use swash::FontRef;
use web::font::{BOLD, REGULAR};

use embedded_graphics::prelude::Size;

/// Marks that must not begin a line.
const NOT_FIRST: &str = "，。、；：！？）》」』】〉〕”’…—％%,.;:!?)";

/// Marks that must not end a line.
const NOT_LAST: &str = "（《「『【〈〔“‘(";

/// Characters that are written for digits.
const NUMERALS: &str = "〇零一二两三四五六七八九十百千万亿";

/// What is counted stands on the line of its number.
const COUNTED: &str = "年月日号点时分秒天岁个件户次项处条页人位张米里亩元块";

/// A date goes on behind these.
const IN_DATES: &str = "年月";

/// Marks that end what is said.
const ENDS: &[&str] = &["。", "；", "！", "？", ". ", "; ", "? "];

/// Marks at which one pauses.
const PAUSES: &[&str] = &["，", "：", "、", " · ", ", ", ": "];

/// Stands between two things on one line.
const PARTS: char = '·';

/// So few characters stay together.
const FEW: usize = 8;

/// And so few whatever it costs.
const FEWEST: usize = 3;

/// Of so few lines each is looked at; more of them are running words.
const FEW_LINES: usize = 4;

/// A last line that is no longer than this many characters looks lost.
const ALONE: u32 = 3;

/// From here on, every character of the fonts is a full square wide; before it each has its own width.
const SQUARE_FROM: u32 = 0x2E80;

/// Weight of the strokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weight {
    /// For running words.
    Regular,
    /// For headings and buttons.
    Bold,
}

/// How words are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Weight of the strokes.
    pub weight: Weight,
    /// Height of a character, in pixels.
    pub pixels: u32,
}

impl Style {
    /// From one line to the next. Chinese needs more air than Latin.
    pub fn line_height(self) -> u32 {
        self.pixels * 7 / 5
    }

    /// Height of so many lines. The air above the first and below the last is not counted.
    pub fn height_of(self, lines: usize) -> u32 {
        (self.line_height() * lines as u32).saturating_sub(self.line_height() - self.pixels)
    }
}

/// The font of this weight, compiled in.
pub(super) fn font(weight: Weight) -> FontRef<'static> {
    let bytes = match weight {
        Weight::Regular => REGULAR,
        Weight::Bold => BOLD,
    };
    FontRef::from_index(bytes, 0).expect("the fonts compiled in are fonts")
}

/// Whether both weights have a glyph for this character.
pub fn has(character: char) -> bool {
    [Weight::Regular, Weight::Bold].into_iter().all(|weight| font(weight).charmap().map(character) != 0)
}

/// From the pen before a character to the pen behind it, in pixels. A missing character is as wide as its box.
pub(super) fn advance(character: char, style: Style) -> f32 {
    static NARROW: LazyLock<[Vec<f32>; 2]> = LazyLock::new(|| [Weight::Regular, Weight::Bold].map(narrow));
    let widths = match style.weight {
        Weight::Regular => &NARROW[0],
        Weight::Bold => &NARROW[1],
    };
    widths.get(character as usize).copied().unwrap_or(1.0) * style.pixels as f32
}

/// Widths of the characters that are not square, in heights of a character.
fn narrow(weight: Weight) -> Vec<f32> {
    let font = font(weight);
    let (charmap, metrics) = (font.charmap(), font.glyph_metrics(&[]).scale(1.0));
    let width = |code| match charmap.map(code) {
        0 => 1.0,
        glyph => metrics.advance_width(glyph),
    };
    (0..SQUARE_FROM).map(width).collect()
}

/// Width of a line, in pixels.
pub fn width(line: &str, style: Style) -> u32 {
    line.chars().map(|character| advance(character, style)).sum::<f32>().ceil() as u32
}

/// Breaks words into lines no wider than this. Chinese breaks anywhere except around its marks, Latin at spaces.
pub fn lines(words: &str, style: Style, available: u32) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in words.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        for piece in pieces(paragraph) {
            let piece_width = width(piece, style);
            if used + width(piece.trim_end(), style) > available && !line.is_empty() {
                lines.push(ended(&line));
                line.clear();
                used = 0;
                if piece.trim_end().strip_prefix(PARTS) == Some("") {
                    continue;
                }
            }
            if piece_width > available {
                // A word longer than a line: a web address, or noise from a keyboard.
                for character in piece.chars() {
                    let character_width = width(character.encode_utf8(&mut [0; 4]), style);
                    if used + character_width > available && !line.is_empty() {
                        lines.push(std::mem::take(&mut line));
                        used = 0;
                    }
                    line.push(character);
                    used += character_width;
                }
            } else {
                line.push_str(piece);
                used += piece_width;
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// A line that goes on in the next: where it ends, nothing more parts two things.
fn ended(line: &str) -> String {
    line.trim_end().trim_end_matches(PARTS).trim_end().to_owned()
}

/// The largest size down to `smallest` at which the words fit, and their lines at that size. A little smaller still where
/// a word would be torn in two.
pub fn fit(words: &str, style: Style, smallest: u32, area: Size) -> (Style, Vec<String>) {
    let mut style = on_one_line(words, style, area.width);
    let is_torn = |style| pieces(words).iter().any(|piece| width(piece.trim_end(), style) > area.width);
    let smallest = if is_torn(Style { pixels: smallest, ..style }) { smallest * 3 / 4 } else { smallest };
    loop {
        let lines = lines(words, style, area.width);
        let wide = lines.iter().any(|line| width(line, style) > area.width);
        if (style.height_of(lines.len()) <= area.height && !wide && whole(words, &lines)) || style.pixels <= smallest {
            return (style, if lines.len() > 1 { well_broken(words, style, area.width) } else { lines });
        }
        style.pixels -= 1;
    }
}

/// The size at which a name or a few words stay on one line, where a quarter smaller at most is enough for it: in two lines
/// they would be read as two things.
pub fn on_one_line(words: &str, style: Style, available: u32) -> Style {
    let wanted = width(words, style);
    let kept = Style { pixels: style.pixels * available / wanted.max(1), ..style };
    let count = words.chars().count();
    let is_short = count <= FEW && !words.contains(['\n', ' ']);
    // A word of two or three is never two.
    let least = if count <= FEWEST { style.pixels / 2 } else { (style.pixels * 3).div_ceil(4) };
    if wanted > available && is_short && kept.pixels >= least { kept } else { style }
}

/// As many lines as [`lines`] breaks them into. Of a few, each ends at a mark where it can, and the last never holds a
/// character or two alone.
fn well_broken(words: &str, style: Style, available: u32) -> Vec<String> {
    let paragraphs = words.split('\n').map(|paragraph| {
        let usual = lines(paragraph, style, available);
        if (2..=FEW_LINES).contains(&usual.len()) { broken_at_marks(paragraph, style, available, usual) } else { usual }
    });
    paragraphs.flatten().collect()
}

fn broken_at_marks(paragraph: &str, style: Style, available: u32, usual: Vec<String>) -> Vec<String> {
    let (Some(first), Some(last)) = (usual.first(), usual.last()) else { return usual };
    // What is said ends a line before a pause does, and a pause only the first of two.
    let kinds = if usual.len() == 2 { &[ENDS, PAUSES][..] } else { &[ENDS][..] };
    for end in kinds.iter().flat_map(|marks| ends(first, marks)) {
        let (head, rest) = paragraph.split_at(end);
        let is_long = width(head, style) * 3 > available;
        if !is_long || rest.trim_start().starts_with(|next| NOT_FIRST.contains(next)) {
            continue;
        }
        let rest_lines = lines(rest.trim_start(), style, available);
        if rest_lines.len() < usual.len() {
            let rest = match rest_lines.len() {
                0 | 1 => rest_lines,
                _ => broken_at_marks(rest.trim_start(), style, available, rest_lines),
            };
            return std::iter::once(ended(head)).chain(rest).collect();
        }
    }
    if width(last, style) > ALONE * style.pixels {
        return usual;
    }
    // As narrow as they can be, all lines are about as long.
    let steps = (1..=available / style.pixels).map(|step| available - step * style.pixels / 2);
    let narrower = steps.map(|available| lines(paragraph, style, available));
    narrower.take_while(|lines| lines.len() == usual.len() && whole(paragraph, lines)).last().unwrap_or(usual)
}

/// Where these marks end, from the last on.
fn ends(line: &str, marks: &[&str]) -> Vec<usize> {
    let each = marks.iter().flat_map(|mark| line.match_indices(mark).map(|(at, mark)| at + mark.len()));
    let mut ends: Vec<usize> = each.collect();
    ends.sort_unstable_by(|one, other| other.cmp(one));
    ends
}

/// Whether no word was broken inside. Chinese may break anywhere, a Latin word is made smaller rather than broken.
fn whole(words: &str, lines: &[String]) -> bool {
    let latin_words =
        |text: &str| text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()).count();
    latin_words(words) == lines.iter().map(|line| latin_words(line)).sum::<usize>()
}

/// The smallest pieces that stay together: a Latin word with its space, or a Han character with its marks.
fn pieces(paragraph: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, character) in paragraph.char_indices() {
        if let Some(before) = before
            && may_break(before, character)
        {
            pieces.push(&paragraph[start..at]);
            start = at;
        }
        before = Some(character);
    }
    pieces.push(&paragraph[start..]);
    pieces
}

fn may_break(before: char, after: char) -> bool {
    // Latin letters, digits and their marks stay together between spaces.
    let latin = |character: char| u32::from(character) < SQUARE_FROM && character != ' ';
    if NOT_LAST.contains(before) || NOT_FIRST.contains(after) || after == ' ' {
        return false;
    }
    // A number, what it counts, and a date.
    let is_number = |character: char| character.is_ascii_digit() || NUMERALS.contains(character);
    if is_number(before) && (NUMERALS.contains(after) || COUNTED.contains(after))
        || IN_DATES.contains(before) && is_number(after)
    {
        return false;
    }
    before == ' ' || !(latin(before) && latin(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style { weight: Weight::Regular, pixels: 20 };

    #[track_caller]
    fn check_lines(words: &str, width: u32, expected: &[&str]) {
        assert_eq!(lines(words, STYLE, width), expected);
    }

    #[test]
    fn no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() {
        check_lines("村口路灯坏了，晚上黑", 120, &["村口路灯坏", "了，晚上黑"]);
        check_lines("他说（很黑）真的！？", 80, &["他说（很", "黑）真", "的！？"]);
        check_lines("请看《通知》。", 60, &["请看", "《通", "知》。"]);
    }

    #[test]
    fn a_number_stays_with_what_it_counts_and_a_date_is_one() {
        check_lines("下次来是11月20日", 100, &["下次来是", "11月20日"]);
        check_lines("修了一百二十米路", 100, &["修了", "一百二十米", "路"]);
        check_lines("接待日 · 石桥村", 80, &["接待日", "石桥村"]);
    }

    #[test]
    fn a_word_is_made_smaller_before_it_is_torn_and_a_short_one_is_never_two() {
        let area = Size::new(30, 60);
        let (style, lines) = fit("不读", STYLE, 10, area);
        assert_eq!((style.pixels, lines), (15, vec!["不读".to_owned()]));
        let (style, lines) = fit("communication", STYLE, 16, Size::new(90, 60));
        assert!((12..16).contains(&style.pixels) && lines == ["communication"], "{style:?} {lines:?}");
    }

    #[test]
    fn latin_words_stay_whole_and_newlines_are_kept() {
        check_lines("Roads and transport", 120, &["Roads and", "transport"]);
        check_lines("一\n\n二", 100, &["一", "", "二"]);
        check_lines("电话13800138000，找他", 160, &["电话", "13800138000，", "找他"]);
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken_and_not_lost() {
        let lines = lines("abcdefghijklmnopqrstuvwxyz", STYLE, 60);
        assert!(lines.len() > 1);
        assert_eq!(lines.concat(), "abcdefghijklmnopqrstuvwxyz");
    }

    #[test]
    fn a_few_lines_end_at_marks_and_no_character_stands_alone_on_the_last() {
        let broken = |words: &str, width| fit(words, STYLE, 20, Size::new(width, 200)).1;
        assert_eq!(
            broken("您的话收好了，有网的时候送到县里。谢谢您！", 380),
            ["您的话收好了，有网的时候送到县里。", "谢谢您！"]
        );
        assert_eq!(broken("有答复了，请您看看满意不满意", 240), ["有答复了，", "请您看看满意不满意"]);
        assert_eq!(broken("二〇二六年民生实事项目票选", 240), ["二〇二六年民生", "实事项目票选"]);
        assert_eq!(broken("One. Two and three and four", 160), ["One. Two and", "three and four"]);
        assert_eq!(broken("地址要带端口，例如 10.0.0.5:4433。", 260), ["地址要带端口，", "例如 10.0.0.5:4433。"]);
    }

    #[test]
    fn a_few_characters_become_a_little_smaller_rather_than_two_lines() {
        let (style, lines) = fit("录提示音", STYLE, 8, Size::new(66, 200));
        assert_eq!((style.pixels, lines), (16, vec!["录提示音".to_owned()]));
        assert_eq!(fit("录提示音", STYLE, 8, Size::new(40, 200)).1, ["录提", "示音"]);
    }

    #[test]
    fn a_latin_word_is_made_smaller_before_it_is_broken() {
        let (style, lines) = fit("Irrigation", STYLE, 8, Size::new(70, 60));
        assert!(style.pixels < STYLE.pixels);
        assert_eq!(lines, ["Irrigation"]);
    }

    #[test]
    fn every_character_that_is_taken_for_square_is_square() {
        for weight in [Weight::Regular, Weight::Bold] {
            let font = font(weight);
            let metrics = font.glyph_metrics(&[]).scale(1.0);
            let odd: String = web::font::CHARACTERS
                .chars()
                .filter(|character| u32::from(*character) >= SQUARE_FROM)
                .filter(|character| metrics.advance_width(font.charmap().map(*character)) != 1.0)
                .collect();
            assert_eq!(odd, "", "{weight:?}");
        }
    }

    #[test]
    fn every_character_of_the_list_has_a_glyph_in_both_weights() {
        let list = web::font::CHARACTERS;
        let table = list.lines().next().unwrap_or_default();
        assert_eq!(table.chars().count(), 8_105);
        let missing: String = list.chars().filter(|character| *character != '\n' && !has(*character)).collect();
        assert_eq!(missing, "");
    }
}
