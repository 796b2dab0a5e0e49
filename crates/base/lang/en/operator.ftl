# Maintenance
web-maintenance = Maintenance
web-maintenance-means = During maintenance no files are taken in or handed over. Mail is still received, and its files are deposited afterwards. A mail that waits for more than 24 hours is stopped, and its sender told.
web-windows-none = None is planned.
web-window-open = Now
web-window-by = Made by { $name }
web-window-end = End now
web-window-take-back = Take back
web-window-new = New maintenance
web-window-starts = Begins
web-window-starts-hint = Left empty, it begins at once. All times are Japan time.
web-window-ends = Ends
web-window-make = Set it
web-window-title = This could not be done
web-window-unread = Please enter when it ends. Leave the beginning empty, or enter day and time.
web-window-empty = It must end after it begins.
web-window-over = The end has passed.
web-window-long = Maintenance may take { $count } days at most.
web-window-far = It must begin within { $count } days.
web-done-maintenance-made = The maintenance was set.
web-done-maintenance-ended = The maintenance was ended (or taken back, where it had not begun).

# Announcements
web-announced = Announcements
web-announcements = Announcements
web-announcements-means = An announcement stands on every screen, the sign-in page included, for as long as you say. Mailed as well, each section’s administrators get it once.
web-announcements-none = There are no announcements.
web-announcements-back = Back to all announcements
web-announcement-new = New announcement
web-announcement-change = Change an announcement
web-announcement-coming = To come
web-announcement-shown = Shown now
web-announcement-over = Over
web-announcement-to-mail = To be mailed
web-announcement-mails = { $count ->
    [one] { $count } mail sent
   *[other] { $count } mails sent
 }
web-announcement-ja = Japanese
web-announcement-en = English
web-announcement-words-hint = Please write it in both languages. The text may have several lines, but no links or formatting.
web-announcement-subject = Subject
web-announcement-text = Text
web-announcement-when = When it is shown
web-announcement-mail = Mail
web-announcement-mailed = Mail it to the sections’ administrators too
web-announcement-mailed-hint = Each address gets one mail, when the announcement begins to be shown. Whoever becomes an administrator while it is shown gets it too. Nobody is mailed again when you change it later.
web-announcement-make = Announce it
web-announcement-withdraw = Withdraw
web-announcement-withdraw-means = It is shown no longer, from now on. Mails that were not sent yet are not sent; those that were cannot be taken back.
web-announcement-withdraw-do = Withdraw the announcement
web-announcement-title = This could not be saved
web-announcement-stale = Another operator has changed this announcement since you opened the page. Nothing was changed. Please open it again from the list and look at it.
web-announcement-no-subject = Please enter a subject ({ $language }).
web-announcement-long-subject = The subject ({ $language }) may have { $count } characters at most.
web-announcement-no-text = Please enter a text ({ $language }).
web-announcement-long-text = The text ({ $language }) may have { $count } characters at most.
web-announcement-long = It may be shown for { $count } days at most.
web-done-announcement-made = The announcement was saved.
web-done-announcement-changed = The announcement was changed.
web-done-announcement-withdrawn = The announcement was withdrawn.

# The mail queue
web-queue = Mail queue
web-queue-means = The mails that were received and are not delivered to everybody yet. Subjects and contents are not shown.
web-queue-state = State
web-queue-all = All
web-queue-narrow = Show
web-queue-none = No mail waits.
web-queue-none-such = There is no such mail.
web-queue-oldest = Back to the oldest
web-queue-more = Show more
web-queue-back = Back to the mail queue
web-queue-stage-received = To be handled
web-queue-stage-held = Held
web-queue-stage-relay = Delivery of a customer’s mail
web-queue-stage-deposit-notice = Delivery of a deposit notice
web-queue-stage-notice = Delivery of a notice
web-queue-stage-bounce = Delivery of a bounce
web-queue-stage-relaying = Being delivered
web-queue-stage-settled = Done
web-queue-stage-stopped = Stopped
web-queue-stage-queued = To be delivered
web-queue-stage-delivered = Delivered
web-queue-stage-failed = Could not be delivered
web-queue-from-nobody = (no sender)
web-queue-age = for { $age }
web-queue-attempts = { $count ->
    [0] not tried yet
    [one] tried once
   *[other] tried { $count } times
 }
web-queue-next = Next try
web-queue-one = A mail in the queue
web-queue-kind = Kind
web-queue-kind-mail = A mail that was received
web-queue-size = Size
web-queue-since = Came
web-queue-tries = Tries
web-queue-ended = Ended
web-queue-noted = Noted
web-queue-mail = Show the mail it belongs to
web-queue-history = History
web-queue-came = The mail was received
web-queue-queued = Its delivery began
web-queue-why-turn = It waits for its turn, and is handled soon.
web-queue-why-ambiguous = The mail’s structure is faulty and it cannot be read safely, so it is held. Its sender was told. Try it again only where you have made sure that it is harmless, else stop it.
web-queue-why-maintenance = It waits for the end of the maintenance, and goes on by itself.
web-queue-why-exchange-unavailable = The exchange does not answer: the database, the storage or the virus scanner. The log says which, in the line before.
web-queue-why-upload-failed = An attachment could not be stored. Please look at the storage and its free space.
web-queue-why-problem = It is not delivered because of what is in it, or of a setting.
web-queue-why-connection = The next server cannot be connected to. Please look at that server, and at outgoing port 25 or the smarthost.
web-queue-why-cut = The connection to the next server broke off.
web-queue-why-encryption = The encryption (TLS) of the next server is not as it must be. Please look at its certificate.
web-queue-why-policy = No server of the domain fits its policy (MTA-STS).
web-queue-why-dns = DNS gives no answer, so the next server is not known.
web-queue-why-own = The mail, or a row of the database, cannot be read on our side. Please look at the log.
web-queue-why-full = The recipient’s mailbox is full.
web-queue-why-later = The next server asks to try again later. That is done by itself.
web-queue-why-refused = The next server refused it.
web-queue-why-other = Please see below what was noted.
web-queue-retry-title = Try it now?
web-queue-retry-means = It is handled at once instead of later. A held mail is handled from the beginning, as if it had just come. The audit log records it.
web-queue-retry-do = Try now
web-queue-stop-title = Stop it?
web-queue-stop-means = It is not delivered, and that cannot be undone. Neither sender nor recipients are told. The audit log records it.
web-queue-stop-do = Stop
web-queue-not = Leave it
web-queue-not-done = This was not done
web-queue-nothing-waits = It does not wait any more, is being worked on just now, or its sender has sent it again meanwhile.
web-queue-links-out = Its recipients have, or may have, links to its files, so this mail with the password goes on.
web-done-mail-retried = It is tried now.
web-done-mail-stopped = It was stopped.

# Health
web-health = Health
web-health-summary = { $count ->
    [0] All is well.
    [one] { $count } thing should be looked at.
   *[other] { $count } things should be looked at.
 }
web-health-right = Right
web-health-look = Look
web-health-wrong = Wrong
web-health-unknown = Unknown
web-health-todo = What to do:
web-health-program = Program
web-health-version = Version
web-health-started = Started
web-health-at = Looked at
web-health-database = Database
web-health-database-good = It answered in { $count } ms.
web-health-database-slow = It took { $count } ms to answer.
web-health-database-slow-todo = Please look at the database’s load, and at how fast the disk is.
web-health-database-away = It does not answer.
web-health-database-away-todo = Please look at the database’s server and at the log; with SQLite at the free space on the disk too.
web-health-scanner = Virus scanner
web-health-scanner-good = It answers, and finds the test files as it must.
web-health-scanner-none = None is configured. Files are not scanned.
web-health-scanner-none-todo = Please set a clamd up and name it as scanner.clamd in the configuration.
web-health-scanner-faulty = It calls clean what it did not look into.
web-health-scanner-faulty-todo = What to mend in clamd.conf stands in the log, in the line at the level ERROR (remedy).
web-health-scanner-away = It does not answer. Mails with attachments wait.
web-health-scanner-away-todo = Please see whether clamd runs. When it is back, mails go on by themselves.
web-health-signatures = Virus signatures
web-health-signatures-good = They are of { $time }.
web-health-signatures-old = They are of { $time }, and were not renewed for more than { $count } days.
web-health-signatures-old-todo = Please see whether freshclam runs and reaches its mirror.
web-health-signatures-unknown = It is not known how old they are.
web-health-signatures-unknown-todo = Please look at what clamd answers to VERSION.
web-health-queue = Waiting mails
web-health-queue-good = { $count ->
    [0] None waits.
    [one] One waits, for { $age }.
   *[other] { $count } wait, the oldest for { $age }.
 }
web-health-queue-long = { $count ->
    [one] One waits, for { $age }.
   *[other] { $count } wait, the oldest for { $age }.
 }
web-health-queue-long-todo = Please see in the mail queue why.
web-health-queue-unknown = It is not known.
web-health-queue-unknown-todo = Please look at the database.
web-health-next-hop = Next servers
web-health-next-hop-good = { $count ->
    [0] No delivery waits to be tried again.
    [one] One delivery waits to be tried again.
   *[other] { $count } deliveries wait to be tried again.
 }
web-health-next-hop-bad = { $count ->
    [one] One delivery was tried in vain, for { $age }.
   *[other] { $count } deliveries were tried in vain, the oldest for { $age }.
 }
web-health-next-hop-bad-todo = Please see in the mail queue why. Where they are many, look at the smarthost or at outgoing port 25.
web-health-next-hop-unknown = It is not known.
web-health-next-hop-unknown-todo = Please look at the database.
web-health-held = Held mails
web-health-held-none = There are none.
web-health-held-some = { $count ->
    [one] There is one.
   *[other] There are { $count }.
 }
web-health-held-some-todo = Please have the mail queue show those that are held, and try each again or stop it.
web-health-held-unknown = It is not known.
web-health-held-unknown-todo = Please look at the database.
web-health-disk = Disk (data_dir)
web-health-disk-good = { $free } free of { $total }
web-health-disk-full = Only { $free } free of { $total }
web-health-disk-full-todo = Please make room. When there is none, no mail can be received.
web-health-disk-unknown = It is not known.
web-health-disk-unknown-todo = Please see whether the disk of data_dir answers.
web-health-certificate = Certificate (TLS)
web-health-certificate-good = Good until { $time }
web-health-certificate-soon = It ends on { $time }.
web-health-certificate-soon-todo = Please renew it. Where it is renewed automatically, the log says why that could not be done.
web-health-certificate-over = It ended on { $time }.
web-health-certificate-over-todo = Please renew it now. Where it is renewed automatically, the log says why that could not be done.
web-health-certificate-own = It was made here, at the first start (until { $time }). Nobody who verifies accepts it.
web-health-certificate-own-todo = Please get one from a certificate authority, and name it as tls.certificate and tls.key in the configuration, or have it ordered automatically (tls.acme).
web-health-certificate-unknown = It cannot be read.
web-health-certificate-unknown-todo = Please look at the file that tls.certificate names.
