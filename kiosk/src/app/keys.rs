//! The five keys, what is typed, and what is held under the scanner.

use civic_core::token::Token;
use hardware::keyboard::Typed;

use super::{App, Key, named};
use crate::{
    draw::layout::{Placed, reading},
    public::NotTaken,
    screens::{Screen, ballot::Ballot, find, token::TokenPage, troubles::Troubles},
    view::{self, Face, Turn},
};

/// Digits that may be taken back: as many as a scanner tells before it is known for one.
const DIGITS_KEPT: usize = 2;

impl App {
    pub(super) fn key(&mut self, key: Key) {
        self.pressed = None;
        if let Screen::Handwriting(screen) = &mut self.screen
            && screen.key(key)
        {
            return;
        }
        match key {
            Key::Down => self.move_focus(1),
            Key::Up => self.move_focus(-1),
            Key::Select => match self.focused(&self.pieces()) {
                Some(piece) => self.choose_by_key(piece),
                None => self.move_focus(1),
            },
            Key::Back => match self.pieces().iter().position(|piece| piece.turn == Turn::Back) {
                Some(piece) => self.choose_by_key(piece),
                None => self.go_home(),
            },
            Key::Read if self.settings.read_aloud => self.read_on(),
            Key::Read => {
                self.settings.read_aloud = true;
                self.say_screen();
            }
        }
    }

    pub(super) fn typed(&mut self, typed: &Typed) {
        match typed {
            Typed::Key(key) => self.key((*key).into()),
            Typed::Digit(digit) => {
                let before = self.screen.clone();
                self.type_key(|key| key.words.first == digit.to_string());
                self.last_digits.push((before, self.screen.clone()));
                self.last_digits.drain(..self.last_digits.len().saturating_sub(DIGITS_KEPT));
            }
            Typed::Stray(digits) => self.take_back(*digits),
            Typed::Erase => self.type_key(|key| key.words.spoken.prompt.as_deref() == Some("erase")),
            Typed::Scanned(number) => self.scanned(number),
        }
    }

    /// The last digits were of a slip under the scanner: whoever was typing finds what they typed. A screen that took in
    /// something else meanwhile keeps it.
    fn take_back(&mut self, digits: usize) {
        let last = std::mem::take(&mut self.last_digits);
        let is_unchanged = last.last().is_some_and(|(_, behind)| *behind == self.screen);
        let first = last.len().checked_sub(digits).filter(|_| is_unchanged);
        if let Some((before, _)) = first.and_then(|first| last.into_iter().nth(first)) {
            self.screen = before;
        }
    }

    /// Presses a key of the keyboard on the screen, where there is one.
    pub(super) fn type_key(&mut self, is_it: impl Fn(&view::Key) -> bool) {
        let found = |piece: &Placed<String>| matches!(&piece.face, Face::Key(key) if is_it(key));
        if let Some(piece) = self.pieces().iter().position(found) {
            self.focus = None;
            self.choose(piece);
        }
    }

    /// Something was held under the scanner: where nobody is in the middle of something, a slip is looked up or opened, the
    /// paper of a household opens its ballot, and the code for enrolling is taken by the page that asks for it.
    pub(super) fn scanned(&mut self, number: &str) {
        let page = self.screen.shows();
        if let Screen::Enrol(enrol) = &mut self.screen {
            enrol.scanned(number);
            self.focus = None;
            self.turned_from(page);
            return;
        }
        let asks_for_token = matches!(self.screen, Screen::Vote(_) | Screen::Token(_));
        let is_free = matches!(
            self.screen,
            Screen::Home(_)
                | Screen::Find(_)
                | Screen::Unlock(_)
                | Screen::Progress(_)
                | Screen::Filed(_)
                | Screen::Asked(_)
        );
        if !(is_free || asks_for_token) {
            return;
        }
        // What is not there to be looked up is not told to be unknown.
        if !self.troubles.iter().all(|trouble| trouble.looks_up()) {
            self.screen = Troubles.into();
            self.focus = None;
            self.changed();
            return;
        }
        let ballot = Token::parse(number).ok().and_then(|token| self.ballot_of(token));
        let page = if let Screen::Vote(page) = &self.screen {
            page.ask_for_token()
        } else if let Screen::Token(page) = &self.screen {
            Some(page.clone())
        } else {
            None
        };
        self.screen = match (ballot, page) {
            (Some(ballot), _) => ballot,
            (None, Some(page)) => page.refused(NotTaken::UnknownToken).into(),
            (None, None) => self.obey(find::scanned(number)),
        };
        self.focus = None;
        self.changed();
    }

    /// The ballot that this token opens, of whichever vote it was made for; or that it was used already. `None` for a
    /// token that was made for none of the votes here.
    fn ballot_of(&mut self, token: Token) -> Option<Screen> {
        let votes = self.station.public().votes;
        let under = || if let Screen::Token(page) = &self.screen { page.under().clone() } else { self.screen.clone() };
        votes.into_iter().find_map(|(id, vote)| match self.station.admit(&id, token) {
            Ok(()) => Some(Ballot::new(id, vote, token, under()).into()),
            Err(NotTaken::UsedToken) => Some(TokenPage::new(id, vote, under()).refused(NotTaken::UsedToken).into()),
            Err(
                NotTaken::UnknownToken
                | NotTaken::NotAsked
                | NotTaken::Unfit
                | NotTaken::OtherProjects
                | NotTaken::NotSaved(_),
            ) => None,
        })
    }

    /// To the next or the previous target, around the end.
    pub(super) fn move_focus(&mut self, step: isize) {
        let pieces = self.pieces();
        let stops = stops(&pieces);
        let focused = self.focused(&pieces);
        let at = focused.and_then(|focus| stops.iter().position(|stop| *stop == focus));
        let to = match at {
            Some(at) => (at as isize + step).rem_euclid(stops.len() as isize) as usize,
            None if step > 0 => 0,
            None => stops.len().saturating_sub(1),
        };
        let to = stops.get(to).map(|stop| &pieces[*stop]);
        self.focus = to.and_then(|piece| piece.touch.clone());
        let spoken = to.and_then(|piece| piece.face.spoken());
        if self.settings.read_aloud {
            self.say(spoken.into_iter().collect());
        }
    }

    /// Chooses, and puts the keys where the person will look for them: on the same target where it is still there, on
    /// the first one of a new page.
    pub(super) fn choose_by_key(&mut self, piece: usize) {
        let name = self.pieces().get(piece).and_then(|piece| piece.touch.clone());
        let is_new = self.choose(piece);
        let pieces = self.pieces();
        let same = name.and_then(|name| named(&pieces, &name)).filter(|_| !is_new);
        let stop = same.or_else(|| stops(&pieces).first().copied());
        self.focus = stop.and_then(|stop| pieces[stop].touch.clone());
    }

    /// Which of these pieces the keys stand on, if their target is still there.
    fn focused(&self, pieces: &[Placed<String>]) -> Option<usize> {
        self.marks(pieces).focus
    }
}

/// Where the keys stop: every target in the order of reading.
fn stops(pieces: &[Placed<String>]) -> Vec<usize> {
    reading(pieces).into_iter().filter(|index| pieces[*index].touch.is_some()).collect()
}
