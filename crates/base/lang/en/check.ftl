# The set-up check (crates/fubako/src/check).
check-title = The installation
check-title-section = Section { $section }
check-well = Nothing is wrong ({ $warnings } warnings, { $unknown } could not be looked at).
check-not-well = To be mended: { $wrong } ({ $warnings } warnings, { $unknown } could not be looked at).
check-database-there = The database answers.
check-database-away = The database does not answer: { $cause }
check-database-away-next = See whether the database runs, and at database.url.
check-storage-works = The storage of files ({ $about }) can be written to, read from and deleted from.
check-storage-away = The storage of files ({ $about }) cannot be used: { $cause }
check-storage-away-next = See at its free space, its permissions and the settings of files. Until then no mail can be taken.
check-clock-right = The clock agrees with { $about }.
check-clock-off = The clock is { $seconds } seconds away from { $about }.
check-clock-off-next = Turn on time synchronisation (chrony, systemd-timesyncd): signatures, certificates and expiry depend on it.
check-clock-away = The time server { $about } does not answer, so the clock was not compared.
check-clock-away-next = Name a time server that can be reached in check.time_server.
check-clock-not-asked = The clock was not compared (check.time_server is empty).
check-clock-not-asked-next = Name a time server in check.time_server to have it compared.
check-host-there = The host name { $about } has an address in DNS.
check-host-missing = The host name { $about } has no address in DNS.
check-host-missing-next = Publish an A (or AAAA) record for { $about }, or give a name that has one in smtp.hostname.
check-reverse-there = { $about } leads back to { $host }.
check-reverse-missing = { $about } does not lead back to { $host }.
check-reverse-missing-next = Have your provider set the reverse record (PTR) of { $about } to { $host }. Many servers refuse mail from a host without one.
check-dns-away = DNS gave no answer about { $about }: { $cause }
check-dns-away-next = See whether the DNS servers (dns.servers) answer, and run this again.
check-url-safe = The download page is at { $about }.
check-url-not-safe = The address of the download page, { $about }, is not https://.
check-url-not-safe-next = Give an https:// address in http.public_url: file passwords would travel unencrypted.
check-certificate-good = The certificate of { $about } is valid.
check-certificate-soon = The certificate of { $about } ends within 21 days.
check-certificate-soon-next = Renew the certificate.
check-certificate-wrong = The certificate of { $about } is not good: { $cause }
check-certificate-wrong-next = Give a certificate of a public authority for { $about }, with its intermediates, in tls.certificate and tls.key.
check-certificate-awaited = No certificate has come by ACME yet (for { $about }, among others).
check-certificate-awaited-next = The log of fubako serve says why (ACME). Port 443 of every name must lead to http.listen.
check-certificate-self-signed = The certificate for SMTP is one that was made here ({ $about }).
check-certificate-self-signed-next = Give one of a public authority in tls.certificate and tls.key, or have it ordered automatically (tls.acme). Mail servers that verify it (Exchange Online, for one) cannot connect otherwise.
check-certificate-provider = { $about } sends from { $provider }, and the certificate for SMTP is one that was made here: set up as the guide says, { $provider } verifies it and does not connect.
check-certificate-provider-next = Give a certificate of a public authority in tls.certificate and tls.key.
check-listener-there = Connections are taken at { $about } (seen from this machine).
check-listener-silent = Nothing takes connections at { $about }.
check-listener-silent-next = If fubako serve runs here, see at its log. Where it does not run here, or not now, all may be well.
check-smarthost-there = The smarthost { $about } answers, and has TLS.
check-smarthost-plain = The smarthost { $about } answers, without TLS.
check-smarthost-plain-next = Turn on STARTTLS at the smarthost.
check-smarthost-away = The smarthost { $about } cannot be reached: { $cause }
check-smarthost-away-next = See at relay.smarthost, and at the way there (firewalls).
check-scanner-finds = The scanner ({ $about }) found the test file ({ $found }).
check-scanner-none = No scanner is used (scanner.clamd = "none").
check-scanner-none-next = Set up clamd and name it in scanner.clamd.
check-scanner-away = The scanner ({ $about }) cannot be used: { $cause }
check-scanner-away-next = See whether clamd runs, and at scanner.clamd. Until then attachments wait and are not deposited.
check-scanner-blind = The scanner ({ $about }) does not find the test file (EICAR).
check-scanner-blind-next = See at clamd's signatures (freshclam).
check-scanner-tells-encrypted = The scanner ({ $about }) tells an encrypted archive, which it cannot look into, apart from a clean one.
check-scanner-passes-encrypted = The scanner ({ $about }) calls an encrypted archive clean, which it cannot look into.
check-scanner-passes-encrypted-next = Add the line AlertEncrypted yes to clamd.conf and restart clamd.
check-scanner-stops-early = The scanner ({ $about }) does not find a virus that lies beside an encrypted file in an archive.
check-scanner-stops-early-next = Set HeuristicScanPrecedence to no in clamd.conf (or take the line out) and restart clamd.
check-scanner-tells-limits = The scanner ({ $about }) tells an archive past its limits, which it does not look into wholly, apart from a clean one.
check-scanner-passes-limits = The scanner ({ $about }) calls an archive clean that is past its limits, which it does not look into wholly.
check-scanner-passes-limits-next = Add the line AlertExceedsMax yes to clamd.conf (leave MaxRecursion at its default) and restart clamd.
check-spf-passes = SPF of { $about } lets { $host } send.
check-spf-missing = { $about } has no SPF record.
check-spf-missing-next = Publish one as a TXT record of { $about } that names { $host }, such as v=spf1 a:{ $host } -all. Without it relayed mail and deposit notices are taken for spam.
check-spf-not-us = SPF of { $about } does not let { $host } ({ $address }) send: { $cause }
check-spf-not-us-next = Add a:{ $host }, or ip4/ip6 with { $address }, to the SPF record of { $about }.
check-spf-broken = The SPF record of { $about } has a mistake: { $cause }
check-spf-broken-next = Mend it. It may ask DNS ten times at most.
check-spf-unknown = Whether SPF of { $about } lets the host that our mail leaves from ({ $host }) send cannot be seen from here.
check-spf-unknown-next = See that the addresses that the smarthost sends from are in the SPF record of { $about }.
check-record-twice = { $about } has more than one record { $version }.
check-record-twice-next = Make one of them: where there are more, none counts.
check-dkim-published = The DKIM key { $about } is published as it is.
check-dkim-missing = The DKIM key { $about } is not published.
check-dkim-missing-next = Publish this as the TXT record of { $about }: { $record }
check-dkim-different = The DKIM key that is published as { $about } is not the one that we sign with.
check-dkim-different-next = Change the TXT record of { $about } to: { $record }
check-dkim-none = There is no key to sign for { $about }: relayed mail is signed with our own domain.
check-dkim-none-next = Make keys on the section’s page (as an operator), or add { $about } to dkim in the declaration and run fubako apply; publish the records that are shown.
check-dkim-key = The key to sign for { $about } cannot be opened: { $cause }
check-dkim-key-next = See that the master key (keys.master) is this installation's.
check-dmarc-published = The DMARC policy of { $about } is { $policy }.
check-dmarc-missing = { $about } has no DMARC record.
check-dmarc-missing-next = We advise to begin with v=DMARC1; p=none; rua=mailto:(where reports go) as the TXT record of _dmarc.{ $about }.
check-dmarc-broken = The DMARC record of { $about } has a mistake: { $record }
check-dmarc-broken-next = Say none, quarantine or reject in p=.
check-mx-there = { $about } takes mail, so notices reach its senders.
check-mx-missing = { $about } has no MX record, so notices to its senders may not arrive.
check-mx-missing-next = Publish an MX record for { $about }.
check-section-on = Section { $about } has on what it needs.
check-section-off = Section { $about } is off.
check-section-off-next = Set enabled = true in the declaration and run fubako apply.
check-option-off = Section { $about } has the mail-link option off: its mail is not taken.
check-option-off-next = Set mail_link = true in the declaration and run fubako apply.
check-autopilot-off = Section { $about } has autopilot off: attachments cannot be deposited.
check-autopilot-off-next = Set autopilot = true in the declaration and run fubako apply.
check-domains-missing = Section { $about } has no domain: no mail is taken for it.
check-domains-missing-next = Add the domains that it sends from to domains in the declaration.
check-mail-link-group-missing = Section { $about } has no mail-link group: all its mail with attachments is stopped (group-not-set).
check-mail-link-group-missing-next = Give one group mail_link = true in the declaration, put the users who send attachments and the default user into it (group), and run fubako apply.
check-access-password = The recipients of section { $about } open files with a file password. Password and URL come by the same way (mail), which protects little. With access = ["one-time-code"] nothing secret is in the relayed mail.
check-access-code = In section { $about } nothing secret is in the relayed mail: recipients open files with a code that is mailed to their own address.
check-access-account = Files of section { $about } can be opened only by recipients who have an account here.
check-access-account-next = Where it sends to others too, add "one-time-code" to access.
check-approvers-there = In section { $about } there are approvers for what group { $group } sends.
check-approvers-missing = In section { $about } what group { $group } sends must be approved, and there is no approver who has chosen a password: it is stopped (approval-misconfigured).
check-approvers-missing-next = Give users approver = true in the declaration (and name them in the group's approvers, where it has that list), run fubako apply, and invite them with fubako operator reset { $about }/LOGIN.
check-approver-alone = In section { $about } there is one approver only for what group { $group } sends. What that approver sends is stopped (approval-misconfigured), and while they are away everything waits.
check-approver-alone-next = Give another user approver = true in the declaration (and name them in the group's approvers, where it has that list), run fubako apply, and invite them with fubako operator reset { $about }/LOGIN.
check-default-user-there = In section { $about } the default user, { $user }, deposits for senders who have no account.
check-default-user-missing = Section { $about } has no default user: mail with attachments of senders who have no account is stopped (default-user-credentials).
check-default-user-missing-next = Unless every sender has an account, give one user of the mail-link group default_user = true in the declaration and run fubako apply.
check-default-user-no-group = The default user of section { $about }, { $user }, is not in the mail-link group ({ $group }): mail with attachments of senders who have no account is stopped (default-user-no-group).
check-default-user-no-group-next = Set group = "{ $group }" for { $user } in the declaration and run fubako apply.
check-default-user-locked = The default user of section { $about }, { $user }, is locked: mail with attachments of senders who have no account is stopped (default-user-locked).
check-default-user-locked-next = Find out who, or what program, entered wrong passwords, and run fubako operator unlock { $about }/{ $user }.
check-default-user-password-reset = The default user of section { $about }, { $user }, had its password reset, and none was set since: mail with attachments of senders who have no account is stopped (default-user-password-reset).
check-default-user-password-reset-next = Open the link that the reset showed and set a password. Where it is over, fubako operator reset { $about }/{ $user } shows another.
check-default-user-password-expired = The default user of section { $about }, { $user }, has a password that has expired: mail with attachments of senders who have no account is stopped (default-user-password-expired).
check-default-user-password-expired-next = Give { $user } password_never_expires = true in the declaration and run fubako apply, or sign in as it and choose another password.
check-proof-shared = { $about } sends from { $provider }, and what proves its mail (proof) is spf: any other customer of { $provider } can send as this domain.
check-proof-shared-next = Change proof to secret-header (docs/administration.md, section 3; there are guides for Exchange Online and Google Workspace).
check-proof-replay = { $about } sends from { $provider }, and what proves its mail (proof) is dkim: any other customer of { $provider } who gets hold of a signed mail can send it again for a week, to whomever they like.
check-proof-replay-next = Change proof to secret-header (docs/administration.md, section 3); or take { $provider } out of the SPF record, where it sends nothing that goes through here.
check-proof-open = The SPF record of { $about } lets anybody send (all), and what proves its mail (proof) is spf: anybody can send as this domain.
check-proof-open-next = End the record with -all and name your own servers in it; or change proof to secret-header.
check-spf-open = The SPF record of { $about } lets anybody send (all), so it proves nothing to anybody.
check-spf-foreign = The SPF record of { $about } also permits whoever { $name } permits, which is not one of the section's domains.
check-spf-foreign-next = See who holds { $name }. If they send for others too, each of those can send as this domain: change proof to secret-header. If only your own mail leaves there, all is well.
check-spf-wide = The SPF record of { $about } permits a great many addresses ({ $ranges }), more than one organization's mail servers have.
check-spf-wide-next = Name the servers that send, one by one or by a small network. Whoever has one of the addresses can send as this domain.
check-spf-open-next = End the record with -all and name your own servers in it.
check-secret-set = Section { $about } has its secret header ({ $header }).
check-secret-missing = Section { $about } has secret-header as its proof, and no header name or no secret: its mail is not taken.
check-secret-missing-next = Give secret_header and secret in the declaration and run fubako apply.
check-networks-set = The screens of { $about } are open to the networks on its list, and those who look after it last signed in from there.
check-networks-shut-out = { $user } last signed in to { $about } from { $address }, which is not in the networks that its screens are open to.
check-networks-shut-out-next = If { $user } should work from there, add the network to screen_networks of the section and run fubako apply; for operators (installation), to http.operator_networks, and restart.
check-own-domain-there = Links on the section's own domain { $about } lead here.
check-own-domain-not-served = The own domain { $about } (link_url) is not among those that this installation serves: the section's mail with attachments is stopped (wrong-domain).
check-own-domain-not-served-next = Add { $about } to http.own_domains and restart, once DNS leads it here and there is a certificate for it; or take link_url out of the section's settings and run fubako apply.
check-own-domain-missing = The own domain { $about } has no address in DNS: recipients cannot open their links.
check-own-domain-missing-next = Publish an A, AAAA or CNAME record of { $about } that leads here.
check-own-domain-elsewhere = The own domain { $about } leads to another address than { $host }.
check-own-domain-elsewhere-next = If another proxy of yours, which leads here, has that address, all is well. If not, let { $about } lead where { $host } leads.
check-own-domain-certificate = The certificate that is shown over HTTPS is not good for the own domain { $about }: { $cause }
check-own-domain-certificate-next = Have a certificate made that names { $about } too, and put it into tls.certificate.

# The same on a section administrator's page (crates/fubako/src/check/door.rs)
check-dns-away-screens-what = { $about } could not be looked up in DNS.
check-dns-away-screens = Please try again later, and ask the operator if this goes on.
check-spf-unknown-screens-what = Whether SPF of { $about } lets this service send cannot be seen from here.
check-spf-unknown-screens = Ask the operator from which addresses this service sends, and see that they are in the SPF record of { $about }.
check-own-domain-certificate-screens-what = The certificate that is shown over HTTPS is not good for the own domain { $about }.
check-mail-link-group-missing-screens = On “Groups”, make one group the mail-link group, and put the users who send attachments and the default user into it.
check-access-password-screens-what = Recipients open files with a file password. Password and URL come by the same way (mail), which protects little. Choose the code mailed to the recipient, on “Policies”, and nothing secret is in the mail.
check-access-account-screens = If you send to others too, choose the code mailed to the recipient as well, on “Policies”.
check-approvers-missing-screens = On “Users”, name an approver and invite them (and choose them in the group, where it has approvers of its own).
check-approver-alone-screens = On “Users”, name at least one more approver and invite them (and choose them in the group, where it has approvers of its own).
check-default-user-missing-screens = Unless all senders have accounts, make a user of the mail-link group the default user, on “Users”.
check-default-user-no-group-screens = On “Users”, put { $user } into the group { $group }.
check-default-user-locked-screens = Find out who, or which program, had the wrong password; then unlock { $user } on “Users”.
check-default-user-password-reset-screens = Open the link that was mailed to { $user } and choose a password. If it is too late, invite them again on “Users”.
check-default-user-password-expired-screens = On “Users”, let the password of { $user } never expire; or sign in and choose another.
check-networks-shut-out-screens = If { $user } has to work from there, add it on “Policies”, “From where the screens may be used”.
