//! What the county erases is gone, everywhere, and nobody else erases anything.

use civic_core::{
    attachment::AttachmentKind,
    seal::{self, Contact, OpenKey, Seed},
};
use sync_core::{heard::Heard, tombstone::Tombstone};

use super::*;

/// Bytes that do not pack and stand nowhere else.
fn canary(seed: u8) -> Vec<u8> {
    let mut bytes = vec![0; 400];
    blake3::Hasher::new_derive_key("canary").update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

fn of(doc: u8, audience: Audience, kind: EntryKind, payload: Vec<u8>) -> NewEntry {
    NewEntry { kind, payload, ..entry(doc, audience, "") }
}

fn stone(doc: u8, depth: Depth) -> NewEntry {
    let payload = Tombstone { depth, ground: sync_core::tombstone::Ground::Asked, ticket: None }.encode();
    of(doc, Audience::Public, EntryKind::Tombstone, payload)
}

async fn write(log: &Log, entries: Vec<NewEntry>) {
    let log = log.clone();
    tokio::task::spawn_blocking(move || log.append(entries)).await.unwrap().unwrap();
}

async fn erase(log: &Log) {
    let log = log.clone();
    let erased = tokio::task::spawn_blocking(move || log.erase(log.newest_tombstone().unwrap()));
    assert!(erased.await.unwrap().unwrap());
}

/// Everything of `from` that `to` lacks.
async fn meet(from: &Log, to: &Log) -> Vec<StoredAs> {
    let mut stored = Vec::new();
    for held in from.held() {
        let runs = from.runs_after(held.feed.id(), 0, held.extent.length, RUN_BODY_LEN_MAX).unwrap();
        stored.extend(accept(to, &held.feed, runs).await);
    }
    stored
}

/// Whether any file of the log holds these bytes.
fn holds(scratch: &Scratch, bytes: &[u8]) -> bool {
    let mut files = std::fs::read_dir(&scratch.0).unwrap();
    files.any(|file| {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        content.windows(32).any(|piece| bytes.windows(32).any(|canary| canary == piece))
    })
}

fn envelope(doc: u8) -> Vec<u8> {
    let key = OpenKey::make(1, Seed([1; 32])).seal_key().unwrap();
    let contact = Contact { name: "王小明".into(), phone: "10001234567".into() };
    seal::seal(&key, &DocId::new([doc; 16]), &contact, Seed([doc; 32])).unwrap()
}

#[tokio::test]
async fn what_is_erased_is_gone_from_every_file_and_the_log_still_verifies() {
    let (here, there) = (Scratch::new("erase-hub"), Scratch::new("erase-kiosk"));
    let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
    for doc in [1, 2] {
        write(&kiosk, vec![of(doc, Audience::Deputies, EntryKind::Change, canary(doc))]).await;
        write(&kiosk, vec![of(doc, Audience::County, EntryKind::Sealed, envelope(doc))]).await;
    }
    meet(&kiosk, &hub).await;
    let before: Vec<_> = hub.held().iter().map(|held| (held.feed.id(), held.extent)).collect();
    assert!(holds(&here, &canary(1)) && holds(&here, &envelope(1)) && holds(&there, &canary(1)));

    write(&hub, vec![stone(1, Depth::Whole)]).await;
    assert!(hub.is_erasure_due().unwrap());
    erase(&hub).await;
    assert!(!hub.is_erasure_due().unwrap());
    for gone in [canary(1), envelope(1)] {
        assert!(!holds(&here, &gone));
    }
    for stays in [canary(2), envelope(2)] {
        assert!(holds(&here, &stays));
    }
    assert_eq!(hub.verify().unwrap(), Ok(5));
    let after: Vec<_> = hub.held().iter().map(|held| (held.feed.id(), held.extent)).collect();
    assert!(before.iter().all(|extent| after.contains(extent)), "vectors and fingerprints stay");

    // The device hears of it, does the same, and says so once.
    meet(&hub, &kiosk).await;
    erase(&kiosk).await;
    for gone in [canary(1), envelope(1)] {
        assert!(!holds(&there, &gone));
    }
    assert!(holds(&there, &canary(2)));
    assert_eq!(kiosk.to_acknowledge().unwrap(), [(DocId::new([1; 16]), Depth::Whole)]);
    write(&kiosk, vec![of(1, Audience::County, EntryKind::Heard, Heard::Erased(Depth::Whole).encode())]).await;
    assert_eq!(kiosk.to_acknowledge().unwrap(), []);
    assert_eq!(kiosk.verify().unwrap(), Ok(6));
    drop((hub, kiosk));
    // And it stays so when both begin again.
    let (hub, kiosk) = (here.log(9, 2), there.log(1, 2));
    assert_eq!((hub.tombstones().count(), kiosk.tombstones().count()), (1, 1));
    assert!(!kiosk.is_erasure_due().unwrap() && kiosk.to_acknowledge().unwrap().is_empty());
}

#[tokio::test]
async fn details_alone_are_erased_and_the_words_stay() {
    let scratch = Scratch::new("erase-details");
    let hub = scratch.log(9, 1);
    let voice = NewAttachment::new(AttachmentKind::Voice, canary(7)).unwrap();
    let entries = vec![
        of(1, Audience::Deputies, EntryKind::Change, canary(1)),
        of(1, Audience::County, EntryKind::Sealed, envelope(1)),
        of(1, Audience::County, EntryKind::Attachment, voice.announcement()),
    ];
    let (log, given) = (hub.clone(), voice.clone());
    tokio::task::spawn_blocking(move || log.attach(entries, vec![given])).await.unwrap().unwrap();
    assert!(holds(&scratch, &canary(7)));
    write(&hub, vec![stone(1, Depth::Details)]).await;
    erase(&hub).await;
    assert!(holds(&scratch, &canary(1)) && !holds(&scratch, &envelope(1)) && !holds(&scratch, &canary(7)));
    assert_eq!((hub.attachment(&voice.id()).unwrap(), hub.verify().unwrap()), (None, Ok(4)));
}

#[tokio::test]
async fn what_comes_late_for_an_erased_document_is_acknowledged_and_not_kept() {
    let (here, there) = (Scratch::new("late-hub"), Scratch::new("late-kiosk"));
    let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
    write(&hub, vec![stone(1, Depth::Whole)]).await;
    erase(&hub).await;
    write(&kiosk, vec![of(1, Audience::Deputies, EntryKind::Change, canary(1)), entry(2, Audience::Deputies, "二")])
        .await;
    let stored = meet(&kiosk, &hub).await;
    assert!(matches!(stored[..], [StoredAs::Accepted(end)] if end == kiosk.held()[0].extent));
    assert!(!holds(&here, &canary(1)));
    assert_eq!(hub.verify().unwrap(), Ok(3));
    // Both are in step, one with the payload and one without; what follows goes on both ways.
    write(&kiosk, vec![entry(3, Audience::Deputies, "三")]).await;
    assert!(matches!(meet(&kiosk, &hub).await[..], [StoredAs::Accepted(end)] if end.length == 3));
    let extents =
        |log: &Log| -> BTreeMap<_, _> { log.held().into_iter().map(|held| (held.feed.id(), held.extent)).collect() };
    meet(&hub, &kiosk).await;
    assert_eq!(extents(&hub), extents(&kiosk));
}

#[tokio::test]
async fn nobody_erases_by_sending_what_was_said_without_its_words() {
    let (here, there) = (Scratch::new("bare-hub"), Scratch::new("bare-kiosk"));
    let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
    write(&kiosk, vec![entry(1, Audience::Deputies, "村口的路坏了"), entry(2, Audience::Deputies, "二")]).await;
    let feed = kiosk.held()[0].feed.clone();
    let whole = kiosk.runs_after(feed.id(), 0, 2, RUN_BODY_LEN_MAX).unwrap().remove(0);
    let bare = whole.without(|entry| entry.doc == DocId::new([1; 16])).unwrap().unwrap();
    assert_eq!(accept(&hub, &feed, vec![bare.clone()]).await, [StoredAs::Bare(0)]);
    // A tombstone of another document, of another village, or by somebody who is not the hub says nothing of it.
    write(&hub, vec![stone(2, Depth::Whole), stone(1, Depth::Details)]).await;
    let elsewhere = Space::new(Area::parse("990127101299").unwrap(), Audience::Public);
    write(&hub, vec![NewEntry { space: elsewhere, ..stone(1, Depth::Whole) }]).await;
    let (forger, forged) = (author(6, 1), stone(1, Depth::Whole));
    let forgers = forger.feed(&space(Audience::Public));
    let said = Entry { doc: forged.doc, kind: forged.kind, at: forged.at, payload: &forged.payload, is_erased: false };
    let (run, _) = Run::sign(&forgers, &forgers.genesis(), &[said], &forger.key);
    accept(&hub, &forgers, vec![run]).await;
    assert_eq!((hub.tombstones().count(), accept(&hub, &feed, vec![bare.clone()]).await), (3, vec![StoredAs::Bare(0)]));
    // What the hub holds stays what it was, however often it is sent without its words.
    assert!(matches!(accept(&hub, &feed, vec![whole]).await[..], [StoredAs::Accepted(_)]));
    assert!(matches!(accept(&hub, &feed, vec![bare]).await[..], [StoredAs::Known(_)]));
    let kept = hub.runs_after(feed.id(), 0, 2, RUN_BODY_LEN_MAX).unwrap().remove(0);
    let body = kept.unpacked().unwrap();
    assert_eq!(kept.entries(&body).unwrap()[0].payload, "村口的路坏了".as_bytes());
}

#[tokio::test]
async fn a_hub_that_lost_both_takes_the_erased_form_once_it_has_the_tombstone_again() {
    let (here, there) = (Scratch::new("lost-hub"), Scratch::new("lost-kiosk"));
    let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
    write(&kiosk, vec![of(1, Audience::Deputies, EntryKind::Change, canary(1))]).await;
    write(&hub, vec![stone(1, Depth::Whole)]).await;
    meet(&hub, &kiosk).await;
    erase(&kiosk).await;
    let own = kiosk.held().into_iter().find(|held| held.feed.public_key == kiosk.public_key()).unwrap();
    let anew = Scratch::new("lost-anew");
    let restored = anew.log(9, 2);
    let runs = || kiosk.runs_after(own.feed.id(), 0, 1, RUN_BODY_LEN_MAX).unwrap();
    assert_eq!(accept(&restored, &own.feed, runs()).await, [StoredAs::Bare(0)]);
    let stones = kiosk.held().into_iter().find(|held| held.feed.public_key != kiosk.public_key()).unwrap();
    let said = kiosk.runs_after(stones.feed.id(), 0, 1, RUN_BODY_LEN_MAX).unwrap();
    assert!(matches!(accept(&restored, &stones.feed, said).await[..], [StoredAs::Accepted(_)]));
    assert!(matches!(accept(&restored, &own.feed, runs()).await[..], [StoredAs::Accepted(end)] if end == own.extent));
}

/// The entries of a feed, each as a run.
fn one_by_one(log: &Log, held: &Held) -> Vec<Run> {
    let one = |last: u64| log.runs_after(held.feed.id(), last - 1, last, RUN_BODY_LEN_MAX).unwrap();
    (1..=held.extent.length).flat_map(one).collect()
}

/// Seeds 613 and 967 of the simulated county: a hub's own feed holds a slip that was erased, and behind it the word of that.
#[tokio::test]
async fn a_hub_that_lost_its_words_takes_them_back_as_it_erased_them_itself() {
    let (here, there) = (Scratch::new("own-hub"), Scratch::new("own-kiosk"));
    let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
    for doc in [1, 2] {
        write(&hub, vec![of(doc, Audience::Public, EntryKind::Change, canary(doc))]).await;
    }
    write(&hub, vec![stone(1, Depth::Whole)]).await;
    erase(&hub).await;
    meet(&hub, &kiosk).await;
    let held = kiosk.held().remove(0);
    let pieces = one_by_one(&hub, &held);
    assert_eq!(pieces.len(), 3);
    let whole = kiosk.runs_after(held.feed.id(), 0, 3, RUN_BODY_LEN_MAX).unwrap();
    assert_eq!(whole.len(), 1);
    let (torn, joined) = (Scratch::new("own-torn"), Scratch::new("own-joined"));
    let (torn, joined) = (torn.log(9, 2), joined.log(9, 2));
    // In pieces the word comes behind what it explains, and counts as soon as it is heard.
    let first = accept(&torn, &held.feed, pieces.clone()).await;
    assert_eq!(first, [StoredAs::Bare(0), StoredAs::Gap(0), StoredAs::Gap(0)]);
    let again = accept(&torn, &held.feed, pieces).await;
    assert!(again.iter().all(|stored| matches!(stored, StoredAs::Accepted(_))), "{again:?}");
    assert!(matches!(accept(&joined, &held.feed, whole).await[..], [StoredAs::Accepted(end)] if end == held.extent));
    for log in [torn, joined] {
        assert_eq!((log.tombstones().count(), log.verify().unwrap()), (1, Ok(3)));
    }
}

#[tokio::test]
async fn a_hub_beneath_another_takes_from_it_what_was_erased_and_from_nobody_else() {
    let (above, beneath) = (Scratch::new("above"), Scratch::new("beneath"));
    let own = author(8, 1);
    let key = own.key.verifying_key().to_bytes();
    let beneath = Log::open(&beneath.0.join("log.db"), own, Some(key), || UnixSeconds(50)).unwrap();
    let above = above.log(9, 1);
    write(&above, vec![of(1, Audience::Deputies, EntryKind::Change, canary(1)), stone(1, Depth::Whole)]).await;
    erase(&above).await;
    let held = above.held().into_iter().find(|held| held.feed.space.audience == Audience::Deputies).unwrap();
    let runs = || one_by_one(&above, &held).into_iter().map(|run| (held.feed.clone(), run)).collect::<Vec<_>>();
    assert_eq!(beneath.accept(runs()).await.unwrap()[0].2, StoredAs::Bare(0));
    let mut taking = beneath.begin_accept(runs(), true, &mut BTreeMap::new()).await.unwrap();
    assert_eq!(taking.wait().await.unwrap()[0].2, StoredAs::Accepted(held.extent));
}

/// While one tombstone was carried out the next came, and was noted as gone before the tables above had let go of anything.
#[tokio::test]
async fn a_tombstone_that_comes_while_another_is_carried_out_waits_for_its_own_turn() {
    let (here, there) = (Scratch::new("two-hub"), Scratch::new("two-kiosk"));
    let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
    for doc in [1, 2] {
        write(&kiosk, vec![of(doc, Audience::Deputies, EntryKind::Change, canary(doc))]).await;
    }
    write(&hub, vec![stone(1, Depth::Whole)]).await;
    meet(&hub, &kiosk).await;
    let log = kiosk.clone();
    let first = tokio::task::spawn_blocking(move || log.newest_tombstone().unwrap()).await.unwrap();
    write(&hub, vec![stone(2, Depth::Whole)]).await;
    meet(&hub, &kiosk).await;
    let log = kiosk.clone();
    assert!(tokio::task::spawn_blocking(move || log.erase(first)).await.unwrap().unwrap());
    assert_eq!(kiosk.to_acknowledge().unwrap(), [(DocId::new([1; 16]), Depth::Whole)]);
    assert!(kiosk.is_erasure_due().unwrap() && !holds(&there, &canary(1)));
    erase(&kiosk).await;
    assert_eq!(kiosk.to_acknowledge().unwrap().len(), 2);
    assert!(!kiosk.is_erasure_due().unwrap() && !holds(&there, &canary(2)));
}

/// It saw in the database that something was due, found no run that it covered by what it had in memory, and noted it as done.
#[tokio::test]
async fn a_program_that_has_not_heard_of_a_tombstone_carries_it_out_all_the_same() {
    let (here, there) = (Scratch::new("unheard-hub"), Scratch::new("unheard-kiosk"));
    let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
    write(&kiosk, vec![of(1, Audience::Deputies, EntryKind::Change, canary(1))]).await;
    let beside = there.log(1, 2);
    write(&hub, vec![stone(1, Depth::Whole)]).await;
    meet(&hub, &kiosk).await;
    erase(&beside).await;
    assert!(!holds(&there, &canary(1)));
    assert_eq!(kiosk.to_acknowledge().unwrap(), [(DocId::new([1; 16]), Depth::Whole)]);
}

#[tokio::test]
async fn what_is_erased_is_not_written_in_again_by_its_own_author() {
    let (here, there) = (Scratch::new("again-hub"), Scratch::new("again-kiosk"));
    let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
    write(&kiosk, vec![of(1, Audience::Deputies, EntryKind::Change, canary(1))]).await;
    write(&hub, vec![stone(1, Depth::Whole)]).await;
    meet(&hub, &kiosk).await;
    erase(&kiosk).await;
    let again = vec![of(1, Audience::Deputies, EntryKind::Change, canary(1)), entry(2, Audience::Deputies, "二")];
    write(&kiosk, again).await;
    assert!(!holds(&there, &canary(1)));
    assert_eq!(kiosk.verify().unwrap(), Ok(4));
    assert!(meet(&kiosk, &hub).await.iter().all(|stored| !matches!(stored, StoredAs::Refused(_))));
}

#[tokio::test]
async fn what_was_kept_apart_of_an_erased_document_is_emptied_too() {
    let scratch = Scratch::new("erase-apart");
    let hub = scratch.log(9, 1);
    let (forger, payload) = (author(6, 1), canary(1));
    let feed = forger.feed(&space(Audience::Deputies));
    let words = Entry {
        doc: DocId::new([1; 16]),
        kind: EntryKind::Change,
        at: UnixSeconds(1),
        payload: &payload,
        is_erased: false,
    };
    let (mut run, _) = Run::sign(&feed, &feed.genesis(), &[words], &forger.key);
    run.signature[0] ^= 1;
    assert!(matches!(accept(&hub, &feed, vec![run]).await[..], [StoredAs::Refused(_)]));
    assert!(holds(&scratch, &canary(1)));
    write(&hub, vec![stone(1, Depth::Whole)]).await;
    erase(&hub).await;
    assert!(!holds(&scratch, &canary(1)));
    assert_eq!(hub.apart(9).unwrap().len(), 1, "that it happened is still told");
    // Seed 945 of the simulated county: nor does it come back with what is refused afterwards.
    let forger = author(7, 1);
    let feed = forger.feed(&space(Audience::Deputies));
    let (mut late, _) = Run::sign(&feed, &feed.genesis(), &[words], &forger.key);
    late.signature[0] ^= 1;
    assert!(matches!(accept(&hub, &feed, vec![late]).await[..], [StoredAs::Refused(_)]));
    assert_eq!((hub.apart(9).unwrap().len(), holds(&scratch, &canary(1))), (2, false));
}

#[tokio::test]
async fn devices_seal_to_the_newest_key_that_the_county_announced() {
    use sync_core::epoch::Epoch;
    let (here, there) = (Scratch::new("epoch-hub"), Scratch::new("epoch-kiosk"));
    let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
    assert_eq!(kiosk.seal_key().unwrap(), None);
    let keys: Vec<_> = [2, 3].map(|number| OpenKey::make(number, Seed([number as u8; 32])).seal_key().unwrap()).into();
    for key in [keys[1], keys[0]] {
        let payload = Epoch { key }.encode();
        write(&hub, vec![of(1, Audience::Public, EntryKind::Epoch, payload)]).await;
    }
    meet(&hub, &kiosk).await;
    assert_eq!(kiosk.seal_key().unwrap(), Some((keys[1], false)));
    write(&kiosk, vec![of(1, Audience::County, EntryKind::Heard, Heard::Epoch(3).encode())]).await;
    assert_eq!(kiosk.seal_key().unwrap(), Some((keys[1], true)));
    // Nobody else announces anything.
    write(
        &kiosk,
        vec![of(1, Audience::Public, EntryKind::Epoch, Epoch { key: SealKey { epoch: 9, ..keys[0] } }.encode())],
    )
    .await;
    assert_eq!(kiosk.seal_key().unwrap(), Some((keys[1], true)));
}

/// The record was erased as it was written, and the voice of whoever had spoken stayed on the kiosk.
#[tokio::test]
async fn nothing_is_kept_of_a_voice_that_only_an_erased_record_announces() {
    let (here, there) = (Scratch::new("voice-hub"), Scratch::new("voice-kiosk"));
    let (hub, kiosk) = (here.log(9, 1), there.log(1, 1));
    write(&hub, vec![stone(1, Depth::Whole)]).await;
    meet(&hub, &kiosk).await;
    let attach = async |doc: u8, new: &NewAttachment| {
        let announced = of(doc, Audience::County, EntryKind::Attachment, new.announcement());
        let (log, new) = (kiosk.clone(), new.clone());
        tokio::task::spawn_blocking(move || log.attach(vec![announced], vec![new])).await.unwrap().unwrap();
        kiosk.waiting().unwrap().count
    };
    let [erased, stays] = [1, 2].map(|seed| NewAttachment::new(AttachmentKind::Voice, canary(seed)).unwrap());
    assert_eq!(attach(1, &erased).await, 0);
    assert!(!holds(&there, &canary(1)));
    assert_eq!(attach(2, &stays).await, 1);
    // Beside a record that stays it is kept.
    assert_eq!(attach(3, &erased).await, 2);
}
