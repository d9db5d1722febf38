//! Where everything lies: the one function that drawing, touching, the five keys and reading aloud go by, so they cannot
//! disagree.

use embedded_graphics::{prelude::*, primitives::Rectangle};

use crate::{
    draw::{
        needed::{cells, firm, gaps, height, runs_down, width_of},
        surface::Surface,
    },
    view::{Act, Face, Grid, Length, Line, Part, Turn},
};

/// A piece with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// Where it lies; touching anywhere in it counts.
    pub area: Rectangle,
    /// What is drawn.
    pub face: Face,
    /// What touching it means, if anything.
    pub touch: Option<T>,
    /// When its turn comes; see [`reading`].
    pub turn: Turn,
}

/// Places every piece of a view, from back to front.
pub fn layout<T>(view: Part<T>, surface: Surface) -> Vec<Placed<Act<T>>> {
    let mut placed = Vec::new();
    place(view, Rectangle::new(Point::zero(), surface.size), surface, &mut placed);
    placed
}

/// The pieces in the order in which they are read aloud and the keys come to them.
pub fn reading<T>(placed: &[Placed<T>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..placed.len()).collect();
    order.sort_by_key(|index| placed[*index].turn);
    order
}

/// The frontmost target at this point.
pub fn hit<T>(placed: &[Placed<T>], point: Point) -> Option<usize> {
    placed.iter().rposition(|piece| piece.touch.is_some() && piece.area.contains(point))
}

/// The frontmost piece at this point that can be heard.
pub fn heard<T>(placed: &[Placed<T>], point: Point) -> Option<usize> {
    placed.iter().rposition(|piece| piece.area.contains(point) && piece.face.spoken().is_some())
}

fn place<T>(part: Part<T>, area: Rectangle, surface: Surface, placed: &mut Vec<Placed<Act<T>>>) {
    match part {
        Part::Leaf(leaf) if leaf.face == Face::Nothing && leaf.touch.is_none() => {}
        Part::Leaf(leaf) => placed.push(Placed { area, face: leaf.face, touch: leaf.touch, turn: leaf.turn }),
        Part::Sheet { paper, padding, inside } => {
            placed.push(Placed { area, face: Face::Sheet(paper), touch: None, turn: Turn::First });
            place(*inside, area.offset(-surface.px(padding)), surface, placed);
        }
        Part::Line(line) => place_line(line, area, surface, placed),
        Part::Grid(grid) => place_grid(grid, area, surface, placed),
    }
}

fn place_line<T>(line: Line<T>, area: Rectangle, surface: Surface, placed: &mut Vec<Placed<Act<T>>>) {
    let down = runs_down(line.way, surface);
    let (along, across) = turned(area.size, down);
    let lengths = share_out(&line, down, along, across, surface);
    let (mut at, gap) = (0, surface.px(line.gap));
    for ((_, part), length) in line.parts.into_iter().zip(lengths) {
        let (x, y, size) = if down { (0, at, Size::new(across, length)) } else { (at, 0, Size::new(length, across)) };
        place(part, Rectangle::new(area.top_left + Point::new(x, y), size), surface, placed);
        at += length as i32 + gap;
    }
}

fn place_grid<T>(grid: Grid<T>, area: Rectangle, surface: Surface, placed: &mut Vec<Placed<Act<T>>>) {
    let (across, down) = cells(&grid, surface);
    let gap = surface.pixels(grid.gap);
    let edge = |length: u32, of: usize, at: usize| {
        let free = length.saturating_sub(gap * (of as u32 - 1));
        (free * at as u32 / of as u32 + gap * at as u32) as i32
    };
    for (index, part) in grid.parts.into_iter().take(across * down).enumerate() {
        let (column, row) = (index % across, index / across);
        let [left, top] = [edge(area.size.width, across, column), edge(area.size.height, down, row)];
        let right = edge(area.size.width, across, column + 1) - gap as i32;
        let bottom = edge(area.size.height, down, row + 1) - gap as i32;
        let cell = Size::new((right - left).max(0) as u32, (bottom - top).max(0) as u32);
        place(part, Rectangle::new(area.top_left + Point::new(left, top), cell), surface, placed);
    }
}

/// The length of each piece of a line, in pixels. Where words need more than there is, those that need most give way, and
/// are drawn smaller. Pixels that do not divide go to the first shares.
pub(super) fn share_out<T>(line: &Line<T>, down: bool, along: u32, across: u32, surface: Surface) -> Vec<u32> {
    let wanted = |(length, part): &(Length, Part<T>)| match length {
        Length::Needed if down => height(part, across, surface),
        Length::Needed => width_of(part, surface),
        Length::Units(_) | Length::Fingers(..) | Length::Share(_) => 0,
    };
    let shares = |length: &Length| match length {
        Length::Share(shares) => *shares,
        Length::Units(_) | Length::Fingers(..) | Length::Needed => 0,
    };
    let firmly = line.parts.iter().map(|(length, _)| firm(*length, surface)).sum::<u32>();
    let free = along.saturating_sub(gaps(line, surface) + firmly);
    let needs: Vec<u32> = line.parts.iter().map(wanted).collect();
    let most = most_each(&needs, free);
    let mut left = free - needs.iter().map(|need| need.min(&most)).sum::<u32>();
    let mut shares_left = line.parts.iter().map(|(length, _)| shares(length)).sum::<u32>();
    let lengths = line.parts.iter().zip(needs).map(|((length, _), need)| match shares(length) {
        0 => firm(*length, surface) + need.min(most),
        shares => {
            let pixels = (left * shares).div_ceil(shares_left);
            left -= pixels;
            shares_left -= shares;
            pixels
        }
    });
    lengths.collect()
}

/// The most that each may have, so that all together have no more than there is.
fn most_each(needs: &[u32], free: u32) -> u32 {
    let mut sorted = needs.to_vec();
    sorted.sort_unstable();
    let mut left = free;
    for (index, need) in sorted.iter().enumerate() {
        let each = left / (sorted.len() - index) as u32;
        if *need > each {
            return each;
        }
        left -= need;
    }
    u32::MAX
}

/// Length along a line and across it.
fn turned(size: Size, down: bool) -> (u32, u32) {
    if down { (size.height, size.width) } else { (size.width, size.height) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        draw::{
            surface::FINGER,
            theme::{Ink, TextSize, Theme},
        },
        settings::Letters,
        view::{column, grid, key, row, turning, words},
    };

    fn on(width: u32, height: u32) -> Surface {
        Surface { size: Size::new(width, height), theme: Theme::default() }
    }

    fn three() -> Vec<(Length, Part<char>)> {
        vec![(Length::Units(100), key('a', "a")), (Length::Share(1), key('b', "b")), (Length::Share(2), key('c', "c"))]
    }

    #[test]
    fn shares_fill_what_firm_pieces_leave_to_the_last_pixel() {
        let widths: Vec<u32> =
            layout::<char>(row(10, three()), on(1024, 600)).iter().map(|piece| piece.area.size.width).collect();
        assert_eq!(widths, [100, 302, 602]);
    }

    #[test]
    fn a_turning_line_stands_on_an_upright_screen_and_a_grid_has_other_rows() {
        let places = |view, surface| -> Vec<(i32, i32)> {
            layout::<char>(view, surface).iter().map(|piece| piece.area.top_left.into()).collect()
        };
        assert_eq!(places(turning(0, three()), on(1024, 600)), [(0, 0), (100, 0), (408, 0)]);
        assert_eq!(places(turning(0, three()), on(600, 1024)), [(0, 0), (0, 100), (0, 408)]);
        let cells = || grid(0, [3, 1], 3, three().into_iter().map(|(_, part)| part).collect());
        assert_eq!(places(cells(), on(1024, 600)), [(0, 0), (341, 0), (682, 0)]);
        assert_eq!(places(cells(), on(600, 1024)), [(0, 0), (0, 341), (0, 682)]);
    }

    #[test]
    fn a_finger_is_never_scaled_below_its_floor() {
        let view = || column(0, vec![(Length::Fingers(1, 64), key('a', "a")), (Length::Share(1), key('b', "b"))]);
        let height = |surface| layout(view(), surface)[0].area.size.height;
        assert_eq!(height(on(1024, 600)), 64);
        assert_eq!(height(on(800, 480)), FINGER);
    }

    #[test]
    fn words_get_the_lines_they_need_and_more_where_letters_are_large() {
        let view = || {
            let long = words("路灯坏了，晚上看不见。".repeat(8), TextSize::Body, Ink::Black);
            column::<char>(0, vec![(Length::Needed, long), (Length::Share(1), key('b', "b"))])
        };
        let height = |surface| layout(view(), surface)[0].area.size.height;
        let large = Surface { theme: Theme { letters: Letters::Large, ..Theme::default() }, ..on(1024, 600) };
        assert_eq!(height(on(1024, 600)), 27 + 2 * 37 + 9);
        assert!(height(large) > height(on(1024, 600)));
    }

    #[test]
    fn where_words_need_too_much_the_longest_give_way() {
        assert_eq!(most_each(&[10, 80, 40], 130), u32::MAX);
        assert_eq!(most_each(&[10, 80, 40], 100), 50);
        assert_eq!(most_each(&[10, 80, 40], 60), 25);
    }

    #[test]
    fn a_touch_finds_the_piece_it_lies_in() {
        let view = row(4, vec![(Length::Share(1), key('a', "a")), (Length::Share(1), key('b', "b"))]);
        let placed = layout(view, on(1024, 600));
        assert_eq!(hit(&placed, Point::new(5, 5)), Some(0));
        assert_eq!(hit(&placed, Point::new(1020, 590)), Some(1));
        assert_eq!(hit(&placed, Point::new(511, 5)), None);
    }
}
