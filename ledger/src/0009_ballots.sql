-- Ballots that came before their tokens were none of their vote for ever. Each is opened once more; a vote that changes does
-- the same from now on.

UPDATE sealed SET what = '' WHERE what = 'bad-ballot';
