# The operator's screens: sections
web-contracts = Sections
web-contracts-means = A section is one customer. The operator decides the contracted size, the domains and the options; the section’s administrators decide its other settings and its users. Not even the operator sees what is in a file.
web-contracts-search = Search by ID, name or domain
web-contracts-found = { $count ->
    [one] 1 section
   *[other] { $count } sections
  }
web-contracts-none = There are no sections yet.
web-contracts-first = First page
web-contracts-more = More
web-contracts-back = Back to the sections
web-contract-new = Add a section
web-contract-in-use = In use
web-contract-off = Switched off
web-contract-no-domain = no domain
web-contract-more-domains = and { $count } more
web-contract-size = { $size } contracted
web-contract-users = { $count ->
    [one] 1 user
   *[other] { $count } users
  }
web-contract-kept = { $count ->
    [one] 1 file kept
   *[other] { $count } files kept
  }
web-contract-administrators = Administrators
web-contract-administrator-none = none
web-contract-more-administrators = and { $count } more
web-contract-id = Section ID
web-contract-id-hint = Up to 64 of a–z, 0–9 and hyphens. People sign in with it. It cannot be changed later.
web-contract-name = Name
web-contract-name-hint = Recipients are shown it.
web-contract-domains-hint = One a line. Mail that comes from these is taken, and from domains below them (mail.example.jp). Mail of a domain that is taken out is neither taken nor signed any more.
web-contract-mail-link = Mail link
web-contract-autopilot = Autopilot
web-contract-options = Options
web-contract-mail-link-long = Mail link (the gateway deposits the attachments of its mail)
web-contract-autopilot-long = Autopilot (programs may use the API; the gateway is one of them)
web-contract-size-hint = A whole number. 1 KB is 1,024 bytes. The section’s administrators cannot change it.
web-contract-unit = Unit
web-contract-unit-B = bytes
web-contract-unit-KB = KB
web-contract-unit-MB = MB
web-contract-unit-GB = GB
web-contract-unit-TB = TB
web-contract-first-administrator = First administrator
web-contract-first-administrator-hint = The URL of a page where they choose a password is mailed to this address. It works once, for 24 hours.
web-contract-login-hint = For signing in. It cannot be changed later. Up to 64 letters, digits and the like.
web-contract-make = Add
web-contract-change = Contract
web-contract-change-means = What the file of “fubako apply” names is set by the file each time it is applied. Leave out of it what you keep here.
web-contract-standing = At present
web-contract-files = Files kept
web-contract-files-value = { $count ->
    [one] 1 file, { $size }
   *[other] { $count } files, { $size }
  }
web-contract-by-file = The next three are set by “fubako apply”.
web-contract-domain = Domain
web-contract-dkim = DKIM keys
web-contract-dkim-means = Mail from a domain that has keys is signed for that domain when it is relayed, and mail from others with this system’s own domain.
web-contract-keys = has keys
web-contract-keys-none = no keys
web-contract-dkim-none = There are no keys for this domain. Mail is signed with this system’s own domain when it is relayed.
web-contract-dkim-make-means = Once keys are made, mail is signed for this domain within three minutes. Make them when the records that are shown then can be published in the domain’s DNS at once: until they are, receivers cannot verify the signatures.
web-contract-dkim-make = Make keys
web-contract-dkim-publish = Please publish these TXT records in the domain’s DNS.
web-contract-dkim-name = Name
web-contract-dkim-stay = In a zone file, a value is written as strings of up to 255 characters, each in quotes. The keys are the domain’s: given to another section, it keeps them, and the records hold. “fubako check” tells whether they are published.
web-contract-neighbours = Domains above or below other sections’
web-contract-below = “{ $own }” lies below “{ $other }” of section { $section }. Mail from “{ $own }” and from below it is taken as this section’s.
web-contract-above = “{ $other }” lies below “{ $own }”, but is section { $section }’s. Mail from “{ $other }” and from below it is not taken as this section’s.
web-contract-back = Back to the section
web-contract-audit = Show the audit log
web-contract-switch-off = Switch it off
web-contract-switch-on = Switch it on
web-contract-off-title = Switch this section off?
web-contract-off-short = Its mail is refused then, and nobody of it can sign in, nor anybody fetch its files. Nothing is deleted.
web-contract-off-mail = New mail is refused (the sending server is answered 550). A mail that was taken and not deposited yet is stopped, and its sender told.
web-contract-off-people = Neither users nor administrators can sign in. Those who are signed in are out at once.
web-contract-off-links = Recipients cannot fetch files by the links that they have. Files are kept no longer for it: those whose time is over are deleted. What waits for approval is rejected, unless the section is on again in time.
web-contract-off-programs = Programs cannot use the API.
web-contract-off-kept = Users, settings and files are not deleted. Switched on again, the section is as it was.
web-contract-off-do = Switch off
web-contract-on-title = Switch this section on?
web-contract-on-means = Its mail is taken, its people sign in, files are fetched and programs use the API again, at once. Files whose time was over meanwhile do not come back.
web-contract-on-do = Switch on
web-contract-not = Leave it
web-contract-fault-id = Please use up to 64 of a–z, 0–9 and hyphens, not beginning with a hyphen.
web-contract-fault-own-id = This ID cannot be used.
web-contract-fault-id-taken = There is a section with this ID already.
web-contract-fault-name = Please enter a name on one line, of up to { $count } characters that can be seen.
web-contract-fault-domain = “{ $domain }” is not a domain.
web-contract-fault-wild-domain = “{ $domain }” cannot be registered. A registered domain stands for those below it too.
web-contract-fault-many-domains = Please enter at most { $count } domains.
web-contract-fault-domain-taken = Section { $section } has “{ $domain }” already.
web-contract-fault-size = Please enter a whole number, from 1 byte to 1,024 TB.
web-contract-stale = Somebody has changed this section since you opened the page. Nothing was saved. Please look at what differs, then save again.
web-contract-busy = Somebody else changes it at the same time. Please try again.
web-done-section-made = The section was added, and its first administrator invited by mail. For attachments to be deposited, they still have to choose a mail-link group and a default user on their screens.
web-done-section-changed = Saved.
web-done-section-off = The section was switched off.
web-done-section-on = The section was switched on.
web-done-keys-made = The keys were made. Please publish these records in DNS.
