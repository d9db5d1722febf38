//! Signing in, and being signed in.

use std::{path::PathBuf, sync::LazyLock};

use civic_core::id::hex;

use super::{session::*, *};

const COUNTY: &str = include_str!("../../../tests/sample/county.toml");
const PASSWORD: &str = "青禾县的水渠今年修通了吗";
/// Stretched once for all tests, because it takes its time.
static HASHED: LazyLock<Hashed> = LazyLock::new(|| password::stretch(PASSWORD));

struct Office {
    path: PathBuf,
    users: Users,
}

impl Office {
    /// An office with 方敏 in it.
    fn with_fang() -> Self {
        let path = std::env::temp_dir().join(format!("huiyin-users-{}.db", hex(&clock::random::<8>())));
        let users = Users::open(&path).unwrap();
        users.add(&new("fang", OperatorRole::Reviewer, ""), &codebook(), &HASHED, true).unwrap();
        Self { path, users }
    }

    fn fang(&self) -> User {
        self.users.find("fang").unwrap()
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn codebook() -> Codebook {
    Codebook::parse(COUNTY).unwrap()
}

fn new(login: &str, role: OperatorRole, body: &str) -> NewUser {
    let mandate = Mandate { roles: [role].into(), area: Area::parse("990127").unwrap(), body: body.into() };
    NewUser { login: login.into(), name: "方敏".into(), mandate }
}

#[test]
fn the_right_password_lets_in_and_nothing_else_does() {
    let office = Office::with_fang();
    let prove = |login: &str, password: &str| office.users.prove(login, password, "10.0.0.1").unwrap();
    assert_eq!(prove("fang", PASSWORD), Proof::Right(Box::new(office.fang())));
    assert_eq!(prove("fang", "not the password"), Proof::Wrong { is_last: false });
    assert_eq!(prove("nobody", PASSWORD), Proof::Wrong { is_last: false });
    office.users.disable(&office.fang()).unwrap();
    assert_eq!(prove("fang", PASSWORD), Proof::Wrong { is_last: false }, "whoever is disabled is nobody");
}

#[test]
fn a_name_that_does_not_exist_is_locked_as_one_that_does() {
    let office = Office::with_fang();
    for login in ["fang", "nobody"] {
        let answers: Vec<Proof> = (0..6).map(|_| office.users.prove(login, "wrong", "10.0.0.1").unwrap()).collect();
        assert_eq!(answers[3..], [Proof::Wrong { is_last: false }, Proof::Wrong { is_last: true }, Proof::Wait]);
    }
    assert_eq!(office.users.prove("fang", PASSWORD, "10.0.0.2").unwrap(), Proof::Wait, "not even with the right one");
    office.users.recover(&office.fang(), &HASHED).unwrap();
    let proof = office.users.prove("fang", PASSWORD, "10.0.0.2").unwrap();
    assert!(matches!(proof, Proof::Right(user) if user.must_change), "an administrator helps");
}

#[test]
fn the_digits_of_now_count_once() {
    let office = Office::with_fang();
    let secret = Secret::draw();
    assert!(!office.fang().has_factor);
    office.users.set_totp(&office.fang(), &secret, 0).unwrap();
    assert!(office.fang().has_factor);
    let code = secret.code(clock::now().0);
    let prove = || office.users.prove_totp(&office.fang(), &code, "10.0.0.1").unwrap();
    assert!(matches!(prove(), Proof::Right(_)));
    assert_eq!(prove(), Proof::Wrong { is_last: false });
}

#[test]
fn a_right_password_buys_no_tries_at_the_second_factor() {
    let office = Office::with_fang();
    office.users.set_totp(&office.fang(), &Secret::draw(), 0).unwrap();
    let digits = || office.users.prove_totp(&office.fang(), "", "10.0.0.1").unwrap();
    let password = || office.users.prove("fang", PASSWORD, "10.0.0.1").unwrap();
    for number in 1..=5 {
        assert!(matches!(password(), Proof::Right(_)));
        assert_eq!(digits(), Proof::Wrong { is_last: number == 5 });
    }
    assert_eq!((password(), digits()), (Proof::Wait, Proof::Wait));
}

#[test]
fn a_session_ends_by_idleness_by_the_day_and_by_word_and_the_fourth_ends_the_first() {
    let office = Office::with_fang();
    let begin = || office.users.begin(&office.fang(), Stage::Full, "10.0.0.1", "Firefox").unwrap();
    let now = clock::now().0;
    let at = |key: &SessionKey, seconds: i64| {
        office.users.session_at(&key.id(), Stage::Full, true, now + seconds).unwrap().is_some()
    };
    let key = begin();
    assert!(at(&key, IDLE_S - 5), "and this counts as something done");
    assert!(at(&key, 2 * IDLE_S - 10) && !at(&key, 4 * IDLE_S));
    assert!(!at(&key, WHOLE_S + 5));
    office.users.end(&key.id()).unwrap();
    let key = begin();
    let more = [begin(), begin(), begin()];
    assert!(!at(&key, 0), "three at once are enough");
    assert_eq!(office.users.sessions(Some("fang")).unwrap().len(), 3);
    assert!(office.users.end(&more[0].id()).unwrap() && !at(&more[0], 0));
    assert_eq!(office.users.end_all(&office.fang(), Some(&more[1].id())).unwrap(), 1);
    assert!(at(&more[1], 0) && !at(&more[2], 0));
}

#[test]
fn half_a_sign_in_is_no_session_and_a_disabled_operator_has_none() {
    let office = Office::with_fang();
    let half = office.users.begin(&office.fang(), Stage::Second, "10.0.0.1", "").unwrap();
    assert!(office.users.session(&half.id(), Stage::Full, true).unwrap().is_none());
    assert!(office.users.session(&half.id(), Stage::Second, true).unwrap().is_some());
    let full = office.users.begin(&office.fang(), Stage::Full, "10.0.0.1", "").unwrap();
    assert_ne!(half.id(), full.id(), "each step has a secret of its own");
    let other = Users::open(&office.path).unwrap();
    other.disable(&office.fang()).unwrap();
    assert!(office.users.session(&full.id(), Stage::Full, true).unwrap().is_none(), "another program's word counts");
}

#[test]
fn what_cannot_be_an_operator_is_refused_with_the_reason() {
    let office = Office::with_fang();
    let add = |new: NewUser| office.users.add(&new, &codebook(), &HASHED, true);
    let clerk = || new("li", OperatorRole::Clerk, "");
    assert!(matches!(add(NewUser { login: "Li Gan".into(), ..clerk() }), Err(UserError::BadLogin)));
    assert!(matches!(add(NewUser { login: "hub".into(), ..clerk() }), Err(UserError::BadLogin)));
    assert!(matches!(add(NewUser { name: " ".into(), ..clerk() }), Err(UserError::BadName)));
    assert!(matches!(add(NewUser { login: "fang".into(), ..clerk() }), Err(UserError::Taken(_))));
    assert!(matches!(add(new("li", OperatorRole::Body, "邮局")), Err(UserError::NoBody(_))));
    assert!(matches!(add(new("li", OperatorRole::Body, "")), Err(UserError::Mandate(_))));
    let elsewhere = Mandate { area: Area::parse("110101").unwrap(), ..clerk().mandate };
    assert!(matches!(add(NewUser { mandate: elsewhere, ..clerk() }), Err(UserError::Elsewhere(_))));
    for area in ["99", "990127", "990127101", "990127101201"] {
        let mandate = Mandate { area: Area::parse(area).unwrap(), ..clerk().mandate };
        add(NewUser { login: format!("li{area}"), mandate, ..clerk() }).unwrap();
    }
}
