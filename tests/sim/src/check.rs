//! The oracles: what must hold at every moment, and what must hold once the trouble has ended.
//!
//! O1 whatever was called saved is at the hub; O2 once; O3 everybody who may read a document reads the same; O4 nothing
//! lies where it may not; O5 no personal details in the clear; O7 everybody comes into step; O8 every chain and signature
//! is sound. They are those of the programme in `docs/reliability.md`.

use std::collections::{BTreeMap, BTreeSet};

use civic_core::{
    access::{Action, Role},
    id::{AttachmentId, DocId},
    sealed::Record,
    slip::Slip,
    space::Audience,
    time::UnixSeconds,
};
use ledger::{Ledger, query::Filter};
use replica::store::REFUSED_S;
use serde_json::Value;
use sync_core::{catalog::Shared, feed::Feed, run::RUN_BODY_LEN_MAX, session::Outcome};

use crate::{
    county::{Broken, CANARY, County, VILLAGES, area, chain},
    disk,
    reference::{HUB, Said, Told, Word},
};

/// Meetings of each device after which everything must be in step, or rounds of carriers.
const ROUNDS: usize = 8;

/// Runs and changes that were left out and are looked at.
const LEFT_OUT_MAX: usize = 200;

/// What an installation holds, line by line, as it exports it.
type Lines = BTreeMap<String, Value>;

/// What a hub holds, read once for all who compare theirs with it.
struct AtHub {
    lines: Lines,
    /// By opinion that somebody wrote and that is here, its attachments.
    attached: BTreeMap<DocId, Vec<AttachmentId>>,
    /// By opinion that somebody wrote.
    slips: BTreeMap<DocId, Option<Slip>>,
}

impl County {
    /// Ends the trouble, lets everybody meet, and looks whether everything is as it must be.
    pub fn quiet(&mut self) -> Result<(), Broken> {
        self.calm()?;
        // Whoever is beneath a hub that is beneath another comes before that one does.
        let mut devices: Vec<usize> =
            (0..self.devices.len()).filter(|device| !self.devices[*device].is_revoked).collect();
        devices.sort_by_key(|device| (self.above(*device) == HUB, self.devices[*device].role() != Role::Hub));
        // Where everybody was struck off, the hub still takes in what came before, and erases what it could not.
        if devices.is_empty() {
            self.hub_works(HUB)?;
            self.erase_again()?;
        }
        if !self.has_roads {
            let phone = devices.iter().copied().find(|device| self.devices[*device].role() == Role::Deputy);
            let phone = phone.filter(|_| self.dice.percent(70));
            self.count(if phone.is_some() { "quiets by carriers alone" } else { "quiets by sticks alone" });
            match phone {
                Some(phone) => self.carriers_bring_all(phone, &devices)?,
                None => {
                    for _ in 0..ROUNDS / 2 {
                        self.everybody_carries(&devices)?;
                    }
                }
            }
            return self.check(&devices);
        }
        // What somebody hears they answer for in their next meeting: that they erased it, that they seal to another key.
        for round in 0..ROUNDS {
            match self.everybody_meets(&devices)? {
                None if round > 0 => return self.check(&devices),
                None | Some(_) => {}
            }
        }
        match self.everybody_meets(&devices)? {
            None => self.check(&devices),
            Some((device, outcome)) => {
                let apart = self.where_apart(device)?.join("; ");
                Err(format!(
                    "O7: device {device} is not in step after {ROUNDS} meetings and more: {outcome:?}: {apart}"
                ))
            }
        }
    }

    /// Everybody meets their hub, and every hub works; returns somebody who had something to say or is not in step.
    fn everybody_meets(&mut self, devices: &[usize]) -> Result<Option<(usize, Outcome)>, Broken> {
        // What was refused is offered again.
        self.now += REFUSED_S;
        let mut behind = None;
        for device in devices {
            let outcome = self.meet_whole(*device)?;
            self.work_up(*device)?;
            let has_more = self.ledger(*device)?.log().is_behind(&self.member(*device));
            if has_more || !outcome.is_in_step || outcome.entries_sent + outcome.entries_received > 0 {
                behind = Some((*device, outcome));
            }
        }
        Ok(behind)
    }

    /// One phone goes round until it brings nobody anything new.
    fn carriers_bring_all(&mut self, phone: usize, devices: &[usize]) -> Result<(), Broken> {
        for _ in 0..=ROUNDS {
            if !self.everybody_is_visited(phone, devices)? {
                return Ok(());
            }
        }
        Err(format!("O7: carriers still bring something new after {ROUNDS} rounds"))
    }

    /// Everybody's sticks go up and come back. A hub beneath another one has none.
    fn everybody_carries(&mut self, devices: &[usize]) -> Result<(), Broken> {
        for device in devices {
            if self.devices[*device].role() != Role::Hub {
                self.carry_all(*device)?;
                self.work_up(*device)?;
            }
        }
        Ok(())
    }

    /// Somebody takes in what came, and so does their hub.
    pub(crate) fn work_up(&mut self, device: usize) -> Result<(), Broken> {
        self.follow(device)?;
        for hub in [device, self.above(device)] {
            if self.node(hub).role() == Role::Hub {
                self.hub_works(hub)?;
                self.announce_again(hub)?;
            }
            if hub == HUB {
                self.erase_again()?;
            }
        }
        Ok(())
    }

    fn check(&mut self, devices: &[usize]) -> Result<(), Broken> {
        self.receipts_are_true()?;
        self.words_are_true()?;
        self.bags.tell_nothing(self.devices.iter().chain([&self.hub]).map(|node| node.dir.clone()))?;
        let hubs = self.hubs().into_iter().map(|hub| Ok((hub, self.at_hub(hub)?)));
        let hubs = hubs.collect::<Result<BTreeMap<_, _>, Broken>>()?;
        self.every_word_is_there(&hubs[&HUB].lines)?;
        self.voices_are_there(&hubs)?;
        self.kept_words_open()?;
        self.numbers_are_given_once(&hubs[&HUB].lines)?;
        for device in devices {
            let ledger = self.ledger(*device)?;
            let member = self.member(*device);
            let hub = &hubs[&self.above(*device)];
            if self.devices[*device].role() != Role::Kiosk {
                same_as_above(*device, &member.scope, &lines(ledger)?, &hub.lines)?;
            }
            self.slips_agree(*device, ledger, hub)?;
            let waiting = ledger.log().counts().map_err(|error| chain(&error))?.here;
            let is_person = self.devices[*device].role() != Role::Hub;
            if ledger.log().is_behind(&member) || (is_person && waiting > 0) {
                return Err(format!("O7: records of device {device} still wait for a receipt"));
            }
            for said in self.reference.said.values().filter(|said| said.first.by == *device) {
                let is_received = ledger.log().is_received(&said.id).map_err(|error| chain(&error))?;
                if said.first.told == Told::Saved && said.first.is_on_card && is_received != Some(true) {
                    return Err(format!("O7: device {device} does not know that {} was received", said.first.mark));
                }
            }
        }
        for who in (0..self.devices.len()).chain([HUB]) {
            self.sound(who)?;
            self.logs_tell_nothing(who)?;
        }
        for who in devices.iter().chain(&[HUB]) {
            self.is_gone(*who)?;
        }
        self.nothing_is_lost_to_keys(self.befallen)?;
        let who = if self.dice.percent(50) { HUB } else { self.dice.place(self.devices.len()) };
        self.rebuilt_is_the_same(who)?;
        match disk::holds(CANARY) {
            Some(file) => Err(format!("O5: personal details lie in {file} in the clear")),
            None => Ok(()),
        }
    }

    /// Feeds that a device and its hub do not hold alike, or leave out, and how far either holds them.
    fn where_apart(&self, device: usize) -> Result<Vec<String>, Broken> {
        let member = self.member(device);
        let logs = [self.ledger(device)?.log(), self.ledger(self.above(device))?.log()];
        let [here, there] = logs.map(|log| log.shared(&member));
        let shared = logs.iter().flat_map(|log| log.held()).map(|held| held.feed);
        let feeds: BTreeMap<_, _> = shared.map(|feed| (feed.id(), feed)).collect();
        let extent = |shared: &Shared, id| shared.get(id).map(|held| held.extent).filter(|extent| extent.length > 0);
        let mut apart = Vec::new();
        for (id, Feed { space, .. }) in &feeds {
            let (ours, theirs) = (extent(&here, id), extent(&there, id));
            let is_left_out = here.is_left_out(id) || there.is_left_out(id);
            if ours != theirs || is_left_out {
                let [ours, theirs] = [ours, theirs].map(|extent| extent.map_or(0, |extent| extent.length));
                let left_out = if is_left_out { ", left out" } else { "" };
                apart.push(format!("{id} of {space}: {ours} here, {theirs} at the hub{left_out}"));
            }
        }
        for log in logs {
            let refused = log.apart(5).map_err(|error| chain(&error))?;
            apart.extend(
                refused.into_iter().map(|line| format!("{} from {} on: {}", line.feed, line.first, line.reason)),
            );
        }
        Ok(apart)
    }

    fn ledger(&self, who: usize) -> Result<&Ledger, Broken> {
        self.node(who).ledger.as_ref().ok_or_else(|| format!("O7: {} does not run", Self::name(who)))
    }

    fn at_hub(&self, hub: usize) -> Result<AtHub, Broken> {
        let ledger = self.ledger(hub)?;
        let mut at_hub = AtHub { lines: lines(ledger)?, attached: BTreeMap::new(), slips: BTreeMap::new() };
        for Said { id, .. } in self.reference.said.values() {
            if let Some(whole) = ledger.opinion(id).map_err(|error| chain(&error))? {
                let attached = whole.opinion.attachments.iter().map(|attached| attached.id);
                at_hub.attached.insert(*id, attached.collect());
            }
            at_hub.slips.insert(*id, ledger.slip_of(id).map_err(|error| chain(&error))?);
        }
        Ok(at_hub)
    }

    /// O1 and O2.
    fn every_word_is_there(&self, hub: &Lines) -> Result<(), Broken> {
        let all: BTreeMap<&String, String> = hub.iter().map(|(id, line)| (id, line.to_string())).collect();
        for Said { id, is_kept, first, later, .. } in self.reference.said.values().filter(|said| !said.is_to_go) {
            let id = id.to_string();
            let line = all.get(&id);
            if *is_kept {
                if line.is_none() && first.told == Told::Saved {
                    return Err(format!("O1: {} was called saved and is not at the hub", first.mark));
                }
                if disk::holds(first.mark.as_bytes()).is_some() {
                    return Err(format!(
                        "O5: {} was kept from the village and lies somewhere in the clear",
                        first.mark
                    ));
                }
            } else {
                self.word_is_there(first, &all, &id)?;
            }
            if later.is_empty() {
                continue;
            }
            for word in later {
                self.word_is_there(word, &all, &id)?;
            }
        }
        Ok(())
    }

    fn word_is_there(&self, word: &Word, all: &BTreeMap<&String, String>, home: &str) -> Result<(), Broken> {
        let Word { mark, told, .. } = word;
        let found: Vec<&&String> =
            all.iter().filter(|(_, line)| line.contains(mark.as_str())).map(|(id, _)| id).collect();
        match (found.as_slice(), told) {
            ([], Told::Saved) => Err(format!("O1: {mark} was called saved and is not at the hub: {word:?}")),
            ([], Told::Nothing | Told::TooLate) => Ok(()),
            (_, Told::TooLate) => Err(format!("O4: {mark} was written after its device was struck off: {word:?}")),
            ([id], _) if id.as_str() == home => {
                let times = all.get(*id).map_or(0, |line| times(line, mark));
                if times == 1 { Ok(()) } else { Err(format!("O2: {mark} stands {times} times in its record")) }
            }
            (found, _) => Err(format!("O2: {mark} of {home} stands in {found:?}")),
        }
    }

    /// O1 of what was said beside words. What a restored hub lacks of it comes back over an open road.
    fn voices_are_there(&self, hubs: &BTreeMap<usize, AtHub>) -> Result<(), Broken> {
        let is_kept = |said: &&Said| said.first.told == Told::Saved && said.first.is_on_card;
        for said in self.reference.said.values().filter(is_kept) {
            // From a township it rises to the county behind the words.
            for above in BTreeSet::from([self.above(said.first.by), HUB]) {
                if self.was_restored(above) && !self.has_roads {
                    continue;
                }
                let hub = self.ledger(above)?;
                for attached in hubs[&above].attached.get(&said.id).into_iter().flatten() {
                    if hub.sealed_attachment(attached).map_err(|error| chain(&error))?.is_none() {
                        let (here, there) = (self.ledger(said.first.by)?.log(), hub.log());
                        let lines = [here.attachment_line(attached), there.attachment_line(attached)];
                        let (mark, hub) = (&said.first.mark, Self::name(above));
                        return Err(format!("O1: the voice of {mark} is not at {hub}: {lines:?}"));
                    }
                }
            }
        }
        Ok(())
    }

    /// O2 of numbers. Two machines with one card draw from one block.
    fn numbers_are_given_once(&self, hub: &Lines) -> Result<(), Broken> {
        let mut given = BTreeSet::new();
        let is_one_card = self.devices.iter().all(|device| !device.dir.to_string_lossy().contains("twin"));
        match hub.values().filter_map(|line| line["ticket"].as_str()).find(|ticket| !given.insert(*ticket)) {
            Some(ticket) if is_one_card => Err(format!("O2: the number {ticket} was given twice")),
            Some(_) | None => Ok(()),
        }
    }

    /// O3 for those who see slips alone.
    fn slips_agree(&self, device: usize, ledger: &Ledger, hub: &AtHub) -> Result<(), Broken> {
        let reads = |said: &&Said| {
            let beneath = self.devices[device].upstream.as_ref();
            beneath.is_none_or(|scope| scope.areas.iter().any(|own| own.covers(&area(VILLAGES[said.village]))))
        };
        for said in self.reference.said.values().filter(reads) {
            let here = ledger.slip_of(&said.id).map_err(|error| chain(&error))?;
            let there = &hub.slips[&said.id];
            if here != *there || (hub.attached.contains_key(&said.id) && here.is_none()) {
                let mark = &said.first.mark;
                return Err(format!(
                    "O3: device {device} shows another slip of {mark} than its hub: {here:?} and {there:?}"
                ));
            }
        }
        Ok(())
    }

    /// O1 of the gate: it leaves nothing out but what somebody wrote who was struck off.
    pub(crate) fn nothing_honest_is_refused(&self, who: usize) -> Result<(), Broken> {
        let refused = self.ledger(who)?.refused(LEFT_OUT_MAX).map_err(|error| chain(&error))?;
        match refused.iter().find(|line| !self.is_struck_off(&line.device)) {
            Some(line) => Err(format!("O1: {} leaves honest changes out: {line:?}", Self::name(who))),
            None => Ok(()),
        }
    }

    /// O1 and O2 of what was kept from a village: the county opens it, once.
    fn kept_words_open(&self) -> Result<(), Broken> {
        let mut opened: Vec<(DocId, String)> = Vec::new();
        for (hub, office) in &self.offices {
            for (key, _) in office.ring.epochs() {
                let envelopes = self.ledger(*hub)?.sealed_to(key.epoch).map_err(|error| chain(&error))?;
                let records =
                    envelopes.iter().filter_map(|it| Some((it.doc, Record::open(key, &it.doc, &it.payload).ok()?)));
                opened.extend(records.filter_map(|(doc, record)| match record {
                    Record::Confided(confided) => Some((doc, confided.body)),
                    Record::Response(_) | Record::Ballot(_) | Record::Reaction(_) | Record::Guesses(_) => None,
                }));
            }
        }
        for said in self.reference.said.values().filter(|said| said.is_kept && !said.is_to_go) {
            let Said { first: Word { mark, told, by, .. }, .. } = said;
            // The hub's program takes a record over before it destroys a key; here nobody does.
            let hub = self.devices.get(*by).map_or(HUB, |device| device.above);
            if self.offices.get(&hub).is_some_and(|office| !office.closed.is_empty()) {
                continue;
            }
            match (opened.iter().filter(|(_, body)| body.contains(mark.as_str())).count(), told) {
                (0, Told::Saved) => return Err(format!("O1: {mark} was kept from the village, and no key opens it")),
                (0 | 1, _) => {}
                (times, _) => return Err(format!("O2: {mark}, which was kept from the village, opens {times} times")),
            }
        }
        Ok(())
    }

    /// O5 of logs, whose runs are packed: neither a telephone number nor what was kept from a village stands in one.
    fn logs_tell_nothing(&self, who: usize) -> Result<(), Broken> {
        let kept = self.reference.said.values().filter(|said| said.is_kept).map(|said| said.first.mark.as_bytes());
        let secrets: Vec<&[u8]> = kept.chain([CANARY]).collect();
        for body in bodies(self.ledger(who)?)? {
            if let Some(secret) = secrets.iter().find(|secret| disk::is_within(&body, secret)) {
                let secret = String::from_utf8_lossy(secret);
                return Err(format!("O5: {secret} stands in the log of {} in the clear", Self::name(who)));
            }
        }
        Ok(())
    }

    /// O4 and O8 of one installation.
    fn sound(&self, who: usize) -> Result<(), Broken> {
        let ledger = self.ledger(who)?;
        let log = ledger.log();
        log.verify().map_err(|error| chain(&error))?.map_err(|fault| format!("O8: {}: {fault}", Self::name(who)))?;
        let apart = log.apart(LEFT_OUT_MAX).map_err(|error| chain(&error))?;
        // That its hub refused something a device goes on to tell; one that was restored may have lacked what explains it, and
        // that it took it since is O7's to see.
        let has_lost = self.devices.get(who).is_some_and(|device| self.was_restored(device.above));
        let is_excused = |device: &str| if device.is_empty() { has_lost } else { self.is_struck_off(device) };
        if let Some(line) = apart.iter().find(|line| !is_excused(&line.device)) {
            return Err(format!("O1: {} keeps honest runs apart: {line:?}", Self::name(who)));
        }
        self.nothing_honest_is_refused(who)?;
        let member = self.member(who);
        for held in log.held() {
            let may_hold = member.wrote(&held.feed) || member.scope.allows(Action::Read, &held.feed.space);
            if held.extent.length > 0 && !may_hold {
                return Err(format!("O4: {} holds {}", Self::name(who), held.feed.space));
            }
        }
        Ok(())
    }

    /// What a device let go comes back to tables that begin with nothing, once the hub has the rest of it in a backup.
    fn is_given_back(&mut self, device: usize) -> Result<(), Broken> {
        self.back_up_hub(self.above(device))?;
        self.meet_whole(device)?;
        self.follow(device)?;
        self.let_go(device, UnixSeconds(i64::MAX))?;
        self.meet_whole(device)?;
        self.follow(device)
    }

    /// What the tables say is what the log says, and the hub of what the log let go.
    fn rebuilt_is_the_same(&mut self, who: usize) -> Result<(), Broken> {
        let has_let_go = self.node(who).has_let_go;
        // No stick brings a device its own words, and nobody brings them to one that was struck off.
        if has_let_go && (!self.has_roads || self.devices[who].is_revoked) {
            return Ok(());
        }
        let tallies = |ledger: &Ledger| ledger.tallies(&Filter::default()).map_err(|error| chain(&error));
        // Whoever was struck off meets nobody above, and its own program goes on.
        if self.devices.get(who).is_some_and(|device| device.is_revoked) {
            self.follow(who)?;
        }
        let ledger = self.ledger(who)?;
        let before = (lines(ledger)?, tallies(ledger)?);
        let node = self.node_mut(who);
        node.ledger = None;
        disk::remove(&node.dir, "ledger.db");
        self.start(who)?;
        if has_let_go {
            self.is_given_back(who)?;
        }
        let ledger = self.ledger(who)?;
        let after = (lines(ledger)?, tallies(ledger)?);
        if before.0 != after.0 {
            let changed = before.0.iter().find(|(id, line)| after.0.get(*id) != Some(*line));
            return Err(format!("O3: {} rebuilt from its log says something else: {changed:?}", Self::name(who)));
        }
        if before.1 != after.1 {
            let (before, after) = (before.1, after.1);
            return Err(format!("O3: {} counted {before:?}, and rebuilt from its log {after:?}", Self::name(who)));
        }
        Ok(())
    }
}

/// O3: what a deputy, or a hub beneath, holds is what their hub holds of their areas.
fn same_as_above(device: usize, scope: &civic_core::access::Scope, here: &Lines, hub: &Lines) -> Result<(), Broken> {
    let is_theirs = |line: &Value| {
        let space = line["space"].as_str().unwrap_or_default();
        let (area, audience) = space.split_once('/').unwrap_or((space, ""));
        audience == Audience::Deputies.word() && scope.areas.iter().any(|own| area.starts_with(own.code()))
    };
    let there: BTreeSet<&String> = hub.iter().filter(|(_, line)| is_theirs(line)).map(|(id, _)| id).collect();
    let ours: BTreeSet<&String> = here.iter().filter(|(_, line)| is_theirs(line)).map(|(id, _)| id).collect();
    if let Some(id) = there.symmetric_difference(&ours).next() {
        let who = if ours.contains(id) { "the hub does not hold" } else { "it does not hold" };
        return Err(format!("O3: device {device} reads what the hub does, but {who} {id}"));
    }
    match ours.into_iter().find(|id| here.get(*id) != hub.get(*id)) {
        Some(id) => Err(format!("O3: device {device} reads {id} otherwise than the hub: {} {}", here[id], hub[id])),
        None => Ok(()),
    }
}

fn lines(ledger: &Ledger) -> Result<Lines, Broken> {
    let mut lines = Lines::new();
    let mut is_twice = false;
    let exported = ledger.export(|line| {
        let id = line["id"].as_str().unwrap_or_default().to_owned();
        let mut line = line;
        // The first words stand in the body, too.
        if let Some(line) = line.as_object_mut() {
            line.remove("original");
        }
        is_twice |= lines.insert(id, line).is_some();
        Ok(())
    });
    exported.map_err(|error| chain(&error))?.map_err(|error| error.to_string())?;
    if is_twice {
        return Err("O2: a record is exported twice".to_owned());
    }
    let counted = ledger.total(&Filter::default()).map_err(|error| chain(&error))?;
    if counted != lines.len() as u64 {
        return Err(format!("O3: {} opinions are counted as {counted}", lines.len()));
    }
    Ok(lines)
}

/// What the runs of a log say, unpacked.
fn bodies(ledger: &Ledger) -> Result<Vec<Vec<u8>>, Broken> {
    let mut bodies = Vec::new();
    for held in ledger.log().held() {
        let runs = ledger.log().runs_after(held.feed.id(), 0, held.extent.length, RUN_BODY_LEN_MAX);
        for run in runs.map_err(|error| chain(&error))? {
            bodies.push(run.unpacked().map_err(|error| error.to_string())?.to_vec());
        }
    }
    Ok(bodies)
}

fn times(text: &str, mark: &str) -> usize {
    text.matches(mark).count()
}
