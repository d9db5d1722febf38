//! What a screen answered a touch with is done; the screen that comes up then.

use std::sync::Arc;

use super::{App, Effect, Speech};
use crate::{
    guesses::NotOpened,
    public::{NotTaken, Reply},
    screens::{
        Door, Left, Next, Screen,
        asked::Asked,
        begun::Begun,
        contact::Contact,
        deputy::DeputyPage,
        home::Home,
        list::{List, Of},
        not_saved::NotSaved,
        not_taken, say_on,
        thanks::Thanks,
        topics::Topics,
        unlock::Unlock,
        village::Village,
        where_at::WhereAt,
    },
    settings::Change,
    station::{Draft, TakenUp},
};

impl App {
    pub(super) fn obey(&mut self, next: Next) -> Screen {
        match next {
            Next::Show(screen) => screen,
            Next::Say => match self.station.waiting() {
                Some(waiting) => Begun { waiting }.into(),
                None => Topics::default().into(),
            },
            Next::TakeUp => match self.station.take_up() {
                Some(TakenUp::Draft(draft)) => {
                    self.kept = Some((*draft).clone());
                    let next = say_on(*draft);
                    self.obey(next)
                }
                Some(TakenUp::Filed(stub)) => self.filed(stub),
                None => Topics::default().into(),
            },
            Next::SetAside => {
                self.set_aside();
                Topics::default().into()
            }
            Next::Do(effect, screen) => {
                match effect {
                    Effect::Record => {
                        self.is_recording = true;
                        self.is_stopped = false;
                        // Whoever records says nothing meanwhile.
                        self.speech = Speech::Quiet;
                    }
                    Effect::StopRecording => self.is_stopped = true,
                    Effect::Play(_) | Effect::Say(_) => self.speech = Speech::Speaking,
                    Effect::Hush
                    | Effect::Pause
                    | Effect::GoOn
                    | Effect::RecordLonger
                    | Effect::ThrowAwayRecording
                    | Effect::Voice { .. }
                    | Effect::Print(_) => {}
                }
                self.effects.push(effect);
                screen
            }
            Next::Leave(left) => {
                // Whoever leaves the service pages leaves no panel behind that nobody can touch.
                if let Some(Err(error)) = self.service.as_mut().map(|service| service.end_fitting(false)) {
                    tracing::error!(%error, "A fit that was tried out stays");
                }
                if std::mem::take(&mut self.is_recording) {
                    self.effects.push(Effect::ThrowAwayRecording);
                }
                match left {
                    Left::TakenBack if self.kept.take().is_some() => self.station.throw_away(),
                    Left::TakenBack | Left::Waiting => {}
                    Left::NobodyAnswered => self.set_aside(),
                }
                Home.into()
            }
            Next::File { draft, failures } if draft.about.is_reply() => self.answer(draft, failures),
            Next::File { mut draft, failures } => {
                draft.is_burst = self.flood.is_burst(self.touched_at);
                match self.station.file(&draft) {
                    Ok(stub) => {
                        self.kept = None;
                        self.flood.filed(self.touched_at);
                        self.refresh();
                        self.filed(stub)
                    }
                    Err(why) => {
                        tracing::error!(error = %why, "An opinion could not be saved");
                        self.refresh();
                        NotSaved { draft, why, failures: failures + 1 }.into()
                    }
                }
            }
            Next::Print(sheet, screen) => {
                self.print(sheet);
                screen
            }
            Next::Find(ticket) => {
                self.held.take_if(|(held, _)| *held != ticket);
                self.find(ticket)
            }
            Next::Hold { ticket, key } => {
                self.held = Some((ticket, key));
                // The paper of before a slip was given anew opens it no more.
                if self.is_sealed(&ticket) {
                    self.held = None;
                    return Unlock::new(ticket).refused(NotOpened::Wrong).into();
                }
                self.find(ticket)
            }
            Next::Unlock { number, page } => match self.station.unlock(page.ticket(), number, self.touched_at) {
                Ok(key) => {
                    self.held = Some((page.ticket(), key));
                    self.find(page.ticket())
                }
                Err(why) => page.refused(why).into(),
            },
            Next::Open(door) => self.open(door),
            Next::Send { reply, form, failures } => {
                let form = form.unwrap_or_else(|| self.station.form());
                self.send(reply, form, failures)
            }
            Next::Admit { token, page } => match self.station.admit(page.id(), token) {
                Ok(()) => page.ballot(token).into(),
                Err(why) => page.refused(why).into(),
            },
            Next::Where(draft) if self.spots.is_empty() => Contact { draft }.into(),
            Next::Where(draft) => WhereAt { draft, page: 0 }.into(),
            Next::Adjust(change, screen) => {
                let before = self.settings.clone();
                self.settings.change(change);
                if let Change::Language(language) = change {
                    self.speak_in(language);
                }
                self.settings_changed(&before);
                screen
            }
            Next::Errand(errand) => match &mut self.service {
                Some(service) => errand.run(service.as_mut(), self.touched_at),
                None => Home.into(),
            },
            Next::Read(screen) => {
                self.screen = screen;
                self.read_on();
                self.take_screen()
            }
        }
    }

    /// Goes through a door to what the station knows at this moment: days pass without news.
    pub(super) fn open(&mut self, door: Door) -> Screen {
        self.public = Arc::new(self.station.public());
        let public = Arc::clone(&self.public);
        match door {
            Door::Village => Village { public }.into(),
            Door::Asked => Asked { public, page: 0 }.into(),
            Door::Deputy(code) => {
                let place = public.deputies.iter().position(|deputy| deputy.code == code);
                let list = List::new(public, Of::Deputies);
                place.map_or_else(|| list.clone().into(), |place| DeputyPage { list: list.clone(), place }.into())
            }
        }
    }

    /// Hands in what somebody said back in their own words.
    pub(super) fn answer(&mut self, draft: Draft, failures: u32) -> Screen {
        match self.station.answer(&draft) {
            Ok(()) => {
                self.kept = None;
                self.refresh();
                Thanks::for_words(&draft.about).into()
            }
            Err(NotTaken::NotSaved(why)) => {
                self.refresh();
                NotSaved { draft, why, failures: failures + 1 }.into()
            }
            Err(why) => not_taken::for_good(why).into(),
        }
    }

    pub(super) fn send(&mut self, reply: Reply, form: String, failures: u32) -> Screen {
        match self.station.take(&form, &reply) {
            Ok(()) => {
                self.refresh();
                Thanks::of(&reply).into()
            }
            Err(why) => {
                tracing::error!(error = %why, "What somebody said back could not be taken");
                not_taken::after(why, reply, form, failures + 1)
            }
        }
    }
}
