import type { ActionEntry, ActionStep } from '../domain/acceptance';
import { canonicalIdentity } from '../domain/identity';
import type { RecordStore } from '../domain/ports';
import { bug, timestamp } from './checks';
import type { LogEvents } from './log-events';
import { actionColumns, readAction, readActionStep } from './rows';
import type { RecordSession } from './session';

/** Journal of what is done to devices at their servers after they were recorded. */
export class ActionRecord {
  readonly #session: RecordSession;
  readonly #events: LogEvents;

  constructor(session: RecordSession, events: LogEvents) {
    this.#session = session;
    this.#events = events;
  }

  /** The same action a second time changes nothing. @throws ImprintError unexpected where another one has its id */
  startAction(action: Parameters<RecordStore['startAction']>[0]): Promise<void> {
    return this.#session.write(() => {
      const startedAt = timestamp(action.startedAt);
      const known = this.#action(action.actionId);
      if (known !== undefined) {
        if (!isSameStart(known, { ...action, startedAt })) throw bug(`Action ${action.actionId} is about something else`);
        return;
      }
      this.#session.run(
        `INSERT INTO actions (action_id, action, device_id, server_url, server_device_id, auth_set_id, identity, state, started_by, started_at, reason)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'started', ?, ?, ?)`,
        action.actionId,
        action.action,
        action.deviceId ?? null,
        action.serverUrl,
        action.serverDeviceId,
        action.authSetId ?? null,
        canonicalIdentity(action.identity),
        action.by,
        startedAt,
        action.reason ?? null,
      );
    });
  }

  /** @throws ImprintError unexpected where the action is unknown or has ended in the other state */
  endAction(actionId: string, state: 'done' | 'failed', sentence: string, at: string): Promise<void> {
    return this.#session.write(() => {
      const moment = timestamp(at);
      const action = this.#action(actionId);
      if (action === undefined) throw bug(`Action ${actionId} ends without having started`);
      if (action.state === state) return;
      if (action.state !== 'started') throw bug(`Action ${actionId} is ${action.state} and cannot become ${state}`);
      this.#session.run('UPDATE actions SET state = ?, ended_at = ?, sentence = ? WHERE action_id = ?', state, moment, sentence, actionId);
      if (state === 'done') this.#events.actionDone(action, this.#endDevice(action, moment), moment);
    });
  }

  /** @throws ImprintError unexpected where the action is unknown or has ended */
  addActionStep(actionId: string, { part, sentence, at }: ActionStep): Promise<void> {
    return this.#session.write(() => {
      const action = this.#action(actionId);
      if (action?.state !== 'started') throw bug(`Action ${actionId} is not under way`);
      this.#session.run('INSERT INTO action_steps (action_id, part, sentence, done_at) VALUES (?, ?, ?, ?) ON CONFLICT (action_id, part) DO NOTHING', actionId, part, sentence, timestamp(at));
    });
  }

  unfinishedActions(): Promise<readonly ActionEntry[]> {
    return this.#session.read(() =>
      this.#session.all(`SELECT ${actionColumns} FROM actions WHERE state = 'started' ORDER BY sequence`).map((row) => this.#read(row)),
    );
  }

  /** Newest first. */
  ofDevice(deviceId: string): readonly ActionEntry[] {
    const rows = this.#session.all(`SELECT ${actionColumns} FROM actions WHERE device_id = ? ORDER BY sequence DESC`, deviceId);
    return rows.map((row) => this.#read(row));
  }

  /** @returns whether the recorded device has become decommissioned */
  #endDevice(action: ActionEntry, moment: string): boolean {
    if (action.action !== 'decommission' || action.deviceId === undefined) return false;
    // A device whose job is not over stays reserved: the end of that job decides about it.
    const changes = this.#session.run(
      `UPDATE devices SET state = 'decommissioned', updated_at = ? WHERE device_id = ? AND state IN ('preauthorized', 'accepted')`,
      moment,
      action.deviceId,
    );
    return changes === 1;
  }

  #action(actionId: string): ActionEntry | undefined {
    const row = this.#session.get(`SELECT ${actionColumns} FROM actions WHERE action_id = ?`, actionId);
    return row === undefined ? undefined : this.#read(row);
  }

  #read(row: unknown): ActionEntry {
    const { actionId } = readAction(row, this.#session.path);
    const steps = this.#session.all('SELECT part, sentence, done_at FROM action_steps WHERE action_id = ? ORDER BY sequence', actionId);
    return readAction(row, this.#session.path, steps.map((step) => readActionStep(step, this.#session.path)));
  }
}

function isSameStart(known: ActionEntry, action: Omit<ActionEntry, 'state' | 'endedAt' | 'sentence' | 'steps'>): boolean {
  return (
    known.action === action.action &&
    known.deviceId === action.deviceId &&
    known.serverUrl === action.serverUrl &&
    known.serverDeviceId === action.serverDeviceId &&
    known.authSetId === action.authSetId &&
    canonicalIdentity(known.identity) === canonicalIdentity(action.identity) &&
    known.by === action.by &&
    known.startedAt === action.startedAt &&
    known.reason === action.reason
  );
}
