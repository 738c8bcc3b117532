import type { Requirement } from '../contract/window-rights';
import type { CommandContext } from './commands/arguments';

type Asked = Pick<CommandContext, 'values' | 'positionals'>;

/** Of `log`. `key` and `receipt` ask for more by themselves where something must be made or signed first. */
const logRights: Readonly<Record<string, Requirement>> = { 'checkpoint': 'keep-log', 'anchor': 'keep-log', 'cosign': 'keep-log', 'renew-key': 'renew-log-key' };

/** Of `operators`. Whoever changes their own PIN gives it to the very call that changes it: it is tried once. */
const operatorRights: Readonly<Record<string, Requirement>> = { 'init': 'anybody', 'my-pin': 'own-account' };

const slotsRights: Readonly<Record<string, Requirement>> = { list: 'anybody', health: 'look' };

/**
 * Every command with what it takes where the station has operators; the window's table is contract/window-rights.ts.
 * anybody: it touches neither the record nor a card nor a server.
 *
 * SECURITY: asked before the command begins. A command without a line does not compile. What stands under `look` is open to
 * an auditor.
 */
const commandRights = {
  'provision': 'provision',
  'inspect': 'anybody',
  'verify-card': 'look',
  // It looks at this computer and at whether the record can be opened: also where nobody can sign in any more.
  'doctor': 'anybody',
  // The same for somebody elsewhere: a file of the person's own, without a secret.
  'diagnostics': 'anybody',
  'drives': ({ values }: Asked) => (values['reset'] === undefined ? 'anybody' : 'provision'),
  'slots': ({ positionals }: Asked) => slotsRights[positionals[0] ?? 'list'] ?? 'provision',
  'command-codes': 'anybody',
  'status': ({ values }: Asked) => (values['watch'] === true ? 'ask-server' : 'look'),
  'list': 'look',
  'recover': 'provision',
  'outbox': ({ values }: Asked) => (values['profile'] === undefined ? 'look' : 'provision'),
  'watch': 'ask-server',
  'batch': ({ positionals }: Asked) => (['list', 'show', undefined].includes(positionals[0]) ? 'look' : 'manage-batches'),
  'sign-off': 'sign-off',
  'decommission': 'decommission',
  'label': ({ positionals, values }: Asked) => (positionals[0] === 'print' || (positionals[0] === 'queue' && (values['profile'] !== undefined || values['decide'] !== undefined)) ? 'provision' : 'look'),
  'renew': 'provision',
  'certificates': 'look',
  'sign-request': 'provision',
  'import': 'import',
  'audit': 'look',
  // A PDF of the person's own; as an anchor it signs the log's head, and the record keeps that.
  'report': ({ values }: Asked) => (values['anchor'] === undefined ? 'look' : 'keep-log'),
  'dashboard': 'look',
  // It writes a folder of the person's own, and nothing of the station.
  'export': 'look',
  'verify-export': 'anybody',
  'verify-proof': 'anybody',
  'export-key': 'export-key',
  'log': ({ positionals }: Asked) => logRights[positionals[0] ?? 'status'] ?? 'look',
  'backup': 'keep-log',
  'restore': 'restore',
  'practice': 'anybody',
  'practice-server': 'anybody',
  'secret': 'give-secrets',
  // init asks nobody: it is refused where there is anybody to ask.
  'operators': ({ positionals }: Asked) => operatorRights[positionals[0] ?? 'list'] ?? 'manage-operators',
  // Looking into a file and at what is installed touches nothing of the station.
  'update': ({ positionals }: Asked) => (['check', 'feed', 'status', undefined].includes(positionals[0]) ? 'anybody' : 'update'),
  // As in the window: how it reads, and nothing of record, server or card.
  'language': 'anybody',
  'hooks': ({ positionals }: Asked) => (positionals[0] === undefined || positionals[0] === 'list' ? 'look' : 'integrate'),
  'integrate': 'integrate',
} as const satisfies Readonly<Record<string, Requirement | ((asked: Asked) => Requirement)>>;

export type CommandName = keyof typeof commandRights;

export const commandNames = Object.keys(commandRights) as readonly CommandName[];

/** These only touch what the practice bench has, which is nobody's. SECURITY: no other command may be let through by --practice. */
const ofPractice: ReadonlySet<CommandName> = new Set<CommandName>(['status', 'list', 'batch', 'recover', 'certificates', 'report', 'dashboard', 'export', 'export-key', 'log', 'backup', 'restore', 'hooks', 'integrate', 'slots']);

/** What this command takes, as it was written. */
export function requirementOf(name: CommandName, asked: Asked): Requirement {
  if (asked.values['practice'] === true && asked.values['watch'] !== true && ofPractice.has(name)) return 'anybody';
  const requirement = commandRights[name];
  return typeof requirement === 'function' ? requirement(asked) : requirement;
}
