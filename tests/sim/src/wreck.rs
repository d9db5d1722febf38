//! Crash images, and faults at every operation: the store and the tables on cards that fail at a chosen moment.
//!
//! A story is told at a kiosk and at a hub. For every operation of the card beneath, the power is cut there, and from what
//! was durable and what was not many [images](disk::Torn) are made: nothing, everything, a part in order, torn, and pieces
//! without the ones before. On each, the program starts as it would in the village; whatever it had said was saved must be
//! there, every chain sound. And for every operation again, that operation fails: once, because the card is full, or for
//! ever.
//!
//! Where the program only reads, a cut leaves what the one before left: dice fall by what lies on the card, and a moment that
//! gives the same images, with the same words saved, is passed over. Of the others it is counted how many images differ.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    time::Instant,
};

use civic_core::{access::Role, area::Area, id::DocId, opinion::NewOpinion, seal::Contact};
use clap::Parser;
use ledger::{
    Ledger, LedgerError,
    enclosed::{Enclosed, Heard},
};
use sync_core::{
    receipt::{Level, Receipt},
    run::RUN_BODY_LEN_MAX,
};
use tokio::runtime::Runtime;

use crate::{
    clock,
    county::{CANARY, chain},
    dice::Dice,
    disk::{self, Fault},
    node::{BEGINNING, Node, key_of},
    run::alone,
};

const VILLAGE: &str = "990127101201";
/// Long enough that the write-ahead log is checkpointed within the story.
const VOICE_LEN: usize = 300_000;
const STEPS: usize = 24;

/// Cuts the power at every operation, and lets every operation fail.
#[derive(Parser)]
#[command(name = "wreck")]
struct Arguments {
    /// How many images are made of each moment.
    #[arg(long, default_value_t = 20)]
    images: u64,
    /// Only every so many-th operation.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// By which dice fall.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Lets the card lie about its syncs, which no program can stand: losses must be found.
    #[arg(long)]
    lie: bool,
    /// One fault alone, as a line that begins with "again" names it.
    #[arg(long, value_name = "PLACE,FAULT,OPERATION", value_parser = parse_only)]
    only: Option<Only>,
}

/// One fault: where, which, and at which operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Only {
    place: Place,
    fault: Fault,
    deed: u64,
}

/// Reads what [`Wreck::broken`] wrote.
fn parse_only(text: &str) -> Result<Only, String> {
    let parts: Vec<&str> = text.split(',').collect();
    let [place, fault, deed] = parts[..] else { return Err("it is not PLACE,FAULT,OPERATION".to_owned()) };
    let place = PLACES.into_iter().find(|known| format!("{known:?}") == place);
    let fault = FAULTS.into_iter().find(|known| format!("{known:?}") == fault);
    Ok(Only {
        place: place.ok_or_else(|| format!("a place is one of {PLACES:?}"))?,
        fault: fault.ok_or_else(|| format!("a fault is one of {FAULTS:?}"))?,
        deed: deed.parse().map_err(|_| "an operation is a number".to_owned())?,
    })
}

/// What was tried, and what went wrong.
#[derive(Debug, Default)]
pub struct Tried {
    /// Moments at which the power was cut.
    pub cuts: u64,
    /// Those that were passed over: the program only read since a moment before.
    pub repeated: u64,
    /// Images that were started from.
    pub images: u64,
    /// How many of them differ.
    pub distinct: u64,
    /// Operations that failed.
    pub faults: u64,
    /// What was promised and not kept.
    pub broken: Vec<String>,
}

/// The two that write differently: one its own words, one what others bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Kiosk,
    Hub,
}

const PLACES: [Place; 2] = [Place::Kiosk, Place::Hub];
/// Every fault that is tried at every operation.
const FAULTS: [Fault; 4] = [Fault::Power, Fault::Io, Fault::Full, Fault::ReadOnly];

/// What lies on a card, as a number.
type Hash = [u8; 32];

/// What is tried, and what came of it.
struct Wreck {
    arguments: Arguments,
    runtime: Runtime,
    tried: Tried,
    /// Moments from whose images the program was started: the place, how much was saved, and what lay on the card.
    moments: BTreeSet<(Place, usize, Vec<Hash>)>,
    /// Images that the program was started from.
    images: BTreeSet<Hash>,
}

/// Somebody was told that this is saved.
struct Saved {
    id: DocId,
    mark: String,
}

/// The program; argument 0 is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let started = Instant::now();
    let tried = match wreck_by(Arguments::parse_from(args)) {
        Ok(tried) => tried,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(1);
        }
    };
    let Tried { cuts, repeated, images, distinct, faults, broken } = tried;
    broken.iter().take(20).for_each(|broken| println!("{broken}"));
    let seconds = started.elapsed().as_secs_f64();
    println!("{cuts} cuts, {repeated} of them where nothing had been written since another");
    println!("{images} images, {distinct} of them different");
    println!("{faults} faults, {} broken, {seconds:.0} s", broken.len());
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Tries every `every`-th operation of both stories.
pub fn wreck(images: u64, every: u64, seed: u64, lie: bool) -> Result<Tried, String> {
    wreck_by(Arguments { images, every, seed, lie, only: None })
}

fn wreck_by(arguments: Arguments) -> Result<Tried, String> {
    let _alone = alone();
    disk::install();
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    let (every, seed, lie, only) = (arguments.every, arguments.seed, arguments.lie, arguments.only);
    let (tried, moments, images) = (Tried::default(), BTreeSet::new(), BTreeSet::new());
    let mut wreck = Wreck { arguments, runtime, tried, moments, images };
    for (place, fault) in PLACES.into_iter().flat_map(|place| FAULTS.map(|fault| (place, fault))) {
        match only {
            Some(only) if (only.place, only.fault) == (place, fault) => {
                wreck.try_at(place, fault, only.deed);
            }
            Some(_) => {}
            // A card that lies is only cut.
            None if lie && fault != Fault::Power => {}
            None => {
                // Where it begins is drawn, so that different seeds with the same gaps try different operations.
                let mut deed = Dice::new(seed).below(every);
                while wreck.try_at(place, fault, deed) {
                    deed += every;
                }
            }
        }
    }
    wreck.tried.distinct = wreck.images.len() as u64;
    Ok(wreck.tried)
}

fn begin(place: Place) -> Node {
    disk::forget_all();
    clock::install(Dice::new(5));
    match place {
        Place::Kiosk => Node::new("kiosk", Role::Kiosk, 1, &[VILLAGE]),
        Place::Hub => Node::new("hub", Role::Hub, 0, &[&VILLAGE[..6]]),
    }
}

impl Wreck {
    /// Cuts the power at an operation, or lets it fail; `false` once the story ends before it, or the program fell.
    fn try_at(&mut self, place: Place, fault: Fault, deed: u64) -> bool {
        let tried = catch_unwind(AssertUnwindSafe(|| match fault {
            Fault::Power => self.cut_at(place, deed),
            Fault::Io | Fault::Full | Fault::ReadOnly | Fault::SyncLies => self.fail_at(place, deed, fault),
        }));
        tried.unwrap_or_else(|_| {
            self.broken(place, fault, deed, "a panic");
            false
        })
    }

    /// Notes what was promised and not kept, with the line that tries it again.
    fn broken(&mut self, place: Place, fault: Fault, deed: u64, why: &str) {
        let Arguments { images, seed, lie, .. } = self.arguments;
        let lie = if lie { " --lie" } else { "" };
        let again = format!("--seed {seed} --images {images}{lie} --only {place:?},{fault:?},{deed}");
        self.tried.broken.push(format!(
            "{place:?}, {fault:?} at operation {deed}: {why}\nagain: cargo run --release -p sim --bin wreck -- {again}"
        ));
    }

    /// Cuts the power at an operation and starts from many images of what is left; `false` once the story ends before it.
    fn cut_at(&mut self, place: Place, deed: u64) -> bool {
        let Arguments { images, seed, lie, .. } = self.arguments;
        let mut node = begin(place);
        let mut saved = Vec::new();
        if lie {
            disk::plan(&node.dir, 0, Fault::SyncLies);
            // The first operation makes it a liar; the cut is planned behind that.
            let _ = node.start(BEGINNING);
        }
        disk::plan(&node.dir, deed, Fault::Power);
        if node.ledger.is_some() || node.start(BEGINNING).is_ok() {
            tell(place, &node, &self.runtime, &mut saved, false);
        }
        let is_cut = disk::has_struck(&node.dir);
        // As it lies there now: what the program does when it ends, on a card without power, would take from it.
        let (torn, seen) = (disk::torn(&node.dir), hash(&disk::image(&node.dir)));
        node.ledger = None;
        if !is_cut {
            return false;
        }
        self.tried.cuts += 1;
        let fallen = Dice::new(seed ^ u64::from_le_bytes(std::array::from_fn(|at| seen[at])));
        let mut dice = fallen.clone();
        let hashes: Vec<Hash> = (0..images).map(|_| hash(&torn.image(&mut dice))).collect();
        self.images.extend(&hashes);
        if !self.moments.insert((place, saved.len(), hashes)) {
            self.tried.repeated += 1;
            return true;
        }
        let mut dice = fallen;
        for number in 0..images {
            self.tried.images += 1;
            disk::mend(&node.dir);
            disk::put(&node.dir, &torn.image(&mut dice));
            if let Err(why) = starts_whole(&mut node, &saved) {
                self.broken(place, Fault::Power, deed, &format!("image {number}: {why}"));
            }
        }
        true
    }

    /// Lets an operation fail; `false` once the story ends before it.
    fn fail_at(&mut self, place: Place, deed: u64, fault: Fault) -> bool {
        let mut node = begin(place);
        let mut saved = Vec::new();
        disk::plan(&node.dir, deed, fault);
        if node.start(BEGINNING).is_ok() {
            tell(place, &node, &self.runtime, &mut saved, true);
        }
        let has_failed = disk::has_struck(&node.dir);
        // Somebody makes room, or puts the card right.
        disk::mend(&node.dir);
        if !has_failed {
            node.ledger = None;
            return false;
        }
        if node.ledger.is_none()
            && let Err(error) = node.start(BEGINNING)
        {
            let why = format!("it does not start once the card is mended: {}", chain(&error));
            self.broken(place, fault, deed, &why);
            return true;
        }
        if place == Place::Kiosk
            && let Some(ledger) = node.at_work(BEGINNING)
        {
            match speak(ledger, "after", false) {
                Ok(word) => saved.push(word),
                Err(error) => {
                    let why = format!("nobody can speak once the card is mended: {}", chain(&error));
                    self.broken(place, fault, deed, &why);
                }
            }
        }
        node.stop();
        disk::cut(&node.dir, &mut Dice::new(deed));
        if let Err(why) = starts_whole(&mut node, &saved) {
            self.broken(place, fault, deed, &why);
        }
        self.tried.faults += 1;
        true
    }
}

/// The files of a card, names and contents.
fn hash(image: &BTreeMap<String, Vec<u8>>) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for (name, content) in image {
        for part in [name.as_bytes(), content.as_slice()] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
    }
    *hasher.finalize().as_bytes()
}

/// Starts the program and looks whether everything that was saved is there.
fn starts_whole(node: &mut Node, saved: &[Saved]) -> Result<(), String> {
    node.ledger = None;
    node.start(BEGINNING).map_err(|error| format!("it does not start: {}", chain(&error)))?;
    let found = node.at_work(BEGINNING).map_or_else(|| Ok(()), |ledger| all_there(ledger, saved));
    node.ledger = None;
    found?;
    if disk::holds(CANARY).is_some() { Err("personal details lie on the card in the clear".to_owned()) } else { Ok(()) }
}

fn all_there(ledger: &Ledger, saved: &[Saved]) -> Result<(), String> {
    ledger.catch_up().map_err(|error| chain(&error))?;
    ledger.log().verify().map_err(|error| chain(&error))??;
    for Saved { id, mark } in saved {
        let whole = ledger.opinion(id).map_err(|error| chain(&error))?;
        let whole = whole.ok_or_else(|| format!("{mark} was saved and is gone"))?;
        if whole.opinion.body.matches(mark.as_str()).count() != 1 {
            return Err(format!("{mark} was saved and is not there once: {}", whole.opinion.body));
        }
        for attached in &whole.opinion.attachments {
            let is_own = ledger.card().scope.role == Role::Kiosk;
            let sealed = ledger.sealed_attachment(&attached.id).map_err(|error| chain(&error))?;
            if is_own && sealed.is_none() {
                return Err(format!("the voice of {mark} was saved and is gone"));
            }
        }
    }
    Ok(())
}

/// Tells the story of a place, until the card fails or, if people are `patient`, to its end whatever fails.
fn tell(place: Place, node: &Node, runtime: &Runtime, saved: &mut Vec<Saved>, patient: bool) {
    let Some(ledger) = node.at_work(BEGINNING) else { return };
    let neighbour = match place {
        Place::Kiosk => None,
        Place::Hub => {
            let mut kiosk = Node::new("neighbour", Role::Kiosk, 1, &[VILLAGE]);
            match kiosk.start(BEGINNING) {
                Ok(()) => Some(kiosk),
                Err(_) => return,
            }
        }
    };
    for step in 0..STEPS {
        let done = match &neighbour {
            None => at_kiosk(ledger, step, runtime, saved),
            Some(kiosk) => at_hub(ledger, kiosk, step, runtime, saved),
        };
        if done.is_err() && !patient {
            return;
        }
    }
}

fn at_kiosk(ledger: &Ledger, step: usize, runtime: &Runtime, saved: &mut Vec<Saved>) -> Result<(), LedgerError> {
    match step % 6 {
        4 => {
            let Some(Saved { id, .. }) = saved.last() else { return Ok(()) };
            let (id, mark) = (*id, format!("«more {step}»"));
            ledger.add(&id, "补充人", &mark)?;
            saved.push(Saved { id, mark });
        }
        5 => {
            let now = civic_core::time::UnixSeconds(BEGINNING);
            let receipts = ledger
                .log()
                .held()
                .into_iter()
                .map(|held| Receipt::sign(held.feed.id(), held.extent, Level::Received, now, &key_of(0)));
            let receipts = receipts.collect();
            runtime.block_on(ledger.log().keep(receipts))?;
            runtime.block_on(ledger.log().join_waiting())?;
        }
        _ => saved.push(speak(ledger, &step.to_string(), step % 6 == 2)?),
    }
    Ok(())
}

/// What a kiosk said reaches the hub, which takes it in and writes slips.
fn at_hub(
    hub: &Ledger,
    kiosk: &Node,
    step: usize,
    runtime: &Runtime,
    saved: &mut Vec<Saved>,
) -> Result<(), LedgerError> {
    let Some(there) = kiosk.at_work(BEGINNING) else { return Ok(()) };
    let word = speak(there, &step.to_string(), false)?;
    let here = |feed| hub.log().held().into_iter().find(|held| held.feed == feed).map_or(0, |held| held.extent.length);
    let mut runs = Vec::new();
    for held in there.log().held() {
        let from = here(held.feed.clone());
        let more = there.log().runs_after(held.feed.id(), from, held.extent.length, RUN_BODY_LEN_MAX)?;
        runs.extend(more.into_iter().map(|run| (held.feed.clone(), run)));
    }
    runtime.block_on(hub.log().accept(runs))?;
    // From here on the kiosk holds a receipt.
    saved.push(word);
    hub.catch_up()?;
    if step % 3 == 2 {
        hub.write_slips()?;
    }
    Ok(())
}

fn speak(ledger: &Ledger, what: &str, with_voice: bool) -> Result<Saved, LedgerError> {
    let mark = format!("«{what}»");
    let new = NewOpinion { body: format!("{mark} 路坏了"), ..NewOpinion::default() };
    let contact = Contact { phone: String::from_utf8_lossy(CANARY).into_owned(), ..Contact::default() };
    let voice = || {
        let mut opus = vec![0; VOICE_LEN];
        Dice::new(what.len() as u64).fill(&mut opus);
        Enclosed::voice(opus, 5)
    };
    let enclosed = if with_voice { vec![voice()] } else { Vec::new() };
    let heard = Heard { new, contact, enclosed, opening: None, is_kept: false };
    let village = Area::parse(VILLAGE).expect("an area of the sample");
    let filed = ledger.take_down_form(&mark, &village, "测试", heard)?;
    Ok(Saved { id: filed.id, mark })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_repeats_a_fault_is_understood() {
        for (place, fault) in PLACES.into_iter().flat_map(|place| FAULTS.map(|fault| (place, fault))) {
            assert_eq!(parse_only(&format!("{place:?},{fault:?},412")), Ok(Only { place, fault, deed: 412 }));
        }
        for wrong in ["", "Kiosk,Power", "Kiosk,Power,x", "Village,Power,1", "Hub,Fire,1"] {
            assert!(parse_only(wrong).is_err(), "{wrong}");
        }
    }
}
