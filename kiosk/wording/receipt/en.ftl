# The English beside the Chinese: same keys.

receipt-number = Your number
receipt-filed-on = Handed in on { $day }
receipt-saved = Your words are saved on this machine and go to the county when there is a network.
receipt-look = Come back later and type this number, or scan the code above, to see what became of it.
receipt-test = Test
receipt-test-reads = If these words are clear and the line below has no gaps, the printer is in order. There is no number on this paper; throw it away.
receipt-keep = Neither a name nor your words are on this paper. Please keep it.
receipt-tally = Result of the vote
receipt-tally-counted = { $counted } ballots of { $tokens } households
receipt-tally-by = Published by the county, as of { $day }
