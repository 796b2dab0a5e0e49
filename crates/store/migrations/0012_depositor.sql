-- Who deposits (MAIL-SENDER): noted with the deposit, since the user may be removed later.

ALTER TABLE deposits ADD COLUMN depositor {{text}};        -- the user's login id; NULL: begun before this was noted
ALTER TABLE deposits ADD COLUMN as_default_user {{bool}};  -- whether for a sender who has no account
