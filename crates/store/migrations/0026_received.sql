-- What somebody received (X-RECEIVE): a recipient's links by their address, as addresses are compared.

ALTER TABLE links ADD COLUMN address {{text}};   -- NULL: handed out by a node that did not know this column
UPDATE links SET address = LOWER(recipient);
CREATE INDEX links_of_address ON links (address, id);
