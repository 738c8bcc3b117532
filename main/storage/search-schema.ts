/**
 * What the auditor's page looks for, as ranges of indexes: each value of each identity, and who made a device. The values are
 * kept by a trigger, so they can say nothing that the devices do not.
 */
export const searchSchema = `
  CREATE TABLE identity_values (
    value TEXT NOT NULL,
    sequence INTEGER NOT NULL REFERENCES devices (sequence),
    PRIMARY KEY (value, sequence)
  ) STRICT, WITHOUT ROWID;
  INSERT OR IGNORE INTO identity_values (value, sequence)
    SELECT lower(attribute.value), devices.sequence FROM devices, json_each(devices.identity) AS attribute;

  CREATE TRIGGER identity_values_begin AFTER INSERT ON devices
  BEGIN
    INSERT OR IGNORE INTO identity_values (value, sequence) SELECT lower(attribute.value), NEW.sequence FROM json_each(NEW.identity) AS attribute;
  END;

  CREATE INDEX jobs_of_operator ON jobs (operator, started_at, sequence);
`;
