//! The kernel's events of input devices (`/dev/input/event0`): no library, and any file can stand in for a device.

use std::{
    io::{self, ErrorKind, Read},
    time::Duration,
};

/// One event, as the kernel writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawEvent {
    /// When it happened, by the kernel's clock. That clock may be set meanwhile, so a later event may bear an earlier
    /// time; within one press or one scan it is exact, however late the event is read.
    pub at: Duration,
    pub kind: u16,
    pub code: u16,
    pub value: i32,
}

// The kernel's names for what is followed (linux/input-event-codes.h).
pub(crate) const EV_SYN: u16 = 0x00;
pub(crate) const EV_KEY: u16 = 0x01;
pub(crate) const EV_ABS: u16 = 0x03;

/// A machine word of seconds and one of microseconds stand before each event.
const WORD: usize = size_of::<usize>();
const EVENT_BYTES: usize = 2 * WORD + 8;

/// Reads events until `take` says that nobody wants them any more (`false`), or the device goes away.
pub(crate) fn read_events(mut events: impl Read, mut take: impl FnMut(RawEvent) -> bool) -> io::Result<()> {
    let mut bytes = [0; EVENT_BYTES];
    loop {
        match events.read_exact(&mut bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        if !take(RawEvent::parse(&bytes)) {
            return Ok(());
        }
    }
}

impl RawEvent {
    fn parse(bytes: &[u8; EVENT_BYTES]) -> Self {
        let word = |at: usize| {
            let mut word = [0; WORD];
            word.copy_from_slice(&bytes[at..at + WORD]);
            usize::from_ne_bytes(word) as u64
        };
        let [.., k0, k1, c0, c1, v0, v1, v2, v3] = *bytes;
        Self {
            at: Duration::from_secs(word(0)).saturating_add(Duration::from_micros(word(WORD))),
            kind: u16::from_ne_bytes([k0, k1]),
            code: u16::from_ne_bytes([c0, c1]),
            value: i32::from_ne_bytes([v0, v1, v2, v3]),
        }
    }

    /// The bytes the kernel would write.
    #[cfg(test)]
    pub(crate) fn bytes(self) -> Vec<u8> {
        let seconds = (self.at.as_secs() as usize).to_ne_bytes();
        let micros = (self.at.subsec_micros() as usize).to_ne_bytes();
        let rest = [&self.kind.to_ne_bytes()[..], &self.code.to_ne_bytes(), &self.value.to_ne_bytes()].concat();
        [&seconds[..], &micros, &rest].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_as_it_was_written_and_a_torn_one_ends_the_device() {
        let event = RawEvent { at: Duration::from_millis(1_500), kind: EV_KEY, code: 28, value: -1 };
        let bytes = [event.bytes(), event.bytes()[..7].to_vec()].concat();
        let mut read = Vec::new();
        read_events(bytes.as_slice(), |event| {
            read.push(event);
            true
        })
        .unwrap();
        assert_eq!(read, [event]);
    }
}
