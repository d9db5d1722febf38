//! A station that exists only in memory, with made-up words: for tests, and for looking at the screens on a desk.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use civic_core::{
    codebook::Topic,
    consultation::Consultation,
    deputy::Deputy,
    id::DocId,
    matter::Matter,
    notice::Notice,
    opening::{Opening, OpeningNumber, SlipKey, Stub},
    reaction::Reaction,
    ticket::Ticket,
    time::UnixSeconds,
    token::Token,
    vote::Vote,
    wording::Both,
};
use serde::Deserialize;
use tokio::sync::Notify;

use crate::{
    disk::disk,
    guesses::NotOpened,
    portrait::Portrait,
    public::{DeputyCard, NotTaken, Public, ReceptionDay, Reply, Tally},
    service::{Service, Stick, sample::SampleService},
    station::{
        Counts, Draft, Found, NotSaved, Piece, Place, Progress, Recording, Rest, Stage, Station, Step, TakenUp, Told,
        Waiting,
    },
    trouble::{Reports, Trouble, of_disk},
};

/// The picture that the example of a deputy's card names.
const PORTRAIT: &[u8] = include_bytes!("../../tests/sample/publish/4001.png");

/// 2026-11-20 10:00 in China.
pub const NEWS_AT: UnixSeconds = UnixSeconds(1_795_140_000);

/// A station in memory. Nothing of it outlives the program.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What was filed, with its ticket.
    pub filed: Vec<(Ticket, Draft)>,
    /// What was filed because nobody came back to it.
    pub unfinished: Vec<Draft>,
    /// What is being said.
    pub draft: Option<Draft>,
    /// The pieces of the voice that is being recorded.
    pub pieces: Vec<Piece>,
    /// What waits for whoever began it.
    pub left: Vec<Draft>,
    /// When set, opening fails so.
    pub keeps_closed: Option<NotOpened>,
    /// When set, filing fails so.
    pub refuses: Option<NotSaved>,
    /// Whether what was asked is asked otherwise by now: no answer fits it.
    pub asks_otherwise: bool,
    /// The directory on whose disk there must be room for filing, if there is one.
    pub data: Option<PathBuf>,
    /// What is known about tickets that were not filed here, to their holders.
    pub known: BTreeMap<Ticket, Found>,
    /// The village's names for places.
    pub spots: Vec<String>,
    /// What is published.
    pub public: Public,
    /// What was said back, with its form.
    pub taken: Vec<(String, Reply)>,
    /// What was said back in somebody's own words.
    pub answered: Vec<Draft>,
    /// Tokens that were used, as digits.
    pub used: BTreeSet<String>,
    /// What the counts say, besides what was filed.
    pub counts: Counts,
    /// What does not work.
    pub troubles: Vec<Trouble>,
    /// What else does not, as the box found it.
    pub reports: Reports,
    /// Rung when the station has news.
    pub news: Arc<Notify>,
    /// Sticks that are in the machine.
    pub sticks: Vec<Stick>,
}

impl Default for Sample {
    fn default() -> Self {
        let told = Told {
            topic: "道路交通".to_owned(),
            steps: [(0, "县里收到"), (1, "交给镇里办"), (4, "镇里派人看过"), (12, "路灯修好了，有了答复")]
                .map(|(days, words)| Step {
                    at: UnixSeconds(NEWS_AT.0 + (days - 12) * 86_400),
                    words: words.to_owned(),
                })
                .into(),
            answer: Some(
                "村口三盏路灯已经换了新灯泡，线路也重新接好，十一月十九日晚上试过，都亮了。以后再坏，请打镇里电话。"
                    .to_owned(),
            ),
            answer_number: 1,
            may_evaluate: true,
            may_add: true,
            has_contact: true,
        };
        let state = "有答复了，请您看看满意不满意".to_owned();
        let answered = Found::Slip(Progress { state, as_of: NEWS_AT, rest: Rest::Told(told) });
        let state = "县里收到了，正在看".to_owned();
        let bare = Found::Slip(Progress { state, as_of: NEWS_AT, rest: Rest::Nothing });
        Self {
            filed: Vec::new(),
            unfinished: Vec::new(),
            draft: None,
            pieces: Vec::new(),
            left: Vec::new(),
            keeps_closed: None,
            refuses: None,
            asks_otherwise: false,
            data: None,
            known: BTreeMap::from([
                (sample_ticket(90_155), answered),
                (sample_ticket(90_156), bare),
                (sample_ticket(90_157), Found::Erased(NEWS_AT)),
            ]),
            spots: Vec::new(),
            public: public(),
            taken: Vec::new(),
            answered: Vec::new(),
            used: BTreeSet::new(),
            counts: Counts { here: 0, on_road: 2, received: 16, last_receipt: Some(NEWS_AT) },
            troubles: Vec::new(),
            reports: Reports::default(),
            news: Arc::default(),
            sticks: vec![Stick { directory: "/media/HUIYIN".into(), free_mib: Some(14_790) }],
        }
    }
}

impl Sample {
    /// A station to be looked at: its village has names for its places, it knows what its box reports, it rings when it has
    /// news, and it files nothing while there is no room beside its wiring, though it would keep nothing there.
    pub fn shown(data: Option<PathBuf>, reports: Reports, news: Arc<Notify>) -> Self {
        Self { spots: sample_spots(), data, reports, news, ..Self::default() }
    }

    /// Why nothing can be saved now.
    fn refusal(&self) -> Option<NotSaved> {
        let is_full = |data: &PathBuf| disk(data).is_ok_and(|disk| of_disk(disk) == Some(Trouble::DiskFull));
        self.refuses.or_else(|| self.data.as_ref().filter(|data| is_full(data)).map(|_| NotSaved::DiskFull))
    }
}

/// What a village calls its groups and places.
pub fn sample_spots() -> Vec<String> {
    ["一组", "二组", "三组", "四组", "村口", "小学", "石桥", "水库边", "老井", "晒场"].map(str::to_owned).into()
}

/// The ticket with this serial of the sample station.
pub fn sample_ticket(serial: u32) -> Ticket {
    Ticket::new(412, serial).expect("412 is a device number, and samples have small serials")
}

/// What opens the slip of every ticket of the sample station.
pub fn sample_opening() -> Opening {
    Opening::new([7; 24])
}

/// The ticket with this serial, as its holder has it.
pub fn sample_stub(serial: u32) -> Stub {
    Stub { ticket: sample_ticket(serial), opening: Some(sample_opening()) }
}

impl Station for Sample {
    fn place(&self) -> Place {
        Place { village: "石桥村".to_owned(), station: "代表联络站".to_owned(), county: "云水县".to_owned() }
    }

    fn topics(&self) -> Vec<Topic> {
        topics()
    }

    fn spots(&self) -> Vec<String> {
        self.spots.clone()
    }

    fn file(&mut self, draft: &Draft) -> Result<Stub, NotSaved> {
        if let Some(why) = self.refusal() {
            return Err(why);
        }
        let stub = sample_stub(18_376 + self.filed.len() as u32);
        self.filed.push((stub.ticket, draft.clone()));
        self.draft = None;
        Ok(stub)
    }

    fn keep(&mut self, draft: &Draft) -> Result<(), NotSaved> {
        self.draft = Some(draft.clone());
        self.pieces.clear();
        Ok(())
    }

    fn keep_piece(&mut self, draft: &Draft, piece: &Piece) -> Result<(), NotSaved> {
        self.draft = Some(draft.clone());
        self.pieces.truncate(piece.number as usize);
        self.pieces.push(piece.clone());
        Ok(())
    }

    fn throw_away(&mut self) {
        self.draft = None;
        self.pieces.clear();
    }

    fn leave_waiting(&mut self) {
        let Some(mut draft) = self.draft.take() else { return };
        if !self.pieces.is_empty() {
            let seconds = self.pieces.len().div_ceil(2) as u32;
            let opus: Vec<u8> = self.pieces.drain(..).flat_map(|piece| piece.opus.to_vec()).collect();
            draft.voice = Some(Recording { opus: opus.into(), seconds });
        }
        self.left.push(draft);
    }

    fn waiting(&self) -> Option<Waiting> {
        let subject = self.left.first()?.subject();
        Some(Waiting { subject, begun_at: NEWS_AT })
    }

    fn take_up(&mut self) -> Option<TakenUp> {
        self.waiting()?;
        let draft = self.left.remove(0);
        self.draft = Some(draft.clone());
        Some(TakenUp::Draft(Box::new(draft)))
    }

    fn file_unfinished(&mut self) -> Result<(), NotSaved> {
        if let Some(why) = self.refusal() {
            return Err(why);
        }
        self.unfinished.append(&mut self.left);
        Ok(())
    }

    fn find(&self, ticket: &Ticket, key: Option<&SlipKey>) -> Found {
        if self.filed.iter().any(|(filed, _)| filed == ticket) {
            return Found::Filed(Stage::Here);
        }
        let is_said =
            |reply: &Reply| matches!(reply, Reply::Reaction(Reaction::Evaluation { ticket: of, .. }) if of == ticket);
        match self.known.get(ticket).cloned() {
            Some(Found::Slip(Progress { rest: Rest::Told(told), state, as_of })) => {
                let may_evaluate = told.may_evaluate && !self.taken.iter().any(|(_, reply)| is_said(reply));
                let is_holder = key == Some(&sample_opening().key);
                let rest = if is_holder { Rest::Told(Told { may_evaluate, ..told }) } else { Rest::Sealed };
                Found::Slip(Progress { state, as_of, rest })
            }
            found => found.unwrap_or(Found::Unknown),
        }
    }

    fn unlock(&mut self, _ticket: Ticket, number: OpeningNumber, _now: Instant) -> Result<SlipKey, NotOpened> {
        let Opening { key, number: right } = sample_opening();
        match self.keeps_closed {
            Some(why) => Err(why),
            None if number == right => Ok(key),
            None => Err(NotOpened::Wrong),
        }
    }

    fn troubles(&self) -> Vec<Trouble> {
        [self.troubles.clone(), self.reports.all()].concat()
    }

    fn counts(&self) -> Counts {
        Counts { here: self.counts.here + self.filed.len() as u64, ..self.counts }
    }

    fn now(&self) -> UnixSeconds {
        NEWS_AT
    }

    fn public(&self) -> Public {
        self.public.clone()
    }

    fn form(&mut self) -> String {
        format!("form {}", self.taken.len())
    }

    fn take(&mut self, form: &str, reply: &Reply) -> Result<(), NotTaken> {
        if let Some(why) = self.refusal() {
            return Err(why.into());
        }
        if let Reply::Ballot(ballot) = reply {
            self.admit(&ballot.vote, ballot.token)?;
            self.used.insert(ballot.token.digits());
        }
        self.taken.push((form.to_owned(), reply.clone()));
        Ok(())
    }

    fn answer(&mut self, draft: &Draft) -> Result<(), NotTaken> {
        if let Some(why) = self.refusal() {
            return Err(why.into());
        }
        if self.asks_otherwise {
            return Err(NotTaken::Unfit);
        }
        self.draft = None;
        self.answered.push(draft.clone());
        Ok(())
    }

    fn admit(&self, _vote: &DocId, token: Token) -> Result<(), NotTaken> {
        match token.digits() {
            digits if self.used.contains(&digits) => Err(NotTaken::UsedToken),
            digits if sample_tokens().iter().any(|known| known.digits() == digits) => Ok(()),
            _ => Err(NotTaken::UnknownToken),
        }
    }

    fn service(&mut self) -> Option<Box<dyn Service>> {
        Some(Box::new(SampleService::new(self.sticks.clone(), self.news.clone())))
    }
}

/// The tokens of the sample vote.
pub fn sample_tokens() -> [Token; 2] {
    [1, 2].map(|number: u64| Token::new(number.to_le_bytes()))
}

/// The made-up county's own example of everything that can be published.
fn public() -> Public {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Files {
        notice: Vec<Notice>,
        deputy: Vec<Deputy>,
        vote: Vec<Vote>,
        consultation: Vec<Consultation>,
    }
    let files = |text: &str| toml::from_str::<Files>(text).expect("the county's examples are tested where they lie");
    let day = NEWS_AT.day();
    let at = |station: &str, hours: &str, theme: &str| ReceptionDay {
        day,
        station: station.to_owned(),
        hours: hours.to_owned(),
        theme: theme.to_owned(),
    };
    let reception = at("石桥村代表联络站", "上午九点到十一点半", "");
    let id = |byte| DocId::new([byte; 16]);
    let matter = |title: &str, text: &str, state: &str, answer: &str, me_too| Matter {
        title: title.to_owned(),
        text: text.to_owned(),
        state: state.to_owned(),
        answer: answer.to_owned(),
        as_of: NEWS_AT,
        me_too,
        ..Matter::default()
    };
    let deputies = files(include_str!("../../tests/sample/publish/deputies.toml")).deputy.into_iter();
    Public {
        asked: 12,
        settled: 9,
        notices: files(include_str!("../../tests/sample/publish/notices.toml")).notice,
        matters: vec![
            (
                id(1),
                matter(
                    "石桥桥面开裂",
                    "桥面有裂缝，过桥的人多。",
                    "有答复了",
                    "交通局十月修补完工，代表现场看过。",
                    16,
                ),
            ),
            (id(2), matter("村口没有公交站牌", "等车的人不知道几点来车。", "正在办", "", 5)),
        ],
        consultations: files(include_str!("../../tests/sample/publish/consultation.toml"))
            .consultation
            .into_iter()
            .map(|consultation| (id(3), consultation))
            .collect(),
        votes: files(include_str!("../../tests/sample/publish/vote.toml"))
            .vote
            .into_iter()
            .map(|vote| (id(4), vote))
            .collect(),
        tallies: vec![Tally {
            title: "二〇二六年民生实事项目票选".to_owned(),
            tokens: 120,
            counted: 97,
            as_of: NEWS_AT,
            projects: [("农村班车", 71), ("村卫生室", 66), ("太阳能路灯", 58), ("老人食堂", 40), ("通组路硬化", 31)]
                .map(|(title, count)| (title.to_owned(), count))
                .into(),
        }],
        deputies: deputies
            .map(|deputy| DeputyCard {
                receptions: if deputy.receptions.is_empty() { Vec::new() } else { vec![reception.clone()] },
                code: deputy.code,
                name: deputy.name,
                level: Both { zh: deputy.level, en: String::new() },
                group: deputy.group,
                about: deputy.about,
                portrait: Some(PORTRAIT).filter(|_| !deputy.portrait.is_empty()).and_then(Portrait::read).map(Arc::new),
            })
            .collect(),
        reception: Some(reception),
    }
}

fn topics() -> Vec<Topic> {
    [
        (
            "道路交通",
            "Roads and transport",
            "road",
            &[
                "村里的路坏了，不好走",
                "路灯坏了，晚上看不见",
                "下雨路上积水",
                "路太窄，车过不去",
                "希望通客车",
                "桥不安全，请来看看",
                "路口没有标志，容易出事",
                "请来看看，修一修",
            ][..],
        ),
        ("饮水安全", "Drinking water", "water", &["水管坏了", "水不干净，有味道", "经常停水", "水太小，上不来"]),
        (
            "农田水利",
            "Farmland and irrigation",
            "irrigation",
            &["水渠堵了", "浇地的水不够", "机井坏了", "田里排不出水"],
        ),
        ("供电通信", "Power and communication", "power", &["经常停电", "电线老了，不安全", "手机没有信号", "电压太低"]),
        ("教育", "Education", "school", &["孩子上学太远", "校车不够", "学费的事想问一问"]),
        ("医疗卫生", "Health care", "health", &["卫生室没有药", "看病太远", "报销的事想问一问"]),
        ("社会保障", "Social security", "welfare", &["低保的事想问一问", "养老金没有到账", "老人没人照顾"]),
        ("土地山林", "Land and forest", "land", &["地界有争议", "补偿款没有到", "山林的证没有办"]),
        ("环境卫生", "Sanitation", "sanitation", &["垃圾没人收", "河里有脏水", "厕所坏了"]),
        ("治安", "Public safety", "safety", &["晚上不安全", "有人偷东西", "有人赌钱"]),
        ("基层治理", "Village governance", "governance", &["村里的账想看一看", "办事要跑好几趟", "有事没人管"]),
        ("其他", "Other", "other", &["我有话想当面说", "请代表来一趟"]),
    ]
    .map(|(name, en, picture, phrases)| Topic {
        name: name.to_owned(),
        en: en.to_owned(),
        picture: picture.to_owned(),
        phrases: phrases.iter().map(|phrase| (*phrase).to_owned()).collect(),
    })
    .into()
}
