/**
 * What the report of a shift and the dashboards need besides the journal: why a job failed, how many bytes a step moved, and
 * sums that a month is read from in milliseconds however many devices there are.
 *
 * `work_counts` has rows for quarters of an hour, for hours and for six hours (UTC, their numbers since 1970). Whole days
 * everywhere are made of them, also where a time zone is half an hour off: most of a day out of a few long ones, so that a
 * month is a few thousand rows. Triggers keep them in the transaction of what they count, so they can say nothing that the
 * jobs do not. An accepted device counts at the moment in which its card was done.
 */

/** In SQL: 1 where the last decided try of the board before this job had not failed. */
const firstTry = (job: string): string => `(SELECT ifnull((
      SELECT earlier_job.state FROM devices AS own CROSS JOIN devices AS earlier ON earlier.identity = own.identity AND earlier.sequence < own.sequence
      CROSS JOIN jobs AS earlier_job ON earlier_job.device_id = earlier.device_id
      WHERE own.device_id = ${job}.device_id AND earlier_job.state NOT IN ('cancelled', 'open', 'waiting') ORDER BY earlier.sequence DESC LIMIT 1
    ), '') NOT IN ('failed', 'compensated'))`;

/** Seconds; each a whole multiple of the one before. */
export const countedWidths = [900, 3600, 21_600] as const;
const widths = `(SELECT column1 AS width FROM (VALUES ${countedWidths.map((width) => `(${String(width)})`).join(', ')})) AS widths`;
const number = (column: string): string => `unixepoch(${column}) / widths.width`;
const counted = 'ON CONFLICT (width, number, slot, outcome, cause) DO UPDATE SET jobs = jobs + excluded.jobs, first_tries = first_tries + excluded.first_tries';
const decided = `('done', 'failed', 'compensated')`;

export const reportSchema = `
  ALTER TABLE jobs ADD COLUMN cause TEXT CHECK (cause <> '');
  ALTER TABLE steps ADD COLUMN bytes INTEGER CHECK (bytes >= 0);
  CREATE INDEX jobs_ended ON jobs (ended_at, sequence) WHERE ended_at IS NOT NULL;
  CREATE INDEX log_checkpoints_kept ON log_checkpoints (kept_at, sequence);

  CREATE TABLE work_counts (
    width INTEGER NOT NULL CHECK (width IN (${countedWidths.join(', ')})),
    number INTEGER NOT NULL,
    slot TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('started', 'done', 'failed', 'compensated', 'cancelled', 'accepted')),
    cause TEXT NOT NULL,
    jobs INTEGER NOT NULL CHECK (jobs > 0),
    first_tries INTEGER NOT NULL CHECK (first_tries BETWEEN 0 AND jobs),
    PRIMARY KEY (width, number, slot, outcome, cause)
  ) STRICT, WITHOUT ROWID;

  INSERT INTO work_counts (width, number, slot, outcome, cause, jobs, first_tries)
    SELECT widths.width, ${number('jobs.started_at')}, jobs.slot, 'started', '', count(*), 0 FROM jobs CROSS JOIN ${widths} GROUP BY 1, 2, 3;
  INSERT INTO work_counts (width, number, slot, outcome, cause, jobs, first_tries)
    SELECT widths.width, ${number('ended.ended_at')}, ended.slot, ended.state, '', count(*), sum(ended.first_try)
    FROM (SELECT jobs.ended_at, jobs.slot, jobs.state, iif(jobs.state IN ${decided}, ${firstTry('jobs')}, 0) AS first_try FROM jobs WHERE jobs.ended_at IS NOT NULL) AS ended
    CROSS JOIN ${widths} GROUP BY 1, 2, 3, 4;
  INSERT INTO work_counts (width, number, slot, outcome, cause, jobs, first_tries)
    SELECT widths.width, ${number('jobs.ended_at')}, jobs.slot, 'accepted', '', count(*), 0
    FROM acceptances CROSS JOIN devices USING (sequence) CROSS JOIN jobs ON jobs.device_id = devices.device_id CROSS JOIN ${widths}
    WHERE acceptances.accepted_at IS NOT NULL AND jobs.state = 'done' GROUP BY 1, 2, 3;

  CREATE TRIGGER jobs_are_counted AFTER INSERT ON jobs
  BEGIN
    INSERT INTO work_counts (width, number, slot, outcome, cause, jobs, first_tries)
      SELECT widths.width, ${number('NEW.started_at')}, NEW.slot, 'started', '', 1, 0 FROM ${widths} WHERE TRUE ${counted};
  END;

  CREATE TRIGGER ends_are_counted AFTER UPDATE OF state ON jobs WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
  BEGIN
    INSERT INTO work_counts (width, number, slot, outcome, cause, jobs, first_tries)
      SELECT widths.width, ${number('NEW.ended_at')}, NEW.slot, NEW.state, ifnull(NEW.cause, ''), 1, iif(NEW.state IN ${decided}, ${firstTry('NEW')}, 0) FROM ${widths} WHERE TRUE ${counted};
    INSERT INTO work_counts (width, number, slot, outcome, cause, jobs, first_tries)
      SELECT widths.width, ${number('NEW.ended_at')}, NEW.slot, 'accepted', '', 1, 0 FROM devices CROSS JOIN acceptances USING (sequence) CROSS JOIN ${widths}
      WHERE NEW.state = 'done' AND devices.device_id = NEW.device_id AND acceptances.accepted_at IS NOT NULL ${counted};
  END;

  CREATE TRIGGER acceptances_are_counted AFTER UPDATE OF accepted_at ON acceptances WHEN OLD.accepted_at IS NULL AND NEW.accepted_at IS NOT NULL
  BEGIN
    INSERT INTO work_counts (width, number, slot, outcome, cause, jobs, first_tries)
      SELECT widths.width, ${number('jobs.ended_at')}, jobs.slot, 'accepted', '', 1, 0 FROM devices CROSS JOIN jobs ON jobs.device_id = devices.device_id CROSS JOIN ${widths}
      WHERE devices.sequence = NEW.sequence AND jobs.state = 'done' ${counted};
  END;
`;

/** In SQL, for the report of single jobs: whether the last decided try of the board before this one had failed. */
export const triedAgain = `NOT ${firstTry('jobs')}`;
