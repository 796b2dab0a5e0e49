# The notice that a relayed mail gains (crates/mail/src/notice).
mail-notice-title = The attachments are kept for you
mail-notice-kept = The files attached to this mail are kept in { $service }.
mail-notice-link = The link to download them comes in a separate mail with the subject “{ $subject }”.
mail-notice-approval = The files can be downloaded once they are approved on the sender’s side. The link then comes in a separate mail with the subject “{ $subject }”.
mail-notice-use-password = When you download them, please enter the file password below.
mail-notice-files = Files ({ $count })
mail-notice-more = and { $count } more
mail-notice-password = File password
mail-notice-sender = Sent by
mail-notice-time = Sent on
