-- With which browser somebody signed in, in words of ours: so they know their sessions apart (X-ACCOUNTS).

ALTER TABLE sessions ADD COLUMN browser {{text}} NOT NULL DEFAULT '';   -- '': not known
