//! Crash images, and faults at every operation: the store and the tables on cards that fail at a chosen moment.
//!
//! A story is told at a kiosk and at a hub. For every operation of the card beneath, the power is cut there, and from what
//! was durable and what was not many [images](disk::Torn) are made: nothing, everything, a part in order, torn, and pieces
//! without the ones before. On each, the program starts as it would in the village; whatever it had said was saved must be
//! there, every chain sound. And for every operation again, that operation fails: once, because the card is full, or for
//! ever.

use std::{ffi::OsString, process::ExitCode, time::Instant};

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
}

/// What was tried, and what went wrong.
#[derive(Debug, Default)]
pub struct Tried {
    /// Moments at which the power was cut.
    pub cuts: u64,
    /// Images that were started from.
    pub images: u64,
    /// Operations that failed.
    pub faults: u64,
    /// What was promised and not kept.
    pub broken: Vec<String>,
}

/// The two that write differently: one its own words, one what others bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Kiosk,
    Hub,
}

/// Somebody was told that this is saved.
struct Saved {
    id: DocId,
    mark: String,
}

/// The program; argument 0 is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let started = Instant::now();
    let Arguments { images, every, seed, lie } = Arguments::parse_from(args);
    let tried = match wreck(images, every, seed, lie) {
        Ok(tried) => tried,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(1);
        }
    };
    let Tried { cuts, images, faults, broken } = tried;
    broken.iter().take(20).for_each(|broken| println!("{broken}"));
    let seconds = started.elapsed().as_secs_f64();
    println!("{cuts} cuts, {images} images, {faults} faults, {} broken, {seconds:.0} s", broken.len());
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Tries every `every`-th operation of both stories.
pub fn wreck(images: u64, every: u64, seed: u64, lie: bool) -> Result<Tried, String> {
    let _alone = alone();
    disk::install();
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    let mut tried = Tried::default();
    for place in [Place::Kiosk, Place::Hub] {
        // Where it begins is drawn, so that different seeds with the same gaps try different operations.
        let mut deed = Dice::new(seed).below(every);
        while cut_at(place, deed, images, seed, lie, &runtime, &mut tried) {
            deed += every;
        }
        for fault in [Fault::Io, Fault::Full, Fault::ReadOnly] {
            let mut deed = Dice::new(seed).below(every);
            while !lie && fail_at(place, deed, fault, &runtime, &mut tried) {
                deed += every;
            }
        }
    }
    Ok(tried)
}

fn begin(place: Place) -> Node {
    disk::forget_all();
    clock::install(Dice::new(5));
    match place {
        Place::Kiosk => Node::new("kiosk", Role::Kiosk, 1, &[VILLAGE]),
        Place::Hub => Node::new("hub", Role::Hub, 0, &[&VILLAGE[..6]]),
    }
}

/// Cuts the power at an operation and starts from many images of what is left; `false` once the story ends before it.
fn cut_at(place: Place, deed: u64, images: u64, seed: u64, lie: bool, runtime: &Runtime, tried: &mut Tried) -> bool {
    let mut node = begin(place);
    let mut saved = Vec::new();
    if lie {
        disk::plan(&node.dir, 0, Fault::SyncLies);
        // The first operation makes it a liar; the cut is planned behind that.
        let _ = node.start(BEGINNING);
    }
    disk::plan(&node.dir, deed, Fault::Power);
    if node.ledger.is_some() || node.start(BEGINNING).is_ok() {
        tell(place, &node, runtime, &mut saved, false);
    }
    let is_cut = disk::has_struck(&node.dir);
    node.ledger = None;
    if !is_cut {
        return false;
    }
    tried.cuts += 1;
    let torn = disk::torn(&node.dir);
    let mut dice = Dice::new(seed ^ deed);
    for _ in 0..images {
        tried.images += 1;
        disk::mend(&node.dir);
        disk::put(&node.dir, &torn.image(&mut dice));
        if let Err(broken) = starts_whole(&mut node, &saved) {
            tried.broken.push(format!("{place:?}, power cut at operation {deed}: {broken}"));
        }
    }
    true
}

/// Lets an operation fail; `false` once the story ends before it.
fn fail_at(place: Place, deed: u64, fault: Fault, runtime: &Runtime, tried: &mut Tried) -> bool {
    let mut node = begin(place);
    let mut saved = Vec::new();
    let mut broken = |why: String| tried.broken.push(format!("{place:?}, {fault:?} at operation {deed}: {why}"));
    disk::plan(&node.dir, deed, fault);
    if node.start(BEGINNING).is_ok() {
        tell(place, &node, runtime, &mut saved, true);
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
        broken(format!("it does not start once the card is mended: {}", chain(&error)));
        return true;
    }
    if place == Place::Kiosk
        && let Some(ledger) = node.at_work(BEGINNING)
    {
        match speak(ledger, "after", false) {
            Ok(word) => saved.push(word),
            Err(error) => broken(format!("nobody can speak once the card is mended: {}", chain(&error))),
        }
    }
    node.stop();
    disk::cut(&node.dir, &mut Dice::new(deed));
    if let Err(why) = starts_whole(&mut node, &saved) {
        broken(why);
    }
    tried.faults += 1;
    true
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
