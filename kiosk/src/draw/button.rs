//! Buttons: a picture above large words, or beside them, with the other language small below.

use embedded_graphics::{prelude::*, primitives::Rectangle};

use crate::{
    draw::{
        Shown,
        brush::Brush,
        icon::Icon,
        measure::{Style, fit, on_one_line, width},
        needed::BUTTON_PADDING,
        surface::Surface,
        theme::{Colors, Look, TextSize},
    },
    view::{Button, Form},
};

/// The largest a picture on a button gets, in units.
const PICTURE_MAX: u32 = 150;

/// How far from the left edge of a list's button its picture begins, in units.
const ENTRY_INDENT: u32 = 24;

/// Draws a button, at rest or under a finger.
pub fn draw(brush: &mut Brush<'_>, button: &Button, area: Rectangle, pressed: bool) {
    let colors = brush.surface.theme.look(button.look, pressed);
    let inside = inside(button, area, brush.surface);
    let lifted = !pressed && !matches!(button.look, Look::OnBar | Look::Waiting);
    brush.plate(inside.offset(brush.px(BUTTON_PADDING)), colors.plate, lifted);
    let (tick, inside) = ticked(button, inside, brush.surface);
    if let Some(Rectangle { top_left, size }) = tick {
        brush.picture(Icon::Tick, size.width, top_left + size / 2, colors.picture);
    }
    match formed(button, inside.size, brush.surface) {
        Form::Tall => tall(brush, button, colors, inside),
        Form::Wide | Form::Entry => wide(brush, button, colors, inside),
        Form::Picture => {
            if let Some(icon) = button.icon {
                brush.picture(icon, inside.size.width.min(inside.size.height), inside.center(), colors.picture);
            }
        }
    }
}

/// The words of a button as they fit: the first language, and the other where there is height for it.
struct Fitted {
    style: Style,
    lines: Vec<String>,
    small: Style,
    /// Empty where there is no height for it.
    beside: Vec<String>,
}

impl Fitted {
    fn new(button: &Button, room: Size, surface: Surface) -> Self {
        let style = surface.style(button.size, true);
        let small = surface.style(TextSize::Small, false);
        let smallest = surface.smallest(style);
        let first = &button.words.first;
        // Two lines are read more easily than one of small letters.
        let in_lines = |lines| {
            let height = if lines == 1 { small.pixels } else { small.height_of(lines) };
            fit(&button.words.beside, small, surface.smallest(small), Size { height, ..room })
        };
        let (one, two) = (in_lines(1), in_lines(2));
        let larger = (two.0.pixels > one.0.pixels).then_some(two);
        for (small, beside) in larger.into_iter().chain([one]).filter(|_| !button.words.beside.is_empty()) {
            let height = room.height.saturating_sub(height_beside(small, &beside));
            let (fitted, lines) = fit(first, style, smallest, Size { height, ..room });
            // The other language may cost the first a fifth of its size, and no more.
            if fitted.pixels * 5 >= on_one_line(first, style, room.width).pixels * 4
                && fitted.height_of(lines.len()) <= height
            {
                return Self { style: fitted, lines, small, beside };
            }
        }
        let (style, lines) = fit(first, style, smallest, room);
        Self { style, lines, small, beside: Vec::new() }
    }

    fn height(&self) -> u32 {
        self.style.height_of(self.lines.len()) + height_beside(self.small, &self.beside)
    }

    fn width(&self) -> u32 {
        let first = self.lines.iter().map(|line| width(line, self.style));
        first.chain(self.beside.iter().map(|line| width(line, self.small))).max().unwrap_or(0)
    }

    /// Draws the words in the middle of a column, from this height on.
    fn draw(&self, brush: &mut Brush<'_>, column: Rectangle, top: i32, colors: Colors) {
        let first = self.style.height_of(self.lines.len()) as i32;
        brush.centred_lines(&self.lines, self.style, top + first / 2, column, colors.words);
        let middle = top + first + height_beside(self.small, &self.beside) as i32 * 3 / 5;
        brush.centred_lines(&self.beside, self.small, middle, column, colors.small);
    }
}

/// Height of the other language with the air above it.
fn height_beside(small: Style, beside: &[String]) -> u32 {
    if beside.is_empty() { 0 } else { small.line_height() * beside.len() as u32 + small.pixels / 5 }
}

fn tall(brush: &mut Brush<'_>, button: &Button, colors: Colors, inside: Rectangle) {
    let Tall { words, gap, side } = Tall::new(button, inside.size, brush.surface);
    let free = inside.size.height.saturating_sub(words.height() + gap + side) as i32;
    let top = inside.top_left.y + free / 2;
    if let Some(icon) = button.icon {
        brush.picture(icon, side, Point::new(inside.center().x, top + side as i32 / 2), colors.picture);
    }
    words.draw(brush, inside, top + (side + gap) as i32, colors);
}

/// Words with a picture above them, as they fit.
struct Tall {
    words: Fitted,
    gap: u32,
    /// Of the picture.
    side: u32,
}

impl Tall {
    fn new(button: &Button, inside: Size, surface: Surface) -> Self {
        let words = Fitted::new(button, room_beside_picture(button, Form::Tall, inside, surface), surface);
        let gap = words.style.pixels / 4;
        let side = inside.height.saturating_sub(words.height() + gap);
        Self { side: side.min(surface.pixels(PICTURE_MAX)).min(inside.width), words, gap }
    }
}

/// How picture and words lie in this place: where nothing much would be left of a picture above them, it stands beside
/// them.
fn formed(button: &Button, inside: Size, surface: Surface) -> Form {
    let is_low = || Tall::new(button, inside, surface).side < surface.style(button.size, true).pixels * 3 / 4;
    match button.form {
        Form::Tall if button.icon.is_some() && is_low() => Form::Wide,
        form @ (Form::Wide | Form::Entry | Form::Tall | Form::Picture) => form,
    }
}

fn wide(brush: &mut Brush<'_>, button: &Button, colors: Colors, inside: Rectangle) {
    let style = brush.surface.style(button.size, true);
    let side = button.icon.map_or(0, |_| (style.pixels * 5 / 4).min(inside.size.height));
    let room = room_beside_picture(button, Form::Wide, inside.size, brush.surface);
    let gap = inside.size.width.saturating_sub(room.width + side);
    let words = Fitted::new(button, room, brush.surface);
    let width = words.width().min(room.width);
    let left = match button.form {
        // Not further than the middle: words that need the whole width begin where there is room for them.
        Form::Entry => {
            (inside.top_left.x + brush.px(ENTRY_INDENT)).min(inside.center().x - (side + gap + width) as i32 / 2)
        }
        Form::Wide | Form::Tall | Form::Picture => inside.center().x - (side + gap + width) as i32 / 2,
    };
    if let Some(icon) = button.icon {
        brush.picture(icon, side, Point::new(left + side as i32 / 2, inside.center().y), colors.picture);
    }
    let column = Rectangle::new(Point::new(left + (side + gap) as i32, 0), Size::new(width, 0));
    words.draw(brush, column, inside.center().y - words.height() as i32 / 2, colors);
}

/// How the words of a button come out in this place.
pub fn shown(button: &Button, area: Rectangle, surface: Surface) -> Shown {
    let inside = ticked(button, inside(button, area, surface), surface).1.size;
    let room = room_beside_picture(button, formed(button, inside, surface), inside, surface);
    let words = Fitted::new(button, room, surface);
    let is_whole = words.height() <= room.height && words.width() <= room.width;
    Shown { pixels: words.style.pixels, is_whole }
}

/// Where the tick lies of what is chosen and keeps its own picture, and what is left for that and the words: all of it
/// where the picture stands above the words, for then a corner is free.
fn ticked(button: &Button, inside: Rectangle, surface: Surface) -> (Option<Rectangle>, Rectangle) {
    let is_ticked = matches!(button.look, Look::Chosen(_)) && button.icon.is_some_and(|icon| icon != Icon::Tick);
    if !is_ticked {
        return (None, inside);
    }
    let side = surface.style(button.size, true).pixels.min(inside.size.height);
    let Size { width, height } = inside.size;
    let (left, top) = match button.form {
        Form::Tall | Form::Picture => (0, 0),
        Form::Wide | Form::Entry => (side, (height - side) / 2),
    };
    let tick = Rectangle::new(inside.top_left + Size::new(0, top), Size::new_equal(side));
    let rest = Size::new(width.saturating_sub(left), height);
    (Some(tick), Rectangle::new(inside.top_left + Size::new(left, 0), rest))
}

/// Where words and picture of a button lie.
fn inside(button: &Button, area: Rectangle, surface: Surface) -> Rectangle {
    // The bar is touched to its edges, but its buttons stand off them.
    let area = if button.look == Look::OnBar { area.offset(-surface.px(5)) } else { area };
    area.offset(-surface.px(BUTTON_PADDING))
}

/// What the picture leaves to the words.
fn room_beside_picture(button: &Button, form: Form, inside: Size, surface: Surface) -> Size {
    let style = surface.style(button.size, true);
    match (form, button.icon) {
        (Form::Wide | Form::Entry, Some(_)) => {
            let picture = (style.pixels * 5 / 4).min(inside.height) + style.pixels / 3;
            Size::new(inside.width.saturating_sub(picture), inside.height)
        }
        // The picture gets at least a third of the height.
        (Form::Tall, Some(_)) => Size::new(inside.width, inside.height * 2 / 3),
        (Form::Wide | Form::Entry | Form::Tall | Form::Picture, _) => inside,
    }
}
