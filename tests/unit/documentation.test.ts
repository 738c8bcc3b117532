/** Every command in README and docs is one, every profile is one, and every link leads somewhere. Those of the walk-throughs are run in tests/cli/documented-commands. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandNames, requirementOf, type CommandName } from '../../main/compose/command-rights';
import { readArguments } from '../../main/compose/commands/arguments';
import { readScanPattern } from '../../main/compose/scan-patterns';
import { helpText } from '../../main/compose/help';
import { servers } from '../../main/compose/servers';
import { readProfile } from '../../main/contract/profile-file';
import { openAuthority } from '../../main/servers/practice/practice-certificates';
import { systemClock, systemRandomness } from '../contract/mender-fixture';
import { anchors, blocks, documentedCommands, imprintWords, page, pages, projectRoot, shellWords } from '../support/documentation';

const all = pages();
const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** What npm does without a script. */
const npmItself = ['sbom', 'install', 'ci', 'view', 'audit'];

/** @returns why a command is none */
function mistake(words: readonly string[]): string | undefined {
  const own = imprintWords(words);
  if (own === undefined) {
    const [, verb = '', name = ''] = words.filter((word) => word !== '-s');
    if (verb === 'run') return name in scripts || name === 'imprint' ? undefined : `there is no script "${name}"`;
    return verb in scripts || npmItself.includes(verb) ? undefined : `npm has no "${verb}"`;
  }
  try {
    // `…` stands for whatever a reader puts there.
    const { positionals, values } = readArguments(own);
    const [name] = positionals;
    if (name === undefined || name === '…' || name === 'COMMAND') return undefined;
    if (!(commandNames as readonly string[]).includes(name)) return `there is no command "${name}"`;
    requirementOf(name as CommandName, { values, positionals: positionals.slice(1) });
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

describe('the documentation', () => {
  const commands = all.flatMap(documentedCommands);

  it('has commands in every page that tells somebody what to do', () => {
    const withCommands = new Set(commands.map(({ page: path }) => path));
    for (const path of ['README.md', 'docs/cookbook.md', 'docs/updates.md', 'docs/runbooks/technician.md', 'docs/runbooks/qa.md', 'docs/runbooks/auditor.md', 'docs/runbooks/administrator.md', 'docs/command-line.md']) expect(withCommands).toContain(path);
    expect(commands.length).toBeGreaterThan(150);
  });

  it('names only commands, options and scripts that there are', () => {
    const wrong = commands.flatMap(({ page: path, line, words }) => {
      const why = mistake(words);
      return why === undefined ? [] : [`${path}: ${line}: ${why}`];
    });
    expect(wrong).toEqual([]);
  });

  it('would notice one that is not there', () => {
    expect(mistake(shellWords('imprint provison --profile P.json'))).toMatch(/no command "provison"/);
    expect(mistake(shellWords('npm run -s imprint -- list --profil P.json'))).toMatch(/Unknown option '--profil'/);
    expect(mistake(shellWords('npm run packge'))).toMatch(/no script "packge"/);
    expect(mistake(shellWords('npm run -s imprint -- batch create --batch "WO 1" --open > file'))).toBeUndefined();
  });

  it('has every command in the help and in the reference', () => {
    const { text } = page('docs/command-line.md');
    for (const name of commandNames) {
      expect([name, new RegExp(`^ {2}imprint ${name}\\b`, 'm').test(helpText)]).toEqual([name, true]);
      expect([name, new RegExp(`^### ${name}$`, 'm').test(text)]).toEqual([name, true]);
    }
  });

  it('has usage lines that the parser takes', () => {
    const usages = [...page('docs/command-line.md').text.matchAll(/^### ([\w-]+).*\n((?:`[^`]+`[^\n]*)+)/gm)].flatMap(([, , line = '']) => [...line.matchAll(/`([^`]+)`/g)].map(([, usage = '']) => usage));
    const parsed = usages.filter((usage) => commandNames.some((name) => usage.startsWith(`${name} `)));
    expect(parsed.length).toBeGreaterThan(30);
    const plain = (usage: string): string => usage.replace(/ \| .*$/, '').replace(/[[\]]/g, ' ').replace(/(\S+)\|\S+/g, '$1');
    expect(parsed.flatMap((usage) => { const why = mistake(['imprint', ...shellWords(plain(usage))]); return why === undefined ? [] : [`${usage}: ${why}`]; })).toEqual([]);
  });

  it('leads nowhere that is not there', () => {
    const broken = all.flatMap((one) =>
      [...one.text.replace(/^[ ]*```[\s\S]*?^[ ]*```/gm, '').matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
        if (/^[a-z]+:/.test(link)) return [];
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? resolve(projectRoot, one.path) : resolve(projectRoot, dirname(one.path), path);
        if (!existsSync(target)) return [`${one.path}: ${link}`];
        return anchor === undefined || !target.endsWith('.md') || anchors({ path: '', text: readFileSync(target, 'utf8') }).has(anchor) ? [] : [`${one.path}: ${link}`];
      }),
    );
    expect(broken).toEqual([]);
  });
});

describe('the profiles in the documentation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'imprint-docs-'));
  let certificate: string;
  beforeAll(async () => {
    ({ pem: certificate } = await openAuthority(folder, systemClock, systemRandomness));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const documented = all.flatMap((one) => blocks(one).flatMap(({ language, text }) => (language === 'json' && /^\{\s*"name"/.test(text) ? [[one.path, text] as const] : [])));

  it('are those of the README, the reference and the cookbook', () => {
    const count = (path: string): number => documented.filter(([where]) => where === path).length;
    expect([count('README.md'), count('docs/cookbook.md')]).toEqual([1, 4]);
    expect(documented.length).toBeGreaterThanOrEqual(8);
  });

  it.each(documented)('%s: is loaded by the profile\'s schema', (_, text) => {
    const profile = readProfile(text, { serverKinds: servers, readPattern: readScanPattern, resolvePath: (path) => join('/home/kim/line', path), readText: () => certificate });
    expect(profile.image.sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});
