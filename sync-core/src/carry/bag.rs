//! What is taken into a bag, for whom, and when it is let go: rules over labels and words, and nothing else decides.

use std::collections::{BTreeMap, BTreeSet};

use civic_core::{
    planted::{self, Bug},
    time::UnixSeconds,
};

use super::{
    label::{Label, ParcelId},
    word::{Says, Word},
};

/// Most bytes in a bag; beyond that nothing more is taken until something is delivered.
pub const BYTES_MAX: u64 = 256 << 20;
/// Most bytes of one author, so that one village does not fill a phone.
pub const AUTHOR_BYTES_MAX: u64 = 48 << 20;
/// Most parcels in a bag.
pub const ITEMS_MAX: usize = 2_048;
/// Most parcels of one author: two packs, of parcels not much shorter than they are made.
pub const AUTHOR_ITEMS_MAX: usize = 512;
/// Of the bytes in a carrier's bag what goes home takes no more than this: there is always room for what villages say.
pub const HOME_BYTES_MAX: u64 = BYTES_MAX / 2;
/// The same of parcels.
pub const HOME_ITEMS_MAX: usize = ITEMS_MAX / 2;
/// A parcel that nobody could be given for so long is let go, 90 days: whoever sealed it still has what is in it.
pub const AGE_MAX_S: i64 = 90 * 86_400;
/// Words are kept for so long after the parcel is gone, 180 days, so that its author hears of it.
pub const WORD_AGE_MAX_S: i64 = 180 * 86_400;
/// Most words that are kept; beyond that the oldest are forgotten.
pub const WORDS_KEPT_MAX: usize = 16_384;

/// Whose bag it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its Ed25519 public key.
    pub own: [u8; 32],
    /// The hub's.
    pub hub: [u8; 32],
    /// Whether it takes parcels for others.
    pub carries: bool,
}

/// One parcel in a bag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What is written on it.
    pub label: Label,
    /// How much of it is here.
    pub held: u64,
    /// Since when, by this clock.
    pub since: UnixSeconds,
}

/// A word and the parcel's two ends, which outlive the parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The word.
    pub word: Word,
    /// Whose the parcel was.
    pub from: [u8; 32],
    /// For whom.
    pub to: [u8; 32],
    /// Since when it is known here, by this clock.
    pub since: UnixSeconds,
}

/// What is done with a parcel that somebody offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken, from there on.
    Take(u64),
    /// It is here already, or its receiver answered it: the word for it is given again.
    Known,
    /// Nothing is said of it: a carrier offers its own to somebody who does not carry.
    Leave,
    /// It is not taken.
    Refuse(&'static str),
}

impl Told {
    /// Whether it is about the parcel with this label.
    pub fn is_of(&self, label: &Label) -> bool {
        self.word.id == label.id && self.from == label.from
    }
}

impl Item {
    /// Whether all of it is here.
    pub fn is_whole(&self) -> bool {
        self.held == self.label.len
    }
}

impl Holder {
    /// Whether this is the hub.
    pub fn is_hub(&self) -> bool {
        self.own == self.hub
    }

    /// Whether a parcel that `peer` offers is taken into a bag with these items, of which these words are known.
    pub fn judge(&self, items: &[Item], told: &[Told], label: &Label, peer: &[u8; 32]) -> Verdict {
        if !label.is_sound() {
            return Verdict::Refuse("its label is not signed by its author, or lies");
        }
        if (label.from == self.hub) == (label.to == self.hub) {
            return Verdict::Refuse("parcels go from a device to the hub or from the hub to a device");
        }
        if label.from == self.own {
            return Verdict::Refuse("it is this device's own");
        }
        let is_for_here = label.to == self.own;
        if !is_for_here && !self.carries && label.from == *peer {
            return Verdict::Leave;
        }
        if !is_for_here && !self.carries {
            return Verdict::Refuse("it is for somebody else, and this device does not carry");
        }
        if !is_for_here && label.from != *peer {
            return Verdict::Refuse("a parcel is handed to a carrier by whoever sealed it");
        }
        // Only its receiver's word ends it: a carrier may have lost what it signed for. Under somebody else's label the same
        // bytes are another parcel: nobody's word stands in its author's way.
        if told.iter().any(|told| told.is_of(label) && told.word.by == label.to) {
            return Verdict::Known;
        }
        let held = items.iter().find(|item| item.label.id == label.id);
        if let Some(item) = held {
            return if item.label != *label {
                Verdict::Refuse("the same parcel is here under another label")
            } else if item.is_whole() {
                Verdict::Known
            } else {
                Verdict::Take(item.held)
            };
        }
        let newest = whole_packs(items).get(&(label.from, label.to)).copied();
        if newest.is_some_and(|newest| newest > label.pack) {
            return Verdict::Refuse("a newer one of the same author is here, which holds it all");
        }
        if !self.has_room(items, label) {
            return Verdict::Refuse("there is no room for it here; another carrier may take it");
        }
        let (count, bytes) = sum(items, |other| other.from == label.from && other.to == label.to);
        if count >= AUTHOR_ITEMS_MAX || bytes + label.len > AUTHOR_BYTES_MAX {
            return Verdict::Refuse("its author has as much here as one may");
        }
        Verdict::Take(0)
    }

    /// Whether there is room for one more parcel beside those that others sealed: what is this device's own is held anyway.
    fn has_room(&self, items: &[Item], label: &Label) -> bool {
        let is_home = |label: &Label| label.from == self.hub && label.to != self.own;
        let (home, home_bytes) = sum(items, |other| other.from != self.own && is_home(other));
        let (up, up_bytes) = sum(items, |other| other.from != self.own && !is_home(other));
        let is_within = |count, bytes| up + count < ITEMS_MAX && up_bytes + bytes + label.len <= BYTES_MAX;
        if is_home(label) {
            home < HOME_ITEMS_MAX && home_bytes + label.len <= HOME_BYTES_MAX && is_within(home, home_bytes)
        } else {
            // An older program may have filled the bag with what goes home.
            is_within(home.min(HOME_ITEMS_MAX), home_bytes.min(HOME_BYTES_MAX))
        }
    }

    /// What is offered to `peer`: to whom it is for; and what is this device's own to whoever carries. The oldest come first, and
    /// what goes home by lot; behind them what it has signed for, for it may have lost that since.
    pub fn offers<'a>(&self, items: &'a [Item], told: &[Told], peer: &[u8; 32], peer_carries: bool) -> Vec<&'a Label> {
        let is_for = |label: &Label| {
            label.to == *peer || (label.from == self.own && peer_carries) || (*peer == self.hub && label.to == self.hub)
        };
        let signed: BTreeSet<_> =
            told.iter().filter(|told| told.word.by == *peer).map(|told| (told.word.id, told.from)).collect();
        let is_due = |item: &&Item| item.is_whole() && is_for(&item.label);
        let mut offers: Vec<_> = items.iter().filter(is_due).collect();
        offers.sort_by_cached_key(|item| {
            let label = &item.label;
            // The hub seals for all at once: each time in another order, so that nobody is the last for ever.
            let since = if label.from == self.hub { UnixSeconds(0) } else { item.since };
            (signed.contains(&(label.id, label.from)), since, lot(label), label.part)
        });
        offers.into_iter().map(|item| &item.label).collect()
    }

    /// The words that concern `peer`: of parcels that are from or for it, and that somebody else gave.
    pub fn words(told: &[Told], peer: &[u8; 32]) -> Vec<Word> {
        let concerns = |told: &&Told| (told.from == *peer || told.to == *peer) && told.word.by != *peer;
        told.iter().filter(concerns).map(|told| told.word).collect()
    }

    /// Whether a word is believed, and of whose parcel it is: it is of a parcel that is here or was, by whom it is for, or by
    /// a carrier that took what is from here.
    pub fn believes(&self, items: &[Item], told: &[Told], word: &Word) -> Option<([u8; 32], [u8; 32])> {
        let of_items = items.iter().map(|item| (item.label.id, item.label.from, item.label.to));
        let of_told = told.iter().map(|told| (told.word.id, told.from, told.to));
        let (_, from, to) = of_items.chain(of_told).find(|(id, ..)| *id == word.id)?;
        let may_say = match word.says {
            Says::Taken => word.by != from && word.by != to && from == self.own,
            Says::Heard | Says::Turned => word.by == to,
        };
        (may_say && word.is_sound()).then_some((from, to))
    }

    /// What may be let go at `now`: what its receiver has heard or turned away, what a newer whole pack holds, what is too
    /// old.
    pub fn let_go(&self, items: &[Item], told: &[Told], now: UnixSeconds) -> BTreeSet<ParcelId> {
        let newest = whole_packs(items);
        let is_over = |item: &&Item| {
            let label = &item.label;
            let ends_it = |by: &[u8; 32]| *by == label.to || (planted::is(Bug::CarrierForgets) && *by == self.own);
            let is_delivered = told.iter().any(|told| told.is_of(label) && ends_it(&told.word.by));
            let is_replaced = newest.get(&(label.from, label.to)).is_some_and(|newest| *newest > label.pack);
            is_delivered || is_replaced || now.0.saturating_sub(item.since.0) > AGE_MAX_S
        };
        items.iter().filter(is_over).map(|item| item.label.id).collect()
    }
}

/// How many of these parcels are meant, and how many bytes they have together.
fn sum(items: &[Item], is_meant: impl Fn(&Label) -> bool) -> (usize, u64) {
    let lens = items.iter().filter(|item| is_meant(&item.label)).map(|item| item.label.len);
    lens.fold((0, 0), |(count, bytes), len| (count + 1, bytes + len))
}

/// A place in the line for each pack that nobody chooses.
fn lot(label: &Label) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&label.from).update(&label.to).update(&label.pack.to_le_bytes());
    *hasher.finalize().as_bytes()
}

/// The newest pack of each author and receiver of which every part is here.
fn whole_packs(items: &[Item]) -> BTreeMap<([u8; 32], [u8; 32]), u64> {
    let mut parts: BTreeMap<_, (u32, u32)> = BTreeMap::new();
    for item in items.iter().filter(|item| item.is_whole()) {
        let label = &item.label;
        let entry = parts.entry((label.from, label.to, label.pack)).or_insert((0, label.parts));
        entry.0 += 1;
    }
    let mut newest = BTreeMap::new();
    for ((from, to, pack), (here, all)) in parts {
        if here >= all {
            newest.insert((from, to), pack);
        }
    }
    newest
}

/// Carriers that have taken every part of a pack of this device: it is on the road.
pub fn carriers_of(parts: &BTreeSet<ParcelId>, told: &[Told]) -> BTreeSet<[u8; 32]> {
    let mut by_carrier: BTreeMap<[u8; 32], BTreeSet<ParcelId>> = BTreeMap::new();
    for told in told.iter().filter(|told| told.word.says == Says::Taken && parts.contains(&told.word.id)) {
        by_carrier.entry(told.word.by).or_default().insert(told.word.id);
    }
    by_carrier
        .into_iter()
        .filter(|(_, taken)| taken == parts && !parts.is_empty())
        .map(|(carrier, _)| carrier)
        .collect()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::carry::label::{self, PARTS_MAX};

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn public(seed: u8) -> [u8; 32] {
        key(seed).verifying_key().to_bytes()
    }

    const KIOSK: u8 = 1;
    const PHONE: u8 = 2;
    const HUB: u8 = 3;
    const OTHER: u8 = 4;

    fn holder(seed: u8, carries: bool) -> Holder {
        Holder { own: public(seed), hub: public(HUB), carries }
    }

    fn label(from: u8, to: u8, pack: u64, part: u32, parts: u32) -> Label {
        Label { to: public(to), ..label::tests::label(&key(from), to, pack, part, parts) }.sign(&key(from))
    }

    fn item(label: Label) -> Item {
        Item { held: label.len, label, since: NOW }
    }

    fn told(label: &Label, says: Says, by: u8) -> Told {
        Told { word: Word::sign(label.id, says, NOW, &key(by)), from: label.from, to: label.to, since: NOW }
    }

    #[test]
    fn a_carrier_takes_what_is_sealed_to_the_hub_from_whoever_sealed_it_and_nothing_else() {
        let phone = holder(PHONE, true);
        let judge = |label: &Label, peer: u8| phone.judge(&[], &[], label, &public(peer));
        assert_eq!(judge(&label(KIOSK, HUB, 1, 0, 1), KIOSK), Verdict::Take(0));
        assert_eq!(judge(&label(HUB, KIOSK, 1, 0, 1), HUB), Verdict::Take(0));
        for (label, peer) in [
            (label(KIOSK, HUB, 1, 0, 1), OTHER),
            (label(HUB, KIOSK, 1, 0, 1), OTHER),
            (label(KIOSK, OTHER, 1, 0, 1), KIOSK),
            (label(PHONE, HUB, 1, 0, 1), PHONE),
            (Label { len: 99, ..label(KIOSK, HUB, 1, 0, 1) }, KIOSK),
        ] {
            assert!(matches!(judge(&label, peer), Verdict::Refuse(_)), "{label:?}");
        }
        let kiosk = holder(KIOSK, false);
        let home = label(HUB, KIOSK, 1, 0, 1);
        assert_eq!(kiosk.judge(&[], &[], &home, &public(PHONE)), Verdict::Take(0), "whoever brings it");
        assert!(matches!(kiosk.judge(&[], &[], &label(HUB, OTHER, 1, 0, 1), &public(PHONE)), Verdict::Refuse(_)));
        assert_eq!(kiosk.judge(&[], &[], &label(PHONE, HUB, 1, 0, 1), &public(PHONE)), Verdict::Leave);
    }

    /// Seed 184139: a power cut took a parcel and left the word for it, and for half a year its author offered it in vain.
    #[test]
    fn what_a_carrier_signed_for_and_has_no_more_is_taken_again() {
        let phone = holder(PHONE, true);
        let parcel = label(KIOSK, HUB, 1, 0, 1);
        let (taken, heard) = (told(&parcel, Says::Taken, PHONE), told(&parcel, Says::Heard, HUB));
        let torn = Item { held: 40, ..item(parcel.clone()) };
        let judge = |items: &[Item], told: &[Told]| phone.judge(items, told, &parcel, &public(KIOSK));
        assert_eq!(judge(&[item(parcel.clone())], std::slice::from_ref(&taken)), Verdict::Known);
        assert_eq!(judge(&[], std::slice::from_ref(&taken)), Verdict::Take(0));
        assert_eq!(judge(&[torn], std::slice::from_ref(&taken)), Verdict::Take(40));
        assert_eq!(judge(&[], &[taken, heard]), Verdict::Known, "it was delivered");
    }

    #[test]
    fn what_broke_off_goes_on_and_what_is_known_is_not_taken_twice() {
        let phone = holder(PHONE, true);
        let parcel = label(KIOSK, HUB, 1, 0, 1);
        let half = Item { held: 40, ..item(parcel.clone()) };
        assert_eq!(phone.judge(&[half], &[], &parcel, &public(KIOSK)), Verdict::Take(40));
        assert_eq!(phone.judge(&[item(parcel.clone())], &[], &parcel, &public(KIOSK)), Verdict::Known);
        let heard = told(&parcel, Says::Heard, HUB);
        assert_eq!(holder(HUB, false).judge(&[], &[heard], &parcel, &public(PHONE)), Verdict::Known);
        let borrowed = Told { from: public(PHONE), ..told(&parcel, Says::Heard, HUB) };
        assert_eq!(holder(HUB, false).judge(&[], &[borrowed], &parcel, &public(PHONE)), Verdict::Take(0));
        let other = Label { who: "别处".into(), ..parcel.clone() }.sign(&key(KIOSK));
        assert!(matches!(phone.judge(&[item(parcel)], &[], &other, &public(KIOSK)), Verdict::Refuse(_)));
    }

    #[test]
    fn a_newer_pack_replaces_an_older_one_only_once_it_is_whole() {
        let phone = holder(PHONE, true);
        let old = item(label(KIOSK, HUB, 1, 0, 1));
        let [first, second] = [0, 1].map(|part| item(label(KIOSK, HUB, 2, part, 2)));
        assert!(phone.let_go(&[old.clone(), first.clone()], &[], NOW).is_empty());
        let all = [old.clone(), first, second];
        assert_eq!(phone.let_go(&all, &[], NOW), BTreeSet::from([old.label.id]));
        assert!(matches!(phone.judge(&all[1..], &[], &old.label, &public(KIOSK)), Verdict::Refuse(_)));
    }

    #[test]
    fn a_parcel_is_let_go_when_its_receiver_says_so_and_by_nobody_elses_word() {
        let (phone, parcel) = (holder(PHONE, true), label(KIOSK, HUB, 1, 0, 1));
        let items = [item(parcel.clone())];
        for (says, by, is_believed) in [
            (Says::Heard, HUB, true),
            (Says::Turned, HUB, true),
            (Says::Heard, OTHER, false),
            (Says::Taken, OTHER, false),
        ] {
            let word = told(&parcel, says, by).word;
            assert_eq!(phone.believes(&items, &[], &word).is_some(), is_believed, "{says:?} by {by}");
        }
        let bent = Word { at: UnixSeconds(0), ..told(&parcel, Says::Heard, HUB).word };
        assert_eq!(phone.believes(&items, &[], &bent), None);
        assert_eq!(phone.believes(&[], &[], &told(&parcel, Says::Heard, HUB).word), None, "nothing is known of it");
        assert_eq!(phone.let_go(&items, &[told(&parcel, Says::Heard, HUB)], NOW).len(), 1);
        assert!(phone.let_go(&items, &[told(&parcel, Says::Taken, OTHER)], NOW).is_empty());
        assert_eq!(phone.let_go(&items, &[], UnixSeconds(NOW.0 + AGE_MAX_S + 1)).len(), 1, "too old");
    }

    #[test]
    fn a_bag_has_an_end_and_one_village_does_not_fill_it() {
        let phone = holder(PHONE, true);
        let big = |from: u8, pack: u64| {
            let label = Label { len: 4 << 20, ..label(from, HUB, pack, 0, 2) }.sign(&key(from));
            item(Label { id: *blake3::hash(&[from, pack as u8]).as_bytes(), ..label }.clone())
        };
        let of_one: Vec<_> = (0..12).map(|pack| big(KIOSK, pack)).collect();
        assert_eq!(
            phone.judge(&of_one, &[], &label(KIOSK, HUB, 99, 0, 1), &public(KIOSK)),
            Verdict::Refuse("its author has as much here as one may")
        );
        assert_eq!(phone.judge(&of_one, &[], &label(OTHER, HUB, 1, 0, 1), &public(OTHER)), Verdict::Take(0));
        let all: Vec<_> = (0..64).map(|n| big(10 + n, 1)).collect();
        assert!(matches!(phone.judge(&all, &[], &label(OTHER, HUB, 1, 0, 1), &public(OTHER)), Verdict::Refuse(_)));
    }

    #[test]
    fn what_the_hub_sends_home_leaves_it_all_its_room_for_what_carriers_bring() {
        let hub = holder(HUB, false);
        let home = |n: u32| item(Label { len: 4 << 20, ..label(HUB, KIOSK, 1, n, PARTS_MAX) }.sign(&key(HUB)));
        let sealed: Vec<_> = (0..70).map(home).collect();
        assert_eq!(hub.judge(&sealed, &[], &label(OTHER, HUB, 1, 0, 1), &public(PHONE)), Verdict::Take(0));
        let many: Vec<_> = std::iter::repeat_n(item(label(HUB, KIOSK, 1, 0, 1)), ITEMS_MAX).collect();
        assert_eq!(hub.judge(&many, &[], &label(OTHER, HUB, 1, 0, 1), &public(PHONE)), Verdict::Take(0));
    }

    #[test]
    fn one_village_does_not_fill_a_bag_with_the_smallest_parcels() {
        let hub = holder(HUB, false);
        let small: Vec<_> = std::iter::repeat_n(item(label(KIOSK, HUB, 1, 0, 2)), AUTHOR_ITEMS_MAX).collect();
        let next = label(KIOSK, HUB, 2, 0, 1);
        assert!(matches!(hub.judge(&small, &[], &next, &public(PHONE)), Verdict::Refuse(_)));
        assert_eq!(hub.judge(&small[1..], &[], &next, &public(PHONE)), Verdict::Take(0));
        assert_eq!(hub.judge(&small, &[], &label(OTHER, HUB, 3, 0, 1), &public(PHONE)), Verdict::Take(0));
    }

    #[test]
    fn what_goes_home_never_takes_a_villages_place_on_a_phone() {
        let phone = holder(PHONE, true);
        let home = |n: u8| item(Label { len: 4 << 20, ..label(HUB, 100 + n, 1, 0, 1) }.sign(&key(HUB)));
        let [up, down] = [(KIOSK, HUB), (HUB, KIOSK)].map(|(from, to)| label(from, to, 1, 0, 1));
        let half: Vec<_> = (0..32).map(home).collect();
        assert!(matches!(phone.judge(&half, &[], &down, &public(HUB)), Verdict::Refuse(_)));
        assert_eq!(phone.judge(&half[1..], &[], &down, &public(HUB)), Verdict::Take(0));
        // An older program filled the whole bag with it.
        let full: Vec<_> = (0..64).map(home).collect();
        assert_eq!(phone.judge(&full, &[], &up, &public(KIOSK)), Verdict::Take(0));
        let many: Vec<_> = std::iter::repeat_n(item(down), ITEMS_MAX).collect();
        assert_eq!(phone.judge(&many, &[], &up, &public(KIOSK)), Verdict::Take(0));
    }

    #[test]
    fn the_answer_of_every_device_is_offered_to_one_phone_in_its_turn() {
        let hub = holder(HUB, false);
        let all: Vec<_> = (0..50).map(|pack| item(label(HUB, KIOSK, pack, 0, 1))).collect();
        let (mut words, mut offered) = (Vec::new(), BTreeSet::new());
        for _ in 0..5 {
            // The phone signs for what it takes, ten at a time.
            for label in hub.offers(&all, &words.clone(), &public(PHONE), true).into_iter().take(10) {
                assert!(offered.insert(label.id), "it is offered again");
                words.push(told(label, Says::Taken, PHONE));
            }
        }
        assert_eq!(offered.len(), all.len());
        // A phone that lost its bag is offered all of it again, behind what it never had.
        let late = item(label(HUB, OTHER, 99, 0, 1));
        let all = [all, vec![late.clone()]].concat();
        let again = hub.offers(&all, &words, &public(PHONE), true);
        assert_eq!((again.len(), again[0]), (51, &late.label));
        let first = |pack: u64| -> Vec<_> {
            let items: Vec<_> = (1..5).map(|to| item(label(HUB, to, pack, 0, 1))).collect();
            hub.offers(&items, &[], &public(PHONE), true).iter().map(|label| label.to).collect()
        };
        assert!((1..20).any(|pack| first(pack)[0] != first(0)[0]), "nobody is the last for ever");
    }

    #[test]
    fn a_pack_is_on_the_road_when_one_carrier_has_taken_all_of_it() {
        let [first, second] = [0, 1].map(|part| label(KIOSK, HUB, 2, part, 2));
        let parts = BTreeSet::from([first.id, second.id]);
        let split = [told(&first, Says::Taken, PHONE), told(&second, Says::Taken, OTHER)];
        assert!(carriers_of(&parts, &split).is_empty());
        let whole = [told(&first, Says::Taken, PHONE), told(&second, Says::Taken, PHONE)];
        assert_eq!(carriers_of(&parts, &whole), BTreeSet::from([public(PHONE)]));
        assert!(carriers_of(&BTreeSet::new(), &whole).is_empty());
    }

    #[test]
    fn each_is_offered_what_is_for_it_and_told_what_became_of_its_own() {
        let phone = holder(PHONE, true);
        let (up, home, own) = (label(KIOSK, HUB, 1, 0, 1), label(HUB, KIOSK, 1, 0, 1), label(PHONE, HUB, 1, 0, 1));
        let half = Item { held: 1, ..item(label(OTHER, HUB, 1, 0, 1)) };
        let items = [item(up.clone()), item(home.clone()), item(own.clone()), half];
        let offers = |peer: u8, carries: bool| -> BTreeSet<ParcelId> {
            phone.offers(&items, &[], &public(peer), carries).into_iter().map(|label| label.id).collect()
        };
        assert_eq!(offers(HUB, false), BTreeSet::from([up.id, own.id]));
        assert_eq!(offers(KIOSK, false), BTreeSet::from([home.id]));
        assert_eq!(offers(OTHER, true), BTreeSet::from([own.id]), "what others sealed is not handed on");
        let words = [told(&up, Says::Heard, HUB), told(&home, Says::Heard, KIOSK)];
        assert_eq!(Holder::words(&words, &public(KIOSK)), [words[0].word]);
        assert_eq!(Holder::words(&words, &public(HUB)), [words[1].word]);
    }
}
