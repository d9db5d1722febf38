//! One input: an honest document, a bent change, and what must hold whatever the gate makes of it.

use std::{
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
};

use civic_core::{
    area::Area,
    bulk,
    codebook::Codebook,
    consultation::Consultation,
    document::{Document, Stamp},
    gate::{self, Admission, Offer, Verdict},
    id::{Actor, DocId, hex},
    opinion::{self, Edit, Field, Opinion},
    published,
    slip::Slip,
    space::{Audience, Space},
    time::UnixSeconds,
    visit::Visit,
};

use super::{
    corpus::{self, History, Step},
    edits::{self, Names},
};
use crate::sample::{self, Dice};

/// Who makes the honest later change.
const LATER: Actor = Actor::new([0xee; 16]);

/// What became of one input.
pub(super) enum Outcome {
    /// As the gate says.
    Verdict(Verdict),
    /// It must not happen: what, in words.
    Failure(Failure),
}

/// What must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    /// A panic came out of the gate.
    Escaped,
    /// What was let in cannot be read, saved and loaded, or takes no further change.
    Poisoned,
    /// An honest change beside it was not let in, or the document changed although nothing was.
    Blocked,
}

impl Failure {
    pub(super) const ALL: [Failure; 3] = [Failure::Escaped, Failure::Poisoned, Failure::Blocked];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Failure::Escaped => "panics that escaped",
            Failure::Poisoned => "poisoned documents",
            Failure::Blocked => "honest changes kept out",
        }
    }
}

/// Everything that inputs are made of.
pub(super) struct Workshop {
    codebook: Codebook,
    histories: Vec<History>,
    names: Names,
}

/// One input.
pub(super) struct Input<'a> {
    document: &'a Document,
    /// What is offered; the bent one stands at `place`.
    offers: Vec<Step>,
    place: usize,
}

impl Workshop {
    pub(super) fn open() -> Self {
        let codebook = Codebook::parse(sample::COUNTY).expect("the sample codebook is valid");
        let histories = corpus::histories(&codebook);
        let mut names = Names { hashes: Vec::new(), actors: Vec::new() };
        for history in &histories {
            names.hashes.extend(history.documents.iter().flat_map(Document::heads).map(|head| head.to_vec()));
            names.actors.extend(history.steps.iter().map(|step| step.actor.as_bytes().to_vec()));
        }
        names.hashes.dedup();
        names.actors.dedup();
        Self { codebook, histories, names }
    }

    /// The input of this seed and index.
    pub(super) fn input(&self, seed: u64, index: u64) -> Input<'_> {
        let mut dice = Dice(seed.rotate_left(32) ^ index);
        // The first numbers of neighbouring seeds are neighbours of nothing, but seed and index must not cancel out.
        let mut dice = Dice(dice.below(u64::MAX) ^ seed);
        let history = dice.pick(&self.histories);
        let next = dice.below(history.steps.len() as u64) as usize;
        let source = if dice.below(10) < 7 { next } else { dice.below(history.steps.len() as u64) as usize };
        let donors = if dice.below(2) == 0 { history } else { dice.pick(&self.histories) };
        let donor = dice.pick(&donors.steps);
        let source = &history.steps[source];
        let mut bent =
            Step { payload: edits::bend(&mut dice, &source.payload, &donor.payload, &self.names), ..*source };
        match dice.below(30) {
            0 => bent.at = UnixSeconds([i64::MIN, -1, 0, i64::MAX][dice.below(4) as usize]),
            1 => bent.actor = Actor::new([dice.below(12) as u8; 16]),
            2 => bent.actor = donor.actor,
            _ => {}
        }
        let honest = history.steps[next..].iter().take(dice.below(4) as usize);
        let mut offers: Vec<Step> = honest.map(|step| Step { payload: step.payload.clone(), ..*step }).collect();
        let place = dice.below(offers.len() as u64 + 1) as usize;
        offers.insert(place, bent);
        Input { document: &history.documents[next], offers, place }
    }

    /// Offers an input at the gate and looks at what comes of it.
    pub(super) fn try_input(&self, input: &Input<'_>) -> Outcome {
        let mut document = input.document.clone();
        let offers: Vec<Offer<'_>> = input.offers.iter().map(Step::offer).collect();
        let admission = catch_unwind(AssertUnwindSafe(|| {
            gate::admit_and_read(&mut document, &offers, |document| self.read(document))
        }));
        let Ok(Admission { verdicts, grown }) = admission else { return Outcome::Failure(Failure::Escaped) };
        let bent = &verdicts[input.place];
        if *bent == Verdict::Admitted {
            let is_sound = || grown.is_some_and(|(snapshot, read)| self.is_sound(&document, &snapshot, &read));
            let is_sound = catch_unwind(AssertUnwindSafe(is_sound)).unwrap_or(false);
            return if is_sound { Outcome::Verdict(bent.clone()) } else { Outcome::Failure(Failure::Poisoned) };
        }
        // Whoever is let in instead of an honest change takes its place; otherwise the honest ones do not notice.
        let is_let_in = |(place, verdict): (usize, &Verdict)| place == input.place || *verdict == Verdict::Admitted;
        let has_grown = document.heads() != input.document.heads();
        if has_grown == (input.offers.len() > 1) && verdicts.iter().enumerate().all(is_let_in) {
            Outcome::Verdict(bent.clone())
        } else {
            Outcome::Failure(Failure::Blocked)
        }
    }

    /// Reads what the tables tell of a document.
    fn read(&self, document: &Document) -> String {
        let mut read = format!("{:?} {:?}", Slip::read(document), Visit::read(document));
        if let Some(consultation) = published::read::<Consultation>(document) {
            read += &serde_json::to_string(&consultation).unwrap_or_default();
        }
        if let Some(opinion) = Opinion::read(document) {
            let space = Space::new(Area::parse("990127101201").expect("it is a code"), Audience::Deputies);
            read += &bulk::export(&self.codebook, &DocId::new([1; 16]), &space, &opinion).to_string();
        }
        read
    }

    /// Whether a document that took something in is what its snapshot says, and takes an honest later change.
    fn is_sound(&self, document: &Document, snapshot: &[u8], read: &str) -> bool {
        let Ok(mut loaded) = Document::load(snapshot) else { return false };
        let passages: String = opinion::passages(&loaded).into_iter().map(|passage| passage.text).collect();
        let is_whole = Opinion::read(&loaded).is_none_or(|opinion| opinion.body == passages);
        if loaded.heads() != document.heads() || self.read(&loaded) != read || !is_whole {
            return false;
        }
        let mut elsewhere = document.clone();
        let at = UnixSeconds(1_000);
        let edit = Edit { fields: [(Field::Topic, "后来".to_owned())].into(), ..Edit::default() };
        let later = opinion::edit(&mut elsewhere, LATER, &Stamp::new("后", at), &edit);
        let Ok(Some(payload)) = later else { return false };
        let offer = Offer { actor: LATER, at, payload: &payload };
        gate::admit(&mut loaded, &[offer]) == [Verdict::Admitted] && loaded.heads() == elsewhere.heads()
    }
}

impl Input<'_> {
    /// The input in words and hexadecimal, to be looked at.
    pub(super) fn tell(&self) -> String {
        let mut told = format!("document, as a snapshot:\n{}\n", hex(&self.document.snapshot()));
        for (place, step) in self.offers.iter().enumerate() {
            let bent = if place == self.place { ", bent" } else { "" };
            let _ = writeln!(told, "offer of {} at {}{bent}:\n{}", step.actor, step.at.0, hex(&step.payload));
        }
        told
    }
}
