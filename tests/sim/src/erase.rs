//! What the county erases, and whether it is gone.

use civic_core::{matter, slip};
use ledger::{
    Ledger, LedgerError,
    erase::{Depth, Ground},
    repeat::{Reached, Word},
};
use replica::hub::spread;
use sync_core::{entry::EntryKind, run::RUN_BODY_LEN_MAX};

use crate::{
    county::{Broken, County, chain, short},
    disk,
    reference::{HUB, Said},
};

impl County {
    /// Somebody wants what they said erased. The county alone takes such an order; a hub beneath it repeats it.
    pub(crate) fn erase_something(&mut self) -> Result<(), Broken> {
        let place = self.dice.place(self.reference.said.len());
        let Some(said) = self.reference.said.values().nth(place).cloned() else { return Ok(()) };
        self.erase(&said)
    }

    /// The county erases again what it may have forgotten of that, for it was restored, or could not.
    pub(crate) fn erase_again(&mut self) -> Result<(), Broken> {
        let ordered: Vec<Said> = self.reference.said.values().filter(|said| said.is_to_go).cloned().collect();
        ordered.iter().try_for_each(|said| self.erase(said))
    }

    fn erase(&mut self, said: &Said) -> Result<(), Broken> {
        let Some(ledger) = self.at_work(HUB) else { return Ok(()) };
        let done = ledger.erase(&said.id, Depth::Whole, Ground::Asked);
        drop(ledger);
        if matches!(done, Err(LedgerError::NotFound)) {
            return Ok(());
        }
        if let Some(said) = self.reference.said.get_mut(&said.first.mark) {
            // Even where it failed it may be done.
            said.is_to_go = true;
            said.is_erased |= done.is_ok();
        }
        self.forms.retain(|form| form.mark != said.first.mark);
        match done {
            Ok(erasure) if erasure.was_erased => Ok(()),
            Ok(_) => {
                self.count("opinions erased");
                self.note(format_args!("{} erases {}", Self::name(HUB), short(&said.id)));
                Ok(())
            }
            Err(error) => self.after_failure(HUB, &error),
        }
    }

    /// What a hub beneath another one says after that one, as it does behind each meeting: whom it struck off, what it
    /// erased.
    pub(crate) fn repeat(&mut self, hub: usize) -> Result<(), Broken> {
        let Some(above) = self.devices.get(hub).map(|node| self.node(node.above).public_key()) else { return Ok(()) };
        let (Some(ledger), space) = (self.at_work(hub), self.node(hub).place_of_words()) else { return Ok(()) };
        let reached = &self.offices[&hub].reached;
        let repeat = || -> Result<(usize, Reached), LedgerError> {
            spread(ledger.log(), &space, ledger.log().revoked(&above)?)?;
            let (words, further) = ledger.words_of(&above, reached)?;
            let mut repeated = 0;
            for word in words {
                repeated += usize::from(match &word {
                    Word::Erased { doc, area, stone } => ledger.repeat_erasure(doc, area, stone)?,
                    Word::Edition(edition) => ledger.repeat_edition(edition)?,
                });
            }
            Ok((repeated, further))
        };
        let done = repeat();
        drop(ledger);
        match done {
            Ok((repeated, further)) => {
                self.offices.entry(hub).and_modify(|office| office.reached = further);
                if repeated > 0 {
                    self.note(format_args!("{} repeats {repeated}", Self::name(hub)));
                }
                Ok(())
            }
            Err(error) => self.after_failure(hub, &error),
        }
    }

    /// O4 and O5 of what was erased: nothing of it is anywhere that met the hub since.
    pub(crate) fn is_gone(&self, who: usize) -> Result<(), Broken> {
        let Some(ledger) = &self.node(who).ledger else { return Ok(()) };
        let dir = &self.node(who).dir;
        for said in self.reference.said.values().filter(|said| said.is_erased) {
            let fault = |what: &str| Err(format!("O4: {} is erased, and {} {what}", said.first.mark, Self::name(who)));
            if ledger.opinion(&said.id).map_err(|error| chain(&error))?.is_some() {
                return fault("reads it");
            }
            for word in said.words() {
                if let Some(file) = disk::found_on(dir, word.mark.as_bytes()) {
                    return fault(&format!("has {} in {file}", word.mark));
                }
            }
            if let Some(file) = said.voice.as_ref().and_then(|voice| disk::found_on(dir, voice)) {
                return fault(&format!("has the voice in {file}"));
            }
            if let Some(kind) = in_log(ledger, said)? {
                return fault(&format!("has {kind:?} of it in its log"));
            }
        }
        Ok(())
    }
}

/// An entry about something that was erased whose payload is in the log.
fn in_log(ledger: &Ledger, said: &Said) -> Result<Option<EntryKind>, Broken> {
    let docs = [said.id, slip::id_of(&said.id), matter::id_of(&said.id)];
    for held in ledger.log().held() {
        let runs = ledger.log().runs_after(held.feed.id(), 0, held.extent.length, RUN_BODY_LEN_MAX);
        for run in runs.map_err(|error| chain(&error))? {
            let body = run.unpacked().map_err(|error| error.to_string())?;
            let entries = run.entries(&body).map_err(|error| error.to_string())?;
            let is_there =
                |kind: EntryKind| matches!(kind, EntryKind::Change | EntryKind::Sealed | EntryKind::Attachment);
            let mut left = entries.iter().filter(|entry| docs.contains(&entry.doc) && !entry.is_erased);
            if let Some(entry) = left.find(|entry| is_there(entry.kind)) {
                return Ok(Some(entry.kind));
            }
        }
    }
    Ok(None)
}
