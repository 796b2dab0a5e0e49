-- What proves that a mail is a section's own.

ALTER TABLE sections ADD COLUMN sealed_secret {{blob}};  -- the secret header's, sealed by the vault as `secret-header`; NULL: none
ALTER TABLE mails ADD COLUMN results_field {{text}};     -- the Authentication-Results field that we put in front; NULL: none
