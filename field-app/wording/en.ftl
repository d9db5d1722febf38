# Every sentence of the field app. Both files must have the same keys.

app-gone = The app on this phone is not running, so this may be old. Start it again; do not close what you have typed.

home-title = Home
home-heading = Huiyin · visits
home-areas = Areas
home-records = Recorded on this device
home-receipt = Last receipt from the county: { $at }
home-no-receipt = No receipt from the county yet.
home-draft = An unfinished visit: touch to go on
home-apart = Kept apart, not merged into the ledger
home-refused = A change could not be merged into its record; the county can see it and why
home-offline = Works without signal
home-offline-means = Record as usual. It is saved here first and goes to the county by itself; only the county's receipt makes it "received".

place-here = On device
place-road = On the road
place-received = Received
place-others = From elsewhere
place-here-means = Only on this phone, not at the county yet. It goes by itself when there is signal.
place-road-means = On its way to the county, no receipt yet.
place-received-means = The county has it; there is a receipt.
place-others-means = Recorded elsewhere and brought to this device.

road-open = The road is open: the county answers.
road-calling = Calling the county…
road-closed = The county cannot be reached now. Go on recording; it is sent by itself later.
road-why = Why:

visit-new = New visit
visit-where = Where
visit-place = Group or hamlet (optional, never a house)
visit-place-hint = e.g. group 3
visit-heard = Opinion { $number }
visit-text = What was said, in their words
visit-contact = Name and phone (optional)
visit-sealed = Sealed at once when saved; only the county can open them, not this device. Drafts never hold name or phone.
notice-what-for = Please read out: name and phone are used to reach you about this matter and for nothing else; without them it is handled all the same.
notice-who = Only the county can open them, and who opens them and why is written down.
notice-how-long = Some time after the matter is done they are deleted; whoever changes their mind takes them back at any kiosk with both numbers.
notice-child = Nobody under fourteen leaves a name or phone.
visit-agreed = Read out; the person is fourteen or older and agrees
visit-name = Name
visit-phone = Phone
visit-more = Another opinion
visit-full = A visit holds { $max } opinions; save it and begin another.
visit-less = Leave out opinion { $number }
visit-rest = More
visit-note = Note (optional)
visit-save = Save on this device
visit-not-saved = Not saved yet. All you typed is still below.
visit-before = This form was saved already and not recorded twice. You changed it since: to record another visit, press save again.
visit-before-show = Show the saved visit
visit-again = Another visit

complaints = Not saved yet; please look at these:
complaint-village = Choose the village
complaint-topic = Choose the topic
complaint-text = Write what was said
complaint-agreed = Before a name or phone is left, read the notice out and tick that they agree; if they do not, leave both empty
complaint-nothing = Write at least one opinion, or a note
complaint-word = The county has no such word; choose again
complaint-long = Too long: at most { $max } characters; take away { $over }, or make it two
complaint-act = Choose what was done
complaint-note = This step needs a sentence

draft-found = Your unfinished visit of { $at }. Go on with it.
draft-without = Name and phone are not kept in drafts; enter them again if needed.
draft-discard = Discard and begin anew
draft-keep = Keep as draft for later
draft-kept = Draft kept on this device (without name and phone)
draft-lost = The draft could not be kept
draft-before = This form was saved already; what was written since is not kept as a draft. To record another visit, press save.
draft-full = At most { $max } drafts are kept, and this one is not. Open one on the first page, and save or discard it.

saved-title = Visit saved
saved-here = Saved on this phone
saved-tell = Tell them both numbers
saved-opening = To hear the answer:
saved-secret = This number and the square below are for them alone
saved-code = Let them photograph the square, or write both numbers down. Under the scanner of any kiosk of the county it opens the answer.
saved-openings-gone = The number for the answer is shown only after saving and kept nowhere here. Whoever did not note it gets another at the county, in person.

visits-title = Visits
visits-none = No visits yet.
visits-heard = { $count } opinions heard

opinions-title = Opinions
opinions-search = Search
opinions-search-hint = number, village, words
opinions-state = State
opinions-all = All
opinions-find = Search
opinions-total = { $count } on this device
opinions-none = Nothing found. This device holds only what has reached it from your areas.
opinions-newer = Previous
opinions-older = Next

opinion-title = Opinion
opinion-saved = Saved on this phone.
opinion-same = Nothing was changed: the record says so already.
opinion-sealed = Name and phone are sealed; only the county can open them.
opinion-satisfaction = Satisfaction { $number } of 5
opinion-answer = The answer to them
opinion-said = What was said
opinion-added = added by
opinion-filed = recorded by
opinion-questions = Two versions; the county will settle it
opinion-questions-means = Recorded in two places at the same time. Both are kept; nothing is lost.
opinion-clash = Two steps that cannot both hold
opinion-other-text = The same opinion was begun elsewhere too, in these words:
opinion-steps = What happened
opinion-add = Add to it
opinion-add-means = Stands after the first words, which stay as they are
opinion-add-save = Save addition
opinion-step = Record a step
opinion-step-note = What there is to say
opinion-step-save = Save step
opinion-step-none = There is no step for a deputy now.
opinion-correct = Correct topic and urgency
opinion-correct-means = The earlier value stays in the record.
opinion-correct-save = Save correction

attachment-voice = Voice, { $seconds } s
attachment-voice-unmeasured = Voice
attachment-photo = Photo
attachment-ink = Drawing
attachment-unknown = Attachment (from a newer program)
attachment-sealed = sealed; only the county can open it
attachment-erased = erased

choose = Choose
choose-none = None

field-title = Title
field-topic = Topic
field-village = Village
field-town = Township
field-station = Station
field-channel = Channel
field-deputy = Deputy
field-urgency = Urgency
field-office = Handling body
field-sort = Kind

trouble-title = That did not work
trouble-full = The phone is full or cannot be written. Make some room, then press save again.
trouble-damaged = The ledger on this phone cannot be read. Do not remove the app; call the county's administrator.
trouble-elsewhere = These records were copied from another phone or computer, so nothing may be written under its name. What is here can be read. Ask the county for a new code and enrol anew; everything comes along.
trouble-again = Nothing was written this time; press again. If it goes on, call the county's administrator.
trouble-record = It cannot be recorded like this: { $reason }
trouble-step = The opinion no longer stands where this step can be taken; look at what happened below.
trouble-nowhere = There is no such page or record here.
trouble-scope = That place is not in your areas.
trouble-tickets = This device has no ticket numbers left; ask the county's administrator to enrol it anew.
trouble-codebook = The county's words on this device cannot be read; call the county's administrator.
trouble-seal = The name or phone is too long to be sealed. Make it shorter.
trouble-form = What was sent cannot be read or is too long, and is not saved. What you typed is still on the page where you typed it.

# Carrying for villages without a road.
carrying-title = Carrying
carrying-means = A village without a network seals what is for the county and gives it to you; you can neither read nor change it. It goes to the county when there is signal, and the answers go home with you.
carrying-address = The other's address (a kiosk's is on the label of its case)
carrying-call = Hand over now
carrying-with = Handed over with { $who }
carrying-counts = { $given } given, { $taken } taken.
carrying-stale = It has long not heard of the county, and cannot know who was struck off since. It last heard of it:
carrying-found = Here in this network
carrying-found-means = Devices of this county, found by themselves. Your phone hands over with each of them once it is near; you may do it again.
carrying-not = One was not handed over:
carrying-failed = Nothing was handed over, and nothing is lost. Come closer, check the address, and try again.
carrying-up = To the county
carrying-home = Home to the villages
carrying-none = Nothing is carried now.
carrying-places = Carrying for { $count } places
carrying-line = { $parcels } parcels, { $size }
carrying-since = Since
carrying-part = Not all of it has come; it goes on the next time.
carrying-handed = Given to others to carry
carrying-handed-line = { $parcels } parcels, { $heard } heard by the county
