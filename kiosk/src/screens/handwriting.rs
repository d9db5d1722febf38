//! Writing with a finger: one large square for one character, and what was written before beside it. What is drawn is kept as
//! it is drawn; characters that it may be are only offered, and nobody has to choose one.

use civic_core::ink::{BOXES_MAX, DOTS_MAX, Dot, InkBox, SIDE, STROKE_DOTS_MAX, STROKES_MAX, Stroke};

use super::{Around, Next, Page, after_saying, key_pen::KeyPen, page, writing::Writing};
use crate::{
    app::Key,
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    handwriting::handwriting,
    station::Draft,
    view::{Length, Part, button, column, command_key, grid, ink, pad, picture_button, row, sheet, turning, words},
};

/// Candidates in sight: two rows of four.
const CANDIDATES: usize = 8;

/// Boxes in sight beside the square: the last ones.
const BOXES: usize = 6;

/// So long the keys take for a step, in the strokes that they draw.
const KEY_MS: u16 = 100;

/// A finger is somewhere else when it is this far from where it was, in units of the box.
const MOVED: u16 = 5;

/// Somebody writing with a finger.
#[derive(Clone, Debug, PartialEq)]
pub struct Handwriting {
    /// What was said so far. The last box of its ink is the one that is written in.
    pub draft: Draft,
    /// The stroke that is being drawn.
    pen: Stroke,
    /// The pen that the keys hold, while they do.
    key_pen: Option<KeyPen>,
    /// What the box may be.
    candidates: Vec<char>,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the sentences; what was drawn is kept.
    Back,
    /// The keys take the pen.
    Pen,
    /// That is what was meant; on to the next box.
    Meant(char),
    /// Take the last stroke away, or go back to the box before.
    Undo,
    /// On to the next box.
    Next,
    /// Done writing.
    Done,
}

impl Handwriting {
    /// Goes on with the ink of this draft.
    pub fn new(draft: Draft) -> Self {
        let mut screen = Self { draft, pen: Stroke::default(), key_pen: None, candidates: Vec::new() };
        if screen.draft.ink.boxes.is_empty() {
            screen.draft.ink.boxes.push(InkBox::default());
        }
        screen.recognise();
        screen
    }

    /// The finger came down here, from the left and from the top of the square in its own units.
    pub fn pen_down(&mut self, x: u16, y: u16) {
        self.key_pen = None;
        self.draw_from(x, y);
    }

    fn draw_from(&mut self, x: u16, y: u16) {
        self.pen = Stroke { dots: vec![Dot { x, y, ms: 0 }] };
    }

    /// It is here now, so many milliseconds later.
    pub fn pen_moved(&mut self, x: u16, y: u16, ms: u16) {
        let Some(last) = self.pen.dots.last() else { return };
        let is_elsewhere = last.x.abs_diff(x).max(last.y.abs_diff(y)) >= MOVED;
        if is_elsewhere && self.pen.dots.len() < STROKE_DOTS_MAX {
            self.pen.dots.push(Dot { x: x.min(SIDE), y: y.min(SIDE), ms });
        }
    }

    /// It lifted: the stroke is kept.
    pub fn pen_up(&mut self) {
        let stroke = std::mem::take(&mut self.pen);
        let has_room = self.draft.ink.dots() + stroke.dots.len() <= DOTS_MAX;
        let one = self.current();
        if !stroke.dots.is_empty() && has_room && one.strokes.len() < STROKES_MAX {
            one.strokes.push(stroke);
            // Whoever goes on drawing meant something else.
            one.meant = None;
            self.recognise();
        }
    }

    /// It was lost: nothing of the stroke stays.
    pub fn pen_lost(&mut self) {
        self.pen = Stroke::default();
    }

    /// Moves the pen that the keys hold: up and down along its line, the reading key turns the line, choosing puts it down
    /// and lifts it, and the way back takes it out of hand. Whether it is in hand.
    pub fn key(&mut self, key: Key) -> bool {
        let Some(mut pen) = self.key_pen else { return false };
        match key {
            Key::Up | Key::Down => {
                pen.go(key == Key::Down);
                self.pen_moved(pen.x, pen.y, self.pen.dots.last().map_or(0, |dot| dot.ms.saturating_add(KEY_MS)));
            }
            Key::Read => pen.turn(),
            Key::Select => {
                pen.is_down = !pen.is_down;
                if pen.is_down { self.draw_from(pen.x, pen.y) } else { self.pen_up() }
            }
            Key::Back => {
                self.pen_up();
                self.key_pen = None;
                return true;
            }
        }
        self.key_pen = Some(pen);
        true
    }

    /// The box that is written in. There is one from the beginning on.
    fn current(&mut self) -> &mut InkBox {
        let boxes = &mut self.draft.ink.boxes;
        if boxes.is_empty() {
            boxes.push(InkBox::default());
        }
        let last = boxes.len() - 1;
        &mut boxes[last]
    }

    fn recognise(&mut self) {
        self.candidates = match self.draft.ink.boxes.last() {
            Some(one) if !one.strokes.is_empty() => handwriting().candidates(&one.strokes),
            Some(_) | None => Vec::new(),
        };
        self.candidates.truncate(CANDIDATES);
    }

    fn undo(&mut self) {
        let one = self.current();
        if one.strokes.pop().is_some() {
            one.meant = None;
        } else if self.draft.ink.boxes.len() > 1 {
            self.draft.ink.boxes.pop();
            self.current().meant = None;
        }
        self.recognise();
    }

    fn next_box(&mut self) {
        let is_written = !self.current().strokes.is_empty();
        if is_written && self.draft.ink.boxes.len() < BOXES_MAX {
            self.draft.ink.boxes.push(InkBox::default());
            self.recognise();
        }
    }

    fn is_full(&self) -> bool {
        let ink = &self.draft.ink;
        ink.boxes.len() >= BOXES_MAX || ink.dots() + STROKE_DOTS_MAX > DOTS_MAX
    }
}

impl Page for Handwriting {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let (one, before) = match self.draft.ink.boxes.split_last() {
            Some((one, before)) => (one.clone(), before),
            None => (InkBox::default(), &[][..]),
        };
        let is_written = !one.strokes.is_empty();
        let meant = one.meant;
        let hint = around.sentence("handwriting-square");
        let square = pad(Touch::Pen, one.strokes, self.pen.clone(), self.key_pen, hint);
        let last = before[before.len().saturating_sub(BOXES)..].to_vec();
        let said = around.sentence_with("handwriting-boxes", &[("boxes", before.len().to_string())]);
        let strip = if last.is_empty() {
            words(around.sentence("handwriting-how"), TextSize::Body, Ink::Grey)
        } else {
            ink(last, said)
        };
        let candidates = self.candidates.iter().map(|character| {
            let look = if meant == Some(*character) { Look::Chosen(Ink::Green) } else { Look::Choice(Ink::Black) };
            let touch = Touch::Meant(*character);
            command_key(touch, *character, None, look)
        });
        let offered: Vec<_> = candidates.collect();
        let hint = if self.is_full() {
            "handwriting-full"
        } else if self.key_pen.is_some() {
            "handwriting-keys"
        } else if offered.is_empty() {
            "handwriting-then"
        } else {
            "handwriting-meant"
        };
        let undo = picture_button(Touch::Undo, around.sentence("handwriting-undo"), Icon::Undo, Look::Other);
        let on = if is_written && !self.is_full() { Look::Choice(Ink::Blue) } else { Look::Waiting };
        let next = button(Touch::Next, around.sentence("handwriting-next").alone(), Some(Icon::Forward), on);
        let done = if self.draft.says_something() { Look::Next } else { Look::Waiting };
        let done = button(Touch::Done, around.sentence("done-writing").alone(), Some(Icon::Tick), done);
        let before = vec![(Length::Share(1), sheet(Paper::Card, 6, strip)), (Length::Fingers(1, 84), undo)];
        let mut side = vec![(Length::Fingers(1, 72), row(8, before))];
        if !offered.is_empty() {
            side.push((Length::Fingers(2, 84), grid(0, [4, 4], CANDIDATES, offered)));
        }
        side.push((Length::Share(1), words(around.sentence(hint), TextSize::Body, Ink::Black)));
        side.push((Length::Fingers(1, 72), row(8, vec![(Length::Share(1), next), (Length::Share(1), done)])));
        let side = column(8, side);
        let body = turning(14, vec![(Length::Share(1), square), (Length::Share(1), side)]);
        page(around, Some(Touch::Back), around.sentence("handwriting-title"), body)
    }

    fn touched(mut self, touch: Touch) -> Next {
        self.pen_lost();
        self.key_pen = None;
        match touch {
            Touch::Pen => self.key_pen = Some(KeyPen::default()),
            // A question of a consultation offers this beside writing, not behind it.
            Touch::Back if self.draft.about.is_reply() => return after_saying(self.draft),
            Touch::Back => return Next::show(Writing::new(self.draft)),
            Touch::Meant(character) => {
                self.current().meant = Some(character);
                self.next_box();
            }
            Touch::Undo => self.undo(),
            Touch::Next => self.next_box(),
            Touch::Done if !self.draft.says_something() => {}
            Touch::Done => return after_saying(self.draft),
        }
        Next::show(self)
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screens::Screen;

    fn drawn(screen: &mut Handwriting, from: (u16, u16), to: (u16, u16)) {
        screen.pen_down(from.0, from.1);
        for step in 1..=10u16 {
            let between = |from: u16, to: u16| {
                (i32::from(from) + (i32::from(to) - i32::from(from)) * i32::from(step) / 10) as u16
            };
            screen.pen_moved(between(from.0, to.0), between(from.1, to.1), step * 20);
        }
        screen.pen_up();
    }

    fn ten() -> Handwriting {
        let mut screen = Handwriting::new(Draft::default());
        drawn(&mut screen, (150, 450), (850, 440));
        drawn(&mut screen, (500, 120), (500, 900));
        screen
    }

    fn touched(screen: Handwriting, touch: Touch) -> Handwriting {
        let next = screen.touched(touch);
        let Next::Show(Screen::Handwriting(screen)) = next else { panic!("left the screen: {next:?}") };
        screen
    }

    #[test]
    fn what_is_drawn_is_kept_and_a_character_is_only_offered() {
        let screen = ten();
        assert_eq!(screen.candidates.first(), Some(&'十'));
        assert_eq!((screen.draft.ink.boxes[0].strokes.len(), screen.draft.words().as_str()), (2, ""));
        assert!(screen.draft.says_something(), "ink alone says something");
        let chosen = touched(screen, Touch::Meant('十'));
        assert_eq!((chosen.draft.ink.boxes.len(), chosen.draft.words().as_str()), (2, "十"));
    }

    #[test]
    fn the_last_stroke_is_taken_back_and_then_the_box_before_it() {
        let mut screen = touched(touched(ten(), Touch::Meant('十')), Touch::Undo);
        assert_eq!((screen.draft.ink.boxes.len(), screen.draft.words().as_str()), (1, ""));
        for _ in 0..3 {
            screen = touched(screen, Touch::Undo);
        }
        assert!(!screen.draft.says_something() && screen.candidates.is_empty());
    }

    #[test]
    fn an_empty_box_is_not_passed_over_and_there_is_an_end() {
        let mut screen = Handwriting::new(Draft::default());
        screen = touched(screen, Touch::Next);
        assert_eq!(screen.draft.ink.boxes.len(), 1);
        for _ in 0..BOXES_MAX + 3 {
            drawn(&mut screen, (100, 100), (900, 900));
            screen = touched(screen, Touch::Next);
        }
        assert!(screen.draft.ink.boxes.len() == BOXES_MAX && screen.is_full());
    }

    #[test]
    fn the_keys_write_what_a_finger_writes() {
        let mut screen = touched(Handwriting::new(Draft::default()), Touch::Pen);
        let press = |screen: &mut Handwriting, keys: &[(Key, usize)]| {
            keys.iter().for_each(|(key, times)| (0..*times).for_each(|_| assert!(screen.key(*key))));
        };
        // 十: across from the left, then down from the top.
        press(&mut screen, &[(Key::Up, 8), (Key::Select, 1), (Key::Down, 16), (Key::Select, 1), (Key::Up, 8)]);
        press(&mut screen, &[(Key::Read, 2), (Key::Up, 8), (Key::Select, 1), (Key::Down, 16), (Key::Select, 1)]);
        assert_eq!(screen.candidates.first(), Some(&'十'));
        assert_eq!(screen.draft.ink.boxes[0].strokes.len(), 2);
        // A pen that is put away while it draws has drawn.
        press(&mut screen, &[(Key::Select, 1), (Key::Up, 3), (Key::Back, 1)]);
        assert_eq!((screen.draft.ink.boxes[0].strokes.len(), screen.key(Key::Down)), (3, false));
    }

    #[test]
    fn a_finger_that_rests_adds_no_dots_and_one_that_is_lost_leaves_nothing() {
        let mut screen = Handwriting::new(Draft::default());
        screen.pen_down(500, 500);
        for ms in 1..200 {
            screen.pen_moved(502, 499, ms);
        }
        assert_eq!(screen.pen.dots.len(), 1);
        screen.pen_lost();
        screen.pen_up();
        assert!(screen.draft.ink.is_empty());
    }
}
