//! What people do: they speak, add, answer and decide, and try again when a screen did not say "saved".

use std::collections::BTreeMap;

use civic_core::{
    access::Role,
    id::DocId,
    opinion::{Edit, Field, NewOpinion, NewStep},
    seal::Contact,
    workflow,
};
use ledger::{
    LedgerError,
    enclosed::{Enclosed, Heard},
};
use sync_core::attachment::manifest::PIECE_LEN;

use crate::{
    county::{Broken, CANARY, County, VILLAGES, area, short},
    node::Going,
    reference::{HUB, Said, Told, Word},
};

/// A form that somebody filled in and that was not confirmed.
pub struct Form {
    pub(crate) device: usize,
    name: String,
    village: usize,
    heard: Heard,
    pub(crate) mark: String,
}

impl County {
    /// One thing that somebody does.
    pub(crate) fn somebody_acts(&mut self) -> Result<(), Broken> {
        match self.dice.below(10) {
            0..=3 => self.speak(),
            4 => self.try_again(),
            5..=6 => self.add_words(),
            _ => self.decide(),
        }
    }

    fn speak(&mut self) -> Result<(), Broken> {
        let device = self.somebody();
        let code = self.devices[device].card.scope.areas[0].code().to_owned();
        let within: Vec<usize> = (0..VILLAGES.len()).filter(|village| VILLAGES[*village].starts_with(&code)).collect();
        let village = *self.dice.one_of(&within);
        let mark = self.reference.mark();
        let fields = [(Field::Topic, "道路交通".to_owned())].into();
        let new = NewOpinion { body: format!("{mark} 村口的路坏了"), fields, ..NewOpinion::default() };
        let contact = match self.dice.percent(40) {
            true => Contact { phone: String::from_utf8_lossy(CANARY).into_owned(), ..Contact::default() },
            false => Contact::default(),
        };
        let mut enclosed = Vec::new();
        if self.dice.percent(15) {
            // Some are longer than one piece.
            let more = if self.dice.percent(30) { 2 * PIECE_LEN } else { 4_000 };
            let mut opus = vec![0; 500 + self.dice.place(more)];
            self.dice.fill(&mut opus);
            enclosed.push(Enclosed::voice(opus, 5));
        }
        let is_kept = self.dice.percent(15);
        let heard = Heard { new, contact, enclosed, opening: None, is_kept };
        let name = format!("form {mark}");
        self.fill_in(Form { device, name, village, heard, mark })
    }

    /// Hands a form in; it is kept if nobody says that it is saved.
    fn fill_in(&mut self, form: Form) -> Result<(), Broken> {
        let Some(ledger) = self.at_work(form.device) else {
            self.forms.push(form);
            return Ok(());
        };
        let village = area(VILLAGES[form.village]);
        let filed = ledger.take_down_form(&form.name, &village, "测试", form.heard.clone());
        drop(ledger);
        let (by, at, mark) = (form.device, self.deed, form.mark.clone());
        let told = self.told_by(by);
        let first = Word { mark: mark.clone(), told: Told::Nothing, by, at, is_on_card: true };
        let key = self.devices[by].key.verifying_key().to_bytes();
        let id = DocId::of_form(&key, &form.name, 0);
        let Form { village, heard: Heard { is_kept, .. }, .. } = form;
        let new =
            Said { id, is_kept, village, first, later: Vec::new(), is_to_go: false, is_erased: false, voice: None };
        let voice = filed.as_ref().ok().and_then(|filed| self.sealed_voice(by, &filed.id));
        let said = self.reference.said.entry(mark.clone()).or_insert(new);
        match filed {
            Ok(filed) => {
                said.id = filed.id;
                // A try that failed before its device was struck off may have been the one that saved it, and that one counts.
                let was_tried_in_time = told == Told::TooLate && !said.first.is_on_card;
                said.first.told = if was_tried_in_time { Told::Nothing } else { told };
                said.voice = voice;
                // What was there of an earlier try may be less than this.
                said.first.at = at;
                self.count("opinions filed");
                self.note(format_args!("device {by} files {mark} as {}", short(&filed.id)));
                Ok(())
            }
            Err(error) => {
                self.forms.push(form);
                self.after_failure(by, &error)
            }
        }
    }

    /// Some bytes of what was said aloud, as it lies on the card.
    fn sealed_voice(&self, device: usize, id: &DocId) -> Option<Vec<u8>> {
        let ledger = self.at_work(device)?;
        let attached = ledger.opinion(id).ok()??.opinion.attachments.first()?.id;
        let sealed = ledger.sealed_attachment(&attached).ok()??;
        Some(sealed[100..132].to_vec())
    }

    fn try_again(&mut self) -> Result<(), Broken> {
        if self.forms.is_empty() {
            return Ok(());
        }
        let place = self.dice.place(self.forms.len());
        let form = self.forms.remove(place);
        self.fill_in(form)
    }

    /// Somebody adds words to an opinion that is before them.
    fn add_words(&mut self) -> Result<(), Broken> {
        let Some((who, said)) = self.somebody_and_an_opinion(false) else { return Ok(()) };
        let Some(ledger) = self.at_work(who) else { return Ok(()) };
        let mark = self.reference.mark();
        let done = ledger.add(&said.id, "补充人", &format!("{mark} 还有桥"));
        drop(ledger);
        self.later(who, &said, mark, done)
    }

    /// Somebody takes a step that the county's rules allow.
    fn decide(&mut self) -> Result<(), Broken> {
        let Some((who, said)) = self.somebody_and_an_opinion(true) else { return Ok(()) };
        let Some(ledger) = self.at_work(who) else { return Ok(()) };
        let whole = match ledger.opinion(&said.id) {
            Ok(Some(whole)) => whole,
            Ok(None) => return Ok(()),
            Err(error) => {
                drop(ledger);
                return self.after_failure(who, &error);
            }
        };
        let codebook = ledger.codebook();
        let acts: Vec<String> =
            workflow::possible(codebook, &whole.standing.state).map(|rule| rule.act.clone()).collect();
        if acts.is_empty() {
            return Ok(());
        }
        let act = self.dice.one_of(&acts).clone();
        let mark = self.reference.mark();
        let step = NewStep { act, note: format!("{mark} 已办"), ..NewStep::default() };
        let fields: BTreeMap<Field, String> =
            [(Field::Office, "交通运输局".to_owned()), (Field::Urgency, format!("{}", self.dice.below(3)))].into();
        let done = ledger.edit(&said.id, "经办人", &Edit { fields, step: Some(step), ..Edit::default() });
        drop(ledger);
        self.later(who, &said, mark, done)
    }

    /// Notes what somebody was told of an addition or a step.
    fn later(&mut self, who: usize, said: &Said, mark: String, done: Result<bool, LedgerError>) -> Result<(), Broken> {
        let told = if matches!(done, Ok(true)) { self.told_by(who) } else { Told::Nothing };
        let word = Word { mark: mark.clone(), told, by: who, at: self.deed, is_on_card: true };
        match done {
            Ok(true) => {
                self.count("additions and steps");
                self.note(format_args!("{} adds {mark} to {}", Self::name(who), short(&said.id)));
                self.put_later(said, word);
                Ok(())
            }
            Ok(false) | Err(LedgerError::NotFound | LedgerError::NotAllowed(_) | LedgerError::Record(_)) => Ok(()),
            Err(error) => {
                self.put_later(said, word);
                self.after_failure(who, &error)
            }
        }
    }

    /// What it means that somebody was told "saved" by this installation.
    fn told_by(&self, who: usize) -> Told {
        match self.devices.get(who) {
            // Dated behind the day on which it was struck off, nothing of it counts; by a wrong clock it may.
            Some(device) if device.is_revoked && device.going == Going::Right => Told::TooLate,
            Some(device) if device.is_revoked => Told::Nothing,
            Some(_) | None => Told::Saved,
        }
    }

    fn put_later(&mut self, said: &Said, word: Word) {
        if let Some(said) = self.reference.said.get_mut(&said.first.mark) {
            said.later.push(word);
        }
    }

    /// Somebody who may write there, and an opinion that may be before them.
    fn somebody_and_an_opinion(&mut self, decides: bool) -> Option<(usize, Said)> {
        if self.reference.said.is_empty() {
            return None;
        }
        let place = self.dice.place(self.reference.said.len());
        let said = self.reference.said.values().nth(place)?.clone();
        let village = VILLAGES[said.village];
        let mut able: Vec<usize> = (0..self.devices.len())
            .filter(|device| {
                let node = &self.devices[*device];
                let is_own = *device == said.first.by;
                let reaches = node.card.scope.areas.iter().any(|area| village.starts_with(area.code()));
                let works = node.role() == Role::Deputy && reaches && !said.is_kept;
                let is_hub = node.upstream.as_ref().is_some_and(|scope| scope.areas[0].covers(&area(village)));
                works || is_hub || (is_own && !decides)
            })
            .collect();
        able.push(HUB);
        let who = *self.dice.one_of(&able);
        Some((who, said))
    }
}
