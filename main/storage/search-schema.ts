/**
 * What people search by, as ranges of indexes: the parts of the identities, and who made a device.
 *
 * `identity_parts` has every three characters in a row of every value (https://sqlite.org/fts5.html#the_trigram_tokenizer):
 * a part of a label is found among a million in milliseconds. It keeps no text of its own, and is written by a trigger, so
 * it can say nothing that the devices do not.
 */
export const searchSchema = `
  CREATE VIRTUAL TABLE identity_parts USING fts5 (identity_values, content = '', columnsize = 0, tokenize = 'trigram');
  INSERT INTO identity_parts (rowid, identity_values)
    SELECT devices.sequence, (SELECT group_concat(attribute.value, char(10)) FROM json_each(devices.identity) AS attribute) FROM devices;

  CREATE TRIGGER identity_parts_begin AFTER INSERT ON devices
  BEGIN
    INSERT INTO identity_parts (rowid, identity_values)
      SELECT NEW.sequence, (SELECT group_concat(attribute.value, char(10)) FROM json_each(NEW.identity) AS attribute);
  END;

  CREATE INDEX jobs_of_operator ON jobs (operator, started_at, sequence);
`;
