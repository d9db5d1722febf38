//! Honest documents, change by change, as installations of this program write them.

use std::collections::BTreeMap;

use civic_core::{
    area::Area,
    bulk::Record,
    codebook::Codebook,
    consultation::{Article, Consultation, Question},
    document::{Document, Stamp},
    gate::{self, Offer, Verdict},
    id::{Actor, DocId},
    opening::Opening,
    opinion::{self, BODY_CHARS_MAX, Edit, Field, NewOpinion, NewStep, Opinion},
    published,
    slip::Slip,
    ticket::Ticket,
    time::UnixSeconds,
    visit::{self, Visit},
};

use crate::sample::{self, Dice, Ear};

/// One change, as the log entry beside it says.
pub(super) struct Step {
    pub(super) actor: Actor,
    pub(super) at: UnixSeconds,
    pub(super) payload: Vec<u8>,
}

impl Step {
    pub(super) fn offer(&self) -> Offer<'_> {
        Offer { actor: self.actor, at: self.at, payload: &self.payload }
    }
}

/// A document from its first change to its last.
pub(super) struct History {
    pub(super) steps: Vec<Step>,
    /// As it was before each step; the last one is the whole.
    pub(super) documents: Vec<Document>,
}

impl History {
    fn of(steps: Vec<Step>) -> Self {
        let mut documents = vec![Document::empty()];
        for step in &steps {
            let mut document = documents.last().cloned().unwrap_or_else(Document::empty);
            assert_eq!(gate::admit(&mut document, &[step.offer()]), [Verdict::Admitted], "the corpus is honest");
            documents.push(document);
        }
        Self { steps, documents }
    }
}

/// The documents that are bent: always the same ones.
pub(super) fn histories(codebook: &Codebook) -> Vec<History> {
    let mut dice = Dice(7);
    let mut all: Vec<Vec<Step>> = heard(codebook, 4);
    all.extend([2, 3, 5].map(|writers| together(&mut dice, writers)));
    all.push(begun_twice(&mut dice));
    all.push(long(&mut dice));
    all.push(slip(codebook));
    all.push(seen());
    all.push(asked());
    all.into_iter().map(History::of).collect()
}

fn writer(number: u8) -> Actor {
    Actor::new([number; 16])
}

fn step(actor: Actor, at: i64, payload: Vec<u8>) -> Step {
    Step { actor, at: UnixSeconds(at), payload }
}

/// Opinions of one writer, with all that became of them.
fn heard(codebook: &Codebook, count: usize) -> Vec<Vec<Step>> {
    let villages = codebook.places.iter().filter(|place| place.area.code().len() == 12).collect();
    let ear = Ear { villages, channels: &["自助终端"], deputy: None };
    let lines = sample::lines(codebook, &ear, 7, count);
    let record = |(line, serial): (&String, u32)| {
        let record = Record::parse(line).expect("the sample is valid");
        let (_, changes) = record.build(writer(1), Ticket::new(1, serial)).expect("the sample is within the limits");
        changes.into_iter().map(|(stamp, payload)| step(writer(1), stamp.at.0, payload)).collect()
    };
    lines.iter().zip(1..).map(record).collect()
}

/// One opinion in several hands that hear of each other now and then.
fn together(dice: &mut Dice, writers: u8) -> Vec<Step> {
    let mut steps = Vec::new();
    let (mut first, payload) = file(writer(1), "村口的路坏了，雨天走不了。");
    steps.push(step(writer(1), 0, payload));
    let mut hands: Vec<(Actor, Document)> = (1..=writers).map(|number| (writer(number), first.clone())).collect();
    for at in 1..40 {
        let place = dice.below(hands.len() as u64) as usize;
        let (actor, document) = &mut hands[place];
        if dice.below(2) == 0 {
            let offers: Vec<_> = steps.iter().map(Step::offer).collect();
            gate::admit(document, &offers);
        }
        if let Some(payload) = change(dice, document, *actor, at) {
            steps.push(step(*actor, at, payload));
        }
    }
    let offers: Vec<_> = steps.iter().map(Step::offer).collect();
    gate::admit(&mut first, &offers);
    if let Some(payload) = change(dice, &mut first, writer(9), 50) {
        steps.push(step(writer(9), 50, payload));
    }
    steps
}

/// One opinion that was entered on two devices.
fn begun_twice(dice: &mut Dice) -> Vec<Step> {
    let (mut here, one) = file(writer(1), "桥坏了");
    let (_, other) = file(writer(2), "桥断了");
    let mut steps = vec![step(writer(1), 0, one), step(writer(2), 0, other)];
    gate::admit(&mut here, &[steps[1].offer()]);
    for at in 1..6 {
        if let Some(payload) = change(dice, &mut here, writer(1), at) {
            steps.push(step(writer(1), at, payload));
        }
    }
    steps
}

/// An opinion that is nearly as long as it may be, with words put into its midst.
fn long(dice: &mut Dice) -> Vec<Step> {
    let (mut document, first) = file(writer(1), &"老人过不去，孩子上学也难。".repeat(BODY_CHARS_MAX / 14));
    let mut steps = vec![step(writer(1), 0, first)];
    for at in 1..8 {
        if let Some(payload) = change(dice, &mut document, writer(1), at) {
            steps.push(step(writer(1), at, payload));
        }
    }
    steps
}

/// A slip that follows its opinion.
fn slip(codebook: &Codebook) -> Vec<Step> {
    let hub = writer(3);
    let new = NewOpinion { ticket: Ticket::new(1, 2), body: "桥坏了".into(), ..NewOpinion::default() };
    let (mut opinion, _) =
        opinion::file(writer(1), &Stamp::new("站", UnixSeconds(0)), &new).expect("within the limits");
    let deposit = Opening::new([7; 24]).deposit();
    let (mut slip, mut steps) = (Document::empty(), Vec::new());
    for (at, act) in (1..).zip(["受理", "交办", "办理", "答复", "销号"]) {
        let taken = NewStep { act: act.into(), note: "下月就修".into(), ..NewStep::default() };
        let edit = Edit { step: Some(taken), ..Edit::default() };
        let stamp = Stamp::new("县", UnixSeconds(at));
        opinion::edit(&mut opinion, hub, &stamp, &edit).expect("within the limits");
        let read = Opinion::read(&opinion).expect("it is an opinion");
        let number = read.ticket.expect("it has a number");
        let told = Slip::of(codebook, &read, number, Some(&deposit), stamp.at);
        steps.extend(
            told.write(&mut slip, hub, &stamp).expect("within the limits").map(|payload| step(hub, at, payload)),
        );
    }
    steps
}

/// A visit.
fn seen() -> Vec<Step> {
    let visit = Visit {
        stamp: Stamp::new("代表 7", UnixSeconds(5)),
        place: "三组".into(),
        note: "老人多".into(),
        opinions: (1..5).map(|number| DocId::new([number; 16])).collect(),
    };
    let (_, payload) = visit::record(writer(1), &visit).expect("within the limits");
    vec![step(writer(1), 5, payload)]
}

/// A consultation that the county publishes, and changes twice.
fn asked() -> Vec<Step> {
    let article = |key: &str, text: &str| Article { key: key.into(), title: "条".into(), text: text.into() };
    let mut consultation = Consultation {
        key: "rules".into(),
        title: "饮用水源保护办法".into(),
        areas: Area::parse("990127").into_iter().collect(),
        articles: vec![article("1", "保护水源。"), article("2", "不倒垃圾。")],
        questions: vec![Question { key: "q".into(), text: "同意吗".into(), ..Question::default() }],
        ..Consultation::default()
    };
    let (hub, mut document, mut steps) = (writer(3), Document::empty(), Vec::new());
    for at in 1..4 {
        let written = published::write(&mut document, hub, &Stamp::new("县", UnixSeconds(at)), &consultation);
        steps.extend(written.expect("within the limits").map(|payload| step(hub, at, payload)));
        consultation.articles.push(article(&at.to_string(), "有人看管。"));
        consultation.articles[0].text.push('好');
        consultation.questions.clear();
    }
    steps
}

fn file(actor: Actor, body: &str) -> (Document, Vec<u8>) {
    let fields = [(Field::Topic, "道路交通".to_owned()), (Field::Title, "路".to_owned())].into();
    let new = NewOpinion { body: body.into(), fields, ..NewOpinion::default() };
    opinion::file(actor, &Stamp::new("站", UnixSeconds(0)), &new).expect("within the limits")
}

/// Something that somebody does with an opinion.
fn change(dice: &mut Dice, document: &mut Document, actor: Actor, at: i64) -> Option<Vec<u8>> {
    let length = Opinion::read(document)?.body.chars().count() as u64;
    let stamp = Stamp::new(format!("st-{}", dice.below(4)), UnixSeconds(at));
    let mut edit = Edit::default();
    match dice.below(4) {
        0 => edit.insert = Some((dice.below(length + 1) as usize, "，还有一座桥".into())),
        1 => edit.fields = BTreeMap::from([(*dice.pick(&Field::ALL), format!("第 {} 号", dice.below(9)))]),
        2 => edit.satisfaction = Some(1 + dice.below(5) as i64),
        _ => {
            let act = (*dice.pick(&["受理", "走访", "办理", "答复"])).to_owned();
            edit.step = Some(NewStep { act, note: "看过了".into(), at: Some(UnixSeconds(3)), ..NewStep::default() });
        }
    }
    opinion::edit(document, actor, &stamp, &edit).ok().flatten()
}
