//! The operators of a made-up county: added to the hub by its own command line, with secrets drawn for this county alone.

use anyhow::Context as _;
use civic_core::time::UnixSeconds;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_hub::user::{password, totp::Secret};

use crate::world::World;

/// Somebody who may sign in at the hub, with all that they know and hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The name with which they sign in.
    pub login: String,
    /// The name among people.
    pub name: String,
    /// What they are there.
    pub role: String,
    /// The password.
    pub password: String,
    /// The secret on their telephone.
    pub totp: String,
}

impl Account {
    /// Adds somebody to the hub; `arguments` are roles, area and body as the command line takes them.
    pub fn add(world: &World, login: &str, name: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let password = password::draw();
        let command = ["user", "add", login, "--name", name, "--password-stdin", "--totp", "--json"];
        let told = world.tell_with("hub", &[&command, arguments].concat(), &format!("{password}\n"))?.good()?;
        let told: Value = serde_json::from_str(&told).context("Reading what the hub says of the operator")?;
        let totp = told["totp"].as_str().context("The hub gave no second factor")?.to_owned();
        let role = arguments.iter().skip_while(|word| **word != "--role").nth(1).copied().unwrap_or_default();
        Ok(Self { login: login.into(), name: name.into(), role: role.into(), password, totp })
    }

    /// The six digits that their telephone shows at this time.
    pub fn code(&self, at: UnixSeconds) -> String {
        Secret::parse(&self.totp).map(|secret| secret.code(at.0)).unwrap_or_default()
    }
}
