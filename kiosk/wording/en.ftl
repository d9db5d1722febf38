# The English beside the Chinese: same keys, fewer words.

back = Back
to-home = To the first page

help = Help
help-language = Language
help-chinese = Chinese
help-english = English
help-letters = Letters
help-usual = As usual
help-large = Large
help-colours = Colours
help-high-contrast = White on black
help-aloud = Read it to me
help-aloud-no = No
help-aloud-yes = Yes, aloud
help-volume = Sound
help-quieter = Quieter
help-louder = Louder
hear = Read it to me
unread = Some of the words on the screen are not recorded. Please look at them, or ask somebody to read them to you.
read-pause = Stop for a moment
read-go-on = Go on
read-again = Hear it again

home-say = Say something
home-find = What became of it

here = On this machine
on-road = On the way
received = County has it
last-receipt = The county last received on { $day }
no-receipt-yet = The county has received nothing from here yet

topics-title = What is it about?

begun-title = Was that you?
begun-at = At { $at } somebody began to say something about this, and did not hand it in:
begun-mine = Yes, I go on
begun-not-mine = No, I say my own

speak-title = Speak or write?
speak-begin = Speak
speak-write = Write
speak-helped = Somebody writes for me
speak-no-microphone = The microphone of this machine does not work now. Please write, or ask somebody at the station to write for you.
speak-try-again = Try the microphone again
speak-listening = Please speak, it is listening
speak-near = Come near, take your time
speak-left = { $seconds } seconds left
speak-longer = One minute more
speak-stop = That was it
speak-hear-title = Listen: is it right?
speak-recorded = { $seconds } seconds were recorded. You can listen first.
speak-silent = No voice was heard. Please come nearer and say it again.
speak-play = Listen
speak-again = Say it again
speak-keep = Keep it

clear = Clear
done-writing = Done
writing-hint = Touch a sentence below, or write in pinyin
writing-hint-letters = Write whatever you want to say
writing-full = This is full. Touch Done when you are ready.
to-letters = Write in pinyin
to-sentences = Sentences
to-nine = 9 keys
to-all-letters = All keys
to-handwriting = By hand
look-up = What comes before
look-down = What comes behind
to-marks = Digits
more-topics = Others
more-sentences = Other sentences
more-characters = More
letters-hint = Touch letters, then the character
erase = Take one back
space = Space

handwriting-title = Write with a finger
handwriting-square = Write one character in the square
handwriting-how = What you wrote stands here
handwriting-then = After each character, touch “Next”.
handwriting-meant = Which is it? Touch it, or do not.
handwriting-full = There is no more room. Touch “Done”.
handwriting-keys = Up and down move the pen, the reading key turns it, the choosing key puts it down and lifts it, back puts it away.
handwriting-boxes = { $boxes } characters written by hand
handwriting-undo = Undo
handwriting-next = Next

clear-title = Take everything away?
clear-yes = Take it away
clear-no = Keep it and go on

since-title = Since when is it so?
since-today = Today
since-week = These days
since-month = This month
since-longer = For longer
since-skip = Skip this

contact-title = Leave a phone number?
contact-why = It is handled all the same without one, and no name is kept. With one, the people handling it can call you; only the county can see it.
contact-no = No need
contact-yes = Leave a number
contact-child = I am under fourteen

consent-title = Before you decide
consent-what-for = It is used to reach you about this matter, and for nothing else.
consent-who = The number is locked; only the county can open it, and who opens it and why is written down.
consent-how-long = Some time after the matter is done, the county deletes it.
consent-take-back = If you change your mind, you can take it back at any machine with your slip.
consent-agree = I am fourteen or older, and I agree

phone-title = Your phone number
phone-who-sees = The number is locked; only the county can open it.
phone-too-short = The number seems too short; please look again.
phone-done = That is it
phone-none = Rather not

name-title = Leave a name?
name-none = No name
name-done = Done
to-surnames = Surnames

read-back-title = Is this right?
read-back-phone = Phone: { $phone }
read-back-name = { $name }, telephone: { $phone }
read-back-voice = What you said, { $seconds } seconds
read-back-no-phone = No phone, no name
read-back-child = Under fourteen: no name, no phone
read-back-change = Change it
read-back-file = Yes, hand it in

filed-title = Saved
filed-number = How far
filed-opening = Answer
filed-secret = The second is for you alone
filed-hear = Hear the second
filed-note-down = Note both, or take a photo
filed-said = Your number is { $number }
filed-printing = Printing your slip, one moment
filed-printed = Your slip is printed, please take it
filed-not-printed = No slip: note both numbers
filed-print-again = Print it again
filed-next = Your words are saved on this machine and go to the county when there is a network. Come back later and scan your slip, or type both numbers, to hear the answer.
filed-noted = Noted, to the first page

not-saved-title = Not saved
not-saved-kept = It could not be saved. Your words are still here.
not-saved-again-kept = Tried { $failures } times and still not saved. Your words are still here.
not-saved-disk-full = This machine is full. Please tell someone at the station or a deputy.
not-saved-read-only = The card of this machine can no longer be written. Please tell the people of the station, or ask the deputy to come.
not-saved-failed = Please try again. If it fails again, tell someone at the station.
not-saved-look = See my words
not-saved-again = Try again

find-title = Your ticket number
find-empty = Ten digits
find-note = The number has ten digits; you noted it when you handed in your words.
find-too-short = The number has ten digits; some seem to be missing.
find-mistyped = One digit seems wrong. Please compare with what you noted.
find-not-a-slip = This is not the code of one of our slips. Please type the number on the slip.
find-go = Look it up

unlock-title = Opening number
unlock-empty = Nine digits
unlock-note = It stands on your slip and has nine digits. Or hold the square on the slip under the scanner.
unlock-too-short = The number has nine digits; some seem to be missing.
unlock-mistyped = One digit seems wrong. Please compare with your slip.
unlock-wrong = This number does not open this one. Please compare with your slip.
unlock-wait = Several numbers were wrong. Please try again in { $minutes } minutes, or scan your slip.
unlock-not-here = It cannot be opened now. Please come back later, or ask at the station.
unlock-go = Open the answer

progress-title = Number
progress-answer = Answer
progress-no-answer = There is no answer yet.
progress-sealed = Here everybody sees how far it is. The answer is for you alone: scan the square on your slip, or type the number for the answer.
progress-nothing = This ticket has no number for the answer, so only how far it is can be shown. To hear the answer, please ask in person at the county or the station for one.
progress-unlock = Hear the answer
progress-take-back = Delete my number
progress-as-of = News up to { $day }

unknown-here = Nothing about this number has reached this terminal yet
unknown-why = It may have been handed in elsewhere and the news is not here yet. Come back in a few days, or ask a deputy.

erased-here = What was said under this number has been erased
erased-why = The county erased it on { $day }, and nothing of it is kept anywhere. If you did not ask for that, ask a deputy.

stage-here = Your words are on this machine and have not left. They go when there is a network.
stage-on-road = Your words are on the way; the county has not said yet that it has them.
stage-received = The county has your words; nothing is known yet about their handling.

still-there = Are you still there?
leave-title = Stop writing?
leave-loses-words = Going to the first page loses what you wrote.
leave-keeps-words = If nobody is there, what you said is put away safely. The next time somebody wants to speak, it is asked about first.
leave-goes-home = If nobody is here, the first page comes back soon.
leave-stay = I am here, go on
leave-go = To the first page

village = In the village
month = This month { $asked } raised here, { $settled } settled
next-reception = Next reception day: { $day }
no-reception = No reception day is announced
nothing-published = Nothing is published now.
notices = Notices
notice = Notice
matters = What people raised
matter = What people raised
me-too = Me too
me-too-count = { $count } said "me too"
more-rows = There are others
next-page = Next page ({ $page }/{ $pages })

thanks-response = Your words are saved and go to the county when there is a network. Thank you!
thanks-ballot = Your vote is cast. Nobody knows what you chose. Thank you!
thanks-me-too = Noted: you too. It goes to the county when there is a network.
thanks-evaluation = What you think is saved and goes to the county when there is a network. Thank you!
thanks-unsolved = Noted: not solved. The county will look at it again; please come back in some days.
thanks-misunderstood = What you said is saved. The county will look again at what you meant.
thanks-withdrawal = Noted. Once the county has received it, your name and number are deleted. What you said is handled all the same.
thanks-addition = What you added is saved and goes to the county when there is a network.
not-asked = This is not asked any more, or was answered here already.
token-unknown = This number is not one of this vote. Compare it with your slip, or ask someone at the station.
token-used = This number has voted on this machine. Each number votes once.

progress-rate = Are you satisfied?
take-back-title = Delete my number?
take-back-means = The county then deletes your name and number, and calls you no more. What you said is handled all the same, and your slip still opens the answer.
take-back-yes = Yes, delete them
take-back-no = No, leave them
rate-satisfied = Are you satisfied?
rate-satisfied-yes = Satisfied
rate-satisfied-no = Not satisfied
rate-solved = Is it solved?
rate-solved-yes = Solved
rate-solved-no = Not solved
rate-skip = Rather not say
trouble-title = Not all works here
trouble-not-enrolled = This machine is not enrolled yet and cannot be used. Please tell somebody at the station.
trouble-elsewhere = This memory card comes from another machine and cannot be used yet; all words on it are safe. Please tell somebody at the station.
trouble-disk-full = This machine is full and can keep nothing new. All that was saved is here. Please tell the station.
trouble-read-only = The card of this machine cannot be written, so nothing new can be kept. All that was saved is here. Please tell the station.
trouble-no-microphone = The microphone does not work. You can write, or touch ready sentences.
trouble-no-paper = The printer has no paper. Please write your number down, or take a picture of it.
trouble-no-printer = The printer does not work. Please note your number, or take a photo of it.
trouble-no-date = This machine does not know the date. What you say is kept and sent all the same.
trouble-not-heard = County not heard since { $day }. Your words are kept here and will go.
trouble-rest = Everything else works.

asked = What you are asked
tally-of = Result: { $title }
subject-consultation = A consultation
subject-vote = A vote on projects
subject-talk = A talk with a deputy
subject-misunderstood = Not what I meant
subject-addition = Add something

consult-begin = Begin
consult-piece = { $number } of { $of }
consult-skip = Pass over
consult-next = Next
consult-end = That was all
consult-answered = You answered { $count }. No name is kept; only the county reads it.
consult-nothing = You said nothing. That is all right; come again.
consult-hand-in = Hand it to the county
consult-leave = Go back
article-agree = I agree
article-disagree = I disagree
article-say = I say
choose-most = Choose { $most } at most. Touch again to take back.
rank-most = Touch them in order, { $most } at most. Touch again to take back.
question-unknown = This machine cannot show this one yet; please go on.

vote-rules = One vote a household, { $choose } at most. Nobody learns your choice.
vote-begin = Vote with my number
token-title = The number on your slip
token-empty = Twelve digits
token-note = It is on your household's slip. Nobody notes whose it is.
token-too-short = Some digits are missing.
token-mistyped = One digit is wrong; please compare with your slip.
token-go = Open the ballot
ballot-title = Choose
ballot-chosen = { $chosen } of { $choose } chosen
ballot-more = Other projects
ballot-done = Done
cast-title = Vote for these?
cast-note = It cannot be changed afterwards.
cast-change = Change
cast = Vote
tally-title = Result of the vote
tally-print = Print it
tally-counted = { $counted } ballots of { $tokens } households

deputies = Find a deputy
deputy = A deputy
deputy-code = Code { $code }
deputy-talk = Ask for a talk
deputy-no-reception = No reception day is set yet.

where-title = Where is it?
more-places = Other places
contact-keep = Keep it from the village
read-back-kept = Only the county reads it, not the village.
read-back-reply = No name is kept; it goes to the county.

service = Service
service-title = Service
service-network = Network
service-storage = Storage
service-printer = Printer
service-last-sync = Sent and received
service-touch = Fit the touch panel
service-prompts = Record prompts
service-enrol = Enrol
service-stick = By stick
service-log = Log
service-off = Switch off
service-again = Look again
service-more = Next page
service-not-kept = It was not kept. Look at the card.

pin-title = Service PIN
pin-note = This page is for those who look after the machine.
pin-done = Open
pin-wrong = That is not the PIN.
pin-wait = It was wrong too often. Please wait { $seconds } seconds.
pin-not-set = There is no PIN yet. A technician sets it first.

fact-device = Network device
fact-cable = Connection
fact-up = up
fact-down = down
fact-address = Own address
fact-hub = Address of the hub
fact-county = County
fact-road-open = connected
fact-road-closed = not connected
fact-not-enrolled = not enrolled yet
fact-why = Why
fact-name = Name of this machine
fact-free = Free
fact-size = In all
fact-card = Card
fact-writes = in order
fact-read-only = cannot be written
fact-own = Own data
fact-place = Kept in
fact-receipt = Last receipt
fact-heard = Last connected
fact-never = never yet
fact-printer = Printer
fact-paper = tells of no lack of paper
fact-no-paper = no paper, or its lid is open
fact-no-printer = does not work; look at plug and power
printer-test = Print a test slip
printer-none = This machine has no printer.
printer-failed = It did not print. Look at the paper, the plug and the power.

touch-cross = Touch the red cross
touch-again = That missed. Please begin again with the first cross.
touch-stop = Leave it as it is
touch-no-panel = This machine has no touch panel to fit.
touch-keep-title = Do touches meet now?
touch-keep-how = If they do, touch “They meet”. If nobody does within { $seconds } seconds, it is as it was before.
touch-keep = They meet
touch-give-up = As before

recorder-how = Touch “Begin”, read the words, then touch “That was it”.
recorder-listening = Recording
recorder-hear = Listen first. Keep it if it is good, or read it again.
recorder-silent = No voice was heard. Come nearer and read it again.
recorder-no-microphone = The microphone does not work now.
recorder-begin = Begin
recorder-again = Again
recorder-skip = Skip
recorder-left = { $left } sentences left
recorder-done = All are recorded. They are heard from the next start on.

enrol-how = The address has a colon and a port, such as 10.0.0.5:4433.
enrol-hub = Hub address
enrol-code = Code
enrol-call = Enrol
enrol-calling = Calling the hub, please wait.
enrol-compare = Compare these six digits with the operator. If they are the same, the operator approves.
enrol-done = Enrolled as { $name }.
enrol-already = This machine is enrolled as { $name } with the hub at { $hub }.
enrol-code-shape = A code has eight letters and digits.
enrol-wrong-code = The hub does not know this code. Look again, or ask for a new one.
enrol-wait = Too many wrong codes. Wait a minute.
enrol-not-approved = Nobody at the hub approved.
enrol-no-road = The hub does not answer. Look at the cable and the address.
enrol-failed = It failed. The log says why.

carry-how = Where there is no network, a stick takes what was said to the county and brings the answers home. It is sealed: nobody who finds it can read it.
carry-none = No stick was found. Put one in, wait ten seconds, and touch “Look again”.
carry-stick = { $name }, room for { $free } MB
carry-look = Look again
carry-other = Another
carry-out = Take words out
carry-home = Bring answers in
carry-working = The stick is in use. Please leave it in.
carry-written = Written, { $kib } KB. You can take it out; bring it to the county.
carry-read = Read: { $entries } pieces of news, { $receipts } receipts of the county. You can take it out.
carry-read-some = Read: { $entries } pieces of news. { $parts } parts were damaged or for another machine. You can take it out.
carry-no-bundle = There is nothing for this machine on the stick. The county has to write it first.
carry-full = The stick is full. Take another, or make room on it.
carry-read-only = The stick cannot be written. Look for a switch on it, or take another.
carry-failed = It did not work. Take the stick out, put it in again and retry; if it fails again, take another.
off-title = Switch it off?
off-what = Nobody in the village can use it then. What is saved stays.
off-yes = Switch off
off-no = Let it run
off-going = Switching off. Pull the plug when the screen is dark.
