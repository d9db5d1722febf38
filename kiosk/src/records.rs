//! The station as it is: the ledger on disk, and the device that keeps it in touch with the county.

use std::{
    cmp::Reverse,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use civic_core::{
    access::Role,
    area::Area,
    attachment::AttachmentKind,
    ballot,
    codebook::Topic,
    consent::{Choice, Consent},
    deputy::Deputy,
    id::{DocId, hex},
    opening::{Opening, OpeningNumber, SlipKey, Stub},
    opinion::{Field, NewOpinion},
    reaction::Reaction,
    response::{Drawing, Recording, WORDS_CHARS_MAX},
    seal::Contact,
    slip::Content,
    station::Reception,
    ticket::Ticket,
    time::{Day, UnixSeconds},
    token::Token,
    vote::Vote,
    wording::Both,
};
use ledger::{
    Ledger, LedgerError, NotTaken as Refused,
    board::{Board, Progress as Told},
    enclosed::{Enclosed, Heard},
};
use replica::{clock, device::Device, dir::DirError, store::StoreError};
use serde_json::json;

use crate::{
    disk::disk,
    drawer::{Drawer, Kept},
    form::Beside,
    guesses::{Guesses, NotOpened},
    heard,
    portrait::Portraits,
    public::{Ballot, DeputyCard, NotTaken, Public, ReceptionDay, Reply, Tally},
    service::Service,
    station::{
        About, Counts, Draft, Found, NotSaved, Piece, Place, Progress, Rest, Stage, Station, Step, TakenUp,
        Told as ToldHolder, Waiting,
    },
    trouble::{self, Reports, Trouble},
};

/// The mark of an opinion that nobody handed in, among the fields that have no home.
pub const UNFINISHED: &str = "unfinished";
/// The mark of an opinion that somebody at the station wrote for the person.
pub const HELPED: &str = "helped";
/// The mark of a child's opinion: nothing about who said it is kept.
pub const CHILD: &str = "child";
/// Since when it is so, as the person said.
pub const SINCE: &str = "since";
/// Where it is so, by the village's own name for the place.
pub const SPOT: &str = "where";
/// Which wording of the screen [`crate::screens::consent`] people are shown before they leave a number. Count on whenever
/// its meaning changes: a consent is to what was read.
pub const NOTICE: u32 = 2;
/// The mark of an opinion that came faster than people speak.
pub const BURST: &str = "burst";

/// A station over a ledger.
pub struct Records {
    ledger: Ledger,
    device: Arc<Device>,
    drawer: Drawer,
    guesses: Guesses,
    village: Area,
    watch: Option<Watch>,
    service: Option<Box<dyn Service>>,
    portraits: Portraits,
}

/// What is watched besides the records.
struct Watch {
    data: PathBuf,
    heard: heard::Heard,
    reports: Reports,
}

/// Why a device cannot be a kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this device was enrolled for no area, so it has no village to stand in")]
pub struct NoVillage;

impl Records {
    /// The station of this device: it stands in the first village of its areas.
    pub fn new(ledger: Ledger, device: Arc<Device>, drawer: Drawer) -> Result<Self, NoVillage> {
        let areas = &ledger.card().scope.areas;
        let village = ledger.codebook().villages_in(areas).next().map(|place| place.area.clone());
        let village = village.or_else(|| areas.first().cloned()).ok_or(NoVillage)?;
        let guesses = Guesses::open(drawer.directory(), Instant::now());
        let portraits = Portraits::default();
        let mut records = Self { ledger, device, drawer, guesses, village, watch: None, service: None, portraits };
        records.file_what_fits_again();
        Ok(records)
    }

    /// Hands in what did not fit when it was tried last: the county may ask as before by now, and nobody is asked about it.
    fn file_what_fits_again(&mut self) {
        let unfit = copies(self.drawer.unfit());
        if let Err(why) = self.file_left(unfit) {
            tracing::error!(error = %why, "What did not fit what is asked could not be filed; it waits on");
        }
    }

    /// Files these drafts as unfinished, under their forms.
    fn file_left(&mut self, left: Vec<(String, Draft)>) -> Result<(), NotSaved> {
        let mut all = Ok(());
        for (form, draft) in left {
            let filed = match draft.about.is_reply() {
                true => self.answer_unfinished(&form, draft),
                false => self.take_down_unfinished(&form, &draft).map_err(NotTaken::from),
            };
            match filed {
                Ok(()) => self.remove_draft(&form),
                Err(NotTaken::NotSaved(why)) => all = all.and(Err(why)),
                Err(NotTaken::Unfit) => {
                    if let Err(error) = self.drawer.set_unfit(&form) {
                        tracing::error!(%error, "A draft that does not fit is asked about again after the next start");
                    }
                }
                // What is asked no longer can be handed in to nobody, and is let go.
                Err(
                    why @ (NotTaken::NotAsked | NotTaken::OtherProjects | NotTaken::UnknownToken | NotTaken::UsedToken),
                ) => {
                    tracing::error!(%why, "What somebody began to say back could not be handed in");
                    self.remove_draft(&form);
                }
            }
        }
        all
    }

    /// The same station, which also tells what does not work: of the disk on which its data directory lies, of the
    /// clock and the road, and whatever is reported here.
    #[must_use]
    pub fn watching(self, data: &Path, reports: Reports) -> Self {
        let watch = Watch { data: data.to_owned(), heard: heard::Heard::new(data), reports };
        Self { watch: Some(watch), ..self }
    }

    /// The same station with these service pages.
    #[must_use]
    pub fn with_service(self, service: Box<dyn Service>) -> Self {
        Self { service: Some(service), ..self }
    }

    /// The village and the station in it, by the codebook; a device without a station is one by its own name.
    fn names(&self) -> (String, String) {
        let place = self.ledger.codebook().place(&self.village);
        let village = place.map(|place| place.name.clone()).unwrap_or_default();
        let station = place.and_then(|place| place.station.clone());
        (village, station.unwrap_or_else(|| self.ledger.card().name.clone()))
    }

    /// The codebook's word for words that came in at a kiosk; empty in a county that has none.
    fn channel(&self) -> String {
        let channels = &self.ledger.codebook().channels;
        let kiosk = channels.iter().find(|channel| channel.en.eq_ignore_ascii_case(Role::Kiosk.word()));
        kiosk.map(|channel| channel.name.clone()).unwrap_or_default()
    }

    /// A draft as the ledger takes it.
    fn heard(&self, draft: &Draft, is_unfinished: bool) -> Heard {
        let (village, station) = self.names();
        let (deputy, sort) = match &draft.about {
            About::Talk(talk) => {
                let words = self.ledger.codebook().reaction.as_ref();
                (talk.name.clone(), words.map(|words| words.talk.clone()).unwrap_or_default())
            }
            About::Opinion | About::Misunderstood(_) | About::Addition(_) | About::Form(_) => Default::default(),
        };
        let fields = [
            (Field::Topic, draft.topic.clone()),
            (Field::Village, village),
            (Field::Station, station),
            (Field::Channel, self.channel()),
            (Field::Deputy, deputy),
            (Field::Sort, sort),
        ];
        let marks =
            [(UNFINISHED, is_unfinished), (HELPED, draft.is_helped), (CHILD, draft.is_child), (BURST, draft.is_burst)];
        let marks = marks.into_iter().filter(|(_, is_so)| *is_so).map(|(mark, _)| (mark, json!(true)));
        let since = draft.since.map(|since| (SINCE, json!(since)));
        let spot = draft.spot.as_ref().map(|spot| (SPOT, json!(spot)));
        // A number that nobody finished typing, or that nobody agreed to leave, is not kept.
        let agreed = |value: &Option<String>| value.clone().filter(|_| !is_unfinished && !draft.is_child);
        let phone = agreed(&draft.phone).unwrap_or_default();
        let name = agreed(&draft.name).filter(|_| !phone.is_empty()).unwrap_or_default();
        let choice = Choice::of(&name, &phone);
        let contact = Contact { phone, name };
        // Nobody who left in the middle has decided anything.
        let consent = (!is_unfinished).then(|| Consent { notice: NOTICE, choice, at: clock::now() }.field());
        let extra = marks.chain(since).chain(spot).map(|(key, value)| (key.to_owned(), value.to_string()));
        let new = NewOpinion {
            body: draft.words(),
            fields: fields.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            extra: extra.chain(consent).collect(),
            ..NewOpinion::default()
        };
        let enclosed = enclosed_with(draft);
        let opening = draft.opening.as_ref().filter(|_| !is_unfinished).map(Opening::deposit);
        Heard { new, contact, enclosed, opening, is_kept: draft.is_kept }
    }

    /// The number of a draft that the ledger took just before the power failed.
    fn filed_before_the_cut(&self, form: &str) -> Option<Ticket> {
        match self.ledger.filed_from(form) {
            Ok(filed) => filed.map(|filed| filed.ticket),
            Err(error) => {
                // Filing it again finds the same opinion, so nothing is doubled by not knowing.
                tracing::error!(%error, "A draft could not be looked up in the ledger");
                None
            }
        }
    }

    fn remove_draft(&mut self, form: &str) {
        if let Err(error) = self.drawer.remove(form) {
            tracing::error!(%error, "A draft that is done with could not be taken away");
        }
    }

    /// What opens the slip of what is being said: drawn when it is filed, and kept with the draft until it is.
    fn opening(&mut self, draft: &Draft) -> Opening {
        if let Some(opening) = self.drawer.draft().and_then(|kept| kept.opening.clone()) {
            return opening;
        }
        let opening = Opening::new(clock::random());
        if self.drawer.current().is_some()
            && let Err(error) = self.drawer.keep(&Draft { opening: Some(opening.clone()), ..draft.clone() })
        {
            // It can be filed all the same; only a power cut at this moment would take what opens it.
            tracing::error!(%error, "What opens a slip could not be kept with its draft");
        }
        opening
    }

    fn progress(&self, Told { slip, told, answer, may_evaluate }: Told) -> Progress {
        let codebook = self.ledger.codebook();
        // A state that came into use after this kiosk's codebook is shown by its own word.
        let state = codebook.state(&slip.state).map_or(slip.state, |state| state.plain.clone());
        let may_add = codebook.reaction.is_some();
        let rest = match (told, slip.content) {
            (Some(told), _) => Rest::Told(ToldHolder {
                topic: told.topic,
                steps: told.steps.into_iter().map(|step| Step { at: step.at, words: step.act }).collect(),
                answer: told.answer,
                answer_number: answer,
                may_evaluate,
                may_add,
                has_contact: told.has_contact,
            }),
            (None, Content::Sealed { .. }) => Rest::Sealed,
            (None, Content::Nothing | Content::Open(_)) => Rest::Nothing,
        };
        Progress { state, as_of: slip.as_of, rest }
    }

    fn look_up(&self, ticket: &Ticket, key: Option<&SlipKey>) -> Result<Found, LedgerError> {
        if let Some(told) = self.ledger.progress(ticket, key)? {
            return Ok(Found::Slip(self.progress(told)));
        }
        if let Some(erased) = self.ledger.erased_ticket(ticket)? {
            return Ok(Found::Erased(erased.at));
        }
        let Some(id) = self.ledger.by_ticket(ticket)? else { return Ok(Found::Unknown) };
        let stage = match self.ledger.log().is_received(&id)? {
            Some(true) => Stage::Received,
            Some(false) | None if self.counts().here == 0 && self.counts().on_road > 0 => Stage::OnRoad,
            Some(false) | None => Stage::Here,
        };
        Ok(Found::Filed(stage))
    }

    fn published(&self) -> Result<Public, LedgerError> {
        let (ledger, today) = (&self.ledger, clock::now().day());
        let codebook = ledger.codebook();
        let Board { month, reception, mut notices, mut matters } = ledger.board(&self.village, today)?;
        notices.sort_by_key(|notice| Reverse(notice.shown.from));
        for (_, matter) in &mut matters {
            if let Some(state) = codebook.state(&matter.state) {
                matter.state.clone_from(&state.plain);
            }
        }
        let mut votes = ledger.votes(&self.village, today)?;
        votes.iter_mut().for_each(|(_, vote)| vote.tokens.clear());
        let deputies = ledger.deputies(&self.village)?.into_iter().map(|deputy| self.card(deputy, today));
        Ok(Public {
            asked: month.asked,
            settled: month.settled,
            reception: reception.map(|next| reception_day(next.day, next.station.name, next.reception)),
            notices,
            matters,
            consultations: ledger.consultations(&self.village, today)?,
            votes,
            tallies: ledger.counted_votes(&self.village)?.iter().filter_map(tally).collect(),
            deputies: deputies.collect::<Result<_, _>>()?,
        })
    }

    fn card(&self, deputy: Deputy, today: Day) -> Result<DeputyCard, LedgerError> {
        let levels = &self.ledger.codebook().levels;
        let en = levels.iter().find(|level| level.name == deputy.level).map(|level| level.en.clone());
        let mut receptions = Vec::new();
        for reception in deputy.receptions {
            let Some(day) = reception.next(today) else { continue };
            let station = self.ledger.station(&reception.station)?;
            receptions.push(reception_day(day, station.map(|station| station.name).unwrap_or_default(), reception));
        }
        Ok(DeputyCard {
            code: deputy.code,
            name: deputy.name,
            level: Both { zh: deputy.level, en: en.unwrap_or_default() },
            group: deputy.group,
            about: deputy.about,
            portrait: self.portraits.of(&deputy.portrait),
            receptions,
        })
    }

    fn use_of(&self, vote: &DocId, token: Token) -> Result<(), Refused> {
        let known = self.ledger.published_as::<Vote>(vote)?.ok_or(Refused::NotAsked)?;
        let hash = token.hash(vote);
        if !known.knows(&hash) {
            return Err(Refused::UnknownToken);
        }
        match self.ledger.log().is_received(&ballot::id_of(vote, &hash)).map_err(LedgerError::from)? {
            Some(_) => Err(Refused::UsedToken),
            None => Ok(()),
        }
    }
}

/// Drafts with the names of their forms, to be filed while the drawer changes.
fn copies(kept: Vec<(&str, &Kept)>) -> Vec<(String, Draft)> {
    kept.into_iter().map(|(form, kept)| (form.to_owned(), kept.draft.clone())).collect()
}

/// The result of a vote, if the county has published it.
fn tally(vote: &Vote) -> Option<Tally> {
    let result = vote.result.as_ref()?;
    let mut projects: Vec<_> =
        vote.projects.iter().map(|project| (project.title.clone(), result.count_of(&project.key))).collect();
    projects.sort_by_key(|(_, count)| Reverse(*count));
    let (title, tokens) = (vote.title.clone(), vote.token_count());
    Some(Tally { title, tokens, counted: result.counted, as_of: result.as_of, projects })
}

fn reception_day(day: Day, station: String, reception: Reception) -> ReceptionDay {
    ReceptionDay { day, station, hours: reception.hours, theme: reception.theme }
}

impl Station for Records {
    fn place(&self) -> Place {
        let (village, station) = self.names();
        // Some counties write the village into the station's name; the screen does not say it twice.
        let station = station.strip_prefix(&village).map(str::to_owned).unwrap_or(station);
        Place { village, station, county: self.ledger.codebook().county.name.clone() }
    }

    fn topics(&self) -> Vec<Topic> {
        self.ledger.codebook().topics.clone()
    }

    fn spots(&self) -> Vec<String> {
        let place = self.ledger.codebook().place(&self.village);
        place.map(|place| place.spots.clone()).unwrap_or_default()
    }

    fn file(&mut self, draft: &Draft) -> Result<Stub, NotSaved> {
        let form = self.drawer.current().map(str::to_owned);
        let opening = self.opening(draft);
        let heard = self.heard(&Draft { opening: Some(opening.clone()), ..draft.clone() }, false);
        let filed = match &form {
            Some(form) => self.ledger.take_down_form(form, &self.village, &self.ledger.card().name, heard),
            None => self.ledger.take_down(&self.village, &self.ledger.card().name, heard),
        };
        let filed = filed.map_err(|error| self.not_saved(&error))?;
        if let Some(form) = form {
            self.remove_draft(&form);
        }
        Ok(Stub { ticket: filed.ticket, opening: Some(opening) })
    }

    fn keep(&mut self, draft: &Draft) -> Result<(), NotSaved> {
        self.drawer.keep(draft).map_err(|error| not_kept(&error))
    }

    fn keep_piece(&mut self, draft: &Draft, piece: &Piece) -> Result<(), NotSaved> {
        self.drawer.keep_piece(draft, piece).map_err(|error| not_kept(&error))
    }

    fn throw_away(&mut self) {
        if let Some(form) = self.drawer.current().map(str::to_owned) {
            self.remove_draft(&form);
        }
    }

    fn leave_waiting(&mut self) {
        if let Err(error) = self.drawer.leave() {
            tracing::error!(%error, "What somebody left in the middle of speaking cannot be read back; its files stay");
        }
    }

    fn waiting(&self) -> Option<Waiting> {
        let (_, kept) = self.drawer.waiting()?;
        Some(Waiting { subject: kept.draft.subject(), begun_at: kept.begun_at })
    }

    fn take_up(&mut self) -> Option<TakenUp> {
        let (form, opening) =
            self.drawer.waiting().map(|(form, kept)| (form.to_owned(), kept.draft.opening.clone()))?;
        // What was said back and is in the ledger already is found there again by its form.
        if let Some(ticket) = self.filed_before_the_cut(&form) {
            self.remove_draft(&form);
            return Some(TakenUp::Filed(Stub { ticket, opening }));
        }
        self.drawer.take_up(&form).map(|draft| TakenUp::Draft(Box::new(draft)))
    }

    fn file_unfinished(&mut self) -> Result<(), NotSaved> {
        let left = copies(self.drawer.left());
        self.file_left(left)
    }

    fn find(&self, ticket: &Ticket, key: Option<&SlipKey>) -> Found {
        self.look_up(ticket, key).unwrap_or_else(|error| {
            // What cannot be read is not known here: the screen says no more than that.
            tracing::error!(%error, "A ticket could not be looked up");
            Found::Unknown
        })
    }

    fn unlock(&mut self, ticket: Ticket, number: OpeningNumber, now: Instant) -> Result<SlipKey, NotOpened> {
        let slip = self.ledger.slip(&ticket).unwrap_or_else(|error| {
            tracing::error!(%error, "A slip could not be read");
            None
        });
        let slip = slip.ok_or(NotOpened::NothingSealed)?;
        let Content::Sealed { lock, .. } = &slip.content else { return Err(NotOpened::NothingSealed) };
        let opened = self.guesses.guess(ticket, now, || lock.open(number).filter(|key| slip.open(key).is_some()));
        if let Some(wrong) = self.guesses.take_untold()
            && let Err(error) = self.ledger.tell_guesses(&self.village, wrong)
        {
            tracing::error!(%error, wrong, "The county could not be told of wrong opening numbers");
        }
        opened
    }

    fn counts(&self) -> Counts {
        match self.device.counts() {
            Ok(counts) => Counts {
                here: counts.here,
                on_road: counts.on_road,
                received: counts.received,
                last_receipt: counts.last_receipt,
            },
            Err(error) => {
                tracing::error!(%error, "The counts could not be read");
                Counts::default()
            }
        }
    }

    fn now(&self) -> UnixSeconds {
        clock::now()
    }

    fn public(&self) -> Public {
        self.published().unwrap_or_else(|error| {
            // A board that cannot be read is empty; saying something still works.
            tracing::error!(%error, "What is published could not be read");
            Public::default()
        })
    }

    fn form(&mut self) -> String {
        hex(&clock::random::<16>())
    }

    fn take(&mut self, form: &str, reply: &Reply) -> Result<(), NotTaken> {
        let (ledger, village) = (&self.ledger, &self.village);
        match reply {
            Reply::Ballot(Ballot { vote, token, choices }) => {
                let cast = ledger.vote(village, vote, *token, choices.clone()).map_err(not_taken);
                // Of a ballot nothing is kept.
                cast.map_err(|why| if why == NotTaken::Unfit { NotTaken::OtherProjects } else { why })
            }
            Reply::Reaction(reaction) => ledger.react(form, village, reaction, &[]).map(drop).map_err(not_taken),
        }
    }

    fn answer(&mut self, draft: &Draft) -> Result<(), NotTaken> {
        let form = self.drawer.current().map(str::to_owned);
        self.answer_form(&form.clone().unwrap_or_else(|| hex(&clock::random::<16>())), draft)?;
        if let Some(form) = form {
            self.remove_draft(&form);
        }
        Ok(())
    }

    fn admit(&self, vote: &DocId, token: Token) -> Result<(), NotTaken> {
        self.use_of(vote, token).map_err(not_taken)
    }

    fn troubles(&self) -> Vec<Trouble> {
        let unfit = (!self.drawer.unfit().is_empty()).then_some(Trouble::Unfit);
        let Some(watch) = &self.watch else { return Vec::from_iter(unfit) };
        let mut all = watch.reports.all();
        all.extend(unfit);
        all.extend(self.disk_trouble());
        let proven = self.counts().last_receipt.unwrap_or_default().max(self.ledger.card().enrolled_at);
        let road_is_open = self.device.road().borrow().is_open;
        all.extend(trouble::of_time(clock::now(), proven, watch.heard.last(), road_is_open));
        all.sort_unstable();
        all
    }

    fn service(&mut self) -> Option<Box<dyn Service>> {
        self.service.take()
    }
}

impl Records {
    /// Hands in what somebody said back, with its voices and drawings, under the name of its form.
    fn answer_form(&self, form: &str, draft: &Draft) -> Result<(), NotTaken> {
        let (ledger, village) = (&self.ledger, &self.village);
        let enclosed: Vec<_> = match &draft.about {
            About::Form(answers) => answers.enclosed().map(enclosed).collect(),
            About::Opinion | About::Talk(_) | About::Misunderstood(_) | About::Addition(_) => enclosed_with(draft),
        };
        let names = ledger.named(form, &enclosed).map_err(|error| not_taken(error.into()))?;
        // What a finger wrote is kept as it was written; the characters chosen for it are a help, and may be cut.
        let words = draft.words().trim().chars().take(WORDS_CHARS_MAX).collect();
        let recording = || names.iter().copied().find(|name| name.kind == AttachmentKind::Voice).map(Recording::from);
        let ink = || names.iter().copied().find(|name| name.kind == AttachmentKind::Ink).map(Drawing::from);
        let taken = match &draft.about {
            About::Form(answers) => ledger.respond(form, village, &answers.response(names.clone()), &enclosed),
            About::Misunderstood(ticket) => {
                let said = Reaction::Misunderstood { ticket: *ticket, words, recording: recording(), ink: ink() };
                ledger.react(form, village, &said, &enclosed)
            }
            About::Addition(ticket) => {
                let said = Reaction::Addition { ticket: *ticket, words, recording: recording(), ink: ink() };
                ledger.react(form, village, &said, &enclosed)
            }
            // These have numbers of their own, and are filed.
            About::Opinion | About::Talk(_) => Err(Refused::NotAsked),
        };
        taken.map(drop).map_err(not_taken)
    }

    /// The same when nobody came back to it.
    fn answer_unfinished(&self, form: &str, draft: Draft) -> Result<(), NotTaken> {
        self.answer_form(form, &if draft.has_words() { draft.with_words_in_form() } else { draft })
    }

    /// Takes down an opinion that nobody came back to, unless it was just before the power failed.
    fn take_down_unfinished(&self, form: &str, draft: &Draft) -> Result<(), NotSaved> {
        if self.filed_before_the_cut(form).is_some() {
            return Ok(());
        }
        let heard = self.heard(draft, true);
        let filed = self.ledger.take_down_form(form, &self.village, &self.ledger.card().name, heard);
        filed.map(drop).map_err(|error| self.not_saved(&error))
    }

    fn disk_trouble(&self) -> Option<Trouble> {
        match disk(&self.watch.as_ref()?.data) {
            Ok(disk) => trouble::of_disk(disk),
            Err(error) => {
                tracing::error!(%error, "The disk does not tell how much room it has");
                None
            }
        }
    }

    /// What the person in front of the screen can do about it; the cause goes to the log.
    fn not_saved(&self, error: &LedgerError) -> NotSaved {
        tracing::error!(%error, "The ledger refused an opinion");
        match not_saved(error) {
            NotSaved::Failed if self.disk_trouble() == Some(Trouble::ReadOnly) => NotSaved::ReadOnly,
            why @ (NotSaved::DiskFull | NotSaved::ReadOnly | NotSaved::Failed) => why,
        }
    }
}

/// Everything that lies beside a draft's words.
fn enclosed_with(draft: &Draft) -> Vec<Enclosed> {
    let voice = draft.voice.iter().map(Beside::Voice);
    let ink = (!draft.ink.is_empty()).then_some(Beside::Ink(&draft.ink));
    voice.chain(ink).map(enclosed).collect()
}

/// What lies beside words, as the ledger takes it.
fn enclosed(beside: Beside<'_>) -> Enclosed {
    match beside {
        Beside::Voice(voice) => Enclosed::voice(voice.opus.to_vec(), voice.seconds),
        Beside::Ink(ink) => Enclosed::ink(ink.encode()),
    }
}

fn not_taken(why: Refused) -> NotTaken {
    match why {
        Refused::Ledger(error) => not_saved(&error).into(),
        Refused::NotAsked => NotTaken::NotAsked,
        Refused::Unfit(reason) => {
            tracing::error!(reason, "A form was filled in as it cannot be");
            NotTaken::Unfit
        }
        Refused::UnknownToken => NotTaken::UnknownToken,
        Refused::UsedToken => NotTaken::UsedToken,
    }
}

fn not_saved(error: &LedgerError) -> NotSaved {
    match error {
        LedgerError::Store(StoreError::DiskFull) => NotSaved::DiskFull,
        LedgerError::Store(
            StoreError::Version(_)
            | StoreError::Damaged(_)
            | StoreError::Elsewhere
            | StoreError::Failed(_)
            | StoreError::Stopped,
        )
        | LedgerError::Tables(_)
        | LedgerError::Record(_)
        | LedgerError::NotAllowed(_)
        | LedgerError::Changed
        | LedgerError::NotFound
        | LedgerError::OutOfScope(_)
        | LedgerError::SlipElsewhere
        | LedgerError::NoTickets
        | LedgerError::Codebook(_)
        | LedgerError::Seal(_) => NotSaved::Failed,
    }
}

/// The same for a draft.
fn not_kept(error: &DirError) -> NotSaved {
    tracing::error!(%error, "A draft could not be kept");
    match error {
        DirError::Unusable(_, cause) if cause.kind() == std::io::ErrorKind::StorageFull => NotSaved::DiskFull,
        DirError::Unusable(..) | DirError::InUse(_) => NotSaved::Failed,
    }
}
