//! What is let go, and what the hub gives back of it.

use super::*;

/// The hub's receipts for a feed.
fn receipts(feed: &Feed, extent: Extent, levels: &[Level]) -> Vec<Receipt> {
    let key = SigningKey::from_bytes(&[9; 32]);
    levels.iter().map(|level| Receipt::sign(feed.id(), extent, *level, UnixSeconds(77), &key)).collect()
}

/// A day of these stories.
fn day(days: i64) -> UnixSeconds {
    UnixSeconds(1_800_000_000 + days * 86_400)
}

async fn write(log: &Log, doc: u8) {
    let writer = log.clone();
    let written =
        tokio::task::spawn_blocking(move || writer.append(vec![entry(doc, Audience::Deputies, "一")])).await.unwrap();
    written.unwrap();
}

/// A device writes, and its hub has it.
async fn say(device: &Log, hub: &Log, doc: u8) {
    write(device, doc).await;
    let held = device.held().remove(0);
    let (feed, length) = (held.feed, held.extent.length);
    accept(hub, &feed, device.runs_after(feed.id(), length - 1, length, RUN_BODY_LEN_MAX).unwrap()).await;
}

/// A device hears on a day of the hub's clock how far the hub has its feed.
async fn hear(device: &Log, hub: &Log, days: i64, level: Level) -> UnixSeconds {
    let (held, key) = (hub.held().remove(0), SigningKey::from_bytes(&[9; 32]));
    device.keep(vec![Receipt::sign(held.feed.id(), held.extent, level, day(days), &key)]).await.unwrap();
    device.heard_at().unwrap().unwrap()
}

#[tokio::test]
async fn only_what_is_in_a_verified_backup_is_let_go_and_the_chain_stays_whole() {
    let (one, two) = (Scratch::new("kept-device"), Scratch::new("kept-hub"));
    let (device, hub) = (one.log(1, 1), two.log(9, 1));
    let writer = device.clone();
    let written = tokio::task::spawn_blocking(move || {
        for doc in 1..=3 {
            writer.append(vec![entry(doc, Audience::Deputies, "一")]).unwrap();
        }
    });
    written.await.unwrap();
    let feed = device.held().remove(0).feed;
    accept(&hub, &feed, device.runs_after(feed.id(), 0, 2, RUN_BODY_LEN_MAX).unwrap()).await;
    hub.grant_kept(hub.newest_row()).await.unwrap();
    accept(&hub, &feed, device.runs_after(feed.id(), 2, 3, RUN_BODY_LEN_MAX).unwrap()).await;
    let held = hub.held().remove(0);
    assert_eq!((held.kept.length, held.extent.length, hub.kept_row().unwrap()), (2, 3, 1));
    let key = SigningKey::from_bytes(&[9; 32]);
    let sign = |extent, level| Receipt::sign(feed.id(), extent, level, UnixSeconds(77), &key);
    let later = UnixSeconds(77);
    device.keep(vec![sign(held.extent, Level::Received)]).await.unwrap();
    assert_eq!(device.prune(later, i64::MAX).await.unwrap(), 0, "received is not kept");
    device.keep(vec![sign(held.kept, Level::Kept)]).await.unwrap();
    assert_eq!(device.prune(UnixSeconds(76), i64::MAX).await.unwrap(), 0, "too new");
    assert_eq!(device.prune(later, i64::MAX).await.unwrap(), 2);
    assert_eq!(device.verify().unwrap(), Ok(1));
    assert_eq!(device.counts().unwrap().received, 3);
    // Whoever lacks the beginning has it in that backup; the rest is here.
    assert!(device.runs_after(feed.id(), 0, 3, RUN_BODY_LEN_MAX).unwrap().is_empty());
    assert_eq!(device.runs_after(feed.id(), 2, 3, RUN_BODY_LEN_MAX).unwrap().len(), 1);
}

/// A kiosk without a battery for its clock wrote in 1970. The network set the clock right, and what the hub had had in a backup
/// for a minute was 50 years old.
#[tokio::test]
async fn how_long_a_backup_has_something_the_hub_alone_says_whatever_clock_a_device_has() {
    let (one, two) = (Scratch::new("clock-device"), Scratch::new("clock-hub"));
    let (device, hub) = (one.log(1, 1), two.log(9, 1));
    say(&device, &hub, 1).await;
    assert_eq!(device.heard_at().unwrap(), None);
    hear(&device, &hub, 0, Level::Kept).await;
    say(&device, &hub, 2).await;
    hear(&device, &hub, 6, Level::Received).await;
    hear(&device, &hub, 7, Level::Kept).await;
    assert_eq!(device.heard_at().unwrap(), Some(day(7)));
    assert_eq!(device.prune(day(-1), i64::MAX).await.unwrap(), 0, "it is written since 1970, and kept since today");
    assert_eq!(device.prune(day(6), i64::MAX).await.unwrap(), 1);
    // A stick that lay in a drawer brings what the hub said before, as often as somebody puts it in.
    for _ in 0..9 {
        hear(&device, &hub, 3, Level::Kept).await;
        hear(&device, &hub, 7, Level::Received).await;
    }
    assert_eq!(device.heard_at().unwrap(), Some(day(7)));
    assert_eq!(device.prune(day(6), i64::MAX).await.unwrap(), 0, "the second is kept since the day after");
    drop(device);
    let device = one.log(1, 2);
    assert_eq!(device.prune(day(7), i64::MAX).await.unwrap(), 1, "also by another program");
    assert_eq!(device.verify().unwrap(), Ok(0));
}

/// A hub began in 1970 after a power cut, or was years ahead for an hour, and devices let everything go that it had in a backup
/// since that morning.
#[tokio::test]
async fn a_step_of_the_hubs_clock_brings_letting_go_no_nearer_than_a_week() {
    let (one, two) = (Scratch::new("step-device"), Scratch::new("step-hub"));
    let (device, hub) = (one.log(1, 1), two.log(9, 1));
    say(&device, &hub, 1).await;
    assert_eq!(hear(&device, &hub, 0, Level::Kept).await, day(0));
    // Ten years ahead for a day: time passes there as anywhere.
    assert_eq!(hear(&device, &hub, 3_650, Level::Received).await, day(7));
    assert_eq!(hear(&device, &hub, 3_651, Level::Received).await, day(8));
    // It is set right: what was counted too much is waited for.
    assert_eq!(hear(&device, &hub, 2, Level::Received).await, day(8));
    assert_eq!(hear(&device, &hub, 9, Level::Received).await, day(9));
    // In 1970 after each power cut, and right a minute later.
    say(&device, &hub, 2).await;
    for _ in 0..9 {
        assert_eq!(hear(&device, &hub, -20_000, Level::Kept).await, day(9));
        assert_eq!(hear(&device, &hub, 9, Level::Kept).await, day(9));
    }
    assert_eq!(device.prune(day(8), i64::MAX).await.unwrap(), 1, "the first is kept since before, the second is not");
    drop(device);
    // What an older program noted of such a clock counts from now on.
    let file = rusqlite::Connection::open(one.0.join("log.db")).unwrap();
    let as_before = "ALTER TABLE log DROP COLUMN told_at; UPDATE kept_since SET at = 0; PRAGMA user_version = 7";
    file.execute_batch(as_before).unwrap();
    drop(file);
    let device = one.log(1, 2);
    assert_eq!(device.heard_at().unwrap(), Some(day(9)));
    assert_eq!(device.prune(day(8), i64::MAX).await.unwrap(), 0);
    assert_eq!(device.prune(day(9), i64::MAX).await.unwrap(), 1);
}

/// Tables that were damaged 35 days after an opinion were made anew without it, for ever.
#[tokio::test]
async fn what_the_tables_miss_is_forgotten_once_nothing_of_it_is_here_and_comes_back_from_the_hub() {
    let (one, two) = (Scratch::new("missed-device"), Scratch::new("missed-hub"));
    let (device, hub) = (one.log(1, 1), two.log(9, 1));
    write(&device, 1).await;
    write(&device, 2).await;
    let feed = device.held().remove(0).feed;
    accept(&hub, &feed, device.runs_after(feed.id(), 0, 2, RUN_BODY_LEN_MAX).unwrap()).await;
    let two_of_them = hub.held().remove(0).extent;
    device.keep(receipts(&feed, two_of_them, &[Level::Received, Level::Kept])).await.unwrap();
    write(&device, 3).await;
    let (later, length) = (UnixSeconds(77), |log: &Log| log.held().remove(0).extent.length);
    assert_eq!(device.prune(later, 1).await.unwrap(), 1, "the tables hold one");
    assert_eq!(device.prune(later, 9).await.unwrap(), 1);

    device.miss().unwrap();
    assert_eq!(device.prune(later, 9).await.unwrap(), 0);
    assert_eq!(length(&device), 3, "the third is here alone");
    accept(&hub, &feed, device.runs_after(feed.id(), 2, 3, RUN_BODY_LEN_MAX).unwrap()).await;
    let all = hub.held().remove(0).extent;
    device.keep(receipts(&feed, all, &[Level::Received, Level::Kept])).await.unwrap();
    assert_eq!(device.prune(later, 9).await.unwrap(), 1);
    assert_eq!(length(&device), 3, "this life goes on in that feed");
    drop(device);

    let device = one.log(1, 2);
    assert_eq!(device.prune(later, 9).await.unwrap(), 0);
    assert_eq!((length(&device), device.verify().unwrap()), (0, Ok(0)));
    // What people are told of it stays true.
    assert_eq!((device.counts().unwrap().here, device.counts().unwrap().received), (0, 3));
    let given_back = hub.runs_after(feed.id(), 0, 3, RUN_BODY_LEN_MAX).unwrap();
    accept(&device, &feed, given_back).await;
    assert_eq!((device.held().remove(0).extent, device.verify().unwrap()), (all, Ok(3)));
    assert_eq!((device.counts().unwrap().here, device.counts().unwrap().received), (0, 3));
    // And goes again in its time.
    assert_eq!(device.prune(later, 9).await.unwrap(), 3);
    assert_eq!(length(&device), 3);
}
