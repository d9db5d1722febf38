//! The number that is on disk, and paper.

use civic_core::ticket::Ticket;

use super::{App, Effect};
use crate::{
    printing::{OnPaper, Receipt, Sheet},
    screens::{Screen, filed::Filed},
    trouble::Trouble,
};

impl App {
    /// It is on disk: its number is shown, and printed where there is a printer.
    pub(super) fn filed(&mut self, ticket: Ticket) -> Screen {
        self.print(Sheet::Ticket(ticket));
        Filed { ticket }.into()
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
        let is_shown = match (sheet, &self.screen) {
            (Sheet::Ticket(ticket), Screen::Filed(filed)) => filed.ticket == *ticket,
            (Sheet::Tally(tally), Screen::Tally(page)) => page.tally() == Some(tally),
            (Sheet::Test, screen) => matches!(screen, Screen::Facts(_)),
            (Sheet::Ticket(_) | Sheet::Tally(_), _) => false,
        };
        if is_shown {
            self.on_paper = on_paper;
        }
    }
}
