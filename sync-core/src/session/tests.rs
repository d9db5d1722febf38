//! Two devices meet: their disks are lists, and every message crosses as bytes.

use civic_core::{
    access::Role,
    area::Area,
    id::{DocId, Incarnation},
    space::Audience,
};

use super::*;
use crate::{
    catalog::Catalog,
    entry::{Entry, EntryKind},
    run::join,
};

/// One side with its disk: runs in the order of arrival.
struct Peer {
    key: SigningKey,
    catalog: Catalog,
    runs: Vec<(Feed, Run)>,
    cursor: Option<Cursor>,
    epoch: u8,
    kept: u64,
    told: Vec<String>,
    left_out: Vec<FeedId>,
    room: u64,
    /// A feed that comes without its payloads, and the one that says why.
    emptied: Option<(FeedId, FeedId)>,
}

impl Peer {
    fn new(seed: u8) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let (catalog, runs) = (Catalog::default(), Vec::new());
        let (told, left_out) = (Vec::new(), Vec::new());
        Self { key, catalog, runs, cursor: None, epoch: 1, kept: 0, told, left_out, room: u64::MAX, emptied: None }
    }

    fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    fn feed(&self, area: &str, audience: Audience) -> Feed {
        let space = Space::new(Area::parse(area).unwrap(), audience);
        Feed { public_key: self.public(), incarnation: Incarnation::new([1; 16]), space }
    }

    fn write(&mut self, area: &str, audience: Audience, words: &[&str]) {
        let feed = self.feed(area, audience);
        let mut held = self.catalog.held(&feed).cloned().unwrap_or_else(|| Held::new(feed.clone()));
        for word in words {
            let (run, extent) = Run::sign(&feed, &held.extent, &[entry(word)], &self.key);
            held.extent = extent;
            self.put(held.clone(), run);
        }
    }

    fn put(&mut self, mut held: Held, run: Run) {
        self.runs.push((held.feed.clone(), run));
        held.row = self.runs.len() as i64;
        self.catalog.put(held);
    }

    /// Forgets everything that arrived after `row`, as a restored backup would.
    fn restore(&mut self, row: usize) {
        let runs: Vec<_> = self.runs.drain(..).take(row).collect();
        self.catalog = Catalog::default();
        self.epoch += 1;
        for (feed, run) in runs {
            self.store(feed, run);
        }
    }

    fn session(&self, side: Side, member: &Member) -> Session {
        let mut shared = self.catalog.shared(member);
        self.left_out.iter().for_each(|id| shared.leave_out(*id));
        Session::new(side, member.clone(), shared, UnixSeconds(7))
    }

    fn entries(&self) -> u64 {
        self.catalog.feeds().map(|held| held.extent.length).sum()
    }

    fn store(&mut self, feed: Feed, run: Run) -> (FeedId, u64, StoredAs) {
        let (id, first) = (feed.id(), run.first);
        let mut held = self.catalog.held(&feed).cloned().unwrap_or_else(|| Held::new(feed));
        let is_said = |why| self.catalog.feeds().any(|held| held.feed.id() == why && held.extent.length > 0);
        let is_bare = self.emptied.is_some_and(|(emptied, why)| emptied == id && !is_said(why));
        let stored = if is_bare {
            StoredAs::Bare(held.extent.length)
        } else if run.last() <= held.extent.length {
            StoredAs::Known(held.extent)
        } else if run.first > held.extent.length + 1 {
            StoredAs::Gap(held.extent.length)
        } else {
            match run.verify(&held.feed, &held.extent) {
                Ok(extent) => {
                    held.extent = extent;
                    self.put(held, run);
                    StoredAs::Accepted(extent)
                }
                Err(bad) => StoredAs::Refused(bad.to_string()),
            }
        };
        (id, first, stored)
    }

    /// Carries out what the session asks; returns what it says and how it ended.
    fn drain(&mut self, session: &mut Session) -> (Vec<Message>, Option<Outcome>) {
        let (mut said, mut finished) = (Vec::new(), None);
        while let Some(output) = session.poll_output() {
            match output {
                Output::Send(message) => said.push(message),
                Output::Load { feed, from, until, body_max } => {
                    let runs = self.runs.iter().map(|(_, run)| run);
                    let runs = runs.filter(|run| run.feed == feed && run.last() > from && run.last() <= until);
                    let runs = join(runs.cloned(), body_max);
                    session.handle_input(Input::Loaded(runs)).unwrap();
                }
                // One run at a time, so that a meeting has many marks.
                Output::LoadNews { feeds, after, until, .. } => {
                    let rows = self.runs.iter().zip(1..).take(until as usize).skip(after as usize);
                    let next = rows.filter(|((_, run), _)| feeds.contains(&run.feed)).map(|((_, run), row)| (run, row));
                    let (run, reached) =
                        next.map(|(run, row)| (Some(run.clone()), row)).next().unwrap_or((None, until));
                    session.handle_input(Input::LoadedNews { runs: run.into_iter().collect(), reached }).unwrap();
                }
                Output::Store { runs, .. } => {
                    let results = runs.into_iter().map(|(feed, run)| self.store(feed, run)).collect();
                    session.handle_input(Input::Stored(results)).unwrap();
                }
                Output::Keep(receipts) => {
                    let mut proven = Vec::new();
                    for receipt in receipts {
                        let held = self.catalog.feeds().find(|held| held.feed.id() == receipt.feed).cloned();
                        let mut held = held.unwrap();
                        match receipt.level {
                            Level::Received => held.receipted = held.receipted.max(receipt.extent.length),
                            Level::Kept => held.kept = receipt.extent,
                        }
                        proven.push((receipt.feed, held.receipted));
                        self.catalog.put(held);
                    }
                    session.handle_input(Input::Kept(proven)).unwrap();
                }
                Output::Remember { cursor, .. } => self.cursor = Some(cursor),
                Output::Quarantine { reason, .. } => self.told.push(format!("kept apart: {reason}")),
                Output::Told { feed, reason, .. } => {
                    self.left_out.push(feed);
                    self.told.push(reason);
                }
                Output::Finished(outcome) => finished = Some(outcome),
            }
        }
        (said, finished)
    }
}

/// A register that knows everybody as what they were enrolled.
struct Known(Vec<Member>);

impl Authors for Known {
    fn standing(&self, public_key: &[u8; 32]) -> Standing {
        let known = self.0.iter().find(|member| member.public_key == *public_key);
        known.map_or(Standing::Stranger, |member| Standing::Member(member.scope.clone()))
    }
}

fn entry(word: &str) -> Entry<'_> {
    let (doc, at) = (DocId::new([1; 16]), UnixSeconds(5));
    Entry { doc, kind: EntryKind::Change, at, payload: word.as_bytes(), is_erased: false }
}

/// What a caller says first who has nothing and heard nothing.
fn hello() -> Message {
    Message::Hello {
        version: VERSION,
        oldest: VERSION_OLDEST,
        cursor: None,
        behind: Vec::new(),
        left_out: Vec::new(),
        room: u64::MAX,
    }
}

fn member(peer: &Peer, role: Role, area: &str) -> Member {
    Member::new(peer.public(), Scope { role, areas: vec![Area::parse(area).unwrap()] })
}

fn both<'a>(device: &'a Peer, hub: &'a Peer, member: &Member, known: Vec<Member>) -> (Session, Session) {
    let caller = device
        .session(Side::Caller { hub: hub.public(), cursor: device.cursor, room: device.room, status: None }, member);
    let key = Box::new(hub.key.clone());
    let side = Side::Hub { key, epoch: [hub.epoch; 8], kept: hub.kept, authors: Arc::new(Known(known)) };
    (caller, hub.session(side, member))
}

/// Lets the two meet; every message crosses as bytes.
fn meet(device: &mut Peer, hub: &mut Peer, member: &Member) -> Outcome {
    meet_knowing(device, hub, member, Vec::new(), usize::MAX).unwrap()
}

/// The same where the hub knows more devices and the road breaks after so many messages; `None` if it broke.
fn meet_knowing(
    device: &mut Peer,
    hub: &mut Peer,
    member: &Member,
    known: Vec<Member>,
    mut messages: usize,
) -> Option<Outcome> {
    let (mut caller, mut answerer) = both(device, hub, member, known);
    caller.handle_input(Input::Opened).unwrap();
    answerer.handle_input(Input::Opened).unwrap();
    let (mut said, mut finished) = device.drain(&mut caller);
    while finished.is_none() {
        assert!(!said.is_empty(), "the meeting stands still");
        let (answers, _) = hear(hub, &mut answerer, said, &mut messages)?;
        (said, finished) = hear(device, &mut caller, answers, &mut messages)?;
    }
    finished
}

/// Gives the messages one by one and carries out what each asks for before the next.
fn hear(
    peer: &mut Peer,
    session: &mut Session,
    messages: Vec<Message>,
    left: &mut usize,
) -> Option<(Vec<Message>, Option<Outcome>)> {
    let (mut said, mut finished) = (Vec::new(), None);
    for message in messages {
        *left = left.checked_sub(1)?;
        session.handle_input(Input::Received(cross(message))).unwrap();
        let (more, end) = peer.drain(session);
        said.extend(more);
        finished = finished.or(end);
    }
    Some((said, finished))
}

fn cross(message: Message) -> Message {
    let bytes = message.encode();
    let mut reader = civic_core::codec::Reader::new(&bytes);
    let number = reader.varint().unwrap();
    let again = Message::decode(number, reader.bytes(bytes.len()).unwrap()).unwrap();
    assert_eq!(again, message);
    again
}

const VILLAGE: &str = "990101101201";

#[test]
fn one_round_trip_brings_both_sides_into_step() {
    let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
    kiosk.write(VILLAGE, Audience::Deputies, &["路坏了", "桥也坏了"]);
    hub.write(VILLAGE, Audience::Public, &["已受理"]);
    let member = member(&kiosk, Role::Kiosk, VILLAGE);
    let outcome = meet(&mut kiosk, &mut hub, &member);
    let expected =
        Outcome { is_in_step: true, round_trips: 1, entries_sent: 2, entries_received: 1, ..Outcome::default() };
    assert_eq!(outcome, expected);
    assert_eq!(kiosk.catalog.held(&kiosk.feed(VILLAGE, Audience::Deputies)).unwrap().receipted, 2);
    for _ in 0..2 {
        let again = meet(&mut kiosk, &mut hub, &member);
        assert_eq!(again, Outcome { is_in_step: true, round_trips: 1, ..Outcome::default() });
    }
}

#[test]
fn a_meeting_in_which_nothing_is_new_says_the_same_few_bytes_whatever_was_said_before() {
    let mut sizes = Vec::new();
    for documents in [1, 300] {
        let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
        let words = vec!["一"; documents];
        kiosk.write(VILLAGE, Audience::Deputies, &words);
        for village in 0..documents {
            hub.write(&format!("990101101{village:03}"), Audience::Public, &["已受理"]);
        }
        let member = member(&kiosk, Role::Kiosk, VILLAGE);
        meet(&mut kiosk, &mut hub, &member);
        meet(&mut kiosk, &mut hub, &member);
        let (mut caller, mut answerer) = both(&kiosk, &hub, &member, Vec::new());
        caller.handle_input(Input::Opened).unwrap();
        let said = kiosk.drain(&mut caller).0;
        let up: usize = said.iter().map(|message| message.encode().len()).sum();
        let answers = hear(&mut hub, &mut answerer, said, &mut 9).unwrap().0;
        let down: usize = answers.iter().map(|message| message.encode().len()).sum();
        assert!(up + down < 100, "{up} + {down} bytes");
        sizes.push(up + down);
    }
    assert!(sizes[1] - sizes[0] <= 2, "{sizes:?}");
}

#[test]
fn a_hub_restored_from_an_old_backup_gets_back_what_it_lost() {
    let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
    kiosk.write(VILLAGE, Audience::Deputies, &["一"]);
    let member = member(&kiosk, Role::Kiosk, VILLAGE);
    meet(&mut kiosk, &mut hub, &member);
    hub.restore(0);
    let outcome = meet(&mut kiosk, &mut hub, &member);
    assert_eq!((outcome.is_in_step, outcome.round_trips, hub.entries()), (true, 3, 1));
    // Something new makes the gap plain, and what the hub signed for before is sent again.
    hub.restore(0);
    kiosk.write(VILLAGE, Audience::Deputies, &["二"]);
    let outcome = meet(&mut kiosk, &mut hub, &member);
    assert_eq!((outcome.is_in_step, outcome.round_trips, hub.entries()), (true, 2, 2));
    assert_eq!(meet(&mut kiosk, &mut hub, &member).round_trips, 1);
}

#[test]
fn what_a_restored_hub_lost_of_others_comes_back_from_whoever_may_read_it() {
    let (mut kiosk, mut deputy, mut hub) = (Peer::new(1), Peer::new(4), Peer::new(2));
    kiosk.write(VILLAGE, Audience::Deputies, &["一", "二"]);
    hub.write(VILLAGE, Audience::Public, &["已受理"]);
    let known = vec![member(&kiosk, Role::Kiosk, VILLAGE), member(&deputy, Role::Deputy, VILLAGE)];
    meet(&mut kiosk, &mut hub, &known[0]);
    meet(&mut deputy, &mut hub, &known[1]);
    hub.restore(0);
    let stranger = meet_knowing(&mut deputy, &mut hub, &known[1], known[1..].to_vec(), usize::MAX).unwrap();
    assert!(!stranger.is_in_step);
    assert_eq!((hub.entries(), &hub.told[..]), (1, &["kept apart: its author is not known here".to_owned()][..]));
    deputy.left_out.clear();
    let outcome = meet_knowing(&mut deputy, &mut hub, &known[1].clone(), known, usize::MAX).unwrap();
    assert_eq!((outcome.is_in_step, hub.entries()), (true, 3));
}

#[test]
fn a_device_that_lost_its_disk_gets_back_what_it_may_read_and_what_it_wrote() {
    let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
    kiosk.write(VILLAGE, Audience::Deputies, &["一"]);
    hub.write(VILLAGE, Audience::Public, &["已受理"]);
    let member = member(&kiosk, Role::Kiosk, VILLAGE);
    meet(&mut kiosk, &mut hub, &member);
    let mut new = Peer::new(1);
    let outcome = meet(&mut new, &mut hub, &member);
    assert_eq!((outcome.is_in_step, new.entries()), (true, 2));
}

#[test]
fn a_kiosk_receives_nothing_that_others_said_and_a_deputy_does() {
    let (mut one, mut hub) = (Peer::new(1), Peer::new(2));
    one.write(VILLAGE, Audience::Deputies, &["一"]);
    one.write(VILLAGE, Audience::County, &["封"]);
    let first = member(&one, Role::Kiosk, VILLAGE);
    meet(&mut one, &mut hub, &first);
    let (mut kiosk, mut deputy) = (Peer::new(3), Peer::new(4));
    let second = member(&kiosk, Role::Kiosk, VILLAGE);
    assert!(meet(&mut kiosk, &mut hub, &second).is_in_step);
    assert_eq!(kiosk.entries(), 0);
    let third = member(&deputy, Role::Deputy, &VILLAGE[..9]);
    assert!(meet(&mut deputy, &mut hub, &third).is_in_step);
    assert_eq!(deputy.entries(), 1);
}

#[test]
fn a_hub_beneath_hears_what_is_for_everybody_and_brings_what_is_of_its_prefix() {
    let (mut town, mut county) = (Peer::new(1), Peer::new(2));
    let member = member(&town, Role::Hub, "990127101");
    // The town speaks to its own devices in the whole county, and that is nothing to the county.
    town.write("990127", Audience::Public, &["镇里说"]);
    town.write("990127101201", Audience::Deputies, &["村里说"]);
    town.write("990127101", Audience::Public, &["镇里注销"]);
    county.write("990127", Audience::Public, &["全县公告"]);
    county.write("990127102201", Audience::Public, &["别镇的回执"]);
    county.write("990127102201", Audience::Deputies, &["别镇的意见"]);
    county.write("990127", Audience::County, &["密封"]);
    for _ in 0..2 {
        assert!(meet(&mut town, &mut county, &member).is_in_step);
        assert_eq!((town.entries(), county.entries()), (5, 6));
    }
    assert!(town.told.is_empty() && county.told.is_empty(), "{:?} {:?}", town.told, county.told);
    // What each says later comes in one round trip.
    county.write("990127", Audience::Public, &["又一个公告"]);
    town.write("990127", Audience::Public, &["镇里又说"]);
    let outcome = meet(&mut town, &mut county, &member);
    assert_eq!((outcome.is_in_step, outcome.round_trips, town.entries(), county.entries()), (true, 1, 7, 7));
}

#[test]
fn what_may_not_be_written_is_kept_apart_and_told_once_and_the_rest_goes_on() {
    let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
    kiosk.write("990101101299", Audience::Deputies, &["别村"]);
    kiosk.write(VILLAGE, Audience::Deputies, &["本村"]);
    let member = member(&kiosk, Role::Kiosk, VILLAGE);
    let outcome = meet(&mut kiosk, &mut hub, &member);
    assert!(!outcome.is_in_step);
    assert_eq!(hub.entries(), 1);
    assert_eq!(hub.told, ["kept apart: the device may not write in that space"]);
    assert_eq!(kiosk.told, ["the device may not write in that space"]);
    let again = meet(&mut kiosk, &mut hub, &member);
    assert_eq!((again.is_in_step, again.entries_sent, again.round_trips), (false, 0, 1));
}

/// Seed 300 of the simulated county: a hub beneath another one did not take a run without its words, before it had heard that
/// they were erased. The hub above left the feed out for everybody from then on, and whose feed it was came never into step.
#[test]
fn what_one_caller_does_not_take_the_hub_leaves_out_of_that_meeting_alone() {
    let (beneath, hub) = (Peer::new(1), Peer::new(2));
    let member = member(&beneath, Role::Hub, "990101101");
    let (_, mut meeting) = both(&beneath, &hub, &member, vec![member.clone()]);
    let feed = hub.feed("990101101", Audience::Public).id();
    let refused = Message::Refused { feed, first: 1, reason: BARE.to_owned() };
    meeting.handle_input(Input::Received(hello())).unwrap();
    meeting.handle_input(Input::Received(refused)).unwrap();
    let mut outputs = std::iter::from_fn(|| meeting.poll_output());
    assert!(outputs.all(|output| !matches!(output, Output::Told { .. })));
    assert!(meeting.shared.is_left_out(&feed));
}

/// Seed 459 of the simulated county.
#[test]
fn a_hub_that_lost_why_something_was_emptied_takes_it_once_that_is_back() {
    let mut orders = BTreeSet::new();
    for author in 1..9 {
        let (mut kiosk, mut hub) = (Peer::new(author), Peer::new(20));
        kiosk.write(VILLAGE, Audience::Deputies, &["一", "二"]);
        hub.write(VILLAGE, Audience::Public, &["已删除"]);
        let member = member(&kiosk, Role::Kiosk, VILLAGE);
        meet(&mut kiosk, &mut hub, &member);
        let (emptied, why) = (kiosk.feed(VILLAGE, Audience::Deputies).id(), hub.feed(VILLAGE, Audience::Public).id());
        orders.insert(emptied < why);
        // More is said meanwhile, so the emptied feed comes before the two compare what they hold.
        kiosk.write(VILLAGE, Audience::Deputies, &["三"]);
        hub.restore(0);
        hub.emptied = Some((emptied, why));
        let outcome = meet(&mut kiosk, &mut hub, &member);
        assert!(outcome.is_in_step, "{outcome:?}");
        assert_eq!((hub.entries(), kiosk.told.len()), (4, 0), "{:?}", kiosk.told);
    }
    assert_eq!(orders.len(), 2, "either comes before the other");
}

#[test]
fn what_is_emptied_and_nobody_explains_is_refused_at_the_end_of_a_meeting_with_its_reason() {
    let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
    kiosk.write(VILLAGE, Audience::Deputies, &["一"]);
    kiosk.write(VILLAGE, Audience::County, &["二"]);
    let emptied = kiosk.feed(VILLAGE, Audience::Deputies).id();
    hub.emptied = Some((emptied, FeedId([0; 16])));
    let member = member(&kiosk, Role::Kiosk, VILLAGE);
    assert!(!meet(&mut kiosk, &mut hub, &member).is_in_step);
    assert_eq!((hub.entries(), kiosk.told), (1, vec![BARE.to_owned()]));
    assert_eq!(kiosk.left_out, [emptied]);
}

/// Everybody is known elsewhere.
struct Beneath;

impl Authors for Beneath {
    fn standing(&self, _public_key: &[u8; 32]) -> Standing {
        Standing::Elsewhere
    }
}

/// Seeds 1020, 1553 and 1914 of the simulated county: a township's hub came back from a backup, and its deputies still held
/// what the county had written.
#[test]
fn what_only_the_hub_above_can_judge_a_hub_beneath_leaves_to_it_without_a_word() {
    let (deputy, hub, mut county) = (Peer::new(1), Peer::new(2), Peer::new(3));
    county.write(VILLAGE, Audience::Deputies, &["已受理"]);
    let member = member(&deputy, Role::Deputy, VILLAGE);
    let key = Box::new(hub.key.clone());
    let side = Side::Hub { key, epoch: [1; 8], kept: 0, authors: Arc::new(Beneath) };
    let mut meeting = hub.session(side, &member);
    let (feed, run) = county.runs.remove(0);
    for message in [hello(), Message::Announce(feed), Message::Runs(vec![run])] {
        meeting.handle_input(Input::Received(message)).unwrap();
    }
    assert_eq!(meeting.poll_output(), None);
    assert!(!meeting.is_whole);
}

#[test]
fn a_cloned_card_is_noticed_even_when_it_has_nothing_new_to_say() {
    let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
    let mut clone = Peer::new(1);
    kiosk.write(VILLAGE, Audience::Deputies, &["一"]);
    clone.write(VILLAGE, Audience::Deputies, &["另一个一"]);
    let member = member(&kiosk, Role::Kiosk, VILLAGE);
    meet(&mut kiosk, &mut hub, &member);
    let mut held = clone.catalog.feeds().next().unwrap().clone();
    held.receipted = 1;
    clone.catalog.put(held);
    assert!(!meet(&mut clone, &mut hub, &member).is_in_step);
    assert!(clone.told.iter().any(|reason| reason.contains("two devices write one feed")), "{:?}", clone.told);
}

#[test]
fn a_road_that_breaks_anywhere_loses_nothing_and_repeats_little() {
    for breaks_after in 0..24 {
        let (mut deputy, mut hub) = (Peer::new(1), Peer::new(2));
        deputy.write(VILLAGE, Audience::Deputies, &["一", "二", "三"]);
        for word in ["甲", "乙", "丙", "丁", "戊", "己"] {
            hub.write(VILLAGE, Audience::Public, &[word]);
        }
        let member = member(&deputy, Role::Deputy, VILLAGE);
        let broken = meet_knowing(&mut deputy, &mut hub, &member, Vec::new(), breaks_after);
        let arrived = deputy.entries() - 3;
        let outcome = meet(&mut deputy, &mut hub, &member);
        assert!(outcome.is_in_step, "broken after {breaks_after}");
        assert_eq!((deputy.entries(), hub.entries()), (9, 9));
        // What was marked is not sent again.
        if broken.is_none() {
            assert!(outcome.entries_received <= 6 - arrived + 1, "broken after {breaks_after}");
        }
    }
}

#[test]
fn a_hub_that_holds_more_than_its_receipts_told_says_so_before_it_is_sent_again() {
    let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
    kiosk.write(VILLAGE, Audience::Deputies, &["一", "二", "三"]);
    let member = member(&kiosk, Role::Kiosk, VILLAGE);
    for (feed, run) in kiosk.runs.clone() {
        hub.store(feed, run);
    }
    let (mut caller, mut answerer) = both(&kiosk, &hub, &member, Vec::new());
    caller.handle_input(Input::Opened).unwrap();
    let Some(Output::Send(hello)) = caller.poll_output() else { panic!("it greets first") };
    // The hub's receipt arrives while the device still loads what it would send.
    let Some(Output::Load { .. }) = caller.poll_output() else { panic!("then it loads") };
    let receipts = hear(&mut hub, &mut answerer, vec![hello], &mut 9).unwrap().0;
    caller.handle_input(Input::Received(receipts.into_iter().next().unwrap())).unwrap();
    kiosk.drain(&mut caller);
    caller.handle_input(Input::Loaded(vec![kiosk.runs[0].1.clone()])).unwrap();
    let (said, _) = kiosk.drain(&mut caller);
    let sent: usize = said.iter().map(|message| if let Message::Runs(runs) = message { runs.len() } else { 0 }).sum();
    assert_eq!(sent, 1);
}

#[test]
fn a_kept_receipt_comes_once_after_each_backup() {
    let (mut kiosk, mut hub) = (Peer::new(1), Peer::new(2));
    kiosk.write(VILLAGE, Audience::Deputies, &["一"]);
    let member = member(&kiosk, Role::Kiosk, VILLAGE);
    meet(&mut kiosk, &mut hub, &member);
    let mut held = hub.catalog.feeds().next().unwrap().clone();
    held.kept = held.extent;
    hub.catalog.put(held);
    hub.kept = 1;
    meet(&mut kiosk, &mut hub, &member);
    assert_eq!(kiosk.catalog.feeds().next().unwrap().kept.length, 1);
    let mut held = kiosk.catalog.feeds().next().unwrap().clone();
    held.kept = held.feed.genesis();
    kiosk.catalog.put(held);
    meet(&mut kiosk, &mut hub, &member);
    assert_eq!(kiosk.catalog.feeds().next().unwrap().kept.length, 0);
}

#[test]
fn a_device_takes_what_it_has_room_for_and_the_rest_later() {
    let (mut deputy, mut hub) = (Peer::new(1), Peer::new(2));
    deputy.write(VILLAGE, Audience::Deputies, &["一"]);
    hub.write(VILLAGE, Audience::Public, &["甲", "乙", "丙", "丁"]);
    let member = member(&deputy, Role::Deputy, VILLAGE);
    let one = hub.runs[0].1.body.len() as u64;
    deputy.room = one + 1;
    let outcome = meet(&mut deputy, &mut hub, &member);
    assert_eq!((outcome.is_in_step, outcome.is_full, outcome.entries_received), (false, true, 2));
    assert_eq!(hub.entries(), 5, "what it wrote goes out all the same");
    deputy.room = 0;
    assert_eq!(meet(&mut deputy, &mut hub, &member).entries_received, 0);
    deputy.room = u64::MAX;
    let outcome = meet(&mut deputy, &mut hub, &member);
    assert_eq!((outcome.is_in_step, outcome.round_trips, outcome.entries_received), (true, 1, 2));
}

#[test]
fn a_version_that_nobody_shares_is_said_plainly() {
    let (kiosk, hub) = (Peer::new(1), Peer::new(2));
    let (_, mut session) = both(&kiosk, &hub, &member(&kiosk, Role::Kiosk, VILLAGE), Vec::new());
    let hello =
        Message::Hello { version: 9, oldest: 8, cursor: None, behind: Vec::new(), left_out: Vec::new(), room: 0 };
    let broken = session.handle_input(Input::Received(hello)).unwrap_err();
    assert_eq!(broken, Broken::Version { theirs: 9, oldest: 8 });
}

#[test]
fn nothing_is_taken_from_someone_who_did_not_greet_or_greets_twice() {
    let (kiosk, hub) = (Peer::new(1), Peer::new(2));
    let (_, mut session) = both(&kiosk, &hub, &member(&kiosk, Role::Kiosk, VILLAGE), Vec::new());
    assert!(session.handle_input(Input::Received(Message::Runs(Vec::new()))).is_err());
    let hello =
        || Message::Hello { version: 1, oldest: 1, cursor: None, behind: Vec::new(), left_out: Vec::new(), room: 0 };
    assert!(session.handle_input(Input::Received(hello())).is_ok());
    assert!(session.handle_input(Input::Received(hello())).is_err());
}

/// A feed that nobody holds, of a number.
fn unheard_of(number: u32) -> Feed {
    let mut public_key = [7; 32];
    public_key[..4].copy_from_slice(&number.to_le_bytes());
    let space = Space::new(Area::parse(VILLAGE).unwrap(), Audience::Deputies);
    Feed { public_key, incarnation: Incarnation::new([1; 16]), space }
}

/// A hub to which a device has said hello.
fn greeted() -> Session {
    let (kiosk, hub) = (Peer::new(1), Peer::new(2));
    let (_, mut session) = both(&kiosk, &hub, &member(&kiosk, Role::Kiosk, VILLAGE), Vec::new());
    session.handle_input(Input::Received(hello())).unwrap();
    session
}

#[test]
fn whoever_names_without_end_what_nobody_holds_ends_the_meeting() {
    let refused = |feed: Feed| Message::Refused { feed: feed.id(), first: 1, reason: String::new() };
    let space = |number: u32| Space::new(Area::parse(&format!("{number:012}")).unwrap(), Audience::Public);
    let (_, run) = {
        let mut peer = Peer::new(3);
        peer.write(VILLAGE, Audience::Deputies, &["一"]);
        peer.runs.remove(0)
    };
    let run = |feed: Feed| Message::Runs(vec![Run { feed: feed.id(), ..run.clone() }]);
    let ways: [&dyn Fn(u32) -> Message; 4] = [
        &|number| Message::Announce(unheard_of(number)),
        &|number| refused(unheard_of(number)),
        &|number| Message::Spaces(vec![(space(number), [1; 16])]),
        &|number| run(unheard_of(number)),
    ];
    for name in ways {
        let mut session = greeted();
        let mut names = 0..2 * NAMES_MAX as u32;
        let broken = names.find_map(|number| session.handle_input(Input::Received(name(number))).err());
        assert_eq!((broken, names.start as usize), (Some(Broken::TooManyNames), NAMES_MAX + 1));
    }
}

#[test]
fn thirty_thousand_feeds_and_as_many_spaces_as_one_message_names_are_taken_down_in_one_meeting() {
    let mut session = greeted();
    for number in 0..30_000 {
        session.handle_input(Input::Received(Message::Announce(unheard_of(number)))).unwrap();
        // Naming it again takes nothing.
        session.handle_input(Input::Received(Message::Announce(unheard_of(number)))).unwrap();
    }
    let space = |number: u32| Space::new(Area::parse(&format!("{number:012}")).unwrap(), Audience::Public);
    let spaces = (0..NAMED_MAX as u32).map(|number| (space(number), [1; 16])).collect();
    session.handle_input(Input::Received(Message::Spaces(spaces))).unwrap();
}

#[test]
fn what_a_hub_holds_a_hub_is_not_told_and_keeps_nothing_of() {
    let mut session = greeted();
    let (space, extent) = (unheard_of(1).space, ShortExtent { length: 1, head: [1; 16] });
    let vector = Message::Vector { space, feeds: vec![(unheard_of(1).id(), extent)] };
    session.handle_input(Input::Received(vector)).unwrap();
    assert!(session.vectors.is_empty());
}
