//! How fast the log becomes documents and tables: the load of one county's first sync, and one villager in its midst.
//!
//! ```text
//! cargo bench -p ledger --bench merge -- [--documents 10000] [--one]
//! ```
//!
//! It invents opinions with handling timelines (80 to 300 characters, about ten changes each), signs them into the log
//! of a hub in a temporary directory as one device's runs of 100 records, and then lets the hub's ledger catch up. Time
//! spent on inventing is not counted. `--one` stops there, for a profiler.
#![allow(clippy::unwrap_used, reason = "a bench may stop where it stands")]

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    bulk::Record,
    document::{Document, Stamp},
    gate::{self, Offer},
    id::{Actor, DocId, Incarnation, hex},
    opinion::{Edit, Field, NewOpinion, NewStep, Opinion},
    seal::{Contact, OpenKey, Seed},
    space::{Audience, Space},
    time::UnixSeconds,
    workflow,
};
use ledger::Ledger;
use replica::{
    clock,
    dir::DataDir,
    identity::{Card, Identity},
};
use sync_core::{
    entry::{Entry, EntryKind},
    feed::Feed,
    run::Run,
};

const CODEBOOK: &str = include_str!("../../tests/sample/county.toml");
const VILLAGE: &str = "990127101201";
/// Records that one run holds, as an import writes them.
const RECORDS_PER_RUN: usize = 100;
/// Documents on which the parts are timed one by one.
const SAMPLE: usize = 1_000;
/// Opinions that are filed one by one.
const FILED: usize = 200;

fn main() {
    let (documents, is_one) = arguments();
    let home = Home::new();
    let ledger = Ledger::open(&DataDir::hold(&home.path).unwrap(), &home.identity(Role::Hub)).unwrap();
    let (changes, sample) = fill(&ledger, documents);
    println!("{documents} documents, {changes} changes");

    reset_peak();
    let before = memory("VmRSS:");
    let (merged, took) = timed(|| ledger.catch_up().unwrap());
    assert_eq!((merged.changes, merged.refused, merged.pending), (changes, 0, 0));
    line("the whole way, log to tables", documents, took);
    println!("memory: {before} kB before, at most {} kB while merging", memory("VmHWM:"));
    let size = std::fs::metadata(home.path.join("ledger.db")).unwrap().len();
    println!("ledger.db: {size} bytes, {} a document", size / documents as u64);
    if is_one {
        return;
    }
    println!("\none thread, of {} documents:", sample.len());
    parts(&ledger, &sample);
    one_by_one(&ledger);
    villager(documents);
}

fn arguments() -> (usize, bool) {
    let (mut documents, mut is_one) = (10_000, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--documents" => documents = words.next().and_then(|number| number.parse().ok()).expect("--documents N"),
            "--one" => is_one = true,
            // Cargo says it to every bench.
            "--bench" => {}
            other => panic!("{other}: the words are --documents N and --one"),
        }
    }
    (documents, is_one)
}

/// One document's changes, as the log holds them.
struct Sample {
    actor: Actor,
    payloads: Vec<(UnixSeconds, Vec<u8>)>,
}

/// Signs `documents` records into the ledger's log; returns how many changes they are, and the first of them.
fn fill(ledger: &Ledger, documents: usize) -> (u64, Vec<Sample>) {
    let key: ed25519_dalek::SigningKey = (&[7; 32]).into();
    let feed = Feed {
        public_key: key.verifying_key().to_bytes(),
        incarnation: Incarnation::new([7; 16]),
        space: Space::new(Area::parse(VILLAGE).unwrap(), Audience::Deputies),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut dice, mut extent, mut changes, mut samples) = (Dice(1), feed.genesis(), 0, Vec::new());
    let mut left = documents;
    while left > 0 {
        let mut written: Vec<(DocId, Sample)> = Vec::new();
        for _ in 0..left.min(RECORDS_PER_RUN) {
            let record = record(&mut dice);
            let (_, changes) = record.build(feed.actor(), None).unwrap();
            let payloads = changes.into_iter().map(|(stamp, payload)| (stamp.at, payload)).collect();
            written.push((record.id, Sample { actor: feed.actor(), payloads }));
        }
        left -= written.len();
        let entries = written.iter().flat_map(|(doc, sample)| {
            let entry = |(at, payload)| Entry { doc: *doc, kind: EntryKind::Change, at, payload, is_erased: false };
            sample.payloads.iter().map(|(at, payload)| (*at, payload.as_slice())).map(entry)
        });
        let entries: Vec<Entry<'_>> = entries.collect();
        let (run, end) = Run::sign(&feed, &extent, &entries, &key);
        changes += entries.len() as u64;
        runtime.block_on(ledger.log().accept(vec![(feed.clone(), run)])).unwrap();
        extent = end;
        samples.extend(written.into_iter().map(|(_, sample)| sample).take(SAMPLE - samples.len()));
    }
    (changes, samples)
}

/// Where the time goes.
fn parts(ledger: &Ledger, sample: &[Sample]) {
    let codebook = ledger.codebook();
    let (mut snapshots, mut lens) = (Vec::new(), 0);
    let ((), gate) = timed(|| {
        for Sample { actor, payloads } in sample {
            let mut document = Document::empty();
            let offers: Vec<_> =
                payloads.iter().map(|(at, payload)| Offer { actor: *actor, at: *at, payload }).collect();
            let admission = gate::admit_and_read(&mut document, &offers, |_| ());
            snapshots.extend(admission.grown.map(|(snapshot, ())| snapshot));
        }
    });
    line("gate, whole documents", sample.len(), gate);
    let (documents, load) = timed(|| {
        let documents = snapshots.iter().map(|snapshot| Document::load(snapshot).unwrap());
        documents.collect::<Vec<_>>()
    });
    line("load a snapshot", sample.len(), load);
    let ((), save) = timed(|| documents.iter().for_each(|document| lens += document.snapshot().len()));
    line("save a snapshot", sample.len(), save);
    let (opinions, read) = timed(|| documents.iter().filter_map(Opinion::read).collect::<Vec<_>>());
    line("read an opinion", sample.len(), read);
    let ((), fold) = timed(|| opinions.iter().for_each(|opinion| drop(workflow::fold(codebook, opinion))));
    line("where it stands", sample.len(), fold);
    println!("snapshots: {} bytes a document", lens / sample.len());
}

/// What one villager's opinion takes while nothing else happens, and one more step of it.
fn one_by_one(ledger: &Ledger) {
    let village = Area::parse(VILLAGE).unwrap();
    let mut dice = Dice(2);
    let (filed, took) = timed(|| {
        let records =
            (0..FILED).map(|_| ledger.file(&village, "站", record(&mut dice).new, &Contact::default()).unwrap());
        records.collect::<Vec<_>>()
    });
    println!("\none by one, with the log on disk each time:");
    line("file an opinion", FILED, took);
    let (is_added, took) = timed(|| filed.iter().all(|filed| ledger.add(&filed.id, "站", "还有一座桥。").unwrap()));
    assert!(is_added);
    line("add to one", FILED, took);
}

/// Files opinions while a first sync is being merged, and tells how long the slowest one waited.
fn villager(documents: usize) {
    let home = Home::new();
    let ledger = Ledger::open(&DataDir::hold(&home.path).unwrap(), &home.identity(Role::Hub)).unwrap();
    fill(&ledger, documents);
    let is_merged = AtomicBool::new(false);
    let mut waits: Vec<Duration> = Vec::new();
    let took = std::thread::scope(|scope| {
        let merging = scope.spawn(|| {
            let (_, took) = timed(|| ledger.catch_up().unwrap());
            is_merged.store(true, Ordering::Release);
            took.wall
        });
        let village = Area::parse(VILLAGE).unwrap();
        let mut dice = Dice(3);
        while !is_merged.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(50));
            let new = record(&mut dice).new;
            waits.push(timed(|| ledger.file(&village, "站", new, &Contact::default()).unwrap()).1.wall);
        }
        merging.join().unwrap()
    });
    waits.sort_unstable();
    println!(
        "\nwhile {documents} documents are merged in {:.1} s, an opinion is filed every 50 ms:",
        took.as_secs_f64()
    );
    let at = |place: usize| waits.get(place).map_or(0.0, |wait| wait.as_secs_f64() * 1_000.0);
    println!("{} filed, median {:.1} ms, slowest {:.1} ms", waits.len(), at(waits.len() / 2), at(waits.len() - 1));
}

/// What a piece of work took: on the wall, and of the processors, which others may be using too.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    processor: f64,
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Took) {
    let (started, before) = (Instant::now(), processor_seconds());
    let done = work();
    (done, Took { wall: started.elapsed(), processor: processor_seconds() - before })
}

/// Processor time of this process so far, all threads together, in steps of 10 ms.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold blanks; user and system time are the 12th and 13th figure behind it.
    let figures: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| figures.get(place).and_then(|figure| figure.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

fn line(what: &str, documents: usize, took: Took) {
    let each = |seconds: f64| seconds * 1e6 / documents as f64;
    let wall = took.wall.as_secs_f64();
    println!(
        "{what:<32} {wall:>8.3} s {:>8.0} a second {:>8.1} us each, {:>8.1} us of processors",
        documents as f64 / wall,
        each(wall),
        each(took.processor)
    );
}

/// A figure of this process in kB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

/// Lets the kernel forget how much memory this process once had.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A directory that goes with the bench.
struct Home {
    path: PathBuf,
}

impl Home {
    fn new() -> Self {
        Self { path: std::env::temp_dir().join(format!("huiyin-merge-{}", hex(&clock::random::<8>()))) }
    }

    fn identity(&self, role: Role) -> Identity {
        let card = Card {
            scope: Scope { role, areas: vec![Area::parse(&VILLAGE[..6]).unwrap()] },
            name: "县".into(),
            number: 1,
            hub: "127.0.0.1:1".into(),
            hub_key: String::new(),
            authority: String::new(),
            spare: String::new(),
            salt: String::new(),
            retired: String::new(),
            certificate: String::new(),
            seal_key: OpenKey::make(1, Seed([1; 32])).seal_key().unwrap(),
            codebook: CODEBOOK.into(),
            edition: 0,
            enrolled_at: UnixSeconds(0),
            renewed_at: None,
            former: Vec::new(),
            board: String::new(),
        };
        Identity::new(&DataDir::look(&self.path), (&clock::random::<32>()).into(), card)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, from: usize, to: usize) -> usize {
        from + (self.next() % (to - from + 1) as u64) as usize
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.between(0, words.len() - 1)]
    }
}

/// What is said: phrases, and between them characters at random, so that it compresses about as speech does.
const PHRASES: [&str; 24] = [
    "村口的路坏了",
    "雨天走不了",
    "请求修桥",
    "老人过不去",
    "自来水发黄",
    "已经两个多月",
    "路灯不亮",
    "班车太少",
    "水渠堵了",
    "电压太低",
    "请代表帮忙问一问",
    "大家意见很大",
    "垃圾没有人收",
    "卫生室经常没有人",
    "涉及三十多户",
    "去年就反映过",
    "驻村干部来看过",
    "开春以后",
    "一到赶场天",
    "低保名额没有公示",
    "学校缺老师",
    "建议加装护栏",
    "农田没法插秧",
    "现场查看",
];
const CHARACTERS: &str = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装";
const ACTS: [&str; 8] = ["受理", "走访", "交办", "办理", "督办", "联系", "答复", "评价"];
const WRITERS: [&str; 5] = ["station-06", "deputy-107", "office-11", "station-17", "deputy-212"];

fn speech(dice: &mut Dice, characters: usize) -> String {
    let all: Vec<char> = CHARACTERS.chars().collect();
    let mut text = String::new();
    while text.chars().count() < characters {
        match dice.between(0, 2) {
            0 => text.push_str(dice.pick(&PHRASES)),
            1 => (0..dice.between(1, 4)).for_each(|_| text.push(all[dice.between(0, all.len() - 1)])),
            _ => text.push(if dice.between(0, 1) == 0 { '，' } else { '。' }),
        }
    }
    text.chars().take(characters).collect()
}

/// One opinion and what became of it.
fn record(dice: &mut Dice) -> Record {
    let mut at = 1_735_700_000 + dice.between(0, 100_000) as i64;
    let id = [dice.next().to_be_bytes(), dice.next().to_be_bytes()].concat();
    let village = speech(dice, 3);
    let fields = [
        (Field::Topic, "道路交通".to_owned()),
        (Field::Title, speech(dice, 10)),
        (Field::Town, speech(dice, 3)),
        (Field::Village, village),
        (Field::Station, format!("st-{:02}", dice.between(1, 40))),
        (Field::Deputy, format!("dep-{}", dice.between(100, 300))),
        (Field::Channel, "代表走访".to_owned()),
        (Field::Urgency, "一般".to_owned()),
        (Field::Sort, "意见".to_owned()),
    ];
    let length = dice.between(80, 300);
    let body = speech(dice, length);
    let stamp = Stamp::new(dice.pick(&WRITERS), UnixSeconds(at));
    // Most are settled in a few steps, some drag on.
    let steps = if dice.between(0, 9) == 0 { dice.between(13, 29) } else { dice.between(4, 11) };
    let mut edits = Vec::new();
    let mut end = length;
    for _ in 0..steps {
        at += dice.between(3_600, 500_000) as i64;
        let stamp = Stamp::new(dice.pick(&WRITERS), UnixSeconds(at));
        if dice.between(0, 9) == 0 {
            let added = dice.between(5, 20);
            let place = dice.between(0, end);
            end += added;
            edits.push((stamp, Edit { insert: Some((place, speech(dice, added))), ..Edit::default() }));
            continue;
        }
        let note_length = dice.between(10, 40);
        let step = NewStep {
            act: dice.pick(&ACTS).to_owned(),
            note: speech(dice, note_length),
            state: Some("办理中".to_owned()),
            ..NewStep::default()
        };
        let fields = if dice.between(0, 8) == 0 { vec![(Field::Office, "住建局".to_owned())] } else { Vec::new() };
        edits.push((stamp, Edit { step: Some(step), fields: fields.into_iter().collect(), ..Edit::default() }));
    }
    Record {
        id: DocId::from_slice(&id).unwrap(),
        new: NewOpinion { body, fields: fields.into(), state: Some("已登记".to_owned()), ..NewOpinion::default() },
        stamp,
        contact: Contact::default(),
        edits,
    }
}
