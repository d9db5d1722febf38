//! Feeds: whatever is signed together, cut, joined and sent, it is the same entries in the same order, and proves so.

use civic_core::{
    area::Area,
    codec::Reader,
    id::{DocId, Incarnation},
    space::{Audience, Space},
    time::UnixSeconds,
};
use sync_core::{
    entry::{Entry, EntryKind},
    feed::{Extent, Feed},
    run::{Run, join, join_thoroughly},
};

use super::same;
use crate::{dice::Dice, node::key_of};

/// What was written: document and words.
type Written = (u8, Vec<u8>);

/// The feed as a list, with where its chain stands after each entry, each signed alone.
struct Model {
    feed: Feed,
    written: Vec<Written>,
    stands: Vec<Extent>,
}

impl Model {
    fn write(&mut self, written: Written) {
        let after = self.stands[self.stands.len() - 1];
        let (_, end) = Run::sign(&self.feed, &after, &[entry(&written)], &key_of(1));
        self.stands.push(end);
        self.written.push(written);
    }

    /// A run is what the list says, so far as it goes.
    fn holds(&self, run: &Run) -> Result<(), String> {
        let from = usize::try_from(run.first - 1).map_err(|error| error.to_string())?;
        let to = usize::try_from(run.last()).map_err(|error| error.to_string())?;
        let end = run.verify(&self.feed, &self.stands[from]).map_err(|bad| format!("it does not verify: {bad}"))?;
        same("where it ends", &end, &self.stands[to])?;
        let body = run.unpacked().map_err(|bad| bad.to_string())?;
        let entries = run.entries(&body).map_err(|bad| bad.to_string())?;
        let read: Vec<Written> =
            entries.iter().map(|entry| (entry.doc.as_bytes()[0], entry.payload.to_vec())).collect();
        same("its entries", &read, &self.written[from..to].to_vec())
    }

    /// Runs follow each other over the whole list.
    fn is_whole(&self, runs: &[Run]) -> Result<(), String> {
        let mut next = 1;
        for run in runs {
            same("where it begins", &run.first, &next)?;
            self.holds(run)?;
            next = run.last() + 1;
        }
        same("how far they reach", &next, &(self.written.len() as u64 + 1))
    }
}

fn entry((doc, words): &Written) -> Entry<'_> {
    let at = UnixSeconds(1_777_564_800);
    Entry { doc: DocId::new([*doc; 16]), kind: EntryKind::Change, at, payload: words, is_erased: false }
}

pub(super) fn sequence(mut dice: Dice, len: usize) -> Result<(), String> {
    let area = Area::parse("990127101201").ok_or("an area of the sample")?;
    let public_key = key_of(1).verifying_key().to_bytes();
    let feed = Feed { public_key, incarnation: Incarnation::new([3; 16]), space: Space::new(area, Audience::Deputies) };
    let mut model = Model { stands: vec![feed.genesis()], written: Vec::new(), feed };
    let mut runs: Vec<Run> = Vec::new();
    for _ in 0..len {
        match dice.below(if runs.is_empty() { 1 } else { 6 }) {
            0 => {
                let after = model.stands[model.stands.len() - 1];
                let new: Vec<Written> = (0..1 + dice.place(12))
                    .map(|_| {
                        let mut words = vec![0; dice.place(300)];
                        if dice.percent(50) {
                            dice.fill(&mut words);
                        }
                        (u8::try_from(dice.below(5)).unwrap_or(0), words)
                    })
                    .collect();
                let entries: Vec<Entry<'_>> = new.iter().map(entry).collect();
                let (run, end) = Run::sign(&model.feed, &after, &entries, &key_of(1));
                new.iter().cloned().for_each(|written| model.write(written));
                same("signed together and one by one", &end, &model.stands[model.stands.len() - 1])?;
                runs.push(run);
            }
            1 => {
                let from = dice.place(runs.len());
                let joined = join(runs.split_off(from), dice.place(4_000));
                runs.extend(joined);
            }
            2 => {
                let from = dice.place(runs.len());
                let to = from + 1 + dice.place(runs.len() - from);
                if let Some(joined) = join_thoroughly(&runs[from..to]) {
                    model.holds(&joined)?;
                    runs.splice(from..to, [joined]);
                }
            }
            3 => {
                let run = dice.one_of(&runs);
                let length = run.first + dice.below(run.count);
                if length < run.last() {
                    model.holds(&run.cut(length).map_err(|bad| bad.to_string())?)?;
                }
            }
            4 => {
                let run = dice.one_of(&runs);
                let mut bytes = Vec::new();
                run.put(&mut bytes);
                same("put and read", &Run::read(&mut Reader::new(&bytes)).map_err(|bad| bad.to_string())?, run)?;
            }
            _ => {
                let (run, gone) = (dice.one_of(&runs), u8::try_from(dice.below(5)).unwrap_or(0));
                let is_gone = |entry: &Entry<'_>| entry.doc.as_bytes()[0] == gone;
                let Some(emptied) = run.without(is_gone).map_err(|bad| bad.to_string())? else { continue };
                let from = usize::try_from(run.first - 1).unwrap_or(0);
                let end = emptied.verify(&model.feed, &model.stands[from]).map_err(|bad| bad.to_string())?;
                same("where it ends without them", &end.length, &run.last())?;
                let body = emptied.unpacked().map_err(|bad| bad.to_string())?;
                for (place, entry) in emptied.entries(&body).map_err(|bad| bad.to_string())?.iter().enumerate() {
                    let (doc, words) = &model.written[from + place];
                    same("what is erased", &entry.is_erased, &(*doc == gone))?;
                    same("what is left", &(!entry.is_erased && entry.payload != words.as_slice()), &false)?;
                }
            }
        }
        model.is_whole(&runs)?;
    }
    Ok(())
}
