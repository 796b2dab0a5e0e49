# The screens of a section's administrators: users and groups
web-users = Users
web-users-search = Search users
web-users-found = { $count ->
    [one] 1 user
   *[other] { $count } users
  }
web-users-first = First page
web-users-more = More
web-users-back = Back to the users
web-user-new = Add a user
web-user-no-account = Not invited
web-user-good = Active
web-user-locked = Locked
web-user-not-used = Invitation expired
web-user-invited-until = Invited (until { $time })
web-user-reset = No password (invitation expired)
web-user-expired = Password expired
web-user-off = Section not in use
web-user-administrator = Administrator
web-user-approver = Approver
web-user-default = Default user
web-user-administrator-long = Administrator (handles this section’s users, settings and records)
web-user-approver-long = Approver (may approve what others send)
web-user-default-long = Default user (deposits attachments for senders who have no account; only one user)
web-user-never-long = The password never expires
web-user-roles = Roles
web-user-login-hint = For signing in. It cannot be changed later. Up to 64 letters, digits and the like.
web-user-moves = With another address, the present password and two-step verification are void, and an invitation goes to the new address.
web-user-address-hint = Attachments of mails from this address are deposited by this user. The invitation goes here too.
web-user-group-hint = To deposit attachments of mails, a user must be in the mail-link group.
web-user-no-group = (none)
web-user-save = Save
web-user-add = Add
web-user-account = Account
web-user-invite = Send an invitation
web-user-invite-means = Sends the URL of a page where they choose a password to the user’s address. It works once, for 24 hours.
web-user-reset-do = Reset the password
web-user-reset-means = The password stops working and open sessions end. The URL of a page where they choose another goes to the user’s address.
web-user-unlock = Unlock
web-user-unlock-means = Wrong passwords, one after another, locked this account.
web-user-second-off = Turn two-step verification off
web-user-second-off-means = For someone who lost both their phone and their recovery codes. First make sure, by telephone for example, that it is really them who asks.
web-user-remove = Remove this user
web-user-remove-ask = Remove this user?
web-user-remove-means = They can no longer sign in. What they deposited stays, and administrators can take it back.
web-member-remove-do = Remove
web-member-remove-not = Do not remove
web-members-changed = Another administrator changed something at the same time. Please look again.
web-members-fault-title = This could not be saved
web-member-fault-login-id = A login ID has letters, digits, “.”, “_”, “-”, “+” and “@”, up to { $count } characters.
web-member-fault-login-id-taken = This login ID is in use.
web-member-fault-address = This is not a mail address.
web-member-fault-address-taken = User { $name } has this mail address.
web-member-fault-name = A name has up to { $count } characters.
web-member-fault-group-taken = There is a group with this name.
web-member-fault-no-group = There is no group { $name }.
web-member-fault-group-in-use = { $count ->
    [one] One user is
   *[other] { $count } users are
  } in this group. Please move them to another group first.
web-member-fault-group-awaited = { $count ->
    [one] One deposit waits
   *[other] { $count } deposits wait
  } for this group’s approvers. The group can be removed once they are approved, rejected or cancelled.
web-member-fault-no-approver = User { $name } is named as an approver of group { $group }. Please change the group first, or leave the user an approver.
web-member-fault-oneself = You cannot stop being an administrator yourself. Please ask another administrator.
web-member-fault-more = There are more faults. Please mend these first, then try again.
web-unread-too-long = What stands in the column { $name } is too long.
web-unread-stopped = There are too many faults to read on. Please mend these first, then try again.
web-member-fault-stale = Somebody changed this after you opened the page. Nothing was saved. Look at what differs, then save again.
web-stale-field = { $name }: it is now “{ $is }”; you entered “{ $entered }”.
web-stale-none = none
web-stale-yes = yes
web-member-fault-no-user = This user is gone.
web-member-fault-two-defaults = There can be one default user only.
web-member-fault-too-many = A section has up to { $count } users.
web-field-login_id = Login ID
web-field-name = Name
web-field-address = Mail address
web-field-group = Group
web-field-administrator = Administrator
web-field-approver = Approver
web-field-default_user = Default user
web-field-password_never_expires = Password never expires
web-field-mail_link = Mail link
web-field-approval = Approval
web-field-approvers = Approvers

web-groups = Groups
web-groups-mean = Groups sort users, and decide whether what they send must be approved.
web-groups-none = There are no groups yet.
web-groups-no-link-title = There is no mail-link group
web-groups-no-link = All mail with attachments is returned to its sender. Please make one group the mail-link group.
web-groups-back = Back to the groups
web-group-new = Add a group
web-group-add = Add
web-group-name = Name of the group
web-group-users = { $count ->
    [one] 1 user
   *[other] { $count } users
  }
web-group-link = Mail link
web-group-link-long = Users of this group may deposit attachments of their mails (only one group)
web-group-mail-link = { $name } (mail link)
web-group-approval = Approval
web-group-approval-section = As the section has it
web-group-approval-none = Not needed
web-group-approval-one = Needed (by one of the approvers)
web-group-whose = Who approves
web-group-whose-all = All approvers of the section
web-group-whose-chosen = Only these
web-group-no-approvers = This section has no approvers. They are named on the users’ pages.
web-group-remove = Remove this group
web-group-remove-ask = Remove this group?
web-group-remove-means = A group with users in it cannot be removed.
web-group-remove-link = This is the mail-link group. Without it, all mail with attachments is returned to its sender.

web-export = Export as CSV
web-import = Import from CSV
web-import-means = Adds, changes and removes users by a CSV file. You see first what would change; nothing is changed until you confirm it.
web-import-file = File
web-import-other = Choose another file
web-import-choose = CSV file
web-import-hint = The first line names the columns (login_id, name, address, group, administrator, approver, default_user, password_never_expires), in any order; what has no column stays as it is. “yes” stands for yes. UTF-8 and Shift_JIS are read.
web-import-remove = Remove users who are not in the file
web-import-look = See what would change
web-import-summary = { $added } to add, { $changed } to change, { $removed } to remove
web-import-nothing = This file changes nothing.
web-import-not-yet = Nothing has been changed yet.
web-import-do = { $count ->
    [one] Make this change
   *[other] Make these { $count } changes
  }
web-import-added = Added
web-import-differs = Changed
web-import-removed = Removed
web-import-empty = (none)
web-import-more = and { $count } more
web-import-more-faults = and { $count } more
web-import-line = Line { $line }: { $words }
web-import-fault-title = This file cannot be imported. Nothing was changed
web-import-changed-title = Please look again. Nothing was changed
web-import-changed = Another administrator changed something meanwhile.
web-unread-fields = It has another number of columns than the first line.
web-unread-column = There is no column “{ $name }”.
web-unread-column-twice = Column “{ $name }” stands there twice.
web-unread-no-login-ids = The first line has no column “login_id”.
web-unread-yes-or-no = “{ $word }” in column “{ $name }” should be yes, or empty.
web-unread-twice = Login ID { $name } stands there twice.

web-done-user-added = The user was added. Send an invitation, and they can sign in.
web-done-user-changed = Saved.
web-done-user-invited = The URL of the page for a new password was mailed.
web-done-user-unlocked = The account was unlocked.
web-done-user-second-factor-off = Two-step verification was turned off for this user.
web-done-user-removed = The user was removed.
web-done-users-imported = The users of the file were taken over.
web-done-group-added = The group was added.
web-done-group-changed = Saved.
web-done-group-removed = The group was removed.
