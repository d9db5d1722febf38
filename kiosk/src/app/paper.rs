//! The numbers that are on disk, paper, and what is looked up by them.

use civic_core::{
    opening::{SlipKey, Stub},
    ticket::Ticket,
};

use super::{App, Effect};
use crate::{
    printing::{OnPaper, Receipt, Sheet},
    screens::{Screen, filed::Filed, progress::Progress},
    station::{Found, Progress as Told, Rest},
    trouble::Trouble,
};

impl App {
    /// It is on disk: its numbers are shown, and printed where there is a printer.
    pub(super) fn filed(&mut self, stub: Stub) -> Screen {
        self.print(Sheet::Ticket(stub.clone()));
        Filed::new(stub).into()
    }

    /// What is known about a ticket, and all of it if its slip was opened here just now.
    pub(super) fn find(&self, ticket: Ticket) -> Screen {
        Progress::new(ticket, self.station.find(&ticket, self.key_of(&ticket))).into()
    }

    /// Whether the slip of this ticket tells no more than it tells everybody.
    pub(super) fn is_sealed(&self, ticket: &Ticket) -> bool {
        let found = self.station.find(ticket, self.key_of(ticket));
        matches!(found, Found::Slip(Told { rest: Rest::Sealed, .. }))
    }

    fn key_of(&self, ticket: &Ticket) -> Option<&SlipKey> {
        self.held.as_ref().filter(|(held, _)| held == ticket).map(|(_, key)| key)
    }

    /// Prints this where there is a printer.
    pub(super) fn print(&mut self, sheet: Sheet) {
        self.on_paper = OnPaper::NoPrinter;
        if self.has_printer {
            self.on_paper = OnPaper::Printing;
            let is_believed = !self.troubles.contains(&Trouble::NoDate);
            let day = is_believed.then(|| self.station.now());
            let receipt = Receipt { sheet, place: self.place.clone(), day, language: self.settings.language };
            self.effects.push(Effect::Print(receipt));
        }
    }

    pub(super) fn paper_came(&mut self, sheet: &Sheet, on_paper: OnPaper) {
        // The paper of the person before says nothing about this one's.
        let is_shown = match (sheet, self.screen.lowest()) {
            (Sheet::Ticket(stub), Screen::Filed(filed)) => filed.stub == *stub,
            (Sheet::Tally(tally), Screen::Tally(page)) => page.tally() == Some(tally),
            (Sheet::Test, screen) => matches!(screen, Screen::Facts(_)),
            (Sheet::Ticket(_) | Sheet::Tally(_), _) => false,
        };
        if is_shown {
            self.on_paper = on_paper;
        }
    }
}
