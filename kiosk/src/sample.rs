//! A station that exists only in memory, with made-up words: for tests, and for looking at the screens on a desk.

use std::collections::BTreeMap;

use civic_core::{codebook::Topic, ticket::Ticket, time::UnixSeconds};

use crate::{
    service::{Service, sample::SampleService},
    station::{
        Counts, Draft, Found, NotSaved, Piece, Place, Progress, Recording, Stage, Station, Step, TakenUp, Waiting,
    },
    trouble::Trouble,
};

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
    /// When set, filing fails so.
    pub refuses: Option<NotSaved>,
    /// What is known about tickets that were not filed here.
    pub known: BTreeMap<Ticket, Found>,
    /// What the counts say, besides what was filed.
    pub counts: Counts,
    /// What does not work.
    pub troubles: Vec<Trouble>,
}

impl Default for Sample {
    fn default() -> Self {
        let answered = Found::Slip(Progress {
            state: "有答复了，请您看看满意不满意".to_owned(),
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
            as_of: NEWS_AT,
        });
        Self {
            filed: Vec::new(),
            unfinished: Vec::new(),
            draft: None,
            pieces: Vec::new(),
            left: Vec::new(),
            refuses: None,
            known: BTreeMap::from([(sample_ticket(90_155), answered)]),
            counts: Counts { here: 0, on_road: 2, received: 16, last_receipt: Some(NEWS_AT) },
            troubles: Vec::new(),
        }
    }
}

/// The ticket with this serial of the sample station.
pub fn sample_ticket(serial: u32) -> Ticket {
    Ticket::new(412, serial).expect("412 is a device number, and samples have small serials")
}

impl Station for Sample {
    fn place(&self) -> Place {
        Place { village: "石桥村".to_owned(), station: "代表联络站".to_owned(), county: "云水县".to_owned() }
    }

    fn topics(&self) -> Vec<Topic> {
        topics()
    }

    fn file(&mut self, draft: &Draft) -> Result<Ticket, NotSaved> {
        if let Some(why) = self.refuses {
            return Err(why);
        }
        let ticket = sample_ticket(18_376 + self.filed.len() as u32);
        self.filed.push((ticket, draft.clone()));
        self.draft = None;
        Ok(ticket)
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
        let topic = self.left.first()?.topic.clone();
        Some(Waiting { topic, begun_at: NEWS_AT })
    }

    fn take_up(&mut self) -> Option<TakenUp> {
        self.waiting()?;
        let draft = self.left.remove(0);
        self.draft = Some(draft.clone());
        Some(TakenUp::Draft(draft))
    }

    fn file_unfinished(&mut self) -> Result<(), NotSaved> {
        if let Some(why) = self.refuses {
            return Err(why);
        }
        if self.waiting().is_some() {
            self.unfinished.push(self.left.remove(0));
        }
        Ok(())
    }

    fn find(&self, ticket: &Ticket) -> Found {
        if self.filed.iter().any(|(filed, _)| filed == ticket) {
            return Found::Filed(Stage::Here);
        }
        self.known.get(ticket).cloned().unwrap_or(Found::Unknown)
    }

    fn counts(&self) -> Counts {
        Counts { here: self.counts.here + self.filed.len() as u64, ..self.counts }
    }

    fn now(&self) -> UnixSeconds {
        NEWS_AT
    }

    fn troubles(&self) -> Vec<Trouble> {
        self.troubles.clone()
    }

    fn service(&mut self) -> Option<Box<dyn Service>> {
        Some(Box::new(SampleService::default()))
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
