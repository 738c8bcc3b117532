/** Completions and the man page are made from the application's own tables: whatever a person can be offered exists, and all of it. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { readCommandTable } from '../../scripts/package/command-table.mjs';
import { bashCompletion, fishCompletion, manPage, zshCompletion } from '../../scripts/package/completions.mjs';
import { commandNames } from '../../main/compose/command-rights';
import { options } from '../../main/compose/commands/arguments';

describe('the table of commands', async () => {
  const table = await readCommandTable();

  it('has every command, with its line in the help', () => {
    expect(table.commands.map(({ name }) => name)).toEqual(commandNames);
    for (const { name, synopsis } of table.commands) expect(synopsis.join(' '), name).toContain(`imprint ${name}`);
  });

  it('names no option that is not there, and leaves none out', () => {
    const short = Object.entries(options).flatMap(([name, option]) => ('short' in option ? [[`-${option.short}`, name] as const] : []));
    const known = new Set([...Object.keys(options).map((name) => `--${name}`), ...short.map(([letter]) => letter)]);
    const offered = new Set([...table.common, ...table.commands.flatMap((command) => command.options)]);
    expect([...offered].filter((name) => !known.has(name))).toEqual([]);
    const byLetter = new Set(short.filter(([letter]) => offered.has(letter)).map(([, name]) => `--${name}`));
    expect(Object.keys(options).map((name) => `--${name}`).filter((name) => !offered.has(name) && !byLetter.has(name))).toEqual([]);
  });

  it('knows the words behind a command', () => {
    expect(table.commands.find(({ name }) => name === 'log')?.words).toEqual(expect.arrayContaining(['status', 'key', 'renew-key', 'anchor', 'cosign']));
    expect(table.commands.find(({ name }) => name === 'batch')?.words).toEqual(['list', 'show', 'create', 'import', 'pause', 'resume', 'close']);
    expect(table.commands.find(({ name }) => name === 'provision')?.words).toEqual([]);
  });

  it('becomes a completion that bash offers', () => {
    const offer = (...words: string[]): string[] => {
      const typed = words.map((word) => `'${word}'`).join(' ');
      const script = `${bashCompletion(table)}\ncompopt() { :; }\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _imprint; echo "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split(' ');
    };
    expect(offer('imprint', 'pro')).toEqual(['provision']);
    expect(offer('imprint', 'provision', '--id')).toEqual(['--identity']);
    expect(offer('imprint', '--data', '/x', 'log', 're')).toEqual(['renew-key', 'receipt']);
    expect(offer('imprint', 'list', '--role', 'a')).toEqual(['auditor', 'admin']);
  });

  it('has every command in the other shells and the man page', () => {
    for (const text of [zshCompletion(table), fishCompletion(table), manPage(table, '1.0.0').replaceAll('\\-', '-')]) for (const name of commandNames) expect(text).toContain(name);
  });
});
