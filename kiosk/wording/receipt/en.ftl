# The English beside the Chinese: same keys.

receipt-number = To ask how far it is, type:
receipt-opening = To hear the answer, type:
receipt-secret = Keep this number and the square below to yourself
receipt-filed-on = Handed in on { $day }
receipt-saved = Your words are saved on this machine and go to the county when there is a network.
receipt-look = Come back later to any machine of the county: scan the square above, or type both numbers, to hear the answer.
receipt-test = Test
receipt-test-reads = If these words are clear and the line below has no gaps, the printer is in order. There is no number on this paper; throw it away.
receipt-keep = Neither a name nor your words are on this paper. Please keep it; if it is lost, the county can give you another in person.
receipt-tally = Result of the vote
receipt-tally-counted = { $counted } ballots of { $tokens } households
receipt-tally-by = Published by the county, as of { $day }
