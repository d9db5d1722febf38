//! What this installation itself records. Everything is in the log, on disk, before any of these returns.

use std::{
    ops::RangeInclusive,
    sync::{MutexGuard, PoisonError, atomic::Ordering},
};

use civic_core::{
    access::Action,
    area::Area,
    bulk::Record,
    codebook::Ask,
    confided,
    document::Stamp,
    id::DocId,
    opinion::{self, Edit, Field, NewOpinion, Opinion},
    planted::{self, Bug},
    seal::{self, Contact, Seed},
    sealed,
    slip::{self, Slip},
    space::{Audience, Space},
    ticket::{TICKETS_PER_DEVICE, Ticket},
    time::UnixSeconds,
    visit::{self, Visit},
    workflow,
};
use replica::{
    clock,
    store::{NewEntry, attachment::NewAttachment},
};
use rusqlite::params;
use sync_core::entry::EntryKind;
use tracing::error;

use crate::{Ledger, LedgerError, enclosed::Heard, publish::document_in, tables::Tables};

/// Draws for a number that is still free; with a tenth of the block free one fails once in 10^45.
const DRAWS_MAX: u32 = 1_000;
/// What is put behind the name of a form whose documents are there already and say something else.
const AGAIN: &str = " again";
/// The number of a hub that is beneath none.
const HIGHEST_HUB: u16 = 0;
/// Slips that are written in one transaction.
const SLIPS_BATCH: usize = 200;

/// An opinion that was filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filed {
    /// The document.
    pub id: DocId,
    /// Its number.
    pub ticket: Ticket,
}

impl Ledger {
    /// Files an opinion of words alone, with personal details sealed beside it. See [`Ledger::take_down`].
    pub fn file(&self, village: &Area, by: &str, new: NewOpinion, contact: &Contact) -> Result<Filed, LedgerError> {
        self.take_down(village, by, (new, contact.clone()).into())
    }

    /// Files an opinion heard in `village`: its record, and sealed beside it personal details, voice, drawings, photos and
    /// what opens its slip, all in one transaction. `by` is who took it down.
    pub fn take_down(&self, village: &Area, by: &str, heard: Heard) -> Result<Filed, LedgerError> {
        let id = DocId::new(clock::random());
        self.on_sound_tables(|| self.take_down_as(&*self.writer_in_step()?, id, village, by, heard.clone()))
    }

    /// The same for what was said in the form `form`: sent again, even after the power failed between saving and showing,
    /// it is the one that is here already. Changed since, it is another opinion.
    pub fn take_down_form(&self, form: &str, village: &Area, by: &str, heard: Heard) -> Result<Filed, LedgerError> {
        self.on_sound_tables(|| self.take_down_once(form, village, by, heard.clone()))
    }

    fn take_down_once(&self, form: &str, village: &Area, by: &str, heard: Heard) -> Result<Filed, LedgerError> {
        let tables = self.writer_in_step()?;
        let mut name = form.to_owned();
        if planted::is(Bug::FormTwice) {
            name = DocId::new(clock::random()).to_string();
        }
        let mut id = self.of_form(&name, 0);
        while tables.is_taken(&id)? {
            if let Some(filed) = self.filed_alike(&tables, id, &heard)? {
                return Ok(filed);
            }
            // It says something else, or was erased: that cannot be compared with, and comes back under no name of its own.
            name.push_str(AGAIN);
            id = self.of_form(&name, 0);
        }
        self.take_down_as(&tables, id, village, by, heard)
    }

    /// The opinion that was filed from the form `form`, if it was; the last of them where the form was changed or what it had
    /// said was erased.
    pub fn filed_from(&self, form: &str) -> Result<Option<Filed>, LedgerError> {
        // The power may have failed after the log had it and before the tables did.
        let tables = self.writer_in_step()?;
        let (mut name, mut last) = (form.to_owned(), None);
        let mut id = self.of_form(&name, 0);
        while tables.is_taken(&id)? {
            let opinion = tables.document(&id)?.and_then(|kept| Opinion::read(&kept.document));
            let ticket = opinion.and_then(|opinion| opinion.ticket);
            last = ticket.map(|ticket| Filed { id, ticket }).or(last);
            name.push_str(AGAIN);
            id = self.of_form(&name, 0);
        }
        Ok(last)
    }

    /// The document that part `part` of a form of this device makes.
    pub(crate) fn of_form(&self, form: &str, part: u64) -> DocId {
        DocId::of_form(&self.inner.log.public_key(), form, part)
    }

    fn take_down_as(
        &self,
        tables: &Tables,
        id: DocId,
        village: &Area,
        by: &str,
        heard: Heard,
    ) -> Result<Filed, LedgerError> {
        let stamp = Stamp::new(by, clock::now());
        let filed = Filed { id, ticket: self.number_for(tables, &id, &[])? };
        let (entries, attachments) = self.file_entries(filed, village, &stamp, heard)?;
        self.commit_with(tables, entries, attachments)?;
        Ok(filed)
    }

    /// The opinion of this name, if it says just this.
    fn filed_alike(&self, tables: &Tables, id: DocId, heard: &Heard) -> Result<Option<Filed>, LedgerError> {
        let Some(opinion) = tables.document(&id)?.and_then(|kept| Opinion::read(&kept.document)) else {
            return Ok(None);
        };
        // What is kept from the village cannot be compared here; its form is the same.
        let is_same_body = heard.is_kept || heard.new.body == opinion.original;
        let is_same = is_same_body
            && heard.is_kept == confided::is_kept(&opinion)
            && self.is_enclosed(&id, &heard.enclosed, &opinion.attachments)?;
        Ok(opinion.ticket.filter(|_| is_same).map(|ticket| Filed { id, ticket }))
    }

    /// Records a visit and the opinions heard on it, all or nothing. `form` names the form it was written in: the same
    /// visit sent again, even after the power failed between saving and showing, is the one that is here already, whatever of
    /// it was erased since.
    pub fn visit(
        &self,
        form: &str,
        village: &Area,
        by: &str,
        place: &str,
        note: &str,
        heard: Vec<impl Into<Heard>>,
    ) -> Result<(DocId, Vec<Filed>), LedgerError> {
        let heard: Vec<Heard> = heard.into_iter().map(Into::into).collect();
        let tables = self.writer_in_step()?;
        let mut name = form.to_owned();
        let mut id = self.of_form(&name, 0);
        while tables.is_taken(&id)? {
            if let Some(filed) = self.same_visit(&tables, &name, place, note, &heard)? {
                return Ok((id, filed));
            }
            // Changed since, it is another visit: nothing of it may be dropped.
            name.push_str(AGAIN);
            id = self.of_form(&name, 0);
        }
        let stamp = Stamp::new(by, clock::now());
        let (mut all, mut entries, mut attachments) = (Vec::new(), Vec::new(), Vec::new());
        for (part, heard) in (1..).zip(heard) {
            let id = self.of_form(&name, part);
            let filed = Filed { id, ticket: self.number_for(&tables, &id, &all)? };
            let (written, attached) = self.file_entries(filed, village, &stamp, heard)?;
            entries.extend(written);
            attachments.extend(attached);
            all.push(filed);
        }
        let visit = Visit {
            stamp: stamp.clone(),
            place: place.to_owned(),
            note: note.to_owned(),
            opinions: all.iter().map(|filed| filed.id).collect(),
        };
        let (_, payload) = visit::record(self.inner.log.actor(), &visit)?;
        entries.push(self.entry(village, Audience::Deputies, id, EntryKind::Change, &stamp, payload)?);
        self.commit_with(&tables, entries, attachments)?;
        Ok((id, all))
    }

    /// The opinions of the visit that the form `form` made, if it said just this. What of it was erased cannot be compared
    /// with and counts as said: sent again it would be back.
    fn same_visit(
        &self,
        tables: &Tables,
        form: &str,
        place: &str,
        note: &str,
        heard: &[Heard],
    ) -> Result<Option<Vec<Filed>>, LedgerError> {
        if let Some(known) = tables.document(&self.of_form(form, 0))? {
            let is_same =
                |visit: Visit| visit.place == place && visit.note == note && visit.opinions.len() == heard.len();
            if !Visit::read(&known.document).is_some_and(is_same) {
                return Ok(None);
            }
        }
        let mut filed = Vec::new();
        for (part, heard) in (1..).zip(heard) {
            let id = self.of_form(form, part);
            let erased = tables.buried(&id)?.and_then(|erased| erased.ticket);
            let said = match erased {
                Some(ticket) => Some(Filed { id, ticket }),
                None => self.filed_alike(tables, id, heard)?,
            };
            match said {
                Some(said) => filed.push(said),
                None => return Ok(None),
            }
        }
        Ok(Some(filed))
    }

    /// Changes an opinion: sets fields, takes a step that the county's rules allow now, or adds words. `false` if
    /// nothing differs.
    pub fn edit(&self, id: &DocId, by: &str, edit: &Edit) -> Result<bool, LedgerError> {
        self.edit_of(id, by, edit, None)
    }

    /// The same upon an opinion as somebody saw it: [`LedgerError::Changed`] if it is another by now, whoever changed it.
    pub fn edit_as_seen(&self, id: &DocId, by: &str, edit: &Edit, seen: &Opinion) -> Result<bool, LedgerError> {
        self.edit_of(id, by, edit, Some(seen))
    }

    fn edit_of(&self, id: &DocId, by: &str, edit: &Edit, seen: Option<&Opinion>) -> Result<bool, LedgerError> {
        let tables = self.writer_in_step()?;
        let mut kept = tables.document(id)?.ok_or(LedgerError::NotFound)?;
        let opinion = Opinion::read(&kept.document).ok_or(LedgerError::NotFound)?;
        if seen.is_some_and(|seen| *seen != opinion) {
            return Err(LedgerError::Changed);
        }
        if let Some(step) = &edit.step {
            let standing = workflow::fold(self.codebook(), &opinion);
            let has = |ask: Ask| {
                let field = match ask {
                    Ask::Body => Field::Office,
                    Ask::Topic => Field::Topic,
                    Ask::Urgency => Field::Urgency,
                    Ask::Note => return true,
                };
                edit.fields.get(&field).is_some_and(|value| !value.is_empty()) || !opinion.field(field).is_empty()
            };
            workflow::check(self.codebook(), &standing.state, step, has)?;
        }
        let stamp = Stamp::new(by, clock::now());
        let Some(payload) = opinion::edit(&mut kept.document, self.inner.log.actor(), &stamp, edit)? else {
            return Ok(false);
        };
        let space = kept.space;
        let entry = self.entry(&space.area, space.audience, *id, EntryKind::Change, &stamp, payload)?;
        self.commit(&tables, vec![entry])?;
        Ok(true)
    }

    /// Adds to what was said 补充, at the end.
    pub fn add(&self, id: &DocId, by: &str, text: &str) -> Result<bool, LedgerError> {
        let tables = self.writer_in_step()?;
        let mut kept = tables.document(id)?.ok_or(LedgerError::NotFound)?;
        let stamp = Stamp::new(by, clock::now());
        let Some(payload) = opinion::add(&mut kept.document, self.inner.log.actor(), &stamp, text)? else {
            return Ok(false);
        };
        let space = kept.space;
        let entry = self.entry(&space.area, space.audience, *id, EntryKind::Change, &stamp, payload)?;
        self.commit(&tables, vec![entry])?;
        Ok(true)
    }

    /// Enters records of an import file in one transaction; those whose id is here already, or was erased, are passed over. A
    /// record goes to the village it names, if that is one of this device's, and else to `home`. Returns for each whether it was new.
    pub fn import(&self, home: &Area, records: &[Record]) -> Result<Vec<Result<bool, LedgerError>>, LedgerError> {
        let tables = self.writer_in_step()?;
        let (mut results, mut entries, mut given) = (Vec::new(), Vec::new(), Vec::new());
        for record in records {
            let is_known = tables.is_taken(&record.id)? || given.iter().any(|filed: &Filed| filed.id == record.id);
            results.push(if is_known {
                Ok(false)
            } else {
                match self.record_entries(&tables, &given, self.village_of(record).unwrap_or(home), record) {
                    Ok((filed, more)) => {
                        given.push(filed);
                        entries.extend(more);
                        Ok(true)
                    }
                    Err(error) => Err(error),
                }
            });
        }
        self.commit(&tables, entries)?;
        Ok(results)
    }

    /// From now on slips of tickets with these numbers of devices are left to another hub, which gave them.
    pub fn leave_slips_of(&self, numbers: Vec<RangeInclusive<u16>>) {
        *self.inner.elsewhere.lock().unwrap_or_else(PoisonError::into_inner) = numbers;
    }

    /// Whether the slip of this ticket is left to another hub.
    pub fn is_elsewhere(&self, ticket: &Ticket) -> bool {
        let elsewhere = self.inner.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        elsewhere.iter().any(|numbers| numbers.contains(&ticket.device()))
    }

    /// Brings every slip and matter that is behind its opinion up to date, at most [`SLIPS_BATCH`] in one transaction; returns how
    /// many were written. Only the hub does this.
    pub fn write_slips(&self) -> Result<usize, LedgerError> {
        let tables = self.writer_in_step()?;
        let due: Vec<(i64, Vec<u8>)> = {
            let mut query = tables.db.prepare_cached(
                "SELECT document.id, document.name FROM opinion JOIN document ON document.id = opinion.id
                 WHERE slip_is_due = 1 ORDER BY opinion.row LIMIT ?1",
            )?;
            let rows = query.query_map(params![SLIPS_BATCH], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<Result<_, _>>()?
        };
        if due.is_empty() {
            return Ok(0);
        }
        let stamp = Stamp::new(self.codebook().county.name.clone(), clock::now());
        let mut entries = Vec::new();
        for name in due.iter().filter_map(|(_, name)| DocId::from_slice(name)) {
            let Some(kept) = tables.document(&name)? else { continue };
            let Some(opinion) = Opinion::read(&kept.document) else { continue };
            let (opening, mut written) = (self.deposit(&tables, &name)?, Vec::new());
            for (id, ticket) in slips_of(&tables, &name, &opinion)? {
                if !self.is_elsewhere(&ticket) {
                    let slip = Slip::of(self.codebook(), &opinion, ticket, opening.as_ref(), stamp.at);
                    written.push(self.slip_entry(&tables, id, &kept.space.area, &slip, &stamp));
                }
            }
            written.push(self.matter_entry(&tables, &name, &opinion, &stamp));
            for entry in written {
                match entry {
                    Ok(entry) => entries.extend(entry),
                    // One that is full stays as it is, and the others are not to wait for it.
                    Err(LedgerError::Record(full)) => error!(opinion = %name, error = %full, "A slip stays behind"),
                    Err(failure) => return Err(failure),
                }
            }
        }
        let written = entries.len();
        if planted::is(Bug::SlipForgotten) {
            tables.db.execute("UPDATE opinion SET slip_is_due = 0", [])?;
        }
        self.commit(&tables, entries)?;
        let mut clear = tables.db.prepare_cached("UPDATE opinion SET slip_is_due = 0 WHERE id = ?1")?;
        for (id, _) in &due {
            clear.execute(params![id])?;
        }
        Ok(written.max(1))
    }

    /// Whether this hub is beneath another one: the first of all numbers are those of the hub above.
    pub(crate) fn is_beneath(&self) -> bool {
        let elsewhere = self.inner.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        elsewhere.iter().any(|numbers| numbers.contains(&HIGHEST_HUB))
    }

    fn slip_entry(
        &self,
        tables: &Tables,
        id: DocId,
        area: &Area,
        slip: &Slip,
        stamp: &Stamp,
    ) -> Result<Option<NewEntry>, LedgerError> {
        let mut document = document_in(tables, &Space::new(area.clone(), Audience::Public), &id)?;
        let Some(payload) = slip.write(&mut document, self.inner.log.actor(), stamp)? else { return Ok(None) };
        self.entry(area, Audience::Public, id, EntryKind::Change, stamp, payload).map(Some)
    }

    pub(crate) fn commit(&self, tables: &Tables, entries: Vec<NewEntry>) -> Result<(), LedgerError> {
        self.commit_with(tables, entries, Vec::new())
    }

    /// The writer, once everything that this installation itself wrote is merged: what it writes next builds on that.
    pub(crate) fn writer_in_step(&self) -> Result<MutexGuard<'_, Tables>, LedgerError> {
        loop {
            let tables = self.writer();
            if !self.inner.is_behind.swap(false, Ordering::AcqRel) {
                return Ok(tables);
            }
            drop(tables);
            self.catch_up().inspect_err(|_| self.inner.is_behind.store(true, Ordering::Release))?;
        }
    }

    /// Writes to the log, then merges. Once the log has it, it is saved, whatever becomes of the tables.
    pub(crate) fn commit_with(
        &self,
        tables: &Tables,
        entries: Vec<NewEntry>,
        attachments: Vec<NewAttachment>,
    ) -> Result<(), LedgerError> {
        if entries.is_empty() {
            return Ok(());
        }
        let row = self.inner.log.attach(entries.clone(), attachments)?;
        if let Err(failure) = self.merge_own(tables, row, &entries) {
            self.inner.is_behind.store(true, Ordering::Release);
            error!(error = %failure, "Saved, but the ledger could not follow the log");
        }
        Ok(())
    }

    fn file_entries(
        &self,
        filed: Filed,
        village: &Area,
        stamp: &Stamp,
        Heard { new, contact, enclosed, opening, is_kept }: Heard,
    ) -> Result<(Vec<NewEntry>, Vec<NewAttachment>), LedgerError> {
        let (attachments, sealed): (Vec<_>, Vec<_>) = self.enclose(&filed.id, &enclosed)?.into_iter().unzip();
        let new = NewOpinion { ticket: Some(filed.ticket), has_contact: !contact.is_empty(), attachments, ..new };
        let (audience, new, confided) = if is_kept && !planted::is(Bug::KeptInClear) {
            let (confided, bare) = confided::part(new);
            (Audience::County, bare, Some(sealed::Record::Confided(confided)))
        } else {
            (Audience::Deputies, new, None)
        };
        let (_, payload) = opinion::file(self.inner.log.actor(), stamp, &new)?;
        let mut entries = vec![self.entry(village, audience, filed.id, EntryKind::Change, stamp, payload)?];
        if let Some(confided) = confided {
            let envelope = confided.seal(&self.seal_key()?, &filed.id, Seed(clock::random()))?;
            entries.push(self.entry(village, Audience::County, filed.id, EntryKind::Sealed, stamp, envelope)?);
        }
        if let Some(deposit) = opening {
            let envelope = deposit.seal(&self.seal_key()?, &filed.id, Seed(clock::random()))?;
            entries.push(self.entry(village, Audience::County, filed.id, EntryKind::Sealed, stamp, envelope)?);
        }
        entries.extend(self.sealed_entry(village, filed.id, stamp, &contact)?);
        entries.extend(self.announcements(village, filed.id, stamp, &sealed)?);
        Ok((entries, sealed))
    }

    /// The entries that announce what was sealed beside the record `doc`.
    pub(crate) fn announcements(
        &self,
        village: &Area,
        doc: DocId,
        stamp: &Stamp,
        sealed: &[NewAttachment],
    ) -> Result<Vec<NewEntry>, LedgerError> {
        let announce = |new: &NewAttachment| {
            self.entry(village, Audience::County, doc, EntryKind::Attachment, stamp, new.announcement())
        };
        sealed.iter().map(announce).collect()
    }

    fn record_entries(
        &self,
        tables: &Tables,
        given: &[Filed],
        village: &Area,
        record: &Record,
    ) -> Result<(Filed, Vec<NewEntry>), LedgerError> {
        let filed = Filed { id: record.id, ticket: self.number_for(tables, &record.id, given)? };
        let (_, changes) = record.build(self.inner.log.actor(), Some(filed.ticket))?;
        let mut entries = Vec::with_capacity(changes.len() + 1);
        for (stamp, payload) in changes {
            entries.push(self.entry(village, Audience::Deputies, record.id, EntryKind::Change, stamp, payload)?);
        }
        entries.extend(self.sealed_entry(village, record.id, &record.stamp, &record.contact)?);
        Ok((filed, entries))
    }

    /// The village that a record names, if it is one of this device's.
    fn village_of(&self, record: &Record) -> Option<&Area> {
        let name = record.new.fields.get(&Field::Village)?;
        let mut villages = self.codebook().villages_in(&self.inner.card.scope.areas);
        villages.find(|place| place.name == *name).map(|place| &place.area)
    }

    fn sealed_entry(
        &self,
        village: &Area,
        id: DocId,
        stamp: &Stamp,
        contact: &Contact,
    ) -> Result<Option<NewEntry>, LedgerError> {
        if contact.is_empty() {
            return Ok(None);
        }
        let mut envelope = seal::seal(&self.seal_key()?, &id, contact, Seed(clock::random()))?;
        if planted::is(Bug::ContactInClear) {
            envelope = contact.phone.clone().into_bytes();
        }
        self.entry(village, Audience::County, id, EntryKind::Sealed, stamp, envelope).map(Some)
    }

    pub(crate) fn entry(
        &self,
        area: &Area,
        audience: Audience,
        doc: DocId,
        kind: EntryKind,
        stamp: &Stamp,
        payload: Vec<u8>,
    ) -> Result<NewEntry, LedgerError> {
        let space = Space::new(area.clone(), audience);
        if !self.inner.card.scope.allows(Action::Write, &space) {
            return Err(LedgerError::OutOfScope(space.to_string()));
        }
        Ok(NewEntry { space, doc, kind, at: UnixSeconds(stamp.at.0), payload })
    }

    /// The number of the opinion `id`, which is not here. Where the tables were made anew it may still be at the hub alone: then
    /// its slip tells of it, and the paper that somebody holds stays good.
    fn number_for(&self, tables: &Tables, id: &DocId, given: &[Filed]) -> Result<Ticket, LedgerError> {
        let told = told_number(tables, id)?;
        told.map_or_else(|| self.draw_ticket(tables, given), Ok)
    }

    /// A number of this device's block that was never given; drawn, so that nobody can count on from their own.
    fn draw_ticket(&self, tables: &Tables, given: &[Filed]) -> Result<Ticket, LedgerError> {
        for _ in 0..DRAWS_MAX {
            let drawn = u32::from_le_bytes(clock::random()) % TICKETS_PER_DEVICE;
            let serial = if planted::is(Bug::TicketTwice) { drawn % 300 } else { drawn };
            let Some(ticket) = Ticket::new(self.inner.card.number, serial) else { break };
            let is_free = !tables.is_given(&ticket)? || planted::is(Bug::TicketTwice);
            if is_free && given.iter().all(|filed| filed.ticket != ticket) {
                return Ok(ticket);
            }
        }
        Err(LedgerError::NoTickets)
    }
}

/// The slips of an opinion, each by its document and its number. The one that is named by the opinion alone keeps the number
/// that it has, for what is sealed on it opens under that; every further number has a slip of its own.
fn slips_of(tables: &Tables, name: &DocId, opinion: &Opinion) -> Result<Vec<(DocId, Ticket)>, LedgerError> {
    let first = told_number(tables, name)?.or(opinion.ticket);
    let id = |ticket: &Ticket| match Some(*ticket) == first {
        true => slip::id_of(name),
        false => slip::id_of_further(name, ticket),
    };
    Ok(opinion.tickets().map(|ticket| (id(&ticket), ticket)).collect())
}

/// The number that the slip of this opinion has, if it is here.
fn told_number(tables: &Tables, opinion: &DocId) -> Result<Option<Ticket>, LedgerError> {
    let kept = tables.document(&slip::id_of(opinion))?.filter(|kept| kept.space.audience == Audience::Public);
    Ok(kept.and_then(|kept| Slip::read(&kept.document)).map(|slip| slip.ticket))
}
