//! Signing in with passkeys, by an authenticator in software.

use civic_core::id::{from_hex, hex};

use super::*;
use crate::user::passkey::tests::{Fob, Said};

/// The pages of a desk, and the origin that a browser there would name.
struct Office {
    desk: Desk,
    origin: String,
    party: String,
}

impl Office {
    async fn open() -> Self {
        let desk = Desk::set().await;
        let (origin, party) = (format!("https://{}", desk.at), desk.at.ip().to_string());
        Self { desk, origin, party }
    }

    /// What the form of this page asks.
    fn question(page: &str, kind: &str) -> [u8; 32] {
        let form = between(page, &format!("data-passkey=\"{kind}\""), ">");
        from_hex(between(form, "data-challenge=\"", "\"")).unwrap().try_into().unwrap()
    }

    async fn asked_to_enter(&self) -> [u8; 32] {
        Self::question(&self.desk.get("/sign-in").await.body, "get")
    }

    fn answer(&self, fob: &mut Fob, challenge: &[u8; 32]) -> Said {
        fob.say("webauthn.get", challenge, &self.party, &self.origin)
    }

    async fn add(&self, fob: &mut Fob, password: &str) -> u16 {
        let challenge = Self::question(&self.desk.get("/account").await.body, "create");
        let said = fob.say("webauthn.create", &challenge, &self.party, &self.origin);
        let mut form = form(&said);
        form.extend([("password", password.to_owned()), ("name", "办公\u{202e}电脑".to_owned())]);
        self.send(&self.desk.key, "/account/passkey", &form).await
    }

    async fn send(&self, key: &SessionKey, path: &str, form: &[(&str, String)]) -> u16 {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.desk.post_as(key, path, &form).await.status
    }

    /// Knocks with an answer, as somebody who is not signed in.
    async fn enter(&self, said: &Said) -> Answer {
        self.enter_with("", said).await
    }

    async fn enter_with(&self, head: &str, said: &Said) -> Answer {
        let mut form = form(said);
        form.push(("to", "/results".to_owned()));
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.desk.post_with(head, "/sign-in/passkey", &form).await
    }

    fn noted(&self, action: Action, reason: &str) -> u64 {
        let search = Search { action: Some(action), text: Some(reason.to_owned()), ..Search::default() };
        self.desk.console.audit.count(&search).unwrap()
    }
}

fn form(said: &Said) -> Vec<(&'static str, String)> {
    vec![
        ("credential", hex(&said.credential)),
        ("client_data", hex(&said.client_data)),
        ("authenticator", hex(&said.authenticator)),
        ("signature", hex(&said.signature)),
    ]
}

fn key_in(entered: &Answer) -> SessionKey {
    SessionKey::parse(between(&entered.head, "__Host-huiyin=", ";")).unwrap()
}

#[tokio::test]
async fn a_passkey_signs_in_alone_and_each_answer_counts_once() {
    let office = Office::open().await;
    for mut fob in [Fob::new(), Fob::of_edwards()] {
        assert_eq!(office.add(&mut fob, PASSWORD).await, 303);
        let said = office.answer(&mut fob, &office.asked_to_enter().await);
        let entered = office.enter(&said).await;
        assert!(entered.status == 303 && entered.head.contains("location: /results"), "{}", entered.body);
        assert_eq!(office.desk.get_as(&key_in(&entered), "/").await.status, 200);
        assert_eq!(office.enter(&said).await.status, 401, "said again, it counts no more");
        let strange = office.answer(&mut Fob::new(), &office.asked_to_enter().await);
        assert_eq!(office.enter(&strange).await.status, 401, "a key that nobody knows");
    }
    let page = office.desk.get("/account").await.body;
    assert!(page.contains("data-keys=\"2\"") && page.contains("办公␣电脑"));
    assert_eq!((office.noted(Action::SetFactor, "passkey added"), office.noted(Action::SignIn, "passkey")), (2, 6));
    assert_eq!(office.noted(Action::SignIn, "passkey: no answer to a question of this hub"), 2);
    assert_eq!(office.noted(Action::SignIn, "passkey: not known here"), 2);
}

#[tokio::test]
async fn what_another_site_got_signed_or_nobody_was_there_for_opens_nothing() {
    let office = Office::open().await;
    let mut fob = Fob::new();
    office.add(&mut fob, PASSWORD).await;
    let (party, origin) = (office.party.clone(), office.origin.clone());
    for (sort, host, from) in [
        ("webauthn.get", "evil.example", origin.as_str()),
        ("webauthn.get", party.as_str(), "https://evil.example"),
        ("webauthn.create", party.as_str(), origin.as_str()),
    ] {
        let said = fob.say(sort, &office.asked_to_enter().await, host, from);
        assert_eq!(office.enter(&said).await.status, 401, "{sort} {host} {from}");
    }
    // It was only touched: no finger, no PIN.
    fob.flags = 1;
    let said = office.answer(&mut fob, &office.asked_to_enter().await);
    assert_eq!(office.enter(&said).await.status, 401);
    // Somebody else's question, answered for them, and an answer that was changed on its way.
    fob.flags = 5;
    assert_eq!(office.enter(&office.answer(&mut fob, &[7; 32])).await.status, 401);
    let said = office.answer(&mut fob, &office.asked_to_enter().await);
    let changed = Said { signature: [&said.signature[..10], &[0], &said.signature[11..]].concat(), ..said };
    assert_eq!(office.enter(&changed).await.status, 401);
    assert_eq!(office.noted(Action::SignIn, "passkey: not signed by its key"), 1);
    assert_eq!(office.noted(Action::SignIn, "passkey: no answer"), 5);
    let said = office.answer(&mut fob, &office.asked_to_enter().await);
    assert_eq!(office.enter(&said).await.status, 303, "and its owner comes in as ever");
}

#[tokio::test]
async fn a_copied_key_is_refused_by_its_counter_and_said_so_and_after_some_it_is_waited() {
    let office = Office::open().await;
    let mut fob = Fob::new();
    office.add(&mut fob, PASSWORD).await;
    fob.counter = 40;
    let said = office.answer(&mut fob, &office.asked_to_enter().await);
    assert_eq!(office.enter(&said).await.status, 303);
    // Whoever copied it at 12 knows nothing of what was done since.
    for try_ in 0..6 {
        fob.counter = 12;
        let said = office.answer(&mut fob, &office.asked_to_enter().await);
        assert_eq!(office.enter(&said).await.status, if try_ < 4 { 401 } else { 429 }, "{try_}");
    }
    let search =
        Search { action: Some(Action::SignIn), text: Some("copy".into()), who: Some("li".into()), ..Search::default() };
    assert_eq!(office.desk.console.audit.count(&search).unwrap(), 5);
    assert_eq!(office.noted(Action::Lock, ""), 1);
}

#[tokio::test]
async fn it_takes_the_password_to_add_one_and_what_is_removed_opens_nothing() {
    let office = Office::open().await;
    let mut fob = Fob::new();
    assert_eq!(office.add(&mut fob, "somebody at an open browser").await, 422);
    assert_eq!(office.add(&mut fob, PASSWORD).await, 303);
    assert_eq!(office.add(&mut fob, PASSWORD).await, 422, "the same key twice");
    let id = between(&office.desk.get("/account").await.body, "data-key=\"", "\"").to_owned();
    assert_eq!(office.send(&office.desk.key, "/account/passkey/remove", &[("credential", id.clone())]).await, 303);
    assert_eq!(office.send(&office.desk.key, "/account/passkey/remove", &[("credential", id)]).await, 404);
    let said = office.answer(&mut fob, &office.asked_to_enter().await);
    assert_eq!(office.enter(&said).await.status, 401);
    for _ in 0..8 {
        assert_eq!(office.add(&mut Fob::new(), PASSWORD).await, 303);
    }
    assert!(!office.desk.get("/account").await.body.contains("data-passkey=\"create\""), "eight are enough");
    office.desk.post("/users/recover", &[("login", "li")]).await;
    assert!(office.desk.console.users.passkeys(&office.desk.console.users.find("li").unwrap()).unwrap().is_empty());
}

#[tokio::test]
async fn behind_the_password_a_passkey_stands_for_the_digits_and_the_half_is_used_up() {
    let office = Office::open().await;
    let mut fob = Fob::new();
    office.add(&mut fob, PASSWORD).await;
    let half = office.desk.post_with("", "/sign-in", &[("login", "li"), ("password", PASSWORD)]).await;
    assert!(half.status == 303 && half.head.contains("/sign-in/second"));
    let cookie = format!("cookie: __Host-huiyin={}\r\n", key_in(&half).text());
    let asked =
        format!("GET /sign-in/second HTTP/1.1\r\nhost: {}\r\n{cookie}connection: close\r\n\r\n", office.desk.at);
    let page = office.desk.ask(asked.clone()).await.body;
    assert!(page.contains("name=\"code\"") && page.contains("data-passkey=\"get\""));
    let said = office.answer(&mut fob, &Office::question(&page, "get"));
    let entered = office.enter_with(&cookie, &said).await;
    assert_eq!(entered.status, 303);
    assert_eq!(office.desk.get_as(&key_in(&entered), "/").await.status, 200);
    assert!(office.desk.console.users.session(&key_in(&half).id(), Stage::Second, false).unwrap().is_none());
    // Whoever has a passkey and no digits is not asked for any.
    let console = office.desk.console.clone();
    let zhao = tokio::task::spawn_blocking(move || {
        let mandate = Mandate { roles: [OperatorRole::Reviewer].into(), area: village(), body: String::new() };
        let new = NewUser { login: "zhao".into(), name: "赵审核".into(), mandate };
        console.users.add(&new, console.ledger.codebook(), &HASHED, true).unwrap();
        console.users.begin(&console.users.find("zhao").unwrap(), Stage::Full, "127.0.0.1", "").unwrap()
    });
    let zhao = zhao.await.unwrap();
    let account = office.desk.get_as(&zhao, "/account").await.body;
    let mut fob = Fob::new();
    let said = fob.say("webauthn.create", &Office::question(&account, "create"), &office.party, &office.origin);
    let mut made = form(&said);
    made.push(("password", PASSWORD.to_owned()));
    assert_eq!(office.send(&zhao, "/account/passkey", &made).await, 303);
    assert_eq!(office.desk.get_as(&zhao, "/").await.status, 200, "it is the second factor that the role takes");
    let half = office.desk.post_with("", "/sign-in", &[("login", "zhao"), ("password", PASSWORD)]).await;
    let cookie = format!("cookie: __Host-huiyin={}\r\n", key_in(&half).text());
    let asked =
        format!("GET /sign-in/second HTTP/1.1\r\nhost: {}\r\n{cookie}connection: close\r\n\r\n", office.desk.at);
    let page = office.desk.ask(asked).await.body;
    assert!(!page.contains("name=\"code\"") && page.contains("data-passkey=\"get\""));
}
