# A mail was stopped: the notice to its sender (crates/gateway/src/stop.rs).
stopped-subject = [Not sent] { $subject }
stopped-intro = Your mail was not delivered, for the reasons below. None of its attachments were kept.
stopped-intro-held = Your mail was not delivered, for the reasons below. It is kept so that the operator can look at it.
stopped-mail-subject = Subject of the mail: { $subject }
stopped-mail-time = Received: { $time }
stopped-reference = Reference number: { $reference } ({ $codes })

# The deposit notice: to each recipient, with a link of their own (crates/exchange/src/notice.rs).
deposit-notice-lead = { $sender } has sent you files.
deposit-notice-how = To download them, open the page below and enter the file password.
deposit-notice-password-in-mail = You will find the file password in the sender's mail.
deposit-notice-password-elsewhere = Please ask the sender for the file password.
deposit-notice-open = Get the files
deposit-notice-url = If the button does not open, please paste this URL into your browser.
deposit-notice-sender = Sender
deposit-notice-subject = Subject
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
