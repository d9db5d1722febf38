//! The doors of the three programs' pages: the operators', the deputy's, and the kiosk's screen in a browser. Each is the
//! router that ships, behind the guard that ships, on a socket of this machine.

use std::{net::SocketAddr, path::PathBuf, rc::Rc, sync::Arc};

use anyhow::Context as _;
use axum::Router;
use civic_core::{
    access::{
        Role, Scope,
        operator::{Mandate, OperatorRole},
    },
    area::Area,
    bulk::Record,
    opinion::{Field, NewOpinion},
    seal::Contact,
};
use embedded_graphics::prelude::Size;
use hardware::desk::Desk;
use kiosk::{
    run::{Kiosk, run},
    sample::{Sample, sample_stub, sample_ticket},
    teller::Teller,
    trouble::Reports,
    voice::Silent,
};
use ledger::{Filed, Ledger};
use replica::{
    device::RoadState,
    dir::DataDir,
    enrol::{Claimant, Desk as _},
    hub::Hub,
    identity::{self, Card, Identity},
};
use serde_json::json;
use sync_hub::{
    audit::Audit,
    county,
    http::Console,
    keys::Keys,
    opening::Opener,
    register::{self, Register},
    user::{
        self, NewUser, Users,
        password::{self, Hashed},
        session::{SessionKey, Stage},
    },
    vault::Vault,
};
use tokio::{net::TcpListener, runtime::Runtime, sync::watch};
use web::{guard, once::Once};

use super::{
    door::{Door, Fresh},
    logs::scratch,
    records::{VILLAGE, public},
    site::{Names, Site},
};
use crate::{records::Records, sample};

/// Pages that took in so much that is bent are made anew, with all that is behind them.
const USES_MAX: u64 = 150;
/// Of this size a screen is drawn quickly, and has everything on it.
const SCREEN: Size = Size::new(480, 800);

/// Pages, and what they stand on.
struct Behind {
    site: Site,
    /// Ended before the directory goes.
    runtime: Option<Runtime>,
    dir: PathBuf,
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub(super) fn doors() -> Vec<Door> {
    let hashed = password::stretch("青禾县的水渠今年修通了吗");
    vec![
        door(
            "page: of the hub",
            move || hub(&hashed),
            |site| {
                let mut requests = site.requests();
                let passkey = "credential=00ff&client_data=7b7d&authenticator=00&signature=00&to=%2F&csrf=TOKEN";
                for path in ["/sign-in/passkey", "/account/passkey"] {
                    requests.push(site.request("POST", path, passkey).into_bytes());
                }
                requests
            },
        ),
        door("page: of the field app", field, Site::requests),
        door("page: of a kiosk", screen, touches),
    ]
}

/// A door of pages that `make` makes; `honest` says what is honestly sent there.
fn door(
    name: &'static str,
    make: impl Fn() -> anyhow::Result<Behind> + 'static,
    honest: impl Fn(&Site) -> Vec<Vec<u8>>,
) -> Door {
    let make = move || make().expect("the pages can be made");
    let requests = honest(&make().site);
    let all = Fresh::new(USES_MAX, make);
    Door::new(name, requests, move |bytes| all.with(|behind| behind.site.knock(bytes))).slow(50)
}

/// Serves pages behind the guard; where.
fn serve(runtime: &Runtime, pages: Router) -> anyhow::Result<SocketAddr> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let at = listener.local_addr()?;
    runtime.spawn(async move { axum::serve(listener, guard::protect(pages)).await });
    Ok(at)
}

fn village() -> anyhow::Result<Area> {
    Area::parse(VILLAGE).context("the sample has no such village")
}

/// A county's console with three opinions, two devices and somebody who may do nearly everything.
fn hub(hashed: &Hashed) -> anyhow::Result<Behind> {
    let dir = scratch();
    let home = DataDir::hold(&dir)?;
    county::init(&home, sample::COUNTY)?;
    let identity = Identity::load(&home, Role::Hub)?;
    let authority = county::authority(&home, &identity.card)?;
    let register = Register::open_for_enrolment(&home.file(register::FILE), authority, identity.card.clone())?;
    let (register, ledger) = (Arc::new(register), Ledger::open(&home, &identity)?);
    let (area, village) = (ledger.codebook().county.area.clone(), village()?);
    for (number, is_trusted) in [(3, true), (4, false)] {
        register.add_slot(&area, Role::Kiosk, std::slice::from_ref(&village), "石桥村", is_trusted)?;
        let claimant = Claimant { public_key: public(number), comparison: "123456".into(), former: None };
        let slot = register.slots().pop().map_or(0, |slot| slot.id);
        register.claim(slot, &claimant).map_err(|refusal| anyhow::anyhow!("{}", refusal.sentence()))?;
    }
    let codebook = ledger.codebook();
    let villages: Vec<_> = codebook.places.iter().filter(|place| place.area == village).collect();
    let lines = Records::new(codebook, &villages, 1).take(3);
    let records = lines.filter_map(|line| Record::parse(&line).ok()).collect::<Vec<_>>();
    ledger.import(&area, &records)?;
    ledger.catch_up()?;
    let users = Arc::new(Users::open(&home.file(user::FILE))?);
    let mandate = Mandate {
        roles: OperatorRole::ALL.into_iter().filter(may_be_together).collect(),
        area: area.clone(),
        body: String::new(),
    };
    users.add(&NewUser { login: "li".into(), name: "李干部".into(), mandate }, codebook, hashed, true)?;
    let door = Arc::new(county::door(&identity.card, register.clone())?);
    let hub = Hub::new(ledger.log().clone(), area, identity.key.clone(), register.clone(), door);
    let console = Console {
        dir: home.path().into(),
        opener: Opener::new(&home, ledger.clone(), Arc::new(Keys::open(&home)?))?,
        vault: Arc::new(Vault::open(&home)?),
        audit: Arc::new(Audit::open(&home, &identity.key)?),
        hub: Arc::new(hub),
        ledger,
        register,
        users: users.clone(),
        once: Arc::new(Once::default()),
    };
    let runtime = Runtime::new()?;
    runtime.spawn(console.ledger.clone().follow());
    let at = serve(&runtime, sync_hub::http::router(console))?;
    let session = Rc::new(Session { users, key: std::cell::RefCell::new(None) });
    let token = session.clone();
    let names: Names =
        vec![("TOKEN", Box::new(move || token.key().form_token())), ("COOKIE", Box::new(move || session.key().text()))];
    let head = "cookie: __Host-huiyin=COOKIE\r\n";
    Ok(Behind { site: Site { at, names, head }, runtime: Some(runtime), dir })
}

/// Whoever reads who did what does nothing else, and a body handles its own alone.
fn may_be_together(role: &OperatorRole) -> bool {
    matches!(role, OperatorRole::Clerk | OperatorRole::Reviewer | OperatorRole::Administrator)
}

/// Somebody who signs in anew whenever a bent form has signed them out.
struct Session {
    users: Arc<Users>,
    key: std::cell::RefCell<Option<SessionKey>>,
}

impl Session {
    fn key(&self) -> SessionKey {
        let mut key = self.key.borrow_mut();
        let lasts = |key: &SessionKey| matches!(self.users.session(&key.id(), Stage::Full, true), Ok(Some(_)));
        if !key.as_ref().is_some_and(lasts) {
            let begun =
                self.users.find("li").and_then(|user| self.users.begin(&user, Stage::Full, "127.0.0.1", "bend"));
            *key = begun.ok().or_else(|| key.take());
        }
        key.clone().unwrap_or_else(|| SessionKey::parse(&"00".repeat(32)).expect("32 bytes are a key"))
    }
}

/// A deputy's app with an opinion in it.
fn field() -> anyhow::Result<Behind> {
    let dir = scratch();
    let home = DataDir::hold(&dir)?;
    let hub = DataDir::hold(&dir.join("hub"))?;
    county::init(&hub, sample::COUNTY)?;
    let of_hub = Identity::load(&hub, Role::Hub)?;
    let (village, key) = (village()?, identity::key_of(&home)?);
    let scope = Scope { role: Role::Deputy, areas: vec![village.clone()] };
    let card = Card { scope, number: 7, name: "陈代表".into(), ..of_hub.card };
    let ledger = Ledger::open(&home, &Identity::new(&home, key, card))?;
    let fields = [(Field::Title, "路".to_owned()), (Field::Topic, "道路交通".to_owned())].into();
    let new = NewOpinion { body: "路坏了".into(), fields, ..NewOpinion::default() };
    let Filed { id, .. } = ledger.file(&village, "陈代表", new, &Contact::default())?;
    let (road, road_seen) = watch::channel(RoadState::default());
    let (end, ending) = watch::channel(false);
    let app = field_app::http::App::open(home, ledger, road_seen, ending)?;
    let runtime = Runtime::new()?;
    // They live as long as the pages.
    runtime.spawn(async move {
        let _held = (road, end);
        std::future::pending::<()>().await
    });
    let at = serve(&runtime, field_app::http::router(app))?;
    let names: Names = vec![("OPINION", Box::new(move || id.to_string()))];
    Ok(Behind { site: Site { at, names, head: "" }, runtime: Some(runtime), dir })
}

/// A kiosk whose loop runs, before a station in memory.
fn screen() -> anyhow::Result<Behind> {
    let runtime = Runtime::new()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let at = listener.local_addr()?;
    let (desk, (silent, told)) = (Desk::default(), Silent::new());
    let kiosk = Kiosk {
        station: Box::new(Sample::default()),
        news: Arc::default(),
        boards: vec![Box::new(desk.clone())],
        desk,
        displays: Vec::new(),
        panel: None,
        keyboards: Vec::new(),
        watchdog: None,
        backlight: None,
        voice: Box::new(silent),
        press: None,
        told,
        teller: Teller::new(Reports::default(), Arc::default()).0,
        size: SCREEN,
        listener,
        routes: Router::new(),
    };
    // One that ends by itself has failed, and then nothing answers.
    runtime.spawn(async move { run(kiosk, std::future::pending::<()>()).await });
    Ok(Behind { site: Site { at, names: Vec::new(), head: "" }, runtime: Some(runtime), dir: scratch() })
}

/// What a browser sends for fingers all over the screen, keys, papers under the scanner, the sensor and the button.
fn touches(site: &Site) -> Vec<Vec<u8>> {
    let mut requests: Vec<_> = ["/", "/page.js", "/view", "/lamp", "/frame", "/frame?since=0", "/frame?since=999"]
        .map(|path| site.request("GET", path, ""))
        .into();
    let mut send = |path: &str, said: serde_json::Value| requests.push(site.request("POST", path, &said.to_string()));
    let (width, height) = (SCREEN.width as i32, SCREEN.height as i32);
    for (x, y) in (1..8).flat_map(|column| (1..16).map(move |row| (width * column / 8, height * row / 16))) {
        for kind in ["down", "up"] {
            send("/touch", json!({"x": x, "y": y, "kind": kind}));
        }
    }
    send("/touch", json!({"x": 100, "y": 100, "kind": "move"}));
    for key in ["up", "down", "select", "back", "home", "listen"] {
        send("/key", json!({"key": key}));
    }
    let papers = [
        sample_ticket(90_155).digits().to_string(),
        sample_stub(90_155).code(),
        "HUIYIN-ENROL hub:1 ABCD2345".to_owned(),
    ];
    papers.iter().for_each(|number| send("/scan", json!({"number": number})));
    for is_there in [true, false] {
        send("/motion", json!({"is_there": is_there}));
    }
    send("/button", json!({}));
    requests.into_iter().map(String::into_bytes).collect()
}
