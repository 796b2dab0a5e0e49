-- What else is told of a delivery than that it failed, and that one address is told of once.

ALTER TABLE deliveries ADD COLUMN relayed {{bool}};       -- taken by a host that confirms no delivery, and its sender asked for one
ALTER TABLE deliveries ADD COLUMN delay_told_at {{int}};  -- when it was told that it takes long (or seen that nobody is to be told)
ALTER TABLE deliveries ADD COLUMN told_by {{text}};       -- the notification that told how it ended; NULL: none did
CREATE INDEX deliveries_relayed ON deliveries (outgoing) WHERE relayed AND told_at IS NULL;
CREATE INDEX deliveries_late ON deliveries (queued_at) WHERE state = 'queued' AND delay_told_at IS NULL;
CREATE INDEX mails_by_deposit ON mails (section, deposit) WHERE deposit IS NOT NULL;
