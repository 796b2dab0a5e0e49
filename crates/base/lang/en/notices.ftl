# A mail was stopped: the notice to its sender (crates/gateway/src/notice.rs).
stopped-subject = [Not sent] { $subject }
stopped-no-subject = (no subject)
stopped-title = Your mail was not delivered
stopped-intro = Your mail was not delivered to the recipients listed below, for the following reasons. None of its attachments were kept.
stopped-intro-held = Your mail was not delivered to the recipients listed below, for the following reasons. It is kept so that the operator can look at it, but waiting alone will not deliver it.
stopped-next = What to do
stopped-name-characters = not allowed: { $characters }
stopped-name-length = length: { $octets } octets (at most 255)
stopped-unnamed = an attachment without a name (number { $number })
stopped-unnamed-kind = an attachment without a name (number { $number }, { $kind })
stopped-files-size = attachments together: { $total } (at most { $limit })
stopped-subject-length = the subject now: { $length } characters
stopped-more = and { $count } more
stopped-mail-subject = Subject
stopped-mail-recipients = Recipients
stopped-mail-time = Received
stopped-reference = Reference number
stopped-automatic = This mail was sent automatically by { $brand }. A reply is not read.

# The deposit notice: to each recipient, with a link of their own (crates/exchange/src/notice.rs).
deposit-notice-lead = { $sender } has sent you files.
deposit-notice-how = To download them, open the page below and enter the file password.
deposit-notice-password-in-mail = You will find the file password in the sender's mail.
deposit-notice-password-elsewhere = Please ask the sender for the file password.
deposit-notice-how-without-password = To download them, open the page below.
deposit-notice-code = To make sure that it is you, a code is mailed to this address when you ask for it on the page.
deposit-notice-code-too = Instead of the file password you can ask for a code on the page, which is mailed to this address.
deposit-notice-account = To make sure that it is you, please sign in with the account that has this address.
deposit-notice-account-too = If you have an account with this address, you can sign in instead.
deposit-notice-open = Get the files
deposit-notice-url = If the button does not open, please paste this URL into your browser.
deposit-notice-sender = Sender
deposit-notice-subject = Subject
deposit-notice-message = Message from the sender
deposit-notice-no-subject = (no subject)
deposit-notice-sent = Sent
deposit-notice-expires = Available
deposit-notice-until = until { $time }
deposit-notice-files = Files ({ $count })
deposit-notice-file = { $name } ({ $size })
deposit-notice-more = and { $count } more
deposit-notice-personal = This URL is meant for the recipient of this mail only. Please do not forward it.
deposit-notice-stranger = If you were not expecting this, please do not open the URL, and delete this mail.
deposit-notice-automatic = This mail was sent automatically by { $brand }. A reply goes to the sender.

# An approver is asked (crates/exchange/src/notice/request.rs).
approval-request-mail-subject = [Approval needed] { $subject }
approval-request-no-subject = (no subject)
approval-request-lead = { $sender } asks for approval to send files.
approval-request-how = Please look at the files, then approve or reject. Until then the recipients do not get them.
approval-request-sign-in = You will be asked to sign in. Opening the page approves nothing.
approval-request-open = Look at the request
approval-request-url = If the button does not open, please paste this URL into your browser.
approval-request-sender = Sender
approval-request-recipients = Recipients
approval-request-subject = Subject
approval-request-sent = Sent
approval-request-decide = Decide
approval-request-until = by { $time }
approval-request-files = Files ({ $count })
approval-request-file = { $name } ({ $size })
approval-request-more = and { $count } more
approval-request-one = Where there are several approvers, one of them decides for all.
approval-request-late = If nobody decides in time, the request is rejected and the files are deleted.
approval-request-automatic = This mail was sent automatically by { $brand }. A reply goes to the sender.

# A deposit was not approved: the notice to its sender (crates/exchange/src/notice/rejection.rs).
rejected-mail-subject = [Not approved] { $subject }
rejected-no-subject = (no subject)
rejected-title = Your files were not handed over
rejected-intro-mail = Your mail was delivered, but the recipients do not get the attached files, for the following reason. The files that were kept have been deleted.
rejected-intro = The recipients do not get the files that you sent, for the following reason. The files that were kept have been deleted.
rejected-reason = Reason
rejected-late = No approver agreed in time.
rejected-next = What to do
rejected-more = and { $count } more
rejected-subject = Subject
rejected-recipients = Recipients
rejected-files = Files
rejected-sent = Sent
rejected-approver = Approver
rejected-decided = Rejected
rejected-reference = Reference number
rejected-automatic = This mail was sent automatically by { $brand }. A reply is not read.

# A mail could not be delivered: the notification to its sender (crates/post/src/bounce.rs).
bounce-subject = [Not delivered] { $subject }
bounce-no-subject = (no subject)
bounce-intro = Your mail could not be delivered to the following recipients.
bounce-intro-deposit = The notice about the files you sent could not be delivered to the following recipients. They have not been told how to receive the files.
bounce-recipient = Recipient: { $recipient }
bounce-said = The server { $host } said: { $reply }
bounce-cause = Details: { $reply }
bounce-others = The other recipients of this mail are not affected.
bounce-mail-subject = Subject of the mail: { $subject }
bounce-mail-time = Received: { $time }
bounce-reference = Reference number: { $reference }
bounce-attached-mail = The mail as it was sent is attached, with the file password blanked out.
bounce-attached-header = The header of the mail as it was sent is attached.
relayed-subject = [Passed on] { $subject }
relayed-intro = You asked to be told when your mail is delivered. It was passed on to the mail servers of the following recipients. These servers confirm no deliveries, so you will hear no more of it.
relayed-to = Passed on to: { $host }
delayed-subject = [Delayed] { $subject }
delayed-intro = Your mail has not reached the following recipients yet. We go on trying until { $until } at the latest. You need not send it again; should it fail, we will tell you.
bounce-reason-no-mailbox = This address does not exist. Please check it for mistakes and send the mail again to the right address.
bounce-reason-no-domain = The domain (the part after the @) does not exist or takes no mail. Please check its spelling.
bounce-reason-bad-address = The address is written in a way that cannot be delivered to. Please check it.
bounce-reason-mailbox-full = The recipient's mailbox is full. Please tell them by another way, or send the mail again later.
bounce-reason-mailbox-closed = The recipient's mailbox takes no mail at present. Please ask them by another way.
bounce-reason-too-large = The mail is larger than the recipient's server takes. Please shorten it and send it again.
bounce-reason-loop = The way to the recipient leads back to where it began. Please tell the recipient's mail administrator.
bounce-reason-expired = We tried again and again, but could not deliver the mail in the time allowed. Please send it again later, or reach the recipient by another way.
bounce-reason-unreachable = The recipient's server could not be reached. Please send the mail again later, or reach the recipient by another way.
bounce-reason-policy = The recipient's server refused this mail by its own rules. Please ask the recipient or your mail administrator.
bounce-reason-refused = The recipient's server refused this mail. Please show the reply below to your mail administrator.

invitation-mail-subject = [{ $brand }] Please choose your password
invitation-mail-lead = An administrator of { $section } has set up your { $brand } account.
invitation-mail-how = Please choose your own password on the page below. If you had a password before, it no longer works.
invitation-mail-open = Choose a password
invitation-mail-url = If the button does not open, please paste this URL into your browser.
invitation-mail-sign-in = Sign-in name
invitation-mail-names = { $name } or { $address }
invitation-mail-until = Good until
invitation-mail-once = { $time }, once
invitation-mail-secret = Whoever has this URL can set the password. Please do not forward it.
invitation-mail-stranger = If it has expired, or you did not expect it, please ask your company’s administrator.
invitation-mail-automatic = This mail was sent automatically by { $brand }.

# The mail with a code
code-mail-mail-subject = [{ $brand }] Your code to receive files
code-mail-lead = Here is the code with which you receive your files.
code-mail-how = Please enter these 8 digits on the page where you asked for the code.
code-mail-until = It is good until { $time } ({ $minutes } minutes), once, and only in the browser in which you asked for it.
code-mail-sender = Sender
code-mail-subject = Subject
code-mail-no-subject = (no subject)
code-mail-asked = Asked for
code-mail-stranger = If you did not ask for a code, do nothing and delete this mail. Never tell the code to anybody.
code-mail-automatic = This mail was sent automatically by { $brand }.

# The mail of what the operator announces
announcement-mail-subject = [{ $brand }] { $subject }
announcement-mail-lead = An announcement from { $brand }
announcement-mail-until = It stands on the screens too, until { $time }.
announcement-mail-why = You get this mail as an administrator of { $section }.
announcement-mail-automatic = This mail was sent automatically by { $brand }.
