-- Slips of an older program say that a matter moved when something was said of it afterwards: each is compared once more, and
-- one that says another date is written anew.

UPDATE opinion SET slip_is_due = 1;
