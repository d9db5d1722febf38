//! The square code of a ticket: its ten digits, and behind them what opens its slip, for a scanner at any kiosk.

use std::fmt;

use civic_core::opening::Stub;
use qrcodegen::{QrCode, QrCodeEcc};

/// White around the code, in modules: scanners need it to find the code.
pub const EDGE: u32 = 4;

/// A square of dark and light modules.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(QrCode);

impl Code {
    /// The code of a ticket.
    pub fn of(stub: &Stub) -> Self {
        // The strongest correction: paper is folded and rained on. Even so the digits fit into the third smallest code.
        let code = QrCode::encode_text(&stub.code(), QrCodeEcc::High);
        Self(code.expect("fifty digits fit into a code"))
    }

    /// Modules along one side, without the edge.
    pub fn side(&self) -> u32 {
        self.0.size() as u32
    }

    /// Whether the module in this column and row is dark. Everything outside is light.
    pub fn is_dark(&self, x: u32, y: u32) -> bool {
        let place = |at: u32| i32::try_from(at).unwrap_or(i32::MAX);
        self.0.get_module(place(x), place(y))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({} modules)", self.side())
    }
}

#[cfg(test)]
mod tests {
    use civic_core::{opening::Opening, ticket::Ticket};

    use super::*;

    #[test]
    fn a_ticket_alone_makes_the_smallest_code_there_is_and_what_opens_it_two_sizes_more() {
        let ticket = Ticket::new(412, 18_376).unwrap();
        assert_eq!(Code::of(&Stub { ticket, opening: Some(Opening::new([255; 24])) }).side(), 29);
        let code = Code::of(&Stub { ticket, opening: None });
        assert_eq!(code.side(), 21);
        // The finder in a corner, and light outside.
        assert!(code.is_dark(0, 0) && !code.is_dark(1, 1) && code.is_dark(3, 3) && !code.is_dark(21, 0));
    }
}
