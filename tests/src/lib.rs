//! The county on one desk, the stories told over it, and the gate.

pub mod bend;
pub mod browser;
pub mod desk;
pub mod disk;
pub mod machine;
pub mod mutate;
pub mod netns;
pub mod operators;
pub mod people;
pub mod process;
pub mod program;
pub mod records;
pub mod relay;
pub mod rush;
pub mod sample;
pub mod soak;
pub mod world;
