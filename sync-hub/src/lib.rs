//! The county hub: a replica that many reach, and the operators' pages.
