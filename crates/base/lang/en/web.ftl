# The recipient's pages
web-skip = Skip to content
web-languages = Language
web-unscanned = This service does not check files for viruses. Please scan them with your own antivirus software before you open them.
web-service-of = File delivery service of { $section }

web-password-page = Receive files
web-files-page = Files for you
web-arrived-from = {" "}
web-arrived-from-address = {" "}
web-arrived = has sent you { $count ->
    [one] a file
   *[other] { $count } files
}
web-from = From
web-to = To
web-subject = Subject
web-no-subject = (no subject)
web-sent = Sent
web-expires = Available until
web-file-count = { $count ->
    [one] { $count } file
   *[other] { $count } files
}
web-total = { $size } in total
web-left-today = last day today
web-left-days = { $count ->
    [one] { $count } day left
   *[other] { $count } days left
}

web-open-title = Open the files
web-password = File password
web-password-hint = You find it in the sender’s mail. If it is not there, please ask the sender.
web-password-hint-person = The sender tells you it, apart from the notice. If they have not yet, please ask them.
web-show = Show
web-hide = Hide
web-open = Open
web-stranger = If you do not know the sender or expect nothing like this, do not enter anything; just close this page.

web-not-proven-title = Please prove again that it is you
web-not-proven = Some time has passed, or this is another browser, so the files cannot be shown.
web-empty-title = No password was entered
web-empty = Please enter the file password, then press “Open”.
web-wrong-title = That password is not right
web-wrong = Upper and lower case count. When you copy it, please check that no character is missing at either end.
web-tries-left = After { $count ->
    [one] { $count } more wrong try
   *[other] { $count } more wrong tries
} in a row this link will be locked for a while.
web-wait-title = Please wait a moment
web-wait = You can try again at { $time }, in { $wait }.
web-wait-seconds = # s
web-wait-over = Thank you for waiting. You can try again now.
web-link-locked-title = This link is locked for a while
web-link-locked = There were too many wrong tries, so it was locked for safety. The files are still here.
web-link-locked-more = If it is urgent, please contact the sender.
web-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
web-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
web-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
web-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}

web-ways = You can open them in any of these ways.
web-way-password = With the file password
web-way-code = With a code by mail
web-way-account = By signing in
web-account-how = If you have an account with the address { $recipient }, you can sign in to open them.
web-account-sign-in = Sign in
web-account-other = You are signed in as { $name }, whose account does not open these files. If you have another one, please sign out, and open the URL again.
web-code = Code
web-code-hint = The 8 digits in the mail. If it does not arrive, please look into the spam folder too.
web-code-ask-how = To make sure that it is you, a code of 8 digits will be mailed to { $recipient }. Please enter it in this browser.
web-code-ask = Mail me a code
web-code-again = Mail another code
web-code-mailed = A code was mailed to { $recipient } at { $time }. It is good until { $until }.
web-code-empty-title = No code was entered
web-code-empty = Please enter the 8 digits in the mail, then press “Open”.
web-code-wrong-title = That code is not right
web-code-wrong = Please look at the 8 digits in the mail again. If you asked more than once, only the code that came last is good.
web-code-over-title = This code cannot be used
web-code-over = Its time is over, it was tried too often or used already, or another one was mailed after it.
web-code-over-more = Please ask for another one, and enter it in the same browser.
web-code-wait-title = No code can be mailed just now
web-code-wait = One was mailed a short while ago. Please look into the spam folder too.

web-files-title = Files
web-all = Download all (zip)
web-download = Download
web-octets = { $count } bytes
web-unchecked-encrypted = This file is encrypted, so the virus check could not look into it. Please open it only if you were expecting it from this sender.
web-unchecked-scan-limit = This file is too large or too complex to be checked for viruses completely. Please scan it with your own antivirus software before you open it.
web-copy = Copy
web-copied = Copied
web-digest-hint = With the SHA-256 value you can check that the file you received is the one that was sent.
web-close = Finish
web-close-hint = On a shared computer, please press this when you are done. To open the files again you will have to prove that it is you.

web-kind-pdf = PDF
web-kind-archive = Archive
web-kind-document = Document
web-kind-sheet = Spreadsheet
web-kind-slides = Presentation
web-kind-mail = Mail
web-kind-calendar = Appointment
web-kind-image = Picture
web-kind-audio = Audio
web-kind-video = Video
web-kind-text = Text
web-kind-file = File

web-home-title = { $brand }
web-home-lead = This is where files that were sent to you are handed over.
web-home-more = To receive files, please open the address in the deposit notice that you were mailed.
web-not-found-title = This page was not found
web-not-found-lead = The address may be incomplete or mistyped.
web-not-found-more = Please check it against the deposit notice that you were mailed.
web-expired-title = These files are no longer available
web-expired-lead = The time for receiving them is over, and they have been deleted.
web-expired-more = If you need them, please ask the sender to send them again.
web-unavailable-title = The files cannot be handed over just now
web-unavailable-lead = This is a temporary problem. The files are safe with us.
web-unavailable-more = Please try again in a little while.
web-damaged-title = This file cannot be handed over
web-damaged-lead = The stored file was found to be damaged, so the download was stopped.
web-damaged-more = Please ask the sender to send it again. We are sorry for the trouble.
web-infected-title = A virus was found
web-infected-lead = The check before the download found a virus in a file. For your safety, this file is not handed over.
web-infected-more = Please tell the sender what this page says. The other files can be downloaded one by one.
web-back = Back to the files
web-not-scanned-title = This file cannot be handed over
web-not-scanned-lead = The file is encrypted or too large, so it could not be checked for viruses before the download. This does not mean that a virus was found.
web-not-scanned-more = Please ask the sender to send it in another form. The other files can be downloaded one by one.
web-other-site-title = This was not accepted
web-other-site-lead = It seems to have been sent from another site.
web-other-site-more = Please open the address in your deposit notice again.
web-bad-form-title = What was sent could not be read
web-bad-form-lead = It is not in the form that this page expects.
web-bad-form-more = Please open the address in your deposit notice again.
web-method-title = This cannot be done here
web-method-lead = This page does not take that kind of request.
web-method-more = Please open the address in your deposit notice again.
web-range-title = The download cannot be continued
web-range-lead = The part that was asked for is not in this file.
web-range-more = Please delete what was saved so far and download it from the beginning.

# Accounts
web-sign-in = Sign in
web-sign-out = Sign out
web-sign-in-name = Login ID
web-sign-in-name-hint = The login ID that your invitation showed, or your company mail address.
web-own-password = Password
web-sign-in-help = If you have forgotten your password, ask your administrator to reset it.
web-sign-in-empty-title = Something is missing
web-sign-in-empty = Please enter your login ID and your password.
web-sign-in-refused-title = You could not be signed in
web-sign-in-refused = The login ID or the password is wrong, the account is locked, or signing in is not permitted from the network that you are in. Upper and lower case matter.
web-sign-in-refused-more = Too many wrong passwords lock an account. Your administrator can unlock it.
web-sign-in-many-title = Please wait a while
web-sign-in-many = After many failed sign-ins from your network, further ones are paused. Please try again in about { $wait }.
web-done-password-set = Your password is set. You can sign in now.
web-done-password-changed = Your password was changed. All other devices were signed out.
web-done-signed-out = You are signed out.
web-done-over = You were signed out because your session had ended. Please sign in again.
web-done-there = That device was signed out.
web-done-elsewhere = All other devices were signed out.
web-done-code-late = The code came too late. Please sign in again.
web-done-second-factor-off = Two-step verification is off. All other devices were signed out.
web-invited = Set your password
web-invited-lead = Choose the password that you will use with { $brand }.
web-invited-until = Good until
web-invited-set = Set this password
web-invited-stranger = If you did not expect this, enter nothing and close this page.
web-address = Mail address
web-new-password = New password
web-new-password-hint = At least { $count } characters. A longish phrase that you remember easily and use nowhere else is best.
web-new-password-again = New password, once more
web-current-password = Current password
web-change-password = Change password
web-change-password-do = Change
web-change-password-hint = All other devices will be signed out.
web-must-change = Your password has expired. Choose a new one to go on.
web-back-to-me = Back
web-unfit-title = This password cannot be used
web-unfit-short = Please use at least { $count } characters.
web-unfit-long = Please use at most { $count } characters.
web-unfit-name = It must not be your login ID, your mail address or your name.
web-unfit-simple = It repeats too few characters. Please use more different ones.
web-unfit-common = Many people use this one, so it is easily guessed. Please choose another.
web-unfit-same = Please choose one that differs from your current password.
web-unfit-differs = The two entries are not the same. Please enter the new password twice again.
web-unfit-current-title = Your password was not changed
web-unfit-current = The current password is wrong, or the account is locked.
web-me = Your account
web-section = Section
web-role = Role
web-role-operator = Operator
web-role-administrator = Section administrator
web-role-user = User
web-password-set = Set on
web-password-expires = Expires
web-password-never = Never
web-approvals = Approvals
web-approvals-waiting = { $count ->
    [0] Nothing waits for your approval.
    [one] { $count } request waits for your approval.
   *[other] { $count } requests wait for your approval.
}
web-approvals-none = Nothing waits for your approval.
web-approval = Request for approval
web-approval-to = To
web-approval-recipients = { $count ->
    [one] { $count } recipient
   *[other] { $count } recipients
}
web-approval-files = { $count ->
    [one] { $count } file
   *[other] { $count } files
}
web-approval-approved = Approved
web-approval-rejected = Rejected
web-approval-late = Rejected: not decided in time
web-approval-withdrawn = Taken back by the sender
web-decide-by = Decide by
web-decided-lately = Decided lately
web-decide = Approve
web-decide-means = The recipients are then mailed their links at once, and can download the files.
web-approve = Approve
web-reject-title = Reject
web-reject-means = The files are then deleted, and the reason is mailed to the sender.
web-reason = Reason
web-reject = Reject
web-reason-missing-title = This was not rejected
web-reason-missing = Please enter a reason of at most { $count } characters.
web-decided-already-title = This is decided already
web-decided-already = Another approver was quicker, the sender took it back, or it was too late. What you did just now has changed nothing.
web-back-to-approvals = Back to approvals
web-done-approved = Approved. The recipients are being mailed their links.
web-done-rejected = Rejected. The files are deleted, and the sender is told.
web-sessions = Signed-in devices
web-session-made = Signed in { $time }
web-session-seen = Last used { $time }
web-session-this = This device
web-session-unknown = Unknown browser
web-session-here = (the network that you are in now)
web-sessions-end = Sign out other devices
web-sessions-which = Which to sign out
web-sessions-all = All other devices
web-sessions-refused-title = Nothing was signed out
web-sessions-hint = If you do not recognise one, sign it out and change your password.
web-second = Two-step verification
web-second-standing = State
web-second-on = On
web-second-none = Off
web-second-change = Change two-step verification
web-second-lead = The password for { $name } is right. Now please enter a code.
web-second-code = Code
web-second-code-hint = The 6 digits that your authenticator app shows.
web-second-lost = Without the app
web-recovery-code = Recovery code
web-recovery-code-hint = One of the codes of 16 characters that were shown when two-step verification was set up. Each works once.
web-recovery-use = Sign in with a recovery code
web-second-lost-all = If you have no recovery code either, ask your administrator to turn two-step verification off.
web-second-other = Sign in with another account
web-second-empty-title = No code was entered
web-second-empty = Please enter the 6 digits that your authenticator app shows.
web-second-refused-title = The code was not accepted
web-second-refused = The code is wrong or was used already, or the account is locked. If the app still shows the code that you have just used, please wait for the next one.
web-second-must = Two-step verification is required. Please set it up to go on.
web-second-means = When you sign in you enter, besides your password, a code of 6 digits that an authenticator app shows. Nobody can sign in with your password alone.
web-second-apps = You need an authenticator app, on your phone for example (Google Authenticator, Microsoft Authenticator or another).
web-second-password-hint = Please enter it again, so that we know that it is you.
web-second-begin = Set up two-step verification
web-second-begun = You have begun to set it up. If the key is in your app already, enter the code that the app shows. The key cannot be shown again.
web-second-again = Start again
web-second-begin-again = Show a new key
web-second-begin-refused-title = It could not be set up
web-second-begin-refused = The password is wrong, or the account is locked.
web-second-not-confirmed-title = That code is not right
web-second-not-confirmed = Please look at the 6 digits in your app again. If the clock of your phone is wrong, its codes are too.
web-second-over-title = It was not set up
web-second-over = The key was shown too long ago, or you have started again on another page. Please start again.
web-second-key-title = Add the key to your app
web-second-scan = Scan this QR code with your authenticator app.
web-second-qr = QR code for an authenticator app. If you cannot scan it, enter the key below.
web-second-open-app = Add it to an app on this device
web-second-account = Account
web-second-key = Key
web-second-key-hint = If you cannot scan the QR code, enter this key in your app (type: time based). It is shown only now. Do not let anybody else see it.
web-second-confirm = Confirm and turn on
web-second-cancel = Cancel
web-recovery-codes = Recovery codes
web-recovery-left = { $count } left
web-second-is-on = Two-step verification is on. All other devices were signed out.
web-recovery-made = Here are new recovery codes. The old ones do not work any more.
web-recovery-keep = If you lose your phone, you can sign in with one of these instead of the app’s code. Print them or write them down, and keep them where nobody else sees them.
web-recovery-once = They are shown only now. Each works once.
web-recovery-kept = I have kept them
web-recovery-new = New recovery codes
web-recovery-new-means = When few are left, or somebody else may have seen them: you get ten new ones, and all old ones stop working.
web-recovery-new-do = Make new codes
web-second-off = Turn two-step verification off
web-second-off-means = To change to another phone, turn it off and set it up again.
web-second-either = Code or recovery code
web-second-off-do = Turn off
web-second-either-hint = The 6 digits that your authenticator app shows, or a recovery code. Each is good once: if the app still shows the code that you have just used, please wait for the next one.
web-recovery-refused-title = No recovery codes were made
web-many-wrong = After many wrong passwords or codes from your network, further ones are paused. Please try again in about { $wait }.
web-second-off-refused-title = It was not turned off
web-second-off-refused = The password or the code is wrong, the code was used already, or the account is locked.
web-invitation-title = This link cannot be used
web-invitation-lead = It has expired, was used already, or the URL is cut off.
web-invitation-more = If you have not set a password yet, ask your administrator for a new link.
web-busy-title = This cannot be done just now
web-busy-lead = This is a temporary problem. Nothing that you entered has taken effect yet.
web-busy-more = Please try again in a little while.
web-stale-title = This was not accepted
web-stale-lead = You have signed in again since the page was opened, or another site sent this. Nothing was changed.
web-stale-more = Please open the page again and repeat what you did.
web-elsewhere-title = Not from this network
web-elsewhere-lead = You may not use this service from the network that you are in now.
web-elsewhere-more = If you are signed in, you stay so: go on from your office network, say. If you should be able to work from here, please ask your administrator.
web-no-site-title = Nothing is at this address
web-no-site-lead = The name in the address is not one under which this service can be reached.
web-no-site-more = Please check the address against the mail that you came from.
web-no-page-title = There is no such page
web-no-page-lead = The address is wrong, or the page is not for the account that is signed in.
web-no-page-more = {""}
web-closed-title = Closed for maintenance
web-closed-lead = { $brand } is closed for maintenance just now, and cannot hand over files.
web-closed-more = It is planned to open again on { $until }. Your files are kept safe: please come back then.

# What was sent
web-sent-list = Sent
web-section-list = All deposits of the section
web-search = Search subject, recipients and senders
web-search-do = Search
web-search-none = Nothing matches.
web-sent-none = Nothing has been sent yet.
web-and-more = {" "}and { $count } more
web-newest = Newest
web-older = Older
web-stands = Status
web-stands-sent = Available
web-stands-waiting = Waiting for approval
web-stands-rejected = Rejected
web-rejected-why = Why it was rejected
web-stands-expired = Expired
web-stands-cancelled = Cancelled
web-taken-none = Not downloaded yet
web-taken-some = Downloaded by { $taken } of { $count }
web-taken-all = Downloaded by everybody
web-recipients = Recipients
web-link-unopened = Not opened yet
web-link-opened = Opened, not downloaded yet
web-link-opened-at = First opened { $time }
web-link-took-some = { $taken } of { $count } files downloaded
web-link-took-all = All files downloaded
web-link-cancelled = Cancelled { $time }
web-download-by = signed in as { $name }
web-download-part = not to the end
web-as-default-user = Deposited by the default user, as the sender has no account
web-cancelled-at = Cancelled
web-cancelled-by = by { $name }
web-files-gone = The files have been deleted.
web-extend = Keep longer
web-extend-until = Available until the end of
web-extend-hint = { $time } at the latest. Recipients see the new date on the download page; no mail is sent.
web-extend-do = Keep longer
web-extend-title = The date was not changed
web-extend-unread = Please enter a date.
web-extend-not-later = Please choose a date after the current one.
web-extend-too-late = Please choose a date up to { $time }.
web-cancel = Cancel
web-cancel-means = All recipients' links stop working at once, and the files are deleted. This cannot be undone.
web-cancel-whole = Cancel this deposit
web-cancel-one = Cancel for this recipient
web-cancel-one-means = This recipient's link stops working at once. The other recipients can go on downloading. This cannot be undone.
web-cancel-ask = Cancel this?
web-cancel-took = What has been downloaded already cannot be taken back.
web-cancel-do = Cancel and delete the files
web-cancel-one-do = Cancel for this recipient
web-cancel-not = Back
web-back-to-list = Back to the list
web-done-deposit-cancelled = The deposit was cancelled. Nobody can download its files any more.
web-done-link-cancelled = It was cancelled for this recipient.
web-done-deposit-extended = The files are kept longer.
web-deposit-over-title = This cannot be done
web-deposit-over-lead = The deposit has ended or was cancelled already.
web-deposit-over-more = {""}
web-cancelled-title = These files are no longer offered
web-cancelled-lead = The sender's side has cancelled this, so no files can be downloaded by this link.
web-cancelled-more = If you have questions, please ask the sender.

# The audit log (X-AUDIT)
web-audit = Audit log
web-audit-means = Sign-ins, changes of settings, deposits, downloads and more. Lines are kept for 5 years; one that is changed or removed later is found.
web-audit-installation = The whole installation
web-audit-section = Whose
web-audit-from = From
web-audit-until = Until
web-audit-event = What happened
web-audit-any = Anything
web-audit-text = Text
web-audit-text-hint = Stands in a name, an IP address, an object or the details.
web-audit-search = Show
web-audit-none = There are no such lines.
web-audit-object = Object:
web-audit-details = Details
web-audit-older = Older lines
web-audit-newest = Back to the newest
web-audit-csv = Save as CSV

# Sending
web-new = Send files
web-message = Message
web-new-recipients-hint = Mail addresses, one a line or with commas between them. Each recipient gets a notice of their own.
web-new-message-hint = Stands in the deposit notice. May be left empty.
web-new-lang = Language of the notices
web-new-lang-both = Japanese and English
web-new-files-hint = Up to { $count } files, { $size } together.
web-new-drop = Drag files here, or choose them.
web-new-remove = Remove
web-new-again = Stopped half-way. To go on, choose the same file again.
web-new-going = Uploading
web-new-whole = Uploaded
web-new-waiting = The connection was lost. The upload goes on where it was as soon as it is back.
web-new-large = Too large to be sent. Please remove it.
web-new-failed = This could not be uploaded. Please open the page again.
web-new-sending = Checking for viruses and sending…
web-new-unsent = Please wait until everything is uploaded. Files that stopped half-way: choose them again, or remove them.
web-new-send = Send
web-new-pass = The file password is made for you, and shown on the page that follows. Please pass it on by another way than mail.
web-new-code = Recipients open the files with a code that is mailed to their own address.
web-new-account = Recipients can open the files by signing in with the account that has their address.
web-new-faults = This was not sent
web-new-faults-more = Please check what is marked. Everything that you entered and uploaded is still here.
web-new-busy-title = This cannot be sent just now
web-new-busy = This is a temporary problem. Everything that you entered and uploaded is still here. Please press "Send" again in a little while.
web-pass-on = Please tell the recipients the file password by another way than mail (by telephone or chat, say).
web-pass-show = Show the file password
web-done-sent = Sent. The recipients get their deposit notices.
web-done-asked = Approvers were asked. Nothing reaches the recipients before one of them approves; until when they can is said below.
web-fault-no-recipient = Please enter a recipient.
web-fault-many-recipients = There can be { $count } recipients at most.
web-fault-recipient-malformed = This is not a mail address: { $name }
web-fault-recipient-twice = This recipient stands there twice: { $name }
web-fault-recipient-restricted = Your section does not allow this recipient: { $name }
web-fault-no-approver = Nobody can approve what you send. Please tell your section administrator.
web-fault-no-subject = Please enter a subject.
web-fault-subject-long = The subject can have { $count } characters at most.
web-fault-subject-character = The subject has a character that cannot be used: { $name }
web-fault-message-long = The message can have { $count } characters at most.
web-fault-no-file = Please choose a file.
web-fault-many-files = There can be { $count } files at most.
web-fault-file-part = This is not wholly uploaded. Choose it again, or remove it: { $name }
web-fault-file-name = This name is too long, or has a character that cannot be used: { $name }
web-fault-file-twice = Two files have this name: { $name }
web-fault-file-forbidden = Your section does not allow files of this name: { $name }
web-fault-files-large = Files can have { $size } together at most.
web-fault-file-infected = A virus was found: { $name } ({ $finding })
web-fault-file-unchecked = This is encrypted or too large to be checked for viruses: { $name }

# What was received
web-received = Received files
web-received-to = Files that were sent to { $address }.
web-received-none = You have not received any files.
web-received-by-link = Please open these files by the URL in the deposit notice that you were mailed.
web-back-to-received = Back to received files
