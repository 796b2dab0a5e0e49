# A section administrator's screens: policies
policies = Policies
policies-mean = How this section's files are kept and its mail is handled. A change holds for mail that comes, and files that are sent, after it.
policies-change = Change
policies-back = Back to the policies
policies-recipients = Recipients
policies-recipients-mean = Who may receive, how recipients prove who they are, and how long files are kept.
policies-files = Attachments
policies-files-mean = Which attachments are accepted. A mail that does not comply is not delivered, and its sender is told why.
policies-approval = Approval
policies-approval-mean = Whether an approver must agree before files are handed over. Where a group has a rule of its own, that one counts.
policies-people = Signing in
policies-people-mean = The passwords of this section's users, and from where screens and the API may be used.
policies-notice = Notice
policies-notice-mean = The notice that stands in the body of a mail whose attachments were taken off.
policies-contract = Set by the operator
policies-contract-mean = Your contract, and what concerns DNS and the mail server. Please ask the operator to change any of it.

policy-access = How recipients prove who they are
policy-access-hint = With several, each of them does. What was sent before keeps its own ways.
policy-access-password-in-mail = File password in the mail
policy-access-one-time-code = Code mailed to the recipient
policy-access-account = Signing in with an account
policy-keep_days = Days that files are kept
policy-keep_days-hint = The day of sending is the first.
policy-keep_days-value = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
policy-longest_keep_days = Longest days after an extension
policy-longest_keep_days-hint = The limit where a sender or administrator keeps files longer. The day of sending is the first.
policy-longest_keep_days-value = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
policy-max_recipients = Most recipients of a mail
policy-max_recipients-hint = In To, Cc and Bcc together.
policy-max_recipients-value = { $count }
policy-allowed_destinations = Allowed destinations
policy-allowed_destinations-hint = One a line: user@example.jp, example.jp or *.example.jp. If empty, files may go anywhere.
policy-allowed_destinations-none = Anywhere
policy-denied_destinations = Forbidden destinations
policy-denied_destinations-hint = Written like the ones above. Nothing is sent to these, even where they are allowed above.
policy-denied_destinations-none = None
policy-free_tries = Wrong tries without waiting
policy-free_tries-hint = After more wrong file passwords or codes than this, each further try has to wait.
policy-free_tries-value = { $count }
policy-max_tries = Wrong tries before a link is locked
policy-max_tries-value = { $count }
policy-lock_minutes = Minutes that a link stays locked
policy-lock_minutes-value = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}

policy-max_files = Most attachments of a mail
policy-max_files-value = { $count }
policy-max_subject = Most characters of a subject
policy-max_subject-value = { $count }
policy-names = Unusable or equal file names
policy-names-persons = Stop where the sender gave the name, repair others
policy-names-all = Always stop the mail
policy-names-repair = Always repair the name
policy-forbidden_names = Forbidden file names
policy-forbidden_names-hint = One a line, like *.exe. * stands for any characters, ? for one. Upper and lower case are the same.
policy-forbidden_names-none = None
policy-open_tnef = Open winmail.dat
policy-open_tnef-hint = The files in Outlook's winmail.dat are taken out. If it is not opened, it is kept as it came.
policy-encrypted_files = Encrypted files
policy-encrypted_files-hint = Archives with a password, for example: the virus check cannot look into them.
policy-encrypted_files-stop = Stop the mail
policy-encrypted_files-pass = Accept, and tell recipients that it was not checked
policy-files_past_scan_limits = Files past the limits of the virus check
policy-files_past_scan_limits-hint = Too large, for example: the virus check cannot look into all of them.
policy-files_past_scan_limits-stop = Stop the mail
policy-files_past_scan_limits-pass = Accept, and tell recipients that it was not checked

policy-approval = Approval
policy-approval-hint = Where it is needed, recipients have no link until an approver agrees.
policy-approval-none = Not needed
policy-approval-one = One of the approvers must agree
policy-approval_days = Days to wait for approval
policy-approval_days-hint = Counted from the day after sending. Then it is rejected and the files are deleted.
policy-approval_days-value = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
policy-unapproved-title = Nobody can approve
policy-unapproved = What users of these groups send must be approved, and nobody can approve it: their mail with attachments is returned. Please name an approver, or change the rule.

policy-password_length = Fewest characters of a password
policy-password_length-value = { $count }
policy-password_days = Days that a password is good
policy-password_days-value = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
policy-password_days-none = No limit
policy-sign_in_tries = Wrong tries before an account is locked
policy-sign_in_tries-value = { $count }
policy-second_factor = Two-step verification
policy-second_factor-optional = Everybody decides for themselves
policy-second_factor-required = Required of everybody
policy-screen_networks = From where the screens may be used
policy-screen_networks-hint = One a line: 203.0.113.0/24 or 2001:db8::/32. If empty, from anywhere. Recipients' pages are not concerned.
policy-screen_networks-none = Anywhere
policy-api_networks = From where the API may be used
policy-api_networks-hint = Written like the ones above. A mail gateway on another server must be among them.
policy-api_networks-none = Anywhere

policy-language = Language of the notice
policy-language-auto = That of the mail
policy-language-ja = Japanese
policy-language-en = English
policy-language-both = Japanese and English
policy-notice_position = Place of the notice
policy-notice_position-top = Above the body
policy-notice_position-end = Below the body
policy-time_zone = Time zone
policy-time_zone-hint = For example Asia/Tokyo. Expiry is counted by the dates of this time zone, too.
policy-notice_wording = Your own words above the notice
policy-notice_wording-hint = Whom to ask, for example: plain text of at most 2,000 characters.
policy-notice_wording-none = None

policy-max_deposit_size = Most that one mail's files may have together
policy-domains = Domains
policy-domains-none = None
policy-link_url = Links begin with
policy-link_url-none = This service's own address
policy-mail_link = Mail-link option
policy-autopilot = Autopilot (use by programs)
policy-proof = What proves that a mail is yours
policy-proof-spf = SPF
policy-proof-dkim = DKIM signature
policy-proof-secret-header = Header field with a secret
policy-secret_header = Name of the field with the secret
policy-secret_header-none = None
policy-on = On
policy-off = Off
policy-yes = Yes
policy-no = No
policy-flag = Enabled

policy-range = A whole number from { $least } to { $most }.
policy-range-or-none = A whole number from { $least } to { $most }. If empty, there is no limit.
policy-faults = Please look at these. Nothing was changed.
policy-fault-number = Please enter a whole number from { $least } to { $most }.
policy-fault-word = Please choose one of the list.
policy-fault-none-chosen = Please choose at least one.
policy-fault-tries = This must be at least “Wrong tries without waiting”.
policy-fault-destination = “{ $entry }” is neither a mail address nor a domain.
policy-fault-network = “{ $entry }” is neither an IP address nor a network.
policy-fault-beyond = “{ $entry }” is an address within a network. Write { $whole } for the whole network, or the address without its length.
policy-fault-many = Please enter at most { $count }.
policy-fault-long-entry = Each may have at most { $count } characters.
policy-fault-long-text = Please use at most { $count } characters.
policy-fault-zone = There is no time zone “{ $entry }”.
policy-fault-shuts-out = Your own address ({ $address }) is not among these. You could not use the screens any more.

policy-preview = Preview
policy-preview-do = Preview without saving
policy-previewing = Nothing was saved yet. Please look at the preview below.
policy-preview-unsaved = What recipients would see with what you entered. Nothing was saved yet.
policy-preview-mean = What recipients see with the present settings.
policy-preview-all = Every mail
policy-preview-ja = Mail in Japanese
policy-preview-en = Mail in English
policy-preview-html = As HTML
policy-preview-text = As plain text
policy-sample-sender = Taro Yamada <taro.yamada@example.jp>
policy-sample-subject = Our quotation
policy-sample-file = Quotation.pdf
policy-sample-other-file = Details.xlsx
policy-sample-body = Dear customer, please find our quotation attached. Kind regards

web-done-policies-changed = Saved.

# Mail-link settings and their check
mail-link = Mail-link settings
mail-link-mean = What this section's mail is accepted by. Here you can see whether DNS and the mail server are set up as they must be.
mail-link-group = Mail-link group
mail-link-group-mean = Of senders who have an account, those in this group can send attachments.
mail-link-group-none = There is no such group, so every mail with attachments is stopped and its sender told. Please choose one on the groups’ pages.
mail-link-default = Default user
mail-link-default-mean = This user deposits for senders who have no account. Any other user can be made the default user on their own page.
mail-link-default-none = Mails with attachments from senders who have no account are stopped, and the senders told. To have them deposited, make somebody the default user on that user’s page.
mail-link-none = None
mail-link-proof-spf = The SPF record of your domain says that a mail comes from your own server.
mail-link-proof-dkim = A DKIM signature of your domain says that a mail is yours.
mail-link-proof-secret-header = A header field with a secret, which only your mail server adds, says that a mail is yours.
mail-link-check = Set-up check
mail-link-check-mean = Looks at SPF, DKIM, DMARC, certificates and more, as others see them. It changes nothing.
mail-link-check-do = Check the set-up
mail-link-check-again = Check again
mail-link-check-time = This may take up to a minute.
mail-link-check-not = The set-up was not checked
mail-link-check-busy = Another check is under way. Please try again in a moment.
mail-link-check-late = It took too long: DNS seems to be slow. Please try again later.
mail-link-check-failed = It cannot be checked just now. Please try again later, and ask the operator if this goes on.
mail-link-check-well = Nothing was found that must be mended.
mail-link-check-wrong = { $count ->
    [one] { $count } thing
   *[other] { $count } things
} must be mended.
mail-link-well = Right
mail-link-unknown = Not known
mail-link-warning = Take care
mail-link-wrong = Wrong
mail-link-next = What to do:{" "}
mail-link-ask-operator = Please ask the operator.
mail-link-away = This cannot be looked at just now.
mail-link-area-dns = DNS
mail-link-area-tls = Certificate
mail-link-area-spf = SPF
mail-link-area-dkim = DKIM
mail-link-area-dmarc = DMARC
mail-link-area-section = Section
mail-link-area-access = Proving recipients
mail-link-area-storage = Database
