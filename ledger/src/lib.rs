//! The merged documents of one installation and the tables over them.
