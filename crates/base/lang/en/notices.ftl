# placeholder

# A mail was stopped: the notice to its sender (crates/gateway/src/stop.rs).
stopped-subject = [Not sent] { $subject }
stopped-intro = Your mail was not delivered, for the reasons below. None of its attachments were kept.
stopped-mail-subject = Subject of the mail: { $subject }
stopped-mail-time = Received: { $time }
stopped-reference = Reference number: { $reference } ({ $codes })

# The deposit notice: to each recipient, with a link of their own (crates/exchange/src/notice.rs).
deposit-notice-lead = { $sender } has sent you files.
deposit-notice-how = To download them, open the page below and enter the file password.
deposit-notice-password-in-mail = You will find the file password in the mail from { $sender }.
deposit-notice-password-elsewhere = Please ask { $sender } for the file password.
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
