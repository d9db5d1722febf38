//! The last lines of this program's log, in memory: for whoever stands at a machine that has no terminal. They say what the
//! log says, and so hold no word, name or number of a person.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Lines that are remembered.
pub const LINES_MAX: usize = 200;
/// Longest of them, in bytes; the rest of a longer one is left out.
pub const LINE_LEN_MAX: usize = 400;

// A std mutex: held for one line.
static LINES: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// The lines, the oldest first.
pub fn lines() -> Vec<String> {
    remembered().iter().cloned().collect()
}

/// Where the log is written to, besides standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail;

impl Write for Tail {
    /// Takes whole lines, as a subscriber writes them.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = remembered();
        for line in String::from_utf8_lossy(bytes).lines() {
            if lines.len() == LINES_MAX {
                lines.pop_front();
            }
            lines.push_back(line[..line.floor_char_boundary(LINE_LEN_MAX)].to_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn remembered() -> MutexGuard<'static, VecDeque<String>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_remembered_and_long_ones_are_cut() {
        for number in 0..LINES_MAX + 5 {
            Tail.write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        Tail.write_all(format!("{}\n", "路".repeat(LINE_LEN_MAX)).as_bytes()).unwrap();
        let lines = lines();
        assert_eq!((lines.len(), lines[0].as_str()), (LINES_MAX, "line 6"));
        assert_eq!(lines[LINES_MAX - 1].len(), LINE_LEN_MAX / 3 * 3);
    }
}
