/** Every language says everything that English says, and no component says anything by itself. */
import { join, resolve } from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { languageOf } from '../../main/domain/languages';
import { errorCodes } from '../../main/domain/errors';
import { languageIn } from '../../renderer/language';
import { english } from '../../renderer/texts';
import { german } from '../../renderer/texts/de';
import { chinese } from '../../renderer/texts/zh-hans';
import { windowWords } from '../../scripts/lint/window-words.mjs';

type Say = (...parameters: readonly unknown[]) => string;
type Leaf = string | Say;

/** `device.jobs` → what is said there. */
function leavesOf(value: unknown, path = ''): readonly (readonly [string, Leaf])[] {
  if (typeof value === 'string' || typeof value === 'function') return [[path, value as Leaf]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => leavesOf(each, path === '' ? name : `${path}.${name}`));
}

/** What no other language has as English has it: main's sentences are English there, and so are its keyboards. */
const ofOneLanguage = /^(ofMain|keys)\./;

const said = new Map(leavesOf(english));

/** Numbers in every place: a text puts them in as they are, and a count by the way of its language, which is taken out again. */
const samples: readonly (readonly (number | undefined)[])[] = [
  [7301, 7302, 7303, 7304],
  [7301, undefined, 7303, 7304],
  [1, 7302, 7303, 7304],
];
/** Undefined where English cannot do without a parameter. */
function outcome(say: Say, sample: readonly unknown[]): string | undefined {
  try {
    return bare(say(...sample));
  } catch {
    return undefined;
  }
}
const bare = (text: string): string => text.replace(/(?<=\d)[.,\u00a0\u202f](?=\d)/g, '');

/** Names, signs and terms that are the same word in both. */
const sameInBoth = new Set([
  'application',
  'orders.mes',
  'slot.noIdentity',
  'languages.names.en',
  'languages.names.de',
  'languages.names.zh-Hans',
  'devices.filterPlaceholder',
  'device.keyTypes.ec-p256',
  'device.keyTypes.ec-p384',
  'device.keyTypes.ed25519',
]);
const sameInGerman = new Set([
  'actions.inSlot',
  'certificates.inTime',
  'access.pin',
  'access.person.name',
  'report.tables.name',
  'conflict.status',
  'acceptance.filter',
  'certificates.filter',
  'scan.problem',
  'notices.problem',
  'audit.export.title',
  'hints.reportPdf',
  'report.pdf',
  'audit.life.members.server',
  'units.milliseconds',
  'units.seconds',
  'units.minutes',
  'units.hours',
  'units.perSecond',
  'units.megabytesPerSecond',
  'labels.dialog.size',
  'hints.exportRecord',
]);

describe.each([
  ['de', german, new Set([...sameInBoth, ...sameInGerman])],
  ['zh-Hans', chinese, sameInBoth],
] as const)('the language %s', (_tag, texts, same) => {
  const leaves = new Map(leavesOf(texts));
  const own = [...leaves].filter(([path]) => !ofOneLanguage.test(path));

  it('says all that English says, and nothing else', () => {
    expect(own.map(([path]) => path).sort()).toEqual([...said.keys()].sort());
  });

  it('says it in its own words', () => {
    const sampled = (leaf: Leaf | undefined): string => (typeof leaf === 'function' ? leaf(7301, 7302, 7303, 7304) : (leaf ?? ''));
    expect(own.filter(([path, leaf]) => !same.has(path) && sampled(leaf) === sampled(said.get(path))).map(([path]) => path)).toEqual([]);
    // And the list has nothing that is not so any more.
    expect([...same].filter((path) => sampled(leaves.get(path)) !== sampled(said.get(path)))).toEqual([]);
    expect(own.filter(([, leaf]) => sampled(leaf).trim() === '').map(([path]) => path)).toEqual([]);
  });

  it('leaves out nothing that English puts in', () => {
    for (const [path, leaf] of own) {
      const first = said.get(path);
      expect([path, typeof leaf]).toEqual([path, typeof first]);
      if (typeof leaf !== 'function' || typeof first !== 'function') continue;
      for (const sample of samples) {
        const there = outcome(first, sample);
        // It is never left out there.
        if (there === undefined || there.includes('undefined')) continue;
        const here = bare(leaf(...sample));
        for (const value of sample) if (value !== undefined && value !== 1 && there.includes(String(value))) expect([path, here]).toEqual([path, expect.stringContaining(String(value))]);
        expect([path, here.includes('undefined')]).toEqual([path, false]);
      }
    }
  });

  it('has a word for every code that main refuses with', () => {
    expect(Object.keys(texts.ofMain?.errorCodes ?? {}).sort()).toEqual([...errorCodes].sort());
    const words = Object.values(texts.ofMain?.errorCodes ?? {});
    // Read at two metres, before main's sentence.
    expect(words.filter((text) => text.length > 56)).toEqual([]);
  });
});

describe('the language of a window', () => {
  it.each([
    ['', 'en'],
    ['?language=de', 'de'],
    ['?language=zh-Hans', 'zh-Hans'],
    ['?language=tlh', 'en'],
    ['?language=__proto__', 'en'],
  ])('of the address %s is %s', (search, language) => {
    expect(languageIn(search)).toBe(language);
  });

  it.each([
    [['de-AT', 'en'], 'de'],
    [['de_DE.UTF-8'], 'de'],
    [['zh-CN'], 'zh-Hans'],
    [['zh-Hans-SG'], 'zh-Hans'],
    [['zh-TW', 'zh-CN'], 'en'],
    [['fr-FR', 'de-DE'], 'en'],
    [['en-US'], 'en'],
    [['C'], 'en'],
    [[], 'en'],
  ])('of a station that chose none, on a system of %j, is %s', (wanted, language) => {
    expect(languageOf(wanted)).toBe(language);
  });
});

describe('a component', () => {
  const cwd = resolve(import.meta.dirname, '../..');
  const lint = new ESLint({
    cwd,
    overrideConfigFile: true,
    overrideConfig: [{ files: ['**/*.tsx'], languageOptions: { parser: tseslint.parser, parserOptions: { ecmaFeatures: { jsx: true } } }, rules: { 'no-restricted-syntax': ['error', ...windowWords] } }] as never,
  });
  const found = async (code: string): Promise<readonly string[]> => (await lint.lintText(code, { filePath: join(cwd, 'renderer/sample.tsx') })).flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId ?? 'unreadable'));

  it.each([
    'const a = <p>Hello</p>;',
    'const a = <>Hello</>;',
    "const a = <p>{'Hello'}</p>;",
    "const a = <p>{ok ? 'Yes please' : null}</p>;",
    'const a = <p>{`Hello ${x}`}</p>;',
    'const a = <input title="Hello" />;',
    "const a = <input placeholder={x ? 'Scan it' : undefined} />;",
    'const a = <input aria-label={`Hello ${x}`} />;',
    "const a = <p>{count.toLocaleString('en')}</p>;",
    'const a = <p>{error.sentence}</p>;',
    "const a = () => notify({ sentence: reply.error.sentence, tone: 'problem' });",
  ])('may not say %s', async (code) => {
    expect(await found(code)).toEqual(['no-restricted-syntax']);
  });

  it.each([
    'const a = <p className="lock" data-testid="lock">{texts.lock} × {n} %</p>;',
    'const a = <kbd>Enter</kbd>;',
    "const a = <button title={`${texts.open} (${keyNames('Ctrl+O')})`} aria-keyshortcuts=\"Control+O\">{state === 'running' ? texts.a : texts.b}</button>;",
    'const a = <ErrorText error={error} />;',
  ])('may say %s', async (code) => {
    expect(await found(code)).toEqual([]);
  });
});
