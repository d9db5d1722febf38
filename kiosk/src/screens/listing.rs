//! Large rows to choose from, a page at a time.

use super::{Around, page_of};
use crate::{
    draw::{icon::Icon, theme::Look},
    view::{Length, Part, button, column, grid},
};

/// Rows on one page: as many as stay large on the smallest screen.
pub const ROWS: usize = 4;

/// The rows of this page; where there are more, a button below shows the next ones.
pub fn listing<T>(around: &Around<'_>, rows: Vec<Part<T>>, page: usize, more: T) -> Part<T>
where
    T: Clone,
{
    let has_more = rows.len() > ROWS;
    let shown = page_of(&rows, page, ROWS).to_vec();
    let mut parts = vec![(Length::Share(1), grid(12, [1, 1], ROWS, shown))];
    if has_more {
        let more = button(more, around.sentence("more-rows"), Some(Icon::Sentences), Look::Other);
        parts.push((Length::Fingers(1, 76), more));
    }
    column(12, parts)
}
