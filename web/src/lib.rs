//! What the pages of the three programs share: guard, wording, look.
