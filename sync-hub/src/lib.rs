//! The county hub: where everything said in the villages comes together.
//!
//! **What it is.** [`county`] makes the county's authority, keys and codebook; [`register`] is the live list of devices and
//! the codes by which they enrol, and [`health`] says what of them somebody should look at; [`serve`] answers devices over
//! QUIC, merges behind them, writes slips and shows the operators' pages ([`http`]); [`opening`] opens what people sealed to
//! the county, [`vault`] keeps personal details and voices under keys of their own; [`audit`] notes who did what
//! and [`watch`] who tried it in vain; [`codebook`] changes the county's words for all; [`backup`] keeps copies of all of it elsewhere; [`upstream`] is for a hub beneath another one; [`cli`] is the command line.
//!
//! **What it never does.** It never acknowledges what is not on its disk, never lets a stranger past the handshake, and
//! never decides alone which of two people was right: both stay, and an operator settles it.
//!
//! **Where to start.** [`serve::serve`].
#![forbid(unsafe_code)]

pub mod audit;
pub mod backup;
pub mod bundle;
pub mod cli;
pub mod codebook;
pub mod county;
pub mod device;
pub mod epochs;
pub mod erase;
pub mod errand;
pub mod export;
pub mod health;
pub mod http;
pub mod keys;
pub mod late;
pub mod opening;
pub mod publishing;
pub mod register;
pub mod retain;
pub mod serve;
pub mod sheet;
pub mod slips;
pub mod taken;
pub mod tls;
pub mod token_sheet;
pub mod upstream;
pub mod user;
pub mod vault;
pub mod watch;
pub mod workbook;
